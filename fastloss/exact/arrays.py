"""Arrays as accumulators take them, checked."""

from __future__ import annotations

import numpy as np

from fastloss.core.arguments import as_array, is_integral
from fastloss.exact.accumulator import Accumulator, wrong_weight

EXACT = 1 << 53  # whole numbers up to it are float64


def add_rows(accumulator: Accumulator, values, null, ignored, sample_weight) -> None:
    """Add numbers to the one group of an accumulator; `null` and `ignored` are boolean masks of rows left out."""
    values = as_floats(values, "values")
    left_out = marks(null, ignored, len(values))
    accumulator.add(values, left_out, as_weights(sample_weight, left_out, len(values)))


def as_floats(given, name: str, rows: int | None = None) -> np.ndarray:
    """Numbers as `Accumulator` takes them, none of which is rounded: float32 or float64, one a row."""
    array = as_array(given, name)
    _check_shape(array, name, rows)
    if not array.dtype.isnative:
        array = array.byteswap().view(array.dtype.newbyteorder("="))
    if array.dtype.char in "fd":
        return np.ascontiguousarray(array)
    if not is_integral(array):
        return array.astype(np.float32)
    row = rounded_row(array)
    if row >= 0:
        raise ValueError(f"{name} {array[row]} at row {row} is no float64: give {name}.astype(float), which rounds")
    return array.astype(np.float64)


def rounded_row(array: np.ndarray) -> int:
    """The first row whose whole number is no float64; -1 if there is none."""
    large = np.flatnonzero((array > EXACT) | (array < -EXACT)) if array.dtype.itemsize == 8 else ()
    return next((int(row) for row in large if int(float(array[row])) != array[row]), -1)


def marks(null, ignored, rows: int) -> np.ndarray | None:
    """The marks of rows that `Accumulator` leaves out: 1 for null, 2 for ignored."""
    if null is None and ignored is None:
        return None
    left_out = np.zeros(rows, np.uint8)
    for mark, name, mask in ((2, "ignored", ignored), (1, "null", null)):
        if mask is not None:
            mask = as_array(mask, name)
            _check_shape(mask, name, rows)
            if mask.dtype != np.bool_ and rows:
                raise TypeError(f"{name} must be True or False in each row, got {mask.dtype}: give {name} != 0")
            left_out[mask != 0] = mark
    return left_out


def _check_shape(array: np.ndarray, name: str, rows: int | None) -> None:
    if array.ndim != 1 or rows not in (None, len(array)):
        expected = "(n,)" if rows is None else f"({rows},)"
        raise ValueError(f"{name} has shape {array.shape}, expected {expected}: one number a row")


def as_weights(sample_weight, left_out: np.ndarray | None, rows: int) -> np.ndarray | None:
    """Weights as `Accumulator` takes them: those of the rows that are not left out are checked."""
    if sample_weight is None:
        return None
    weights = as_floats(sample_weight, "sample_weight", rows).astype(np.float64, copy=False)
    row = wrong_weight(weights, left_out)
    if row >= 0:
        raise ValueError(f"sample_weight must be finite and >= 0, got {weights[row]} at row {row}")
    return weights
