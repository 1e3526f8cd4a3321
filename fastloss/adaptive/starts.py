"""Where a regression starts that outliers in X and y do not carry away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEED = 0
SUBSETS, MOST_SUBSETS = 500, 5000
MISSED = 1e-3  # the chance that no subset is without outliers ...
OUTLIERS = 0.45  # ... where so many observations are
ROWS = 2000  # observations that subsets are tried on
KEPT = 10  # of the subsets, for more steps
STEPS = 100
LEAST_SHARE = 1e-300  # a subset needs as many rows that can be drawn as it has


def least_trimmed_squares(rows: Array, y: Array, weights: Array) -> Array:
    """
    The gamma for which the smallest half of the squares of rows @ gamma - y have the least sum, as far as is found.

    FAST-LTS: fits to random subsets of as many rows as columns, two concentration steps each, and more for the best;
    a concentration step is least squares on the rows whose residuals are the smallest. A fixed seed, so that the same
    data have the same start.

    Source
    ------
    P. J. Rousseeuw, K. Van Driessen, "Computing LTS Regression for Large Data Sets", Data Mining and Knowledge
    Discovery 12, 2006.
    """
    if len(y) <= rows.shape[1]:  # all fit
        return np.asarray(np.linalg.lstsq(rows, y, rcond=None)[0])
    rng = np.random.default_rng(SEED)
    shares = _shares(weights)
    some = rows, y, weights
    if len(y) > ROWS:
        few = rng.choice(len(y), ROWS, replace=shares is not None, p=shares)
        some, shares = (rows[few], y[few], np.ones(ROWS)), None
    gammas = _of_subsets(*some[:2], shares, rng)
    for _ in range(2):
        gammas = _concentrated(gammas, *some)
    best = np.argsort(_trimmed(gammas, *some), kind="stable")[:KEPT]
    gammas = gammas[best]
    for _ in range(STEPS):
        before, gammas = gammas, _concentrated(gammas, rows, y, weights)
        if np.allclose(gammas, before, rtol=1e-12, atol=0):
            break
    return np.asarray(gammas[np.argmin(_trimmed(gammas, rows, y, weights))])


def _shares(weights: Array) -> Array | None:
    """How often rows are drawn: a row of weight 30 like 30 rows; None where all weigh the same."""
    if weights.min() == weights.max():
        return None
    return np.maximum(weights / weights.sum(), LEAST_SHARE)


def _of_subsets(rows: Array, y: Array, shares: Array | None, rng: np.random.Generator) -> Array:
    """The gammas that fit random subsets of the rows."""
    n, p = rows.shape
    clean = (1 - OUTLIERS) ** p
    count = int(min(max(np.log(MISSED) / np.log1p(-clean), SUBSETS), MOST_SUBSETS))
    chosen = np.array([rng.choice(n, min(p, n), replace=False, p=shares) for _ in range(count)])
    return np.asarray((np.linalg.pinv(rows[chosen]) @ y[chosen][..., None])[..., 0])


def _kept(gamma: Array, rows: Array, y: Array, weights: Array) -> tuple[Array, NDArray[np.intp]]:
    """(the sizes of the residuals, the rows with the smallest of them that have half of the weight)"""
    sizes = np.abs(rows @ gamma - y)
    order = np.argsort(sizes, kind="stable")
    below = np.cumsum(weights[order])
    share = 0.5 + 0.5 * (rows.shape[1] + 1) / len(y)
    return sizes, order[: np.searchsorted(below, min(share, 1.0) * below[-1]) + 1]


def _concentrated(gammas: Array, rows: Array, y: Array, weights: Array) -> Array:
    """Least squares on the rows whose residuals are the smallest, of each gamma."""
    found = []
    for gamma in gammas:
        _, kept = _kept(gamma, rows, y, weights)
        root = np.sqrt(weights[kept])
        found.append(np.linalg.lstsq(root[:, None] * rows[kept], root * y[kept], rcond=None)[0])
    return np.array(found)


def _trimmed(gammas: Array, rows: Array, y: Array, weights: Array) -> Array:
    """The sum of the smallest half of the squares, of each gamma."""
    totals = []
    for gamma in gammas:
        sizes, kept = _kept(gamma, rows, y, weights)
        totals.append(weights[kept] @ np.square(sizes[kept]))
    return np.array(totals)
