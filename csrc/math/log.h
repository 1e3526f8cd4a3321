/* Logarithms.
 *
 *   function    domain               max ULP f32   max ULP f64   worst float32 input   method
 *   v_log       x >= 0, else NaN        1.0           0.9        1.27245               s = f / (2 + f), as FreeBSD does
 *   v_log1p     x >= -1, else NaN       1.5           1.5        0.414678              1 + x only chooses the exponent
 *
 * Error bounds are the largest seen: over all 2^32 inputs in float32 (bench/sweep.py; docs/accuracy.md), and in 10^7
 * random inputs of each binade that matters against extended precision in float64. The polynomials' own errors are in
 * coefficients.h. In wide arithmetic (simd/vec.h) the relative error is below 2^-26, that of w - log1p(w) below 2^-23,
 * and a pair's lo is 0. tests/oracles/functions.py has the bounds of the other functions.
 */
#ifndef FL_LOG_H
#define FL_LOG_H

#include "math/coefficients.h"
#include "math/pairs.h"

/* log(2^k (1 + f)) for f in [sqrt(1/2) - 1, sqrt(2) - 1]: a pair that is not normalised, |lo| < |hi| / 4 */
INLINE vpair log_of_reduced(vec k, vec f) {
    const real c[] = {LOG_POLYNOMIAL};
    vec s = f / (v_set(2) + f);
    vec z = s * s;
    vec tail = v_polynomial(c, sizeof c / sizeof *c, z);
#if FL_ARITH == 3264
    return (vpair){v_fma(k, v_set(LN2_HI + LN2_LO), s * v_fma(z, tail, v_set(2))), v_set(0)};
#else
    /* log(1+f) = f - s (f - z tail) */
    vec correction = v_fma(-s, v_fma(-z, tail, f), k * v_set(LN2_LO));
    vpair leading = pair_sum(k * v_set(LN2_HI), f);
    return (vpair){leading.hi, leading.lo + correction};
#endif
}

/* f - log1p(f) for the same f: f^2 / 2 - s (f^2 / 2 + z tail) */
INLINE vec remainder_of_reduced(vec f) {
    const real c[] = {LOG_POLYNOMIAL};
    vec s = f / (v_set(2) + f), z = s * s, half = v_set((real)0.5) * f, square = half * f;
    vec rest = s * v_fma(z, v_polynomial(c, sizeof c / sizeof *c, z), square);
    return square - (rest - product_error(half, f, square));
}

/* The exponent k for which x / 2^k is in [lowest, 2 lowest), for normal x > 0 */
typedef struct {
    uvec shift; /* k in the bits of the exponent: subtracting it from the bits of a number divides that by 2^k */
    vec k;      /* as a real */
} log_exponent;

#define SQRT_HALF ((real)0.70710678118654752440)
INLINE log_exponent split_exponent(vec x, real lowest) {
    const uvec one = (uvec)v_set(1);
    const vec magic = v_set((real)(1LL << MANTISSA_BITS));
    uvec biased = (uvec)x - (uvec)v_set(lowest) + one;
    vec k = (vec)((biased >> MANTISSA_BITS) | (uvec)magic) - v_set((real)(1LL << MANTISSA_BITS) + EXPONENT_BIAS);
    return (log_exponent){(biased & (uvec)v_set(INFINITE)) - one, k};
}

/* The logarithm of x: the result, but -inf where x is zero, inf where it is infinite, NaN below zero and for NaN */
INLINE vec log_special(vec x, vec result, vec zero) {
    result = v_select(v_eq(x, v_set(INFINITE)), x, result);
    result = v_select(v_eq(x, zero), v_set(-INFINITE), result);
    return v_select(v_le(zero, x), result, v_set(NOT_A_NUMBER));
}

INLINE vec v_log(vec x) {
    const vec up = v_set(FL_ARITH == 32 ? 0x1p24f : 0x1p54);
    mask subnormal = v_lt(x, v_set(FL_ARITH == 32 ? 0x1p-126f : 0x1p-1022));
    vec y = v_select(subnormal, x * up, x);
    log_exponent e = split_exponent(y, SQRT_HALF);
    vec f = (vec)((uvec)y - e.shift) - v_set(1);
    vec k = e.k - v_select(subnormal, v_set(FL_ARITH == 32 ? 24 : 54), v_set(0));
    return log_special(x, pair_round(log_of_reduced(k, f)), v_set(0));
}

