/* Elementary functions on vectors, and the pairs hi + lo that carry more digits than a lane holds.
 *
 * Error bounds are the largest seen: over all 2^32 inputs in float32 (bench/sweep.py; docs/accuracy.md), and in 10^7
 * random inputs of each binade that matters against extended precision in float64. Polynomials: coefficients.py, which
 * states their errors.
 *
 *   function    domain               max ULP f32   max ULP f64   worst float32 input   method
 *   v_exp       all                     1.0           1.1        -5.83756              Tang (1989): n ln 2 + r
 *   v_expm1     all                     1.5           2.1        17.002                2^n (1 + p) - 1 in one fma
 *   v_log       x >= 0, else NaN        1.0           0.9        1.27245               s = f / (2 + f), as FreeBSD's msun
 *   v_log1p     x >= -1, else NaN       1.5           1.5        0.414678              1 + x only chooses the exponent
 *   v_atan      x >= 0                    -           2.0                              three intervals, one division
 *
 * In wide arithmetic (see simd.h) the relative error is below 2^-26 and a pair's lo is 0.
 */
#ifndef FL_VMATH_H
#define FL_VMATH_H

#include "coefficients.h"
#include "simd.h"

/* ---- pairs: unevaluated sums hi + lo ------------------------------------------------------------------------- */

typedef struct {
    vec hi, lo;
} vpair;

/* a * b = hi + lo exactly (Dekker 1971 where there is no FMA). */
INLINE vec product_error(vec a, vec b, vec product) {
#ifdef FL_NO_FMA
    const vec splitter = v_set((real)((1LL << (MANTISSA_BITS / 2 + 1)) + 1));
    /* the splitting of a factor near the end of the range would overflow */
    const vec down = v_set((real)0x1p-60f);
    mask huge = v_lt(v_set(FL_ARITH == 32 ? 0x1p96f : 0x1p960), v_abs(a));
    a = v_select(huge, a * down, a);
    product = v_select(huge, product * down, product);
    vec t = splitter * a, ah = t - (t - a), al = a - ah;
    t = splitter * b;
    vec bh = t - (t - b), bl = b - bh;
    vec error = ((ah * bh - product) + ah * bl + al * bh) + al * bl;
    return v_select(huge, error / down, error);
#else
    return v_fma(a, b, -product);
#endif
}

/* hi + lo renormalised, for |hi| >= |lo| or hi = 0 (Dekker's fast two-sum). */
INLINE vpair pair_sum(vec hi, vec lo) {
    vec sum = hi + lo;
    return (vpair){sum, lo - (sum - hi)};
}

INLINE vpair pair_times(vpair a, vec b) {
#if FL_ARITH == 3264
    return (vpair){a.hi * b, v_set(0)};
#else
    vec product = a.hi * b;
    return (vpair){product, v_fma(a.lo, b, product_error(a.hi, b, product))};
#endif
}

INLINE vpair pair_square(vpair a) {
#if FL_ARITH == 3264
    return (vpair){a.hi * a.hi, v_set(0)};
#else
    vec product = a.hi * a.hi;
    return (vpair){product, v_fma(v_set(2) * a.hi, a.lo, product_error(a.hi, a.hi, product))};
#endif
}

/* a + b = hi + lo exactly, for any order of magnitude (Knuth's two-sum) */
INLINE vpair two_sum(vec a, vec b) {
    vec sum = a + b, b_part = sum - a;
    return (vpair){sum, (a - (sum - b_part)) + (b - b_part)};
}

INLINE vpair pair_product(vpair a, vpair b) {
    vpair product = pair_times(a, b.hi);
    return (vpair){product.hi, v_fma(a.hi, b.lo, product.lo)};
}

/* x^2 b */
INLINE vpair square_times(vec x, vpair b) {
    vec square = x * x;
    return pair_product((vpair){square, product_error(x, x, square)}, b);
}

INLINE vpair pair_reciprocal(vpair a) {
    vec hi = v_set(1) / a.hi, product = hi * a.hi;
    return (vpair){hi, hi * (((v_set(1) - product) - product_error(a.hi, hi, product)) - hi * a.lo)};
}

INLINE vec pair_round(vpair a) { return a.hi + a.lo; }

