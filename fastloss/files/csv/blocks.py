"""CSV text in blocks of whole rows, whatever is inside quotes.

A field is quoted if a quote is its first character; a quote in the middle of a field means itself, two of them inside
quotes mean one, and a line may end with \\n, \\r\\n or \\r: the rules of pyarrow's, pandas' and Python's own parser.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from fastloss.files.csv.marks import new_lines, quoted_parts

QUOTE = b'"'
MAX_ROW_BYTES = 1 << 28  # a row is in memory as a whole
PIECE_BYTES = 1 << 18

LINE_END = re.compile(rb"\r\n?|\n")


class OpenQuote(Exception):
    """The text ends, or has gone on for too long, inside quotes that open in the row after the blocks so far."""


class LongRow(Exception):
    """The row after the blocks so far is longer than can be read."""


class Block(NamedTuple):
    """Whole rows of text, and whether some of their fields are quoted."""

    text: bytes | memoryview
    has_quotes: bool


def blocks(read: Callable[[int], bytes], separator: str, size: int) -> Iterator[Block]:
    """The text that `read(bytes)` gives, in blocks of whole rows and of about `size` bytes, or of one longer row.

    A block is there until the next one is asked for: they share their memory, as fresh pages cost more than the copy.
    """
    buffer, filled, pieces = bytearray(size), 0, _Pieces(read)
    while more := pieces.fill(buffer, filled):
        filled += more
        spans = quoted_parts(buffer, filled, ord(separator))
        end = _end_of_rows(buffer, filled, spans)
        if end:
            yield Block(memoryview(buffer)[:end], len(spans[0]) > 0)
            buffer[: filled - end] = buffer[end:filled]
            filled -= end
        elif filled >= MAX_ROW_BYTES:
            raise OpenQuote if _is_open(filled, spans) else LongRow
        elif filled == len(buffer):
            buffer = buffer + bytes(filled)  # twice as long: what is looked through again adds up to the text's length
    spans = quoted_parts(buffer, filled, ord(separator))
    if _is_open(filled, spans):
        raise OpenQuote
    if filled:
        yield Block(memoryview(buffer)[:filled], len(spans[0]) > 0)


class _Pieces:
    """Text in pieces that stay in the cache until they are where they belong."""

    def __init__(self, read: Callable[[int], bytes]):
        self._read, self._rest = read, b""

    def fill(self, buffer: bytearray, start: int) -> int:
        """Fill a buffer from `start` on; the number of bytes, fewer than there is room for at the end of the text."""
        stop = start
        while stop < len(buffer):
            piece = self._rest or self._read(PIECE_BYTES)
            if not piece:
                break
            taken, self._rest = piece[: len(buffer) - stop], piece[len(buffer) - stop :]
            buffer[stop : stop + len(taken)] = taken
            stop += len(taken)
        return stop - start


def lines(text: bytes | memoryview, numbers: np.ndarray, count: int) -> list[bytes] | None:
    """The lines of text that have these numbers; None if its lines are not so many, or some end with a return."""
    whole = text.obj if isinstance(text, memoryview) else text
    if whole.find(b"\r", 0, len(text)) >= 0:
        return None
    ends = _line_ends(text, 0)
    if len(ends) != count:
        return None
    starts = np.append(0, ends[:-1] + 1)
    return [bytes(text[start:end]) for start, end in zip(starts[numbers], ends[numbers], strict=True)]


def row_ends(text: bytes, start: int, rows: int, separator: str) -> np.ndarray:
    """Where each of so many rows ends that begin at `start`, after the end of a line: before what ends its own."""
    data = np.frombuffer(text, np.uint8)
    ends = _line_ends(text, start)
    if len(ends) == rows and ends[0] > start:  # all are of rows if each return is before one
        if text.find(b"\r", start) < 0:
            return ends
        has_return = data[ends - 1] == ord("\r")
        if np.count_nonzero(has_return) == text.count(b"\r", start):
            return ends - has_return
    is_end = (data == ord("\n")) | (data == ord("\r"))  # in quotes too, and those of empty lines
    ends = np.flatnonzero(is_end[1:] > is_end[:-1]) + 1
    if not is_end[-1]:
        ends = np.append(ends, len(text))
    if len(ends) > rows:
        starts, stops = quoted_parts(text, len(text), ord(separator))
        before = np.searchsorted(starts, ends, "right")
        ends = ends[(before == 0) | (ends >= np.append(0, stops)[before])]
    return ends


def first_row(text: bytes, separator: str) -> tuple[bytes, bytes]:
    """The first row of text that is not an empty line, and the rest."""
    text = text.lstrip(b"\r\n")
    stop = 0
    for start, end in zip(*quoted_parts(text, len(text), ord(separator)), strict=True):
        found = LINE_END.search(text, stop, start)
        if found:
            break
        stop = end
    else:
        found = LINE_END.search(text, stop)
    split = found.end() if found else len(text)
    return text[:split], text[split:]


def fields(row: bytes, separator: str) -> list[bytes]:
    """The fields of a row without its line end."""
    found, field, stop = [], b"", -1
    starts, ends = quoted_parts(row, len(row), ord(separator))
    for start, end in zip([*starts, len(row)], [*ends, len(row)], strict=True):
        first, *others = row[max(stop, 0) : start].split(separator.encode())
        field += first
        for other in others:
            found.append(field)
            field = other
        field += row[start + 1 : end - 1].replace(QUOTE * 2, QUOTE)
        stop = end
    return [*found, field]


def utf8_reader(file, encoding: str) -> tuple[Callable[[int], bytes], bytes]:
    """A function that reads about so many bytes of a file as UTF-8, without a byte order mark; none at the end only.
    And the mark, where the file is UTF-8 with one.

    UTF-16 that begins with the mark is known by it.
    """
    head, encoding = file.read(len(codecs.BOM_UTF8)), codecs.lookup(encoding).name.removesuffix("-sig")
    if encoding == "utf-8" and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if encoding == "utf-8":
        mark = head if head == codecs.BOM_UTF8 else b""
        return _reader(file, head.removeprefix(mark)), mark
    read_bytes, decoder = _reader(file, head), codecs.getincrementaldecoder(encoding)()

    def read(size: int) -> bytes:
        while True:  # until there is a whole character
            data = read_bytes(size)
            text = decoder.decode(data, final=not data)
            if text or not data:
                return text.encode()

    return read, b""


def _reader(file, head: bytes) -> Callable[[int], bytes]:
    """A function that reads a file of which `head` was read before."""

    def read(size: int) -> bytes:
        nonlocal head
        data, head = head + file.read(size), b""
        return data

    return read


def _line_ends(text: bytes | memoryview, start: int) -> np.ndarray:
    """Where the lines of text end, from `start` on; a return alone ends the last one only."""
    ends = new_lines(text, start)
    return ends if text[-1:] in (b"\n", b"\r") else np.append(ends, len(text))


def _end_of_rows(text: bytearray, length: int, spans: tuple[np.ndarray, np.ndarray]) -> int:
    """Where the last line that ends outside quotes does."""
    stop = length
    for start, end in zip(*(part[::-1] for part in spans), strict=True):
        found = _last_line_end(text, int(end), stop)
        if found:
            return found
        stop = int(start)
    return _last_line_end(text, 0, stop)


def _last_line_end(text: bytearray, start: int, stop: int) -> int:
    return max(text.rfind(b"\n", start, stop), text.rfind(b"\r", start, stop)) + 1


def _is_open(length: int, spans: tuple[np.ndarray, np.ndarray]) -> bool:
    return any(spans[1][-1:] > length)
