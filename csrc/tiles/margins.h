/* What becomes of the label's cosine c: its logit is scale |x| |w| value, the lengths being 1 of what is normalized. A
 * margin is a function of the distances of the unit vectors, from which 1 - |c| and the sine have all their digits. */

typedef struct {
    vec value;
    vec slope; /* by c, where it may multiply the vectors; else 0, and */
    vec apart; /* by c, where it may be infinite: multiplies the difference of the unit vectors */
} margined;

typedef struct {
    vec cosine, versed; /* 1 - |cosine| */
} pair_angle;

/* (1 - cosine(x, w)) and (1 + cosine(x, w)) are half the squares of these distances. */
INLINE pair_angle angle_of(vec difference, vec sum) {
    const vec half = v_set((real)0.5), one = v_set(1);
    vec below = half * difference, above = half * sum;
    mask is_acute = v_lt(below, above);
    return (pair_angle){v_select(is_acute, one - below, above - one), v_min(one, v_min(below, above))};
}

INLINE margined margin_none(pair_angle angle, const double *p) {
    (void)p;
    return (margined){angle.cosine, v_set(1), v_set(0)};
}

INLINE margined margin_additive(pair_angle angle, const double *p) {
    return (margined){angle.cosine - v_set((real)p[0]), v_set(1), v_set(0)};
}

/* psi(theta) = (-1)^k cos(m theta) - 2k, and its derivative (-1)^k m U_(m-1)(c); annealed by the cosine. The angle is in
 * the k-th of the m parts of a half turn: c <= cos(k pi / m), polynomials like the others. p: m, annealing, cos(pi / m) */
INLINE margined margin_multiplied(pair_angle angle, const double *p) {
    const vec one = v_set(1), zero = v_set(0), c = angle.cosine, twice = c + c;
    const vec annealing = v_set((real)p[1]), all = one + annealing;
    vec t = c, t_before = one, u = one, u_before = zero, parts = zero, sign = one;
    double bound = p[2], bound_before = 1;
    for (int j = 1; j < (int)p[0]; j++) {
        mask beyond = v_le(c, v_set((real)bound));
        vec next_t = v_fma(twice, t, -t_before), next_u = v_fma(twice, u, -u_before);
        double next_bound = 2 * p[2] * bound - bound_before;
        parts += v_select(beyond, one, zero);
        sign = v_select(beyond, -sign, sign);
        t_before = t, t = next_t, u_before = u, u = next_u, bound_before = bound, bound = next_bound;
    }
    vec psi = v_fma(sign, t, -(parts + parts)), slope = sign * v_set((real)p[0]) * u;
    return (margined){v_fma(annealing, c, psi) / all, (slope + annealing) / all, zero};
}

/* cos(theta + m) - p[2]. p: cos(m), sin(m), a margin of the cosine, m sin(m), flags */
enum { LINEAR_BEYOND = 1, STRAIGHT_THROUGH = 2 };
INLINE margined margin_angular(pair_angle angle, const double *p) {
    const vec cos_m = v_set((real)p[0]), sin_m = v_set((real)p[1]), one = v_set(1), zero = v_set(0);
    const int flags = (int)p[4];
    vec c = angle.cosine, sine = v_sqrt(angle.versed * (v_set(2) - angle.versed));
    vec value = v_fma(c, cos_m, -(sine * sin_m)), tangent = v_fma(c, sin_m, sine * cos_m);
    margined m = {value, zero, v_select(v_eq(sine, zero), zero, tangent / sine)};
    if (flags & LINEAR_BEYOND) {
        mask beyond = v_lt(c, -cos_m);
        m.value = v_select(beyond, c - v_set((real)p[3]), value);
        m.slope = v_select(beyond, one, zero);
        m.apart = v_select(beyond, zero, m.apart);
    }
    if (flags & STRAIGHT_THROUGH) m.slope = one, m.apart = zero;
    m.value -= v_set((real)p[2]);
    return m;
}

INLINE margined margin_of(int margin, pair_angle angle, const double *p) {
    switch (margin) {
#define MARGIN(name)                                                                                                   \
    case FL_MARGIN_##name: return margin_##name(angle, p);
#include "margins.def"
    default: return margin_none(angle, p);
    }
}
