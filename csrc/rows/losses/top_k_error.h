#ifndef ROW_BODIES
ROW_LOSS(top_k_error, FL_LABELS, FL_BOUNDED, "k integer >= 1")
#else
/* Whether the label is not among the k largest: 1 if k or more of the other logits are at least the label's, else 0. */

typedef struct {
    vec k, others;
} top_k_error_call;

typedef struct {
    vec own;
} top_k_error_base;

typedef struct {
    vec own, above, loss; /* the label's logit; the number of others >= it, NaN in a row that has no loss */
} top_k_error_state;

enum { top_k_error_KEEPS = 0, top_k_error_VALUE_ALONE = 0, top_k_error_SUMS = 1, top_k_error_COUNTS = 1 };
enum { top_k_error_NO_TARGET = 0 };
INLINE int top_k_error_needed_sums(int variant) { return variant < 0 ? 0 : 1; }
INLINE int top_k_error_weighs(int variant) { return variant & 0; }
INLINE int top_k_error_hides(int variant) { return variant & 0; }

#define PASS top_k_error
#include "../pass.inc"

INLINE void top_k_error_exponentials(const top_k_error_call *call, const top_k_error_base *base, row_logit *logit,
                                     int n, int variant) {
    (void)call, (void)base, (void)logit, (void)n, (void)variant;
}

INLINE top_k_error_call top_k_error_call_of(const fl_rows *a) {
    return (top_k_error_call){v_set((real)a->parameters[0]), v_set((real)(a->classes - 1))};
}

INLINE top_k_error_terms top_k_error_term(const top_k_error_call *call, const top_k_error_base *base, row_logit logit,
                                          int tops, int variant) {
    (void)call, (void)tops, (void)variant;
    vec above = v_select(v_le(base->own, logit.x), v_set(1), v_set(0));
    return (top_k_error_terms){.sum = {v_select(v_lt(logit.x, v_set(INFINITE)), above, v_set(NOT_A_NUMBER))},
                               .count = {v_select(v_lt(v_set(-INFINITE), logit.x), v_set(1), v_set(0))}};
}

/* The sum counts the label's own logit too. Where that is -inf, all others are >= it; if all are, there is no loss. */
INLINE top_k_error_state top_k_error_reduce(const top_k_error_call *call, const row_source *s, int variant) {
    top_k_error_base base = {s->own};
    top_k_error_totals t = top_k_error_sum(call, s, &base, variant);
    vec above = v_select(v_eq(s->own, v_set(-INFINITE)), call->others + t.sum[0] * v_set(0), t.sum[0] - v_set(1));
    return (top_k_error_state){.own = s->own,
                               .above = v_select(v_eq(t.count[0], v_set(0)), v_set(NOT_A_NUMBER), above)};
}

INLINE vec top_k_error_loss(const top_k_error_call *call, top_k_error_state *s, int variant) {
    (void)variant;
    vec loss = v_select(v_le(call->k, s->above), v_set(1), v_set(0));
    return s->loss = v_select(v_is_number(s->above), loss, s->above);
}

DEFINE_FLAT_ELEMENTS(top_k_error)

#define ROW_KERNEL top_k_error
#include "../driver.inc"

static void top_k_error_rows(const fl_rows *a) { top_k_error_run(a, 0); }
#endif
