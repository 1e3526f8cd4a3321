"""The footer of a Parquet file, looked at before pyarrow is asked about column chunks: where their descriptions are
corrupt, that ends the process (an exception of C++ that pyarrow 26 does not expect there).

It is written in Thrift's compact protocol (github.com/apache/thrift, thrift-compact-protocol.md); the numbers of fields
are those of parquet.thrift of the Parquet format. pyarrow has read the footer before; its own writing of what it has
read is no way to look at it, as that may end the process as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet

from fastloss.files.errors import ScoringError

TAIL_BYTES = 8  # at the end of a file: the length of the footer, and PAR1
BYTE, DOUBLE, BINARY, LIST, STRUCT = 3, 7, 8, 9, 12  # kinds; the others, of which Parquet has any, are integers
BOOLEANS = 1, 2  # true and false, which fields hold in their kinds, and lists as bytes

Handler = Callable[[bytes, int, int], int]


def check_chunks(file, schema: pa.parquet.ParquetSchema, name: str) -> None:
    """Raise ScoringError if a file describes a column chunk so that pyarrow cannot be asked about it."""
    file.seek(-TAIL_BYTES, os.SEEK_END)
    size = int.from_bytes(file.read(TAIL_BYTES)[:4], "little")
    file.seek(-TAIL_BYTES - size, os.SEEK_END)
    try:
        _Chunks(schema, name).file(file.read(size), 0)
    except (IndexError, RecursionError) as error:
        raise ScoringError(f"{name}: cannot be read as Parquet: its footer is corrupt") from error
    file.seek(0)


class _Chunks:
    """A walk through all column chunks"""

    def __init__(self, schema: pa.parquet.ParquetSchema, name: str):
        leaves = [schema.column(i) for i in range(len(schema))]
        self._paths = [leaf.path for leaf in leaves]
        self._levels = [(leaf.max_repetition_level, leaf.max_definition_level) for leaf in leaves]
        self._are_bytes = [leaf.physical_type == "BYTE_ARRAY" for leaf in leaves]
        self._name, self._column = name, 0
        self._of_group = {1: _each(self._chunk)}
        self._of_chunk = {3: self._metadata, 8: self._encrypted}
        self._of_metadata = {16: self._sizes}
        self._of_sizes = {1: self._unencoded, 2: self._histogram(0), 3: self._histogram(1)}

    def file(self, data: bytes, at: int) -> int:
        return _struct(data, at, {4: _each(self._group)})

    def _group(self, data: bytes, at: int) -> int:
        self._column = 0
        return _struct(data, at, self._of_group)

    def _chunk(self, data: bytes, at: int) -> int:
        if self._column == len(self._paths):
            raise ScoringError(f"{self._name}: a row group has more columns than the file has")
        at = _struct(data, at, self._of_chunk)
        self._column += 1
        return at

    def _metadata(self, data: bytes, at: int, kind: int) -> int:
        return _struct(data, at, self._of_metadata)

    def _sizes(self, data: bytes, at: int, kind: int) -> int:
        return _struct(data, at, self._of_sizes)

    def _encrypted(self, data: bytes, at: int, kind: int) -> int:
        raise ScoringError(f"{self._name}: column {self._path!r} is encrypted, which is not read")

    def _unencoded(self, data: bytes, at: int, kind: int) -> int:
        if not self._are_bytes[self._column]:
            raise self._corrupt("has bytes of texts, but holds none")
        return _skip(data, at, kind)

    def _histogram(self, which: int) -> Handler:
        def check(data: bytes, at: int, kind: int) -> int:
            size, levels = _list_size(data, at)[0], self._levels[self._column][which] + 1
            if size not in (0, levels):
                raise self._corrupt(f"has a histogram of {size} levels, and {levels} levels")
            return _skip(data, at, kind)

        return check

    @property
    def _path(self) -> str:
        return self._paths[self._column]

    def _corrupt(self, what: str) -> ScoringError:
        return ScoringError(f"{self._name}: cannot be read as Parquet: column {self._path!r} {what}: it is corrupt")


def _struct(data: bytes, at: int, handlers: dict[int, Handler]) -> int:
    """The place behind a struct; its fields go to those who handle them."""
    number = 0
    while head := data[at]:
        at += 1
        if head < 16:
            zigzag, at = _varint(data, at)
            number = (zigzag >> 1) ^ -(zigzag & 1)
        else:
            number += head >> 4
        at = handlers.get(number, _skip)(data, at, head & 15)
    return at + 1


def _each(element: Callable[[bytes, int], int]) -> Handler:
    """Handles a list of structs, each by `element`."""

    def handle(data: bytes, at: int, kind: int) -> int:
        size, at = _list_size(data, at)
        for _ in range(size):
            at = element(data, at)
        return at

    return handle


def _skip(data: bytes, at: int, kind: int) -> int:
    """The place behind a value."""
    if kind in BOOLEANS:
        return at
    if kind == BYTE:
        return at + 1
    if kind == DOUBLE:
        return at + 8
    if kind == BINARY:
        size, at = _varint(data, at)
        return at + size
    if kind == STRUCT:
        return _struct(data, at, {})
    if kind == LIST:
        element = data[at] & 15
        size, at = _list_size(data, at)
        if element in BOOLEANS:
            return at + size
        for _ in range(size):
            at = _skip(data, at, element)
        return at
    while data[at] > 127:
        at += 1
    return at + 1


def _list_size(data: bytes, at: int) -> tuple[int, int]:
    size = data[at] >> 4
    return _varint(data, at + 1) if size == 15 else (size, at + 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] > 127:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1
