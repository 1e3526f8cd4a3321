"""Inputs worth trying: many magnitudes, both signs, and the neighbourhood of every threshold."""

import numpy as np

__all__ = ["SPECIAL", "logarithmic", "neighbours", "residuals"]

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan)


def logarithmic(low, high, count, dtype, seed=0):
    """`count` numbers of both signs, uniform in the logarithm of their magnitude."""
    rng = np.random.default_rng(seed)
    magnitude = np.exp(rng.uniform(np.log(low), np.log(high), count))
    return (rng.choice((-1.0, 1.0), count) * magnitude).astype(dtype)


def neighbours(points, dtype, reach=2):
    """Every point and the `reach` floating-point numbers on both its sides, with both signs."""
    kind = np.dtype(dtype).type
    found = []
    for point in points:
        below = above = kind(point)
        found.append(below)
        for _ in range(reach):
            below, above = np.nextafter(below, kind(-np.inf)), np.nextafter(above, kind(np.inf))
            found += [below, above]
    found = np.array(found, dtype)
    return np.concatenate([found, -found])


def residuals(dtype, scale=1.0, thresholds=(), count=300, seed=0):
    """Residuals r with |r/scale| over the whole domain of the contract, and near thresholds.

    Half of the random ones lie where losses bend, between 1e-4 and 1e4 scales.
    """
    reach = 1e15 if np.dtype(dtype) == np.float32 else 1e20
    wide = logarithmic(scale / reach, scale * reach, count // 2, dtype, seed)
    near = logarithmic(scale * 1e-4, scale * 1e4, count // 2, dtype, seed + 1)
    edges = neighbours(thresholds, dtype)
    return np.concatenate([wide, near, edges, np.zeros(1, dtype)])
