#ifndef ROW_BODIES
ROW_FUNCTION(hits)
#else
/* Whether the label is the class of the largest logit, the first of equal ones: 1, else 0, as where a logit is NaN. It
 * has no elements. */

typedef struct {
    char nothing;
} hits_call;

typedef struct {
    vec loss;
} hits_state;

enum { hits_KEEPS = 0, hits_VALUE_ALONE = 1 };

INLINE hits_call hits_call_of(const fl_rows *a) {
    (void)a;
    return (hits_call){0};
}

INLINE hits_state hits_reduce(const hits_call *call, const row_source *s, int variant) {
    (void)call, (void)variant;
    if (s->form == FEW_CLASSES) {
        lanes_top top = top_of_lanes(s);
        real label[LANES];
        for (int i = 0; i < LANES; i++) label[i] = (real)s->labels[i];
        mask hit = m_and(v_eq(v_load(label), top.class), v_is_number(top.max));
        return (hits_state){v_select(hit, v_set(1), v_set(0))};
    }
    row_top top = top_of_row(s->x, s->classes);
    return (hits_state){v_set(top.class == (size_t)*s->labels && top.max == top.max ? 1 : 0)};
}

DEFINE_FLAT_ELEMENTS(hits)

INLINE vec hits_loss(const hits_call *call, hits_state *s, int variant) {
    (void)call, (void)variant;
    return s->loss;
}

#define ROW_KERNEL hits
#include "../driver.inc"

static void hits_rows(const fl_rows *a) { hits_run(a, 0); }
#endif
