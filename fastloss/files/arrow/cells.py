"""Values of a few rows of an Arrow file, read where they lie: record batches are not read for them as a whole."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.exact import picked
from fastloss.files.arrow.declared import MALFORMED, Batch, Read, declared_batches, is_little_endian

OFFSETS = {types.is_string: "<2i", types.is_binary: "<2i", types.is_large_string: "<2q", types.is_large_binary: "<2q"}
FIXED = types.is_primitive, types.is_decimal, types.is_fixed_size_binary


class Cells:
    """The values of a file of `size` bytes, by columns and rows.

    Attributes
    ----------
    ends : array of int
        The rows before each of its record batches, and all rows.
    """

    def __init__(self, schema: pa.Schema, read: Read, size: int):
        self._read, self._batches = read, declared_batches(read, size)
        self.ends = np.cumsum([0, *(batch.rows for batch in self._batches)])
        self._places: dict[str, tuple[pa.DataType, int, int]] = {}  # the first node and buffer of a column
        is_plain = is_little_endian(read, size) and not any(batch.is_compressed for batch in self._batches)
        node = buffer = 0
        for field in schema if is_plain else ():
            self._places[field.name] = field.type, node, buffer
            counts = _counts(field.type)
            if counts is None:  # nobody knows where the next ones begin
                break
            node, buffer = node + counts[0], buffer + counts[1]

    def column(self, name: str, rows: np.ndarray) -> pa.Array | None:
        """The values of a column in some rows, in order; None where they do not lie alone, or are malformed."""
        type, node, buffer = self._places.get(name, (pa.null(), 0, 0))
        if _format(type) is None and not any(is_kind(type) for is_kind in FIXED):
            return None
        numbers = np.searchsorted(self.ends, rows, "right") - 1
        found: list = []
        try:
            for number in sorted(set(numbers.tolist())):
                of_batch = (rows[numbers == number] - self.ends[number]).tolist()
                found += _values(self._read, self._batches[number], type, node, buffer, of_batch)
            array = picked.column(found, type)
            array.validate(full=True)
        except (*MALFORMED, pa.ArrowException):
            return None
        return array


def _counts(type: pa.DataType) -> tuple[int, int] | None:
    """The nodes and the buffers that a column has in a record batch; None where the batch tells."""
    if isinstance(type, pa.BaseExtensionType):
        return _counts(type.storage_type)
    if types.is_null(type):
        return 1, 0
    is_list = types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type) or types.is_map(type)
    is_simple = _format(type) is not None or any(is_kind(type) for is_kind in (*FIXED, types.is_dictionary))
    if not (is_simple or is_list or types.is_struct(type)):
        return None
    nodes, buffers = 1, type.num_buffers
    for i in range(0 if is_simple else type.num_fields):
        counts = _counts(type.field(i).type)
        if counts is None:
            return None
        nodes, buffers = nodes + counts[0], buffers + counts[1]
    return nodes, buffers


def _format(type: pa.DataType) -> str | None:
    """Of texts, the format of the offset of one and the next."""
    return next((format for is_kind, format in OFFSETS.items() if is_kind(type)), None)


def _values(read: Read, batch: Batch, type: pa.DataType, node: int, buffer: int, rows: list[int]) -> list:
    """The values of a record batch as `picked.column` takes them."""

    def part(of: int, at: int, count: int) -> bytes:
        start, length = buffers[of]
        data = read(start + at, count) if 0 <= at <= at + count <= length else b""
        if len(data) != count:
            raise ValueError("a value is outside of its buffer")
        return data

    def bit(of: int, row: int) -> bool:
        return bool(part(of, row // 8, 1)[0] >> row % 8 & 1)

    buffers = [batch.buffer(buffer + i) for i in range(type.num_buffers)]
    if batch.nulls(node) and buffers[0][1]:
        there = [row for row in rows if bit(0, row)]
    else:
        there = rows
    format = _format(type)
    if types.is_boolean(type):
        found = [bytes([bit(1, row)]) for row in there]
    elif format is not None:
        size = struct.calcsize(format)
        spans = [struct.unpack(format, part(1, row * size // 2, size)) for row in there]
        found = [part(2, start, stop - start) for start, stop in spans]
    else:
        width = type.bit_width // 8
        found = [part(1, row * width, width) for row in there]
    if there is rows:
        return found
    of_row = dict(zip(there, found, strict=True))
    return [of_row.get(row) for row in rows]
