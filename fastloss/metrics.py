"""Metrics: means over a data set, as floats.

All take (pred, target, sample_weight=None). The arguments are those of the losses: anything with a buffer, of equal
shapes, with a weight for every element, for every row or for all. The mean of nothing, or under weights that sum to 0,
is NaN. Those of labels leave out what is padding: where the target is `ignore_index`, nothing counts.
"""

import math

import numpy as np

from fastloss.core.arguments import (
    as_array,
    as_array_beside,
    broadcast_sample_weight,
    computing_dtype,
    label_text,
    whole_numbers,
)
from fastloss.core.domains import check_integer
from fastloss.losses.probability import binary_cross_entropy
from fastloss.losses.relative import absolute_percentage_error
from fastloss.losses.residual import absolute_error, squared_error

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


def log_loss(prob, target, sample_weight=None, ignore_index=-100):
    """Mean cross-entropy of predicted probabilities.

    Probabilities are clipped to [eps, 1 - eps], with the eps of the computing dtype, as scikit-learn does: a certain
    prediction that is wrong costs about 36 (float32: 16), not infinity.

    Parameters
    ----------
    prob : array_like of shape (...) or (..., C)
        Probabilities of the class 1, or of each of C classes.
    target : array_like of shape (...)
        Labels: 0 and 1 (or probabilities of 1), or whole numbers in [0, C).
    sample_weight : array_like of shape (...), optional
    ignore_index : int
        Where this is the target, nothing counts.

    Returns
    -------
    float

    Raises
    ------
    IndexError
        If a label is out of range.
    ValueError
        If shapes do not fit, a label of C classes is no whole number, or one of two, or a probability that counts, is
        outside [0, 1].

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.log_loss([0.5, 0.25], [1, 0]), 6)
    0.490415
    >>> round(fl.log_loss([[0.2, 0.5, 0.3], [0.25, 0.5, 0.25]], [1, 2]), 6)
    1.039721
    """
    prob, target = as_array(prob, "prob"), as_array(target, "target")
    ignored = target == check_integer("ignore_index", ignore_index)
    if prob.ndim == target.ndim + 1:
        labels = _class_labels("prob", prob, target, ignored)
        _check_probabilities(prob, ignored[..., None])
        prob, target = _at(labels, prob), np.ones(labels.shape, bool)
    else:
        _check_shapes("prob", prob, target)
        _check_all(ignored | ((target >= 0) & (target <= 1)), "target", target, "is outside [0, 1]")
        _check_probabilities(prob, ignored)
    eps = float(np.finfo(computing_dtype(prob, target)).eps)
    weight = _weight_of_counted(prob, sample_weight, ignored)
    return binary_cross_entropy(prob, target, eps=eps, sample_weight=weight, reduction="mean")


def accuracy(pred, target, sample_weight=None, ignore_index=-100):
    """Share of correct labels.

    Parameters
    ----------
    pred : array_like of shape (...) or (..., C)
        Labels, or scores of each of C classes, of which the greatest is the label; one with a NaN is wrong.
    target : array_like of shape (...)
        Labels; beside scores, whole numbers in [0, C).
    sample_weight : array_like of shape (...), optional
    ignore_index : int
        Where this is the target, nothing counts.

    Returns
    -------
    float

    Raises
    ------
    IndexError
        If a label is not one of the C classes of the scores.
    ValueError
        If shapes do not fit, or a label is NaN or, beside scores, no whole number.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.accuracy([1, 2, 2, 0], [1, 2, 0, 0])
    0.75
    >>> fl.accuracy([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], [1, 1, -100], sample_weight=[3, 1, 1])
    0.75
    """
    pred, target = as_array(pred, "pred"), as_array(target, "target")
    ignored = target == check_integer("ignore_index", ignore_index)
    if pred.ndim == target.ndim + 1:
        labels = _class_labels("pred", pred, target, ignored)
        best = pred.argmax(-1)
        score = _at(best, pred)
        hits = (best == labels) & (score == score)  # the greatest is NaN if any is
    else:
        _check_shapes("pred", pred, target)
        _check_all(target == target, "target", target, "is no label")
        hits = pred == target
    weight = _weight_of_counted(hits, sample_weight, ignored)
    return absolute_error(hits, sample_weight=weight, reduction="mean")  # the mean of zeros and ones


def _class_labels(name, array, target, ignored):
    """The labels of rows of C numbers as integers: classes all, where they are not ignored."""
    classes = array.shape[-1]
    if array.shape[:-1] != target.shape:
        raise ValueError(
            f"target has shape {target.shape}, expected {array.shape[:-1]}, one label per row of {name} of shape "
            f"{array.shape}"
        )
    if classes == 0:
        raise ValueError(f"expected at least one class, got {name} of shape {array.shape}")
    labels = np.array(whole_numbers(target, "target"))  # of our own: another thread may write to the target
    is_class = (labels >= 0) & (labels < classes)
    if is_class.all():
        return labels.astype(np.intp, copy=False)
    wrong = ~(is_class | ignored)
    if wrong.any():
        row = int(wrong.argmax())
        raise IndexError(f"target {label_text(target.flat[row])} at row {row} is out of bounds for {classes} classes")
    return np.where(is_class, labels, 0).astype(np.intp)


def _at(labels, array):
    """The number of each row at its label."""
    return np.take_along_axis(array, labels[..., None], -1)[..., 0]


def _check_shapes(name, array, target):
    if array.shape != target.shape:
        raise ValueError(f"{name} and target must have equal shapes, got {array.shape} and {target.shape}")


def _check_all(holds, name, array, what):
    if not np.all(holds):
        element = int(np.argmin(holds))
        raise ValueError(f"{name} {array.flat[element]} at element {element} {what}")


def _check_probabilities(prob, ignored):
    """Those that count are in [0, 1], or NaN."""
    if prob.size and not (prob.min() >= 0 and prob.max() <= 1):
        what = "is outside [0, 1]: for logits there are cross_entropy and binary_cross_entropy_with_logits"
        _check_all(ignored | ~((prob < 0) | (prob > 1)), "prob", prob, what)


def _weight_of_counted(pred, sample_weight, ignored):
    """sample_weight, 0 where the target is ignored."""
    if not ignored.any():
        return sample_weight
    if sample_weight is None:
        return ~ignored
    weight = broadcast_sample_weight(as_array_beside(pred, sample_weight, "sample_weight"), ignored.shape)
    return np.where(ignored, weight.dtype.type(0), weight)
