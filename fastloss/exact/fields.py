"""Fields of CSV text as numbers, dates and so on, and which of these a column holds.

A carried column is of another type than text only if that loses nothing: 007, +49 and 0x1F are text, and so are whole
numbers that the column's type would round.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from fastloss.exact import state
from fastloss.exact.spelling import SPELLING, Spelling, spelling

# What pandas takes for NaN and for booleans, beside what Arrow reads as numbers.
NUMBERS = {"True": "1", "true": "1", "TRUE": "1", "False": "0", "false": "0", "FALSE": "0"}
NUMBERS |= dict.fromkeys(("-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"), "nan")
BOOLEANS = [text for text, number in NUMBERS.items() if number != "nan"]

NANS = ("nan", "NaN", "-nan", "-NaN")  # Arrow also takes NAN and nan(1), which are text to pandas

FIRST = 64
EXACT = 1 << 53  # whole numbers up to it are exact in float64


def numbers(text: pa.Array, options: Spelling) -> pa.Array:
    """Fields as float64; True is 1, False is 0.

    Raises
    ------
    pa.ArrowInvalid
        If one is no number.
    """
    text = _digits(_present(pc.ascii_trim_whitespace(text), options), options)
    spelled = pa.array(NUMBERS.values(), text.type).take(pc.index_in(text, pa.array(NUMBERS, text.type)))
    return pc.coalesce(spelled, text).cast(pa.float64())


def whole_numbers(text: pa.Array, options: Spelling) -> pa.Array | None:
    """Of fields that are `numbers`, those which float64 may round as decimals, the others as null; None without any."""
    text = _digits(pc.ascii_trim_whitespace(text), options)
    is_whole = pc.match_substring_regex(text, r"^[-+]?[0-9]{16,38}$")
    if not pc.any(is_whole).as_py():
        return None
    return pc.if_else(is_whole, text, pa.scalar(None, text.type)).cast(pa.decimal128(38, 0))


def instants(text: pa.Array, options: Spelling, zone: str | None) -> pa.Array:
    """Dates and times, which have a zone or not.

    Raises
    ------
    pa.ArrowInvalid
        If one is something else.
    """
    text = _present(pc.ascii_trim_whitespace(text), options)
    try:
        return text.cast(pa.timestamp("us", zone))
    except pa.ArrowInvalid:
        return text.cast(pa.timestamp("ns", zone))


def first_wrong(convert: Callable[[pa.Array], pa.Array], array: pa.Array) -> int:
    """The first element that cannot be converted, of an array that has one."""
    start, stop = 0, len(array)
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            convert(array.slice(start, middle - start))
            start = middle
        except pa.ArrowInvalid:
            stop = middle
    return start


class Column:
    """Of which type a column is, from all of its fields; the order in which they are added does not matter."""

    metadata: dict | None = None

    def __init__(self, options: Spelling):
        self._options, self._kinds = options, tuple(KINDS)

    def add(self, text: pa.Array) -> None:
        """Add fields."""
        if self._kinds and text.null_count < len(text):
            present = _present(text, self._options) if len(self._kinds) == len(KINDS) else text
            if present.null_count < len(text):
                fits = next((name for name in self._kinds if self._holds(name, present)), None)
                self._kinds = tuple(name for name in self._kinds if fits and name in KINDS[fits].wider)

    def __or__(self, other: Column) -> Column:
        """The column that has the fields of both."""
        both = Column(self._options)
        both._kinds = tuple(name for name in self._kinds if name in other._kinds)
        return both

    @property
    def type(self) -> pa.DataType:
        """The narrowest type that holds them all; null if there are none."""
        if not self._kinds:
            return pa.string()
        return pa.null() if len(self._kinds) == len(KINDS) else KINDS[self._kinds[0]].type

    def convert(self, text: pa.Array) -> pa.Array:
        """Fields that were added, in the column's type."""
        if not self._kinds:
            return text
        if len(self._kinds) == len(KINDS):
            return pa.nulls(len(text))
        return self._converted(self._kinds[0], text)

    def _holds(self, name: str, text: pa.Array) -> bool:
        try:  # a few first, for Arrow takes a microsecond for each that it cannot cast
            self._converted(name, text[:FIRST])
            self._converted(name, text)
        except pa.ArrowInvalid:
            return False
        return True

    def _converted(self, name: str, text: pa.Array) -> pa.Array:
        convert, options = KINDS[name].convert, self._options
        if not options.null:  # which may look like a number
            try:
                return convert(text, options)
            except pa.ArrowInvalid:
                pass
        text = _present(text, options)
        return convert(pc.ascii_trim_whitespace(text) if name in NUMERIC else text, options)


