"""The exact summary against rational arithmetic, and its independence of how the rows were cut."""

import base64
import itertools
import json
import math
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastloss.exact.buckets import Buckets, merged_all
from fastloss.exact.collectors import Collector, ColumnsCollector
from fastloss.exact.groups import GroupCollector, GroupedSummary
from fastloss.exact.state import FORMAT, sealed
from fastloss.files import Summary

finite = st.floats(allow_nan=False, allow_infinity=False)
losses = st.lists(st.floats() | st.sampled_from([0.0, -0.0, 1.0, 5e-324, -2.2e-308]), max_size=60)


def summary(values, dtype=float, **masks):
    return Summary.of(np.array(values, dtype), **masks)


def rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@given(st.lists(finite, min_size=1, max_size=60))
@example([1e308, 1e308, -1e308])
@example([1e100, 1.0, -1e100])
@example([5e-324] * 3)
@example([2.0**53, 1.0, 1.0])
@settings(deadline=None)
def test_sum_and_mean_are_exact_and_rounded_once(values):
    exact = sum(map(Fraction, values))
    got = summary(values)
    assert got.sum == rounded(exact)
    assert got.mean == rounded(exact / len(values))
    assert (got.count, got.min, got.max) == (len(values), min(values), max(values))


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=60))
@example([(1e308, 1.0), (-1e308, 1e308)])
@example([(5e-324, 5e-324), (-5e-324, 3.0), (2.0**-1022, 2.0**-1074)])
@example([(1.7e308, 1.7e308)] * 3)
@example([(np.nextafter(2.0, 1.0), np.nextafter(2.0, 1.0))] * 40)
@settings(deadline=None)
def test_squares_and_weighted_sums_are_exact_and_rounded_once(pairs):
    values, weights = [value for value, _ in pairs], [abs(weight) for _, weight in pairs]
    got = summary(values, sample_weight=np.array(weights))
    total = sum(map(Fraction, weights))
    weighted = sum(Fraction(w) * Fraction(v) for w, v in zip(weights, values, strict=True))
    assert got.sum_of_squares == rounded(sum(Fraction(value) ** 2 for value in values))
    assert (got.sum_of_weights, got.weighted_sum) == (rounded(total), rounded(weighted))
    assert got.weighted_mean == (rounded(weighted / total) if total else None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squares_and_weighted_sums_of_many(dtype):
    rng = np.random.default_rng(0)
    values = (rng.lognormal(0, 15, 20_000) * rng.choice([-1, 1], 20_000)).astype(dtype)
    weights = rng.lognormal(0, 15, 20_000).astype(dtype)
    got = Summary.of(values, sample_weight=weights)
    exact = [Fraction(v) for v in values.tolist()], [Fraction(w) for w in weights.tolist()]
    assert got.sum_of_squares == float(sum(v * v for v in exact[0]))
    assert got.weighted_sum == float(sum(v * w for v, w in zip(*exact, strict=True)))
    assert got.sum_of_weights == float(sum(exact[1]))


def test_without_weights_every_row_has_the_weight_1():
    values = np.random.default_rng(1).lognormal(0, 5, 1000)
    values[::7] = np.nan
    got, ones = Summary.of(values), Summary.of(values, sample_weight=np.ones(1000))
    assert got.to_json() == ones.to_json() and got != ones
    assert got.sum_of_weights == got.count and got.weighted_sum == got.sum
    assert (got | ones).to_json() == (ones | got).to_json() == (ones | ones).to_json()


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        ([math.inf, 1], [0, 2], (2, 2.0, 2.0, 1.0)),  # without a weight it adds nothing
        ([math.inf, 1], [3, 2], (2, 5.0, math.inf, math.inf)),
        ([-math.inf, 1], [3, 2], (2, 5.0, -math.inf, -math.inf)),
        ([math.inf, -math.inf], [3, 2], (2, 5.0, None, None)),
        ([math.nan, 1], [3, 2], (1, 2.0, 2.0, 1.0)),
        ([5, 1], [0, 0], (2, 0.0, 0.0, None)),
    ],
)
def test_weights_of_what_is_not_finite(values, weights, expected):
    got = summary(values, sample_weight=np.array(weights, float))
    shown = json.loads((got | Summary()).to_json())
    of_json = {"inf": math.inf, "-inf": -math.inf}
    fields = [shown[name] for name in ("count", "sum_of_weights", "weighted_sum", "weighted_mean")]
    assert tuple(of_json.get(field, field) for field in fields) == expected
    assert got.infinite == shown["infinite"] == sum(map(math.isinf, values))
    assert Summary.from_dict(json.loads(json.dumps(got.to_dict()))) == got


