/* The class of a row's maximum; and what losses share that follow from it alone, or from the order of the logits: they
 * are flat. */

/* The elements of a loss whose state has it as `loss`: 0, or NaN where that is NaN */
#define DEFINE_FLAT_ELEMENTS(name)                                                                                     \
    INLINE vec name##_factors(const name##_call *call, name##_state *s, vec scale, int variant) {                      \
        (void)call, (void)s, (void)scale, (void)variant;                                                               \
        return v_set(1);                                                                                               \
    }                                                                                                                  \
    INLINE vec name##_element(const name##_call *call, const name##_state *s, int output, row_logit logit,             \
                              int variant) {                                                                           \
        (void)call, (void)output, (void)logit, (void)variant;                                                          \
        return s->loss * v_set(0);                                                                                     \
    }                                                                                                                  \
    INLINE vec name##_at_label(const name##_call *call, const name##_state *s, int output, int variant) {              \
        (void)call, (void)output, (void)variant;                                                                       \
        return s->loss * v_set(0);                                                                                     \
    }

/* The maximum, or NaN if a logit is NaN; the first class at it */
typedef struct {
    vec max, class;
} lanes_top;

typedef struct {
    real max;
    size_t class;
} row_top;

/* Of rows of few classes, a lane each */
INLINE lanes_top top_of_lanes(const row_source *s) {
    vec max = v_set(-INFINITE), class = v_set(0);
    mask is_nan = v_lt(max, max);
    for (size_t k = 0; k < s->classes; k++) {
        vec x = logit_of(s, k);
        class = v_select(v_lt(max, x), v_set((real)k), class);
        max = v_max(x, max);
        is_nan = m_or(is_nan, m_not(v_is_number(x)));
    }
    return (lanes_top){v_select(is_nan, v_set(NOT_A_NUMBER), max), class};
}

/* Of a long row. The numbers of the last group overlap those before: that changes neither maximum nor class. */
enum { TOP_VECTORS = 8, TOP_GROUP = TOP_VECTORS * LANES };
_Static_assert((int)TOP_GROUP <= (int)FL_SHORT_ROW, "a long row has a group");

INLINE size_t group_after(size_t k, size_t classes) {
    return k + 2 * TOP_GROUP <= classes ? k + TOP_GROUP : classes - TOP_GROUP;
}

INLINE real max_of_row(const real *x, size_t classes) {
    vec max[TOP_VECTORS];
    mask is_nan = v_lt(v_set(0), v_set(0));
    UNROLL for (int i = 0; i < TOP_VECTORS; i++) max[i] = v_set(-INFINITE);
    for (size_t k = 0;; k = group_after(k, classes)) {
        UNROLL for (int i = 0; i < TOP_VECTORS; i++) {
            vec y = v_load(x + k + i * LANES);
            max[i] = v_max(y, max[i]);
            is_nan = m_or(is_nan, m_not(v_is_number(y)));
        }
        if (k + TOP_GROUP == classes) break;
    }
    for (int width = TOP_VECTORS / 2; width; width /= 2)
        UNROLL for (int i = 0; i < width; i++) max[i] = v_max(max[i], max[i + width]);
    return m_any(is_nan) ? NOT_A_NUMBER : across_max(max[0]);
}

INLINE int group_holds(const real *x, vec number) {
    mask found = v_eq(v_load(x), number);
    UNROLL for (int i = 1; i < TOP_VECTORS; i++) found = m_or(found, v_eq(v_load(x + i * LANES), number));
    return m_any(found);
}

SHARED row_top top_of_row(const real *x, size_t classes) {
    row_top top = {max_of_row(x, classes), 0};
    if (top.max != top.max) return top;
    while (!group_holds(x + top.class, v_set(top.max))) top.class = group_after(top.class, classes);
    while (x[top.class] != top.max) top.class ++;
    return top;
}
