"""Values of Arrow columns by their places, as they lie in memory.

What pyarrow has for it imports pyarrow.compute, and pandas where that is installed, which takes longer than to score a
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from pyarrow import types

KINDS = "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"
DTYPES = {pa.from_numpy_dtype(kind).id: np.dtype(kind) for kind in KINDS}  # of Arrow's numbers
OFFSETS = {
    pa.string().id: np.dtype("i4"),
    pa.binary().id: np.dtype("i4"),
    pa.large_string().id: np.dtype("i8"),
    pa.large_binary().id: np.dtype("i8"),
}


def to_arrow(values: np.ndarray) -> pa.Array:
    """Numbers as a column."""
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, buffer])


def column(values: Sequence[bytes | None], type: pa.DataType) -> pa.Array:
    """Values of a plain type as the bytes that they are, a byte each of booleans; or nulls."""
    valid, found = None, values
    if None in values:
        valid = _packed(np.array([value is not None for value in values]))
        nothing = b"" if type.id in OFFSETS else bytes((type.bit_width + 7) // 8)
        found = [nothing if value is None else value for value in values]
    buffers = [pa.py_buffer(b"".join(found))]
    if types.is_boolean(type):
        buffers = [_packed(np.frombuffer(buffers[0], np.uint8))]
    elif type.id in OFFSETS:
        ends = np.zeros(len(values) + 1, OFFSETS[type.id])
        np.cumsum([len(value) for value in found], out=ends[1:])
        buffers.insert(0, pa.py_buffer(ends))
    return pa.Array.from_buffers(type, len(values), [valid, *buffers])


def repeated(text: str | None, count: int) -> pa.Array:
    """A text, or null, so many times."""
    found = b"" if text is None else text.encode()
    valid = _packed(np.zeros(count, bool)) if text is None else None
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(len(found))
    return pa.Array.from_buffers(pa.string(), count, [valid, pa.py_buffer(ends), pa.py_buffer(found * count)])


def stored(array: pa.Array) -> np.ndarray:
    """The numbers of an array of them as they lie in memory, whatever they are where it is null.

    `Array.to_numpy` would import pandas, which takes most of a second.
    """
    dtype = DTYPES[array.type.id]
    if not len(array):
        return np.empty(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype, len(array), array.offset * dtype.itemsize)


def stored_column(table: pa.Table, at: int) -> np.ndarray:
    """A column of numbers, none of which is null."""
    column = table.column(at)
    return np.concatenate([np.empty(0, DTYPES[column.type.id]), *map(stored, column.chunks)])


def is_flat(type: pa.DataType) -> bool:
    """Whether values are numbers, times, texts or bytes, which lie one after the other."""
    is_number = types.is_primitive(type) or types.is_decimal(type)
    return is_number or type.id in OFFSETS or types.is_fixed_size_binary(type)


def take(array: pa.Array, places: np.ndarray) -> pa.Array:
    """The values at some places, of any type.

    Raises
    ------
    pa.ArrowIndexError
        If there are fewer.
    """
    type = array.type
    if len(places) and places.max() >= len(array):
        raise pa.ArrowIndexError(f"there is no value {places.max()} among {len(array)}")
    if not is_flat(type):
        return _taken(array, places)
    if not len(places):
        return pa.nulls(0, type)
    valid, *buffers = array.buffers()
    is_there, places, end = None, places + array.offset, array.offset + len(array)
    if array.null_count:
        is_there = _bits(valid, places)
    if type.id in OFFSETS:
        found = _texts(np.frombuffer(buffers[0], OFFSETS[type.id], end + 1), buffers[1], places, is_there)
    elif types.is_boolean(type):
        bits = _bits(buffers[0], places)
        found = [_packed(bits if is_there is None else bits & is_there)]
    else:
        values = np.frombuffer(buffers[0], np.dtype(("V", type.bit_width // 8)), end).take(places)
        if is_there is not None:
            values[is_there == 0] = bytes(values.itemsize)
        found = [pa.py_buffer(values.view(np.uint8))]
    valid = None if is_there is None or is_there.all() else _packed(is_there)
    return pa.Array.from_buffers(type, len(places), [valid, *found])


def runs(array: pa.Array, ends: Sequence[int]) -> list[pa.Array]:
    """Runs, by where these end, of values of a flat type that `take` gave: each as that gives it alone, unlike slices,
    beside which Arrow writes what comes next."""
    if not len(array):
        return [array] * len(ends)
    type, (valid, *buffers) = array.type, array.buffers()
    places = np.arange(len(array))
    is_there = None if valid is None else _bits(valid, places)
    if type.id in OFFSETS:
        starts = np.frombuffer(buffers[0], OFFSETS[type.id], len(array) + 1)
    elif types.is_boolean(type):
        bits = _bits(buffers[0], places)

    def of(first: int, stop: int) -> pa.Array:
        if type.id in OFFSETS:
            own = starts[first : stop + 1]
            found = [pa.py_buffer(own - own[0]), buffers[1].slice(own[0], own[-1] - own[0])]
        elif types.is_boolean(type):
            found = [_packed(bits[first:stop])]
        else:
            size = type.bit_width // 8
            found = [buffers[0].slice(first * size, (stop - first) * size)]
        there = None if is_there is None else is_there[first:stop]
        valid = None if there is None or there.all() else _packed(there)
        return pa.Array.from_buffers(type, stop - first, [valid, *found])

    return [of(first, stop) if stop > first else pa.nulls(0, type) for first, stop in pairwise((0, *ends))]


def _texts(
    ends: np.ndarray, texts: pa.Buffer | None, places: np.ndarray, is_there: np.ndarray | None
) -> list[pa.Buffer]:
    starts, stops = ends[places], ends[places + 1]
    if is_there is not None:
        stops = np.where(is_there, stops, starts)
    found = np.zeros(len(places) + 1, ends.dtype)
    np.cumsum(stops - starts, out=found[1:])
    whole = memoryview(texts or b"")
    content = b"".join([whole[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)])
    return [pa.py_buffer(found), pa.py_buffer(content)]


def _bits(bits: pa.Buffer, places: np.ndarray) -> np.ndarray:
    return np.frombuffer(bits, np.uint8)[places >> 3] >> (places & 7).astype(np.uint8) & 1


def _packed(bits: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(bits, bitorder="little"))


def _taken(array: pa.Array, places: np.ndarray) -> pa.Array:
    try:
        return array.take(to_arrow(places))
    except pa.ArrowNotImplementedError:  # of views
        one_by_one = [array.slice(place, 1) for place in places.tolist()]
        return pa.concat_arrays(one_by_one) if one_by_one else array.slice(0, 0)
