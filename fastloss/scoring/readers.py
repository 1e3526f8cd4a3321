"""Data files as streams of Arrow record batches of bounded size.

A source knows its `schema`, the number of its `rows` (None if only reading tells) and yields
`batches(columns)`, from the start on each call (CSV: one call). Nothing is memory-mapped, and no
file is in memory as a whole: a page, a block or a record batch at a time is.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from fastloss.scoring import columns
from fastloss.scoring.dataset import Fragment
from fastloss.scoring.errors import ColumnTypeError, ScoringError, one_line
from fastloss.scoring.formats import FORMATS, STREAM
from fastloss.scoring.spec import Spec

MAX_ROWS = 1 << 17
BATCH_BYTES = 32 << 20
CSV_BLOCK_BYTES = 8 << 20
READ_BUFFER_BYTES = 1 << 20

# pyarrow's own list also takes the spellings of NaN for nulls.
CSV_NULLS = ["", "#N/A", "#N/A N/A", "#NA", "N/A", "NA", "NULL", "n/a", "null"]


def rows_per_batch(row_bytes: float) -> int:
    """How many rows of this size a batch may have."""
    return int(min(MAX_ROWS, max(1, BATCH_BYTES // max(row_bytes, 1))))


def shown(path: str) -> str:
    """A path as messages call it."""
    return "standard input" if path == STREAM else path


@contextmanager
def reading(path: str, format: str):
    """Turns what pyarrow and the operating system say into one line that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | BrokenPipeError):
            raise
        message = f"{shown(path)}: cannot be read as {FORMATS[format]}: {one_line(error)}"
        raise ScoringError(message) from error


class ParquetSource:
    """A Parquet file, read page by page."""

    def __init__(self, path: str, file, row_groups: tuple[int, ...] | None = None):
        with reading(path, "parquet"):
            # Without pre_buffer and with a buffer size, column chunks are read as they are
            # decoded; otherwise memory would grow with the row groups.
            self._file = pa.parquet.ParquetFile(file, pre_buffer=False, buffer_size=READ_BUFFER_BYTES)
        metadata = self._file.metadata
        self._path = path
        self.schema = self._file.schema_arrow
        self._groups = range(metadata.num_row_groups) if row_groups is None else row_groups
        groups = [metadata.row_group(i) for i in self._groups]
        self.rows = sum(group.num_rows for group in groups)
        self._row_bytes = sum(group.total_byte_size for group in groups) / max(self.rows, 1)

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        size = rows_per_batch(self._row_bytes)
        with reading(self._path, "parquet"):
            for batch in self._file.iter_batches(size, self._groups, list(names)):
                yield from _cut(batch)


class ArrowSource:
    """An Arrow IPC file or stream; its record batches are the largest pieces held in memory."""

    def __init__(self, path: str, file):
        self._path, self._file = path, file
        with reading(path, "arrow"):
            self.schema = self._open().schema
        self.rows = None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with reading(self._path, "arrow"):
            included = [self.schema.get_field_index(name) for name in names]
            reader = self._open(pa.ipc.IpcReadOptions(included_fields=included))
            if isinstance(reader, pa.RecordBatchFileReader):
                stored = map(reader.get_batch, range(reader.num_record_batches))
            else:
                stored = reader
            for batch in stored:
                yield from _cut(batch)

    def _open(self, options=None):
        self._file.seek(0)
        is_file = self._file.read(6) == b"ARROW1"
        self._file.seek(0)
        if is_file:
            return pa.ipc.open_file(self._file, options=options)
        return pa.ipc.open_stream(self._file, options=options)


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
                for part in _cut(batch.select(list(names))):
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


class NpySource:
    """One- or two-dimensional .npy arrays with equally many rows, each as a column."""

    def __init__(self, arrays: dict[str, NpyFile]):
        self._arrays = arrays
        first, *others = arrays.values()
        for array in others:
            if array.shape[0] != first.shape[0]:
                raise ScoringError(
                    f"{array.path} has shape {array.shape}, {first.path} has {first.shape}: the numbers of rows differ"
                )
        self.rows = first.shape[0]
        self._row_bytes = sum(array.row_bytes for array in arrays.values())
        self.schema = self._batch(list(arrays), 0, 0).schema

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        size = rows_per_batch(self._row_bytes)
        for start in range(0, self.rows, size):
            yield self._batch(names, start, min(size, self.rows - start))

    def _batch(self, names: Sequence[str], start: int, count: int) -> pa.RecordBatch:
        arrays = [self._arrays[name].read(start, count) for name in names]
        return pa.RecordBatch.from_arrays([columns.to_arrow(a, None) for a in arrays], list(names))


