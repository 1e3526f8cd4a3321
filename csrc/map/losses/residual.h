/* Losses of a residual r = pred - target: value, d/dr, d2/dr2 and the IRLS weight (d/dr) / r. The loops return NaN for
 * a NaN residual, whatever a body makes of it. Here are the losses that are polynomials, piece by piece; the others are
 * in scaled.h and robust.h. Where two pieces meet the inner one holds; at a kink the gradient is the subgradient 0. */

/* The sign of x, 0 of 0 */
INLINE vec v_sign(vec x) { return v_select(v_lt(v_set(0), v_abs(x)), v_copysign(v_set(1), x), x + v_set(0)); }

INLINE jet squared_error(vec r, const vec *p) {
    (void)p;
    return (jet){.value = r * r, .grad = v_set(2) * r, .hess = v_set(2), .weight = v_set(2)};
}

INLINE jet half_squared_error(vec r, const vec *p) {
    (void)p;
    return (jet){.value = v_set((real)0.5) * r * r, .grad = r, .hess = v_set(1), .weight = v_set(1)};
}

INLINE jet absolute_error(vec r, const vec *p) {
    (void)p;
    vec a = v_abs(r);
    return (jet){.value = a, .grad = v_sign(r), .hess = v_set(0), .weight = v_set(1) / a};
}

/* Huber (1964): c (a - c / 2), where c is a, but at most delta */
INLINE jet huber(vec r, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1);
    vec delta = p[0], a = v_abs(r), c = v_min(delta, a);
    mask outside = v_lt(delta, a);
    return (jet){
        .value = c * (a - half * c),
        .grad = v_select(outside, v_copysign(delta, r), r),
        .hess = v_select(outside, v_set(0), one),
        .weight = v_select(outside, delta / a, one),
    };
}

/* Girshick (2015); beta = 0 leaves the absolute error */
INLINE jet smooth_l1(vec r, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1);
    vec beta = p[0], a = v_abs(r);
    mask inside = m_and(v_le(a, beta), v_lt(v_set(0), beta));
    return (jet){
        .value = v_select(inside, half * a * (a / beta), a - half * beta),
        .grad = v_select(inside, r / beta, v_sign(r)),
        .hess = v_select(inside, one / beta, v_set(0)),
        .weight = v_select(inside, one / beta, one / a),
    };
}

/* Koenker and Bassett (1978) */
INLINE jet quantile(vec r, const vec *p) {
    vec side = v_select(v_lt(v_set(0), r), v_set(1) - p[0], -p[0]);
    return (jet){
        .value = side * r + v_set(0), /* not -0 */
        .grad = v_select(v_eq(r, v_set(0)), v_set(0), side),
        .hess = v_set(0),
        .weight = v_abs(side) / v_abs(r),
    };
}

/* Newey and Powell (1987) */
INLINE jet expectile(vec r, const vec *p) {
    vpair above = two_sum(v_set(1), -p[0]);
    mask positive = v_lt(v_set(0), r);
    vec side = v_select(positive, above.hi, p[0]), side_lo = v_select(positive, above.lo, v_set(0));
    vec twice = v_set(2) * side;
    return (jet){
        .value = v_fma(side * r, r, side_lo * v_min(r * r, v_set(LARGEST))),
        .grad = twice * r,
        .hess = twice,
        .weight = twice,
    };
}

/* Vapnik (1995): where the loss is not 0. With epsilon = 0 that is everywhere, a residual of 0 included. */
INLINE mask beyond_epsilon(vec a, vec epsilon) { return m_or(v_lt(epsilon, a), v_eq(epsilon, v_set(0))); }

INLINE jet epsilon_insensitive(vec r, const vec *p) {
    vec a = v_abs(r);
    mask outside = beyond_epsilon(a, p[0]);
    return (jet){
        .value = v_max(v_set(0), a - p[0]),
        .grad = v_select(outside, v_sign(r), v_set(0)),
        .hess = v_set(0),
        .weight = v_select(outside, v_set(1) / a, v_set(0)),
    };
}

INLINE jet squared_epsilon_insensitive(vec r, const vec *p) {
    const vec two = v_set(2), zero = v_set(0), largest = v_set(LARGEST);
    vec a = v_min(largest, v_abs(r)), excess = v_max(zero, a - p[0]);
    mask outside = beyond_epsilon(a, p[0]);
    return (jet){
        .value = excess * excess,
        .grad = v_copysign(two * excess, r),
        .hess = v_select(outside, two, zero),
        .weight = v_select(v_eq(p[0], zero), two, v_select(outside, two * (excess / a), zero)),
    };
}

