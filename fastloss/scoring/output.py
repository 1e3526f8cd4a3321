"""Outputs that are there as a whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Iterable
from contextlib import contextmanager, suppress

import pyarrow as pa

from fastloss.scoring.errors import ScoringError, one_line
from fastloss.scoring.formats import FORMATS, STREAM
from fastloss.scoring.writers import ArrowSink, CsvSink, NpySink, ParquetSink

TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")


class Output:
    """The rows of one task, written to a file or to standard output as they come."""

    def __init__(self, path: str, format: str, file):
        self._path, self._format, self._file = path, format, file
        self._schema = self._sink = None

    def begin(self, schema: pa.Schema) -> None:
        """Announce rows of `schema`; those of all fragments have to be the same.

        Raises
        ------
        ScoringError
            If the format cannot hold them, or rows of another schema came before.
        """
        if self._sink is None:
            with _writing(self._path):
                self._schema, self._sink = schema, self._new_sink(schema)
        elif not schema.equals(self._schema):
            different = set(schema).symmetric_difference(self._schema)
            names = ", ".join(sorted({repr(field.name) for field in different})) or "their order"
            raise ScoringError(f"the columns differ from those of the first input: {names}")

    def write(self, arrays: list[pa.Array]) -> None:
        """Write rows, given as the columns of the schema."""
        with _writing(self._path):
            self._sink.write(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> None:
        """Write what is still to be written, unless the block failed."""
        if self._sink is None:
            return
        try:
            if error is None:
                with _writing(self._path):
                    self._sink.close()
                    self._file.flush()
        finally:
            self._sink.discard()

    def _new_sink(self, schema: pa.Schema):
        if self._format == "parquet":
            return ParquetSink(self._file, schema)
        if self._format == "csv":
            return CsvSink(self._file, schema)
        if self._format == "npy":
            return NpySink(self._file, schema)
        if self._format == "feather":
            return ArrowSink(self._file, schema, compression="lz4")
        return ArrowSink(self._file, schema, stream=self._path == STREAM)


@contextmanager
def open_output(path: str, format: str):
    """An `Output`; at the end of the block the file appears under its name, or nothing does."""
    if path == STREAM:
        if format == "npy":
            raise ScoringError("a .npy array cannot be written to a stream: give a file name")
        if format != "csv" and sys.stdout.isatty():
            raise ScoringError(f"{FORMATS[format]} is not text, and standard output is a terminal")
        with Output(path, format, sys.stdout.buffer) as output:
            yield output
    else:
        with replacing(path) as file, Output(path, format, file) as output:
            yield output


@contextmanager
def replacing(path: str):
    """A binary file that takes the place of `path` at the end of the block.

    It is written under a temporary name beside it; on an error that file is removed, and what was
    at `path` stays.
    """
    path = os.path.realpath(path)
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.{secrets.token_hex(4)}.tmp")  # as TEMPORARY has it
    with _writing(path):
        file = open(temporary, "xb")  # noqa: SIM115  (closed below, before it is renamed)
    try:
        yield file
        with _writing(path):
            file.close()
            os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # closing writes what is buffered, to a disk that may be full
            file.close()
        os.unlink(temporary)
        raise


def remove_leftovers(paths: Iterable[str]) -> None:
    """Remove the temporary files of processes that were killed while they wrote these files."""
    names: dict[str, set[str]] = {}
    for path in paths:
        directory, name = os.path.split(os.path.realpath(path))
        names.setdefault(directory, set()).add(name)
    for directory in filter(os.path.isdir, names):
        for file in os.listdir(directory):
            match = TEMPORARY.fullmatch(file)
            if match and match[1] in names[directory]:
                os.unlink(os.path.join(directory, file))


def shown(path: str) -> str:
    """A path as messages call it."""
    return "standard output" if path == STREAM else path


@contextmanager
def _writing(path: str):
    """Turns what pyarrow and the operating system say into one line that names the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except ScoringError as error:
        raise ScoringError(f"{shown(path)}: {error}") from error
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise ScoringError(f"{shown(path)}: cannot be written: {reason}") from error
