"""Parquet outputs that take the columns of their inputs as they are: column chunks are copied, byte for byte.

A column chunk means the same wherever it stands, if the places that the footer tells are moved. Row groups are those of
the inputs; pyarrow writes the emitted columns, and the footer names both.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet

from fastloss.files.arrow.dictionaries import is_narrow
from fastloss.files.errors import SourceError
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import ARROW_SCHEMA, Carried, Chunk
from fastloss.files.parquet.thrift import Struct, number
from fastloss.files.writers.sinks import CODEC, Sink, leaves_of, shrinks

LARGEST_NUMBER = (1 << 15) - 1  # of a row group
MOST_KNOWN = 64
_known: dict[tuple, tuple[tuple[bytes, bytes], ...]] = {}  # by what inputs say of their columns, and output schemas


class SplicedSink(Sink):
    """Takes batches of emitted columns, for the rows of what it was told to `follow`."""

    def __init__(self, file, schema: pa.Schema, emitted: pa.Schema, first: Carried):
        self._file, self._at = file, 0
        self._schema, self._emitted, self._first = schema, emitted, first
        self._carried, self._pending = first, []
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._groups: list[_Group] = []
        self._indexed: list[tuple[Struct, bytes, bytes]] = []  # chunks, their indexes of bounds and of offsets
        self._encoded, self._writer = _Encoded(self._put), None

    def follow(self, carried: Carried) -> None:
        """The rows to come are those of this file."""
        self._check_followed()
        if not carried.is_like(self._first):
            raise SourceError(f"{carried.footer.name}: its columns have become others while it was read")
        self._carried, self._pending = carried, list(reversed(carried.groups))

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += len(batch)
        while self._pending and self._rows >= self._carried.rows(self._pending[-1]):
            self._write_group(self._pending.pop())

    def close(self) -> None:
        self._check_followed()
        if self._writer is None:
            self._begin(self._emitted.empty_table())
        self._encoded.keep()
        self._writer.close()
        self._write_indexes()
        footer = self._footer(self._encoded.footer())
        self._put(footer)
        self._put(len(footer).to_bytes(4, "little") + fields.MAGIC)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.is_open = False  # or pyarrow closes it when it is collected

    def _check_followed(self) -> None:
        if self._pending or self._rows:
            raise self._carried.footer.corrupt("its footer tells another number of rows than its columns have")

    def _begin(self, first: pa.Table) -> None:
        leaves = leaves_of(self._emitted)
        compression = {leaf: CODEC if shrinks(first.column(name)) else "none" for name, leaf in leaves}
        self._writer = pa.parquet.ParquetWriter(
            self._encoded, self._emitted, use_dictionary=False, compression=compression, store_schema=False
        )

    def _write_group(self, number: int) -> None:
        rows = self._carried.rows(number)
        table = pa.Table.from_batches(self._waiting, self._emitted)
        self._waiting, self._rows = table.slice(rows).to_batches(), self._rows - rows
        table = table.slice(0, rows)
        group, chunks = self._carried.group(number)
        if self._writer is None:
            self._begin(table)
        for start, stop, together in _runs(chunks):
            to = self._copy(start, stop)
            for chunk in together:
                chunk.move(to + chunk.start - start)
        for chunk in chunks:
            if chunk.bloom:
                start, stop = chunk.bloom
                places = (thrift.I64, self._copy(start, stop)), (thrift.I32, stop - start)
                chunk.metadata.update(zip(fields.BLOOM, places, strict=True))
        self._indexed += [(c.struct, c.bounds, thrift.write(c.offsets)) for c in chunks if c.offsets]
        self._groups.append(_Group.of(group, chunks, self._at - self._encoded.at))
        self._writer.write_table(table, row_group_size=rows)

    def _copy(self, start: int, stop: int) -> int:
        """Copy a place of the input; the place that it has here."""
        at = self._at
        self._carried.copy(start, stop, self._put)
        return at

    def _put(self, data) -> None:
        self._file.write(data)
        self._at += len(data)

    def _write_indexes(self) -> None:
        """Those of bounds and those of offsets, which readers fetch all at once."""
        for field, which in ((fields.BOUNDS, 1), (fields.OFFSETS, 2)):
            for indexed in self._indexed:
                struct, index = indexed[0], indexed[which]
                places = (thrift.I64, self._at), (thrift.I32, len(index))
                struct.update(zip(field, places, strict=True))
                self._put(index)

    def _footer(self, emitted: Struct) -> bytes:
        """That of the first input, but for the columns and the row groups."""
        first, file = self._first, dict(self._first.footer.file)
        root = first.root | {fields.ELEMENT_CHILDREN: (thrift.I32, first.columns + len(self._emitted))}
        groups = zip(self._groups, emitted.get(fields.FILE_GROUPS, (thrift.LIST, []))[1], strict=True)
        lists = {
            fields.FILE_SCHEMA: [root, *first.elements, *emitted[fields.FILE_SCHEMA][1][1:]],
            fields.FILE_GROUPS: [group.described(i, others) for i, (group, others) in enumerate(groups)],
            fields.FILE_TEXTS: [
                {fields.TEXT_KEY: thrift.binary(key), fields.TEXT_VALUE: thrift.binary(text)}
                for key, text in self._texts()
            ],
            fields.FILE_ORDERS: first.orders and first.orders + emitted[fields.FILE_ORDERS][1],
        }
        for field, elements in lists.items():
            file.pop(field, None)
            if elements or field == fields.FILE_GROUPS:  # which may not be missing
                file[field] = thrift.LIST, elements
        rows = sum(number(group, fields.GROUP_ROWS) for group in lists[fields.FILE_GROUPS])
        return thrift.write(file | {fields.FILE_ROWS: (thrift.I64, rows)})

    def _texts(self) -> Sequence[tuple[bytes, bytes]]:
        """What the output says of itself: the files of a job mostly have the same."""
        key = self._first.described, self._schema.serialize().to_pybytes()
        found = _known.get(key)
        if found is None:
            if len(_known) >= MOST_KNOWN:
                _known.clear()
            found = _known[key] = tuple(self._new_texts().items())
        return found

    def _new_texts(self) -> dict[bytes, bytes]:
        """In Arrow's types if the input does, or it has to for the emitted columns."""
        texts = dict(self._schema.metadata or {})
        carried = self._first.arrow_fields()
        if carried is not None:
            carried = [_widened(field, self._schema.field(i).type) for i, field in enumerate(carried)]
        if carried is None and any(pa.types.is_nested(field.type) for field in self._emitted):
            carried = list(self._schema)[: -len(self._emitted)]
        if carried is not None:
            schema = pa.schema([*carried, *self._emitted], self._schema.metadata)
            texts[ARROW_SCHEMA] = base64.b64encode(schema.serialize())
        return texts


