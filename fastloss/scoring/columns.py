"""Arrow columns as NumPy arrays, without a copy where the layout allows one.

Every function returns the numbers and a mask of null rows (None if there are none). Under a null
the numbers are arbitrary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from fastloss.scoring.errors import RowError


def numbers(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """A column of numbers as an array of shape (n,) in its own dtype.

    Dictionaries, run-ends and extension types are decoded; decimals become float64.

    Raises
    ------
    TypeError
        If the column holds anything but numbers.
    """
    array = _plain(array)
    if types.is_boolean(array.type):
        values, null = numbers(array.cast(pa.uint8()))
        return values.view(np.bool_), null
    if not (types.is_integer(array.type) or types.is_floating(array.type)):
        raise TypeError(f"expected numbers, got {array.type}")
    if array.null_count == 0:
        return array.to_numpy(), None
    bare = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], null_count=0, offset=array.offset)
    return bare.to_numpy(), array.is_null().to_numpy(zero_copy_only=False)


def matrix(columns: Sequence[pa.Array], classes: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """One column of lists, or several columns of numbers, as an array of shape (n, classes).

    A row with a null inside is null as a whole. `classes` is the length that every list must have;
    None takes it from the first list.

    Raises
    ------
    TypeError
        If a single column does not hold lists of numbers, or several do not hold numbers.
    RowError
        If a list has another length.
    """
    if len(columns) > 1:
        return _stacked(columns)
    array = _plain(columns[0])
    if types.is_fixed_size_list(array.type):
        return _fixed_size_lists(array)
    if is_list(array.type):
        return _lists(array, classes)
    raise TypeError(f"expected a list of numbers a row, or several columns, got {array.type}")


def is_list(type: pa.DataType) -> bool:
    """Whether a column of this type holds lists that may differ in length."""
    return types.is_list(type) or types.is_large_list(type)


def holds_lists(type: pa.DataType) -> bool:
    """Whether a column of this type holds lists, whatever lies around them."""
    type = _bare(type)
    return is_list(type) or types.is_fixed_size_list(type)


def fixed_size(type: pa.DataType) -> int | None:
    """The length of all lists in a column of this type, if the type tells."""
    type = _bare(type)
    return type.list_size if types.is_fixed_size_list(type) else None


def list_size(array: pa.Array) -> int | None:
    """The length of the first list that is not null; None if there is none."""
    lengths = pc.drop_null(pc.list_value_length(_plain(array)))
    return lengths[0].as_py() if len(lengths) else None


def to_arrow(values: np.ndarray, null: np.ndarray | None) -> pa.Array:
    """An array of shape (n,) as a column, one of shape (n, classes) as a fixed-size list column."""
    if values.ndim == 1:
        return pa.array(values, mask=null, from_pandas=False)
    flat = pa.array(values.reshape(-1), from_pandas=False)
    mask = None if null is None else pa.array(null)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)


def union(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """The rows that are null in either mask."""
    return b if a is None else a if b is None else a | b


def _bare(type: pa.DataType) -> pa.DataType:
    """The type of `_plain` of a column of this type, if it holds lists."""
    if isinstance(type, pa.BaseExtensionType):
        return _bare(type.storage_type)
    if types.is_dictionary(type) or types.is_run_end_encoded(type):
        return _bare(type.value_type)
    return type


def _plain(array: pa.Array) -> pa.Array:
    """The array without the encodings and names that may lie around its numbers or lists."""
    if isinstance(array.type, pa.BaseExtensionType):
        return _plain(array.storage)
    if types.is_dictionary(array.type):
        return _plain(array.dictionary_decode())
    if types.is_run_end_encoded(array.type):
        return _plain(pc.run_end_decode(array))
    if types.is_decimal(array.type) or types.is_null(array.type):
        return array.cast(pa.float64())
    return array


def _stacked(columns: Sequence[pa.Array]) -> tuple[np.ndarray, np.ndarray | None]:
    arrays, null = [], None
    for column in columns:
        values, missing = numbers(column)
        arrays.append(values)
        null = union(null, missing)
    return np.stack(arrays, axis=1), null


def _fixed_size_lists(array: pa.FixedSizeListArray) -> tuple[np.ndarray, np.ndarray | None]:
    classes = array.type.list_size
    # `values` is the child as a whole, whatever slice of the lists this array is.
    flat, inner = numbers(array.values.slice(array.offset * classes, len(array) * classes))
    return flat.reshape(len(array), classes), union(_null(array), _any_in_row(inner, classes))


def _lists(array: pa.ListArray, classes: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    null = _null(array)
    lengths = np.diff(array.offsets.to_numpy())
    if null is not None:
        lengths = np.where(null, -1, lengths)
    if classes is None:
        classes = next((int(length) for length in lengths if length >= 0), 1)
    wrong = np.flatnonzero((lengths != classes) & (lengths >= 0))
    if len(wrong):
        row = int(wrong[0])
        raise RowError("the list", row, f" has {lengths[row]} elements, expected {classes}")
    flat, inner = numbers(array.flatten())  # without the null rows, which may be of any length
    rows, inner = flat.reshape(-1, classes), _any_in_row(inner, classes)
    if null is None:
        return rows, inner
    spread = np.zeros((len(array), classes), rows.dtype)
    spread[~null] = rows
    if inner is not None:
        null[~null] = inner
    return spread, null


def _null(array: pa.Array) -> np.ndarray | None:
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None


def _any_in_row(inner: np.ndarray | None, classes: int) -> np.ndarray | None:
    return None if inner is None else inner.reshape(-1, classes).any(axis=1)
