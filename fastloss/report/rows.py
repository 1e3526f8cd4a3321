"""Rows of data as a table of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.report.markup import NOTHING, name, number, table

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 100
_CELL = 60  # characters of a text


def rows_table(given: pa.Table) -> str:
    """The first rows of a table, as they come."""
    shown = given.slice(0, MOST_ROWS)
    columns = [list(map(_cell, _values(column))) for column in shown.columns]
    of_all = (
        f"The first {MOST_ROWS} of {len(given):,} rows" if len(given) > MOST_ROWS else "Rows with the largest losses"
    )
    heads = ["", *map(name, given.column_names)]
    return table(heads, ([str(i), *row] for i, row in enumerate(zip(*columns, strict=True), 1)), of_all, "data")


def _values(column: pa.ChunkedArray) -> list:
    """Its values; dates and times, which may be beyond those of Python, as text, or as numbers in an unknown zone."""
    import pyarrow as pa

    if isinstance(column.type, pa.BaseExtensionType):
        from fastloss.exact.rows import plain, whole

        return plain(whole(column))
    if not pa.types.is_temporal(column.type) or pa.types.is_interval(column.type):
        return column.to_pylist()
    try:
        return column.cast(pa.string()).to_pylist()
    except pa.ArrowInvalid:
        return column.cast(pa.int64()).to_pylist()


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return number(str(value) if value != value or value in (float("inf"), float("-inf")) else value)
    return name(str(value), _CELL)
