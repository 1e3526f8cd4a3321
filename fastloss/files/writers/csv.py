"""Arrow record batches as CSV text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fastloss.exact.rows import times
from fastloss.files.arrow.columns import decoded
from fastloss.files.arrow.group_keys import as_printed
from fastloss.files.csv.text import HEADER, LINE_END, ROWS
from fastloss.files.errors import ScoringError
from fastloss.files.writers.sinks import Sink

TEXT = pa.large_binary()  # not text: what is not UTF-8 is written as it was read


def _field(text: bytes) -> pa.Array:
    """A column of one; `pa.array` and `pa.scalar` would import pandas, which takes most of a second."""
    offsets = pa.py_buffer(np.array([0, len(text)], np.int64))
    return pa.Array.from_buffers(TEXT, 1, [None, offsets, pa.py_buffer(text)])


NOTHING, QUOTE, NEW_LINE, QUOTED_NOTHING = (_field(text)[0] for text in (b"", b'"', b"\n", b'""'))


class CsvSink(Sink):
    """CSV with a header line: a null is an empty field, an empty text is "", and a field is quoted where it has to be.

    In a file of one column a null is "" too: an empty line is no row to most readers. Rows of a CSV file come as the
    text that they are (ROWS), and the emitted columns go behind it. Intervals and periods of pandas are what it prints,
    durations are as in groups, PT1.5S: their number alone would not tell the unit.
    """

    def __init__(self, file, schema: pa.Schema, separator: str):
        self._file, self._schema, self._separator = file, schema, _field(separator.encode())[0]
        self._null = '""' if len(schema) == 1 else ""
        self._marks = [mark.encode() for mark in ('"', "\n", "\r", separator)]
        for field in schema:
            try:
                _text(as_printed(pa.nulls(1, field.type), field, field.name))  # of none pyarrow casts what there is
            except pa.ArrowException as error:
                raise ScoringError(
                    f"column {field.name!r} holds {field.type}, which CSV cannot: "
                    "choose another format, or keep fewer columns"
                ) from error
        names = [_field(name.encode()) if name else pa.nulls(1, TEXT) for name in schema.names]
        self._has_rows, self._last = schema.names[0] == ROWS, b""
        if self._has_rows:
            told = schema.field(0).metadata
            names[0], self._last = _field(told[HEADER]), told[LINE_END]
        self._write(names)

    def write(self, batch: pa.RecordBatch) -> None:
        named = zip(batch.columns, self._schema, strict=True)
        self._write([as_printed(column, field, field.name) for column, field in named])

    def close(self) -> None:
        self._file.write(self._last)

    def _write(self, columns: Sequence[pa.Array]) -> None:
        as_they_are = 1 if self._has_rows else 0
        fields = list(columns[:as_they_are])
        for column in columns[as_they_are:]:
            fields.append(_text(column) if _is_number(column.type) else self._quoted(_text(column)))
        missing = {"null_handling": "replace", "null_replacement": self._null}
        lines = pc.binary_join_element_wise(*fields, self._separator, **missing)
        if not self._has_rows:  # which begin with the ends of the lines before
            lines = pc.binary_join_element_wise(lines, NOTHING, NEW_LINE)
        self._file.write(_bytes(lines))

    def _quoted(self, text: pa.Array) -> pa.Array:
        """Fields in quotes where a reader would take them for something else."""
        data = _bytes(text).to_pybytes()
        if any(mark in data for mark in self._marks):
            pattern = "[" + re.escape(b"".join(self._marks).decode()) + "]"
            inside = pc.replace_substring(text, '"', '""')
            quoted = pc.binary_join_element_wise(QUOTE, inside, QUOTE, NOTHING)
            text = pc.if_else(pc.match_substring_regex(text, pattern), quoted, text)
        empty = pc.equal(text, NOTHING)
        return pc.if_else(empty, QUOTED_NOTHING, text) if pc.any(empty).as_py() else text


def _is_number(type: pa.DataType) -> bool:
    return pa.types.is_integer(type) or pa.types.is_floating(type)


def _text(array: pa.Array) -> pa.Array:
    array = decoded(array)
    if pa.types.is_duration(array.type):
        each = array.dictionary_encode()
        array = pa.array(times(each.dictionary), pa.large_string()).take(each.indices)
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    if not any(of_kind(array.type) for of_kind in binary):
        array = array.cast(pa.large_string())
    return array.cast(TEXT)


def _bytes(text: pa.Array) -> pa.Buffer:
    """All elements, one after the other."""
    _, offsets, data = text.buffers()
    if not len(text):
        return pa.py_buffer(b"")
    offsets = memoryview(offsets).cast("q")
    first, last = offsets[text.offset], offsets[text.offset + len(text)]
    return data.slice(first, last - first)
