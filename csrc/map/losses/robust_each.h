/* The general robust loss of float32 with an alpha and a scale per element, computed in float32.
 *
 *   s = alpha / 2,  w = x^2 / (scale^2 b),  1 + w = 2^k (1 + f),  l = log1p(f)
 *   s (k ln 2 + l) = n ln 2 + r,        value  = F 2^n expm1(r) + (F 2^n - F),  F = b / alpha
 *   (s - 1) (k ln 2 + l) = n ln 2 + r,  weight = G 2^n expm1(r) + G 2^n,        G = 1 / scale^2
 *
 * s k - n has no rounding error, and l is small: so r needs no low part. w has one, since the weight may take more than
 * its square. What F and G lost by rounding is added. Lanes beyond the limits have `needs_exact`.
 */

/* alpha, but never so close to 0 that b / alpha overflows: the loss is the same there */
INLINE vec robust_nonzero(vec alpha) {
    vec size = v_max(v_abs(alpha), v_set(0x1p-40f));
    return (vec)((uvec)size | ((uvec)alpha & (uvec)v_set(-0.0f)));
}

typedef struct {
    vpair b, square, w; /* |alpha - 2|, scale^2 */
    vec b_inverse;
    mask needs_exact;
} robust_element;

/* The square of a number, exactly */
INLINE vpair exact_square(vec x) {
    vec square = x * x;
    return (vpair){square, product_error(x, x, square)};
}

INLINE robust_element robust_element_of(vec x, vec alpha, vec scale) {
    const vec two = v_set(2);
    vec difference = two - alpha; /* exact above 2 */
    vpair b = {v_abs(difference), (two - difference) - alpha};
    vpair square = exact_square(scale), z = exact_square(x), divisor = pair_product(square, b);
    vec inverse = v_set(1) / divisor.hi, w = z.hi * inverse;
    vec rest = v_fma(-w, divisor.hi, z.hi) + v_fma(-w, divisor.lo, z.lo);
    /* written without conjunctions, so that each is one comparison; b = 0 makes w infinite or NaN */
    mask far = m_or(v_not_le(v_abs(alpha), v_set(2.5f)), v_not_le(w, v_set(0x1p38f)));
    mask extreme = m_or(v_not_le(v_set(0x1p-16f), scale), v_not_le(scale, v_set(0x1p16f)));
    mask tiny = m_and(v_lt(z.hi, v_set(0x1p-80f)), v_ne(x, v_set(0)));
    return (robust_element){b, square, {w, rest * inverse}, inverse * square.hi, m_or(m_or(far, extreme), tiny)};
}

/* k and l of 1 + w */
typedef struct {
    vec k, l;
} robust_log2;

INLINE robust_log2 robust_log2_of(vpair w) {
    const real c[] = {LOG_EXACT_POLYNOMIAL};
    log_exponent e = split_exponent(v_set(1) + w.hi, 0.75f);
    vec power = (vec)((uvec)v_set(1) - e.shift);
    vec f = v_fma(w.hi, power, power - v_set(1));
    vec z = f / (v_set(2) + f), square = z * z;
    vec tail = v_fma(v_fma(v_set(c[2]), square, v_set(c[1])), square, v_set(c[0]));
    vec lost = w.lo * power; /* of f; 1 / (1 + f) is nearly 1 - 2 z */
    return (robust_log2){e.k, f + v_fma(-z, v_fma(-square, tail, f) + (lost + lost), lost)};
}

/* factor 2^n and expm1(r) for n ln 2 + r = (s - less) (k ln 2 + l), less = 0 or 1 */
INLINE robust_float_power robust_each_power(robust_log2 log, vec s, int less, vec factor) {
    const vec round = v_set(1.5f * 0x1p23f);
    vec shifted = v_fma(less ? s - v_set(1) : s, v_fma(log.l, v_set(LOG2E), log.k), round), n = shifted - round;
    vec whole = v_fma(s, log.k, less ? -(log.k + n) : -n);
    vec r = v_fma(whole, v_set(LN2_HI + LN2_LO), less ? v_fma(s, log.l, -log.l) : s * log.l);
    return (robust_float_power){times_power_of_2(shifted, factor), expm1_reduced(r)};
}

INLINE jet robust_each(vec x, const vec *p) {
    vec alpha = robust_nonzero(p[0]), s = v_set(0.5f) * alpha;
    robust_element e = robust_element_of(x, alpha, p[1]);
    robust_log2 log = robust_log2_of(e.w);
    vec f = e.b.hi / alpha, f_lost = (v_fma(-f, alpha, e.b.hi) + e.b.lo) * e.b_inverse;
    vec g = v_set(1) / e.square.hi, g_lost = v_fma(-g, e.square.lo, v_fma(-g, e.square.hi, v_set(1)));
    robust_float_power u = robust_each_power(log, s, 0, f), v = robust_each_power(log, s, 1, g);
    vec value = v_fma(u.power, u.expm1, u.power - f), weight = v_fma(v.power, v.expm1 + g_lost, v.power);
    return (jet){
        .value = v_fma(value, f_lost, value),
        .grad = x * weight,
        .hess = weight * robust_ordinary_curvature(e.w.hi, alpha),
        .weight = weight,
        .needs_exact = e.needs_exact,
    };
}
