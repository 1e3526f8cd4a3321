"""The functions of csrc/math/, csrc/simd/ and csrc/rows/exp.h: what each computes, of which arguments, and how exactly.

A bound is that of the header, where it states one, else the largest error seen in 10^5 arguments, rounded up.
"""

from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

REALS = {32: np.float32, 64: np.float64, 3264: np.float64}  # what an arithmetic computes in
BITS = {32: 24, 64: 53, 3264: 53}
NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Function:
    """What a C expression computes.

    `exact` is its value, of as many numbers as there are `arguments`. `ulps` is {arithmetic: largest error in units in
    the last place of the result}, and `no_fma` the same where there is no fused multiply-add; what they lack does not
    exist. `special` are ((arguments), result) besides, in float32 and float64.
    """

    exact: object
    arguments: tuple
    ulps: dict
    no_fma: dict = None
    special: tuple = ()

    def bound(self, isa, arithmetic):
        given = self.no_fma if isa == "baseline" and self.no_fma is not None else self.ulps
        return given.get(arithmetic)


def ulps(f32, f64, wide=None):
    given = {32: f32, 64: f64, 3264: wide}
    return {arithmetic: bound for arithmetic, bound in given.items() if bound is not None}


# ---- arguments ----------------------------------------------------------------------------------------------------


def spread(low, high, signs=(1, -1), at=()):
    """Numbers of magnitudes 2^low to 2^high and the neighbours of some numbers; each may be {arithmetic: ...}."""

    def sample(arithmetic, rng, n, _):
        real = REALS[arithmetic]
        first, last, edges = (_per(given, arithmetic) for given in (low, high, at))
        smallest, largest = real(2.0**first), real(2.0**last)
        magnitudes = np.clip(np.exp2(rng.uniform(first, last, n)).astype(real), smallest, largest)
        x = magnitudes * rng.choice(signs, n).astype(real)
        ends = [real(sign) * end for sign in signs for end in (smallest, largest)]
        near = [real(edge) for edge in edges]
        for _ in range(3):
            near += [np.nextafter(y, real(side)) for y in near for side in (INF, -INF)]
        x[: len(ends) + len(near)] = ends + near
        return x

    return sample


def _per(given, arithmetic):
    return given[32 if arithmetic == 3264 and arithmetic not in given else arithmetic] if type(given) is dict else given


def between(low, high):
    """Numbers spread evenly, their bounds among them."""

    def sample(arithmetic, rng, n, _):
        x = np.clip(rng.uniform(low, high, n).astype(REALS[arithmetic]), low, high)
        return x.astype(REALS[arithmetic])

    return sample


def integers(low, high):
    def sample(arithmetic, rng, n, _):
        return rng.integers(_per(low, arithmetic), _per(high, arithmetic), n, endpoint=True).astype(REALS[arithmetic])

    return sample


def rest(arithmetic, rng, n, hi):
    """The lo of a pair whose hi is the argument before: half a unit of its last place at most; 0 in wide arithmetic."""
    if arithmetic == 3264:
        return np.zeros_like(hi)
    return (rng.uniform(-0.5, 0.5, n) * np.spacing(np.abs(hi))).astype(hi.dtype)


def less(arithmetic, rng, n, hi):
    """Numbers below the argument before."""
    return (hi * rng.uniform(-1, 1, n) * np.exp2(-rng.integers(0, 60, n))).astype(hi.dtype)


def arguments_of(function, arithmetic, n):
    """As four arrays of n numbers."""
    rng = np.random.default_rng([7, arithmetic])
    given = []
    for sample in function.arguments:
        given.append(sample(arithmetic, rng, n, given[-1] if given else None))
    return given + [np.zeros(n, REALS[arithmetic])] * (4 - len(given))


# ---- the table ----------------------------------------------------------------------------------------------------

