"""Arrow columns by name, and as NumPy arrays, without a copy where the layout allows one.

`numbers`, `labels` and `matrix` return the numbers and a mask of null rows (None if there are none). Under a null
the numbers are arbitrary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.core.arguments import shown
from fastloss.exact.picked import stored
from fastloss.exact.rows import booleans, is_bool8, is_uuid, uuids
from fastloss.files.errors import RowError, ScoringError, listed

VIEWS = types.is_list_view, types.is_large_list_view  # lists that lie anywhere in their elements
TEXTS = (
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    types.is_binary,
    types.is_large_binary,
    types.is_binary_view,
)


def path(schema: pa.Schema, name: str) -> tuple[str, ...]:
    """The column of this name; or else, by the dots in it, a column and the fields of structs. Empty if there is none.

    Names may have dots themselves, and the longest that is there counts.
    """
    if schema.get_all_field_indices(name):  # which is looked up: `names` is a new list of all
        return (name,)
    return _split(schema, name)


def check(schema: pa.Schema, name: str, is_carried: bool = False) -> None:
    """That there is one column, or field of structs, of this name; one that is only carried may be left out.

    Raises
    ------
    ScoringError
        If not.
    """
    found = len(schema.get_all_field_indices(name))
    if found > 1:
        other = ", or name those to keep" if is_carried else ""
        raise ScoringError(f"{found} columns are called {shown(name)}: rename one{other}")
    if not path(schema, name):
        there = listed(_candidates(schema, name))
        raise ScoringError(f"no column {shown(name)}; there are {there}{_other_separator(schema, name)}")


def _other_separator(schema: pa.Schema, name: str) -> str:
    """What to do where one column is the header of several, as of a spreadsheet's CSV with semicolons."""
    header = schema.names[0] if len(schema) == 1 else ""
    for mark in ";,|\t":
        if mark in header and name in (part.strip('"') for part in header.split(mark)):
            return f"; if {mark!r} is between columns, give it as separator"
    return ""


