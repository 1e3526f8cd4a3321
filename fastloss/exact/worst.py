"""The rows of the largest losses of a summary: at most so many, the largest first. pyarrow is imported when there are
some."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import TYPE_CHECKING

import numpy as np

from fastloss.exact.state import integer, mapping, sequence, text

if TYPE_CHECKING:
    import pyarrow as pa

ADDED = ("file", "row", "value")  # the first columns, before those of the input


@dataclass(frozen=True, eq=False)
class Worst:
    """The rows of the `count` largest losses; `a | b` has those of both together.

    Equal losses come in the order of the input: by the numbers of the tables, and in one by file and row; those of
    files of one name in an order that what they hold gives.

    Attributes
    ----------
    tables : tuple of pyarrow.Table
        The rows: file, row, value, and columns of the input, which may be others in another table.
    numbers : tuple of int
        Of each table, where its rows are in the input of a job that has not ended; 0 of a job that has.
    """

    count: int
    tables: tuple[pa.Table, ...] = ()
    numbers: tuple[int, ...] = ()

    @cached_property
    def table(self) -> pa.Table:
        """All rows in one table, with the columns of all; those of CSV are of types that hold these rows."""
        from fastloss.exact.rows import typed

        return typed(self._whole)

    @property
    def _whole(self) -> pa.Table:
        from fastloss.exact.rows import chosen, together

        if len(self.tables) == 1:
            return self.tables[0]
        return chosen(together(self.tables), self._order[: self.count])

    def closed(self) -> Worst:
        """The same rows in one table, of a job that has ended; its types are those that `from_dict` gives."""
        return all_closed([self])[0]

    def changed(self, change: Callable[[pa.Table, int], pa.Table]) -> Worst:
        """With other tables, by a function of each and of its number."""
        return Worst(self.count, tuple(map(change, self.tables, self.numbers)), self.numbers)

    def numbered(self, number: int) -> Worst:
        """The same rows, of the part of the input that has this number."""
        return Worst(self.count, self.tables, (number,) * len(self.tables))

    @property
    def values(self) -> np.ndarray:
        """The losses, table by table."""
        from fastloss.exact.picked import stored_column

        return np.concatenate([stored_column(table, 2) for table in self.tables] or [np.empty(0)])

    def fields(self) -> list[dict]:
        """The rows as JSON has them."""
        from fastloss.exact.rows import plain, whole

        table = self.table
        columns = [plain(whole(column)) for column in table.columns]
        return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]

    def to_dict(self) -> dict:
        """All of the state, in types that JSON keeps exactly: the tables as Arrow streams."""
        return {"count": self.count, "tables": [_stream(table) for table in self.tables]}

    @classmethod
    def from_dict(cls, state) -> Worst:
        """The rows that `to_dict` described; a ValueError if none can be described so."""
        given = mapping(state, "worst", ("count", "tables"))
        tables = tuple(
            _table(text(one, "a table of worst")) for one in sequence(given["tables"], "the tables of worst")
        )
        return cls(integer(given["count"], "count of worst", 1), tables, (0,) * len(tables))

    def __or__(self, other: Worst) -> Worst:
        from fastloss.exact.rows import chosen

        both = Worst(min(self.count, other.count), self.tables + other.tables, self.numbers + other.numbers)
        kept = np.sort(both._order[: both.count])  # as they lie in the tables, one after the other
        ends = np.cumsum([0, *map(len, both.tables)])
        first = np.searchsorted(kept, ends)
        parts = [
            (table if len(table) == stop - start else chosen(table, kept[start:stop] - begin), number)
            for table, number, begin, start, stop in zip(
                both.tables, both.numbers, ends, first, first[1:], strict=False
            )
            if stop > start
        ]
        if not parts:  # the columns of a table without rows are those of the input, too
            parts = sorted(zip(both.tables, both.numbers, strict=True), key=lambda part: -part[0].num_columns)[:1]
        merged = Worst(both.count, tuple(table for table, _ in parts), tuple(number for _, number in parts))
        return merged.closed() if not any(merged.numbers) and len(parts) > 1 else merged

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Worst) and self.closed().to_dict() == other.closed().to_dict()

    @property
    def _order(self) -> np.ndarray:
        """The places of all rows, those of the largest losses first."""
        if not self.tables:
            return np.empty(0, np.int64)
        from fastloss.exact.picked import stored_column

        files = [name for table in self.tables for name in table.column(0).to_pylist()]
        _, file = np.unique(["" if name is None else name for name in files], return_inverse=True)
        row = np.concatenate([stored_column(table, 1) for table in self.tables])
        number = np.repeat(self.numbers, list(map(len, self.tables)))
        keys = (row, file, number, -self.values)
        order = np.lexsort(keys)
        same = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys])
        if same.any():  # of files of one name, or of none
            places = np.sort(order[np.append(same, False) | np.append(False, same)])
            texts = self._texts(places)
            ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
            content = np.zeros(len(order), np.int64)
            content[places] = [ranks[text] for text in texts]
            order = np.lexsort((content, *keys))
        return order

    def _texts(self, places: np.ndarray) -> list[str]:
        """What the rows at some places, in their order, hold."""
        from fastloss.exact.rows import chosen

        ends = np.cumsum([0, *map(len, self.tables)])
        parts = np.split(places, np.searchsorted(places, ends[1:-1]))
        tables = tuple(chosen(table, part - end) for table, part, end in zip(self.tables, parts, ends, strict=False))
        return [json.dumps(row) for table in tables for row in Worst(self.count, (table,)).fields()]


def all_closed(given: Sequence[Worst]) -> list[Worst]:
    """`closed` of each: tables of one schema go through one stream."""
    import pyarrow as pa

    found: list[Worst] = []
    wholes = [(worst.count, worst._whole) for worst in given]
    for _, run in groupby(wholes, lambda pair: pair[1].schema.serialize()):
        counts, tables = zip(*run, strict=True)
        parts = [table.combine_chunks().to_batches() for table in tables]
        with pa.ipc.open_stream(_written(tables[0].schema, chain(*parts))) as stream:
            for count, part in zip(counts, parts, strict=True):
                table = pa.Table.from_batches([stream.read_next_batch() for _ in part], stream.schema)
                found.append(Worst(count, (table,), (0,)))
    return found


def merged(one: Worst | None, rows: int, other: Worst | None, others_rows: int) -> Worst | None:
    """The worst of both, where these are those of so many rows.

    Raises
    ------
    ValueError
        If one of them is not known.
    """
    if one is not None and other is not None:
        return one | other
    if (one is None and rows and other is not None) or (other is None and others_rows and one is not None):
        raise ValueError("summaries with worst rows and without do not merge: score both with worst=N, or neither")
    return one or other


def _stream(table: pa.Table) -> str:
    return base64.b64encode(_written(table.schema, table.combine_chunks().to_batches())).decode()


def _written(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.Buffer:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)
    return sink.getvalue()


def _read(stream: bytes) -> pa.Table:
    import pyarrow as pa

    from fastloss.exact.pandas_types import recognised

    table = pa.ipc.open_stream(stream).read_all()
    return recognised(table, table.schema)


def _table(stream: str) -> pa.Table:
    import pyarrow as pa

    from fastloss.exact.rows import typed

    try:
        table = _read(base64.b64decode(stream, validate=True))
        table.validate(full=True)
    except (pa.ArrowException, OSError, binascii.Error) as error:
        raise ValueError(f"a table of worst rows is damaged: {error}") from error
    try:
        typed(table)
    except ValueError as error:
        raise ValueError(f"a table of worst rows is damaged: {error}") from error
    types = [pa.string(), pa.int64(), pa.float64()]
    if table.schema.types[:3] != types or any(table.column(i).null_count for i in (1, 2)):
        raise ValueError("a table of worst rows has no file, row and value")
    return table
