"""Data files as streams of Arrow record batches of bounded size.

A source knows its `schema`, the number of its `rows` (None if only reading tells) and yields
`batches(columns)`, from the start on each call (CSV: one call). Nothing is memory-mapped, and no
file is in memory as a whole: a page, a block or a record batch at a time is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.compression import decompressed
from fastloss.files.conditions import Condition
from fastloss.files.csv.text import ROWS
from fastloss.files.dataset import Fragment
from fastloss.files.errors import ScoringError, located
from fastloss.files.formats import MEMORY, STREAM, compression_of
from fastloss.files.matching import Chosen, Source, which_match
from fastloss.files.parquet.carried import Carried
from fastloss.files.readers.memory import open_memory
from fastloss.files.readers.npy import NpyFile, NpySource
from fastloss.files.readers.objects import opened, unchanged
from fastloss.files.readers.ranges import RangedFile
from fastloss.files.readers.scanned import ScannedSource
from fastloss.files.readers.tables import ArrowSource, ParquetSource
from fastloss.files.reading import READ_BUFFER_BYTES, check_expansion, reading, shown, taken
from fastloss.files.spec import Spec
from fastloss.files.stores import LOCAL

if TYPE_CHECKING:
    from fastloss.exact.fields import Column

# What of an object is read first; the formats that are not here are read from the first byte to the last, once.
BEGINNINGS = {
    "parquet": RangedFile.want_footer,
    "arrow": RangedFile.want_footer,
    "feather": RangedFile.want_footer,
    "npy": RangedFile.want_header,
}


class PartitionedSource(Source):
    """A source whose rows all have the same values in some columns, whatever is stored of these."""

    def __init__(self, source, values: dict):
        self._source, self._values, self.rows, self.schema = source, values, source.rows, source.schema
        for name, value in values.items():
            field, stored = pa.field(name, value.type), self.schema.get_all_field_indices(name)
            for index in reversed(stored[1:]):
                self.schema = self.schema.remove(index)
            self.schema = self.schema.set(stored[0], field) if stored else self.schema.append(field)
        if hasattr(source, "texts"):
            self.texts = source.texts

    def expect(self, names: Sequence[str]) -> None:
        """These columns will be read."""
        if isinstance(self._source, ParquetSource):
            self._source.expect(self._stored(names))

    def carried(self, names: Collection[str]) -> Carried | None:
        """As ParquetSource has it; none of the values are stored."""
        is_stored = self._values.keys().isdisjoint(names) and hasattr(self._source, "carried")
        return self._source.carried(names) if is_stored else None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return (self._completed(batch, names) for batch in self._source.batches(self._stored(names)))

    def check(self, where: Sequence[Condition]) -> None:
        own, others = self._split(where)
        super().check(own)
        self._source.check(others)

    def matched(self, names: Sequence[str], rest: Sequence[str], where: Sequence[Condition]):
        own, others = self._split(where)
        values = pa.RecordBatch.from_arrays([pa.repeat(v, 1) for v in self._values.values()], list(self._values))
        matches = which_match(values, own)
        if matches is None or matches.all():
            found = self._source.matched(self._stored(names), self._stored(rest), others)
        else:
            found = self._source.unmatched(self._stored(rest))
        return ((self._completed(batch, names), matches) for batch, matches in found)

    def _split(self, where: Sequence[Condition]) -> tuple[list[Condition], list[Condition]]:
        """Conditions on the values that all rows have, and others."""
        own = [one for one in where if one.column in self._values]
        return own, [one for one in where if one.column not in self._values]

    def _completed(self, batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
        """Stored columns, as far as they were read, and the others."""
        found = {
            name: pa.repeat(self._values[name], len(batch)) if name in self._values else batch.column(name)
            for name in columns.roots(self.schema, names)
            if name in self._values or name in batch.schema.names
        }
        return pa.RecordBatch.from_arrays(list(found.values()), list(found)) if found else batch

    def in_file(self, rows: np.ndarray) -> np.ndarray:
        """As ParquetSource has it; rows of other sources are those of the file."""
        return self._source.in_file(rows) if hasattr(self._source, "in_file") else rows

    def taken(self, names: Sequence[str], rows: np.ndarray) -> pa.Table:
        """As `reading.taken`."""
        stored = self._stored(names)
        found = taken(self._source, stored, rows) if stored else None
        columns = [
            pa.repeat(self._values[name], len(rows)) if name in self._values else found.column(name) for name in names
        ]
        return pa.table(columns, names=list(names))

    def _stored(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if columns.path(self.schema, name)[0] not in self._values]


@contextmanager
def open_source(fragment: Fragment, spec: Spec, infer: bool = False, csv_columns: dict[str, Column] | None = None):
    """The source of a fragment, open; `infer` and `csv_columns` are CsvSource's."""
    with ExitStack() as stack:
        source = _of_file(stack, fragment, spec, infer, csv_columns)
        if fragment.partition:
            source = PartitionedSource(source, dict(fragment.partition))
        try:
            source.check(spec.where)
        except ScoringError as error:
            raise located(shown(fragment.path), error) from error
        yield source


def open_texts(given: Sequence[tuple[Fragment, pa.Table]], spec: Spec) -> Iterator:
    """Sources of some rows of fragments of text, which their `texts` gave."""
    from fastloss.files.readers.csv import CsvSource
    from fastloss.files.readers.json import JsonSource

    for fragment, texts in given:
        source = (CsvSource if fragment.format == "csv" else JsonSource).of_texts(fragment.path, texts, spec)
        yield PartitionedSource(source, dict(fragment.partition)) if fragment.partition else source


