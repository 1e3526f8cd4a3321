"""Inputs worth trying: many magnitudes, both signs, and the neighbourhood of every threshold."""

import numpy as np

__all__ = [
    "SPECIAL",
    "around_edges",
    "labels",
    "logarithmic",
    "neighbours",
    "probabilities",
    "reach",
    "residuals",
    "scores",
]

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan)


def reach(dtype):
    """How many scales the domain of the contract is wide."""
    return 1e15 if np.dtype(dtype) == np.float32 else 1e20


def logarithmic(low, high, count, dtype, seed=0):
    """`count` numbers of both signs, uniform in the logarithm of their magnitude."""
    rng = np.random.default_rng(seed)
    magnitude = np.exp(rng.uniform(np.log(low), np.log(high), count))
    return (rng.choice((-1.0, 1.0), count) * magnitude).astype(dtype)


def _beside(point, dtype, steps):
    """`point` and the `steps` floating-point numbers on both its sides."""
    kind = np.dtype(dtype).type
    below = above = kind(point)
    found = [below]
    for _ in range(steps):
        below, above = np.nextafter(below, kind(-np.inf)), np.nextafter(above, kind(np.inf))
        found += [below, above]
    return found


def neighbours(points, dtype, steps=2):
    """Every point and the `steps` floating-point numbers on both its sides, with both signs."""
    found = np.array([number for point in points for number in _beside(point, dtype, steps)], dtype)
    return np.concatenate([found, -found])


def residuals(dtype, scale=1.0, edges=(), count=300, seed=0):
    """Residuals r with |r/scale| over the whole domain of the contract, tiny ones, and near edges.

    Half of the random ones lie where losses bend, between 1e-4 and 1e4 scales.
    """
    wide = logarithmic(scale / reach(dtype), scale * reach(dtype), count // 2, dtype, seed)
    near = logarithmic(scale * 1e-4, scale * 1e4, count // 2, dtype, seed + 1)
    tiny = scale * np.array([1e-30, -1e-18] if np.dtype(dtype) == np.float32 else [1e-100, -1e-25])
    return np.concatenate(
        [wide, near, neighbours(sorted({abs(edge) for edge in edges} - {0.0}), dtype), tiny, [0]], dtype=dtype
    )


def scores(dtype, count, seed=0, exponential=None):
    """Scores over the whole domain, where losses bend, and where exponentials are in range."""
    exponential = exponential or (110 if np.dtype(dtype) == np.float32 else 700)
    third = count // 3
    return np.concatenate(
        [
            logarithmic(1 / reach(dtype), reach(dtype), third, dtype, seed),
            logarithmic(1e-4, 1e2, third, dtype, seed + 1),
            np.random.default_rng(seed + 2).uniform(-exponential, exponential, count - 2 * third),
            [0],
        ],
        dtype=dtype,
    )


def probabilities(dtype, count, seed=0):
    """Numbers in (0, 1), many of them close to either end."""
    rng, third = np.random.default_rng(seed), count // 3
    low = np.abs(logarithmic(np.sqrt(np.finfo(dtype).tiny), 0.5, third, dtype, seed + 1))
    high = 1 - np.abs(logarithmic(np.finfo(dtype).eps, 0.5, third, dtype, seed + 2))
    return np.concatenate([low, high, rng.uniform(0.01, 0.99, count - 2 * third)], dtype=dtype)


def labels(dtype, size, seed=0, hard=0.6):
    """Target probabilities: a share `hard` of them 0 or 1, the others between and at times tiny."""
    rng = np.random.default_rng(seed)
    soft = np.where(rng.random(size) < 0.2, 1e-6, 1) * rng.random(size)
    return np.where(rng.random(size) < hard, rng.integers(0, 2, size), soft).astype(dtype)


def around_edges(pred, target, edges, dtype, steps=2, count=12):
    """(pred, target) with preds added that lie at and beside the edges of the first `count` targets."""
    preds, targets = [pred], [target]
    for y in target[:count]:
        for edge in edges(y):
            near = np.array(_beside(edge, dtype, steps), dtype)
            preds.append(near)
            targets.append(np.full(len(near), y, dtype))
    return np.concatenate(preds), np.concatenate(targets)
