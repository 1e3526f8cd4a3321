"""Linear regression under any loss of a residual, known, in units of a scale that is estimated, or learned."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.adaptive.descent import State, is_convex
from fastloss.adaptive.fitting import checked_bounds
from fastloss.adaptive.linear import Line
from fastloss.adaptive.m_estimate import MEstimate
from fastloss.adaptive.objectives import Known, lifted, stages
from fastloss.adaptive.penalised import Penalised
from fastloss.adaptive.problem import ABSURD, FAR, START_TOL, Problem
from fastloss.adaptive.scales import FIXED, HUBER, MAD, Estimate, at_scale, bound_at
from fastloss.adaptive.stand_ins import convergence_warning, singular_warning
from fastloss.adaptive.starts import least_trimmed_squares
from fastloss.core.arguments import as_array, shown
from fastloss.core.domains import check_weights
from fastloss.core.loss import Loss, get
from fastloss.losses.m_estimators import robust
from fastloss.losses.residual import absolute_error
from fastloss.penalty import Penalty

Array = NDArray[np.float64]

ADAPTIVE = "adaptive"
STARTS = ("ls", "lts")
WEIGHTS = ("frequency", "precision")


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
    scale : float
        As it was given, estimated or learned; 1 for "fixed", 0 where the residuals are rounding errors.
    ratio_loss : Loss
        The loss of residuals over the scale: `loss`, with a scale of 1.
    working_scale : float
        The scale, or, where that is 0, the least that residuals are measured by.
    """

    coef: Array
    intercept: float
    loss: Any
    weight: Array
    n_iter: int
    converged: bool
    path: list[tuple[Array, float, Any]]
    line: Line
    scale: float
    ratio_loss: Any
    working_scale: float


