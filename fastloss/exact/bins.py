"""Probabilities beside how often they came true, in bins of equal width: the calibration of a summary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastloss.exact.buckets import ROWS_BELOW
from fastloss.exact.integers import divide, packed
from fastloss.exact.shares import Shares
from fastloss.exact.state import exact, integer, sequence

MOST_BINS = 10_000
_UNITS = 1074  # sums are integers of 2**-1074


@dataclass(frozen=True)
class Bins:
    """Bin by bin a count, and the exact sums of probabilities and of what came true; `a | b` is that of both together.

    Attributes
    ----------
    counts, confidences, accuracies : tuple of int
        The sums in units of 2**-1074.
    """

    counts: tuple[int, ...]
    confidences: tuple[int, ...]
    accuracies: tuple[int, ...]

    def fields(self) -> dict:
        """The errors and the bins, as `Summary.calibration` has them."""
        bins = list(zip(self.counts, self.confidences, self.accuracies, strict=True))
        gaps = [(abs(accuracy - confidence), count) for count, confidence, accuracy in bins if count]
        return {
            "ece": _mean(sum(gap for gap, _ in gaps), sum(self.counts)),
            "mce": max((_mean(gap, count) for gap, count in gaps), default=None),
            "bins": [
                {"count": count, "confidence": _mean(confidence, count), "accuracy": _mean(accuracy, count)}
                for count, confidence, accuracy in bins
            ],
        }

    def to_list(self) -> list:
        """The state, in types that JSON keeps exactly; `from_list` is the inverse."""
        return [
            [count, packed(confidence, _UNITS), packed(accuracy, _UNITS)]
            for count, confidence, accuracy in zip(self.counts, self.confidences, self.accuracies, strict=True)
        ]

    @classmethod
    def from_list(cls, state) -> Bins:
        """The bins that `to_list` described; a ValueError if none can be described so."""
        bins = [sequence(one, "a bin", 3) for one in sequence(state, "calibration")]
        if not 1 <= len(bins) <= MOST_BINS:
            raise ValueError(f"calibration is a list of {len(bins)} bins")
        counts = tuple(integer(count, "the count of a bin", below=ROWS_BELOW) for count, _, _ in bins)
        confidences, accuracies = (tuple(exact(one[i], "a sum of a bin", _UNITS) for one in bins) for i in (1, 2))
        for count, *both in zip(counts, confidences, accuracies, strict=True):
            if not all(0 <= one <= count << _UNITS for one in both):
                raise ValueError("a bin has a sum that probabilities do not have")
        return cls(counts, confidences, accuracies)

    def __or__(self, other: Bins) -> Bins:
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"calibrations of {len(self.counts)} and {len(other.counts)} bins do not merge: score both with as many"
            )
        pairs = (
            (self.counts, other.counts),
            (self.confidences, other.confidences),
            (self.accuracies, other.accuracies),
        )
        return Bins(*(tuple(a + b for a, b in zip(*pair, strict=True)) for pair in pairs))


def merged(one: Bins | None, rows: int, other: Bins | None, others_rows: int) -> Bins | None:
    """The bins of both, where these are those of so many rows.

    Raises
    ------
    ValueError
        If they are others, or one of them is not known.
    """
    if one is not None and other is not None:
        return one | other
    if (one is None and rows and other is not None) or (other is None and others_rows and one is not None):
        raise ValueError("summaries with and without calibration do not merge: score both with calibration, or neither")
    return one or other


class BinsCollector:
    """Builds `Bins` from batches of probabilities, one for each of a number of groups."""

    def __init__(self, bins: int):
        self._shares = Shares(bins)

    def add(self, predicted, counted: np.ndarray | None, codes=None, numbers=None) -> None:
        """Add probabilities and what came true, both in [0, 1], of the rows that are counted; `numbers` has the groups
        of codes."""
        dtype = np.float32 if all(one.dtype == np.float32 for one in predicted) else np.float64
        confidence, accuracy = (np.ascontiguousarray(one, dtype) for one in predicted)
        self._shares.add(confidence, accuracy, counted, codes, numbers)

    def take(self, other: BinsCollector, numbers: np.ndarray) -> None:
        """Add everything that was added to another one; `numbers` has the groups' numbers here."""
        self._shares.take(other._shares, numbers)

    def bins(self, groups: int) -> list[Bins]:
        """Those of so many groups."""
        return [Bins(*content) for content in self._shares.contents(groups)]


def _mean(total: int, count: int) -> float | None:
    return divide(total, count << _UNITS) if count else None
