"""Losses relative to the size of the target, exactly."""

import numpy as np
from jets import log1p
from mpmath import mp, mpf
from samples import around_edges, logarithmic, reach

from oracles.oracle import Oracle

__all__ = ["RELATIVE"]

_FLOOR = mpf(2) ** -52


def _inputs(dtype, count, seed, oracle, **parameters):
    third, wide = count // 3, reach(dtype)
    pred, target = (
        np.concatenate(
            [
                logarithmic(1 / wide, wide, third, dtype, seed + k),
                logarithmic(1e-4, 1e4, count - third, dtype, seed + k),
            ]
        )
        for k in (0, 10)
    )
    close = np.random.default_rng(seed).random(count) < 0.2
    pred = np.where(close, target * (1 + logarithmic(1e-6, 1e-1, count, dtype, seed)), pred).astype(dtype)
    pred[-4:-2], target[-3:] = 0, 0
    return around_edges(pred, target, lambda y: oracle.edges(y, **parameters), dtype)


def _above_minus_one(dtype, count, seed, oracle, **parameters):
    """Half of the numbers positive, half between -1 and 0."""

    def shift(x):
        return np.where(x > 0, x, -np.abs(x) / (1 + np.abs(x))).astype(dtype)

    pred, target = _inputs(dtype, count, seed, oracle, **parameters)
    pred, target = shift(pred), shift(target)
    defined = (pred > -1) & (target > -1)
    return pred[defined], target[defined]


def _absolute_percentage_error(p, y):
    return abs(p - y) / max(abs(y), _FLOOR)


def _symmetric(p, y):
    if p == 0 or (p > 0) != (y > 0):  # at the kink p = 0 the subgradient 0, as beyond it
        return 0 * p + (2 if y or p != 0 else 0)
    return 2 * abs(p - y) / (abs(p) + abs(y))


def _symmetric_folded(p, y):
    """Away from 0, where the loss bends without bound."""
    return np.where(np.abs(p) < 0.25, 0.25, p), np.where(np.abs(y) < 0.25, 0.25, y)


def _squared_log_error(p, y):
    return (log1p(p) - mp.log1p(y)) ** 2


def _squared_log_error_terms(output, arguments):
    p, y = arguments
    return 2 * (1 + abs(mp.log1p(p) - mp.log1p(y))) / (1 + p) ** 2 if output == "hess" else None


RELATIVE = {
    "absolute_percentage_error": Oracle(_absolute_percentage_error, inputs=_inputs, edges=lambda y: (y,)),
    "symmetric_absolute_percentage_error": Oracle(
        _symmetric, inputs=_inputs, fold=_symmetric_folded, edges=lambda y: (y, 0 * y)
    ),
    "squared_log_error": Oracle(
        _squared_log_error,
        terms=_squared_log_error_terms,
        inputs=_above_minus_one,
        fold=lambda p, y: (np.abs(p), np.abs(y)),
        edges=lambda y: (y,),
    ),
}
