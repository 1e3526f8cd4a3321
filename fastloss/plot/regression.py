"""The regression of the paper, a line through data of which one in ten is an outlier: a still and an animation."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastloss.adaptive.regression import irls
from fastloss.plot.style import COLOURS, axes_of, inked, palette, tidy

TRUTH = (0.7, 0.15)  # slope and intercept


def line_with_outliers(seed: int = 0, size: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """x and y: a line with normal errors, and one in ten of the y's on the other side."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, size)
    y = TRUTH[0] * x + TRUTH[1] + rng.normal(0, 0.025, size)
    outlier = rng.uniform(size=size) < 0.1
    y[outlier] = 0.05 + 0.4 * (1 - np.sign(y[outlier] - 0.5))
    return x, y


def regression(seed: int = 0, *, ax: Any = None) -> Any:
    """
    Least squares and the adaptive robust loss on a line with outliers.

    Parameters
    ----------
    seed : int
        Of the random data.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    x, y = line_with_outliers(seed)
    found, squares = irls(x[:, None], y), irls(x[:, None], y, loss="half_squared_error")
    figure, (axes,) = axes_of(ax, 1, "A line with outliers", (7.4, 4.6))
    colours = palette(axes)
    _points(axes, x, y, found.weight / found.weight.max())
    _line(axes, squares.coef[0], squares.intercept, "least squares", color=colours.second, linestyle="--")
    learned = "adaptive: alpha {alpha:.2g}, scale {scale:.2g}".format(**found.loss.parameters)
    _line(axes, found.coef[0], found.intercept, learned, color=colours.first)
    _truth(axes)
    _finish(axes)
    return figure


def regression_animation(seed: int = 0, *, ax: Any = None) -> Any:
    """
    The steps of the fit: from the line of least squares, while the lowest alpha falls from 1, to the adaptive loss.

    Parameters
    ----------
    seed : int
        Of the random data.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure
        Of the data and the first step. Its attribute `animation` is the matplotlib.animation.FuncAnimation, which lives
        as long as the figure does: `figure.animation.save("fit.gif", writer="pillow")`.
    """
    x, y = line_with_outliers(seed)
    start = irls(x[:, None], y, loss="half_squared_error").path[-1:]
    path = start + [step for step in irls(x[:, None], y, anneal=8).path if step[2].name == "robust"]
    figure, (axes,) = axes_of(ax, 1, "A line with outliers, step by step", (7.4, 4.6))
    from matplotlib.animation import FuncAnimation
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if ax is None:
        figure.set_dpi(90)
        FigureCanvasAgg(figure)
    points = _points(axes, x, y, np.zeros_like(x))
    _truth(axes)
    line = _line(axes, *TRUTH, "fit", color=palette(axes).first)
    _finish(axes)

    def draw(k: int) -> list[Any]:
        coef, intercept, loss = path[k]
        weight = loss.weight(coef[0] * x + intercept - y)
        points.set_array(weight / weight.max())
        line.set_ydata(coef[0] * np.asarray(line.get_xdata()) + intercept)
        learned = ", ".join(f"{name} {value:.3f}" for name, value in loss.parameters.items())
        axes.set_title(f"alpha and scale learned: {learned}" if learned else "least squares", fontsize=10)
        return [points, line]

    draw(0)
    figure.animation = FuncAnimation(figure, draw, frames=len(path), interval=200, repeat_delay=2000)
    return figure


def _points(axes: Any, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Any:
    """The data in the colours of their weights, and what these are."""
    ink = palette(axes).ink
    points = axes.scatter(x, y, c=weight, cmap=COLOURS, vmin=0, vmax=1, s=18, edgecolors=ink, linewidths=0.3)
    bar = axes.figure.colorbar(points, ax=axes, label="IRLS weight, relative to the largest", pad=0.01)
    inked(bar.ax)
    return points


def _truth(axes: Any) -> None:
    """A band below the lines, which lie on it where they are right."""
    band = _line(axes, *TRUTH, "truth", color=palette(axes).ink, alpha=0.3, zorder=1.5)
    band.set_linewidth(8)


def _line(axes: Any, slope: float, intercept: float, label: str, **style: Any) -> Any:
    x = np.array([0.0, 1.0])
    return axes.plot(x, slope * x + intercept, linewidth=2, label=label, **style)[0]


def _finish(axes: Any) -> None:
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    axes.set_ylim(-0.05, 1.0)
    axes.legend(fontsize=8, frameon=False, loc="lower left")
    tidy(axes)