def test_sum_of_float32_is_that_of_the_values_as_stored():
    values = np.random.default_rng(0).lognormal(0, 20, 10_000).astype(np.float32)
    assert Summary.of(values).sum == math.fsum(values.tolist())


def test_ties_go_to_even():
    tie = 2.0**-53
    assert summary([1.0, tie]).sum == 1.0
    assert summary([1.0 + 2 * tie, tie]).sum == 1.0 + 4 * tie


@pytest.mark.parametrize("marked", [False, True])
def test_float32_values_leave_the_state_of_the_same_numbers_in_float64(marked):
    bits = np.random.default_rng(0).integers(0, 1 << 32, 10_000, np.uint32)
    values = np.append(bits, np.arange(0, 1 << 25, 99_991, np.uint32)).view(np.float32)  # the small ones too
    values = np.append(values, np.array([-0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40], np.float32))
    masks = {"null": np.arange(len(values)) % 7 == 0, "ignored": np.arange(len(values)) % 5 == 0} if marked else {}
    with np.errstate(invalid="ignore"):
        assert summary(values, np.float32, **masks) == summary(values.astype(float), **masks)


def test_more_float32_values_of_a_kind_than_a_cell_holds():
    values = np.full((1 << 24) + 1000, np.nextafter(np.float32(2), np.float32(0)))
    found, last = summary(values, np.float32), float(values[0])
    assert (found.count, found.sum) == (len(values), len(values) * last)
    assert found.sum_of_squares == float(len(values) * Fraction(last) ** 2)


def test_what_a_collector_takes_is_as_if_it_had_been_added_and_leaves_the_other_empty():
    def added(collector, kind, numbers):
        values, weights = np.array(numbers, kind), np.arange(len(numbers), dtype=float)
        if isinstance(collector, ColumnsCollector):
            collector.add(np.stack([values, -values], axis=1), sample_weight=weights)
        elif isinstance(collector, GroupCollector):
            keys = ["a", None, numbers[0] > 2]
            collector.add(values, None, None, weights, np.arange(len(numbers)) % 2 * 2, keys[:1] + keys)
            collector.add(values, None, None, weights, np.zeros(len(numbers), int), keys[2:])
        else:
            collector.add(values)
            collector.add(values, np.arange(len(numbers)) == 1, None, weights)

    def told(collector):
        return collector.summaries() if isinstance(collector, ColumnsCollector) else collector.summary()

    for new in (Collector, ColumnsCollector, lambda: GroupCollector("g")):
        whole, total, part = new(), new(), new()
        for kind, numbers in ((np.float32, [3, -1.5, 0]), (float, [0.1, math.nan]), (np.float32, [5.5, 1e-40])):
            added(whole, kind, numbers)
            added(part, kind, numbers)
            total.take(part)
            assert told(part) == told(new())
        assert told(total) == told(whole)
        total.take(new())
        assert told(total) == told(whole)


def test_low_sums_carry_beyond_64_bits():
    one = summary([np.nextafter(2.0, 1.0)])
    many = one
    for _ in range(40):
        many |= many
    assert many.count == 2**40
    assert many.sum == float(Fraction(one.sum) * 2**40)
    values = np.full(1 << 20, one.sum)  # the low bits of these sum to 2**65
    assert Summary.of(values).sum == float(Fraction(one.sum) * (1 << 20))


@pytest.mark.parametrize("weighted", [False, True])
@given(losses, st.lists(st.integers(0, 60), max_size=4), st.randoms())
@settings(deadline=None)
def test_any_cut_in_any_order_gives_the_same_bytes(weighted, values, cuts, random):
    weights = np.random.default_rng(len(values)).lognormal(0, 9, len(values))

    def part(a, b):
        return summary(values[a:b], sample_weight=weights[a:b] if weighted else None)

    whole = part(0, len(values))
    edges = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    parts = [part(a, b) for a, b in itertools.pairwise(edges)]
    random.shuffle(parts)
    merged = Summary()
    for part in parts:
        merged |= part
    assert merged == whole
    assert merged.to_json() == whole.to_json()


