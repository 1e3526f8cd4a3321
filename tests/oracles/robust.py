"""The exact elementwise losses: a high-precision formula each, and the error that is allowed.

A loss is one entry of ORACLES: its value as a function of mpmath numbers or jets, from which all
derivatives follow.  Inputs are the stored numbers: the residual is the rounded difference, and
parameters are rounded to the data's dtype.  The row losses are in row_oracles.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jets import Jet, expm1, log1p, seed
from mpmath import inf, isinf, mp, mpf
from precision import converged, stored
from samples import residuals

__all__ = ["ORACLES", "Exact", "Oracle", "exact", "exact_param_grad"]


def _residual_inputs(dtype, count, seed, oracle, **parameters):
    scale = parameters.get("scale", 1.0)
    return (residuals(dtype, scale, oracle.thresholds(**parameters), count, seed),)


@dataclass(frozen=True)
class Oracle:
    """What there is to know about one elementwise loss.

    value       (r, **parameters) or (p, y, **parameters) -> number or Jet
    cases       the parameter settings to test
    ulps        the bound: a number, or (output, dtype, arguments, **parameters) -> a number, or
                None where the contract makes an exemption
    terms       (output, arguments, **parameters) -> the sum of the magnitudes of the terms that
                the error is measured by, or None to measure by the exact result
    thresholds  (**parameters) -> the residuals at which pieces of the formula meet
    inputs      (dtype, count, seed, oracle, **parameters) -> the arrays (pred,) or (pred, target)
    """

    value: Callable
    cases: tuple[dict, ...] = ({},)
    ulps: float | Callable = 4.0
    terms: Callable = field(default=lambda output, arguments, **parameters: None)
    thresholds: Callable = field(default=lambda **parameters: ())
    inputs: Callable = field(default=_residual_inputs)


@dataclass(frozen=True)
class Exact:
    """One output at one point: what it is, what its error is measured by, and the bound."""

    result: mpf
    magnitude: mpf | None
    ulps: float | None


def exact(name, arguments, dtype, parameters):
    """{output: Exact} of value, grad, hess and (for a residual) weight at one point."""
    oracle = ORACLES[name]
    parameters = _parameters(parameters, dtype)
    arguments = [mpf(float(a)) for a in arguments]

    def outputs():
        jet = oracle.value(seed(arguments[0]), *arguments[1:], **parameters)
        jet = jet if isinstance(jet, Jet) else Jet(jet, mpf(0), mpf(0))
        weight = jet.d / arguments[0] if arguments[0] else jet.dd
        return jet.f, jet.d, jet.dd, weight

    results = zip(("value", "grad", "hess", "weight"), converged(outputs), strict=True)
    return {output: _exact(oracle, output, result, arguments, dtype, parameters) for output, result in results}


def exact_param_grad(name, parameter, arguments, dtype, parameters):
    """Exact derivative of the value with respect to one parameter."""
    oracle = ORACLES[name]
    parameters = _parameters(parameters, dtype)
    arguments = [mpf(float(a)) for a in arguments]
    at = _differentiable(name, parameter, parameters[parameter], dtype)
    if isinf(at):
        result = mpf(0)
    else:
        seeded = {**parameters, parameter: seed(at)}
        (result,) = converged(lambda: (_slope(oracle.value(*arguments, **seeded)),))
    output = f"d/d{parameter}"
    return _exact(oracle, output, result, arguments, dtype, parameters)


def _exact(oracle, output, result, arguments, dtype, parameters):
    bound = oracle.ulps
    if callable(bound):
        bound = bound(output, dtype, arguments, **parameters)
    return Exact(result, oracle.terms(output, arguments, **parameters), bound)


def _parameters(parameters, dtype):
    return {name: stored(value, dtype) for name, value in parameters.items()}


def _slope(jet):
    return jet.d if isinstance(jet, Jet) else mpf(0)


# ---- residual losses -----------------------------------------------------------------------


def _huber(r, delta):
    size = abs(r)
    return r * r / 2 if size <= delta else delta * (size - delta / 2)


def _robust(r, alpha, scale):
    """Barron, A general and adaptive robust loss function (CVPR 2019), equation 13 and limits."""
    z = (r / scale) ** 2
    if alpha == -inf:
        return -expm1(-z / 2)
    if alpha == inf:
        return expm1(z / 2)
    if alpha == 0:
        return log1p(z / 2)
    if alpha == 2:
        return z / 2
    b = abs(alpha - 2)
    return b / alpha * expm1(alpha / 2 * log1p(z / b))


_SINGULAR = mpf(2) ** -200  # stands for alpha = 0 in the formula; the loss is smooth there


def _differentiable(name, parameter, value, dtype):
    """The parameter at which the derivative is taken: where the formula has a hole, beside it."""
    if (name, parameter) != ("robust", "alpha"):
        return value
    if value == 2:  # a logarithmic infinity: by contract that of the next smaller number
        return mpf(float(np.nextafter(np.dtype(dtype).type(2), np.dtype(dtype).type(0))))
    if abs(value) >= mpf(2) ** 80:  # by contract as at infinity
        return mp.sign(value) * inf
    return value if abs(value) > _SINGULAR else _SINGULAR


@dataclass(frozen=True)
class _Exponents:
    """The quantities of the contract's formulas: w, L, u = alpha L / 2, v = (alpha - 2) L / 2."""

    w: mpf
    log: mpf
    u: mpf
    v: mpf


