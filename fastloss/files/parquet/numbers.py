"""Columns of numbers and dates, decoded page by page: flat ones of 32 or 64 bits; and texts, as their places in
dictionaries.

This takes half the time of pyarrow, and the memory of a page a column. Whatever is not known here, or not as it should
be, is left to pyarrow, which says what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import pyarrow as pa

from fastloss.files.parquet.footer import Footer, Read
from fastloss.files.parquet.values import Refused, Values

UNKNOWN = ValueError, LookupError, OSError, MemoryError, pa.ArrowException
TEXTS = pa.dictionary(pa.int32(), pa.string())
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
# What those that are decoded here are in Arrow
DECODED = {
    "INT32": (pa.int32(), pa.date32()),
    "INT64": (pa.int64(),),
    "FLOAT": (pa.float32(),),
    "DOUBLE": (pa.float64(),),
    "BYTE_ARRAY": (TEXTS,),
}
CODECS = {0: None, 1: "snappy", 6: "zstd"}  # by their numbers; pyarrow does not check how many bytes others give


def batches(
    read: Read,
    footer: Footer,
    schema: pa.Schema,
    groups: Sequence[int],
    names: Sequence[str],
    size: int,
    texts: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Record batches of so many rows of these columns, as pyarrow has them; the last of the row groups may have fewer.
    There is one row group where columns of `texts` are among them, which come as dictionaries.

    They end before one that has anything else, or of which something is not as it should be.
    """
    dictionaries: dict[str, pa.Array] = {}
    left = sum(footer.rows[group] for group in groups)
    try:
        own, leaves = _decoded(footer, schema, tuple(names), frozenset(texts))
        columns = [_values(read, footer, leaf, groups) for leaf in leaves]
    except UNKNOWN:
        return
    fields = list(own)
    while columns and left > 0:
        rows, arrays = min(size, left), []
        try:
            for field, column in zip(fields, columns, strict=True):
                values, present = column.take(rows)
                if field.type != TEXTS:
                    arrays.append(pa.Array.from_buffers(field.type, rows, [present, values]))
                    continue
                if field.name not in dictionaries:
                    dictionaries[field.name] = _texts(*column.texts)
                dictionary = dictionaries[field.name]
                arrays.append(pa.DictionaryArray.from_buffers(field.type, rows, [present, values], dictionary))
        except UNKNOWN:
            return
        yield pa.RecordBatch.from_arrays(arrays, schema=own)
        left -= rows


def _field(field: pa.Field, is_text: bool) -> pa.Field:
    """A column in the type in which it is decoded."""
    if is_text and field.type in (pa.string(), pa.large_string()):
        return field.with_type(TEXTS)
    if field.type == TEXTS:
        raise Refused("a column of dictionaries")
    return field


def _texts(ends: bytes, texts: bytes) -> pa.StringArray:
    found = pa.StringArray.from_buffers(len(ends) // 4 - 1, pa.py_buffer(ends), pa.py_buffer(texts))
    found.validate(full=True)
    return found


def _decoded(
    footer: Footer, schema: pa.Schema, names: tuple[str, ...], texts: frozenset[str]
) -> tuple[pa.Schema, list[int]]:
    """The schema of columns that are decoded, and the leaves that they are."""
    if schema is footer.schema:  # as of nearly all files
        return footer.known.of(("decoded", names, texts), lambda: _newly_decoded(footer, schema, names, texts))
    return _newly_decoded(footer, schema, names, texts)


def _newly_decoded(
    footer: Footer, schema: pa.Schema, names: tuple[str, ...], texts: frozenset[str]
) -> tuple[pa.Schema, list[int]]:
    fields = [_field(schema.field(name), name in texts) for name in dict.fromkeys(names)]
    leaves = [leaf_of(footer, field) for field in fields]
    if any(field.type not in DECODED[footer.leaves[i].type] for i, field in zip(leaves, fields, strict=True)):
        raise Refused("a column of another type")
    return pa.schema(fields, schema.metadata), leaves


def leaf_of(footer: Footer, field: pa.Field) -> int:
    """The number of the leaf that a column is."""
    (leaf,) = [i for i, leaf in enumerate(footer.leaves) if leaf.path == field.name]
    repeated, nullable = footer.leaves[leaf].levels
    if repeated or nullable > 1:
        raise Refused("a nested column")
    return leaf


def _values(read: Read, footer: Footer, leaf: int, groups: Iterable[int]) -> Values:
    """Those of a column in some row groups."""
    number, size = PHYSICAL[footer.leaves[leaf].type]
    return Values(read, chunks(footer, leaf, number, groups), size, footer.leaves[leaf].levels[1])


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
