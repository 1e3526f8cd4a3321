"""Maximum likelihood of alpha and scale: Newton's method in (alpha, log scale), a pass over the residuals a step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.adaptive.data import NOTHING, Residuals, Summary, gather, largest, summary, weight_at
from fastloss.adaptive.statistics import Statistics, statistics
from fastloss.core.arguments import check_count, shown
from fastloss.core.domains import nonnegative, positive

Array = NDArray[np.float64]

ALPHA_STEP, LOG_SCALE_STEP = 0.5, 1.0  # the longest step
PRECISION = 1e-12  # of the mean negative log-likelihood: a step that promises less is the last
STARTS = (0.05, 0.4, 0.75, 0.95)  # where alpha starts, from one bound to the other
LOG_SCALES = (-744.0, 709.0)  # those of floats
FAR = 1e3  # a pull of the residuals on the scale, relative to their weight, that Newton's method takes long to follow
NEAR_TWO = 1e-6  # the second derivative is infinite at alpha = 2: no iterate comes closer


@dataclass(frozen=True, eq=False)
class Fit:
    """What `fit` returns; arrays, one number a column, where columns were fitted.

    Attributes
    ----------
    alpha, scale : float
    nll : float
        The negative log-likelihood: the sum of sample_weight * robust_nll.
    n_iter : int
        Passes over the residuals. Starts are found on at most 20000 of them, which does not count.
    converged : bool
    alpha_stderr, scale_stderr : float
        From the second derivatives of nll; 0 for what was given, NaN where nll is not curved upwards. Where alpha is at
        one of its bounds they are those of a fit without bounds.
    """

    alpha: float | Array
    scale: float | Array
    nll: float | Array
    n_iter: int | NDArray[np.int64]
    converged: bool | NDArray[np.bool_]
    alpha_stderr: float | Array
    scale_stderr: float | Array


def fit(
    residuals: Any,
    *,
    sample_weight: ArrayLike | None = None,
    alpha: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    alpha_bounds: tuple[float, float] = (0.001, 1.999),
    axis: int | None = None,
    max_iter: int = 30,
    num_threads: int | None = None,
) -> Fit:
    """
    Find the alpha and scale under which residuals are most likely.

    Minimises the sum of robust_nll(r, alpha, scale) by Newton's method from several starts; the residuals are read once
    a step.

    Parameters
    ----------
    residuals : array_like, or iterator of array_like
        Predictions minus observations. NaN is left out. The batches of an iterator, arrays or pairs (residuals,
        sample_weight), go through a temporary file of float64.
    sample_weight : array_like, optional
        Of the residuals' shape, or one value a row; how often each is counted.
    alpha, scale : float or array_like, optional
        Known values, which are not fitted: a number or, with `axis`, one a column.
    alpha_bounds : (float, float)
        The lowest and the highest alpha, finite and >= 0.
    axis : None or 0
        One fit to all residuals, or, with 0, one per column.
    max_iter : int
        The largest number of passes over the residuals.
    num_threads : int, optional
        The default is that of `set_num_threads`.

    Returns
    -------
    Fit
        With alpha, scale, nll, n_iter, converged, alpha_stderr, scale_stderr.

    Raises
    ------
    ValueError
        If there are no residuals, or only NaN; if one is infinite, or all are the same; if neither the scale nor an
        alpha > 0 is given, and more than half of the residuals are identical, as where they are 0 the scale would
        collapse; if an argument is outside its domain.

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 3.

    Examples
    --------
    >>> from fastloss.adaptive import fit, sample
    >>> found = fit(sample(alpha=1.0, scale=0.1, size=20000, rng=0))
    >>> abs(found.alpha - 1) < 3 * found.alpha_stderr, abs(found.scale - 0.1) < 3 * found.scale_stderr
    (True, True)
    """
    low, high = checked_bounds(alpha_bounds)
    threads = None if num_threads is None else check_count(num_threads)
    max_iter = check_count(max_iter, "max_iter")
    parts, shape = gather(residuals, sample_weight, axis)
    alphas = _known(None if alpha is None else nonnegative(alpha, "alpha"), shape, "alpha")
    scales = _known(None if scale is None else positive(scale, "scale"), shape, "scale")
    fits = [
        _Problem(part, a, s, low, high, threads).fit(max_iter, f" in column {k}" if shape else "")
        for k, (part, a, s) in enumerate(zip(parts, alphas, scales, strict=True))
    ]
    if not shape and axis is None:
        return fits[0]
    names = Fit.__dataclass_fields__
    return Fit(**{name: np.array([getattr(f, name) for f in fits]).reshape(shape) for name in names})


def checked_bounds(alpha_bounds: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(bound) for bound in alpha_bounds)
    except Exception as error:  # a class of the caller's may raise anything
        raise TypeError(f"alpha_bounds must be two numbers, got {shown(alpha_bounds)}") from error
    if not 0 <= low < high < math.inf:
        raise ValueError(f"alpha_bounds must be finite, >= 0 and rising, got {shown(alpha_bounds)}")
    return low, high


def _known(value: Array | None, shape: tuple[int, ...], name: str) -> list[float | None]:
    """A given parameter of each column."""
    if value is None:
        return [None] * math.prod(shape)
    try:
        return [float(v) for v in np.broadcast_to(value, shape).ravel()]
    except ValueError as error:
        expected = f"one number{' per column' if shape else ''}"
        raise ValueError(f"{name}: expected {expected}, got shape {value.shape}") from error


def learn(
    residuals: Array,
    sample_weight: Array | None,
    alpha_bounds: tuple[float, float],
    near: Any = None,
    scale: float | None = None,
) -> tuple[float, float]:
    """The most likely alpha and scale, unless that is known; with `near`, those of the minimum close to that loss, for
    residuals that have changed a little. None is 0 here, so that most of them may be identical."""
    problem = _Problem(
        Residuals(residuals, sample_weight), None, scale, *checked_bounds(alpha_bounds), num_threads=None
    )
    if near is None:
        point, _, _ = problem.search(30)
        return point.alpha, scale or math.exp(point.log_scale)
    alpha = min(max(near.parameters["alpha"], alpha_bounds[0]), alpha_bounds[1])
    point, _, _ = problem.descend(problem.point(alpha, math.log(near.parameters["scale"])), 50)
    return point.alpha, scale or math.exp(point.log_scale)


@dataclass(frozen=True)
class Point:
    """An alpha and the logarithm of a scale, with the statistics there."""

    alpha: float
    log_scale: float
    at: Statistics

    @property
    def finite(self) -> bool:
        return bool(np.isfinite([self.at.nll, *self.at.gradient, *self.at.hessian.flat]).all())

    @property
    def bearable(self) -> bool:
        """Whether it is finite, and the residuals do not call for a scale that is far away."""
        return self.finite and -self.at.gradient[1] <= FAR * self.at.weight


@dataclass(frozen=True, eq=False)
class _Problem:
    """One set of residuals, what is known, and between which bounds alpha is sought."""

    residuals: Residuals
    alpha: float | None
    scale: float | None
    low: float
    high: float
    num_threads: int | None

    def fit(self, max_iter: int, where: str) -> Fit:
        self._check(where)
        return self._result(*self.search(max_iter))

    def search(self, max_iter: int) -> tuple[Point, int, bool]:
        """(the lowest minimum, passes taken, whether it is one)"""
        small = replace(self, residuals=self.residuals.sample())
        passes = 1
        ends = []
        for start in small.minima():
            first, looked = self.start(start.alpha, start.log_scale)
            point, used, converged = self.descend(first, max_iter - passes - looked)
            passes += used + looked
            ends.append((point.at.nll, point, converged))
            if passes >= max_iter - 2:
                break
        ends = [end for end in ends if end[1].finite]
        if not ends:
            raise ValueError("the residuals lie too far apart: their likelihood is no finite number")
        _, point, converged = min(ends, key=lambda end: end[0])
        return point, passes, converged

    def _check(self, where: str) -> None:
        """Refuse residuals that have no fit: a first pass."""
        seen = reduce(add, self.residuals.chunks(summary, self.num_threads), NOTHING)
        if not self.residuals.values.size:
            raise ValueError(f"there are no residuals{where}")
        if not seen.count:
            raise ValueError(f"all residuals{where} are NaN or of weight 0")
        if math.isinf(seen.low) or math.isinf(seen.high):
            raise ValueError(f"there is an infinite residual{where}; take it out or make it NaN")
        if self.scale is not None:
            return
        if seen.low == seen.high:
            raise ValueError(f"all residuals{where} are {seen.low:g}: they have no scale; give one, or other residuals")
        if not self.alpha:
            self._check_identical(seen, where)

    def _check_identical(self, seen: Summary, where: str) -> None:
        """Refuse residuals of which more than half are the same.

        Of n residuals, m of them 0, the others add 2 (n - m) log(1 / scale) to nll at alpha = 0 as the scale falls, and
        all take n log(1 / scale) from it: with 2 m > n it falls without end, with 2 m = n towards a scale of 0. An
        alpha that is known to be > 0 holds it up, as then the others grow with a power of 1 / scale.
        """
        half, lowest = seen.weight / 2, self.low if self.alpha is None else self.alpha
        value, weight, why = 0.0, seen.zero, "the scale collapses to 0"
        if not (weight > half or (weight == half and lowest == 0)):
            if not seen.surplus:
                return
            value, why = seen.common, "more than half are identical, which tells no scale"
            weight = sum(self.residuals.chunks(partial(weight_at, value), self.num_threads))
            if weight <= half:
                return
        raise ValueError(
            f"{100 * weight / seen.weight:.3g}% of the residuals{where} are {value:g}: {why}; "
            "give the scale, or an alpha > 0, or take them out"
        )

    # ---- Newton's method --------------------------------------------------------------------------------------

    def minima(self) -> list[Point]:
        """The different local minima that starts over the range of alpha lead to, the deepest first."""
        sizes = np.abs(self.residuals.values)
        log_scale = math.log(self.scale or np.median(sizes[sizes > 0]))
        found: list[Point] = []
        for share in STARTS:
            alpha = self.low + share * (self.high - self.low) if self.alpha is None else self.alpha
            end, _, _ = self.descend(self.start(alpha, log_scale)[0], 100)
            if not any(abs(end.alpha - p.alpha) + abs(end.log_scale - p.log_scale) < 1e-3 for p in found):
                found.append(end)
        return sorted(found, key=lambda p: p.at.nll)

    def start(self, alpha: float, log_scale: float) -> tuple[Point, int]:
        """(a point to descend from, passes taken): that one, unless a few far residuals would own the way from it.

        Their loss grows like (|r| / scale)^alpha: it is borne at the lowest alpha or, where that is too high, at a
        larger scale.
        """
        point, passes = self.point(alpha, log_scale), 1
        if not point.bearable and self.alpha is None and alpha > self.low:
            point, passes = self.point(self.low, log_scale), 2
        if point.bearable or self.scale is not None:
            return point, passes
        low, high = log_scale, math.log(max(self.residuals.chunks(largest, self.num_threads)))
        while high - low > 1:
            point = self.point(point.alpha, (low + high) / 2)
            passes += 1
            low, high = (low, point.log_scale) if point.bearable else (point.log_scale, high)
        return self.point(point.alpha, high), passes + 1

    def point(self, alpha: float, log_scale: float) -> Point:
        """The statistics there: a pass over the residuals."""
        if self.alpha is None and abs(alpha - 2) < NEAR_TWO:
            alpha = 2 - NEAR_TWO
        fixed = self.alpha is not None

        scale = math.exp(min(max(log_scale, LOG_SCALES[0]), LOG_SCALES[1]))

        def one(values: Array, weights: Array | None) -> Statistics:
            return statistics(values, alpha, scale, weights, fixed_alpha=fixed, num_threads=1)

        return Point(float(alpha), float(log_scale), reduce(add, self.residuals.chunks(one, self.num_threads)))

    def descend(self, point: Point, max_iter: int) -> tuple[Point, int, bool]:
        """(the minimum, passes taken, whether it is one)"""
        passes, share = 0, 1.0
        while point.finite and passes < max_iter:
            step = self._step(point)
            promised = -float(point.at.gradient @ step)
            if not promised > 0:
                return point, passes, True
            last = promised < PRECISION * point.at.weight
            tried = self.point(point.alpha + share * step[0], point.log_scale + share * step[1])
            passes += 1
            if tried.finite and tried.at.nll <= point.at.nll - 1e-4 * share * promised:
                point, share = tried, 1.0
            elif last:  # both are the minimum, as far as rounding lets it be known
                return min(point, tried, key=lambda p: p.at.nll), passes, True
            else:
                share /= 4
            if last:
                return point, passes, True
        return point, passes, False

    def _step(self, point: Point) -> Array:
        """Newton's step from there, downhill where the surface is not convex, neither too long nor out of bounds."""
        gradient, hessian = point.at.gradient, point.at.hessian
        free = np.array([self.alpha is None and not self._held(point), self.scale is None])
        step = np.zeros(2)
        if free.any():
            step[free] = _downhill(gradient[free], hessian[np.ix_(free, free)])
        step /= max(1.0, abs(step[0]) / ALPHA_STEP, abs(step[1]) / LOG_SCALE_STEP)
        inside = min(max(point.alpha + step[0], self.low), self.high) - point.alpha
        if self.alpha is None and inside != step[0]:
            step[0] = inside
            if self.scale is None:  # the best there, given where alpha ends
                best = -(gradient[1] + hessian[0, 1] * inside) / (abs(hessian[1, 1]) or 1.0)
                step[1] = min(max(best, -LOG_SCALE_STEP), LOG_SCALE_STEP)
                if gradient @ step >= 0:
                    step[1] = 0.0
        return step

    def _held(self, point: Point) -> bool:
        """Whether alpha is at a bound and would leave it."""
        grad = point.at.gradient[0]
        return (point.alpha <= self.low and grad > 0) or (point.alpha >= self.high - NEAR_TWO and grad < 0)

    # ---- the result -------------------------------------------------------------------------------------------

    def _result(self, point: Point, passes: int, converged: bool) -> Fit:
        fitted = np.array([self.alpha is None, self.scale is None])
        variance = np.zeros(2)
        variance[fitted] = _variances(point.at.hessian[np.ix_(fitted, fitted)])
        unit = self.residuals.weight_unit
        alpha_stderr, log_scale_stderr = np.ldexp(np.sqrt(variance * 2.0 ** (unit % 2)), -((unit + 1) // 2))
        scale = math.exp(point.log_scale) if self.scale is None else self.scale
        with np.errstate(over="ignore"):
            nll = float(np.ldexp(point.at.nll, unit))
        return Fit(
            alpha=point.alpha,
            scale=scale,
            nll=nll,
            n_iter=passes,
            converged=converged,
            alpha_stderr=float(alpha_stderr),
            scale_stderr=float(scale * log_scale_stderr),
        )


def _downhill(gradient: Array, hessian: Array) -> Array:
    """Newton's step, with the curvatures that are not positive turned round."""
    curvatures, axes = np.linalg.eigh(hessian)
    curvatures = np.maximum(np.abs(curvatures), 1e-12 * np.abs(curvatures).max() or 1.0)
    return -axes @ ((axes.T @ gradient) / curvatures)


def _variances(hessian: Array) -> Array:
    """The diagonal of the inverse, NaN where that is no covariance."""
    if not hessian.size:
        return np.zeros(0)
    if not (np.linalg.eigvalsh(hessian) > 0).all():
        return np.full(len(hessian), np.nan)
    return np.diag(np.linalg.inv(hessian))
