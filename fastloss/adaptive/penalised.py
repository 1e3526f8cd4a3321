"""Regression with a penalty on the coefficients, which may be exactly 0 then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.descent import Damping, Smoothed, State, square
from fastloss.adaptive.linear import EPS, Line
from fastloss.adaptive.problem import EXACT, Problem
from fastloss.adaptive.scales import OfRatios
from fastloss.penalty import Part, Penalty, parts

Array = NDArray[np.float64]

SWEEPS = 100  # of coordinate descent, for one quadratic
CLOSE = 1e-3  # of the first move: with less, coordinate descent has found which coefficients are 0
TAIL = 1e-2  # of the tolerance: steps shrink slowly, and what is left is their sum
LEAST = 1e-12  # of the largest curvature: a column has no less
HALVINGS = 30
SHARE = 0.01  # of the IRLS weights, beside a curvature that may vanish


@dataclass(frozen=True, eq=False)
class _Point:
    """Where the descent is, with the derivatives of the sum of the losses."""

    state: State
    loss: Smoothed
    value: Array  # of each row, not weighted
    gradient: Array
    curvature: Array  # what the IRLS weights stand for, an upper bound; beside kinks less
    hessian: Array


@dataclass(frozen=True, eq=False)
class Penalised(Problem):
    """A problem in the coordinates of its design.

    A step minimises the penalty plus the quadratic of reweighted least squares, block by block of what the penalty
    couples; then Newton's method is tried on the coefficients that are not 0, where the penalty is smooth.
    """

    penalty: Penalty

    @property
    def is_penalised(self) -> bool:
        return True

    def least_squares(self, far: float) -> State:
        """0, where rows are too few for least squares."""
        rows, y, root = self.basis.rows, self.descent.y, np.sqrt(self.descent.weights)
        if len(y) <= rows.shape[1]:
            return State.of(self.basis, np.zeros(rows.shape[1]), y)
        near = root * np.clip(y, -far * self.floor / EXACT, far * self.floor / EXACT)
        return State.of(self.basis, np.linalg.lstsq(root[:, None] * rows, near, rcond=None)[0], y)

    def minimise(
        self, objective: Any, state: State, max_iter: int, tol: float, path: list[tuple[Line, Any]]
    ) -> tuple[State, bool]:
        weights, loss, damping = self.descent.weights, None, Damping()
        for _ in range(max_iter):
            loss = objective.learn(state.residuals, weights, loss)
            path.append((self.line(state), loss.loss if isinstance(loss, OfRatios) else loss))
            here = self._point(Smoothed(loss, objective.width), state)
            there, moves = self._advance(here)
            length = float(np.sqrt(np.mean(np.square(moves))))
            enough = max(TAIL * tol * self.descent.size(there), objective.width / 10, self.descent.resolution)
            if length <= enough:
                path.append((self.line(there), path[-1][1]))
                return there, True
            damping.learn(moves)
            share = damping.share
            state = there if share == 1 else self._at(state.gamma + share * (there.gamma - state.gamma))
        return state, False

    def corner(self, loss: Smoothed, state: State, least: float) -> State | None:
        """None: a penalty has kinks of its own."""
        return None

    def _advance(self, here: _Point) -> tuple[State, Array]:
        """(the state after a step, the moves of the predictions in that of reweighted least squares)"""
        blocks = self._blocks(here)
        step = self._descended(here, blocks) - here.state.gamma
        there = here
        for share in 0.5 ** np.arange(HALVINGS):
            there = self._point(here.loss, self._at(here.state.gamma + share * step))
            if self._change(here, there) <= 0:
                break
        return self._polished(there).state, self.basis.rows @ step

    def _at(self, gamma: Array) -> State:
        return State.of(self.basis, gamma, self.descent.y)

    def _point(self, loss: Smoothed, state: State) -> _Point:
        value, grad, hess, weight = loss.at(state.residuals)
        grad, hess, weight = (self.descent.weights * each for each in (grad, hess, np.maximum(weight, hess)))
        if not (np.isfinite(grad).all() and np.isfinite(weight).all()):
            raise ValueError("the derivatives of the loss are no finite numbers: scale y to sizes near 1")
        ridge = self.basis.penalty.T @ (self.basis.penalty @ state.gamma)
        gradient = self.basis.rows.T @ grad + ridge
        if loss.width:  # beside kinks the IRLS weights are far above the curvature, and their steps short
            weight = hess + SHARE * weight
        return _Point(state, loss, value, gradient, square(self.basis, weight), square(self.basis, hess))

    def _change(self, old: _Point, new: _Point) -> float:
        """By how much the objective rises, less what may be rounding."""
        ridges = [np.square(self.basis.penalty @ point.state.gamma).sum() / 2 for point in (old, new)]
        penalties = [self.penalty(self._coef(point.state.gamma)) for point in (old, new)]
        rise = (
            float(self.descent.weights @ (new.value - old.value)) + ridges[1] - ridges[0] + penalties[1] - penalties[0]
        )
        total = float(self.descent.weights @ np.abs(old.value)) + ridges[0] + penalties[0]
        return rise - 8 * EPS * total

    # ---- coordinates ------------------------------------------------------------------------------------------

    @cached_property
    def _first(self) -> int:
        """Where the coefficients begin: the intercept, which is free, stands before them."""
        return int(self.basis.design.fit_intercept)

    @cached_property
    def _units(self) -> Array:
        """What coordinates are multiplied by, to be coefficients."""
        return np.ldexp(1.0, -self.basis.design.exponents)

    @cached_property
    def _parts(self) -> list[Part]:
        return parts(self.penalty, len(self._units))

    def _coef(self, gamma: Array) -> Array:
        return gamma[self._first :] * self._units

    def _blocks(self, here: _Point) -> list[tuple[Array, Array, Part | None, float]]:
        """(coordinates, their units, what is penalised of them, one over their largest curvature), free ones first"""
        least = LEAST * float(np.diag(here.curvature).max()) or 1.0
        blocks: list[tuple[Array, Array, Part | None, float]] = []
        if self._first:
            blocks.append((np.array([0]), np.ones(1), None, 1 / max(here.curvature[0, 0], least)))
        for part in self._parts:
            units, at = self._units[part.rows], part.rows + self._first
            block = here.curvature[np.ix_(at, at)]
            block = np.maximum(block, least) if len(at) == 1 else block + least * np.eye(len(at))
            steepest = (
                np.linalg.eigvalsh(block / np.outer(units, units))[-1] if len(at) > 1 else block[0, 0] / units[0] ** 2
            )
            blocks.append((at, units, part, 1 / float(steepest)))
        return blocks

    def _descended(self, here: _Point, blocks: list[tuple[Array, Array, Part | None, float]]) -> Array:
        """The least of the quadratic plus the penalty, as far as is found."""
        gamma, slope = here.state.gamma.copy(), here.gradient.copy()
        first, active = 0.0, blocks
        for _ in range(SWEEPS):
            farthest = max(self._swept(gamma, slope, here.curvature, block) for block in active)
            first = first or farthest
            if farthest > CLOSE * first:
                active = [block for block in blocks if gamma[block[0]].any()] or blocks
                self._solved(gamma, slope, here.curvature)
            elif active is blocks:
                break
            else:
                active = blocks
        return gamma

    def _solved(self, gamma: Array, slope: Array, curvature: Array) -> None:
        """Newton's method for the quadratic plus the penalty, on what is not 0, where it goes down."""
        step = self._newton(gamma, slope, curvature)
        turn = curvature @ step
        rise = step @ (slope + turn / 2) + self.penalty(self._coef(gamma + step)) - self.penalty(self._coef(gamma))
        if rise < 0:
            gamma += step
            slope += turn

    def _swept(self, gamma: Array, slope: Array, curvature: Array, block: Any) -> float:
        """How far a block moves to its best place, as a move of predictions; gamma and slope are changed."""
        at, units, part, step = block
        target = gamma[at] * units - step * slope[at] / units
        moves = (target if part is None else part.prox(target, step)) / units - gamma[at]
        gamma[at] += moves
        slope += curvature[:, at] @ moves
        return float(np.abs(moves / units).max() / np.sqrt(step))

    # ---- Newton's method --------------------------------------------------------------------------------------

    def _polished(self, here: _Point) -> _Point:
        """Where Newton's method leads, if the conditions of a minimum hold better there, and it is not uphill."""
        gamma = here.state.gamma
        step = self._newton(gamma, here.gradient, here.hessian)
        there = self._point(here.loss, self._at(gamma + step))
        is_better = self._error(there) <= self._error(here) / 2 and self._change(here, there) <= 0
        return there if is_better else here

    def _newton(self, gamma: Array, gradient: Array, hessian: Array) -> Array:
        """The step on what is not 0; 0 where the second derivatives are no finite numbers."""
        support = gamma != 0
        support[: self._first] = True
        coef = self._coef(gamma)
        bent = np.zeros_like(hessian)
        bent[self._first :, self._first :] = self.penalty.curvature(coef) * np.outer(self._units, self._units)
        slope = gradient.copy()
        slope[self._first :] += self._units * self.penalty.grad(coef)
        matrix = (hessian + bent)[np.ix_(support, support)]
        step = np.zeros(len(gamma))
        if np.isfinite(matrix).all():
            step[support] = -np.linalg.lstsq(matrix, slope[support], rcond=None)[0]
        return step

    def _error(self, here: _Point) -> float:
        """How far the conditions of a minimum are from holding: the longest move of a block that is alone."""
        blocks = self._blocks(here)
        errors = []
        for at, units, part, step in blocks:
            coef = here.state.gamma[at] * units
            target = coef - step * here.gradient[at] / units
            best = target if part is None else part.prox(target, step)
            errors.append(np.abs(best - coef).max() / np.sqrt(step))
        return float(max(errors))
