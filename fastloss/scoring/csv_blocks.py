"""CSV text in blocks of whole rows, whatever is inside quotes.

A field is quoted if a quote is its first character; a quote in the middle of a field means itself, two of them inside
quotes mean one, and a line may end with \\n, \\r\\n or \\r: the rules of pyarrow's, pandas' and Python's own parser.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

import numpy as np

QUOTE = b'"'
MAX_ROW_BYTES = 1 << 28  # a row is in memory as a whole

LINE_END = re.compile(rb"\r\n?|\n")


class OpenQuote(Exception):
    """The text ends, or has gone on for too long, inside quotes that open in the row after the blocks so far."""


class LongRow(Exception):
    """The row after the blocks so far is longer than can be read."""


def blocks(read: Callable[[int], bytes], separator: str, size: int) -> Iterator[bytes]:
    """The text that `read(bytes)` gives, in blocks of whole rows and of about `size` bytes, or of one longer row."""
    rest = b""
    while data := read(max(size, len(rest))):  # twice as much each time that no row ends
        text = rest + data
        spans = _quoted(text, separator)
        end = _end_of_rows(text, spans)
        if end:
            yield text[:end]
        elif len(text) > MAX_ROW_BYTES:
            raise OpenQuote if _is_open(text, spans) else LongRow
        rest = text[end:]
    if _is_open(rest, _quoted(rest, separator)):
        raise OpenQuote
    if rest:
        yield rest


def first_row(block: bytes, separator: str) -> tuple[bytes, bytes]:
    """The first row of a block that is not an empty line, and the rest."""
    block = block.lstrip(b"\r\n")
    stop = 0
    for start, end in zip(*_quoted(block, separator), strict=True):
        found = LINE_END.search(block, stop, start)
        if found:
            break
        stop = end
    else:
        found = LINE_END.search(block, stop)
    split = found.end() if found else len(block)
    return block[:split], block[split:]


def utf8_reader(file, encoding: str) -> Callable[[int], bytes]:
    """A function that reads about so many bytes of a file as UTF-8, without a byte order mark; none at the end only.

    UTF-16 that begins with the mark is known by it.
    """
    head, encoding = file.read(len(codecs.BOM_UTF8)), codecs.lookup(encoding).name.removesuffix("-sig")
    if encoding == "utf-8" and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if encoding == "utf-8":
        return _reader(file, b"" if head == codecs.BOM_UTF8 else head)
    read_bytes, decoder = _reader(file, head), codecs.getincrementaldecoder(encoding)()

    def read(size: int) -> bytes:
        while True:  # until there is a whole character
            data = read_bytes(size)
            text = decoder.decode(data, final=not data)
            if text or not data:
                return text.encode()

    return read


def _reader(file, head: bytes) -> Callable[[int], bytes]:
    """A function that reads a file of which `head` was read before."""

    def read(size: int) -> bytes:
        nonlocal head
        data, head = head + file.read(size), b""
        return data

    return read


def _quoted(text: bytes, separator: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the quoted parts of fields begin, and where they end; one that is open ends behind the text.

    If the first quote of all opens, the second closes, and so on, then every one that opens is the first character of
    a field, or comes right after one that closed: the two mean a quote. Otherwise some are in the middle of fields.
    """
    data = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(data == ord(QUOTE))
    starts, ends = quotes[::2], quotes[1::2] + 1
    if not len(quotes):
        return starts, ends
    precedes = np.zeros(256, bool)
    precedes[list(b"\r\n" + separator.encode())] = True
    begins = precedes[data[starts - 1]]
    begins[0] |= starts[0] == 0
    begins[1:] |= starts[1:] == ends[: len(starts) - 1]
    if begins.all():
        return starts, ends if len(ends) == len(starts) else np.append(ends, len(text) + 1)
    return _searched(text, separator)


def _searched(text: bytes, separator: str) -> tuple[np.ndarray, np.ndarray]:
    """As `_quoted`, one field after the other."""
    pattern = re.compile(rb'[%s\r\n]"[^"]*+(?:""[^"]*+)*+("?)' % re.escape(separator.encode()))
    line = b"\n" + text  # so that a field is always after something
    found = [(match.start(), match.end() - 1 if match[1] else len(text) + 1) for match in pattern.finditer(line)]
    starts, ends = np.array(found, np.int64).reshape(-1, 2).T
    return starts, ends


def _end_of_rows(text: bytes, spans: tuple[np.ndarray, np.ndarray]) -> int:
    """Where the last line that ends outside quotes does."""
    stop = len(text)
    for start, end in zip(*(part[::-1] for part in spans), strict=True):
        found = _last_line_end(text, int(end), stop)
        if found:
            return found
        stop = int(start)
    return _last_line_end(text, 0, stop)


def _last_line_end(text: bytes, start: int, stop: int) -> int:
    return max(text.rfind(b"\n", start, stop), text.rfind(b"\r", start, stop)) + 1


def _is_open(text: bytes, spans: tuple[np.ndarray, np.ndarray]) -> bool:
    return any(spans[1][-1:] > len(text))
