"""Summaries by groups of many values, beside those of each group's values alone."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from fastloss.exact.accumulator import Accumulator, present, steps

from fastloss.exact.groups import GroupCollector
from fastloss.exact.summary import Summary, summaries
from fastloss.files.arrow.group_keys import keys_of, keys_of_columns

RNG = np.random.default_rng(7)
DRAWS = {
    "many of few sizes": lambda n: RNG.normal(size=n) ** 2,
    "few of each size": lambda n: np.ldexp(RNG.normal(size=n), RNG.integers(-1070, 1000, n)),
    "of all kinds": lambda n: RNG.choice([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -2.5e-310, 1.0, -3.7e200], n),
    "float32": lambda n: RNG.lognormal(size=n).astype(np.float32),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("draw", DRAWS)
def test_each_group_is_that_of_its_values_and_all_rows_are_those_of_the_groups(draw, weighted):
    n, groups = 60_000, 5
    values = DRAWS[draw](n)
    codes = np.minimum(RNG.geometric(0.4, n) - 1, groups - 1)  # some with many, some with few
    null, ignored = RNG.random(n) < 0.01, RNG.random(n) < 0.01
    weights = RNG.choice([0.0, 0.5, 3.25], n) if weighted else None
    first, second = GroupCollector("g"), GroupCollector("g")
    for collector, start, stop in ((first, 0, 45_000), (second, 45_000, 45_100), (second, 45_100, n)):
        part = slice(start, stop)
        of_weights = None if weights is None else weights[part]
        keys = [f"key {(k + start) % groups}" for k in range(groups)]  # in another order each time
        collector.add(values[part], null[part], ignored[part], of_weights, (codes[part] - start) % groups, keys)
    first.take(second)
    found, again = first.summary(), first.summary()
    assert found == again and second.summary().rows == 0
    assert found.to_dict().items() >= Summary.of(values, null, ignored, weights).to_dict().items()
    for k in range(groups):
        own = codes == k
        of_weights = None if weights is None else weights[own]
        assert found.groups[f"key {k}"] == Summary.of(values[own], null[own], ignored[own], of_weights)


@pytest.mark.parametrize("are_floats", [True, False])
def test_more_values_than_wait(are_floats):
    """They are sorted into the buckets of groups on the way; floats become doubles when these come."""
    n = 2_150_000
    values = RNG.lognormal(size=3 * n).astype(np.float32)
    codes = RNG.integers(0, 55, 3 * n, np.int32) * RNG.integers(0, 55, 3 * n, np.int32)
    values[:9] = np.nan, np.inf, -np.inf, 0, -0.0, 1e-45, -1e-45, 3e38, -3e38
    whole, part = Accumulator(grouped=True), Accumulator(grouped=True)
    for accumulator, start in ((whole, 0), (part, n), (whole, 2 * n)):
        own = slice(start, start + n)
        given = values[own].astype(float) if start and not are_floats else values[own]
        for some in (slice(0, 1000), slice(1000, None)):
            accumulator.add(given[some], None, None, codes[own][some], np.arange(3000))
    whole.take(part, np.arange(3000))
    found = summaries(whole)
    assert sum(summary.rows for summary in found) == 3 * n
    for k in (*codes[:9], 0, 1, 2, 500, 2500, 2999):
        assert found[k] == Summary.of(values[codes == k])
    assert summaries(whole)[codes[0]] == found[codes[0]]


@pytest.mark.parametrize("draw", DRAWS)
def test_quantiles_that_are_found_with_the_buckets_are_those_of_the_buckets(draw):
    values = DRAWS[draw](3000)
    for n in (1, 2, 3, 10, 11, 101, 3000):
        collector = GroupCollector("g")
        collector.add(values[:n], None, None, None, np.arange(n) % 2, ["a", "b"])
        for group in collector.summary().groups.values():
            found = [group.quantile(q) for q in (0, 0.5, 0.9, 0.99, 1)]
            assert found == [pickle.loads(pickle.dumps(group)).quantile(q) for q in (0, 0.5, 0.9, 0.99, 1)]


def test_a_summary_stays_what_it_was_when_it_was_made():
    first, second = GroupCollector("g"), GroupCollector("g")
    for collector in (first, second):
        collector.add(np.arange(4.0), None, None, None, np.array([0, 1, 0, 1]), ["a", "b"])
    found, other = first.summary(), second.summary()
    assert list(found.groups) == ["a", "b"] and "c" not in found.groups and len(found.groups) == 2
    first.take(second)
    first.add(np.ones(1), None, None, None, np.zeros(1, int), ["c"])
    for summary in (found, other, pickle.loads(pickle.dumps(second.summary() | found)), copy.deepcopy(found)):
        assert {key: group.sum for key, group in summary.groups.items()} == {"a": 2.0, "b": 4.0}
    assert found == other and found.groups == dict(other.groups)
    assert {key: group.sum for key, group in first.summary().groups.items()} == {"a": 4.0, "b": 8.0, "c": 1.0}


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("count", [0, 1, 3_000, 40_000])  # of the last the states are there at once
def test_states_of_groups_that_are_asked_for_late_are_those_of_their_values(draw, count):
    values, collector = DRAWS[draw](count), GroupCollector("g")
    collector.add(values, None, None, None, np.zeros(count, np.int32), ["a"])
    group = collector.summary().groups["a"]
    numbers = group.fields()
    collector.add(values, None, None, None, np.zeros(count, np.int32), ["a"])
    again = collector.summary().groups["a"]
    alone = Summary.of(values)
    assert group.to_dict() == alone.to_dict() and group.fields() == numbers == alone.fields()
    assert again == alone | alone == pickle.loads(pickle.dumps(again))


@pytest.mark.parametrize("kind", ["any", "one value", "any double", "any double weight"])
def test_short_numbers_and_weights_are_added_as_all_others_are(kind):
    n = 200_000
    values, weights = RNG.lognormal(size=n).astype("f4") - 1, RNG.lognormal(size=n).astype("f4")
    if kind == "one value":
        values[:], weights[:] = -1.7, 0.3
    values[:6], weights[3:9] = [np.inf, -np.inf, 0, -0.0, 1e-45, np.nan], [0, -0.0, 1e-45, 3e38, 1, 1]
    values, weights = values.astype("f8" if kind == "any double" else "f4"), weights.astype("f8")
    if kind != "any":
        values[9:99] *= 1 + 1e-12
        weights[9:99] *= 1 + 1e-12 * (kind == "any double weight")
    grouped = GroupCollector("g")
    grouped.add(values, None, None, weights, np.zeros(n, int), ["one"])
    assert grouped.summary().groups["one"] == Summary.of(values, sample_weight=weights)


@pytest.mark.parametrize(
    "keys", [[3, -1, 2.5, "nan", None], ["b", "a", "2026-11-02", None], [True, False, None], [(2, "b"), (1, None)]]
)
def test_groups_are_in_the_order_of_their_values_whatever_comes_first(keys):
    by = ("g", "h") if isinstance(keys[0], tuple) else "g"

    def of(keys):
        collector = GroupCollector(by)
        collector.add(np.arange(len(keys), dtype=float), None, None, None, np.arange(len(keys)), keys)
        return collector.summary()

    found = [of(keys), of(keys[::-1]), of(keys[-1:]) | of(keys), of(keys) | of(keys[1:])]
    ordered = list(Summary.from_json(found[0].to_json(state=True)).groups)
    assert set(ordered) == set(keys) and ordered != keys
    assert [list(summary.groups) for summary in found] == [ordered] * 4


@pytest.mark.parametrize(("codes", "numbers"), [([0, 2], [0, 1]), ([-1, 0], [0, 1]), ([0, 1], [0, -1]), ([0, 0], [])])
def test_groups_that_are_none_are_refused(codes, numbers):
    arrays = np.array(codes, np.int32), np.array(numbers, np.int64)
    with pytest.raises(IndexError):
        Accumulator(grouped=True).add(np.ones(2), None, None, *arrays)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "i8", "u8"])
def test_integers_near_each_other_are_the_keys_that_pyarrow_finds(kind):
    pa = pytest.importorskip("pyarrow")
    ends = np.iinfo(kind)
    for least, most in ((ends.min, ends.min + 100), (ends.max - 100, ends.max), (ends.min, ends.max)):
        values = RNG.integers(least, most, 1000, kind, endpoint=True)
        column = pa.array(values)
        for given in (column, column.slice(3), column.dictionary_encode(), column.dictionary_encode().slice(3, 200)):
            codes, keys = keys_of(given, "g", {})
            assert [keys[code] for code in codes] == given.to_pylist()
            assert len(set(keys)) == len(keys) == len(set(given.to_pylist()))


def test_dates_are_text_whatever_the_dates_of_the_batch_before_were():
    pa = pytest.importorskip("pyarrow")
    known: dict = {}
    some = (0, 9, 0), (0, 9, 0), (-3, 9, 0), (-(1 << 31), (1 << 31) - 1, 0), (18000, 18300, 0), (0, 9, 0.1), (5, 6, 0)
    for least, below, nulls in some:
        days = RNG.integers(least, below, 300).astype(np.int32)
        column = pa.array(days, mask=RNG.random(300) < nulls).cast(pa.date32())
        for given in (column, column.dictionary_encode(), column.slice(100)):
            texts = given.cast(pa.string()).to_pylist()
            codes, keys = keys_of(given, "g", known)
            assert [keys[code] for code in codes] == texts
            assert len(set(keys)) == len(keys) == len(set(texts))


def test_a_collector_that_is_taken_serves_again_for_fewer_groups():
    total, part = Accumulator(grouped=True), Accumulator(grouped=True)
    sums = np.zeros(600)
    for groups in (300, 1, 40, 7, 500, 2):
        codes = RNG.integers(0, groups, 2000)
        values = RNG.integers(0, 100, 2000).astype(float)
        part.add(values, None, None, codes.astype(np.int32), np.arange(groups))
        numbers = RNG.permutation(600)[:groups]
        total.take(part, numbers)
        np.add.at(sums, numbers[codes], values)
    found = [summary.sum for summary in summaries(total)]
    assert found + [0.0] * (600 - len(found)) == sums.tolist()


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_codes_that_there_are(dtype):
    codes = np.array([5, 0, 2, 5], dtype)
    for least in (0, -7, np.iinfo(codes.dtype).max - 5):
        found, there = steps(codes + codes.dtype.type(least), least, 6)
        assert (found == codes).all() and found.dtype == np.int32
        assert there.tolist() == present(found, 6).tolist() == [0, 2, 5]
    assert [*map(len, steps(codes[:0], 0, 0)), len(present(codes[:0].astype(np.int32), 0))] == [0, 0, 0]
    for wrong, possible in ((codes, 5), (-codes, 6)):
        for look in (lambda: steps(wrong, 0, possible), lambda: present(wrong.astype(np.int32), possible)):  # noqa: B023
            with pytest.raises(IndexError, match=f"^a code is none of {possible}$"):
                look()


@pytest.mark.parametrize("possible", [1, 7, 4096, 9000])
def test_codes_that_come_late(possible):
    codes = np.sort(RNG.integers(0, possible, 30000)).astype(np.int32)
    codes[-1], late = possible - 1, codes.copy()
    for missing in (-1, possible // 2):
        late[late == missing] = possible - 1
        assert present(late, possible).tolist() == sorted(set(late.tolist()))


def test_combinations_are_remembered_as_long_as_their_columns_are_alike():
    texts, remembered = pa.array(["a", "b", "a", "a"]), {}
    numbers = pa.array([1, 0, 0, 1])
    for column, first in ((numbers.cast(pa.bool_()), True), (numbers, 1), (numbers.cast(pa.bool_()), True)):
        codes, keys = keys_of_columns({"x": column, "y": texts}, remembered)
        assert [keys[code] for code in codes] == [(1, "a"), (0, "b"), (0, "a"), (1, "a")]
        assert {type(x) for x, _ in keys} == {type(first)}
        assert keys_of_columns({"x": column, "y": texts}, remembered)[1] is keys
    codes, keys = keys_of_columns({"x": numbers.take([1, 1, 1, 0]), "y": texts}, remembered)
    assert [keys[code] for code in codes] == [(0, "a"), (0, "b"), (0, "a"), (1, "a")]


def test_from_json_reads_groups_in_a_process_that_has_done_nothing_else(tmp_path):
    collector = GroupCollector("g")
    collector.add(np.array([1.0, 2.0]), None, None, None, np.array([0, 1]), ["a", "b"])
    text = collector.summary().to_json(state=True)
    (tmp_path / "state.json").write_text(text)
    program = "import sys, fastloss as fl; print(fl.Summary.from_json(open(sys.argv[1]).read()).to_json(state=True))"
    command = [sys.executable, "-c", program, str(tmp_path / "state.json")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == text + "\n"