@given(losses)
@settings(deadline=None)
def test_the_state_survives_json(values):
    state = json.loads(json.dumps(summary(values).to_dict(), allow_nan=False))
    assert Summary.from_dict(state) == summary(values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.standard_normal(n) ** 2,
        lambda rng, n: rng.lognormal(0, 5, n),
        lambda rng, n: rng.poisson(1.0, n),
        lambda rng, n: -rng.exponential(1e-20, n),
        lambda rng, n: rng.integers(1, 1 << 22, n) * 5e-324,
    ],
    ids=["chi2", "lognormal", "poisson", "negative", "subnormal"],
)
@pytest.mark.parametrize("n", [1, 2, 7, 20_000])
def test_quantiles_are_within_one_percent(dtype, draw, n):
    values = np.asarray(draw(np.random.default_rng(n), n), dtype)
    got = Summary.of(values)
    wide = values.astype(float)
    for q in (0, 1e-3, 0.25, 0.5, 0.9, 0.99, 1):
        expected = np.quantile(wide, q)
        assert got.quantile(q) == pytest.approx(expected, rel=0.01, abs=5e-324)
    assert got.quantile(0) == wide.min() and got.quantile(1) == wide.max()


def test_quantiles_of_repeated_values_are_exact():
    values = [0.0] * 60 + [0.1] * 35 + [7.3] * 5
    got = summary(values)
    assert [got.quantile(q) for q in (0.5, 0.9, 0.99)] == [0.0, 0.1, 7.3]


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan, "0.5", [0.5, 0.9], None])
def test_a_quantile_outside_the_unit_interval_is_refused(q):
    with pytest.raises(ValueError, match="q must be in"):
        summary([1.0]).quantile(q)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], {"sum": 0.0, "mean": None, "min": None, "max": None, "quantiles": [None] * 3}),
        ([math.nan], {"count": 0, "nan": 1, "sum": 0.0, "mean": None}),
        ([-0.0, 0.0], {"count": 2, "sum": 0.0, "min": 0.0, "max": 0.0}),
        ([1, math.inf], {"count": 2, "sum": "inf", "mean": "inf", "min": 1.0, "max": "inf"}),
        ([-math.inf, 1], {"sum": "-inf", "min": "-inf", "max": 1.0}),
        ([-math.inf, math.inf], {"sum": None, "mean": None, "quantiles": [None, None, None]}),
        ([math.inf] * 3, {"quantiles": ["inf"] * 3}),
        ([1.7e308, 1.7e308], {"sum": "inf", "mean": 1.7e308, "max": 1.7e308}),
    ],
)
def test_json_is_strict(values, expected):
    def refuse(constant):
        raise AssertionError(f"{constant} is not strict JSON")

    shown = json.loads(summary(values).to_json(), parse_constant=refuse)
    shown["quantiles"] = list(shown["quantiles"].values())
    assert {key: shown[key] for key in expected} == expected


def test_json_has_these_fields_in_this_order():
    shown = json.loads(summary([1.0]).to_json())
    first = ["count", "null", "nan", "ignored", "sum", "mean", "min", "max", "quantiles"]
    others = ["rows", "infinite", "sum_of_squares", "sum_of_weights", "weighted_sum", "weighted_mean"]
    assert list(shown) == [*first, *others, "std", "stderr", "interval"]
    assert list(shown["quantiles"]) == ["0.5", "0.9", "0.99"]


def test_a_row_counts_once():
    null = np.array([True, True, False, False, False])
    ignored = np.array([True, False, True, False, False])
    values = np.array([1.0, math.nan, math.nan, math.nan, 2.0])
    got = Summary.of(values, null, ignored)
    assert (got.null, got.ignored, got.nan, got.count, got.rows) == (2, 1, 1, 1, 5)
    assert got.sum == 2.0
    assert Summary.of(values, ignored=ignored).ignored == 2


def test_strided_values_are_read_in_their_places():
    assert Summary.of(np.arange(10.0)[::3]).sum == 18.0


# ---- arrays of all kinds --------------------------------------------------------------------------------------------


class Foreign:
    """An object of another library."""

    def __init__(self, values):
        self._values = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return self._values


