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
from fastloss.files.parquet.thrift import Flat, Struct, has, number

MAGIC = b"PAR1"
TAIL_BYTES = 8  # at the end of a file: the length of the footer, and PAR1
FILE_SCHEMA, FILE_ROWS, FILE_GROUPS, FILE_TEXTS, FILE_WRITER, FILE_ORDERS = 2, 3, 4, 5, 6, 7
TEXT_KEY, TEXT_VALUE = 1, 2
ELEMENT_NAME, ELEMENT_CHILDREN = 4, 5
GROUP_CHUNKS, GROUP_BECOMES, GROUP_ROWS, GROUP_SORTING, GROUP_START, GROUP_TAKES, GROUP_NUMBER = range(1, 8)
SORTED_BY = 1
CHUNK_START, CHUNK_METADATA, CHUNK_ENCRYPTED = 2, 3, 8
OFFSETS, BOUNDS = (4, 5), (6, 7)  # of a chunk: where its page indexes begin, and how long they are
INDEXES = *OFFSETS, *BOUNDS
PAGES, PAGE_START = 1, 1  # of an index of offsets
TYPE, CODEC, VALUES, BECOMES, TAKES = 1, 4, 5, 6, 7  # of the metadata of a chunk
PAGES_START, INDEX_START, DICTIONARY_START = 9, 10, 11
CHUNK_STATISTICS = 12
BLOOM, SIZES, STATISTICS = (14, 15), 16, (12, 13)
SIZES_UNENCODED, SIZES_HISTOGRAMS = 1, (2, 3)
PAGE_TAKES, PAGES_OF_VALUES, PAGE_VALUES = 3, (5, 8), 1  # of the header of a page: of the first and second version
PAGE_ENCODING = {5: 2, 8: 4}
OF_DICTIONARY = (2, 8)  # encodings
ENCODINGS = 13  # of the pages of a chunk: how many there are of each kind
CHUNK = {CHUNK_METADATA: {SIZES: {}}}
GROUP = {GROUP_CHUNKS: [CHUNK], GROUP_SORTING: [{}]}


def _bits(*numbers: int) -> int:
    """Fields, as `Flat` takes some."""
    return sum(1 << number for number in numbers)


def _kinds(kinds: dict[int, int]) -> bytes:
    """Fields of these kinds, as `Flat` takes them."""
    return bytes(kinds.get(number, 0) for number in range(max(kinds) + 1))


