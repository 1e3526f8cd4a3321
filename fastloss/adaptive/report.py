"""The coefficients of a regression as a table."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.adaptive.scales import NORMAL
from fastloss.core.arguments import shown

Array = NDArray[np.float64]


def interval(values: Array, errors: Array, level: float) -> Array:
    """values -+ the normal quantile times their standard errors, a row each.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    reach = quantile_of(level) * errors
    return np.column_stack([values - reach, values + reach])


def quantile_of(level: float) -> float:
    """How many standard deviations a normal variable stays within with this probability."""
    if not isinstance(level, Real):
        raise TypeError(f"level must be a number between 0 and 1, got {shown(level)}")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    return NORMAL.inv_cdf((1 + float(level)) / 2)


def coefficients(values: Array, errors: Array, level: float) -> dict[str, Array]:
    """The columns of the table, named as in statsmodels."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = values / errors
    low, high = interval(values, errors, level).T
    p = np.array([2 * NORMAL.cdf(-abs(each)) for each in z])
    tail = (1 - level) / 2
    return {"coef": values, "std err": errors, "z": z, "P>|z|": p, f"[{tail:.4g}": low, f"{1 - tail:.4g}]": high}


def text(title: str, facts: Sequence[tuple[str, Any]], names: Sequence[str], columns: dict[str, Array]) -> str:
    """Facts, one a line, and a table with a row a name, in plain text."""
    rows = [["", *columns]]
    for i, name in enumerate(names):
        rows.append([name, *(f"{v[i]:.3f}" if key == "P>|z|" else f"{v[i]:.5g}" for key, v in columns.items())])
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    table = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    width = len(table[0])
    lines = [f"{name + ':':<14}{value}" for name, value in facts]
    return "\n".join([title.center(width).rstrip(), "=" * width, *lines, "-" * width, *table, "=" * width])
