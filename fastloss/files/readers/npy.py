"""Arrays in .npy files as record batches."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.errors import ScoringError, one_line
from fastloss.files.matching import Source
from fastloss.files.readers.ranges import Extent, RangedFile
from fastloss.files.reading import rows_per_batch, shown

HEADER_BYTES = 1 << 14  # NumPy refuses a header of more than 10,000
TIMES = tuple(f"M8[{unit}]" for unit in ("D", "s", "ms", "us", "ns"))
MAX_COLUMNS = (1 << 31) - 1  # of an Arrow list of fixed size


class NpySource(Source):
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

    def taken(self, names: Sequence[str], rows: np.ndarray) -> pa.Table:
        """As `reading.taken`, each row where it lies."""
        return pa.Table.from_batches([self._batch(names, row, 1) for row in rows.tolist()])

    def _batch(self, names: Sequence[str], start: int, count: int) -> pa.RecordBatch:
        arrays = [self._arrays[name] for name in names]
        return pa.RecordBatch.from_arrays([_column(array, start, count) for array in arrays], list(names))


class StoredArray:
    """Rows of an array that is stored in a file from `start` on, read by position; `by_columns`: column after column.

    Elements of two bytes without a type are bfloat16 where `is_bfloat16` says so.

    Raises
    ------
    ScoringError
        If it does not hold numbers in one or two dimensions, or of groups a text or a time a row.
    """

    def __init__(
        self, name: str, file, start: int, shape, dtype: np.dtype, by_columns=False, is_bfloat16=False, of_groups=False
    ):
        self.path, self.shape = shown(name), shape
        self._file, self._start, self._by_columns = file, start, by_columns
        self._is_bfloat16 = is_bfloat16 and dtype == np.dtype("V2")
        self._dtype = np.dtype("<u2") if self._is_bfloat16 else dtype
        if not (of_groups and len(shape) == 1 and _names_groups(dtype)):
            self._check_elements()
        self._is_expected = not isinstance(file, RangedFile)
        self.row_bytes = self._dtype.itemsize * (shape[1] if len(shape) == 2 else 1)

    def _check_elements(self) -> None:
        if self._dtype == np.dtype("V2"):
            raise ScoringError(
                f"{self.path}: its elements are two bytes without a type ({self._dtype.str}), "
                "as bfloat16 is saved: give dtype='bfloat16' (--dtype bfloat16)"
            )
        if not _holds_numbers(self._dtype) or len(self.shape) not in (1, 2):
            advice = ": save float8 as float32" if self._dtype == np.dtype("V1") else ""
            raise ScoringError(
                f"{self.path}: expected an array of numbers (float16 to float64, integers, booleans) "
                f"with one or two dimensions, got {self._dtype} with shape {self.shape}{advice}"
            )
        if not all(0 < columns <= MAX_COLUMNS for columns in self.shape[1:]):
            raise ScoringError(
                f"{self.path}: expected at least one class, at most {MAX_COLUMNS}, got shape {self.shape}"
            )

    def read(self, start: int, count: int) -> np.ndarray:
        """Rows [start, start + count) in native byte order."""
        if count and not self._is_expected:
            self._expect()
        if len(self.shape) == 1:
            values = self._read(start, count)
        elif not self._by_columns or count == 0:
            values = self._read(start * self.shape[1], count * self.shape[1])
            values = values.reshape(count, self.shape[1])
        else:
            values = np.empty((count, self.shape[1]), self._dtype)
            for column in range(self.shape[1]):
                values[:, column] = self._read(column * self.shape[0] + start, count)
        values = values.astype(self._dtype.newbyteorder("="), copy=False)
        # bfloat16 is the upper half of a float32, and Arrow has no type for it
        return (values.astype(np.uint32) << 16).view(np.float32) if self._is_bfloat16 else values

    def _expect(self) -> None:
        """That all rows will be read."""
        streams = self.shape[1] if len(self.shape) == 2 and self._by_columns else 1
        size = self.shape[0] * self.row_bytes // streams
        self._file.want(Extent(self._start + i * size, self._start + (i + 1) * size) for i in range(streams))
        self._is_expected = True

    def _read(self, element: int, count: int) -> np.ndarray:
        values = np.empty(count, self._dtype)
        self._file.seek(self._start + element * self._dtype.itemsize)
        if self._file.readinto(values.view(np.uint8)) != values.nbytes:
            raise ScoringError(f"{self.path}: the file became shorter while it was read")
        return values


class NpyFile(StoredArray):
    """Those of a .npy file; `dtype` "bfloat16" says what elements of two bytes without a type are."""

    def __init__(self, path: str, file, dtype: str | None = None, of_groups: bool = False):
        head = file.read(HEADER_BYTES)
        try:
            (shape, by_columns, own), start = _header(head[: _header_bytes(head)])
        except Exception as error:  # NumPy evaluates the text as Python: what is none raises whatever it likes
            raise ScoringError(f"{shown(path)}: cannot be read as NumPy: {one_line(error)}") from error
        super().__init__(path, file, start, shape, own, by_columns, dtype == "bfloat16", of_groups)
        size, needed = file.seek(0, os.SEEK_END) - start, shape[0] * self.row_bytes
        if size < needed:
            raise ScoringError(
                f"{self.path}: the file is truncated: an array of shape {shape} needs {needed} bytes, there are {size}"
            )
        if size > needed:
            raise ScoringError(
                f"{self.path}: {size - needed} bytes follow the array of shape {shape}, which would not be read: "
                "save one array a file"
            )


def _header_bytes(begin: bytes) -> int:
    """How many bytes the header of a file has that begins so."""
    width = 2 if begin[6:7] == b"\1" else 4  # of its length, which is at 8
    return 8 + width + int.from_bytes(begin[8 : 8 + width], "little")


@lru_cache(maxsize=64)  # NumPy evaluates it as Python, which takes its time; those of many files are the same
def _header(text: bytes) -> tuple[tuple[tuple[int, ...], bool, np.dtype], int]:
    """Shape, whether the columns lie one after another, and dtype; and where the elements begin."""
    head = io.BytesIO(text)
    version = np.lib.format.read_magic(head)
    if version == (1, 0):
        header = np.lib.format.read_array_header_1_0(head)
    elif version in ((2, 0), (3, 0)):
        # They differ in how the names of fields are encoded, and numbers have none.
        header = np.lib.format.read_array_header_2_0(head)
    else:
        raise ValueError(f"version {version[0]}.{version[1]} of the format is not known")
    if not all(0 <= size < 1 << 63 for size in header[0]):
        raise ValueError("a dimension of its shape is negative, or 2**63 or more")
    return header, head.tell()


def _column(array: StoredArray, start: int, count: int) -> pa.Array:
    values = array.read(start, count)
    if values.dtype.kind == "M":
        return pa.array(values)
    if values.dtype.kind != "U":
        return columns.to_arrow(values, None)
    try:
        return pa.array(values.tolist(), pa.string())  # of the array itself it would end texts at a zero
    except (ValueError, SystemError) as error:  # half of a character, or a number that is none
        raise ScoringError(f"{array.path}: a text cannot be read: {one_line(error)}") from error


def _names_groups(dtype: np.dtype) -> bool:
    """Whether elements are texts, or times in a unit that Arrow has."""
    return (dtype.kind == "U" and dtype.itemsize > 0) or dtype.newbyteorder("=").str[1:] in TIMES


def _holds_numbers(dtype: np.dtype) -> bool:
    return dtype.kind in "biuf" and dtype.itemsize <= 8