class NpyFile:
    """Rows of a .npy file, read by position; its array has `shape` and `dtype`."""

    def __init__(self, path: str, file):
        self.path, self._file = shown(path), file
        try:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            self.shape, self._by_columns, self.dtype = read_header(file)
        except (ValueError, KeyError, EOFError) as error:
            message = f"{self.path}: cannot be read as NumPy: {one_line(error)}"
            raise ScoringError(message) from error
        if self.dtype.kind not in "biuf" or len(self.shape) not in (1, 2):
            raise ScoringError(
                f"{self.path}: expected an array of numbers with one or two dimensions, "
                f"got {self.dtype} with shape {self.shape}"
            )
        if 0 in self.shape[1:]:
            raise ScoringError(f"{self.path}: expected at least one class, got shape {self.shape}")
        self._start = file.tell()
        self.row_bytes = self.dtype.itemsize * (self.shape[1] if len(self.shape) == 2 else 1)
        size = file.seek(0, os.SEEK_END) - self._start
        if size < self.shape[0] * self.row_bytes:
            raise ScoringError(
                f"{self.path}: the file is truncated: an array of shape {self.shape} "
                f"needs {self.shape[0] * self.row_bytes} bytes, there are {size}"
            )

    def read(self, start: int, count: int) -> np.ndarray:
        """Rows [start, start + count) in native byte order."""
        if len(self.shape) == 1:
            values = self._read(start, count)
        elif not self._by_columns:
            values = self._read(start * self.shape[1], count * self.shape[1])
            values = values.reshape(count, self.shape[1])
        else:
            values = np.empty((count, self.shape[1]), self.dtype)
            for column in range(self.shape[1]):
                values[:, column] = self._read(column * self.shape[0] + start, count)
        return values.astype(self.dtype.newbyteorder("="), copy=False)

    def _read(self, element: int, count: int) -> np.ndarray:
        values = np.empty(count, self.dtype)
        self._file.seek(self._start + element * self.dtype.itemsize)
        if self._file.readinto(values.view(np.uint8)) != values.nbytes:
            raise ScoringError(f"{self.path}: the file became shorter while it was read")
        return values


class PartitionedSource:
    """A source whose rows all have the same values in further columns."""

    def __init__(self, source, values: dict):
        self._source, self.rows = source, source.rows
        self._values = {name: value for name, value in values.items() if name not in source.schema.names}
        self.schema = source.schema
        for name, value in self._values.items():
            self.schema = self.schema.append(pa.field(name, value.type))

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in self._source.batches([name for name in names if name not in self._values]):
            for name, value in self._values.items():
                if name in names:
                    batch = batch.append_column(name, pa.repeat(value, len(batch)))
            yield batch.select(list(names))


@contextmanager
def open_source(fragment: Fragment, spec: Spec, infer: bool = True):
    """The source of a fragment, open; `infer` is CsvSource's."""
    with _open_file_source(fragment, spec, infer) as source:
        yield PartitionedSource(source, dict(fragment.partition)) if fragment.partition else source


@contextmanager
def _open_file_source(fragment: Fragment, spec: Spec, infer: bool):
    with ExitStack() as stack:

        def opened(path: str):
            seekable = fragment.format != "csv"
            return stack.enter_context(_binary_input(path, seekable, fragment.filesystem))

        path, file = fragment.path, opened(fragment.path)
        if fragment.format == "parquet":
            yield ParquetSource(path, file, fragment.row_groups)
        elif fragment.format == "csv":
            yield CsvSource(path, file, spec, infer)
        elif fragment.format == "npy":
            arrays = {(spec.pred or spec.residual)[0]: NpyFile(path, file)}
            if fragment.target is not None:
                arrays[spec.target[0]] = NpyFile(fragment.target, opened(fragment.target))
            yield NpySource(arrays)
        else:
            yield ArrowSource(path, file)


@contextmanager
def _binary_input(path: str, seekable: bool, filesystem=None):
    """A file or standard input, which goes through a temporary file if it has to be seekable."""
    if filesystem is not None:
        with io.BufferedReader(filesystem.open_input_file(path), READ_BUFFER_BYTES) as file:
            yield file
    elif path != STREAM:
        with open(path, "rb", buffering=READ_BUFFER_BYTES) as file:
            yield file
    elif not seekable or sys.stdin.buffer.seekable():
        yield sys.stdin.buffer
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy


def class_count(source, spec: Spec) -> int | None:
    """The length of the first list that is not null in the column of logits, if it holds lists."""
    if not (spec.loss.is_rowwise and len(spec.pred) == 1):
        return None
    index = source.schema.get_field_index(spec.pred[0])
    if index < 0 or not columns.is_list(source.schema.field(index).type):
        return None
    sizes = (columns.list_size(batch.column(0)) for batch in source.batches(spec.pred))
    return next((size for size in sizes if size is not None), None)


def _csv_header(file) -> list[str]:
    """The names in the first line, as far as the file's buffer shows it."""
    line = file.peek().split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return next(csv.reader([line]), [])


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Slices of a batch that are small enough."""
    size = rows_per_batch(batch.nbytes / max(len(batch), 1))
    for start in range(0, len(batch), size):
        yield batch.slice(start, size)
