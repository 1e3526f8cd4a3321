"""Losses and functions of rows of logits: softmax cross-entropy, logsumexp, softmax, log_softmax."""

import operator
from numbers import Real

import numpy as np

from fastloss import _kernels, _rows
from fastloss._arguments import (
    as_array,
    check_num_threads,
    check_outputs,
    check_parameter,
    check_reduction,
    computing_dtype,
    is_integral,
    storage,
)
from fastloss._loss import Loss

__all__ = ["cross_entropy", "log_softmax", "logsumexp", "softmax"]


class _RowCall:
    """The checked arguments of one call over rows; the class axis is moved last."""

    def __init__(self, logits, axis, num_threads, target=None, sample_weight=None):
        self.num_threads = None if num_threads is None else check_num_threads(num_threads)
        self.logits = as_array(logits, "logits")
        self.target = None if target is None else as_array(target, "target")
        self.weight = None if sample_weight is None else as_array(sample_weight, "sample_weight")
        self.shape = self.logits.shape
        self.is_labels = self.target is None or is_integral(self.target)
        if is_integral(self.logits) and not self.is_labels:
            raise TypeError(
                f"logits are {self.logits.dtype} and target is {self.target.dtype}: the arguments look swapped; "
                "logits must be floats"
            )
        self.axis = self._check_axis(axis)
        self.rows = self.shape[: self.axis] + self.shape[self.axis + 1 :]
        self.classes = self.shape[self.axis]
        if self.classes == 0:
            raise ValueError(f"expected at least one class, got logits of shape {self.shape}")
        if self.target is not None:
            self._check_target_shape()
        if self.weight is not None and self.weight.shape != self.rows:
            raise ValueError(
                f"sample_weight has shape {self.weight.shape}, expected {self.rows}, one value per row of "
                f"logits of shape {self.shape}"
            )
        self.dtype = computing_dtype(self.logits, None if self.is_labels else self.target, self.weight)
        self.is_double = self.dtype.itemsize == 8

    def _check_axis(self, axis):
        axis, ndim = operator.index(axis), self.logits.ndim
        if ndim == 0:
            raise ValueError("logits must have an axis of classes, got a scalar")
        if not -ndim <= axis < ndim:
            raise ValueError(f"axis {axis} is out of bounds for logits of shape {self.shape}")
        return axis % ndim

    def _check_target_shape(self):
        wanted = self.rows if self.is_labels else self.shape
        if self.target.shape != wanted:
            what = "integers are labels, one per row" if self.is_labels else "floats are class probabilities"
            raise ValueError(
                f"target of {self.target.dtype} has shape {self.target.shape}, expected {wanted} for logits of "
                f"shape {self.shape}: {what}"
            )

    @property
    def inputs(self):
        """The arrays that outputs must not disturb."""
        return [a for a in (self.logits, self.target, self.weight) if a is not None]

    def rounded(self, name, value):
        """A parameter in the computing dtype, where it must still be in range."""
        stored = float(self.dtype.type(value)) if abs(value) <= np.finfo(self.dtype).max else float("inf")
        if value > 0 and not 0 < stored < float("inf"):
            raise ValueError(f"{name} must be > 0 and finite in {self.dtype.name}, got {value}")
        return stored

    def classes_last(self, array):
        return np.moveaxis(array, self.axis, -1)

    def operand(self, array):
        """An array as the hot loops read it."""
        return None if array is None else storage(array, self.dtype)

    def loop(self, *, temperature, value_kind=0, value=None, elements=None, **others):
        """The hot loop over all rows."""
        return _rows.Rows(
            self.is_double,
            self.operand(self.classes_last(self.logits)),
            temperature=self.rounded("temperature", temperature),
            value_kind=value_kind,
            value=value,
            elements={kind: self.classes_last(array) for kind, array in (elements or {}).items()},
            **others,
        )

    def sum(self, values):
        kind = storage(values, self.dtype)[1]
        return _kernels.Sum(values, kind, self.is_double).run(self.num_threads)


def _result(computed, final):
    """Copies what was computed beside an overlapping `out`; an array without axes becomes a number."""
    if final is None:
        return [array if array.ndim else array[()] for array in computed]
    for array, out in zip(computed, final, strict=True):
        if out is not array:
            out[...] = array
    return list(final)


