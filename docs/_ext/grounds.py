"""Pictures as SVG, and their twins: for dark pages, whose colours stand for those of light ones, and for narrow pages,
whose panels are below each other.
"""

from dataclasses import asdict
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from fastloss.plot.style import DARK, LIGHT

SETTINGS = {
    "axes.edgecolor": LIGHT.ink,
    "axes.labelcolor": LIGHT.ink,
    "axes.titlecolor": LIGHT.ink,
    "text.color": LIGHT.ink,
    "xtick.color": LIGHT.ink,
    "ytick.color": LIGHT.ink,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LIGHT.grid,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=LIGHT.shades),
    "lines.linewidth": 2,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "fastloss",
}


def reset(gallery_conf, name):
    """What a script begins with: the colours of LIGHT, C0 to C4 its shades."""
    plt.rcdefaults()
    plt.rcParams.update(SETTINGS)


def write(figure, path):
    """PATH.svg, and beside it the twins of twins.py."""
    wide = path.with_suffix(".svg")
    _save(figure, wide)
    make_narrow(figure)
    _save(figure, wide.with_stem(f"{wide.stem}-narrow"))
    return wide


def make_narrow(figure, width=4.0):
    """Lay a figure out for a phone, on which its text then has its size: panels below each other, many of them in two
    columns, their legends below them, a title in several lines.
    """
    panels = [axes for axes in figure.axes if axes.get_subplotspec()]
    columns = 1 if len(panels) < 4 else 2
    rows = -(-len(panels) // columns)
    was = panels[0].get_subplotspec().get_gridspec()
    wide, high = figure.get_size_inches() / (was.ncols, was.nrows)
    height = rows * width / columns * min(max(high / wide, 0.75), 1.1)
    grid = GridSpec(rows, columns, figure)
    for place, axes in enumerate(panels):
        axes.set_subplotspec(grid[place])
        axes.title.set_wrap(True)
        axes.set_xlabel(fill(axes.get_xlabel(), 40))
        axes.tick_params(labelleft=True)  # of panels that share an axis only the left ones have numbers
        legend = axes.get_legend()
        if legend:
            labels = [text.get_text() for text in legend.get_texts()]
            below = -0.17 - 0.08 * len(axes.get_xlabel().splitlines())
            axes.legend(legend.legend_handles, labels, loc="upper center", bbox_to_anchor=(0.5, below))
            height += 0.22 * len(labels)
    if figure.get_suptitle():
        figure.suptitle(fill(figure.get_suptitle(), 40), fontsize=12)
    figure.set_size_inches(width, height)


def _save(figure, light):
    figure.savefig(light, transparent=True, metadata={"Date": None})
    text = light.read_text(encoding="utf-8")
    light.with_stem(f"{light.stem}-dark").write_text(in_dark(text), encoding="utf-8")


def in_dark(svg):
    """The same picture in the colours of DARK."""
    for bright, dark in zip(_colours(LIGHT), _colours(DARK), strict=True):
        svg = svg.replace(bright, dark)
    return svg


def _colours(palette):
    *single, shades = asdict(palette).values()
    return [*single, *shades]


def scrape(block, block_vars, gallery_conf):
    """The figures of a block of a script, of pyplot and of fastloss.plot."""
    figures = [plt.figure(number) for number in plt.get_fignums()]
    for value in block_vars["example_globals"].values():
        if isinstance(value, Figure) and value not in figures and not hasattr(value, "scraped"):
            figures.append(value)
    rst = []
    for figure, path in zip(figures, block_vars["image_path_iterator"], strict=False):
        figure.scraped = True
        written = write(figure, Path(path))
        rst.append(_image(written, gallery_conf, figure))
    plt.close("all")
    return "\n".join(rst)


def _image(path, gallery_conf, figure):
    place = path.relative_to(Path(gallery_conf["src_dir"])).as_posix()
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    text = " ".join(", ".join(filter(None, titles)).split()) or path.stem
    return f"\n.. image:: /{place}\n   :alt: {text}\n   :class: sphx-glr-single-img\n"
