#ifndef ROW_BODIES
ROW_LOSS(distillation, FL_LOGITS, FL_CONVEX | FL_C1, "temperature > 0")
#else
/* The Kullback-Leibler divergence of two softmaxes, q of the teacher's logits y from p of the student's logits x:
 *
 *   KL = sum_k q_k d_k = sum_k q_k (e^-d_k - 1 + d_k),    d_k = log q_k - log p_k,
 *
 * since sum_k q_k e^-d_k = sum_k p_k = 1. No term of the second sum is negative, and where p and q are close each is
 * about q_k d_k^2 / 2: the second sum keeps the digits that the first one loses. An error that all d_k have alike, such
 * as that of the logarithms of the sums of exponentials, leaves u = sum_k q_k (e^-d_k - 1) in the place of 0; exactly
 *
 *   KL = sum_k q_k (e^-d_k - 1 + d_k) + log1p(u) - u. */

/* A variant: KL alone, where distillation is T^2 KL */
enum { DIVERGENCE = 8 };

typedef struct {
    softmax_call softmax;
    int wants_value;
} distillation_call;

typedef struct {
    vec max, teacher_max, p, q, log_ratio; /* p and q are the largest probabilities, at 2^-EMIT_SCALE */
} distillation_base;

/* The softmax of the student or of the teacher; the fields are those of softmax_state */
typedef struct {
    vec max, rest, p;
} distillation_side;

typedef struct {
    distillation_side student, teacher;
    vec divergence, u;
    vec grad, teacher_grad, top_grad; /* factors of the gradient, and the gradient at both maxima */
    vec hess, top_hess;               /* as softmax_state has them */
} distillation_state;

enum { distillation_KEEPS = 0, distillation_VALUE_ALONE = 0, distillation_SUMS = 2, distillation_COUNTS = 1 };
#define distillation_NO_TARGET (-INFINITE)
INLINE int distillation_needed_sums(int variant) { return variant < 0 ? 0 : 2; }

INLINE int distillation_weighs(int variant) { return variant & 0; }
INLINE int distillation_hides(int variant) { return variant & 0; }

#define PASS distillation
#include "../pass.inc"

/* Those of both softmaxes, times 2^EMIT_SCALE */
INLINE void distillation_exponentials(const distillation_call *call, const distillation_base *base, row_logit *logit,
                                      int n, int variant) {
    vec x[SIDE_BY_SIDE], y[SIDE_BY_SIDE];
    if (variant & KEPT) return;
    UNROLL for (int i = 0; i < n; i++) x[i] = logit[i].x - base->max;
    exp_terms(&call->softmax, x, n, EMIT_SCALE, variant);
    UNROLL for (int i = 0; i < n; i++) y[i] = logit[i].target - base->teacher_max;
    exp_terms(&call->softmax, y, n, EMIT_SCALE, variant);
    UNROLL for (int i = 0; i < n; i++) logit[i].kept = x[i], logit[i].target_kept = y[i];
}

/* e^r - 1 - r for |r| < 4 * 0.34: from that of r / 4 by e^2r - 1 - 2r = (e^r - 1)^2 + 2 (e^r - 1 - r), which does not
 * cancel */
INLINE vec exp_remainder(vec r) {
    vec h = r * v_set((real)0.25), rest = h * h * expm1_tail(h);
    for (int i = 0; i < 2; i++) {
        vec expm1 = h + rest;
        rest = v_fma(expm1, expm1, rest + rest);
        h += h;
    }
    return rest;
}

/* d_k; the rounding errors of the differences to the maxima are added back, as d_k may be far smaller than those */
INLINE vec log_ratio(const softmax_call *call, const distillation_base *base, vec x, vec y, int variant) {
    vpair dx = two_sum(x, -base->max), dy = two_sum(y, -base->teacher_max);
    vec lost = dy.lo - dx.lo;
    vec apart = (dy.hi - dx.hi) + v_select(v_is_number(lost), lost, v_set(0)); /* an infinite difference lost nothing */
    return over_temperature(call, apart, variant) - base->log_ratio;
}

/* The terms of KL and of u: q (e^-d - 1 + d) and q (e^-d - 1), by exp_remainder where d is small, else by q e^-d = p */
INLINE distillation_terms distillation_term(const distillation_call *call, const distillation_base *base,
                                            row_logit logit, int tops, int variant) {
    (void)tops;
    vec p = base->p * logit.kept, q = base->q * logit.target_kept;
    vec d = log_ratio(&call->softmax, base, logit.x, logit.target, variant), rest = exp_remainder(-d);
    mask is_close = v_lt(v_abs(d), v_set((real)1.36)), is_nothing = v_eq(q, v_set(0));
    vec more = v_select(is_close, q * (rest - d), p - q), term = v_select(is_close, q * rest, v_fma(q, d, p - q));
    return (distillation_terms){.sum = {v_select(is_nothing, p, term), v_select(is_nothing, p, more)}};
}

INLINE distillation_call distillation_call_of(const fl_rows *a) {
    return (distillation_call){softmax_call_of(a->parameters[0], 0, 1), a->value != NULL};
}

INLINE vec log1p_rest(distillation_side side) { return log1p_sum(side.rest * v_set(EMIT_UNSCALE)); }

