#ifndef ROW_BODIES
ROW_LOSS(poly1_cross_entropy, FL_LABELS, FL_C1, "epsilon finite", "label_smoothing >= 0 and <= 1")
#else
/* Cross-entropy and the first term of its series in 1 - p once more:
 *
 *   sum_k a_k (-log p_k) + epsilon w sum_k q_k (1 - p_k),
 *
 * q the smoothed label, w its class weight and a_k as cross_entropy has them. As the p_k are 1 together, the second sum
 * is keep (1 - p_y) + smoothing (1 - 1 / C), keep = 1 - smoothing. With e = epsilon w keep p_y and A the sum of the a_k
 * the derivatives are p_k (A + e) - a_k, at the label less epsilon w keep p_y; the second ones
 * p_k ((1 - p_k) (A + e) - e p_k), at the label p_y (1 - p_y) (A - epsilon w keep (1 - 2 p_y)). */

typedef struct {
    softmax_call softmax;
    vec epsilon, spread; /* spread: smoothing (1 - 1 / C) */
} poly1_cross_entropy_call;

typedef struct {
    softmax_state softmax;
    vec own_weight, own_p, own_rest; /* of the label: its class weight; p and 1 - p, at 2^EMIT_SCALE */
    vec own_grad, own_hess;          /* the elements at the label */
} poly1_cross_entropy_state;

enum { poly1_cross_entropy_KEEPS = 1, poly1_cross_entropy_VALUE_ALONE = 1 };

INLINE poly1_cross_entropy_call poly1_cross_entropy_call_of(const fl_rows *a) {
    double epsilon = a->parameters[0], smoothing = a->parameters[1], classes = (double)a->classes;
    return (poly1_cross_entropy_call){.softmax = softmax_call_of(1, smoothing, classes),
                                      .epsilon = v_set((real)epsilon),
                                      .spread = v_set((real)(smoothing * (1 - 1 / classes)))};
}

INLINE poly1_cross_entropy_state poly1_cross_entropy_reduce(const poly1_cross_entropy_call *call, const row_source *s,
                                                            int variant) {
    poly1_cross_entropy_state state; /* the rest is not known yet */
    state.softmax = softmax_reduce(&call->softmax, s, variant);
    state.own_weight = variant & SOFT ? s->own_weight : v_set(1); /* that of a label alone is in the row's scale */
    return state;
}

INLINE vec poly1_cross_entropy_loss(const poly1_cross_entropy_call *call, poly1_cross_entropy_state *s, int variant) {
    softmax_state *softmax = &s->softmax;
    vec loss = softmax_cross_entropy(&call->softmax, softmax, variant), more = call->epsilon * s->own_weight;
    softmax_probabilities(softmax);
    s->own_p = exp_term(&call->softmax, softmax->own - softmax->max, SUM_SCALE, variant);
    s->own_p *= softmax->p * v_set(EMIT_FACTOR * SUM_UNSCALE);
    s->own_rest = v_select(v_eq(softmax->own, softmax->max), softmax->others, v_set(EMIT_FACTOR) - s->own_p);
    return v_fma(more * call->softmax.keep * v_set(EMIT_UNSCALE), s->own_rest, v_fma(more, call->spread, loss));
}

INLINE vec poly1_cross_entropy_factors(const poly1_cross_entropy_call *call, poly1_cross_entropy_state *s, vec scale,
                                       int variant) {
    softmax_state *softmax = &s->softmax;
    const vec one = v_set(1), unscale = v_set(EMIT_UNSCALE);
    const vec raise = softmax_factors(&call->softmax, softmax, scale, variant);
    scale *= raise;
    vec p = s->own_p * unscale, steepness = call->epsilon * s->own_weight * call->softmax.keep, e = steepness * p;
    vec mass = variant & SOFT ? softmax->mass + softmax->peak_mass : one, curvature = scale * (mass + e);
    s->own_grad =
        v_fma(-(scale * e * unscale), s->own_rest, softmax_at_label(&call->softmax, softmax, FL_ROW_GRAD, variant));
    /* p (1 - p): the smaller of them may be subnormal */
    vec larger = v_max(s->own_p, s->own_rest) * unscale, smaller = v_min(s->own_p, s->own_rest);
    s->own_hess = scale * v_fma(-steepness, v_fma(v_set(-2), p, one), mass) * (larger * unscale) * smaller;
    softmax->mass += e;
    softmax->grad = curvature * softmax->p * unscale;
    softmax->hess = curvature * unscale;
    softmax->bent_hess = -scale * e * unscale;
    /* with p_y and 1 - p at 2^EMIT_SCALE, as they may be subnormal */
    vec top_hess = v_fma(-scale * steepness * s->own_p, softmax->p, curvature * softmax->others);
    softmax->top_hess = softmax->p * unscale * top_hess;
    return raise;
}

INLINE vec poly1_cross_entropy_element(const poly1_cross_entropy_call *call, const poly1_cross_entropy_state *s,
                                       int output, row_logit logit, int variant) {
    return softmax_element(&call->softmax, &s->softmax, output, logit, variant | FOCAL); /* with bent_hess */
}

INLINE vec poly1_cross_entropy_at_label(const poly1_cross_entropy_call *call, const poly1_cross_entropy_state *s,
                                        int output, int variant) {
    (void)call, (void)variant;
    return output == FL_ROW_HESS ? s->own_hess : s->own_grad;
}

#define ROW_KERNEL poly1_cross_entropy
#include "../driver.inc"

DEFINE_VARIANT(poly1_cross_entropy, plain, 0)
DEFINE_VARIANT(poly1_cross_entropy, soft, SOFT)

static void poly1_cross_entropy_rows(const fl_rows *a) {
    if (a->parameters[1] != 0) return poly1_cross_entropy_soft(a);
    poly1_cross_entropy_plain(a);
}
#endif
