"""The exact row losses: every output of rows of logits, with the error that is allowed.

A loss is one entry of ROWS.  Its function takes (logits, target, dtype, **parameters), logits of
shape (rows, classes), and returns {output: Exact} for value, grad and hess.  Inputs are the stored
numbers; parameters are rounded to the dtype.

All rows are computed at once, in long double: its eps is 1/2048 of float64's, and nothing here
cancels, so that its own error is far below every bound.  The same text runs in mpmath's numbers
(`number=MPMATH`): test_rows.py compares the two, and it stands in where long double is no wider.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

__all__ = ["MPMATH", "ROWS", "Exact", "RowOracle", "log_softmax", "logsumexp", "softmax"]


@dataclass(frozen=True)
class Number:
    """A kind of number: arrays of it from arrays of floats, and its functions."""

    array: Callable
    exp: Callable
    log1p: Callable


def _as_mpf(x):
    """A finite number of up to twice a double's precision, exactly."""
    mantissa, exponent = np.frexp(x)
    head = float(mantissa)
    return mp.ldexp(mpf(head) + float(mantissa - head), int(exponent))


MPMATH = Number(
    np.frompyfunc(_as_mpf, 1, 1),
    np.frompyfunc(mp.exp, 1, 1),
    np.frompyfunc(mp.log1p, 1, 1),
)
_IS_WIDE = np.finfo(np.longdouble).nmant >= 63
LONG_DOUBLE = Number(np.longdouble, np.exp, np.log1p) if _IS_WIDE else MPMATH


@dataclass(frozen=True)
class Exact:
    """What an output is, and its largest allowed distance from that; the shape is the output's."""

    result: np.ndarray
    bound: np.ndarray


@dataclass(frozen=True)
class RowOracle:
    """A row loss's exact function and the parameter settings to test.

    A class_weight of a case is a function of the number of classes.
    """

    outputs: Callable
    cases: tuple[dict, ...] = ({},)
    soft_targets: bool = False


class _Rows:
    """The ingredients of a softmax, all of x / T: arrays (rows, classes), or (rows, 1)."""

    def __init__(self, logits, temperature, number):
        x = number.array(logits)
        is_top = np.arange(x.shape[1]) == x.argmax(axis=1)[:, None]
        maximum = x.max(axis=1, keepdims=True)
        self.maximum = maximum / temperature
        self.gaps = (x - maximum) / temperature
        exp = number.exp(self.gaps)
        rest = _sum(np.where(is_top, 0, exp))
        self.correction = number.log1p(rest)  # log sum exp - maximum
        self.log_probabilities = self.gaps - self.correction
        self.probabilities = exp / (1 + rest)
        # 1 - p with all its digits: the rest holds every other exponential
        self.others = np.where(is_top, rest, 1 + (rest - exp)) / (1 + rest)
        # what rounding the differences to the maximum may cost, in eps; of p_k, half an eps more
        # for dividing by a temperature
        self.spread = _sum(-self.probabilities * self.gaps)
        share = 1.0 if temperature == 1 else 1.5
        self.slack = share * self.probabilities * (self.spread - self.gaps)


def _sum(terms):
    return terms.sum(axis=1, keepdims=True)


def _stored(value, dtype, number):
    """A parameter as the library sees it: rounded to the data's dtype."""
    return number.array(np.asarray(value, dtype))


def _eps(dtype):
    return float(np.finfo(dtype).eps)


def logsumexp(logits, dtype, temperature=1.0, number=LONG_DOUBLE):
    """log sum exp(x / T); it may cross zero, so the bound is that of the sum of its two terms."""
    rows = _Rows(logits, _stored(temperature, dtype, number), number)
    terms = abs(rows.maximum) + rows.correction
    bound = _eps(dtype) * (4 * terms + rows.spread)
    return Exact((rows.maximum + rows.correction)[:, 0], bound[:, 0])


def softmax(logits, dtype, temperature=1.0, number=LONG_DOUBLE):
    """Every class's probability."""
    rows = _Rows(logits, _stored(temperature, dtype, number), number)
    return Exact(rows.probabilities, _eps(dtype) * (4 * rows.probabilities + rows.slack))


def log_softmax(logits, dtype, temperature=1.0, number=LONG_DOUBLE):
    """Every class's log-probability: the bound is that of cross-entropy."""
    rows = _Rows(logits, _stored(temperature, dtype, number), number)
    log = rows.log_probabilities
    return Exact(log, _eps(dtype) * (4 * abs(log) + rows.spread))


def _masses(target, shape, class_weight, label_smoothing, number):
    """q with loss = -sum q_k log p_k, for labels or for rows of class probabilities."""
    if np.ndim(target) == 1:
        target = np.arange(shape[1]) == np.asarray(target)[:, None]
    target = number.array(np.asarray(target, np.float64))
    return class_weight * ((1 - label_smoothing) * target + label_smoothing / shape[1])


def cross_entropy(
    logits,
    target,
    dtype,
    *,
    class_weight=None,
    label_smoothing=0.0,
    temperature=1.0,
    number=LONG_DOUBLE,
):
    """The bound of the value is line 3 of the contract, with x / T for x.

    Those of grad and hess follow from it: a relative error of 4 eps (8 for the product in hess)
    of the terms, and the rounding of the differences to the maximum.
    """
    eps, shape = _eps(dtype), logits.shape
    weights = np.ones(shape[1]) if class_weight is None else class_weight
    t = _stored(temperature, dtype, number)
    smoothing = _stored(label_smoothing, dtype, number)
    rows = _Rows(logits, t, number)
    q = _masses(target, shape, _stored(weights, dtype, number), smoothing, number)
    total = _sum(q)
    value = _sum(-q * rows.log_probabilities)
    p = rows.probabilities
    up, down = p * (total - q), rows.others * q  # p_k total - q_k = up - down
    hess = total * p * rows.others / t**2
    slack = rows.slack * total
    return {
        "value": Exact(value[:, 0], (eps * (4 * value + total * rows.spread))[:, 0]),
        "grad": Exact((up - down) / t, eps * (4 * (up + down) + slack) / t),
        "hess": Exact(hess, eps * (8 * hess + 2 * slack / t**2)),
    }


def _ramp(classes):
    return np.linspace(0.25, 2.0, classes)


ROWS = {
    "cross_entropy": RowOracle(
        cross_entropy,
        cases=(
            {},
            {"temperature": 0.7},
            {"temperature": 30.0},
            {"label_smoothing": 0.1},
            {"label_smoothing": 1.0},
            {"class_weight": _ramp},
            {"class_weight": _ramp, "label_smoothing": 0.3, "temperature": 2.5},
        ),
        soft_targets=True,
    ),
}
