"""Quantiles of the density of errors that a loss is the negative log-likelihood of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Losses whose exp(-loss) is, but for a factor, a density, and those of them whose parameters tell its width
LIKELIHOODS = ("robust", "robust_nll", "student_t_nll", "gaussian_nll", "half_squared_error", "squared_error",
               "absolute_error")  # fmt: skip
WITH_WIDTH = LIKELIHOODS[:4]
PANEL = 0.25  # of asinh(residual), for one Gauss-Legendre rule
FARTHEST = 700.0  # as asinh(residual): beyond, floats end
TAIL = 1e-9  # of all mass, at most in the last panel
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


def half_width(loss: Any, level: float) -> float:
    """The size that errors of the density exp(-loss) of an even loss stay below with this probability.

    Raises
    ------
    ValueError
        If that is no density, as of a loss that has a bound, or is beyond what floats hold.
    """
    edges = np.arange(0.0, FARTHEST, PANEL)
    masses = np.cumsum(_mass(loss, edges, edges + PANEL))
    if not masses[-1] - masses[-2] <= TAIL * masses[-1]:
        raise ValueError(f"{loss} has no interval: errors of exp(-loss) have no end, as it is no density")
    wanted = level * masses[-1]
    panel = min(int(np.searchsorted(masses, wanted)), len(edges) - 1)
    left = wanted - (masses[panel - 1] if panel else 0.0)
    low, high = edges[panel], edges[panel] + PANEL
    for _ in range(60):
        middle = (low + high) / 2
        is_less = _mass(loss, edges[panel : panel + 1], np.array([middle]))[0] < left
        low, high = (middle, high) if is_less else (low, middle)
    return float(np.sinh((low + high) / 2))


def _mass(loss: Any, low: Array, high: Array) -> Array:
    """The integrals of exp(-loss), less a factor, between sinh(low) and sinh(high)."""
    half = (high - low)[:, None] / 2
    at = (high + low)[:, None] / 2 + half * NODES
    with np.errstate(over="ignore", under="ignore"):
        values = np.exp(loss(0.0) - loss(np.sinh(at)) + np.log(np.cosh(at)))
    return np.asarray((half * values) @ NODE_WEIGHTS)
