"""CSV text as record batches."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.csv

from fastloss.scoring.errors import ColumnTypeError, ScoringError, one_line
from fastloss.scoring.reading import cut, reading, shown
from fastloss.scoring.spec import Spec

CSV_BLOCK_BYTES = 8 << 20

# pyarrow's own list also takes the spellings of NaN for nulls.
CSV_NULLS = ["", "#N/A", "#N/A N/A", "#NA", "N/A", "NA", "NULL", "n/a", "null"]


class CsvSource:
    """CSV text with a header line; its batches can be read once.

    The columns that are scored are numbers: an empty field, NA, N/A and null are null, nan is NaN.
    The others are text, so that they can be written as they were read, or with `infer` of the type
    that the first 8 MB of the file suggest.
    """

    def __init__(self, path: str, file, spec: Spec, infer: bool):
        self._path, self._header = path, _csv_header(file)
        types = {} if infer else dict.fromkeys(self._header, pa.string())
        types |= dict.fromkeys(spec.numbers, pa.float64())
        self._labels = spec.target if spec.loss.is_rowwise and len(spec.target) == 1 else ()
        with self._reading():
            self._reader = pa.csv.open_csv(
                file,
                read_options=pa.csv.ReadOptions(block_size=CSV_BLOCK_BYTES),
                convert_options=pa.csv.ConvertOptions(
                    column_types=types,
                    null_values=CSV_NULLS,
                ),
            )
        self.schema = self._reader.schema
        for name in self._labels:
            if self.schema.names.count(name) == 1:
                index = self.schema.get_field_index(name)
                self.schema = self.schema.set(index, pa.field(name, pa.int64()))
        self.rows = None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with self._reading():
            for batch in self._reader:
                for part in cut(batch.select(list(names))):
                    yield self._with_labels(part)

    def _with_labels(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for name in self._labels:
            try:
                labels = batch.column(name).cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise ColumnTypeError(
                    f"{shown(self._path)}: column {name!r}: expected whole numbers: {one_line(error)}"
                ) from error
            batch = batch.set_column(batch.schema.get_field_index(name), name, labels)
        return batch

    @contextmanager
    def _reading(self):
        """As `reading`; pyarrow counts columns, messages name them."""
        try:
            with reading(self._path, "csv"):
                yield
        except ScoringError as error:
            raise type(error)(re.sub(r"In CSV column #(\d+)", self._named, str(error))) from error

    def _named(self, match: re.Match) -> str:
        index = int(match[1])
        return f"column {self._header[index]!r}" if index < len(self._header) else match[0]


def _csv_header(file) -> list[str]:
    """The names in the first line, as far as the file's buffer shows it."""
    line = file.peek().split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return next(csv.reader([line]), [])