/* (one + w) 2^k = 2^k' (1 + f + lost), one = 0 or 1, for finite one + w > 0; the rounding of one + w touches only the
 * exponent. */
typedef struct {
    vec k, f, lost;
} reduced_log;

INLINE reduced_log reduce_log_sum(vec one, vec w, vec k) {
    log_exponent e = split_exponent(one + w, SQRT_HALF);
    /* f = 2^-e w + (2^-e - 1), with one rounding, none at e = 0 */
    vec power = v_select(v_lt(v_set(EXPONENT_BIAS - 1), e.k), v_set(0), (vec)((uvec)v_set(1) - e.shift)) * one;
    vpair f = two_sum((vec)((uvec)w - e.shift), power - v_set(1));
    return (reduced_log){e.k + k, f.hi, f.lo};
}

/* The logarithm of that, a normalised pair */
INLINE vpair pair_log_sum(vec one, vec w, vec k) {
    reduced_log r = reduce_log_sum(one, w, k);
    vpair log = log_of_reduced(r.k, r.f);
    return pair_sum(log.hi, log.lo);
}

/* log1p(w) for -1 < w <= LOG_ORDINARY, where 2^-e is normal: a pair that is not normalised */
#define LOG_ORDINARY (FL_ARITH == 32 ? (real)0x1p120 : (real)0x1p1000)
INLINE vpair pair_log1p_ordinary(vec w) {
    log_exponent e = split_exponent(v_set(1) + w, SQRT_HALF);
    vec power = (vec)((uvec)v_set(1) - e.shift);
    return log_of_reduced(e.k, v_fma(w, power, power - v_set(1)));
}

/* log1p(w) for finite w > -1 */
INLINE vpair pair_log1p(vec w) {
#if FL_ARITH == 3264
    return pair_log1p_ordinary(w); /* no float32 leads further */
#else
    return pair_log_sum(v_set(1), w, v_set(0));
#endif
}

/* log1p(w) = w - s t for 0 <= w <= 1, where no exponent has to be taken off */
typedef struct {
    vec s, t;
} log1p_unit;

INLINE log1p_unit log1p_unit_of(vec w) {
    const real c[] = {LOG_UNIT_POLYNOMIAL};
    /* a square that underflows takes ten times as long, and does not change the sum */
    vec s = w / (v_set(2) + w), least = v_max(s, v_set(FL_ARITH == 32 ? 0x1p-60f : 0x1p-500)), z = least * least;
    return (log1p_unit){s, v_fma(-z, v_polynomial(c, sizeof c / sizeof *c, z), w)};
}

INLINE vec v_log1p_unit(vec w) {
    log1p_unit l = log1p_unit_of(w);
    return v_fma(-l.s, l.t, w);
}

/* The same as a pair that is not normalised */
INLINE vpair pair_log1p_unit(vec w) {
    log1p_unit l = log1p_unit_of(w);
    return (vpair){w, -l.s * l.t};
}

/* w - log1p(w) for a pair 0 <= w <= LOG_ORDINARY, without the cancellation of small w: with s = w / (2 + w) it is
 * s (w - s^2 P(s^2)), P the polynomial of the logarithm */
INLINE vec v_log1p_remainder(vpair w) {
    const real c[] = {LOG_UNIT_POLYNOMIAL};
    vec t = v_set(2) + w.hi, lost = w.hi - (t - v_set(2)); /* by the rounding of t; 1 / t is 0.45 within 0.05 */
    vec s = w.hi / t, z = s * s, rest = w.lo * (w.hi / (v_set(1) + w.hi));
    vec missing = v_fma(s * w.hi, v_set((real)-0.45) * lost, rest);
    vec small = v_fma(s, v_fma(-z, v_polynomial(c, sizeof c / sizeof *c, z), w.hi), missing);
    vpair log = pair_log1p_ordinary(w.hi);
    vec large = (w.hi - log.hi) + (rest - log.lo);
    return v_select(v_lt(w.hi, v_set((real)0.5)), small, large);
}

INLINE vec v_log1p(vec w) {
    vec y = v_set(1) + w;
    vec result = pair_round(pair_log1p(w));
    result = v_select(v_lt(v_abs(w), v_set(FL_ARITH == 32 ? 0x1p-26f : 0x1p-54)), w, result);
    return log_special(y, result, v_set(0));
}

#endif
