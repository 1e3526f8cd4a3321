"""What a regression tells of its coefficients and rows: covariances, leverages, relative weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.linear import Basis, Design
from fastloss.adaptive.objectives import lifted
from fastloss.adaptive.scales import NORMAL, THIRD_QUARTILE, weighted_median

Array = NDArray[np.float64]

COVARIANCES = ("H1", "H2", "H3", "sandwich")
LEVEL = 0.05  # of the bandwidth of a density, as Hall and Sheather have it


@dataclass(frozen=True, eq=False)
class Inference:
    """Of the coefficients, then the intercept, if there is one.

    `cov` is that of these, `bse` their standard errors; `inner`, over the square of the scale, that of `basis`,
    coordinates that keep digits wherever the columns lie; `freedom` is n less the rank, n the sum of the frequencies.
    """

    cov: Array
    bse: Array
    leverage: Array
    freedom: float
    count: float
    basis: Basis
    inner: Array
    scale: float

    @classmethod
    def of(
        cls, X: Array, frequencies: Array, roots: Array | None, fit_intercept: bool, errors: Errors, kind: str
    ) -> Inference:
        """`roots` multiply the rows, as for weights that are precisions."""
        basis = Basis.of(Design.of(X, frequencies, 0.0, fit_intercept, roots), frequencies)
        rows, count = basis.rows, float(frequencies.sum())
        freedom = count - rows.shape[1]
        inner = errors.covariance(rows, frequencies, freedom, kind)
        back = basis.parameters()
        leverage = np.square(rows).sum(axis=1)
        small = replace(basis, design=replace(basis.design, columns=rows[:0]), rows=rows[:0])
        ratios = back @ inner @ back.T
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # squares leave the range before errors do
            cov, bse = ratios * errors.scale * errors.scale, np.sqrt(np.diag(ratios)) * errors.scale
        return cls(cov, bse, leverage, freedom, count, small, inner, errors.scale)

    def of_predictions(self, X: Array) -> Array:
        """The standard errors of the predictions for these rows."""
        rows = self.basis.design.at(X) @ self.basis.back
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", rows, self.inner, rows)) * self.scale)


@dataclass(frozen=True, eq=False)
class Errors:
    """Residuals over their scale, and the loss of these."""

    loss: Any
    ratios: Array
    scale: float

    def covariance(self, rows: Array, frequencies: Array, freedom: float, kind: str) -> Array:
        """
        Over the square of the scale, of coordinates in which frequencies' rows' rows are 1, with psi and psi' the
        derivatives of the loss:

        H1, H2, H3 as statsmodels' RLM has them (P. J. Huber, "Robust Statistics", 1981, section 7.6), for errors that
        are the same for all rows: k^2 v / m^2 (X'X)^-1, k v / m W^-1 and v / k W^-1 X'X W^-1, with
        v = sum psi^2 / (n - p), m the mean of psi', W = X' psi' X, and k = 1 + p / n var(psi') / m^2, or 1 where
        psi jumps.
        "sandwich": n / (n - p) W^-1 (X' psi^2 X) W^-1, for errors that may spread more on some rows than on others.

        NaN where there are no degrees of freedom, or W is no curvature upwards.
        """
        size, count = rows.shape[1], float(frequencies.sum())
        if freedom > 0 and not self.scale:
            return np.zeros((size, size))
        psi, slopes = self.loss.grad(self.ratios), frequencies * self.curvature(frequencies)
        mean = float(slopes.sum()) / count
        bread = rows.T @ (slopes[:, None] * rows)
        if not (freedom > 0 and mean > 0 and np.isfinite(bread).all()):
            return np.full((size, size), np.nan)
        if kind != "H1" and np.linalg.eigvalsh(bread)[0] <= 0:
            return np.full((size, size), np.nan)
        variance = float(frequencies @ np.square(psi)) / freedom
        spread = float(slopes @ np.divide(slopes, frequencies, where=frequencies > 0, out=np.zeros(len(slopes))))
        k = 1 + size / count * (spread / count - mean**2) / mean**2 if self.is_bent else 1.0
        if kind == "H1":
            return np.asarray(k**2 * variance / mean**2 * np.eye(size))
        inverse = np.linalg.inv(bread)
        if kind == "H2":
            return np.asarray(k * variance / mean * inverse)
        if kind == "H3":
            return np.asarray(variance / k * inverse @ inverse)
        filling = rows.T @ ((frequencies * np.square(psi))[:, None] * rows)
        return np.asarray(count / freedom * inverse @ filling @ inverse)

    @property
    def is_bent(self) -> bool:
        """Whether psi' is a function, and psi has no jumps that belong to it."""
        return "c1" in self.loss.traits or "convex" not in self.loss.traits

    def curvature(self, frequencies: Array) -> Array:
        """psi' of the ratios; where psi jumps, the slope over a bandwidth, in which the density of the errors is."""
        if self.is_bent:
            return np.asarray(self.loss.hess(self.ratios))
        width = _bandwidth(self.ratios, frequencies, self.loss.parameters.get("q", 0.5))
        if not width:
            return np.full(len(self.ratios), np.nan)
        return np.asarray(self.loss.grad(self.ratios + width) - self.loss.grad(self.ratios - width)) / (2 * width)

    def relative_weights(self) -> Array:
        """The IRLS weights over that of 0. One that is infinite there: sizes below 1 count as 1; one that is 0 there:
        over the largest."""
        top = float(self.loss.weight(0.0))
        if 0 < top < np.inf:
            return np.asarray(self.loss.weight(self.ratios) / top)
        if top:
            return np.asarray(
                self.loss.weight(lifted(self.ratios, 1.0)) / self.loss.weight(np.array([1.0, -1.0])).max()
            )
        weights = np.asarray(self.loss.weight(self.ratios))
        return weights / (weights.max(initial=0.0) or 1.0)

    def outliers(self) -> NDArray[np.bool_]:
        """Beyond three scales, or of a weight below a tenth, where 0 has the largest."""
        far = np.abs(self.ratios) > 3
        return far | (self.relative_weights() < 0.1) if self.loss.weight(0.0) else far


def _bandwidth(ratios: Array, frequencies: Array, q: float) -> float:
    """Half the distance of the quantiles beside the q-quantile between which Hall and Sheather count residuals."""
    middle, _ = weighted_median(ratios, frequencies)
    spread = weighted_median(np.abs(ratios - middle), frequencies)[0] / THIRD_QUARTILE
    at = NORMAL.inv_cdf(q)
    share = 1.5 * NORMAL.pdf(at) ** 2 / (2 * at**2 + 1) * NORMAL.inv_cdf(1 - LEVEL / 2) ** 2 / float(frequencies.sum())
    low, high = (min(max(q + side * share ** (1 / 3), 1e-3), 1 - 1e-3) for side in (-1, 1))
    return spread * (NORMAL.inv_cdf(high) - NORMAL.inv_cdf(low)) / 2
