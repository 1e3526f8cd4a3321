"""Bounds of the columns of row groups, as the footer of a Parquet file has them, in Arrow's types.

They are read here and not by pyarrow, which takes those of any order and ends the process over some that are corrupt.
Bounds that are not surely those of the values, in the order of Arrow's, are none.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from pyarrow import types

from fastloss.files.arrow import columns, of_pandas
from fastloss.files.arrow.masks import may_be_met
from fastloss.files.conditions import Condition
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.footer import Footer
from fastloss.files.parquet.thrift import Struct, number

NULLS, GREATEST, LEAST, GREATEST_IS_EXACT, LEAST_IS_EXACT = 3, 5, 6, 7, 8  # of the statistics of a chunk
ORDER_OF_TYPE = 1  # of the orders of columns
FORMATS = {"FLOAT": "<f", "DOUBLE": "<d", "INT32": "<i", "INT64": "<q", "BOOLEAN": "<?"}
UNSIGNED = {"INT32": "<I", "INT64": "<Q"}
STATISTICS_OF_GROUP = {fields.GROUP_CHUNKS: [{fields.CHUNK_METADATA: {fields.CHUNK_STATISTICS: {}}}]}
UNITS = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


@dataclass(frozen=True)
class Bounds:
    """Those of a column in some row groups; null where there is none.

    Attributes
    ----------
    exact : array of bool
        Whether both are values of the column, as those of long texts need not be.
    only_nulls : array of bool
        Whether there are no other values.
    """

    least: pa.Array
    greatest: pa.Array
    exact: np.ndarray
    only_nulls: np.ndarray


def may_match(
    footer: Footer,
    metadata: pa.parquet.FileMetaData,
    schema: pa.Schema,
    row_groups: Sequence[int],
    conditions: Sequence[Condition],
) -> np.ndarray:
    """For each of some row groups, whether it may have a row that meets all conditions."""
    found = np.ones(len(row_groups), bool)
    for condition in conditions:
        bounds = bounds_of(footer, metadata, schema, row_groups, condition.column)
        if bounds is not None:
            found &= may_be_met(condition, bounds.least, bounds.greatest, bounds.exact) & ~bounds.only_nulls
    return found


def bounds_of(
    footer: Footer, metadata: pa.parquet.FileMetaData, schema: pa.Schema, row_groups: Sequence[int], name: str
) -> Bounds | None:
    """The bounds of a column, or of a field of structs; None where there can be none."""
    path = ".".join(columns.path(schema, name))
    at = [i for i, leaf in enumerate(footer.leaves) if leaf.path == path]
    if len(at) != 1 or footer.leaves[at[0]].levels[0] or not _is_ordered(footer, at[0]):
        return None
    if of_pandas.described(columns.field_of(schema, name)) is not None:  # which compares as text
        return None
    stored = _Stored.of(metadata.schema.column(at[0]), columns.bare(columns.type_of(schema, name)))
    if stored is None:
        return None
    told = [_statistics(footer, group, at[0]) for group in row_groups]
    least, greatest = ([stored.value(one, field) for one in told] for field in (LEAST, GREATEST))
    is_text = types.is_binary(stored.type)
    exact = [not is_text or (_is_true(one, LEAST_IS_EXACT) and _is_true(one, GREATEST_IS_EXACT)) for one in told]
    nulls = [NULLS in one and number(one, NULLS) == footer.rows[g] for one, g in zip(told, row_groups, strict=True)]
    return Bounds(pa.array(least, stored.type), pa.array(greatest, stored.type), np.array(exact), np.array(nulls))


@dataclass(frozen=True)
class _Stored:
    """How values of a column are stored in statistics, and the Arrow type in which they are compared."""

    type: pa.DataType
    physical: str
    is_unsigned: bool = False

    @classmethod
    def of(cls, column: pa.parquet.ColumnSchema, type: pa.DataType) -> _Stored | None:
        """None where the order of the one is not surely that of the other."""
        logical, physical = json.loads(column.logical_type.to_json()), column.physical_type
        kind = logical["Type"]
        if physical in ("INT96", "FIXED_LEN_BYTE_ARRAY") and not types.is_decimal(type):
            return None
        if types.is_boolean(type) and physical == "BOOLEAN":
            return cls(type, physical)
        if (types.is_float32(type) and physical == "FLOAT") or (types.is_float64(type) and physical == "DOUBLE"):
            return cls(type, physical)
        if types.is_integer(type) and physical in UNSIGNED and kind in ("None", "Int"):
            is_unsigned = kind == "Int" and not logical["isSigned"]
            if is_unsigned == types.is_unsigned_integer(type):
                return cls(pa.uint64() if is_unsigned else pa.int64(), physical, is_unsigned)
        if types.is_decimal(type) and kind == "Decimal" and logical["scale"] == type.scale:
            return cls(type, physical)
        if types.is_date(type) and kind == "Date":
            return cls(pa.date32(), physical)
        if types.is_timestamp(type) and kind == "Timestamp" and logical["isAdjustedToUTC"] == (type.tz is not None):
            return cls(pa.timestamp(UNITS[logical["timeUnit"]], type.tz), physical)
        if types.is_time(type) and kind == "Time":
            unit = UNITS[logical["timeUnit"]]
            return cls(pa.time32(unit) if unit == "ms" else pa.time64(unit), physical)
        return cls(pa.binary(), physical) if columns.is_text(type) and physical == "BYTE_ARRAY" else None

    def value(self, statistics: Struct, field: int) -> Any:
        """A bound, as `pa.array` takes it; None if there is none that is sound."""
        if field not in statistics or statistics[field][0] != thrift.BINARY:
            return None
        raw = thrift.content(statistics[field])
        if self.physical in ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"):
            return self._decimal(int.from_bytes(raw, "big", signed=True)) if types.is_decimal(self.type) else raw
        try:
            (found,) = struct.unpack((UNSIGNED if self.is_unsigned else FORMATS)[self.physical], raw)
        except struct.error:
            return None
        if types.is_decimal(self.type):
            return self._decimal(found)
        if isinstance(found, float) and math.isnan(found):
            return None
        return pa.scalar(found, self.type) if types.is_temporal(self.type) else found

    def _decimal(self, unscaled: int) -> Decimal | None:
        if abs(unscaled) >= 10**self.type.precision:
            return None
        sign, digits, _ = Decimal(unscaled).as_tuple()
        return Decimal((sign, digits, -self.type.scale))


def _is_ordered(footer: Footer, leaf: int) -> bool:
    """Whether the bounds of a column are in the order of its type."""
    _, orders = footer.file.get(fields.FILE_ORDERS, (thrift.LIST, []))
    return len(orders) == len(footer.leaves) and ORDER_OF_TYPE in orders[leaf]


def _statistics(footer: Footer, group: int, leaf: int) -> Struct:
    """What the footer says of the values of a column chunk; nothing where it does not."""
    try:
        struct, _ = thrift.read(footer.groups[group], STATISTICS_OF_GROUP)
        _, chunks = struct[fields.GROUP_CHUNKS]
        _, metadata = chunks[leaf][fields.CHUNK_METADATA]
        return metadata[fields.CHUNK_STATISTICS][1]
    except (thrift.Malformed, LookupError):
        return {}


def _is_true(statistics: Struct, field: int) -> bool:
    return field in statistics and statistics[field][0] == thrift.TRUE
