/* Losses of a residual in units of a scale c that are no polynomials, written in z = (r / c)^2: most of them are c^2
 * times a function of z. Sources: the paper named at a loss, else P. W. Holland and R. E. Welsch, "Robust Regression
 * Using Iteratively Reweighted Least-Squares", 1977. */

#define SCALED_CAP (FL_ARITH == 32 ? (real)0x1p60 : (real)0x1p500)

typedef struct {
    vec x;            /* the residual, clamped to where the square of x / c is finite */
    vpair r, z;       /* |x / c| and its square */
    mask beyond;      /* where x is clamped */
    mask is_infinite; /* where the residual is infinite */
} scaled_residual;

INLINE scaled_residual divide_residual(vec x, vec c) {
    scaled_residual s = {.x = x, .r = pair_quotient((vpair){v_abs(x), v_set(0)}, v_divisor(c))};
    s.z = pair_square(s.r);
    return s;
}

INLINE scaled_residual scale_residual(vec x, vec c) {
    const vec largest = v_set(LARGEST_STORED);
    vec farthest = v_min(largest, c * v_set(SCALED_CAP));
    scaled_residual s = divide_residual(v_max(-farthest, v_min(farthest, x)), c);
    s.beyond = v_lt(farthest, v_abs(x)), s.is_infinite = v_lt(largest, v_abs(x));
    return s;
}

/* The jet of (c^2 / 2) f(z): weight = f'(z), and curvature = hess / weight */
INLINE jet scaled_jet(scaled_residual s, vec value, vec weight, vec curvature) {
    return (jet){.value = value, .grad = s.x * weight, .hess = weight * curvature, .weight = weight};
}

/* factor c^2 f, where c^2 may overflow or underflow and the product does not; for c from 2^-90 on in float32 */
INLINE vec times_square(real factor, vpair c, vpair f) {
    const real far = FL_ARITH == 32 ? 0x1p60f : 0x1p500, least = FL_ARITH == 32 ? 0x1p-66f : 0x1p-516;
    vec up = v_select(v_lt(c.hi, v_set(1 / far)), v_set(far), v_select(v_lt(v_set(far), c.hi), v_set(least), v_set(1)));
    vec down = v_set(1) / up;
    vpair square = pair_times(pair_square((vpair){c.hi * up, c.lo * up}), v_set(factor));
    return v_fma(square.hi, f.hi, v_fma(square.hi, f.lo, square.lo * f.hi)) * down * down;
}

/* The value factor c^2 f(z) of a loss that is x^2 / 2 for tiny residuals: as that, where z might be subnormal and the
 * value is not */
INLINE vec scaled_value(scaled_residual s, real factor, vec c, vpair f) {
    vec value = times_square(factor, (vpair){c, v_set(0)}, f);
#if FL_ARITH == 3264
    (void)s;
    return value; /* no float32 leads there */
#else
    mask tiny = v_lt(s.z.hi, v_set(FL_ARITH == 32 ? (real)0x1p-60 : (real)0x1p-120));
    return v_select(tiny, v_set((real)0.5) * s.x * s.x, value);
#endif
}

/* The gradient of a loss that is x^2 / 2 for tiny residuals: x, where x / c might be subnormal */
INLINE vec scaled_grad(scaled_residual s, vec grad) {
    if (FL_ARITH == 3264) return grad;
    return v_select(v_lt(s.r.hi, v_set(FL_ARITH == 32 ? (real)0x1p-120 : (real)0x1p-1000)), s.x, grad);
}

INLINE vec infinite_if(mask is_infinite, vec value) { return v_select(is_infinite, v_set(INFINITE), value); }

/* The jet of a FLOAT32 variant of a loss without bound: lanes where scale_residual clamps x need the exact body. */
INLINE jet exact_beyond_cap(jet j, vec x, vec c) {
    j.needs_exact = v_not_lt(v_abs(x), v_min(c * v_set(SCALED_CAP), v_set(LARGEST)));
    return j;
}

/* x e^y, given e^y times RAISE: e^y may be subnormal where the product is not */
INLINE vec times_raised(vec x, vec raised) {
    const vec one = v_set(1), unraise = v_set(1 / RAISE);
    mask far = v_lt(raised, one);
    return v_select(far, unraise, one) * (x * v_select(far, raised, raised * unraise));
}

/* ---- convex ---------------------------------------------------------------------------------------------------- */