NUMBERS = {
    "float16": np.float16([0.1, -2, 65504]),
    "big-endian float16": np.array([0.1, -2], ">f2"),
    "big-endian float32": np.array([0.1, -2], ">f4"),
    "big-endian float64": np.array([0.1, 5e-324], ">f8"),
    "big-endian int64": np.array([1, -(2**40)], ">i8"),
    "bool": np.array([True, False, True]),
    "int8": np.array([-128, 127], np.int8),
    "uint16": np.array([65535], np.uint16),
    "int64": np.array([2**53, -(2**53), 2**62, -(2**63)]),
    "uint64": np.array([2**63, 2**64 - 2048], np.uint64),
    "strided": np.arange(10, dtype=np.int32)[::-3],
    "list": [0.1, 2, True],
    "tuple": (1, 2),
    "foreign": Foreign([0.5, 2]),
    "memory": memoryview(np.array([0.5, 2])),
    "read-only": np.broadcast_to(0.1, 3),
    "empty": [],
}


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("role", ["values", "sample_weight"])
def test_numbers_of_all_types_are_exact(kind, role):
    given = NUMBERS[kind]
    numbers = [Fraction(x) for x in np.asarray(given).tolist()]
    if role == "values":
        got = Summary.of(given)
        assert (got.count, got.sum) == (len(numbers), rounded(sum(numbers, Fraction())))
        assert (got.min, got.max) == ((min(numbers), max(numbers)) if numbers else (None, None))
    elif all(x >= 0 for x in numbers):
        got = Summary.of(np.ones(len(numbers), np.float32), sample_weight=given)
        assert got.sum_of_weights == rounded(sum(numbers, Fraction()))


def test_bfloat16_is_exact():
    dtype = np.dtype(pytest.importorskip("ml_dtypes", reason="bfloat16 is its").bfloat16)
    numbers = np.array([0.1, -2.0, 3e38], dtype)
    swapped = numbers.view("u2").byteswap().view(dtype.newbyteorder())
    for stored in (numbers, swapped):
        assert Summary.of(stored) == Summary.of(numbers.astype(np.float64))


NO_NUMBERS = {
    "longdouble": (np.longdouble([1]), TypeError, "unsupported dtype"),
    "complex": (np.array([1j]), TypeError, "unsupported dtype complex128"),
    "object": (np.array([1, None], object), TypeError, "unsupported dtype object"),
    "null": ([1.0, None], TypeError, "unsupported dtype object"),
    "text": (["1", "2"], TypeError, "unsupported dtype <U1"),
    "a text": ("12", TypeError, "unsupported dtype <U2"),
    "bytes": (np.array([b"1"]), TypeError, "unsupported dtype"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), TypeError, "unsupported dtype datetime64"),
    "durations": (np.array([1], "m8[s]"), TypeError, "unsupported dtype timedelta64"),
    "records": (np.zeros(2, [("a", float)]), TypeError, "unsupported dtype"),
    "none": (None, TypeError, "unsupported dtype object"),
    "mapping": ({1: 2}, TypeError, "unsupported dtype object"),
    "masked": (np.ma.masked_array([1.0, 2.0], [True, False]), TypeError, "is a masked array, .*; fill it first"),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, "cannot be read as an array"),
    "matrix": (np.ones((2, 3)), ValueError, r"has shape \(2, 3\), expected \(.*,\): one number a row"),
    "column": (np.ones((1, 1)), ValueError, r"has shape \(1, 1\), expected"),
    "number": (1.0, ValueError, r"has shape \(\), expected"),
    "one": (np.float64(1.0), ValueError, r"has shape \(\), expected"),
    "rounded": (np.array([1, 2**53 + 1]), ValueError, r"9007199254740993 at row 1 is no float64: give .*astype"),
    "large": (np.array([2**64 - 1], np.uint64), ValueError, r"18446744073709551615 at row 0 is no float64"),
    "swapped": (np.array([2**63 - 1], ">i8"), ValueError, r"9223372036854775807 at row 0 is no float64"),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_column_of_numbers_is_refused(kind):
    given, error, message = NO_NUMBERS[kind]
    with pytest.raises(error, match=f"values.*{message}|{message}.*values"):
        Summary.of(given)
    rows = len(given) if isinstance(given, np.ndarray) else 1
    if given is not None:
        with pytest.raises(error, match=f"sample_weight.*{message}|{message}.*sample_weight"):
            Summary.of(np.ones(rows), sample_weight=given)
    collector = GroupCollector("g")
    with pytest.raises(error, match="values"):
        collector.add(given, None, None, None, np.zeros(1, int), ["a"])


