"""Columns of numbers as Parquet's column chunks, without dictionaries: the bytes that pyarrow's writer makes of them.

Of floats without nulls they are made here, in half its time: PLAIN pages, which are the floats as they lie in memory.
What it says of them, and in its footer, is as in a file of one that it has written.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from fastloss.exact.picked import DTYPES, stored
from fastloss.files.arrow import columns
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import Chunk
from fastloss.files.parquet.thrift import Form, Struct, number

PAGE_ROWS = 20_000
PAGE_BECOMES, PAGE_BOUNDS, PAGE_OF_FLOATS = 2, 5, 5  # of the header of a page of the first version
PAGES, PAGES_COUNT = 13, 3  # of the metadata of a chunk: how many pages have which encoding
BOUND = {32: struct.Struct("<bf"), 64: struct.Struct("<bd")}  # of floats of so many bits, behind its length
BOUNDS, NULLS = (1, 2, 5, 6), 3  # of statistics: most and least, twice
GROUP = {fields.GROUP_CHUNKS: [{fields.CHUNK_METADATA: {fields.CHUNK_STATISTICS: {}, PAGES: [{}], fields.SIZES: {}}}]}
FOOTER = {fields.FILE_SCHEMA: [{}], fields.FILE_ORDERS: [{}]}


class Placed:
    """A binary file that is written from its beginning, and the place `at` which it is."""

    def __init__(self, file):
        self._file, self.at = file, 0

    def write(self, data) -> None:
        self._file.write(data)
        self.at += len(data)


class ChunkWriter:
    """Writes row groups of some columns; `compression` has a codec, or "none", for each."""

    def __init__(self, file: Placed, schema: pa.Schema, compression: Mapping[str, str]):
        self._file, self._schema, self._compression = file, schema, compression

    def write(self, table: pa.Table) -> list[Chunk]:
        """Write the columns, one behind the other."""
        return [
            chunk
            for field, column in zip(self._schema, table.columns, strict=True)
            for chunk in self._column(field, column, self._compression[field.name])
        ]

    def _column(self, field: pa.Field, column: pa.ChunkedArray, codec: str) -> list[Chunk]:
        if is_float(field.type) and not column.null_count:
            pages = (stored(_joined(column.slice(at, PAGE_ROWS))) for at in range(0, len(column), PAGE_ROWS))
            return [of_floats(self._file, field, pages, codec)]
        return _by_pyarrow(self._file, field, column, codec)


class FloatsWriter:
    """A Parquet file of floats alone, as pyarrow's ParquetWriter."""

    def __init__(self, file, schema: pa.Schema, compression: Mapping[str, str]):
        self._file, self._rows, self._groups = Placed(file), 0, []
        self._footer = empty_footer(schema, is_told=True)
        self._chunks = ChunkWriter(self._file, schema, compression)
        self._file.write(fields.MAGIC)

    def write_table(self, table: pa.Table, row_group_size: int) -> None:
        """Write a row group, which is all of the table."""
        chunks = self._chunks.write(table)
        self._groups.append(described({fields.GROUP_ROWS: (thrift.I64, len(table))}, chunks))
        self._rows += len(table)

    def close(self) -> None:
        of_file = {fields.FILE_ROWS: (thrift.I64, self._rows), fields.FILE_GROUPS: (thrift.LIST, self._groups)}
        end(self._file, thrift.write(self._footer | of_file))


def is_float(type: pa.DataType) -> bool:
    """Whether it is one that is a type of Parquet too."""
    return pa.types.is_float32(type) or pa.types.is_float64(type)


def described(group: Struct, chunks: list[Chunk]) -> Struct:
    """What the footer says of a row group, of which it is told what is not of its chunks."""
    return group | {
        fields.GROUP_CHUNKS: (thrift.LIST, [chunk.short() for chunk in chunks]),
        fields.GROUP_BECOMES: (thrift.I64, sum([chunk.becomes for chunk in chunks])),
        fields.GROUP_TAKES: (thrift.I64, sum([chunk.stop - chunk.start for chunk in chunks])),
        fields.GROUP_START: (thrift.I64, chunks[0].start),
    }


def end(file: Placed, footer: bytes) -> None:
    """Write the end of a file."""
    file.write(footer + len(footer).to_bytes(4, "little") + fields.MAGIC)


def empty_footer(schema: pa.Schema, is_told: bool = False) -> Struct:
    """The footer of a file without rows, which tells the schema of Arrow or not."""
    return _empty_footer(schema.serialize().to_pybytes(), is_told)


@lru_cache(maxsize=64)
def _empty_footer(schema: bytes, is_told: bool) -> Struct:
    file = io.BytesIO()
    pa.parquet.ParquetWriter(file, pa.ipc.read_schema(pa.py_buffer(schema)), store_schema=is_told).close()
    return thrift.read(_footer_of(file.getvalue()), FOOTER)[0]


def _footer_of(file: bytes) -> bytes:
    length = int.from_bytes(file[-fields.TAIL_BYTES :][:4], "little")
    return file[-fields.TAIL_BYTES - length : -fields.TAIL_BYTES]