def get(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The column of this name, or the field of structs: null where a struct is."""
    first, *fields = path(batch.schema, name)
    array = batch.column(first)
    return _compute().struct_field(array, fields) if fields else array


def type_of(schema: pa.Schema, name: str) -> pa.DataType:
    """The type of what `get` returns."""
    return field_of(schema, name).type


def field_of(schema: pa.Schema, name: str) -> pa.Field:
    """The field of what `get` returns."""
    first, *inner = path(schema, name)
    field = schema.field(first)
    for one in inner:
        field = field.type.field(one)
    return field


def roots(schema: pa.Schema, names: Iterable[str]) -> list[str]:
    """The columns that hold the columns and fields of these names."""
    return list(dict.fromkeys(path(schema, name)[0] for name in names))


def numbers(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """A column of numbers as an array of shape (n,) in its own dtype.

    Dictionaries, run-ends and extension types are decoded; decimals become float64.

    Raises
    ------
    TypeError
        If the column holds anything but numbers.
    """
    if not (types.is_floating(array.type) or types.is_integer(array.type)):
        array = _plain(array)
    if types.is_boolean(array.type):
        values, null = numbers(array.cast(pa.uint8()))
        return values.view(np.bool_), null
    if not (types.is_integer(array.type) or types.is_floating(array.type)):
        raise TypeError(f"expected numbers, got {array.type}")
    return stored(array), _null(array)


def labels(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """A column of labels as integers of shape (n,): integers as they are, whole decimals and floats as int64.

    Raises
    ------
    TypeError
        If the column holds anything but numbers.
    RowError
        If a number is not whole.
    """
    array = decoded(array)
    if types.is_null(array.type):
        array = array.cast(pa.int64())
    if not (types.is_decimal(array.type) or types.is_floating(array.type)):
        return numbers(array)
    try:
        return numbers(wide_decimals(array).cast(pa.int64()))
    except pa.ArrowInvalid:
        values = enumerate(array.to_pylist())
        row, value = next((row, value) for row, value in values if value is not None and not _is_whole(value))
        raise RowError(f"target {value}", row, " is no label: labels are whole numbers of 64 bits") from None


def matrix(columns: Sequence[pa.Array], classes: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """One column of lists, or several columns of numbers, as an array of shape (n, classes).

    A row with a null inside is null as a whole. `classes` is the length that every list must have;
    None takes it from the first list, and is 0 where there is none.

    Raises
    ------
    TypeError
        If a single column does not hold lists of numbers, or several do not hold numbers.
    RowError
        If a list has another length.
    """
    if len(columns) > 1:
        return _stacked(columns)
    type = columns[0].type
    if isinstance(type, pa.FixedShapeTensorType) and len(type.shape) != 1:
        raise TypeError(f"expected a list of numbers a row, got tensors of shape {tuple(type.shape)}")
    array = decoded(columns[0])
    if types.is_fixed_size_list(array.type):
        return _fixed_size_lists(array)
    if types.is_null(array.type):  # no list is there
        array = array.cast(pa.list_(pa.float64()))
    if is_list(array.type):
        return _lists(array, classes)
    raise TypeError(f"expected a list of numbers a row, or several columns, got {array.type}")


def is_text(type: pa.DataType) -> bool:
    """Whether a column of this type holds texts, or bytes of any length."""
    return any(is_kind(type) for is_kind in TEXTS)


def is_list(type: pa.DataType) -> bool:
    """Whether a column of this type holds lists that may differ in length."""
    return any(is_kind(type) for is_kind in (types.is_list, types.is_large_list, *VIEWS))


def decoded(array: pa.Array) -> pa.Array:
    """The array without the encodings and names that may lie around its values; UUIDs as texts, bool8 as booleans."""
    if isinstance(array.type, pa.BaseExtensionType):
        if is_bool8(array.type):
            return booleans(array)
        return uuids(array) if is_uuid(array.type) else decoded(array.storage)
    if types.is_dictionary(array.type):
        values = array.dictionary
        if types.is_string_view(values.type):  # which pyarrow does not gather
            array = pa.DictionaryArray.from_arrays(array.indices, values.cast(pa.large_string()))
        return decoded(array.dictionary_decode())
    if types.is_run_end_encoded(array.type):
        return decoded(_compute().run_end_decode(array))
    return array


def holds_dictionaries(type: pa.DataType) -> bool:
    """Whether a type is that of dictionaries, or has them inside."""
    inner = (type.field(i).type for i in range(type.num_fields))
    return types.is_dictionary(type) or any(map(holds_dictionaries, inner))


def holds_lists(type: pa.DataType) -> bool:
    """Whether a column of this type holds lists, whatever lies around them."""
    if types.is_primitive(type):
        return False
    type = bare(type)
    return is_list(type) or types.is_fixed_size_list(type)


def holds_lists_of_integers(type: pa.DataType) -> bool:
    """Whether a column of this type holds lists of integers, whatever lies around them."""
    return holds_lists(type) and types.is_integer(bare(bare(type).value_type))


def holds_numbers(schema: pa.Schema, names: Sequence[str]) -> bool:
    """Whether these columns hold numbers, or something else that is no list, rather than nothing or lists."""
    type = type_of(schema, names[0])
    return len(names) > 1 or not (holds_lists(type) or types.is_null(type))


def fixed_size(type: pa.DataType) -> int | None:
    """The length of all lists in a column of this type, if the type tells."""
    if types.is_primitive(type):
        return None
    type = bare(type)
    return type.list_size if types.is_fixed_size_list(type) else None


def list_size(array: pa.Array) -> int | None:
    """The length of the first list that is not null; None if there is none."""
    array = decoded(array)
    if types.is_null(array.type):
        return None
    lengths = _compute().list_value_length(array).drop_null()
    return lengths[0].as_py() if len(lengths) else None


def to_arrow(values: np.ndarray, null: np.ndarray | None) -> pa.Array:
    """An array of shape (n,) as a column, one of shape (n, classes) as a fixed-size list column.

    Of 0 classes as one of lists of any size, all null: nothing told their number.
    """
    type, valid = pa.from_numpy_dtype(values.dtype), _bitmap(null)
    if values.ndim == 1:
        return pa.Array.from_buffers(type, len(values), [valid, _buffer(values)])
    if values.shape[1] == 0:
        return pa.nulls(len(values), pa.list_(type))
    flat = pa.Array.from_buffers(type, values.size, [None, _buffer(values)])
    lists = pa.list_(type, values.shape[1])
    return pa.Array.from_buffers(lists, len(values), [valid], children=[flat])


def _compute():
    """pyarrow.compute, whose import takes as long as all of ours: plain columns do without."""
    import pyarrow.compute

    return pyarrow.compute


def _buffer(values: np.ndarray) -> pa.Buffer:
    """The elements of an array; `pa.array` would look for pandas, which takes most of a second to import."""
    if values.dtype == bool:
        values = np.packbits(values, bitorder="little")
    return pa.py_buffer(np.ascontiguousarray(values))


def _bitmap(null: np.ndarray | None) -> pa.Buffer | None:
    return None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))


def union(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """The rows that are null in either mask."""
    return b if a is None else a if b is None else a | b


def _split(group: pa.Schema | pa.StructType, name: str) -> tuple[str, ...]:
    """A name by its dots into a member of `group` and fields in it; empty if there are none of these names."""
    if group.get_field_index(name) >= 0:
        return (name,)
    ends = [i for i, character in enumerate(name) if character == "."]
    for end in reversed(ends):
        member = name[:end]
        if group.get_field_index(member) >= 0 and types.is_struct(group.field(member).type):
            fields = _split(group.field(member).type, name[end + 1 :])
            if fields:
                return member, *fields
    return ()


def _candidates(group: pa.Schema | pa.StructType, name: str, before: str = "") -> list[str]:
    """The members of `group`, and in turn those of one that the name begins with."""
    found = []
    for field in group:
        found.append(before + field.name)
        if name.startswith(before + field.name + ".") and types.is_struct(field.type):
            found += _candidates(field.type, name, before + field.name + ".")
    return found


def bare(type: pa.DataType) -> pa.DataType:
    """The type of `decoded` of a column of this type; that of a tensor a row as it is."""
    if isinstance(type, pa.FixedShapeTensorType) and len(type.shape) != 1:
        return type
    if isinstance(type, pa.BaseExtensionType):
        return pa.bool_() if is_bool8(type) else bare(type.storage_type)
    if types.is_dictionary(type) or types.is_run_end_encoded(type):
        return bare(type.value_type)
    return type


def wide_decimals(array: pa.Array) -> pa.Array:
    """Decimals of 32 or 64 bits with 128, for what pyarrow does with those alone; another array as it is."""
    if types.is_decimal32(array.type) or types.is_decimal64(array.type):
        return array.cast(pa.decimal128(array.type.precision, array.type.scale))
    return array


def _plain(array: pa.Array) -> pa.Array:
    """The array of numbers in a type that NumPy has."""
    array = decoded(array)
    if types.is_decimal(array.type):  # by their text: pyarrow multiplies by a power of ten, which rounds twice
        return wide_decimals(array).cast(pa.string()).cast(pa.float64())
    if types.is_null(array.type):
        return array.cast(pa.float64())
    return array


def _is_whole(value: float | Decimal) -> bool:
    """Whether a label is a whole number of 64 bits."""
    return abs(value) < 1 << 63 and value == int(value)


def _stacked(columns: Sequence[pa.Array]) -> tuple[np.ndarray, np.ndarray | None]:
    arrays, null = [], None
    for column in columns:
        values, missing = numbers(column)
        arrays.append(values)
        null = union(null, missing)
    return np.stack(arrays, axis=1), null


def _fixed_size_lists(array: pa.FixedSizeListArray) -> tuple[np.ndarray, np.ndarray | None]:
    classes = array.type.list_size
    if classes == 0 and array.null_count < len(array):
        raise _of_length(0, array.is_valid().index(True).as_py(), None)
    # `values` is the child as a whole, whatever slice of the lists this array is.
    flat, inner = numbers(array.values.slice(array.offset * classes, len(array) * classes))
    return flat.reshape(len(array), classes), union(_null(array), _any_in_row(inner, classes))


def _of_length(length: int, row: int, classes: int | None) -> RowError:
    return RowError("the list", row, f" has {length} elements, expected {classes or 'one a class'}")


def _lists(array: pa.ListArray, classes: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    null = _null(array)
    is_view = any(is_kind(array.type) for is_kind in VIEWS)
    lengths = array.sizes.to_numpy() if is_view else np.diff(array.offsets.to_numpy())
    if null is not None:
        lengths = np.where(null, -1, lengths)
    if classes is None:
        classes = next((int(length) for length in lengths if length >= 0), 0)
    wrong = np.flatnonzero(((lengths != classes) | (lengths == 0)) & (lengths >= 0))
    if len(wrong):
        row = int(wrong[0])
        raise _of_length(lengths[row], row, classes)
    # without the null rows, which may be of any length
    flat, inner = numbers(_viewed(array, null, classes) if is_view else array.flatten())
    if classes == 0:
        return np.empty((len(array), 0), flat.dtype), np.ones(len(array), np.bool_)
    rows, inner = flat.reshape(-1, classes), _any_in_row(inner, classes)
    if null is None:
        return rows, inner
    spread = np.zeros((len(array), classes), rows.dtype)
    spread[~null] = rows
    if inner is not None:
        null[~null] = inner
    return spread, null


def _viewed(array: pa.ListViewArray, null: np.ndarray | None, classes: int) -> pa.Array:
    """The elements of the lists that are there, which lie anywhere, one list after the other."""
    starts = array.offsets.to_numpy()
    starts = starts if null is None else starts[~null]
    return array.values.take(pa.array((starts[:, None] + np.arange(classes)).reshape(-1)))


def _null(array: pa.Array) -> np.ndarray | None:
    """The rows that are null; None if there are none."""
    if not array.null_count:
        return None
    bits = np.frombuffer(array.buffers()[0], np.uint8, offset=array.offset // 8)
    first = array.offset % 8
    return np.unpackbits(bits, count=first + len(array), bitorder="little")[first:] == 0


def _any_in_row(inner: np.ndarray | None, classes: int) -> np.ndarray | None:
    return None if inner is None else inner.reshape(-1, classes).any(axis=1)
