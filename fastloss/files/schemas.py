"""The columns that a task writes: from the schema of an input, and from those of several."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa
from pyarrow import types

from fastloss.files.arrow import columns
from fastloss.files.batch import emitted_columns, score_each
from fastloss.files.csv.text import ROWS
from fastloss.files.errors import ScoringError, one_line
from fastloss.files.spec import Spec

SPARK = b"org.apache.spark."
SPARK_ROW = b"org.apache.spark.sql.parquet.row.metadata"  # Spark reads the columns that it lists, and no others
DESCRIPTIONS = b"avro.schema", b"parquet.avro.schema", b"iceberg.schema"  # of others, of the columns of the input alone
PANDAS = b"pandas"
PANDAS_TEXT = {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}


def check_columns(schema: pa.Schema, spec: Spec) -> None:
    """That the columns which are needed are there, and the names of those to be written are all different.

    Raises
    ------
    ScoringError
        If not.
    """
    if ROWS in schema.names:  # which stands for all of the others
        schema, spec = schema.remove(schema.get_field_index(ROWS)), replace(spec, keep=None)
    names = set(schema.names)
    carried = spec.carried(schema.names)
    for name in spec.read:
        columns.check(schema, name)
    for name in (*(spec.keep or ()), *carried):
        columns.check(schema, name, is_carried=True)
        if name not in names:
            raise ScoringError(
                f"{name!r} is part of a column, and columns are kept whole: keep {columns.path(schema, name)[0]!r}"
            )
    for name in spec.emitted:
        if name in carried:
            raise ScoringError(
                f"the input has a column {name!r} already: set a prefix for the emitted columns, "
                "or keep fewer columns of the input"
            )


def output_schema(schema: pa.Schema, spec: Spec, classes: int | None = None) -> pa.Schema:
    """The schema of the rows written for input rows of `schema`: carried columns, then emitted.

    Raises
    ------
    ScoringError
        If a column is missing or ambiguous, does not fit the loss, or would be there twice.
    """
    known = spec.output_schemas
    latest, of_classes, found = known.get(None, (None, None, None))
    if latest is schema and of_classes == classes:  # as of many Parquet files
        return found
    key = schema.serialize().to_pybytes(), classes  # all of it is in its bytes, and not in its hash
    found = known.of(key, lambda: _output_schema(schema, spec, classes))
    known[None] = schema, classes, found
    return found


def _output_schema(schema: pa.Schema, spec: Spec, classes: int | None) -> pa.Schema:
    check_columns(schema, spec)
    carried = [schema.field(name) for name in spec.carried(schema.names)]
    read = pa.schema([schema.field(name) for name in columns.roots(schema, spec.numbers)])
    nothing = pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in read], schema=read)
    arrays = emitted_columns(score_each(nothing, spec, classes))
    fields = [pa.field(n, a.type) for n, a in zip(spec.emitted, arrays, strict=True)]
    metadata = _described(schema.metadata, None if spec.keep is None else spec.carried(schema.names), fields)
    return pa.schema(carried + fields, metadata=metadata)


def unified(a: pa.Schema, b: pa.Schema, emitted: Sequence[str]) -> pa.Schema:
    """One schema for the rows of two inputs: the columns of both, each of the smallest type that holds all.

    They come in the order of the first, those that it lacks after them, and the emitted ones last.

    Raises
    ------
    ScoringError
        If there is no such type.
    """
    if a.equals(b):
        return a
    names = [name for name in dict.fromkeys([*a.names, *b.names]) if name not in emitted]
    fields = [_unified_field(a, b, name) for name in [*names, *emitted]]
    metadata = dict(a.metadata or {})
    if not pa.schema(fields).equals(pa.schema(list(a))):
        metadata.pop(SPARK_ROW, None)  # which gives types: without it Spark takes those of the file
    return pa.schema(fields, metadata=metadata or None)


def conform(arrays: dict[str, pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    """Columns by name as rows of `schema`: in its types, and null where they are missing.

    Raises
    ------
    ScoringError
        If a value does not fit into the type.
    """
    found = [_as_type(arrays[f.name], f) if f.name in arrays else pa.nulls(rows, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(found, schema=schema)


def _unified_field(a: pa.Schema, b: pa.Schema, name: str) -> pa.Field:
    both = [schema.field(name) for schema in (a, b) if schema.get_field_index(name) >= 0]
    if len(both) == 1:
        return both[0].with_nullable(True)
    one, other = both
    if one.type != other.type:
        one, other = _plainer(one, other), _plainer(other, one)
    try:
        return pa.unify_schemas([pa.schema([one]), pa.schema([other])], promote_options="permissive").field(0)
    except pa.ArrowException as error:
        raise ScoringError(
            f"column {name!r} holds {other.type}, in the inputs before {one.type}, and no type holds both: keep fewer "
            "columns, or write into a directory, in which each file keeps its own"
        ) from error


def _plainer(field: pa.Field, other: pa.Field) -> pa.Field:
    """The field as pyarrow unifies it with another type: not as a view, and as a dictionary only with its like."""
    type = field.type
    if types.is_dictionary(type):
        is_like = types.is_dictionary(other.type) and other.type.ordered == type.ordered
        type = type if is_like or types.is_null(other.type) else type.value_type
    if types.is_string_view(type):
        type = pa.large_string()
    elif types.is_binary_view(type):
        type = pa.large_binary()
    return field.with_type(type)


def _as_type(array: pa.Array, field: pa.Field) -> pa.Array:
    if array.type == field.type:
        return array
    if types.is_null(array.type):
        return pa.nulls(len(array), field.type)
    try:
        if types.is_dictionary(array.type) and types.is_dictionary(field.type):
            values = array.dictionary.cast(field.type.value_type)
            indices = array.indices.cast(field.type.index_type)
            return pa.DictionaryArray.from_arrays(indices, values, ordered=field.type.ordered)
        return array.cast(field.type)
    except pa.ArrowException as error:
        raise ScoringError(
            f"column {field.name!r} is {field.type} in the output, for the other inputs, and {array.type} here: "
            f"{one_line(error)}"
        ) from error


def _described(metadata: dict[bytes, bytes] | None, carried: Sequence[str] | None, emitted: Iterable[pa.Field]):
    """What an input says of its columns, such that it holds with the emitted ones; `carried` is None for all of them.

    Metadata such as pandas' hold as long as all columns are there. Spark's, which say what its times are, are cut.
    """
    is_part = carried is not None
    metadata = {key: value for key, value in (metadata or {}).items() if not is_part or key.startswith(SPARK)}
    metadata = {key: value for key, value in metadata.items() if key not in DESCRIPTIONS}
    for key, amended in ((SPARK_ROW, partial(_spark_row, carried=carried, emitted=emitted)), (PANDAS, _pandas)):
        if key in metadata:
            try:
                metadata[key] = amended(metadata[key])
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # not what those write
                del metadata[key]
    return metadata or None


def _spark_row(text: bytes, carried: Sequence[str] | None, emitted: Iterable[pa.Field]) -> bytes:
    row = json.loads(text)
    row["fields"] = [field for field in row["fields"] if carried is None or field["name"] in carried]
    row["fields"] += [
        {"name": field.name, "type": _spark_type(field.type), "nullable": True, "metadata": {}} for field in emitted
    ]
    return json.dumps(row).encode()


def _pandas(text: bytes) -> bytes:
    told = json.loads(text)
    if [index["pandas_type"] for index in told.get("column_indexes", [])] in (["unicode"], ["string"]):
        return text
    told["column_indexes"] = [PANDAS_TEXT]  # the new names are no numbers, dates or tuples, as all others are
    return json.dumps(told).encode()


def _spark_type(type: pa.DataType) -> str | dict:
    if columns.is_list(type) or types.is_fixed_size_list(type):
        return {"type": "array", "elementType": _spark_type(type.value_type), "containsNull": True}
    return "float" if types.is_float32(type) else "double"
