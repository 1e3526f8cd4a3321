/* Unevaluated sums hi + lo, which carry more digits than a lane holds; division by a value that many elements share;
 * polynomials.
 *
 * In wide arithmetic (simd/vec.h) lo is 0. */
#ifndef FL_PAIRS_H
#define FL_PAIRS_H

#include "simd/common.h"

typedef struct {
    vec hi, lo;
} vpair;

/* a b - product, exactly, where product is a b rounded (Dekker 1971 where there is no FMA). */
INLINE vec product_error(vec a, vec b, vec product) {
#ifdef FL_NO_FMA
    const vec splitter = v_set((real)((1LL << (MANTISSA_BITS / 2 + 1)) + 1));
    /* t = splitter a would overflow */
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

/* a x within 0.51 ulp, 1 where there is no FMA; a is the same for all elements, and computed before the loop */
INLINE vec pair_scale(vpair a, vec x) { return v_fma(a.hi, x, a.lo * x); }

/* (1 + x)^2 */
INLINE vec square_one_plus(vec x) { return v_fma(x, v_set(2) + x, v_set(1)); }

/* 1 + a for a pair a >= 0 */
INLINE vpair pair_one_plus(vpair a) {
    vpair sum = two_sum(v_set(1), a.hi);
    return (vpair){sum.hi, sum.lo + a.lo};
}

/* ---- division by a value that many elements share ------------------------------------------------------------ */

/* 1/c = (hi + lo) * scale, which the compiler computes before the loop. `scale`, a power of two, keeps hi and lo in
 * range for extreme c; hi is (1 - 2^-20) / c, so that lo > 0 and an infinite dividend stays infinite. */
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

/* x / c within 0.51 ulp, 1 where there is no FMA */
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

#endif
