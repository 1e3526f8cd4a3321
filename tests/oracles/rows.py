"""The exact row losses: every output of rows of logits, with the error that is allowed.

A loss is one entry of ROWS.  Its function takes (logits, target, dtype, **parameters), logits of
shape (rows, classes), and returns {output: Exact} for value, grad and hess.  An exact number within
the error of a kink may be on either side of it.  Inputs are the stored
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
    targets: str = "labels"  # or "labels or probabilities", or "logits"


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
        self.reach = self.spread - self.gaps
        share = 1.0 if temperature == 1 else 1.5
        self.slack = share * self.probabilities * self.reach


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


def poly1_cross_entropy(
    logits, target, dtype, *, epsilon=2.0, class_weight=None, label_smoothing=0.0, number=LONG_DOUBLE
):
    """The bound is that of the cross-entropy and as much of each further term, of whose factors p_y is one."""
    given = {"class_weight": class_weight, "label_smoothing": label_smoothing, "number": number}
    entropy, eps = cross_entropy(logits, target, dtype, **given), _eps(dtype)
    rows, classes = _Rows(logits, _stored(1.0, dtype, number), number), logits.shape[1]
    smoothing = _stored(label_smoothing, dtype, number)
    weight = _stored(epsilon, dtype, number) * _label_weights(class_weight, target, dtype, number)
    is_label, p = _at_labels(target, classes), rows.probabilities
    own, own_rest, own_slack = (_sum(np.where(is_label, x, 0)) for x in (p, rows.others, rows.slack))
    missed = (1 - smoothing) * own_rest + smoothing * (number.array(1.0) - number.array(1.0) / classes)
    steepness = weight * (1 - smoothing)
    change = steepness * own * np.where(is_label, -own_rest, p)
    slip = abs(steepness) * np.where(is_label, own_slack, own_slack * p + own * rows.slack)
    bend, terms = change * (1 - 2 * p), abs(change) * (1 + 2 * p)
    least = 2 * float(np.finfo(dtype).smallest_subnormal) / eps  # of a confident row, whose weight multiplies it
    further = {
        "value": ((weight * missed)[:, 0], (8 * abs(weight) * missed + abs(steepness) * own_slack + least)[:, 0]),
        "grad": (change, 8 * abs(change) + slip),
        "hess": (bend, 8 * terms + 4 * slip),
    }
    return {
        output: Exact(exact.result + further[output][0], exact.bound + eps * further[output][1])
        for output, exact in entropy.items()
    }


def _label_weights(class_weight, target, dtype, number):
    """The class weight of each row's label, (rows, 1)."""
    if class_weight is None:
        return number.array(np.ones((len(target), 1)))
    return _stored(class_weight, dtype, number)[target][:, None]


def _at_labels(target, classes):
    return np.arange(classes) == np.asarray(target)[:, None]


def nll(logits, target, dtype, *, class_weight=None, number=LONG_DOUBLE):
    """One product, rounded."""
    weights = _label_weights(class_weight, target, dtype, number)
    is_label = _at_labels(target, logits.shape[1])
    value = -weights * number.array(logits[is_label][:, None])
    grad, nothing = np.where(is_label, -weights, 0), np.zeros(logits.shape)
    eps = _eps(dtype)
    return {
        "value": Exact(value[:, 0], eps * abs(value[:, 0])),
        "grad": Exact(grad, eps * abs(grad)),
        "hess": Exact(nothing, nothing),
    }


