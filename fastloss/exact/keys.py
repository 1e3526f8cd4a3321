"""Values of columns as keys of groups."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TypeAlias

Part: TypeAlias = str | int | float | bool | None
Key: TypeAlias = Part | tuple[Part, ...]  # of one column, of several


def number_key(value: int | float | Decimal) -> Key:
    """A number as a key that is equal for equal numbers of all types, and that JSON can hold."""
    if not math.isfinite(value):
        return str(float(value))
    if is_short(value) and value == int(value):
        return int(value)
    number = float(value)
    return number if isinstance(value, float) or Decimal(repr(number)) == value else str(value)


def is_short(value: int | float | Decimal) -> bool:
    """Whether a number is in the range of the integers of Arrow."""
    return -(1 << 63) <= value < 1 << 64
