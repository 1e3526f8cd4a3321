"""What the readers of all formats share: the size of batches, and errors as one line that names the file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.exact.rows import take_rows
from fastloss.files.arrow.sizes import row_bytes
from fastloss.files.errors import ScoringError, Translation, one_line
from fastloss.files.formats import FORMATS, STREAM, TABLES

MAX_ROWS = 1 << 17
BATCH_BYTES = 32 << 20
BOUND_BYTES = 16  # of a primitive value, at most
FEW_ROWS = 256  # of a record batch, which are looked at one by one in less time than all of it
READ_BUFFER_BYTES = 1 << 20
TEXT = "the text of a row\n"  # name of a column of such, in place of columns that are yet to be read
EXPANSION, EXPANDED_BYTES = 100, 1 << 30  # compressed data may become so many times as many bytes, or so many


def check_expansion(path: str, taken: int, becomes: int, advice: str) -> None:
    """That what was compressed is not out of proportion.

    Raises
    ------
    ScoringError
        If it is.
    """
    if becomes > max(EXPANDED_BYTES, EXPANSION * taken):
        raise ScoringError(
            f"{shown(path)}: {taken} compressed bytes become {becomes} or more, over {EXPANSION} times as many: "
            f"if that is meant to be, {advice}"
        )


def rows_per_batch(row_bytes: float) -> int:
    """How many rows of this size a batch may have."""
    return int(min(MAX_ROWS, max(1, BATCH_BYTES // max(row_bytes, 1))))


def shown(path: str) -> str:
    """A path as messages call it."""
    return "standard input" if path == STREAM else path


def is_named(error: Exception) -> bool:
    """Whether an error says which file it is of, or is of none: those of a store, and some of the operating system."""
    is_of_system = isinstance(error, FileNotFoundError | PermissionError | BrokenPipeError)
    return is_of_system or getattr(error, "filename", None) is not None


class reading(Translation):
    """Turns what pyarrow and the operating system say into one line that names the file, and `where` in it."""

    __slots__ = "_format", "_path", "_where"

    def __init__(self, path: str, format: str, where: str = ""):
        self._path, self._format, self._where = path, format, where

    def other(self, error: BaseException) -> ScoringError | None:
        if isinstance(error, MemoryError):
            reason = "it takes more memory than there is"
        elif isinstance(error, pa.ArrowException | OSError) and not is_named(error):
            reason = self._where + one_line(error)
        else:
            return None
        format = FORMATS.get(self._format) or TABLES[self._format]
        return ScoringError(f"{shown(self._path)}: cannot be read as {format}: {reason}")


def validated(batch: pa.RecordBatch, path: str, format: str) -> pa.RecordBatch:
    """The batch, whose offsets, indices and texts have been looked at: pyarrow takes them as they are in the file, and
    what reads, gathers or writes them later would leave its memory.

    Raises
    ------
    ScoringError
        If a column is not what its type says.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            with reading(path, format, f"column {name!r} is corrupt: "):
                array.validate(full=True)
        raise
    return batch


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Slices of a batch that are small enough, as what they become."""
    is_small = BOUND_BYTES * batch.num_columns * len(batch) <= BATCH_BYTES and len(batch) <= MAX_ROWS
    if is_small and all(map(_is_short, batch.schema.types)):  # without a look at each column
        yield batch
        return
    sizes = row_bytes(batch)
    if not isinstance(sizes, np.ndarray):
        size = rows_per_batch(sizes)
        for start in range(0, len(batch), size):
            yield batch.slice(start, size)
        return
    ends, start = np.cumsum(sizes), 0
    while start < len(batch):
        before = ends[start - 1] if start else 0.0
        stop = int(np.searchsorted(ends, before + BATCH_BYTES, "right"))
        stop = min(max(stop, start + 1), start + MAX_ROWS)
        yield batch.slice(start, stop - start)
        start = stop


def _is_short(type: pa.DataType) -> bool:
    """Whether values take `BOUND_BYTES` at most, or are places of such in a dictionary."""
    return types.is_primitive(type.value_type if types.is_dictionary(type) else type)


def taken(source, names: Sequence[str], rows: np.ndarray) -> pa.Table:
    """Columns of some rows of a source, at least one, by their numbers in the file in increasing order.

    Raises
    ------
    ScoringError
        If it has fewer rows.
    """
    return source.taken(names, rows) if hasattr(source, "taken") else gathered(source.batches(names), rows)


def gathered(batches: Iterable[pa.RecordBatch], rows: np.ndarray) -> pa.Table:
    """Some rows of batches, at least one; what comes after the last of them is not asked for."""
    parts, before, done = [], 0, 0
    for batch in batches:
        stop = int(np.searchsorted(rows, before + len(batch)))
        parts.append(take_rows(batch, rows[done:stop] - before))
        before, done = before + len(batch), stop
        if done == len(rows):
            return pa.concat_tables(parts)
    raise ScoringError(f"it has become shorter while it was read: row {rows[done]} is gone")


def few_rows(batch: pa.RecordBatch, rows: np.ndarray, path: str, format: str) -> pa.Table:
    """Some rows of a batch that nobody has looked at, at least one: if they are few, these alone are."""
    if len(rows) > FEW_ROWS or rows[-1] >= len(batch):
        return gathered([validated(batch, path, format)], rows)
    parts = [validated(batch.slice(row, 1), path, format) for row in rows.tolist()]
    return pa.Table.from_batches([pa.concat_batches(parts)])


@contextmanager
def copied(file):
    """A file of this machine, from its beginning: `file`, or a copy of it that is removed at the end."""
    file.seek(0)
    try:
        file.fileno()
    except OSError:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy, READ_BUFFER_BYTES)
            copy.seek(0)
            yield copy
    else:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield file
