/* Losses of float32 with an exponential, for ordinary arguments: one factor 2^n serves, and nothing is subnormal. Lanes
 * beyond have `needs_exact`. */

/* x = n ln 2 + r, n in the low bits of `shifted`, for |x| <= 80 */
typedef struct {
    vec shifted, r;
} split_exp;

INLINE split_exp split_ordinary(vec x) {
    const vec round = v_set(1.5f * 0x1p23f);
    vec shifted = v_fma(x, v_set(LOG2E), round), n = shifted - round;
    return (split_exp){shifted, v_fma(n, v_set(-LN2_LO), v_fma(n, v_set(-LN2_HI), x))};
}

/* e^x for |x| <= 80 */
INLINE vec exp_ordinary(vec x) {
    const real c[] = {EXP_POLYNOMIAL};
    split_exp e = split_ordinary(x);
    return times_power_of_2(e.shifted, v_fma(e.r, v_polynomial(c, sizeof c / sizeof *c, e.r), v_set(1)));
}

/* Lanes whose x is not in [-limit, limit], as that of a NaN */
INLINE mask beyond(vec x, float limit) { return v_not_le(v_abs(x), v_set(limit)); }

INLINE jet poisson_float(vec pred, vec y, const vec *p) {
    (void)p;
    vec mean = exp_ordinary(pred);
    return (jet){
        .value = v_fma(-y, pred, mean),
        .grad = mean - y,
        .hess = mean,
        .needs_exact = beyond(pred, 80),
    };
}

/* log1p(e) for e = e^-|x|, |x| <= 40: no square is subnormal */
INLINE vec log1p_of_exp(vec e) {
    const real c[] = {LOG_UNIT_POLYNOMIAL};
    vec s = e / (v_set(2) + e), z = s * s;
    return v_fma(-s, v_fma(-z, v_polynomial(c, sizeof c / sizeof *c, z), e), e);
}

INLINE jet logistic_float(vec pred, vec y, const vec *p) {
    (void)p;
    const vec one = v_set(1), zero = v_set(0);
    vec x = -y * pred, e = exp_ordinary(-v_abs(x));
    jet j = margin_jet(y, v_max(zero, x) + log1p_of_exp(e), -v_select(v_lt(x, zero), e, one) / (one + e),
                       e / square_one_plus(e));
    j.needs_exact = beyond(x, 40);
    return j;
}

/* The binary cross-entropy with logits at pos_weight = 1: softplus(x) - x y */
INLINE jet logits_float(vec x, vec y, const vec *p) {
    (void)p;
    const vec one = v_set(1), zero = v_set(0);
    vec e = exp_ordinary(-v_abs(x)), sum = one + e;
    mask negative = v_lt(x, zero);
    vec up = v_select(negative, e, one), down = v_select(negative, one, e);
    return (jet){
        .value = v_fma(-x, y, v_max(zero, x)) + log1p_of_exp(e),
        .grad = ((one - y) * up - y * down) / sum,
        .hess = e / square_one_plus(e),
        .needs_exact = beyond(x, 40),
    };
}

/* The focal loss at gamma = 0, bit for bit the cross-entropy, beyond its limits too */
INLINE jet unfocused_float(vec x, vec y, const vec *p) {
    const vec one = v_set(1);
    jet h = logits_float(x, y, &one);
    if (m_any(h.needs_exact)) {
        jet exact = binary_cross_entropy_with_logits(x, y, &one);
        h = (jet){
            .value = v_select(h.needs_exact, exact.value, h.value),
            .grad = v_select(h.needs_exact, exact.grad, h.grad),
            .hess = v_select(h.needs_exact, exact.hess, h.hess),
        };
    }
    vec balance = focal_balance(p[0], y);
    return (jet){
        .value = term(balance, h.value),
        .grad = balance * h.grad,
        .hess = balance * h.hess,
        .needs_exact = v_is_nan(x),
    };
}

/* log cosh a = a^2 P(a^2) up to a = 0.8; beyond a - ln 2 + log1p(e), e = e^(-2 a) < 0.21 */
INLINE jet log_cosh_float(vec x, const vec *p) {
    (void)p;
    const vec one = v_set(1), two = v_set(2);
    const real c[] = {LOG_COSH_POLYNOMIAL}, d[] = {LOG1P_POLYNOMIAL};
    vec a = v_abs(x), square = a * a;
    split_exp parts = split_ordinary(-two * a);
    exponentials e = exp_of_reduced((reduced_exp){{0}, parts.shifted, expm1_reduced(parts.r)});
    vec near = square * v_polynomial(c, sizeof c / sizeof *c, square);
    vec log = v_fma(-e.exp * e.exp, v_polynomial(d, sizeof d / sizeof *d, e.exp), e.exp);
    vec tanh = -e.expm1 / (two + e.expm1);
    return (jet){
        .value = v_select(v_lt(a, v_set(0.8f)), near, (a - v_set(LN2_HI)) + (log - v_set(LN2_LO))),
        .grad = v_copysign(tanh, x),
        .hess = v_set(4) * e.exp / square_one_plus(e.exp),
        .weight = v_select(v_eq(a, v_set(0)), one, tanh / a),
        .needs_exact = m_or(beyond(x, 20), v_lt(a, v_set(0x1p-30f))),
    };
}
