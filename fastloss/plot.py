"""Pictures, with matplotlib (extra: plot). Each function returns a Figure to save or to show."""

from __future__ import annotations

import textwrap

import numpy as np

from fastloss._curves import curves, limits

WEIGHT_COLOURS = "cividis"  # ordered in lightness, and told apart by colour-blind readers
INK = "#333333"
CURVES = ({"color": "#00336f"}, {"color": "#d08c00", "linestyle": "--"})


def residual_weights(predicted, residual, loss, title: str, unit: str = ""):
    """Residuals over predictions, coloured by the weight that a robust loss gives them.

    A panel beside them shows the weight as a function of the residual, over the histogram of the
    residuals. Weights are relative to that of the residual 0.

    Parameters
    ----------
    predicted, residual : array of shape (n,)
        Predictions, and prediction minus target.
    loss : Loss
        A loss with IRLS weights.
    title : str
    unit : str
        Unit of predictions and residuals, for the axes.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    predicted, residual = np.asarray(predicted), np.asarray(residual)
    reach = 1.08 * np.abs(residual).max()
    figure = Figure(figsize=(10, 5.4), dpi=150, layout="constrained")
    scatter_axes, weight_axes = figure.subplots(1, 2, sharey=True, width_ratios=(2.6, 1))
    figure.suptitle(title, fontsize=15, color=INK)

    points = scatter_axes.scatter(
        predicted,
        residual,
        c=_relative_weight(loss, residual),
        cmap=WEIGHT_COLOURS,
        vmin=0,
        vmax=1,
        s=26,
        edgecolors=INK,
        linewidths=0.3,
    )
    scatter_axes.axhline(0, color=INK, linewidth=0.8)
    scatter_axes.set_xlabel(f"predicted {unit}")
    scatter_axes.set_ylabel(f"residual = predicted - measured {unit}")
    scatter_axes.set_ylim(-reach, reach)
    figure.colorbar(points, ax=scatter_axes, label="IRLS weight, relative to residual 0", pad=0.01)

    grid = np.linspace(-reach, reach, 801)
    counts, edges = np.histogram(residual, bins=30, range=(-reach, reach))
    weight_axes.barh(
        edges[:-1],
        counts / counts.max(),
        height=np.diff(edges),
        align="edge",
        color="#cfd4da",
        label="histogram, peak at 1",
    )
    weight = _relative_weight(loss, grid)
    weight_axes.plot(weight, grid, color="#00336f", linewidth=2, label="weight")
    weight_axes.axhline(0, color=INK, linewidth=0.8)
    weight_axes.set_xlim(0, 1.04)
    weight_axes.set_xlabel("relative weight")
    weight_axes.set_title(repr(loss), fontsize=10, color=INK)
    weight_axes.legend(loc="lower right", fontsize=8, frameon=False)
    for axes in (scatter_axes, weight_axes):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
    return figure


def loss_curves(loss):
    """Value, gradient and, for losses of a residual, IRLS weight of a loss, a panel each.

    Parameters
    ----------
    loss : Loss
        A parameter that has no default and is not bound is taken as 1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    drawn = curves(loss)
    titles = {"value": "value", "grad": "gradient", "weight": "IRLS weight"}
    figure = Figure(figsize=(4.2 * len(drawn.outputs), 3.6), dpi=150, layout="constrained")
    figure.suptitle(textwrap.fill(repr(drawn.loss), 60), fontsize=13, color=INK)
    for axes, (output, ys) in zip(figure.subplots(1, len(drawn.outputs)), drawn.outputs.items(), strict=True):
        for y, target, style in zip(ys, drawn.range.targets, CURVES[: len(ys)], strict=True):
            axes.plot(drawn.x, y, **style, linewidth=2, label=f"target {target}")
        low, high = limits(ys)
        margin = 0.05 * (high - low)
        axes.set_ylim(low - margin, high + margin)
        axes.set_xlim(drawn.range.low, drawn.range.high)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_title(titles[output], fontsize=11, color=INK)
        axes.set_xlabel(drawn.range.label)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
        if drawn.range.targets != (None,):
            axes.legend(fontsize=8, frameon=False)
    return figure


def _relative_weight(loss, residual: np.ndarray) -> np.ndarray:
    (weight,) = loss.evaluate(np.append(residual, 0.0), None, outputs=("weight",))
    return weight[:-1] / weight[-1]
