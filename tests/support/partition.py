"""The partition function of the general robust loss in high precision, and the table that fastloss evaluates.

The table, which `python tools/generate.py partition` writes, holds Chebyshev series of log Z and of its derivative, a
piece of their domain each.
"""

from functools import cache, partial
from itertools import pairwise

import numpy as np
from flint import arb, ctx
from jets import Jet
from mpmath import mp, mpf

__all__ = ["exact_log_partition", "log_partition"]

DIGITS = 60
TOLERANCE = 1e-17  # of a truncated series; rounding adds some 1e-16
STEPS = 700  # of the trapezoid rule: twice as many change nothing in 25 digits


@cache
def exact_log_partition(alpha):
    """(log Z, d log Z / d alpha) for alpha in [0, inf], as mpmath numbers; the derivative is not for alpha = 2.

    With |x| = sqrt(b) sinh t, Z is 2 sqrt(b) times the integral over t >= 0 of cosh t exp(-rho), and its derivative
    the same integral with -d rho / d alpha as a factor. The integrand is even and analytic, so that the trapezoid
    rule converges exponentially.
    """
    with mp.workdps(DIGITS):
        if alpha == 2:
            return mp.log(2 * mp.pi) / 2, None
        if alpha > mpf(10) ** 30:  # infinity: within 1e-30
            step = mpf(16) / STEPS
            return mp.log(step * sum(mp.exp(-mp.expm1((k * step) ** 2 / 2)) for k in range(-STEPS, STEPS + 1))), mpf(0)
        ctx.dps = 2 * DIGITS  # at the ends of the domain half of them cancel
        alpha = max(mpf(alpha), mpf(10) ** -20)  # the formula has a hole at 0, the function has none
        step = _ball(_reach(alpha, abs(alpha - 2)) / STEPS)
        b, side, alpha = (_ball(x) for x in (abs(alpha - 2), mp.sign(2 - alpha), alpha))
        total = grad = arb(0)
        for k in range(STEPS + 1):
            sinh, cosh = (k * step).sinh_cosh()
            log_cosh = cosh.log()
            power = (alpha * log_cosh).exp()
            term = cosh * (-b / alpha * (power - 1)).exp() / (1 if k else 2)
            by_alpha = power * (b / alpha * log_cosh + side * (sinh / cosh) ** 2 / 2) - side * 2 / alpha**2 * (
                power - 1
            )
            total += term
            grad += term * by_alpha
        return _middle((2 * b.sqrt() * step * total).log()), _middle(-grad / total)


def _ball(x):
    """An mpmath number for flint, whose arithmetic is ten times as fast."""
    sign, mantissa, exponent, _ = mpf(x)._mpf_
    return arb((int(-mantissa if sign else mantissa), exponent))


def _middle(ball):
    """The number that a ball is about, for mpmath; what rounding did to it is checked."""
    assert ball.rad() < 1e-30 * max(1, abs(ball.mid()))
    mantissa, exponent = ball.mid().man_exp()
    return mp.ldexp(mpf(int(mantissa)), int(exponent))


def _reach(alpha, b):
    """The t at which cosh t exp(-rho) has fallen by 26 digits."""

    def fallen(t):
        log_cosh = mp.log(mp.cosh(t))
        return b / alpha * mp.expm1(alpha * log_cosh) - log_cosh > 60 + max(0, -mp.log(b))

    low, high = mpf(0), mpf(1)
    while not fallen(high):
        high *= 2
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if fallen(middle) else (middle, high)
    return high


def log_partition(alpha):
    """log Z of a number, or of a jet in alpha to first order."""
    if not isinstance(alpha, Jet):
        return exact_log_partition(alpha)[0]
    value, grad = exact_log_partition(alpha.f)
    return Jet(value, grad * alpha.d, mpf(0))


# ---- the table -----------------------------------------------------------------------------

# The variable v that each domain of alpha is fitted in: alpha(v), and the pieces of the range of v
DOMAINS = {
    "LOW": (lambda v: v, (0, 0.125, 0.25, 0.5, 1)),  # v = alpha
    "BELOW": (lambda v: 2 - mp.exp(-v), (0, 1, 3, 6, 12, 20, 37)),  # v = -log(2 - alpha)
    "ABOVE": (lambda v: 2 + mp.exp(-v), (-0.7, 1, 3, 6, 12, 20, 37)),  # v = -log(alpha - 2)
    "HIGH": (lambda v: 4 / v, (0, 0.25, 0.5, 1)),  # v = 4 / alpha
}


def _value(domain, v):
    return exact_log_partition(DOMAINS[domain][0](v))[0]


def _grad(domain, v):
    """d log Z / d alpha; above 4 d log Z / d v, which does not vanish at infinity."""
    grad = exact_log_partition(DOMAINS[domain][0](v))[1]
    return -4 / v**2 * grad if domain == "HIGH" else grad


def chebyshev(function, low, high):
    """The shortest series on [low, high] whose dropped terms are below TOLERANCE."""
    for degree in (8, 16, 32, 64):
        with mp.workdps(DIGITS):
            angles = [mp.pi * (2 * k + 1) / (2 * degree) for k in range(degree)]
            values = [function((low + high + (high - low) * mp.cos(angle)) / 2) for angle in angles]
            series = [
                2 * sum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True)) / degree for j in range(degree)
            ]
        series[0] /= 2
        tail = np.cumsum([float(abs(c)) for c in reversed(series)])[::-1]
        kept = int(np.searchsorted(-tail, -TOLERANCE))
        if kept <= degree * 3 // 4:
            return [float(c) for c in series[: max(kept, 1)]]
    raise ArithmeticError(f"no convergence on [{low}, {high}]: {tail[-5:]}")


def table():
    """The text of fastloss/core/partition/table.py."""
    lines = ['"""Chebyshev series of log Z and its derivative. Written by `python tools/generate.py partition`."""']
    for domain, (_, knots) in DOMAINS.items():
        lines += ["", f"{domain}_KNOTS = {tuple(map(float, knots))}"]
        for title, function in {"VALUE": _value, "GRAD": _grad}.items():
            lines += [f"{domain}_{title} = ("]
            for low, high in pairwise(knots):
                series = chebyshev(partial(function, domain), mpf(low), mpf(high))
                lines += ["    (", *(f"        {c!r}," for c in series), "    ),"]
            lines += [")"]
    return "\n".join(lines) + "\n"
