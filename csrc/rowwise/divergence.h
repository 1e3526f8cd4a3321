/* The Kullback-Leibler divergence of two softmaxes, q of the teacher's logits y from p of the student's logits x:
 *
 *   KL = sum_k q_k d_k = sum_k q_k (e^-d_k - 1 + d_k),    d_k = log q_k - log p_k,
 *
 * since sum_k q_k e^-d_k = sum_k p_k = 1. No term of the second sum is negative, and where the two are close each is
 * about q_k d_k^2 / 2: it keeps the digits that the first loses. An error of all d_k alike, as of the logarithms of the
 * sums, leaves u = sum_k q_k (e^-d_k - 1) in the place of 0, and then exactly
 *
 *   KL = sum_k q_k (e^-d_k - 1 + d_k) + log1p(u) - u. */

/* e^r - 1 - r for |r| < 4 * 0.34: from r / 4 by e^2r - 1 - 2r = (e^r - 1)^2 + 2 (e^r - 1 - r), which cancels nothing */
INLINE vec exp_remainder(vec r) {
    vec h = r * v_set((real)0.25), rest = h * h * expm1_tail(h);
    for (int i = 0; i < 2; i++) {
        vec expm1 = h + rest;
        rest = v_fma(expm1, expm1, rest + rest);
        h += h;
    }
    return rest;
}

/* The log-ratio d_k: the differences to the maxima are rounded where they are large, and the same for both */
INLINE vec log_ratio(const row_call *call, const row_base *base, vec x, vec y) {
    vpair dx = two_sum(x, -base->at), dy = two_sum(y, -base->teacher_at);
    vec lost = dy.lo - dx.lo;
    vec apart = (dy.hi - dx.hi) + v_select(v_is_number(lost), lost, v_set(0)); /* an infinite difference lost nothing */
    return (call->is & TEMPERED ? v_quotient(apart, call->over_temperature) : apart) - base->log_ratio;
}

INLINE vec student_probability(const row_call *call, const row_base *base, vec x) {
    return exp_term(call, x - base->at, EMIT_SCALE) * base->p;
}

INLINE vec teacher_probability(const row_call *call, const row_base *base, vec y) {
    return exp_term(call, y - base->teacher_at, EMIT_SCALE) * base->q;
}

/* The terms of KL and of u */
INLINE row_term divergence_term(const row_call *call, const row_base *base, vec x, vec y) {
    vec p = student_probability(call, base, x), q = teacher_probability(call, base, y);
    vec d = log_ratio(call, base, x, y), rest = exp_remainder(-d);
    mask is_close = v_lt(v_abs(d), v_set((real)1.36)), is_nothing = v_eq(q, v_set(0));
    vec more = v_select(is_close, q * (rest - d), p - q), term = v_select(is_close, q * rest, v_fma(q, d, p - q));
    return (row_term){v_select(is_nothing, p, term), v_select(is_nothing, p, more), v_set(0), v_lt(q, q)};
}

static void distillation(const fl_rows *a) {
    for (size_t r = 0; r < a->rows; r++) {
        double u = a->dot[r], log1p_less_u = -u * u * (0.5 - u * (1.0 / 3 - u * (0.25 - u * 0.2)));
        double divergence = a->loss[r] + log1p_less_u;
        a->loss[r] = a->temperature * a->temperature * (divergence < 0 ? 0 : divergence);
    }
}