/* Charbonnier et al. (1994): c^2 (sqrt(1 + z) - 1) */
INLINE jet pseudo_huber(vec x, const vec *p) {
    const vec one = v_set(1);
    scaled_residual s = scale_residual(x, p[0]);
    vec whole = v_quotient(v_abs(x), v_divisor(p[0])); /* |x / c|, which is the root where s.r is clamped */
    mask capped = v_lt(v_set(SCALED_CAP), whole), overflows = v_lt(v_set(LARGEST), whole);
    vpair square = pair_one_plus(s.z);
    vec root = v_select(capped, whole, v_sqrt(square.hi)), inverse = one / root;
    vec value = v_abs(x) * v_select(capped, p[0], v_abs(x) / (root + one));
    jet j = scaled_jet(s, value, inverse, pair_round(pair_reciprocal(square)));
    j.grad = scaled_grad(s, v_copysign(p[0] * v_select(capped, one, s.r.hi * inverse), x));
    j.weight = v_select(overflows, p[0], one) / v_select(overflows, v_abs(x), root);
    return j;
}

/* log cosh r = log1p(cosh r - 1) up to |r| = 0.7; beyond |r| - ln 2 + log1p(e^(-2 |r|)), which does not cancel there */
INLINE jet log_cosh(vec x, const vec *p) {
    (void)p;
    const vec one = v_set(1), two = v_set(2);
    real series[8] = {(real)(1 / 12.0)}; /* 2 / (2 k + 4)!: cosh a - 1 = a^2 / 2 (1 + a^2 / 12 + ...) */
    for (int k = 1; k < 8; k++) series[k] = series[k - 1] / (real)((2 * k + 3) * (2 * k + 4));
    vec a = v_abs(x), square = a * a, half = v_set((real)0.5) * square;
    mask small = v_lt(a, v_set((real)0.7));
    vec cosh_1 = v_fma(half * square, v_polynomial(series, FL_ARITH == 64 ? 8 : 4, square), half);
    exponentials e = pair_exp_bounded((vpair){-two * a, v_set(0)});
    vec log = v_log1p_unit(v_select(small, cosh_1, e.exp));
    vec tanh = -e.expm1 / (two + e.expm1);
    return (jet){
        .value = v_select(small, log, (a - v_set(LN2_HI)) + (log - v_set(LN2_LO))),
        .grad = v_copysign(tanh, x),
        .hess = v_set(4) * e.exp / square_one_plus(e.exp),
        .weight = v_select(v_eq(a, v_set(0)), one, tanh / a),
    };
}

/* Fair (1974): c^2 (|r / c| - log1p |r / c|) */
INLINE jet fair(vec x, const vec *p) {
    scaled_residual s = scale_residual(x, p[0]);
    vec weight = pair_round(pair_reciprocal(pair_one_plus(s.r)));
    vec value =
        v_select(s.beyond, p[0] * v_abs(x), scaled_value(s, 1, p[0], (vpair){v_log1p_remainder(s.r), v_set(0)}));
    jet j = scaled_jet(s, value, weight, weight);
    j.grad = scaled_grad(s, v_copysign(p[0] * (s.r.hi * weight), x));
    if (m_any(s.beyond)) {
        vec share = p[0] / v_abs(x);
        j.weight = v_select(s.beyond, share, j.weight);
        j.hess = v_select(s.beyond, share * share, j.hess);
    }
    return j;
}

INLINE jet fair_float(vec x, const vec *p) { return exact_beyond_cap(fair(x, p), x, p[0]); }

/* ---- redescending ---------------------------------------------------------------------------------------------- */

/* A residual of a loss that goes as log(z): s.x 2^k, where k = 0 but for residuals beyond `farthest`, whose z may
 * overflow. There 1 + z is z. */
typedef struct {
    scaled_residual s;
    vec k;
} reduced_residual;

INLINE reduced_residual reduce_residual(vec x, vec c, vec farthest) {
    const uvec one = (uvec)v_set(1), exponent = (uvec)v_set(INFINITE), lowest = (uvec)v_set(2) - one;
    const vec magic = v_set((real)(1LL << MANTISSA_BITS));
    mask beyond = v_lt(farthest, v_abs(x));
    uvec shift = ((uvec)x & exponent) - ((uvec)farthest & exponent) + lowest;
    shift = (uvec)v_select(beyond, (vec)shift, v_set(0));
    reduced_residual r = {.s = divide_residual((vec)((uvec)x - shift), c)};
    r.s.beyond = beyond, r.s.is_infinite = v_lt(v_set(LARGEST), v_abs(x));
    r.k = (vec)((shift >> MANTISSA_BITS) | (uvec)magic) - magic;
    return r;
}