NEGATIVE, POSITIVE = {"signs": (-1,)}, {"signs": (1,)}
TINY, LEAST = {32: -149, 64: -1074}, {32: -125, 64: -1021}
MOST = {32: 127.99, 64: 1023.99}
EXP_EDGES = {
    32: (88.722839, -87.336548, -103.97208, -103.27893, 88, -105, 90),
    64: (709.782712893384, -708.3964185322641, -745.1332191019411, -744.4400719213812, 709, -747, 711),
    3264: (),
}
LOG_EDGES = {
    32: (2.0**-26, 0.5, 0.5**0.5, 1, 2**0.5 - 1, 2**0.5),
    64: (2.0**-54, 0.5, 0.5**0.5, 1, 2**0.5 - 1, 2**0.5),
}
EXPONENT = (spread(TINY, {32: 6.8, 64: 9.6}, at=EXP_EDGES),)
EXPONENT_PAIR = (spread(-60, {32: 6.8, 64: 9.6}, at=EXP_EDGES), rest)
ORDINARY = (spread(-60, {32: 6.4, 64: 9.45, 3264: 9.45}), rest)
BELOW_40 = (spread(-60, 5.3), rest)
NORMAL_EXP = (spread(-60, {32: 6.3, 64: 9.4}, **NEGATIVE), rest)
UNIT_EXP = (spread(-60, {32: 6.4, 64: 9.4}, **NEGATIVE),)
FACTOR = spread({32: -30, 64: -200}, {32: 30, 64: 200})
ABOVE_ZERO = spread({32: -30, 64: -200}, {32: 30, 64: 200}, **POSITIVE)
DIVISOR = spread({32: -90, 64: -700}, {32: 90, 64: 700}, **POSITIVE)
ANY_FACTOR = spread({32: -120, 64: -1000}, {32: 120, 64: 1000})
PI_4 = (spread(-30, -0.3486), rest)
LN2_2 = (spread(-30, -1.52877),)

WIDE = 2.0**26  # what a relative error of 2^-26 is in units in the last place of float64
EXP, EXPM1, LOG = ulps(1.0, 1.1, WIDE), ulps(1.5, 2.1, 2 * WIDE), ulps(0.25, 0.1, WIDE)
EXACT, ROUNDED = ulps(0, 0, 0), ulps(0.5, 0.5, 0.5)
TWICE = ulps(2.0**-20, 2.0**-50, 0.5)  # about twice the digits, as far as the comparison has them


def exp(a, b=0):
    return mp.exp(a + b)


def expm1(a, b=0):
    return mp.expm1(a + b)


def log_of(one, w, k):
    return mp.log(one + w) + k * mp.log(2)


