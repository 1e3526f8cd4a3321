"""Conditions on rows: their text, and which values meet them beside exact arithmetic in Python."""

import datetime as dt
import operator
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastloss.files import ScoringError
from fastloss.files.arrow.masks import met
from fastloss.files.conditions import OPERATORS, condition_of

COMPARES = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le}
COMPARES |= {">": operator.gt, ">=": operator.ge}
EPOCH = dt.datetime(1970, 1, 1)


@pytest.mark.parametrize(
    ("text", "column", "operator", "values"),
    [
        ("x==3", "x", "==", ["3"]),
        (" day  >=  2026-11-01 ", "day", ">=", ["2026-11-01"]),
        ("t < 2026-11-01 12:30:00", "t", "<", ["2026-11-01 12:30:00"]),
        ("s.f != -1e-3", "s.f", "!=", ["-1e-3"]),
        ("city == New York", "city", "==", ["New York"]),
        ("'my column' == 'it''s'", "my column", "==", ["it's"]),
        ('"a >= b" <= "x, y"', "a >= b", "<=", ["x, y"]),
        ("x == ''", "x", "==", [""]),
        ("x in [1,2 , 'a, b']", "x", "in", ["1", "2", "a, b"]),
        ("x in[a]", "x", "in", ["a"]),
        ("in in [in]", "in", "in", ["in"]),
        ("größe > 5", "größe", ">", ["5"]),
    ],
)
def test_texts(text, column, operator, values):
    condition = condition_of(text)
    found = condition.column, condition.operator, [value.text for value in condition.values]
    assert found == (column, operator, values)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected COLUMN OP VALUE"),
        ("x", "expected COLUMN OP VALUE"),
        ("x = 3", "expected COLUMN OP VALUE"),
        ("my column == 3", "names with spaces"),
        ("== 3", "expected COLUMN OP VALUE"),
        ("x ==", "there is no value after =="),
        ("x in", "there is no value after in"),
        ("x == 'abc", "a quote that opens is never closed"),
        ("'x == abc", "a quote that opens is never closed"),
        ("x in [a, 'b]", "a quote that opens is never closed"),
        ("x in 3", r"in takes a list, \[A, B\]"),
        ("x in [1, 2", r"in takes a list, \[A, B\]"),
        ("x in []", r"a list is \[A, B\]"),
        ("x in [1,]", r"a list is \[A, B\]"),
        ("x in ['a' b]", "expected a comma before 'b'"),
        ("x == [1]", "takes one value"),
        ("x == a and y > 3", "holds signs"),
        ("x == 'a' b", "holds signs"),
    ],
)
def test_texts_that_are_none(text, what):
    with pytest.raises(ScoringError, match=what) as error:
        condition_of(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("text", "type", "expected"),
    [
        ("x == abc", pa.int64(), "a number without quotes, got abc"),
        ("x == '3'", pa.float32(), "a number without quotes, got '3'"),
        ("x > nan", pa.float64(), "a number without quotes, got nan"),
        ("x in [1, b]", pa.decimal128(5, 2), "a number without quotes, got b"),
        ("x < 1e99999999999999999999", pa.int8(), "a smaller exponent"),
        ("x == 1", pa.bool_(), "true or false, got 1"),
        ("x == 'true'", pa.bool_(), "true or false, got 'true'"),
        ("x > 5", pa.date32(), "a date or time"),
        ("x > 2026-02-30", pa.date32(), "a date or time"),
        ("x > 2026-11-01T25:00", pa.timestamp("s"), "a date or time"),
        ("x > 2026-11-01T12:00Z", pa.timestamp("s"), "a time without a zone"),
        ("x > 12", pa.time32("s"), "a time, 12:30:00"),
        ("x > 2026-11-01", pa.timestamp("s", "Nowhere/None"), "Nowhere"),
        ("x == 1", pa.list_(pa.int8()), "conditions are on numbers"),
        ("x == 1", pa.duration("s"), "a duration, PT90S"),
        ("x == P", pa.duration("s"), "a duration, PT90S"),
        ("x == PT", pa.duration("s"), "a duration, PT90S"),
        ("x == P1DT", pa.duration("s"), "a duration, PT90S"),
        ("x > 12000-02-30", pa.timestamp("s"), "a date or time"),
    ],
)
def test_values_that_do_not_fit(text, type, expected):
    with pytest.raises(ScoringError, match=expected) as error:
        met(pa.nulls(2, type), condition_of(text))
    assert isinstance(error.value, TypeError)
    assert repr(text) in str(error.value)
    assert str(type) in str(error.value)


# ---- values beside Python's ------------------------------------------------------------------------------------------


def expected(values, name, bounds):
    """Which values meet a condition: null does not, NaN only !=."""
    if name == "in":
        return [value is not None and value in bounds for value in values]
    return [value is not None and COMPARES[name](value, bounds[0]) for value in values]