/* log1p(z), given that of s.x */
INLINE vec unreduced_log(reduced_residual r, vec log) { return v_fma(r.k, v_set(2 * (LN2_HI + LN2_LO)), log); }

/* (c^2 / 2) log1p(z) */
INLINE jet cauchy(vec x, const vec *p) {
    const vec one = v_set(1);
    reduced_residual r = reduce_residual(x, p[0], v_min(v_set(LARGEST_STORED), p[0] * v_set(SCALED_CAP)));
    vec z = pair_round(r.s.z), weight = one / (one + z);
    vpair log = pair_log1p_ordinary(z);
    log.hi = unreduced_log(r, log.hi);
    vec value = infinite_if(r.s.is_infinite, scaled_value(r.s, (real)0.5, p[0], log));
    jet j = scaled_jet(r.s, value, weight, (one - z) * weight);
    if (m_any(r.s.beyond)) { /* log(z) has come in the place of log1p(z) */
        vec share = p[0] / v_abs(x);
        j.grad = v_select(r.s.beyond, v_copysign(p[0] * share, x), j.grad);
        j.weight = v_select(r.s.beyond, share * share, j.weight);
        j.hess = v_select(r.s.beyond, -share * share, j.hess);
    }
    return j;
}

/* w = x^2 / (c^2 df) and the two functions of it that Cauchy's and Student's losses are made of, for c and df whose
 * squares are in range */
typedef struct {
    vpair w, log, q;  /* w, log1p(w), 1 / (1 + w) */
    mask needs_exact; /* 1 / (c^2 + c^2 w) may be subnormal */
} heavy_tail;

INLINE heavy_tail heavy_tail_of(vec x, vpair inverse) {
    vpair w = square_times(x, inverse);
    return (heavy_tail){
        .w = w,
        .log = pair_log1p_ordinary(pair_round(w)),
        .q = pair_reciprocal(pair_one_plus(w)),
        .needs_exact = v_not_le(w.hi, v_set(0x1p60f)),
    };
}

/* The jet of a weight factor q, whose curvature is 2 q - 1 */
INLINE jet heavy_tail_jet(heavy_tail t, vec x, vec value, vpair factor) {
    const vec one = v_set(1), two = v_set(2);
    vec weight = pair_scale(factor, pair_round(t.q));
    return (jet){
        .value = value,
        .grad = x * weight,
        .hess = weight * v_fma(two, t.q.lo, v_fma(two, t.q.hi, -one)),
        .weight = weight,
        .needs_exact = t.needs_exact,
    };
}

/* The same for c from 2^-30 to 2^30 */
INLINE jet cauchy_float(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), zero = v_set(0);
    vpair square = pair_square((vpair){p[0], zero}), factor = pair_times(square, half);
    heavy_tail t = heavy_tail_of(x, pair_reciprocal(square));
    vec value = v_fma(factor.hi, t.log.hi, v_fma(factor.hi, t.log.lo, factor.lo * t.log.hi));
    mask tiny = v_lt(t.w.hi, v_set(0x1p-60f)); /* the square of x may be subnormal */
    return heavy_tail_jet(t, x, v_select(tiny, half * x * x, value), (vpair){one, zero});
}

/* Geman and McClure (1985): (c^2 / 2) z / (1 + z) */
INLINE jet geman_mcclure(vec x, const vec *p) {
    const vec one = v_set(1);
    scaled_residual s = scale_residual(x, p[0]);
    vec z = s.z.hi, q = pair_round(pair_reciprocal(pair_one_plus(s.z)));
    vec value = scaled_value(s, (real)0.5, p[0], (vpair){pair_scale(s.z, q), v_set(0)});
    jet j = scaled_jet(s, value, q * q, (one - v_set(3) * z) * q);
    j.grad = s.x * q * q; /* the weight underflows first */
    return j;
}

/* Dennis and Welsch (1978): (c^2 / 2) (1 - e^-z) */
INLINE jet welsch(vec x, const vec *p) {
    const vec one = v_set(1), unraise = v_set(1 / RAISE);
    scaled_residual s = scale_residual(x, p[0]);
    raised_exp e = raise_exp((vpair){-s.z.hi, -s.z.lo});
    vec raised = v_fma(e.raised, e.p, e.raised), power = e.raised * unraise, weight = raised * unraise;
    return (jet){
        .value = scaled_value(s, (real)0.5, p[0], (vpair){(one - power) - power * e.p, v_set(0)}),
        .grad = times_raised(s.x, raised),
        .hess = times_raised(one - v_set(2) * s.z.hi, raised),
        .weight = weight,
    };
}