# What may tell places in the file; without encryption and chunks in other files
KNOWN_OF_FILE = frozenset(range(1, 8))
KNOWN_OF_GROUP, KNOWN_OF_CHUNK, KNOWN_OF_METADATA = (
    _bits(*fields) for fields in (range(1, 8), range(2, 8), range(1, 18))
)
REQUIRED_OF_FILE = {1: thrift.I32, FILE_SCHEMA: thrift.LIST, FILE_ROWS: thrift.I64, FILE_GROUPS: thrift.LIST}
REQUIRED_OF_GROUP = _kinds({GROUP_CHUNKS: thrift.LIST, GROUP_BECOMES: thrift.I64, GROUP_ROWS: thrift.I64})
REQUIRED_OF_CHUNK = _kinds({CHUNK_START: thrift.I64, CHUNK_METADATA: thrift.STRUCT})
REQUIRED_OF_METADATA = _kinds(
    {TYPE: thrift.I32, 2: thrift.LIST, 3: thrift.LIST, CODEC: thrift.I32}
    | dict.fromkeys((VALUES, BECOMES, TAKES, PAGES_START), thrift.I64)
)
CHECKED_BY_ARROW = _bits(8, 17)  # of the metadata of a chunk: what is not looked at here, and may be wrong
ENCRYPTED, INDEXED, FILTERED = _bits(CHUNK_ENCRYPTED), _bits(*INDEXES), _bits(*BLOOM)
UNENCODED, COUNTED = _bits(SIZES_UNENCODED), _bits(ENCODINGS)
NO_LIST, NOWHERE = (thrift.LIST, b"\0"), (-1, -1)
Read = Callable[[int, int], bytes]  # so many bytes of a file, from a place on
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
    indexed : set of int
        The chunks, by their numbers among all, that have page indexes or Bloom filters.
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
        self.indexed: set[int] = set()
        self._flat, self._sizes = (Flat(), Flat(), Flat()), Flat()
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
        group, chunk, metadata = self._flat
        end, leaves = group.read(data, at), self.leaves
        self.rows.append(group.number(GROUP_ROWS))
        place, count = group.start(GROUP_CHUNKS, thrift.LIST), 0
        if place >= 0:
            count, place = thrift.list_of_structs(data, place)
        is_known = group.is_of(KNOWN_OF_GROUP)
        sorting = group.start(GROUP_SORTING, thrift.LIST)
        if sorting >= 0:
            thrift.list_of_structs(data, sorting)  # or it is malformed
        is_sound = group.has(REQUIRED_OF_GROUP) and sorting < 0
        if count > len(leaves):
            raise SourceError(f"{self.name}: a row group has more columns than the file has")
        for column in range(count):
            place = chunk.read(data, place)
            if chunk.has_any(ENCRYPTED):
                raise SourceError(f"{self.name}: column {leaves[column].path!r} is encrypted, which is not read")
            start = chunk.start(CHUNK_METADATA, thrift.STRUCT)
            if start < 0:
                metadata.clear()
            else:
                metadata.read(data, start)
            sizes = metadata.start(SIZES, thrift.STRUCT)
            if sizes >= 0:
                self._check_sizes(column, data, sizes)
            is_known = is_known and chunk.is_of(KNOWN_OF_CHUNK) and metadata.is_of(KNOWN_OF_METADATA)
            is_sound = is_sound and _is_sound(chunk, metadata)
            if chunk.has_any(INDEXED) or metadata.has_any(FILTERED):
                self.indexed.add(len(self.values))
            number = metadata.number
            first = _first(number(PAGES_START), number(DICTIONARY_START))
            last = first + number(TAKES)
            self.extents.extend((first, last) if len(MAGIC) <= first <= last <= self.end else NOWHERE)
            for told, field in self._told:
                told.append(number(field))
        missing = len(leaves) - count
        self.is_sound, self.is_known = self.is_sound and is_sound and not missing, self.is_known and is_known
        for told, _ in self._told:
            told.extend([-1] * missing)
        self.extents.extend(NOWHERE * missing)
        return data[at:end], end

    def _check_sizes(self, column: int, data: bytes, at: int) -> None:
        sizes, leaf = self._sizes, self.leaves[column]
        sizes.read(data, at)
        if leaf.type != "BYTE_ARRAY" and sizes.has_any(UNENCODED):
            raise self.corrupt_column(column, "has bytes of texts, but holds none")
        for field, level in zip(SIZES_HISTOGRAMS, leaf.levels, strict=True):
            if sizes.has_any(1 << field) and (size := thrift.list_size(sizes.value(field))) not in (0, level + 1):
                raise self.corrupt_column(column, f"has a histogram of {size} levels, and {level + 1} levels")


def _columns(told: tuple[bytes, bytes], read: Callable) -> tuple[pa.Schema, list[Leaf], Known]:
    """The columns and the leaves of a file, of which its footer tells this, and what is known about them."""

    def found() -> tuple[pa.Schema, list[Leaf], Known]:
        schema, stored = read()
        return schema, [Leaf.of(stored.column(i)) for i in range(len(stored))], Known()

    return _known.of(told, found)


def _is_sound(chunk: Flat, metadata: Flat) -> bool:
    """Whether what is said of a chunk is what pyarrow takes."""
    return (
        chunk.has(REQUIRED_OF_CHUNK)
        and metadata.has(REQUIRED_OF_METADATA)
        and not metadata.has_any(CHECKED_BY_ARROW)
        and (not metadata.has_any(COUNTED) or _are_counts(metadata.value(ENCODINGS)))
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
    return _first(number(metadata, PAGES_START), number(metadata, DICTIONARY_START))


def _first(pages: int, dictionary: int) -> int:
    """Where the first page lies, by the places of those of values and of the dictionary, if there is one."""
    return dictionary if 0 < dictionary < pages else pages
