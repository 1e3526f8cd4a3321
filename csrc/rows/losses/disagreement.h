#ifndef ROW_BODIES
ROW_LOSS(disagreement, FL_LOGITS, FL_BOUNDED)
#else
/* Whether the largest of two rows of logits are of different classes; of equal logits the first is taken. There is none
 * where a logit is NaN or +inf, or all are -inf. */

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

INLINE disagreement_state disagreement_reduce(const disagreement_call *call, const row_source *s, int variant) {
    (void)call, (void)variant;
    row_source other = *s;
    other.x = s->target;
    if (s->form == FEW_CLASSES) {
        lanes_top top = top_of_lanes(s), other_top = top_of_lanes(&other);
        vec loss = v_select(v_eq(top.class, other_top.class), v_set(0), v_set(1));
        mask has_both = m_and(is_finite(top.max), is_finite(other_top.max));
        return (disagreement_state){v_select(has_both, loss, v_set(NOT_A_NUMBER))};
    }
    row_top top = top_of_row(s->x, s->classes), other_top = top_of_row(other.x, s->classes);
    real both = (top.max - top.max) + (other_top.max - other_top.max); /* NaN where one is not finite */
    return (disagreement_state){v_set(both + (top.class != other_top.class))};
}

/* Where there are labels, they tell which rows count. */
DEFINE_FLAT_ELEMENTS(disagreement)

INLINE vec disagreement_loss(const disagreement_call *call, disagreement_state *s, int variant) {
    (void)call, (void)variant;
    return s->loss;
}

#define ROW_KERNEL disagreement
#include "../driver.inc"

static void disagreement_rows(const fl_rows *a) { disagreement_run(a, 0); }
#endif
