"""The minimum of a convex loss with kinks, from where that of a smoothed one is: as many residuals as there are columns
are at a kink, or fewer where the others, or a ridge, are curved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.descent import Descent, Smoothed, State, square
from fastloss.adaptive.linear import EPS

Array = NDArray[np.float64]

STEPS = 5  # of Newton's method, which needs one where a loss is straight between its kinks
PIVOTS = 50
MOST = 2  # times as many residuals as there are columns: if more are near a kink, which of them are at one is not known
BALANCED = 64 * EPS  # forces, of the sum of their sizes: what rounding leaves


@dataclass(eq=False)
class Corner:
    """Rows that are held at kinks, and the least sum of the others meanwhile.

    It is the minimum of all if the force that holds each is between the slopes of its loss on both sides. If the others
    are straight, the row that is the farthest from that is let go, and the one at which the sum is the least takes its
    place, as in the simplex method.
    """

    descent: Descent
    loss: Smoothed
    state: State
    rows: NDArray[np.intp]  # that are held
    kinks: Array  # where

    @classmethod
    def near(cls, descent: Descent, loss: Smoothed, state: State) -> Corner | None:
        """Of the residuals that are within the width of the smoothed loss."""
        kinks, size = np.array(loss.kinks()), len(state.gamma)
        distances = np.abs(state.residuals[:, None] - kinks)
        nearest = distances.argmin(axis=1)
        distances = distances[np.arange(len(nearest)), nearest]
        rows = np.flatnonzero(distances < loss.width)
        if not 0 < len(rows) <= MOST * size:
            return None
        rows = rows[np.argsort(distances[rows], kind="stable")[:size]]
        return cls(descent, Smoothed(loss.loss), state, rows, kinks[nearest[rows]])

    def minimum(self, width: float) -> State | None:
        """That of the loss that is smoothed by no more than this width; None if it is not found."""
        size = len(self.state.gamma)
        for _ in range(PIVOTS):
            found = self._forces()
            if found is None:
                return None
            forces, matrix = found
            below, above = self._slopes(self.rows, self.kinks)
            wrong = np.maximum(below - forces, forces - above)
            worst = int(wrong.argmax())
            if wrong[worst] <= 0:
                places = (2 * forces - below - above) / (above - below)
                solved = np.linalg.solve(matrix, np.append(np.zeros(size), width * places))
                return self._moved(solved)
            is_straight = not matrix[:size, :size].any()
            if not (is_straight and self._pivoted(worst, float(wrong[worst]), forces[worst] > above[worst])):
                return None
        return None

    def _forces(self) -> tuple[Array, Array] | None:
        """Those that hold the rows when the sum of the others is the least, and the matrix of Newton's method there."""
        descent, held = self.descent, self.state.basis.rows[self.rows]
        size = len(self.state.gamma)
        matrix = np.zeros((size + len(held),) * 2)
        matrix[size:, :size], matrix[:size, size:] = held, held.T
        for _ in range(STEPS):
            basis, residuals = self.state.basis, self.state.residuals
            _, grad, hess, _ = self.loss.at(residuals)
            grad, hess = descent.weights * grad, descent.weights * hess
            grad[self.rows] = hess[self.rows] = 0
            matrix[:size, :size] = square(basis, hess)
            ridge, off = basis.penalty.T @ (basis.penalty @ self.state.gamma), residuals[self.rows] - self.kinks
            gradient = basis.rows.T @ grad + ridge
            try:
                solved = np.linalg.solve(matrix, -np.append(gradient, off))
            except np.linalg.LinAlgError:
                return None
            forces = solved[size:]
            noise = np.abs(basis.rows.T) @ np.abs(grad) + np.abs(ridge) + np.abs(held.T) @ np.abs(forces)
            balanced = np.abs(gradient + held.T @ forces) <= BALANCED * noise
            if balanced.all() and (np.abs(off) <= descent.resolution).all():
                return forces, matrix
            if not np.isfinite(solved).all():
                return None
            self.state = self._moved(solved)
        return None

    def _moved(self, solved: Array) -> State:
        basis, gamma = self.state.basis, self.state.gamma
        return State.of(basis, gamma + solved[: len(gamma)], self.descent.y)

    def _slopes(self, rows: Any, kinks: Any) -> tuple[Array, Array]:
        """On both sides of kinks, with the weights of the rows."""
        weights, step = self.descent.weights[rows], self.descent.resolution
        return weights * self.loss.grad(kinks - step), weights * self.loss.grad(kinks + step)

    def _pivoted(self, place: int, steepness: float, rises: bool) -> bool:
        """Whether another row, or the same one at its other kink, is held in place of one, whose residual is to rise or
        to fall, in which the sum falls as steeply as that."""
        basis, residuals = self.state.basis, self.state.residuals
        held, unit = basis.rows[self.rows], np.zeros(len(self.rows))
        unit[place] = 1.0 if rises else -1.0
        moves = basis.rows @ np.linalg.solve(held, unit)
        moves[np.delete(self.rows, place)] = 0.0
        kinks = np.array(self.loss.kinks())
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = (kinks - residuals[:, None]) / moves[:, None]
        lengths[self.rows[place], kinks == self.kinks[place]] = -1.0
        rows, which = np.nonzero((lengths > 0) & np.isfinite(lengths))
        order = np.argsort(lengths[rows, which], kind="stable")
        rows, which = rows[order], which[order]
        below, above = self._slopes(rows, kinks[which])
        turned = np.cumsum(np.abs(moves[rows]) * (above - below)) >= steepness
        if not turned.any():
            return False
        found = int(turned.argmax())
        self.rows[place], self.kinks[place] = rows[found], kinks[which[found]]
        return True