class Texts(Column):
    """Fields as they are written, so that later their types may be those of others beside them."""

    def __init__(self, options: Spelling):
        self._options, self._kinds = options, ()
        told = {name: getattr(options, name) for name in ("decimal", "thousands", "null")}
        self.metadata = {SPELLING: json.dumps(told).encode()}


def typed(column: pa.Array, field: pa.Field) -> pa.Array:
    """A column of `Texts` in the narrowest type that holds all of its fields; another column as it is.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    if spelling(field) is None:
        return column
    names = ("decimal", "thousands", "null")
    told = state.mapping(state.parse(field.metadata[SPELLING]), "the spelling of a column", names)
    decimal = state.text(told["decimal"], "decimal")
    thousands = None if told["thousands"] is None else state.text(told["thousands"], "thousands")
    null = tuple(state.text(one, "null") for one in state.sequence(told["null"], "the spellings of null"))
    if not types.is_string(field.type) or "" in (decimal, thousands):
        raise ValueError("a column of texts is none, or its numbers have an empty mark")
    of_all = Column(Spelling(decimal, thousands, null))
    of_all.add(column)
    return of_all.convert(column)


@dataclass(frozen=True)
class Kind:
    """What the fields of a column may be.

    `convert` makes an array of `type` of them, or raises ArrowInvalid; what is of this kind is of those in `wider` too.
    """

    type: pa.DataType
    convert: Callable[[pa.Array, Spelling], pa.Array]
    wider: tuple[str, ...]


def _present(text: pa.Array, options: Spelling) -> pa.Array:
    """Fields, null where one spells null."""
    return pc.if_else(pc.is_in(text, pa.array(options.nulls, text.type)), pa.scalar(None, text.type), text)


def _digits(text: pa.Array, options: Spelling) -> pa.Array:
    """Numbers as Arrow reads them: a decimal point, no groups of digits."""
    if options.thousands is not None:
        mark, point = re.escape(options.thousands), re.escape(options.decimal)
        grouped = pc.match_substring_regex(text, rf"^[-+]?\d{{1,3}}({mark}\d{{2,3}})*{mark}\d{{3}}({point}\d*)?$")
        text = pc.if_else(grouped, pc.replace_substring(text, options.thousands, ""), text)
    if options.decimal != ".":
        text = pc.replace_substring(text, ".", "?")  # which is in no number
        text = pc.replace_substring(text, options.decimal, ".")
    return text


def _large(text: pa.Array, options: Spelling) -> pa.Array:
    text = _digits(text, options)
    found = text.cast(pa.int64())
    _refuse_leading_zero(text)
    _refuse(text.filter(pc.equal(found, 0)), r"^-")
    return found


def _whole(text: pa.Array, options: Spelling) -> pa.Array:
    found = _large(text, options)
    if pc.any(pc.or_(pc.greater_equal(found, EXACT), pc.less_equal(found, -EXACT))).as_py():
        raise pa.ArrowInvalid("large")
    return found


def _fraction(text: pa.Array, options: Spelling) -> pa.Array:
    text = _digits(text, options)
    found = text.cast(pa.float64())
    _refuse_leading_zero(text)
    _refuse(text.filter(pc.starts_with(text, "+")), r"^\+[0-9]+$")
    _refuse(text.filter(pc.greater_equal(pc.abs(found), float(EXACT))), r"^[-+]?[0-9]+$")
    _refuse(text.filter(pc.is_inf(found)), r"[0-9]")  # 1e400
    if not pc.all(pc.is_in(text.filter(pc.is_nan(found)).drop_null(), pa.array(NANS, text.type)), min_count=0).as_py():
        raise pa.ArrowInvalid("no number")
    return found


def _refuse_leading_zero(text: pa.Array) -> None:
    """Refuse 007, -00.5 and 0x1F; in NumPy, as a regular expression takes longer than the conversion."""
    _, offsets, data = text.buffers()
    offsets = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
    data = np.frombuffer(data or b"", np.uint8)
    starts, ends = offsets[:-1], offsets[1:]
    starts, ends = starts[starts < ends], ends[starts < ends]
    starts = starts + ((data[starts] == ord("-")) | (data[starts] == ord("+")))
    starts = starts[ends - starts >= 2]
    zeros = starts[data[starts] == ord("0")]
    after = data[zeros + 1]
    if (((after >= ord("0")) & (after <= ord("9"))) | ((after | 0x20) == ord("x"))).any():
        raise pa.ArrowInvalid("it would lose the zero")


def _boolean(text: pa.Array, options: Spelling) -> pa.Array:
    if not pc.all(pc.is_in(text.drop_null(), pa.array(BOOLEANS, text.type))).as_py():
        raise pa.ArrowInvalid("no boolean")
    return text.cast(pa.bool_())


def _time(text: pa.Array, options: Spelling) -> pa.Array:
    _refuse(text, r"^[^:]*$")  # 07 would be an hour
    return pc.binary_join_element_wise("1970-01-01", text, " ").cast(pa.timestamp("s")).cast(pa.time32("s"))


def _refuse(text: pa.Array, pattern: str) -> None:
    if pc.any(pc.match_substring_regex(text, pattern)).as_py():
        raise pa.ArrowInvalid("it would lose something")


def _cast(type: pa.DataType) -> Callable[[pa.Array, Spelling], pa.Array]:
    return lambda text, options: text.cast(type)


def _near(type: pa.DataType) -> Callable[[pa.Array, Spelling], pa.Array]:
    """Instants that nanoseconds in 64 bits reach too."""

    def convert(text, options):
        found = text.cast(type)
        first, last = pc.min_max(pc.year(found)).values()
        if first.is_valid and (first.as_py() < 1678 or last.as_py() > 2261):
            raise pa.ArrowInvalid("far")
        return found

    return convert


def _instants(name: str, zone: str | None) -> dict[str, Kind]:
    seconds, nanoseconds = pa.timestamp("s", zone), pa.timestamp("ns", zone)
    near, far, fine = name, f"far {name}", f"fine {name}"
    return {
        near: Kind(seconds, _near(seconds), (near, far, fine)),
        far: Kind(seconds, _cast(seconds), (far,)),
        fine: Kind(nanoseconds, _cast(nanoseconds), (fine,)),
    }


# From narrow to wide.
KINDS = {
    "whole": Kind(pa.int64(), _whole, ("whole", "large", "fraction")),
    "large": Kind(pa.int64(), _large, ("large",)),
    "fraction": Kind(pa.float64(), _fraction, ("fraction",)),
    "boolean": Kind(pa.bool_(), _boolean, ("boolean",)),
    "date": Kind(pa.date32(), _near(pa.date32()), ("date", "far date", "instant", "far instant", "fine instant")),
    "far date": Kind(pa.date32(), _cast(pa.date32()), ("far date", "far instant")),
    **_instants("instant", None),
    **_instants("instant of a zone", "UTC"),
    "time": Kind(pa.time32("s"), _time, ("time",)),
}
NUMERIC = ("whole", "large", "fraction")  # which may have white space around them, as in pandas
