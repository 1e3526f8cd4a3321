#ifndef ROW_BODIES
ROW_FUNCTION(probabilities)
ROW_FUNCTION(log_probabilities)
#else
/* The probabilities of a softmax, or their logarithms, as the elements; the value is the log-sum-exp of the row. */

typedef softmax_call probabilities_call, log_probabilities_call;
typedef softmax_state probabilities_state, log_probabilities_state;
enum {
    probabilities_KEEPS = 1,
    log_probabilities_KEEPS = 0,
    probabilities_VALUE_ALONE = 1,
    log_probabilities_VALUE_ALONE = 0
};

INLINE softmax_call probabilities_call_of(const fl_rows *a) { return softmax_call_of(a->parameters[0], 0, 1); }

/* The softmax's state; its maximum is NaN where a logit is NaN, even beside an infinite one. */
INLINE softmax_state probabilities_reduce(const softmax_call *call, const row_source *s, int variant) {
    softmax_state state = softmax_reduce(call, s, variant);
    if (!m_any(m_not(is_finite(state.max)))) return state;
    for (size_t k = 0; k < s->classes; k++) {
        vec x = s->form == FEW_CLASSES ? logit_of(s, k) : v_set(s->x[k]);
        state.max = v_select(v_is_number(x), state.max, x);
    }
    return state;
}

INLINE vec probabilities_loss(const softmax_call *call, softmax_state *s, int variant) {
    s->log = log1p_sum(s->rest * v_set(EMIT_UNSCALE));
    return v_select(is_finite(s->max), over_temperature(call, s->max, variant) + s->log, s->max);
}

INLINE vec probabilities_factors(const softmax_call *call, softmax_state *s, vec scale, int variant) {
    (void)call, (void)scale, (void)variant;
    softmax_probabilities(s);
    s->grad = s->p * v_set(EMIT_UNSCALE);
    return v_set(1);
}

INLINE vec probabilities_element(const softmax_call *call, const softmax_state *s, int output, row_logit logit,
                                 int variant) {
    (void)call, (void)output, (void)variant;
    return logit.kept * s->grad;
}

INLINE vec log_probabilities_element(const softmax_call *call, const softmax_state *s, int output, row_logit logit,
                                     int variant) {
    (void)output;
    return over_temperature(call, logit.x - s->max, variant) - s->log;
}

INLINE vec probabilities_at_label(const softmax_call *call, const softmax_state *s, int output, int variant) {
    (void)call, (void)s, (void)output, (void)variant;
    return v_set(0); /* there are no labels */
}

#define log_probabilities_call_of probabilities_call_of
#define log_probabilities_reduce probabilities_reduce
#define log_probabilities_loss probabilities_loss
#define log_probabilities_factors probabilities_factors
#define log_probabilities_at_label probabilities_at_label

#define ROW_KERNEL probabilities
#include "../driver.inc"
#define ROW_KERNEL log_probabilities
#include "../driver.inc"

DEFINE_VARIANT(probabilities, plain, 0)
DEFINE_VARIANT(probabilities, tempered, TEMPERED)
DEFINE_VARIANT(log_probabilities, plain, 0)
DEFINE_VARIANT(log_probabilities, tempered, TEMPERED)

SHARED void probabilities_rows(const fl_rows *a) {
    if (a->parameters[0] != 1) return probabilities_tempered(a);
    probabilities_plain(a);
}

SHARED void log_probabilities_rows(const fl_rows *a) {
    if (a->parameters[0] != 1) return log_probabilities_tempered(a);
    log_probabilities_plain(a);
}
#endif
