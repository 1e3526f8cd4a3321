"""CSV text, parsed: a header, and tables of some of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.csv

from fastloss.exact import picked
from fastloss.files.csv.blocks import (
    MAX_ROW_BYTES,
    Block,
    LongRow,
    OpenQuote,
    blocks,
    fields,
    first_row,
    lines,
    row_ends,
    utf8_reader,
)
from fastloss.files.csv.options import CsvOptions
from fastloss.files.errors import RowError, ScoringError
from fastloss.files.reading import TEXT, reading, shown

ROWS = "the rows\n"  # name of a column of the rows' own text, each of which begins with the end of the line before
HEADER, LINE_END = b"header", b"line end"  # metadata of its field: the text of the first row, with a byte order mark

PARALLEL_BYTES = 1 << 20  # of a block without quotes, in which every line is a row

# What files that are called .csv and are none begin with
PACKED = {
    b"\x1f\x8b": ("compressed by gzip", "call it .csv.gz"),
    b"\x28\xb5\x2f\xfd": ("compressed by Zstandard", "call it .csv.zst"),
    b"PK\x03\x04": ("a ZIP archive or a workbook", "take the text out of it"),
    b"BZh91AY&SY": ("compressed by bzip2", "decompress it"),
    b"\xfd7zXZ\0": ("compressed by xz", "decompress it"),
}
PACKED_BYTES = max(map(len, PACKED))

EXCEL = re.compile(rb'"?sep=([!-~ \t])"?', re.IGNORECASE)  # a line that tells it the separator
EMPTY_LINES = re.compile(rb"[\r\n]*\Z")


class CsvText:
    """CSV text with a header line, which can be read once.

    Attributes
    ----------
    header : list of str
        The names of the columns.
    separator : str
        Between its fields.
    rows : int
        How many there were before the table that was read last.
    row_field : pa.Field
        The column of the rows' own text.
    """

    def __init__(self, path: str, file, options: CsvOptions, block_bytes: int):
        self._options, self.separator = options, options.separator_of(path)
        self._place = f"{shown(path)}: cannot be read as CSV"
        self._path, self.header, self.rows = path, None, 0
        with self._reading():
            options.check_separator(self.separator)
            read, mark = utf8_reader(file, options.encoding)
            self._blocks = blocks(read, self.separator, block_bytes)
            first = next(self._blocks, Block(b"", False))
            self._check_text(bytes(first.text[:PACKED_BYTES]))
            row, rest = first_row(bytes(first.text), self.separator)
            self._rest = Block(rest, first.has_quotes)
            if not row:
                raise ScoringError(f"{self._place}: there is no header line, the file is empty")
            header = row.rstrip(b"\r\n")
            if mark_of_excel := EXCEL.fullmatch(header):
                raise ScoringError(
                    f"{self._place}: its first line, {header.decode()!r}, is for Excel: remove it, and give "
                    f"the separator {mark_of_excel[1].decode()!r}"
                )
            self.header = self._names(row)
            self._line_end = row[len(header) :] or b"\n"
            told = {HEADER: mark + header, LINE_END: self._line_end}
            self.row_field = pa.field(ROWS, pa.large_binary(), metadata=told)

    def tables(self, types: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
        """These columns, a block at a time; all are binary from the first one that holds what its type does not.

        Raises
        ------
        RowError
            If a row has too few fields or too many, or a quote is never closed.
        """
        first = {name: str(number) for number, name in reversed(list(enumerate(self.header)))}
        indices = [first[name] for name in types]
        with self._reading():
            for block in chain([self._rest], self._blocks):
                if EMPTY_LINES.match(block.text):
                    if self._line_end + block.text[:1] == b"\r\n":  # the end of one line, cut in two
                        self._line_end = b"\r\n"
                    continue
                try:
                    table = self._parsed(block, dict(zip(indices, types.values(), strict=True)))
                except pa.ArrowInvalid:
                    types = dict.fromkeys(types, pa.binary())
                    table = self._parsed_row_by_row(block, indices)
                self._block, self._block_rows = block, len(table)
                yield table.rename_columns(list(types))
                self.rows += len(table)

    def row_texts(self, rows: int) -> pa.Array:
        """The rows of the table that was read last, as they are: each after what ends the line before it."""
        text = self._line_end + self._block.text
        ends = row_ends(text, len(self._line_end), rows, self.separator)
        if len(ends) != rows:
            raise self._other_ends(rows, ends)
        self._line_end = text[ends[-1] :] or self._line_end
        offsets = pa.py_buffer(np.append(0, ends))
        return pa.Array.from_buffers(pa.large_binary(), rows, [None, offsets, pa.py_buffer(text)])

    def texts(self, rows: np.ndarray) -> pa.Table:
        """Some rows of the table that was read last, by their numbers in it: as they are, without the ends of lines."""
        found = lines(self._block.text, rows, self._block_rows)
        if found is None:
            text = b"\n" + self._block.text
            ends = row_ends(text, 1, self._block_rows, self.separator)
            if len(ends) != self._block_rows:
                raise self._other_ends(self._block_rows, ends)
            starts = np.append(0, ends[:-1])
            found = [text[starts[row] : ends[row]].strip(b"\r\n") for row in rows.tolist()]
        field = pa.field(TEXT, pa.binary(), metadata={HEADER: self.row_field.metadata[HEADER]})
        return pa.table([picked.column(found, pa.binary())], schema=pa.schema([field]))

    def _other_ends(self, rows: int, ends: np.ndarray) -> ScoringError:
        return ScoringError(f"{self._place}: {rows} rows have {len(ends)} ends: double the quotes inside of fields")

    def _parsed(self, block: Block, types: dict[str, pa.DataType], on_wrong_row=None) -> pa.Table:
        """Columns, called by their numbers, for there may be two of one name; an empty field is null, "" is not."""
        parallel = on_wrong_row is None and not block.has_quotes
        return pa.csv.read_csv(
            pa.BufferReader(block.text),
            read_options=pa.csv.ReadOptions(
                block_size=PARALLEL_BYTES if parallel else len(block.text) + 1,
                use_threads=on_wrong_row is None,
                column_names=[str(i) for i in range(len(self.header))],
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.separator, newlines_in_values=not parallel, invalid_row_handler=on_wrong_row
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                decimal_point=self._options.decimal,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def _parsed_row_by_row(self, block: Block, indices: list[str]) -> pa.Table:
        """As `_parsed`, so that a row of another length is found."""
        wrong = []

        def on_wrong_row(row):
            wrong.append(row)
            return "error"

        handler = on_wrong_row if _is_utf8(block.text) else None  # pyarrow hands over rows as text
        try:
            return self._parsed(block, dict.fromkeys(indices, pa.binary()), handler)
        except pa.ArrowInvalid as error:
            if not wrong:
                raise
            row, names = wrong[0], self.header
            short = row.actual_columns < len(names)
            extent = f"there is no {names[row.actual_columns]!r}" if short else f"the last column is {names[-1]!r}"
            before = f"{self._place}: expected {len(names)} fields, found {row.actual_columns}"
            raise RowError(before, self.rows + row.number - 1, f": {extent}") from error

    def _check_text(self, begin: bytes) -> None:
        """That a file is text, and its characters are bytes, as far as its first bytes tell."""
        for mark, (kind, advice) in PACKED.items():
            if begin.startswith(mark):
                raise ScoringError(f"{self._place}: it is {kind}, and no text: {advice}")
        if b"\0" in begin[:2]:
            raise ScoringError(f"{self._place}: its characters have two bytes: give the encoding, such as utf-16-le")

    def _names(self, row: bytes) -> list[str]:
        """The fields of a row: to pyarrow each is a column, which takes kilobytes."""
        return [field.decode() for field in fields(row.rstrip(b"\r\n"), self.separator)]

    @contextmanager
    def _reading(self):
        """As `reading`; what is wrong with quotes and with the encoding is said as well."""
        in_header = self.header is None
        try:
            with reading(self._path, "csv"):
                yield
        except OpenQuote as error:
            if in_header:
                raise ScoringError(f"{self._place}: a quote that opens in the header is never closed") from error
            raise RowError(f"{self._place}: a quote that opens", self.rows, " is never closed") from error
        except LongRow as error:
            raise RowError(f"{self._place}: the text", self.rows, f" goes on for {MAX_ROW_BYTES} bytes") from error
        except UnicodeError as error:
            where = "the header" if in_header else "the text"
            raise ScoringError(
                f"{self._place}: {where} is not {error.encoding}: give the encoding, such as latin-1 or cp1252"
            ) from error


def _is_utf8(text: bytes | bytearray | memoryview) -> bool:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
