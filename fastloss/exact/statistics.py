"""What the exact state of a summary comes to: its sums, means, deviations, quantiles and histograms."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from numbers import Real

import numpy as np

from fastloss.core.floats import in_standard_floats
from fastloss.exact import views
from fastloss.exact.buckets import SUBNORMAL_SHIFT, UNITS, Buckets
from fastloss.exact.integers import divide
from fastloss.exact.weighted import PRODUCT_UNITS, PlainSums, WeightedSums

NORMAL_95 = 1.959963984540054  # the quantile of the normal distribution for 95% between it and its negative
ENTROPIES = ("cross_entropy", "nll", "linear_cross_entropy")  # mean negative logarithms of probabilities


class Statistics:
    """The numbers of a `Summary`, each rounded once from its fields."""

    count: int
    min: float | None
    max: float | None
    buckets: Buckets
    squares: int
    weighted: WeightedSums | None
    loss: str | None

    @property
    def infinite(self) -> int:
        """Those of the counted losses that are infinite."""
        return self.buckets.infinite

    @property
    def sum(self) -> float:
        """The exact sum of the counted losses, rounded once (to even); 0.0 of nothing.

        inf where it exceeds the range of float64, NaN where both infinities occur.
        """
        return self._ratio(UNITS)

    @property
    def mean(self) -> float | None:
        """The exact sum divided by the count, rounded once; None of nothing."""
        return self._ratio(UNITS * self.count) if self.count else None

    @property
    def sum_of_squares(self) -> float:
        """The exact sum of the squares of the counted losses, rounded once; inf beyond the range of float64."""
        return math.inf if self.infinite else divide(self.squares, 1 << PRODUCT_UNITS)

    @property
    def sum_of_weights(self) -> float:
        """The exact sum of the weights of the counted losses, rounded once; their number where none had a weight."""
        return float(self.count) if self.weighted is None else self.weighted.weight

    @property
    def weighted_sum(self) -> float:
        """The exact sum of weight times loss, rounded once; a loss of weight 0 adds 0, whatever it is."""
        return self.sum if self.weighted is None else self.weighted.sum

    @property
    def weighted_mean(self) -> float | None:
        """The exact weighted sum divided by the sum of weights, rounded once; None of no weight."""
        return self.mean if self.weighted is None else self.weighted.mean

    @property
    def std(self) -> float | None:
        """The standard deviation of the counted losses, rounded once.

        sqrt(sum w (l - m)^2 / sum w * n / (n - 1)), where n is the count, m the weighted mean, and each w is 1 where
        none had a weight. None where n is below 2, a loss is infinite, or all weights are 0.
        """
        return self._deviations[0]

    @property
    def stderr(self) -> float | None:
        """The standard error of the weighted mean, rounded once; without weights std / sqrt(n).

        sqrt(sum w^2 (l - m)^2 * n / (n - 1)) / sum w, and None, as in `std`.
        """
        return self._deviations[1]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval in which the mean is with a probability of 95%: m -+ 1.959963984540054 stderr."""
        return interval(self.weighted_mean, self.stderr)

    @property
    def perplexity(self) -> float | None:
        """e to the power of the weighted mean; None of losses but cross_entropy, nll, linear_cross_entropy."""
        return _exp(self.weighted_mean) if self._is_entropy else None

    @property
    def perplexity_interval(self) -> tuple[float, float] | None:
        """The interval of `perplexity`, from that of the mean."""
        return tuple(map(_exp, self.interval)) if self._is_entropy and self.interval is not None else None

    @property
    def bits(self) -> float | None:
        """The weighted mean in bits instead of nats; None as `perplexity`."""
        mean = self.weighted_mean
        return mean / math.log(2) if self._is_entropy and mean is not None else None

    @in_standard_floats
    def quantile(self, q: float) -> float | None:
        """The q-quantile of the counted losses, interpolated as by `numpy.quantile`.

        The two order statistics around q * (count - 1) are each replaced by the mean of their
        bucket, which is within 0.8% of every value in it, so the result is within 1% relative
        where they have the same sign. Minimum, maximum and runs of equal values are exact. None
        of nothing.

        Raises
        ------
        ValueError
            If q is not in [0, 1].
        """
        if not (isinstance(q, (float, Real)) and 0 <= q <= 1):
            raise ValueError(f"q must be in [0, 1], got {q!r}")
        if not self.count:
            return None
        position = q * (self.count - 1)
        below = min(math.floor(position), self.count - 1)  # count - 1 may be rounded up beyond 2**53 rows
        fraction = position - below
        low, high = self._order_statistics(below)
        if low == high or not fraction:
            return low
        return low * (1 - fraction) + high * fraction

    def histogram(self, bins: int, log: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """How many of the finite losses are between edges from the least to the largest of them.

        A loss may be counted beside its bin if it is within 0.8% of an edge: those of a bucket are counted together.

        Parameters
        ----------
        bins : int
            Their number.
        log : bool
            Edges of equal ratio, not of equal width; the losses are positive.

        Returns
        -------
        counts, edges : array of int, array of float
            `bins` and one more; an edge belongs to the bin above it, the last to the last bin.

        Raises
        ------
        ValueError
            If bins is below 1, or with `log` the least loss is not positive.

        Examples
        --------
        >>> import fastloss as fl
        >>> counts, edges = fl.summarize([1.0, 2.0, 4.0, 9.0]).histogram(2)
        >>> counts.tolist(), edges.tolist()
        ([3, 1], [1.0, 5.0, 9.0])
        """
        return views.binned(self.buckets, self.min, self.max, bins, log)

    @property
    def _deviations(self) -> tuple[float | None, float | None]:
        """`std` and `stderr`."""
        if self.infinite:
            return None, None
        plain = self.weighted is None
        sums = PlainSums(self.buckets.total >> SUBNORMAL_SHIFT, self.squares) if plain else self.weighted
        return sums.std(self.count), sums.stderr(self.count)

    def _weighted_sums(self) -> WeightedSums:
        if self.weighted is not None:
            return self.weighted
        infinite = self.buckets.infinities
        total = self.buckets.total << PRODUCT_UNITS >> UNITS.bit_length() - 1
        return WeightedSums.of_ones(self.count, total, self.squares, infinite.get(1, 0), infinite.get(-1, 0))

    @property
    def _is_entropy(self) -> bool:
        return _is_entropy(self.loss or "")

    def _order_statistics(self, rank: int) -> tuple[float, float]:
        """The means of the buckets of the rank-th smallest value, counted from 0, and of the next one, if there is one;
        the bounds are exact."""
        last = self.count - 1
        low, high = self.buckets.means_at(rank) if rank < last else (self.max, self.max)
        return low if rank else self.min, high if rank + 1 < last else self.max

    def _ratio(self, units: int) -> float:
        """The sum of all values, measured in 1/units, rounded once."""
        if self.infinite:
            return sum(sign * math.inf for sign in self.buckets.infinities)
        return divide(self.buckets.total, units)


@lru_cache
def _is_entropy(loss: str) -> bool:
    """Whether the repr of a loss, and not of one of its outputs, is of one whose mean is an entropy."""
    found = re.fullmatch(r"(\w+)\([^()]*\)", loss)
    return found is not None and found[1] in ENTROPIES


def interval(mean: float | None, stderr: float | None) -> tuple[float, float] | None:
    """The interval of 95% around a mean with this standard error."""
    return None if stderr is None else (mean - NORMAL_95 * stderr, mean + NORMAL_95 * stderr)


def _exp(value: float | None) -> float | None:
    try:
        return None if value is None else math.exp(value)
    except OverflowError:
        return math.inf