/* Beaton and Tukey (1974): (c^2 / 6) (1 - t^3) = x^2 (1 + t + t^2) / 6, t = 1 - (x / c)^2 up to |x| = c, beyond it as
 * at c. t is (c^2 - x^2) / c^2 in pairs, since c^2 - x^2 cancels; `scale`, a power of 2, keeps the squares in range. */
INLINE jet tukey_scaled(vec x, vec c, vec scale) {
    const vec zero = v_set(0), one = v_set(1), two = v_set(2);
    const vpair sixth = pair_reciprocal((vpair){v_set(6), zero});
    vec inside = v_max(-c, v_min(c, x)), y = inside * scale, unscale = one / scale; /* a NaN stays */
    vec square = y * y, square_lo = product_error(y, y, square);
    vpair bound = pair_square((vpair){c * scale, zero});
    vec gap = bound.hi - square, lost = ((bound.hi - gap) - square) + (bound.lo - square_lo);
    vpair t = pair_product((vpair){gap, lost}, pair_reciprocal(bound)), exact = pair_sum(t.hi, t.lo);
    vec weight = pair_round(pair_square(exact));
    /* sum = 1 + t + t^2 */
    vec head = one + t.hi, sum = v_fma(t.hi, t.hi, head);
    vec rest = v_fma(t.hi, t.hi, head - sum) + v_fma(t.lo, v_fma(two, t.hi, one), t.hi - (head - one));
    vec factor = v_fma(sum, sixth.hi, v_fma(sum, sixth.lo, rest * sixth.hi));
    return (jet){
        .value = v_fma(square, factor, square_lo * factor) * unscale * unscale,
        .grad = inside * weight,
        .hess = exact.hi * (v_fma(v_set(5), exact.hi, v_set(-4)) + v_set(5) * exact.lo) + zero, /* not -0 */
        .weight = weight,
    };
}

INLINE jet tukey(vec x, const vec *p) {
    vec tiny = v_set(FL_ARITH == 64 ? 0x1p-450 : 0), huge = v_set(FL_ARITH == 64 ? (real)0x1p450 : INFINITE);
    vec up = v_set(FL_ARITH == 64 ? 0x1p900 : 1), down = v_set(FL_ARITH == 64 ? 0x1p-520 : 1);
    jet j = tukey_scaled(x, p[0], v_select(v_lt(p[0], tiny), up, v_select(v_lt(huge, p[0]), down, v_set(1))));
    if (FL_ARITH == 64) /* the square times `down` may underflow */
        j.value = v_select(v_lt(v_abs(x), p[0] * v_set(0x1p-100f)), v_set((real)0.5) * x * x, j.value);
    return j;
}

INLINE jet tukey_float(vec x, const vec *p) { return tukey_scaled(x, p[0], v_set(1)); }

/* (c^2 / 2) atan(z) */
INLINE jet arctan(vec x, const vec *p) {
    scaled_residual s = scale_residual(x, p[0]);
    mask huge = v_lt(v_set(SCALED_CAP), s.z.hi); /* the square overflows */
    vec value = scaled_value(s, (real)0.5, p[0], pair_atan(s.z.hi));
    vec weight = v_select(huge, v_set(0), pair_round(pair_reciprocal(pair_one_plus(pair_square(s.z)))));
    return scaled_jet(s, value, weight, v_fma(v_set(4), weight, v_set(-3)));
}

/* Beyond |x| = 2^29 c the weight 1 / (1 + z^2) would lose digits, since z^2 overflows before it is 0. */
INLINE jet arctan_float(vec x, const vec *p) {
    jet j = arctan(x, p);
    j.needs_exact = v_not_lt(v_abs(x), p[0] * v_set(0x1p29f));
    return j;
}

