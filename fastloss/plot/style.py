"""What the pictures have in common: their colours, on a light or on a dark ground, and their axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastloss.core.installing import install_extra

COLOURS = "cividis"  # of weights and heights: ordered in lightness, and told apart by colour-blind readers


@dataclass(frozen=True)
class Palette:
    """Colours of pictures on one ground. Text and lines have a contrast of 4.5 to it."""

    ink: str  # of text, axes, and the truth
    grid: str
    fill: str  # of bars
    first: str
    second: str
    shades: tuple[str, ...]  # of lines in an order, different in hue and in lightness


LIGHT = Palette(
    ink="#2b2b2b",
    grid="#e3e3e2",
    fill="#b9c6d6",
    first="#0b5394",
    second="#a34a00",
    shades=("#0a1f5c", "#1f6fd1", "#00786a", "#b05400", "#86001f"),
)
DARK = Palette(
    ink="#e6e6e6",
    grid="#454545",
    fill="#4f6179",
    first="#7fc1ff",
    second="#ffb066",
    shades=("#e9ecff", "#5c9dff", "#2fd1b8", "#ffab52", "#f0645a"),
)


def axes_of(
    ax: Any, count: int, title: str, size: tuple[float, float] = (4.6, 3.8), **subplots: Any
) -> tuple[Any, list[Any]]:
    """(figure, axes): those given, or `count` new ones side by side.

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If another number of axes is.
    ImportError
        If matplotlib is not there.
    """
    if ax is not None:
        axes = list(np.atleast_1d(ax).ravel())
        if not all(hasattr(one, "figure") for one in axes):
            raise TypeError(f"ax must be axes of matplotlib, got {ax!r}")
        if len(axes) != count:
            raise ValueError(f"ax must be {count} axes, got {len(axes)}")
        return axes[0].figure, axes
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f"a picture needs more than the core: {install_extra('plot')}") from error

    figure = Figure(figsize=(size[0] * count, size[1]), dpi=150, layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, count, **subplots)).ravel())
    figure.suptitle(title, fontsize=13, color=palette(axes[0]).ink)
    return figure, axes


def palette(axes: Any) -> Palette:
    """That of the ground of axes: of dark styles of matplotlib, such as dark_background, the bright one."""
    from matplotlib.colors import to_rgba

    *ground, opacity = to_rgba(axes.get_facecolor())
    if not opacity:
        *ground, opacity = to_rgba(axes.figure.get_facecolor())
    return DARK if opacity and np.dot(ground, (0.2126, 0.7152, 0.0722)) < 0.4 else LIGHT


def tidy(*axes: Any) -> None:
    """A faint grid behind the data, no box around them, and text that is read on their ground."""
    for each in axes:
        colours = palette(each)
        each.spines[["top", "right"]].set_visible(False)
        each.grid(color=colours.grid)
        each.set_axisbelow(True)
        inked(each)


def inked(axes: Any) -> None:
    """Text and lines around the data in the ink of their ground."""
    ink = palette(axes).ink
    axes.tick_params(colors=ink)
    axes.title.set_color(ink)
    for name, spine in axes.spines.items():
        spine.set_color(ink if name in ("left", "bottom", "outline") else "none")
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(ink)
    legend = axes.get_legend()
    for text in [] if legend is None else [legend.get_title(), *legend.get_texts()]:
        text.set_color(ink)


def line_styles(count: int, colours: Palette) -> list[dict[str, Any]]:
    """Styles of so many lines in an order, each told from the next: of more than there are shades every second is
    dashed.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    shades = colours.shades
    dashed = count > len(shades)
    ramp = LinearSegmentedColormap.from_list("", shades)
    drawn = [to_hex(ramp(share)) for share in np.linspace(0, 1, count)]
    if not dashed:
        drawn = [shades[round(place)] for place in np.linspace(0, len(shades) - 1, count)]
    return [
        {"color": shade, "linestyle": "--" if dashed and number % 2 else "-", "linewidth": 2}
        for number, shade in enumerate(drawn)
    ]
