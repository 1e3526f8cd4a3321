"""Rows of Arrow tables: several tables as one, and rows as JSON has them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.exact.keys import number_key
from fastloss.exact.pandas_types import is_of_pandas, printed
from fastloss.exact.picked import is_flat, runs, take
from fastloss.exact.spelling import spelling

DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second, in the units of Arrow
TRAILING_ZEROS = re.compile(r"(\.\d*[1-9])0+(?!\d)|\.0+(?!\d)")
_UUID_DIGITS = [at for at in range(36) if at not in (8, 13, 18, 23)]  # where others have a hyphen
AT_ONCE_BYTES = 1 << 30  # of a column; its rows may be wanted twice, and a column of texts has 2 GiB at most
ZONE = re.compile(r"([+-]\d\d)(\d\d)$")
_VIEWS = {types.is_string_view: pa.large_string(), types.is_binary_view: pa.large_binary()}


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of several tables, with the columns of all: those of the first, then those that it lacks.

    A column of several types has the smallest that holds all; if there is none, it has texts.
    """
    columns, fields = [], []
    for name in dict.fromkeys(name for table in tables for name in table.column_names):
        found = [spelling(table.schema.field(name)) for table in tables if name in table.column_names]
        common = found[0] if all(one == found[0] for one in found) else None
        columns.append(_column([_get(table, name, common) for table in tables]))
        fields.append(pa.field(name, columns[-1].type, metadata=common))
    return pa.table(columns, schema=pa.schema(fields))


def typed(table: pa.Table) -> pa.Table:
    """The table with fields of text in the types that hold those of all rows."""
    for at, field in enumerate(table.schema):
        if spelling(field) is not None:
            table = table.set_column(at, field.name, _typed(whole(table.column(at)), field))
    return table


def no_rows(schema: pa.Schema) -> pa.Table:
    """The table without rows, of any types."""
    schema = schema.remove_metadata()
    return pa.table([pa.nulls(0, type) for type in schema.types], schema=schema)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece, of any type."""
    if column.num_chunks == 1:  # which pyarrow would copy
        return column.chunk(0)
    return column.combine_chunks() if column.num_chunks else pa.nulls(0, column.type)


def chosen(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Rows of a table, by their places; the same bytes whatever the table was made of."""
    return chosen_runs(table, rows, (len(rows),))[0]


def chosen_runs(table: pa.Table, rows: np.ndarray, ends: Sequence[int]) -> list[pa.Table]:
    """`chosen` of each run of rows, by where these end; what can be cut is taken at once."""

    def of(column: pa.Array) -> list[pa.Array]:
        if len(ends) > 1 and is_flat(column.type) and column.nbytes <= AT_ONCE_BYTES:
            return runs(take(column, rows), ends)
        return [compact(take(column, rows[first:end])) for first, end in pairwise((0, *ends))]

    columns = [of(whole(column)) for column in table.columns]
    return [pa.table([column[i] for column in columns], schema=table.schema) for i in range(len(ends))]


def take_rows(batch: pa.RecordBatch, rows: np.ndarray) -> pa.Table:
    """Rows of a batch, by their places."""
    return pa.table([take(column, rows) for column in batch.columns], schema=batch.schema)


def compact(array: pa.Array) -> pa.Array:
    """The same values, without anything that they do not need: the rest of a dictionary or of texts."""
    if types.is_dictionary(array.type) and array.type.ordered:
        used = np.unique(array.indices.drop_null().to_numpy())
        new = np.searchsorted(used, array.indices.fill_null(0).to_numpy())
        indices = pa.array(new, array.type.index_type, mask=array.indices.is_null().to_numpy(zero_copy_only=False))
        return pa.DictionaryArray.from_arrays(indices, take(array.dictionary, used.astype(np.int64)), ordered=True)
    if types.is_dictionary(array.type):
        plain = decoded(array).dictionary_encode()
        indices = plain.indices.cast(array.type.index_type)
        values = plain.dictionary.cast(array.type.value_type)
        return pa.DictionaryArray.from_arrays(indices, values, ordered=array.type.ordered)
    for is_view, large in _VIEWS.items():
        if is_view(array.type):
            return array.cast(large).cast(array.type)
    return array


def decoded(array: pa.Array) -> pa.Array:
    """A dictionary's values, in place of its indices."""
    for is_view, large in _VIEWS.items():
        if is_view(array.type.value_type):
            array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(large))
    return array.dictionary_decode()


def is_uuid(type: pa.DataType) -> bool:
    return getattr(type, "extension_name", "") == "arrow.uuid"


def uuids(array: pa.Array) -> pa.Array:
    """UUIDs as everybody writes them, in hexadecimal digits."""
    storage = array.storage
    first, stop = 16 * storage.offset, 16 * (storage.offset + len(storage))
    digits = memoryview(storage.buffers()[1] or b"")[first:stop].hex().encode()
    text = np.full((len(array), 36), ord("-"), np.uint8)
    text[:, _UUID_DIGITS] = np.frombuffer(digits, np.uint8).reshape(len(array), 32)
    offsets = pa.py_buffer(np.arange(0, 36 * len(array) + 1, 36, dtype=np.int64))
    buffers = [storage.is_valid().buffers()[1], offsets, pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), len(array), buffers)


def is_bool8(type: pa.DataType) -> bool:
    return getattr(type, "extension_name", "") == "arrow.bool8"


