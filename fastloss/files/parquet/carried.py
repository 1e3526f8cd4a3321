"""What of a Parquet file an output takes as it is: the chunks of columns, and what the footer says of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

import pyarrow as pa

from fastloss.files.errors import SourceError
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.footer import Footer, Read
from fastloss.files.parquet.thrift import Flat, Struct, number

ARROW_SCHEMA = b"ARROW:schema"
COPIED_BYTES = 1 << 18  # at a time
HEADER_BYTES, LONG_HEADER_BYTES = 1 << 8, 1 << 22  # of a page, nearly always; with long texts as its bounds
UNREAD = fields.GROUP | {fields.GROUP_CHUNKS: [None]}  # a row group whose chunks are the bytes that they are
_UNCOUNTED = re.compile(rb"parquet-mr version 1\.([01]|2\.[0-8])\b")  # leaves the headers of dictionaries out of sizes


@dataclass(frozen=True)
class Root:
    """A column: its name, the elements of the schema that describe it, and its leaves, which have the chunks."""

    name: str
    elements: list[Struct]
    leaves: range


class Page(NamedTuple):
    """A page: where it lies, its number of values, None of a dictionary, and whether they are in that."""

    start: int
    stop: int
    values: int | None
    needs_dictionary: bool

    @property
    def size(self) -> int:
        return self.stop - self.start


@dataclass
class Chunk:
    """A column chunk: where it lies, the bytes that it becomes once it is decompressed, what the footer says of it,
    its page indexes, and where its Bloom filter lies."""

    start: int
    stop: int
    becomes: int
    told: bytes | Struct
    bounds: bytes | None = None
    offsets: Struct | None = None
    bloom: tuple[int, int] | None = None

    @property
    def struct(self) -> Struct:
        """What the footer says of it; to be read, and to be changed."""
        if isinstance(self.told, bytes):
            self.told = thrift.read(self.told, fields.CHUNK)[0]
        return self.told

    @property
    def metadata(self) -> Struct:
        return self.struct[fields.CHUNK_METADATA][1]

    @property
    def pages(self) -> list[Struct]:
        """The pages, as far as there is an index of them."""
        return (self.offsets or {}).get(fields.PAGES, (thrift.LIST, []))[1]

    def short(self) -> bytes | Struct:
        """What the footer says of it in bytes, which need less room; but where indexes may be added."""
        if not self.offsets:
            return self.told if isinstance(self.told, bytes) else thrift.write(self.told)
        self.struct[fields.CHUNK_METADATA] = thrift.STRUCT, thrift.write(self.metadata)
        return self.struct

    def move(self, start: int) -> None:
        """Have it described as it is at another place."""
        by, self.start, self.stop = start - self.start, start, start + self.stop - self.start
        if not by:
            return
        for struct, field in (
            (self.struct, fields.CHUNK_START),
            *((self.metadata, field) for field in (fields.PAGES_START, fields.INDEX_START, fields.DICTIONARY_START)),
            *((page, fields.PAGE_START) for page in self.pages),
        ):
            if number(struct, field) > 0:  # else it says nothing
                struct[field] = thrift.I64, struct[field][1] + by


class Carried:
    """Columns of a Parquet file, of some of its row groups, for an output that takes their chunks as they are.

    Attributes
    ----------
    columns : int
        How many.
    root : Struct
        What the schema of the file says of the whole.
    elements : list of Struct
        What it says of them.
    chosen : list of int
        Their numbers among the columns of the file.
    leaves : list of int
        Those of the leaves.
    groups : list of int
        The row groups that have rows.

    Raises
    ------
    SourceError
        If the footer lies: about chunks outside of the file, or in the place of others, or about numbers of rows.
    """

    def __init__(self, read: Read, footer: Footer, row_groups: Sequence[int], names: Collection[str]):
        self._read, self.footer, self._flat = read, footer, (Flat(), Flat())
        try:
            self.root, self._roots = _tree(footer.file.get(fields.FILE_SCHEMA, fields.NO_LIST), len(footer.leaves))
        except (LookupError, ValueError) as error:
            raise footer.corrupt("its schema is corrupt") from error
        self.chosen = [i for i, root in enumerate(self._roots) if root.name in names]
        roots = [self._roots[i] for i in self.chosen]
        self.elements = [element for root in roots for element in root.elements]
        self.columns = len(roots)
        self.leaves = [leaf for root in roots for leaf in root.leaves]
        self.groups = [group for group in row_groups if footer.rows[group]]
        self._check_rows()
        if self.leaves:
            self._check_chunks()

    @staticmethod
    def is_possible(footer: Footer) -> bool:
        """Whether the chunks of a file are, as its footer describes them, all that its columns are."""
        writer = footer.file.get(fields.FILE_WRITER)
        return footer.is_known and not (writer and _UNCOUNTED.match(thrift.content(writer)))

    def is_like(self, other: Carried) -> bool:
        """Whether one footer can describe both."""
        return other is self or self._told() == other._told()

    @property
    def most_rows(self) -> int:
        """The rows of the row group that has most."""
        return max(map(self.rows, self.groups), default=0)

    def rows(self, group: int) -> int:
        """The rows of a row group."""
        return self.footer.rows[group]

    @property
    def orders(self) -> list[Struct]:
        """How the values of the columns are ordered, leaf by leaf; nothing if the file does not say."""
        _, orders = self.footer.file.get(fields.FILE_ORDERS, (thrift.LIST, []))
        return [orders[leaf] for leaf in self.leaves] if len(orders) == len(self.footer.leaves) else []

    @property
    def described(self) -> tuple:
        """What its footer says of the columns of the file, and which of them these are."""
        told = (self.footer.file.get(field, fields.NO_LIST) for field in (fields.FILE_SCHEMA, fields.FILE_TEXTS))
        return *told, *self.chosen

    def arrow_fields(self) -> list[pa.Field] | None:
        """The columns as Arrow had them, if the file tells."""
        schema = _arrow_schema(self.footer.file.get(fields.FILE_TEXTS, fields.NO_LIST))
        is_of_all = schema is not None and len(schema) == len(self._roots)
        return [schema.field(i) for i in self.chosen] if is_of_all else None

    def group(self, group: int) -> tuple[Struct, list[Chunk]]:
        """What the footer says of a row group, and its chunks that are carried.

        Raises
        ------
        SourceError
            If there are other bytes than chunks or indexes where they should be.
        """
        struct, _ = thrift.read(self.footer.groups[group], UNREAD)
        _, chunks = struct.pop(fields.GROUP_CHUNKS)
        self._renumber_sorting(struct)
        return struct, [self._chunk(group, leaf, chunks[leaf]) for leaf in self.leaves]

    @property
    def is_of_rows(self) -> bool:
        """Whether it is one leaf, each value of which is a row, so that pages tell how many rows they have."""
        return len(self.leaves) == 1 and self.footer.leaves[self.leaves[0]].levels[0] == 0

    def pages(self, group: int) -> Iterator[Page]:
        """The pages of the one leaf of a row group."""
        (leaf,) = self.leaves
        at = 2 * self._place(group, leaf)
        at, stop = self.footer.extents[at : at + 2]
        while at < stop:
            page = self._page(leaf, at, stop)
            at = page.stop
            yield page

    def chunks_of(self, group: int) -> list[Struct]:
        """What the footer says of the chunks of a row group that are carried."""
        _, chunks = thrift.read(self.footer.groups[group], fields.GROUP)[0][fields.GROUP_CHUNKS]
        return [chunks[leaf] for leaf in self.leaves]

    def copy(self, start: int, stop: int, write: Callable[[bytes], object]) -> None:
        """Hand over the bytes at a place in the file, piece by piece."""
        while start < stop:
            data = self._read(min(stop - start, COPIED_BYTES), start)
            if not data:
                raise SourceError(f"{self.footer.name}: has become shorter while it was read")
            write(data)
            start += len(data)

    def _told(self) -> tuple:
        of_file = [self.footer.file.get(field) for field in (fields.FILE_WRITER, fields.FILE_ORDERS)]
        return self.chosen, self._roots, of_file

    def _check_rows(self) -> None:
        if not self.footer.is_consistent:
            told = number(self.footer.file, fields.FILE_ROWS)
            raise self.footer.corrupt(f"it says to have {told} rows, and {sum(self.footer.rows)} in its row groups")

    def _check_chunks(self) -> None:
        footer, spans = self.footer, []
        for group in self.groups:
            rows = footer.rows[group]
            for leaf in self.leaves:
                at = self._place(group, leaf)
                values, is_repeated = footer.values[at], footer.leaves[leaf].levels[0] > 0
                if values < rows or (values > rows and not is_repeated):
                    raise footer.corrupt_column(leaf, "has another number of values than of rows")
                spans.append((*footer.extents[2 * at : 2 * at + 2], leaf))
        spans.sort(key=itemgetter(0))
        before = 0
        for start, stop, leaf in spans:
            if start < before:
                what = "lies outside of the file" if start < 0 else "lies where another does"
                raise footer.corrupt_column(leaf, what)
            before = stop

    def _place(self, group: int, leaf: int) -> int:
        """The number of a chunk among all chunks of the file."""
        return group * len(self.footer.leaves) + leaf

    def _chunk(self, group: int, leaf: int, told: bytes) -> Chunk:
        footer, at = self.footer, self._place(group, leaf)
        chunk = Chunk(footer.extents[2 * at], footer.extents[2 * at + 1], footer.becomes[at], told)
        self._check_pages(leaf, chunk, footer.values[at])
        if at in footer.indexed:
            self._take_indexes(leaf, chunk)
            self._take_bloom(leaf, chunk)
        return chunk

    def _take_indexes(self, leaf: int, chunk: Chunk) -> None:
        """Read the page indexes of a chunk, whose description no longer tells of them then."""
        struct = chunk.struct
        offsets, bounds = ([number(struct, field) for field in pair] for pair in (fields.OFFSETS, fields.BOUNDS))
        for field in fields.INDEXES:
            struct.pop(field, None)
        if min(*offsets, *bounds) > 0:
            chunk.bounds = self._bytes(leaf, *bounds)
            chunk.offsets = self._struct(leaf, self._bytes(leaf, *offsets), {fields.PAGES: [{}]})
            for page in chunk.pages:
                if not chunk.start <= number(page, fields.PAGE_START) < chunk.stop:
                    raise self.footer.corrupt_column(leaf, "has an index of pages that lie elsewhere")

    def _take_bloom(self, leaf: int, chunk: Chunk) -> None:
        """As `_take_indexes`, of the Bloom filter."""
        start, size = (number(chunk.metadata, field) for field in fields.BLOOM)
        if min(start, size) > 0:
            self._must_be_inside(leaf, start, size)
            chunk.bloom = start, start + size
        for field in fields.BLOOM:
            chunk.metadata.pop(field, None)

    def _check_pages(self, leaf: int, chunk: Chunk, missing: int) -> None:
        """That a chunk has as many values as it is said to, in pages one behind the other."""
        at, stop = chunk.start, chunk.stop
        while missing > 0 and at < stop:
            page = self._page(leaf, at, stop)
            missing -= page.values or 0
            at = page.stop
        if missing:
            raise self.footer.corrupt_column(leaf, "has another number of values than its pages")

    def _page(self, leaf: int, start: int, stop: int) -> Page:
        """The page at a place, which ends before `stop`."""
        room, (head, part), values, encoding = HEADER_BYTES, self._flat, None, None
        while True:
            data = self._read(min(room, stop - start), start)
            try:
                at = start + head.read(data, 0)
                for field in fields.PAGES_OF_VALUES:
                    place = head.start(field, thrift.STRUCT)
                    if place >= 0:
                        part.read(data, place)
                        values = part.number(fields.PAGE_VALUES)
                        encoding = part.number(fields.PAGE_ENCODING[field])
                break
            except thrift.Malformed as error:
                if len(data) < room or room > LONG_HEADER_BYTES:
                    raise self.footer.corrupt_column(leaf, "has other bytes where a page begins") from error
                room <<= 8
        takes = head.number(fields.PAGE_TAKES)
        if not 0 <= takes <= stop - at:
            raise self.footer.corrupt_column(leaf, "has a page that does not end in its place")
        return Page(start, at + takes, values, encoding in fields.OF_DICTIONARY)

    def _bytes(self, leaf: int, start: int, size: int) -> bytes:
        self._must_be_inside(leaf, start, size)
        pieces: list[bytes] = []
        self.copy(start, start + size, pieces.append)
        return b"".join(pieces)

    def _must_be_inside(self, leaf: int, start: int, size: int) -> None:
        if start + size > self.footer.end:
            raise self.footer.corrupt_column(leaf, "has an index outside of the file")

    def _struct(self, leaf: int, data: bytes, shape: thrift.Shape) -> Struct:
        try:
            return thrift.read(data, shape)[0]
        except thrift.Malformed as error:
            raise self.footer.corrupt_column(leaf, "has an index that is none") from error

    def _renumber_sorting(self, group: Struct) -> None:
        """As far as a row group is sorted by columns that are carried."""
        _, keys = group.pop(fields.GROUP_SORTING, (thrift.LIST, []))
        carried = []
        for key in keys:
            leaf = number(key, fields.SORTED_BY)
            if leaf not in self.leaves:
                break
            carried.append(key | {fields.SORTED_BY: (thrift.I32, self.leaves.index(leaf))})
        if carried:
            group[fields.GROUP_SORTING] = thrift.LIST, carried


@lru_cache(maxsize=64)
def _arrow_schema(texts: tuple[int, bytes]) -> pa.Schema | None:
    """What Arrow's writers keep of a schema among key-value entries, if they do; these are the same in most files."""
    try:
        for text in thrift.structs(texts, {}):
            if thrift.content(text[fields.TEXT_KEY]) == ARROW_SCHEMA:
                message = base64.b64decode(thrift.content(text[fields.TEXT_VALUE]))
                return pa.ipc.read_schema(pa.py_buffer(message))
    except (pa.ArrowException, OSError, LookupError, ValueError):
        return None
    return None


@lru_cache(maxsize=64)
def _tree(schema: tuple[int, bytes], leaves: int) -> tuple[Struct, list[Root]]:
    """The columns of a file of so many leaves, from its schema, which is a tree: each element before its children.

    Raises
    ------
    LookupError, ValueError
        If it is none.
    """
    elements = thrift.structs(schema, {})
    roots, at, leaf = [], 1, 0
    for _ in range(_children(elements[0])):
        start, first, pending = at, leaf, 1
        while pending:
            children = _children(elements[at])
            pending += children - 1
            leaf += not children
            at += 1
        name = thrift.content(elements[start][fields.ELEMENT_NAME]).decode()
        roots.append(Root(name, elements[start:at], range(first, leaf)))
    if (at, leaf) != (len(elements), leaves):
        raise ValueError("a schema of other leaves")
    return elements[0], roots


def _children(element: Struct) -> int:
    return max(number(element, fields.ELEMENT_CHILDREN), 0)