def _exponents(r, alpha, scale):
    z = (r / scale) ** 2
    if isinf(alpha):
        half = mp.sign(alpha) * z / 2
        return _Exponents(mpf(0), mpf(0), half, half)
    if alpha == 2:
        return _Exponents(inf, mpf(0), mpf(0), mpf(0))
    b = abs(alpha - 2)
    log = mp.log1p(z / b)
    return _Exponents(z / b, log, alpha * log / 2, (alpha - 2) * log / 2)


def _robust_ulps(output, dtype, arguments, alpha, scale):
    """Line 2 of the contract."""
    at = _exponents(*arguments, alpha, scale)
    single = np.dtype(dtype) == np.float32
    if mp.exp(at.v) < mpf(float(np.finfo(dtype).tiny)):
        return None
    if output == "d/dalpha":
        return float(32 + 2 * abs(at.u))
    if output == "d/dscale":
        return 8.0 if single else float(4 + 2 * abs(at.v))
    if output == "hess":
        return float(8 + (2 if single else 4) * (abs(at.v) + at.log))
    if single:
        return 4.0
    if output in ("grad", "weight") or abs(alpha - 2) <= mpf(1) / 2:
        return float(4 + 2 * abs(at.v))
    return float(4 + 2 * abs(at.u)) if alpha > 0 else 4.0


def _robust_terms(output, arguments, alpha, scale):
    """hess = weight * (1 + (alpha - 1) w) / (1 + w) may cross zero; nothing else does."""
    if output != "hess":
        return None
    at = _exponents(*arguments, alpha, scale)
    weight = mp.exp(at.v) / scale**2
    if isinf(alpha):
        return weight * (1 + (arguments[0] / scale) ** 2)
    if isinf(at.w):
        return weight
    return weight * (1 + abs(alpha - 1) * at.w) / (1 + at.w)


_ALPHAS = (
    *(-np.inf, -1e30, -1000.0, -8.0, -2.0, -1.0, -0.3, -1e-4, -1e-9, -1e-300, 0.0, 1e-300, 1e-9),
    *(1e-4, 2.0**-10, 0.5, 1.0, 1.499, 1.5, 1.9, 2 - 1e-6, 2 - 1e-12, 2.0, 2 + 1e-12, 2 + 1e-6),
    *(2.3, 2.5, 3.0, 4.0, 16.0, 1e5, 1e30, np.inf),
)

_RESIDUAL = {
    "squared_error": Oracle(lambda r: r * r, ulps=2),
    "huber": Oracle(
        _huber,
        cases=({"delta": 1.0}, {"delta": 1.345}, {"delta": 1e-3}, {"delta": 2.5e6}),
        ulps=2,
        thresholds=lambda delta: (delta,),
    ),
    "robust": Oracle(
        _robust,
        cases=(
            *({"alpha": alpha, "scale": 1.0} for alpha in _ALPHAS),
            *({"alpha": alpha, "scale": 0.3} for alpha in (-np.inf, -2.0, 0.0, 0.7, 1.0, 2.0)),
            *({"alpha": alpha, "scale": 123.4} for alpha in (-5.0, 1.3, 4.0, np.inf)),
        ),
        ulps=_robust_ulps,
        terms=_robust_terms,
        thresholds=lambda alpha, scale: (scale, 2 * scale, scale / 1024),
    ),
}

ORACLES = {**_RESIDUAL}
