"""The arrays that the benches time, made from one seed."""

import ml_dtypes  # noqa: F401  (NumPy's bfloat16)
import numpy as np
import suite  # noqa: F401

import fastloss as fl

__all__ = [
    "FEW_CLASSES", "ROW_SHAPES", "embedding_pairs", "embedding_points", "head_points", "labels", "logits", "pairs",
    "points", "residuals", "row_points",
]  # fmt: skip

LABELLED = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "sigmoid_focal")
ROW_SHAPES = ((400_000, 10), (8_192, 1_000), (64, 128_000))
FEW_CLASSES = ((1_000_000, 2), (800_000, 3), (200_000, 16), (100_000, 32))


def residuals(size, dtype):
    """Heavy-tailed residuals: mostly of order one, some hundreds."""
    draws = np.random.default_rng(20).standard_t(2, size)
    return draws.astype(dtype)


def points(name, size, dtype):
    """The arguments of an elementwise loss: (residual,), (pred,) or (pred, target) in its domain; labels are 0 or 1."""
    from catalogue import RESIDUAL, arrays

    if name in RESIDUAL:
        return (residuals(size, dtype),)
    arguments = arrays(name, size, dtype, seed=20)
    return (arguments[0], np.rint(arguments[1])) if name in LABELLED else arguments


def pairs(name, size, dtype):
    """(pred, target) of an elementwise loss."""
    arrays = points(name, size, dtype)
    return arrays if len(arrays) == 2 else (arrays[0], np.roll(arrays[0], 1))


def logits(shape, dtype):
    return (3 * np.random.default_rng(21).standard_normal(shape, np.float32)).astype(dtype)


def labels(rows, classes):
    return np.random.default_rng(22).integers(0, classes, rows)


def row_points(name, shape, dtype):
    """The arguments of a row loss: logits, and labels or other logits."""
    if fl.get(name).targets == "logits":
        return logits(shape, dtype), logits(shape[::-1], dtype).reshape(shape)
    return logits(shape, dtype), labels(*shape)


def head_points(shape):
    """(x, w, labels) of a head, of rows x width x classes."""
    rows, width, classes = shape
    rng = np.random.default_rng(23)
    x = rng.standard_normal((rows, width), np.float32)
    return x, rng.standard_normal((classes, width), np.float32) / np.float32(width) ** 0.5, labels(rows, classes)


def embedding_pairs(shape):
    """Two views of as many things."""
    rng = np.random.default_rng(24)
    a = rng.standard_normal(shape, np.float32)
    return a, a + rng.standard_normal(shape, np.float32)


def embedding_points(name, shape, dtype):
    """The arguments of any loss of embeddings; a head has as many classes as rows."""
    loss, rng = fl.get(name), np.random.default_rng(25)
    arrays = [rng.standard_normal(shape, np.float32).astype(dtype) for _ in loss.arrays]
    if name == "feature_distance":
        return [arrays[:1], arrays[1:]]
    if loss.target_name == "y":
        return [
            *arrays,
            np.where(rng.random(shape[0]) < 0.5, 1.0, 0.0 if name == "contrastive" else -1.0).astype(dtype),
        ]
    return [*arrays, labels(shape[0], shape[0] // 8)] if loss.target_name else arrays
