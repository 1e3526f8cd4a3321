"""Arrow record batches as CSV text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from fastloss.files.errors import ScoringError
from fastloss.files.writers.sinks import Sink

TEXT = pa.large_binary()  # not text: what is not UTF-8 is written as it was read
NOTHING, QUOTE, LINE_END = (pa.scalar(text, TEXT) for text in (b"", b'"', b"\n"))


class CsvSink(Sink):
    """CSV with a header line: a null is an empty field, an empty text is "", and a field is quoted where it has to be.

    In a file of one column a null is "" too: an empty line is no row to most readers.
    """

    def __init__(self, file, schema: pa.Schema, separator: str):
        self._file, self._separator = file, pa.scalar(separator.encode(), TEXT)
        self._null = '""' if len(schema) == 1 else ""
        self._marks = [mark.encode() for mark in ('"', "\n", "\r", separator)]
        for field in schema:
            try:
                _text(pa.nulls(1, field.type))  # of no rows pyarrow casts whatever there is
            except pa.ArrowException as error:
                raise ScoringError(
                    f"column {field.name!r} holds {field.type}, which CSV cannot: "
                    "choose another format, or keep fewer columns"
                ) from error
        self._write([pa.array([name or None], pa.string()) for name in schema.names])

    def write(self, batch: pa.RecordBatch) -> None:
        self._write(batch.columns)

    def _write(self, columns: Sequence[pa.Array]) -> None:
        fields = [_text(column) if _is_number(column.type) else self._quoted(_text(column)) for column in columns]
        missing = {"null_handling": "replace", "null_replacement": self._null}
        lines = pc.binary_join_element_wise(*fields, self._separator, **missing)
        self._file.write(_bytes(pc.binary_join_element_wise(lines, NOTHING, LINE_END)))

    def _quoted(self, text: pa.Array) -> pa.Array:
        """Fields in quotes where a reader would take them for something else."""
        data = _bytes(text).to_pybytes()
        if any(mark in data for mark in self._marks):
            pattern = "[" + re.escape(b"".join(self._marks).decode()) + "]"
            inside = pc.replace_substring(text, '"', '""')
            quoted = pc.binary_join_element_wise(QUOTE, inside, QUOTE, NOTHING)
            text = pc.if_else(pc.match_substring_regex(text, pattern), quoted, text)
        empty = pc.equal(text, NOTHING)
        return pc.if_else(empty, pa.scalar(b'""', TEXT), text) if pc.any(empty).as_py() else text


def _is_number(type: pa.DataType) -> bool:
    return pa.types.is_integer(type) or pa.types.is_floating(type)


def _text(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
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
