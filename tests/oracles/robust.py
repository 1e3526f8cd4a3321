"""The general robust loss (Barron, CVPR 2019), exactly, and line 2 of the numerics contract."""

from dataclasses import dataclass

import numpy as np
from jets import expm1, log, log1p, seed
from mpmath import inf, isinf, mp, mpf
from partition import log_partition

from oracles.oracle import Oracle, both_sides, is_single

__all__ = ["ROBUST"]


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
    single = is_single(dtype)
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

_SINGULAR = mpf(2) ** -200  # stands for alpha = 0 in the formula; the loss is smooth there


def _differentiable(parameter, value, dtype):
    """The parameter at which the derivative is taken: where the formula has a hole, beside it."""
    if parameter != "alpha":
        return value
    if value == 2:  # a logarithmic infinity: by contract that of the next smaller number
        return mpf(float(np.nextafter(np.dtype(dtype).type(2), np.dtype(dtype).type(0))))
    if abs(value) >= mpf(2) ** 80:  # by contract as at infinity
        return mp.sign(value) * inf
    return value if abs(value) > _SINGULAR else _SINGULAR


# ---- its density ---------------------------------------------------------------------------


def _robust_nll(r, alpha, scale):
    return _robust(r, alpha, scale) + (log(scale) + log_partition(alpha))


def _robust_nll_ulps(output, dtype, arguments, alpha, scale):
    """That of the loss, and the rounding of the sum."""
    bound = _robust_ulps(output, dtype, arguments, alpha, scale)
    return None if bound is None else bound + 1


def _robust_nll_terms(output, arguments, alpha, scale):
    if output == "value":
        return _robust(*arguments, alpha, scale) + abs(mp.log(scale)) + abs(log_partition(alpha))
    if output == "d/dalpha":
        if alpha == inf:
            return mpf(0)
        alpha = seed(alpha if alpha not in (0, 2) else _beside(alpha))
        return abs(_robust(*arguments, alpha, scale).d) + abs(log_partition(alpha).d)
    if output == "d/dscale":
        return abs(_robust(*arguments, alpha, seed(scale)).d) + 1 / scale
    return _robust_terms(output, arguments, alpha, scale)


def _beside(alpha):
    return _SINGULAR if alpha == 0 else mpf(2) - mpf(2) ** -52


ROBUST = {
    "robust": Oracle(
        _robust,
        cases=(
            *({"alpha": alpha, "scale": 1.0} for alpha in _ALPHAS),
            *({"alpha": alpha, "scale": 0.3} for alpha in (-np.inf, -2.0, 0.0, 0.7, 1.0, 2.0)),
            *({"alpha": alpha, "scale": 123.4} for alpha in (-5.0, 1.3, 4.0, np.inf)),
        ),
        ulps=_robust_ulps,
        terms=_robust_terms,
        edges=both_sides(lambda alpha, scale: (scale, 2 * scale, scale / 1024)),
        differentiable=_differentiable,
    ),
    "robust_nll": Oracle(
        _robust_nll,
        cases=(
            *({"alpha": alpha, "scale": 1.0} for alpha in _ALPHAS if 0 <= alpha < 1e10 or alpha == np.inf),
            *({"alpha": alpha, "scale": 0.3} for alpha in (0.0, 0.7, 1.0, 2.0)),
            *({"alpha": alpha, "scale": 123.4} for alpha in (1.3, 4.0, np.inf)),
        ),
        ulps=_robust_nll_ulps,
        terms=_robust_nll_terms,
        edges=both_sides(lambda alpha, scale: (scale, 2 * scale, scale / 1024)),
        differentiable=_differentiable,
    ),
}