def check(array, exact, name, texts, bounds):
    """`exact` are the values of an array, `bounds` those of texts, as Python compares them."""
    value = f"[{', '.join(texts)}]" if name == "in" else texts[0]
    condition = condition_of(f"x {name} {value}")
    assert met(array, condition).to_pylist() == expected(exact, name, bounds)
    codes = pa.array(range(len(array)), pa.int32())
    assert met(pa.DictionaryArray.from_arrays(codes, array), condition).to_pylist() == expected(exact, name, bounds)
    sliced = pa.concat_arrays([array[:1], array])[1:]
    assert met(sliced, condition).to_pylist() == expected(exact, name, bounds)


def near(values, step):
    """Texts of numbers beside some of the values, and others."""
    around = st.sampled_from([*values, 0]).flatmap(lambda v: st.sampled_from([v, v + step, v - step, v + step / 3]))
    return around | st.sampled_from([Fraction(10) ** 40, Fraction(-(10**40)), Fraction(1, 10**30)])


def decimal_text(number, digits=60):
    """A fraction cut after so many digits, and its exact value."""
    scaled = int(number * 10**digits)
    text = f"{'-' * (scaled < 0)}{abs(scaled) // 10**digits}.{abs(scaled) % 10**digits:0{digits}}"
    return text, Fraction(scaled, 10**digits)


INTEGERS = [pa.int8(), pa.uint8(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64()]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(INTEGERS), st.sampled_from(OPERATORS))
def test_integers_are_exact(data, type, name):
    bounds = np.iinfo(type.to_pandas_dtype())
    least, most = int(bounds.min), int(bounds.max)
    numbers = st.integers(least, most) | st.sampled_from([least, most, most - 1, min(most, 2**53 + 1)])
    values = data.draw(st.lists(st.none() | numbers, min_size=1, max_size=8))
    present = [Fraction(v) for v in values if v is not None]
    given = [decimal_text(data.draw(near(present, Fraction(1)))) for _ in range(2)]
    texts, exact = zip(*given, strict=True)
    check(pa.array(values, type), values, name, texts, exact)


@settings(max_examples=100, deadline=None)
@given(
    st.data(),
    st.sampled_from([(9, 2, 32), (18, 3, 64), (38, 5, 128), (38, 0, 128), (70, 6, 256)]),
    st.sampled_from(OPERATORS),
)
def test_decimals_are_exact(data, form, name):
    precision, scale, bits = form
    type = getattr(pa, f"decimal{bits}")(precision, scale)
    largest = 10**precision - 1
    units = data.draw(st.lists(st.none() | st.integers(-largest, largest), min_size=1, max_size=8))
    exact = [None if u is None else Fraction(u, 10**scale) for u in units]
    written = [None if u is None else Decimal((int(u < 0), Decimal(abs(u)).as_tuple().digits, -scale)) for u in units]
    given = [
        decimal_text(data.draw(near([e for e in exact if e is not None], Fraction(1, 10**scale)))) for _ in range(2)
    ]
    texts, bounds = zip(*given, strict=True)
    check(pa.array(written, type), exact, name, texts, bounds)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([16, 32, 64]), st.sampled_from(OPERATORS))
def test_floats_compare_with_the_nearest_float(data, width, name):
    values = data.draw(st.lists(st.none() | st.floats(width=width), min_size=1, max_size=8))
    bound = data.draw(st.sampled_from([v for v in values if v is not None and v == v] + [0.1, -0.0, 3.0]))
    to = np.dtype(f"f{width // 8}").type
    array = pa.array([None if v is None else to(v) for v in values], pa.from_numpy_dtype(to))
    check(array, [None if v is None else float(to(v)) for v in values], name, [repr(bound)], [float(to(bound))])


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["string", "large_string", "string_view"]), st.sampled_from(OPERATORS))
def test_texts_compare_as_texts(data, type, name):
    letters = st.text("a1 é'\"[z\U0001f600", max_size=3)
    values = data.draw(st.lists(st.none() | letters, min_size=1, max_size=8))
    bounds = [data.draw(st.sampled_from([v for v in values if v is not None] or ["a"]) | letters) for _ in range(2)]
    texts = ["'" + bound.replace("'", "''") + "'" for bound in bounds]
    check(pa.array(values, getattr(pa, type)()), values, name, texts, bounds)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["s", "ms", "us", "ns"]), st.sampled_from(OPERATORS))
