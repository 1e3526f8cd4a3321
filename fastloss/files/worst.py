"""The rows of the largest losses, found batch by batch.

Of a row that may be one of them only what was read of its batch is kept; `lookup` reads the rest when the job ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from fastloss.exact.picked import is_flat, repeated, runs, take, to_arrow
from fastloss.exact.rows import AT_ONCE_BYTES, chosen_runs, no_rows
from fastloss.exact.worst import ADDED, Worst
from fastloss.files.arrow import columns
from fastloss.files.batch import Losses
from fastloss.files.dataset import Fragment
from fastloss.files.errors import ScoringError
from fastloss.files.formats import ARCHIVES, MEMORY, TEXTS
from fastloss.files.spec import Spec

SAMPLED = 32  # of so many rows one tells where the largest begin, where nearly all may be among them
WAITING = 4  # times as many rows as are wanted wait until it is looked which of them are the largest
HELD = np.dtype([(name, "i8") for name in ("group", "number", "row", "chunk", "place")] + [("value", "f8")])
AS_BYTES = np.dtype(("V", HELD.itemsize))  # NumPy joins such arrays without a look at each field


def opened_with(spec: Spec, fragment: Fragment, keep: tuple[str, ...] | None) -> Spec:
    """The spec to open a fragment with that is scored by another one, for a user who wants these columns to be kept."""
    if spec.worst and fragment.format in ARCHIVES:  # of which not all arrays are columns
        return replace(spec, keep=keep)
    is_wanted_whole = fragment.format == MEMORY or _is_held_whole(fragment)
    return replace(spec, keep=None) if spec.worst and is_wanted_whole else spec


def is_read_again(fragment: Fragment) -> bool:
    """Whether its rows can be read when the job ends."""
    return fragment.is_file or (fragment.format == MEMORY and not fragment.passes_once)


def _is_held_whole(fragment: Fragment) -> bool:
    """Whether nothing of its rows can be read when the job ends: neither are their texts kept."""
    return not is_read_again(fragment) and fragment.format not in TEXTS


@dataclass
class Origin:
    """Where the rows of a batch come from.

    Attributes
    ----------
    read : tuple of str
        The columns that are to be read of the source.
    names : tuple of str
        Those that its batches have as a whole.
    before : int
        The rows of the fragment before the batch.
    numbers : array of int or None
        The places of the rows in the batch that was read last, where they are not all of it.
    """

    fragment: Fragment
    source: Any
    read: tuple[str, ...]
    names: tuple[str, ...]
    before: int = 0
    numbers: np.ndarray | None = None

    @classmethod
    def of(cls, fragment: Fragment, source, scored: Sequence[str]) -> Origin:
        """Of a source of which these columns are read in any case."""
        names = source.schema.names
        read = tuple(dict.fromkeys([*names, *scored])) if _is_held_whole(fragment) else tuple(scored)
        return cls(fragment, source, read, tuple(name for name in names if name in read))

    @property
    def file(self) -> str | None:
        """How tables call it."""
        if self.fragment.format == MEMORY:
            return None
        return self.fragment.path.encode(errors="surrogateescape").decode(errors="backslashreplace")

    def at(self, before: int, numbers: np.ndarray | None) -> Origin:
        """For another batch of the source."""
        return Origin(self.fragment, self.source, self.read, self.names, before, numbers)

    def held(self, batch: pa.RecordBatch, rows: np.ndarray) -> pa.Table:
        """What there is of some rows of a batch: its columns, or the text of the rows."""
        if hasattr(self.source, "texts"):
            return self.source.texts(self.places(rows))
        if len(self.names) < batch.num_columns:
            batch = batch.select(self.names)
        return pa.table([take(array, rows) for array in batch.columns], schema=batch.schema)

    def places(self, rows: np.ndarray) -> np.ndarray:
        """The numbers in the whole batch of its rows that are scored."""
        return rows if self.numbers is None else self.numbers[rows]


def check_names(schema: pa.Schema, spec: Spec) -> None:
    """That a table of worst rows can have all columns of an input.

    Raises
    ------
    ScoringError
        If not.
    """
    for name in schema.names:
        columns.check(schema, name)
        if name in added(spec):
            raise ScoringError(f"the input has a column {name!r}, as the table of worst rows: set a prefix for its own")


def added(spec: Spec) -> list[str]:
    """The names of the columns that come before those of the input."""
    return [spec.prefix + name for name in ADDED]


class WorstCollector:
    """Finds the rows of the `count` largest losses of all, or of each group."""

    def __init__(self, spec: Spec):
        self._spec, self._count = spec, spec.worst
        self._no_rows = pa.table({})
        self._empty()

    def expect(self, origin: Origin) -> None:
        """Rows from there will be added; the columns of the first ones are there even if no row is."""
        check_names(origin.source.schema, self._spec)
        if not origin.fragment.is_file:  # which tells them when the job ends
            self._expect(origin.source.schema)

    def _expect(self, schema: pa.Schema) -> None:
        if not self._no_rows.num_columns:
            self._no_rows = no_rows(schema)

    def _empty(self) -> None:
        self._held, self._waiting = np.empty(0, HELD), 0
        self._new: list[tuple[np.ndarray, Origin]] = []  # what waits: of batches that were added
        self._taken: list[np.ndarray] = []  # and of other collectors
        self._chunks: list[pa.Table] = []
        self._files: dict[int, str | None] = {}
        self._floors: np.ndarray | None = None  # of groups, the loss that a row must exceed; NaN where any may do

    def add(self, batch: pa.RecordBatch, losses: Losses, group: np.ndarray | None, origin: Origin) -> None:
        """Add the losses of a batch, and the groups of its rows."""
        rows = self._larger(losses, group)
        if len(rows):
            self._keep(batch, losses.value, group, origin, rows)

    def follow(self, other: WorstCollector) -> None:
        """What is added to this one will be added to another one, with nothing else in between: leave out what is less
        than all that this holds then."""
        if other._floors is not None and not self._spec.worst_by_group:
            self._floors = np.nextafter(other._floors, -np.inf)  # equal losses may come before those there

    def take(self, other: WorstCollector, groups: np.ndarray | None) -> None:
        """Add everything that was added to another one, whose groups have these numbers here; it is as new then."""
        self._expect(other._no_rows.schema)
        held = other._gathered()
        if len(held):
            if groups is not None:
                held["group"] = groups[held["group"]]
            held["chunk"] += len(self._chunks)
            self._chunks += other._chunks
            self._files |= other._files
            self._taken.append(held)
            self._waiting += len(held)
            self._trim_if_many()
        other._empty()

    def of_all(self) -> Worst:
        """The largest of all."""
        self._trim()
        everything = self._held.copy()
        everything["group"] = 0
        return self._worst(self._tables(_largest(everything, self._count)))

    def of_groups(self) -> Callable[[int], Worst]:
        """A function that gives the largest of a group, by its number."""
        self._trim()
        found: dict[int, list[tuple[int, int, pa.Table]]] = {}
        for part in self._tables(self._held):
            found.setdefault(part[1], []).append(part)
        return lambda group: self._worst(found.get(group, []))

    def _worst(self, parts: Sequence[tuple[int, int, pa.Table]]) -> Worst:
        if not parts:
            own = [pa.nulls(0, type) for type in (pa.string(), pa.int64(), pa.float64())]
            parts = [(0, 0, self._table(own, self._no_rows))]
        numbers, _, tables = zip(*parts, strict=True)
        return Worst(self._count, tables, numbers)

    def _larger(self, losses: Losses, group: np.ndarray | None) -> np.ndarray:
        """The rows that may be among the largest, as far as is known."""
        values = losses.value
        if self._floors is None:
            rows = np.flatnonzero(~np.isnan(values))
        elif group is None:
            rows = np.flatnonzero(values > _at_most(self._floors[0], values.dtype))
        else:
            known = np.full(max(int(group.max()) + 1, len(self._floors)), np.nan)
            known[: len(self._floors)] = self._floors
            rows = np.flatnonzero(~(values <= known[group]))
            rows = rows[~np.isnan(values[rows])]
        if group is None and len(rows) > 2 * SAMPLED * self._count:
            some = values[_unmarked(rows[::SAMPLED], losses)]
            if len(some) > self._count:  # of all as many are not below the least of these
                rows = np.flatnonzero(values >= np.partition(some, -self._count)[-self._count])
        return _unmarked(rows, losses)

    def _keep(self, batch: pa.RecordBatch, values, group, origin: Origin, rows: np.ndarray) -> None:
        """Hold on to rows, if no others of the batch are larger."""
        groups = 1 if group is None else int(group.max()) + 1
        are_many = len(rows) > groups * self._count
        if are_many and group is None:
            rows = rows[_places_of_largest(values[rows], self._count)]
        new = np.zeros(len(rows), HELD)
        new["value"], new["row"] = values[rows], rows
        if group is not None:
            new["group"] = group[rows]
            if are_many:
                new = _largest(new, self._count)
        new["chunk"], new["place"] = len(self._chunks), np.arange(len(new))
        self._chunks.append(origin.held(batch, new["row"]))
        new["number"], new["row"] = origin.fragment.number, origin.places(new["row"]) + origin.before
        self._new.append((new, origin))
        self._waiting += len(new)
        if are_many:
            self._trim()
        self._trim_if_many()

    def _trim_if_many(self) -> None:
        """Let go of what is not among the largest, if much waits, or nothing is known of them."""
        if self._floors is None or self._waiting > max(WAITING * self._count, len(self._held) // 2):
            self._trim()

    def _trim(self) -> None:
        """Let go of what is not among the largest."""
        if self._waiting:
            self._settle(self._gathered())

    def _gathered(self) -> np.ndarray:
        """What is held, and what waits; nothing waits afterwards."""
        found = [self._held, *self._taken]
        for source, of_source in groupby(self._new, lambda pair: pair[1].source):
            entries, origins = zip(*of_source, strict=True)
            new = _joined(entries)
            if hasattr(source, "in_file"):
                new["row"] = source.in_file(new["row"])
            self._files[origins[0].fragment.number] = origins[0].file
            found.append(new)
        self._new, self._taken, self._waiting = [], [], 0
        return _joined(found)

    def _settle(self, held: np.ndarray) -> None:
        """Hold on to the largest of these."""
        self._held = _largest(held, self._count)
        groups, sizes = np.unique(self._held["group"], return_counts=True)
        full = sizes == self._count
        if full.any():
            self._floors = np.full(groups[-1] + 1, np.nan)
            self._floors[groups[full]] = self._held["value"][np.cumsum(sizes)[full] - 1]
        if self._holds_much():
            self._compact()

    def _compact(self) -> None:
        """Let go of the chunks without a row that is held; and if much is left, of the other rows of chunks too."""
        used, self._held["chunk"] = np.unique(self._held["chunk"], return_inverse=True)
        self._chunks = [self._chunks[number] for number in used]
        if self._holds_much():
            order = np.argsort(self._held["number"], kind="stable")
            ends = _ends(self._held["number"][order])
            sizes = np.diff(ends, prepend=0)
            self._chunks = self._rows(self._held[order], ends)
            self._held["chunk"][order] = np.arange(len(ends)).repeat(sizes)
            self._held["place"][order] = np.arange(len(order)) - (np.array(ends) - sizes).repeat(sizes)

    def _holds_much(self) -> bool:
        return sum(map(len, self._chunks)) > 2 * len(self._held) + self._count

    def _tables(self, held: np.ndarray) -> list[tuple[int, int, pa.Table]]:
        """Tables of rows, which come by group: one of each fragment and group, with their numbers, in their order."""
        if not len(held):
            return []
        held = held[np.argsort(held["number"], kind="stable")]
        ends = _ends(held["number"], held["group"])
        numbers, groups = (held[name][[0, *ends[:-1]]].tolist() for name in ("number", "group"))
        sizes = np.diff(ends, prepend=0).tolist()
        files = [repeated(self._files[number], size) for number, size in zip(numbers, sizes, strict=True)]
        own = files, *(runs(to_arrow(held[name]), ends) for name in ("row", "value"))
        tables = map(self._table, zip(*own, strict=True), self._rows(held, ends))
        return list(zip(numbers, groups, tables, strict=True))

    def _table(self, own: Sequence[pa.Array], rows: pa.Table) -> pa.Table:
        """Rows behind what tells of them."""
        fields = [pa.field(name, array.type) for name, array in zip(added(self._spec), own, strict=True)]
        return pa.Table.from_arrays([*own, *rows.columns], schema=pa.schema([*fields, *rows.schema]))

    def _rows(self, held: np.ndarray, ends: Sequence[int]) -> list[pa.Table]:
        """What there is of rows in runs that end there, each of one fragment: of those beside each other that have the
        same columns, which are cut, it is taken at once."""
        are_few = sum(chunk.nbytes for chunk in self._chunks) <= AT_ONCE_BYTES

        @cache
        def columns_of(chunk: int, number: int):
            schema = self._chunks[chunk].schema
            return schema.serialize() if are_few and all(map(is_flat, schema.types)) else number

        found, starts = [], [0, *ends[:-1]]
        chunks, numbers = held["chunk"][starts].tolist(), held["number"][starts].tolist()
        for _, alike in groupby(range(len(ends)), lambda run: columns_of(chunks[run], numbers[run])):
            some = list(alike)
            start = starts[some[0]]
            part = held[start : ends[some[-1]]]
            used, chunk = np.unique(part["chunk"], return_inverse=True)
            tables = [self._chunks[number] for number in used]
            before = np.cumsum([0, *map(len, tables[:-1])])
            places = before[chunk] + part["place"]
            found += chosen_runs(pa.concat_tables(tables), places, [ends[run] - start for run in some])
        return found


def _unmarked(rows: np.ndarray, losses: Losses) -> np.ndarray:
    """Those of the rows that count."""
    for mark in (losses.null, losses.ignored):
        if mark is not None and len(rows):
            rows = rows[~mark[rows]]
    return rows


def _places_of_largest(values: np.ndarray, count: int) -> np.ndarray:
    """Where the largest of more numbers are, in order; of equal ones the first."""
    least = np.partition(values, len(values) - count)[len(values) - count]
    larger = np.flatnonzero(values > least)
    equal = np.flatnonzero(values == least)[: count - len(larger)]
    return np.sort(np.concatenate([larger, equal]))


def _ends(*keys: np.ndarray) -> list[int]:
    """Where runs of equal keys end."""
    changes = np.logical_or.reduce([np.diff(key) != 0 for key in keys])
    return [*(np.flatnonzero(changes) + 1).tolist(), len(keys[0])]


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([part.view(AS_BYTES) for part in parts]).view(HELD)


def _largest(held: np.ndarray, count: int) -> np.ndarray:
    """Of each group the largest, in order."""
    order = _order(held)
    groups = held["group"].take(order)
    if not len(groups) or groups[0] == groups[-1]:
        return held.take(order[:count])
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    sizes = np.diff(starts, append=len(held))
    return held.take(order[np.arange(len(held)) - starts.repeat(sizes) < count])


def _order(held: np.ndarray) -> np.ndarray:
    """Their places by group, the largest first, of equal ones the first of the input.

    Most values are equal to no other, and NumPy sorts short integers fastest: `lexsort` by all takes longer.
    """
    values = -held["value"]
    order = np.argsort(values)
    sorted_values = values[order]
    is_equal = sorted_values[1:] == sorted_values[:-1]
    if is_equal.any():
        tied = np.flatnonzero(np.append(is_equal, False) | np.append(False, is_equal))
        some = order[tied]
        order[tied] = some[np.lexsort((held["row"][some], held["number"][some], values[some]))]
    groups = held["group"][order]
    if len(groups) and groups.max() < 1 << 16:
        groups = groups.astype(np.uint16)
    return order[np.argsort(groups, kind="stable")]


def _at_most(value: float, dtype: np.dtype) -> np.floating:
    """A number in a type that may hold fewer, below the next of which that exceeds it."""
    if dtype == np.float64:
        return value
    with np.errstate(over="ignore"):
        near = dtype.type(value)
    return near if near <= value else np.nextafter(near, dtype.type(-np.inf))
