"""Metrics: means over a data set, as floats.

All take (pred, target, sample_weight=None). The arguments are those of the losses: anything with a buffer, of equal
shapes, with a weight for every element or every row. The mean of nothing, or under weights that sum to 0, is NaN.
"""

import math

import numpy as np

from fastloss._arguments import as_array, computing_dtype, is_integral
from fastloss.probability import binary_cross_entropy
from fastloss.relative import absolute_percentage_error
from fastloss.residual import absolute_error, squared_error

__all__ = ["accuracy", "log_loss", "mae", "mape", "mse", "rmse"]


def mae(pred, target, sample_weight=None):
    """Mean absolute error, over all elements.

    >>> import fastloss as fl
    >>> fl.mae([1.0, 2.0], [2.0, 5.0])
    2.0
    """
    return absolute_error(pred, target, sample_weight=sample_weight, reduction="mean")


def mse(pred, target, sample_weight=None):
    """Mean squared error, over all elements.

    >>> import fastloss as fl
    >>> fl.mse([1.0, 2.0], [2.0, 5.0])
    5.0
    """
    return squared_error(pred, target, sample_weight=sample_weight, reduction="mean")


def rmse(pred, target, sample_weight=None):
    """Root of the mean squared error over all elements.

    >>> import fastloss as fl
    >>> fl.rmse([1.0, 2.0], [2.0, 5.0], sample_weight=[0, 1])
    3.0
    """
    return math.sqrt(mse(pred, target, sample_weight))


def mape(pred, target, sample_weight=None):
    """Mean absolute percentage error, as a share: 0.1 is 10 percent. Targets of 0 count as 2^-52.

    >>> import fastloss as fl
    >>> fl.mape([1.0, 3.0], [2.0, 2.0])
    0.5
    """
    return absolute_percentage_error(pred, target, sample_weight=sample_weight, reduction="mean")


def log_loss(prob, target, sample_weight=None):
    """Mean cross-entropy of predicted probabilities.

    Probabilities are clipped to [eps, 1 - eps], the eps of the computing dtype, as scikit-learn does: a certain
    prediction that is wrong costs about 36 (float32: 16), not infinity.

    Parameters
    ----------
    prob : array_like of shape (...) or (..., C)
        Probabilities of the class 1, or of each of C classes.
    target : array_like of shape (...)
        Labels: 0 and 1 (or probabilities of 1), or integers in [0, C).
    sample_weight : array_like of shape (...), optional

    Returns
    -------
    float

    Raises
    ------
    IndexError
        If a label is out of range.
    TypeError
        If labels of C classes are not integers.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.log_loss([0.5, 0.25], [1, 0]), 6)
    0.490415
    >>> round(fl.log_loss([[0.2, 0.5, 0.3], [0.25, 0.5, 0.25]], [1, 2]), 6)
    1.039721
    """
    prob, target = as_array(prob, "prob"), as_array(target, "target")
    if prob.ndim == target.ndim + 1:
        prob = _of_labels(prob, target)
        target = np.ones(prob.shape, bool)
    eps = float(np.finfo(computing_dtype(prob, target)).eps)
    return binary_cross_entropy(prob, target, eps=eps, sample_weight=sample_weight, reduction="mean")


def accuracy(pred, target, sample_weight=None):
    """Share of correct labels.

    Parameters
    ----------
    pred : array_like of shape (...) or (..., C)
        Labels, or scores of each of C classes, of which the greatest is the label; one with a NaN is wrong.
    target : array_like of shape (...)
        Labels.
    sample_weight : array_like of shape (...), optional

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.accuracy([1, 2, 2, 0], [1, 2, 0, 0])
    0.75
    >>> fl.accuracy([[0.2, 0.8], [0.6, 0.4]], [1, 1], sample_weight=[3, 1])
    0.75
    """
    pred, target = as_array(pred, "pred"), as_array(target, "target")
    if pred.ndim == target.ndim + 1:
        _check_rows("pred", pred, target)
        labels = pred.argmax(-1)
        best = np.take_along_axis(pred, labels[..., None], -1)[..., 0]
        hits = (labels == target) & (best == best)  # the greatest is NaN if any is
    elif pred.shape == target.shape:
        hits = pred == target
    else:
        raise ValueError(f"pred and target must have equal shapes, got {pred.shape} and {target.shape}")
    return absolute_error(hits, sample_weight=sample_weight, reduction="mean")  # the mean of zeros and ones


def _of_labels(prob, labels):
    """The probability of each row's label."""
    _check_rows("prob", prob, labels)
    classes = prob.shape[-1]
    if not is_integral(labels):
        raise TypeError(f"target must be integers, one label per row of prob of shape {prob.shape}, got {labels.dtype}")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        row = int(wrong[0])
        raise IndexError(f"target {labels.flat[row]} at row {row} is out of bounds for {classes} classes")
    return np.take_along_axis(prob, labels[..., None].astype(np.intp), -1)[..., 0]


def _check_rows(name, array, labels):
    if array.shape[:-1] != labels.shape:
        raise ValueError(
            f"target has shape {labels.shape}, expected {array.shape[:-1]}, one label per row of {name} of shape "
            f"{array.shape}"
        )
    if array.shape[-1] == 0:
        raise ValueError(f"expected at least one class, got {name} of shape {array.shape}")
