"""Summaries by group: of all rows, and of those of each value of a column."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np

from fastloss.scoring.errors import ColumnTypeError
from fastloss.scoring.summary import Collector, Summary

Key: TypeAlias = str | int | bool | None

# A collector in the making has a table of some hundred KiB, a finished summary a few KiB.
MAX_COLLECTORS = 256


@dataclass(frozen=True)
class GroupedSummary(Summary):
    """A `Summary` of all rows that also holds one for each value of a column.

    Attributes
    ----------
    by : str
        The column.
    groups : dict
        {value: Summary}, with the key None for rows where the column is null. Dates and times are text, as in ISO 8601.
    """

    by: str = ""
    groups: dict[Key, Summary] = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """The JSON of all rows, with the groups in the order of their values, null last."""
        shown = json.loads(super().to_json()) | {"by": self.by}
        shown["groups"] = [{"value": key} | json.loads(self.groups[key].to_json()) for key in self._ordered_keys()]
        return json.dumps(shown, allow_nan=False)

    def to_dict(self) -> dict:
        groups = [[key, self.groups[key].to_dict()] for key in self._ordered_keys()]
        return super().to_dict() | {"by": self.by, "groups": groups}

    @classmethod
    def from_dict(cls, state: dict) -> GroupedSummary:
        """The summary that `to_dict` described."""
        state = dict(state)
        by, groups = state.pop("by"), state.pop("groups")
        return cls._of(Summary.from_dict(state), by, {key: Summary.from_dict(group) for key, group in groups})

    def __or__(self, other: Summary) -> GroupedSummary:
        if not isinstance(other, GroupedSummary) or other.by != self.by:
            return NotImplemented
        groups = dict(self.groups)
        for key, summary in other.groups.items():
            groups[key] = groups[key] | summary if key in groups else summary
        return self._of(super().__or__(other), self.by, groups)

    @classmethod
    def _of(cls, total: Summary, by: str, groups: dict[Key, Summary]) -> GroupedSummary:
        return cls(**{f.name: getattr(total, f.name) for f in fields(Summary)}, by=by, groups=groups)

    def _ordered_keys(self) -> list[Key]:
        return sorted(self.groups, key=lambda key: (key is None, isinstance(key, str), 0 if key is None else key))


class GroupCollector:
    """Builds a `GroupedSummary` from batches of losses; as `Collector`, with the column of groups as `keys`."""

    def __init__(self, by: str):
        self._by, self._total = by, Collector()
        self._collectors: dict[Key, Collector] = {}
        self._finished: dict[Key, Summary] = {}

    def add(self, values: np.ndarray, null, ignored, keys) -> None:
        """Add float losses; `null` and `ignored` are boolean masks, `keys` an Arrow array."""
        self._total.add(values, null, ignored)
        codes, labels = _encoded(keys, self._by)
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(labels)))
        values, null, ignored = (None if a is None else a[order] for a in (values, null, ignored))
        start = 0
        for key, end in zip(labels, ends.tolist(), strict=True):
            rows = slice(start, end)
            masks = (None if mask is None else mask[rows] for mask in (null, ignored))
            if end > start:
                self._collector(key).add(values[rows], *masks)
            start = end

    def summary(self) -> GroupedSummary:
        """The summary of everything added so far."""
        self._finish()
        return GroupedSummary._of(self._total.summary(), self._by, dict(self._finished))

    def _collector(self, key: Key) -> Collector:
        if key not in self._collectors and len(self._collectors) == MAX_COLLECTORS:
            self._finish()
        if key not in self._collectors:
            self._collectors[key] = Collector()
        return self._collectors[key]

    def _finish(self) -> None:
        for key, collector in self._collectors.items():
            self._finished[key] = self._finished.get(key, Summary()) | collector.summary()
        self._collectors = {}


def _encoded(keys, by: str) -> tuple[np.ndarray, list[Key]]:
    """The number of each row's group, and the groups' values."""
    import pyarrow as pa
    from pyarrow import types

    array = keys.dictionary_decode() if types.is_dictionary(keys.type) else keys
    if types.is_temporal(array.type):
        array = array.cast(pa.string())
    kinds = (
        types.is_integer,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_null,
    )
    if not any(of_kind(array.type) for of_kind in kinds):
        raise ColumnTypeError(f"column {by!r}: groups are whole numbers, text, booleans or dates, got {array.type}")
    encoded = array.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
