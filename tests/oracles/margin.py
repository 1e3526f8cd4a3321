"""Losses of the margin m = y p of a score p, for a label y of -1 or +1, exactly."""

import numpy as np
from jets import exp
from samples import around_edges, scores

from oracles.oracle import Oracle, piecewise_polynomial
from oracles.scaled import softplus

__all__ = ["MARGIN"]


def _inputs(dtype, count, seed, oracle, **parameters):
    pred = scores(dtype, count, seed)
    target = np.random.default_rng(seed).choice((-1.0, 1.0), len(pred)).astype(dtype)
    return around_edges(pred, target, lambda y: oracle.edges(y, **parameters), dtype)


def _fold(p, y):
    return p, np.where(y < 0, -1.0, 1.0)


def _squared_hinge(p, y, margin):
    return (margin - y * p) ** 2 if y * p < margin else 0 * p


def _hinge_embedding(p, y, margin):
    if y > 0:
        return p
    return margin - p if p < margin else 0 * p


def _modified_huber(p, y):
    m = y * p
    if m < -1:
        return -4 * m
    return (1 - m) ** 2 if m < 1 else 0 * p


def _is_label(y, **parameters):
    return y in (-1, 1)


def _margin(value, **more):
    common = {"inputs": _inputs, "fold": _fold, "edges": lambda y: (0.0,), "admits": _is_label}
    return Oracle(value, **{**common, **more})


def _polynomial(value, **more):
    return _margin(value, ulps=piecewise_polynomial, **more)


_MARGINS = {
    "cases": tuple({"margin": margin} for margin in (1.0, 0.0, 0.3, -2.0, 1e4)),
    "edges": lambda y, margin: (margin * y,),
}

MARGIN = {
    "zero_one": _polynomial(lambda p, y: 0 * p + (1 if y * p <= 0 else 0)),
    "perceptron": _polynomial(lambda p, y: -y * p if y * p < 0 else 0 * p),
    "hinge": _polynomial(lambda p, y, margin: margin - y * p if y * p < margin else 0 * p, **_MARGINS),
    "squared_hinge": _polynomial(_squared_hinge, **_MARGINS),
    "hinge_embedding": _polynomial(_hinge_embedding, cases=_MARGINS["cases"], edges=lambda y, margin: (margin,)),
    "modified_huber": _polynomial(_modified_huber, edges=lambda y: (y, -y)),
    "exponential": _margin(lambda p, y: exp(-y * p)),
    "logistic": _margin(lambda p, y: softplus(-y * p)),
}
