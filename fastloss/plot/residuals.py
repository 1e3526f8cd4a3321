"""Residuals, and how much each of them counts."""

from __future__ import annotations

import numpy as np

from fastloss.plot.style import COLOURS, INK, axes_of, tidy


def residual_weights(predicted, residual, loss, title: str = "", unit: str = "", *, ax=None):
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
    figure, (scatter_axes, weight_axes) = axes_of(ax, 2, title, (5, 5.4), sharey=True, width_ratios=(2.6, 1))

    points = scatter_axes.scatter(
        predicted,
        residual,
        c=_relative_weight(loss, residual),
        cmap=COLOURS,
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
    tidy(scatter_axes, weight_axes)
    return figure


def _relative_weight(loss, residual: np.ndarray) -> np.ndarray:
    (weight,) = loss.evaluate(np.append(residual, 0.0), None, outputs=("weight",))
    return weight[:-1] / weight[-1]
