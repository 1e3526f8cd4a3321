"""Residuals to be fitted, wherever they are: read a chunk at a time, as often as it takes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.core.arguments import as_array, broadcast_sample_weight, shown
from fastloss.core.domains import check_weights
from fastloss.core.kernels import StandardFloats
from fastloss.core.threads import run_blocks

Array = NDArray[Any]

CHUNK = 1 << 15  # residuals at a time: their temporaries stay in the cache
SAMPLE = 20_000  # residuals that starts are found on


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals and their weights, of which those that are NaN or of weight 0 are left out.

    The weights are handed out over 2**weight_unit, so that sums of what they multiply stay in the range of float64.
    """

    values: Array
    weights: Array | None
    weight_unit: int = 0

    @classmethod
    def of(cls, values: Array, weights: Array | None) -> Residuals:
        """With the unit that makes the largest weight about 1."""
        return cls(values, weights, 0 if weights is None else math.frexp(float(weights.max(initial=0.0)))[1])

    def chunks(self, function: Callable[[Array, Array | None], Any], num_threads: int | None = None) -> list[Any]:
        """function(values, weights) of every chunk, in order; on several threads."""
        count = -(-self.values.size // CHUNK)
        results = [None] * count

        def run(first: int, last: int) -> None:
            with StandardFloats():  # NumPy's too, in which function computes
                for k in range(first, last):
                    results[k] = function(*self.chunk(k))

        run_blocks(run, count, CHUNK, num_threads)
        return results

    def chunk(self, k: int) -> tuple[Array, Array | None]:
        part = slice(k * CHUNK, (k + 1) * CHUNK)
        return self._counting(part)

    def sample(self) -> Residuals:
        """A random part that is small, or all."""
        if self.values.size <= SAMPLE:
            return Residuals(*self._counting(slice(None)))
        return Residuals(*self._counting(np.random.default_rng(0).integers(self.values.size, size=SAMPLE)))

    def _counting(self, part: Any) -> tuple[Array, Array | None]:
        """A part in float64, without NaN and what has no weight."""
        values = self.values[part].astype(np.float64, copy=False)
        counts = ~np.isnan(values)
        weights = None
        if self.weights is not None:
            weights = np.ldexp(self.weights[part].astype(np.float64, copy=False), -self.weight_unit)
            counts &= weights != 0
        if counts.all():
            return values, weights
        return values[counts], None if weights is None else weights[counts]


# ---- what they are ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What is known of residuals after a first look."""

    count: int
    weight: float
    zero: float  # the weight of those that are 0
    low: float
    high: float
    common: float  # the one value that may have more than half of the weight
    surplus: float  # by how much its weight exceeds that of the others, at most; 0 where no value has so much

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            self.count + other.count,
            self.weight + other.weight,
            self.zero + other.zero,
            min(self.low, other.low),
            max(self.high, other.high),
            *_majority((self.common, self.surplus), (other.common, other.surplus)),
        )


NOTHING = Summary(0, 0.0, 0.0, np.inf, -np.inf, 0.0, 0.0)


def _majority(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The majority vote of Boyer and Moore, of parts: what has no more than `surplus` in either has no more in both."""
    (a, more), (b, less) = sorted((one, other), key=lambda vote: -vote[1])
    return a, more + less if a == b else more - less


def summary(values: Array, weights: Array | None) -> Summary:
    """That of a chunk."""
    if not values.size:
        return NOTHING
    zero = values == 0
    weight, at_zero = (values.size, zero.sum()) if weights is None else (weights.sum(), weights[zero].sum())
    return Summary(
        values.size, float(weight), float(at_zero), float(values.min()), float(values.max()), *_vote(values, weights)
    )


def _vote(values: Array, weights: Array | None) -> tuple[float, float]:
    """The value that has more than half of the weight, which is the median, and by how much; 0.0 if none has."""
    if weights is None:
        median = np.partition(values, values.size // 2)[values.size // 2]
        surplus = 2 * np.count_nonzero(values == median) - values.size
    else:
        order = np.argsort(values)
        total = np.cumsum(weights[order])
        median = values[order[min(np.searchsorted(total, total[-1] / 2), values.size - 1)]]
        surplus = 2 * weights[values == median].sum() - total[-1]
    return float(median), max(0.0, float(surplus))


def largest(values: Array, weights: Array | None) -> float:
    """The size of the largest residual of a chunk."""
    return float(np.abs(values).max(initial=0.0))


def weight_at(value: float, values: Array, weights: Array | None) -> float:
    """How much weight of a chunk has exactly this value."""
    equal = values == value
    return float(np.count_nonzero(equal) if weights is None else weights[equal].sum())


# ---- where they come from -----------------------------------------------------------------------------------------


def gather(residuals: Any, sample_weight: Any, axis: int | None) -> tuple[list[Residuals], tuple[int, ...]]:
    """The sets of residuals that are fitted separately, and the shape of the results.

    Raises
    ------
    TypeError, ValueError
        If an argument is no array of real numbers, or shapes do not fit.
    """
    if isinstance(residuals, Iterator):
        if sample_weight is not None:
            raise ValueError("sample_weight does not go with batches: let them be pairs (residuals, sample_weight)")
        residuals, sample_weight = _spool(residuals)
    values = as_array(residuals, "residuals")
    weights = None if sample_weight is None else _weights(sample_weight, values.shape)
    if not (axis is None or (isinstance(axis, Integral) and axis == 0 and values.ndim)):
        got = f"{shown(axis)} for residuals of {values.ndim}d"
        raise ValueError(f"axis must be None, or 0 for one fit per column, got {got}")
    if axis is None:
        return [Residuals.of(values.reshape(-1), None if weights is None else weights.reshape(-1))], ()
    shape = values.shape[1:]
    columns = values.reshape(len(values), -1).T
    by_column = [None] * len(columns) if weights is None else weights.reshape(len(values), -1).T
    return [Residuals.of(*pair) for pair in zip(columns, by_column, strict=True)], shape


def _weights(sample_weight: Any, shape: tuple[int, ...]) -> Array:
    weights = broadcast_sample_weight(as_array(sample_weight, "sample_weight"), shape)
    check_weights(weights)
    return weights


def _spool(batches: Iterator[Any]) -> tuple[Array, Array | None]:
    """Batches, which can be read once, as arrays in temporary files that are gone when nobody holds them."""
    columns: tuple[int, ...] | None = None
    weighted = False
    with tempfile.TemporaryFile() as values, tempfile.TemporaryFile() as weights:
        for batch in batches:
            is_pair = isinstance(batch, tuple)
            array = as_array(batch[0] if is_pair else batch, "residuals")
            if columns is None:
                columns, weighted = array.shape[1:], is_pair
            if array.shape[1:] != columns or is_pair != weighted:
                raise ValueError(f"a batch of shape {array.shape} does not go with those before it")
            array.astype(np.float64).tofile(values)
            if weighted:
                np.ascontiguousarray(_weights(batch[1], array.shape), np.float64).tofile(weights)
        shape = (-1, *(columns or ()))
        return _mapped(values).reshape(shape), _mapped(weights).reshape(shape) if weighted else None


def _mapped(file: Any) -> Array:
    file.flush()
    return np.memmap(file, np.float64, "r") if file.tell() else np.empty(0)