def softmax_focal(logits, target, dtype, *, gamma=2.0, class_weight=None, number=LONG_DOUBLE):
    """f(L) = q^gamma L of the cross-entropy L, q = 1 - e^-L: the bounds follow from those of L by f's derivatives."""
    eps, g = _eps(dtype), _stored(gamma, dtype, number)
    rows, is_label = _Rows(logits, number.array(1.0), number), _at_labels(target, logits.shape[1])
    weights = _label_weights(class_weight, target, dtype, number)
    entropy = -_sum(np.where(is_label, rows.log_probabilities, 0))
    p, q = (_sum(np.where(is_label, x, 0)) for x in (rows.probabilities, rows.others))
    power, q = q**g, np.where(q == 0, 1, q)
    ratio = p * entropy / q
    d1 = power * (1 + g * ratio)
    d2_terms = [power * g / q * term for term in (2 * p, (g - 1) * p * ratio, -p * entropy)]
    d2, d2_size = sum(d2_terms), sum(abs(term) for term in d2_terms)
    slip = eps * (4 * entropy + rows.spread)  # of L
    d2_slip = d2_size * (g + 3) * (slip + slip / np.where(entropy == 0, 1, entropy))
    value = power * entropy
    up, down = np.where(is_label, 0, rows.probabilities), np.where(is_label, rows.others, 0)
    change = up + down
    curve = rows.probabilities * rows.others
    least = (1 + weights) * float(np.finfo(dtype).smallest_subnormal)  # a confident row is rounded, then weighed
    return {
        "value": Exact((weights * value)[:, 0], (weights * (8 * eps * value + d1 * slip) + least)[:, 0]),
        "grad": Exact(
            weights * d1 * (up - down),
            weights * (d1 * eps * (8 * change + rows.slack) + d2_size * slip * change) + least,
        ),
        "hess": Exact(
            weights * (d1 * curve + d2 * change**2),
            weights
            * (
                eps * (8 * d1 * curve + 8 * d2_size * change**2 + 2 * d1 * rows.slack)
                + (d2_size * slip * curve + d2_slip * change**2)
                + 2 * d2_size * change * eps * rows.slack
            )
            + 2 * least,
        ),
    }


def multi_margin(logits, target, dtype, *, p=1, margin=1.0, class_weight=None, number=LONG_DOUBLE):
    """Differences of logits are rounded, and what exceeds the margin."""
    eps, classes = _eps(dtype), logits.shape[1]
    x, is_label = number.array(logits), _at_labels(target, classes)
    share = _label_weights(class_weight, target, dtype, number) / classes
    d = x - _sum(np.where(is_label, x, 0))
    excess = d + _stored(margin, dtype, number)
    slip = eps * (abs(d) + abs(excess))
    slip = np.where(is_label | (excess < -slip), 0, slip)
    is_unsure = (abs(excess) <= slip) & ~is_label
    excess = np.where(is_label | (excess < 0), 0, excess)
    if p == 1:
        terms, term_slip = excess, slip
        d1, d1_slip = np.where(excess > 0, 1, 0), np.where(is_unsure, 1, 0)
        d2, d2_slip = 0 * excess, 0 * excess
    else:
        terms, term_slip = excess**2, slip * (2 * excess + slip)
        d1, d1_slip = 2 * excess, 2 * slip
        d2, d2_slip = np.where(excess > 0, 2, 0), np.where(is_unsure, 2, 0)

    def exact(each, each_slip, sign):
        """At the label, `sign` times the sum of the others."""
        whole, whole_slip = (np.where(is_label, _sum(part), part) for part in (each, each_slip))
        return Exact(np.where(is_label, sign, 1) * share * whole, share * (whole_slip + 4 * eps * whole))

    value, value_slip = _sum(terms), _sum(term_slip)
    return {
        "value": Exact((share * value)[:, 0], (share * (value_slip + 4 * eps * value))[:, 0]),
        "grad": exact(d1, d1_slip, -1),
        "hess": exact(d2, d2_slip, 1),
    }


def _remainder(d, p, q):
    """q (e^-d - 1 + d) with q e^-d = p, by its series where that would cancel."""
    small = np.where(abs(d) < 0.5, d, 0)
    term, total = -small, 0 * small
    for n in range(2, 26):
        term = term * -small / n
        total = total + term
    return np.where(abs(d) < 0.5, q * total, p - q + q * d)


