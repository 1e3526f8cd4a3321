"""Columns of numbers and dates, decoded page by page: flat ones of 32 or 64 bits; and these and texts as their places
in dictionaries.

This takes half the time of pyarrow, and the memory of a page a column. Whatever is not known here, or not as it should
be, is left to pyarrow, which says what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import pyarrow as pa
from pyarrow import types

from fastloss.files.parquet.footer import Footer, Read
from fastloss.files.parquet.values import Refused, Values

UNKNOWN = ValueError, LookupError, OSError, MemoryError, pa.ArrowException
# Physical types, as they are called: their numbers, and their bytes as `Values` takes them, None where each column has
# its own
PHYSICAL = {
    "BOOLEAN": (0, -1),
    "INT32": (1, 4),
    "INT64": (2, 8),
    "INT96": (3, 12),
    "FLOAT": (4, 4),
    "DOUBLE": (5, 8),
    "BYTE_ARRAY": (6, 0),
    "FIXED_LEN_BYTE_ARRAY": (7, None),
}
# What those that are decoded here are in Arrow, texts as places alone
DECODED = {
    "INT32": (pa.int32(), pa.date32()),
    "INT64": (pa.int64(),),
    "FLOAT": (pa.float32(),),
    "DOUBLE": (pa.float64(),),
    "BYTE_ARRAY": (pa.string(),),
}
CODECS = {0: None, 1: "snappy", 6: "zstd"}  # by their numbers; pyarrow does not check how many bytes others give


def batches(
    read: Read,
    footer: Footer,
    schema: pa.Schema,
    groups: Sequence[int],
    names: Sequence[str],
    size: int,
    places: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Record batches of so many rows of these columns, as pyarrow has them; the last of the row groups may have fewer.
    There is one row group where columns are among `places`, which come as dictionaries.

    They end before one that has anything else, or of which something is not as it should be.
    """
    dictionaries: dict[str, pa.Array] = {}
    left = sum(footer.rows[group] for group in groups)
    try:
        own, leaves = _decoded(footer, schema, tuple(names), frozenset(places))
        of_leaves = zip(leaves, own.names, strict=True)
        columns = [_values(read, footer, leaf, groups, name in places) for leaf, name in of_leaves]
    except UNKNOWN:
        return
    fields = list(own)
    while columns and left > 0:
        rows, arrays = min(size, left), []
        try:
            for field, column in zip(fields, columns, strict=True):
                values, present = column.take(rows)
                if field.name not in places:
                    arrays.append(pa.Array.from_buffers(field.type, rows, [present, values]))
                    continue
                if field.name not in dictionaries:
                    dictionaries[field.name] = _dictionary(column, field.type.value_type)
                dictionary = dictionaries[field.name]
                arrays.append(pa.DictionaryArray.from_buffers(field.type, rows, [present, values], dictionary))
        except UNKNOWN:
            return
        yield pa.RecordBatch.from_arrays(arrays, schema=own)
        left -= rows


def _dictionary(column: Values, type: pa.DataType) -> pa.Array:
    """The values of this type in the dictionary of a column."""
    if type != pa.string():
        values = column.dictionary
        return pa.Array.from_buffers(type, 8 * len(values) // type.bit_width, [None, pa.py_buffer(values)])
    ends, texts = column.texts
    found = pa.StringArray.from_buffers(len(ends) // 4 - 1, pa.py_buffer(ends), pa.py_buffer(texts))
    found.validate(full=True)
    return found


def _field(field: pa.Field, are_places: bool) -> pa.Field:
    """A column in the type in which it is decoded."""
    type = field.type
    if not are_places:
        return field
    type = type.value_type if types.is_dictionary(type) else type
    return field.with_type(pa.dictionary(pa.int32(), pa.string() if types.is_large_string(type) else type))


def _decoded(
    footer: Footer, schema: pa.Schema, names: tuple[str, ...], places: frozenset[str]
) -> tuple[pa.Schema, list[int]]:
    """The schema of columns that are decoded, and the leaves that they are."""
    if schema is footer.schema:  # as of nearly all files
        return footer.known.of(("decoded", names, places), lambda: _newly_decoded(footer, schema, names, places))
    return _newly_decoded(footer, schema, names, places)


def _newly_decoded(
    footer: Footer, schema: pa.Schema, names: tuple[str, ...], places: frozenset[str]
) -> tuple[pa.Schema, list[int]]:
    fields = [_field(schema.field(name), name in places) for name in dict.fromkeys(names)]
    leaves = [leaf_of(footer, field) for field in fields]
    for i, field in zip(leaves, fields, strict=True):
        are_places, type = field.name in places, footer.leaves[i].type
        found = field.type.value_type if are_places else field.type
        if found not in DECODED[type] or (type == "BYTE_ARRAY" and not are_places):
            raise Refused("a column of another type")
    return pa.schema(fields, schema.metadata), leaves


def leaf_of(footer: Footer, field: pa.Field) -> int:
    """The number of the leaf that a column is."""
    (leaf,) = [i for i, leaf in enumerate(footer.leaves) if leaf.path == field.name]
    repeated, nullable = footer.leaves[leaf].levels
    if repeated or nullable > 1:
        raise Refused("a nested column")
    return leaf


def _values(read: Read, footer: Footer, leaf: int, groups: Iterable[int], are_places: bool) -> Values:
    """Those of a column in some row groups."""
    number, size = PHYSICAL[footer.leaves[leaf].type]
    most_defined = footer.leaves[leaf].levels[1]
    return Values(read, chunks(footer, leaf, number, groups), size, most_defined, are_places=are_places)


def chunks(
    footer: Footer, leaf: int, type: int, groups: Iterable[int]
) -> Iterator[tuple[int, int, int, int, pa.Codec | None]]:
    """Those of a leaf of a physical type, as `Values` takes them."""
    if not footer.is_known:
        raise Refused("a file with unknown parts")
    is_repeated = footer.leaves[leaf].levels[0] > 0
    for group in groups:
        at = group * len(footer.leaves) + leaf
        start, stop = footer.extents[2 * at : 2 * at + 2]
        values, rows, codec = footer.values[at], footer.rows[group], CODECS[footer.codecs[at]]
        if start < 0 or footer.types[at] != type or values < rows or (values > rows and not is_repeated):
            raise Refused("a chunk outside of the file, or of other values than the column")
        yield start, stop, values, footer.becomes[at], codec and pa.Codec(codec)
