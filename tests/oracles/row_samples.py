"""Rows of logits of every kind, and arguments for any row loss of the registry."""

import numpy as np

from oracles.rows import ROWS

__all__ = ["logits_of_all_kinds", "options", "row_points", "target_of"]


def logits_of_all_kinds(rows, classes, dtype, seed=0):
    """(logits, labels): ordinary, confident, far from zero, tiny and widely spread rows in turn."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, classes))
    kinds = rng.permutation(rows) % 6
    top = rng.integers(0, classes, rows)
    x[kinds == 1] *= 3
    margins = rng.uniform(5, 80, rows)
    x[np.arange(rows), top] += np.where(kinds == 2, margins, 0)
    x[kinds == 3] += 1000
    x[kinds == 4] *= 1e-6
    x[kinds == 5] *= 100
    labels = np.where(rng.random(rows) < 0.5, top, rng.integers(0, classes, rows))
    return x.astype(dtype), labels


def target_of(name, logits, labels, seed=1):
    """Labels; or the logits of teachers, some far from the student's, some close, some the same."""
    if ROWS[name].targets != "logits":
        return labels
    rng = np.random.default_rng(seed)
    rows = len(logits)
    teacher, _ = logits_of_all_kinds(rows, logits.shape[1], logits.dtype, seed)
    size = 10.0 ** rng.uniform(-6, 0, (rows, 1))
    close = logits + size * rng.standard_normal(logits.shape)
    kinds = rng.permutation(rows) % 5
    teacher = np.where((kinds < 2)[:, None], close, teacher)
    return np.where((kinds == 2)[:, None], logits, teacher).astype(logits.dtype)


def row_points(name, rows, classes, dtype, seed=0):
    """The arguments of a row loss."""
    logits, labels = logits_of_all_kinds(rows, classes, dtype, seed)
    return logits, target_of(name, logits, labels)


def options(case, classes):
    """A case with its class weights made for this many classes."""
    return {key: value(classes) if callable(value) else value for key, value in case.items()}