INLINE jet truncated_squared(vec r, const vec *p) {
    const vec half = v_set((real)0.5), zero = v_set(0);
    vec a = v_abs(r);
    mask outside = v_lt(p[0], a);
    vec weight = v_select(outside, zero, v_set(1)), b = v_min(a, p[0]);
    return (jet){.value = half * b * b, .grad = v_select(outside, zero, r), .hess = weight, .weight = weight};
}

/* Agarwal et al. (2013), "dynamic covariance scaling": c is compared with r^2. Beyond it, with q = 1 / (1 + r^2 / c),
 * the value is c (3 - 4 q) / 2 and the weight 4 q^2. r is measured in a unit, a power of two within a factor of 2 of
 * sqrt(c), up to where its square would overflow. */
INLINE jet dcs(vec r, const vec *p) {
    const vec half = v_set((real)0.5), one = v_set(1), two = v_set(2), three = v_set(3), four = v_set(4);
    const vec cap = v_set(FL_ARITH == 32 ? 0x1p60f : 0x1p500);
    vec unit = (vec)((uvec)v_sqrt(p[0]) & (uvec)v_set(INFINITE)), per_unit = one / unit;
    vec c = p[0] * per_unit * per_unit, a = v_min(cap, v_abs(r) * per_unit), square = a * a;
    mask inside = m_or(v_lt(square, c), m_and(v_eq(square, c), v_le(product_error(a, a, square), v_set(0))));
    vpair q = pair_reciprocal(pair_one_plus(square_times(a, pair_reciprocal((vpair){c, v_set(0)}))));
    vpair rest = two_sum(v_set((real)1.5), -two * q.hi);
    vec root = two * q.hi, pull = unit * (four * a * q.hi);
    vec weight = v_abs(v_fma(two * root, two * q.lo, root * root)); /* never -0, where the square is 0 */
    return (jet){
        .value = v_select(inside, half * r * r, p[0] * (rest.hi + v_fma(-two, q.lo, rest.lo))),
        .grad = v_select(inside, r, v_copysign(v_fma(two * pull, q.lo, pull * q.hi), r)),
        .hess = v_select(inside, one, weight * v_fma(four, q.lo, v_fma(four, q.hi, -three))),
        .weight = v_select(inside, one, weight),
    };
}

/* Hampel (1974): quadratic up to a, linear up to b, level from c on. Between b and c it is a polynomial in
 * t = |r| - b, which does not cancel. */
INLINE jet hampel(vec r, const vec *p) {
    const vec half = v_set((real)0.5), zero = v_set(0), one = v_set(1);
    vec a = p[0], b = p[1], c = p[2], x = v_abs(r);
    mask linear = v_lt(a, x), falling = v_lt(b, x), outside = v_lt(c, x);
    vpair width = two_sum(c, -b), fall = two_sum(c, -x), start = two_sum(v_min(x, b), -half * a);
    width.hi = v_select(v_lt(b, c), width.hi, c); /* in float32 c > b may round to b */
    vpair inverse = pair_reciprocal(width), rate = pair_times(inverse, a);
    vec t = v_max(b, v_min(x, c)) - b, fallen = v_fma(-half * t, pair_scale(inverse, t), t);
    vec grad = v_select(falling, v_fma(rate.hi, fall.hi, v_fma(rate.hi, fall.lo, rate.lo * fall.hi)), v_min(x, a));
    return (jet){
        .value = v_select(linear, v_fma(a, start.hi, a * (fallen + start.lo)), half * x * x),
        .grad = v_copysign(v_select(outside, zero, grad), r),
        .hess = v_select(outside, zero, v_select(falling, -rate.hi, v_select(linear, zero, one))),
        .weight = v_select(outside, zero, v_select(linear, grad / x, one)),
    };
}

/* The negative log-density of a Gaussian of variance p[0], without its constant: (log var + r^2 / var) / 2 */
INLINE jet gaussian_nll(vec r, const vec *p) {
    vec precision = v_set(1) / p[0], grad = r / p[0];
    return (jet){
        .value = v_set((real)0.5) * (v_log(p[0]) + r * grad),
        .grad = grad,
        .hess = precision,
        .weight = precision,
    };
}

#include "scaled.h"
#include "robust.h"
