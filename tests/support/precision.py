"""How far a result is from the exact one, in the units of the numerics contract."""

import math

import numpy as np
from mpmath import inf, isinf, isnan, mp, mpf

__all__ = ["converged", "error_in_ulp", "stored", "ulp"]

_AGREEMENT = 100  # bits on which two working precisions agree before a result is believed
_PRECISIONS = (240, 480, 1100, 4400, 4600, 18000)


def converged(function):
    """`function()` -> tuple of numbers, at a working precision that no longer changes them.

    A zero is believed only at high precision, which a residual of 1e-300 beside a scale of 1e300 takes: cancellation
    makes zeros that agree by accident.
    """
    previous = None
    for bits in _PRECISIONS:
        with mp.workprec(bits):
            result = function()
        believable = bits > 4000 or all(result)
        if previous is not None and believable and all(map(_agree, previous, result)):
            return result
        previous = result
    raise ArithmeticError(f"no agreement at {bits} bits: {result}")


def _agree(rough, fine):
    if isnan(fine) or isinf(fine):
        return repr(rough) == repr(fine)
    return abs(rough - fine) <= mp.ldexp(abs(fine), -_AGREEMENT)


def stored(value, dtype):
    """The number that the library sees after rounding a parameter to the data's dtype."""
    with np.errstate(over="ignore"):
        return mpf(float(np.dtype(dtype).type(value)))


def ulp(exact, dtype):
    """Distance between neighbours of `dtype` at |exact|; the smallest subnormal near zero."""
    info = np.finfo(dtype)
    low = int(info.minexp)
    exponent = low if exact == 0 else mp.frexp(exact)[1] - 1
    exponent = min(max(exponent, low), int(info.maxexp) - 1)
    return mp.ldexp(1, exponent - int(info.nmant))


def error_in_ulp(got, exact, dtype, magnitude=None):
    """|got - exact| / ulp; of `magnitude` (a sum of terms) where the contract measures by that.

    Beyond the range an infinity is exact: both sides are clamped to the power of two behind
    the largest finite number.  NaN instead of a number, or the reverse, is infinitely wrong.
    """
    if isnan(exact) or math.isnan(got):
        return 0.0 if isnan(exact) and math.isnan(got) else math.inf
    limit = mp.ldexp(1, int(np.finfo(dtype).maxexp))
    got, exact = (max(-limit, min(limit, mpf(x))) for x in (float(got), exact))
    unit = ulp(max(abs(exact), magnitude or 0), dtype)
    return float(min(abs(got - exact) / unit, inf))
