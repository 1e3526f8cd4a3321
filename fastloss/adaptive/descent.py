"""The way down to the least sum of a loss over a line: Newton's method, held up by reweighted least squares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.linear import EPS, Basis

Array = NDArray[np.float64]

TINY = float(np.finfo(np.float64).tiny)
ENOUGH = 1e-4  # of what the derivative promises, for a step to be taken
FLAT_FIRST = 0.01  # of what the other directions promise
# Of the curvature that the IRLS weights stand for: with less, Newton's step is too long to be trusted, or there is none
CURVED, FLAT = 0.01, 1e-8
CONVEX_ALPHA = 1.0  # the least for which the general robust loss is convex
LEVEL = 0.1  # of the derivative along a step: with less, the lowest point is near
LONGEST = 1e6  # how many times a step is taken at once
HALVINGS = 30  # of a step before it is given up
TRIALS = 30  # of places along a step
TURNS = 3  # steps that go back, after which less of them is gone
ILL = 1e-8  # a share of the weighted normal equations' largest eigenvalue: below, they want a basis of their own


def is_convex(loss: Any) -> bool:
    return all(
        coefficient >= 0 and ("convex" in term.traits or term.parameters.get("alpha", 0.0) >= CONVEX_ALPHA)
        for coefficient, term in loss.terms
    )


@dataclass(eq=False)
class Crossing:
    """Two places, between which a function that falls is 0."""

    low: float
    at_low: float
    high: float
    at_high: float
    rises: bool | None = None  # whether the last place that was tried is the low one now

    @property
    def guess(self) -> float:
        """Where the line through both is 0."""
        return (self.low * self.at_high - self.high * self.at_low) / (self.at_high - self.at_low)

    def narrow(self, place: float, value: float) -> None:
        """To a place in between. If the other one stays twice, half of its value counts (the Illinois method)."""
        stays, self.rises = self.rises is (value > 0), value > 0
        if self.rises:
            self.low, self.at_low, self.at_high = place, value, self.at_high / (1 + stays)
        else:
            self.high, self.at_high, self.at_low = place, value, self.at_low / (1 + stays)


@dataclass(frozen=True)
class Smoothed:
    """A loss whose derivative is made linear within `width` of its kinks, so that it has a second derivative there.

    With width 0 it is the loss itself. The minimum of a sum of losses with kinks lies where some of the residuals are
    at a kink; that of the smoothed sum is less than a width away.
    """

    loss: Any
    width: float = 0.0

    def at(self, residuals: Array) -> tuple[Array, Array, Array, Array]:
        """(value, grad, hess, weight) of each residual."""
        value, grad, hess, weight = self.loss.evaluate(residuals, outputs=("value", "grad", "hess", "weight"))
        for near, run, start, low, rise in self._straight(residuals):
            value[near] = start + run * (low + rise * run / 2)
            grad[near] = low + rise * run
            hess[near] = weight[near] = rise
        return value, grad, hess, weight

    def grad(self, residuals: Array) -> Array:
        (grad,) = self.loss.evaluate(residuals, outputs=("grad",))
        for near, run, _, low, rise in self._straight(residuals):
            grad[near] = low + rise * run
        return grad  # type: ignore[no-any-return]

    def _straight(self, residuals: Array) -> Iterator[tuple[Any, ...]]:
        """Of each kink: (the residuals near it, how far they are from where it is near, the value and the derivative
        there, and how fast this rises)."""
        for kink in self.kinks() if self.width else ():
            near = np.abs(residuals - kink) < self.width
            if near.any():
                (start, _), (low, high) = self.loss.value_and_grad(np.array([kink - self.width, kink + self.width]))
                yield near, residuals[near] - (kink - self.width), start, low, (high - low) / (2 * self.width)

    @property
    def is_convex(self) -> bool:
        return is_convex(self.loss)

    def kinks(self) -> tuple[float, ...]:
        """Where the derivative jumps; of two that are nearer to each other than the width the middle."""
        kinked = [term for _, term in self.loss.terms if "c1" not in term.traits] or [self.loss]
        edges = {term.parameters.get("epsilon", 0.0) for term in kinked}
        return tuple({kink for edge in edges for kink in ((-edge, edge) if self.width < edge else (0.0,))})


@dataclass(frozen=True, eq=False)
class State:
    """Where the descent is."""

    basis: Basis
    gamma: Array
    residuals: Array

    @classmethod
    def of(cls, basis: Basis, gamma: Array, y: Array) -> State:
        return cls(basis, gamma, basis.rows @ gamma - y)


@dataclass(eq=False)
class Damping:
    """How much of a step is gone where the scale is renewed after each: steps may swing between two scales, for ever or
    nearly, as each leads to the least at the other."""

    share: float = 1.0
    before: Array | None = None  # the last moves of the predictions
    least: float = np.inf  # the length of the shortest
    turns: int = 0

    def learn(self, moves: Array) -> None:
        """That of the next step: half as much after TURNS of them that went back, while none was shorter by half."""
        length = float(np.sqrt(moves @ moves))
        if length <= self.least / 2:
            self.turns = 0
        elif self.before is not None and moves @ self.before < 0:
            self.turns += 1
        self.before, self.least = moves, min(self.least, length)
        if self.turns == TURNS:
            self.share, self.turns = self.share / 2, 0


@dataclass(frozen=True, eq=False)
class Step:
    """A direction to go in, over 2**unit as its squares may leave the range of float64."""

    gamma: Array
    moves: Array  # of the predictions
    unit: int
    length: float  # the root of their mean square, as the loss weights the observations
    derivative: float  # of the sum, along the step
    noise: float  # the error of the derivative by rounding


@dataclass(frozen=True, eq=False)
class Descent:
    """The sum of a loss of the residuals rows @ gamma - y, each with its sample weight, and the ridge."""

    y: Array
    weights: Array
    resolution: float  # what rounding leaves of a residual

    def size(self, state: State) -> float:
        """The median of the residuals' sizes, which does not depend on how far outliers are."""
        return max(float(np.median(np.abs(state.residuals))), self.resolution)

    def advance(self, loss: Smoothed, state: State) -> tuple[State, float, bool]:
        """(the state after a step, its length, whether the state is a minimum as far as rounding lets it be known)"""
        terms = loss.at(state.residuals)
        state, step = self._step(terms, state, loss)
        if step is None or -step.derivative <= step.noise:
            return state, 0.0, True
        if loss.is_convex:
            share = self._lowest(loss, state, step)
            return self._at(state, step, share), step.length, False
        for share in 0.5 ** np.arange(HALVINGS):
            tried = self._at(state, step, share)
            if self._change(terms, loss.at(tried.residuals), state, step, share) <= ENOUGH * share * step.derivative:
                return tried, step.length, False
        return state, step.length, False

    def _at(self, state: State, step: Step, share: float) -> State:
        """Where a share of a step leads."""
        return State.of(state.basis, state.gamma + np.ldexp(share * step.gamma, step.unit), self.y)

    def _lowest(self, loss: Smoothed, state: State, step: Step) -> float:
        """The share of a step at which the sum of a convex loss is the lowest, nearly: past kinks, into the next."""
        penalty = step.gamma @ state.basis.penalty.T @ state.basis.penalty

        def derivative(share: float) -> float:
            reached = state.residuals + np.ldexp(share * step.moves, step.unit)
            gamma = state.gamma + np.ldexp(share * step.gamma, step.unit)
            return float((self.weights * loss.grad(reached)) @ step.moves + penalty @ gamma)

        low, high, enough = 0.0, 1.0, -LEVEL * step.derivative
        at_low, at_high = step.derivative, derivative(high)
        while at_high < -enough and high < LONGEST:
            low, at_low, high = high, at_high, 2 * high
            at_high = derivative(high)
        if at_high <= enough:
            return high
        crossing = Crossing(low, -at_low, high, -at_high)
        for _ in range(TRIALS):
            share = crossing.guess
            at = derivative(share)
            if abs(at) <= enough:
                break
            crossing.narrow(share, -at)
        return share

    def _step(self, terms: tuple[Array, ...], state: State, loss: Smoothed) -> tuple[State, Step | None]:
        """The step from a state, which may be given a better basis; None where the sum is level."""
        _, grad, hess, weight = terms
        grad, hess, weight = (self.weights * each for each in (grad, hess, np.maximum(weight, hess)))
        if not (np.isfinite(grad).all() and np.isfinite(weight).all()):
            raise ValueError("the derivatives of the loss are no finite numbers: scale y to sizes near 1")
        state, metric, sizes, axes = self.conditioned(state, weight)
        if not sizes.size or not sizes[-1] > 0:
            return state, None
        basis = state.basis
        kept = sizes > len(sizes) * EPS * sizes[-1]
        whitened = axes[:, kept] / np.sqrt(sizes[kept])
        curvatures, turned = np.linalg.eigh(whitened.T @ square(basis, hess) @ whitened)
        directions = whitened @ turned
        gradient = basis.rows.T @ grad + basis.penalty.T @ (basis.penalty @ state.gamma)
        along = directions.T @ gradient
        if loss.is_convex:
            along = _curved_or_flat(along, curvatures)
        flat = curvatures < (FLAT if loss.is_convex else CURVED)
        gamma = -directions @ (along / np.where(flat, 1.0, curvatures))
        unit = int(np.frexp(np.abs(gamma).max())[1])
        gamma = np.ldexp(gamma, -unit)
        moves = basis.rows @ gamma
        return state, Step(
            gamma,
            moves,
            unit,
            length=float(np.ldexp(np.sqrt(gamma @ metric @ gamma / weight.sum()), unit)),
            derivative=float(gradient @ gamma),
            noise=float((8 * EPS * np.abs(grad) + self.resolution * weight) @ np.abs(moves)),
        )

    def conditioned(self, state: State, weight: Array) -> tuple[State, Array, Array, Array]:
        """(the state, on another basis where that is better, its weighted normal equations, their eigenvalues, axes)"""
        metric = square(state.basis, weight)
        sizes, axes = np.linalg.eigh(metric)
        if sizes.size and sizes[-1] > 0 and sizes[0] < ILL * sizes[-1]:  # on a few rows that it was not made for
            state = self._based(state, weight)
            metric = square(state.basis, weight)
            sizes, axes = np.linalg.eigh(metric)
        return state, metric, sizes, axes

    def _based(self, state: State, weights: Array) -> State:
        """The state on a basis for these weights, unless they leave too few rows for one."""
        basis = Basis.of(state.basis.design, weights)
        if basis.rows.shape[1] < state.basis.rows.shape[1]:
            return state
        return State.of(basis, basis.forth @ (state.basis.back @ state.gamma), self.y)

    def _change(self, old: tuple[Array, ...], new: tuple[Array, ...], state: State, step: Step, share: float) -> float:
        """By how much a share of a step changes the sum, over 2**unit.

        Term by term, as a total would belong to the outliers: the difference of the values or, where that rounds to
        more than the derivative changes on the way, the mean derivative times the move, which an outlier may be too far
        away to show.
        """
        (value, grad, *_), (new_value, new_grad, *_) = old, new
        moves = share * step.moves
        with np.errstate(over="ignore", invalid="ignore"):
            rounding = 8 * EPS * (np.abs(value) + np.abs(new_value) + np.abs(grad * state.residuals)) + TINY
            smooth = np.abs(new_grad - grad) * np.abs(moves) <= np.ldexp(rounding, -step.unit)
            change = np.where(smooth, (grad + new_grad) / 2 * moves, np.ldexp(new_value - value, -step.unit))
        penalty, along = state.basis.penalty @ state.gamma, share * (state.basis.penalty @ step.gamma)
        return float(self.weights @ change + penalty @ along + np.ldexp(along @ along / 2, step.unit))


def _curved_or_flat(along: Array, curvatures: Array) -> Array:
    """The derivatives along the directions without curvature alone, or along the others.

    Without curvature the way leads over many kinks, with it to the next minimum: a line through both would end at that.
    """
    flat = curvatures < FLAT
    scaled = along / (np.abs(along).max(initial=0.0) or 1.0)
    flat_first = np.square(scaled[flat]).sum() > FLAT_FIRST * (np.square(scaled[~flat]) / curvatures[~flat]).sum()
    return np.where(flat if flat_first else ~flat, along, 0.0)


def square(basis: Basis, weights: Array) -> Array:
    """rows' weights rows + penalty' penalty: the second derivative where the terms have these."""
    rows = basis.rows
    if 2 * np.count_nonzero(weights) < len(weights):
        rows, weights = rows[weights != 0], weights[weights != 0]
    return rows.T @ (weights[:, None] * rows) + basis.penalty.T @ basis.penalty
