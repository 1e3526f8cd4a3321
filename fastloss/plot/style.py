"""What the pictures have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

COLOURS = "cividis"  # ordered in lightness, and told apart by colour-blind readers
INK = "#333333"
DARK, BRIGHT = "#00336f", "#d08c00"


def axes_of(
    ax: Any, count: int, title: str, size: tuple[float, float] = (4.6, 3.8), **subplots: Any
) -> tuple[Any, list[Any]]:
    """(figure, axes): those given, or `count` new ones side by side.

    Raises
    ------
    ValueError
        If another number of axes is given.
    """
    if ax is not None:
        axes = list(np.atleast_1d(ax).ravel())
        if len(axes) != count:
            raise ValueError(f"ax must be {count} axes, got {len(axes)}")
        return axes[0].figure, axes
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] * count, size[1]), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=13, color=INK)
    return figure, list(np.atleast_1d(figure.subplots(1, count, **subplots)).ravel())


def tidy(*axes: Any) -> None:
    """A light grid behind the data, and no box around them."""
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(color="#eeeeee")
        each.set_axisbelow(True)


def shades(count: int) -> list[Any]:
    """So many colours in order, from dark to bright, all dark enough for white paper."""
    from matplotlib import colormaps

    return [colormaps[COLOURS](share) for share in np.linspace(0.0, 0.82, count)]
