"""Parquet outputs that take the columns of their inputs as they are: column chunks are copied, byte for byte.

A column chunk means the same wherever it stands, if the places that the footer tells are moved. Row groups are those of
the inputs; the chunks of the emitted columns go behind the others, and the footer names both.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

import pyarrow as pa

from fastloss.files.arrow.dictionaries import is_narrow
from fastloss.files.errors import SourceError
from fastloss.files.known import Known
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import ARROW_SCHEMA, Carried, Chunk
from fastloss.files.parquet.thrift import Struct, number
from fastloss.files.writers.chunks import ChunkWriter, Placed, described, empty_footer, end
from fastloss.files.writers.sinks import CODEC, Sink, shrinks

LARGEST_NUMBER = (1 << 15) - 1  # of a row group
OWN = fields.FILE_SCHEMA, fields.FILE_TEXTS, fields.FILE_ORDERS, fields.FILE_GROUPS, fields.FILE_ROWS  # of a footer
Told = tuple[Struct, list[Struct]]  # what a footer says of all of its columns; the orders of those that are emitted
_known: Known[tuple, Told] = Known()  # by what inputs say of their columns, and output schemas


class SplicedSink(Sink):
    """Takes batches of emitted columns, for the rows of what it was told to `follow`."""

    def __init__(self, file, schema: pa.Schema, emitted: pa.Schema, first: Carried):
        self._file = Placed(file)
        self._schema, self._emitted, self._first = schema, emitted, first
        self._carried, self._pending = first, []
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._groups: list[Struct] = []
        self._indexed: list[tuple[Struct, bytes, bytes]] = []  # chunks, their indexes of bounds and of offsets
        self._chunks: ChunkWriter | None = None  # until there are values to look at
        self._file.write(fields.MAGIC)

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
        self._write_indexes()
        rows = sum(number(group, fields.GROUP_ROWS) for group in self._groups)
        end(self._file, thrift.write(self.footer(rows, self._groups)))

    def _check_followed(self) -> None:
        if self._pending or self._rows:
            raise self._carried.footer.corrupt("its footer tells another number of rows than its columns have")

    def _write_group(self, number: int) -> None:
        rows = self._carried.rows(number)
        table = pa.Table.from_batches(self._waiting, self._emitted)
        self._waiting, self._rows = table.slice(rows).to_batches() if rows < self._rows else [], self._rows - rows
        table = table.slice(0, rows)
        group, chunks = self._carried.group(number)
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
        if self._chunks is None:
            compression = {name: CODEC if shrinks(table.column(name)) else "none" for name in self._emitted.names}
            self._chunks = ChunkWriter(self._file, self._emitted, compression)
        group.pop(fields.GROUP_NUMBER, None)
        if len(self._groups) <= LARGEST_NUMBER:
            group[fields.GROUP_NUMBER] = thrift.I16, len(self._groups)
        self._groups.append(described(group, [*chunks, *self._chunks.write(table)]))

    def _copy(self, start: int, stop: int) -> int:
        """Copy a place of the input; the place that it has here."""
        at = self._file.at
        self._carried.copy(start, stop, self._file.write)
        return at

    def _write_indexes(self) -> None:
        """Those of bounds and those of offsets, which readers fetch all at once."""
        for field, which in ((fields.BOUNDS, 1), (fields.OFFSETS, 2)):
            for indexed in self._indexed:
                struct, index = indexed[0], indexed[which]
                places = (thrift.I64, self._file.at), (thrift.I32, len(index))
                struct.update(zip(field, places, strict=True))
                self._file.write(index)

    def footer(self, rows: int | str, groups: list[Struct] | str) -> Struct:
        """That of the first input, but for the columns and the row groups; names of what a `Form` is told later."""
        told, orders = self._told()
        file = {field: value for field, value in self._first.footer.file.items() if field not in OWN} | told
        if carried := self._first.orders:
            file[fields.FILE_ORDERS] = thrift.LIST, carried + orders
        return file | {fields.FILE_GROUPS: (thrift.LIST, groups), fields.FILE_ROWS: (thrift.I64, rows)}

    def _told(self) -> Told:
        """What the output says of its columns."""
        known, chosen = self._first.footer.known, self._first.chosen
        schema, columns, told = known.get("told", (None, None, None))
        if schema is self._schema and columns == chosen:  # as of many files
            return told
        key = self._first.described, self._schema.serialize().to_pybytes()
        told = _known.of(key, self._new_told)
        known["told"] = self._schema, chosen, told
        return told

    def _new_told(self) -> Told:
        first, emitted = self._first, empty_footer(self._emitted)
        root = first.root | {fields.ELEMENT_CHILDREN: (thrift.I32, first.columns + len(self._emitted))}
        schema = [root, *first.elements, *emitted[fields.FILE_SCHEMA][1][1:]]
        texts = [
            {fields.TEXT_KEY: thrift.binary(key), fields.TEXT_VALUE: thrift.binary(text)}
            for key, text in self._texts().items()
        ]
        lists = {fields.FILE_SCHEMA: schema, fields.FILE_TEXTS: texts}
        _, orders = emitted[fields.FILE_ORDERS]
        return {field: _as_bytes(elements) for field, elements in lists.items() if elements}, orders

    def _texts(self) -> dict[bytes, bytes]:
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


def _as_bytes(elements: list[Struct]) -> tuple[int, bytes]:
    """A list as it is in a file: the bytes of a struct of nothing else, but for the first and the last."""
    return thrift.LIST, thrift.write({1: (thrift.LIST, elements)})[1:-1]


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