def booleans(array: pa.Array) -> pa.Array:
    """Booleans that have a byte each, in which all but zero is true, as those of a bit."""
    return array.storage.cast(pa.bool_())


def plain(array: pa.Array) -> list:
    """Values as JSON has them: times as text, infinities as "inf", NaN as None."""
    type = array.type
    if isinstance(type, pa.BaseExtensionType):
        if is_of_pandas(type):
            return printed(array)
        if is_bool8(type):
            return booleans(array).to_pylist()
        return uuids(array).to_pylist() if is_uuid(type) else plain(array.storage)
    if types.is_dictionary(type):
        return plain(decoded(array))
    if types.is_run_end_encoded(type):
        return plain(_compute().run_end_decode(array))
    if types.is_temporal(type) and not types.is_interval(type):
        try:
            return [None if text is None else text.replace(" ", "T") for text in times(array)]
        except pa.ArrowInvalid:  # a time zone that is not known
            return array.cast(pa.int64()).to_pylist()
    if types.is_map(type):
        array = array.cast(pa.list_(pa.struct([("key", type.key_type), ("value", type.item_type)])))
        return [None if of is None else [list(pair.values()) for pair in of] for of in plain(array)]
    if types.is_struct(type):
        columns = [plain(column) for column in array.flatten()]
        rows = zip(*columns, strict=True) if columns else ((),) * len(array)
        names = [field.name for field in type]
        is_there = array.is_valid().to_pylist()
        return [
            dict(zip(names, row, strict=True)) if there else None for row, there in zip(rows, is_there, strict=True)
        ]
    if hasattr(type, "value_type"):
        values = iter(plain(array.flatten()))
        lengths = _compute().list_value_length(array).to_pylist()
        return [None if length is None else [next(values) for _ in range(length)] for length in lengths]
    return list(map(_plain, array.to_pylist()))


def without_nested(table: pa.Table) -> pa.Table:
    """The table with lists, structs and maps as texts of JSON, intervals and periods of pandas as it prints them."""
    columns = [
        _as_json(whole(column)) if types.is_nested(column.type) or is_of_pandas(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def _as_json(array: pa.Array) -> pa.Array:
    return pa.array([v if v is None or isinstance(v, str) else json.dumps(v) for v in plain(array)], pa.string())


def _compute():
    """pyarrow.compute, which takes its time."""
    import pyarrow.compute

    return pyarrow.compute


def _get(table: pa.Table, name: str, common: dict | None) -> pa.Array:
    """A column; one of texts is typed, unless those of all tables are spelled so."""
    at = table.schema.get_field_index(name)
    if at < 0:
        return pa.nulls(len(table))
    column = whole(table.column(at))
    return column if common else _typed(column, table.schema.field(at))


def _typed(column: pa.Array, field: pa.Field) -> pa.Array:
    """As `fields.typed`, whose import takes its time, as that of pyarrow.compute does."""
    if spelling(field) is None:
        return column
    from fastloss.exact import fields

    return fields.typed(column, field)


def _column(arrays: list[pa.Array]) -> pa.Array:
    """Arrays as one, of a type that holds the values of all."""
    kinds = {array.type for array in arrays if not types.is_null(array.type)}
    if len(kinds) > 1:
        arrays = [decoded(array) if types.is_dictionary(array.type) else array for array in arrays]
        kinds = {array.type for array in arrays if not types.is_null(array.type)}
    type = kinds.pop() if len(kinds) == 1 else _common(kinds) if kinds else pa.null()
    arrays = [pa.nulls(len(array), type) if types.is_null(array.type) else _as(array, type) for array in arrays]
    return pa.concat_arrays(arrays)


def _common(kinds: set[pa.DataType]) -> pa.DataType:
    ordered = sorted(kinds, key=str)  # so that their order does not matter
    try:
        return pa.unify_schemas([pa.schema([("", kind)]) for kind in ordered], promote_options="permissive").types[0]
    except pa.ArrowException:
        return pa.large_string() if pa.large_string() in kinds else pa.string()


def _as(array: pa.Array, type: pa.DataType) -> pa.Array:
    if array.type == type:
        return array
    try:
        return array.cast(type)
    except pa.ArrowException:
        return _as_json(array).cast(type)


def times(array: pa.Array) -> list[str | None]:
    """Dates, times and durations as text that is equal for equal ones of all units.

    As "2020-01-01 00:00:00.5", "2020-01-01 01:00:00+01:00" where there is a time zone, "PT1.5S".

    Raises
    ------
    pa.ArrowInvalid
        If their time zone is not known.
    """
    if types.is_duration(array.type):
        numbers, digits = array.cast(pa.int64()).to_pylist(), DIGITS[array.type.unit]
        texts = [None if n is None else f"{'-' * (n < 0)}PT{Decimal(abs(n)).scaleb(-digits):f}S" for n in numbers]
    else:
        texts = array.cast(pa.string()).to_pylist()
        if types.is_timestamp(array.type) and array.type.tz is not None:
            texts = [None if text is None else ZONE.sub(r"\1:\2", text) for text in texts]
    return [TRAILING_ZEROS.sub(r"\1", text) if text is not None and "." in text else text for text in texts]


def _plain(value):
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if isinstance(value, float) or hasattr(value, "dtype"):
        value = float(value)
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return number_key(value) if isinstance(value, Decimal) else str(value)
