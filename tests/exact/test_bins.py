"""The calibration of summaries: bins of probabilities and of what came true, exact and mergeable."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from fastloss.exact.shares import Shares, most_likely
from hypothesis import given, settings
from hypothesis import strategies as st

from fastloss.exact.bins import Bins
from fastloss.exact.collectors import Collector
from fastloss.exact.groups import GroupCollector, GroupedSummary
from fastloss.exact.summary import Summary

shares = st.floats(0, 1) | st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 5e-324, math.nextafter(1, 0)])


def collected(bins, pairs):
    collector = Collector(bins)
    p, true = np.array(pairs, float).reshape(-1, 2).T
    collector.add(np.ones(len(p)), predicted=(p, true))
    return collector.summary()


def expected(bins, pairs):
    """By exact fractions: an edge k / bins, as a float, is in the bin above it."""
    found = [[] for _ in range(bins)]
    for p, true in pairs:
        found[max(k for k in range(bins) if k / bins <= p)].append((Fraction(float(p)), Fraction(float(true))))
    sums = [(len(one), sum(p for p, _ in one), sum(true for _, true in one)) for one in found]
    means = [
        {"count": n, "confidence": float(p / n) if n else None, "accuracy": float(true / n) if n else None}
        for n, p, true in sums
    ]
    gaps = [(n, abs(Fraction(true) - p)) for n, p, true in sums if n]
    ece = float(sum(gap for _, gap in gaps) / len(pairs)) if pairs else None
    return {"ece": ece, "mce": max((float(gap / n) for n, gap in gaps), default=None), "bins": means}


@given(st.integers(1, 40), st.lists(st.tuples(shares, shares), max_size=60), st.integers(0, 60))
@settings(deadline=None)
def test_each_number_is_exact_and_rounded_once_however_the_rows_are_cut(bins, pairs, cut):
    whole = collected(bins, pairs)
    assert whole.calibration == expected(bins, pairs)
    merged = collected(bins, pairs[:cut]) | collected(bins, pairs[cut:])
    assert merged.to_json(state=True) == whole.to_json(state=True)
    assert Summary.from_json(whole.to_json(state=True)) == whole


@pytest.mark.parametrize("bins", [1, 3, 7, 10, 15, 49, 100])
def test_an_edge_belongs_to_the_bin_above_it(bins):
    edges = [k / bins for k in range(bins)]
    counts = [one["count"] for one in collected(bins, [(edge, 1) for edge in edges]).calibration["bins"]]
    assert counts == [1] * bins
    below = [math.nextafter((k + 1) / bins, 0) for k in range(bins)]
    counts = [one["count"] for one in collected(bins, [(p, 1) for p in below]).calibration["bins"]]
    assert counts == [1] * bins


def test_rows_that_do_not_count_are_in_no_bin():
    collector = Collector(2)
    p, nan = np.full(5, 0.75), math.nan
    null, ignored = np.array([0, 1, 0, 0, 0], bool), np.array([0, 0, 1, 0, 0], bool)
    collector.add(np.array([1.0, 2.0, 3.0, nan, math.inf]), null, ignored, predicted=(p, np.ones(5)))
    assert [one["count"] for one in collector.summary().calibration["bins"]] == [0, 2]


def test_by_groups_and_of_parts_of_them():
    rng = np.random.default_rng(3)
    p, true, codes = rng.random(1000), rng.random(1000) < 0.4, rng.integers(0, 4, 1000)
    first, second = GroupCollector("g", 5), GroupCollector("g", 5)
    parts = (first, 0, 300, "abcd"), (second, 300, 310, "bcda"), (second, 310, 1000, "dabc")
    for collector, start, stop, keys in parts:
        part = slice(start, stop)
        collector.add(p[part], None, None, None, codes[part], list(keys), (p[part], true[part]))
    names = np.concatenate([np.array(list(keys))[codes[start:stop]] for _, start, stop, keys in parts])
    first.take(second)
    found = first.summary()
    assert found.calibration == expected(5, list(zip(p, true, strict=True)))
    for key in "abcd":
        own = names == key
        assert found.groups[key].calibration == expected(5, list(zip(p[own], true[own], strict=True)))
    assert Summary.from_json(found.to_json(state=True)) == found
    assert json.loads(found.to_json())["groups"][0]["calibration"] == found.groups["a"].calibration


def test_what_does_not_merge():
    with pytest.raises(ValueError, match="calibrations of 2 and 3 bins do not merge"):
        collected(2, [(0.5, 1)]) | collected(3, [(0.5, 1)])
    with pytest.raises(ValueError, match="with and without calibration do not merge"):
        collected(2, [(0.5, 1)]) | Summary.of(np.ones(1))
    with pytest.raises(ValueError, match="with and without calibration do not merge"):
        Summary.of(np.ones(1)) | collected(2, [(0.5, 1)])
    assert (collected(2, [(0.5, 1)]) | Summary()) == collected(2, [(0.5, 1)])
    assert (Summary() | collected(2, [(0.5, 1)])) == collected(2, [(0.5, 1)])


@pytest.mark.parametrize("edit", [
    lambda c: c[0].__setitem__(0, 5), lambda c: c[1].__setitem__(1, [-1, 0]), lambda c: c[1].__setitem__(2, [9, 0]),
    lambda c: c.clear(), lambda c: c.append(1), lambda c: c[0].pop(),
    lambda c: c.extend([[0, [0, 0], [0, 0]]] * 9_999),
])  # fmt: skip
def test_a_damaged_state_is_refused(edit):
    state = collected(2, [(0.5, 1), (0.75, 0)]).to_dict()
    edit(state["calibration"])
    with pytest.raises(ValueError, match=r"damaged|bin|calibration"):
        Summary.from_dict(state)


def test_a_calibration_that_is_not_that_of_the_groups_is_refused():
    collector = GroupCollector("g", 2)
    p, codes = np.array([0.25, 0.75]), np.array([0, 1])
    collector.add(np.ones(2), None, None, None, codes, ["a", "b"], (p, np.array([0, 1])))
    state = collector.summary().to_dict()
    GroupedSummary.from_dict(state)
    state["groups"][0][1]["calibration"] = collected(2, [(0.5, 1)]).to_dict()["calibration"]
    with pytest.raises(ValueError, match="its calibration is not that of its groups"):
        GroupedSummary.from_dict(state)


def test_the_state_of_bins():
    bins = Bins((1, 0), (1 << 1073, 0), (1 << 1074, 0))
    assert Bins.from_list(json.loads(json.dumps(bins.to_list()))) == bins
    assert bins.fields() == {"ece": 0.5, "mce": 0.5, "bins": [
        {"count": 1, "confidence": 0.5, "accuracy": 1.0}, {"count": 0, "confidence": None, "accuracy": None}
    ]}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=40), st.integers(1, 12))
@settings(deadline=None)
def test_sums_are_exact_whatever_the_groups_they_are_taken_over_from(dtype, pairs, bins):
    """By fractions; small numbers, which have places of their own, too."""
    p, true = np.array(pairs).T.astype(dtype, order="C")
    p[::3] *= 2.0**-70
    codes = np.arange(len(p), dtype=np.int32) % 2
    first, second = Shares(bins), Shares(bins)
    second.add(p, true, None, codes, np.array([3, 1]))
    first.add(p, true, (np.arange(len(p)) % 3 != 0).view(np.uint8), codes, np.array([0, 2]))
    first.take(second, np.array([9, 2, 9, 0]))
    contents = list(first.contents(4))
    for group in (0, 2):
        taken = codes == group // 2
        kept = taken & (np.arange(len(p)) % 3 != 0)
        _, confidences, accuracies = contents[group]
        for sums, of in ((confidences, p), (accuracies, true)):
            assert sum(sums) == 2**1074 * sum(map(Fraction, [*of[taken].tolist(), *of[kept].tolist()]))
    assert sum(contents[3][0]) == sum(second.contents(1).__next__()[0]) == 0


@pytest.mark.parametrize("wrong", [-0.1, 1.5, math.nan, math.inf])
def test_what_is_no_share_is_refused(wrong):
    one, bad = np.array([0.5]), np.array([wrong])
    for pair in ((one, bad), (bad, one)):
        with pytest.raises(ValueError, match="not from 0 to 1"):
            Shares(3).add(*pair)
    Shares(3).add(bad, one, np.zeros(1, np.uint8))
    with pytest.raises(IndexError):
        Shares(3).add(one, one, None, np.array([1], np.int32), np.array([0]))


def test_most_likely_classes_are_those_of_numpy():
    logits = np.random.default_rng(0).integers(0, 4, (200, 7))
    for dtype in (np.float32, np.float64):
        assert (most_likely(logits.astype(dtype)) == logits.argmax(axis=1)).all()
