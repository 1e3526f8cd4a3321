"""Derivatives of a loss beside finite differences of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.arguments import shown
from fastloss.core.loss import ElementwiseLoss, as_loss

Array = NDArray[np.float64]

WRONG = 1e-4  # a relative error above it is none of rounding
STEP = 1e-3  # of the differences, as a share of pred's distance from 0
SETTLED = 1e-6  # where two differences agree so, there is a derivative
NOISE = 2e-10  # of a difference, as a share of the value over the distance

_SIZES = np.geomspace(1e-3, 1e3, 97) * 1.000123  # at none of them are losses likely to have a kink
_NUMBERS = np.concatenate([-_SIZES[::-1], _SIZES])
_LOGITS = np.linspace(-6.0, 6.0, 97) + 0.000123
_SHARES = np.linspace(0.02, 0.98, 97) + 0.000123
_POSITIVE = np.geomspace(0.05, 20.0, 97) * 1.000123
_POINTS: dict[str, tuple[Array, tuple[float | None, ...]]] = {  # pred, and targets
    "residual": (_NUMBERS, (None,)),
    "relative": (_POSITIVE, (0.4, 3.0)),
    "margin": (_LOGITS, (-1.0, 1.0)),
    "probability": (_SHARES, (0.0, 0.3, 1.0)),
    "binary_cross_entropy_with_logits": (_LOGITS, (0.0, 0.3, 1.0)),
    "sigmoid_focal": (_LOGITS, (0.0, 1.0)),
    "kl_div": (_LOGITS, (0.1, 0.9)),
    "hinge_embedding": (_POSITIVE, (-1.0, 1.0)),
    "entropy": (_SHARES, (None,)),
    "count": (_LOGITS, (0.7, 3.0)),
    "deviance": (_POSITIVE, (0.7, 3.0)),
}


def check_derivatives(
    loss: Any, *, pred: ArrayLike | None = None, target: ArrayLike | None = None, **parameters: Any
) -> dict[str, float]:
    """
    Compare a loss's derivatives with finite differences: grad with those of the value, hess with those of grad.

    A weight, which is grad / r, is compared with those of the value over r. Points at which the differences do not
    settle, as beside a kink, are passed over.

    Parameters
    ----------
    loss : Loss or str
        One with a value an element: of one's own (`custom`), a sum, or of the catalogue, or its name.
    pred, target : array_like, optional
        Where to compare, in float64; points that suit the family by default.
    **parameters
        Those of the loss.

    Returns
    -------
    dict
        {"grad": largest relative error, "hess": ...} of those that the loss has.

    Raises
    ------
    TypeError
        If the loss is one of rows or embeddings, or has neither derivative.
    ValueError
        If a derivative or the weight is wrong; the message names the worst point. If the differences settle nowhere, or
        target is given without pred.

    Examples
    --------
    >>> import fastloss as fl
    >>> sorted(fl.check_derivatives(fl.cauchy, scale=2.0))
    ['grad', 'hess']
    >>> wrong = fl.custom("wrong", lambda r: r**2, grad=lambda r: r)
    >>> fl.check_derivatives(wrong, pred=[3.0])
    Traceback (most recent call last):
    ...
    ValueError: grad of wrong is 3 at r = 3, where finite differences of its value give 6
    """
    loss = as_loss(loss, "check_derivatives")
    if not isinstance(loss, ElementwiseLoss):
        raise TypeError(f"check_derivatives takes a loss with one value an element, got {shown(loss)}")
    loss = loss.bind(**parameters)
    names = [name for name in ("grad", "hess") if name in loss.output_names]
    if not names:
        raise TypeError(f"{loss.name} has neither grad nor hess to check")
    points = _points(loss, pred, target)
    found = {name: _largest_error(loss, name, *points) for name in names}
    if "weight" in loss.output_names and points[0].any():  # elsewhere grad / r is 0 / 0
        _largest_error(loss, "weight", *points)
    return found


def _points(loss: Any, pred: ArrayLike | None, target: ArrayLike | None) -> tuple[Array, Array | None]:
    """pred and target, of one axis."""
    if pred is None and target is not None:
        raise ValueError("target is given without pred: give the points of both")
    if pred is None:
        x, targets = _POINTS.get(loss.reads_as) or _POINTS[loss.family]
        if targets == (None,):
            return x, None
        return np.tile(x, len(targets)), np.repeat(np.array(targets, np.float64), len(x))
    x = np.asarray(pred, np.float64)
    if target is None:
        return x.ravel(), None
    x, y = np.broadcast_arrays(x, np.asarray(target, np.float64))
    return x.ravel(), y.ravel()


def _largest_error(loss: Any, name: str, x: Array, y: Array | None) -> float:
    of = "grad" if name == "hess" and "grad" in loss.output_names else "value"
    order = 2 if (name, of) == ("hess", "value") else 1

    def function(at: Array) -> Array:
        return np.asarray(loss.evaluate(at, y, outputs=(of,))[0])

    with np.errstate(all="ignore"):
        given = np.asarray(loss.evaluate(x, y, outputs=(name,))[0])
        found, noise = _difference(function, x, order)
        if name == "weight":
            found, noise = found / x, noise / np.abs(x)
        size = np.fmax(np.abs(given), np.abs(found[0])) + noise
        settled = np.isfinite(found[0]) & (np.abs(found[0] - found[1]) <= SETTLED * size)
        error = np.where(settled, np.abs(given - found[1]) / np.where(size > 0, size, 1.0), 0.0)
    error[settled & ~np.isfinite(given)] = np.inf
    if not settled.any():
        raise ValueError(f"finite differences of the {of} of {loss.name} settle nowhere: give other points, pred=")
    worst = int(error.argmax())
    if error[worst] > WRONG:
        place = f"r = {x[worst]:.6g}" if y is None else f"pred = {x[worst]:.6g}, target = {y[worst]:.6g}"
        raise ValueError(
            f"{name} of {loss.name} is {given[worst]:.6g} at {place}, where finite differences of its {of}"
            f"{' over r' if name == 'weight' else ''} give {found[1][worst]:.6g}"
        )
    return float(error[worst])


def _difference(function: Callable[[Array], Array], x: Array, order: int) -> tuple[Array, Array]:
    """(the derivative from steps h and h/2, the same from h/2 and h/4, both by Richardson's extrapolation, as one
    array; how large a derivative is that cannot be told from rounding errors times 1e6)"""
    distance = np.where(x == 0, 1.0, np.abs(x))
    step = STEP * distance * (1 if order == 1 else 10)
    middle = function(x)

    def central(h: Array) -> Array:
        high, low = x + h, x - h
        if order == 1:
            return (function(high) - function(low)) / (high - low)
        return (function(high) - 2 * middle + function(low)) / h**2

    coarse, fine, finest = central(step), central(step / 2), central(step / 4)
    found = np.array([(4 * fine - coarse) / 3, (4 * finest - fine) / 3])
    return found, NOISE * 1e3 * np.abs(middle) / distance**order
