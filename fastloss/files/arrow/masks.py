"""Which values of a column meet a condition, and which bounds tell that none does.

Values on a grid - integers, booleans, decimals, dates and times - are compared exactly, as whole numbers of its unit:
a bound between two of them is the next one. Floats are compared with the float that is nearest to what is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from fastloss.files.arrow import columns
from fastloss.files.conditions import Condition, Value
from fastloss.files.errors import ColumnTypeError, one_line

COMPARISONS = {
    "==": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAY = 86400
EPOCH = date(1970, 1, 1)
DAYS_OF_400_YEARS = 146097
_CLOCK = r"(?P<clock>(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<digits>\d{1,18}))?)?)"
_TIME = re.compile(_CLOCK, re.ASCII)
_INSTANT = re.compile(
    rf"(?P<year>-?\d{{4,6}})-(?P<month>\d\d)-(?P<day>\d\d)"
    rf"(?:[T ]{_CLOCK}\s?(?P<zone>Z|(?P<sign>[-+])(?P<h>\d\d)(?::?(?P<m>\d\d))?)?)?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(?P<sign>-?)P(?=.)(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)


def met(array: pa.Array, condition: Condition) -> pa.BooleanArray:
    """Which values meet a condition; null does not.

    Raises
    ------
    ColumnTypeError
        If the type of the array cannot be compared with what the condition has.
    """
    if types.is_dictionary(array.type):
        return pc.fill_null(met(array.dictionary, condition).take(array.indices), False)
    array = columns.decoded(array)
    if types.is_null(array.type):
        return pc.is_valid(array)
    try:
        found = _kind_of(array.type, condition)(array, condition)
    except pa.ArrowException as error:  # a type that pyarrow does not compare, a time zone that is not known
        raise ColumnTypeError(f"{_place(condition, array.type)}: {one_line(error)}") from error
    return pc.and_(pc.fill_null(found, False), pc.is_valid(array))


def may_be_met(condition: Condition, least: pa.Array, greatest: pa.Array, exact: np.ndarray) -> np.ndarray:
    """For each pair of bounds, null where there is none, whether a value between them may meet a condition.

    `exact` says of which pairs the bounds are values themselves, as those of long texts need not be. NaN is between
    any bounds.
    """

    def may(operator: str, bounds: pa.Array, condition: Condition = condition) -> np.ndarray:
        found = pc.or_(met(bounds, replace(condition, operator=operator)), pc.is_null(bounds))
        return columns.numbers(found)[0]

    operator = condition.operator
    if operator in ("==", "in"):
        each = [may("<=", least, one) & may(">=", greatest, one) for one in condition.alternatives]
        return np.logical_or.reduce(each)
    if operator == "!=":
        if types.is_floating(least.type):
            return np.ones(len(least), bool)
        return may("!=", least) | may("!=", greatest) | ~exact
    return may(operator, least if operator in ("<", "<=") else greatest)


# ---- kinds of columns ------------------------------------------------------------------------------------------------


def _kind_of(type: pa.DataType, condition: Condition) -> Callable[[pa.Array, Condition], pa.Array]:
    if types.is_floating(type):
        return _of_floats
    if columns.is_text(type):
        return _of_texts
    is_time = types.is_date(type) or types.is_timestamp(type) or types.is_time(type) or types.is_duration(type)
    if types.is_integer(type) or types.is_boolean(type) or types.is_decimal(type) or is_time:
        return _of_grid
    kinds = "numbers, text, booleans, dates, times and durations"
    raise ColumnTypeError(f"{_place(condition, type)}: conditions are on {kinds}")


def _of_texts(array: pa.Array, condition: Condition) -> pa.Array:
    """Byte by byte, which for UTF-8 is character by character."""
    if not (types.is_large_binary(array.type) or types.is_binary(array.type)):
        is_view = types.is_string_view(array.type) or types.is_binary_view(array.type)
        array = array.cast(pa.large_binary() if is_view or types.is_large_string(array.type) else pa.binary())
    return _compared(array, condition.operator, [value.text.encode() for value in condition.values])


def _of_floats(array: pa.Array, condition: Condition) -> pa.Array:
    to = np.dtype(array.type.to_pandas_dtype()).type
    with np.errstate(over="ignore"):
        values = [float(to(float(_number(value, condition, array.type)))) for value in condition.values]
    if types.is_float16(array.type):  # which pyarrow does not compare
        array = array.cast(pa.float32())
    if condition.operator == "in" and 0.0 in values:
        values += [0.0, -0.0]  # which pyarrow tells from one another in lists
    return _compared(array, condition.operator, values)


def _compared(array: pa.Array, operator: str, values: Sequence) -> pa.Array:
    if operator == "in":
        return pc.is_in(array, pa.array(values, array.type))
    return COMPARISONS[operator](array, pa.scalar(values[0], array.type))


# ---- grids -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    """The whole numbers that a column may hold, and how one is written in its type."""

    least: int
    greatest: int
    scale: int = 0

    def floor(self, value: Decimal | Fraction | int) -> int:
        """The last number up to a value; one less than the least where there is none."""
        return self.least - 1 if value < self.least else self.greatest if value > self.greatest else math.floor(value)

    def ceil(self, value: Decimal | Fraction | int) -> int:
        """The first number from a value on; one more than the greatest where there is none."""
        return self.greatest + 1 if value > self.greatest else self.least if value < self.least else math.ceil(value)

    def scalar(self, number: int, type: pa.DataType) -> pa.Scalar:
        if not types.is_decimal(type):
            return pa.scalar(number, type)
        sign, digits, _ = Decimal(number).as_tuple()
        return pa.scalar(Decimal((sign, digits, -self.scale)), type)

    def between(self, array: pa.Array, first: int, last: int) -> pa.Array:
        """Which numbers of an array are between two, both included."""
        first, last = max(first, self.least), min(last, self.greatest)
        if first > last:
            return pa.repeat(False, len(array))
        if first == last:
            return pc.equal(array, self.scalar(first, array.type))
        found = pa.repeat(True, len(array))
        if first > self.least:
            found = pc.greater_equal(array, self.scalar(first, array.type))
        if last < self.greatest:
            found = pc.and_(found, pc.less_equal(array, self.scalar(last, array.type)))
        return found


def _of_grid(array: pa.Array, condition: Condition) -> pa.Array:
    values = [_on_grid(value, condition, array.type) for value in condition.values]
    array, grid = _grid_of(columns.wide_decimals(array))
    if condition.operator == "in":
        found = [grid.floor(value) for value in values if grid.least <= value <= grid.greatest and value == int(value)]
        return pc.is_in(array, pa.array([grid.scalar(n, array.type) for n in found], array.type))
    below, above = grid.floor(values[0]), grid.ceil(values[0])
    match condition.operator:
        case "<":
            return grid.between(array, grid.least, above - 1)
        case "<=":
            return grid.between(array, grid.least, below)
        case ">":
            return grid.between(array, below + 1, grid.greatest)
        case ">=":
            return grid.between(array, above, grid.greatest)
        case "==":
            return grid.between(array, above, below)
    return pc.invert(grid.between(array, above, below))


def _grid_of(array: pa.Array) -> tuple[pa.Array, Grid]:
    """An array as numbers of its grid: integers, or decimals."""
    type = array.type
    if types.is_decimal(type):
        largest = 10**type.precision - 1
        return array, Grid(-largest, largest, type.scale)
    if types.is_boolean(type):
        array = array.cast(pa.uint8())
    elif types.is_temporal(type):
        array = array.view(pa.int32() if type.bit_width == 32 else pa.int64())
    bounds = np.iinfo(array.type.to_pandas_dtype())
    return array, Grid(int(bounds.min), int(bounds.max))


def _on_grid(value: Value, condition: Condition, type: pa.DataType) -> Decimal | Fraction | int:
    """A value in the units of a type."""
    if types.is_boolean(type):
        if value.kind != "booleans":
            raise _misfit(value, condition, type, "true or false")
        return int(value.text.lower() == "true")
    if types.is_integer(type) or types.is_decimal(type):
        number = _number(value, condition, type)
        if types.is_integer(type) or not number.is_finite():
            return number
        sign, digits, exponent = number.as_tuple()
        return Decimal((sign, digits, exponent + type.scale))
    if types.is_time(type):
        match = _TIME.fullmatch(value.text)
        if match is None or not _is_of_a_day(match):
            raise _misfit(value, condition, type, "a time, 12:30:00")
        return _seconds(match) * PER_SECOND[type.unit]
    if types.is_duration(type):
        return _duration(value, condition, type) * PER_SECOND[type.unit]
    seconds = _instant(value, condition, type)
    if types.is_date(type):
        return seconds / DAY if types.is_date32(type) else seconds * PER_SECOND["ms"]
    return seconds * PER_SECOND[type.unit]


# ---- values ----------------------------------------------------------------------------------------------------------


def _number(value: Value, condition: Condition, type: pa.DataType) -> Decimal:
    try:
        if value.kind == "numbers" and not (number := Decimal(value.text)).is_nan():
            return number
    except InvalidOperation as error:  # an exponent of twenty digits
        raise _misfit(value, condition, type, "a smaller exponent") from error
    raise _misfit(value, condition, type, "a number without quotes")


def _instant(value: Value, condition: Condition, type: pa.DataType) -> Fraction:
    """Seconds since 1970; without a zone in that of the column."""
    match = _INSTANT.fullmatch(value.text)
    days = _days(int(match["year"]), int(match["month"]), int(match["day"])) if match else None
    if days is None or (match["clock"] and not _is_of_a_day(match)):
        raise _misfit(value, condition, type, "a date or time, 2026-11-01 or 2026-11-01T12:30:00")
    seconds = days * DAY + (_seconds(match) if match["clock"] else Fraction(0))
    zone = type.tz if types.is_timestamp(type) else None
    if match["zone"]:
        if zone is None:
            raise _misfit(value, condition, type, "a time without a zone, as the column has none")
        offset = int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60
        return seconds + (offset if match["sign"] == "-" else -offset)
    if zone is None:
        return seconds
    local = pa.scalar(math.floor(seconds), pa.timestamp("s"))
    instant = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="earliest")
    return seconds + (instant.value - local.value)


def _days(year: int, month: int, day: int) -> int | None:
    """Those since 1970, of any year; None where the calendar has no such day."""
    cycles, of_cycle = divmod(year - 2000, 400)
    try:
        return (date(2000 + of_cycle, month, day) - EPOCH).days + cycles * DAYS_OF_400_YEARS
    except ValueError:
        return None


def _duration(value: Value, condition: Condition, type: pa.DataType) -> Fraction:
    """Seconds of a duration, as ISO 8601 and our outputs have it."""
    match = _DURATION.fullmatch(value.text)
    if match is None:
        raise _misfit(value, condition, type, "a duration, PT90S or P1DT2H30M")
    days, hours, minutes, seconds = (Fraction(match[part] or 0) for part in ("days", "hours", "minutes", "seconds"))
    whole = days * DAY + hours * 3600 + minutes * 60 + seconds
    return -whole if match["sign"] else whole


def _is_of_a_day(match: re.Match) -> bool:
    return int(match["hour"]) < 24 and int(match["minute"]) < 60 and int(match["second"] or 0) < 60


def _seconds(match: re.Match) -> Fraction:
    """Those since midnight."""
    whole = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + int(match["second"] or 0)
    digits = match["digits"] or "0"
    return whole + Fraction(int(digits), 10 ** len(digits))


def _misfit(value: Value, condition: Condition, type: pa.DataType, expected: str) -> ColumnTypeError:
    shown = repr(value.text) if value.is_quoted else value.text
    return ColumnTypeError(f"{_place(condition, type)}, expected {expected}, got {shown}")


def _place(condition: Condition, type: pa.DataType) -> str:
    return f"{condition.name}: column {condition.column!r} holds {type}"