# By file of csrc/. a, b, c, d are vectors, p the pair a + b, q the pair c + d; the result is a vector or a pair.
FUNCTIONS = {
    # ---- math/exp.h
    "v_exp(a)": Function(exp, EXPONENT, EXP, special=(((-INF,), 0), ((INF,), INF), ((NAN,), NAN), ((-0.0,), 1))),
    "v_exp_bounded(a)": Function(exp, UNIT_EXP, EXP, special=(((-INF,), 0), ((NAN,), NAN), ((0.0,), 1))),
    "v_expm1(a)": Function(
        expm1, EXPONENT, EXPM1, special=(((-INF,), -1), ((INF,), INF), ((NAN,), NAN), ((-0.0,), -0.0))
    ),
    "pair_exp(p).exp": Function(exp, EXPONENT_PAIR, EXP),
    "pair_exp(p).expm1": Function(expm1, EXPONENT_PAIR, EXPM1),
    "pair_exp_ordinary(p).exp": Function(exp, ORDINARY, EXP),
    "pair_exp_ordinary(p).expm1": Function(expm1, ORDINARY, ulps(2.0, 2.1, 2 * WIDE)),
    "pair_exp_bounded(p).exp": Function(exp, BELOW_40, EXP),
    "pair_exp_bounded(p).expm1": Function(expm1, BELOW_40, ulps(2.0, 2.1, 2 * WIDE)),
    "pair_exp_raised(p) * v_set(1 / RAISE)": Function(exp, NORMAL_EXP, EXP),
    "pair_exp_unit(p)": Function(exp, NORMAL_EXP, EXP),
    "v_exp_times(p, c)": Function(
        lambda a, b, c: mp.exp(a + b) * c,
        (spread(-60, {32: 7.5, 64: 10.4, 3264: 6}), rest, ANY_FACTOR),
        ulps(2.0, 2.0, WIDE),
    ),
    "expm1_reduced(a)": Function(expm1, LN2_2, ulps(1.0, 1.0, 2 * WIDE)),
    "power_of_2((uvec)__builtin_convertvector(a, ivec))": Function(
        lambda n: mpf(2) ** n, (integers(LEAST, {32: 127, 64: 1023}),), EXACT
    ),
    "__builtin_convertvector((ivec)half_of((uvec)__builtin_convertvector(a, ivec)), vec)": Function(
        lambda n: mp.floor(n / 2), (integers({32: -200, 64: -1500}, {32: 200, 64: 1500}),), EXACT
    ),
    # ---- math/log.h
    "v_log(a)": Function(
        mp.log,
        (spread(TINY, MOST, **POSITIVE, at=LOG_EDGES),),
        ulps(1.0, 0.9, WIDE),
        special=(((0.0,), -INF), ((-0.0,), -INF), ((-1,), NAN), ((INF,), INF), ((NAN,), NAN), ((1,), 0)),
    ),
    "v_log1p(a)": Function(
        mp.log1p,
        (spread(TINY, MOST, **POSITIVE, at=LOG_EDGES),),
        ulps(1.5, 1.5, WIDE),
        special=(((-1,), -INF), ((-2,), NAN), ((INF,), INF), ((NAN,), NAN), ((-0.0,), -0.0)),
    ),
    "v_log1p(-a)": Function(lambda a: mp.log1p(-a), (spread(TINY, -1e-7, **POSITIVE),), ulps(1.5, 1.5, WIDE)),
    "pair_log1p(a)": Function(mp.log1p, (spread(-60, MOST, **POSITIVE),), LOG),
    "pair_log1p_ordinary(a)": Function(mp.log1p, (spread(-60, {32: 120, 64: 1000}, **POSITIVE),), LOG),
    "pair_log_sum(v_set(1), a, b)": Function(lambda w, k: log_of(1, w, k), (ABOVE_ZERO, integers(1, 100)), LOG),
    "pair_log_sum(v_set(0), a, b)": Function(
        lambda w, k: log_of(0, w, k), (spread(2, 20, **POSITIVE), integers(1, 100)), LOG
    ),
    "log_of_reduced(a, b)": Function(
        lambda k, f: log_of(1, f, k), (integers(1, 100), between(2**-0.5 - 1, 2**0.5 - 1)), LOG
    ),
    "split_exponent(a, SQRT_HALF).k": Function(
        lambda x: mp.floor(mp.log(x * mp.sqrt(2), 2)), (spread(LEAST, MOST, **POSITIVE),), EXACT
    ),
    "v_log1p_unit(a)": Function(mp.log1p, (spread(-60, 0, **POSITIVE),), ulps(1.5, 1.5, WIDE)),
    "pair_log1p_unit(a)": Function(mp.log1p, (spread(-60, 0, **POSITIVE),), ulps(1.5, 1.5, WIDE)),
    "v_log1p_remainder(p)": Function(
        lambda a, b: a + b - mp.log1p(a + b),
        (spread(-30, {32: 100, 64: 900}, **POSITIVE, at=(0.5,)), rest),
        ulps(3, 3, 8 * WIDE),
    ),
    # ---- math/trig.h
    "pair_sin_reduced(p)": Function(lambda a, b: mp.sin(a + b), PI_4, ulps(1, 1, WIDE)),
    "pair_cos_reduced(p)": Function(lambda a, b: mp.cos(a + b), PI_4, ulps(1, 1, WIDE)),
    "pair_atan(a)": Function(
        mp.atan,
        (spread(-60, MOST, **POSITIVE, at=(0.5, 1, 2)),),
        ulps(2, 2, WIDE),
        special=(((0.0,), 0), ((INF,), mp.pi / 2), ((NAN,), NAN)),
    ),
    # ---- math/pairs.h
    "(vpair){a * b, product_error(a, b, a * b)}": Function(lambda a, b: a * b, (FACTOR, FACTOR), EXACT),
    "pair_sum(a, b)": Function(lambda a, b: a + b, (FACTOR, less), EXACT),
    "two_sum(b, a)": Function(lambda a, b: a + b, (FACTOR, less), EXACT),
    "pair_times(p, c)": Function(lambda a, b, c: (a + b) * c, (FACTOR, rest, FACTOR), TWICE),
    "pair_square(p)": Function(lambda a, b: (a + b) ** 2, (FACTOR, rest), TWICE),
    "pair_product(p, q)": Function(lambda a, b, c, d: (a + b) * (c + d), (FACTOR, rest, FACTOR, rest), TWICE),
    "square_times(a, (vpair){b, c})": Function(
        lambda a, b, c: a * a * (b + c), (FACTOR, FACTOR, rest), {**TWICE, 3264: 1.5}
    ),
    "pair_reciprocal(p)": Function(lambda a, b: 1 / (a + b), (FACTOR, rest), TWICE),
    "pair_round(p)": Function(lambda a, b: a + b, (FACTOR, less), ROUNDED),
    "pair_scale(p, c)": Function(
        lambda a, b, c: (a + b) * c, (FACTOR, rest, FACTOR), ulps(0.51, 0.51, 0.51), ulps(1, 1, 1)
    ),
    "square_one_plus(a)": Function(lambda a: (1 + a) ** 2, (ABOVE_ZERO,), ulps(1.5, 1.5, 1.5)),
    "pair_one_plus(p)": Function(lambda a, b: 1 + a + b, (ABOVE_ZERO, rest), TWICE),
    "v_quotient(a, v_divisor(b))": Function(
        lambda a, b: a / b,
        (FACTOR, DIVISOR),
        ulps(0.51, 0.51, 1.5),
        ulps(1, 1, 1.5),
        special=(((INF, 3), INF), ((NAN, 3), NAN), ((0.0, 3), 0)),
    ),
    "pair_quotient(p, v_divisor(c))": Function(
        lambda a, b, c: (a + b) / c, (FACTOR, rest, DIVISOR), ulps(2.0**-9, 2.0**-18, 1.5)
    ),
    "v_polynomial((const real[]){1, 2, 3}, 3, a)": Function(
        lambda a: 1 + a * (2 + a * 3), (ABOVE_ZERO,), ulps(2, 2, 2)
    ),
    # ---- rows/exp.h
    "exp_reduced(a)": Function(exp, LN2_2, ulps(1, 1), ulps(1.1, 1)),
    "v_exp_scaled(a, 0)": Function(exp, UNIT_EXP, ulps(5, 1), special=(((-INF,), 0), ((0.0,), 1), ((NAN,), NAN))),
    "v_exp_quotient_scaled(a, b, v_divisor(b), 0)": Function(
        lambda a, b: mp.exp(a / b),
        (spread(-60, {32: 5.3, 64: 8.3}, **NEGATIVE), spread(-1, 40, **POSITIVE)),
        ulps(2, 1),
    ),
    # ---- simd/
    "v_fma(a, b, c)": Function(lambda a, b, c: a * b + c, (FACTOR, FACTOR, FACTOR), ROUNDED, no_fma={}),
    "v_sqrt(a)": Function(
        mp.sqrt, (spread(TINY, MOST, **POSITIVE),), ROUNDED, special=(((-0.0,), -0.0), ((-1,), NAN), ((INF,), INF))
    ),
    "v_min(a, b)": Function(min, (FACTOR, FACTOR), EXACT, special=(((NAN, 1), 1), ((1, NAN), NAN))),
    "v_max(a, b)": Function(max, (FACTOR, FACTOR), EXACT, special=(((NAN, 1), 1), ((1, NAN), NAN))),
    "v_abs(a)": Function(abs, (FACTOR,), EXACT, special=(((-0.0,), 0.0), ((-INF,), INF))),
    "v_copysign(a, b)": Function(
        lambda a, b: abs(a) * mp.sign(b), (FACTOR, FACTOR), EXACT, special=(((1, -0.0), -1), ((-2, INF), 2))
    ),
}
