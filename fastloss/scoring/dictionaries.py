"""One dictionary a column, which an Arrow file can have, from those that each batch of a source brings along."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def collect(batch: pa.RecordBatch, found: dict[str, pa.Array]) -> None:
    """Add the values of a batch's dictionaries to those that were found before, by the names of the columns."""
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        found[name] = encoded(array, found.get(name, array.dictionary)).dictionary


def encoded(array: pa.DictionaryArray, values: pa.Array) -> pa.DictionaryArray:
    """The array with a dictionary that is `values`, and after them those that it has beside."""
    own = array.dictionary
    if own.equals(values):
        return array
    if pa.types.is_string_view(own.type):  # in which pyarrow does not search
        values, own = values.cast(pa.large_string()), own.cast(pa.large_string())
    new = own.filter(pc.invert(pc.is_in(own, value_set=values)))
    whole = pa.concat_arrays([values, new])
    indices = pc.index_in(own, value_set=whole).take(array.indices).cast(array.type.index_type)
    return pa.DictionaryArray.from_arrays(indices, whole.cast(array.type.value_type), ordered=array.type.ordered)
