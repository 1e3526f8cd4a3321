/* The general robust loss for one ordinary alpha and scale: the forms of robust.h without the cases that only extreme
 * residuals need. Those lanes have `needs_exact` and go through robust() once more. */

/* x^2 / (scale^2 b); 1 / (scale^2 b) is computed before the loop */
INLINE vec robust_scaled_square(vec x, vec scale, vec b) {
    vec square = x * x;
#if FL_ARITH == 3264
    return square * (v_set(1) / (scale * scale * b));
#else
    vpair inverse = pair_reciprocal(pair_times(pair_square((vpair){scale, v_set(0)}), b));
    return v_fma(square, inverse.hi, square * inverse.lo);
#endif
}

INLINE jet robust_ordinary_jet(vec x, vec scale, vec value, vec ev, vec curvature, mask needs_exact) {
    vec weight = ev * (v_set(1) / (scale * scale));
    return (jet){
        .value = value,
        .grad = x * weight,
        .hess = weight * curvature,
        .weight = weight,
        .needs_exact = needs_exact,
    };
}

/* Lanes whose w is not <= limit, as for NaN, or lost digits because x^2 is near the subnormals */
INLINE mask robust_extreme(vec x, vec w, vec limit) {
    mask extreme = v_not_le(w, limit);
#if FL_ARITH == 64

    extreme = m_or(extreme, m_and(v_lt(w, v_set(0x1p-500)), v_ne(x, v_set(0))));
#else
    (void)x;
#endif
    return extreme;
}

/* The largest w whose logarithm is ordinary, and 1 / (w scale^2) a weight that is not subnormal */
INLINE vec robust_log_limit(vec scale) {
    return v_min(v_set(LOG_ORDINARY / 2), v_set(FL_ARITH == 32 ? 0x1p120f : (real)0x1p1020) / (scale * scale));
}

/* The largest |u| and |v| for pair_exp_ordinary, and e^v / scale^2 as above */
INLINE vec robust_exponent_limit(vec scale) {
    if (FL_ARITH != 64) return v_set(EXP_ORDINARY);
    return v_set(EXP_ORDINARY) - v_max(v_set(0), v_set(2) * v_log(scale));
}

/* The largest w for which `exponent` times L is no more than `most` */
INLINE vec robust_exp_limit(vec exponent, vec most) { return v_expm1(v_min(most, most / exponent)); }

typedef struct {
    vec b, w;
    vpair log, u, v; /* L, alpha L / 2, (alpha - 2) L / 2 */
    mask needs_exact;
} robust_exponents;

INLINE robust_exponents robust_ordinary_exponents(vec x, vec alpha, vec scale) {
    vec half_alpha = ROBUST_HALF_ALPHA(alpha), half_s = ROBUST_HALF_S(alpha);
    robust_exponents e = {.b = v_abs(alpha - v_set(2))};
    e.w = robust_scaled_square(x, scale, e.b);
    e.log = pair_log1p_ordinary(e.w);
    e.u = pair_times(e.log, half_alpha);
    e.v = pair_times(e.log, half_s);
    vec limit = robust_exp_limit(v_max(v_abs(half_alpha), v_abs(half_s)), robust_exponent_limit(scale));
    e.needs_exact = robust_extreme(x, e.w, v_min(robust_log_limit(scale), limit));
    return e;
}

/* e^v = e^u / (1 + w): a division is cheaper than an exponential */
INLINE vec robust_ordinary_ev(robust_exponents e, exponentials u) { return u.exp / (v_set(1) + e.w); }

INLINE vec robust_ordinary_curvature(vec w, vec alpha) { return (v_set(1) + (alpha - v_set(1)) * w) / (v_set(1) + w); }

INLINE jet robust_general(vec x, const vec *p) {
    vec alpha = p[0], scale = p[1];
    robust_exponents e = robust_ordinary_exponents(x, alpha, scale);
    /* 2^n b / alpha is an addition to an exponent */
    vec factor = e.b / alpha;
    reduced_exp u = reduce_exp(e.u);
    vec power = times_power_of_2(u.shifted, factor), value = v_fma(power, u.p, power - factor);
    vec ev = robust_ordinary_ev(e, exp_of_reduced(u));
    return robust_ordinary_jet(x, scale, value, ev, robust_ordinary_curvature(e.w, alpha), e.needs_exact);
}

/* As robust_value_near_zero */
INLINE jet robust_near_zero(vec x, const vec *p) {
    vec alpha = p[0], scale = p[1];
    robust_exponents e = robust_ordinary_exponents(x, alpha, scale);
    exponentials u = pair_exp_ordinary(e.u);
    vec value = v_set((real)0.5) * e.b * pair_round(e.log) * robust_expm1_ratio(e.u, u.expm1);
    vec ev = robust_ordinary_ev(e, u);
    return robust_ordinary_jet(x, scale, value, ev, robust_ordinary_curvature(e.w, alpha), e.needs_exact);
}

/* As robust_value_near_two */
INLINE jet robust_near_two(vec x, const vec *p) {
    vec alpha = p[0], scale = p[1];
    robust_exponents e = robust_ordinary_exponents(x, alpha, scale);
    robust_log l = {.b = e.b, .z = robust_scaled_square(x, scale, v_set(1))};
    exponentials v = pair_exp_ordinary(e.v);
    vec value = robust_value_near_two(l, e.v, v.exp, v.expm1) * (v_set(1) / alpha);
    return robust_ordinary_jet(x, scale, value, v.exp, robust_ordinary_curvature(e.w, alpha), e.needs_exact);
}

/* alpha = 0, Cauchy's loss: log1p(z / 2) */
INLINE jet robust_0(vec x, const vec *p) {
    vec w = robust_scaled_square(x, p[1], v_set(2));
    return robust_ordinary_jet(x, p[1], pair_round(pair_log1p_ordinary(w)), v_set(1) / (v_set(1) + w),
                               robust_ordinary_curvature(w, v_set(0)), robust_extreme(x, w, robust_log_limit(p[1])));
}

/* As robust_infinite_terms */
INLINE jet robust_ordinary_infinite(vec x, vec scale, vec sign) {
    vec half_z = robust_scaled_square(x, scale, v_set(2));
    exponentials e = pair_exp_ordinary((vpair){sign * half_z, v_set(0)});
    return robust_ordinary_jet(x, scale, v_abs(e.expm1), e.exp, v_set(1) + v_set(2) * sign * half_z,
                               robust_extreme(x, half_z, robust_exponent_limit(scale)));
}

INLINE jet robust_minus_infinity(vec x, const vec *p) { return robust_ordinary_infinite(x, p[1], v_set(-1)); }
INLINE jet robust_plus_infinity(vec x, const vec *p) { return robust_ordinary_infinite(x, p[1], v_set(1)); }
