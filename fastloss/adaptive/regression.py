"""Linear regression by iteratively reweighted least squares, under any loss of a residual, known or learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss._loss import Loss, get
from fastloss.adaptive.fitting import learn
from fastloss.likelihood import robust_nll
from fastloss.m_estimators import robust
from fastloss.residual import absolute_error, half_squared_error

Array = NDArray[np.float64]

ADAPTIVE = "adaptive"
CONVEX_ALPHA = 1.0  # the least for which the general robust loss is convex
EXACT = 1e-10  # of the spread of y: smaller residuals are rounding errors
START_TOL = 1e-6  # for a start that is no more than that
HALVINGS = 20  # of a step before it is given up


@dataclass(frozen=True, eq=False)
class Regression:
    """What `irls` returns.

    Attributes
    ----------
    coef : array of shape (features,)
    intercept : float
        0 without one.
    loss : Loss
        The loss, its alpha and scale as learned.
    weight : array of shape (n,)
        The IRLS weight of each observation.
    n_iter : int
    converged : bool
    path : list of (coef, intercept, loss)
        Every iterate.
    """

    coef: Array
    intercept: float
    loss: Any
    weight: Array
    n_iter: int
    converged: bool
    path: list[tuple[Array, float, Any]]


def irls(
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Any = ADAPTIVE,
    sample_weight: ArrayLike | None = None,
    ridge: float = 0.0,
    fit_intercept: bool = True,
    anneal: int = 0,
    alpha_bounds: tuple[float, float] = (0.001, 1.999),
    max_iter: int = 200,
    tol: float = 1e-8,
) -> Regression:
    """
    Minimise sum(sample_weight * loss(X @ coef + intercept - y)) + ridge * sum(coef^2) / 2.

    Each step solves a weighted least squares problem with the weights that the loss gives to the residuals; it is
    shortened until the sum falls. The start is the regression of least absolute errors, or, for a convex loss, of least
    squares. Where alpha and scale are learned, they are fitted to the residuals after each step, so that the total
    negative log-likelihood never rises.

    Parameters
    ----------
    X : array_like of shape (n, features)
    y : array_like of shape (n,)
    loss : Loss, str or "adaptive"
        A loss of a residual, its parameters bound, or the name of one; "adaptive": `robust` with alpha and scale
        learned.
    sample_weight : array_like of shape (n,), optional
        >= 0.
    ridge : float
        Penalty on the squares of the coefficients, not on the intercept; >= 0.
    fit_intercept : bool
    anneal : int
        Steps of graduated non-convexity for `robust` and "adaptive": so many problems are solved on the way from
        alpha = 1, where the loss is convex, down to its own alpha, or that which is learned.
    alpha_bounds : (float, float)
        As for `fit`.
    max_iter : int
        The largest number of steps, for each of the problems.
    tol : float
        A relative fall of the sum below it ends the iteration.

    Returns
    -------
    Regression

    Raises
    ------
    TypeError
        If the loss is no function of a residual.
    ValueError
        If a number is outside its domain, or shapes do not fit.

    Source
    ------
    P. W. Holland, R. E. Welsch, "Robust Regression Using Iteratively Reweighted Least-Squares", 1977; graduated
    non-convexity: A. Blake, A. Zisserman, "Visual Reconstruction", 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from fastloss.adaptive import irls
    >>> x = np.linspace(0, 1, 50)
    >>> y = 2 * x + 1 + 0.01 * np.sin(40 * x)
    >>> y[::10] += 5
    >>> found = irls(x[:, None], y)
    >>> round(float(found.coef[0]), 1), round(found.intercept, 1)
    (2.0, 1.0)
    """
    target = None if isinstance(loss, str) and loss == ADAPTIVE else _residual_loss(loss)
    if not 0 <= ridge < np.inf:
        raise ValueError(f"ridge must be >= 0 and finite, got {ridge}")
    if anneal < 0 or (anneal and target is not None and target.name != robust.name):
        raise ValueError(f"anneal must be >= 0, and 0 for a loss without alpha, got {anneal} for {loss!r}")
    problem = _Linear.of(X, y, sample_weight, ridge, fit_intercept)
    path: list[tuple[Array, Any]] = []
    beta = problem.step(np.zeros(problem.design.shape[1]), half_squared_error)
    if target is None or "convex" not in target.traits:
        beta, _ = problem.minimise(_Known(absolute_error), beta, max_iter, START_TOL, path)
    converged = True
    for stage in _stages(target, anneal, alpha_bounds):
        beta, converged = problem.minimise(stage, beta, max_iter, tol, path)
    used = path[-1][1]
    return Regression(
        *problem.parts(beta),
        loss=used,
        weight=used.weight(problem.lifted(beta)),
        n_iter=len(path),
        converged=converged,
        path=[(*problem.parts(b), u) for b, u in path],
    )


def _residual_loss(loss: Any) -> Any:
    bound = get(loss) if isinstance(loss, str) else loss
    if not (isinstance(bound, Loss) and bound.has_weight):
        raise TypeError(f"loss must be {ADAPTIVE!r} or a loss of a residual, or the name of one, got {loss!r}")
    return bound


# ---- what is minimised --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """The sum of a loss."""

    loss: Any

    def learn(self, residuals: Array, weights: Array | None, before: Any) -> Any:
        """The loss whose weights the next step takes; `before` is the one that the last step took."""
        return self.loss

    def total(self, residuals: Array, weights: Array | None, loss: Any) -> float:
        return float(loss(residuals, sample_weight=weights, reduction="sum"))


@dataclass(frozen=True)
class _Learned:
    """The negative log-likelihood of the general robust loss, alpha and scale as the residuals have them."""

    alpha_bounds: tuple[float, float]

    def learn(self, residuals: Array, weights: Array | None, before: Any) -> Any:
        sizes = np.abs(residuals)
        counted = sizes if weights is None else sizes[weights > 0]
        if counted.min() == counted.max():  # an exact fit: they are all as small as they may be
            return robust.bind(alpha=self.alpha_bounds[0], scale=float(counted.max()))
        alpha, scale = learn(sizes, weights, self.alpha_bounds, near=before)
        return robust.bind(alpha=alpha, scale=scale)

    def total(self, residuals: Array, weights: Array | None, loss: Any) -> float:
        return float(robust_nll(residuals, sample_weight=weights, reduction="sum", **loss.parameters))


def _stages(target: Any, anneal: int, alpha_bounds: tuple[float, float]) -> list[_Known | _Learned]:
    """The problems to solve one after the other: alpha falls from where the loss is convex."""
    if target is None:
        low, high = alpha_bounds
        lows = np.linspace(min(max(low, CONVEX_ALPHA), high - 1e-3), low, anneal + 1) if anneal else [low]
        return [_Learned((float(a), high)) for a in lows]
    if not anneal or target.parameters["alpha"] >= CONVEX_ALPHA:
        return [_Known(target)]
    # even steps of 1 / (2 - alpha), so that -inf can be reached
    shares = np.linspace(1 / (2 - CONVEX_ALPHA), 1 / (2 - target.parameters["alpha"]), anneal + 1)[:-1]
    return [*(_Known(target.bind(alpha=float(2 - 1 / share))) for share in shares), _Known(target)]


# ---- how ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Linear:
    """The data of a linear regression; beta is coef and, with an intercept, one more."""

    design: Array
    y: Array
    weights: Array | None
    penalty: Array  # the square root of that on each of beta
    floor: float  # what counts as the least residual: losses may have an infinite weight at 0
    fit_intercept: bool

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, ridge: float, fit_intercept: bool):  # type: ignore[no-untyped-def]
        """From checked arguments."""
        X, y = np.asarray(X, np.float64), np.asarray(y, np.float64)
        if X.ndim != 2 or y.shape != X.shape[:1]:
            raise ValueError(f"expected X of shape (n, features) and y of shape (n,), got {X.shape} and {y.shape}")
        if not (len(y) and np.isfinite(X).all() and np.isfinite(y).all()):
            raise ValueError("X and y must hold at least one observation, and finite numbers alone")
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        if weights is not None:
            if weights.shape != y.shape:
                raise ValueError(f"sample_weight of shape {weights.shape} does not fit y of shape {y.shape}")
            if not ((weights >= 0) & (weights < np.inf)).all():
                raise ValueError("sample_weight must be >= 0 and finite")
            if not weights.any():
                raise ValueError("sample_weight is zero everywhere: no observation is left")
        design = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
        penalty = np.full(design.shape[1], np.sqrt(ridge))
        if fit_intercept:
            penalty[-1] = 0
        floor = EXACT * (np.abs(y - np.median(y)).mean() or np.abs(y).max() or 1.0)
        return cls(design, y, weights, penalty, floor, fit_intercept)

    def parts(self, beta: Array) -> tuple[Array, float]:
        """(coef, intercept)"""
        return (beta[:-1], float(beta[-1])) if self.fit_intercept else (beta, 0.0)

    def lifted(self, beta: Array) -> Array:
        """The residuals, none smaller than the floor."""
        residuals = self.design @ beta - self.y
        return np.copysign(np.maximum(np.abs(residuals), self.floor), residuals)

    def step(self, beta: Array, loss: Any) -> Array:
        """The beta that minimises the squares of the residuals, weighted as the loss does at this beta."""
        residuals = self.design @ beta - self.y
        weights = loss.weight(self.lifted(beta))
        root = np.sqrt(weights if self.weights is None else weights * self.weights)
        rows = np.column_stack([self.design, -residuals]) * root[:, None]
        penalties = np.column_stack([np.diag(self.penalty), -self.penalty * beta])
        triangle = np.linalg.qr(np.vstack([rows, penalties]), mode="r")
        return beta + np.linalg.lstsq(triangle[:, :-1], triangle[:, -1], rcond=None)[0]

    def total(self, objective: _Known | _Learned, beta: Array, loss: Any) -> float:
        penalty = float(np.square(self.penalty * beta).sum()) / 2
        return objective.total(self.lifted(beta), self.weights, loss) + penalty

    def minimise(
        self, objective: _Known | _Learned, beta: Array, max_iter: int, tol: float, path: list[tuple[Array, Any]]
    ) -> tuple[Array, bool]:
        """(the beta at a minimum, whether it is one), from a beta on; its iterates are added to the path."""
        loss = objective.learn(self.lifted(beta), self.weights, None)
        total = self.total(objective, beta, loss)
        path.append((beta, loss))
        for _ in range(max_iter):
            shorter = self._shortened(objective, beta, loss, total)
            if shorter is None:
                return beta, True
            beta = shorter
            loss = objective.learn(self.lifted(beta), self.weights, loss)
            before, total = total, self.total(objective, beta, loss)
            path.append((beta, loss))
            if before - total <= tol * (abs(total) + len(self.y) * 1e-3):
                return beta, True
        return beta, False

    def _shortened(self, objective: _Known | _Learned, beta: Array, loss: Any, total: float) -> Array | None:
        """Where a step leads that lowers the total; None if none does."""
        whole = self.step(beta, loss) - beta
        for k in range(HALVINGS):
            tried = beta + whole / 2**k
            if self.total(objective, tried, loss) < total:
                return tried
        return None
