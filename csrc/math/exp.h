/* Exponentials.
 *
 *   function    domain               max ULP f32   max ULP f64   worst float32 input   method
 *   v_exp       all                     1.0           1.1        -5.83756              Tang (1989): n ln 2 + r
 *   v_expm1     all                     1.5           2.1        17.002                2^n (1 + p) - 1 in one fma
 *
 * Error bounds are the largest seen: over all 2^32 inputs in float32 (bench/sweep.py; docs/accuracy.md), and in 10^7
 * random inputs of each binade that matters against extended precision in float64. The polynomials' own errors are in
 * coefficients.h. In wide arithmetic (simd/vec.h) the relative error is below 2^-26, that of expm1 below 2^-25, and a
 * pair's lo is 0. tests/oracles/functions.py has the bounds of the other functions.
 */
#ifndef FL_EXP_H
#define FL_EXP_H

#include "math/coefficients.h"
#include "math/pairs.h"

/* x = n ln 2 + r, |r| <= ln 2 / 2, expm1(r) = p */
typedef struct {
    uvec n;
    vec shifted, p; /* n is also in the low bits of `shifted` */
} reduced_exp;

/* (expm1(r) - r) / r^2 for |r| <= ln 2 / 2 */
INLINE vec expm1_tail(vec r) {
    const real c[] = {EXPM1_POLYNOMIAL};
    return v_polynomial(c, sizeof c / sizeof *c, r);
}

/* expm1(r) for |r| <= ln 2 / 2 */
INLINE vec expm1_reduced(vec r) { return v_fma(r * r, expm1_tail(r), r); }

/* Adding 1.5 * 2^MANTISSA_BITS rounds to an integer n and leaves it in the low bits of the sum. */
INLINE reduced_exp reduce_exp(vpair x) {
    const vec round = v_set((real)1.5 * (real)(1LL << MANTISSA_BITS));
#if FL_ARITH == 3264
    vec shifted = v_fma(x.hi, v_set(LOG2E), round), n = shifted - round;
    vec r = v_fma(n, v_set(-(LN2_HI + LN2_LO)), x.hi);
#else
    vec shifted = v_fma(x.hi + x.lo, v_set(LOG2E), round), n = shifted - round;
    vec r = v_fma(n, v_set(-LN2_LO), v_fma(n, v_set(-LN2_HI), x.hi)) + x.lo;
#endif
    return (reduced_exp){(uvec)shifted - (uvec)round, shifted, expm1_reduced(r)};
}

/* 2^n for a normal result; the callers keep n in range */
INLINE vec power_of_2(uvec n) { return (vec)((n + EXPONENT_BIAS) << MANTISSA_BITS); }

/* n / 2 rounded down, for negative n too: a multiple of 2 is added before the shift */
INLINE uvec half_of(uvec n) { return ((n + 4 * EXPONENT_BIAS) >> 1) - 2 * EXPONENT_BIAS; }

/* x, cut where its exponential is 0 or infinite; a NaN stays one. */
INLINE vec clamp_exp(vec x) {
    const vec low = v_set(FL_ARITH == 32 ? -105 : -747), high = v_set(FL_ARITH == 32 ? 90 : 711);
    return v_min(high, v_max(low, x));
}

typedef struct {
    vec exp, expm1;
} exponentials;

/* factor 2^n, n in the low bits of `shifted`, where both are normal: exact, an addition to the exponent's bits */
INLINE vec times_power_of_2(vec shifted, vec factor) { return (vec)(((uvec)shifted << MANTISSA_BITS) + (uvec)factor); }

/* exp(hi + lo) and exp(hi + lo) - 1 for |hi| <= 700; the compiler drops the one that is not used */
#define EXP_ORDINARY 700
INLINE exponentials exp_of_reduced(reduced_exp e) {
    vec power = times_power_of_2(e.shifted, v_set(1));
    return (exponentials){v_fma(power, e.p, power), v_fma(power, e.p, power - v_set(1))};
}
INLINE exponentials pair_exp_ordinary(vpair x) { return exp_of_reduced(reduce_exp(x)); }

