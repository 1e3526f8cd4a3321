#ifndef ROW_BODIES
ROW_LOSS(multi_margin, FL_LABELS, FL_CONVEX, "p 1 or 2", "margin finite")
#else
/* The multi-class margin loss: the sum over the classes k but the label y of max(0, margin + x_k - x_y)^p, p = 1 or 2,
 * divided by the number of classes.
 *
 * Three sums give the loss and its derivatives by x_y: of the powers, of the excesses max(0, margin + x_k - x_y), and
 * the number of positive excesses. Classes whose logit equals the label's, which all add the same, are only counted.
 *
 * Where a sum overflows, whose quotient by the number of classes may not, it is taken again of excesses times UNIT. */

enum { SQUARE = 1, SCALED = 2 };

#define UNIT (sizeof(real) == 4 ? 0x1p-96 : 0x1p-700)

typedef struct {
    vec margin;
    real classes;
} multi_margin_call;

typedef struct {
    vec own;
} multi_margin_base;

typedef struct {
    vec own, loss, excess, positive; /* the label's logit; the three sums, without the label's own term */
    vec unscale;                     /* of `excess`; of `loss`, too, for p = 2 twice: 1 / UNIT, or 1 */
    vec share;                       /* scale / C for p = 1, twice that for p = 2: the factor of all elements */
} multi_margin_state;

enum {
    multi_margin_KEEPS = 0,
    multi_margin_VALUE_ALONE = 1,
    multi_margin_SUMS = 3,
    multi_margin_COUNTS = 1,
    multi_margin_NO_TARGET = 0
};
INLINE int multi_margin_needed_sums(int variant) { return variant & ELEMENTS ? 3 : 1; }

INLINE int multi_margin_weighs(int variant) { return variant & 0; }
INLINE int multi_margin_hides(int variant) { return variant & 0; }

#define PASS multi_margin
#include "../pass.inc"

INLINE void multi_margin_exponentials(const multi_margin_call *call, const multi_margin_base *base, row_logit *logit,
                                      int n, int variant) {
    (void)call, (void)base, (void)logit, (void)n, (void)variant;
}

INLINE multi_margin_call multi_margin_call_of(const fl_rows *a) {
    return (multi_margin_call){v_set((real)a->parameters[1]), (real)a->classes};
}

/* NaN where x is NaN or +inf, and 0 where it is -inf, even if the label's logit is -inf too */
INLINE multi_margin_terms multi_margin_term(const multi_margin_call *call, const multi_margin_base *base,
                                            row_logit logit, int tops, int variant) {
    (void)tops;
    const vec unit = v_set(variant & SCALED ? (real)UNIT : 1);
    vec d = logit.x * unit - base->own, zero = v_set(0);
    mask top = v_eq(d, zero);
    vec excess = v_max(v_select(top, v_set(-INFINITE), d) + call->margin * unit, zero);
    vec positive = v_select(v_lt(zero, excess), v_set(1), zero);
    excess = v_select(v_lt(logit.x, v_set(INFINITE)), excess, v_set(NOT_A_NUMBER));
    return (multi_margin_terms){.sum = {variant & SQUARE ? excess * excess : excess, excess, positive},
                                .count = {v_select(top, v_set(1), zero)}};
}

/* The sums of terms times UNIT, or its square: taken where those of the terms are infinite. One function, not inlined, as
 * hardly a row needs it. */
static __attribute__((noinline)) multi_margin_totals multi_margin_scaled_sum(const multi_margin_call *call,
                                                                             const row_source *s, int variant) {
    multi_margin_base base = {s->own * v_set((real)UNIT)};
    return multi_margin_sum(call, s, &base, variant | SCALED);
}

INLINE multi_margin_state multi_margin_reduce(const multi_margin_call *call, const row_source *s, int variant) {
    multi_margin_base base = {s->own};
    multi_margin_totals t = multi_margin_sum(call, s, &base, variant);
    vec own = v_max(call->margin, v_set(0)), ties = v_max(t.count[0] - v_set(1), v_set(0)); /* no -inf equals another */
    multi_margin_state state = {.own = s->own,
                                .loss = v_fma(ties, variant & SQUARE ? own * own : own, t.sum[0]),
                                .excess = v_fma(ties, own, t.sum[1]),
                                .positive = t.sum[2] + v_select(v_lt(v_set(0), own), ties, v_set(0)),
                                .unscale = v_set(1)};
    mask beyond = v_eq(state.loss, v_set(INFINITE));
    if (__builtin_expect(m_any(beyond), 0)) {
        t = multi_margin_scaled_sum(call, s, variant);
        own = own * v_set((real)UNIT);
        state.loss = v_select(beyond, v_fma(ties, variant & SQUARE ? own * own : own, t.sum[0]), state.loss);
        state.excess = v_select(beyond, v_fma(ties, own, t.sum[1]), state.excess);
        state.unscale = v_select(beyond, v_set((real)(1 / UNIT)), v_set(1));
    }
    return state;
}

/* Undefined where the label's logit is infinite, unless it is -inf and others are not: then the loss is inf. */
INLINE vec multi_margin_loss(const multi_margin_call *call, multi_margin_state *s, int variant) {
    mask nothing = m_and(v_eq(s->own, v_set(-INFINITE)), v_eq(s->loss, v_set(0)));
    nothing = m_or(nothing, v_eq(s->own, v_set(INFINITE)));
    vec loss = s->loss / v_set(call->classes) * s->unscale;
    if (variant & SQUARE) loss = loss * s->unscale;
    return s->loss = v_select(nothing, v_set(NOT_A_NUMBER), loss);
}

INLINE vec multi_margin_factors(const multi_margin_call *call, multi_margin_state *s, vec scale, int variant) {
    vec share = scale / v_set(call->classes) * v_set(variant & SQUARE ? 2 : 1);
    s->share = v_select(v_is_number(s->loss), share, s->loss);
    return v_set(1);
}

INLINE vec multi_margin_element(const multi_margin_call *call, const multi_margin_state *s, int output, row_logit logit,
                                int variant) {
    vec zero = v_set(0), nothing = s->share * zero, excess = v_max((logit.x - s->own) + call->margin, zero);
    if (output == FL_ROW_GRAD && variant & SQUARE) return excess * s->share;
    if (output == FL_ROW_HESS && !(variant & SQUARE)) return nothing;
    return v_select(v_lt(zero, excess), s->share, nothing);
}

INLINE vec multi_margin_at_label(const multi_margin_call *call, const multi_margin_state *s, int output, int variant) {
    (void)call;
    if (output == FL_ROW_GRAD)
        return -s->share * (variant & SQUARE ? s->excess : s->positive) * (variant & SQUARE ? s->unscale : v_set(1));
    return s->share * (variant & SQUARE ? s->positive : v_set(0));
}

#define ROW_KERNEL multi_margin
#include "../driver.inc"

DEFINE_VARIANT(multi_margin, linear, 0)
DEFINE_VARIANT(multi_margin, squared, SQUARE)

static void multi_margin_rows(const fl_rows *a) {
    if (a->parameters[0] == 2) return multi_margin_squared(a);
    multi_margin_linear(a);
}
#undef UNIT
#endif