def test_instants_are_exact(data, unit, name):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    ticks = st.integers(-(10**9) * per_second, 2 * 10**9 * per_second)
    values = data.draw(st.lists(st.none() | ticks, min_size=1, max_size=8))
    present = [v for v in values if v is not None] or [0]
    nanos = [
        data.draw(st.sampled_from(present)) * (10**9 // per_second) + data.draw(st.sampled_from([0, 1, -1]))
        for _ in range(2)
    ]
    texts = [f"{EPOCH + dt.timedelta(seconds=n // 10**9):%Y-%m-%dT%H:%M:%S}.{n % 10**9:09}" for n in nanos]
    exact = [None if v is None else Fraction(v, per_second) for v in values]
    array = pa.array(values, pa.int64()).cast(pa.timestamp(unit))
    check(array, exact, name, texts, [Fraction(n, 10**9) for n in nanos])
    zoned = pa.array(values, pa.int64()).cast(pa.timestamp(unit, "Asia/Tokyo"))
    if min(nanos) > 0:  # since then its hours are those of today
        check(zoned, exact, name, texts, [Fraction(n, 10**9) - 9 * 3600 for n in nanos])
    check(zoned, exact, name, [text + "+02:30" for text in texts], [Fraction(n, 10**9) - 9000 for n in nanos])


@pytest.mark.parametrize("type", [pa.date32(), pa.date64()])
def test_dates(type):
    days = [dt.date(2026, 10, 31), dt.date(2026, 11, 1), None, dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    array = pa.array(days, type)
    for name in COMPARES:
        check(array, days, name, ["2026-11-01"], [dt.date(2026, 11, 1)])
        check(array, days, name, ["'2026-11-01'"], [dt.date(2026, 11, 1)])
    noon = condition_of("x > 2026-10-31T12:00")
    assert met(array, noon).to_pylist() == [False, True, False, False, True]
    assert met(array, condition_of("x == 2026-11-01T12:00")).to_pylist() == [False] * 5


def test_times_and_booleans():
    times = [dt.time(12, 29, 59, 999), dt.time(12, 30), None]
    for name in COMPARES:
        check(pa.array(times, pa.time64("us")), times, name, ["12:30"], [dt.time(12, 30)])
        check(pa.array([True, False, None]), [True, False, None], name, ["true"], [True])


def test_a_zone_that_skips_and_repeats_an_hour():
    zoned = pa.array([1774746000 + 3600 * i for i in range(-3, 4)], pa.timestamp("s", "Europe/Berlin"))
    later = condition_of("x >= 2026-03-29T03:00")  # where 02:00 is 03:00
    assert met(zoned, later).to_pylist() == [False] * 3 + [True] * 4


def test_odd_columns():
    assert met(pa.nulls(2), condition_of("x != 3")).to_pylist() == [False, False]
    ends = pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), pa.array([5, None], pa.int8()))
    assert met(ends, condition_of("x == 5")).to_pylist() == [True, False, False]
    assert met(pa.array([b"a", b"\xff", None]), condition_of("x > a")).to_pylist() == [False, True, False]
    zeros = pa.array([0.0, -0.0, struct.unpack("<d", b"\1" + b"\0" * 7)[0]])
    for name in ("== 0", "in [0]", "in [-0.0, 5]", ">= 0", "<= -0"):
        assert met(zeros, condition_of(f"x {name}")).to_pylist()[:2] == [True, True], name


@pytest.mark.parametrize("year", [-1, 0, 9999, 10000, 11103, 290000])
def test_years_that_datetime_does_not_have(year):
    first = int(np.datetime64(f"{year:05}-03-01" if year < 0 else f"{year:04}-03-01", "s").astype(int))
    ticks = [first - 1, first, None, first + 86399, first + 86400]
    array = pa.array(ticks, pa.int64()).cast(pa.timestamp("s"))
    text = f"-{-year:04}-03-01" if year < 0 else f"{year:04}-03-01"
    for name in COMPARES:
        check(array, ticks, name, [text], [first])


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(["s", "ms", "us", "ns"]), st.sampled_from(OPERATORS))
def test_durations_are_exact(data, unit, name):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    ticks = st.integers(-(10**6) * per_second, 10**6 * per_second)
    values = data.draw(st.lists(st.none() | ticks, min_size=1, max_size=8))
    present = [Fraction(v, per_second) for v in values if v is not None] or [Fraction(0)]
    bounds = [data.draw(st.sampled_from(present)) + Fraction(data.draw(st.integers(-1, 1)), 10**9) for _ in range(2)]
    seconds = [decimal_text(abs(bound), 9)[0] for bound in bounds]
    texts = [f"{'-' * (bound < 0)}PT{text}S" for bound, text in zip(bounds, seconds, strict=True)]
    exact = [None if v is None else Fraction(v, per_second) for v in values]
    check(pa.array(values, pa.duration(unit)), exact, name, texts, bounds)


def test_durations_as_iso_8601_has_them():
    lasting = pa.array([-90, 3600, 93784, 86400], pa.duration("s"))
    for text, expected in {"-PT1M30S": 0, "PT1H": 1, "P1DT2H3M4S": 2, "P1D": 3, "PT24H": 3}.items():
        assert met(lasting, condition_of(f"x == {text}")).to_pylist() == [i == expected for i in range(4)], text


@pytest.mark.skipif(not hasattr(pa, "bool8"), reason="a pyarrow without bool8")
def test_booleans_of_a_byte():
    held = [True, False, None]
    array = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([2, 0, None], pa.int8()))
    for name in COMPARES:
        check(array, held, name, ["true"], [True])
