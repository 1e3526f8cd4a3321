"""Linear regression by iteratively reweighted least squares, under any loss of a residual, known or learned."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.adaptive.descent import CONVEX_ALPHA, Descent, Smoothed, State, is_convex
from fastloss.adaptive.fitting import learn
from fastloss.adaptive.linear import EPS, Basis, Design, Line
from fastloss.adaptive.stand_ins import convergence_warning, singular_warning
from fastloss.core.arguments import as_array
from fastloss.core.loss import Loss, get
from fastloss.losses.likelihood import robust_nll
from fastloss.losses.m_estimators import robust
from fastloss.losses.residual import absolute_error

Array = NDArray[np.float64]

ADAPTIVE = "adaptive"
EXACT = 1e-10  # of the spread of y: smaller residuals are rounding errors
FAR = 10.0  # spreads of y: what is farther has no say in the start
START_TOL = 1e-3  # for a start that is no more than that
# Widths over which the derivative of a convex loss is made to run straight: of the median residual, and of the last one
WIDEST, NARROWER, NARROWEST = 0.1, 0.1, 0.1
LARGEST_RIDGE = 1e300
SHARP = 0.1  # a loss whose weight has fallen to this share within the width is as good as one with a kink


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
    line : Line
        The function that was fitted, by its value among the data: `line.predict(X)` keeps the digits that
        X @ coef + intercept loses where X is far from 0.
    """

    coef: Array
    intercept: float
    loss: Any
    weight: Array
    n_iter: int
    converged: bool
    path: list[tuple[Array, float, Any]]
    line: Line


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

    Each step solves a weighted least squares problem with the weights that the loss gives to the residuals, or, in
    directions in which the loss is curved enough, is Newton's; it is shortened until the sum falls. The start is the
    regression of least absolute errors, or, for a convex loss, of least squares on a y whose outliers are brought near.
    A convex loss with kinks, or nearly so, is approached by losses without. Where alpha and scale are learned, they are
    fitted to the residuals after each step, so that the total negative log-likelihood never rises.

    Columns are centred (with an intercept) and scaled, so that neither where they lie nor their units cost digits. How
    far an outlier is makes no difference to a loss whose derivative ends at a bound or at 0.

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
        A step that would move the predictions by less, relative to the median residual, ends the iteration; so does,
        where alpha and scale are learned, a smaller relative fall of the sum.

    Returns
    -------
    Regression

    Raises
    ------
    TypeError
        If the loss is no function of a residual.
    ValueError
        If a number is outside its domain, or shapes do not fit; if fewer observations of positive weight than
        parameters are given, without a ridge.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` is reached: scikit-learn's, where that is installed, else a UserWarning.
    LinAlgWarning
        If columns depend on each other: SciPy's, where that is installed, else a RuntimeWarning. The smallest of the
        coefficients that fit are returned.

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
    if not max_iter >= 1:
        raise ValueError(f"max_iter must be >= 1, got {max_iter}")
    if not tol >= 0:
        raise ValueError(f"tol must be >= 0, got {tol}")
    X, y, weights = _checked(X, y, sample_weight)
    data = _Data.of(X, y, weights, ridge, fit_intercept, scaled=target is None)
    path: list[tuple[Line, Any]] = []
    state = data.start()
    if target is None or not is_convex(target):
        state, _ = data.minimise_convex(absolute_error, state, max_iter, START_TOL, path)
    converged = True
    for stage in _stages(target, anneal, alpha_bounds, data.floor):
        if isinstance(stage, _Known) and is_convex(stage.loss):
            state, converged = data.minimise_convex(stage.loss, state, max_iter, tol, path)
        else:
            state, converged = data.minimise(stage, state, max_iter, tol, path)
    if not converged:
        message = f"irls did not converge in {max_iter} steps: raise max_iter, or tol, or scale the data"
        warnings.warn(message, convergence_warning(), stacklevel=2)
    if data.basis.null.shape[1]:
        columns, rank = data.basis.back.shape
        message = f"the columns of X{' and the intercept' if fit_intercept else ''} depend on each other: their rank "
        message += f"is {rank} of {columns}; the smallest coefficients are returned: leave columns out, or give ridge"
        warnings.warn(message, singular_warning(), stacklevel=2)
    line, used = path[-1]
    residuals = line.predict(X) - y
    return Regression(
        line.coef,
        line.intercept,
        loss=used,
        weight=used.weight(_lifted(residuals, float(np.ldexp(data.floor, data.unit)))),
        n_iter=len(path),
        converged=converged,
        path=[(each.coef, each.intercept, u) for each, u in path],
        line=line,
    )


def _checked(X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Array, Array, Array]:
    X, y = (np.asarray(as_array(array, name), np.float64) for name, array in (("X", X), ("y", y)))
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(f"expected X of shape (n, features) and y of shape (n,), got {X.shape} and {y.shape}")
    if not (len(y) and np.isfinite(X).all() and np.isfinite(y).all()):
        raise ValueError("X and y must hold at least one observation, and finite numbers alone")
    if sample_weight is None:
        return X, y, np.ones(len(y))
    weights = np.asarray(as_array(sample_weight, "sample_weight"), np.float64)
    if weights.shape != y.shape:
        raise ValueError(f"sample_weight of shape {weights.shape} does not fit y of shape {y.shape}")
    if not ((weights >= 0) & (weights < np.inf)).all():
        raise ValueError("sample_weight must be >= 0 and finite")
    if not weights.any():
        raise ValueError("sample_weight is zero everywhere: no observation is left")
    return X, y, weights


def _residual_loss(loss: Any) -> Any:
    bound = get(loss) if isinstance(loss, str) else loss
    if not (isinstance(bound, Loss) and bound.has_weight):
        raise TypeError(f"loss must be {ADAPTIVE!r} or a loss of a residual, or the name of one, got {loss!r}")
    for _, term in bound.terms:
        for name, value in term.parameters.items():
            if np.ndim(value):
                raise ValueError(f"{name} of {term.name} must be one number, got an array of shape {np.shape(value)}")
    return bound


# ---- what is minimised --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
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
class _Learned:
    """The negative log-likelihood of the general robust loss, alpha and scale as the residuals have them."""

    alpha_bounds: tuple[float, float]
    floor: float
    width: float = 0.0

    def learn(self, residuals: Array, weights: Array, before: Any) -> Any:
        sizes = np.abs(_lifted(residuals, self.floor))
        if sizes.min() == sizes.max():  # an exact fit: they are all as small as they may be
            return robust.bind(alpha=self.alpha_bounds[0], scale=float(sizes.max()))
        alpha, scale = learn(sizes, weights, self.alpha_bounds, near=before)
        return robust.bind(alpha=alpha, scale=scale)

    def has_settled(self, old: tuple[Array, Any], new: tuple[Array, Any], weights: Array, tol: float) -> bool:
        """Alpha and scale follow the residuals slowly: where the likelihood has ceased to rise, that is the end."""
        before, after = (self._total(*each, weights) for each in (old, new))
        return before - after <= tol * (abs(after) + 1e-3 * float(weights.sum()))

    def _total(self, residuals: Array, loss: Any, weights: Array) -> float:
        lifted = _lifted(residuals, self.floor)
        return float(robust_nll(lifted, sample_weight=weights, reduction="sum", **loss.parameters))


def _lifted(residuals: Array, floor: float) -> Array:
    """None smaller than the floor."""
    return np.copysign(np.maximum(np.abs(residuals), floor), residuals)


def _stages(target: Any, anneal: int, alpha_bounds: tuple[float, float], floor: float) -> list[_Known | _Learned]:
    """The problems to solve one after the other: alpha falls from where the loss is convex."""
    if target is None:
        low, high = alpha_bounds
        lows = np.linspace(min(max(low, CONVEX_ALPHA), high - 1e-3), low, anneal + 1) if anneal else [low]
        return [_Learned((float(a), high), floor) for a in lows]
    if not anneal or target.parameters["alpha"] >= CONVEX_ALPHA:
        return [_Known(target)]
    # even steps of 1 / (2 - alpha), so that -inf can be reached
    shares = np.linspace(1 / (2 - CONVEX_ALPHA), 1 / (2 - target.parameters["alpha"]), anneal + 1)[:-1]
    return [*(_Known(target.bind(alpha=float(2 - 1 / share))) for share in shares), _Known(target)]


# ---- how ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Data:
    """The observations that count, prepared: their residuals over 2**unit are what is made small."""

    basis: Basis
    descent: Descent
    floor: float  # what counts as the least residual, where a loss that learns its scale would follow it to 0
    unit: int
    middle: float  # of y

    @classmethod
    def of(cls, X: Array, y: Array, weights: Array, ridge: float, fit_intercept: bool, scaled: bool) -> _Data:
        """`scaled` lets the unit be that of y, for a loss that learns its scale."""
        counts = weights > 0
        if not counts.all():
            X, y, weights = X[counts], y[counts], weights[counts]
        parameters = X.shape[1] + fit_intercept
        if not parameters:
            raise ValueError("X has no columns, and there is no intercept: nothing is left to fit")
        if len(y) < parameters and not ridge:
            raise ValueError(
                f"n_samples={len(y)} of positive weight are fewer than the {parameters} parameters: "
                "give more of them, leave columns out, or give ridge > 0"
            )
        weight_unit = np.frexp(weights.max())[1]
        middle = float(np.partition(y, len(y) // 2)[len(y) // 2]) if fit_intercept else 0.0
        with np.errstate(over="ignore"):
            y = np.nan_to_num(y - middle)
            sizes = np.abs(y)
            spread = float(np.median(sizes[sizes > 0])) if sizes.any() else (abs(middle) or 1.0)
            unit = int(np.frexp(spread)[1]) if scaled else 0
            ridge = min(float(np.ldexp(ridge, 2 * unit - weight_unit)), LARGEST_RIDGE)
        weights = np.ldexp(weights, -weight_unit)
        design = Design.of(X, weights, ridge, fit_intercept)
        y, spread = np.ldexp(y, -unit), float(np.ldexp(spread, -unit))
        descent = Descent(y, weights, 4 * EPS * spread)
        return cls(Basis.of(design, weights), descent, EXACT * spread, unit, middle)

    def start(self) -> State:
        """Least squares on a y whose outliers are brought near."""
        near = FAR * self.floor / EXACT
        y, weights = self.descent.y, self.descent.weights
        gamma = self.basis.rows.T @ (weights * np.clip(y, -near, near))
        return State.of(self.basis, gamma, y)

    def minimise(
        self, objective: _Known | _Learned, state: State, max_iter: int, tol: float, path: list[tuple[Line, Any]]
    ) -> tuple[State, bool]:
        """(the state at a minimum, whether it is one), from a state on; its iterates are added to the path."""
        weights = self.descent.weights
        loss = objective.learn(state.residuals, weights, None)
        path.append(self._iterate(state, loss))
        for _ in range(max_iter):
            before = state.residuals, loss
            state, length, level = self.descent.advance(Smoothed(loss, objective.width), state)
            if level or state.residuals is before[0]:
                return state, level
            loss = objective.learn(state.residuals, weights, loss)
            path.append(self._iterate(state, loss))
            enough = max(tol * self.descent.size(state), objective.width / 10, self.descent.resolution)
            if length <= enough or objective.has_settled(before, (state.residuals, loss), weights, tol):
                return state, True
        return state, False

    def minimise_convex(
        self, loss: Any, state: State, max_iter: int, tol: float, path: list[tuple[Line, Any]]
    ) -> tuple[State, bool]:
        """The same for a convex loss: where its derivative turns sharply, over smoothed losses that are ever closer."""
        width = WIDEST * self.descent.size(state)
        has_kinks = "c1" not in loss.traits or np.isinf(loss.weight(0.0))
        while has_kinks or loss.weight(width) < SHARP * loss.weight(0.0):
            least = max(tol * NARROWEST * self.descent.size(state), self.descent.resolution)
            last = width <= least
            state, converged = self.minimise(_Known(loss, max(width, least)), state, max_iter, tol, path)
            if last and has_kinks:
                return state, converged
            if last:
                break
            width *= NARROWER
        return self.minimise(_Known(loss), state, max_iter, tol, path)

    def _iterate(self, state: State, loss: Any) -> tuple[Line, Any]:
        """As the user has it."""
        line = state.basis.line(state.gamma).moved(self.unit, self.middle)
        if "scale" in loss.parameters and self.unit:
            loss = loss.bind(scale=float(np.ldexp(loss.parameters["scale"], self.unit)))
        return line, loss
