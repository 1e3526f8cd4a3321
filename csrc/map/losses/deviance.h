/* Deviances of a predicted mean m > 0 from what was observed, y: twice what the log-likelihood of y lacks to that of
 * m = y. They are 0 there and positive elsewhere, and keep their digits where m is close to y. */

/* log(a / b), and a / b - 1 = excess, as pairs; their difference where a / b is within sqrt(1/2) and sqrt(2) */
typedef struct {
    vpair log, excess;
    vec remainder;
    mask close;
} log_ratio_terms;

INLINE log_ratio_terms log_ratio_of(vec a, vec b) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    mask is_difference = m_and(v_le(a, two * b), v_le(b, two * a)); /* where a - b is exact */
    scaled_number above = scaled_number_of(a), below = scaled_number_of(b);
    vec difference = a - b, numerator = v_select(is_difference, difference * below.factor, above.scaled);
    vec w = numerator / below.scaled;
    reduced_log r =
        reduce_log_sum(v_select(is_difference, one, zero), w, v_select(is_difference, zero, above.k - below.k));
    vpair leading = pair_sum(r.k * v_set(LN2_HI), r.f);
    log_ratio_terms t = {.remainder = remainder_of_reduced(r.f)};
    t.log = (vpair){leading.hi, leading.lo + (r.k * v_set(LN2_LO) - t.remainder)};
    t.close = m_and(is_difference, v_eq(r.k, zero));
#if FL_ARITH == 3264
    t.log = (vpair){v_fma(r.k, v_set(LN2_HI + LN2_LO), r.f - t.remainder), zero};
    t.excess = (vpair){v_select(is_difference, w, w - one), zero};
#else
    /* what the rounding of the quotient lost, as a share of a / b */
    vec lost = product_error(w, below.scaled, numerator) / -v_select(is_difference, a * below.factor, above.scaled);
    vec ratio = v_min(v_set(LARGEST), a / b);
    vpair far = two_sum(ratio, -one);
    t.log.lo += v_fma(r.lost, one - r.f, lost); /* (1 - f) is 1 / (1 + f), nearly */
    t.remainder = v_fma(lost, w, t.remainder);
    t.excess.hi = v_select(is_difference, w, far.hi);
    t.excess.lo = v_fma(lost, ratio, v_select(is_difference, zero, far.lo));
#endif
    return t;
}

/* (m - y) / m, 1 for an infinite m */
INLINE vec relative_gap(vec mean, vec y) {
    return v_select(v_eq(mean, v_set(INFINITE)), v_set(1) - y / mean, (mean - y) / mean);
}

/* |m - y| where one is infinite, else the value */
INLINE vec infinite_apart(vec mean, vec y, vec value) {
    return v_select(v_eq(v_max(mean, y), v_set(INFINITE)), v_abs(mean - y), value);
}

/* A value one of whose terms may have left the range */
INLINE vec finite_or_infinite(vec term, vec value) {
    return v_select(v_lt(v_abs(term), v_set(INFINITE)), value, v_set(INFINITE));
}

/* 2 (y log(y / m) - y + m) */
INLINE jet poisson_deviance(vec mean, vec y, const vec *p) {
    (void)p;
    const vec two = v_set(2);
    mask is_none = v_eq(y, v_set(0));
    vec shrink = v_select(v_lt(v_set(LARGEST / 4), v_max(mean, y)), v_set((real)0.25), v_set(1));
    log_ratio_terms t = log_ratio_of(mean, v_select(is_none, mean, y));
    vpair logs = pair_product((vpair){y * shrink, v_set(0)}, t.log), apart = two_sum(mean * shrink, -y * shrink);
    vec far = finite_or_infinite(logs.hi, ((apart.hi - logs.hi) + (apart.lo - logs.lo)) / shrink);
    vec value = two * v_select(is_none, mean, v_select(t.close, y * t.remainder, far));
    return (jet){
        .value = infinite_apart(mean, y, value),
        .grad = two * relative_gap(mean, y),
        .hess = two * (y / mean / mean),
    };
}

/* 2 (log(m / y) + y / m - 1) */
INLINE jet gamma_deviance(vec mean, vec y, const vec *p) {
    (void)p;
    const vec one = v_set(1), two = v_set(2);
    log_ratio_terms t = log_ratio_of(y, mean);
    vec far = (t.excess.hi - t.log.hi) + (t.excess.lo - t.log.lo);
    return (jet){
        .value = infinite_apart(mean, y, two * v_select(t.close, t.remainder, far)),
        .grad = two * (relative_gap(mean, y) / mean),
        .hess = two * ((v_fma(two, y / mean, -one) / mean) / mean),
    };
}

