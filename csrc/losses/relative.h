/* Losses relative to the size of the target. */

INLINE jet absolute_percentage_error(vec pred, vec y, const vec *p) {
    (void)p;
    vec size = v_max(v_abs(y), v_set((real)0x1p-52)), r = pred - y;
    return (jet){.value = v_abs(r) / size, .grad = v_sign(r) / size, .hess = v_set(0)};
}

/* 2 |p - y| / (|p| + |y|): constant where the signs differ */
INLINE jet symmetric_absolute_percentage_error(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0), two = v_set(2);
    vec r = pred - y, sum = v_abs(pred) + v_abs(y);
    vec ratio = v_select(v_lt(sum, v_set(INFINITE)), v_abs(r) / sum, v_set(1));
    mask same = m_or(m_and(v_lt(zero, pred), v_lt(zero, y)), m_and(v_lt(pred, zero), v_lt(y, zero)));
    vec grad = v_select(same, v_sign(r) * (v_set(4) * (v_abs(y) / sum) / sum), zero);
    return (jet){
        .value = v_select(v_eq(sum, zero), zero, two * ratio),
        .grad = grad,
        .hess = v_select(same, -two * grad * v_sign(pred) / sum, zero),
    };
}

/* (log1p p - log1p y)^2, the logarithm of one quotient >= 1 */
INLINE jet squared_log_error(vec pred, vec y, const vec *p) {
    (void)p;
    const vec one = v_set(1), two = v_set(2), zero = v_set(0);
    const vec cap = v_set(FL_ARITH == 32 ? 0x1p126f : 0x1p1022);
    vec lower = v_min(pred, y), upper = v_max(pred, y), above = one + pred;
    mask endless = v_eq(lower, -one), outside = v_lt(lower, -one);
    vpair from = two_sum(one, lower), apart = two_sum(upper, -lower);
    vec t = apart.hi / from.hi, missing = -product_error(t, from.hi, apart.hi) + v_fma(-t, from.lo, apart.lo);
    vpair log = pair_log1p(v_min(t, cap));
    /* d log1p(t) = dt / (1 + t) */
    log.lo += v_select(v_lt(t, cap), missing / (one + upper), zero);
    vec size = infinite_if(m_and(endless, v_lt(zero, v_abs(pred - y))), pair_round(log));
    size = v_select(v_eq(pred, y), zero, size);
    vec difference = v_copysign(size, pred - y);
    return jet_undefined(outside, (jet){
                                      .value = v_select(endless, size, pair_round(pair_square(log))),
                                      .grad = two * difference / above,
                                      .hess = two * (one - difference) / above / above,
                                  });
}
