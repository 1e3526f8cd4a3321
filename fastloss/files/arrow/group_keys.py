"""A column of Arrow as the keys of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from fastloss.exact.accumulator import present, steps
from fastloss.exact.keys import Key, number_key
from fastloss.exact.pandas_types import INTERVAL
from fastloss.exact.picked import stored, to_arrow
from fastloss.files.arrow import columns, of_pandas
from fastloss.files.errors import ColumnTypeError, ScoringError, one_line

_MOST_CODES = np.iinfo(np.int32).max

# By column the dictionary before, or the dates, and what `_encoded` says of it: mostly that of the next too; and by
# columns what their combinations were
Remembered = dict[str | tuple[str, ...], tuple]


def keys_of_rows(batch: pa.RecordBatch, names: Sequence[str], known: Remembered) -> tuple[np.ndarray, list[Key]]:
    """As `keys_of_columns`, by these columns of a batch."""
    given = {by: as_printed(columns.get(batch, by), columns.field_of(batch.schema, by), by) for by in names}
    return keys_of_columns(given, known)


def as_printed(column: pa.Array, field: pa.Field, by: str) -> pa.Array:
    """A column, whose intervals and periods of pandas are the texts that it prints."""
    kind = of_pandas.described(field)
    if kind is None:
        return column
    name, told = kind
    storage = columns.decoded(column)
    if name == INTERVAL:
        codes, bounds = keys_of_columns(dict(zip(("left", "right"), storage.flatten(), strict=True)), {})
        texts = of_pandas.interval_texts(bounds, storage.type, told["closed"])
    else:
        codes, ordinals = keys_of(storage, by, {})
        texts = of_pandas.period_texts(ordinals, told["freq"], by)
    return pa.DictionaryArray.from_arrays(codes, pa.array(texts, pa.string()))


def keys_of_columns(given: Mapping, known: Remembered) -> tuple[np.ndarray, list[Key]]:
    """As `keys_of`, by column; of several columns the keys are tuples, those combinations of values that there are."""
    (codes, keys), *others = found = [keys_of(column, by, known) for by, column in given.items()]
    if not others:
        return codes, keys
    groups, combinations = len(keys), []
    for codes_there, keys_there in others:
        possible = groups * len(keys_there)
        if possible <= min(4 * len(codes), _MOST_CODES):
            codes = codes * np.int32(len(keys_there)) + codes_there
            there = present(codes, possible)
            codes = _numbered(codes, there, possible)
        else:
            both = codes.astype(np.int64) * len(keys_there) + codes_there
            there, codes = np.unique(both, return_inverse=True)
        groups = len(there)
        combinations.append(there.tolist())
    described = [column.type for column in given.values()], [keys for _, keys in found], combinations
    if known.get(tuple(given), ())[:3] != described:
        known[tuple(given)] = *described, _combined(*described[1:])
    return codes, known[tuple(given)][3]


def _combined(keys: list[list[Key]], combinations: list[list[int]]) -> list[Key]:
    """Keys of columns, and which pairs of those before and those of each further column there are, as tuples."""
    found = [(key,) for key in keys[0]]
    for there, pairs in zip(keys[1:], combinations, strict=True):
        found = [(*found[pair // len(there)], there[pair % len(there)]) for pair in pairs]
    return found


def _numbered(codes: np.ndarray, there: np.ndarray, possible: int) -> np.ndarray:
    """Codes below `possible` as numbers of those that there are."""
    if len(there) == possible:
        return codes
    numbers = np.zeros(possible, np.int32)
    numbers[there] = np.arange(len(there))
    return numbers.take(codes)


def keys_of(column, by: str, known: Remembered) -> tuple[np.ndarray, list[Key]]:
    """The number of each row's key, and the keys: the values of the column `by`."""
    from pyarrow import types

    if types.is_dictionary(column.type) and len(column.dictionary) <= len(column):
        return _keys_of_dictionary(column, by, known)
    if types.is_date32(column.type):
        dense = _keys_of_integers(column.view("int32"))
        if dense is not None:
            codes, days = dense
            return codes, _keys_of_values(to_arrow(np.array(days, np.int32)).view(column.type), by, known)[1]
    if types.is_integer(column.type):
        dense = _keys_of_integers(column)
        if dense is not None:
            return dense
    return _encoded(column, by)


def _encoded(column, by: str) -> tuple[np.ndarray, list[Key]]:
    """As `keys_of`, of any column."""
    from pyarrow import types

    array = columns.wide_decimals(columns.decoded(column))
    is_time = types.is_temporal(array.type) and not types.is_interval(array.type)
    is_number = types.is_floating(array.type) or types.is_decimal(array.type)
    kinds = (
        types.is_integer,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_null,
    )
    if not (is_number or is_time or any(of_kind(array.type) for of_kind in kinds)):
        raise ColumnTypeError(f"column {by!r}: groups are numbers, text, booleans, dates or times, got {column.type}")
    encoded = array.dictionary_encode()
    values = encoded.dictionary
    keys = _time_keys(values, by) if is_time else values.to_numpy(zero_copy_only=False).tolist()
    if is_number:
        keys = list(map(number_key, keys))
    if not encoded.null_count:
        return encoded.indices.to_numpy(), keys
    return encoded.indices.fill_null(len(keys)).to_numpy(), [*keys, None]


def _keys_of_integers(column) -> tuple[np.ndarray, list[int]] | None:
    """As `keys_of`; None where some are missing, or they are further from one another than there are."""
    if column.null_count or not len(column):
        return None
    values = stored(column)
    least, most = values.min(), values.max()
    possible = int(most) - int(least) + 1
    if possible > len(values):
        return None
    signed = values.astype(np.int32 if values.dtype == np.int32 else np.int64, copy=False)
    codes, there = steps(signed, int(least.astype(signed.dtype)), possible)
    if len(there) == possible:
        return codes, list(range(int(least), int(most) + 1))
    return _numbered(codes, there, possible), [int(least) + step for step in there.tolist()]


def _keys_of_values(values, by: str, known: Remembered) -> tuple[np.ndarray, list[Key]]:
    """As `keys_of`, of the values of a column, which are mostly those of the column before."""
    if by not in known or not known[by][0].equals(values):
        known[by] = values, *_encoded(values, by)
    return known[by][1:]


def _keys_of_dictionary(column, by: str, known: Remembered) -> tuple[np.ndarray, list[Key]]:
    """As `keys_of`, of a dictionary that is short beside its column; values of it may be in no row, or there twice."""
    of_values, keys = _keys_of_values(column.dictionary, by, known)
    indices = column.indices
    if column.null_count:
        indices = indices.fill_null(len(of_values))
        of_values = np.append(of_values, keys.index(None) if None in keys else len(keys))
        keys = [*keys, None]
    codes = indices.to_numpy().astype(np.int32, copy=False)
    there = present(codes, len(of_values))
    if len(there) == len(of_values) and (np.diff(of_values) == 1).all():
        return codes, keys
    used, numbers = np.unique(of_values[there], return_inverse=True)
    places = np.zeros(len(of_values), np.int32)
    places[there] = numbers
    return places.take(codes), [keys[i] for i in used]


def _time_keys(values, by: str) -> list[Key]:
    from fastloss.exact.rows import times

    try:
        return times(values)
    except pa.ArrowInvalid as error:  # a time zone that is not known
        raise ScoringError(f"column {by!r}: {one_line(error)}") from error