/* ---- Tweedie's distributions ------------------------------------------------------------------------------------- */

/* 0 is the normal distribution, of any mean */
INLINE jet tweedie_0(vec mean, vec y, const vec *p) { return squared_error(mean - y, p); }

INLINE jet tweedie_1(vec mean, vec y, const vec *p) { return poisson_deviance(mean, y, p); }

INLINE jet tweedie_2(vec mean, vec y, const vec *p) { return gamma_deviance(mean, y, p); }

/* 4 (sqrt(m) - sqrt(y))^2 / sqrt(m). The difference of the roots is (m - y) / (their sum) where m - y is exact;
 * elsewhere that of the rounded roots, and what they lost over their sum. */
INLINE jet tweedie_1_5(vec mean, vec y, const vec *p) {
    (void)p;
    const vec half = v_set((real)0.5), one = v_set(1), two = v_set(2), three = v_set(3);
    vec root = v_sqrt(mean), other = v_sqrt(y), over_root = one / root, gap = mean - y;
    vec over = product_error(root, root, mean), other_over = product_error(other, other, y); /* root^2 - mean */
    vpair sum = two_sum(root, other), difference = two_sum(root, -other);
    vec over_sum = one / sum.hi, quotient = gap * over_sum;
    vec missing = product_error(quotient, sum.hi, gap) + quotient * (sum.lo - (over + other_over) * over_sum);
    mask is_close = m_and(v_le(mean, two * y), v_le(y, two * mean));
    vpair apart = pair_sum(v_select(is_close, quotient, difference.hi),
                           v_select(is_close, -missing * over_sum, v_fma(other_over - over, over_sum, difference.lo)));
    vec ratio = apart.hi * over_root, value = ratio * apart.hi;
    missing = product_error(ratio, root, apart.hi) - apart.lo - half * ratio * over * over_root;
    value = finite_or_infinite(value, v_fma(ratio, apart.lo, -missing * over_root * apart.hi) + value);
    return (jet){
        .value = infinite_apart(mean, y, v_set(4) * value),
        .grad = two * (relative_gap(mean, y) / root),
        .hess = v_fma(three, y / mean, -one) / mean / root,
    };
}

/* (m - y)^2 / (y m^2), of inverse Gaussians */
INLINE jet tweedie_3(vec mean, vec y, const vec *p) {
    (void)p;
    const vec two = v_set(2);
    vpair apart = two_sum(mean, -y);
    vec gap = relative_gap(mean, y), lost = (apart.lo - product_error(mean, gap, apart.hi)) / mean;
    lost = v_select(v_is_number(lost), lost, v_set(0)); /* of infinite numbers */
    vec share = gap / y, value = share * gap;
    return (jet){
        .value = v_select(v_eq(y, v_set(INFINITE)), v_abs(mean - y),
                          finite_or_infinite(value, v_fma(two * share, lost, value))),
        .grad = two * (gap / mean / mean),
        .hess = two * (v_fma(v_set(3), y / mean, -two) / mean / mean / mean),
    };
}

/* The deviance of the power q, with a = 2 - q, b = 1 - q and x = log(m / y), is 2 y^a F(x),
 *
 *   F = (e^(a x) - 1) / a - (e^(b x) - 1) / b = sum_k h_k(a, b) x^(k + 2) / (k + 2)!
 *     = (1 - e^(b x) (1 - b (m / y - 1))) / (a b),
 *
 * where h_k is the sum of all a^i b^(k - i). The series serves where the powers nearly cancel, the last form large q.
 * At a = 0 and b = 0 stand the limits; y = 0 leaves 2 m^a / a. */
#define TWEEDIE_NEAR ((real)1.5) /* largest |x| and |b x| of the series */

INLINE vec tweedie_series(vec x, vec a, vec b) {
    enum { TERMS = FL_ARITH == 64 ? 22 : 14 };
    vec coefficient[TERMS], h = v_set(1), power = v_set(1);
    real factorial = 2;
    for (int k = 0; k < TERMS; k++) {
        coefficient[k] = h * v_set(1 / factorial);
        power *= b;
        h = v_fma(a, h, power);
        factorial *= (real)(k + 3);
    }
    /* the even powers and the odd ones side by side: one chain of them takes twice as long */
    vec even = coefficient[TERMS - 2], odd = coefficient[TERMS - 1], square = x * x;
    UNROLL for (int k = TERMS - 4; k >= 0; k -= 2) {
        even = v_fma(even, square, coefficient[k]);
        odd = v_fma(odd, square, coefficient[k + 1]);
    }
    return v_fma(odd, x, even);
}

