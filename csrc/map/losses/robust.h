/* The general robust loss, J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, for every alpha.
 *
 *   b = |alpha - 2|, r = |x / scale|, z = r^2, w = z / b, L = log1p(w), s = alpha - 2, u = alpha L / 2, v = s L / 2
 *   value = (b / |alpha|) |expm1(u)|, weight = e^v / scale^2, grad = x weight
 *
 * L, u and v are pairs, because the exponential turns their absolute error into a relative one. Near alpha = 0 and
 * alpha = 2 the value loses digits in this form, and equivalent ones take over. Data of float32 are computed in float64
 * but for the alphas 2, 1 and -2, those of robust_table.h and robust_float.h, and those of elements, robust_each.h. Those
 * of float64 have tables, too (robust_double.h).
 */

#include "map/losses/robust_regions.h"

/* ---- residuals and jets ---------------------------------------------------------------------------------------- */

typedef struct {
    vpair r;          /* |x / scale|, at most the largest finite number */
    mask is_infinite; /* where x / scale is infinite */
    divisor scale;
} robust_residual;

INLINE robust_residual robust_split(vec x, vec scale) {
    const vec largest = v_set(LARGEST);
    robust_residual s = {.scale = v_divisor(scale)};
    s.r = pair_quotient((vpair){v_abs(x), v_set(0)}, s.scale);
    /* an overflow leaves NaN in the pair */
    vec r = v_quotient(v_abs(x), s.scale);
    s.is_infinite = v_lt(largest, r);
    s.r.hi = v_select(s.is_infinite, largest, s.r.hi);
    s.r.lo = v_select(s.is_infinite, v_set(0), s.r.lo);
    return s;
}

/* The results in units of the scale: for finite residuals, and their limits as the residual goes to infinity */
typedef struct {
    vec value, ev, curvature;              /* ev = e^v = scale^2 weight, curvature = hess / weight */
    vec down;                              /* what ev is to be multiplied with (robust_exp) */
    vec value_limit, grad_limit, ev_limit; /* grad_limit is that of scale * grad */
} robust_terms;

INLINE jet robust_jet(vec x, robust_residual s, robust_terms t) {
    vec ev = v_select(s.is_infinite, t.ev_limit, t.ev);
    vec scaled_grad = v_select(s.is_infinite, t.grad_limit, s.r.hi * t.down * ev);
    vec weight = v_quotient(v_quotient(ev, s.scale), s.scale) * t.down;
    return (jet){
        .value = v_select(s.is_infinite, t.value_limit, t.value),
        .grad = v_copysign(v_quotient(scaled_grad, s.scale), x),
        .hess = v_select(s.is_infinite, weight, weight * t.curvature),
        .weight = weight,
        .needs_exact = v_is_nan(x),
    };
}

/* The limits: for alpha < 0 the value is bounded by b / |alpha|, and e^v goes as r^(alpha - 2). */
INLINE void robust_limits(robust_terms *t, vec alpha, vec bound) {
    const vec zero = v_set(0), one = v_set(1), infinite = v_set(INFINITE);
    t->value_limit = v_select(v_lt(alpha, zero), bound, infinite);
    t->grad_limit = v_select(v_lt(alpha, one), zero, v_select(v_eq(alpha, one), one, infinite));
    t->ev_limit = v_select(v_lt(alpha, v_set(2)), zero, v_select(v_eq(alpha, v_set(2)), one, infinite));
}

/* ---- algebraic alphas ------------------------------------------------------------------------------------------ */

INLINE jet robust_2(vec x, const vec *p) {
    robust_residual s = robust_split(x, p[1]);
    const vec one = v_set(1);
    robust_terms t = {.value = v_set((real)0.5) * s.r.hi * s.r.hi, .ev = one, .curvature = one, .down = one};
    robust_limits(&t, v_set(2), v_set(0));
    return robust_jet(x, s, t);
}

/* sqrt(1 + z) - 1 */
INLINE jet robust_1(vec x, const vec *p) {
    const vec one = v_set(1);
    robust_residual s = robust_split(x, p[1]);
    vec r = s.r.hi, z = r * r;
    mask large = v_lt(v_set(FL_ARITH == 32 ? 0x1p30f : 0x1p60), r); /* where z might overflow, and 1 + z rounds to z */
    vec root = v_select(large, r, v_sqrt(one + z));
    robust_terms t = {
        .value = v_select(large, r - one, z / (root + one)),
        .ev = one / root,
        .curvature = one / (one + z),
        .down = one,
    };
    robust_limits(&t, one, one);
    return robust_jet(x, s, t);
}

