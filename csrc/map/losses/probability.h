/* Losses of a probability, of its logarithm or of its logit. A term whose factor is 0 is 0, whatever it multiplies. */

#include "logistic.h"

INLINE vec term(vec factor, vec x) { return v_select(v_eq(factor, v_set(0)), v_set(0), factor * x); }

/* factor / x^2, without the square's overflow */
INLINE vec over_square(vec factor, vec x) { return v_select(v_eq(factor, v_set(0)), v_set(0), factor / x / x); }

/* -(y log p + (1 - y) log1p(-p)); eps > 0 clips the logarithms and not p, as 1 - eps would round */
INLINE jet binary_cross_entropy(vec pred, vec y, const vec *p) {
    const vec one = v_set(1), zero = v_set(0);
    vec eps = p[0], rest = one - y;
    mask clips = v_lt(zero, eps);
    vec q = v_select(clips, v_min(one, v_max(zero, pred)), pred);
    vec low = v_log(eps), high = v_log1p(-eps), log_p = v_log(q), log_rest = v_log1p(-q);
    log_p = v_select(clips, v_min(high, v_max(low, log_p)), log_p);
    log_rest = v_select(clips, v_min(high, v_max(low, log_rest)), log_rest);
    vec against = one - pred, grad = (pred - y) / pred / against;
    grad = v_select(v_eq(y, zero), one / against, v_select(v_eq(rest, zero), -one / pred, grad));
    mask clipped = m_and(clips, m_or(v_lt(pred, eps), v_lt(against, eps)));
    mask outside = m_and(m_not(clips), m_or(v_lt(pred, zero), v_lt(one, pred)));
    vec curvature = over_square(y, pred) + over_square(rest, against);
    return jet_undefined(outside, (jet){
                                      .value = zero - (term(y, log_p) + term(rest, log_rest)), /* not -0 */
                                      .grad = v_select(clipped, zero, grad),
                                      .hess = v_select(clipped, zero, curvature),
                                  });
}

/* (1 - y) softplus(x) + w y softplus(-x), w = pos_weight; a large w is taken `before` it meets what is raised */
INLINE jet binary_cross_entropy_with_logits(vec x, vec y, const vec *p) {
    const vec zero = v_set(0), one = v_set(1), raise = v_set(RAISE);
    mask is_large = v_lt(v_set(0x1p60f), p[0]);
    vec before = v_select(is_large, v_set(1 / RAISE), one), after = v_select(is_large, one, v_set(1 / RAISE));
    vec weight = p[0] * before, rest = v_fma(-before, y, before), positive = weight * y, all = v_fma(weight, y, rest);
    logistic_terms t = logistic_of(x);
    /* times RAISE, since pos_weight may bring a subnormal, which has lost digits, back to a size where they count */
    vec log = v_select(v_lt(t.e, v_set(FL_ARITH == 32 ? 0x1p-26 : 0x1p-54)), t.raised, t.log * raise);
    vec up = v_select(t.negative, t.raised, raise), down = v_select(t.negative, raise, t.raised);
    vec linear = term(rest, v_max(zero, x)) + term(positive, v_max(zero, -x));
    return (jet){
        .value = v_fma(linear, v_select(is_large, raise, one), all * log * after),
        .grad = (rest * up - positive * down) / t.sum * after,
        .hess = all * t.raised / square_one_plus(t.e) * after,
    };
}

/* A = alpha y + (1 - alpha) (1 - y); 1 for alpha < 0 */
INLINE vec focal_balance(vec alpha, vec y) {
    const vec one = v_set(1);
    vec other = one - alpha;
    return v_select(v_lt(alpha, v_set(0)), one, v_fma(alpha, y, v_fma(-other, y, other)));
}

/* Lin et al. (2017): A Q^gamma H, H the cross-entropy and Q = (1 - y) P + y (1 - P), P = sigmoid(x), the probability of
 * the wrong class. With R = P (1 - P) / Q (`ratio`) and s = 1 - 2 y the derivative of Q is s R Q. */
