"""Outputs that are there as a whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager

import pyarrow as pa
from pyarrow import types

from fastloss.files.arrow.dictionaries import is_narrow
from fastloss.files.compression import compressed
from fastloss.files.csv.options import CsvOptions
from fastloss.files.errors import ScoringError
from fastloss.files.formats import FORMATS, STREAM, is_arrow_stream
from fastloss.files.parquet.carried import Carried
from fastloss.files.parquet.thrift import Form
from fastloss.files.stores import Complete, LocalStore, RemoteStore, writing
from fastloss.files.writers.sinks import ArrowSink, NpySink, ParquetSink
from fastloss.files.writers.spliced import SplicedSink


class Output:
    """The rows of one task, written to a file or to standard output as they come."""

    def __init__(self, path: str, format: str, file, csv: CsvOptions):
        self._path, self._format, self.file, self._csv = path, format, file, csv
        self.schema = self._sink = None

    def dictionaries_of(self, schema: pa.Schema) -> list[pa.Field]:
        """The columns of whose dictionaries `begin` has to know all values: Arrow has one a column, and in others those
        of several batches may be joined to more than their indices can count."""
        is_needed = types.is_dictionary if self._format in ("arrow", "feather") else is_narrow
        return [field for field in schema if is_needed(field.type)]

    def begin(self, schema: pa.Schema, dictionaries: dict[str, pa.Array]) -> None:
        """Announce rows of `schema`, and the values of its dictionaries.

        Raises
        ------
        ScoringError
            If the format cannot hold them.
        """
        with writing(self._path):
            self.schema, self._sink = schema, self._new_sink(schema, dictionaries)

    def splice(self, schema: pa.Schema, emitted: int, first: Carried) -> None:
        """Announce rows whose last columns, which are `emitted`, come as batches, and the others as what to `follow`;
        `first` is such."""
        with writing(self._path):
            self.schema = pa.schema([schema.field(i) for i in range(len(schema) - emitted, len(schema))])
            self._sink = SplicedSink(self.file, schema, self.schema, first)

    def form(self) -> Form:
        """The footer, once rows follow, but for `rows` and `groups`."""
        return Form(self._sink.footer("rows", "groups"))

    def follow(self, carried: Carried) -> None:
        """The rows to come are those of a file, whose columns are copied."""
        self._sink.follow(carried)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows of the schema."""
        with writing(self._path):
            self._sink.write(batch)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> None:
        """Write what is still to be written, unless the block failed."""
        if self._sink is None:
            return
        try:
            if error is None:
                with writing(self._path):
                    self._sink.close()
                    self.file.flush()
        finally:
            self._sink.discard()

    def _new_sink(self, schema: pa.Schema, dictionaries: dict[str, pa.Array]):
        if self._format == "parquet":
            return ParquetSink(self.file, schema)
        if self._format == "csv":
            from fastloss.files.writers.csv import CsvSink  # what it imports takes its time

            return CsvSink(self.file, schema, self._csv.separator_of(self._path))
        if self._format == "npy":
            return NpySink(self.file, schema)
        if self._format == "feather":
            return ArrowSink(self.file, schema, dictionaries, compression="lz4")
        return ArrowSink(self.file, schema, dictionaries, stream=is_arrow_stream(self._path))


class TableOutput:
    """The rows of one task, gathered in memory; as an `Output` to those who write."""

    def __init__(self):
        self.schema, self._batches = None, []

    def dictionaries_of(self, schema: pa.Schema) -> list[pa.Field]:
        """None: each batch brings its own."""
        return []

    def begin(self, schema: pa.Schema, dictionaries: dict[str, pa.Array]) -> None:
        """Announce rows of `schema`; those of an attempt before are gone."""
        self.schema, self._batches = schema, []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows of the schema."""
        self._batches.append(batch)

    def table(self) -> pa.Table:
        """All rows, as they came."""
        return pa.Table.from_batches(self._batches, self.schema)


class Content:
    """A binary file that is written, and the size and digests of what it holds in the end."""

    def __init__(self, file, algorithms: Sequence[str]):
        self._file, self._algorithms, self._in_order = file, algorithms, True
        self._digests = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in algorithms]
        self.flush, self.tell, self.close, self.closed = file.flush, file.tell, file.close, False

    def write(self, data) -> int:
        for digest in self._digests:
            digest.update(data)
        return self._file.write(data)

    def seek(self, position: int) -> int:
        self._in_order = False
        return self._file.seek(position)

    def identity(self) -> tuple[int, dict[str, str]]:
        """Size and digests; read again where the writer went back, as for the header of a .npy file."""
        if not self._in_order:
            for i, algorithm in enumerate(self._algorithms):
                self._file.seek(0)
                self._digests[i] = hashlib.file_digest(self._file, algorithm)
        found = [digest.hexdigest() for digest in self._digests]
        return self._file.seek(0, os.SEEK_END), dict(zip(self._algorithms, found, strict=True))


@contextmanager
def open_output(
    path: str,
    format: str,
    store: LocalStore | RemoteStore,
    csv: CsvOptions,
    record: Callable[[int, dict[str, str]], Callable[[], None]] | None = None,
    together: list[Complete] | None = None,
):
    """An `Output` in a store; at the end of the block the file appears under its name, or nothing does.

    `record` is called with the size and the digests of the complete file: SHA-256, and MD5 where the store may list it;
    what it returns is called when the file is about to appear. If there are others to be named `together`, it joins
    them, and appears with them.
    """
    if path == STREAM:
        if format == "npy":
            raise ScoringError("a .npy array cannot be written to a stream: give a file name")
        if sys.stdout is None:
            raise ScoringError("standard output is closed: give the output a file name")
        if format != "csv" and sys.stdout.isatty():
            raise ScoringError(f"{FORMATS[format]} is not text, and standard output is a terminal")
        with Output(path, format, sys.stdout.buffer, csv) as output:
            yield output
        return
    made = None if record is None else lambda: record(*content.identity())
    with store.replacing(path, made, together, is_ours=record is not None) as file:
        content = file if record is None else Content(file, ["sha256", "md5"] if store.lists_md5 else ["sha256"])
        with compressed(content, path) as stream, Output(path, format, stream, csv) as output:
            yield output
