"""Metrics: means over a data set, as floats.

All take (pred, target, sample_weight=None). The arguments are those of the losses: anything with a buffer, of equal
shapes, with a weight for every element, for every row or for all. The mean of nothing, or under weights that sum to 0,
is NaN. Those of labels leave out what is padding: where the target is `ignore_index`, nothing counts.
"""

import math

import numpy as np

from fastloss.core import rows
from fastloss.core.arguments import as_array, as_array_beside, broadcast_sample_weight, computing_dtype, is_integral
from fastloss.core.domains import check_integer
from fastloss.core.plain import Entry
from fastloss.core.row_call import LABELS, RowCall
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
    if sample_weight is None and type(ignore_index) is int and ignore_index == -100:
        own = _OWN_PROBABILITIES(prob, target)
        if own is not None and own.size and own.min() >= 0:  # not so with a NaN or a number outside [0, 1]
            return _clipped(own, np.ones(own.shape, own.dtype))
    prob, target = as_array(prob, "prob"), as_array(target, "target")
    ignored = target == check_integer("ignore_index", ignore_index)
    if prob.ndim == target.ndim + 1:
        _check_rows("prob", prob, target)
        own = _of_rows(rows.OWN_PROBABILITIES, prob, target, ignore_index)
        if own.size and not own.min() >= 0:  # of a row with a number outside [0, 1], or NaN
            _check_probabilities(prob, ignored[..., None])
        prob, target = own, np.ones(own.shape, own.dtype)
    else:
        _check_shapes("prob", prob, target)
        _check_all(ignored | ((target >= 0) & (target <= 1)), "target", target, "is outside [0, 1]")
        _check_probabilities(prob, ignored)
    return _clipped(prob, target, _weight_of_counted(prob, sample_weight, ignored))


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
        If shapes do not fit, a label is NaN or, beside scores, no whole number, or `pred` has fractions where all
        labels that count are whole: probabilities of one class are no labels.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.accuracy([1, 2, 2, 0], [1, 2, 0, 0])
    0.75
    >>> fl.accuracy([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], [1, 1, -100], sample_weight=[3, 1, 1])
    0.75
    """
    if sample_weight is None and type(ignore_index) is int and ignore_index == -100:
        return _ACCURACY(pred, target, reduction="mean")
    return _accuracy(pred, target, sample_weight, ignore_index)


def _accuracy(pred, target, sample_weight=None, ignore_index=-100):
    pred, target = as_array(pred, "pred"), as_array(target, "target")
    ignored = target == check_integer("ignore_index", ignore_index)
    if pred.ndim == target.ndim + 1:
        _check_rows("pred", pred, target)
        if is_integral(pred) and pred.itemsize == 8:  # which float64 may round
            pred = pred == pred.max(-1, keepdims=True)
        hits = _of_rows(rows.HITS, pred, target, ignore_index) == 1
    else:
        _check_shapes("pred", pred, target)
        _check_all(target == target, "target", target, "is no label")
        hits = pred == target
    weight = _weight_of_counted(hits, sample_weight, ignored)
    if pred.ndim == target.ndim and not is_integral(pred) and (weight is None or np.any(weight)):
        _check_labels(pred[~ignored], target[~ignored])
    return absolute_error(hits, sample_weight=weight, reduction="mean")  # the mean of zeros and ones


def _clipped(prob, target, sample_weight=None):
    eps = _EPS[computing_dtype(prob, target).itemsize]
    return binary_cross_entropy(prob, target, eps=eps, sample_weight=sample_weight, reduction="mean")


def _of_rows(kernel, array, target, ignore_index):
    """A number a row of C numbers, which depends on the row's label; 0 where that is ignored. `OWN_PROBABILITIES`: -1
    where the row has a number outside [0, 1]."""
    call = RowCall(array, -1, None, target, targets=LABELS)
    values = np.empty(call.rows, call.dtype)
    call.run(call.loop(kernel, (), {}, values, labels=call.labels(ignore_index)))
    return values


class _RowFunction(Entry):
    """A kernel of rows and labels that is called in the plain way, or by a function where a call is not plain."""

    def __init__(self, kernel, function):
        self._prepare(kernel, LABELS, {}, {}, {})
        self._function = function

    def _general(self, array, target, **_):
        return (self._function(array, target),)


_ACCURACY = _RowFunction(rows.HITS, _accuracy)
_OWN_PROBABILITIES = _RowFunction(rows.OWN_PROBABILITIES, lambda prob, target: None)
_EPS = {np.dtype(dtype).itemsize: float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64)}


def _check_rows(name, array, target):
    """One label per row of C numbers"""
    if array.shape[:-1] != target.shape:
        raise ValueError(
            f"target has shape {target.shape}, expected {array.shape[:-1]}, one label per row of {name} of shape "
            f"{array.shape}"
        )
    if array.shape[-1] == 0:
        raise ValueError(f"expected at least one class, got {name} of shape {array.shape}")


def _check_labels(pred, target):
    """That predictions are no scores, which are never correct"""
    is_fraction = np.isfinite(pred) & (pred != np.rint(pred))
    if is_fraction.any() and (target == np.rint(target)).all():
        first = pred[is_fraction][0]
        raise ValueError(
            f"pred has {first}, the labels are whole: give labels, such as pred > 0.5, or scores of each class along "
            "the last axis"
        )


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