@pytest.mark.parametrize("name", ["null", "ignored"])
def test_masks_that_are_none_are_refused(name):
    values = np.array([1.0, 2.0, 4.0])
    for mask, error, message in (
        (np.array([0, 1, 0]), TypeError, f"^{name} must be True or False in each row, got int64: give {name} != 0$"),
        (np.array([0.0, 1.0, np.nan]), TypeError, "got float64"),
        ([True, False], ValueError, rf"^{name} has shape \(2,\), expected \(3,\): one number a row$"),
        (True, ValueError, r"has shape \(\)"),
        ([[True], [False], [True]], ValueError, r"has shape \(3, 1\)"),
        (np.ma.masked_array([True, False, True], [True, False, False]), TypeError, f"{name}' is a masked array"),
        (["a", "b", "c"], TypeError, f"unsupported dtype <U1 for '{name}'"),
    ):
        with pytest.raises(error, match=message):
            Summary.of(values, **{name: mask})
    got = Summary.of(values, **{name: [False, True, False]})
    assert (getattr(got, name), got.sum) == (1, 5.0)
    assert Summary.of([], **{name: []}).rows == 0
    with pytest.raises(ValueError, match=r"^sample_weight has shape \(2,\), expected \(3,\): one number a row$"):
        Summary.of(values, sample_weight=[1.0, 2.0], **{name: [False, True, False]})


def test_merging_with_something_else_is_refused():
    with pytest.raises(TypeError):
        Summary() | 1


def test_different_losses_do_not_merge():
    huber, cauchy = summary([1.0]).of_loss("huber(delta=1.0)"), summary([2.0]).of_loss("cauchy(c=1.0)")
    message = r"^summaries of different losses do not merge: huber\(delta=1.0\) and cauchy\(c=1.0\)$"
    with pytest.raises(ValueError, match=message):
        huber | cauchy
    with pytest.raises(ValueError, match="do not merge"):
        (Summary() | huber) | (cauchy | Summary())
    assert (huber | huber | Summary()).loss == (Summary() | huber).loss == "huber(delta=1.0)"


def test_the_loss_survives_json_and_records_from_before_it_was_kept():
    state = json.loads(json.dumps(summary([1.0]).of_loss("huber(delta=1.0)").to_dict()))
    assert Summary.from_dict(state).loss == "huber(delta=1.0)"
    del state["loss"]
    assert Summary.from_dict(state) == summary([1.0])


@pytest.mark.parametrize("state", [False, True])
def test_json_names_the_loss_after_the_numbers_where_it_is_known(state):
    plain = json.loads(summary([1.0]).to_json(state=state))
    named = json.loads(summary([1.0]).of_loss("huber(delta=1.0)").to_json(state=state))
    added = ["format", "loss", "state"] if state else ["loss"]
    assert [*named] == [*json.loads(summary([1.0]).to_json()), *added] and named["loss"] == "huber(delta=1.0)"
    assert plain.get("loss") is None and ("loss" in plain) == state


def test_the_highest_rank_beyond_the_integers_of_a_float():
    merged = summary([1.0, 2.0, 3.0])
    for _ in range(61):
        merged |= merged
    assert merged.count == 3 << 61
    assert [merged.quantile(q) for q in (0.0, 0.5, 1 - 2**-53, 1.0)] == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("weight", [-1.0, -5e-324, math.nan, math.inf])
def test_weights_that_are_none_are_refused(weight):
    weights = np.array([1.0, weight])
    with pytest.raises(ValueError, match=r"^sample_weight must be finite and >= 0, got .* at row 1$"):
        summary([1.0, 2.0], sample_weight=weights)
    assert summary([1.0, 2.0], sample_weight=weights, null=np.array([False, True])).sum_of_weights == 1.0


# ---- as text ------------------------------------------------------------------------------------------------------


