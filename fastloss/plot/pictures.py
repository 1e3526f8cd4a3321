"""The pictures of `fastloss plot`, by name, into files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastloss.plot.losses import curves, density, surface
from fastloss.plot.regression import regression, regression_animation

PICTURES = ("curves", "surface", "density", "regression")


def draw(picture: str, path: str, loss: Any = None, alphas: Sequence[float] | None = None, seed: int = 0) -> None:
    """Draw one of PICTURES into a file; the regression into a .gif as an animation.

    Raises
    ------
    ValueError
        If there is no such picture, or matplotlib cannot write such a file.
    """
    if picture not in PICTURES:
        raise ValueError(f"unknown picture {picture!r}; there are {', '.join(PICTURES)}")
    given = {} if alphas is None else {"alphas": alphas}
    if picture == "regression" and path.endswith(".gif"):
        regression_animation(seed).animation.save(path, writer="pillow")
    elif picture == "curves":
        curves(loss, **given).savefig(path)
    elif picture == "density":
        density(**given).savefig(path)
    elif picture == "surface":
        surface().savefig(path)
    else:
        regression(seed).savefig(path)
