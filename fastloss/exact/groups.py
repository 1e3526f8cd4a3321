"""Summaries by group: of all rows, and of those of each value of a column."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TypeAlias

import numpy as np

from fastloss.exact.accumulator import Accumulator
from fastloss.exact.state import sequence, text
from fastloss.exact.summary import Collector, Summary, as_weights, marks, summaries

Key: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
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
        the others are "nan", "inf" and "-inf".
    """

    by: str = ""
    groups: dict[Key, Summary] = field(default_factory=dict, repr=False)

    def fields(self) -> dict:
        """The numbers of `to_json`: of all rows, then of the groups in the order of their values, null last."""
        groups = [{"value": key} | self.groups[key].fields() for key in self._ordered_keys()]
        return super().fields() | {"by": self.by, "groups": groups}

    def to_dict(self) -> dict:
        groups = [[key, self.groups[key].to_dict()] for key in self._ordered_keys()]
        return super().to_dict() | {"by": self.by, "groups": groups}

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
        return cls._of(total, text(state["by"], "by"), found)

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
        groups = dict(self.groups)
        for key, summary in of_others.items():
            groups[key] = groups[key] | summary if key in groups else summary
        return self._of(super().__or__(other), self.by, groups)

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
        self._numbers: dict[Key, int] = {}

    def add(self, values: np.ndarray, null, ignored, sample_weight, codes: np.ndarray, keys: list[Key]) -> None:
        """Add float losses; `codes` has the number of each row's key among `keys`."""
        self._total.add(values, null, ignored, sample_weight)
        numbers = self._numbers
        group = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)[codes]
        left_out = marks(null, ignored)
        weights = as_weights(sample_weight, left_out)
        self._values.add(np.ascontiguousarray(values), left_out, weights, group, len(numbers))

    def summary(self) -> GroupedSummary:
        """The summary of everything added so far."""
        groups = dict(zip(self._numbers, summaries(self._values), strict=False))  # of no keys there is one group
        return GroupedSummary._of(self._total.summary(), self._by, groups)


def _key(value) -> Key:
    if value is not None and type(value) not in (str, int, float, bool):
        raise ValueError(f"the value of a group is a {type(value).__name__}")
    return value