def irls(
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: Any = ADAPTIVE,
    sample_weight: ArrayLike | None = None,
    weight_kind: str = "frequency",
    scale: str | float = FIXED,
    start: str = "ls",
    ridge: float = 0.0,
    penalty: Penalty | None = None,
    fit_intercept: bool = True,
    anneal: int = 0,
    alpha_bounds: tuple[float, float] = (0.001, 1.999),
    max_iter: int = 200,
    tol: float = 1e-8,
) -> Regression:
    """
    Minimise sum(sample_weight * loss(X @ coef + intercept - y)) + ridge * sum(coef^2) / 2 + penalty(coef).

    With a scale that is estimated, each step solves a weighted least squares problem with the weights that the loss
    gives to the residuals in units of their scale, which is renewed; close to the end the steps are Newton's for both.
    Otherwise each step solves a weighted least squares problem or, in directions in which the loss is curved enough, is
    Newton's; it is shortened until the sum falls. A convex loss with kinks, or nearly so, is approached by losses
    without. Where alpha and scale are learned, they are fitted to the residuals after each step, so that the total
    negative log-likelihood never rises.

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
    weight_kind : "frequency" or "precision"
        What sample_weight is. "frequency": how often a row was observed; a row of weight 2 is two rows. "precision":
        in inverse proportion to the variance of a row; residuals are multiplied by its root, in the loss too, and the
        sum has no other weights.
    scale : "mad", "huber", "fixed" or float
        The unit of the residuals, in which the parameters of the loss are: a number; "mad", the median of their sizes
        over .6744897501960817; "huber", proposal 2: the s for which the sum of min(abs(r) / s, 2.5)^2 is n - p times
        its mean for normal errors. A loss without a scale of its own takes residuals over it. "fixed" is 1, the loss as
        it is. "adaptive" learns its scale, whichever name is given here, unless it is a number.
    start : "ls" or "lts"
        Where a loss that is not convex starts from: least squares (with "fixed" and "adaptive" least absolute errors,
        from least squares on a y whose outliers are brought near), or least trimmed squares, the fit to the half of
        the rows that fit best, which up to 40% of outliers in X and y do not move. The minimum of a convex loss does
        not depend on the start.
    ridge : float
        Penalty on the squares of the coefficients, not on the intercept; >= 0.
    penalty : Penalty, optional
        One of `fastloss.penalty`, bound or not, on the coefficients: coordinate descent, and Newton's method on those
        that are not 0. A loss with a scale of its own is in units of y and of that scale, as `loss` of the result.
    fit_intercept : bool
    anneal : int
        Steps of graduated non-convexity for `robust` and "adaptive": so many problems are solved on the way from
        alpha = 1, where the loss is convex, down to its own alpha, or that which is learned.
    alpha_bounds : (float, float)
        As for `fit`.
    max_iter : int
        The largest number of steps, for each of the problems.
    tol : float
        A step that would move the predictions by less, relative to the median residual, ends the iteration (with a
        scale, by a hundredth of that, relative to it); so does, where alpha and scale are learned, a smaller relative
        fall of the sum.

    Returns
    -------
    Regression

    Raises
    ------
    TypeError
        If the loss is no function of a residual.
    ValueError
        If a number is outside its domain, or shapes do not fit.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` is reached: scikit-learn's, where that is installed, else a UserWarning.
    LinAlgWarning
        If columns depend on each other, as they do where there are more of them than observations: SciPy's, where that
        is installed, else a RuntimeWarning. The smallest of the coefficients that fit are returned.

    Source
    ------
    P. W. Holland, R. E. Welsch, "Robust Regression Using Iteratively Reweighted Least-Squares", 1977; scales: P. J.
    Huber, "Robust Statistics", 1981; graduated non-convexity: A. Blake, A. Zisserman, "Visual Reconstruction", 1987.

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
    >>> found = irls(x[:, None], y, loss="tukey", scale="mad")
    >>> round(float(found.coef[0]), 2), round(found.scale, 3)
    (2.0, 0.012)
    """
    target = None if isinstance(loss, str) and loss == ADAPTIVE else _residual_loss(loss)
    kind = checked_scale(scale)
    _check_options(target, loss, ridge, anneal, max_iter, tol, fit_intercept)
    check_known("start", start, STARTS)
    check_known("weight_kind", weight_kind, WEIGHTS)
    alpha_bounds = checked_bounds(alpha_bounds)
    X, y, weights = _checked(X, y, sample_weight)
    problem = Problem.of(
        X,
        y,
        weights,
        ridge=ridge,
        fit_intercept=fit_intercept,
        scaled=penalty is None and (target is None or (kind != FIXED and not ridge)),
        precise=weight_kind == "precision",
        penalised=penalty is not None,
    )
    if penalty is not None:
        if not isinstance(penalty, Penalty):
            raise TypeError(
                f"penalty must be one of fastloss.penalty, such as fl.penalty.l1.bind(strength=0.1), got {penalty!r}"
            )
        problem = Penalised(**vars(problem), penalty=penalty)
    fit = _Fit(problem, target, kind, max_iter, tol)
    state, converged = fit.solve(fit.start(start == "lts"), anneal, alpha_bounds)
    if not converged:
        message = f"irls did not converge in {max_iter} steps: raise max_iter, or tol, or scale the data"
        warnings.warn(message, convergence_warning(), stacklevel=2)
    if problem.basis.null.shape[1]:
        columns, rank = problem.basis.back.shape
        message = f"the columns of X{' and the intercept' if fit_intercept else ''} depend on each other: their rank "
        message += f"is {rank} of {columns}; the smallest coefficients are returned: leave columns out, or give ridge"
        warnings.warn(message, singular_warning(), stacklevel=2)
    residuals = fit.path[-1][0].predict(X) - y
    return fit.result(state, residuals if weight_kind == "frequency" else np.sqrt(weights) * residuals, converged)


def checked_scale(scale: Any) -> str | float:
    """One of the names, or a number above 0."""
    if isinstance(scale, str) and scale in (MAD, HUBER, FIXED):
        return scale
    try:
        number = float(scale)
    except (TypeError, ValueError):
        number = np.nan
    if isinstance(scale, str | bool) or not 0 < number < np.inf:
        raise ValueError(f"scale must be 'mad', 'huber', 'fixed' or a number > 0, got {shown(scale)}")
    return number


def check_known(name: str, value: Any, known: tuple[str, ...]) -> None:
    """An option that is one of some words."""
    if not (isinstance(value, str) and value in known):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {shown(value)}")


def _check_options(
    target: Any, loss: Any, ridge: float, anneal: int, max_iter: int, tol: float, fit_intercept: bool
) -> None:
    kinds: tuple[tuple[str, Any, Any, str], ...] = (
        ("ridge", ridge, Real, "a number"),
        ("tol", tol, Real, "a number"),
        ("anneal", anneal, Integral, "an integer"),
        ("max_iter", max_iter, Integral, "an integer"),
        ("fit_intercept", fit_intercept, Integral | np.bool_, "True or False"),
    )
    for name, value, kind, what in kinds:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be {what}, got {shown(value)}")
    if not 0 <= ridge < np.inf:
        raise ValueError(f"ridge must be >= 0 and finite, got {ridge}")
    if anneal < 0 or (anneal and target is not None and target.name != robust.name):
        raise ValueError(f"anneal must be >= 0, and 0 for a loss without alpha, got {anneal} for {loss!r}")
    if not max_iter >= 1:
        raise ValueError(f"max_iter must be >= 1, got {max_iter}")
    if not tol >= 0:
        raise ValueError(f"tol must be >= 0, got {tol}")


