"""The partition function of the general robust loss: what makes exp(-loss) a probability density."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.domains import nonnegative
from fastloss.core.partition import table

Array = NDArray[np.float64]

AT_TWO = math.log(2 * math.pi) / 2


def log_partition(alpha: ArrayLike) -> Any:
    """
    Logarithm of Z(alpha), the integral of exp(-robust(r, alpha, scale=1)) over all residuals r.

    The density of a residual is then exp(-robust(r, alpha, scale)) / (scale Z(alpha)); for alpha < 0 there is none.
    Known are Z(0) = pi sqrt(2), Z(1) = 2 e K_1(1), Z(2) = sqrt(2 pi), Z(4) = e^(1/4) K_(1/4)(1/4).

    Parameters
    ----------
    alpha : float or array_like
        From 0 to infinity, both included.

    Returns
    -------
    float or ndarray of alpha's shape
        Within 2e-15, in float64.

    Raises
    ------
    ValueError
        If an alpha is negative or NaN.

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, whose Z is this one.

    Examples
    --------
    >>> from fastloss.adaptive import log_partition
    >>> round(log_partition(2.0), 12)  # log(2 pi) / 2
    0.918938533205
    >>> log_partition([0.0, 1.0, float("inf")]).round(6)
    array([1.491303, 1.185495, 0.70526 ])
    """
    return _evaluate(_value, alpha)


def log_partition_grad(alpha: ArrayLike) -> Any:
    """
    Derivative of `log_partition` with respect to alpha: negative, 0 at infinity.

    At alpha = 2 it is a logarithmic infinity; as `robust.param_grad` does, this gives its value at the next smaller
    float64.

    Parameters
    ----------
    alpha : float or array_like
        From 0 to infinity, both included.

    Returns
    -------
    float or ndarray of alpha's shape
        Within 2e-15 times the larger of 1 and its size, in float64.

    Raises
    ------
    ValueError
        If an alpha is negative or NaN.

    Examples
    --------
    >>> from fastloss.adaptive import log_partition_grad
    >>> log_partition_grad([0.0, 1.0, 4.0]).round(6)
    array([-0.859773, -0.19287 , -0.014603])
    """
    return _evaluate(_grad, alpha)


def _evaluate(function, alpha):
    alpha = nonnegative(alpha, "alpha")
    return _of_one(function, float(alpha)) if alpha.ndim == 0 else function(alpha)


@lru_cache(maxsize=1024)
def _of_one(function, alpha: float) -> float:
    return float(function(np.array([alpha]))[0])


def _value(alpha: Array) -> Array:
    value = _piecewise(alpha, table.LOW_VALUE, table.BELOW_VALUE, table.ABOVE_VALUE, table.HIGH_VALUE)
    return np.where(alpha == 2, AT_TWO, value)


def _grad(alpha: Array) -> Array:
    grad = _piecewise(alpha, table.LOW_GRAD, table.BELOW_GRAD, table.ABOVE_GRAD, table.HIGH_GRAD)
    inner = -np.square(4 / np.maximum(alpha, 4)) / 4  # above 4 the series are those of d log Z / d (4 / alpha)
    return np.where(alpha > 4, inner * grad, grad)


def _piecewise(alpha: Array, low, below, above, high) -> Array:
    """The sum at each alpha of the Chebyshev series of its interval, of which `low`, ... have one a piece."""
    result = np.empty(alpha.shape)
    distance = np.maximum(np.abs(alpha - 2), 2.0**-52)  # at 2 the distance of the next smaller float64
    for mask, variable, knots, pieces in (
        (alpha < 1, alpha, table.LOW_KNOTS, low),
        ((alpha >= 1) & (alpha <= 2), -np.log(distance), table.BELOW_KNOTS, below),
        ((alpha > 2) & (alpha <= 4), -np.log(distance), table.ABOVE_KNOTS, above),
        (alpha > 4, 4 / np.maximum(alpha, 4), table.HIGH_KNOTS, high),
    ):
        result[mask] = _chebyshev(variable[mask], knots, pieces)
    return result


def _chebyshev(v: Array, knots: tuple[float, ...], pieces) -> Array:
    """The sum at each v of the series of its piece, the interval between two knots."""
    result = np.empty(v.shape)
    at = np.searchsorted(knots[1:-1], v)
    for k in np.unique(at):
        here, start, end = at == k, knots[k], knots[k + 1]
        result[here] = _clenshaw((2 * v[here] - (start + end)) / (end - start), pieces[k])
    return result


def _clenshaw(x: Array, series) -> Array:
    """The sum of series[k] T_k(x)."""
    one, two = np.zeros_like(x), np.zeros_like(x)
    for c in series[:0:-1]:
        one, two = c + 2 * x * one - two, one
    return series[0] + x * one - two
