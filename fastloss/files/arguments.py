"""The kinds of arguments that scoring takes. Each is a function of a value and the argument's name: it returns the
value as the rest works with it, or raises the one line that says what the argument must be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from datetime import date
from itertools import islice
from numbers import Real
from typing import Any

from fastloss.core.arguments import check_count, shown
from fastloss.core.loss import Loss, get
from fastloss.files.errors import ScoringError, of_locale

COLUMN = "the name of one column"
COLUMNS = "the name of a column, or a list of names"
_ADDRESS_OF_PATHLIB = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")  # "s3:/bucket"; one letter is a drive
PATH = "a path, as text or pathlib.Path"


def refusal(name: str, expected: str, value: Any) -> ScoringError:
    return ScoringError(f"{name} must be {expected}, got {shown(value)}")


def must_be(kind: type | tuple[type, ...], value: Any, name: str, expected: str) -> None:
    """That an argument is an object of a class."""
    if not isinstance(value, kind):
        raise refusal(name, expected, value)


def optional(kind: Callable, value: Any, name: str) -> Any:
    """An argument whose default is None."""
    return None if value is None else kind(value, name)


def as_text(value: Any, name: str, expected: str = "a text") -> str:
    """A text, as files can hold it."""
    if not isinstance(value, str):
        raise refusal(name, expected, value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ScoringError(f"{refusal(name, 'UTF-8', value)}{of_locale()}") from error
    return str(value)


def as_texts(value: Any, name: str, expected: str = "a text, or several") -> tuple[str, ...]:
    """A text or several."""
    values = [value] if isinstance(value, str) else _several(value, name, expected)
    return tuple(as_text(one, name, expected) for one in values)


def as_choice(value: Any, name: str, choices: Collection[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise ScoringError(f"unknown {name} {shown(value)}; there are {', '.join(choices)}")
    return str(value)


def as_column(value: Any, name: str, expected: str = COLUMN) -> str:
    """The name of a column. Numbers and dates are names in pandas: they stand for their text."""
    _refuse_values(value, name, expected)
    if isinstance(value, Real | date) and not isinstance(value, bool):
        try:
            value = str(value)
        except ValueError:  # an integer of thousands of digits
            raise refusal(name, expected, value) from None
    return as_text(value, name, expected)


def _refuse_values(value: Any, name: str, expected: str) -> None:
    """Refuse a column in place of its name: a table, a Series that has a name, or an array of fractions."""
    of_series = getattr(value, "name", None) if type(value).__name__ == "Series" else None
    if of_series not in (None, ""):
        raise ScoringError(f"{name} must be {expected}, got a Series: give its name, {name}={shown(of_series)}")
    if hasattr(value, "__dataframe__"):
        raise ScoringError(f"{name} must be {expected}, got a table: give the names of its columns")
    if getattr(getattr(value, "dtype", None), "kind", "") == "f" and getattr(value, "ndim", 0):
        raise ScoringError(f"{name} must be {expected}, got values: make them a column of the data")


def as_columns(value: Any, name: str) -> tuple[str, ...]:
    """The names of columns, in their order; in pandas a tuple is one, too."""
    if isinstance(value, str | Real | date):
        return (as_column(value, name, COLUMNS),)
    if isinstance(value, Set):  # in another order in the next process
        raise refusal(name, COLUMNS, value)
    _refuse_values(value, name, COLUMNS)
    values = _several(value, name, COLUMNS)
    return tuple(as_column(str(one) if isinstance(one, tuple) else one, name, COLUMNS) for one in values)


def as_grouping(value: Any, name: str) -> str | tuple[str, ...]:
    """The column of groups, or several."""
    names = as_columns(value, name)
    if not names or len(set(names)) < len(names):
        raise refusal(name, f"{COLUMNS}, each once", value)
    return names[0] if len(names) == 1 else names


def as_kept(value: Any, name: str) -> tuple[str, ...] | None:
    """The columns of the input that the output carries; None is all of them."""
    if isinstance(value, str) and value in ("all", "none"):
        return None if value == "all" else ()
    return as_columns(sorted(value, key=str) if isinstance(value, Set) else value, name)


def as_count(value: Any, name: str) -> int:
    """How many of something."""
    try:
        return check_count(value, name)
    except ValueError as error:
        raise ScoringError(str(error)) from error


def as_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise refusal(name, "True or False", value)
    return value


def as_options(value: Any, name: str) -> dict[str, Any]:
    """Keywords of another library, which may be secrets: they are not shown."""
    if not isinstance(value, Mapping):
        raise refusal(name, "a mapping of names to values", value)
    if not all(isinstance(key, str) for key in value):
        raise ScoringError(f"{name} must have names that are text")
    return dict(value)


def as_function(value: Any, name: str) -> Callable:
    if not callable(value):
        raise refusal(name, "a function", value)
    return value


def as_loss(value: Any, name: str) -> Loss:
    """A loss, or the one of a name."""
    if not isinstance(value, str | Loss):
        raise refusal(name, "a loss, or the name of one", value)
    return get(value) if isinstance(value, str) else value


def as_losses(value: Any, name: str) -> Loss | dict[str, Loss]:
    """A loss, or several by their names."""
    if isinstance(value, list | tuple) and len(value) == 1:
        return as_loss(value[0], name)
    if isinstance(value, str | Loss):
        return as_loss(value, name)
    if isinstance(value, Mapping):
        losses = {as_text(key, f"a name in {name}"): as_loss(one, name) for key, one in value.items()}
        if "" in losses:
            raise ScoringError(f"{name}: a loss has no name")
    elif isinstance(value, list | tuple):
        found = [as_loss(one, name) for one in value]
        losses = {one.name: one for one in found}
        if len(losses) < len(found):
            twice = next(one.name for i, one in enumerate(found) if losses[one.name] is not found[i])
            raise ScoringError(f"{name}: two losses are called {twice}: give {{NAME: loss, ...}} (--as NAME)")
    else:
        raise refusal(name, "a loss, the name of one, a list of these or a mapping {NAME: loss}", value)
    if not losses:
        raise ScoringError(f"{name} is empty: give a loss")
    return losses


def as_path(value: Any, name: str, expected: str = PATH) -> str:
    """The path of a file or directory, or an address."""
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if isinstance(path, str) and not isinstance(value, str) and not os.path.exists(path):
        path = _ADDRESS_OF_PATHLIB.sub(r"\1://", path, count=1)
    if not isinstance(path, str):
        raise refusal(name, expected, value)
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ScoringError(f"{refusal(name, 'a path that the file system can hold', value)}{of_locale()}") from error
    if not path or b"\0" in encoded:
        raise refusal(name, "a path that is not empty and has no NUL", value)
    return str(path)


def as_inputs(value: Any, name: str) -> list:
    """What is scored, one by one: paths, and the objects that `inputs` knows."""
    from fastloss.files.memory import is_in_memory, memory_table, passes_once, table_of_batches
    from fastloss.files.tables import is_dataset, is_table

    def is_single(one: Any) -> bool:
        return isinstance(one, str | os.PathLike) or is_dataset(one) or is_table(one) or is_in_memory(one)

    def known(one: Any, name: str) -> Any:
        if is_dataset(one) or is_table(one):
            return one
        return memory_table(one, name) if is_in_memory(one) else as_path(one, name, expected)

    table = "a table (pyarrow.table makes one of arrays), a pyarrow.dataset.Dataset"
    expected = f"{PATH}, {table}, a list of these or an iterator of record batches"
    if is_single(value):
        return [known(value, name)]
    for method in ("compute", "collect"):  # of frames of Dask, of Narwhals
        if callable(getattr(value, method, None)):
            kind = f"{type(value).__module__.split('.')[0]} {type(value).__name__}"
            raise ScoringError(f"{name} is a {kind}, which is yet to be computed: give its {method}()")
    values = []
    if isinstance(value, Iterator):
        values = list(islice(value, 1))  # what it raises is its own
        if not values:
            raise ScoringError(f"{name} is an iterator of nothing, which tells no columns: give a table of no rows")
        if is_in_memory(values[0]):
            return [table_of_batches(values[0], value, name)]
    values += _several(value, name, expected)
    once = [id(one) for one in values if passes_once(one)]
    if len(set(once)) < len(once):
        raise ScoringError(f"{name} has one stream twice, and it passes once: give a table, or a stream for each")
    if len(values) == 1:
        return [known(values[0], name)]
    return [known(one, f"{name}[{i}]" if is_in_memory(one) else name) for i, one in enumerate(values)]


def _several(value: Any, name: str, expected: str) -> list:
    """The elements of what has some in an order, or whose order does not matter."""
    if isinstance(value, bytes | bytearray | Mapping) or hasattr(value, "__dataframe__"):
        raise refusal(name, expected, value)
    try:
        return list(value)
    except Exception as error:  # a class of the caller's may raise anything
        raise refusal(name, expected, value) from error
