/* What one logit adds to the sums of its row. */

#define ROW_LANES 16
#define CACHE_LINE (64 / sizeof(real))

/* Sums of exponentials are taken at 2^64 times their size: nothing that reaches the result is subnormal. */
#define SUM_SCALE 64
#define SUM_UNSCALE 0x1p-64

#define LOWEST (FL_ARITH == 32 ? -0x1.fffffep127 : -0x1.fffffffffffffp1023)

/* 0, 1, 2, ...: shuffles are written as arithmetic on it, which the compiler folds */
INLINE ivec lane_index(void) {
    const bits count[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ivec lane;
    memcpy(&lane, count, sizeof lane);
    return lane;
}

/* A place in a row, or in rows */
typedef struct {
    const real *x, *target, *class_weight; /* the last two may be NULL */
} row_part;

INLINE row_part part_at(row_part p, size_t k) {
    return (row_part){p.x + k, p.target ? p.target + k : NULL, p.class_weight ? p.class_weight + k : NULL};
}

INLINE row_part part_of_row(const fl_rows *a, size_t r) {
    row_part all = {a->logits, a->teacher ? a->teacher->logits : a->target, a->class_weight},
             at = part_at(all, r * a->classes);
    at.class_weight = a->class_weight;
    return at;
}

/* Gradients are computed at this power of two, where a subnormal result still has all its digits. */
#define EMIT_SCALE (MANTISSA_BITS + 1)
#define EMIT_FACTOR ((double)(1ULL << EMIT_SCALE))
#define EMIT_UNSCALE (1 / EMIT_FACTOR)

/* What a call sums: exponentials of d / T, by a temperature T != 1, with a target that has more than a label; what
 * exceeds a margin, squared; or how far two softmaxes diverge. Constants where the loops are instantiated. */
enum { TEMPERED = 1, SOFT = 2, MARGIN = 4, SQUARE = 8, DIVERGENCE = 16 };

/* What the terms of a call share */
typedef struct {
    vec temperature, keep, spread, margin;
    divisor over_temperature;
    int is;
} row_call;

INLINE row_call row_call_of(const fl_rows *a, int is) {
    vec temperature = v_set((real)a->temperature);
    return (row_call){
        temperature, v_set((real)a->keep), v_set((real)a->spread), v_set((real)a->margin), v_divisor(temperature), is};
}

/* exp(d / T) 2^scale */
INLINE vec exp_term(const row_call *call, vec d, int scale) {
    return call->is & TEMPERED ? v_exp_quotient_scaled(d, call->temperature, call->over_temperature, scale)
                               : v_exp_scaled(d, scale);
}

/* a_k; labels are added elsewhere */
INLINE vec coefficient(const row_call *call, const real *target, vec class_weight) {
    return (target ? v_fma(call->keep, v_load(target), call->spread) : call->spread) * class_weight;
}

/* a_k at a label: what the label alone has, and the share that `coefficient` gives every class */
typedef struct {
    double kept, smoothed;
} label_mass;

INLINE label_mass label_mass_of(const fl_rows *a, int64_t label) {
    real weight = a->class_weight ? ((const real *)a->class_weight)[label] : 1;
    return (label_mass){a->keep * weight, (real)a->spread * weight};
}

/* What the terms of a row refer to: its maximum, or the logit of its label; and what `divergence.h` needs */
typedef struct {
    vec at, teacher_at, p, q, log_ratio;
} row_base;

/* What one logit adds: e^d, a_k (max - x_k) and a_k; or as `margin.h` and `divergence.h` say. Those at the `top`, where
 * d = 0, count apart. */
typedef struct {
    vec sum, dot, mass;
    mask top;
} row_term;

INLINE row_term softmax_term(const row_call *call, const row_base *base, vec x, const real *target, vec class_weight) {
    vec d = x - base->at, zero = v_set(0);
    vec a = call->is & SOFT ? coefficient(call, target, class_weight) : zero;
    return (row_term){exp_term(call, d, SUM_SCALE), v_select(v_eq(a, zero), zero, a * -d), a, v_eq(d, zero)};
}

INLINE double scale_of(const fl_rows *a, size_t r) { return a->scale ? a->scale[r] : 1; }

INLINE real logit_at_label(const fl_rows *a, size_t r) {
    return ((const real *)a->logits)[r * a->classes + a->labels[r]];
}

INLINE int is_labelled(const fl_rows *a, int is) { return a->labels && !(is & (MARGIN | DIVERGENCE)); }

/* What labels add to the sums of a softmax's rows */
static void add_labels(const fl_rows *a, size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) {
        double kept = label_mass_of(a, a->labels[r]).kept;
        real x = a->label_logit[r] = logit_at_label(a, r);
        int top = x == a->max[r];
        if (kept != 0) a->dot[r] += kept * (a->max[r] - x);
        a->peak_mass[r] += top ? kept : 0;
        a->mass[r] += top ? 0 : kept;
    }
}