class _Streamed:
    """The file that pyarrow writes: its row group goes where the output is, what is around that does not."""

    def __init__(self, file: Placed):
        self._file, self._size, self._rest, self.closed = file, 0, None, False

    def write(self, data) -> int:
        if self._rest is not None:
            self._rest.write(data)
        elif self._size:  # behind what every file begins with
            self._file.write(data)
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: what is written goes on at once."""

    def keep(self) -> None:
        """What comes is the footer."""
        self._rest = io.BytesIO()

    def close(self) -> None:
        self.closed = True

    def footer(self) -> bytes:
        return _footer_of(self._rest.getvalue())


def _by_pyarrow(file: Placed, field: pa.Field, column: pa.ChunkedArray, codec: str) -> list[Chunk]:
    """Have pyarrow write a column."""
    streamed, off = _Streamed(file), file.at - len(fields.MAGIC)
    writer = _pyarrow_writer(streamed, field, codec)
    try:
        writer.write_table(pa.table([column], pa.schema([field])), row_group_size=len(column))
        streamed.keep()
        writer.close()
    finally:
        writer.is_open = False  # or pyarrow closes it when it is collected
    (group,) = thrift.read(streamed.footer(), {fields.FILE_GROUPS: [GROUP]})[0][fields.FILE_GROUPS][1]
    chunks = []
    for chunk in group[fields.GROUP_CHUNKS][1]:
        metadata = chunk[fields.CHUNK_METADATA][1]
        start = fields.chunk_start(metadata)
        stop, becomes = start + number(metadata, fields.TAKES), number(metadata, fields.BECOMES)
        chunks.append(Chunk(start, stop, becomes, chunk))
        chunks[-1].move(start + off)
    return chunks


def _pyarrow_writer(file, field: pa.Field, codec: str) -> pa.parquet.ParquetWriter:
    return pa.parquet.ParquetWriter(
        file, pa.schema([field]), use_dictionary=False, compression=codec, store_schema=False
    )


def of_floats(file: Placed, field: pa.Field, pages: Iterable[np.ndarray], codec: str) -> Chunk:
    """Write floats, of which none is null, page by page."""
    start, rows, becomes, bounds, kind = file.at, 0, 0, [], BOUND[field.type.bit_width]
    for values in pages:
        bounds.append((float(np.fmin.reduce(values)), float(np.fmax.reduce(values))))
        levels = thrift.varint(2 * len(values)) + b"\1"  # a run of ones: none is null
        body = [len(levels).to_bytes(4, "little") + levels, memoryview(values).cast("B")]
        size = sum(map(len, body))
        if codec != "none":
            body = [b"", pa.Codec(codec).compress(b"".join(body), asbytes=True)]
        told = {"rows": len(values), "becomes": size, "takes": sum(map(len, body))} | _bounded(kind, bounds[-1:])
        page, _ = _forms(field, codec, "least" in told)
        head = page.write(told)
        file.write(head + body[0])
        file.write(body[1])
        rows += len(values)
        becomes += len(head) + size
    told = {"rows": rows, "becomes": becomes, "takes": file.at - start, "start": start, "pages": len(bounds)}
    told["histogram"] = b"\x26\0" + thrift.varint(2 * rows)  # of levels, of which all are 1
    told |= _bounded(kind, bounds)
    _, chunk = _forms(field, codec, "least" in told)
    return Chunk(start, file.at, becomes, chunk.write(told))


def _bounded(kind: struct.Struct, bounds: list[tuple[float, float]]) -> dict[str, bytes]:
    """What statistics tell of least and largest values of pages: of NaN alone nothing."""
    known = [pair for pair in bounds if pair[0] == pair[0]]
    if not known:
        return {}
    least, most = min(least for least, _ in known), max(most for _, most in known)
    return {"least": kind.pack(kind.size - 1, least or -0.0), "most": kind.pack(kind.size - 1, most or 0.0)}


@lru_cache(maxsize=64)
def _forms(field: pa.Field, codec: str, is_bounded: bool) -> tuple[Form, Form]:
    """The header of a page and the description of a chunk as pyarrow's writer makes them of a single float, but for
    what floats tell."""
    one = columns.to_arrow(np.ones(1, DTYPES[field.type.id]), None)
    file = io.BytesIO()
    with _pyarrow_writer(file, field, codec) as writer:
        writer.write_table(pa.table([one], pa.schema([field])))
    data = file.getvalue()
    page, _ = thrift.read(data, {PAGE_OF_FLOATS: {PAGE_BOUNDS: {}}}, len(fields.MAGIC))
    (group,) = thrift.read(_footer_of(data), {fields.FILE_GROUPS: [GROUP]})[0][fields.FILE_GROUPS][1]
    chunk = group[fields.GROUP_CHUNKS][1][0]
    of_floats, metadata = page[PAGE_OF_FLOATS][1], chunk[fields.CHUNK_METADATA][1]
    _name(page, {PAGE_BECOMES: "becomes", fields.PAGE_TAKES: "takes"})
    _name(of_floats, {fields.PAGE_VALUES: "rows"})
    _name(
        metadata,
        {
            fields.VALUES: "rows",
            fields.BECOMES: "becomes",
            fields.TAKES: "takes",
            fields.PAGES_START: "start",
        },
    )
    _name(metadata[PAGES][1][0], {PAGES_COUNT: "pages"})
    if fields.SIZES in metadata:
        _name(metadata[fields.SIZES][1], {fields.SIZES_HISTOGRAMS[1]: "histogram"})
    for told, statistics in ((of_floats, PAGE_BOUNDS), (metadata, fields.CHUNK_STATISTICS)):
        kind, found = told[statistics]
        if is_bounded:
            _name(found, dict(zip(BOUNDS, ("most", "least", "most", "least"), strict=True)))
        else:
            told[statistics] = kind, {NULLS: found[NULLS]}
    return Form(page), Form(chunk)


def _name(told: Struct, names: dict[int, str]) -> None:
    """Have the values of some fields told later."""
    for field, name in names.items():
        kind, _ = told[field]
        told[field] = kind, name


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
