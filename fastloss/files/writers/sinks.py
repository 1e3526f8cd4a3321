"""Arrow record batches into data files.

A sink is made for a binary file and a schema, takes batches with `write` and is complete after
`close`. What a format cannot hold is refused when the sink is made, before anything is written.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from fastloss.files.arrow import columns
from fastloss.files.arrow.dictionaries import encoded
from fastloss.files.errors import ScoringError
from fastloss.files.schemas import conform
from fastloss.files.writers.chunks import FloatsWriter, is_float

ROW_GROUP_ROWS = 1 << 20
ROW_GROUP_BYTES = 128 << 20
SAMPLE_ROWS = 1 << 12
CODEC, SAMPLE_BYTES, PAYS = "snappy", 1 << 16, 0.95  # pyarrow's, where it makes a sample so much smaller


class Sink:
    """What all sinks have beside `write`."""

    def close(self) -> None:
        """Complete the file."""

    def discard(self) -> None:
        """Let go of the file, which may be incomplete and about to be removed."""


class ParquetSink(Sink):
    """Parquet with pyarrow's defaults, but no dictionary for numbers that do not repeat: making it takes three
    quarters of the time, and it is given up in the end; and no compression of noise. Row groups of a million rows,
    fewer if they are large.
    """

    def __init__(self, file, schema: pa.Schema):
        schema = pa.schema([_without_views(field) for field in schema], metadata=schema.metadata)
        self._file, self._schema, self._leaves = file, schema, leaves_of(schema)
        self._writer = None  # until there are values to look at
        self._group: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._group.append(conform(dict(zip(batch.schema.names, batch.columns, strict=True)), self._schema, len(batch)))
        self._rows += len(batch)
        self._bytes += batch.nbytes
        if self._rows >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.is_open = False  # or pyarrow closes it when it is collected

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._group, self._schema)
        if self._writer is None:
            repeating = {name for name in self._schema.names if _repeats(table.column(name))}
            dictionaries = [leaf for name, leaf in self._leaves if name in repeating]
            noise = {name for name in self._schema.names if name not in repeating and not shrinks(table.column(name))}
            compression = {leaf: "none" if name in noise else CODEC for name, leaf in self._leaves}
            if not repeating and all(is_float(field.type) for field in self._schema):
                self._writer = FloatsWriter(self._file, self._schema, compression)
            else:
                self._writer = pa.parquet.ParquetWriter(
                    self._file, self._schema, use_dictionary=dictionaries, compression=compression
                )
        if len(table):
            self._writer.write_table(table, row_group_size=len(table))
        self._group, self._rows, self._bytes = [], 0, 0


def _without_views(field: pa.Field) -> pa.Field:
    """A dictionary of views, as polars makes them, as one of texts: pyarrow does not write it."""
    type = field.type
    if not (pa.types.is_dictionary(type) and pa.types.is_string_view(type.value_type)):
        return field
    return field.with_type(pa.dictionary(type.index_type, pa.large_string(), type.ordered))


def leaves_of(schema: pa.Schema) -> list[tuple[str, str]]:
    """The columns as Parquet has them, in a schema without nested types: the name that each belongs to, and its path.

    An empty file tells them.

    Raises
    ------
    ScoringError
        If Parquet cannot hold them.
    """
    return [(field.name, path) for field in schema for path in _paths(field)]


@lru_cache(maxsize=256)
def _paths(field: pa.Field) -> list[str]:
    file = pa.BufferOutputStream()
    try:
        pa.parquet.ParquetWriter(file, pa.schema([field])).close()
    except (pa.ArrowException, OSError) as error:
        raise _refused(field, "Parquet") from error
    found = pa.parquet.read_metadata(pa.BufferReader(file.getvalue())).schema
    return [found.column(i).path for i in range(len(found))]


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether one in a hundred of the first numbers, or more, was there before; what is not a number may.

    With fewer repetitions there are some 200,000 different values: more than a dictionary page of a megabyte takes.
    """
    if not column.num_chunks:
        return True
    values = column.chunk(0).slice(0, SAMPLE_ROWS)
    while columns.is_list(values.type) or pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    if not pa.types.is_primitive(values.type):
        return True
    sample = values.slice(0, SAMPLE_ROWS).drop_null()
    return len(sample.unique()) <= 0.99 * len(sample)


def shrinks(column: pa.ChunkedArray) -> bool:
    """Whether compression makes a sample of numbers, or of lists of numbers, smaller: noise stays as large."""
    values = column.chunk(0) if column.num_chunks else pa.nulls(0, column.type)
    while pa.types.is_nested(values.type):
        values = values.flatten()
    width, count = values.type.bit_width // 8, len(values)
    if not width or not count:
        return True
    size = min(count, SAMPLE_BYTES // width) * width
    return are_shrinking(memoryview(values.buffers()[1].slice(values.offset * width, size)))


def are_shrinking(sample: memoryview) -> bool:
    """Whether compression makes numbers smaller, given as bytes."""
    return pa.Codec(CODEC).compress(sample).size <= PAYS * len(sample)


class ArrowSink(Sink):
    """An Arrow IPC file, or stream. It has one dictionary a column, whose values have to be known: `dictionaries`."""

    def __init__(self, file, schema: pa.Schema, dictionaries, stream: bool = False, compression=None):
        self._schema, self._dictionaries = schema, dictionaries
        new = pa.ipc.new_stream if stream else pa.ipc.new_file
        self._writer = new(file, schema, options=pa.ipc.IpcWriteOptions(compression=compression))

    def write(self, batch: pa.RecordBatch) -> None:
        arrays = [self._encoded(*column) for column in zip(self._schema.names, batch.columns, strict=True)]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()

    def _encoded(self, name: str, array: pa.Array) -> pa.Array:
        return encoded(array, self._dictionaries[name]) if name in self._dictionaries else array


class NpySink(Sink):
    """One column of numbers as a .npy array; NaN stands for null."""

    def __init__(self, file, schema: pa.Schema):
        if len(schema) != 1:
            raise ScoringError(f"a .npy file holds one output: emit one, and keep no columns ({schema.names})")
        self._file, self._rows = file, 0
        self._type = schema.field(0).type
        self._write_header()

    def write(self, batch: pa.RecordBatch) -> None:
        column = batch.column(0)
        two = pa.types.is_fixed_size_list(self._type)
        values, null = columns.matrix([column], None) if two else columns.numbers(column)
        if null is not None:
            values = values.copy()
            values[null] = np.nan
        self._file.write(np.ascontiguousarray(values))
        self._rows += len(batch)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        """The header; NumPy leaves room in it for any number of rows."""
        element, shape = self._type, (self._rows,)
        if pa.types.is_fixed_size_list(element):
            element, shape = element.value_type, (self._rows, element.list_size)
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.dtype(element.to_pandas_dtype()).str,
                "fortran_order": False,
                "shape": shape,
            },
        )


def _refused(field: pa.Field, format: str) -> ScoringError:
    return ScoringError(
        f"column {field.name!r} holds {field.type}, which {format} cannot: choose another format, or keep fewer columns"
    )
