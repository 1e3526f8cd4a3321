"""Exact numbers as integers of 2**-k: rounded, and as JSON holds them."""

from __future__ import annotations

import math

from fastloss.core.floats import in_standard_floats


@in_standard_floats
def divide(numerator: int, denominator: int) -> float:
    """Integer quotient as the nearest float, ties to even, infinite beyond the range."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def root(numerator: int, denominator: int, units: int = 0) -> float:
    """The square root of an integer quotient, not negative, over 2**units as the nearest float."""
    bits = denominator.bit_length() + units - numerator.bit_length()
    shift = 2 * (bits // 2 + 58)  # to 115 bits or more, of the root 58
    quotient, rest = divmod(numerator << max(shift - units, 0), denominator << max(units - shift, 0))
    digits = math.isqrt(quotient)
    digits = digits << 1 | (rest != 0 or digits * digits != quotient)  # what is cut off breaks ties
    places = shift // 2 + 1
    return divide(digits << max(-places, 0), 1 << max(places, 0))


def trailing_zeros(number: int) -> int:
    """How many bits at its end are 0; of 0, which has none, -1."""
    return (number & -number).bit_length() - 1


def packed(number: int, units: int) -> list[int]:
    """[m, k] for a number of units 2**-units: it is m * 2**-k, with an odd m or 0."""
    if number == 0:
        return [0, 0]
    zeros = trailing_zeros(number)
    return [number >> zeros, units - zeros]


def unpacked(state: list[int], units: int) -> int:
    """The number that `packed` made."""
    number, places = state
    return number << units - places if number else 0
