/* The sums of a row: in 16 virtual lanes on every instruction set (LANE_VECTORS vectors), eight terms as a tree in the
 * data's type and the trees without loss (two-sum), so that 128000 equal terms do not drift. */

#define LANE_VECTORS (ROW_LANES / LANES)
#define GROUP 8

/* hi + lo += x, without loss while hi and x are finite */
INLINE void add_exactly(vpair *total, vec x) {
    vpair sum = two_sum(total->hi, x);
    total->hi = sum.hi;
    total->lo += sum.lo;
}

/* An infinite hi has no lo. */
INLINE vpair without_nan(vpair x) { return (vpair){x.hi, v_select(v_eq(x.hi - x.hi, v_set(0)), x.lo, v_set(0))}; }

/* ((t0 + t4) + (t2 + t6)) + ... */
INLINE vec tree(vec *t) {
    for (int width = GROUP / 2; width; width /= 2)
        for (int i = 0; i < width; i++) t[i] += t[i + width];
    return t[0];
}

/* What the terms of row r refer to, where that is not its maximum: the vectors of a row_base, an element each */
typedef struct {
    real value[sizeof(row_base) / sizeof(vec)];
} base_values;

INLINE base_values base_of_row(const fl_rows *a, size_t r, int is) {
    if (is & MARGIN) return (base_values){{logit_at_label(a, r)}};
    const fl_rows *teacher = a->teacher;
    return (base_values){{(real)a->max[r], (real)teacher->max[r], (real)(EMIT_UNSCALE / (1 + a->rest[r])),
                          (real)(EMIT_UNSCALE / (1 + teacher->rest[r])), (real)(teacher->log[r] - a->log[r])}};
}

INLINE row_term term_of(const row_call *call, const row_base *base, vec x, const real *target, vec class_weight) {
    if (call->is & MARGIN) return margin_term(call, base, x);
    if (call->is & DIVERGENCE) return divergence_term(call, base, x, v_load(target));
    return softmax_term(call, base, x, target, class_weight);
}

typedef struct {
    vpair sum, dot, mass; /* of all terms but those at the top */
    vec peaks, peak_mass; /* how many are at the top, and their mass */
} row_sums;

/* Terms of one vector of lanes, and their sums */
typedef struct {
    vec *sum, *dot, *mass; /* GROUP each */
} row_group;

INLINE void put_term(const row_call *call, row_group group, int i, row_term t, row_sums *sums, int peak) {
    if (peak) {
        sums->peaks += v_select(t.top, v_set(1), v_set(0));
        sums->peak_mass += v_select(t.top, call->is & MARGIN ? v_set(1) : t.mass, v_set(0));
    }
    if (peak && !(call->is & MARGIN)) { /* a margin's are 0 there */
        t.sum = v_select(t.top, v_set(0), t.sum);
        t.mass = v_select(t.top, v_set(0), t.mass);
    }
    group.sum[i] = t.sum;
    if (call->is & (SOFT | MARGIN | DIVERGENCE)) group.dot[i] = t.dot;
    if (call->is & (SOFT | MARGIN)) group.mass[i] = t.mass;
}

INLINE void add_terms(const row_call *call, row_sums *sums, row_group group) {
    add_exactly(&sums->sum, tree(group.sum));
    if (call->is & (SOFT | MARGIN | DIVERGENCE)) add_exactly(&sums->dot, tree(group.dot));
    if (call->is & (SOFT | MARGIN)) add_exactly(&sums->mass, tree(group.mass));
}
