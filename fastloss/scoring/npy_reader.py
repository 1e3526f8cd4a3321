"""Arrays in .npy files as record batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from fastloss.scoring import columns
from fastloss.scoring.errors import ScoringError, one_line
from fastloss.scoring.reading import rows_per_batch, shown


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
