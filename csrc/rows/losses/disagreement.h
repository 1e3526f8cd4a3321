#ifndef ROW_BODIES
ROW_LOSS(disagreement, FL_LOGITS, FL_BOUNDED)
#else
/* Whether the largest of two rows of logits are of different classes; of equal logits the first is taken. */

typedef struct {
    char nothing;
} disagreement_call;

typedef struct {
    vec loss;
} disagreement_state;

enum { disagreement_KEEPS = 0, disagreement_VALUE_ALONE = 0 };

INLINE disagreement_call disagreement_call_of(const fl_rows *a) {
    (void)a;
    return (disagreement_call){0};
}

/* The class of the first maximum of each lane; NaN where a logit is NaN or +inf, or all are -inf */
INLINE vec top_of_lanes(const row_source *s) {
    vec max = v_set(-INFINITE), top = v_set(NOT_A_NUMBER), least = v_set(INFINITE);
    for (size_t k = 0; k < s->classes; k++) {
        vec x = logit_of(s, k);
        top = v_select(v_lt(max, x), v_set((real)k), top);
        max = v_max(max, x);
        least = v_select(v_lt(x, v_set(INFINITE)), least, v_set(NOT_A_NUMBER));
    }
    return v_select(v_is_number(least), top, least);
}

/* The same of a long row: its classes, or how many there are where it has no maximum */
INLINE size_t top_of_row(const real *x, size_t classes) {
    vec max = v_set(-INFINITE), numbers = v_set(0);
    size_t whole = classes - classes % LANES, k = 0;
    real largest;
    for (; k < whole; k += LANES) {
        vec y = v_load(x + k);
        max = v_max(max, y);
        numbers = v_select(v_lt(y, v_set(INFINITE)), numbers, v_set(NOT_A_NUMBER));
    }
    int has_none = m_any(m_not(v_is_number(numbers)));
    largest = across_max(max);
    for (; k < classes; k++) {
        has_none |= !(x[k] < INFINITE);
        if (largest < x[k]) largest = x[k];
    }
    if (has_none || largest == -INFINITE) return classes;
    for (k = 0; k < whole && !m_any(v_eq(v_load(x + k), v_set(largest)));) k += LANES;
    while (x[k] != largest) k++;
    return k;
}

INLINE disagreement_state disagreement_reduce(const disagreement_call *call, const row_source *s, int variant) {
    (void)call, (void)variant;
    row_source other = *s;
    other.x = s->target;
    if (s->form == FEW_CLASSES) {
        vec top = top_of_lanes(s), other_top = top_of_lanes(&other);
        vec loss = v_select(v_eq(top, other_top), v_set(0), v_set(1));
        return (disagreement_state){v_select(v_is_number(top + other_top), loss, v_set(NOT_A_NUMBER))};
    }
    size_t top = top_of_row(s->x, s->classes), other_top = top_of_row(other.x, s->classes);
    int has_none = top == s->classes || other_top == s->classes;
    return (disagreement_state){v_set(has_none ? NOT_A_NUMBER : top == other_top ? 0 : 1)};
}

INLINE vec disagreement_loss(const disagreement_call *call, disagreement_state *s, int variant) {
    (void)call, (void)variant;
    return s->loss;
}

INLINE vec disagreement_factors(const disagreement_call *call, disagreement_state *s, vec scale, int variant) {
    (void)call, (void)s, (void)scale, (void)variant;
    return v_set(1);
}

INLINE vec disagreement_element(const disagreement_call *call, const disagreement_state *s, int output, row_logit logit,
                                int variant) {
    (void)call, (void)output, (void)logit, (void)variant;
    return s->loss * v_set(0);
}

INLINE vec disagreement_at_label(const disagreement_call *call, const disagreement_state *s, int output, int variant) {
    (void)call, (void)output, (void)variant;
    return s->loss * v_set(0); /* where there are labels, they tell which rows count */
}

#define ROW_KERNEL disagreement
#include "../driver.inc"

static void disagreement_rows(const fl_rows *a) { disagreement_run(a, 0); }
#endif
