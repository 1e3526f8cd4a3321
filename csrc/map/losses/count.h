/* Losses of the logarithm p of an expected count or amount (log link), without the terms that do not depend on p. */

/* y p; 0 where exp(p), from which it is subtracted, overflows: inf - inf would be NaN */
INLINE vec linear_term(vec y, vec pred) {
    return v_select(v_lt(v_set(FL_ARITH == 64 ? 717 : 100), pred), v_set(0), term(y, pred));
}

INLINE jet poisson(vec pred, vec y, const vec *p) {
    (void)p;
    vec mean = v_exp(pred);
    return (jet){.value = mean - linear_term(y, pred), .grad = mean - y, .hess = mean};
}

/* The same bits where one factor 2^n serves */
INLINE jet poisson_double(vec pred, vec y, const vec *p) {
    (void)p;
    vec mean = pair_exp_ordinary((vpair){pred, v_set(0)}).exp;
    return (jet){
        .value = mean - y * pred,
        .grad = mean - y,
        .hess = mean,
        .needs_exact = v_not_le(v_abs(pred), v_set(EXP_ORDINARY)),
    };
}

INLINE jet gamma(vec pred, vec y, const vec *p) {
    (void)p;
    vec ratio = v_exp_times((vpair){-pred, v_set(0)}, y);
    return (jet){.value = v_max(v_set(-LARGEST_STORED), pred) + ratio, .grad = v_set(1) - ratio, .hess = ratio};
}

/* Jorgensen (1987); the powers 1 and 2 are the Poisson and the gamma loss. With a = 2 - power, b = 1 - power
 *
 *   e^(a p) / a - y e^(b p) / b = e^(a p) (1 / a - y e^-p / b) = e^(b p) (e^p / a - y / b)
 *
 * the product with e^(a p) for p > 0 and for y = 0, the other below: both terms of the difference may overflow. */
INLINE jet tweedie(vec pred, vec y, const vec *p) {
    const vec zero = v_set(0), one = v_set(1), far = v_set(FL_ARITH == 32 ? 0x1p90f : 0x1p900);
    vpair a = two_sum(v_set(2), -p[0]), b = two_sum(one, -p[0]);
    mask is_gamma = v_eq(a.hi, zero), is_poisson = v_eq(b.hi, zero);
    mask first = m_or(v_lt(zero, pred), v_eq(y, zero));
    vec small = v_exp_times((vpair){-v_abs(pred), zero}, v_select(first, y, one));
    vec mean = v_select(first, one, small), ratio = v_select(first, small, y);
    vpair exponent =
        pair_times((vpair){v_select(first, a.hi, b.hi), v_select(first, a.lo, b.lo)}, v_min(far, v_max(-far, pred)));
    vec value = v_select(is_gamma, zero, mean / a.hi) - v_select(is_poisson, zero, ratio / b.hi);
    vec limit = v_select(is_gamma, v_max(v_set(-LARGEST_STORED), pred),
                         v_select(is_poisson, zero - linear_term(y, pred), zero));
    return (jet){
        .value = v_exp_times(exponent, value) + limit,
        .grad = v_exp_times(exponent, mean - ratio),
        .hess = v_exp_times(exponent, a.hi * mean - b.hi * ratio),
    };
}
