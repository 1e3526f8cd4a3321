"""The footer of a Parquet file, looked at before pyarrow is asked about column chunks: where their descriptions are
corrupt, that ends the process (an exception of C++ that pyarrow 26 does not expect there). pyarrow's own writing of
what it has read is no way to look at it, as that may end the process as well.

pyarrow has read the footer before, or one that says the same of its columns: it need not be asked about each of many
files. The numbers of fields are those of parquet.thrift of the Parquet format.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet

from fastloss.files.errors import SourceError
from fastloss.files.known import Known
from fastloss.files.parquet import thrift
from fastloss.files.parquet.thrift import Struct, has, number

MAGIC = b"PAR1"
TAIL_BYTES = 8  # at the end of a file: the length of the footer, and PAR1
FILE_SCHEMA, FILE_ROWS, FILE_GROUPS, FILE_TEXTS, FILE_WRITER, FILE_ORDERS = 2, 3, 4, 5, 6, 7
TEXT_KEY, TEXT_VALUE = 1, 2
ELEMENT_NAME, ELEMENT_CHILDREN = 4, 5
GROUP_CHUNKS, GROUP_BECOMES, GROUP_ROWS, GROUP_SORTING, GROUP_START, GROUP_TAKES, GROUP_NUMBER = range(1, 8)
SORTED_BY = 1
CHUNK_START, CHUNK_METADATA, CHUNK_ENCRYPTED = 2, 3, 8
OFFSETS, BOUNDS = (4, 5), (6, 7)  # of a chunk: where its page indexes begin, and how long they are
PAGES, PAGE_START = 1, 1  # of an index of offsets
TYPE, CODEC, VALUES, BECOMES, TAKES = 1, 4, 5, 6, 7  # of the metadata of a chunk
PAGES_START, INDEX_START, DICTIONARY_START = 9, 10, 11
CHUNK_STATISTICS = 12
BLOOM, SIZES, STATISTICS = (14, 15), 16, (12, 13)
SIZES_UNENCODED, SIZES_HISTOGRAMS = 1, (2, 3)
# What may tell places in the file; without encryption and chunks in other files
KNOWN_OF_FILE, KNOWN_OF_GROUP, KNOWN_OF_CHUNK, KNOWN_OF_METADATA = (
    frozenset(fields) for fields in (range(1, 8), range(1, 8), range(2, 8), range(1, 18))
)
PAGE_TAKES, PAGES_OF_VALUES, PAGE_VALUES = 3, (5, 8), 1  # of the header of a page: of the first and second version
PAGE_ENCODING = {5: 2, 8: 4}
OF_DICTIONARY = (2, 8)  # encodings
REQUIRED_OF_FILE = {1: thrift.I32, FILE_SCHEMA: thrift.LIST, FILE_ROWS: thrift.I64, FILE_GROUPS: thrift.LIST}
REQUIRED_OF_GROUP = {GROUP_CHUNKS: thrift.LIST, GROUP_BECOMES: thrift.I64, GROUP_ROWS: thrift.I64}
REQUIRED_OF_CHUNK = {CHUNK_START: thrift.I64, CHUNK_METADATA: thrift.STRUCT}
REQUIRED_OF_METADATA = {TYPE: thrift.I32, 2: thrift.LIST, 3: thrift.LIST, CODEC: thrift.I32}
REQUIRED_OF_METADATA |= dict.fromkeys((VALUES, BECOMES, TAKES, PAGES_START), thrift.I64)
ENCODINGS = 13  # of the pages of a chunk: how many there are of each kind
CHECKED_BY_ARROW = 8, 17  # of the metadata of a chunk: what is not looked at here, and may be wrong
GROUP = {GROUP_CHUNKS: [{CHUNK_METADATA: {SIZES: {}}}], GROUP_SORTING: [{}]}


NO_LIST, NO_STRUCTS, NO_STRUCT = (thrift.LIST, b"\0"), (thrift.LIST, ()), (thrift.STRUCT, {})
NOWHERE = -1, -1
_known: Known[tuple[bytes, bytes], tuple[pa.Schema, list[Leaf], Known]] = Known()  # by what footers tell of columns


@dataclass(frozen=True)
class Leaf:
    """A column of values: its path, its levels, and its physical type, with the bytes of one that is fixed."""

    path: str
    levels: tuple[int, int]
    type: str
    length: int
    is_interval: bool

    @classmethod
    def of(cls, column: pa.parquet.ColumnSchema) -> Leaf:
        levels = column.max_repetition_level, column.max_definition_level
        return cls(column.path, levels, column.physical_type, column.length, column.converted_type == "INTERVAL")


class Footer:
    """What a file says of itself. `read` gives its columns as pyarrow reads them.

    Attributes
    ----------
    file : Struct
        All but the row groups; the schema and the key-value entries unread, as nearly all files of a job have the same.
    schema : pa.Schema
        The columns.
    leaves : list of Leaf
        The columns of values.
    known : Known
        What was found out about the columns, in all files that say the same of them.
    groups : list of bytes
        These, unread, as there may be many.
    end : int
        The place in the file where the footer begins.
    extents : array of int
        Where the chunks of all columns of all row groups begin and end; -1 where that is not inside the file.
    rows : array of int
        Those of each row group.
    values, becomes, codecs, types : array of int
        Of each chunk its values, its bytes once they are decompressed, and the numbers of its codec and its type; -1
        where it does not tell.
    is_sound : bool
        Whether it has what it must have, and pyarrow can have nothing against it, if it has read the schema.
    is_known : bool
        Whether no place in the file can be told by a field that is unknown here.

    Raises
    ------
    SourceError
        If a column chunk is described so that pyarrow cannot be asked about it.
    """

    def __init__(self, file, read: Callable[[], tuple[pa.Schema, pa.parquet.ParquetSchema]], name: str):
        self.name = name
        self.extents, self.rows, self.values = array("q"), array("q"), array("q")
        self.becomes, self.codecs, self.types = array("q"), array("q"), array("q")
        self._told = (self.values, VALUES), (self.becomes, BECOMES), (self.codecs, CODEC), (self.types, TYPE)
        self.is_known = self.is_sound = True
        size = file.seek(-TAIL_BYTES, os.SEEK_END) + TAIL_BYTES
        tail = file.read(TAIL_BYTES)
        length = int.from_bytes(tail[:4], "little")
        self.end = file.seek(size - TAIL_BYTES - length)
        try:
            self.file, _ = thrift.read(file.read(length), {FILE_ORDERS: [{}]})
            told = self.file.get(FILE_SCHEMA, NO_LIST)[1], self.file.get(FILE_TEXTS, NO_LIST)[1]
            self.schema, self.leaves, self.known = _columns(told, read)
            _, orders = self.file.get(FILE_ORDERS, (thrift.LIST, self.leaves))
            self.is_sound = tail[4:] == MAGIC and has(self.file, REQUIRED_OF_FILE) and len(orders) == len(self.leaves)
            self.groups = thrift.structs(self.file.pop(FILE_GROUPS, NO_LIST), self._group)
        except thrift.Malformed as error:
            raise self.corrupt("its footer is corrupt") from error
        self.is_known &= self.file.keys() <= KNOWN_OF_FILE
        file.seek(0)

    def corrupt(self, what: str) -> SourceError:
        """That the file is."""
        return SourceError(f"{self.name}: cannot be read as Parquet: {what}")

    def corrupt_column(self, column: int, what: str) -> SourceError:
        """That one of its columns is."""
        return self.corrupt(f"column {self.leaves[column].path!r} {what}: it is corrupt")

    @property
    def is_consistent(self) -> bool:
        """Whether the row groups have as many rows as the file."""
        return sum(self.rows) == number(self.file, FILE_ROWS) and min(self.rows, default=0) >= 0

    def _group(self, data: bytes, at: int) -> tuple[bytes, int]:
        start, (group, at) = at, thrift.read(data, GROUP, at)
        self.rows.append(number(group, GROUP_ROWS))
        _, chunks = group.get(GROUP_CHUNKS, NO_STRUCTS)
        self.is_known &= group.keys() <= KNOWN_OF_GROUP
        self.is_sound &= has(group, REQUIRED_OF_GROUP) and GROUP_SORTING not in group
        if len(chunks) > len(self.leaves):
            raise SourceError(f"{self.name}: a row group has more columns than the file has")
        described = [chunk.get(CHUNK_METADATA, NO_STRUCT)[1] for chunk in chunks]
        is_sound, is_known = self.is_sound, self.is_known
        for column, (chunk, metadata) in enumerate(zip(chunks, described, strict=True)):
            if CHUNK_ENCRYPTED in chunk:
                raise SourceError(f"{self.name}: column {self.leaves[column].path!r} is encrypted, which is not read")
            if SIZES in metadata:
                self._check_sizes(column, metadata[SIZES][1])
            is_sound = is_sound and _is_sound(chunk, metadata)
            is_known = is_known and chunk.keys() <= KNOWN_OF_CHUNK and metadata.keys() <= KNOWN_OF_METADATA
            first = chunk_start(metadata)
            last = first + number(metadata, TAKES)
            self.extents.extend((first, last) if len(MAGIC) <= first <= last <= self.end else NOWHERE)
        missing = len(self.leaves) - len(chunks)
        self.is_sound, self.is_known = is_sound and not missing, is_known
        for told, field in self._told:
            told.extend([number(metadata, field) for metadata in described] + [-1] * missing)
        self.extents.extend(NOWHERE * missing)
        return data[start:at], at

    def _check_sizes(self, column: int, sizes: Struct) -> None:
        if SIZES_UNENCODED in sizes and self.leaves[column].type != "BYTE_ARRAY":
            raise self.corrupt_column(column, "has bytes of texts, but holds none")
        for field, level in zip(SIZES_HISTOGRAMS, self.leaves[column].levels, strict=True):
            if field in sizes and (size := thrift.list_size(sizes[field])) not in (0, level + 1):
                raise self.corrupt_column(column, f"has a histogram of {size} levels, and {level + 1} levels")


def _columns(told: tuple[bytes, bytes], read: Callable) -> tuple[pa.Schema, list[Leaf], Known]:
    """The columns and the leaves of a file, of which its footer tells this, and what is known about them."""

    def found() -> tuple[pa.Schema, list[Leaf], Known]:
        schema, stored = read()
        return schema, [Leaf.of(stored.column(i)) for i in range(len(stored))], Known()

    return _known.of(told, found)


def _is_sound(chunk: Struct, metadata: Struct) -> bool:
    """Whether what is said of a chunk is what pyarrow takes."""
    return (
        has(chunk, REQUIRED_OF_CHUNK)
        and has(metadata, REQUIRED_OF_METADATA)
        and metadata.keys().isdisjoint(CHECKED_BY_ARROW)
        and (ENCODINGS not in metadata or _are_counts(metadata[ENCODINGS]))
    )


@lru_cache
def _are_counts(encodings: tuple[int, bytes]) -> bool:
    """Whether pages are counted by kind and encoding; most chunks have as many."""
    if encodings[0] != thrift.LIST:
        return False
    required = dict.fromkeys((1, 2, 3), thrift.I32)
    try:
        return all(has(one, required) for one in thrift.structs(encodings, {}))
    except thrift.Malformed:
        return False


def chunk_start(metadata: Struct) -> int:
    """Where the first page of a chunk lies."""
    start, dictionary = number(metadata, PAGES_START), number(metadata, DICTIONARY_START)
    return dictionary if 0 < dictionary < start else start
