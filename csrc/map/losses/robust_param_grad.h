/* Derivatives of the general robust loss with respect to alpha and scale, in the notation of robust.h:
 *
 *   d/dscale = -(z / scale) e^v
 *   d/dalpha = (L^2 / 2) e^u |g(u) - g(L)|, g(t) = (t - 1 + e^-t) / t^2 = 1/2! - t/3! + t^2/4! - ...
 *
 * The difference cancels when u is close to L (alpha near 2) and when both are small: there the same quantity is
 * written without a difference of nearly equal terms.
 */

#define ROBUST_TAYLOR_TERMS 19     /* 1 / 21! is below 2^-53 */
#define ROBUST_DIFFERENCE_REACH 2  /* |L|, |u| up to which g(u) - g(L) is a series: beyond, few digits cancel */
#define ROBUST_DIFFERENCE_TERMS 25 /* 25 2^24 / 27! is below 2^-53 */

/* g(t), given decay = e^-t */
INLINE vec alpha_g(vec t, vec decay) {
    const vec one = v_set(1);
    real c = 1;
    for (int k = 2; k <= ROBUST_TAYLOR_TERMS + 2; k++) c /= (real)k;
    vec series = v_set(c);
    for (int k = ROBUST_TAYLOR_TERMS; k > 0; k--) {
        c *= (real)(k + 2);
        series = v_fma(series, -t, v_set(c));
    }
    return v_select(v_lt(v_abs(t), one), series, (t - one + decay) / (t * t));
}

/* d/dalpha by its formula, given half = e^(u/2): e^u may overflow, and so may e^-u for negative u */
INLINE vec alpha_grad_far(robust_log l, vec u, vec half) {
    const vec zero = v_set(0), one = v_set(1);
    vec log = l.log.hi, e = half * half;
    vec g_log = alpha_g(log, v_select(l.huge, zero, one / (one + l.w)));
    vec rising = half * (half * (log * log * v_abs(alpha_g(u, one / half / half) - g_log)));
    vec falling = log * log * v_abs((v_fma(u, e, -e) + one) / (u * u) - e * g_log);
    return v_set((real)0.5) * v_select(v_le(u, -one), falling, rising);
}

/* The same for |L|, |u| <= ROBUST_DIFFERENCE_REACH by the series of the divided difference (g(u) - g(L)) / (u - L):
 * b (L^3 / 4) e^u sum_{j >= 1} (-1)^(j+1) h_{j-1}(L, u) / (j+2)!, h_k complete homogeneous polynomials of degree k */
INLINE vec alpha_grad_small(vec b, vec log, vec u, vec e) {
    vec h = v_set(1), power = v_set(1), sum = v_set(0);
    real c = (real)1 / 6;
    for (int j = 1; j <= ROBUST_DIFFERENCE_TERMS; j++) {
        sum = v_fma(h, v_set(c), sum);
        power *= u;
        h = v_fma(h, log, power);
        c /= -(real)(j + 3);
    }
    return v_set((real)0.25) * b * log * log * log * e * sum;
}

/* |expm1(v)| / 2 + ((b + z) e^v L / alpha - ((2 + alpha) / alpha^2) ((b + z) e^v - b)) / 2, for b <= 1/2 and L > 1:
 * the derivative of (b / alpha) ((1 + w) e^v - 1) with the two terms in w that cancel at alpha = 2 taken out */
INLINE vec alpha_grad_near_two(robust_log l, vec alpha, robust_exponential e) {
    vec sum = (l.b + l.z) * e.exp;
    vec difference = sum * l.log.hi / alpha - (v_set(2) + alpha) / (alpha * alpha) * (sum - l.b);
    return v_set((real)0.5) * (v_abs(e.expm1) + difference);
}

INLINE jet robust_param_grad(vec x, const vec *p) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    /* at alpha = 2 the derivative is a logarithmic infinity: take it at the nearest smaller alpha of the data's type */
    const vec below_two = v_set(sizeof(stored) == 4 ? (real)(2 - 0x1p-23) : (real)(2 - 0x1p-52));
    robust_residual s = robust_split(x, p[1]);
    mask infinite = v_le(v_set(ROBUST_INFINITE), v_abs(p[0])), quadratic = v_eq(p[0], two);
    vec alpha = v_select(quadratic, below_two, v_select(infinite, one, p[0]));

    robust_log l = robust_logarithm(s, alpha);
    vec log = l.log.hi;
    vpair u = pair_times(l.log, ROBUST_HALF_ALPHA(alpha));
    robust_exponential ev = robust_exp(pair_times(l.log, ROBUST_HALF_S(alpha)));
    vec half = pair_exp(pair_times(u, v_set((real)0.5))).exp;
    vec far = alpha_grad_far(l, u.hi, half);
    mask close = m_and(m_not(l.huge), m_and(v_le(l.b, v_set((real)ROBUST_NEAR_TWO)), v_lt(one, log)));
    vec near = v_select(close, alpha_grad_near_two(l, alpha, ev), far);
    const vec reach = v_set(ROBUST_DIFFERENCE_REACH);
    mask small = m_and(v_le(log, reach), v_le(v_abs(u.hi), reach));
    vec d_alpha = v_select(small, alpha_grad_small(l.b, log, u.hi, half * half), near);
    vec limit_alpha = v_select(v_lt(alpha, zero), two / (alpha * alpha), v_set(INFINITE));

    robust_terms t = {.ev = v_select(quadratic, one, ev.exp), .down = v_select(quadratic, one, ev.down)};
    robust_limits(&t, p[0], zero);
    t = robust_select(infinite, robust_infinite_terms(s, v_copysign(one, p[0])), t);
    vec scaled_grad = v_select(s.is_infinite, t.grad_limit, s.r.hi * t.down * t.ev);
    vec limit_scale = v_select(v_lt(p[0], zero), zero, v_select(v_eq(p[0], zero), two, v_set(INFINITE)));
    return (jet){.param_grad = {
                     v_select(infinite, zero, v_select(s.is_infinite, limit_alpha, d_alpha)),
                     -v_quotient(v_select(s.is_infinite, limit_scale, s.r.hi * scaled_grad), s.scale),
                 }};
}