def grouped():
    collector = GroupCollector("who")
    weights, codes = np.array([1.0, 0.5, 2.0]), np.array([0, 1, 2])
    collector.add(np.array([0.1, math.inf, -2.0]), None, None, weights, codes, ["b", None, 3])
    return collector.summary().of_loss("huber(delta=1.0)")


@given(losses, st.booleans())
@settings(deadline=None)
def test_text_with_the_state_is_the_summary(values, weighted):
    weights = np.arange(len(values), dtype=float) if weighted else None
    whole = summary(values, sample_weight=weights).of_loss("huber(delta=1.0)")
    again = Summary.from_json(whole.to_json(state=True))
    assert again == whole and again.loss == whole.loss
    assert (again | whole).to_json(state=True) == (whole | again).to_json(state=True)


def unpacked(text):
    """The buckets of a compact state, read bit by bit as the documentation of `packing` has it."""
    bits = "".join(f"{byte:08b}" for byte in base64.b64decode(text))
    at = 0

    def take(width):
        nonlocal at
        at += width
        return int(bits[at - width : at] or "0", 2)

    def gamma():
        zeros = bits.index("1", at) - at
        return take(2 * zeros + 1)

    size, dropped, columns, index = gamma() - 1, gamma() - 1, [[], [], []], -1
    for _ in range(size):
        index += gamma()
        count = gamma()
        low = take(45 - dropped + (count - 1).bit_length()) << dropped
        for column, number in zip(columns, (index, count, low), strict=True):
            column.append(number)
    assert set(bits[at:]) <= {"0"} and len(bits) - at < 8
    return columns


@given(losses | st.lists(st.floats(width=32), max_size=60), st.integers(0, 57))
@settings(deadline=None)
def test_compact_states(values, doublings):
    whole = summary(values)
    for _ in range(doublings):
        whole |= whole
    state, compact = whole.to_dict(), whole.to_dict(compact=True)
    assert unpacked(compact["buckets"]) == state["buckets"] and state | {"buckets": compact["buckets"]} == compact
    assert Summary.from_dict(json.loads(json.dumps(compact))) == whole


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b[:-1] + b"\xff", lambda b: b"",
                                    lambda b: bytes(40), lambda b: b"\xff" * 40])  # fmt: skip
def test_damaged_compact_states(damage):
    state = summary([0.1, 0.2, math.inf, -3.0, 5e-324]).to_dict(compact=True)
    for text in (base64.b64encode(damage(base64.b64decode(state["buckets"]))).decode(), state["buckets"] + "=", "\xe9"):
        with pytest.raises(ValueError, match=r"is damaged|[Ii]nvalid|data|ASCII|padding"):
            Summary.from_dict(state | {"buckets": text})


def test_text_of_groups():
    again = Summary.from_json(grouped().to_json(state=True))
    assert again == grouped() and again.groups[None].infinite == 1
    assert again.groups["b"].loss == "huber(delta=1.0)"


