/* Losses relative to the size of the target. */

INLINE jet absolute_percentage_error(vec pred, vec y, const vec *p) {
    (void)p;
    const vec half = v_set((real)0.5);
    vec size = v_max(v_abs(y), v_set((real)0x1p-52)), r = pred - y;
    mask overflows = v_eq(v_abs(r), v_set(INFINITE));
    vec value = v_select(overflows, v_abs(half * pred - half * y), v_abs(r)) / v_select(overflows, half * size, size);
    return (jet){.value = value, .grad = v_sign(r) / size, .hess = v_set(0)};
}

/* 2 |p - y| / (|p| + |y|): constant where the signs differ. Both are divided by 4 where their sum might overflow. */
INLINE jet symmetric_absolute_percentage_error(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    vec shrink = v_select(v_lt(v_set(LARGEST / 4), v_max(v_abs(pred), v_abs(y))), v_set((real)0.25), one);
    pred *= shrink;
    y *= shrink;
    vec r = pred - y, sum = v_abs(pred) + v_abs(y);
    mask finite = v_lt(sum, v_set(INFINITE));
    vec ratio = v_select(finite, v_abs(r) / sum, one);
    mask same = m_or(m_and(v_lt(zero, pred), v_lt(zero, y)), m_and(v_lt(pred, zero), v_lt(y, zero)));
    same = m_and(same, finite);
    vec grad = v_select(same, v_sign(r) * (v_set(4) * (v_abs(y) / sum) / sum) * shrink, zero);
    return (jet){
        .value = v_select(v_eq(sum, zero), zero, two * ratio),
        .grad = grad,
        .hess = v_select(same, -two * grad * v_sign(pred) / sum * shrink, zero),
    };
}

/* (log1p p - log1p y)^2 as log1p(t)^2, t = (upper - lower) / (1 + lower) >= 0 for the larger and the smaller of p and
 * y; `missing` is the remainder of that division, upper - lower - t (1 + lower). */
INLINE jet squared_log_error(vec pred, vec y, const vec *p) {
    (void)p;
    const vec one = v_set(1), two = v_set(2), zero = v_set(0), infinite = v_set(INFINITE);
    const vec cap = v_set(FL_ARITH == 32 ? 0x1p126f : 0x1p1022), down = v_set((real)0x1p-64f);
    vec lower = v_min(pred, y), upper = v_max(pred, y), above = one + pred;
    mask outside = v_lt(lower, -one), is_infinite = m_or(v_eq(lower, -one), v_eq(upper, infinite));
    vpair from = two_sum(one, lower), apart = two_sum(upper, -lower);
    vec t = apart.hi / from.hi, missing = -product_error(t, from.hi, apart.hi) + v_fma(-t, from.lo, apart.lo);
    mask far = v_lt(cap, t); /* where the quotient might overflow and 1 + t is t */
    vpair log = pair_log_sum(v_select(far, zero, one), v_select(far, apart.hi * down / from.hi, t),
                             v_select(far, v_set(64), zero));
    /* d log1p(t) = dt / (1 + t) */
    log.lo += v_select(far, zero, missing / (one + upper));
    vec size = v_select(is_infinite, infinite, pair_round(log));
    size = v_select(v_eq(pred, y), zero, size);
    vec difference = v_copysign(size, pred - y);
    mask flat = v_eq(above, infinite);
    return jet_undefined(outside, (jet){
                                      .value = v_select(is_infinite, size, pair_round(pair_square(log))),
                                      .grad = v_select(flat, zero, two * difference / above),
                                      .hess = v_select(flat, zero, two * (one - difference) / above / above),
                                  });
}
