"""What gradient boosting asks of a loss: its gradient, and a curvature that a step may be divided by.

Trees move a leaf by sum(gradient) / sum(curvature). The exact second derivative of a loss that is not strictly convex
is no such divisor: it vanishes, or is negative, where rows are far off. An IRLS weight is one, as the parabola through
the loss with that curvature lies above it: each step lowers the loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.core.arguments import computing_dtype, shown, storage
from fastloss.core.loss import Loss
from fastloss.core.sums import tree_sum
from fastloss.core.threads import run_blocks
from fastloss.integrations._losses import WITH_ROWS, as_target, served
from fastloss.losses.residual import half_squared_error

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
    "bound": ("grad", "hess"),
    "spread": ("grad",),
    "bounded": ("grad", "hess"),
}
BLOCK_BYTES = 1 << 18  # of an array: what a block reads and writes stays in the second-level cache
FIRST = 1 << 15  # rows that tell whether labels have signs
SAMPLE = 1 << 12  # rows that tell a median
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
    derivatives = Derivatives(half_squared_error if loss.name == "squared_error" else loss, hessian)
    served(loss, f"{adapter}.objective", WITH_ROWS, outputs=_NEEDED[derivatives.kind])
    return derivatives


@dataclass(frozen=True)
class Derivatives:
    """(pred, target, sample_weight) -> (gradient, curvature), both in pred's shape and times one number, so that
    curvatures are about 1 where those of a loss are a matter of its units.

    Rows are taken in blocks that stay in the cache from one pass over them to the next. What fills a block, `_exact`
    and the like, takes its part of the arguments, with labels as the loss has them, and of both results."""

    loss: Any
    hessian: str

    def __call__(self, pred: Any, target: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        pred, target = np.asarray(pred), np.asarray(target)
        if self.loss.is_rowwise and pred.ndim < 2:
            raise ValueError(
                f"{self.loss.name} boosts a column for each class, got one for all: tell the library the number of "
                "classes, or take binary_cross_entropy_with_logits for two"
            )
        weight = None if sample_weight is None else np.asarray(sample_weight)
        if pred.shape[:1] != target.shape[:1]:
            raise ValueError(f"there are {pred.shape[:1]} predictions and {target.shape[:1]} labels")
        dtype = computing_dtype(pred, None if self.loss.is_rowwise else target, weight)
        results = np.empty(pred.shape, dtype), np.empty(pred.shape, dtype)
        is_nan_elsewhere = self.loss.family == "margin" and self.loss.is_of_catalogue  # for other labels than signs
        is_binary = is_nan_elsewhere and not (target[:FIRST] < 0).any()
        labels = _doubled if is_binary else self._labels
        finite = self._fill(pred, target, weight, labels, results)
        if not finite and is_binary:  # some are -1 nevertheless, or wrong
            finite = self._fill(pred, as_target(self.loss, target), weight, self._labels, results)
        if not finite:
            self._refuse(pred, target, results[0])
        return results

    def _fill(self, pred: Array, target: Array, weight: Any, labels: Any, results: tuple[Array, Array]) -> bool:
        """Gradient and curvature; whether all gradients are finite. `labels` makes those of the loss, in the memory of
        the curvature if it needs some."""
        fill = getattr(self, f"_{self.kind}")
        if self.kind == "spread":
            fill = partial(fill, *self._typical(pred, target))
        block = BLOCK_BYTES // results[0].itemsize  # elements
        rows = max(1, block * len(pred) // max(1, pred.size))
        finite: list[bool] = []  # of each block

        def run(first: int, last: int) -> None:
            for at in (slice(k * rows, (k + 1) * rows) for k in range(first, last)):
                grad, hess = (result[at] for result in results)
                given = pred[at], labels(target[at], hess), None if weight is None else weight[at]
                fill(*(_of_dtype(array, grad.dtype) for array in given), grad, hess)
                finite.append(_all_finite(grad))

        threads = 1 if getattr(self.loss, "calls_python", False) else None
        run_blocks(run, -(-len(pred) // rows), block, threads)
        return all(finite)

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
        if "c1" not in loss.traits:
            return "unit"
        return "exact" if np.allclose(loss.hess(_PROBES, 1.0) * (_PROBES - 1), loss.grad(_PROBES, 1.0)) else "bound"

    @cached_property
    def _largest(self) -> float:
        return float(self.loss.hess(_PROBES, 1.0).max())

    @cached_property
    def _factor(self) -> float:
        """1 over the curvature of a loss of a residual at 0, by its weight."""
        weight = float(self.loss.weight(0.0)) if "weight" in self.loss.output_names else 1.0
        return 1 / weight if 0 < weight < np.inf else 1.0

    def _labels(self, target: Array, out: Array) -> NDArray[Any]:
        return as_target(self.loss, target)

    def _evaluate(self, outputs: tuple[str, ...], pred: Array, target: Array, weight: Any, *out: Array) -> None:
        self.loss.evaluate(pred, target, outputs=outputs, sample_weight=weight, out=out, num_threads=1)
        if self._factor != 1:
            for array in out:
                _times(array, self._factor)

    def _exact(self, pred: Array, target: Array, weight: Any, grad: Array, hess: Array) -> None:
        self._evaluate(("grad", "hess"), pred, target, weight, grad, hess)

    def _weight(self, pred: Array, target: Array, weight: Any, grad: Array, hess: Array) -> None:
        self._evaluate(("grad", "weight"), pred, target, weight, grad, hess)
        if weight is not None:
            _times(hess, weight)

    def _unit(self, pred: Array, target: Array, weight: Any, grad: Array, hess: Array, height: float = 1.0) -> None:
        self._evaluate(("grad",), pred, target, weight, grad)
        hess[...] = height
        if weight is not None:
            _times(hess, weight)

    def _bound(self, pred: Array, target: Array, weight: Any, grad: Array, hess: Array) -> None:
        """The largest second derivative there is."""
        self._unit(pred, target, weight, grad, hess, self._largest)

    def _spread(
        self, least: float, factor: float, pred: Array, target: Array, weight: Any, grad: Array, hess: Array
    ) -> None:
        """As if residuals below `least` were as large as that: at 0 the weights of these losses are infinite."""
        self._evaluate(("grad",), pred, target, weight, grad)
        np.subtract(pred, target, out=hess, casting="same_kind")
        np.maximum(np.abs(hess, out=hess), least, out=hess)
        _times(grad, factor)
        np.abs(np.divide(grad, hess, out=hess), out=hess)

    def _typical(self, pred: Array, target: Array) -> tuple[float, float]:
        """The median size of residuals, and 1 over the mean curvature with it: of all rows, or of many of them."""
        if len(pred) > SAMPLE:  # no period of the rows has the golden section
            at = (np.arange(SAMPLE) * ((np.sqrt(5) - 1) / 2) % 1 * len(pred)).astype(np.intp)
            pred, target = pred[at], target[at]
        target = as_target(self.loss, target)
        sizes = np.abs(pred - target)
        least = float(np.median(sizes)) or 1.0
        unit = np.mean(np.abs(self.loss.grad(pred, target)) / np.maximum(sizes, least), dtype=np.float64)
        return least, 1 / (float(unit) or 1.0)

    def _bounded(self, pred: Array, target: Array, weight: Any, grad: Array, hess: Array) -> None:
        """The exact one, but no step is longer than a few units of a logit."""
        self._evaluate(("grad", "hess"), pred, target, weight, grad, hess)
        least = np.abs(grad)
        np.maximum(hess, _times(least, 1 / _LONGEST), out=hess)

    def _refuse(self, pred: Array, target: Array, grad: Array) -> None:
        row = int((~np.isfinite(grad)).reshape(len(grad), -1).any(axis=1).argmax())
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


def _doubled(labels: Array, out: Array) -> Array:
    """-1 and 1 of labels 0 and 1, in two passes; of others numbers for which a margin loss is NaN."""
    np.multiply(labels, 2, out=out, dtype=out.dtype)
    return np.subtract(out, 1, out=out)


def _all_finite(array: Array) -> bool:
    """A sum tells in one pass, unless it is beyond float64."""
    total = tree_sum(*storage(array), array.dtype == np.float64, 1)
    return math.isfinite(total) or bool(np.isfinite(array).all())


def _of_dtype(array: Any, dtype: Any) -> Any:
    """Floats of one dtype, which calls take at once; labels of classes as they are."""
    return array if array is None or array.dtype.kind != "f" else array.astype(dtype, copy=False)


def _times(array: Array, factor: Any) -> Array:
    """The array times one number, or one a row; in its place."""
    if np.ndim(factor) == 1 < array.ndim:  # of several outputs
        factor = factor[:, None]
    return np.multiply(array, factor, out=array, casting="same_kind")
