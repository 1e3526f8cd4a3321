"""Losses of a residual in units of a scale that are no polynomial, exactly."""

from jets import atan, cos, cosh, exp, log, log1p, loggamma, sqrt
from mpmath import mp, mpf

from oracles.oracle import Oracle, both_sides, exponential, is_single, piecewise_polynomial, six_in_double

__all__ = ["SCALED", "softplus"]


def _size(r):
    """|r| for even losses that are smooth at 0: a jet with the derivatives from above."""
    return r if r >= 0 else -r


def _square(r, scale):
    return (r / scale) ** 2


def _square_of(arguments, scale):
    return _square(arguments[0], scale)


# ---- convex --------------------------------------------------------------------------------


def _pseudo_huber(r, delta):
    return delta**2 * (sqrt(1 + _square(r, delta)) - 1)


def _log_cosh(r):
    size = _size(r)
    # the second form keeps the second derivative where it is exp(-2 |r|)
    return log(cosh(r)) if size < 1 else size - mp.log(2) + log1p(exp(-2 * size))


def _fair(r, scale):
    x = _size(r) / scale
    return scale**2 * (x - log1p(x))


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def _tolerant(r, a, b):
    return b / 2 * (softplus((r * r - a) / b) - softplus(-a / b))


# ---- redescending --------------------------------------------------------------------------


def _cauchy(r, scale):
    return scale**2 / 2 * log1p(_square(r, scale))


def _cauchy_terms(output, arguments, scale):
    return 1 / (1 + _square_of(arguments, scale)) if output == "hess" else None


def _geman_mcclure(r, scale):
    return scale**2 * r * r / (2 * (scale**2 + r * r))


def _geman_mcclure_terms(output, arguments, scale):
    z = _square_of(arguments, scale)
    return (1 + 3 * z) / (1 + z) ** 3 if output == "hess" else None


def _welsch(r, scale):
    return -(scale**2) / 2 * (exp(-_square(r, scale)) - 1)


def _welsch_terms(output, arguments, scale):
    z = _square_of(arguments, scale)
    return (1 + 2 * z) * mp.exp(-z) if output == "hess" else None


def _tukey(r, scale):
    return scale**2 / 6 * (1 - (1 - _square(r, scale)) ** 3 if abs(r) <= scale else mpf(1))


def _tukey_terms(output, arguments, scale):
    z = _square_of(arguments, scale)
    return (1 - z) * (1 + 5 * z) if output == "hess" and z <= 1 else None


def _arctan(r, scale):
    return scale**2 / 2 * atan(_square(r, scale))


def _arctan_terms(output, arguments, scale):
    z = _square_of(arguments, scale)
    return (1 + 3 * z**2) / (1 + z**2) ** 2 if output == "hess" else None


def _andrews(r, scale):
    return scale**2 * (1 - cos(r / scale)) if abs(r) <= mp.pi * scale else 2 * scale**2


def _andrews_terms(output, arguments, scale):
    """The sine of grad and weight, and the cosine of hess, cross zero inside."""
    if output == "value" or abs(arguments[0]) > mp.pi * scale:
        return None
    return abs(arguments[0]) if output == "grad" else mpf(1)


def _andrews_ulps(output, dtype, arguments, scale):
    """The second derivative jumps at pi c, which is no floating-point number."""
    distance = abs(abs(arguments[0]) / (mp.pi * scale) - 1)
    return None if output == "hess" and distance < (2e-7 if is_single(dtype) else 4e-16) else 4.0


def _dcs(r, scale):
    z = r * r
    return z / 2 if z <= scale else scale * (3 * z - scale) / (2 * (scale + z))


def _ramsay(r, a):
    x = a * _size(r)
    return (1 - exp(-x) * (1 + x)) / a**2


def _ramsay_terms(output, arguments, a):
    x = a * abs(arguments[0])
    return (1 + x) * mp.exp(-x) if output == "hess" else None


def _ramsay_ulps(output, dtype, arguments, a):
    return 4.0 if output == "value" else exponential(lambda r: a * r)(output, dtype, arguments)


