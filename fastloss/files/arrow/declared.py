"""What the compressed buffers of an Arrow IPC file or stream become, by what they say: read before pyarrow makes room;
and where those of its batches are.

Only the parts of the metadata (flatbuffers) that say this are read. What is malformed has no size here: pyarrow checks
it, and says what is wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

MAGIC = b"ARROW1"
CONTINUATION = 0xFFFFFFFF
DICTIONARY, BATCH = 2, 3  # of the messages
METADATA_BYTES = 1 << 28  # more than there is of any message
HEAD_BYTES = 1 << 11  # as long as most are
MALFORMED = struct.error, OSError, OverflowError, ValueError, IndexError  # it ends, or points elsewhere

Read = Callable[[int, int], bytes]  # of so many bytes from there on, fewer at the end


def declared_bytes(read: Read, size: int) -> Iterator[tuple[int, int]]:
    """The bytes that each message with compressed buffers takes and becomes, in a file of `size` bytes.

    Dictionaries, which are in memory together, count with those before them.
    """
    of_dictionaries = (0, 0)
    for message in _of_file(read, size) if read(0, len(MAGIC)) == MAGIC else _of_stream(read, size):
        try:
            offsets = _compressed(message.table)
            if not offsets:
                continue
            found = message.length, sum(_declared(read, message.body + offset) for offset in offsets)
            if message.table.number(1, "<B") == DICTIONARY:
                found = of_dictionaries = tuple(map(sum, zip(found, of_dictionaries, strict=True)))
        except MALFORMED:
            continue
        yield found


class Batch:
    """A record batch of a file: how many rows it has, and where its buffers are."""

    def __init__(self, table: _Table, body: int, length: int):
        self._table, self._body, self._length = table, body, length
        self.rows, self.is_compressed = table.number(0, "<q"), table.table(3) is not None

    def nulls(self, node: int) -> int:
        """How many there are in a column, or a part of it, by its number among all."""
        return self._nodes[node][1]

    def buffer(self, number: int) -> tuple[int, int]:
        """Where in the file one of the buffers begins, and its length."""
        start, length = self._buffers[number]
        if not 0 <= start <= start + length <= self._length:
            raise ValueError("a buffer is outside of the body")
        return self._body + start, length

    @cached_property
    def _nodes(self) -> list[tuple[int, int]]:
        return self._table.pairs(1)

    @cached_property
    def _buffers(self) -> list[tuple[int, int]]:
        return self._table.pairs(2)


def declared_batches(read: Read, size: int) -> list[Batch]:
    """The record batches of a file of `size` bytes, which is no stream; of those that tell."""
    found = []
    for message in _of_file(read, size):
        with suppress(*MALFORMED):
            batch = message.table.table(2)
            if batch is not None and message.table.number(1, "<B") == BATCH:
                found.append(Batch(batch, message.body, message.length))
    return found


def is_little_endian(read: Read, size: int) -> bool:
    """Whether the numbers of a file are stored so."""
    try:
        return _footer(read, size).table(1).number(0, "<h") == 0
    except (*MALFORMED, AttributeError):
        return False


class _Message(NamedTuple):
    """Its metadata, and where its body is."""

    table: _Table
    body: int
    length: int


def _of_stream(read: Read, size: int) -> Iterator[_Message]:
    start = 0
    while start < size:
        message = _message(read, start)
        if message is None:
            return
        yield message
        start = message.body + message.length


def _of_file(read: Read, size: int) -> Iterator[_Message]:
    """The messages that the footer lists: blocks of dictionaries, and of batches."""
    try:
        footer = _footer(read, size)
        for field in (2, 3):
            at, count = footer.vector(field)
            for i in range(count):
                message = _message(read, struct.unpack_from("<q", footer.data, at + 24 * i)[0])
                if message is not None:
                    yield message
    except MALFORMED:
        return


def _footer(read: Read, size: int) -> _Table:
    (length,) = struct.unpack("<i", read(size - 10, 4))
    return _Table.root(read(max(0, size - 10 - length), length))


def _message(read: Read, start: int) -> _Message | None:
    """The message that begins there; None if there is none."""
    try:
        head = read(start, HEAD_BYTES)
        first, second = struct.unpack_from("<II", head)
        before, length = (8, second) if first == CONTINUATION else (4, first)
        if not 0 < length < METADATA_BYTES:
            return None
        stop = before + length
        table = _Table.root(head[before:stop] if stop <= len(head) else read(start + before, length))
        return _Message(table, start + before + length, max(0, table.number(3, "<q")))
    except MALFORMED:
        return None


def _compressed(message: _Table) -> list[int]:
    """Where in the body the compressed buffers of a message begin."""
    kind = message.number(1, "<B")
    if kind not in (DICTIONARY, BATCH):
        return []
    batch = message.table(2)
    if kind == DICTIONARY and batch is not None:
        batch = batch.table(1)
    if batch is None or batch.table(3) is None:
        return []
    return [offset for offset, length in batch.pairs(2) if length > 8]


def _declared(read: Read, at: int) -> int:
    """A buffer begins with the length that it becomes; -1 is one that is not compressed."""
    return max(0, struct.unpack("<q", read(at, 8))[0])


class _Table:
    """A table of flatbuffers: fields by number, which may not be there."""

    def __init__(self, data: bytes, at: int):
        self.data, self._at = data, at
        self._fields = at - struct.unpack_from("<i", data, at)[0]
        (self._fields_bytes,) = struct.unpack_from("<H", data, self._fields) if self._fields >= 0 else (0,)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def _field(self, number: int) -> int | None:
        entry = 4 + 2 * number
        if entry + 2 > self._fields_bytes:
            return None
        (offset,) = struct.unpack_from("<H", self.data, self._fields + entry)
        return self._at + offset if offset else None

    def number(self, field: int, format: str) -> int:
        at = self._field(field)
        return 0 if at is None else struct.unpack_from(format, self.data, at)[0]

    def table(self, field: int) -> _Table | None:
        at = self._field(field)
        return None if at is None else _Table(self.data, at + struct.unpack_from("<I", self.data, at)[0])

    def vector(self, field: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many there are."""
        at = self._field(field)
        if at is None:
            return 0, 0
        at += struct.unpack_from("<I", self.data, at)[0]
        return at + 4, struct.unpack_from("<I", self.data, at)[0]

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """The elements of a vector of pairs of numbers of 64 bits."""
        at, count = self.vector(field)
        return list(struct.iter_unpack("<qq", self.data[at : at + 16 * count]))
