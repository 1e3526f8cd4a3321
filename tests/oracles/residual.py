"""Losses of a residual r = pred - target that are polynomials, exactly."""

from mpmath import inf, mp, mpf

from oracles.oracle import Oracle, both_sides, piecewise_polynomial

__all__ = ["RESIDUAL"]


def _huber(r, delta):
    size = abs(r)
    return r * r / 2 if size <= delta else delta * (size - delta / 2)


def _smooth_l1(r, beta):
    size = abs(r)
    return r * r / (2 * beta) if beta and size <= beta else size - beta / 2


def _quantile(r, q):
    slope = 1 - q if r > 0 else -q
    return slope * r if r != 0 else abs(r)  # at the kink the subgradient 0


def _expectile(r, tau):
    return (1 - tau if r > 0 else tau) * r * r


def _epsilon_insensitive(r, epsilon):
    return abs(r) - epsilon if abs(r) > epsilon or not epsilon else 0 * r


def _squared_epsilon_insensitive(r, epsilon):
    if not epsilon:
        return r * r
    return (abs(r) - epsilon) ** 2 if abs(r) > epsilon else 0 * r


def _truncated_squared(r, scale):
    return r * r / 2 if abs(r) <= scale else scale * scale / 2


def _hampel(r, a, b, c):
    size = abs(r)
    if size <= a:
        return r * r / 2
    if size <= b:
        return a * size - a * a / 2
    top = a * (b + c - a) / 2
    return a * (c - size) ** 2 / (2 * (b - c)) + top if size <= c else top


def _gaussian_nll(r, var):
    return (mp.log(var) + r * r / var) / 2


def _gaussian_nll_terms(output, arguments, var):
    return (abs(mp.log(var)) + arguments[0] ** 2 / var) / 2 if output == "value" else None


def _settings(name, *values):
    return tuple({name: value} for value in values)


def _polynomial(value, **more):
    return Oracle(value, **{"ulps": piecewise_polynomial, **more})


_KINK = both_sides(lambda **parameters: ())

RESIDUAL = {
    "squared_error": _polynomial(lambda r: r * r),
    "half_squared_error": _polynomial(lambda r: r * r / 2),
    "absolute_error": _polynomial(lambda r: abs(r), edges=_KINK, weight_at_zero=lambda: inf),
    "huber": _polynomial(
        _huber,
        cases=_settings("delta", 1.0, 1.345, 1e-3, 2.5e6),
        edges=both_sides(lambda delta: (delta,)),
    ),
    "smooth_l1": _polynomial(
        _smooth_l1,
        cases=_settings("beta", 1.0, 0.11, 0.0, 1e-3, 2.5e6),
        edges=both_sides(lambda beta: (beta,)),
        weight_at_zero=lambda beta: 1 / beta if beta else inf,
        unit=lambda beta: min(beta, 1.0) or 1.0,
        degenerate=lambda beta: beta == 0,
    ),
    "quantile": _polynomial(
        _quantile, cases=_settings("q", 0.5, 0.9, 0.03, 1e-7), edges=_KINK, weight_at_zero=lambda q: inf
    ),
    "expectile": _polynomial(_expectile, cases=_settings("tau", 0.5, 0.9, 0.03, 1e-7), edges=_KINK),
    "epsilon_insensitive": _polynomial(
        _epsilon_insensitive,
        cases=_settings("epsilon", 0.1, 0.0, 2.5e6),
        edges=both_sides(lambda epsilon: (epsilon,)),
        weight_at_zero=lambda epsilon: mpf(0) if epsilon else inf,
    ),
    "squared_epsilon_insensitive": _polynomial(
        _squared_epsilon_insensitive,
        cases=_settings("epsilon", 0.1, 0.0, 2.5e6),
        edges=both_sides(lambda epsilon: (epsilon,)),
    ),
    "truncated_squared": _polynomial(
        _truncated_squared,
        cases=_settings("scale", 1.0, 0.3, 123.4),
        edges=both_sides(lambda scale: (scale,)),
    ),
    "hampel": _polynomial(
        _hampel,
        cases=tuple(
            dict(zip("abc", knots, strict=True)) for knots in ((2.0, 4.0, 8.0), (1.7, 3.4, 8.5), (0.1, 0.2, 1e4))
        ),
        edges=both_sides(lambda a, b, c: (a, b, c)),
    ),
    "gaussian_nll": Oracle(
        _gaussian_nll,
        cases=_settings("var", 1.0, 0.3, 1e-4, 123.4),
        terms=_gaussian_nll_terms,
    ),
}