/* The same for any hi */
INLINE exponentials pair_exp(vpair x) {
#if FL_ARITH == 3264
    /* e^-700 and e^700 are 0 and infinite once they are stored */
    x.hi = v_min(v_set(EXP_ORDINARY), v_max(v_set(-EXP_ORDINARY), x.hi));
    return pair_exp_ordinary(x);
#else
    x.hi = clamp_exp(x.hi);
    x.lo = v_min(v_max(x.lo, v_set(-1)), v_set(1)); /* of no consequence unless hi was far out */
    reduced_exp e = reduce_exp(x);
    /* two factors: a subnormal result is rounded once, an overflow is infinite */
    uvec half = half_of(e.n);
    vec scale = power_of_2(half), rest = power_of_2(e.n - half), power = scale * rest;
    vec exp = v_fma(scale, e.p, scale) * rest;
    vec expm1 = v_fma(power, e.p, power - v_set(1));
    /* 2^n alone overflows before the result does; there the -1 is long negligible */
    return (exponentials){exp, v_select(v_lt(v_set(FL_ARITH == 32 ? 88 : 709), x.hi), exp, expm1)};
#endif
}

/* For hi <= 40 one factor 2^n does, taken times RAISE: it is then normal even where the exponential is subnormal. */
#define RAISE (FL_ARITH == 32 ? (real)0x1p64 : FL_ARITH == 64 ? (real)0x1p128 : 1)
typedef struct {
    vec raised, p; /* RAISE 2^n, expm1(r) */
} raised_exp;

INLINE raised_exp raise_exp(vpair x) {
    const vec lowest = v_set(FL_ARITH == 32 ? -130 : FL_ARITH == 64 ? -790 : -EXP_ORDINARY), zero = v_set(0);
    mask far = v_lt(x.hi, lowest);
    reduced_exp e = reduce_exp((vpair){v_select(far, lowest, x.hi), v_select(far, zero, x.lo)});
    return (raised_exp){v_select(far, zero, times_power_of_2(e.shifted, v_set(RAISE))), e.p};
}

/* exp(hi + lo) and exp(hi + lo) - 1 for hi <= 40 */
INLINE exponentials pair_exp_bounded(vpair x) {
    raised_exp e = raise_exp(x);
    vec power = e.raised * v_set(1 / RAISE);
    return (exponentials){v_fma(e.raised, e.p, e.raised) * v_set(1 / RAISE), v_fma(power, e.p, power - v_set(1))};
}

/* exp(hi + lo) RAISE */
INLINE vec pair_exp_raised(vpair x) {
    raised_exp e = raise_exp(x);
    return v_fma(e.raised, e.p, e.raised);
}

/* exp(hi + lo) for hi <= 40 as a pair, where it is normal */
INLINE vpair pair_exp_unit(vpair x) {
    raised_exp e = raise_exp(x);
    vec power = e.raised * v_set(1 / RAISE);
    return pair_sum(power, power * e.p);
}

INLINE vec v_exp_bounded(vec x) { return pair_exp_bounded((vpair){x, v_set(0)}).exp; }

INLINE vec v_exp(vec x) { return pair_exp((vpair){x, v_set(0)}).exp; }

/* factor exp(hi + lo), without overflow or underflow on the way to a product in range */
INLINE vec v_exp_times(vpair x, vec factor) {
#if FL_ARITH == 3264
    return factor * v_exp(x.hi);
#else
    const vec most = v_set(FL_ARITH == 32 ? 210 : 1500), zero = v_set(0); /* beyond, no factor helps */
    mask far = v_lt(most, v_abs(x.hi));
    reduced_exp e = reduce_exp((vpair){v_select(far, v_copysign(most, x.hi), x.hi), v_select(far, zero, x.lo)});
    uvec quarter = half_of(half_of(e.n));
    vec power = power_of_2(quarter), rest = power_of_2(e.n - 3 * quarter);
    return v_fma(power, e.p, power) * factor * power * power * rest;
#endif
}

INLINE vec v_expm1(vec x) {
    /* the reduction would round a subnormal's square; x itself is exact there, and keeps -0 */
    return v_select(v_lt(v_abs(x), v_set(FL_ARITH == 32 ? 0x1p-26f : 0x1p-54)), x,
                    pair_exp((vpair){x, v_set(0)}).expm1);
}

#endif
