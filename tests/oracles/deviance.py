"""Deviances of a predicted mean p > 0, exactly."""

import numpy as np
from jets import Jet, log
from mpmath import mp
from samples import logarithmic, reach

from oracles.oracle import Oracle, is_single

__all__ = ["DEVIANCE"]


def _inputs(dtype, count, seed, oracle, power=1.0):
    """Positive numbers, over the whole domain and of moderate size; many are close to each other, some neighbours."""
    rng, wide = np.random.default_rng(seed), reach(dtype)
    pred, target = (
        np.abs(
            np.concatenate(
                [
                    logarithmic(1 / wide, wide, count // 3, dtype, seed + k),
                    logarithmic(1e-3, 1e3, count - count // 3, dtype, seed + k),
                ]
            )
        )
        for k in (0, 10)
    )
    ratio, beside = np.exp(rng.uniform(-2.5, 2.5, count)), 1 + logarithmic(1e-7, 0.3, count, dtype, seed)
    steps = 1 + rng.integers(-3, 4, count) * np.finfo(dtype).eps
    kind = rng.integers(0, 4, count)
    pred = np.where(kind == 0, pred, target * np.choose(kind, (1, ratio, beside, steps))).astype(dtype)
    if power < 2:
        target[::9] = 0
    return pred, target


def _fold(p, y):
    return 1 + np.abs(p) / 2, np.floor(np.abs(y))


def _fold_positive(p, y):
    return 1 + np.abs(p) / 2, 1 + np.floor(np.abs(y))


def _is_count(y, **parameters):
    return y >= 0


def _is_amount(y, **parameters):
    return y > 0


def _poisson(p, y):
    return 2 * y * ((p / y - 1) - log(p / y)) if y else 2 * p


def _gamma(p, y):
    return 2 * ((y / p - 1) - log(y / p))


def _power(t, exponent):
    """(t^exponent - 1) / exponent, log t for the exponent 0; at t = 1 it and its derivatives are exact."""
    first, second = t.f ** (exponent - 1), (exponent - 1) * t.f ** (exponent - 2)
    value = (t.f**exponent - 1) / exponent if exponent else mp.log(t.f)
    return Jet(value, first * t.d, first * t.dd + second * t.d**2)


def _tweedie(p, y, power):
    if not y:
        scale = mp.mpf(2) / (2 - power)
        return scale * (1 + (2 - power) * _power(p, 2 - power))
    return 2 * y ** (2 - power) * (_power(p / y, 2 - power) - _power(p / y, 1 - power))


def _as_tweedie(power):
    return lambda output, arguments: _tweedie_terms(output, arguments, power)


def _tweedie_terms(output, arguments, power):
    p, y = arguments
    return 2 * p**-power * (abs(1 - power) + power * y / p) if output == "hess" else None


def _tweedie_ulps(output, dtype, arguments, power):
    """Of the powers that the outputs are multiplied by, as a sum of two, of which the larger alone counts."""
    if is_single(dtype):
        return 4.0
    p, y = arguments
    if output != "value":
        return 4 + 2 * float(abs(power * mp.log(p)))
    return 6 + 2 * float(max(abs((2 - power) * mp.log(x)) for x in (p, y or p)))


_POWERS = (1.5, 0.0, 1.0, 2.0, 3.0, 1.01, 1.9, 1.999999, 2.0001, 2.5, 4.0, 10.0)

DEVIANCE = {
    "poisson_deviance": Oracle(_poisson, terms=_as_tweedie(1), inputs=_inputs, fold=_fold, admits=_is_count),
    "gamma_deviance": Oracle(
        _gamma,
        terms=_as_tweedie(2),
        inputs=lambda *arguments: _inputs(*arguments, power=2.0),
        fold=_fold_positive,
        admits=_is_amount,
    ),
    "tweedie_deviance": Oracle(
        _tweedie,
        cases=tuple({"power": power} for power in _POWERS),
        ulps=_tweedie_ulps,
        terms=_tweedie_terms,
        inputs=_inputs,
        fold=_fold_positive,
        admits=lambda y, power: y > 0 or (y == 0 and power < 2),
    ),
}
