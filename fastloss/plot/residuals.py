"""Residuals, and how much each of them counts."""

from __future__ import annotations

import textwrap

import numpy as np

from fastloss.plot.style import COLOURS, axes_of, inked, palette, tidy

MOST_NUMBERED = 6  # points
COUNTS_LITTLE = 0.5  # the relative weight below which a point is numbered


def residual_weights(predicted, residual, loss, title: str = "", unit: str = "", *, ax=None):
    """Residuals over predictions, coloured by the weight that a robust loss gives them.

    A panel beside them shows the weight as a function of the residual, over the histogram of the residuals. Weights are
    relative to that of the residual 0. The points that count least, up to six, have their numbers beside them, counted
    from 0.

    Parameters
    ----------
    predicted, residual : array of shape (n,)
        Predictions, and prediction minus target.
    loss : Loss
        A loss with IRLS weights.
    title : str
        Of a new figure.
    unit : str
        Unit of predictions and residuals, for the axes.
    ax : two matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    predicted, residual = np.asarray(predicted), np.asarray(residual)
    reach = 1.08 * np.abs(residual).max()
    heading = textwrap.fill(title, 80)
    figure, (scatter_axes, weight_axes) = axes_of(ax, 2, heading, (5, 5.4), sharey=True, width_ratios=(2.6, 1))

    weight = _relative_weight(loss, residual)
    ink = palette(scatter_axes).ink
    points = scatter_axes.scatter(
        predicted, residual, c=weight, cmap=COLOURS, vmin=0, vmax=1, s=26, edgecolors=ink, linewidths=0.3
    )
    for number in np.argsort(weight, kind="stable")[:MOST_NUMBERED]:
        if weight[number] < COUNTS_LITTLE:
            _number(scatter_axes, number, predicted, residual)
    scatter_axes.axhline(0, color=ink, linewidth=0.8)
    scatter_axes.set_xlabel(f"predicted {unit}")
    scatter_axes.set_ylabel(f"residual = predicted - measured {unit}")
    scatter_axes.set_ylim(-reach, reach)
    bar = figure.colorbar(points, ax=scatter_axes, label="IRLS weight, relative to residual 0", pad=0.01)
    inked(bar.ax)
    _curve(weight_axes, residual, loss, reach)
    tidy(scatter_axes, weight_axes)
    return figure


def _number(axes, number: int, x: np.ndarray, y: np.ndarray) -> None:
    """The number of a point, on the side where there is room."""
    left = x[number] > (x.min() + x.max()) / 2
    axes.annotate(
        str(number),
        (x[number], y[number]),
        (-6 if left else 6, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=8,
        color=palette(axes).ink,
    )


def _curve(axes, residual: np.ndarray, loss, reach: float) -> None:
    """The weight over the residual, which goes upwards, and how many residuals there are."""
    colours = palette(axes)
    grid = np.linspace(-reach, reach, 801)
    counts, edges = np.histogram(residual, bins=30, range=(-reach, reach))
    axes.barh(
        edges[:-1],
        counts / counts.max(),
        height=np.diff(edges),
        align="edge",
        color=colours.fill,
        label="histogram, peak at 1",
    )
    axes.plot(_relative_weight(loss, grid), grid, color=colours.first, linewidth=2, label="weight")
    axes.axhline(0, color=colours.ink, linewidth=0.8)
    axes.set_xlim(0, 1.04)
    axes.set_xlabel("relative weight")
    axes.set_title(textwrap.fill(repr(loss), 24), fontsize=9)
    axes.legend(loc="lower right", fontsize=8, frameon=False)


def _relative_weight(loss, residual: np.ndarray) -> np.ndarray:
    (weight,) = loss.evaluate(np.append(residual, 0.0), None, outputs=("weight",))
    return weight[:-1] / weight[-1]
