"""What a regression minimises: the sum of a loss, known, in units of a scale that is estimated, or learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.descent import CONVEX_ALPHA
from fastloss.adaptive.fitting import learn
from fastloss.adaptive.scales import Estimate, at_scale
from fastloss.losses.likelihood import robust_nll
from fastloss.losses.m_estimators import robust

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """The sum of a loss."""

    loss: Any
    width: float = 0.0

    def learn(self, residuals: Array, weights: Array, before: Any) -> Any:
        """The loss whose weights the next step takes; `before` is the one that the last step took."""
        return self.loss

    def has_settled(self, old: tuple[Array, Any], new: tuple[Array, Any], weights: Array, tol: float) -> bool:
        """Whether the sum has stopped to fall, of (residuals, loss): its steps alone tell."""
        return False


@dataclass(frozen=True)
class Learned:
    """The negative log-likelihood of the general robust loss, alpha and scale as the residuals have them."""

    alpha_bounds: tuple[float, float]
    floor: float
    scale: float | None = None  # where it is known
    width: float = 0.0

    def learn(self, residuals: Array, weights: Array, before: Any) -> Any:
        sizes = np.abs(lifted(residuals, self.floor))
        if self.scale is None and sizes.min() == sizes.max():  # an exact fit: all are as small as they may be
            return robust.bind(alpha=self.alpha_bounds[0], scale=float(sizes.max()))
        alpha, scale = learn(sizes, weights, self.alpha_bounds, near=before, scale=self.scale)
        return robust.bind(alpha=alpha, scale=scale)

    def has_settled(self, old: tuple[Array, Any], new: tuple[Array, Any], weights: Array, tol: float) -> bool:
        """Alpha and scale follow the residuals slowly: where the likelihood has ceased to rise, that is the end."""
        before, after = (self._total(*each, weights) for each in (old, new))
        return before - after <= tol * (abs(after) + 1e-3 * float(weights.sum()))

    def _total(self, residuals: Array, loss: Any, weights: Array) -> float:
        sizes = lifted(residuals, self.floor)
        return float(robust_nll(sizes, sample_weight=weights, reduction="sum", **loss.parameters))


@dataclass(frozen=True)
class Scaled:
    """The sum of a loss whose parameters are in units of the scale of the residuals, which is at least `least`."""

    loss: Any
    estimate: Estimate
    least: float
    width: float = 0.0

    def learn(self, residuals: Array, weights: Array, before: Any) -> Any:
        scale, _ = self.estimate.of(residuals, weights)
        return at_scale(self.loss, scale if isinstance(self.estimate.kind, float) else max(scale, self.least))


def lifted(residuals: Array, floor: float) -> Array:
    """None smaller than the floor."""
    return np.copysign(np.maximum(np.abs(residuals), floor), residuals)


def stages(
    target: Any, anneal: int, alpha_bounds: tuple[float, float], floor: float, scale: float | None
) -> list[Known | Learned]:
    """The problems to solve one after the other: alpha falls from where the loss is convex."""
    if target is None:
        low, high = alpha_bounds
        lows = np.linspace(min(max(low, CONVEX_ALPHA), high - 1e-3), low, anneal + 1) if anneal else [low]
        return [Learned((float(a), high), floor, scale) for a in lows]
    if not anneal or target.parameters["alpha"] >= CONVEX_ALPHA:
        return [Known(target)]
    # even steps of 1 / (2 - alpha), so that -inf can be reached
    shares = np.linspace(1 / (2 - CONVEX_ALPHA), 1 / (2 - target.parameters["alpha"]), anneal + 1)[:-1]
    return [*(Known(target.bind(alpha=float(2 - 1 / share))) for share in shares), Known(target)]
