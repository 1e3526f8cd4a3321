/* What one logit adds to the sums of its row.
 *
 * A row is summed in 16 virtual lanes on every instruction set (LANE_VECTORS vectors), eight terms as a tree in the
 * data's type and the trees without loss (two-sum), so that 128000 equal terms do not drift. */

#define ROW_LANES 16
#define LANE_VECTORS (ROW_LANES / LANES)
#define GROUP 8
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

/* hi + lo += x, without loss while hi and x are finite */
INLINE void add_exactly(vpair *total, vec x) {
    vec sum = total->hi + x, part = sum - total->hi;
    total->lo += (total->hi - (sum - part)) + (x - part);
    total->hi = sum;
}

/* An infinite hi has no lo. */
INLINE vpair without_nan(vpair x) { return (vpair){x.hi, v_select(v_eq(x.hi - x.hi, v_set(0)), x.lo, v_set(0))}; }

/* ((t0 + t4) + (t2 + t6)) + ... */
INLINE vec tree(vec *t) {
    for (int width = GROUP / 2; width; width /= 2)
        for (int i = 0; i < width; i++) t[i] += t[i + width];
    return t[0];
}

/* A place in a row, or in rows */
typedef struct {
    const real *x, *target, *class_weight; /* the last two may be NULL */
} row_part;

INLINE row_part part_at(row_part p, size_t k) {
    return (row_part){p.x + k, p.target ? p.target + k : NULL, p.class_weight ? p.class_weight + k : NULL};
}

INLINE row_part part_of_row(const fl_rows *a, size_t r) {
    row_part all = {a->logits, a->target, a->class_weight}, at = part_at(all, r * a->classes);
    at.class_weight = a->class_weight;
    return at;
}

typedef struct {
    vpair exp;       /* exponentials, scaled */
    vpair dot, mass; /* of the target */
    /* Of the logits equal to the maximum, which `exp` and `mass` leave out */
    vec peaks, peak_mass;
} row_sums;

/* What the terms of a call share. The flags are constants where the loops are instantiated. */
typedef struct {
    vec temperature, keep, spread;
    divisor over_temperature;
    int tempered, soft; /* T != 1; the target has more than a label */
} row_call;

INLINE row_call row_call_of(const fl_rows *a, int tempered, int soft) {
    vec temperature = v_set((real)a->temperature);
    return (row_call){temperature, v_set((real)a->keep), v_set((real)a->spread), v_divisor(temperature), tempered,
                      soft};
}

/* exp(d / T) 2^scale */
INLINE vec exp_term(const row_call *call, vec d, int scale) {
    return call->tempered ? v_exp_quotient_scaled(d, call->temperature, call->over_temperature, scale)
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

/* a_k (max - x_k), 0 where a_k is 0 */
INLINE vec dot_term(vec a, vec d) { return v_select(v_eq(a, v_set(0)), v_set(0), a * -d); }
