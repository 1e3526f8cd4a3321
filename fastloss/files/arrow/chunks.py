"""What the metadata of a Parquet file tell of its column chunks: how large they become, and where texts repeat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet
from pyarrow import types

from fastloss.files.arrow.int96 import is_inside
from fastloss.files.parquet.footer import Footer, Leaf

WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 8, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}
INDEX_BYTES = 4  # a text at most, in a chunk of indices of a dictionary
PLACE_BYTES = 2  # a number at most, in such a chunk: dictionaries that are so short do not end before their chunk
TEXTS = types.is_string, types.is_large_string, types.is_binary, types.is_large_binary


class Chunks:
    """The chunks of some columns in some row groups; pyarrow's metadata are asked for where there are texts.

    Attributes
    ----------
    row_bytes : float
        What a row becomes, on average over the row group in which they are largest; texts count as they are stored.
    row_taken : float
        What such a row takes in the file.
    places : list of str
        The columns that name groups alone, and whose values are stored as little but indices of dictionaries: these are
        all that is wanted.
    texts : list of str
        The other columns of texts that are stored so: to read them as indices is faster.
    largest_text : int
        As many bytes as a text of another column may have beyond those that it takes in its chunk; 0 where none can.
    """

    def __init__(
        self,
        footer: Footer,
        metadata: Callable[[], pa.parquet.FileMetaData],
        schema: pa.Schema,
        row_groups: Sequence[int],
        names: Collection[str],
        of_groups: Collection[str],
    ):
        groups = [group for group in row_groups if footer.rows[group]]
        sizes, taken = [0] * len(groups), [0] * len(groups)
        self.texts, self.places, self.largest_text = [], [], 0
        for i, leaf in footer.known.of(("inside", *names), lambda: _inside(footer, names)):
            width = WIDTHS.get(leaf.type) or leaf.length
            for number, group in enumerate(groups):
                at = group * len(footer.leaves) + i
                sizes[number] += max(footer.becomes[at], footer.values[at] * width)
                taken[number] += footer.extents[2 * at + 1] - footer.extents[2 * at]
            if leaf.path in of_groups and _are_places(footer, schema, i, groups):
                self.places.append(leaf.path)
            elif leaf.type == "BYTE_ARRAY":
                self._look_at_texts(schema, leaf.path, [metadata().row_group(group).column(i) for group in groups])
        rows = [footer.rows[group] for group in groups]
        of_rows = [(size / count, bytes / count) for size, bytes, count in zip(sizes, taken, rows, strict=True)]
        self.row_bytes, self.row_taken = max(of_rows, default=(0.0, 0.0))

    def _look_at_texts(self, schema: pa.Schema, path: str, chunks: Sequence[pa.parquet.ColumnChunkMetaData]) -> None:
        sharing = [chunk.total_uncompressed_size for chunk in chunks if _shares(chunk)]
        if sharing and is_text(schema, path) and _are_indices(chunks):
            self.texts.append(path)
        else:
            self.largest_text = max(self.largest_text, *sharing, 0)


def _inside(footer: Footer, names: Collection[str]) -> list[tuple[int, Leaf]]:
    """The leaves of some columns, and their numbers."""
    return [(i, leaf) for i, leaf in enumerate(footer.leaves) if is_inside(leaf.path, names)]


def _are_places(footer: Footer, schema: pa.Schema, leaf: int, groups: Sequence[int]) -> bool:
    """Whether a leaf is a column of its own whose values are stored as little but indices."""
    told = footer.leaves[leaf]
    most = INDEX_BYTES if told.type == "BYTE_ARRAY" else PLACE_BYTES
    at = [group * len(footer.leaves) + leaf for group in groups]
    is_column = schema.get_field_index(told.path) >= 0 and not told.levels[0]
    return is_column and all(0 <= footer.becomes[i] <= most * footer.values[i] for i in at)


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


def is_text(schema: pa.Schema, path: str) -> bool:
    """Whether a leaf is a column of texts of its own."""
    at = schema.get_field_index(path)
    return at >= 0 and any(is_kind(schema.field(at).type) for is_kind in TEXTS)
