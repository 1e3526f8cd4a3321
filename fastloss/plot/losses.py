"""Losses over a range, the general robust loss over alpha too, and its densities."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastloss.core.loss import as_loss
from fastloss.losses.curves import Range, limits, range_of
from fastloss.losses.curves import curves as outputs_of
from fastloss.losses.likelihood import robust_nll
from fastloss.losses.m_estimators import robust
from fastloss.plot.style import COLOURS, axes_of, inked, line_styles, palette, tidy

TITLES = {"value": "value", "grad": "gradient", "weight": "IRLS weight"}
REACH = 6.0  # scales to either side
SHOWN = 40  # characters of a loss in a legend, which has the name alone of longer ones


def curves(loss: Any = None, *, alphas: Sequence[float] = (-np.inf, -2.0, 0.0, 1.0, 2.0), ax: Any = None) -> Any:
    """
    Value and gradient of the general robust loss for several alphas; or those of other losses, and their IRLS weights.

    Parameters
    ----------
    loss : Loss or str, or sequence of such, optional
        Drawn in place of `robust`. A parameter that has no default and is not bound is taken as 1.
    alphas : sequence of float
        For `robust`.
    ax : matplotlib axes, optional
        A panel for each output.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If one is no loss and no name.
    ValueError
        If there is no loss of a name, or none at all, or several are not functions of the same thing.

    Examples
    --------
    >>> import fastloss as fl
    >>> figure = fl.plot.curves([fl.huber, fl.tukey.bind(scale=3.0)])
    >>> [axes.get_title() for axes in figure.axes]
    ['value', 'gradient', 'IRLS weight']
    """
    if loss is None:
        return _curves_by_alpha(alphas, ax)
    losses = [loss] if isinstance(loss, str) or not isinstance(loss, Iterable) else loss
    return _curves_of([as_loss(each, "curves") for each in losses], ax)


def _curves_by_alpha(alphas: Sequence[float], ax: Any) -> Any:
    x = np.linspace(-REACH, REACH, 801)
    figure, axes = axes_of(ax, 2, "The general robust loss")
    for alpha, style in zip(alphas, line_styles(len(alphas), palette(axes[0])), strict=True):
        for panel, y in zip(axes, robust.value_and_grad(x, alpha=alpha), strict=True):
            panel.plot(x, y, **style, label=_named(alpha))
    axes[0].set_ylim(-0.2, REACH)
    axes[1].set_ylim(-2, 2)
    for panel, title in zip(axes, ("value", "gradient"), strict=True):
        panel.set_title(title, fontsize=11)
        panel.set_xlabel("residual / scale")
        _zero(panel)
    _legend_of_alphas(axes[0], loc="upper center")
    tidy(*axes)
    return figure


def _named(alpha: float) -> str:
    if np.isinf(alpha):
        return "\N{INFINITY}" if alpha > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    return f"{alpha:g}".replace("-", "\N{MINUS SIGN}")


def _legend_of_alphas(axes: Any, **place: Any) -> None:
    columns = 1 + len(axes.get_legend_handles_labels()[1]) // 7
    axes.legend(fontsize=8, frameon=False, title="alpha", title_fontsize=8, ncols=columns, **place)


def _zero(axes: Any) -> None:
    axes.axhline(0, color=palette(axes).ink, linewidth=0.8)


def _curves_of(losses: Sequence[Any], ax: Any) -> Any:
    where = _common_range(losses)
    drawn = [outputs_of(loss, where=where) for loss in losses]
    outputs = [name for name in TITLES if all(name in each.outputs for each in drawn)]
    texts = [(repr(each.loss), each.loss.name) for each in drawn]
    names = [text if len(text) <= SHOWN else name for text, name in texts]
    title = textwrap.fill(repr(drawn[0].loss), 22 * len(outputs) + 4) if len(drawn) == 1 else ""
    below = len(drawn) * len(where.targets) if len(drawn) > 1 else 0  # lines of the legend
    figure, panels = axes_of(ax, len(outputs), title, (4.2, 3.6 + 0.18 * below))
    for axes, output in zip(panels, outputs, strict=True):
        _panel(axes, [each.outputs[output] for each in drawn], where, drawn[0].x, names)
        axes.set_title(TITLES[output], fontsize=11)
    if below:
        panels[0].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(0, -0.14))
    elif where.targets != (None,):
        panels[0].legend(fontsize=8, frameon=False)
    tidy(*panels)
    return figure


def _panel(axes: Any, by_loss: Sequence[Sequence[np.ndarray]], where: Range, x: np.ndarray, names: list[str]) -> None:
    """An output of some losses, a line for each of them and each target."""
    colours = palette(axes)
    alone = len(by_loss) == 1
    styles = [{"color": colours.first, "linewidth": 2}] if alone else line_styles(len(by_loss), colours)
    for ys, style, name in zip(by_loss, styles, names, strict=True):
        for number, (y, target) in enumerate(zip(ys, where.targets, strict=True)):
            parts = [*([] if alone else [name]), *([] if target is None else [f"target {target}"])]
            other = {"linestyle": ":" if not alone else "--"} if number else {}
            other |= {"color": colours.second} if number and alone else {}
            axes.plot(x, y, **style | other, label=", ".join(parts))
    low, high = limits([y for ys in by_loss for y in ys])
    margin = 0.05 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(where.low, where.high)
    axes.set_xlabel(where.label)
    _zero(axes)


def _common_range(losses: Sequence[Any]) -> Range:
    """The one of all losses, which are functions of the same thing."""
    if not losses:
        raise ValueError("loss must be a loss or several, got none")
    ranges = [range_of(loss) for loss in losses]
    first = ranges[0]
    for loss, each in zip(losses, ranges, strict=True):
        if (each.label, each.targets) != (first.label, first.targets):
            raise ValueError(
                f"{losses[0].name} is a function of a {first.label}, {loss.name} of a {each.label}: "
                "draw them in pictures of their own"
            )
    return first._replace(low=min(each.low for each in ranges), high=max(each.high for each in ranges))


def surface(*, alpha_range: tuple[float, float] = (-8.0, 2.0), ax: Any = None) -> Any:
    """
    Value and gradient of the general robust loss over the residual and alpha, in three dimensions.

    Parameters
    ----------
    alpha_range : (float, float)
        The lowest and the highest alpha.
    ax : two matplotlib axes, optional
        Those without the projection "3d" get colours and contour lines.

    Returns
    -------
    matplotlib.figure.Figure
    """
    title = "The general robust loss over residual and alpha"
    figure, axes = axes_of(ax, 2, title, (5.2, 4.6), subplot_kw={"projection": "3d"})
    x, alpha = np.linspace(-REACH, REACH, 121), np.linspace(*alpha_range, 81)
    value, grad = robust.value_and_grad(np.tile(x, (len(alpha), 1)), alpha=alpha[:, None])
    heights = (
        (np.minimum(value, REACH), {"cmap": COLOURS, "vmin": 0, "vmax": REACH}),
        (
            np.clip(grad, -2, 2),
            {"cmap": "PuOr", "vmin": -2, "vmax": 2},
        ),
    )
    for panel, name, (height, style) in zip(axes, ("value", "gradient"), heights, strict=True):
        draw = _in_space if panel.name == "3d" else _contours
        draw(panel, x, alpha, height, style)
        panel.set_title(name, fontsize=11)
        panel.set_xlabel("residual / scale")
        panel.set_ylabel("alpha")
        panel.set_ylim(*alpha_range)
        inked(panel)
    return figure


def _in_space(axes: Any, x: np.ndarray, alpha: np.ndarray, height: np.ndarray, style: dict[str, Any]) -> None:
    ink = palette(axes).ink
    axes.plot_surface(
        *np.meshgrid(x, alpha),
        height,
        **style,
        rstride=4,
        cstride=4,
        edgecolor=ink,
        linewidth=0.15,
        shade=False,
        rasterized=True,  # or an SVG holds each of the faces
    )
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(ink)
    axes.set_xlim(x[0], x[-1])
    axes.view_init(elev=32, azim=-118)


def _contours(axes: Any, x: np.ndarray, alpha: np.ndarray, height: np.ndarray, style: dict[str, Any]) -> None:
    levels = np.linspace(style["vmin"], style["vmax"], 25)
    filled = axes.contourf(x, alpha, height, levels=levels, **style)
    axes.contour(x, alpha, height, levels=levels[::4], colors=palette(axes).ink, linewidths=0.4)
    axes.figure.colorbar(filled, ax=axes, ticks=levels[::4])


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
    for alpha, style in zip(alphas, line_styles(len(alphas), palette(axes[0])), strict=True):
        nll = robust_nll(x, alpha=alpha, scale=scale)
        for panel, y in zip(axes, (np.exp(-nll), nll), strict=True):
            panel.plot(x, y, **style, label=_named(alpha))
    for panel, title in zip(axes, ("density", "negative logarithm"), strict=True):
        panel.set_title(title, fontsize=11)
        panel.set_xlabel("residual")
    lowest = min(line.get_ydata().min() for line in axes[1].lines)
    axes[1].set_ylim(lowest - 0.3, lowest + REACH)
    axes[0].set_ylim(bottom=0)
    _legend_of_alphas(axes[0])
    tidy(*axes)
    return figure
