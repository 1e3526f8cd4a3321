"""The observations of a regression, prepared, and the ways to the minimum of an objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.corners import Corner
from fastloss.adaptive.descent import Descent, Smoothed, State
from fastloss.adaptive.linear import EPS, Basis, Design, Line
from fastloss.adaptive.objectives import Known

Array = NDArray[np.float64]

EXACT = 1e-10  # of the spread of y: smaller residuals are rounding errors
FAR, ABSURD = 10.0, 1e6  # spreads of y: what is farther has no say in the start
# Widths over which the derivative of a convex loss is made to run straight: of the median residual, and of the last one
WIDEST, NARROWER, NARROWEST = 0.1, 0.1, 0.1
CORNER = 0.1  # of the narrowest: where it is known which residuals are at a kink
START_TOL = 1e-3  # for a start that is no more than that
LARGEST_RIDGE = 1e300
SHARP = 0.1  # a loss whose weight has fallen to this share within the width is as good as one with a kink


@dataclass(frozen=True, eq=False)
class Problem:
    """The observations that count, prepared: their residuals over 2**unit are what is made small."""

    basis: Basis
    descent: Descent
    floor: float  # what counts as the least residual, where a loss that learns its scale would follow it to 0
    unit: int
    weight_unit: int
    middle: float  # of y

    @classmethod
    def of(
        cls,
        X: Array,
        y: Array,
        weights: Array,
        *,
        ridge: float,
        fit_intercept: bool,
        scaled: bool,
        precise: bool = False,
        penalised: bool = False,
    ) -> Problem:
        """`scaled` lets the unit be that of y, for a loss whose scale follows; `precise` weights are those of squares:
        they multiply residuals by their roots."""
        counts = weights > 0
        if not counts.all():
            X, y, weights = X[counts], y[counts], weights[counts]
        parameters = X.shape[1] + fit_intercept
        if not parameters:
            raise ValueError("X has no columns, and there is no intercept: nothing is left to fit")
        roots, weights = (np.sqrt(weights), np.ones(len(y))) if precise else (None, weights)
        weight_unit = 0 if precise or penalised else int(np.frexp(weights.max())[1])
        middle = float(np.partition(y, len(y) // 2)[len(y) // 2]) if fit_intercept else 0.0
        with np.errstate(over="ignore"):
            y = np.nan_to_num(y - middle)
            sizes = np.abs(y)
            spread = float(np.median(sizes[sizes > 0])) if sizes.any() else (abs(middle) or 1.0)
            unit = int(np.frexp(spread)[1]) if scaled else 0
            ridge = min(float(np.ldexp(ridge, 2 * unit - weight_unit)), LARGEST_RIDGE)
        weights = np.ldexp(weights, -weight_unit)
        design = Design.of(X, weights, ridge, fit_intercept, roots)
        y, spread = np.ldexp(y if roots is None else roots * y, -unit), float(np.ldexp(spread, -unit))
        descent = Descent(y, weights, 4 * EPS * spread)
        basis = Basis.plain(design) if penalised else Basis.of(design, weights)
        return cls(basis, descent, EXACT * spread, unit, weight_unit, middle)

    @property
    def is_penalised(self) -> bool:
        """Whether more than the losses is made small."""
        return bool(self.basis.penalty.any())

    def least_squares(self, far: float) -> State:
        """On a y whose outliers are brought near: to so many spreads of it."""
        near = far * self.floor / EXACT
        y, weights = self.descent.y, self.descent.weights
        gamma = self.basis.rows.T @ (weights * np.clip(y, -near, near))
        return State.of(self.basis, gamma, y)

    def minimise(
        self, objective: Any, state: State, max_iter: int, tol: float, path: list[tuple[Line, Any]]
    ) -> tuple[State, bool]:
        """(the state at a minimum, whether it is one), from a state on; its iterates are added to the path."""
        weights = self.descent.weights
        loss = objective.learn(state.residuals, weights, None)
        path.append(self.iterate(state, loss))
        for _ in range(max_iter):
            before = state.residuals, loss
            state, length, level = self.descent.advance(Smoothed(loss, objective.width), state)
            if level or state.residuals is before[0]:
                return state, level
            loss = objective.learn(state.residuals, weights, loss)
            path.append(self.iterate(state, loss))
            enough = max(tol * self.descent.size(state), objective.width / 10, self.descent.resolution)
            if length <= enough or objective.has_settled(before, (state.residuals, loss), weights, tol):
                return state, True
        return state, False

    def minimise_convex(
        self,
        loss: Any,
        state: State,
        max_iter: int,
        tol: float,
        path: list[tuple[Line, Any]],
        near: float = np.inf,
    ) -> tuple[State, bool]:
        """The same for a convex loss: where its derivative turns sharply, over smoothed losses that are ever closer.

        `near` is how far residuals are from those at the minimum, about.
        """
        near = width = min(WIDEST * self.descent.size(state), near)
        has_kinks = "c1" not in loss.traits or np.isinf(loss.weight(0.0))
        is_last, converged = False, True
        while has_kinks or loss.weight(width) < SHARP * loss.weight(0.0):
            least = max(tol * NARROWEST * self.descent.size(state), self.descent.resolution)
            if has_kinks and converged and (corner := self.corner(Smoothed(loss, near), state, CORNER * least)):
                path.append(self.iterate(corner, loss))
                return corner, True
            if is_last:
                break
            is_last, near = width <= least, max(width, least)
            state, converged = self.minimise(Known(loss, near), state, max_iter, tol, path)
            width *= NARROWER
        return (state, converged) if has_kinks else self.minimise(Known(loss), state, max_iter, tol, path)

    def corner(self, loss: Smoothed, state: State, least: float) -> State | None:
        """The minimum of the loss with that width at the least, if that of a smoothed one leads to it."""
        corner = Corner.near(self.descent, loss, state)
        return corner and corner.minimum(least)

    def iterate(self, state: State, loss: Any) -> tuple[Line, Any]:
        """As the user has it."""
        if "scale" in loss.parameters and self.unit:
            loss = loss.bind(scale=float(np.ldexp(loss.parameters["scale"], self.unit)))
        return self.line(state), loss

    def line(self, state: State) -> Line:
        """As the user has it."""
        return state.basis.line(state.gamma).moved(self.unit, self.middle)