@dataclass
class _Group:
    """A row group that is written: what the input said of it and of its chunks, where these begin, how far off pyarrow
    takes its own, and how large the chunks become and are.
    """

    struct: Struct
    chunks: list[Struct]
    start: int
    off: int
    becomes: int
    takes: int

    @classmethod
    def of(cls, struct: Struct, chunks: list[Chunk], off: int) -> _Group:
        sizes = [sum(number(chunk.metadata, field) for chunk in chunks) for field in (fields.BECOMES, fields.TAKES)]
        for chunk in chunks:  # as bytes they need less room
            chunk.struct[fields.CHUNK_METADATA] = thrift.STRUCT, thrift.write(chunk.metadata)
        return cls(struct, [chunk.struct for chunk in chunks], chunks[0].start, off, *sizes)

    def described(self, ordinal: int, emitted: Struct) -> Struct:
        """What the footer says of it."""
        for struct in emitted[fields.GROUP_CHUNKS][1]:
            metadata = struct[fields.CHUNK_METADATA][1]
            start = fields.chunk_start(metadata)
            Chunk(start, start + number(metadata, fields.TAKES), struct).move(start + self.off)
        described = self.struct | {
            fields.GROUP_CHUNKS: (thrift.LIST, self.chunks + emitted[fields.GROUP_CHUNKS][1]),
            fields.GROUP_BECOMES: (thrift.I64, self.becomes + number(emitted, fields.GROUP_BECOMES)),
            fields.GROUP_TAKES: (thrift.I64, self.takes + number(emitted, fields.GROUP_TAKES)),
            fields.GROUP_START: (thrift.I64, self.start),
            fields.GROUP_NUMBER: (thrift.I16, ordinal),
        }
        if ordinal > LARGEST_NUMBER:
            del described[fields.GROUP_NUMBER]
        return described


class _Encoded:
    """The file that pyarrow writes: its row groups go where the output is, its footer does not."""

    def __init__(self, put: Callable[[bytes], None]):
        self._put, self.at, self.closed, self._rest = put, 0, False, None

    def write(self, data) -> int:
        (self._put if self._rest is None else self._rest.write)(data)
        self.at += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: what is written goes on at once."""

    def keep(self) -> None:
        """What comes is the footer."""
        self._rest = io.BytesIO()

    def close(self) -> None:
        self.closed = True

    def footer(self) -> Struct:
        shape = {fields.FILE_SCHEMA: [{}], fields.FILE_GROUPS: [fields.GROUP], fields.FILE_ORDERS: [{}]}
        return thrift.read(self._rest.getvalue(), shape)[0]


def _runs(chunks: Sequence[Chunk]) -> Iterator[tuple[int, int, list[Chunk]]]:
    """Chunks that lie one behind the other: where they begin and end, and which."""
    run: list[Chunk] = []
    for chunk in chunks:
        if run and chunk.start != run[-1].stop:
            yield run[0].start, run[-1].stop, run
            run = []
        run.append(chunk)
    if run:
        yield run[0].start, run[-1].stop, run


def _widened(field: pa.Field, type: pa.DataType) -> pa.Field:
    """Dictionaries with indices as `type` has them, which hold those of all row groups."""
    if not (is_narrow(field.type) and pa.types.is_dictionary(type)):
        return field
    return field.with_type(pa.dictionary(type.index_type, field.type.value_type, field.type.ordered))