def csv_columns(fragments: Iterable[Fragment], spec: Spec) -> dict[str, Column]:
    """What the columns of CSV files that are carried are, over the fields of all files."""
    from fastloss.files.readers.csv import CsvSource

    found: dict[str, Column] = {}
    for fragment in fragments:
        with ExitStack() as stack:
            source = _of_file(stack, fragment, spec, infer=True)
            for name, column in source.columns.items() if isinstance(source, CsvSource) else ():
                found[name] = found[name] | column if name in found else column
    return found


def _of_file(
    stack: ExitStack, fragment: Fragment, spec: Spec, infer: bool, csv_columns: dict[str, Column] | None = None
):
    """The source of what is stored, or of what a dataset or a table makes of it; what it opens closes with `stack`."""
    part, table = fragment.part, fragment.table
    if spec.dtype is not None and fragment.format not in ("npy", "npz"):
        raise ScoringError(
            f"{fragment.name}: dtype={spec.dtype!r} is for .npy and .npz files, whose elements may have no type"
        )
    if fragment.format == MEMORY:
        return stack.enter_context(open_memory(table, spec))
    if table is not None:
        return ScannedSource(fragment.path, table.format, table.schema, table.batches)
    if part is None:
        return _stored(stack, fragment, spec, infer, csv_columns)
    if part.is_plain:
        with ExitStack() as own:
            source = _stored(own, fragment, spec, infer, csv_columns)
            if part.fits(source.schema):
                stack.push(own.pop_all())
                return source
    scan = partial(part.batches, row_groups=fragment.row_groups)
    return ScannedSource(fragment.path, fragment.format, part.schema, scan)


def _stored(stack: ExitStack, fragment: Fragment, spec: Spec, infer: bool, csv_columns: dict[str, Column] | None):
    """The source of what is stored."""
    path, file = fragment.path, _binary_input(stack, fragment, seekable=infer or fragment.format != "csv")
    if fragment.format == "parquet":
        return ParquetSource(path, file, spec, fragment.row_groups)
    if fragment.format == "csv":
        from fastloss.files.readers.csv import CsvSource  # what these import takes its time

        return CsvSource(path, file, spec, infer, csv_columns)
    if fragment.format == "jsonl":
        from fastloss.files.readers.json import JsonSource

        return JsonSource(path, file, spec)
    if fragment.format == "orc":
        from fastloss.files.readers.orc import OrcSource

        return OrcSource(path, file)
    if fragment.format in ("npz", "safetensors"):
        from fastloss.files.readers.archives import archived

        return NpySource(archived(path, file, fragment.format, spec, stack, dict(fragment.partition)))
    if fragment.format == "npy":
        arrays = {(spec.pred or spec.residual)[0]: NpyFile(path, file, spec.dtype)}
        for name, beside in fragment.beside:
            stored = _binary_input(stack, beside, seekable=True)
            arrays[name] = NpyFile(beside.path, stored, spec.dtype, name in spec.named)
        return NpySource(arrays)
    return ArrowSource(path, file)


def _binary_input(stack: ExitStack, fragment: Fragment, seekable: bool):
    """A file or standard input, which goes through a temporary file if it has to be seekable and is not."""
    path = fragment.path
    file = stack.enter_context(_opened(fragment))
    if fragment.store is LOCAL and path != STREAM:
        stack.enter_context(unchanged(path, file))
    stream = decompressed(file, path)
    if not seekable or (stream.seekable() and (fragment.store is LOCAL or fragment.format in BEGINNINGS)):
        return stream
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (closed with the stack)
    with reading(path, fragment.format):
        _copy(stream, copy, path, None if stream is file else file)
    copy.seek(0)
    return copy


def _copy(stream, copy, path: str, compressed=None) -> None:
    """Copy a stream; what is decompressed from a file may be too much of nothing."""
    if compressed is None:
        shutil.copyfileobj(stream, copy, READ_BUFFER_BYTES)
        return
    copied = 0
    while data := stream.read(READ_BUFFER_BYTES):
        copied += copy.write(data)
        check_expansion(path, compressed.tell(), copied, "decompress it first")


def _opened(fragment: Fragment):
    path = fragment.path
    if path == STREAM:
        return nullcontext(sys.stdin.buffer)
    begin = RangedFile.want_all if compression_of(path) else BEGINNINGS.get(fragment.format, RangedFile.want_all)
    return opened(fragment.store, path, begin, fragment.size, fragment.version)


def class_count(source, spec: Spec) -> int | None:
    """The length of the lists in the column of predictions, which the first tells; None without a list."""
    predictions = spec.pred or spec.residual
    if len(predictions) > 1 or ROWS in source.schema.names:  # text has no lists
        return None
    columns.check(source.schema, predictions[0])
    type = columns.type_of(source.schema, predictions[0])
    size = columns.fixed_size(type)
    if size is not None or not columns.holds_lists(type):
        return size
    names = [*predictions, *(one.column for one in spec.where)]
    found = (Chosen.of(*batch).batch for batch in source.look(names, spec.where))
    sizes = (columns.list_size(columns.get(batch, predictions[0])) for batch in found if len(batch))
    return next((size for size in sizes if size is not None), None)


def common_class_count(fragments: Iterable[Fragment], spec: Spec) -> int | None:
    """The `class_count` of the first fragment that tells: for those that do not, where all lists are null."""
    for fragment in fragments:
        if fragment.passes_once or fragment.format == "csv":  # which has no lists
            continue
        try:
            with open_source(fragment, spec) as source:
                classes = class_count(source, spec)
                if classes is not None or columns.holds_numbers(source.schema, spec.pred or spec.residual):
                    return classes
        except (ScoringError, OSError):  # said when it is scored
            continue
    return None