/* 2 z / (z + 4); with d = 1 + z / 4 the weight is d^-2, which doubles the error of d: so d is a pair, with `rest` */
INLINE jet robust_minus_2(vec x, const vec *p) {
    const vec one = v_set(1), two = v_set(2), four = v_set(4), quarter = v_set((real)0.25);
    const vec cap = v_set(FL_ARITH == 32 ? 0x1p30f : 0x1p60); /* from here on 1 + z / 4 rounds to z / 4 */
    robust_residual s = robust_split(x, p[1]);
    vec r = s.r.hi;
    mask large = v_lt(cap, r);
    vpair z = pair_square((vpair){v_min(cap, r), v_select(large, v_set(0), s.r.lo)});
    vec w = quarter * z.hi, d = one + w;
    vec rest = (v_min(one, w) - (d - v_max(one, w))) + quarter * z.lo;
    vpair inverse = pair_reciprocal((vpair){d, rest});
    inverse.hi = v_select(large, four / (r * r), inverse.hi);
    inverse.lo = v_select(large, v_set(0), inverse.lo);
    vec q = pair_round(inverse);
    robust_terms t = {
        .value = v_min(two, v_select(large, two, v_set((real)0.5) * z.hi * q)),
        .ev = q * q,
        .curvature = v_select(large, v_set(-3), (one - v_set((real)0.75) * z.hi) * q),
        .down = one,
    };
    robust_limits(&t, v_set(-2), two);
    jet j = robust_jet(x, s, t);
    /* q^2 underflows long before r q^2 does */
    vpair grad = pair_quotient(pair_product(pair_product(s.r, inverse), inverse), s.scale);
    j.grad = v_copysign(v_select(s.is_infinite, v_set(0), pair_round(grad)), x);
    return j;
}

/* ---- every alpha, element by element: the form for any residual ------------------------------------------------- */

/* e^v = exp down: down is 2^-1024 where e^v might underflow and r e^v or e^v / scale^2 does not, else 1 */
typedef struct {
    vec exp, expm1, down;
} robust_exponential;

INLINE robust_exponential robust_exp(vpair v) {
#if FL_ARITH == 64
    const vec zero = v_set(0), one = v_set(1);
    mask low = v_lt(v.hi, v_set(-708));
    v.hi += v_select(low, v_set(1024 * LN2_HI), zero), v.lo += v_select(low, v_set(1024 * LN2_LO), zero);
    exponentials e = pair_exp(v);
    return (robust_exponential){e.exp, v_select(low, -one, e.expm1), v_select(low, v_set(0x1p-1024), one)};
#else
    exponentials e = pair_exp(v);
    return (robust_exponential){e.exp, e.expm1, v_set(1)};
#endif
}

/* The limits at alpha = -inf (sign -1, Welsch's loss) and +inf (sign 1): sign (e^(sign z / 2) - 1) */
INLINE robust_terms robust_infinite_terms(robust_residual s, vec sign) {
    const vec half = v_set((real)0.5), cap = v_set(0x1p50f);
    vpair r = {v_min(cap, s.r.hi), v_select(v_lt(cap, s.r.hi), v_set(0), s.r.lo)};
    vpair z = pair_square(r);
    robust_exponential e = robust_exp(pair_times(z, sign * half));
    robust_terms t = {
        .value = v_select(v_lt(z.hi, v_set(0x1p-60f)), half * s.r.hi * s.r.hi, sign * e.expm1),
        .ev = e.exp,
        .curvature = v_set(1) + sign * z.hi,
        .down = e.down,
    };
    robust_limits(&t, sign * v_set(INFINITE), v_set(1));
    return t;
}

typedef struct {
    vec b, z, w;
    vpair log; /* L */
    mask huge; /* where z would overflow: L is right there, z and w are not */
} robust_log;

INLINE robust_log robust_logarithm(robust_residual s, vec alpha) {
    robust_log l = {.b = v_abs(alpha - v_set(2))};
#if FL_ARITH == 64
    const vec down = v_set(0x1p-600);
    l.huge = v_lt(v_set(0x1p480), s.r.hi);
    vpair r = {v_select(l.huge, s.r.hi * down, s.r.hi), v_select(l.huge, s.r.lo * down, s.r.lo)};
    vec one = v_select(l.huge, v_set(0), v_set(1)), k = v_select(l.huge, v_set(1200), v_set(0));
#else
    vpair r = s.r;
    l.huge = s.is_infinite;
    vec one = v_set(1), k = v_set(0);
#endif
    vpair z = pair_square(r);
    l.z = z.hi;
    l.w = pair_round(pair_quotient(z, v_divisor(l.b)));
    l.log = pair_log_sum(one, l.w, k);
    return l;
}

INLINE vec robust_curvature(robust_log l, vec alpha) {
    const vec one = v_set(1);
    return v_select(l.huge, alpha - one, (one + (alpha - one) * l.w) / (one + l.w));
}

/* The value, or z / 2 where the two agree to all digits: its w may be subnormal */
INLINE vec robust_or_quadratic(robust_residual s, robust_log l, vec alpha, vec value) {
    mask tiny = m_and(m_not(l.huge), v_lt(l.w * v_max(v_abs(alpha), v_set(1)), v_set(0x1p-60f)));
    return v_select(tiny, v_set((real)0.5) * s.r.hi * s.r.hi, value);
}