/* a x, rounded once and a hair: for factors that are hoisted */
INLINE vec pair_scale(vpair a, vec x) { return v_fma(a.hi, x, a.lo * x); }

/* (1 + x)^2 */
INLINE vec square_one_plus(vec x) { return v_fma(x, v_set(2) + x, v_set(1)); }

/* 1 + a for a pair a >= 0 */
INLINE vpair pair_one_plus(vpair a) {
    vpair sum = two_sum(v_set(1), a.hi);
    return (vpair){sum.hi, sum.lo + a.lo};
}

/* ---- division by a value that many elements share ------------------------------------------------------------ */

/* 1/c = (hi + lo) * scale, hoisted out of the loop by the compiler. `scale`, a power of two, keeps 1/c in range for
 * extreme c; hi is a little below 1/c so that lo > 0 and an infinite dividend stays infinite. */
typedef struct {
    vec scale, hi, lo;
} divisor;

INLINE divisor v_divisor(vec c) {
#if FL_ARITH == 3264
    return (divisor){v_set(1), v_set(1) / c, v_set(0)};
#else
    const real big = FL_ARITH == 32 ? 0x1p64f : 0x1p512;
    vec scale = v_select(v_lt(c, v_set(1 / big)), v_set(big), v_select(v_lt(v_set(big), c), v_set(1 / big), v_set(1)));
    c *= scale;
    vec hi = v_set((real)(1 - 0x1p-20)) / c;
    /* 1 - hi c is exact: hi c is within 2^-20 of 1 */
    vec product = hi * c;
    return (divisor){scale, hi, ((v_set(1) - product) - product_error(hi, c, product)) / c};
#endif
}

/* x / c, within 0.5 ulp and a hair. */
INLINE vec v_quotient(vec x, divisor d) {
#if FL_ARITH == 3264
    return x * d.hi;
#else
    x *= d.scale;
    return v_fma(x, d.hi, x * d.lo);
#endif
}

/* x / c to about twice the precision of a lane, for finite x. */
INLINE vpair pair_quotient(vpair x, divisor d) {
#if FL_ARITH == 3264
    return (vpair){x.hi * d.hi, v_set(0)};
#else
    vec hi = x.hi * d.scale;
    vec product = hi * d.hi;
    return pair_sum(product, v_fma(hi, d.lo, v_fma(x.lo * d.scale, d.hi, product_error(hi, d.hi, product))));
#endif
}

/* c[0] + c[1] x + ... (Horner) */
INLINE vec v_polynomial(const real *c, int count, vec x) {
    vec sum = v_set(c[count - 1]);
    for (int k = count - 2; k >= 0; k--) sum = v_fma(sum, x, v_set(c[k]));
    return sum;
}

/* ---- exponentials -------------------------------------------------------------------------------------------- */

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

/* n / 2 rounded down */
INLINE uvec half_of(uvec n) { return ((n + 4 * EXPONENT_BIAS) >> 1) - 2 * EXPONENT_BIAS; }

/* Beyond these the exponential is 0 or infinite; a NaN passes through. */
INLINE vec clamp_exp(vec x) {
    const vec low = v_set(FL_ARITH == 32 ? -105 : -747), high = v_set(FL_ARITH == 32 ? 90 : 711);
    return v_min(high, v_max(low, x));
}

typedef struct {
    vec exp, expm1;
} exponentials;

/* factor 2^n, n in the low bits of `shifted`, where both are normal: an addition to the exponent, exact */
INLINE vec times_power_of_2(vec shifted, vec factor) { return (vec)(((uvec)shifted << MANTISSA_BITS) + (uvec)factor); }

/* exp(hi + lo) and exp(hi + lo) - 1 for |hi| <= 700; the one that is not used costs nothing */
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

/* The same for hi <= 40: one factor 2^n, raised to where it is normal even if the result is not */
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

/* exp(hi + lo) for hi <= 40, where it is normal, with what the rounding lost */
INLINE vpair pair_exp_unit(vpair x) {
    raised_exp e = raise_exp(x);
    vec power = e.raised * v_set(1 / RAISE);
    return pair_sum(power, power * e.p);
}

INLINE vec v_exp_bounded(vec x) { return pair_exp_bounded((vpair){x, v_set(0)}).exp; }

INLINE vec v_exp(vec x) { return pair_exp((vpair){x, v_set(0)}).exp; }

