"""The scale of residuals, estimated beside a regression, and losses in units of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAD, HUBER, FIXED = "mad", "huber", "fixed"
NORMAL = NormalDist()
THIRD_QUARTILE = 0.6744897501960817  # of the normal distribution
HUBER_D = 2.5  # where Huber's proposal 2 cuts off, in scales
HUBER_CHI = HUBER_D**2 + (1 - HUBER_D**2) * NORMAL.cdf(HUBER_D) - 0.5 - HUBER_D * NORMAL.pdf(HUBER_D)

# Of the losses with a scale of their own: the power of the scale by which the loss grows in all, and its parameters'
_OWN: dict[str, tuple[int, dict[str, int]]] = {
    "huber": (2, {"delta": 1}),
    "smooth_l1": (1, {"beta": 1}),
    "pseudo_huber": (2, {"delta": 1}),
    "epsilon_insensitive": (1, {"epsilon": 1}),
    "squared_epsilon_insensitive": (2, {"epsilon": 1}),
    **dict.fromkeys(
        ("cauchy", "geman_mcclure", "welsch", "tukey", "fair", "arctan", "truncated_squared", "andrews"),
        (2, {"scale": 1}),
    ),
    "dcs": (2, {"scale": 2}),
    "hampel": (2, {"a": 1, "b": 1, "c": 1}),
    "ramsay": (2, {"a": -1}),
    "tolerant": (2, {"a": 2, "b": 2}),
    **dict.fromkeys(("robust", "robust_nll", "student_t_nll"), (0, {"scale": 1})),
    "gaussian_nll": (0, {"var": 2}),
}


@dataclass(frozen=True)
class OfRatios:
    """A loss without a scale of its own, of residuals over a scale."""

    loss: Any
    scale: float

    def evaluate(self, residuals: Array, outputs: Collection[str]) -> list[Array]:
        found = self.loss.evaluate(residuals / self.scale, outputs=tuple(outputs))
        powers = {"value": 0, "grad": 1, "hess": 2, "weight": 2}
        return [each / self.scale ** powers[name] for name, each in zip(outputs, found, strict=True)]

    def value_and_grad(self, residuals: Array) -> list[Array]:
        return self.evaluate(residuals, ("value", "grad"))

    def weight(self, residuals: Any) -> Any:
        return self.loss.weight(residuals / self.scale) / self.scale**2

    @property
    def traits(self) -> frozenset[str]:
        return self.loss.traits  # type: ignore[no-any-return]

    @property
    def parameters(self) -> dict[str, Any]:
        return {}

    @property
    def terms(self) -> tuple[tuple[float, Any], ...]:
        """What it is the sum of, for the places of their kinks and the signs of their factors."""
        return tuple((factor, bound_at(term, self.scale)) for factor, term in self.loss.terms)


def degree(loss: Any) -> int:
    """The d for which the loss of a multiple of residual and scale is the d-th power of that times the loss."""
    return _OWN.get(loss.name, (0, {}))[0]


def at_scale(loss: Any, scale: float) -> Any:
    """The loss whose parameters are in units of the scale as one of residuals: its own scale times that, if it has
    one, else the loss of residuals over the scale."""
    if loss.name not in _OWN:
        return OfRatios(loss, scale)
    return bound_at(loss, scale)


def bound_at(loss: Any, scale: float) -> Any:
    """The same as a loss for users: one without a scale of its own as it is."""
    _, powers = _OWN.get(loss.name, (0, {}))
    return loss.bind(**{name: loss.parameters[name] * scale**power for name, power in powers.items()})


# ---- estimates ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """How the scale follows from residuals: `kind` is "mad", "huber" or a number; `rank` that of the columns."""

    kind: str | float
    rank: int

    def of(self, residuals: Array, weights: Array) -> tuple[float, Array]:
        """(the scale, its derivative by each of the residuals)"""
        slopes = np.zeros(len(residuals))
        if not isinstance(self.kind, str):
            return self.kind, slopes
        sizes = np.abs(residuals)
        if self.kind == MAD:
            middle, rows = weighted_median(sizes, weights)
            np.add.at(slopes, rows, np.sign(residuals[rows]) / (2 * THIRD_QUARTILE))
            return middle / THIRD_QUARTILE, slopes
        scale = huber_scale(sizes, weights, self.rank)
        if scale:
            ratios = np.where(sizes < HUBER_D * scale, residuals / scale, 0.0)
            slopes = weights * ratios / (weights @ np.square(ratios))
        return scale, slopes


def weighted_median(values: Array, weights: Array) -> tuple[float, NDArray[np.intp]]:
    """(the median of values that are repeated as often as their weights say, the two rows whose mean it is)"""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    half = below[-1] / 2
    first = int(np.searchsorted(below, half))
    second = first + (below[first] == half and first + 1 < len(order))
    rows = order[[first, second]]
    return float(values[rows].mean()), rows


def huber_scale(sizes: Array, weights: Array, rank: int) -> float:
    """Huber's proposal 2: the s for which the mean of min(size / s, d)^2 / 2 is that of normal errors.

    Where the k smallest are those below d s, the equation is linear in s^2; k is found among all.
    """
    order = np.argsort(sizes)
    sizes, weights = sizes[order], weights[order]
    total = float(weights.sum())
    unit = float(sizes[-1]) or 1.0
    squares = np.cumsum(weights * np.square(sizes / unit)) / 2
    beyond = total - np.cumsum(weights)
    left = (total - rank) * HUBER_CHI - beyond * HUBER_D**2 / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = unit * np.sqrt(np.where(left > 0, squares / left, np.nan))
    fits = (sizes <= HUBER_D * scales) & (np.append(sizes[1:], np.inf) >= HUBER_D * scales)
    return float(scales[np.argmax(fits)]) if fits.any() else 0.0
