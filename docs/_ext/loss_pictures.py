"""The curves of the losses as SVG, for light and for dark pages."""

import io
from textwrap import fill

from grounds import SETTINGS, in_dark
from matplotlib import rc_context
from matplotlib.figure import Figure

from fastloss.losses.curves import curves, limits
from fastloss.plot.style import LIGHT

TITLES = {"value": "value", "grad": "gradient", "hess": "second derivative", "weight": "IRLS weight"}
STYLES = ({"color": LIGHT.first}, {"color": LIGHT.second, "linestyle": "--"})


def draw(losses, folder):
    """NAME.svg and NAME-dark.svg of each loss."""
    folder.mkdir(parents=True, exist_ok=True)
    for loss in losses:
        light = picture(loss)
        (folder / f"{loss.name}.svg").write_text(light, encoding="utf-8")
        (folder / f"{loss.name}-dark.svg").write_text(in_dark(light), encoding="utf-8")


def picture(loss):
    """The outputs of a loss over its range, a panel each, in a size whose text is read on a phone."""
    drawn = curves(loss, points=240, outputs=tuple(TITLES))
    count = len(drawn.outputs)
    rows, columns = (1, count) if count < 3 else (2, 2)
    label = fill(drawn.range.label, 50)
    below = 0.6 + 0.2 * label.count("\n")
    with rc_context(SETTINGS | {"font.size": 11, "figure.constrained_layout.use": False}):
        width, height = 2.8 * columns, 2.1 * rows + below
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        inches = {"left": 0.6, "right": width - 0.15, "bottom": below + 0.3, "top": height - 0.3}
        shares = {side: inch / (width if side in ("left", "right") else height) for side, inch in inches.items()}
        figure.subplots_adjust(**shares, wspace=0.35, hspace=0.5)  # a layout that is computed takes twice as long
        for axes, (output, ys) in zip(panels, drawn.outputs.items(), strict=False):
            _panel(axes, drawn, output, ys)
        for axes in panels[count:]:
            axes.set_axis_off()
        figure.text(0.5, below / height, label, ha="center", va="top")
        if drawn.range.targets != (None,):
            figure.legend(*panels[0].get_legend_handles_labels(), ncols=2, loc="lower center")
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return text.getvalue()


def _panel(axes, drawn, output, ys):
    for y, target, style in zip(ys, drawn.range.targets, STYLES, strict=False):
        axes.plot(drawn.x, y, **style, linewidth=1.8, label=f"target {target}")
    low, high = limits(ys)
    margin = 0.05 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlim(drawn.range.low, drawn.range.high)
    axes.locator_params(nbins=5)
    axes.axhline(0, color=LIGHT.ink, linewidth=0.6)
    axes.set_title(TITLES[output], fontsize=12)
