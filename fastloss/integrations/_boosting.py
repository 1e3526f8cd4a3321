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

from fastloss.core import kernels
from fastloss.core.allocation import empty
from fastloss.core.arguments import computing_dtype, shown
from fastloss.core.call import Call
from fastloss.core.combined import PYTHON_BLOCKS, CombinedRowLoss
from fastloss.core.floats import in_standard_floats
from fastloss.core.loss import Loss
from fastloss.core.row_call import RowCall
from fastloss.core.threads import run_blocks
from fastloss.integrations._curvature import Curvature, finish
from fastloss.integrations._losses import WITH_ROWS, array_parameters, as_target, served, signs
from fastloss.losses.residual import half_squared_error

Array = NDArray[np.floating[Any]]

HESSIANS = ("auto", "exact", "weight", "unit")
_OTHERS = {  # losses of what boosting does not predict
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "nll": "cross_entropy",
}
_FLAT = ("zero_one", "top_k_error", "disagreement")
_PROBES = np.array([-3.0, -1.5, 0.0, 1.5, 3.0])
_SIZES = np.ldexp(1.0, np.arange(-60, 61))  # of residuals: some are below where a loss bends, and some above
_SIZES = np.concatenate([-_SIZES, [0.0], _SIZES])
_NEEDED = {  # outputs of a loss, for each kind of curvature
    "exact": ("grad", "hess"),
    "weight": ("grad", "weight"),
    "unit": ("grad",),
    "bound": ("grad", "hess"),
    "spread": ("grad",),
    "bounded": ("grad", "hess"),
}
# Rows at once, by the bytes of a number: what they read and write stays in the nearest cache, 32 KiB here. Of float64,
# 512 rows are a page an array, and the arrays drive each other out.
STEPS = {4: 1024, 8: 256}
LOGITS = 1 << 14  # of rows at once
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
    if not loss.is_rowwise and (arrays := array_parameters(loss)):
        raise TypeError(
            f"{adapter}.objective: {arrays[0]} of {loss.name} is an array, where rows come in parts: bind a number"
        )
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
    curvatures are about 1 where those of a loss are a matter of its units."""

    loss: Any
    hessian: str

    def __call__(self, pred: Any, target: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        pred, target = np.asarray(pred), np.asarray(target)
        if self.loss.is_rowwise and pred.ndim < 2:
            raise ValueError(
                f"{self.loss.name} boosts a column for each class, got one for all: tell the library the number of "
                "classes, or take binary_cross_entropy_with_logits for two"
            )
        if not self.loss.is_rowwise and pred.ndim == 2 and target.ndim == 1:
            raise ValueError(
                f"{self.loss.name} boosts one column, got {pred.shape[1]}, one for each class: take cross_entropy"
            )
        weight = None if sample_weight is None else np.asarray(sample_weight)
        if pred.shape[:1] != target.shape[:1]:
            raise ValueError(f"there are {pred.shape[:1]} predictions and {target.shape[:1]} labels")
        derivatives = self._of_rows if self.loss.is_rowwise else self._of_numbers
        grad, curvature, is_finite = derivatives(pred, target, weight)
        if not is_finite:
            self._refuse(pred, target, grad)
        return grad, curvature

    @in_standard_floats
    def _of_numbers(self, pred: Array, target: Array, weight: Any) -> tuple[Array, Array, bool]:
        """Gradient and curvature, and whether all gradients are finite."""
        dtype = computing_dtype(pred, target, weight)
        grad, curvature = empty(pred.shape, dtype), empty(pred.shape, dtype)
        reads_signs = self.loss.family == "margin" and self.loss.is_of_catalogue
        if not reads_signs:
            target = as_target(self.loss, target)
        call = Call(self.loss, pred, target, weight, "none", None, {})
        kind, output, factor, least = self._finish(pred, target, weight)
        arrays, mask = [None] * len(kernels.OUTPUTS), 0
        for name, array in (("grad", grad), (output, curvature)):
            if name is not None:
                arrays[kernels.OUTPUTS[name]] = array
                mask |= 1 << kernels.OUTPUTS[name]
        loop = Curvature(
            self.loss._loop(call, mask, arrays, False), call.is_double, *call.operands, grad, curvature, kind, factor,
            least, kernels.BLOCK * PYTHON_BLOCKS if self.loss.calls_python else STEPS[dtype.itemsize], reads_signs,
        )  # fmt: skip
        run_blocks(loop.run, loop.blocks, loop.step, 1 if self.loss.calls_python else None)
        if not loop.are_signs:
            signs(target)
        return grad, curvature, loop.is_finite

    def _finish(self, pred: Array, target: Array, weight: Any) -> tuple[str, str | None, float, float]:
        """What `Curvature` makes of the curvature, which output of the loss that is, the factor and the bound."""
        if self.kind == "spread":
            least, factor = self._typical(pred, target)
            return "spread", None, factor, least
        if self.kind == "bounded":
            return "bounded", "hess", self._factor, 1 / _LONGEST
        if self.kind in ("unit", "bound"):
            return "constant", None, self._factor, 1.0 if self.kind == "unit" else self._largest
        if self.kind == "weight":  # which sample weights do not enter
            return "curved" if weight is None else "weighed", "weight", self._factor, 0.0
        return "curved", "hess", self._factor, 0.0

    @in_standard_floats
    def _of_rows(self, pred: Array, target: Array, weight: Any) -> tuple[Array, Array, bool]:
        """The same of a loss of rows of logits, some of which stay in the cache until they are finished."""
        dtype, target = computing_dtype(pred, None, weight), as_target(self.loss, target)
        results = {"grad": empty(pred.shape, dtype), "hess": empty(pred.shape, dtype)}
        grad, curvature = results.values()
        is_unit = self.kind == "unit"
        if is_unit:
            del results["hess"]
        if isinstance(self.loss, CombinedRowLoss):  # the parts of which are computed one after the other
            self.loss.evaluate(pred, target, outputs=tuple(results), sample_weight=weight, out=tuple(results.values()))
            rows, compute = max(1, LOGITS // pred.shape[-1]), None
        else:
            call = RowCall(pred, -1, None, target, weight, self.loss.targets)
            loop = self.loss._loop(call, self.loss.parameters, results)
            rows, compute = max(1, loop.block_size // pred.shape[-1]), loop.run
        kind = {"exact": "curved", "bounded": "bounded", "unit": "constant"}[self.kind]
        finite: list[bool] = []  # of each run of rows

        def run(first: int, last: int) -> None:
            at_once = max(1, LOGITS // (rows * pred.shape[-1]))
            for k in range(first, last, at_once):
                end = min(k + at_once, last)
                if compute is not None:
                    compute(k, end)
                at = slice(k * rows, end * rows)
                finite.append(finish(grad[at], curvature[at], kind, 1.0 if is_unit else 1 / _LONGEST))
                if is_unit and weight is not None:
                    np.multiply(curvature[at], weight[at, None], out=curvature[at], casting="same_kind")

        run_blocks(run, -(-len(pred) // rows), rows * pred.shape[-1])
        return grad, curvature, all(finite)

    @cached_property
    def kind(self) -> str:
        """Where the curvature comes from, as `hessian` or the loss has it."""
        loss = self.loss
        if self.hessian != "auto":
            return self.hessian
        if "weight" in loss.output_names:
            if np.isinf(loss.weight(0.0)):
                return "spread"
            with np.errstate(all="ignore"):  # of a user's functions, which may have a range
                is_exact = "hess" in loss.output_names and (loss.weight(_SIZES) == loss.hess(_SIZES)).all()
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

    def _typical(self, pred: Array, target: Array) -> tuple[float, float]:
        """The median size of residuals, and 1 over the mean curvature with it: of all rows, or of many of them."""
        if len(pred) > SAMPLE:  # no period of the rows has the golden section
            at = (np.arange(SAMPLE) * ((np.sqrt(5) - 1) / 2) % 1 * len(pred)).astype(np.intp)
            pred, target = pred[at], target[at]
        target = as_target(self.loss, target)
        sizes = np.abs(pred - target)
        least = float(np.median(_finite(sizes))) or 1.0
        curvatures = np.abs(self.loss.grad(pred, target)) / np.maximum(sizes, least)
        return least, 1 / (float(np.mean(_finite(curvatures), dtype=np.float64)) or 1.0)

    def _refuse(self, pred: Array, target: Array, grad: Array) -> None:
        row = int((~np.isfinite(grad)).reshape(len(grad), -1).any(axis=1).argmax())
        raise ValueError(
            f"{self.loss.name} has no finite gradient at row {row}: its prediction is {pred[row]}, its label "
            f"{target[row]}"
        )


def _finite(numbers: Array) -> Array:
    """Those that are finite, or 0: one row that is not is told of alone."""
    finite = numbers[np.isfinite(numbers)]
    return finite if finite.size else np.zeros(1)


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
