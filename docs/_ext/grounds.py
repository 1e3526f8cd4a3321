"""Pictures for light and for dark pages: as SVG, whose colours of light ground have twins of dark ground."""

from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

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
    """PATH.svg, and PATH-dark.svg."""
    light = path.with_suffix(".svg")
    figure.savefig(light, transparent=True, metadata={"Date": None})
    text = light.read_text(encoding="utf-8")
    light.with_stem(f"{light.stem}-dark").write_text(in_dark(text), encoding="utf-8")
    return light


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
