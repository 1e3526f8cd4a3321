"""Losses of a prediction p relative to the size of its target y."""

from fastloss.core.loss import ElementwiseLoss


@ElementwiseLoss
def absolute_percentage_error():
    """
    Absolute error as a share of the target.

    Domain: all real predictions and targets.
    Formula: |p - y| / max(|y|, 2^-52).
    Derivatives: sign(p - y) / max(|y|, 2^-52) and 0.
    Special values: at p = y the gradient is 0. A target of 0 counts as 2^-52, as in scikit-learn.

    Source
    ------
    J. S. Armstrong, F. Collopy, "Error Measures for Generalizing about Forecasting Methods", International Journal of
    Forecasting 8, 1992.

    Examples
    --------
    >>> fl.absolute_percentage_error([1.0, 3.0], [2.0, 2.0])
    array([0.5, 0.5])
    """


@ElementwiseLoss
def symmetric_absolute_percentage_error():
    """
    Absolute error as a share of the mean size of prediction and target: between 0 and 2.

    Domain: all real predictions and targets.
    Formula: 2 |p - y| / (|p| + |y|).
    Derivatives: 4 |y| sign(p - y) / (|p| + |y|)^2 and -8 |y| sign(p (p - y)) / (|p| + |y|)^3 where p and y have the
    same sign, else 0.
    Special values: 0 if both are 0. Where their signs differ it is 2, whatever they are.

    Source
    ------
    S. Makridakis, M. Hibon, "The M3-Competition: Results, Conclusions and Implications", International Journal of
    Forecasting 16, 2000.

    Examples
    --------
    >>> fl.symmetric_absolute_percentage_error([1.0, 3.0, 0.0], [3.0, 1.0, 0.0])
    array([1., 1., 0.])
    """


@ElementwiseLoss
def squared_log_error():
    """
    Squared difference of the logarithms of 1 + p and 1 + y.

    Domain: predictions and targets > -1.
    Formula: (log1p(p) - log1p(y))^2.
    Derivatives: 2 d / (1 + p) and 2 (1 - d) / (1 + p)^2 with d = log1p(p) - log1p(y).
    Special values: NaN if either is below -1.

    Source
    ------
    Definition: sklearn.metrics.mean_squared_log_error, per element.

    Examples
    --------
    >>> fl.squared_log_error([1.0, 3.0], [3.0, 3.0]).round(6)
    array([0.480453, 0.      ])
    """
