/* The general robust loss of float32 for one ordinary alpha and scale, computed in float32.
 *
 * The exponential turns the absolute error of its argument into a relative one. So all that leads to its reduced
 * argument r carries a low part, and one formula serves alpha close to 2 as well:
 *
 *   w = x^2 / (scale^2 b),  (1 + w) / 2^k = 1 + f,  L = k ln 2 + log1p(f)
 *   n + r = alpha L / (2 ln 2),        value  = F 2^n (2^r - 1) + (F 2^n - F),  F = b / alpha
 *   n + r = (alpha - 2) L / (2 ln 2),  weight = G 2^n (2^r - 1) + G 2^n,        G = 1 / scale^2
 *
 * F 2^n is an addition to the exponent of F: the factor costs neither a product nor a rounding. Lanes beyond the limits
 * have `needs_exact`.
 */

typedef struct {
    vpair inverse;           /* 1 / (scale^2 b) */
    vpair value_exponent;    /* alpha / (2 ln 2) */
    vpair weight_exponent;   /* (alpha - 2) / (2 ln 2) */
    vec value_factor;        /* F */
    vec weight_factor, rest; /* G, and its relative rounding error */
    vec low, high;           /* limits of x^2 */
} robust_constants;

INLINE robust_constants robust_float_constants(vec alpha, vec scale) {
    const vec zero = v_set(0), half = v_set(0.5f), farthest = v_set(60);
    const vpair half_log2e = {v_set(0.5f * LOG2E), v_set(0.5f * LOG2E_LO)};
    vpair s = two_sum(alpha, v_set(-2)), b = pair_times(s, v_copysign(v_set(1), s.hi));
    vpair square = pair_square((vpair){scale, zero}), scaled = pair_product(square, b);
    vpair factor = pair_product(pair_reciprocal((vpair){alpha, zero}), b), weight = pair_reciprocal(square);
    /* |u| and |v| up to `farthest` leave every intermediate result and the weight normal */
    vec exponent = half * v_max(v_abs(alpha), v_abs(s.hi));
    vec largest = v_expm1(v_min(farthest, farthest / exponent));
    return (robust_constants){
        .inverse = pair_reciprocal(scaled),
        .value_exponent = pair_times(half_log2e, alpha),
        .weight_exponent = pair_product(half_log2e, s),
        .value_factor = pair_round(factor),
        .weight_factor = weight.hi,
        .rest = weight.lo / weight.hi,
        .low = v_max(v_set(0x1p-98f), v_set(0x1p-80f) * scaled.hi),
        .high = v_min(v_set(0x1p100f), largest * scaled.hi),
    };
}

/* log1p(w), to an absolute error of about 2^-26 */
INLINE vpair robust_float_log1p(vpair w) {
    const real c[] = {LOG_EXACT_POLYNOMIAL};
    const vec one = v_set(1);
    /* f from -1/4: up to k = 24 it has no rounding error */
    log_exponent e = split_exponent(one + w.hi, 0.75f);
    vec power = (vec)((uvec)one - e.shift);
    vec f = v_fma(w.hi, power, power - one), f_lo = w.lo * power;
    vec s = f / (v_set(2) + f), z = s * s;
    vec tail = v_fma(v_fma(v_set(c[2]), z, v_set(c[1])), z, v_set(c[0]));
    /* log1p(f) = f - s (f - z tail) */
    vec correction = v_fma(-s, v_fma(-z, tail, f), e.k * v_set(LN2_LO)) + v_fma(-f_lo, f, f_lo);
    vpair leading = pair_sum(e.k * v_set(LN2_HI), f);
    return (vpair){leading.hi, leading.lo + correction};
}

/* factor 2^n and 2^r - 1, n + r = log times `exponent` and |r| <= 1/2 */
typedef struct {
    vec power, expm1;
} robust_float_power;

INLINE robust_float_power robust_float_exp(vpair log, vpair exponent, vec factor) {
    const vec round = v_set(1.5f * 0x1p23f);
    const real c[] = {EXP2M1_POLYNOMIAL};
    vpair e = pair_product(log, exponent);
    vec shifted = pair_round(e) + round, r = (e.hi - (shifted - round)) + e.lo, q = v_set(c[4]);
    for (int k = 3; k >= 0; k--) q = v_fma(q, r, v_set(c[k]));
    return (robust_float_power){
        .power = times_power_of_2(shifted, factor),
        .expm1 = v_fma(r, v_set(LN2_HI + LN2_LO), r * r * q),
    };
}

INLINE jet robust_float(vec x, const vec *p) {
    robust_constants c = robust_float_constants(p[0], p[1]);
    vec square = x * x;
    vpair w = square_times(x, c.inverse), log = robust_float_log1p(w);
    robust_float_power u = robust_float_exp(log, c.value_exponent, c.value_factor);
    robust_float_power v = robust_float_exp(log, c.weight_exponent, c.weight_factor);
    vec weight = v_fma(v.power, v.expm1 + c.rest, v.power);
    return (jet){
        .value = v_fma(u.power, u.expm1, u.power - c.value_factor),
        .grad = x * weight,
        .hess = weight * robust_ordinary_curvature(w.hi, p[0]),
        .weight = weight,
        .needs_exact = m_or(v_not_le(square, c.high), m_and(v_lt(square, c.low), v_ne(x, v_set(0)))),
    };
}