/* The softmax of the row's logits */
INLINE distillation_side side_of(const softmax_call *call, const row_source *s, int variant) {
    softmax_state state = softmax_reduce(call, s, variant);
    softmax_probabilities(&state);
    return (distillation_side){state.max, state.rest, state.p};
}

/* The same for few classes, whose exponentials are stored for the second pass; compiled once, as softmax.h does it for
 * many classes */
#define DEFINE_SIDE(name, variant)                                                                                     \
    static __attribute__((noinline)) distillation_side name(const softmax_call *call, const real *x, real *kept,       \
                                                            size_t classes) {                                          \
        row_source side = {.form = FEW_CLASSES, .classes = classes, .x = x, .kept = kept};                             \
        return side_of(call, &side, (variant) | KEEP);                                                                 \
    }
DEFINE_SIDE(plain_side, 0)
DEFINE_SIDE(tempered_side, TEMPERED)

INLINE distillation_side distillation_side_of(const softmax_call *call, const row_source *source, const real *x,
                                              real *kept, int variant) {
    if (source->form == FEW_CLASSES) {
        if (variant & TEMPERED) return tempered_side(call, x, kept, source->classes);
        return plain_side(call, x, kept, source->classes);
    }
    row_source s = *source;
    s.x = x;
    s.target = NULL;
    s.kept = kept;
    return side_of(call, &s, variant & TEMPERED);
}

INLINE distillation_state distillation_reduce(const distillation_call *call, const row_source *source, int variant) {
    real kept[2][FL_SHORT_ROW * LANES];
    row_source s = *source;
    distillation_state state; /* without a value, its two sums stay unset */
    state.student = distillation_side_of(&call->softmax, source, s.x, s.kept = kept[0], variant);
    state.teacher = distillation_side_of(&call->softmax, source, s.target, s.target_kept = kept[1], variant);
    if (!call->wants_value) return state;
    distillation_base base = {.max = state.student.max,
                              .teacher_max = state.teacher.max,
                              .p = state.student.p * v_set(EMIT_UNSCALE),
                              .q = state.teacher.p * v_set(EMIT_UNSCALE),
                              .log_ratio = log1p_rest(state.teacher) - log1p_rest(state.student)};
    distillation_totals t = distillation_sum(call, &s, &base, variant | (s.form == FEW_CLASSES ? KEPT : 0));
    state.divergence = t.sum[0];
    state.u = t.sum[1];
    return state;
}

INLINE vec distillation_loss(const distillation_call *call, distillation_state *s, int variant) {
    const double series[] = {0.5, -1.0 / 3, 0.25, -0.2};
    vec u = s->u, tail = v_set((real)series[3]), t = call->softmax.temperature;
    for (int k = 2; k >= 0; k--) tail = v_fma(tail, u, v_set((real)series[k]));
    vec divergence = v_fma(-u * u, tail, s->divergence); /* log1p(u) - u */
    divergence = v_select(v_lt(divergence, v_set(0)), v_set(0), divergence);
    return variant & DIVERGENCE ? divergence : t * t * divergence;
}

/* For a class that is the maximum of both, p - q = p q (teacher.rest - student.rest): both may be near 1. */
INLINE vec distillation_factors(const distillation_call *call, distillation_state *s, vec scale, int variant) {
    vec p = s->student.p, q = s->teacher.p, t = call->softmax.temperature, raise = raise_of(scale, call->softmax.small);
    scale *= raise;
    vec slope = variant & DIVERGENCE ? scale / t : scale * t, curvature = variant & DIVERGENCE ? slope / t : scale;
    s->hess = curvature * v_set(EMIT_UNSCALE);
    s->top_hess = s->hess * p * (s->student.rest * p);
    s->grad = slope * p * v_set(EMIT_UNSCALE);
    s->teacher_grad = slope * q * v_set(EMIT_UNSCALE);
    s->top_grad = s->grad * q * (s->teacher.rest - s->student.rest);
    return raise;
}

INLINE vec distillation_element(const distillation_call *call, const distillation_state *s, int output, row_logit logit,
                                int variant) {
    vec dx = logit.x - s->student.max, dy = logit.target - s->teacher.max, zero = v_set(0);
    vec exp = exp_term(&call->softmax, dx, EMIT_SCALE, variant);
    if (output == FL_ROW_HESS) {
        softmax_state student = {.p = s->student.p, .hess = s->hess, .top_hess = s->top_hess};
        return softmax_hess(&student, exp, v_eq(dx, zero), variant);
    }
    vec apart = exp * s->grad - exp_term(&call->softmax, dy, EMIT_SCALE, variant) * s->teacher_grad;
    return v_select(m_and(v_eq(dx, zero), v_eq(dy, zero)), s->top_grad, apart);
}

INLINE vec distillation_at_label(const distillation_call *call, const distillation_state *s, int output, int variant) {
    (void)call, (void)s, (void)output, (void)variant;
    return v_set(0); /* there are no labels */
}

#define ROW_KERNEL distillation
#include "../driver.inc"

DEFINE_VARIANT(distillation, plain, 0)
DEFINE_VARIANT(distillation, tempered, TEMPERED)

static void distillation_rows(const fl_rows *a) {
    if (a->parameters[0] != 1) return distillation_tempered(a);
    distillation_plain(a);
}
#endif
