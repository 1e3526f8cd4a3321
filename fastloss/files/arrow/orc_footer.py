"""The types in the footer of an ORC file, before pyarrow is asked about them: it ends the process over some.

The end of a file is its postscript, a message of protocol buffers whose length is the last byte, and before it the
footer, another one, compressed as the postscript says: https://orc.apache.org/specification/ORCv1
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

import pyarrow as pa

from fastloss.files.errors import ScoringError

FOOTER_LENGTH, COMPRESSION = 1, 2  # fields of the postscript
TYPES = 4  # of the footer
KIND, PRECISION, SCALE = 1, 5, 6  # of a type
DECIMAL, MAX_DIGITS = 14, 38
MAX_BLOCK = 1 << 23  # bytes that a block may become


def check_types(file, name: str) -> None:
    """That decimals are such as Arrow has.

    Raises
    ------
    ScoringError
        If they are not, or the footer cannot be read.
    """
    try:
        types = [dict(_fields(value)) for field, value in _fields(_footer(file)) if field == TYPES]
        wrong = any(
            type.get(KIND) == DECIMAL and not type.get(SCALE, 0) <= type.get(PRECISION, MAX_DIGITS) <= MAX_DIGITS
            for type in types
        )
    except (LookupError, ValueError, TypeError, pa.ArrowException, zlib.error) as error:
        raise ScoringError(f"{name}: cannot be read as ORC: its end is corrupt, or no ORC file's") from error
    if wrong:
        raise ScoringError(f"{name}: cannot be read as ORC: a decimal has more than {MAX_DIGITS} digits")


def _footer(file) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(size - 1)
    length = file.read(1)[0]
    file.seek(size - 1 - length)
    postscript = dict(_fields(file.read(length)))
    length, start = postscript[FOOTER_LENGTH], size - 1 - length - postscript[FOOTER_LENGTH]
    file.seek(start)
    footer = file.read(length)
    compression = postscript.get(COMPRESSION, 0)
    return b"".join(_blocks(footer, _DECOMPRESS[compression])) if compression else footer


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The numbers and values of the fields of a message."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _number(message, at)
        else:
            length = {1: 8, 5: 4}.get(kind)
            if kind == 2:
                length, at = _number(message, at)
            if at + length > len(message):
                raise ValueError("a field goes on behind its message")
            value, at = message[at : at + length], at + length
        yield field, value


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value & (1 << 64) - 1, at


def _blocks(data: bytes, decompress) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 3], "little")
        block = data[at + 3 : at + 3 + (head >> 1)]
        yield block if head & 1 else decompress(block)
        at += 3 + (head >> 1)


def _zlib(block: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(block, MAX_BLOCK)


def _snappy(block: bytes) -> bytes:
    size, _ = _number(block, 0)
    if size > MAX_BLOCK:
        raise ValueError("a block is too large")
    return pa.decompress(block, size, "snappy", asbytes=True)


def _zstd(block: bytes) -> bytes:
    return pa.CompressedInputStream(pa.BufferReader(block), "zstd").read(MAX_BLOCK)


def _lz4(block: bytes) -> bytes:
    """Literals, then so many bytes from so far back, and again: of a footer these are few."""
    found, at = bytearray(), 0
    while at < len(block):
        token, at = block[at], at + 1
        count, at = _count(block, at, token >> 4)
        found += block[at : at + count]
        at += count
        if at < len(block):
            offset = int.from_bytes(block[at : at + 2], "little")
            count, at = _count(block, at + 2, token & 15)
            if not 0 < offset <= len(found) or len(found) + count > MAX_BLOCK:
                raise ValueError("a copy from before the block")
            for _ in range(count + 4):
                found.append(found[-offset])
    return bytes(found)


def _count(block: bytes, at: int, count: int) -> tuple[int, int]:
    if count == 15:
        while True:
            count, at = count + block[at], at + 1
            if block[at - 1] < 255:
                break
    return count, at


_DECOMPRESS = {1: _zlib, 2: _snappy, 4: _lz4, 5: _zstd}  # in the order of the specification; none reads LZO
