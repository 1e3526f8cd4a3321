"""How large rows become when they are read, which is not what they take: a dictionary, a run or a view is a few bytes
for a text of any length.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.files.arrow.columns import VIEWS, is_list

VIEWED = types.is_string_view, types.is_binary_view
SHARING = types.is_dictionary, types.is_run_end_encoded, types.is_null, *VIEWED, *VIEWS
SHORT_BYTES = 256  # of a text that is counted as if it were the longest of its dictionary
NULL_BYTES = 8  # of a null without a type, which is read as a float64


def row_bytes(batch: pa.RecordBatch) -> float | np.ndarray:
    """How many bytes a row of a batch becomes: the mean, or of each row where rows may share what they hold."""
    sharing = [column for column in batch.columns if _shares(column.type)]
    plain = [column for column in batch.columns if not _shares(column.type)]
    return sum(column.nbytes for column in plain) / max(len(batch), 1) + sum(map(_sizes, sharing))


def _shares(type: pa.DataType) -> bool:
    """Whether elements of a column of this type may share what they hold."""
    if types.is_primitive(type):
        return False
    if isinstance(type, pa.BaseExtensionType):
        return _shares(type.storage_type)
    inner = (type.field(i).type for i in range(type.num_fields))
    return any(is_kind(type) for is_kind in SHARING) or any(map(_shares, inner))


def _sizes(array: pa.Array) -> float | np.ndarray:
    """Bytes of each element of an array, or the mean of them."""
    type = array.type
    if not len(array):
        return 0.0
    if isinstance(type, pa.BaseExtensionType):
        return _sizes(array.storage)
    if types.is_null(type):
        return NULL_BYTES
    if types.is_dictionary(type):
        return _taken(_sizes_of_texts(array.dictionary), array.indices)
    if types.is_run_end_encoded(type):
        sizes = _sizes_of_texts(array.values)
        ends = array.run_ends.to_numpy() if isinstance(sizes, np.ndarray) else None
        return sizes if ends is None else sizes[np.searchsorted(ends, np.arange(len(array)) + array.offset, "right")]
    if any(is_kind(type) for is_kind in VIEWED):
        views = np.frombuffer(array.buffers()[1], np.int32, 4 * len(array), 16 * array.offset)
        return views[::4].astype(np.float64)  # their lengths
    if types.is_struct(type):
        return sum(map(_sizes, array.flatten()), 0.0)
    if types.is_fixed_size_list(type):
        width = type.list_size
        return _between(array.values.slice(array.offset * width, len(array) * width), width * np.arange(len(array) + 1))
    if any(is_kind(type) for is_kind in VIEWS):
        starts = array.offsets.to_numpy()
        return _between(array.values, starts, starts + array.sizes.to_numpy())
    if is_list(type) or types.is_map(type):
        children = [array.keys, array.items] if types.is_map(type) else [array.values]
        return sum(_between(child, array.offsets.to_numpy()) for child in children)
    return array.nbytes / max(len(array), 1)


def _sizes_of_texts(values: pa.Array) -> float | np.ndarray:
    """As `_sizes`, of texts too each its own."""
    if not len(values):
        return 0.0
    if types.is_string(values.type) or types.is_binary(values.type):
        offset_type = np.int32
    elif types.is_large_string(values.type) or types.is_large_binary(values.type):
        offset_type = np.int64
    else:
        return _sizes(values)
    before = values.offset * np.dtype(offset_type).itemsize
    offsets = np.frombuffer(values.buffers()[1], offset_type, len(values) + 1, before)
    return np.diff(offsets).astype(np.float64)


def _taken(sizes: float | np.ndarray, indices: pa.Array) -> float | np.ndarray:
    if not isinstance(sizes, np.ndarray):
        return sizes
    largest = sizes.max()
    if largest <= SHORT_BYTES:
        return largest
    indices = indices.fill_null(0) if indices.null_count else indices
    return sizes[indices.to_numpy()]


def _between(child: pa.Array, starts: np.ndarray, ends: np.ndarray | None = None) -> np.ndarray:
    """Bytes of the elements of a child from each start to its end, or to the next start."""
    starts, ends = (starts[:-1], starts[1:]) if ends is None else (starts, ends)
    sizes = _sizes_of_texts(child)
    if not isinstance(sizes, np.ndarray):
        return sizes * (ends - starts)
    before = np.append(0.0, np.cumsum(sizes))
    return before[ends] - before[starts]
