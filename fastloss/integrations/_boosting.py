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
_NEEDED = {  # outputs of a loss, for each kind of curvature
    "exact": ("grad", "hess"),
    "weight": ("grad", "weight"),
    "unit": ("grad",),
    "ratio": ("grad", "hess"),
    "spread": ("grad",),
    "bounded": ("grad", "hess"),
}
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
    if loss.reads_as in _OTHERS:
        raise TypeError(
            f"{adapter}.objective: {loss.name} is of probabilities, and boosting adds up logits: take "
            f"{_OTHERS[loss.reads_as]}"
        )
    if all(term.name in _FLAT for _, term in loss.terms):
        raise TypeError(f"{adapter}.objective: the gradient of {loss.name} is 0 everywhere")
    if not isinstance(hessian, str) or hessian not in HESSIANS:
        raise ValueError(f"hessian must be one of {', '.join(HESSIANS)}, got {shown(hessian)}")
    if hessian == "weight" and not loss.has_weight:
        raise TypeError(f"{adapter}.objective: {loss.name} has no IRLS weight, which losses of a residual have")
    derivatives = Derivatives(loss, hessian)
    served(loss, f"{adapter}.objective", WITH_ROWS, outputs=_NEEDED[derivatives.kind])
    return derivatives


@dataclass(frozen=True)
class Derivatives:
    """(pred, target, sample_weight) -> (gradient, curvature), both in pred's shape and times one number, so that
    curvatures are about 1 where those of a loss are a matter of its units."""

    loss: Any
    hessian: str

    def __call__(self, pred: Any, target: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        pred, target = np.asarray(pred), as_target(self.loss, target)
        if self.loss.is_rowwise and pred.ndim < 2:
            raise ValueError(
                f"{self.loss.name} boosts a column for each class, got one for all: tell the library the number of "
                "classes, or take binary_cross_entropy_with_logits for two"
            )
        weight = None if sample_weight is None else np.asarray(sample_weight)
        grad, hess = getattr(self, f"_{self.kind}")(pred, target, weight)
        if not np.isfinite(np.vdot(grad, grad)):
            self._refuse(pred, target, grad)
        return grad, hess

    @cached_property
    def kind(self) -> str:
        """Where the curvature comes from, as `hessian` or the loss has it."""
        loss = self.loss
        if self.hessian != "auto":
            return self.hessian
        if "weight" in loss.output_names:
            if np.isinf(loss.weight(0.0)):
                return "spread"
            is_exact = "hess" in loss.output_names and (loss.weight(_PROBES) == loss.hess(_PROBES)).all()
            return "exact" if is_exact else "weight"
        if loss.family in ("relative", "deviance") or "hess" not in loss.output_names:
            return "spread"
        if loss.is_rowwise:
            return "exact" if loss.traits >= {"convex", "c1"} else "bounded"
        if loss.traits >= {"convex", "c1"} and (loss.hess(_PROBES, 1.0) > 0).all():
            return "exact"
        if loss.has_weight:  # one that is not known
            return "spread"
        if loss.family != "margin":
            return "bounded"
        return "ratio" if "c1" in loss.traits else "spread"

    @cached_property
    def _scale(self) -> float:
        """The curvature of a loss of a residual at 0, by its weight."""
        weight = self.loss.weight(0.0) if "weight" in self.loss.output_names else 1.0
        return float(weight) if 0 < weight < np.inf else 1.0

    def _factor(self, weight: Array | None) -> Any:
        """What multiplies both: sample weights in the unit of curvature; None for 1."""
        if self._scale == 1.0:
            return weight
        return 1 / self._scale if weight is None else weight / self._scale

    def _exact(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        factor = self._factor(weight)
        return self.loss.evaluate(pred, target, outputs=("grad", "hess"), sample_weight=factor)

    def _weight(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        factor = self._factor(weight)
        grad, hess = self.loss.evaluate(pred, target, outputs=("grad", "weight"), sample_weight=factor)
        return grad, hess if factor is None else _times(hess, factor)

    def _unit(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        grad = self.loss.grad(pred, target, sample_weight=self._factor(weight))
        hess = np.ones_like(grad)
        return grad, hess if weight is None else _times(hess, weight)

    def _ratio(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        """Gradient over residual; a margin loss has one label as its target, and is 0 beyond it."""
        grad, hess = self.loss.evaluate(pred, target, outputs=("grad", "hess"), sample_weight=weight)
        residual = pred - target
        return grad, np.divide(grad, residual, out=hess, where=np.abs(residual) > 1e-3)

    def _spread(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        """As if residuals below the median were as large as that: at 0 the weights of these losses are infinite."""
        grad, sizes = self.loss.grad(pred, target), np.abs(pred - target)
        least = np.median(sizes) or 1.0
        hess = np.abs(grad) / np.maximum(sizes, least)
        unit = float(np.mean(hess, dtype=np.float64)) or 1.0
        factor = 1 / unit if weight is None else weight / unit
        return _times(grad, factor), _times(hess.astype(grad.dtype, copy=False), factor)

    def _bounded(self, pred: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        """The exact one, but no step is longer than a few units of a logit."""
        grad, hess = self.loss.evaluate(pred, target, outputs=("grad", "hess"), sample_weight=weight)
        return grad, np.maximum(hess, np.abs(grad) / _LONGEST, out=hess)

    def _refuse(self, pred: Array, target: Array, grad: Array) -> None:
        rows = ~np.isfinite(grad).reshape(len(grad), -1).all(axis=1)
        if not rows.any():
            return
        row = int(rows.argmax())
        raise ValueError(
            f"{self.loss.name} has no finite gradient at row {row}: its prediction is {pred[row]}, its label "
            f"{target[row]}"
        )


@dataclass(frozen=True)
class Objective:
    """What `objective` of XGBoost and of LightGBM returns."""

    derivatives: Derivatives

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        return self.derivatives(*in_order(y_true, y_pred, sample_weight))


@dataclass(frozen=True)
class Mean:
    """The mean of a loss, for labels and predictions as both libraries hand them over."""

    loss: Any

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        pred, target, weight = in_order(y_true, y_pred, sample_weight)
        return self.loss(pred, as_target(self.loss, target), sample_weight=weight, reduction="mean")


def in_order(first: Any, second: Any, weight: Any) -> tuple[NDArray[Any], NDArray[Any], Any]:
    """(predictions, labels, weights) of (predictions, a DMatrix or Dataset), as `train` of both libraries gives them,
    or of (labels, predictions).
    """
    if not hasattr(second, "get_label"):
        return np.asarray(second), np.asarray(first), weight
    weight = second.get_weight()
    return np.asarray(first), np.asarray(second.get_label()), weight if np.size(weight) else None


def _times(array: Array, factor: Any) -> Array:
    """The array times one number, or one a row; in its place."""
    if np.ndim(factor) == 1 < array.ndim:  # of several outputs
        factor = factor[:, None]
    return np.multiply(array, factor, out=array, casting="same_kind")
