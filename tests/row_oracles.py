"""The exact row losses: every output of one row of logits, with the error that is allowed.

A loss is one entry of ROWS.  Its function takes (logits, target, dtype, **parameters) and returns
{output: (exact, bound)} for value, grad and hess; those of grad and hess are lists over classes,
and bounds are absolute.  Inputs are the stored numbers; parameters are rounded to the dtype.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf
from precision import stored

__all__ = ["ROWS", "RowOracle", "cross_entropy", "log_softmax", "logsumexp", "softmax"]

_BITS = 260  # sums of positive terms and log1p: nothing cancels


@dataclass(frozen=True)
class RowOracle:
    """A row loss's exact function and the parameter settings to test.

    A class_weight of a case is a function of the number of classes.
    """

    outputs: Callable
    cases: tuple[dict, ...] = ({},)
    soft_targets: bool = False


@dataclass(frozen=True)
class _Row:
    """The ingredients of one row, all of x / T."""

    top: int
    maximum: mpf
    gaps: list  # x_k - maximum
    correction: mpf  # log sum exp - maximum
    probabilities: list
    temperature: mpf

    @property
    def log_probabilities(self):
        return [gap - self.correction for gap in self.gaps]

    def others(self, k):
        """1 - p_k with all its digits."""
        if k != self.top:
            return 1 - self.probabilities[k]
        return mp.fsum(p for j, p in enumerate(self.probabilities) if j != k)

    @property
    def spread(self):
        """sum of p_k |x_k - m|: what rounding the differences to the maximum may cost, in eps."""
        pairs = zip(self.probabilities, self.gaps, strict=True)
        return mp.fsum(-p * gap for p, gap in pairs if p)

    def slack(self, k):
        """What the same rounding may cost p_k; dividing by a temperature adds half an eps."""
        p = self.probabilities[k]
        share = 1 if self.temperature == 1 else mpf(3) / 2
        return share * p * (self.spread - self.gaps[k]) if p else mpf(0)


def _row(logits, temperature):
    x = [mpf(float(value)) / temperature for value in logits]
    top = max(range(len(x)), key=x.__getitem__)
    gaps = [value - x[top] for value in x]
    correction = mp.log1p(mp.fsum(mp.exp(gap) for k, gap in enumerate(gaps) if k != top))
    probabilities = [mp.exp(gap - correction) for gap in gaps]
    return _Row(top, x[top], gaps, correction, probabilities, temperature)


def _eps(dtype):
    return mpf(float(np.finfo(dtype).eps))


def logsumexp(logits, dtype, temperature=1.0):
    """log sum exp(x / T): (exact, bound); it may cross zero, so by the sum of its two terms."""
    with mp.workprec(_BITS):
        row = _row(logits, stored(temperature, dtype))
        terms = abs(row.maximum) + row.correction
        return row.maximum + row.correction, _eps(dtype) * (4 * terms + row.spread)


def softmax(logits, dtype, temperature=1.0):
    """[(exact, bound)] of every class's probability."""
    with mp.workprec(_BITS):
        row = _row(logits, stored(temperature, dtype))
        return [(p, _eps(dtype) * (4 * p + row.slack(k))) for k, p in enumerate(row.probabilities)]


def log_softmax(logits, dtype, temperature=1.0):
    """[(exact, bound)] of every class's log-probability: the bound is that of cross-entropy."""
    with mp.workprec(_BITS):
        row = _row(logits, stored(temperature, dtype))
        return [(log, _eps(dtype) * (4 * abs(log) + row.spread)) for log in row.log_probabilities]


def _masses(target, classes, class_weight, label_smoothing):
    """q with loss = -sum q_k log p_k, for a label or for a row of class probabilities."""
    if np.ndim(target):
        mass = [mpf(float(t)) for t in target]
    else:
        mass = [mpf(k == int(target)) for k in range(classes)]
    uniform = label_smoothing / classes
    mixed = [(1 - label_smoothing) * m + uniform for m in mass]
    return [w * m for w, m in zip(class_weight, mixed, strict=True)]


def cross_entropy(logits, target, dtype, *, class_weight=None, label_smoothing=0.0, temperature=1.0):
    """The bound of the value is line 3 of the contract, with x / T for x.

    Those of grad and hess follow from it: a relative error of 4 eps (8 for the product in hess)
    of the terms, and the rounding of the differences to the maximum.
    """
    eps, classes = _eps(dtype), len(logits)
    weights = np.ones(classes) if class_weight is None else class_weight
    with mp.workprec(_BITS):
        t = stored(temperature, dtype)
        row = _row(logits, t)
        weights = [stored(w, dtype) for w in weights]
        q = _masses(target, classes, weights, stored(label_smoothing, dtype))
        total = mp.fsum(q)
        logs = row.log_probabilities
        value = mp.fsum(-mass * log for mass, log in zip(q, logs, strict=True) if mass)
        grad, hess = [], []
        for k, p in enumerate(row.probabilities):
            up, down = p * (total - q[k]), row.others(k) * q[k]  # p_k total - q_k = up - down
            slack = row.slack(k) * abs(total)
            curvature = total * p * row.others(k) / t**2
            grad.append(((up - down) / t, eps * (4 * (abs(up) + abs(down)) + slack) / t))
            hess.append((curvature, eps * (8 * abs(curvature) + 2 * slack / t**2)))
        return {
            "value": (value, eps * (4 * abs(value) + abs(total) * row.spread)),
            "grad": grad,
            "hess": hess,
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
