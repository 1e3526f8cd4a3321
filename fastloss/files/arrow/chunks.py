"""What the metadata of a Parquet file tell of its column chunks: how large they become, and where texts repeat."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet
from pyarrow import types

from fastloss.files.arrow.int96 import is_inside
from fastloss.files.parquet.footer import Leaf

WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}
INDEX_BYTES = 4  # a value at most, in a chunk of indices of a dictionary
TEXTS = types.is_string, types.is_large_string, types.is_binary, types.is_large_binary


class Chunks:
    """The chunks of some columns in some row groups.

    Attributes
    ----------
    row_bytes : float
        What a row becomes, on average over the row group in which they are largest; texts count as they are stored.
    row_taken : float
        What such a row takes in the file.
    texts : list of str
        The columns of texts that are stored as little but indices of dictionaries: to read them as these is faster.
    largest_text : int
        As many bytes as a text of another column may have beyond those that it takes in its chunk; 0 where none can.
    """

    def __init__(
        self,
        metadata: pa.parquet.FileMetaData,
        leaves: Sequence[Leaf],
        schema: pa.Schema,
        row_groups: Sequence[int],
        names: Collection[str],
    ):
        self._groups = [group for group in map(metadata.row_group, row_groups) if group.num_rows]
        sizes, taken = [0] * len(self._groups), [0] * len(self._groups)
        self.texts, self.largest_text = [], 0
        for i, leaf in enumerate(leaves):
            if not is_inside(leaf.path, names):
                continue
            width = WIDTHS.get(leaf.type) or leaf.length
            for number, chunk in enumerate(self._chunks(i)):
                sizes[number] += max(chunk.total_uncompressed_size, chunk.num_values * width)
                taken[number] += chunk.total_compressed_size
            if leaf.type == "BYTE_ARRAY" and any(map(_shares, self._chunks(i))):
                if _is_text(schema, leaf.path) and _are_indices(list(self._chunks(i))):
                    self.texts.append(leaf.path)
                else:
                    largest = max(chunk.total_uncompressed_size for chunk in self._chunks(i) if _shares(chunk))
                    self.largest_text = max(self.largest_text, largest)
        rows = [group.num_rows for group in self._groups]
        of_rows = [(size / count, bytes / count) for size, bytes, count in zip(sizes, taken, rows, strict=True)]
        self.row_bytes, self.row_taken = max(of_rows, default=(0.0, 0.0))

    def _chunks(self, column: int) -> Iterator[pa.parquet.ColumnChunkMetaData]:
        return (group.column(column) for group in self._groups)


def extents(
    metadata: pa.parquet.FileMetaData, row_groups: Sequence[int], names: Collection[str]
) -> Iterator[tuple[int, int, int]]:
    """Where the chunks of some columns begin and end, and the numbers of their row groups."""
    leaves = [i for i in range(len(metadata.schema)) if is_inside(metadata.schema.column(i).path, names)]
    for number in row_groups:
        group = metadata.row_group(number)
        for chunk in map(group.column, leaves):
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and chunk.dictionary_page_offset:
                start = min(start, chunk.dictionary_page_offset)
            yield start, start + chunk.total_compressed_size, number


def _shares(chunk: pa.parquet.ColumnChunkMetaData) -> bool:
    """Whether values share bytes: those of a dictionary, or of the values before them."""
    return any("DICTIONARY" in encoding or encoding == "DELTA_BYTE_ARRAY" for encoding in chunk.encodings)


def _are_indices(chunks: Sequence[pa.parquet.ColumnChunkMetaData]) -> bool:
    size = sum(chunk.total_uncompressed_size for chunk in chunks)
    values = sum(chunk.num_values for chunk in chunks)
    return all(chunk.has_dictionary_page for chunk in chunks) and size <= INDEX_BYTES * values


def _is_text(schema: pa.Schema, path: str) -> bool:
    """Whether a leaf is a column of texts of its own."""
    at = schema.get_field_index(path)
    return at >= 0 and any(is_kind(schema.field(at).type) for is_kind in TEXTS)
