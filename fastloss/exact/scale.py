"""The scale of a histogram: logarithms of losses, negative ones mirrored, with columns for zeros and infinities.

The edges of its bins are edges of buckets, so that counts are exact. Places are percent of the width.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count as numbers_from
from itertools import pairwise

from fastloss.exact.buckets import COUNT_SHIFT, OCTAVE, is_infinite, octave, rank, sign
from fastloss.exact.summary import Summary

MOST_BINS = 72  # that a phone can show; of few losses twice the cube root of their number, as Rice's rule has it
FEWEST_BINS = 9  # one value alone is a bar, not a wall
COLUMN, GAP = 5.0, 1.5  # the widths of a column, and between a part and the next
TICK_DISTANCE, LETTER = 14.0, 2.3  # at least, so that labels have room on a phone; the width of a letter there
MARGIN = 6.0  # a label that is nearer to an end begins or ends at its place
_LEAST, _END = -1074 * OCTAVE, 1024 * OCTAVE  # of the positive numbers of float64, in buckets


@dataclass(frozen=True)
class Bin:
    """So many losses from `low` to `high`, and its place."""

    low: float
    high: float
    count: int
    left: float
    right: float


@dataclass(frozen=True)
class Part:
    """The logarithms of the losses of one sign, or a column for one value: edges from the left to the right, and the
    number of losses between them."""

    edges: list[float]
    logs: list[float]  # of the magnitudes at the edges; none of a column
    counts: list[int]

    @property
    def octaves(self) -> float:
        return abs(self.logs[-1] - self.logs[0]) if self.logs else 0.0

    def shares(self) -> list[float]:
        """Where the edges are between the ends, which are 0 and 1."""
        return [abs(log - self.logs[0]) / self.octaves for log in self.logs] or [0.0, 1.0]

    def share(self, value: float) -> float:
        """Where a loss is; one beyond an end is there, and one of a column in its middle."""
        if not self.logs:
            return 0.5
        if value <= self.edges[0] or value >= self.edges[-1]:
            return float(value > self.edges[0])
        return min(abs(math.log2(abs(value)) - self.logs[0]) / self.octaves, 1.0)

    def ticks(self) -> list[float]:
        """Losses to be named below it."""
        if not self.logs:
            return [self.edges[0]]
        flip = -1 if self.edges[0] < 0 else 1
        ends = sorted(abs(edge) for edge in (self.edges[0], self.edges[-1]))
        return [flip * tick for tick in round_numbers(*ends) or ends]


class Scale:
    """Where the losses of a summary are."""

    def __init__(self, summary: Summary):
        columns, steps = _counted(summary.buckets)
        parts = [Part([value, value], [], [count]) for value, count in columns.items()]
        parts += [_part(flip, edges, steps[flip]) for flip, edges in _edges(steps, _most_bins(summary.count)).items()]
        self._parts = sorted(parts, key=lambda part: part.edges)
        octaves = sum(part.octaves for part in parts)
        room = 100 - COLUMN * len(columns) - GAP * (len(parts) - 1)
        self._widths = [room * part.octaves / octaves if part.logs else COLUMN for part in self._parts]
        left = 0 if octaves else room / 2
        self._lefts = []
        for width in self._widths:
            self._lefts.append(left)
            left += width + GAP

    def place(self, value: float) -> float:
        """Where a loss is."""
        number = next((i for i, part in enumerate(self._parts) if value <= part.edges[-1]), len(self._parts) - 1)
        return self._lefts[number] + self._widths[number] * self._parts[number].share(value)

    def bins(self) -> list[Bin]:
        """Those that hold a loss, from the left to the right."""
        found = []
        for part, left, width in zip(self._parts, self._lefts, self._widths, strict=True):
            places = [left + width * share for share in part.shares()]
            for losses, count, ends in zip(pairwise(part.edges), part.counts, pairwise(places), strict=True):
                if count:
                    found.append(Bin(*losses, count, *ends))
        return found

    def spans(self) -> list[tuple[float, float]]:
        """The left and right ends of the parts."""
        return [(left, left + width) for left, width in zip(self._lefts, self._widths, strict=True)]

    def ticks(self) -> list[tuple[float, float]]:
        """Losses to be named, and their places: of columns first, and of others those that have room."""
        found: dict[float, float] = {}
        for part in sorted(self._parts, key=lambda part: bool(part.logs)):
            for value in part.ticks():
                place = self.place(value)
                if all(_have_room((value, place), other) for other in found.items()):
                    found[value] = place
        return sorted(found.items())


def tick_label(value: float) -> str:
    """A loss at a tick."""
    return f"{value:.3g}"


def anchor(place: float) -> str:
    """Which part of a label is at its place."""
    return "start" if place < MARGIN else "end" if place > 100 - MARGIN else "middle"


def _have_room(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether the labels of two losses at their places are clear of each other."""
    (_, left), (_, right) = first, last = sorted((one, other), key=lambda each: each[1])
    return right - left >= TICK_DISTANCE and _ends(*last)[0] - _ends(*first)[1] >= LETTER / 2


