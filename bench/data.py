"""The arrays that the benches time, made from one seed."""

import numpy as np

__all__ = ["ROW_SHAPES", "labels", "logits", "residuals"]

ROW_SHAPES = ((400_000, 10), (8_192, 1_000), (64, 128_000))


def residuals(size, dtype):
    """Heavy-tailed residuals: mostly of order one, some hundreds."""
    draws = np.random.default_rng(20).standard_t(2, size)
    return draws.astype(dtype)


def logits(shape, dtype):
    return (3 * np.random.default_rng(21).standard_normal(shape, np.float32)).astype(dtype)


def labels(rows, classes):
    return np.random.default_rng(22).integers(0, classes, rows)
