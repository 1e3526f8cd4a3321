"""Arrays of other libraries as NumPy's. None of them is imported: what they hand over says what it is."""

import sys
from decimal import Decimal
from numbers import Real

import numpy as np


def from_foreign(x, name):
    """An array from whatever exposes one: sequences, buffers, __array__, DLPack, the array interface."""
    try:
        if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            return np.from_dlpack(x)
        dtype = str(getattr(x, "dtype", None))
        if dtype == "torch.bfloat16":  # NumPy has no such dtype; float32 holds its numbers
            x = x.float()
        array = np.asarray(x)
    except MemoryError:
        raise
    except Exception as error:  # each library has its own
        raise TypeError(f"{name!r} cannot be read as an array: {error}") from error
    if array.dtype == object and hasattr(x, "to_numpy"):
        return _of_objects(array, name)
    if array.dtype == np.float32 and dtype.startswith(("Int", "UInt")):  # polars' way with nulls in short integers
        return array.astype(np.float64)
    return array


def _of_objects(objects, name):
    """The numbers of a column that has no dtype of NumPy's: decimals, booleans beside nulls, lists. A null is NaN."""
    nulls = (None, getattr(sys.modules.get("pandas"), "NA", None))
    is_null = _mask(objects, lambda value: value is nulls[0] or value is nulls[1])
    if objects.ndim == 1 and _mask(objects, lambda value: isinstance(value, np.ndarray | list)).any():
        return _of_lists(objects, is_null, name)
    is_other = ~(is_null | _mask(objects, lambda value: isinstance(value, Real | Decimal | np.bool_)))
    if is_other.any():
        row = np.argwhere(is_other)[0][0]
        raise TypeError(f"{name!r} holds {objects[is_other][0]!r} at row {row}, which is no number")
    return np.where(is_null, np.nan, objects).astype(np.float64)


def _mask(objects, condition):
    return np.frompyfunc(condition, 1, 1)(objects).astype(bool)


def _of_lists(objects, is_null, name):
    """Lists of one length as the rows of a matrix; a list that is null is a row of NaN."""
    rows = [None if null else np.asarray(row) for row, null in zip(objects, is_null, strict=True)]
    first = next(row for row in rows if row is not None)
    for number, row in enumerate(rows):
        if row is not None and row.shape != first.shape:
            raise ValueError(f"{name!r} holds lists of unequal lengths: {len(first)}, and {len(row)} at row {number}")
    missing = np.full(first.shape, np.nan, first.dtype if first.dtype.kind == "f" else np.float64)
    matrix = np.stack([missing if row is None else row for row in rows])
    return _of_objects(matrix, name) if matrix.dtype == object else matrix
