"""Tables in memory, and streams of record batches, which pass once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.conditions import Condition
from fastloss.files.errors import ColumnTypeError, ScoringError, one_line
from fastloss.files.formats import MEMORY
from fastloss.files.matching import Source, which_match
from fastloss.files.memory import MemoryTable, Stream
from fastloss.files.reading import cut, few_rows, validated
from fastloss.files.spec import Spec

KEPT_BYTES = 64 << 20  # of batches that come again; what is more goes into a file


@contextmanager
def open_memory(table: MemoryTable, spec: Spec):
    """The source of a table, which reads the columns that a spec needs, and knows the names of the others.

    Raises
    ------
    ScoringError
        If its library cannot bring one of them into Arrow.
    """
    carried = set(spec.carried(table.names))
    needed = tuple(name for name in table.names if name in carried or _is_read(name, spec.read))
    try:
        found = table.read(needed)
    except MemoryError:
        raise
    except Exception as error:  # whatever its library raises
        raise ScoringError(f"{table.path}: cannot be read through Arrow: {one_line(error)}") from error
    schema = _beside_others(found.schema, table.names)
    if isinstance(found, pa.Table):
        yield TableSource(table.path, schema, found)
        return
    with ExitStack() as stack:
        stack.callback(found.close)
        yield StreamSource(table.path, schema, found, stack)


def _is_read(name: str, read: Sequence[str]) -> bool:
    """Whether a column, or a field in it, is among those that are read."""
    return any(one == name or one.startswith(name + ".") for one in read)


def _beside_others(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """The schema, with columns of nothing in the places of those that were not read."""
    if list(names) == schema.names:
        return schema
    fields = [schema.field(name) if name in schema.names else pa.field(name, pa.null()) for name in names]
    return pa.schema(fields, metadata=schema.metadata)


class TableSource(Source):
    """A table in memory."""

    def __init__(self, path: str, schema: pa.Schema, table: pa.Table):
        self._path, self.schema, self._table = path, schema, table
        self.rows = len(table)

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in self._table.select(columns.roots(self.schema, names)).to_batches():
            yield from cut(validated(batch, self._path, MEMORY))

    def taken(self, names: Sequence[str], rows: np.ndarray) -> pa.Table:
        """As `reading.taken`."""
        parts, before = [], 0
        for batch in self._table.select(columns.roots(self.schema, names)).to_batches():
            of_batch = rows[slice(*np.searchsorted(rows, [before, before + len(batch)]))]
            if len(of_batch):
                parts.append(few_rows(batch, of_batch - before, self._path, MEMORY))
            before += len(batch)
        return pa.concat_tables(parts)


class StreamSource(Source):
    """Record batches that pass once. What they raise is raised as it is."""

    def __init__(self, path: str, schema: pa.Schema, stream: Stream, stack: ExitStack):
        self._path, self.schema, self.rows, self._stack = path, schema, None, stack
        self._declared, self._rest, self._passed = stream.schema, iter(stream.batches), 0
        self._kept: list[pa.RecordBatch | int] = []  # or where they begin in the file
        self._bytes, self._file = 0, None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The columns of all batches; afterwards there are none."""
        kept, self._kept = self._kept, []
        while kept:
            yield from self._parts(self._again(kept.pop(0)), names)
        while (batch := self._next()) is not None:
            yield from self._parts(batch, names)

    def look(
        self, names: Sequence[str], where: Sequence[Condition] = ()
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
        return ((batch, which_match(batch, where)) for batch in self._looked_at(names))

    def _looked_at(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for kept in self._kept:
            yield from self._parts(self._again(kept), names)
        while (batch := self._next()) is not None:
            self._keep(batch)
            yield from self._parts(batch, names)

    def _parts(self, batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from cut(validated(batch.select(columns.roots(self.schema, names)), self._path, MEMORY))

    def _next(self) -> pa.RecordBatch | None:
        batch = next(self._rest, None)
        if batch is not None:
            self._check(batch.schema)
        self._passed += 1
        return batch

    def _check(self, schema: pa.Schema) -> None:
        declared = self._declared
        if schema.equals(declared):
            return
        if schema.names != declared.names:
            raise ScoringError(
                f"{self._path}: batch {self._passed} has the columns {', '.join(schema.names)}, "
                f"those before it {', '.join(declared.names)}: let all have the same"
            )
        for name, type, before in zip(schema.names, schema.types, declared.types, strict=True):
            if type != before:
                raise ColumnTypeError(
                    f"{self._path}: column {name!r} holds {type} in batch {self._passed}, before it {before}: "
                    "cast it to one type"
                )

    def _keep(self, batch: pa.RecordBatch) -> None:
        if self._bytes < KEPT_BYTES:
            self._kept.append(batch)
            self._bytes += batch.nbytes
            return
        if self._file is None:
            self._file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (it is on the stack)
        self._kept.append(self._file.seek(0, 2))
        with pa.ipc.new_stream(self._file, batch.schema) as writer:
            writer.write_batch(batch)

    def _again(self, kept: pa.RecordBatch | int) -> pa.RecordBatch:
        if isinstance(kept, pa.RecordBatch):
            return kept
        self._file.seek(kept)
        return pa.ipc.open_stream(self._file).read_next_batch()
