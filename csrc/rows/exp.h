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

/* exp(r) for |r| <= ln 2 / 2 */
INLINE vec exp_reduced(vec r) {
    const real c[] = {EXP_POLYNOMIAL};
    int k = sizeof c / sizeof *c - 1;
    vec q = v_set(c[k]);
    while (k-- > 0) q = v_fma(q, r, v_set(c[k]));
    return v_fma(q, r, v_set(1));
}

/* log1p(w) for 0 <= w <= LOG_ORDINARY, or NaN, with the same bits as v_log1p */
INLINE vec log1p_sum(vec w) {
    return v_select(v_lt(w, v_set(FL_ARITH == 32 ? 0x1p-26f : 0x1p-54)), w, pair_round(pair_log1p_ordinary(w)));
}

/* exp(x) 2^scale for x <= 0 and 0 <= scale <= 64 */
INLINE vec v_exp_scaled(vec x, int scale) {
    x = v_max(v_set(SCALED_EXP_LOW(scale)), x);
    scaled_power s = scale_power(x, scale);
    return exp_reduced(less_ln2(x, s.n)) * s.power;
}

/* exp(x / c) 2^scale for x <= 0, as accurate, since the quotient is a pair. `d` is c's divisor. */
INLINE vec v_exp_quotient_scaled(vec x, vec c, divisor d, int scale) {
    x = v_max(v_set(SCALED_EXP_LOW(scale)) * (c * d.scale), x * d.scale);
    vec hi = x * d.hi, lo = v_fma(x, d.lo, product_error(x, d.hi, hi));
    scaled_power s = scale_power(hi, scale);
    return exp_reduced(less_ln2(hi, s.n) + lo) * s.power;
}
