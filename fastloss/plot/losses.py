"""Losses over a range, the general robust loss over alpha too, and its densities."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastloss.losses.curves import curves as outputs_of
from fastloss.losses.curves import limits
from fastloss.losses.likelihood import robust_nll
from fastloss.losses.m_estimators import robust
from fastloss.plot.style import BRIGHT, COLOURS, DARK, INK, axes_of, shades, tidy

TITLES = {"value": "value", "grad": "gradient", "weight": "IRLS weight"}
BY_TARGET = ({"color": DARK}, {"color": BRIGHT, "linestyle": "--"})
REACH = 6.0  # scales to either side


def curves(loss: Any = None, *, alphas: Sequence[float] = (-np.inf, -2.0, 0.0, 1.0, 2.0), ax: Any = None) -> Any:
    """
    Value and gradient of the general robust loss for several alphas; or those of any loss, and its IRLS weight.

    Parameters
    ----------
    loss : Loss, optional
        Drawn in place of `robust`. A parameter that has no default and is not bound is taken as 1.
    alphas : sequence of float
        For `robust`.
    ax : matplotlib axes, optional
        A panel for each output.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return _curves_by_alpha(alphas, ax) if loss is None else _curves_of(loss, ax)


def _curves_by_alpha(alphas: Sequence[float], ax: Any) -> Any:
    x = np.linspace(-REACH, REACH, 801)
    figure, axes = axes_of(ax, 2, "The general robust loss")
    for alpha, colour in zip(alphas, shades(len(alphas)), strict=True):
        for panel, y in zip(axes, robust.value_and_grad(x, alpha=alpha), strict=True):
            panel.plot(x, y, color=colour, linewidth=2, label=_named(alpha))
    axes[0].set_ylim(-0.2, REACH)
    axes[1].set_ylim(-2, 2)
    for panel, title in zip(axes, ("value", "gradient"), strict=True):
        panel.set_title(title, fontsize=11, color=INK)
        panel.set_xlabel("residual / scale")
        panel.axhline(0, color=INK, linewidth=0.8)
    axes[0].legend(fontsize=8, frameon=False, title="alpha", title_fontsize=8, loc="upper center")
    tidy(*axes)
    return figure


def _named(alpha: float) -> str:
    if np.isinf(alpha):
        return "\N{INFINITY}" if alpha > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    return f"{alpha:g}".replace("-", "\N{MINUS SIGN}")


def _curves_of(loss: Any, ax: Any) -> Any:
    drawn = outputs_of(loss)
    figure, panels = axes_of(ax, len(drawn.outputs), textwrap.fill(repr(drawn.loss), 60), (4.2, 3.6))
    for axes, (output, ys) in zip(panels, drawn.outputs.items(), strict=True):
        for y, target, style in zip(ys, drawn.range.targets, BY_TARGET[: len(ys)], strict=True):
            axes.plot(drawn.x, y, **style, linewidth=2, label=f"target {target}")
        low, high = limits(ys)
        margin = 0.05 * (high - low)
        axes.set_ylim(low - margin, high + margin)
        axes.set_xlim(drawn.range.low, drawn.range.high)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_title(TITLES[output], fontsize=11, color=INK)
        axes.set_xlabel(drawn.range.label)
        if drawn.range.targets != (None,):
            axes.legend(fontsize=8, frameon=False)
    tidy(*panels)
    return figure


def surface(*, alpha_range: tuple[float, float] = (-8.0, 2.0), ax: Any = None) -> Any:
    """
    Value and gradient of the general robust loss over the residual and alpha, as colours with contour lines.

    Parameters
    ----------
    alpha_range : (float, float)
        The lowest and the highest alpha.
    ax : two matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    x, alpha = np.linspace(-REACH, REACH, 301), np.linspace(*alpha_range, 241)
    value, grad = robust.value_and_grad(np.tile(x, (len(alpha), 1)), alpha=alpha[:, None])
    figure, axes = axes_of(ax, 2, "The general robust loss over residual and alpha", sharey=True)
    drawings = (
        (axes[0], "value", np.minimum(value, 6), {"cmap": COLOURS, "levels": np.linspace(0, 6, 25)}),
        (axes[1], "gradient", np.clip(grad, -2, 2), {"cmap": "PuOr", "levels": np.linspace(-2, 2, 33)}),
    )
    for panel, title, height, style in drawings:
        filled = panel.contourf(x, alpha, height, **style)
        panel.contour(x, alpha, height, levels=style["levels"][::4], colors=INK, linewidths=0.4)
        figure.colorbar(filled, ax=panel, ticks=style["levels"][::4])
        panel.set_title(title, fontsize=11, color=INK)
        panel.set_xlabel("residual / scale")
    axes[0].set_ylabel("alpha")
    return figure


def density(*, alphas: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0), scale: float = 1.0, ax: Any = None) -> Any:
    """
    The probability density that belongs to the general robust loss, and its negative logarithm, for several alphas.

    Parameters
    ----------
    alphas : sequence of float
        >= 0 and finite.
    scale : float
    ax : two matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    x = np.linspace(-REACH * scale, REACH * scale, 801)
    figure, axes = axes_of(ax, 2, "Densities of the general robust loss")
    for alpha, colour in zip(alphas, shades(len(alphas)), strict=True):
        nll = robust_nll(x, alpha=alpha, scale=scale)
        for panel, y in zip(axes, (np.exp(-nll), nll), strict=True):
            panel.plot(x, y, color=colour, linewidth=2, label=_named(alpha))
    for panel, title in zip(axes, ("density", "negative logarithm"), strict=True):
        panel.set_title(title, fontsize=11, color=INK)
        panel.set_xlabel("residual")
    lowest = min(line.get_ydata().min() for line in axes[1].lines)
    axes[1].set_ylim(lowest - 0.3, lowest + REACH)
    axes[0].set_ylim(bottom=0)
    axes[0].legend(fontsize=8, frameon=False, title="alpha", title_fontsize=8)
    tidy(*axes)
    return figure
