"""Columns of numbers, decoded page by page: flat ones of 32 or 64 bits; and texts, as their places in dictionaries.

This takes half the time of pyarrow, and the memory of a page a column. Whatever is not known here, or not as it should
be, is left to pyarrow, which says what is wrong, if anything is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from fastloss.exact import picked
from fastloss.files.parquet.footer import Footer
from fastloss.files.parquet.values import Refused, Values

UNKNOWN = ValueError, LookupError, OSError, MemoryError, pa.ArrowException
TEXTS = pa.dictionary(pa.int32(), pa.string())
# Physical types, as they are called: their numbers, what they are in Arrow, and their bytes
TYPES = {
    "INT32": (1, pa.int32(), 4),
    "INT64": (2, pa.int64(), 8),
    "FLOAT": (4, pa.float32(), 4),
    "DOUBLE": (5, pa.float64(), 8),
    "BYTE_ARRAY": (6, TEXTS, 0),
}
CODECS = {0: None, 1: "snappy", 6: "zstd"}  # by their numbers; pyarrow does not check how many bytes others give

Read = Callable[[int, int], bytes]  # so many bytes of a file, from a place on


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
        chosen = [schema.field(name) for name in dict.fromkeys(names)]
        fields = [_field(field, field.name in texts) for field in chosen]
        columns = [_values(read, footer, field, groups) for field in fields]
    except UNKNOWN:
        return
    own = pa.schema(fields, schema.metadata)
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


def rows(
    read: Read, footer: Footer, field: pa.Field, groups: Mapping[int, np.ndarray], is_text: bool
) -> pa.ChunkedArray | None:
    """A column of some rows of row groups, by their numbers there; None where it is anything else, or not as it should
    be."""
    parts = []
    try:
        for group, of_group in groups.items():
            column = _values(read, footer, _field(field, is_text), [group])
            values, present = column.pick(of_group.tolist())
            if is_text:
                parts.append(_looked_up(values, present, *column.texts, field.type))
            else:
                parts.append(pa.Array.from_buffers(field.type, len(of_group), [present, values]))
    except UNKNOWN:
        return None
    return pa.chunked_array(parts, field.type)


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


def _looked_up(places: pa.Buffer, present: pa.Buffer, ends: bytes, texts: bytes, type: pa.DataType) -> pa.Array:
    """The texts at places in a dictionary, where they are present."""
    _texts(ends, texts)  # which looks at them
    of, bounds = np.frombuffer(places, np.int32).tolist(), np.frombuffer(ends, np.int32).tolist()
    are_there = np.unpackbits(np.frombuffer(present, np.uint8), count=len(of), bitorder="little").tolist()
    found = [texts[bounds[at] : bounds[at + 1]] if there else None for at, there in zip(of, are_there, strict=True)]
    return picked.column(found, type)


def _values(read: Read, footer: Footer, field: pa.Field, groups: Sequence[int]) -> Values:
    """Those of a column in some row groups."""
    (leaf,) = [i for i, leaf in enumerate(footer.leaves) if leaf.path == field.name]
    repeated, nullable = footer.leaves[leaf].levels
    _, type, size = TYPES[footer.leaves[leaf].type]
    if not footer.is_known or repeated or nullable > 1 or field.type != type:
        raise Refused("a file with unknown parts, or a column of anything else than numbers")
    return Values(read, _chunks(footer, leaf, groups), size, nullable)


def _chunks(footer: Footer, leaf: int, groups: Sequence[int]) -> Iterator[tuple[int, int, int, int, pa.Codec | None]]:
    """Those of a column, as `Values` takes them."""
    number, _, _ = TYPES[footer.leaves[leaf].type]
    for group in groups:
        at = group * len(footer.leaves) + leaf
        start, stop = footer.extents[2 * at : 2 * at + 2]
        codec = CODECS[footer.codecs[at]]
        if start < 0 or footer.types[at] != number or footer.values[at] != footer.rows[group]:
            raise Refused("a chunk outside of the file, or of other values than the column")
        yield start, stop, footer.values[at], footer.becomes[at], codec and pa.Codec(codec)