/* expm1(u) = expm1 up: up is 2^64 where it might overflow and b / |alpha| times it does not, else 1 */
typedef struct {
    vec expm1, up;
} robust_rise;

INLINE robust_rise robust_expm1(vpair u) {
#if FL_ARITH == 64
    const vec zero = v_set(0);
    mask high = v_lt(v_set(709), u.hi);
    u.hi -= v_select(high, v_set(64 * LN2_HI), zero), u.lo -= v_select(high, v_set(64 * LN2_LO), zero);
    return (robust_rise){pair_exp(u).expm1, v_select(high, v_set(0x1p64), v_set(1))};
#else
    return (robust_rise){pair_exp(u).expm1, v_set(1)};
#endif
}

/* (b / |alpha|) |expm1(u)| */
INLINE vec robust_value(robust_log l, vec alpha, robust_rise rise) {
    return v_abs(rise.expm1) * (l.b / v_abs(alpha)) * rise.up;
}

/* expm1(u) / u, given expm1(u) */
INLINE vec robust_expm1_ratio(vpair u, vec expm1_u) {
    vec rounded = pair_round(u);
    return v_select(v_lt(v_abs(rounded), v_set(0x1p-60f)), v_set(1), expm1_u / rounded);
}

/* The value as (b / 2) L expm1(u) / u, without a division by alpha */
INLINE vec robust_value_near_zero(robust_log l, vpair u, vec expm1_u) {
    return v_set((real)0.5) * l.b * l.log.hi * robust_expm1_ratio(u, expm1_u);
}

/* alpha times the value as z + (b + z) expm1(v), which keeps its digits when b is small and w is large */
INLINE vec robust_value_near_two(robust_log l, vpair v, vec exp, vec expm1) {
    vec sum = l.b + l.z;
    return v_select(v_lt(v_abs(v.hi), v_set((real)0.7)), v_fma(sum, expm1, l.z), v_fma(sum, exp, -l.b));
}

#define ROBUST_HALF_ALPHA(alpha) (v_set((real)0.5) * (alpha))
#define ROBUST_HALF_S(alpha) (v_set((real)0.5) * ((alpha) - v_set(2)))

INLINE robust_terms robust_select(mask m, robust_terms yes, robust_terms no) {
    return (robust_terms){
        v_select(m, yes.value, no.value),
        v_select(m, yes.ev, no.ev),
        v_select(m, yes.curvature, no.curvature),
        v_select(m, yes.down, no.down),
        v_select(m, yes.value_limit, no.value_limit),
        v_select(m, yes.grad_limit, no.grad_limit),
        v_select(m, yes.ev_limit, no.ev_limit),
    };
}

INLINE jet robust(vec x, const vec *p) {
    const vec one = v_set(1), two = v_set(2);
    vec alpha = p[0], magnitude = v_abs(alpha);
    robust_residual s = robust_split(x, p[1]);
    mask infinite = v_le(v_set(ROBUST_INFINITE), magnitude), quadratic = v_eq(alpha, two);
    vec safe = v_select(m_or(infinite, quadratic), one, alpha);

    robust_log l = robust_logarithm(s, safe);
    vpair u = pair_times(l.log, ROBUST_HALF_ALPHA(safe)), v = pair_times(l.log, ROBUST_HALF_S(safe));
    robust_exponential e = robust_exp(v);
    robust_rise rise = robust_expm1(u);
    mask near_two = v_le(l.b, v_set((real)ROBUST_NEAR_TWO)), near_zero = v_lt(magnitude, v_set((real)ROBUST_NEAR_ZERO));
    vec value = robust_value(l, safe, rise);
    vec close = v_select(l.huge, value, robust_value_near_two(l, v, e.exp, e.expm1) / safe);
    value = v_select(near_two, close, v_select(near_zero, robust_value_near_zero(l, u, rise.expm1), value));
    robust_terms t = {
        .value = robust_or_quadratic(s, l, safe, value),
        .ev = e.exp,
        .curvature = robust_curvature(l, safe),
        .down = e.down,
    };
    robust_limits(&t, alpha, l.b / v_abs(safe));

    robust_terms square = {.value = v_set((real)0.5) * s.r.hi * s.r.hi, .ev = one, .curvature = one, .down = one};
    robust_limits(&square, two, one);
    t = robust_select(infinite, robust_infinite_terms(s, v_copysign(one, alpha)), t);
    return robust_jet(x, s, robust_select(quadratic, square, t));
}

#include "robust_param_grad.h"
#include "robust_fast.h"
#if FL_ARITH == 32 && !defined(FL_NO_FMA)
#include "robust_float.h"
#include "robust_table.h"
#include "robust_each.h"
#elif FL_ARITH == 64 && !defined(FL_NO_FMA)
#include "robust_double.h"
#endif
