"""What one pass over residuals tells about alpha and scale: sums that are added over batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.core.partition import log_partition, log_partition_grad
from fastloss.losses.m_estimators import robust

Array = NDArray[np.float64]

FAR = 1e100  # scales: from there on the square of a residual may leave the range of float64


@dataclass(frozen=True, eq=False)
class Statistics:
    """The total negative log-likelihood of residuals at one alpha and scale, and its derivatives.

    Those of two parts of the data, at the same alpha and scale, are added: on several processes, or over batches.

    Attributes
    ----------
    weight : float
        The sum of the sample weights; without any, the number of residuals.
    nll : float
    gradient : array of shape (2,)
        By alpha and by log(scale).
    hessian : array of shape (2, 2)
        Where alpha was said to be fixed, the rows and columns of alpha are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastloss.adaptive import statistics
    >>> r = np.array([0.1, -0.3, 2.0, 0.2])
    >>> whole = statistics(r, alpha=1.0, scale=0.2)
    >>> parts = statistics(r[:2], alpha=1.0, scale=0.2) + statistics(r[2:], alpha=1.0, scale=0.2)
    >>> bool(np.allclose(whole.gradient, parts.gradient))
    True
    """

    weight: float
    nll: float
    gradient: Array
    hessian: Array

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            self.weight + other.weight,
            self.nll + other.nll,
            self.gradient + other.gradient,
            self.hessian + other.hessian,
        )


def statistics(
    residuals: Array,
    alpha: float,
    scale: float,
    sample_weight: Array | None = None,
    *,
    fixed_alpha: bool = False,
    num_threads: int | None = None,
) -> Statistics:
    """
    The `Statistics` of an array of finite residuals at one alpha and scale.

    Parameters
    ----------
    residuals : ndarray
        Computed with in float64, whatever its type: the kernels round alpha and scale to that of the residuals.
    alpha : float
        >= 0, not 2 unless it is fixed: there the derivative is infinite.
    scale : float
        > 0.
    sample_weight : ndarray, optional
        Of the residuals' shape.
    fixed_alpha : bool
        Leave out the derivatives by alpha, which cost most of the time.
    num_threads : int, optional
        The default is that of `set_num_threads`.
    """
    residuals, unit = _in_units(np.asarray(residuals, np.float64), scale)
    scale, log_scale = math.ldexp(scale, -unit) or math.ulp(0.0), math.log(scale)
    weight = float(residuals.size if sample_weight is None else np.sum(sample_weight, dtype=np.float64))
    given = {"scale": scale, "sample_weight": sample_weight, "reduction": "sum", "num_threads": num_threads}
    gradient, hessian = np.zeros(2), np.zeros((2, 2))
    with np.errstate(over="ignore", invalid="ignore"):  # a residual far beyond the scale: the result is not finite then
        value, grad, hess = robust.evaluate(residuals, alpha=alpha, outputs=("value", "grad", "hess"), **given)
        # the loss is a function of log |r| - log(scale), by which its derivatives are d1 and d1 + d2_less_d1
        d1, d2_less_d1 = residuals * grad, residuals * (residuals * hess)
        far = np.abs(residuals) > FAR * scale
        if alpha < 1 and far.any():
            d1[far] = _d1_from_afar(residuals[far] / scale, alpha)
            d1[far] *= 1.0 if sample_weight is None else sample_weight[far]
            d2_less_d1[far] = (alpha - 1) * d1[far]
        gradient[1], hessian[1, 1] = weight - d1.sum(), d1.sum() + d2_less_d1.sum()
        if not fixed_alpha:
            # by alpha a second time: a difference of exact first derivatives, which keeps half of the digits
            step = 1e-5 * abs(alpha - 2)
            here, beside = (_derivatives(residuals, a, weight, given) for a in (alpha, alpha + step))
            gradient[0] = here[0]
            hessian[0] = hessian[:, 0] = (beside - here) / step
    return Statistics(weight, value + weight * (log_scale + log_partition(alpha)), gradient, hessian)


def _in_units(residuals: Array, scale: float) -> tuple[Array, int]:
    """The residuals over 2**unit, which is near the scale, and unit.

    All of the statistics but the log of the scale are those of residual / scale; the squares of what is far from 1
    leave the range of float64. A power of two rounds nothing.
    """
    unit = math.frexp(scale)[1]
    largest = float(np.abs(residuals).max(initial=0.0))
    unit = max(unit, math.frexp(largest)[1] - 600)  # up to 2**600 scales the derivative does not underflow
    return np.ldexp(residuals, -unit), unit


def _d1_from_afar(ratios: Array, alpha: float) -> Array:
    """residual * gradient, a power of residual / scale there; its weight, gradient / residual, leaves the range."""
    curve = 2 - alpha
    return curve ** (1 - alpha / 2) * np.abs(ratios) ** alpha


def _derivatives(residuals: Array, alpha: float, weight: float, given: dict[str, Any]) -> Array:
    """The derivatives of the negative log-likelihood by alpha and by log(scale)."""
    by_name = robust.param_grad(residuals, alpha=alpha, **given)
    return np.array([by_name["alpha"] + weight * log_partition_grad(alpha), given["scale"] * by_name["scale"] + weight])