/* Andrews et al. (1972): c^2 (1 - cos(r / c)) up to pi c, from the sine and cosine of half the angle */
INLINE jet andrews(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), two = v_set(2), zero = v_set(0);
    scaled_residual s = scale_residual(x, p[0]);
    vec hi = half * s.r.hi, lo = half * s.r.lo;
    mask high = v_lt(v_set(HALF_PI_HI / 2), hi);
    vpair y = {v_select(high, v_set(HALF_PI_HI) - hi, hi), v_select(high, v_set(HALF_PI_LO) - lo, lo)};
    mask outside = v_lt(pair_round(y), zero);
    y.hi = v_max(y.hi, zero);
    vec sine = pair_sin_reduced(y), cosine = pair_cos_reduced(y);
    vec s_half = v_select(high, cosine, sine), c_half = v_select(high, sine, cosine), product = s_half * c_half;
    return (jet){
        .value = scaled_value(s, 2, p[0], (vpair){v_select(outside, one, s_half * s_half), zero}),
        .grad = scaled_grad(s, v_copysign(v_select(outside, zero, two * p[0] * product), x)),
        .hess = v_select(outside, zero, (c_half - s_half) * (c_half + s_half)),
        .weight = v_select(outside, zero, v_select(v_eq(hi, zero), one, product / hi)),
    };
}

/* Ramsay (1977): (1 - e^-t (1 + t)) / a^2, t = a |r|; up to t = 2, where that cancels, e^-t (e^t - 1 - t) / a^2 by the
 * series of e^t - 1 - t */
INLINE jet ramsay(vec x, const vec *p) {
    const vec one = v_set(1), two = v_set(2);
    /* 1 / (k + 2)!, written out: the compiler would compute so long a loop at every call */
    const real series[] = {(real)(1 / 2.0),
                           (real)(1 / 6.0),
                           (real)(1 / 24.0),
                           (real)(1 / 120.0),
                           (real)(1 / 720.0),
                           (real)(1 / 5040.0),
                           (real)(1 / 40320.0),
                           (real)(1 / 362880.0),
                           (real)(1 / 3628800.0),
                           (real)(1 / 39916800.0),
                           (real)(1 / 479001600.0),
                           (real)(1 / 6227020800.0),
                           (real)(1 / 87178291200.0),
                           (real)(1 / 1307674368000.0),
                           (real)(1 / 20922789888000.0),
                           (real)(1 / 355687428096000.0),
                           (real)(1 / 6402373705728000.0),
                           (real)(1 / 121645100408832000.0),
                           (real)(1 / 2432902008176640000.0),
                           (real)(1 / 51090942171709440000.0),
                           (real)(1 / 1124000727777607680000.0),
                           (real)(1 / 25852016738884976640000.0)};
    vec a = v_min(v_abs(x), v_set(LARGEST_STORED));
    vpair pair = pair_times((vpair){a, v_set(0)}, p[0]);
    raised_exp power = raise_exp((vpair){-pair.hi, -pair.lo});
    vec raised = v_fma(power.raised, power.p, power.raised), unraise = v_set(1 / RAISE);
    vec t = v_min(pair.hi, v_set(1000)), e = raised * unraise;
    vec excess = a * v_polynomial(series, FL_ARITH == 64 ? 22 : 12, t);
    vpair inverse = pair_reciprocal((vpair){p[0], v_set(0)});
    /* half of the value: 2^n excess may overflow where the value does not */
    vec product = v_min(v_set(LARGEST), a * (v_set((real)0.5) * power.raised * unraise) * excess);
    vec small = two * v_fma(product, power.p, product),
        value = v_select(v_lt(t, two), small, times_square(1, inverse, (vpair){one, -v_fma(e, t, e)}));
    return (jet){
        .value = value,
        .grad = v_copysign(times_raised(a, raised), x),
        .hess = times_raised(one - t, raised),
        .weight = e,
    };
}

/* ---- others ---------------------------------------------------------------------------------------------------- */

/* (b / 2) (log1p(e^s) - log1p(e^s0)), s0 = -a / b, s = s0 + q, q = r^2 / b. The difference is log1p(w) with
 * w = sigmoid(s0) expm1(q) = (e^s - e^s0) / (1 + e^s0), and for s > 0 it is s + log1p(e^-s) - log1p(e^s0). */
