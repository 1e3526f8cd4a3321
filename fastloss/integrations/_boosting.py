"""What gradient boosting asks of a loss: its gradient, and a curvature that a step may be divided by.

Trees move a leaf by sum(gradient) / sum(curvature). The exact second derivative of a loss that is not strictly convex
is no such divisor: it vanishes, or is negative, where rows are far off. An IRLS weight is one, as the parabola through
the loss with that curvature lies above it: each step lowers the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.core.arguments import shown
from fastloss.core.loss import Loss
from fastloss.integrations._losses import WITH_ROWS, as_target, served

Array = NDArray[np.floating[Any]]

HESSIANS = ("auto", "exact", "weight", "unit")
_OTHERS = {  # losses of what boosting does not predict
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "nll": "cross_entropy",
}
_FLAT = ("zero_one", "top_k_error", "disagreement")
_PROBES = np.array([-3.0, -1.5, 0.0, 1.5, 3.0])
_LONGEST = 2.0  # steps of a logit that a row asks for, where its curvature is not positive enough


def objective_of(loss: Loss | str, hessian: str, adapter: str) -> Derivatives:
    """The derivatives of a loss that boosting can minimise.

    Raises
    ------
    TypeError
        If it cannot, or the loss has no such curvature.
    ValueError
        If `hessian` is none of HESSIANS.
    """
    loss = served(loss, f"{adapter}.objective", WITH_ROWS)
    if loss.name in _OTHERS:
        raise TypeError(
            f"{adapter}.objective: {loss.name} is of probabilities, and boosting adds up logits: take "
            f"{_OTHERS[loss.name]}"
        )
    if loss.name in _FLAT:
        raise TypeError(f"{adapter}.objective: the gradient of {loss.name} is 0 everywhere")
    if not isinstance(hessian, str) or hessian not in HESSIANS:
        raise ValueError(f"hessian must be one of {', '.join(HESSIANS)}, got {shown(hessian)}")
    if hessian == "weight" and not loss.has_weight:
        raise TypeError(f"{adapter}.objective: {loss.name} has no IRLS weight, which losses of a residual have")
    return Derivatives(loss, hessian)


@dataclass(frozen=True)
class Derivatives:
    """(pred, target, sample_weight) -> (gradient, curvature), both in pred's shape and times one number, so that
    curvatures are about 1 where those of a loss are a matter of its units."""

    loss: Any
    hessian: str

    def __call__(self, pred: Any, target: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        pred, target = np.asarray(pred), as_target(self.loss, target)
        if sample_weight is not None and not np.size(sample_weight):
            sample_weight = None
        grad, hess = getattr(self, f"_{self.kind}")(pred, target)
        if not np.isfinite(np.vdot(grad, grad)):
            self._refuse(pred, target, grad)
        if sample_weight is not None:
            weight = np.asarray(sample_weight, grad.dtype).reshape((-1,) + (1,) * (grad.ndim - 1))
            grad, hess = grad * weight, hess * weight
        return grad, hess

    @cached_property
    def kind(self) -> str:
        loss = self.loss
        if self.hessian != "auto":
            return self.hessian
        if loss.has_weight:
            return "weight" if np.isfinite(loss.weight(0.0)) else "spread"
        if loss.family in ("relative", "deviance"):
            return "spread"
        if loss.is_rowwise:
            return "exact" if loss.traits >= {"convex", "c1"} else "bounded"
        is_strict = loss.traits >= {"convex", "c1"} and (loss.hess(_PROBES, 1.0) > 0).all()
        if is_strict:
            return "exact"
        if loss.family != "margin":
            return "bounded"
        return "ratio" if "c1" in loss.traits else "spread"

    @cached_property
    def _scale(self) -> float:
        """The curvature of a loss of a residual at 0, by its weight."""
        weight = self.loss.weight(0.0) if self.loss.has_weight else 1.0
        return float(weight) if 0 < weight < np.inf else 1.0

    def _exact(self, pred: Array, target: Array) -> tuple[Array, Array]:
        return self._in_units(*self.loss.evaluate(pred, target, outputs=("grad", "hess")))

    def _weight(self, pred: Array, target: Array) -> tuple[Array, Array]:
        return self._in_units(*self.loss.evaluate(pred, target, outputs=("grad", "weight")))

    def _unit(self, pred: Array, target: Array) -> tuple[Array, Array]:
        grad = self.loss.grad(pred, target)
        return self._in_units(grad, np.full_like(grad, self._scale))

    def _ratio(self, pred: Array, target: Array) -> tuple[Array, Array]:
        """Gradient over residual; a margin loss has one label as its target, and is 0 beyond it."""
        grad, hess = self.loss.evaluate(pred, target, outputs=("grad", "hess"))
        residual = pred - target
        return grad, np.divide(grad, residual, out=hess, where=np.abs(residual) > 1e-3)

    def _spread(self, pred: Array, target: Array) -> tuple[Array, Array]:
        """As if residuals below the median were as large as that: at 0 the weights of these losses are infinite."""
        grad, sizes = self.loss.grad(pred, target), np.abs(pred - target)
        least = np.median(sizes) or 1.0
        hess = np.abs(grad) / np.maximum(sizes, least)
        unit = float(np.mean(hess, dtype=np.float64)) or 1.0
        return (grad / unit).astype(grad.dtype), (hess / unit).astype(grad.dtype)

    def _bounded(self, pred: Array, target: Array) -> tuple[Array, Array]:
        """The exact one, but no step is longer than a few units of a logit."""
        grad, hess = self.loss.evaluate(pred, target, outputs=("grad", "hess"))
        return grad, np.maximum(hess, np.abs(grad) / _LONGEST)

    def _in_units(self, grad: Array, hess: Array) -> tuple[Array, Array]:
        if self._scale != 1.0:
            grad /= self._scale
            hess /= self._scale
        return grad, hess

    def _refuse(self, pred: Array, target: Array, grad: Array) -> None:
        rows = ~np.isfinite(grad).reshape(len(grad), -1).all(axis=1)
        if not rows.any():
            return
        row = int(rows.argmax())
        raise ValueError(
            f"{self.loss.name} has no finite gradient at row {row}: its prediction is {pred[row]}, its label "
            f"{target[row]}"
        )
