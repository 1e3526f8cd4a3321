"""Exact sums of weights and of weighted losses."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from fastloss.exact.buckets import ROWS_BELOW
from fastloss.exact.integers import divide, packed
from fastloss.exact.state import exact, integer, sequence

WEIGHT_UNITS = 1074  # weights are integers of 2**-1074
PRODUCT_UNITS = 2148  # and a product of two float64 one of 2**-2148

# How `accumulator` numbers its sums: a flag of weights or the sign of products, and the exponent.
_WEIGHT_FLAG = 1 << 13
_SIGN = 1 << 12
_EXPONENT_MASK = _SIGN - 1
_LOW_HALF = (1 << 128) - 1  # without the count


@dataclass(frozen=True)
class WeightedSums:
    """Sums over the counted rows, as integers; `a | b` are those of both.

    Attributes
    ----------
    weights : int
        The sum of weights, in units of 2**-1074.
    products : int
        The sum of weight * loss over the finite losses, in units of 2**-2148.
    positive, negative : int
        Numbers of losses of inf and -inf with a weight that is not 0.
    """

    weights: int = 0
    products: int = 0
    positive: int = 0
    negative: int = 0

    @classmethod
    def of(cls, low_halves: dict[int, int], high_halves: dict[int, int]) -> WeightedSums:
        """From sums by number, that is by exponent, as `Accumulator.weighted` gives them."""
        weights = products = 0
        infinite = [0, 0]
        for number, high in high_halves.items():
            low = low_halves[number] & _LOW_HALF
            exponent, negative = number & _EXPONENT_MASK, bool(number & _SIGN)
            if number & _WEIGHT_FLAG:
                weights += low << exponent - 1
            elif exponent == 0:
                infinite[negative] = low
            else:
                product = (high << 64) + low << exponent - 2
                products += -product if negative else product
        return cls(weights, products, *infinite)

    @property
    def weight(self) -> float:
        """The sum of weights, rounded once."""
        return divide(self.weights, 1 << WEIGHT_UNITS)

    @property
    def sum(self) -> float:
        """The weighted sum, rounded once."""
        return self._over(1 << PRODUCT_UNITS)

    @property
    def mean(self) -> float | None:
        """The weighted sum divided by the sum of weights, rounded once; None of no weight."""
        return self._over(self.weights << PRODUCT_UNITS - WEIGHT_UNITS) if self.weights else None

    def to_list(self) -> list:
        """The state, in types that JSON keeps exactly; `from_list` is the inverse."""
        exact = packed(self.weights, WEIGHT_UNITS), packed(self.products, PRODUCT_UNITS)
        return [*exact, self.positive, self.negative]

    @classmethod
    def from_list(cls, state: list) -> WeightedSums:
        """The sums that `to_list` described; a ValueError if none can be described so."""
        weights, products, positive, negative = sequence(state, "weighted", 4)
        return cls(
            exact(weights, "the sum of weights", WEIGHT_UNITS),
            exact(products, "the weighted sum", PRODUCT_UNITS),
            integer(positive, "infinite losses with a weight", below=ROWS_BELOW),
            integer(negative, "infinite losses with a weight", below=ROWS_BELOW),
        )

    def __or__(self, other: WeightedSums) -> WeightedSums:
        return WeightedSums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def _over(self, units: int) -> float:
        if self.positive or self.negative:
            return (math.inf if self.positive else 0.0) - (math.inf if self.negative else 0.0)
        return divide(self.products, units)
