"""Summaries by group: of all rows, and of those of each value of a column."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from fastloss.core.arguments import shown
from fastloss.exact import consistency
from fastloss.exact.accumulator import Accumulator
from fastloss.exact.state import sequence, text
from fastloss.exact.summary import Collector, Summary, as_floats, as_weights, marks, summaries

Key: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, repr=False)
class GroupedSummary(Summary):
    """A `Summary` of all rows that also holds one for each value of a column.

    Attributes
    ----------
    by : str
        The column.
    groups : dict
        {value: Summary}, with the key None for rows where the column is null. Dates, times and durations are text, as
        in ISO 8601, and equal for equal ones of all units: "2020-01-01 00:00:00.5", "PT1.5S". Numbers that are whole
        are integers, whatever their type; fractions are floats, and text where a decimal has more digits than a float;
        the others are "nan", "inf" and "-inf". Where the column has other types in other files, booleans beside numbers
        are 0 and 1, and a text (as all groups of CSV are) is one group with what is written so: a date, or NaN with
        "nan"; but "1" is not 1, nor "null" None.
    """

    by: str = ""
    groups: dict[Key, Summary] = field(default_factory=dict, repr=False)

    def fields(self) -> dict:
        """The numbers of `to_json`: of all rows, then of the groups in the order of their values, null last."""
        groups = [{"value": key} | self.groups[key].fields() for key in self._ordered_keys()]
        return super().fields() | {"by": self.by, "groups": groups}

    def to_dict(self, compact: bool = False) -> dict:
        groups = [[key, self.groups[key].to_dict(compact)] for key in self._ordered_keys()]
        return super().to_dict(compact) | {"by": self.by, "groups": groups}

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
        found = {_key(key): Summary.from_dict(group) for key, group in groups}
        if len(found) != len(groups):
            raise ValueError("a group is described twice")
        if len({type(key) is bool for key in found if isinstance(key, int | float)}) > 1:
            raise ValueError("a group is a boolean and another is a number")
        consistency.check_parts(total, found.values())
        return cls._of(total, text(state["by"], "by"), found)

    def labels(self) -> dict[Key, str]:
        """What is shown of each key: a text is in quotes where it looks like another key."""
        shown = {key: "null" if key is None else str(key) for key in self.groups}
        others = {label for key, label in shown.items() if not isinstance(key, str)}
        return {key: repr(key) if isinstance(key, str) and key in others else label for key, label in shown.items()}

    def _parts(self) -> tuple[list[Summary], dict[str, list]]:
        keys = self._ordered_keys()
        return [self.groups[key] for key in keys], {self.by: keys}

    def of_loss(self, loss: str) -> GroupedSummary:
        groups = {key: summary.of_loss(loss) for key, summary in self.groups.items()}
        return replace(super().of_loss(loss), groups=groups)

    def __or__(self, other: Summary) -> GroupedSummary:
        if not isinstance(other, Summary):
            return NotImplemented
        by, of_others = (other.by, other.groups) if isinstance(other, GroupedSummary) else (None, {})
        if by != self.by and other.rows:
            grouped = "not by groups" if by is None else f"by {by!r}"
            raise ValueError(f"summaries by {self.by!r} and {grouped} do not merge: score both by one column")
        return self._of(super().__or__(other), self.by, _merged(self.groups, of_others))

    __ror__ = __or__  # a plain summary on the left would drop the groups

    @classmethod
    def _of(cls, total: Summary, by: str, groups: dict[Key, Summary]) -> GroupedSummary:
        return cls(**{f.name: getattr(total, f.name) for f in fields(Summary)}, by=by, groups=groups)

    def _ordered_keys(self) -> list[Key]:
        return sorted(self.groups, key=lambda key: (key is None, isinstance(key, str), 0 if key is None else key))


class GroupCollector:
    """Builds a `GroupedSummary` from batches of losses; as `Collector`, with the group of each row."""

    def __init__(self, by: str):
        self._by, self._total = by, Collector()
        self._values = Accumulator(grouped=True)
        # A dictionary takes True for 1: booleans, of a file where that is the type of the column, are on their own.
        self._numbers: dict[Key, int] = {}
        self._of_booleans: dict[Key, int] = {}

    def add(self, values: np.ndarray, null, ignored, sample_weight, codes: np.ndarray, keys: list[Key]) -> None:
        """Add losses; `codes` has the number of each row's key among `keys`, which are of one type."""
        values = as_floats(values, "values")
        self._total.add(values, null, ignored, sample_weight)
        numbers, others = self._numbers, self._of_booleans
        if keys and type(keys[0]) is bool:
            numbers, others = others, numbers
        before = len(others)
        group = np.array([numbers.setdefault(key, before + len(numbers)) for key in keys], np.int64)[codes]
        left_out = marks(null, ignored, len(values))
        weights = as_weights(sample_weight, left_out, len(values))
        self._values.add(values, left_out, weights, group, before + len(numbers))

    def take(self, other: GroupCollector) -> None:
        """Add everything that was added to another one, by the same column, which is as a new one then."""
        self._total.take(other._total)
        numbers = np.zeros(max(len(other._numbers) + len(other._of_booleans), 1), np.int64)
        for ours, theirs in ((self._numbers, other._numbers), (self._of_booleans, other._of_booleans)):
            for key, number in theirs.items():
                numbers[number] = ours.setdefault(key, len(self._numbers) + len(self._of_booleans))
            theirs.clear()
        self._values.take(other._values, numbers)

    def summary(self) -> GroupedSummary:
        """The summary of everything added so far."""
        found = summaries(self._values)
        groups = [{key: found[number] for key, number in of.items()} for of in (self._numbers, self._of_booleans)]
        return GroupedSummary._of(self._total.summary(), self._by, _merged(*groups))


def number_key(value: int | float | Decimal) -> Key:
    """A number as a key that is equal for equal numbers of all types, and that JSON can hold."""
    if not math.isfinite(value):
        return str(float(value))
    if _is_short(value) and value == int(value):
        return int(value)
    number = float(value)
    return number if isinstance(value, float) or Decimal(repr(number)) == value else str(value)


def _is_short(value: int | float | Decimal) -> bool:
    """Whether a number is in the range of the integers of Arrow."""
    return -(1 << 63) <= value < 1 << 64


def _merged(a: dict[Key, Summary], b: dict[Key, Summary]) -> dict[Key, Summary]:
    """The groups of both: booleans as numbers, if the other ones are numbers."""
    if {_are_booleans(a), _are_booleans(b)} == {True, False}:
        a, b = ({int(key) if type(key) is bool else key: found for key, found in of.items()} for of in (a, b))
    groups = dict(a)
    for key, summary in b.items():
        groups[key] = groups[key] | summary if key in groups else summary
    return groups


def _are_booleans(keys: Iterable[Key]) -> bool | None:
    """Whether the numbers among keys are booleans, as all are or none is; None if there are no numbers."""
    return next((type(key) is bool for key in keys if isinstance(key, int | float)), None)


def _key(value) -> Key:
    is_number = _is_short(value) if type(value) is int else type(value) is float and number_key(value) is value
    if not (value is None or type(value) in (str, bool) or is_number):
        raise ValueError(f"the value of a group is {shown(value)}, not null, text, a boolean or a number as it is kept")
    return value
