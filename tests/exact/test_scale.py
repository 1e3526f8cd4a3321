"""The scale of histograms: where losses, edges of bins and ticks are, beside the logarithms that they are drawn by."""

import math
from itertools import pairwise

import numpy as np
import pytest

from fastloss.exact.scale import COLUMN, FEWEST_BINS, GAP, MOST_BINS, Scale, anchor, round_numbers, tick_label
from fastloss.exact.summary import Summary


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (1e-3, 1e5, [1e-2, 1.0, 1e2, 1e4]),
        (1.0, 1001.0, [1.0, 10.0, 100.0, 1000.0]),
        (1e3, 1e12, [1e4, 1e6, 1e8, 1e10, 1e12]),
        (1e-300, 1e300, [1e-200, 1.0, 1e200]),
        (0.3, 4.0, [0.5, 1.0, 2.0]),
        (2.0, 20.0, [2.0, 5.0, 10.0, 20.0]),
        (8.0, 12.0, [8.0, 9.0, 10.0, 11.0, 12.0]),
        (10.0, 20.0, [10.0, 15.0, 20.0]),
        (40.0, 60.0, [40.0, 45.0, 50.0, 55.0, 60.0]),
        (1.25, 1.75, [1.4, 1.6]),
        (5e-324, 1e-323, []),
    ],
)
def test_round_numbers_between_two(low, high, numbers):
    assert round_numbers(low, high) == numbers


def scale_of(*values):
    return Scale(Summary.of(np.array(values)))


def test_parts_fill_the_width_with_gaps_between():
    scale = scale_of(-math.inf, *[-8.0] * 9, *[-2.0] * 9, 0.0, *np.geomspace(1.0, 1024.0, 9999), math.inf)
    columns, spans = [0, 2, 4], scale.spans()
    assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(100)
    assert [right - left for left, right in (spans[i] for i in columns)] == pytest.approx([COLUMN] * 3)
    assert [b[0] - a[1] for a, b in pairwise(spans)] == pytest.approx([GAP] * 4)
    negative, positive = (spans[i][1] - spans[i][0] for i in (1, 3))
    assert positive > 2 * negative > 0


@pytest.mark.parametrize("flip", [-1, 1])
def test_places_are_logarithms(flip):
    scale = scale_of(*flip * np.geomspace(0.75, 3000.0, 500))
    values = flip * np.array([1.0, 2.0, 7.0, 64.0, 1500.0])
    steps = np.diff([scale.place(value) for value in values]) / np.diff(np.log2(abs(values)))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-12)
    assert steps[0] * flip > 0
    beyond = [scale.place(value) for value in sorted([flip * 1e-9, flip * 1e9])]
    np.testing.assert_allclose(beyond, [0, 100], atol=1e-12)


def test_columns_are_places_too():
    assert scale_of(0.0).spans() == [(47.5, 52.5)] and scale_of(0.0).place(0.0) == 50
    scale = scale_of(-math.inf, 0.0, math.inf)
    assert [scale.place(value) for value in (-math.inf, 0.0, math.inf)] == pytest.approx(
        [left + COLUMN / 2 for left, _ in scale.spans()]
    )
    assert [(bin.low, bin.high, bin.count) for bin in scale.bins()] == [(v, v, 1) for v in (-math.inf, 0.0, math.inf)]


@pytest.mark.parametrize(("count", "most"), [(50, FEWEST_BINS), (500, 16), (10**6, MOST_BINS)])
def test_bins_are_as_many_as_their_losses_warrant(count, most):
    """Twice the cube root of their number, half as many at the least, as widths are powers of two; of equal ratio."""
    values = np.geomspace(1.0, 1e9, count)
    bins = Scale(Summary.of(values)).bins()
    assert most / 2 - 1 <= len(bins) <= most + 1
    assert [bin.count for bin in bins] == [int(((values >= b.low) & (values < b.high)).sum()) for b in bins]
    assert sum(bin.count for bin in bins) == count
    widths = [bin.right - bin.left for bin in bins]
    np.testing.assert_allclose(widths, widths[0], rtol=0.2)
    places = [(bin.left - bins[0].left) / (100 - bins[0].left) for bin in bins[1:]]
    logs = [math.log2(bin.low / bins[0].low) / math.log2(bins[-1].high / bins[0].low) for bin in bins[1:]]
    assert bins[-1].right == pytest.approx(100) and places == pytest.approx(logs)


def test_one_loss_is_a_bar_in_the_middle_of_few():
    (one,) = scale_of(3.0).bins()
    assert one.low <= 3.0 < one.high and one.count == 1
    assert 100 / (FEWEST_BINS + 1) <= one.right - one.left <= 100 / (FEWEST_BINS - 2)
    assert 100 / 3 < one.left < one.right < 200 / 3


def test_the_ends_of_float64_have_places():
    tiny, huge = math.ulp(0.0), np.finfo(np.float64).max
    scale = scale_of(tiny, 1.0, huge)
    assert [bin.count for bin in scale.bins()] == [1, 1, 1]
    assert scale.bins()[0].low == tiny and scale.bins()[-1].high == huge
    assert [scale.place(tiny), scale.place(huge)] == pytest.approx([0, 100])


@pytest.mark.parametrize("values", [np.geomspace(0.011, 9e4, 300), -np.geomspace(1.1, 2.9, 300), [0.0, 1.0, 1e-300]])
def test_ticks_are_at_their_places_with_room_for_their_labels(values):
    scale = scale_of(*values)
    ticks = scale.ticks()
    assert len(ticks) >= 2 and ticks == sorted(ticks)
    assert all(place == scale.place(value) and 0 <= place <= 100 for value, place in ticks)
    assert all(b[1] - a[1] >= 14 for a, b in pairwise(ticks))
    if 0.0 in values:
        assert ticks[0] == (0.0, COLUMN / 2)


def test_labels():
    assert [tick_label(value) for value in (0.015, 1e-300, 123456.0)] == ["0.015", "1e-300", "1.23e+05"]
    assert [anchor(place) for place in (0, 5.9, 6, 94, 94.1)] == ["start", "start", "middle", "middle", "end"]
