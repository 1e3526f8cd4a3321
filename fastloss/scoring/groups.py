"""Summaries by group: of all rows, and of those of each value of a column."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from fastloss._exact import Accumulator
from fastloss.scoring.errors import ColumnTypeError
from fastloss.scoring.summary import Collector, Summary, as_weights, marks, summaries

Key: TypeAlias = str | int | float | bool | None
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second, in the units of Arrow
TRAILING_ZEROS = re.compile(r"(\.\d*[1-9])0+(?!\d)|\.0+(?!\d)")


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
        """What `to_json` shows: of all rows, then of the groups in the order of their values, null last."""
        groups = [{"value": key} | self.groups[key].fields() for key in self._ordered_keys()]
        return super().fields() | {"by": self.by, "groups": groups}

    def to_dict(self) -> dict:
        groups = [[key, self.groups[key].to_dict()] for key in self._ordered_keys()]
        return super().to_dict() | {"by": self.by, "groups": groups}

    @classmethod
    def from_dict(cls, state: dict) -> GroupedSummary:
        """The summary that `to_dict` described."""
        state = dict(state)
        by, groups = state.pop("by"), state.pop("groups")
        return cls._of(Summary.from_dict(state), by, {key: Summary.from_dict(group) for key, group in groups})

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

    __ror__ = __or__  # of a plain one on the left, which would drop the groups

    @classmethod
    def _of(cls, total: Summary, by: str, groups: dict[Key, Summary]) -> GroupedSummary:
        return cls(**{f.name: getattr(total, f.name) for f in fields(Summary)}, by=by, groups=groups)

    def _ordered_keys(self) -> list[Key]:
        return sorted(self.groups, key=lambda key: (key is None, isinstance(key, str), 0 if key is None else key))


class GroupCollector:
    """Builds a `GroupedSummary` from batches of losses; as `Collector`, with the column of groups as `keys`."""

    def __init__(self, by: str):
        self._by, self._total = by, Collector()
        self._values = Accumulator(grouped=True)
        self._numbers: dict[Key, int] = {}

    def add(self, values: np.ndarray, null, ignored, sample_weight, keys) -> None:
        """Add float losses; `keys` is an Arrow array."""
        self._total.add(values, null, ignored, sample_weight)
        codes, labels = _encoded(keys, self._by)
        numbers = self._numbers
        group = np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)[codes]
        weights = as_weights(sample_weight)
        self._values.add(np.ascontiguousarray(values), marks(null, ignored), weights, group, len(numbers))

    def summary(self) -> GroupedSummary:
        """The summary of everything added so far."""
        groups = dict(zip(self._numbers, summaries(self._values), strict=False))  # there is one of no rows
        return GroupedSummary._of(self._total.summary(), self._by, groups)


def _encoded(keys, by: str) -> tuple[np.ndarray, list[Key]]:
    """The number of each row's group, and the groups' values."""
    from pyarrow import types

    from fastloss.scoring import columns

    array = columns.wide_decimals(columns.decoded(keys))
    is_time = types.is_temporal(array.type) and not types.is_interval(array.type)
    is_number = types.is_floating(array.type) or types.is_decimal(array.type)
    kinds = (
        types.is_integer,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_null,
    )
    if not (is_number or is_time or any(of_kind(array.type) for of_kind in kinds)):
        raise ColumnTypeError(f"column {by!r}: groups are numbers, text, booleans, dates or times, got {keys.type}")
    encoded = array.dictionary_encode()
    values = encoded.dictionary
    labels = _time_keys(values) if is_time else values.to_numpy(zero_copy_only=False).tolist()
    if is_number:
        labels = list(map(_number_key, labels))
    return encoded.indices.fill_null(len(labels)).to_numpy(), [*labels, None] if encoded.null_count else labels


def _time_keys(values) -> list[Key]:
    """Dates, times or durations as text that is equal for equal ones of all units."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_duration(values.type):
        digits = DIGITS[values.type.unit]
        numbers = values.cast(pa.int64()).to_pylist()
        texts = [f"{'-' * (number < 0)}PT{Decimal(abs(number)).scaleb(-digits):f}S" for number in numbers]
    else:
        texts = values.cast(pa.string()).to_pylist()
    return [TRAILING_ZEROS.sub(r"\1", text) for text in texts]


def _number_key(value: float | Decimal) -> Key:
    """A number as a key that is equal for equal numbers of all types, and that JSON can hold."""
    if not math.isfinite(value):
        return str(float(value))
    if value == int(value) and abs(value) < 1 << 63:
        return int(value)
    number = float(value)
    return number if isinstance(value, float) or Decimal(repr(number)) == value else str(value)
