"""The linear algebra of a regression: columns of any size and place, in an orthonormal basis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPS = float(np.finfo(np.float64).eps)
LIGHT = 1e-4  # of the largest root of a weight


@dataclass(frozen=True, eq=False)
class Line:
    """A linear function, by its coefficients and its value at a point among the data.

    Far from 0 the intercept is a small difference of large numbers, and predictions by it lose digits that these have.
    """

    coef: Array
    centre: Array
    height: float

    @property
    def intercept(self) -> float:
        return self.height - float(self.centre @ self.coef)

    def moved(self, unit: int, by: float) -> Line:
        """2**unit times this, plus `by`."""
        return Line(np.ldexp(self.coef, unit), self.centre, float(np.ldexp(self.height, unit)) + by)

    def predict(self, X: Array) -> Array:
        return np.asarray((X - self.centre) @ self.coef + self.height)


@dataclass(frozen=True, eq=False)
class Design:
    """The rows of a least squares problem, centred and scaled.

    columns @ beta is the prediction, penalty @ beta what the ridge makes small; beta is the height of the line at
    `centre`, where there is an intercept, and then the coefficients times 2**exponents.
    """

    columns: Array
    penalty: Array
    centre: Array
    exponents: NDArray[np.intp]
    fit_intercept: bool

    @classmethod
    def of(cls, X: Array, weights: Array, ridge: float, fit_intercept: bool, roots: Array | None = None) -> Design:
        """Centred on the weighted mean, with an intercept; each column of a size of about 1, or less for a ridge.

        `roots` are what all of a row is multiplied by in the end, the intercept's 1 too.
        """
        outer = np.frexp(np.abs(X).max(axis=0))[1]  # first of all, that no sum overflows
        scaled = np.ldexp(X, -outer)
        middle = np.average(scaled, axis=0, weights=weights) if fit_intercept else np.zeros(X.shape[1])
        scaled -= middle
        root = np.sqrt(ridge)
        exponents = np.maximum(outer + np.frexp(np.abs(scaled).max(axis=0))[1], np.frexp(root)[1] if root else -2000)
        scaled = np.ldexp(scaled, outer - exponents)
        penalty = np.diag(np.ldexp(root, -exponents))
        if fit_intercept:
            scaled = np.column_stack([np.ones(len(X)), scaled])
            penalty = np.column_stack([np.zeros(X.shape[1]), penalty])
        if roots is not None:
            scaled *= roots[:, None]
        return cls(scaled, penalty, np.ldexp(middle, outer), exponents, fit_intercept)

    def at(self, X: Array) -> Array:
        """The columns of other rows."""
        scaled = np.ldexp(X - self.centre, -self.exponents)
        return np.column_stack([np.ones(len(X)), scaled]) if self.fit_intercept else scaled

    def line(self, beta: Array) -> Line:
        height, slopes = (float(beta[0]), beta[1:]) if self.fit_intercept else (0.0, beta)
        return Line(np.ldexp(slopes, -self.exponents), self.centre, height)


@dataclass(frozen=True, eq=False)
class Basis:
    """A design in coordinates gamma, in which the weighted rows and the penalty together are orthonormal.

    However ill-conditioned the design is, the normal equations in gamma are not, as long as weights stay near those
    that the basis was made for.
    """

    design: Design
    rows: Array  # rows @ gamma is the prediction
    penalty: Array
    back: Array  # beta = back @ gamma
    forth: Array
    null: Array  # the beta that change no row

    @classmethod
    def of(cls, design: Design, weights: Array) -> Basis:
        root = np.sqrt(weights)
        orthonormal, triangle = np.linalg.qr(np.vstack([root[:, None] * design.columns, design.penalty]))
        sizes = np.linalg.norm(triangle, axis=0)
        sizes[sizes == 0] = 1.0
        left, spread, right = np.linalg.svd(triangle / sizes)
        rank = int((spread > 4 * len(spread) * EPS * spread[0]).sum())
        orthonormal = orthonormal @ left[:, :rank]
        back = (right[:rank].T / spread[:rank]) / sizes[:, None]
        rows = design.columns @ back  # which rounds by the condition, but by no more where a weight is low
        heavy = root > LIGHT * root.max()
        rows[heavy] = orthonormal[: len(root)][heavy] / root[heavy, None]
        return cls(
            design,
            rows,
            penalty=orthonormal[len(root) :],
            back=back,
            forth=spread[:rank, None] * right[:rank] * sizes,
            null=right[rank:].T / sizes[:, None],
        )

    def parameters(self) -> Array:
        """The matrix whose product with gamma is the coefficients and, if there is one, the intercept."""
        lines = [self.line(unit) for unit in np.eye(self.rows.shape[1])]
        slopes = np.array([line.coef for line in lines]).reshape(len(lines), -1).T
        return np.vstack([slopes, [line.intercept for line in lines]]) if self.design.fit_intercept else slopes

    @classmethod
    def plain(cls, design: Design) -> Basis:
        """The design's own coordinates."""
        one = np.eye(design.columns.shape[1])
        return cls(design, design.columns, design.penalty, back=one, forth=one, null=one[:, :0])

    def line(self, gamma: Array) -> Line:
        """The line there; where columns depend on each other, that of the smallest coefficients."""
        line = self.design.line(self.back @ gamma)
        if not self.null.shape[1]:
            return line
        null = np.stack([self.design.line(beta).coef for beta in self.null.T], axis=1)
        share = np.linalg.lstsq(null, line.coef, rcond=None)[0]
        return self.design.line(self.back @ gamma - self.null @ share)