class RowLoss(Loss):
    """A loss with one value per row of logits."""

    is_rowwise = True
    requires_target = True

    def __call__(self, logits, target, **keywords):
        """The loss: one value per row, or their sum or mean as a float."""
        return super().__call__(logits, target, **keywords)

    def grad(self, logits, target, **keywords):
        """The derivative with respect to the logits of what the call with the same arguments returns."""
        return super().grad(logits, target, **keywords)

    def hess(self, logits, target, **keywords):
        """The diagonal of the second derivative with respect to the logits of a row."""
        return super().hess(logits, target, **keywords)

    def value_and_grad(self, logits, target, **keywords):
        """(value, grad) in one pass over memory."""
        return super().value_and_grad(logits, target, **keywords)

    def evaluate(self, logits, target, **keywords):
        """A tuple of any of "value", "grad" and "hess", in one pass over memory."""
        return super().evaluate(logits, target, **keywords)

    def _signature(self):
        signature = super()._signature()
        logits, target, *keywords = signature.parameters.values()
        axis = keywords[0].replace(name="axis", default=-1)
        n = len(self.parameters)
        named = [logits.replace(name="logits"), target, *keywords[:n], axis, *keywords[n:]]
        return signature.replace(parameters=named)

    def _check_param(self, name, value):
        return _CHECKS[name](name, value)

    def _compute(self, outputs, logits, target, sample_weight, reduction, out, num_threads, params):
        axis = params.pop("axis", -1)
        params = {**self.parameters, **self._check_params(params)}
        check_reduction(reduction)
        if target is None:
            raise TypeError(f"{self.name} requires a target")
        call = _RowCall(logits, axis, num_threads, target, sample_weight)
        names = [name for name in outputs if name != "value" or reduction == "none"]
        elements = [name for name in outputs if name != "value"]
        computed, final = check_outputs(
            out,
            [call.rows if name == "value" else call.shape for name in names],
            call.dtype,
            call.inputs,
            in_place=len(elements) == 1,
        )
        arrays = dict(zip(names, computed, strict=True))
        if "value" in outputs and reduction != "none":
            arrays["value"] = np.empty(call.rows, call.dtype)
        loop = call.loop(
            temperature=params["temperature"],
            value_kind=_rows.CROSS_ENTROPY,
            value=arrays.get("value"),
            elements={_ELEMENTS[name]: arrays[name] for name in elements},
            labels=self._labels(call, params["ignore_index"]),
            target=None if call.is_labels else call.operand(call.classes_last(call.target)),
            class_weight=_class_weights(call, params["class_weight"]),
            weight=call.operand(call.weight),
            label_smoothing=call.rounded("label_smoothing", params["label_smoothing"]),
        )
        total_weight = loop.total_weight() if reduction == "mean" else 1.0
        # where nothing counts, the mean is NaN and its gradient 0
        loop.run(call.num_threads, 1 / total_weight if total_weight else 0.0)
        results = dict(zip(names, _result(computed, final), strict=True))
        if "value" in outputs and reduction != "none":
            results["value"] = call.sum(arrays["value"]) / total_weight if total_weight else float("nan")
        return tuple(results[name] for name in outputs)

    def _labels(self, call, ignore_index):
        """The labels of a call, all in range or ignored."""
        if not call.is_labels:
            return None
        labels = _rows.Labels(call.target, ignore_index, call.classes)
        row = labels.first_out_of_range()
        if row >= 0:
            raise IndexError(f"target {call.target.flat[row]} at row {row} is out of bounds for {call.classes} classes")
        return labels


_ELEMENTS = {"grad": _rows.GRAD, "hess": _rows.HESS}


def _class_weights(call, class_weight):
    """One weight per class, contiguous and in the computing dtype."""
    if class_weight is None:
        return None
    if class_weight.shape != (call.classes,):
        raise ValueError(
            f"class_weight has shape {class_weight.shape}, expected ({call.classes},) for logits of shape {call.shape}"
        )
    return np.ascontiguousarray(class_weight, call.dtype)


def _check_class_weight(name, value):
    if value is None:
        return None
    return np.atleast_1d(check_parameter(name, value, ">= 0", "cross_entropy"))


def _check_ignore_index(name, value):
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None


def _check_number(name, value, domain):
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return check_parameter(name, value, domain, "cross_entropy")


def _check_label_smoothing(name, value):
    value = _check_number(name, value, ">= 0")
    if value > 1:
        raise ValueError(f"{name} must be <= 1, got {value}")
    return value


def _check_temperature(name, value):
    return _check_number(name, value, "> 0")


_CHECKS = {
    "class_weight": _check_class_weight,
    "ignore_index": _check_ignore_index,
    "label_smoothing": _check_label_smoothing,
    "temperature": _check_temperature,
}