@dataclass(eq=False)
class _Fit:
    """A problem, the loss that is given (None: learned), and the way that its scale takes."""

    problem: Problem
    target: Any
    kind: str | float
    max_iter: int
    tol: float
    path: list[tuple[Line, Any]] = field(default_factory=list)

    @property
    def is_estimated(self) -> bool:
        """Whether the loss is one of residuals over a scale."""
        return self.target is not None and self.kind != FIXED

    @cached_property
    def estimate(self) -> Estimate:
        """In units of the problem."""
        rank = self.problem.basis.rows.shape[1]
        kind = self.kind if isinstance(self.kind, str) else float(np.ldexp(self.kind, -self.problem.unit))
        return Estimate(kind, float(np.ldexp(rank, -self.problem.weight_unit)))

    def start(self, trimmed: bool) -> State:
        problem = self.problem
        if trimmed:
            basis, y = problem.basis, problem.descent.y
            return State.of(basis, least_trimmed_squares(basis.rows, y, problem.descent.weights), y)
        if self.is_estimated or isinstance(problem, Penalised):
            return problem.least_squares(ABSURD)
        state = problem.least_squares(FAR)
        if self.target is None or not is_convex(self.target):
            state, _ = problem.minimise_convex(absolute_error, state, self.max_iter, START_TOL, self.path)
        return state

    def solve(self, state: State, anneal: int, alpha_bounds: tuple[float, float]) -> tuple[State, bool]:
        """(where the steps end, whether they do)"""
        problem, converged = self.problem, True
        known = self.estimate.kind if isinstance(self.kind, float) else None
        for stage in stages(self.target, anneal, alpha_bounds, problem.floor, known):
            if self.is_estimated:
                steps = MEstimate(problem, self.estimate, self.path)
                state, converged = steps.solve(stage.loss, state, self.max_iter, self.tol)
            elif isinstance(stage, Known) and is_convex(stage.loss):
                state, converged = problem.minimise_convex(stage.loss, state, self.max_iter, self.tol, self.path)
            else:
                state, converged = problem.minimise(stage, state, self.max_iter, self.tol, self.path)
        return state, converged

    def result(self, state: State, residuals: Array, converged: bool) -> Regression:
        """Of residuals as the loss takes them."""
        line, loss = self.path[-1]
        unit = self.problem.unit
        scale = working = 1.0
        ratio_loss = loss
        if self.is_estimated:
            steps = MEstimate(self.problem, self.estimate)
            scale, working = (float(np.ldexp(each, unit)) for each in (steps.scale(state), steps.working_scale(state)))
            loss, ratio_loss = bound_at(self.target, working), self.target
            weight = at_scale(self.target, working).weight(residuals)
        else:
            weight = loss.weight(lifted(residuals, float(np.ldexp(self.problem.floor, unit))))
        if self.target is None:
            working = loss.parameters["scale"]
            exact = np.median(np.abs(residuals)) <= np.ldexp(self.problem.floor, unit)
            scale = 0.0 if exact and not isinstance(self.kind, float) else working
            ratio_loss = loss.bind(scale=1.0)
        path = [(each.coef, each.intercept, used) for each, used in self.path]
        return Regression(
            line.coef, line.intercept, loss, weight, len(path), converged, path, line, scale, ratio_loss, working
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
    check_weights(weights)
    if not weights.any():
        raise ValueError("sample_weight is zero everywhere: no observation is left")
    return X, y, weights


def _residual_loss(loss: Any) -> Any:
    bound = get(loss) if isinstance(loss, str) else loss
    if not (isinstance(bound, Loss) and bound.has_weight):
        raise TypeError(f"loss must be {ADAPTIVE!r} or a loss of a residual, or the name of one, got {loss!r}")
    for _, term in bound.terms:
        term._in_force({})
        for name, value in term.parameters.items():
            if np.ndim(value):
                raise ValueError(f"{name} of {term.name} must be one number, got an array of shape {np.shape(value)}")
    return bound