/* exp(hi + lo) factor, in range wherever the product is */
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

/* ---- logarithms ---------------------------------------------------------------------------------------------- */

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

/* k, as an integer and as a real, such that x / 2^k is in [lowest, 2 lowest), for normal x > 0 */
typedef struct {
    uvec shift; /* k at the place of the exponent: subtracting it from the bits divides by 2^k */
    vec k;
} log_exponent;

#define SQRT_HALF ((real)0.70710678118654752440)
INLINE log_exponent split_exponent(vec x, real lowest) {
    const uvec one = (uvec)v_set(1);
    const vec magic = v_set((real)(1LL << MANTISSA_BITS));
    uvec biased = (uvec)x - (uvec)v_set(lowest) + one;
    vec k = (vec)((biased >> MANTISSA_BITS) | (uvec)magic) - v_set((real)(1LL << MANTISSA_BITS) + EXPONENT_BIAS);
    return (log_exponent){(biased & (uvec)v_set(INFINITE)) - one, k};
}

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

/* log((one + w) 2^k), a normalised pair, one = 0 or 1, for finite one + w > 0; the rounding of one + w touches only the exponent. */
INLINE vpair pair_log_sum(vec one, vec w, vec k) {
    log_exponent e = split_exponent(one + w, SQRT_HALF);
    /* f = 2^-e w + (2^-e - 1), with one rounding, none at e = 0 */
    vec power = v_select(v_lt(v_set(EXPONENT_BIAS - 1), e.k), v_set(0), (vec)((uvec)v_set(1) - e.shift)) * one;
    vec f = (vec)((uvec)w - e.shift) + (power - v_set(1));
    vpair log = log_of_reduced(e.k + k, f);
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
    /* a square that underflows takes ten times as long, and is of no consequence */
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
 * s (w - s^2 (2/3 + ...)), the dots those of the logarithm */
INLINE vec v_log1p_remainder(vpair w) {
    const real c[] = {LOG_UNIT_POLYNOMIAL};
    vec t = v_set(2) + w.hi, lost = w.hi - (t - v_set(2)); /* by the rounding of t, and 1 / t is 0.45, nearly */
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

/* ---- trigonometry ------------------------------------------------------------------------------------------------ */

/* sin and cos of hi + lo for |hi| <= pi/4 */
INLINE vec pair_sin_reduced(vpair y) {
    const real c[] = {SIN_POLYNOMIAL};
    vec z = y.hi * y.hi, cosine = v_fma(v_set((real)-0.5), z, v_set(1)); /* enough for lo */
    return y.hi + v_fma(y.hi * z, v_polynomial(c, sizeof c / sizeof *c, z), y.lo * cosine);
}

INLINE vec pair_cos_reduced(vpair y) {
    const real c[] = {COS_POLYNOMIAL};
    vec z = y.hi * y.hi;
    vec half = v_set((real)0.5) * z, head = v_set(1) - half, tail = z * z * v_polynomial(c, sizeof c / sizeof *c, z);
    /* (1 - head) - half is what the subtraction lost */
    return head + (((v_set(1) - head) - half) + v_fma(-y.lo, y.hi, tail));
}

/* atan(z) for z >= 0, infinity included: at most 2 ULP, a pair that is not normalised. Above 1/2 by the atan of
 * (z - 1) / (z + 1), whose numerator is exact, above 2 by that of -1 / z. */
INLINE vpair pair_atan(vec z) {
    const real c[] = {ATAN_POLYNOMIAL};
    const vec one = v_set(1);
    mask middle = v_lt(v_set((real)0.5), z), high = v_lt(v_set(2), z);
    vec above = v_select(high, -one, z - one), below = v_select(high, z, z + one);
    vec t = v_select(middle, above, z) / v_select(middle, below, one);
    vec square = t * t;
    vec tail = t * square * v_polynomial(c, sizeof c / sizeof *c, square);
    vec hi = v_select(high, v_set(HALF_PI_HI), v_set(HALF_PI_HI / 2)),
        lo = v_select(high, v_set(HALF_PI_LO), v_set(HALF_PI_LO / 2));
    return (vpair){v_select(middle, hi, t), v_select(middle, t + (tail + lo), tail)};
}

#endif