cross_entropy = RowLoss(
    "cross_entropy",
    "rows",
    frozenset({"convex", "c1"}),
    {"class_weight": ">= 0", "ignore_index": "integer", "label_smoothing": ">= 0 and <= 1", "temperature": "> 0"},
    {"class_weight": None, "ignore_index": -100, "label_smoothing": 0.0, "temperature": 1.0},
    """
    Softmax cross-entropy of rows of logits with labels or class probabilities.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: -sum_k a_k log p_k with p = softmax(logits / temperature), a_k = w_k ((1 - s) t_k + s / C), where w is
    class_weight, s label_smoothing, C the number of classes and t the target: class probabilities, or 1 at the label.
    With a label and no options: log sum_k exp(x_k) - x_label. Computed as (m - x_label) + log1p(the sum over the other
    classes of exp(x_k - m)), m the largest logit, so that confident rows keep their digits.
    Gradient p sum(a) - a, second derivative (its diagonal) p (1 - p) sum(a), both over the temperature's powers.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    target : array_like
        Integers of shape (...), one label in [0, C) per row; or floats of the logits' shape, the probability of every
        class, which need not sum to 1.
    class_weight : array_like of shape (C,), optional
        >= 0.
    ignore_index : int
        Rows with this label count as 0, whatever they hold.
    label_smoothing : float in [0, 1]
    temperature : float, > 0
        Divides the logits.
    axis : int
        The axis of the classes.
    sample_weight : array_like of shape (...), optional
        One per row. Rows of weight 0 count as 0, whatever they hold.
    reduction : {"none", "sum", "mean"}
        The mean of labels divides by the sum over the rows that count of sample_weight * class_weight[label], that of
        probabilities by the sum of sample_weight.
    out : ndarray, or a tuple of one per output, optional
        It may be the logits themselves.
    num_threads : int, optional

    Returns
    -------
    ndarray of shape (...), float32 or float64; a float under a reduction. grad and hess have the logits' shape.
    A row with a NaN, with a logit of +inf or with nothing but -inf is NaN.

    Raises
    ------
    IndexError
        If a label is out of range and not ignore_index.
    ValueError
        If shapes do not fit, there is no class, or a parameter is out of its domain.
    TypeError
        If dtypes are unsupported, or the logits are integers beside float targets: then they look swapped.

    Source
    ------
    Definitions of options: torch.nn.functional.cross_entropy. Label smoothing: C. Szegedy et al., "Rethinking the
    Inception Architecture for Computer Vision", CVPR 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.cross_entropy([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]], [0, 2])
    array([0.34901222, 1.09861229])
    >>> fl.cross_entropy.grad([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    >>> fl.cross_entropy([[50.0, 0.0]], [0]).item()
    1.9287498479639178e-22
    """,
)


def _softmax_like(element, logits, axis, temperature, out, num_threads):
    call = _RowCall(logits, axis, num_threads)
    temperature = _check_temperature("temperature", temperature)
    computed, final = check_outputs(out, [call.shape], call.dtype, call.inputs)
    call.loop(temperature=temperature, elements={element: computed[0]}).run(call.num_threads)
    return _result(computed, final)[0]


def softmax(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """Probabilities exp(x_k / T) / sum_j exp(x_j / T) of each row of logits.

    Domain: logits are real, or -inf for probability 0.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of the logits' shape, optional
        It may be the logits themselves.
    num_threads : int, optional

    Returns
    -------
    ndarray of the logits' shape, float32 or float64. A row with a NaN, with a logit of +inf or with nothing but -inf is
    NaN.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    J. S. Bridle, "Training Stochastic Model Recognition Algorithms as Networks", NIPS 1989.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax([0.0, 0.0, -float("inf")])
    array([0.5, 0.5, 0. ])
    """
    return _softmax_like(_rows.SOFTMAX, logits, axis, temperature, out, num_threads)


def log_softmax(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """Log-probabilities x_k / T - log sum_j exp(x_j / T) of each row of logits.

    Domain: logits are real, or -inf for probability 0.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of the logits' shape, optional
        It may be the logits themselves.
    num_threads : int, optional

    Returns
    -------
    ndarray of the logits' shape, float32 or float64. A row with a NaN, with a logit of +inf or with nothing but -inf is
    NaN.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    The logarithm of `softmax`, without its rounding.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_softmax([50.0, 0.0])
    array([-1.92874985e-22, -5.00000000e+01])
    """
    return _softmax_like(_rows.LOG_SOFTMAX, logits, axis, temperature, out, num_threads)


def logsumexp(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """log sum_k exp(x_k / T) of each row of logits.

    Domain: all real logits and infinities.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of shape (...), optional
    num_threads : int, optional

    Returns
    -------
    ndarray of shape (...), float32 or float64. +inf if a logit is, -inf if all are, NaN if one is.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    P. Blanchard, D. J. Higham, N. J. Higham, "Accurately computing the log-sum-exp and softmax functions", IMA Journal
    of Numerical Analysis 41, 2021.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.logsumexp([[1000.0, 1000.0], [0.0, -float("inf")]])
    array([1000.69314718,    0.        ])
    """
    call = _RowCall(logits, axis, num_threads)
    temperature = _check_temperature("temperature", temperature)
    computed, final = check_outputs(out, [call.rows], call.dtype, call.inputs)
    call.loop(temperature=temperature, value_kind=_rows.LOGSUMEXP, value=computed[0]).run(call.num_threads)
    return _result(computed, final)[0]
