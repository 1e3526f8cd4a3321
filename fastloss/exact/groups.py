"""Summaries by group: of all rows, and of those of each value of a column, or of several."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np

from fastloss.core.arguments import shown
from fastloss.exact import consistency
from fastloss.exact.accumulator import Accumulator
from fastloss.exact.arrays import as_floats, as_weights, marks
from fastloss.exact.bins import BinsCollector
from fastloss.exact.collectors import Collector, calibrated, counts
from fastloss.exact.keys import Key, Part, is_short, number_key
from fastloss.exact.state import sequence, text
from fastloss.exact.summary import Summary, summaries
from fastloss.exact.worst import Worst


@dataclass(frozen=True, repr=False)
class GroupedSummary(Summary):
    """A `Summary` of all rows that also holds one for each value of a column, or of several.

    Attributes
    ----------
    by : str or tuple of str
        The column, or the columns.
    groups : mapping
        {value: Summary}, in the order of the values, null last; of several columns the keys are tuples of their values.
        With the key None for rows where the column is null. Dates, times and durations are text, as in ISO 8601, and
        equal for equal ones of all units: "2020-01-01 00:00:00.5", "PT1.5S". Numbers that are whole are integers,
        whatever their type; fractions are floats, and text where a decimal has more digits than a float; the others are
        "nan", "inf" and "-inf". Where the column has other types in other files, booleans beside numbers are 0 and 1,
        and a text (as all groups of CSV are) is one group with what is written so: a date, or NaN with "nan"; but "1"
        is not 1, nor "null" None.
    """

    by: str | tuple[str, ...] = ""
    groups: Mapping[Key, Summary] = field(default_factory=dict, repr=False)

    def fields(self) -> dict:
        """The numbers of `to_json`: of all rows, then of the groups in the order of their values, null last."""
        groups = [{"value": key} | group.fields() for key, group in self.groups.items()]
        return super().fields() | {"by": self.by, "groups": groups}

    def to_dict(self, compact: bool = False) -> dict:
        groups = [[_state(key), group.to_dict(compact)] for key, group in self.groups.items()]
        return super().to_dict(compact) | {"by": _state(self.by), "groups": groups}

    @staticmethod
    def describes(state: dict) -> bool:
        """Whether `to_dict` of a summary by groups may have made this."""
        return "groups" in state

    @classmethod
    def from_dict(cls, state: dict) -> GroupedSummary:
        """The summary that `to_dict` described; a ValueError if none can be described so."""
        if type(state) is not dict or "by" not in state or "groups" not in state:
            raise ValueError("the summary has no groups")
        total = Summary.from_dict({name: part for name, part in state.items() if name not in ("by", "groups")})
        groups = [sequence(pair, "a group", 2) for pair in sequence(state["groups"], "groups")]
        by = _columns(state["by"])
        found = {_key(key, by): Summary.from_dict(group) for key, group in groups}
        if len(found) != len(groups):
            raise ValueError("a group is described twice")
        for parts in zip(*map(_parts, found), strict=True):
            if len({type(part) is bool for part in parts if isinstance(part, int | float)}) > 1:
                raise ValueError("a group is a boolean and another is a number")
        consistency.check_parts(total, found.values())
        return cls._of(total, by, found)

    def labels(self) -> dict[Key, str]:
        """What is shown of each key: a text is in quotes where it looks like another key."""
        columns = [_labels(parts) for parts in zip(*map(_parts, self.groups), strict=True)]
        return {key: ", ".join(labels) for key, labels in zip(self.groups, zip(*columns, strict=True), strict=True)}

    def _rows(self) -> tuple[list[Summary], dict[str, list]]:
        columns = {by: [_parts(key)[i] for key in self.groups] for i, by in enumerate(_parts(self.by))}
        return [*self.groups.values()], columns

    def worst_first(self) -> list[Key]:
        """The keys by falling means, weighted if there are weights; of equal ones in their order, of none last."""

        def place(key):
            mean = self.groups[key].weighted_mean
            return (True, 0.0) if mean is None or math.isnan(mean) else (False, -mean)

        return sorted(self.groups, key=place)

    def with_worst(self, change: Callable[[Worst | None], Worst | None]) -> GroupedSummary:
        groups = {key: summary.with_worst(change) for key, summary in self.groups.items()}
        return replace(super().with_worst(change), groups=groups)

    def of_loss(self, loss: str) -> GroupedSummary:
        groups = {key: summary.of_loss(loss) for key, summary in self.groups.items()}
        return replace(super().of_loss(loss), groups=groups)

    def __or__(self, other: Summary) -> GroupedSummary:
        if not isinstance(other, Summary):
            return NotImplemented
        by, of_others = (other.by, other.groups) if isinstance(other, GroupedSummary) else (None, {})
        if by != self.by and other.rows:
            grouped = "not by groups" if by is None else f"by {by!r}"
            fix = "the same columns, in one order"
            raise ValueError(f"summaries by {self.by!r} and {grouped} do not merge: score both by {fix}")
        return self._of(super().__or__(other), self.by, _merged(self.groups, of_others))

    __ror__ = __or__  # a plain summary on the left would drop the groups

    @classmethod
    def _of(cls, total: Summary, by: str | tuple[str, ...], groups: Mapping[Key, Summary]) -> GroupedSummary:
        if not isinstance(groups, Later):
            groups = {key: groups[key] for key in _ordered(groups)}
        return cls(**{f.name: getattr(total, f.name) for f in fields(Summary)}, by=by, groups=groups)


class Later(Mapping[Key, Summary]):
    """Summaries by key, made when the first is asked for: those of thousands of groups take as long as their rows."""

    def __init__(self, keys: Iterable[Key], make: Callable[[], dict[Key, Summary]]):
        self._made = dict.fromkeys(_ordered(keys))
        self._make: Callable[[], dict[Key, Summary]] | None = make
        self._lock = threading.Lock()

    def complete(self) -> dict[Key, Summary]:
        """All of them, as they are now."""
        with self._lock:
            if self._make is not None:
                made = self._make()
                self._made = {key: made[key] for key in self._made}
                self._make = None
        return self._made

    def __getitem__(self, key: Key) -> Summary:
        return self.complete()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._made

    def __iter__(self) -> Iterator[Key]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __repr__(self) -> str:
        return repr(self.complete())

    def __reduce__(self):
        return dict, (self.complete(),)


class GroupCollector:
    """Builds a `GroupedSummary` from batches of losses; as `Collector`, with the group of each row."""

    def __init__(self, by: str | tuple[str, ...], bins: int | None = None, loss: str | None = None):
        self._by, self._loss = by, loss
        self._total, self._values = Collector(bins, loss), Accumulator(grouped=True)
        self._bins = None if bins is None else BinsCollector(bins)
        # A dictionary takes True for 1: keys with booleans, of files where that is the type of these columns, are on
        # their own.
        self._numbers: dict[tuple[bool, ...], dict[Key, int]] = {}
        self._before: tuple = (None, None, None)  # of the rows before: which keys are booleans, the keys, their numbers
        self._promised: Callable[[], Later | None] = lambda: None

    def add(
        self, values: np.ndarray, null, ignored, sample_weight, codes: np.ndarray, keys: list[Key], predicted=None
    ) -> np.ndarray:
        """Add losses; `codes` has the number of each row's key among `keys`, which are of one type. The
        numbers of the groups of these are returned."""
        self._keep_promise()
        values, numbers = as_floats(values, "values"), self._numbers_of(keys)
        left_out = marks(null, ignored, len(values))
        weights = as_weights(sample_weight, left_out, len(values))
        codes = codes.astype(np.int32, copy=False)
        self._total.add(values, null, ignored, weights, predicted)
        self._values.add(values, left_out, weights, codes, numbers)
        if self._bins is not None:
            self._bins.add(predicted, counts(values, null, ignored), codes, numbers)
        return numbers

    def _numbers_of(self, keys: list[Key]) -> np.ndarray:
        """The numbers of groups; keys are mostly those of the rows before."""
        if keys is self._before[1]:
            return self._before[2]
        booleans = _which_are_booleans(keys)
        if self._before[:2] != (booleans, keys):
            of_type = self._numbers.setdefault(booleans, {})
            before = self._groups - len(of_type)
            for key in [key for key in keys if key not in of_type]:
                of_type.setdefault(key, before + len(of_type))
            self._before = booleans, keys, np.fromiter(map(of_type.__getitem__, keys), np.int64, len(keys))
        return self._before[2]

    def take(self, other: GroupCollector) -> np.ndarray:
        """Add everything that was added to another one, by the same column, which is as a new one then. What is
        returned are the numbers here of its groups, by those there."""
        self._keep_promise()
        other._keep_promise()
        numbers = np.zeros(max(other._groups, 1), np.int64)
        for booleans, theirs in other._numbers.items():
            ours = self._numbers.setdefault(booleans, {})
            before = self._groups - len(ours)
            for key, number in theirs.items():
                numbers[number] = ours.setdefault(key, before + len(ours))
        other._numbers, other._before = {}, (None, None, None)
        self._total.take(other._total)
        self._values.take(other._values, numbers)
        if self._bins is not None:
            self._bins.take(other._bins, numbers)
        return numbers

    def summary(self, worst: Callable[[int], Worst] | None = None) -> GroupedSummary:
        """The summary of everything added so far, with the worst rows that a group has by its number."""
        numbers: dict[Key, frozenset[int]] = reduce(
            _merged, ({key: frozenset((n,)) for key, n in of.items()} for of in self._numbers.values()), {}
        )

        def make() -> dict[Key, Summary]:
            found = calibrated(summaries(self._values, self._loss), self._bins)
            if worst is not None:
                found = [replace(summary, worst_rows=worst(number)) for number, summary in enumerate(found)]
            return {key: reduce(or_, (found[number] for number in sorted(of))) for key, of in numbers.items()}

        groups = Later(numbers, make)
        if worst is not None:  # which may be others later
            groups.complete()
        self._promised = weakref.ref(groups)
        return GroupedSummary._of(self._total.summary(), self._by, groups)

    def _keep_promise(self) -> None:
        """Before anything is added: have the groups of a summary that was given."""
        promised = self._promised()
        if promised is not None:
            promised.complete()

    @property
    def _groups(self) -> int:
        return sum(map(len, self._numbers.values()))


def _ordered(keys: Iterable[Key]) -> list[Key]:
    def place(key):
        return [(part is None, isinstance(part, str), 0 if part is None else part) for part in _parts(key)]

    keys = list(keys)
    return sorted(keys) if set(map(type, keys)) in ({int}, {str}) else sorted(keys, key=place)


def _merged(a: Mapping[Key, Any], b: Mapping[Key, Any]) -> Mapping[Key, Any]:
    """The groups of both: booleans as numbers, if the other ones are numbers."""
    if not a or not b:
        return a or b
    width = max((len(_parts(key)) for key in [*a, *b][:1]), default=0)
    places = [i for i in range(width) if {_are_booleans(a, i), _are_booleans(b, i)} == {True, False}]
    if places:
        a, b = ({_as_numbers(key, places): found for key, found in of.items()} for of in (a, b))
    groups = dict(a)
    for key, summary in b.items():
        groups[key] = groups[key] | summary if key in groups else summary
    return groups


def _are_booleans(keys: Iterable[Key], place: int) -> bool | None:
    """Whether the numbers among keys are booleans, as all are or none is; None if there are no numbers."""
    parts = (_parts(key)[place] for key in keys)
    return next((type(part) is bool for part in parts if isinstance(part, int | float)), None)


def _which_are_booleans(keys: list[Key]) -> tuple[bool, ...]:
    """Of each column, whether it holds booleans; those of one type, of which one column has no null but the last."""
    if not keys or not isinstance(keys[0], tuple):
        return (bool(keys) and type(keys[0]) is bool,)
    return tuple(any(type(part) is bool for part in parts) for parts in zip(*keys, strict=True))


def _as_numbers(key: Key, places: list[int]) -> Key:
    """A key whose booleans at these places are numbers."""
    parts = tuple(
        int(part) if type(part) is bool and place in places else part for place, part in enumerate(_parts(key))
    )
    return parts if isinstance(key, tuple) else parts[0]


def _parts(key: Key) -> tuple[Part, ...]:
    return key if isinstance(key, tuple) else (key,)


def _labels(parts: Sequence[Part]) -> list[str]:
    others = {"null" if part is None else str(part) for part in parts if not isinstance(part, str)}
    return [
        repr(part) if isinstance(part, str) and part in others else "null" if part is None else str(part)
        for part in parts
    ]


def _state(key: Key) -> Part | list[Part]:
    return list(key) if isinstance(key, tuple) else key


def _columns(value) -> str | tuple[str, ...]:
    """The column of groups, or several, of which a state tells."""
    if type(value) is not list:
        return text(value, "by")
    if len(value) < 2:
        raise ValueError(f"by is a list of {len(value)}: one column is a text")
    return tuple(text(one, "by") for one in value)


def _key(value, by: str | tuple[str, ...]) -> Key:
    """The key of a group by these columns."""
    return _part(value) if isinstance(by, str) else tuple(map(_part, sequence(value, "the value of a group", len(by))))


def _part(value) -> Part:
    is_number = is_short(value) if type(value) is int else type(value) is float and number_key(value) is value
    if not (value is None or type(value) in (str, bool) or is_number):
        raise ValueError(f"the value of a group is {shown(value)}, not null, text, a boolean or a number as it is kept")
    return value
