"""One dictionary a column, which an Arrow file can have, from those that each batch of a source brings along."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import types


def collect(batch: pa.RecordBatch, found: dict[str, pa.Array]) -> None:
    """Add the values of a batch's dictionaries to those that were found before, by the names of the columns."""
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        found[name] = _joined(found[name], array.dictionary) if name in found else array.dictionary


def encoded(array: pa.DictionaryArray, values: pa.Array) -> pa.DictionaryArray:
    """The array with `values`, among which are its own, as its dictionary."""
    import pyarrow.compute as pc  # which takes its time: files without dictionaries do without

    own = array.dictionary
    if own.equals(values):
        return array
    indices = pc.index_in(_searched(own), value_set=_searched(values)).take(array.indices)
    return pa.DictionaryArray.from_arrays(indices.cast(array.type.index_type), values, ordered=array.type.ordered)


def is_narrow(type: pa.DataType) -> bool:
    """Whether a type is that of dictionaries that may outgrow its indices when they are joined."""
    return types.is_dictionary(type) and type.index_type.bit_width < 32


def widened(schema: pa.Schema, found: dict[str, pa.Array]) -> pa.Schema:
    """The schema with indices of 32 bits where those of a column cannot count the values that were found."""
    for i, field in enumerate(schema):
        type = field.type
        if is_narrow(type) and len(found.get(field.name, ())) > np.iinfo(type.index_type.to_pandas_dtype()).max + 1:
            wide = pa.dictionary(pa.int32(), type.value_type, type.ordered)
            schema = schema.set(i, field.with_type(wide))
    return schema


def _joined(values: pa.Array, own: pa.Array) -> pa.Array:
    """The values, and after them those of `own` that are not among them."""
    import pyarrow.compute as pc

    if own.equals(values):
        return values
    new = pc.invert(pc.is_in(_searched(own), value_set=_searched(values)))
    return pa.concat_arrays([values, _searched(own).filter(new).cast(own.type)])


def _searched(values: pa.Array) -> pa.Array:
    """The values in a type in which pyarrow searches, and which it filters."""
    return values.cast(pa.large_string()) if types.is_string_view(values.type) else values
