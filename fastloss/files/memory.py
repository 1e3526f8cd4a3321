"""Inputs that are tables in memory: frames, what Arrow's C interface hands over, and iterators of record batches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from fastloss.core.arguments import shown
from fastloss.files.errors import ScoringError, one_line
from fastloss.files.formats import MEMORY

ARROW = "__arrow_c_stream__", "__arrow_c_array__"


@dataclass(frozen=True)
class Stream:
    """Record batches that pass once; `close` releases what gives them, which may let nothing else happen before."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, eq=False)
class MemoryTable:
    """A table in memory, or a stream of batches.

    Attributes
    ----------
    path : str
        What messages call it.
    names : sequence of str
        Its columns.
    read : callable
        Given those of them that are needed, a `pyarrow.Table` or a `Stream` that has these at least.
    passes_once : bool
        Whether it is a stream.
    """

    path: str
    names: Sequence[str]
    read: Callable[[tuple[str, ...]], pa.Table | Stream]
    passes_once: bool
    format = MEMORY


def is_in_memory(given: Any) -> bool:
    """Whether an object is a table in memory, or a stream of one."""
    return _opener(given) is not None


def passes_once(given: Any) -> bool:
    """Whether an object is one that is known to be empty once it was read."""
    return isinstance(given, Iterator | pa.RecordBatchReader)


def memory_table(given: Any, name: str) -> MemoryTable:
    """The table that an object is, which messages call `name`.

    Raises
    ------
    ScoringError
        If it cannot be read through Arrow.
    """
    kind = type(given)
    path = f"{name} ({kind.__module__.split('.')[0].removeprefix('_')}.{kind.__name__})"
    try:
        return _opener(given)(given, path)
    except MemoryError:
        raise
    except Exception as error:  # whatever its library raises
        fix = ": give its to_frame()" if hasattr(given, "to_frame") else ""  # a column of pandas or polars
        reason = f"cannot be read through Arrow as a table with named columns: {one_line(error)}{fix}"
        raise ScoringError(f"{path}: {reason}") from error


def table_of_batches(first: Any, others: Iterator, name: str) -> MemoryTable:
    """The stream of an iterator from which `first` was taken: record batches, or other tables of the same columns."""
    path = f"{name} (iterator)"
    beginning = _whole(first, path)

    def batches():
        yield from _batches(beginning)
        for number, one in enumerate(others, 1):
            if not is_in_memory(one):
                raise ScoringError(f"{path}: element {number} is {shown(one)}: let them all be record batches")
            yield from _batches(_whole(one, path))

    passing = batches()
    return _stream(path, Stream(beginning.schema, passing, passing.close))


def _whole(given: Any, path: str) -> pa.Table | Stream:
    table = memory_table(given, path)
    return table.read(tuple(table.names))


def _batches(table: pa.Table | Stream) -> Iterable[pa.RecordBatch]:
    return table.to_batches() if isinstance(table, pa.Table) else table.batches


def _stream(path: str, stream: Stream) -> MemoryTable:
    return MemoryTable(path, stream.schema.names, lambda needed: stream, passes_once=True)


def _opener(given: Any) -> Callable[[Any, str], MemoryTable] | None:
    for (module, name), opener in _FRAMES.items():
        kind = getattr(sys.modules.get(module), name, None)  # who has such an object has imported its library
        if kind is not None and isinstance(given, kind):
            return opener
    if isinstance(given, type):  # of which objects have it
        return None
    return _arrow if any(hasattr(given, name) for name in ARROW) else None


def _arrow(given, path: str) -> MemoryTable:
    """What has Arrow's C interface: a stream, unless it is known to be there as a whole."""
    if isinstance(given, pa.RecordBatch) or not hasattr(given, ARROW[0]):
        given = pa.Table.from_batches([pa.record_batch(given)])
    if isinstance(given, pa.Table):
        return MemoryTable(path, given.schema.names, lambda needed: given, passes_once=False)
    if isinstance(given, pa.RecordBatchReader):  # the caller's, who may go on with it
        return _stream(path, Stream(given.schema, given))
    reader = pa.RecordBatchReader.from_stream(given)
    return _stream(path, Stream(reader.schema, reader, reader.close))


def _pandas(frame, path: str) -> MemoryTable:
    """A frame by pandas' own way into Arrow, in which NaN is null; of the columns that are needed."""
    import pandas

    frame = frame.copy(deep=False)
    frame.columns = list(map(str, frame.columns))  # as pyarrow has them, which warns of some
    names = pa.Table.from_pandas(frame.iloc[:0].astype(object)).schema.names  # those of its index come last
    of_index = names[len(frame.columns) :]

    @cache
    def read(needed):
        places = [place for place, name in enumerate(names[: len(frame.columns)]) if name in needed]
        chosen = frame.iloc[:, places]
        plain = {name: _plain(type, pandas) for name, type in chosen.dtypes.items()}
        chosen = chosen.astype({name: type for name, type in plain.items() if type is not None})
        has_index = not set(of_index).isdisjoint(needed) if of_index else None  # numbers are told beside the columns
        try:
            return pa.Table.from_pandas(chosen, preserve_index=has_index)
        except pa.ArrowException as error:  # which says what and, apart from that, where
            raise ScoringError("; ".join(map(str, error.args))) from error

    return MemoryTable(path, names, read, passes_once=False)


def _plain(dtype, pandas):
    """The dtype of a column's values, where Arrow has none for how pandas holds them; None where it has.

    Of intervals (of pandas.cut) and periods pyarrow makes dictionaries that it does not read again.
    """
    if isinstance(dtype, pandas.SparseDtype):
        return dtype.subtype
    kind = dtype.categories.dtype if isinstance(dtype, pandas.CategoricalDtype) else None
    return kind if isinstance(kind, pandas.IntervalDtype | pandas.PeriodDtype) else None


def _polars(frame, path: str) -> MemoryTable:
    def read(needed):
        return pa.table(_exported(frame.select(needed)))

    return MemoryTable(path, frame.columns, cache(read), passes_once=False)


def _lazy_polars(frame, path: str) -> MemoryTable:
    """The query runs once, for the columns that are needed."""
    import polars

    def read(needed):
        query = _exported(frame.select(needed))
        schema = pa.table(polars.DataFrame(schema=query.collect_schema())).schema
        batches = (batch for part in query.collect_batches() for batch in pa.table(part).to_batches())
        return Stream(schema, batches, batches.close)

    return MemoryTable(path, frame.collect_schema().names(), read, passes_once=True)


def _exported(frame):
    """A frame of polars in types that Arrow has: integers of 128 bits as decimals."""
    import polars

    types = frame.collect_schema()
    for name, type in types.items():
        if type == polars.Object:
            raise ScoringError(f"column {name!r} holds objects of Python, which Arrow lacks: keep fewer columns")
    wide = [name for name, type in types.items() if str(type) in ("Int128", "UInt128")]
    return frame.with_columns(polars.col(wide).cast(polars.Decimal(38, 0))) if wide else frame


_FRAMES = {
    ("pandas", "DataFrame"): _pandas,
    ("polars", "DataFrame"): _polars,
    ("polars", "LazyFrame"): _lazy_polars,
}
