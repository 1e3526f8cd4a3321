"""Parquet and Arrow IPC files as record batches."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import cache, cached_property, partial
from itertools import groupby, islice, starmap

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from pyarrow import types

from fastloss.exact.rows import chosen
from fastloss.files.arrow import columns
from fastloss.files.arrow.cells import Cells
from fastloss.files.arrow.chunks import Chunks, extents, is_text
from fastloss.files.arrow.declared import declared_bytes
from fastloss.files.arrow.dictionaries import is_narrow
from fastloss.files.arrow.int96 import int96_columns, int96_unit
from fastloss.files.conditions import Condition
from fastloss.files.errors import ScoringError
from fastloss.files.matching import Source
from fastloss.files.parquet import numbers, selected
from fastloss.files.parquet.carried import Carried
from fastloss.files.parquet.footer import Footer, Read
from fastloss.files.parquet.pages import with_rows
from fastloss.files.readers.ranges import Extent, RangedFile
from fastloss.files.reading import (
    MAX_ROWS,
    check_expansion,
    cut,
    few_rows,
    gathered,
    is_named,
    reading,
    rows_per_batch,
    shown,
    validated,
)
from fastloss.files.spec import Spec

BUFFER_BYTES = 1 << 18  # of a column
FIRST_ROWS = 64  # of a batch that tells how long texts are
SMALL_BYTES = 1 << 20  # of a file that is read as a whole
THREADED_BYTES = 8 << 20  # of a batch whose columns are read in threads


class ParquetSource(Source):
    """A Parquet file, read page by page."""

    def __init__(self, path: str, file, spec: Spec, row_groups: tuple[int, ...] | None = None):
        self._path, self._binary, self._unit = path, file, "ns"
        self._carried: dict[tuple[str, ...], Carried | None] = {}
        with reading(path, "parquet"):
            self._stored = _stored(file, path)
            self._footer = self._looked_at()
            self.schema = self._footer.schema
            self._groups = range(len(self._footer.rows)) if row_groups is None else row_groups
            self._of_groups, intervals, stamps = _asked(self._footer, spec)
            if intervals:
                what = f"column {intervals[0]!r} is an INTERVAL, which"
                advice = (
                    "worst rows cannot have: score without worst"
                    if spec.worst
                    else "cannot be carried: keep fewer columns"
                )
                raise ScoringError(f"{shown(path)}: {what} {advice}")
            if stamps:
                self.expect(stamps)
                metadata = self._file.metadata
                self._unit = int96_unit(shown(path), partial(self._open, self._stored, metadata), stamps, self._groups)
                self._file = self._open(self._stored, metadata, self._unit)
                self.schema = self._file.schema_arrow
        self.rows = sum(self._footer.rows[i] for i in self._groups)

    @cached_property
    def _file(self) -> pa.parquet.ParquetFile:
        with reading(self._path, "parquet"):
            try:
                return self._open(self._stored)
            except UnicodeDecodeError as error:
                raise _not_text(self._path, error) from error

    def _looked_at(self) -> Footer:
        """The footer; pyarrow has read it, or another of the same columns. What pyarrow has against it comes first."""
        if not isinstance(self._stored, pa.NativeFile):
            self._file  # noqa: B018  (read here)
        footer = None
        try:
            footer = Footer(self._stored, self._columns, shown(self._path))
        finally:
            if footer is None or not footer.is_sound:
                self._file  # noqa: B018
        return footer

    @staticmethod
    def _open(file, metadata=None, unit: str = "ns", texts: Sequence[str] = ()) -> pa.parquet.ParquetFile:
        # Without pre_buffer and with a buffer size, column chunks are read as they are
        # decoded; otherwise memory would grow with the row groups.
        options = {"pre_buffer": False, "buffer_size": BUFFER_BYTES, "read_dictionary": texts}
        options["page_checksum_verification"] = True  # of pages that have one: a wrong bit is a wrong number elsewhere
        return pa.parquet.ParquetFile(file, metadata=metadata, coerce_int96_timestamp_unit=unit, **options)

    def _columns(self) -> tuple[pa.Schema, pa.parquet.ParquetSchema]:
        """The columns, as pyarrow reads them."""
        schema = self._file.schema_arrow
        _check_names(self._path, schema)
        return schema, self._file.metadata.schema

    def expect(self, names: Sequence[str]) -> None:
        """These columns will be read: of an object of a store, fetch their beginning."""
        if isinstance(self._binary, RangedFile):
            metadata = self._file.metadata
            self._binary.want(starmap(Extent, extents(metadata, self._groups, set(names))))
            self._binary.begin()

    def small(self) -> tuple[bytes, Footer] | None:
        """A file that was read as a whole, if it was, and its footer."""
        if not isinstance(self._stored, pa.BufferReader):
            return None
        return self._stored.read_at(self._stored.size(), 0), self._footer

    @cached_property
    def _starts(self) -> np.ndarray:
        """The rows before each row group of the file, and all rows."""
        return np.cumsum([0, *self._footer.rows])

    def carried(self, names: Collection[str]) -> Carried | None:
        """These columns as an output can take them, undecoded; None where it cannot."""
        names = tuple(names)
        if names not in self._carried:
            is_here = isinstance(self._binary, io.BufferedReader | io.BufferedRandom)
            is_possible = is_here and Carried.is_possible(self._footer)
            carried = Carried(self._reader(), self._footer, self._groups, names) if is_possible else None
            self._carried[names] = carried
        return self._carried[names]

    def _reader(self) -> Read:
        """What reads so many bytes of a file of this machine from a place on, or fewer where the file ends: without the
        source, which keeps what has it, so that the memory of a file serves the next."""
        if isinstance(self._stored, pa.NativeFile):
            return self._stored.read_at
        file = self._binary
        return lambda count, start: os.pread(file.fileno(), count, start)

    def in_file(self, rows: np.ndarray) -> np.ndarray:
        """The numbers that rows of the row groups have in the file."""
        if self._groups == range(len(self._footer.rows)):
            return rows
        groups = np.array(self._groups, np.int64)
        ends = np.cumsum(np.diff(self._starts)[groups])
        return rows + (self._starts[groups + 1] - ends)[np.searchsorted(ends, rows, "right")]

    def taken(self, names: Sequence[str], rows: np.ndarray) -> pa.Table:
        """As `reading.taken`, by numbers in the file: of the pages alone that have some, or else of the row groups."""
        groups = np.searchsorted(self._starts, rows, "right") - 1
        by_group = {group: rows[groups == group] - self._starts[group] for group in sorted(set(groups.tolist()))}
        found = {name: column for name in names if (column := self._of_pages(name, by_group)) is not None}
        rest = [name for name in names if name not in found]
        if rest:
            parts = [gathered(self._part([group]).batches(rest), of_group) for group, of_group in by_group.items()]
            found |= zip(rest, pa.concat_tables(parts).columns, strict=True)
        return pa.table([found[name] for name in names], names=list(names))

    def _of_pages(self, name: str, of_groups: Mapping[int, np.ndarray]) -> pa.ChunkedArray | None:
        """A column of rows of row groups, from the pages that hold them; None where pages do not tell their rows."""
        field, is_native = self.schema.field(name), isinstance(self._stored, pa.NativeFile)
        found = selected.column(self._stored.read_at, self._footer, field, of_groups) if is_native else None
        if found is not None:
            return pa.chunked_array([found])
        carried = self._part(list(of_groups)).carried((name,))
        if carried is None:
            return None
        with reading(self._path, "parquet", f"column {name!r} is corrupt: "):
            small = selected.as_file(self._stored.read_at, carried, of_groups) if is_native else None
            if small is not None:
                column = self._column_of(small)
            elif carried.is_of_rows:
                small, places = with_rows(carried, of_groups)
                texts = self._chunks(list(of_groups), {name}).texts
                column = chosen(pa.table([self._column_of(small, texts)], names=[name]), places).column(0)
                column = column.cast(field.type) if texts else column
            else:
                return None
        return column if column.type == field.type else None

    def _column_of(self, small: pa.Buffer, texts: Sequence[str] = ()) -> pa.ChunkedArray:
        """The one column of a small file with a part of this one."""
        column = self._open(pa.BufferReader(small), unit=self._unit, texts=texts).read(use_threads=False).column(0)
        column.validate(full=True)
        return column

    def _chunks(self, groups: Sequence[int], names: Collection[str]) -> Chunks:
        return Chunks(self._footer, lambda: self._file.metadata, self.schema, groups, names, self._of_groups)

    def _places(self, chunks: Chunks) -> list[str]:
        """The columns that are read as places in the dictionaries of row groups: each comes in batches of its own then,
        which are to be no smaller for columns that can do without."""
        are_apart = len(self._groups) == 1 or all(self._footer.rows[group] >= MAX_ROWS for group in self._groups)
        return [name for name in chunks.places if are_apart or is_text(self.schema, name)]

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with reading(self._path, "parquet"):
            chunks = self._chunks(self._groups, set(names))
            advice = "write it with fewer elements a row"
            check_expansion(self._path, int(chunks.row_taken), int(chunks.row_bytes), advice)
            self.expect(names)
            places = self._places(chunks)

            @cache
            def opened() -> pa.parquet.ParquetFile:
                texts = [*chunks.texts, *(name for name in places if is_text(self.schema, name))]
                return self._open(self._stored, self._file.metadata, self._unit, texts) if texts else self._file

            for groups in self._steps(places):
                for batch in self._read(opened, chunks, groups, list(names), places):
                    for part in cut(batch):
                        yield self._as_texts(part, chunks.texts)

    def matched(self, names: Sequence[str], rest: Sequence[str], where: Sequence[Condition]):
        """Row groups of which the footer tells that they have no such row are not decoded for it."""
        if not where:
            yield from super().matched(names, rest, where)
            return
        from fastloss.files.arrow.statistics import may_match  # what it imports takes its time

        may = may_match(self._footer, self._file.metadata, self.schema, self._groups, where)
        for is_read, numbered in groupby(enumerate(self._groups), lambda pair: may[pair[0]]):
            part = self._part([group for _, group in numbered])
            yield from super(ParquetSource, part).matched(names, rest, where) if is_read else part.unmatched(rest)

    def _part(self, row_groups: Sequence[int]) -> ParquetSource:
        """The source of these row groups alone."""
        part = copy(self)
        part._groups, part._carried = row_groups, {}
        part.rows = sum(self._footer.rows[i] for i in row_groups)
        return part

    def _read(
        self,
        opened: Callable[[], pa.parquet.ParquetFile],
        chunks: Chunks,
        groups: Sequence[int],
        names: list[str],
        places: Sequence[str],
    ) -> Iterator[pa.RecordBatch]:
        """Batches of these columns: of numbers as far as they are decoded here, else by pyarrow.

        Where texts may be longer than what is stored of them, as in dictionaries, the first batches are small, and tell
        how large the next may be.
        """
        size = rows_per_batch(chunks.row_bytes)
        if chunks.largest_text:
            size = min(size, max(FIRST_ROWS, rows_per_batch(chunks.largest_text)))
        # Handing columns to threads takes as long as reading short ones does.
        wide = size * chunks.row_bytes >= THREADED_BYTES
        left, given = sum(self._footer.rows[group] for group in groups), 0
        if not wide and isinstance(self._stored, pa.NativeFile):
            read = self._stored.read_at
            for batch in numbers.batches(read, self._footer, self.schema, groups, names, size, places):
                yield batch
                left, given = left - len(batch), given + 1
            if not left:
                return
        file = opened()
        try:
            for batch in islice(file.iter_batches(size, groups, names, use_threads=wide), given, None):
                yield validated(batch, self._path, "parquet")
                left -= len(batch)
                if chunks.largest_text:
                    size = min(4 * size, rows_per_batch(max(chunks.row_bytes, batch.nbytes / max(len(batch), 1))))
                    file.reader.set_batch_size(size)
        except (pa.ArrowException, OSError) as error:
            if not is_named(error):
                self._refuse_corrupt_column(file, size, groups, names)
            raise
        if left and (given or self._footer.is_consistent):  # else nobody knows how many there should be
            raise self._footer.corrupt("its pages have other rows than it says")

    def _refuse_corrupt_column(
        self, file: pa.parquet.ParquetFile, size: int, groups: Sequence[int], names: Sequence[str]
    ) -> None:
        """Raise an error that names the first of these columns that cannot be read alone."""
        for name in names:
            with reading(self._path, "parquet", f"column {name!r} is corrupt: "):
                for _ in file.iter_batches(size, groups, [name]):
                    pass

    def _as_texts(self, batch: pa.RecordBatch, texts: Sequence[str]) -> pa.RecordBatch:
        """The batch in the types of the file, with the texts of these columns in place of indices; of those that name
        groups alone the indices are what is asked for."""
        for name in texts:
            if name in self._of_groups:
                continue
            at, field = batch.schema.get_field_index(name), self.schema.field(name)
            batch = batch.set_column(at, field, batch.column(at).cast(field.type))
        return batch

    def _steps(self, places: Sequence[str]) -> list[Sequence[int]]:
        """The row groups, in steps of as many as a batch may be of: one where places in dictionaries are read, each row
        group with its own, where dictionaries are inside other types, or where pyarrow would join those of several
        row groups into one that their indices cannot count.
        """
        if len(self._groups) < 2:
            return [self._groups]
        nested = any(columns.holds_dictionaries(field.type) for field in self.schema if types.is_nested(field.type))
        narrow = any(is_narrow(field.type) for field in self.schema)
        alone = nested or narrow or bool(places)
        return [[group] for group in self._groups] if alone else [self._groups]


def _stored(file, path: str):
    """A file as pyarrow reads it with the least effort: a small one of this machine from memory, a larger one by
    pyarrow's own calls, if its name is still the file's.
    """
    if not isinstance(file, io.BufferedReader):
        return file
    if is_small(file):
        return pa.BufferReader(file.read())
    status = os.fstat(file.fileno())
    try:
        native = pa.OSFile(path)
    except OSError:  # no longer there, or not for pyarrow
        return file
    return native if os.path.samestat(status, os.fstat(native.fileno())) else file


def is_small(file: io.BufferedReader) -> bool:
    """Whether a file of this machine may be read as a whole."""
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and status.st_size <= SMALL_BYTES


def _reader_at(file) -> tuple[Callable[[int, int], bytes], int]:
    """A function that reads so many bytes of a file from a place on, and the size of the file."""
    size = file.seek(0, os.SEEK_END)
    try:
        descriptor = file.fileno()
    except OSError:  # not of this machine

        def read(start, count):
            file.seek(start)
            return file.read(count)

        return read, size
    return lambda start, count: os.pread(descriptor, count, start), size  # leaves what is buffered


def _check_names(path: str, schema: pa.Schema) -> None:
    """That the names of columns and fields are text."""
    pending = list(schema)
    try:
        while pending:
            field = pending.pop()
            field.name  # noqa: B018  (decoded here)
            pending += [field.type.field(i) for i in range(field.type.num_fields)]
    except UnicodeDecodeError as error:
        raise _not_text(path, error) from error


def _not_text(path: str, error: UnicodeDecodeError) -> ScoringError:
    return ScoringError(f"{shown(path)}: the name of a column is not UTF-8: {error.object!r}")


def _asked(footer: Footer, spec: Spec) -> tuple[set[str], list[str], list[str]]:
    """What a spec asks of a file: the columns that name groups alone; the paths of intervals that would be carried as
    12 bytes, as Arrow has no such type; those of timestamps of 96 bits."""
    key = "asked", spec.keep, spec.numbers, spec.grouping, spec.conditioned, spec.worst is not None
    return footer.known.of(key, lambda: _newly_asked(footer, spec))


def _newly_asked(footer: Footer, spec: Spec) -> tuple[set[str], list[str], list[str]]:
    carried = spec.carried(footer.schema.names)
    beside = {*carried, *spec.numbers, *spec.conditioned, *(footer.schema.names if spec.worst else ())}
    needed = footer.schema.names if spec.worst else carried
    intervals = [leaf.path for leaf in footer.leaves if leaf.is_interval and leaf.path.split(".")[0] in needed]
    return {*spec.grouping} - beside, intervals, int96_columns(footer.leaves, {*carried, *spec.read})


class ArrowSource(Source):
    """An Arrow IPC file or stream; its record batches are the largest pieces held in memory.

    Of an object in a store, whose buffers would be a request each, there is a copy on this machine once rows are read.
    """

    def __init__(self, path: str, file):
        self._path, self._file = path, file
        with reading(path, "arrow"):
            self.schema = self._open().schema
            _check_names(path, self.schema)
        self.rows = None
        if not isinstance(file, RangedFile):
            self._check_expansion()

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with reading(self._path, "arrow"):
            reader = self._reader(names)
            if isinstance(reader, pa.RecordBatchFileReader):
                stored = map(reader.get_batch, range(reader.num_record_batches))
            else:
                stored = reader
            for batch in stored:
                yield from cut(validated(batch, self._path, "arrow"))

    def taken(self, names: Sequence[str], rows: np.ndarray) -> pa.Table:
        """As `reading.taken`: of a file only what is needed of the record batches that have some of the rows."""
        with reading(self._path, "arrow"):
            reader = self._reader(names)
            if not isinstance(reader, pa.RecordBatchFileReader):
                return gathered(self.batches(names), rows)
            cells = Cells(self.schema, *_reader_at(self._file))
            ends = cells.ends
            if rows[-1] >= ends[-1] or (np.diff(ends) < 0).any() or len(ends) != reader.num_record_batches + 1:
                return gathered(self.batches(names), rows)
            found = {name: column for name in names if (column := cells.column(name, rows)) is not None}
            rest = [name for name in names if name not in found]
            if rest:
                reader, numbers = self._reader(rest), np.searchsorted(ends, rows, "right") - 1
                parts = [
                    few_rows(reader.get_batch(number), rows[numbers == number] - ends[number], self._path, "arrow")
                    for number in sorted(set(numbers.tolist()))
                ]
                found |= zip(rest, pa.concat_tables(parts).columns, strict=True)
            return pa.table([found[name] for name in names], names=list(names))

    def _reader(self, names: Sequence[str]):
        """What gives record batches of these columns."""
        if isinstance(self._file, RangedFile):
            self._file = self._file.copied()
            self._check_expansion()
        included = [self.schema.get_field_index(name) for name in columns.roots(self.schema, names)]
        return self._open(pa.ipc.IpcReadOptions(included_fields=included))

    def _check_expansion(self) -> None:
        for taken, becomes in declared_bytes(*_reader_at(self._file)):
            check_expansion(self._path, taken, becomes, "write it without compression, or in smaller record batches")

    def _open(self, options=None):
        self._file.seek(0)
        head = self._file.read(6)
        self._file.seek(0)
        if head.startswith(b"FEA1"):
            raise ScoringError(
                f"{shown(self._path)}: Feather of version 1 is not read: write version 2 with "
                "pyarrow.feather.write_feather(pyarrow.feather.read_table(old), new)"
            )
        if head == b"ARROW1":
            return pa.ipc.open_file(self._file, options=options)
        return pa.ipc.open_stream(self._file, options=options)
