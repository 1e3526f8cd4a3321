"""The curves of the losses as SVG, for light and for dark pages."""

import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from fastloss.losses.curves import curves, limits

TITLES = {"value": "value", "grad": "gradient", "hess": "second derivative", "weight": "IRLS weight"}
# Of light pages, and of dark ones; each is told from its ground by a contrast of 4.5 and more
INK, FIRST, SECOND, GRID = "#2b2b2b", "#0b5394", "#a34a00", "#d9d9d8"
DARK = {INK: "#e6e6e6", FIRST: "#7fc1ff", SECOND: "#ffb066", GRID: "#454545"}
STYLES = ({"color": FIRST}, {"color": SECOND, "linestyle": "--"})
SETTINGS = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "fastloss",
    "font.size": 9,
}


def draw(losses, folder):
    """NAME-light.svg and NAME-dark.svg of each loss."""
    folder.mkdir(parents=True, exist_ok=True)
    for loss in losses:
        light = picture(loss)
        dark = light
        for colour, other in DARK.items():
            dark = dark.replace(colour, other)
        (folder / f"{loss.name}-light.svg").write_text(light, encoding="utf-8")
        (folder / f"{loss.name}-dark.svg").write_text(dark, encoding="utf-8")


def picture(loss):
    """The outputs of a loss over its range, a panel each."""
    drawn = curves(loss, points=240, outputs=tuple(TITLES))
    count = len(drawn.outputs)
    rows, columns = (1, count) if count < 4 else (2, 2)
    with rc_context(SETTINGS):
        width, height = 3.4 * columns, 2.6 * rows
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        inches = {"left": 0.5, "right": width - 0.1, "bottom": 0.5, "top": height - 0.3}
        shares = {side: inch / (width if side in ("left", "right") else height) for side, inch in inches.items()}
        figure.subplots_adjust(**shares, wspace=0.25, hspace=0.42)  # a layout that is computed takes twice as long
        for axes, (output, ys) in zip(panels, drawn.outputs.items(), strict=True):
            _panel(axes, drawn, output, ys)
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
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(TITLES[output], fontsize=10)
    axes.set_xlabel(drawn.range.label, fontsize=8)
    if drawn.range.targets != (None,):
        axes.legend(fontsize=8, frameon=False)
