"""CSV text as record batches."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fastloss.core import arguments
from fastloss.exact.fields import Column, Texts, first_wrong, instants, numbers, whole_numbers
from fastloss.files.arrow import columns
from fastloss.files.arrow.masks import met
from fastloss.files.conditions import Condition, Value
from fastloss.files.csv.text import HEADER, ROWS, CsvText
from fastloss.files.errors import FieldError
from fastloss.files.matching import Source
from fastloss.files.reading import cut, shown
from fastloss.files.spec import Spec

CSV_BLOCK_BYTES = 4 << 20
# Of numbers in other languages than what was given
MARKS: tuple[dict[str, str], ...] = (
    {"decimal": ","},
    {"decimal": ",", "thousands": "."},
    {"decimal": ".", "thousands": ","},
    {"decimal": ".", "thousands": "'"},
)


class CsvSource(Source):
    """CSV text with a header line; its batches can be read once.

    The columns that are scored are numbers, and the column of groups is text, whatever is written. Those that are
    only carried are the bytes that they were read as or, with `infer`, of the narrowest type that holds all of
    their fields without a loss: this takes a reading of its own, as a row at the end may decide, unless `columns`
    tells their types. An empty field is null; in numbers NA, N/A, null and their like are too, and nan is NaN.
    """

    def __init__(self, path: str, file, spec: Spec, infer: bool, columns: dict[str, Column] | None = None):
        self._path, self._spec, self.rows = path, spec, None
        self._labels = spec.target if spec.loss.is_rowwise and len(spec.target) == 1 else ()
        self._text = CsvText(path, file, spec.csv, CSV_BLOCK_BYTES)
        self.columns = columns or {}
        if infer and columns is None and self._infer():
            file.seek(0)
            self._text = CsvText(path, file, spec.csv, CSV_BLOCK_BYTES)
        rows = [self._text.row_field] if spec.keep == (ROWS,) else []
        self.schema = pa.schema([*map(self._field, self._text.header), *rows])

    @classmethod
    def of_texts(cls, path: str, texts: pa.Table, spec: Spec) -> CsvSource:
        """Of rows that `texts` gave; columns that would be inferred are `Texts`."""
        lines = [texts.schema.field(0).metadata[HEADER], *texts.column(0).to_pylist(), b""]
        plain = replace(spec, csv=replace(spec.csv, encoding="utf-8"))
        source = cls(path, io.BytesIO(b"\n".join(lines)), plain, False)
        source.columns = dict.fromkeys(source._inferred(), Texts(spec.csv))
        source.schema = pa.schema(map(source._field, source._text.header))
        return source

    def texts(self, rows: np.ndarray) -> pa.Table:
        """The texts of some rows of the batch that was read last."""
        return self._text.texts(self._first + rows)

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return (batch for batch, _ in self.matched(names, (), ()))

    def check(self, where: Sequence[Condition]) -> None:
        """That the columns are there: what a field is, its condition tells."""
        for one in where:
            columns.check(self.schema, one.column)

    def matched(self, names: Sequence[str], rest: Sequence[str], where: Sequence[Condition]):
        """Conditions are on the fields as they are written: a number without quotes means that these are numbers, a
        date or time that they are such."""
        schema = pa.schema([self._text.row_field if name == ROWS else self._field(name) for name in names])
        parsed = {name: self._parsed_as(name) for name in names if name != ROWS}
        for table in self._text.tables(parsed | {one.column: pa.string() for one in where}):
            stored = {name: table.column(name).combine_chunks() for name in table.column_names}
            masks = [columns.numbers(self._met(stored[one.column], one))[0] for one in where]
            matches = np.logical_and.reduce(masks) if masks else None
            arrays = [
                self._text.row_texts(len(table))
                if name == ROWS
                else self._converted(name, stored[name], None if name in rest else matches)
                for name in names
            ]
            self._first = 0
            for batch in cut(pa.RecordBatch.from_arrays(arrays, schema=schema)):
                yield batch, None if matches is None else matches[self._first : self._first + len(batch)]
                self._first += len(batch)

    def _field(self, name: str) -> pa.Field:
        return pa.field(name, self._type(name), metadata=self.columns[name].metadata if name in self.columns else None)

    def _type(self, name: str) -> pa.DataType:
        """The type of a column."""
        if name in self._labels:
            return pa.int64()
        if name in self._spec.numbers:
            return pa.float64()
        if name in self.columns:
            return self.columns[name].type
        return pa.string() if name in self._spec.grouping else pa.binary()

    def _parsed_as(self, name: str) -> pa.DataType:
        """The type that the parser gives a column: numbers only if it knows all of their spellings."""
        if name in self._spec.numbers:
            return pa.string() if self._spec.csv.null or self._spec.csv.thousands else pa.float64()
        return pa.string() if name in self.columns else self._type(name)

    def _infer(self) -> bool:
        """Find the types of the columns that are only carried; whether there are any, and all was read."""
        self.columns = {name: Column(self._spec.csv) for name in self._inferred()}
        if self.columns:
            for table in self._text.tables(dict.fromkeys(self.columns, pa.string())):
                for name, column in self.columns.items():
                    column.add(self._decoded(name, table.column(name).combine_chunks()))
        return bool(self.columns)

    def _inferred(self) -> list[str]:
        """The columns that are only carried, of which the fields tell the type."""
        scored, times = (*self._spec.numbers, *self._spec.grouping), Counter(self._text.header)
        carried = self._spec.carried(self._text.header)
        return [name for name in carried if name not in scored and times[name] == 1]

    def _met(self, array: pa.Array, condition: Condition) -> pa.Array:
        """Which fields of a column meet a condition."""
        name, kind, options = condition.column, condition.kind, self._spec.csv
        text = self._decoded(name, array)
        if kind == "texts":
            return met(text, condition)
        place, expected = f"{shown(self._path)}: {condition.name}", f"{kind} (a value in quotes compares texts)"
        if kind == "times":
            zone = "UTC" if condition.has_zones else None
            found = self._each(
                lambda part: instants(part, options, zone), name, text, place, expected, partial(self._other_zone, zone)
            )
            return met(found, condition)
        if kind == "booleans":
            ones = (Value("1" if value.text.lower() == "true" else "0") for value in condition.values)
            condition = replace(condition, values=tuple(ones))
        found = met(self._each(lambda part: numbers(part, options), name, text, place, expected), condition)
        whole = whole_numbers(text, options)
        return found if whole is None else pc.if_else(whole.is_valid(), met(whole, condition), found)

    def _converted(self, name: str, array: pa.Array, matches: np.ndarray | None) -> pa.Array:
        if name in self._spec.numbers:
            if matches is not None:  # the others may be no numbers
                array = pc.if_else(columns.to_arrow(matches, None), array, pa.scalar(None, array.type))
            return self._number(name, array)
        if self._type(name) == pa.binary():
            return array.cast(pa.binary())
        text = self._decoded(name, array)
        return self.columns[name].convert(text) if name in self.columns else text

    def _number(self, name: str, array: pa.Array) -> pa.Array:
        if not pa.types.is_floating(array.type):
            place = f"{shown(self._path)}: cannot be read as CSV"
            text, options = self._decoded(name, array), self._spec.csv
            array = self._each(lambda part: numbers(part, options), name, text, place, "numbers", self._other_marks)
        if name not in self._labels:
            return array
        return self._each(lambda part: part.cast(pa.int64()), name, array, shown(self._path), "whole numbers")

    def _decoded(self, name: str, array: pa.Array) -> pa.Array:
        place = f"{shown(self._path)}: cannot be read as CSV"
        return self._each(lambda part: part.cast(pa.string()), name, array, place, "UTF-8 (or give the encoding)")

    def _other_marks(self, field: pa.Array) -> str:
        """What to do where a field is a number with other marks, a percentage, or what stands in place of one."""
        text = field[0].as_py()
        if text.startswith("#") or not re.search(r"\w", text):
            return f"; if it stands for no number, give null {_shown(text)}"
        if text.rstrip().endswith("%"):
            return "; take the % away"
        for marks in MARKS:
            if marks.get("decimal") == self._text.separator:
                continue
            with contextlib.suppress(pa.ArrowInvalid):
                numbers(field, replace(self._spec.csv, **marks))
                return "; if it is a number, give " + " and ".join(f"{name} {mark!r}" for name, mark in marks.items())
        return ""

    def _other_zone(self, zone: str | None, field: pa.Array) -> str:
        """What to do where a field is no time, or has a zone and the condition has none, or the other way round."""
        with contextlib.suppress(pa.ArrowInvalid):
            instants(field, self._spec.csv, None if zone else "UTC")
            if zone:
                return "; it has no zone: give the condition none"
            return "; it has a zone: give the condition one, as 2026-11-01T00:00:00Z has"
        return "; times are written as 2026-11-01 or 2026-11-01T12:30:00"

    def _each(
        self, convert: Callable, name: str, array: pa.Array, place: str, expected: str, advice: Callable | None = None
    ) -> pa.Array:
        """`convert` of a column, or an error that names its first field that cannot be converted."""
        try:
            return convert(array)
        except pa.ArrowInvalid as error:
            row = first_wrong(convert, array)
            before = f"{place}: column {name!r}: expected {expected}, invalid value {_shown(array[row].as_py())}"
            raise FieldError(before, self._text.rows + row, advice(array[row : row + 1]) if advice else "") from error


def _shown(value) -> str:
    """A field as messages have it: in quotes, what is not UTF-8 by its bytes, and not endlessly long."""
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    return arguments.shown(text)
