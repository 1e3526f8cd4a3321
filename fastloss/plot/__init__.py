"""Pictures, with matplotlib (extra: plot). Each function returns a Figure to save or to show, or draws into `ax`.

They are dark where matplotlib's style is, as in `with matplotlib.style.context("dark_background")`, or `ax` is. That of
`regression_animation` holds the animation, as its attribute `animation`.

>>> from fastloss.plot import curves
>>> figure = curves(alphas=[-2.0, 1.0, 2.0])
"""

from fastloss.plot.losses import curves, density, surface
from fastloss.plot.regression import regression, regression_animation
from fastloss.plot.residuals import residual_weights
from fastloss.plot.summaries import calibration, comparison, groups, summary

__all__ = [
    "calibration",
    "comparison",
    "curves",
    "density",
    "groups",
    "regression",
    "regression_animation",
    "residual_weights",
    "summary",
    "surface",
]
