"""Summaries and numbers as rich prints them."""

import sys

from pyarrow import types
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fastloss.exact.views import number
from fastloss.exact.worst import Worst
from fastloss.files import GroupedSummary, Summary
from fastloss.files.errors import escaped

MAX_GROUPS = 20  # in the table
LEAST_TEXT = 12  # characters of a column of texts, beside numbers
MAX_WORST, MAX_COLUMNS, MAX_CELL = 10, 8, 40  # of worst rows, of their columns, of the characters of a value
SORTS = ("mean", "key")  # its groups: the largest mean first, or by their keys


def print_summary(summary: Summary, title: str, to_stderr: bool = False, sort: str = SORTS[0]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("count", "null", "nan", "ignored"):
        table.add_row(name, f"{getattr(summary, name):,}")
    for name in ("sum", "mean", "min"):
        table.add_row(name, short(getattr(summary, name)))
    for percent in (50, 90, 99):
        table.add_row(f"p{percent}", short(summary.quantile(percent / 100)))
    table.add_row("max", short(summary.max))
    if summary.weighted is not None:
        table.add_row("weights", short(summary.sum_of_weights))
        table.add_row("weighted mean", short(summary.weighted_mean))
    table.add_row("std", short(summary.std))
    table.add_row("stderr", short(summary.stderr))
    table.add_row("95% interval", _range(summary.interval))
    if summary.perplexity is not None:
        table.add_row("perplexity", short(summary.perplexity))
        table.add_row("its 95% interval", _range(summary.perplexity_interval))
        table.add_row("bits", short(summary.bits))
    if summary.calibration is not None:
        table.add_row("calibration error", short(summary.calibration["ece"]))
        table.add_row("largest of a bin", short(summary.calibration["mce"]))
    console = console_on(sys.stderr if to_stderr else sys.stdout)
    console.print(escaped(title), markup=False)
    console.print(table)
    outputs = [(name, output) for name, output in summary.outputs.items() if name.startswith("value")]
    if outputs:  # each of several, of predictions
        print_table(console, _parts("output", outputs))
    if summary.worst is not None:
        _print_worst(console, summary.worst)
    if isinstance(summary, GroupedSummary):
        labels = summary.labels()
        keys = summary.worst_first() if sort == "mean" else [*summary.groups]
        title = summary.by if isinstance(summary.by, str) else ", ".join(summary.by)
        print_table(console, _parts(title, [(labels[key], summary.groups[key]) for key in keys]))


def _parts(title: str, summaries: list[tuple]) -> Table:
    """A line a group or output, as many as a screen shows."""
    table = Table(escape(escaped(title)), box=None, pad_edge=False, header_style="")
    is_weighted = any(group.weighted is not None for _, group in summaries)
    names = ("count", "mean", *["weighted_mean"] * is_weighted, "p50", "p99", "max")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for key, group in summaries[:MAX_GROUPS]:
        found = group.numbers()
        count, *numbers = (number(found, name) for name in names)
        table.add_row(escape(escaped(key)), f"{count:,}", *map(short, numbers))
    if len(summaries) > MAX_GROUPS:
        table.add_row(f"and {len(summaries) - MAX_GROUPS:,} more: see --json")
    return table


def _print_worst(console: Console, rows) -> None:
    """The first rows of the largest losses, and of their columns as many as a screen shows."""
    table = Table("worst rows", box=None, pad_edge=False, header_style="")
    shown = rows.slice(0, MAX_WORST).select(range(min(MAX_COLUMNS, rows.num_columns)))
    for field in list(shown.schema)[1:]:
        is_number = types.is_integer(field.type) or types.is_floating(field.type)
        table.add_column(escape(cut(escaped(field.name))), justify="right", no_wrap=is_number)
    for row in Worst(MAX_WORST, (shown,), (0,)).fields():
        cells = ("-" if v is None else f"{v:.6g}" if isinstance(v, float) else str(v) for v in row.values())
        table.add_row(*(escape(cut(escaped(cell))) for cell in cells))
    print_table(console, table)
    more = {"more rows": len(rows) - MAX_WORST, "more columns": rows.num_columns - MAX_COLUMNS}
    if left_out := [f"{what}: {number:,}" for what, number in more.items() if number > 0]:
        console.print(f"{', '.join(left_out)}; see --worst-to")


def print_table(console: Console, table: Table) -> None:
    """Print a table whose columns of numbers have no_wrap: where a terminal has less room than these need, it breaks
    the lines, as a number without its end is another one.
    """
    least = 0
    for column in table.columns:
        cells = (console.measure(cell).maximum for cell in (column.header, *column.cells))
        least += 2 + (max(cells) if column.no_wrap else LEAST_TEXT)
    before, console.width = console.width, max(console.width, least)
    try:
        console.print(table)
    finally:
        console.width = before


def cut(text: str) -> str:
    """A text that a cell can show."""
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def short(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _range(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else " .. ".join(map(short, interval))


def console_on(stream) -> Console:
    # Without a terminal rich would fold lines at 80 columns.
    return Console(file=stream, width=None if stream.isatty() else 200, highlight=False)
