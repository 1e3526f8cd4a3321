"""Random numbers from the density of the general robust loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.domains import nonnegative, positive
from fastloss.losses.m_estimators import robust


def sample(
    alpha: ArrayLike,
    scale: ArrayLike = 1.0,
    size: int | tuple[int, ...] | None = None,
    rng: np.random.Generator | int | None = None,
) -> NDArray[np.float64]:
    """
    Draw residuals whose density is exp(-robust(r, alpha, scale)) / (scale Z(alpha)).

    By rejection from the Cauchy distribution, which is this one for alpha = 0: the loss rises with alpha at every
    residual, so that exp(-loss) lies below that of alpha = 0 and the draws are exact. A share Z(alpha) / Z(0) of them
    is kept: 1 at alpha = 0, 0.56 at alpha = 2, 0.46 at infinity.

    Parameters
    ----------
    alpha : float or array_like
        Shape, from 0 to infinity, both included.
    scale : float or array_like
        > 0.
    size : int or tuple of int, optional
        Shape of the result, against which alpha and scale broadcast. The default is that which the two have together.
    rng : numpy.random.Generator or int, optional
        Where the randomness comes from, or a seed for it.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If an alpha is negative or NaN, a scale is not positive and finite, or shapes do not fit.

    Examples
    --------
    >>> from fastloss.adaptive import sample
    >>> sample(alpha=0.5, scale=0.1, size=3, rng=1).shape
    (3,)
    """
    alpha, scale = nonnegative(alpha, "alpha"), positive(scale, "scale")
    shape = np.broadcast_shapes(alpha.shape, scale.shape) if size is None else size
    alpha, scale = np.broadcast_to(alpha, shape), np.broadcast_to(scale, shape)
    return _standard(alpha, np.random.default_rng(rng)) * scale


def _standard(alpha, rng):
    """Draws of scale 1, as many as there are alphas."""
    drawn = np.empty(alpha.shape)
    flat, missing = drawn.reshape(-1), np.arange(drawn.size)
    shapes = alpha.reshape(-1) if any(alpha.strides) else alpha.flat[:1]
    while missing.size:
        proposed = np.sqrt(2) * rng.standard_cauchy(missing.size)
        excess = robust(proposed, alpha=_at(shapes, missing)) - robust(proposed, alpha=0.0)
        kept = rng.standard_exponential(missing.size) >= excess
        flat[missing[kept]] = proposed[kept]
        missing = missing[~kept]
    return drawn


def _at(shapes, chosen):
    """The alphas of these draws; one number, which costs less, where all share it."""
    return float(shapes[0]) if shapes.size == 1 else shapes[chosen]