def test_flipped_bits_are_found():
    """Of every byte two or three, as each of them takes a millisecond."""
    written = grouped().to_json(state=True).encode()
    for i in range(0, 8 * len(written), 3):
        flipped = bytearray(written)
        flipped[i // 8] ^= 1 << i % 8
        try:
            found = Summary.from_json(bytes(flipped))
        except ValueError:
            continue
        assert found == grouped() and json.loads(flipped) == json.loads(written)  # the "E" of a number


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s["buckets"][1].__setitem__(0, 0),
        lambda s: s["buckets"][1].__setitem__(0, 1 << 200),
        lambda s: s["buckets"][2].__setitem__(0, -1),
        lambda s: s["buckets"][0].__setitem__(0, 1 << 30),
        lambda s: s["buckets"][0].__setitem__(1, s["buckets"][0][0]),
        lambda s: s["buckets"].pop(),
        lambda s: s["buckets"][0].pop(),
        lambda s: s.update(buckets=None),
        lambda s: s.update(count=s["count"] + 1),
        lambda s: s.update(count=True),
        lambda s: s.update(null=-1),
        lambda s: s.update(nan=1.0),
        lambda s: s.update(min=None),
        lambda s: s.update(max="large"),
        lambda s: s.update(max=[1.0]),
        lambda s: s.update(squares=[1, -(10**12)]),
        lambda s: s.update(squares=[1 << 9000, 0]),
        lambda s: s.update(squares=[[], 0]),
        lambda s: s.update(weighted={}),
        lambda s: s.update(weighted=[[0, 0], [0, 0], 0]),
        lambda s: s["weighted"].__setitem__(4, [1, 0]),  # the sum of squares of weights
        lambda s: s["weighted"].__setitem__(5, [0, 0]),
        lambda s: s["weighted"].__setitem__(7, [1, 9]),
        lambda s: s.update(outputs=[]),
        lambda s: s.update(outputs={"grad": 1}),
        lambda s: s.update(loss=3),
        lambda s: s.update(more=3),
        lambda s: s.pop("squares"),
        lambda s: s["groups"].append(s["groups"][0]),
        lambda s: s["groups"].append([[1], s["groups"][0][1]]),
        lambda s: s["groups"].append([True, s["groups"][0][1]]),  # beside the group 3
        lambda s: s["groups"].append([1.0, s["groups"][0][1]]),  # where 1 would be
        lambda s: s["groups"].append([-0.0, s["groups"][0][1]]),
        lambda s: s["groups"].append([1 << 64, s["groups"][0][1]]),
        lambda s: s["groups"].append([10**400, s["groups"][0][1]]),
        lambda s: s["groups"].append(3),
        lambda s: s.update(groups=None),
        lambda s: s.update(by=None),
    ],
)
def test_a_state_that_describes_no_summary_is_refused(edit):
    """Its digest is right: it is what another program wrote."""
    state = json.loads(json.dumps(grouped().to_dict()))
    edit(state)
    says = r" is | has |twice|no groups|buckets are"
    with pytest.raises(ValueError, match=says):
        GroupedSummary.from_dict(state)
    with pytest.raises(ValueError, match=says):
        Summary.from_json(json.dumps({"format": FORMAT, "state": sealed(state)}))


MANY = summary([-3.0, -2.9, -0.0, 0.0, 5e-324, 1.0, 1.001, 1.002, 7.0], sample_weight=np.arange(9.0))


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.update(min=-4.0),
        lambda s: s.update(min=-3.0000001),  # in the same bucket
        lambda s: s.update(min=-2.9),
        lambda s: s.update(max=6.9),
        lambda s: s.update(max=7.0001),
        lambda s: s.update(max="inf"),
        lambda s: s.update(min="-inf"),
        lambda s: s.update(min=None, max=None),
        lambda s: s.update(nan=1 << 63),
        lambda s: s.update(squares=[-1, 0]),
        lambda s: s.update(squares=[1, 0]),
        lambda s: s.update(squares=[9 * 49 + 1, 0]),
        lambda s: s["weighted"].__setitem__(0, [-1, 0]),
        lambda s: s["weighted"].__setitem__(0, [0, 0]),
        lambda s: s["weighted"].__setitem__(1, [36 * 7 + 1, 0]),
        lambda s: s["weighted"].__setitem__(1, [-36 * 3 - 1, 0]),
        lambda s: s["weighted"].__setitem__(2, 1),
        lambda s: s["weighted"].__setitem__(3, 1),
        lambda s: s["buckets"][0].__setitem__(0, 1),  # a zero with leading bits
        lambda s: s["buckets"][0].__setitem__(0, (0x7FF << 7) + 1),  # NaN
        lambda s: s["buckets"][0].__setitem__(-1, 1 << 19),  # a subnormal number that is zero
        lambda s: s["buckets"][0].__setitem__(-1, 1 << 19 | 55 << 7),  # or none
        lambda s: s["buckets"][2].__setitem__(0, 1),  # low bits of a zero
        lambda s: s.update(outputs={"grad": summary([1.0] * 10).to_dict()}),
        lambda s: s.update(outputs={"grad": summary([1.0]).to_dict() | {"outputs": {"grad": summary([]).to_dict()}}}),
    ],
)
def test_numbers_that_contradict_one_another_are_refused(edit):
    state = json.loads(json.dumps(MANY.to_dict()))
    assert Summary.from_dict(state) == MANY
    edit(state)
    with pytest.raises(ValueError, match=r" is | has |which no value has|integer from"):
        Summary.from_dict(state)


def test_infinities_alone_have_no_squares():
    state = summary([math.inf, -math.inf]).to_dict()
    Summary.from_dict(state)
    with pytest.raises(ValueError, match="its sum of squares"):
        Summary.from_dict(state | {"squares": [1, 0]})


