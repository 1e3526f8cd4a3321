"""Rows that meet conditions: read from a source, taken out of batches, and results put back in their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.conditions import Condition
from fastloss.files.errors import RowError, Translation
from fastloss.files.reading import MAX_ROWS


class Source:
    """What all sources have in common: `batches` of columns, and their `schema` and `rows`."""

    schema: pa.Schema
    rows: int | None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows, from the start on each call."""
        raise NotImplementedError

    def check(self, where: Sequence[Condition]) -> None:
        """That conditions are on columns that are there, and of a type that their values have.

        Raises
        ------
        ScoringError
            If not.
        """
        for one in where:
            columns.check(self.schema, one.column)
            field = columns.field_of(self.schema, one.column)
            _met(pa.nulls(0, field.type), field, one)

    def matched(
        self, names: Sequence[str], rest: Sequence[str], where: Sequence[Condition]
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
        """All rows, and which of them meet conditions; None where all do.

        Batches without such a row may have the columns `rest` alone, or only their number of rows where these are none.
        """
        for batch in self.batches(names):
            yield batch, which_match(batch, where)

    def look(
        self, names: Sequence[str], where: Sequence[Condition] = ()
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray | None]]:
        """As `matched`, also of what passes once: afterwards it begins from the beginning."""
        return self.matched(names, (), where)

    def unmatched(self, rest: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """All rows, as `matched` has them if none meets the conditions."""
        if rest or self.rows is None:
            found = self.batches(rest or self.schema.names[:1])
        else:
            found = empty_batches(self.rows)
        for batch in found:
            yield batch, np.zeros(len(batch), bool)


def which_match(batch: pa.RecordBatch, where: Sequence[Condition]) -> np.ndarray | None:
    """The rows that meet all conditions; None where all do."""
    if not where:
        return None
    found = (_met(columns.get(batch, one.column), columns.field_of(batch.schema, one.column), one) for one in where)
    return np.logical_and.reduce([columns.numbers(one)[0] for one in found])


def _met(column: pa.Array, field: pa.Field, condition: Condition) -> pa.BooleanArray:
    """Which values of a column meet a condition."""
    from fastloss.files.arrow.group_keys import as_printed  # what these import takes its time
    from fastloss.files.arrow.masks import met
    from fastloss.files.arrow.of_pandas import check_order

    check_order(field, condition)
    return met(as_printed(column, field, condition.column), condition)


def empty_batches(rows: int) -> Iterator[pa.RecordBatch]:
    """So many rows, without a column that has a name."""
    for start in range(0, rows, MAX_ROWS):
        yield pa.RecordBatch.from_arrays([pa.nulls(min(MAX_ROWS, rows - start))], [""])


@dataclass(frozen=True)
class Chosen:
    """Rows of a batch.

    Attributes
    ----------
    batch : RecordBatch
        These rows.
    numbers : array of int or None
        Their numbers in the whole batch; None where it is that.
    rows : int
        The rows of the whole batch.
    """

    batch: pa.RecordBatch
    numbers: np.ndarray | None
    rows: int

    @classmethod
    def of(cls, batch: pa.RecordBatch, matches: np.ndarray | None) -> Chosen:
        """The rows of a batch that match."""
        numbers = None if matches is None else np.flatnonzero(matches)
        if numbers is None or len(numbers) == len(batch) > 0:
            return cls(batch, None, len(batch))
        if len(numbers) and numbers[-1] - numbers[0] < len(numbers):
            chosen = batch.slice(numbers[0], len(numbers))
        elif len(numbers):
            chosen = _taken(batch, numbers)
        else:
            chosen = batch.slice(0, 0)
        return cls(chosen, numbers, len(batch))

    @property
    def left_out(self) -> int:
        """How many other rows there are."""
        return self.rows - len(self.batch)

    def put_back(self, array: pa.Array) -> pa.Array:
        """What was made of these rows, in the places of all, null in the others."""
        if self.numbers is None:
            return array
        places, others = np.zeros(self.rows, np.int64), np.ones(self.rows, bool)
        places[self.numbers], others[self.numbers] = np.arange(len(self.numbers)), False
        return array.take(columns.to_arrow(places, others))

    def counting(self) -> _Counting:
        """A block whose errors tell of rows of the whole batch."""
        return _Counting(self.numbers)


class _Counting(Translation):
    """A block in which some rows of a batch are all that there are."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: np.ndarray | None):
        self._numbers = numbers

    def other(self, error: BaseException) -> RowError | None:
        is_among = self._numbers is not None and isinstance(error, RowError)
        return error.among(self._numbers) if is_among else None


def _taken(batch: pa.RecordBatch, numbers: np.ndarray) -> pa.RecordBatch:
    """Rows of a batch, which do not lie together."""
    try:
        return batch.take(columns.to_arrow(numbers, None))
    except pa.ArrowNotImplementedError:  # views and run-ends
        ends = [*np.flatnonzero(np.diff(numbers) > 1).tolist(), len(numbers) - 1]
        starts = [0, *(end + 1 for end in ends[:-1])]
        runs = [(int(numbers[a]), b - a + 1) for a, b in zip(starts, ends, strict=True)]
        arrays = [pa.concat_arrays([array.slice(*run) for run in runs]) for array in batch.columns]
        return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)
