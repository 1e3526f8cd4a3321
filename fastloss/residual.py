"""Losses of a residual r = pred - target."""

from fastloss._loss import ResidualLoss

squared_error = ResidualLoss(
    "squared_error",
    {},
    """
    Squared error.

    Domain: all real residuals.
    Formula: r^2, with r = pred - target; gradient 2 r, second derivative 2, IRLS weight 2.

    Parameters
    ----------
    pred : array_like of any shape
        Predictions, or the residuals themselves if target is left out.
    target : array_like of pred's shape, optional
    sample_weight : array_like of pred's shape, or one value a row, optional
        Multiplies value, gradient and second derivative.
    reduction : {"none", "sum", "mean"}
    out : ndarray, optional
    num_threads : int, optional

    Returns
    -------
    ndarray of pred's shape, float32 or float64; a float under a reduction.

    Source
    ------
    A. M. Legendre, "Nouvelles methodes pour la determination des orbites des cometes", 1805.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.squared_error([1.0, 2.0], [0.5, 4.0])
    array([0.25, 4.  ])
    >>> fl.squared_error([1.0, 2.0], [0.5, 4.0], reduction="mean")
    2.125
    """,
)

huber = ResidualLoss(
    "huber",
    {"delta": 1.0},
    """
    Huber's loss: quadratic near zero, linear beyond delta.

    Domain: all real residuals.
    Formula: r^2 / 2 if |r| <= delta, else delta (|r| - delta / 2), with r = pred - target.

    Parameters
    ----------
    pred : array_like of any shape
        Predictions, or the residuals themselves if target is left out.
    target : array_like of pred's shape, optional
    delta : float or array_like, > 0
        Where the loss turns linear, in the unit of the residual. 1.345 standard deviations give 95% efficiency on
        normal errors. One value, one per column (last axis) or one per element.
    sample_weight : array_like of pred's shape, or one value a row, optional
    reduction : {"none", "sum", "mean"}
    out : ndarray, optional
    num_threads : int, optional

    Returns
    -------
    ndarray of pred's shape, float32 or float64; a float under a reduction. The second derivative at |r| = delta is 1.

    Raises
    ------
    ValueError
        If delta <= 0 or NaN, or shapes do not fit.

    Source
    ------
    P. J. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.huber([0.5, -3.0])
    array([0.125, 2.5  ])
    >>> fl.huber.weight([0.5, -4.0])
    array([1.  , 0.25])
    """,
)

robust = ResidualLoss(
    "robust",
    {"alpha": 1.0, "scale": 1.0},
    """
    The general robust loss of Barron, for every alpha.

    Domain: all real residuals.
    Formula: (b / alpha) ((z / b + 1)^(alpha / 2) - 1), with b = |alpha - 2|, z = (r / scale)^2 and r = pred - target.
    Limits: alpha = 2 gives z / 2 (squared), 1 sqrt(z + 1) - 1 (pseudo-Huber), 0 log(z / 2 + 1) (Cauchy),
    -2 2 z / (z + 4) (Geman-McClure), -inf 1 - exp(-z / 2) (Welsch), +inf exp(z / 2) - 1. Values close to the limits
    are as accurate as all others.

    Parameters
    ----------
    pred : array_like of any shape
        Predictions, or the residuals themselves if target is left out.
    target : array_like of pred's shape, optional
    alpha : float or array_like, anything but NaN
        Shape: the smaller, the less outliers count. One value, one per column (last axis) or one per element.
    scale : float or array_like, > 0
        Size of an inlier's residual, in the unit of the residual.
    sample_weight : array_like of pred's shape, or one value a row, optional
    reduction : {"none", "sum", "mean"}
    out : ndarray, optional
    num_threads : int, optional

    Returns
    -------
    ndarray of pred's shape, float32 or float64; a float under a reduction. For alpha < 0 at most b / |alpha|.
    `robust.param_grad` gives the derivatives with respect to alpha and scale; at alpha = 2, where the one by alpha is
    infinite, its value at the next smaller alpha.

    Raises
    ------
    ValueError
        If alpha is NaN, scale <= 0 or NaN, or shapes do not fit.

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.robust([0.0, 1.0, 100.0], alpha=-2.0)
    array([0.        , 0.4       , 1.99920032])
    >>> fl.robust.weight([0.0, 1.0, 100.0], alpha=1.0).round(3)
    array([1.   , 0.707, 0.01 ])
    """,
)