@given(losses, st.sampled_from(["min", "max"]), st.floats(allow_nan=False))
@settings(deadline=None)
def test_other_bounds_are_those_of_some_values_at_least(values, name, bound):
    """A bound is taken only where values with it have the same buckets."""
    state = summary(values).to_dict() | {name: bound if math.isfinite(bound) else str(bound)}
    try:
        found = Summary.from_dict(state)
    except ValueError:
        return
    assert found.count and getattr(summary([bound]), name) is not None
    inside = [v for v in values if not math.isnan(v)]
    assert found.buckets == summary(inside).buckets and found.min <= found.max
    if len({*inside}) == 1:
        assert bound == inside[0]


def test_groups_that_are_not_the_whole_are_refused():
    for edit in (
        lambda s: s["groups"].pop(),
        lambda s: s["groups"][0][1].update(nan=1),
        lambda s: s["groups"][0][1].update(loss="cauchy(c=1.0)"),
        lambda s: s["groups"][0][1].update(weighted=None),
        lambda s: s.update(weighted=None),
        lambda s: s["groups"][0][1].update(ignored=2),
        lambda s: s.update(groups=[]),
    ):
        state = json.loads(json.dumps(grouped().to_dict()))
        edit(state)
        with pytest.raises(ValueError, match="the summary is damaged: "):
            Summary.restored(state)


@pytest.mark.parametrize("weighted", [False, True])
def test_summaries_of_very_many_rows_are_read_back(weighted):
    """Or not made: the counts of a bucket end at 2**63 rows."""
    largest = np.nextafter(2.0, 1.0)
    merged = summary([largest, math.inf], sample_weight=np.ones(2) if weighted else None)
    for doublings in range(1, 62):
        merged |= merged
        assert merged.count == 2 << doublings
        if doublings > 50:
            again = Summary.from_json(merged.to_json(state=True))
            assert again == merged and again.to_json() == merged.to_json()
    assert merged.infinite == 1 << 61 and merged.min == merged.quantile(0.2) == largest
    with pytest.raises(ValueError, match=r"^summaries of \d+ and \d+ rows do not merge: one holds fewer than 2\*\*63$"):
        merged | merged
    by = GroupedSummary(by="g", **{f.name: getattr(merged, f.name) for f in fields(Summary)}, groups={"a": merged})
    assert Summary.from_json(by.to_json(state=True)) == by
    with pytest.raises(ValueError, match="do not merge: one holds fewer"):
        by | by


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^the text is no JSON: Expecting value"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": 2, "state": {"digest": ' + '{"a":' * 900 + "1" + "}" * 900 + "}}", "digest"),
        ("NaN", "NaN is not JSON"),
        (b"\xff\xfe\x00", "^the text is no JSON: .*(can't decode|codec)"),
        ("1" * 5000, "digits"),
        ("[]", "no state"),
        (summary([1.0]).to_json(), "no state"),
        ('{"format": 3, "state": {}}', "format 3 is newer"),
        ('{"format": 1, "state": {}}', "format 1 is older"),
        ('{"format": "1", "state": {}}', "format is '1'"),
        ('{"format": 2, "state": {}}', "no state with a digest"),
        ('{"format": 2, "state": 7}', "no state with a digest"),
    ],
)
def test_text_that_is_no_summary_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Summary.from_json(text)


def test_numbers_do_not_depend_on_the_floating_point_environment():
    """Small ones, where the thread flushes subnormal numbers to zero"""
    torch = pytest.importorskip("torch", reason="torch sets the environment")

    def numbers():
        small = summary([5e-324, 1.5e-323, 1e-310])
        of_squares = summary([1e-160] * 4).sum_of_squares
        return [small.quantile(0.3), small.min, small.max, small.sum, small.mean, of_squares]

    assert torch.set_flush_denormal(True)
    try:
        flushed = numbers()
    finally:
        torch.set_flush_denormal(False)
    assert flushed == numbers()


def test_only_buckets_that_values_may_have_merge():
    beyond = Buckets(np.array([[1 << 20, 0, 0, 1]], np.uint64))
    with pytest.raises(IndexError, match="a bucket has the index 1048576"):
        merged_all([beyond])
