"""Exact sums of weights, weighted losses and their squares, and the deviations that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from fastloss.exact.buckets import ROWS_BELOW
from fastloss.exact.integers import divide, packed, root, trailing_zeros
from fastloss.exact.state import exact, integer, sequence

WEIGHT_UNITS = 1074  # weights and losses are integers of 2**-1074
PRODUCT_UNITS = 2148  # and a product of two float64 one of 2**-2148
_EXPONENTS = 8  # in these steps `accumulator` tells them apart


@dataclass(frozen=True)
class WeightedSums:
    """Sums over the counted rows, as integers; `a | b` are those of both.

    Attributes
    ----------
    w, ww : int
        The sums of weights and of their squares; these and all below in units of 2**-1074 to the power of the number of
        factors.
    wl, wll, wwl, wwll : int
        Over the finite losses l, those of w l, w l^2, w^2 l and w^2 l^2.
    positive, negative : int
        Numbers of losses of inf and -inf with a weight that is not 0.
    """

    w: int = 0
    wl: int = 0
    positive: int = 0
    negative: int = 0
    ww: int = 0
    wll: int = 0
    wwl: int = 0
    wwll: int = 0

    def __setstate__(self, state: dict) -> None:
        """Raises ValueError for a pickle of an earlier version, which has no sums of squares."""
        if state.keys() != {field.name for field in fields(self)}:
            raise ValueError("the pickle of a summary with weights is of an earlier version: score or merge it anew")
        self.__dict__.update(state)

    @classmethod
    def of(cls, infinite: tuple[int, int], moments: list[tuple]) -> WeightedSums:
        """From what `Accumulator.weighted` gives of a group."""
        w = wl = ww = wll = wwl = wwll = 0
        for sign, weight, value, sums in moments:
            of_weight, of_loss = weight * _EXPONENTS, value * _EXPONENTS
            w += sums[0] << of_weight
            ww += sums[1] << 2 * of_weight
            wl += sign * sums[2] << of_weight + of_loss
            wll += sums[3] << of_weight + 2 * of_loss
            wwl += sign * sums[4] << 2 * of_weight + of_loss
            wwll += sums[5] << 2 * (of_weight + of_loss)
        return cls(w, wl, *infinite, ww, wll, wwl, wwll)

    @classmethod
    def of_ones(cls, count: int, total: int, squares: int, positive: int, negative: int) -> WeightedSums:
        """Of weights of 1: from the number of losses, and the sums of the finite ones and of their squares, both in
        units of 2**-2148."""
        w, ww = count << WEIGHT_UNITS, count << 2 * WEIGHT_UNITS
        wll, wwl, wwll = squares << WEIGHT_UNITS, total << WEIGHT_UNITS, squares << 2 * WEIGHT_UNITS
        return cls(w, total, positive, negative, ww, wll, wwl, wwll)

    @property
    def weight(self) -> float:
        """The sum of weights, rounded once."""
        return divide(self.w, 1 << WEIGHT_UNITS)

    @property
    def sum(self) -> float:
        """The weighted sum, rounded once."""
        return self._over(1 << PRODUCT_UNITS)

    @property
    def mean(self) -> float | None:
        """The weighted sum divided by the sum of weights, rounded once; None of no weight."""
        return self._over(self.w << PRODUCT_UNITS - WEIGHT_UNITS) if self.w else None

    def std(self, count: int) -> float | None:
        """sqrt(sum w (l - m)^2 / sum w * n / (n - 1)), rounded once; None of no weight, and where n is below 2."""
        if count < 2 or not self.w:
            return None
        deviations = self.w * self.wll - self.wl**2  # times sum w
        return root(deviations * count, (self.w**2 << 2 * WEIGHT_UNITS) * (count - 1))

    def stderr(self, count: int) -> float | None:
        """sqrt(sum w^2 (l - m)^2 * n / (n - 1)) / sum w, rounded once; None as `std`."""
        if count < 2 or not self.w:
            return None
        deviations = self.w**2 * self.wwll - 2 * self.w * self.wl * self.wwl + self.wl**2 * self.ww  # times (sum w)^2
        return root(deviations * count, (self.w**4 << 2 * WEIGHT_UNITS) * (count - 1))

    def to_list(self) -> list:
        """The state, in types that JSON keeps exactly; `from_list` is the inverse."""
        names = (part.name for part in fields(self))
        return [packed(getattr(self, n), _UNITS[n]) if n in _UNITS else getattr(self, n) for n in names]

    @classmethod
    def from_list(cls, state: list) -> WeightedSums:
        """The sums that `to_list` described; a ValueError if none can be described so."""
        names = [part.name for part in fields(cls)]
        given = zip(names, sequence(state, "weighted", len(names)), strict=True)
        return cls(
            *(
                exact(value, f"the sum of {name}", _UNITS[name])
                if name in _UNITS
                else integer(value, "infinite losses with a weight", below=ROWS_BELOW)
                for name, value in given
            )
        )

    def __or__(self, other: WeightedSums) -> WeightedSums:
        return WeightedSums(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    def _over(self, units: int) -> float:
        if self.positive or self.negative:
            return (math.inf if self.positive else 0.0) - (math.inf if self.negative else 0.0)
        return divide(self.wl, units)


class PlainSums:
    """Of losses without weights their sum, given in units of 2**-1074, and that of their squares, in those of 2**-2148.

    The deviations are those of `WeightedSums.of_ones`, by integers of a tenth of the length; and of fewer bits still,
    as most sums end in zeros.
    """

    def __init__(self, total: int, squares: int):
        zeros = max(min(trailing_zeros(total), trailing_zeros(squares) // 2), 0)
        self._total, self._squares = total >> zeros, squares >> 2 * zeros
        self._units = PRODUCT_UNITS - 2 * zeros  # of squares

    def std(self, count: int) -> float | None:
        """As `WeightedSums.std`."""
        return self._root(count, count * (count - 1))

    def stderr(self, count: int) -> float | None:
        """As `WeightedSums.stderr`."""
        return self._root(count, count**2 * (count - 1))

    def _root(self, count: int, divisor: int) -> float | None:
        if count < 2:
            return None
        deviations = count * self._squares - self._total**2
        return root(deviations, divisor, self._units)


_UNITS = {name: WEIGHT_UNITS * len(name) for name in ("w", "wl", "ww", "wll", "wwl", "wwll")}
