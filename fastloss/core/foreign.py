"""Arrays of other libraries as NumPy's. No such library is imported: an object's attributes tell what it is."""

import sys
from numbers import Real

import numpy as np


def from_foreign(x, name):
    """An array from whatever exposes one: sequences, buffers, __array__, DLPack, the array interface."""
    try:
        if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            return np.from_dlpack(x)
        dtype = str(getattr(x, "dtype", None))
        array = _of_bfloat16(x) if dtype == "torch.bfloat16" else np.asarray(x)
    except MemoryError:
        raise
    except Exception as error:  # each library has its own
        raise TypeError(f"{name!r} cannot be read as an array: {error}") from error
    if array.dtype == object and hasattr(x, "to_numpy"):
        return _of_objects(array, name)
    if array.dtype == np.float32 and dtype.startswith(("Int", "UInt")):
        return array.astype(np.float64)  # polars makes short integers with nulls float32: here integers are float64
    return array


def _of_bfloat16(tensor):
    """The memory of a torch tensor, as ml_dtypes reads it; without that, a copy in float32, which holds its numbers."""
    if tensor.requires_grad:  # refused by torch for every other dtype
        raise ValueError("it requires grad; use tensor.detach()")
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        return np.asarray(tensor.float())
    return np.asarray(tensor.view(sys.modules["torch"].int16)).view(bfloat16)


def _of_objects(objects, name):
    """The numbers of a column that has no dtype of NumPy's: decimals, booleans beside nulls, lists. A null is NaN."""
    null = getattr(sys.modules.get("pandas"), "NA", None)
    if null is not None:
        objects = np.where(np.frompyfunc(lambda value: value is null, 1, 1)(objects).astype(bool), None, objects)
    kinds = {type(value) for value in objects.flat}
    if objects.ndim == 1 and kinds & {np.ndarray, list}:
        return _of_lists(objects, name)
    numbers = [Real, np.bool_, type(None)]  # None is a null
    if "decimal" in sys.modules:  # which takes long to import
        numbers.append(sys.modules["decimal"].Decimal)
    others = tuple(kind for kind in kinds if not issubclass(kind, tuple(numbers)))
    if others:
        index, value = next((index, value) for index, value in np.ndenumerate(objects) if isinstance(value, others))
        raise TypeError(f"{name!r} holds {value!r} at row {index[0]}, which is no number")
    return objects.astype(np.float64)


def _of_lists(objects, name):
    """Lists of one length as the rows of a matrix; a list that is null is a row of NaN."""
    rows = [None if row is None else np.asarray(row) for row in objects]
    first = next(row for row in rows if row is not None)
    for number, row in enumerate(rows):
        if row is not None and row.shape != first.shape:
            raise ValueError(f"{name!r} holds lists of unequal lengths: {len(first)}, and {len(row)} at row {number}")
    missing = np.full(first.shape, np.nan, first.dtype if first.dtype.kind == "f" else np.float64)
    matrix = np.stack([missing if row is None else row for row in rows])
    return _of_objects(matrix, name) if matrix.dtype == object else matrix
