"""Losses for SciPy: of `least_squares`, as what `minimize` minimises, and compiled, as what `quad` integrates."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.arguments import shown
from fastloss.core.kernels import function_at
from fastloss.core.loss import Loss
from fastloss.integrations._losses import RESIDUAL, WITH_ROWS, array_parameters, as_target, finite_weight, served

Array = NDArray[np.float64]


def rho(loss: Loss | str) -> Rho:
    """The function that `least_squares(loss=)` takes, of z = (residual / f_scale)^2.

    Its result has the rows rho = 2 loss(sqrt z), rho' = loss'(sqrt z) / sqrt z, the IRLS weight, and rho''. SciPy
    multiplies by f_scale^2, so that the parameters of the loss are in units of f_scale.

    Parameters
    ----------
    loss : Loss or str
        An even loss of a residual.

    Raises
    ------
    TypeError
        If it is another: the sign of the residual is not known.

    Source
    ------
    B. Triggs et al., "Bundle Adjustment: A Modern Synthesis", 2000, section 4.3.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> from scipy.optimize import least_squares
    >>> from fastloss.integrations.scipy import rho
    >>> y = np.array([1.0, 2.0, 3.0, 100.0])
    >>> fit = least_squares(lambda x: x - y, [2.5], loss=rho(fl.tukey), f_scale=2.0)
    >>> fit.x.round(1)
    array([2.])
    """
    return Rho(served(loss, "scipy.rho", RESIDUAL, is_even=True, outputs=("hess", "weight")))


@dataclass(frozen=True)
class Rho:
    """What `rho` returns."""

    loss: Any

    def __call__(self, z: Array) -> Array:
        root = np.sqrt(z)
        value, hess, weight = self.loss.evaluate(root, outputs=("value", "hess", "weight"))
        # SciPy multiplies the second derivative by z again: 0 where there is none
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            second = (hess - weight) / root / root / 2
        second = np.where(np.isfinite(second), second, 0.0)
        if self._line is not None:
            end, at_0, slope = self._line
            second = np.where(root < end, at_0 + slope * z, second)
        return np.stack([2 * value, finite_weight(self.loss, root, weight), second])

    @cached_property
    def _line(self) -> tuple[float, float, float] | None:
        """Near 0, where the difference of hess and weight has few digits: up to which root, and of which line in z,
        rho'' is taken; None if the weight has a corner at 0, or its second derivative by the root is infinite there; or
        if each residual has parameters of its own, where those digits are left to chance."""
        if array_parameters(self.loss):
            return None
        roots = 2.0 ** np.arange(-60.0, 60.0)
        weight, at_0 = self.loss.weight(roots), self.loss.weight(0.0)
        differs = np.abs(weight - at_0) > 1e-4 * at_0
        if not differs.any():
            return None
        end = roots[differs.argmax()] / 8  # the weight differs there by 1e-6, or not at all
        ends = np.array([end / 2, end])
        hess, weight = self.loss.evaluate(ends, outputs=("hess", "weight"))
        inner, outer = (hess - weight) / ends**2 / 2
        if abs(inner) > 1.5 * abs(outer):
            return None
        slope = (outer - inner) / (0.75 * end**2)
        return end, outer - slope * end**2, slope


def integrand(loss: Loss | str) -> Any:
    """A loss of a residual, its parameters bound, as a `scipy.LowLevelCallable` of the residual: what `quad` calls
    without the interpreter.

    Raises
    ------
    TypeError
        If it is no loss of a residual, has a parameter without a value or arrays, or its value is not compiled.

    Examples
    --------
    >>> import fastloss as fl
    >>> from scipy.integrate import quad
    >>> from fastloss.integrations.scipy import integrand
    >>> round(quad(integrand(fl.huber.bind(delta=0.5)), 0, 2)[0], 12)
    0.770833333333
    """
    from scipy import LowLevelCallable

    loss = served(loss, "scipy.integrand", RESIDUAL)
    found = None if array_parameters(loss) else function_at(loss.name, tuple(loss.parameters.values()))
    if found is None:
        raise TypeError(f"scipy.integrand: {loss!r} is not of compiled functions and numbers alone")
    address, prepared = found
    data = ctypes.create_string_buffer(prepared, len(prepared))
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_void_p)(address)
    return LowLevelCallable(function, ctypes.cast(data, ctypes.c_void_p))


def objective(
    loss: Loss | str,
    X: ArrayLike,
    y: ArrayLike,
    penalty: Any = None,
    sample_weight: ArrayLike | None = None,
) -> Objective:
    """What `minimize(jac=True)` minimises: w -> (mean loss of X @ w beside y, its gradient by w).

    Parameters
    ----------
    loss : Loss or str
        Any loss of a number or of a row of logits that takes a target. For those of a margin labels 0 and 1 stand for
        -1 and 1; count losses have X @ w as the logarithm of the mean. For those of rows w holds a matrix of
        shape (features, classes), row by row.
    X : array_like or sparse matrix of shape (n, features)
    y : array_like of shape (n,)
    penalty : of fastloss.penalty, optional
        Is added, as is its gradient.
    sample_weight : array_like of shape (n,), optional
        The mean is sum(sample_weight * loss) / sum(sample_weight).

    Returns
    -------
    Objective
        w -> (value, gradient). It pickles, as the result of `rho` does.

    Raises
    ------
    TypeError
        If the loss is of embeddings, takes no target, or has a parameter without a value; or the penalty is another.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> from scipy.optimize import minimize
    >>> from fastloss.integrations.scipy import objective
    >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    >>> minimize(objective(fl.pseudo_huber, X, [1.0, 3.0, 5.0, 7.0]), [0.0, 0.0], jac=True).x.round(3)
    array([2., 1.])
    """
    loss = served(loss, "scipy.objective", WITH_ROWS, outputs=("grad",))
    if not hasattr(X, "tocsr"):  # sparse
        X = np.asarray(X, np.float64)
    target = as_target(loss, y)
    if X.ndim != 2 or target.shape != X.shape[:1]:
        raise ValueError(f"X must be of shape (n, features) and y of shape (n,), got {X.shape} and {target.shape}")
    if sample_weight is not None and np.shape(sample_weight) != target.shape:
        raise ValueError(f"sample_weight must be of y's shape {target.shape}, got {np.shape(sample_weight)}")
    if penalty is not None and not hasattr(penalty, "grad"):
        raise TypeError(f"penalty must be one of fastloss.penalty, with a gradient, got {shown(penalty)}")
    return Objective(loss, X, target, penalty, sample_weight)


@dataclass(frozen=True, eq=False)
class Objective:
    """What `objective` returns."""

    loss: Any
    X: Any
    target: Array
    penalty: Any
    sample_weight: Any

    def __call__(self, w: Array) -> tuple[float, Array]:
        w, features, loss = np.asarray(w, np.float64), self.X.shape[1], self.loss
        if w.ndim != 1 or w.size % features or (not loss.is_rowwise and w.size != features):
            raise ValueError(f"w must have one number a feature{' and class' * loss.is_rowwise}, got {w.shape}")
        pred = self.X @ (w.reshape(features, -1) if loss.is_rowwise else w)
        value, grad = loss.value_and_grad(pred, self.target, sample_weight=self.sample_weight, reduction="mean")
        grad = (self.X.T @ grad).reshape(-1)
        if self.penalty is None:
            return value, grad
        return value + self.penalty(w), grad + self.penalty.grad(w)
