"""A few rows of columns, decoded out of the pages that hold them, and nothing else: as a column where values are stored
as Arrow has them, and else as a small file of these rows alone, with a page a leaf, out of which pyarrow puts together
what is nested.

Whatever is not known here, or not as it should be, is left to others.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.exact import picked
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import Carried
from fastloss.files.parquet.footer import Footer, Leaf, Read
from fastloss.files.parquet.numbers import PHYSICAL, UNKNOWN, chunks
from fastloss.files.parquet.pages import file_end, moved, row_group
from fastloss.files.parquet.values import Refused, Values

UNCOMPRESSED, OF_DATA, PLAIN, RLE = 0, 0, 0, 3  # codec, kind of page, encodings
MOST_BYTES = (1 << 31) - 1  # of a page
Rows = Mapping[int, np.ndarray]  # of row groups, by their numbers there, each in increasing order


class Picked(NamedTuple):
    """What some rows have of a leaf: their levels of repetition and definition, a byte each, and the values that are
    there: texts, or numbers one after the other, booleans a byte each."""

    repeated: bytes
    defined: bytes
    values: bytes | list[bytes]


def column(read: Read, footer: Footer, field: pa.Field, rows: Rows) -> pa.Array | None:
    """A column of some rows: of numbers, of times that are stored as such, or of texts; None where it is anything else,
    or not as it should be."""
    type, count = field.type, sum(map(len, rows.values()))
    try:
        (number,) = [i for i, leaf in enumerate(footer.leaves) if leaf.path == field.name]
        leaf = footer.leaves[number]
        if not _holds(leaf, type):
            return None
        _, defined, values = _picked(read, footer, number, rows)
        if isinstance(values, list):
            found = iter(values)
            texts = picked.column([next(found) if there else None for there in defined or b"\1" * count], type)
            texts.validate(full=True)
            return texts
        present, numbers = None, np.frombuffer(values, ("V", PHYSICAL[leaf.type][1]))
        if len(numbers) < count:
            there = np.frombuffer(defined, bool)
            numbers, held = np.zeros(count, numbers.dtype), numbers
            numbers[there] = held
            present = pa.py_buffer(_bits(there))
        if type.bit_width < 32:
            numbers = numbers.view("i4").astype(f"i{type.bit_width // 8}")
        return pa.Array.from_buffers(type, count, [present, pa.py_buffer(numbers.view("u1"))])
    except UNKNOWN:
        return None


def as_file(read: Read, carried: Carried, rows: Rows) -> pa.Buffer | None:
    """A file with some rows of the columns that are carried; None where they are stored as is not known here."""
    footer, count = carried.footer, sum(map(len, rows.values()))
    pages, described, at = [], [], len(fields.MAGIC)
    try:
        for leaf, chunk in zip(carried.leaves, carried.chunks_of(next(iter(rows))), strict=True):
            found = _picked(read, footer, leaf, rows)
            values = len(found.repeated) or count
            pages.append(_page(footer.leaves[leaf], found, values))
            size = len(pages[-1])
            changed = {fields.CODEC: (thrift.I32, UNCOMPRESSED), fields.BECOMES: (thrift.I64, size)}
            described.append(moved(chunk, at, size, values, changed))
            at += size
    except UNKNOWN:
        return None
    return pa.py_buffer(b"".join([fields.MAGIC, *pages, file_end(carried, [row_group(described, count)], count)]))


def _holds(leaf: Leaf, type: pa.DataType) -> bool:
    """Whether a leaf is a column, and holds the values of a type as they are, or as integers that are longer."""
    if leaf.levels[0] or leaf.levels[1] > 1:
        return False
    are_texts = type.id in picked.OFFSETS
    if are_texts or leaf.type == "BYTE_ARRAY":
        return are_texts and leaf.type == "BYTE_ARRAY"
    is_short = types.is_integer(type) and type.bit_width < 32 and leaf.type == "INT32"
    return is_short or (types.is_primitive(type) and type.bit_width == 8 * (PHYSICAL[leaf.type][1] or 0))


def _picked(read: Read, footer: Footer, leaf: int, rows: Rows) -> Picked:
    told = footer.leaves[leaf]
    number, size = PHYSICAL[told.type]
    size, (most_repeated, most_defined) = told.length if size is None else size, told.levels
    parts = []
    for group, of_group in rows.items():
        values = Values(read, chunks(footer, leaf, number, [group]), size, most_defined, most_repeated)
        parts.append(values.pick(of_group.tolist()))
    repeated, defined, found = zip(*parts, strict=True)
    return Picked(b"".join(repeated), b"".join(defined), [*chain(*found)] if size == 0 else b"".join(found))


def _page(leaf: Leaf, found: Picked, count: int) -> bytes:
    """A page of so many values, there or not, behind its header."""
    values = found.values
    if isinstance(values, list):
        values = b"".join([part for text in values for part in (struct.pack("<I", len(text)), text)])
    elif leaf.type == "BOOLEAN":
        values = _bits(np.frombuffer(values, np.uint8))
    levels = zip((found.repeated, found.defined), leaf.levels, strict=True)
    content = b"".join([*(_levels(given, most) for given, most in levels if most), values])
    if len(content) > MOST_BYTES:
        raise Refused("more than a page holds")
    told = {1: (thrift.I32, count), 2: (thrift.I32, PLAIN), 3: (thrift.I32, RLE), 4: (thrift.I32, RLE)}
    size = thrift.I32, len(content)
    return thrift.write({1: (thrift.I32, OF_DATA), 2: size, 3: size, 5: (thrift.STRUCT, thrift.write(told))}) + content


def _levels(levels: bytes, most: int) -> bytes:
    """Levels as one run of small numbers, behind their size."""
    width = most.bit_length()
    run = _bits((np.frombuffer(levels, np.uint8)[:, None] >> np.arange(width, dtype=np.uint8)) & 1)
    groups = -(-len(levels) // 8)
    run = thrift.varint(groups << 1 | 1) + run.ljust(groups * width, b"\0")
    return struct.pack("<I", len(run)) + run


def _bits(values: np.ndarray) -> bytes:
    return np.packbits(values, bitorder="little").tobytes()
