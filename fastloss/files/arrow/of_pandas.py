"""Intervals and periods of pandas (`exact.pandas_types`) as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyarrow import types

from fastloss.core.installing import install_library
from fastloss.exact.keys import Key
from fastloss.exact.pandas_types import INTERVAL, NAME, PERIOD, is_of_pandas
from fastloss.files.conditions import Condition
from fastloss.files.errors import ColumnTypeError, ScoringError

BRACKETS = {"left": "[)", "right": "(]", "both": "[]", "neither": "()"}  # by the bounds that an interval includes


def described(field: pa.Field) -> tuple[str, Mapping[str, str]] | None:
    """The name of the type of a column's values, and what is said of it; None if it is none of these."""
    type, metadata = field.type, field.metadata or {}
    if is_of_pandas(type):
        return type.extension_name, json.loads(type.__arrow_ext_serialize__())
    name = metadata.get(NAME, b"").decode(errors="replace")
    return (name, json.loads(metadata[b"ARROW:extension:metadata"])) if name in (INTERVAL, PERIOD) else None


def check_order(field: pa.Field, condition: Condition) -> None:
    """That a condition does not ask for the order of intervals: as texts, (10, 11] is before (9, 10].

    Raises
    ------
    ColumnTypeError
        If it does.
    """
    kind = described(field)
    if kind is not None and kind[0] == INTERVAL and condition.operator not in ("==", "!=", "in"):
        raise ColumnTypeError(
            f"{condition.name}: column {condition.column!r} holds intervals, which ==, != and in compare, "
            "as pandas prints them"
        )


def interval_texts(bounds: Sequence[Key], storage: pa.StructType, closed: str) -> list[Key]:
    """Intervals as pandas prints them, by pairs of keys."""
    opening, closing = BRACKETS[closed]
    is_floating = types.is_floating(storage.field(0).type)
    shown = (lambda key: repr(float(key))) if is_floating else str
    return [None if left is None else f"{opening}{shown(left)}, {shown(right)}{closing}" for left, right in bounds]


def period_texts(ordinals: Sequence[Key], freq: str, by: str) -> list[Key]:
    """Periods as pandas prints them, by their numbers."""
    try:
        import pandas
    except ImportError as error:
        raise ScoringError(f"column {by!r}: periods need pandas: {install_library('pandas')}") from error
    return [None if key is None else str(pandas.Period(ordinal=key, freq=freq)) for key in ordinals]
