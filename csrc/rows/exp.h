/* The exponential of rows: for x <= 0 alone, and times 2^scale, so that no result that counts is subnormal, and one
 * multiplication by a power of two is enough.
 *
 *   function               error (the largest of 10^7 samples; 1.1 eps of the result where there is no FMA)
 *   v_exp_scaled           0.7 eps of the result; float32 also 2^-28 |x| times the result, as its ln 2 is one number:
 *                          a sixteenth of the error that the rounding of x, a difference of logits, may cause
 *   v_exp_quotient_scaled  0.9 eps of the result, else the same
 *
 * Method: Tang (1989), reduction by ln 2 and a polynomial (coefficients.py).
 */

/* n of x = n ln 2 + r, and 2^(n + scale). As in reduce_exp a constant is added to round; here it has the exponent's
 * bias in its low bits, so that the sum shifted into the exponent is the power. A biased exponent of 0 is a power 0. */
typedef struct {
    vec n, power;
} scaled_power;

#define SCALED_BIAS(scale) ((real)(EXPONENT_BIAS + (scale)))
#define SCALED_EXP_LOW(scale) (-SCALED_BIAS(scale) * (LN2_HI + LN2_LO))

INLINE scaled_power scale_power(vec x, int scale) {
    const vec round = v_set((real)1.5 * (real)(1LL << MANTISSA_BITS) + SCALED_BIAS(scale));
    vec shifted = v_fma(x, v_set(LOG2E), round);
    return (scaled_power){shifted - round, (vec)((uvec)shifted << MANTISSA_BITS)};
}

/* x - n ln 2 */
INLINE vec less_ln2(vec x, vec n) {
#if FL_ARITH == 32 && !defined(FL_NO_FMA)
    return v_fma(n, v_set(-(LN2_HI + LN2_LO)), x);
#else
    return v_fma(n, v_set(-LN2_LO), v_fma(n, v_set(-LN2_HI), x));
#endif
}

/* Functions of n vectors, a constant, take them side by side, step by step: each is a long chain of operations. */
enum { SIDE_BY_SIDE = 4 };

/* r = exp(r) for |r| <= ln 2 / 2 */
INLINE void exps_reduced(vec *r, int n) {
    const real c[] = {EXP_POLYNOMIAL};
    int k = sizeof c / sizeof *c - 1;
    vec q[SIDE_BY_SIDE];
    UNROLL for (int i = 0; i < n; i++) q[i] = v_set(c[k]);
    while (k-- > 0) UNROLL for (int i = 0; i < n; i++) q[i] = v_fma(q[i], r[i], v_set(c[k]));
    UNROLL for (int i = 0; i < n; i++) r[i] = v_fma(q[i], r[i], v_set(1));
}

INLINE vec exp_reduced(vec r) {
    exps_reduced(&r, 1);
    return r;
}

/* log1p(w) for 0 <= w <= LOG_ORDINARY, or NaN, with the same bits as v_log1p */
INLINE vec log1p_sum(vec w) {
    return v_select(v_lt(w, v_set(FL_ARITH == 32 ? 0x1p-26f : 0x1p-54)), w, pair_round(pair_log1p_ordinary(w)));
}

/* x = exp(x) 2^scale for x <= 0 and 0 <= scale <= 64 */
INLINE void exps_scaled(vec *x, int n, int scale) {
    scaled_power s[SIDE_BY_SIDE];
    UNROLL for (int i = 0; i < n; i++) x[i] = v_max(v_set(SCALED_EXP_LOW(scale)), x[i]);
    UNROLL for (int i = 0; i < n; i++) s[i] = scale_power(x[i], scale);
    UNROLL for (int i = 0; i < n; i++) x[i] = less_ln2(x[i], s[i].n);
    exps_reduced(x, n);
    UNROLL for (int i = 0; i < n; i++) x[i] *= s[i].power;
}

INLINE vec v_exp_scaled(vec x, int scale) {
    exps_scaled(&x, 1, scale);
    return x;
}

/* x = exp(x / c) 2^scale for x <= 0, as accurate, since the quotient is a pair. `d` is c's divisor. */
INLINE void exps_quotient_scaled(vec *x, int n, vec c, divisor d, int scale) {
    scaled_power s[SIDE_BY_SIDE];
    vec lo[SIDE_BY_SIDE];
    UNROLL for (int i = 0; i < n; i++) {
        x[i] = v_max(v_set(SCALED_EXP_LOW(scale)) * (c * d.scale), x[i] * d.scale);
        vec hi = x[i] * d.hi;
        lo[i] = v_fma(x[i], d.lo, product_error(x[i], d.hi, hi));
        x[i] = hi;
    }
    UNROLL for (int i = 0; i < n; i++) s[i] = scale_power(x[i], scale);
    UNROLL for (int i = 0; i < n; i++) x[i] = less_ln2(x[i], s[i].n) + lo[i];
    exps_reduced(x, n);
    UNROLL for (int i = 0; i < n; i++) x[i] *= s[i].power;
}

INLINE vec v_exp_quotient_scaled(vec x, vec c, divisor d, int scale) {
    exps_quotient_scaled(&x, 1, c, d, scale);
    return x;
}
