"""Summaries by groups of many values, beside those of each group's values alone."""

import numpy as np
import pytest
from fastloss.exact.accumulator import Accumulator, distinct

from fastloss.exact.groups import GroupCollector
from fastloss.exact.summary import Summary, summaries
from fastloss.files.arrow.group_keys import keys_of

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
            codes, keys = keys_of(given, "g")
            assert [keys[code] for code in codes] == given.to_pylist()
            assert len(set(keys)) == len(keys) == len(set(given.to_pylist()))


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
    assert distinct(codes, 6).tolist() == [0, 2, 5] and distinct(codes[:0], 0).tolist() == []
    for wrong, possible in ((codes, 5), (-codes, 6)):
        with pytest.raises(IndexError, match=f"^a code is none of {possible}$"):
            distinct(wrong, possible)