INLINE vpair pair_add(vpair a, vpair b) {
    vpair sum = two_sum(a.hi, b.hi);
    sum.lo += a.lo + b.lo;
    return sum;
}

/* log x, for 0 < x < inf */
INLINE vpair pair_log(vec x) {
    scaled_number s = scaled_number_of(x);
    return pair_log_sum(v_set(0), s.scaled, s.k);
}

INLINE jet tweedie_deviance(vec mean, vec y, const vec *p) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2), far = v_set(FL_ARITH == 32 ? 60 : 600);
    const vec huge = v_set(FL_ARITH == 32 ? 0x1p90f : 0x1p900);
    vpair a = two_sum(two, -p[0]), b = two_sum(one, -p[0]);
    mask is_none = v_eq(y, zero), is_normal = v_eq(p[0], zero), is_endless = v_eq(mean, v_set(INFINITE));
    vec base = v_select(m_or(is_none, v_eq(y, v_set(INFINITE))), mean, y);
    log_ratio_terms t = log_ratio_of(mean, base);
    vpair x = pair_sum(t.log.hi, t.log.lo);
    x = (vpair){v_select(is_endless, huge, x.hi), v_select(is_endless, zero, x.lo)};
    vpair log_base = pair_log(base), log_mean = pair_add(log_base, x);
    /* the series in powers of x times the larger of 1 and |b| */
    vec steepness = v_max(one, v_abs(b.hi)), scaled = x.hi * steepness;
    vec near = pair_scale(pair_square(x), tweedie_series(scaled, a.hi / steepness, b.hi / steepness));
    /* the powers, less by e^shift where they leave the range; the terms of 1 are nothing beside them there */
    vpair ax = pair_product(x, a), bx = pair_product(x, b);
    vec largest = v_max(ax.hi, bx.hi);
    mask is_far = v_lt(far, largest), is_steep = v_lt(b.hi, -two);
    vec shift = v_select(is_far, largest, zero);
    exponentials ea = pair_exp((vpair){ax.hi - shift, ax.lo}), eb = pair_exp((vpair){bx.hi - shift, bx.lo});
    vec first = v_select(v_eq(a.hi, zero), x.hi, v_select(is_far, ea.exp, ea.expm1) / a.hi);
    vec second = v_select(v_eq(b.hi, zero), x.hi, v_select(is_far, eb.exp, eb.expm1) / b.hi);
    vec growth = v_min(v_set(LARGEST), v_fma(-b.hi, t.excess.hi, one)); /* it may meet an exponential that is 0 */
    vec steep = (v_select(is_far, zero, one) - eb.exp * v_select(is_endless, zero, growth)) / a.hi / b.hi;
    vec beyond = v_select(is_steep, steep, first - second);
    vec factor = v_select(v_le(v_abs(scaled), v_set(TWEEDIE_NEAR)), near, beyond);
    factor = v_select(is_none, one / a.hi, factor);
    vpair exponent = pair_product(log_base, a);
    vec value = v_exp_times(pair_add(exponent, (vpair){shift, zero}), two * factor);
    mask is_infinite = m_or(v_eq(y, v_set(INFINITE)), m_and(is_endless, v_le(zero, a.hi)));
    vec gap = relative_gap(mean, y), ratio = y / mean;
    vec unit = v_select(v_lt(v_set(LARGEST * (real)0x1p-40f), ratio), v_set((real)0x1p40f), one);
    vec against = v_fma(p[0], ratio / unit, b.hi / unit); /* in this unit it does not overflow */
    vec apart = mean - y;
    vpair over_mean = pair_product(log_mean, (vpair){-p[0], zero});
    return (jet){
        .value = v_select(is_normal, apart * apart, v_select(is_infinite, v_abs(apart), value)),
        .grad = v_select(is_normal, two * apart, two * v_exp_times(pair_product(log_mean, b), gap)),
        .hess = v_select(is_normal, two, two * v_exp_times(over_mean, against) * unit),
    };
}