def distillation(logits, target, dtype, *, temperature=1.0, number=LONG_DOUBLE):
    """The bound of the value is the docstring's."""
    eps, t = _eps(dtype), _stored(temperature, dtype, number)
    student, teacher = _Rows(logits, t, number), _Rows(target, t, number)
    p, q = student.probabilities, teacher.probabilities
    d = (teacher.gaps - student.gaps) - (teacher.correction - student.correction)
    terms = _remainder(d, p, q)
    value = t**2 * _sum(terms)
    slip = t**2 * _sum((terms + abs(p - q)) * (student.reach + teacher.reach))
    least = float(np.finfo(dtype).smallest_subnormal)
    least_sum = t**2 * _sum(1 + abs(d)) * least
    common = (eps * t * np.maximum(student.correction, teacher.correction)) ** 2  # what all d have alike of rounding
    hess = p * student.others
    return {
        "value": Exact(value[:, 0], (eps * (8 * value + 2 * slip + 2 * common) + least_sum)[:, 0]),
        "grad": Exact(t * (p - q), t * eps * (4 * (p + q) + student.slack + teacher.slack) + 2 * least),
        "hess": Exact(hess, eps * (8 * hess + 2 * student.slack)),
    }


def kl_logits(logits, target, dtype, *, temperature=1.0, number=LONG_DOUBLE):
    """Distillation over T^2, whose bound it has."""
    t = _stored(temperature, dtype, number)
    exact = distillation(logits, target, dtype, temperature=temperature, number=number)
    least = float(np.finfo(dtype).smallest_subnormal)
    return {name: Exact(x.result / t**2, x.bound / t**2 + 2 * least) for name, x in exact.items()}


def disagreement(logits, target, dtype, *, number=LONG_DOUBLE):
    """Compared; of equal logits the first."""
    value = number.array((logits.argmax(axis=1) != target.argmax(axis=1)).astype(float))
    nothing = np.zeros(logits.shape)
    return {"value": Exact(value, 0 * value), "grad": Exact(nothing, nothing), "hess": Exact(nothing, nothing)}


def top_k_error(logits, target, dtype, *, k=1, class_weight=None, number=LONG_DOUBLE):
    """A count, compared."""
    weights = _label_weights(class_weight, target, dtype, number)
    is_label = _at_labels(target, logits.shape[1])
    above = logits >= logits[is_label][:, None]
    value = np.where(_sum((above & ~is_label).astype(int)) >= k, weights, 0)
    nothing = np.zeros(logits.shape)
    return {
        "value": Exact(value[:, 0], _eps(dtype) * value[:, 0]),
        "grad": Exact(nothing, nothing),
        "hess": Exact(nothing, nothing),
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
        targets="labels or probabilities",
    ),
    "poly1_cross_entropy": RowOracle(
        poly1_cross_entropy,
        cases=(
            {},
            {"epsilon": -1.0},
            {"epsilon": 0.0},
            {"class_weight": _ramp},
            {"epsilon": 1.0, "label_smoothing": 0.1},
            {"label_smoothing": 1.0},
            {"epsilon": 5.0, "class_weight": _ramp, "label_smoothing": 0.3},
        ),
    ),
    "nll": RowOracle(nll, cases=({}, {"class_weight": _ramp})),
    "softmax_focal": RowOracle(
        softmax_focal,
        cases=({}, {"gamma": 0.0}, {"gamma": 0.3}, {"gamma": 1.0}, {"gamma": 5.0, "class_weight": _ramp}),
    ),
    "multi_margin": RowOracle(
        multi_margin,
        cases=({}, {"p": 2}, {"margin": 20.0}, {"margin": -0.5, "p": 2}, {"p": 2, "class_weight": _ramp}),
    ),
    "distillation": RowOracle(
        distillation,
        cases=({}, {"temperature": 0.7}, {"temperature": 2.5}, {"temperature": 30.0}),
        targets="logits",
    ),
    "kl_logits": RowOracle(
        kl_logits,
        cases=({}, {"temperature": 0.7}, {"temperature": 2.5}, {"temperature": 30.0}),
        targets="logits",
    ),
    "disagreement": RowOracle(disagreement, targets="logits"),
    "top_k_error": RowOracle(top_k_error, cases=({}, {"k": 3}, {"k": 2, "class_weight": _ramp})),
}
