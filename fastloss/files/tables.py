"""Inputs that are objects: files of a pyarrow dataset, and tables of Delta Lake, Iceberg and Lance.

Both are read by the object's own way into Arrow where only that knows which rows and columns there are.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import types

from fastloss.files.errors import ScoringError, one_line

if TYPE_CHECKING:
    import pyarrow.dataset  # who has a dataset has imported it: on its own that takes half a second

BATCH_ROWS = 1 << 16
READ_AHEAD = {"batch_size": BATCH_ROWS, "batch_readahead": 1, "fragment_readahead": 1}  # memory stays small


@dataclass(frozen=True)
class Part:
    """A file of a pyarrow dataset, as the dataset has it.

    Attributes
    ----------
    schema : pyarrow.Schema
        The columns that it has, whichever are in the file; of a plain part without those of its directories.
    is_plain : bool
        Whether options and schema are pyarrow's defaults, so that the file may be read as any other of its columns.
    """

    part: pa.dataset.Fragment
    schema: pa.Schema
    is_plain: bool

    @classmethod
    def of(cls, part: pa.dataset.Fragment, dataset: pa.dataset.Dataset, has_defaults: bool) -> Part:
        """A part of a dataset which has the default options, or not."""
        keys = pa.dataset.get_partition_keys(part.partition_expression)
        return cls(part, _without(dataset.schema, keys) if has_defaults else dataset.schema, has_defaults)

    def fits(self, schema: pa.Schema) -> bool:
        """Whether our readers read what the dataset says, from a file of this schema."""
        if _is_text(self.part.format):
            return schema.names == self.schema.names  # the types are of text
        return schema.names == self.schema.names and all(map(_like, schema.types, self.schema.types))

    def batches(self, names: Sequence[str], row_groups: Sequence[int] | None = None) -> Iterable[pa.RecordBatch]:
        """These columns of all rows, or of some row groups."""
        part = self.part if row_groups is None else self.part.subset(row_group_ids=list(row_groups))
        options = {"use_threads": False, **READ_AHEAD}
        return part.scanner(schema=self.schema, columns=list(names), **options).to_batches()

    @property
    def identity(self) -> str:
        """What tells this way to read the file from another."""
        format = self.part.format
        if isinstance(format, pa.dataset.ParquetFileFormat):  # which has a set, in any order
            read = format.read_options
            options = repr((sorted(read.dictionary_columns), read.coerce_int96_timestamp_unit)).encode()
        else:
            options = pickle.dumps(format)
        return hashlib.sha256(options + self.schema.serialize().to_pybytes()).hexdigest()


@dataclass(frozen=True)
class Table:
    """A table at one version.

    Attributes
    ----------
    format : str
        "delta", "iceberg" or "lance".
    path : str
        Where it is.
    identity : list
        What tells its rows from those of another version, table or choice of rows.
    batches : callable
        Record batches of these columns.
    """

    format: str
    path: str
    identity: list
    schema: pa.Schema
    batches: Callable[[Sequence[str]], Iterable[pa.RecordBatch]]
    passes_once = False

    @property
    def name(self) -> str:
        """A name for what is made of it."""
        return re.sub(r"\W+", "_", self.path.rstrip("/").rsplit("/", 1)[-1].split(".")[0]).strip("_") or "table"


def is_dataset(given: Any) -> bool:
    """Whether an object is a pyarrow dataset."""
    kind = getattr(sys.modules.get("pyarrow.dataset"), "Dataset", None)
    return kind is not None and isinstance(given, kind)


def is_table(given: Any) -> bool:
    """Whether an object of another library is a table."""
    return _opener(given) is not None


def table_of(given: Any) -> Table:
    """The table that an object of another library is.

    Raises
    ------
    ScoringError
        If its library cannot read it into Arrow.
    """
    try:
        return _opener(given)(given)
    except Exception as error:  # whatever its library raises
        raise ScoringError(f"{type(given).__name__}: cannot be read through Arrow: {one_line(error)}") from error


def has_defaults(dataset: pa.dataset.FileSystemDataset, parts: Sequence[pa.dataset.Fragment]) -> bool:
    """Whether a dataset has the options and the schema that pyarrow gives it by itself."""
    format = dataset.format
    if format != type(format)():
        return False
    if _is_text(format) and format.default_fragment_scan_options != type(format)().default_fragment_scan_options:
        return False
    if not parts:
        return True
    keys = pa.dataset.get_partition_keys(parts[0].partition_expression)
    try:
        stored = _without(parts[0].physical_schema, keys)
    except (OSError, pa.ArrowException):  # said when it is scored, as of any other file
        return True
    return _without(dataset.schema, keys).equals(stored)


def partition_of(part: pa.dataset.Fragment, schema: pa.Schema) -> tuple[tuple[str, pa.Scalar], ...]:
    """The columns that a dataset of this schema knows without a look into a part of it."""
    found = pa.dataset.get_partition_keys(part.partition_expression)
    return tuple(
        (name, _scalar(value, schema.field(name).type)) for name, value in found.items() if name in schema.names
    )


def _is_text(format: pa.dataset.FileFormat) -> bool:
    return isinstance(format, pa.dataset.CsvFileFormat | pa.dataset.JsonFileFormat)


def _without(schema: pa.Schema, names: Iterable[str]) -> pa.Schema:
    return pa.schema([field for field in schema if field.name not in names])


def _scalar(value, type: pa.DataType) -> pa.Scalar:
    return pa.scalar(value, type.value_type if types.is_dictionary(type) else type)


def _like(stored: pa.DataType, declared: pa.DataType) -> bool:
    """Whether they are the same; 96-bit timestamps out of reach of nanoseconds are read in another unit."""
    if types.is_timestamp(stored) and types.is_timestamp(declared):
        return stored.tz == declared.tz
    return stored == declared


def _opener(given: Any) -> Callable[[Any], Table] | None:
    for (module, name), opener in _TABLES.items():
        kind = getattr(sys.modules.get(module), name, None)  # who has such an object has imported its library
        if kind is not None and isinstance(given, kind):
            return opener
    return None


def _delta(table) -> Table:
    dataset = table.to_pyarrow_dataset()

    def batches(names):
        return dataset.scanner(columns=list(names), **READ_AHEAD).to_batches()

    return Table("delta", table.table_uri, [table.table_uri, table.version()], dataset.schema, batches)


def _iceberg(table) -> Table:
    return _iceberg_scan(table.scan())


def _iceberg_scan(scan) -> Table:
    def batches(names):
        if names:
            return scan.select(*names).to_arrow_batch_reader()
        return scan.to_arrow_batch_reader()

    metadata, snapshot = scan.table_metadata, scan.snapshot()
    version = None if snapshot is None else snapshot.snapshot_id
    chosen = [repr(scan.row_filter), list(scan.selected_fields), scan.limit]
    identity = [str(metadata.table_uuid), version, *chosen]
    with scan.to_arrow_batch_reader() as reader:
        schema = reader.schema
    return Table("iceberg", metadata.location, identity, schema, batches)


def _lance(dataset) -> Table:
    def batches(names):
        return dataset.scanner(columns=list(names), batch_size=BATCH_ROWS).to_batches()

    return Table("lance", dataset.uri, [dataset.uri, dataset.version], dataset.schema, batches)


_TABLES = {
    ("deltalake", "DeltaTable"): _delta,
    ("lance", "LanceDataset"): _lance,
    ("pyiceberg.table", "Table"): _iceberg,
    ("pyiceberg.table", "DataScan"): _iceberg_scan,
}