def _ends(value: float, place: float) -> tuple[float, float]:
    """Those of a label on a phone."""
    width = LETTER * len(tick_label(value))
    left = place - {"start": 0.0, "middle": width / 2, "end": width}[anchor(place)]
    return left, left + width


def _counted(buckets: dict[int, int]) -> tuple[dict[float, int], dict[int, dict[int, int]]]:
    """{0.0, inf or -inf: count}, and by sign {magnitude, in buckets from 1 on: count}."""
    columns: dict[float, int] = {}
    steps: dict[int, dict[int, int]] = {}
    for index, state in buckets.items():
        count, flip = state >> COUNT_SHIFT, sign(index)
        if is_infinite(index) or rank(index) == 0:
            value = flip * math.inf if is_infinite(index) else 0.0
            columns[value] = columns.get(value, 0) + count
        else:
            exponent, part = octave(index)
            of_sign = steps.setdefault(flip, {})
            step = exponent * OCTAVE + part
            of_sign[step] = of_sign.get(step, 0) + count
    return columns, steps


def _part(flip: int, edges: list[int], steps: dict[int, int]) -> Part:
    counts = [0] * (len(edges) - 1)
    for step, count in steps.items():
        counts[bisect_right(edges, step) - 1] += count
    values, logs = [flip * _value(step) for step in edges], [_log(step) for step in edges]
    return Part(values[::flip], logs[::flip], counts[::flip])


def _most_bins(count: int) -> int:
    return min(max(math.ceil(2 * math.cbrt(count)), FEWEST_BINS), MOST_BINS)


def _edges(steps: dict[int, dict[int, int]], most: int) -> dict[int, list[int]]:
    """By sign the edges of bins, as many as a picture can show, all of the same number of buckets or the same ratio."""
    bounds = {flip: (min(of_sign), max(of_sign)) for flip, of_sign in steps.items()}
    size = next(1 << k for k in numbers_from() if sum((b - a) / (1 << k) + 1 for a, b in bounds.values()) <= most)
    found = {}
    for flip, (first, last) in bounds.items():
        missing = max(FEWEST_BINS - 1 - (last - first) // size, 0) * size
        first, last = max(first - missing // 2, _LEAST), min(last + missing // 2, _END - 1)
        edges = _all_edges(first, last, size)
        found[flip] = edges[bisect_right(edges, first) - 1 : bisect_right(edges, last) + 1]
    return found


def _all_edges(first: int, last: int, size: int) -> list[int]:
    """Those of the octaves from one bucket to another."""
    if size >= OCTAVE:
        return list(range(first // size * size, last + size + 1, size))
    each = range(0, OCTAVE, size)
    if size >= OCTAVE // 8:  # in finer bins of equal ratio the nearest edge of a bucket would be too far away
        each = [round(OCTAVE * (2 ** (part / OCTAVE) - 1)) for part in each]
    return [number * OCTAVE + part for number in range(first // OCTAVE, last // OCTAVE + 2) for part in each]


def _value(step: int) -> float:
    """The least magnitude in a bucket, in the range of float64."""
    exponent, part = divmod(step, OCTAVE)
    return max(math.ldexp(1 + part / OCTAVE, exponent), math.ulp(0.0)) if step < _END else sys.float_info.max


def _log(step: int) -> float:
    exponent, part = divmod(step, OCTAVE)
    return exponent + math.log2(1 + part / OCTAVE)


def round_numbers(low: float, high: float) -> list[float]:
    """A few numbers between two positive ones that are short in decimals."""
    first, last = math.log10(low), math.log10(high)
    if last - first > 2:
        step = next(step for step in (1, 2, 3, 5, 10, 20, 50, 100, 200) if (last - first) / step <= 5)
        return _between(low, high, (float(f"1e{k}") for k in range(math.ceil(first / step) * step, 309, step)))
    if last - first > 0.7:
        decades = range(math.floor(first), math.ceil(last))
        return _between(low, high, (float(f"{digit}e{k}") for k in decades for digit in (1, 2, 5)))
    quarter = (high - low) / 4
    if quarter < sys.float_info.min:
        return []
    exponent = math.floor(math.log10(quarter))
    step = next(s for s in (float(f"{digit}e{exponent}") for digit in (1, 2, 5, 10)) if s >= quarter)
    multiples = range(math.ceil(low / step), math.floor(high / step) + 1)
    return _between(low, high, (float(f"{k * step:.12g}") for k in multiples))


def _between(low: float, high: float, numbers: Iterable[float]) -> list[float]:
    return [number for number in numbers if low <= number <= high]
