"""M-estimates of regression whose scale is estimated with them, from the residuals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.descent import Crossing, Damping, State, is_convex, square
from fastloss.adaptive.linear import EPS, Line
from fastloss.adaptive.objectives import Scaled
from fastloss.adaptive.penalised import Penalised
from fastloss.adaptive.problem import Problem
from fastloss.adaptive.scales import Estimate, at_scale, bound_at, degree

Array = NDArray[np.float64]

NEAR = 1e-2  # scales: from steps of this length on Newton's method is tried
TAIL = 1e-2  # of the tolerance: the steps of reweighted least squares shrink slowly, and what is left is their sum
SETTLED = 1e-6  # of the scale: lines that are the least of a loss with kinks are known to about that
ANY_SCALE = ("absolute_error", "quantile", "squared_error", "half_squared_error", "expectile")  # have the same line
LEAST_SCALE = 64  # of what rounding leaves of residuals: a smaller scale is 0


@dataclass(frozen=True, eq=False)
class _Point:
    """A state, the scale of its residuals, and the next step of reweighted least squares."""

    state: State
    scale: float
    slopes: Array  # of the scale by the residuals
    loss: Any
    grad: Array
    hess: Array
    step: Array
    moves: Array  # of the predictions
    length: float  # the root of their mean square


@dataclass(eq=False)
class MEstimate:
    """Reweighted least squares with a scale that is renewed at each step, as statsmodels' RLM has it, and, close to the
    end, Newton's method for both."""

    problem: Problem
    estimate: Estimate
    path: list[tuple[Line, Any]] = field(default_factory=list)

    def solve(self, loss: Any, state: State, max_iter: int, tol: float) -> tuple[State, bool]:
        """(where the steps end, whether they do)"""
        if is_convex(loss) and not (isinstance(self.estimate.kind, str) and _weighs_the_small(loss)):
            return self._alternate(loss, state, max_iter, tol)
        if isinstance(self.problem, Penalised):
            objective = Scaled(loss, self.estimate, self.least)
            return self.problem.minimise(objective, state, max_iter, tol, self.path)
        return self._reweight(loss, state, max_iter, tol)

    def _alternate(self, loss: Any, state: State, max_iter: int, tol: float) -> tuple[State, bool]:
        """The minimum at a scale, the scale there, and so on: for convex losses that want steps of their own.

        Where the median residual falls as the scale rises, as it may with a penalty, that would swing for ever: between
        two scales, one too small and one too large, the next is where the line through what they lack is 0.
        """
        scale, near, converged = self.working_scale(state), np.inf, True
        crossing = Crossing(0.0, np.inf, np.inf, -np.inf)
        is_free = loss.name in ANY_SCALE and not self.problem.is_penalised
        for _ in range(max_iter):
            state, converged = self.problem.minimise_convex(at_scale(loss, scale), state, max_iter, tol, [], near)
            self._note(loss, state, scale)
            found = self.working_scale(state)
            if is_free or min(abs(found - scale), crossing.high - crossing.low) <= SETTLED * found:
                return state, converged
            crossing.narrow(scale, found - scale)
            after = crossing.guess if crossing.low > 0 and crossing.high < np.inf else found
            scale, near = after, abs(after - scale)
        return state, False

    def _reweight(self, loss: Any, state: State, max_iter: int, tol: float) -> tuple[State, bool]:
        here = self._point(loss, state)
        damping = Damping()
        for _ in range(max_iter):
            self._note(loss, here.state, here.scale)
            if here.length <= max(TAIL * tol * here.scale, self.problem.descent.resolution):
                return self._end(loss, self._moved(here, here.step)), True
            tried = self._newton(loss, here) if here.length < NEAR * here.scale else None
            here = tried or self._point(loss, self._moved(here, damping.share * here.step))
            damping.learn(here.moves)
        return self._end(loss, here.state), False

    def scale(self, state: State) -> float:
        """That of its residuals; 0 where they are rounding errors."""
        scale, _ = self.estimate.of(state.residuals, self.problem.descent.weights)
        return scale if isinstance(self.estimate.kind, float) or scale > self.least else 0.0

    def working_scale(self, state: State) -> float:
        """The scale that the loss takes, which is never 0."""
        return self.scale(state) or self.least

    @property
    def least(self) -> float:
        return LEAST_SCALE * self.problem.descent.resolution

    def _end(self, loss: Any, state: State) -> State:
        self._note(loss, state, self.working_scale(state))
        return state

    def _note(self, loss: Any, state: State, scale: float) -> None:
        self.path.append((self.problem.line(state), bound_at(loss, float(np.ldexp(scale, self.problem.unit)))))

    def _point(self, loss: Any, state: State) -> _Point:
        descent = self.problem.descent
        scale, slopes = self.estimate.of(state.residuals, descent.weights)
        if isinstance(self.estimate.kind, str) and scale <= self.least:
            scale, slopes = self.least, np.zeros(len(slopes))
        scaled = at_scale(loss, scale)
        terms = scaled.evaluate(state.residuals, outputs=("grad", "hess", "weight"))
        grad, hess, weight = (descent.weights * each for each in terms)
        state, _, sizes, axes = descent.conditioned(state, weight)
        if not sizes.max(initial=0.0) > 0:
            raise ValueError(f"{loss!r} gives every residual the weight 0: the scale is too small for it")
        kept = sizes > len(sizes) * EPS * sizes.max()
        along = axes[:, kept].T @ self._gradient(state, grad)
        step = -axes[:, kept] @ (along / sizes[kept])
        moves = state.basis.rows @ step
        length = float(np.sqrt(descent.weights @ np.square(moves) / descent.weights.sum()))
        return _Point(state, scale, slopes, scaled, grad, hess, step, moves, length)

    def _gradient(self, state: State, grad: Array) -> Array:
        basis = state.basis
        return basis.rows.T @ grad + basis.penalty.T @ (basis.penalty @ state.gamma)

    def _moved(self, point: _Point, step: Array) -> State:
        return State.of(point.state.basis, point.state.gamma + step, self.problem.descent.y)

    def _newton(self, loss: Any, here: _Point) -> _Point | None:
        """Where Newton's method leads, if the steps are shorter there by half.

        The scale moves with the residuals, and the derivative of the loss with the scale: a loss of degree d has a
        derivative of degree d - 1 in both.
        """
        rows, residuals = here.state.basis.rows, here.state.residuals
        by_scale = ((degree(loss) - 1) * here.grad - here.hess * residuals) / here.scale
        jacobian = square(here.state.basis, here.hess) + np.outer(rows.T @ by_scale, rows.T @ here.slopes)
        try:
            step = -np.linalg.solve(jacobian, self._gradient(here.state, here.grad))
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        there = self._point(loss, self._moved(here, step))
        return there if there.length <= here.length / 2 else None


def _weighs_the_small(loss: Any) -> bool:
    """Whether small residuals have the largest weight, a finite one: reweighted least squares go down then."""
    return bool(0 < loss.weight(0.0) < np.inf) and bool(
        (loss.weight(np.array([1e-3, -1e-3, 1e3, -1e3])) <= loss.weight(0.0)).all()
    )