INLINE jet tolerant(vec x, const vec *p) {
    const vec one = v_set(1), two = v_set(2), zero = v_set(0);
    vec largest = v_set((real)0x1p511), r = v_max(-largest, v_min(largest, x));
    divisor over_b = v_divisor(p[1]);
    vpair q = pair_quotient(pair_square((vpair){r, zero}), over_b), s0 = pair_quotient((vpair){-p[0], zero}, over_b);
    vec cap = v_set((real)0x1p1000);
    mask ordinary = v_le(q.hi, cap); /* an overflow leaves NaN */
    q = (vpair){v_select(ordinary, q.hi, cap), v_select(ordinary, q.lo, zero)};
    vpair s = two_sum(s0.hi, q.hi);
    s.lo += s0.lo + q.lo;
    mask small = v_lt(q.hi, one), negative = v_lt(s.hi, zero);
    mask is_far = v_lt(v_set(80), s.hi); /* where e^-s is lost in the sums that it is added to */
    vpair falling = {v_select(is_far, v_set(-80), -v_abs(s.hi)),
                     v_select(is_far, zero, v_select(negative, s.lo, -s.lo))};
    exponentials e = pair_exp_bounded((vpair){v_select(small, q.hi, falling.hi), v_select(small, q.lo, falling.lo)});
    /* of the parameters alone */
    vpair first = pair_exp_unit(s0), share = pair_reciprocal(pair_one_plus(first)), least = pair_product(first, share);
    vec base = v_log1p_unit(first.hi);
    vec w = v_select(small, pair_scale(least, e.expm1),
                     v_select(negative, pair_scale(share, (e.exp - first.hi) - first.lo), e.exp));
    vec sum = one + v_select(small, w, e.exp);
    vec sigmoid = v_select(small, least.hi + (w + least.lo), v_select(negative, e.exp, one)) / sum;
    vec rest = v_select(small, share.hi, v_select(negative, one, v_select(is_far, zero, e.exp))) / sum;
    vec excess = v_select(m_or(small, negative), zero, (s.hi - base) + s.lo) + v_log1p_unit(w);
    vec far = v_max(zero, v_fma(x, x, -p[0])), value = v_select(ordinary, p[1] * excess, far);
    return (jet){
        .value = v_set((real)0.5) * infinite_if(v_lt(largest, v_abs(x)), value),
        .grad = x * sigmoid,
        .hess = sigmoid * v_fma(two * q.hi, rest, one),
        .weight = sigmoid,
    };
}

/* The same for b from 2^-40 to 2^40 and a <= 32 b. w is sigmoid(s0) expm1(q) where that is at most 1 (`near`),
 * else e^-s. */
INLINE jet tolerant_float(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), two = v_set(2), zero = v_set(0);
    /* of the parameters alone */
    vpair inverse = pair_reciprocal((vpair){p[1], zero}), s0 = pair_times(inverse, -p[0]);
    vpair first = {v_exp_bounded(s0.hi), zero}, exponent = pair_log_sum(zero, first.hi, zero);
    first.lo = first.hi * ((s0.hi - exponent.hi) + (s0.lo - exponent.lo)); /* a step of Newton's */
    vpair share = pair_reciprocal(pair_one_plus(first)), least = pair_product(first, share);
    vpair base = pair_log1p_ordinary(first.hi);
    vec limit = pair_round(pair_log1p_ordinary(two * first.hi)) - s0.hi;
    vpair q = square_times(x, inverse), s = two_sum(s0.hi, q.hi);
    s.lo += s0.lo + q.lo;
    mask near = v_lt(q.hi, limit), is_far = v_lt(v_set(40), s.hi); /* where e^-s is lost in s + e^-s */
    vec hi = v_select(near, q.hi, v_max(v_set(-40), -s.hi)), lo = v_select(near, q.lo, v_select(is_far, zero, -s.lo));
    reduced_exp e = reduce_exp((vpair){hi, lo});
    vec power = times_power_of_2(e.shifted, one), exp = v_fma(power, e.p, power);
    vec w = v_select(near, pair_scale(least, v_fma(power, e.p, power - one)), exp), scale = half * p[1];
    vpair log = pair_log1p_unit(w);
    log.lo = v_select(near, log.lo, pair_round(log) + (s.lo - base.lo));
    log.hi = v_select(near, log.hi, s.hi - base.hi);
    vpair sum = pair_sum(one, w), inverse_sum = pair_reciprocal(sum);
    vec start = v_select(near, least.hi, one), rise = v_select(near, w, zero);
    vec rest = v_fma(inverse_sum.lo, start + rise, inverse_sum.hi * v_select(near, least.lo, zero));
    vec sigmoid = v_fma(inverse_sum.hi, rise, v_fma(inverse_sum.hi, start, rest));
    /* (1 + w)^2 hess, in its factors (1 + w) sigmoid(s), `rising`, and 1 + w + 2 q (1 + w) sigmoid(-s), `other` */
    vec raise = least.hi * power, ratio = least.lo / least.hi, p_least = e.p + v_fma(ratio, e.p, ratio);
    vec rising = v_select(near, v_fma(raise, p_least, raise), one),
        falling = v_select(near, share.hi, v_select(is_far, zero, exp));
    vec twice_q = two * q.hi * falling;
    vpair other = two_sum(sum.hi, twice_q);
    other.lo += product_error(two * q.hi, falling, twice_q) + v_fma(two * q.lo, falling, sum.lo);
    return (jet){
        .value = pair_scale(log, scale),
        .grad = x * sigmoid,
        .hess = pair_scale(pair_square(inverse_sum), pair_scale(other, rising)),
        .weight = sigmoid,
        .needs_exact = m_or(v_not_le(q.hi, v_set(0x1p60f)), m_and(v_lt(q.hi, v_set(0x1p-60f)), v_ne(x, zero))),
    };
}