INLINE jet sigmoid_focal(vec x, vec y, const vec *p) {
    const vec one = v_set(1), zero = v_set(0), two = v_set(2), far = v_set(FL_ARITH == 32 ? 0x1p100f : 0x1p900);
    vec alpha = p[0], gamma = p[1], rest = one - y, s = one - two * y;
    vec bounded = v_max(-far, v_min(far, x));
    logistic_terms t = logistic_of(bounded);
    jet h = binary_cross_entropy_with_logits(bounded, y, &one);
    vec entropy = v_select(m_and(v_lt(far, v_abs(x)), v_lt(one, h.value)), v_set(INFINITE), h.value);
    /* Q = missed / (1 + e); for a hard label on its own side `missed` is e, whose logarithm is -|x| */
    vec missed = v_select(t.negative, rest * t.e + y, rest + y * t.e);
    mask own = m_or(m_and(t.negative, v_eq(y, zero)), m_and(m_not(t.negative), v_eq(y, one)));
    vec log_q = v_select(own, -v_abs(bounded), v_log(v_select(own, one, missed))) - t.log;
    vec ratio = v_select(own, one, t.e / v_select(own, one, missed)) / t.sum;
    vec power = focal_balance(alpha, y) * v_exp(gamma * log_q), tilt = s * ratio;
    vec skew = v_copysign((one - t.e) / t.sum, -x); /* 1 - 2 P */
    vec hess = gamma * tilt * (((gamma - one) * tilt + skew) * h.value + two * h.grad) + h.hess;
    return (jet){
        .value = v_select(v_eq(power, zero), zero, power * entropy),
        .grad = power * (gamma * tilt * h.value + h.grad),
        .hess = power * hess,
    };
}

/* The focal loss at gamma = 0: the cross-entropy, bit for bit where alpha < 0 */
INLINE jet unfocused(vec x, vec y, const vec *p) {
    const vec one = v_set(1);
    jet h = binary_cross_entropy_with_logits(x, y, &one);
    vec balance = focal_balance(p[0], y);
    return (jet){
        .value = term(balance, h.value),
        .grad = balance * h.grad,
        .hess = balance * h.hess,
        .needs_exact = v_is_nan(x),
    };
}

/* n / sum, given 1 / sum.hi */
INLINE vpair pair_over(vpair n, vpair sum, vec inverse) {
    vec hi = n.hi * inverse;
    return (vpair){hi, ((v_fma(-hi, sum.hi, n.hi) + n.lo) - hi * sum.lo) * inverse};
}

/* The focal loss of float32 at gamma = 2 for labels of 0 and 1: A sigma(z)^2 softplus(z), z = -x for the label 1 and x
 * for 0. rho = 1 - sigma is the derivative of log sigma, and factor = A sigma^2; d1 is the derivative by z, and
 * factor rho d2 the second. The exponential is a pair, so that sigma, which is squared, is one too. */
