"""The exact losses of embeddings that are beside each other: a high-precision formula of one row each.

A loss is one entry of DISTANCES. Its function takes the rows as lists of mpmath numbers, then the target if there is
one, then the parameters; gradients come from it by differences at so many digits that they are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

__all__ = ["DISTANCES", "DistanceOracle", "exact_rows"]

DIGITS = 75  # a difference over 1e-25 keeps 25 of them, where no number is far from 1


@dataclass(frozen=True)
class DistanceOracle:
    """The value of a row, the target of some rows, and the parameter settings to test."""

    value: Callable
    target: Callable = lambda rng, rows: None
    cases: tuple[dict, ...] = ({},)
    arrays: int = 2


def _distance(u, v, p=2):
    differences = [abs(a - b) for a, b in zip(u, v, strict=True)]
    if p == mp.inf:
        return max(differences, default=mpf(0))
    total = sum((mp.power(d, p) for d in differences), mpf(0))
    return mp.power(total, 1 / mpf(p)) if total else mpf(0)


def _triplet(anchor, positive, negative, margin=1.0, p=2, swap=False):
    far = _distance(anchor, negative, p)
    if swap:
        far = min(far, _distance(positive, negative, p))
    return max(mpf(0), _distance(anchor, positive, p) - far + mpf(margin))


def _contrastive(a, b, y, margin=1.0):
    d = _distance(a, b)
    return y * d**2 / 2 + (1 - y) * max(mpf(0), mpf(margin) - d) ** 2 / 2


def _cosine(a, b):
    norms = mp.sqrt(mp.fdot(a, a) * mp.fdot(b, b))
    return mp.fdot(a, b) / norms if norms else mpf(0)


def _cosine_embedding(a, b, y, margin=0.0):
    cosine = _cosine(a, b)
    return 1 - cosine if y == 1 else max(mpf(0), cosine - mpf(margin))


def _squared(a, b):
    return _distance(a, b) ** 2


DISTANCES = {
    "triplet": DistanceOracle(
        _triplet,
        arrays=3,
        cases=(
            {},
            {"margin": 0.25, "swap": True},
            {"p": 1},
            {"p": 1.5, "swap": True},
            {"p": 7.25},
            {"p": float("inf"), "margin": -0.125},
        ),
    ),
    "contrastive": DistanceOracle(
        _contrastive, lambda rng, rows: rng.choice([0, 1, 0.25], rows), ({}, {"margin": 6.0})
    ),
    "cosine_embedding": DistanceOracle(
        _cosine_embedding, lambda rng, rows: rng.choice([-1, 1], rows), ({}, {"margin": -0.5})
    ),
    "center": DistanceOracle(lambda x, center: _squared(x, center) / 2),
    "feature_distance": DistanceOracle(lambda a, b, size: _squared(a, b) / size),
}


def exact_rows(function, rows):
    """(value, gradients) of one row of each array, as long doubles and by differences."""
    with mp.workdps(DIGITS):
        rows = [[mpf(float(x)) for x in row] for row in rows]
        step = mpf(10) ** -25

        def moved(j, k, by):
            changed = [list(row) for row in rows]
            changed[j][k] += by
            return function(*changed)

        grads = [
            np.array([float((moved(j, k, step) - moved(j, k, -step)) / (2 * step)) for k in range(len(row))])
            for j, row in enumerate(rows)
        ]
        return float(function(*rows)), grads
