"""Losses of the logarithm p of an expected count or amount, exactly."""

import numpy as np
from jets import exp
from mpmath import mp
from samples import logarithmic, scores

from oracles.oracle import Oracle, is_single

__all__ = ["COUNT"]


def _inputs(dtype, count, seed, oracle, power=1.0):
    """Log-means over the whole domain, unless a sum of exponentials would leave the range."""
    steepest = max(1.0, abs(2 - power), abs(1 - power))
    largest = (80 if is_single(dtype) else 650) / steepest
    pred = scores(dtype, count, seed, largest)
    if power != 1:
        pred = np.clip(pred, -largest, largest).astype(dtype)
    rng = np.random.default_rng(seed)
    amounts = np.abs(logarithmic(1e-6, 1e6, len(pred), dtype, seed))
    target = np.where(rng.random(len(pred)) < 0.5, rng.poisson(3, len(pred)), amounts).astype(dtype)
    if power >= 2:
        target[target == 0] = 1
    own = (target > 0) & (rng.random(len(pred)) < 0.2)  # where the gradient crosses zero
    return np.where(own, np.log(np.where(own, target, 1)), pred).astype(dtype), target


def _fold(p, y):
    return p / 2, np.floor(np.abs(y))


def _fold_positive(p, y):
    return p / 2, 1 + np.floor(np.abs(y))


def _is_count(y, **parameters):
    return y >= 0


def _is_amount(y, **parameters):
    return y > 0


def _tweedie(p, y, power):
    rising, falling = 2 - power, 1 - power
    mean = exp(p * rising) / rising if rising else p
    return mean - y * (exp(p * falling) / falling if falling else p)


def _tweedie_parts(output, p, y, power):
    """The two terms of an output, by magnitude, and the arguments of their exponentials."""
    rising, falling = 2 - power, 1 - power
    mean, ratio = mp.exp(p * rising), y * mp.exp(p * falling)
    if output == "hess":
        mean, ratio = mean * abs(rising), ratio * abs(falling)
    if output == "value":
        mean = mean / abs(rising) if rising else abs(p)
        ratio = ratio / abs(falling) if falling else abs(y * p)
    return mean, ratio, abs(p * rising), abs(p * falling)


def _tweedie_terms(output, arguments, power):
    mean, ratio, _, _ = _tweedie_parts(output, *arguments, power)
    return mean + ratio


def _tweedie_ulps(output, dtype, arguments, power):
    if is_single(dtype):
        return 4.0
    mean, ratio, first, second = _tweedie_parts(output, *arguments, power)
    size = mean + ratio
    return 4 + 2 * float((mean * first + ratio * second) / size) if size else 4.0


def _as_tweedie(power):
    return lambda output, arguments: _tweedie_terms(output, arguments, power)


COUNT = {
    "poisson": Oracle(lambda p, y: exp(p) - y * p, terms=_as_tweedie(1), inputs=_inputs, fold=_fold, admits=_is_count),
    "gamma": Oracle(
        lambda p, y: p + y * exp(-p),
        terms=_as_tweedie(2),
        inputs=lambda *arguments: _inputs(*arguments, power=2.0),
        fold=_fold_positive,
        admits=_is_amount,
    ),
    "tweedie": Oracle(
        _tweedie,
        cases=tuple({"power": power} for power in (1.5, 0.0, 1.0, 2.0, 3.0, 1.01, 1.9, -0.5)),
        ulps=_tweedie_ulps,
        terms=_tweedie_terms,
        inputs=_inputs,
        fold=_fold_positive,
        admits=lambda y, power: y > 0 or (y == 0 and power < 2),
    ),
}