def _welsch_ulps(output, dtype, arguments, scale):
    return 4.0 if output == "value" else exponential(lambda r: _square(r, scale))(output, dtype, arguments)


# ---- negative log-likelihoods --------------------------------------------------------------


def _student_t_constant(df):
    return log(df * mp.pi) / 2 + loggamma(df / 2) - loggamma((df + 1) / 2)


def _student_t_nll(r, df, scale):
    return (df + 1) / 2 * log1p(_square(r, scale) / df) + (log(scale) + _student_t_constant(df))


def _student_t_terms(output, arguments, df, scale):
    w = _square_of(arguments, scale) / df
    if output == "value":
        logarithms = abs(mp.log(scale)) + abs(mp.log(df * mp.pi)) / 2
        ratio = abs(loggamma(df / 2) - loggamma((df + 1) / 2))
        return (df + 1) / 2 * mp.log1p(w) + logarithms + ratio
    if output == "d/ddf":
        share, step = w / (1 + w), mp.digamma((df + 1) / 2) - mp.digamma(df / 2) - 1 / df
        return (mp.log1p(w) - share + share / df + step) / 2
    return (df + 1) / (df * scale**2) / (1 + w) if output == "hess" else None


_SCALES = tuple({"scale": scale} for scale in (1.0, 0.3, 123.4))

SCALED = {
    "pseudo_huber": Oracle(
        _pseudo_huber,
        cases=tuple({"delta": delta} for delta in (1.0, 1.345, 1e-3, 2.5e6)),
        unit=lambda delta: min(delta, 1.0),
    ),
    "log_cosh": Oracle(_log_cosh),
    "fair": Oracle(_fair, cases=({"scale": 1.3998}, *_SCALES), edges=both_sides(lambda scale: ())),
    "tolerant": Oracle(
        _tolerant,
        cases=tuple({"a": a, "b": b} for a, b in ((1.0, 0.1), (0.0, 0.1), (4.0, 3.0), (0.25, 0.01), (12.5, 0.5))),
        ulps=exponential(lambda r, a, b: a / b),
        edges=both_sides(lambda a, b: (a**0.5,)),
        unit=lambda a, b: min(1.0, b / 4),
    ),
    "cauchy": Oracle(_cauchy, cases=_SCALES, terms=_cauchy_terms),
    "geman_mcclure": Oracle(_geman_mcclure, cases=_SCALES, ulps=six_in_double, terms=_geman_mcclure_terms),
    "welsch": Oracle(_welsch, cases=({"scale": 2.9846}, *_SCALES), ulps=_welsch_ulps, terms=_welsch_terms),
    "tukey": Oracle(
        _tukey,
        cases=({"scale": 4.6851}, *_SCALES),
        ulps=piecewise_polynomial,
        terms=_tukey_terms,
        edges=both_sides(lambda scale: (scale,)),
    ),
    "arctan": Oracle(_arctan, cases=_SCALES, ulps=six_in_double, terms=_arctan_terms),
    "andrews": Oracle(
        _andrews,
        cases=({"scale": 1.339}, *_SCALES),
        ulps=_andrews_ulps,
        terms=_andrews_terms,
        edges=both_sides(lambda scale: (float(mp.pi) * scale, float(mp.pi) / 2 * scale)),
    ),
    "dcs": Oracle(
        _dcs, cases=_SCALES, edges=both_sides(lambda scale: (scale**0.5,)), unit=lambda scale: min(1.0, scale**0.5)
    ),
    "ramsay": Oracle(
        _ramsay,
        cases=tuple({"a": a} for a in (0.3, 1e-3, 7.0)),
        ulps=_ramsay_ulps,
        terms=_ramsay_terms,
        edges=both_sides(lambda a: (1 / a,)),
        unit=lambda a: min(1.0, 1 / a),
    ),
    "student_t_nll": Oracle(
        _student_t_nll,
        cases=tuple(
            {"df": df, "scale": scale}
            for df, scale in ((1.0, 1.0), (3.0, 0.3), (0.1, 1.0), (30.0, 123.4), (4.7, 1.0), (1e6, 1.0))
        ),
        terms=_student_t_terms,
        unit=lambda df, scale: scale * min(1.0, df**0.5),
    ),
}