/* log(Gamma(h + 1/2) / Gamma(h)): sixteen steps of the recurrence, then the asymptotic series in 1 / h, whose
 * coefficients are (B_2k(1/2) - B_2k) / (2k (2k - 1)). */
INLINE vec log_gamma_half_step(vec h) {
    const real c[] = {(real)(-1 / 8.0),      (real)(1 / 192.0),      (real)(-1 / 640.0),      (real)(17 / 14336.0),
                      (real)(-31 / 18432.0), (real)(691 / 180224.0), (real)(-5461 / 425984.0)};
    const vec half = v_set((real)0.5);
    mask small = v_lt(h, v_set(1 << 20));
    vec product = v_set(1);
    for (int k = 0; k < 16; k++) product *= (h + v_set((real)k)) / (h + v_set((real)k + (real)0.5));
    vec shifted = v_select(small, h + v_set(16), h), inverse = v_set(1) / shifted;
    vec series = half * v_log(shifted) + inverse * v_polynomial(c, sizeof c / sizeof *c, inverse * inverse);
    return v_select(small, series + v_log(v_select(small, product, v_set(1))), series);
}

/* w = z / df is at most LOG_ORDINARY of what is left of a residual */
INLINE reduced_residual student_t_residual(vec x, vec df, vec c) {
    vec reach = c * v_set(SCALED_CAP) * v_sqrt(v_min(v_set(1), df));
    return reduce_residual(x, c, v_min(v_set(LARGEST_STORED), reach));
}

/* The negative log-density of Student's t */
INLINE jet student_t_nll(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), pi = v_set((real)3.14159265358979323846);
    vec df = p[0], c = p[1];
    reduced_residual r = student_t_residual(x, df, c);
    vec w = v_min(r.s.z.hi / df, v_set(LOG_ORDINARY)), q = one / (one + w), slope = (df + one) / df / c;
    vec normalizer = v_log(c) + (half * v_log(df * pi) - log_gamma_half_step(half * df));
    vec log = unreduced_log(r, pair_round(pair_log1p(w))), weight = slope / c * q, curvature = (one - w) * q;
    vec value = infinite_if(r.s.is_infinite, v_fma(half * (df + one), log, normalizer));
    jet j = scaled_jet(r.s, value, weight, curvature);
    mask far = r.s.beyond;
    if (FL_ARITH == 64) /* where the weight is out of range, the gradient need not be */
        far = m_or(far, m_or(v_lt(weight, v_set(FL_ARITH == 64 ? 0x1p-1022 : 0)), v_lt(v_set(LARGEST), weight)));
    if (m_any(far)) {
        vec grad = v_select(r.s.beyond, (df + one) / v_abs(x), r.s.r.hi * q * slope);
        weight = v_select(r.s.beyond, grad / v_abs(x), slope * q / c);
        j.grad = v_select(far, v_copysign(grad, x), j.grad);
        j.weight = v_select(far, weight, j.weight);
        j.hess = v_select(far, weight * curvature, j.hess);
    }
    return j;
}

/* psi(h + 1/2) - psi(h) - 1 / (2 h), the derivative of log_gamma_half_step less its leading term: sixteen steps of the
 * recurrence, whose terms are positive, then the derivative of the series. */
INLINE vec digamma_half_step_rest(vec h) {
    const real c[] = {(real)(1 / 8.0),     (real)(-1 / 64.0),      (real)(1 / 128.0),     (real)(-17 / 2048.0),
                      (real)(31 / 2048.0), (real)(-691 / 16384.0), (real)(5461 / 32768.0)};
    mask small = v_lt(h, v_set(1 << 20));
    vec steps = v_set(0);
    for (int k = 0; k < 16; k++) {
        vec first = h + v_set((real)k);
        steps += v_set((real)0.25) / first / ((first + v_set((real)0.5)) * (first + v_set(1)));
    }
    vec inverse = v_set(1) / v_select(small, h + v_set(16), h), square = inverse * inverse;
    vec series = square * v_polynomial(c, sizeof c / sizeof *c, square);
    return v_select(small, steps + series, series);
}

