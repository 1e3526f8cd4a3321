"""Summaries as others show them: histograms, columns of tables, HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping

import numpy as np

from fastloss.core.arguments import check_count
from fastloss.exact.buckets import Buckets

NUMBERS = ("count", "null", "nan", "ignored", "sum", "mean", "min", "max", "p50", "p90", "p99", "rows", "infinite")
NUMBERS += ("sum_of_squares", "sum_of_weights", "weighted_sum", "weighted_mean", "std", "stderr")
NUMBERS += ("interval_low", "interval_high")
OF_ENTROPIES = ("perplexity", "bits")
SHOWN = ("count", "mean", "stderr", "min", "p50", "p90", "p99", "max")
MOST_ROWS = 100  # of a table in HTML


def number(numbers: Mapping, name: str):
    """One of the numbers of a summary by its name in tables, as p99; None where it has none of that name."""
    if name.startswith("interval_"):
        return None if numbers["interval"] is None else numbers["interval"][name == "interval_high"]
    if name[0] == "p" and name[1:].isdigit():
        return numbers["quantiles"][str(int(name[1:]) / 100)]
    return numbers.get(name)


def binned(buckets: Buckets, low: float | None, high: float | None, bins: int, log: bool):
    """The counts and edges of `Summary.histogram`, whose exact bounds are given where they are finite."""
    bins = check_count(bins, "bins")
    means, held = buckets.means()
    finite = np.isfinite(means)
    means, held = means[finite], held[finite]
    counts = np.zeros(bins, np.int64)
    if not len(means):
        return counts, np.linspace(1.0 if log else 0.0, 2.0 if log else 1.0, bins + 1)
    low = float(means.min()) if low is None or math.isinf(low) else low
    high = float(means.max()) if high is None or math.isinf(high) else high
    if log and low <= 0:
        raise ValueError(f"log needs values that are positive, the smallest is {low}: leave log out")
    shares = np.arange(bins + 1) / bins
    if log:
        edges = np.exp(math.log(low) * (1 - shares) + math.log(high) * shares)
    else:
        edges = low * (1 - shares) + high * shares
    edges[0], edges[-1] = low, high
    edges = np.maximum.accumulate(np.clip(edges, low, high))  # where these are near, rounded edges are in no order
    np.add.at(counts, np.searchsorted(edges[1:-1], means, side="right"), held)
    return counts, edges


def table(summaries: list, columns: Mapping[str, list]) -> dict[str, list]:
    """The columns of a table with a row a summary; `columns` come first, and numbers called as one of them get a _."""
    rows = [summary.numbers() for summary in summaries]
    entropies = OF_ENTROPIES if any(row.get("perplexity") is not None for row in rows) else ()
    found = dict(columns)
    for name in (*NUMBERS, *entropies):
        free = name
        while free in found:
            free += "_"
        found[free] = [number(row, name) for row in rows]
    return found


def in_arrow(values: list):
    """Values of a column of a table as an Arrow array: as text where no type has all of them."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return pa.array([None if value is None else float(value) for value in values])
    whole = [value for value in values if type(value) is int]
    is_wide = max(whole, default=0) >= 1 << 63
    if len(kinds) > 1 or (is_wide and min(whole) < 0):
        return pa.array([None if value is None else str(value) for value in values])
    return pa.array(values, pa.uint64() if is_wide else None)


def short(value) -> str:
    """A number in six digits."""
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def in_html(summaries: list, columns: Mapping[str, list[str]], title: str) -> str:
    """A table with a row a summary."""
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in (*columns, *SHOWN))
    rows = []
    for i, summary in enumerate(summaries[:MOST_ROWS]):
        cells = [f"<td>{html.escape(column[i])}</td>" for column in columns.values()]
        numbers = summary.numbers()
        cells += [f'<td style="text-align:right">{short(number(numbers, name))}</td>' for name in SHOWN]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    more = len(summaries) - MOST_ROWS
    below = f"<p>and {more:,} more</p>" if more > 0 else ""
    caption = f"<caption>{html.escape(title)}</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>{below}"