INLINE jet focal_squared(vec x, vec y, const vec *p) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    mask positive = v_eq(y, one);
    vec z = v_select(positive, -x, x);
    mask negative = v_lt(z, zero);
    vpair e = pair_exp_unit((vpair){-v_abs(z), zero}), sum = pair_sum(one, e.hi);
    sum.lo += e.lo;
    vec inverse = one / sum.hi;
    vpair sigma = pair_over((vpair){v_select(negative, e.hi, one), v_select(negative, e.lo, zero)}, sum, inverse);
    vpair rho = pair_over((vpair){v_select(negative, one, e.hi), v_select(negative, zero, e.lo)}, sum, inverse);
    log1p_unit l = log1p_unit_of(e.hi);
    vec softplus = v_max(zero, z) + v_fma(e.lo, inverse, v_fma(-l.s, l.t, e.hi)),
        rest = v_fma(e.lo, inverse, -l.s * l.t);
    vpair parts = {v_select(negative, e.hi, z), v_select(negative, rest, e.hi + rest)};
    mask off = v_lt(p[0], zero);
    vpair other = two_sum(one, -p[0]);
    vpair balance = {v_select(off, one, v_select(positive, p[0], other.hi)),
                     v_select(m_or(off, positive), zero, other.lo)};
    vpair factor = pair_product(pair_square(sigma), balance);
    vec twice = two * rho.hi, least = v_fma(two * rho.lo, softplus, sigma.lo);
    vec d1 = pair_scale(factor, v_fma(twice, parts.hi, sigma.hi) + v_fma(twice, parts.lo, least));
    vec d2 = v_fma(v_set(4) * rho.hi - two * sigma.hi, softplus, v_set(5) * sigma.hi);
    return (jet){
        .value = pair_scale(factor, softplus),
        .grad = v_select(positive, -d1, d1),
        .hess = pair_scale(factor, rho.hi * d2),
        .needs_exact = m_or(m_and(v_ne(y, one), v_ne(y, zero)), v_not_le(z, v_set(80))), /* no e is subnormal */
    };
}

/* y (log y - p), p a log-probability; infinite for y < 0 */
INLINE jet kl_div(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0);
    vec value = term(y, v_log(y) - pred);
    return (jet){.value = v_select(v_lt(y, zero), v_set(INFINITE), value), .grad = zero - y, .hess = zero};
}

/* x = scaled 2^k; a quotient of two scaled numbers neither overflows nor underflows */
typedef struct {
    vec scaled, k, factor;
} scaled_number;

INLINE scaled_number scaled_number_of(vec x) {
    const real reach = FL_ARITH == 32 ? 40 : 400, big = FL_ARITH == 32 ? 0x1p40f : 0x1p400;
    const vec one = v_set(1), zero = v_set(0);
    if (FL_ARITH == 3264) return (scaled_number){x, zero, one}; /* no quotient of two floats does */
    mask tiny = v_lt(x, v_set(1 / big)), huge = v_lt(v_set(big), x);
    vec factor = v_select(tiny, v_set(big * big), v_select(huge, v_set(1 / (big * big)), one));
    vec k = v_select(tiny, v_set(-2 * reach), v_select(huge, v_set(2 * reach), zero));
    return (scaled_number){x * factor, k, factor};
}

/* log(y / p) for y, p >= 0; where they are within a factor of 2, log1p((y - p) / p), whose difference is exact */
INLINE vec log_quotient(vec y, vec p) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    mask close = m_and(v_le(y, two * p), v_le(p, two * y));
    scaled_number above = scaled_number_of(y), below = scaled_number_of(p);
    vec w = v_select(close, y - p, above.scaled) / v_select(close, p, below.scaled);
    vpair log = pair_log_sum(v_select(close, one, zero), w, v_select(close, zero, above.k - below.k));
    return log_special(v_select(close, one, w), pair_round(log), zero);
}

/* y log(y / p); infinite for y < 0 and for p < 0 */
INLINE jet relative_entropy(vec pred, vec y, const vec *p) {
    (void)p;
    const vec zero = v_set(0);
    vec value = term(y, log_quotient(y, v_abs(pred))), grad = -y / pred;
    mask impossible = m_or(v_lt(y, zero), v_lt(pred, zero)), empty = v_eq(y, zero);
    return (jet){
        .value = v_select(impossible, v_set(INFINITE), value),
        .grad = v_select(empty, zero, grad),
        .hess = v_select(empty, zero, -grad / pred),
    };
}

/* -p log p; it has no target */
INLINE jet entropy(vec pred, const vec *p) {
    (void)p;
    vec log = v_log(pred);
    return (jet){.value = v_set(0) - term(pred, log), .grad = -log - v_set(1), .hess = v_set(-1) / pred};
}