/* log1p(w) - w / (1 + w), q = 1 / (1 + w): by sums of positive terms for w <= 1, s = w / (2 + w) */
INLINE vec log1p_less_share(vec w, vec q) {
    const real c[] = {LOG_UNIT_POLYNOMIAL};
    vec s = w / (v_set(2) + w), z = s * s, tail = v_polynomial(c, sizeof c / sizeof *c, z);
    vec small = s * v_fma(z, tail, v_set(2) * s / (v_set(1) + s));
    vpair log = pair_log1p(w);
    return v_select(v_le(w, v_set(1)), small, (log.hi - w * q) + log.lo);
}

/* The derivatives of the same by df and by scale, 2 d/ddf = log1p(w) - w / (1 + w) (1 + 1 / df) + 1 / df -
 * (psi((df + 1) / 2) - psi(df / 2)), where 1 / df cancels, and d/dscale = (1 - z) / (1 + w) / c */
INLINE jet student_t_param_grad(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), cap = v_set(LOG_ORDINARY);
    vec df = p[0], c = p[1];
    reduced_residual r = student_t_residual(x, df, c);
    scaled_residual s = r.s;
    vec w = v_min(s.z.hi / df, cap), q = one / (one + w);
    mask far = m_or(s.is_infinite, v_le(cap, w)); /* z / (1 + w) is df */
    vec less_share = unreduced_log(r, log1p_less_share(w, q));
    vec by_df = half * ((less_share - w * q / df) - digamma_half_step_rest(half * df));
    vec by_scale = v_select(far, q - df, ((one - s.z.hi) - s.z.lo) * q) / c;
    return (jet){.param_grad = {infinite_if(s.is_infinite, by_df), by_scale}};
}

/* log(c) + log(2 pi) / 2 + log(sqrt(h) Gamma(h) / Gamma(h + 1/2)), h = df / 2, in pairs: four steps of the recurrence
 * and the series of log_gamma_half_step less log(h) / 2; for df and c from 2^-30 to 2^30 */
INLINE vpair student_t_normalizer(vec df, vec c) {
    const real coefficients[] = {(real)(1 / 8.0), (real)(-1 / 192.0), (real)(1 / 640.0), (real)(-17 / 14336.0)};
    const vec half = v_set((real)0.5), one = v_set(1), zero = v_set(0);
    const vpair two_pi = {v_set(4 * HALF_PI_HI), v_set(4 * HALF_PI_LO)};
    vec h = half * df;
    vpair above = {one, zero}, below = {one, zero};
    for (int k = 0; k < 4; k++) {
        above = pair_product(above, two_sum(h, v_set((real)k + (real)0.5)));
        below = pair_product(below, two_sum(h, v_set((real)k)));
    }
    vpair shifted = pair_reciprocal(two_sum(h, v_set(4))), ratio = pair_product(above, pair_reciprocal(below));
    vpair squared = pair_times(pair_product(pair_square(ratio), shifted), h);
    vpair product = pair_product(squared, pair_product(pair_square((vpair){c, zero}), two_pi));
    vpair log = pair_log_sum(zero, product.hi, zero);
    vec series = shifted.hi * v_polynomial(coefficients, 4, shifted.hi * shifted.hi);
    return (vpair){half * log.hi, v_fma(half, log.lo + product.lo / product.hi, series)};
}

/* The same for c and df from 2^-30 to 2^30 */
INLINE jet student_t_float(vec x, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), zero = v_set(0);
    vec df = p[0], c = p[1];
    vpair inverse = pair_reciprocal(pair_times(pair_square((vpair){c, zero}), df)), df_1 = two_sum(df, one);
    vpair power = pair_times(df_1, half), normalizer = student_t_normalizer(df, c);
    heavy_tail t = heavy_tail_of(x, inverse);
    vec least = v_fma(power.hi, t.log.lo, v_fma(power.lo, t.log.hi, normalizer.lo));
    return heavy_tail_jet(t, x, v_fma(power.hi, t.log.hi, normalizer.hi) + least, pair_product(inverse, df_1));
}
