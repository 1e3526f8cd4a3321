"""The pictures of `fastloss plot`, by name, into files."""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any

from fastloss.files.stores import LOCAL, writing
from fastloss.plot.losses import curves, density, surface
from fastloss.plot.regression import regression, regression_animation
from fastloss.plot.summaries import calibration, groups, summary

# What draws each, and the options that it takes
PICTURES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "curves": (curves, ("loss", "alphas")),
    "surface": (surface, ()),
    "density": (density, ("alphas",)),
    "regression": (regression, ("seed",)),
    "summary": (summary, ("summary",)),
    "groups": (groups, ("summary",)),
    "calibration": (calibration, ("summary",)),
}


def draw(picture: str, path: str, *, dark: bool = False, **given: Any) -> None:
    """Draw one of PICTURES into a file, with the options that it takes; the regression into a .gif as an animation.

    Raises
    ------
    ValueError
        If there is no such picture, it does not take an option, or matplotlib cannot write such a file.
    """
    if picture not in PICTURES:
        raise ValueError(f"unknown picture {picture!r}; there are {', '.join(PICTURES)}")
    function, taken = PICTURES[picture]
    for name in given:
        if name not in taken:
            others = ", ".join(each for each, (_, names) in PICTURES.items() if name in names)
            raise ValueError(f"{picture} takes no {name}: leave it out, or draw {others}")
    if picture == "curves" and len(given) > 1:
        raise ValueError("curves takes loss or alphas, which are of the general robust loss: leave one out")
    if "summary" in taken and not given:
        raise ValueError(f"{picture} needs the file of a summary: fastloss plot {picture} SUMMARY.json -o {path}")
    moves = path.lower().endswith(".gif")
    if moves and picture != "regression":
        raise ValueError(f"{path}: {picture} does not move: give .png, .svg or .pdf")
    from matplotlib.style import context

    with context("dark_background" if dark else {}):
        save(regression_animation(**given) if moves else function(**given), path)


def save(figure: Any, path: str) -> None:
    """Write a Figure into a file, which appears under its name when it is complete."""
    extension = os.path.splitext(path)[1].lower()
    if extension == ".gif":
        with tempfile.NamedTemporaryFile(suffix=extension) as drawn:  # an animation is saved under a name
            figure.animation.save(drawn.name, writer="pillow")
            picture = drawn.read()
    else:
        memory = io.BytesIO()
        figure.savefig(memory, format=extension[1:])
        picture = memory.getvalue()
    with LOCAL.replacing(path) as file, writing(path):
        file.write(picture)
