/* Sums over a row. Eight terms are added as a tree in the computing type, and the trees with compensation (Neumaier
 * 1974), so that the error does not grow with the classes. A long row is summed in 16 lanes on every instruction set,
 * so that the bits are the same. */

enum {
    GROUP = 8,                        /* terms of a tree */
    LANE_VECTORS = ROW_LANES / LANES, /* vectors that hold the lanes of a long row */
    GROUP_LOGITS = GROUP * ROW_LANES, /* classes of a group of a long row: a tree in each lane */
    CHUNK = (1 << 14) / sizeof(real), /* classes whose logits stay in the first-level cache */
    MAX_CHUNKS = 64                   /* of a row: with more classes than 64 chunks hold, the chunks are larger */
};

/* hi += x; lo collects the rounding errors of hi. */
INLINE void add_compensated(vpair *total, vec x) {
    vpair sum = two_sum(total->hi, x);
    total->hi = sum.hi;
    total->lo += sum.lo;
}

/* An infinite hi leaves NaN in lo: 0 instead */
INLINE vpair without_nan(vpair x) { return (vpair){x.hi, v_select(is_finite(x.hi), x.lo, v_set(0))}; }

/* The sum of n terms, a power of two, as a tree: ((t0 + t4) + (t2 + t6)) + ... GCC would leave these loops, and the terms
 * in memory, where it has inlined much. */
INLINE vec tree(vec *t, int n) {
    UNROLL for (int width = n / 2; width; width /= 2) UNROLL for (int i = 0; i < width; i++) t[i] += t[i + width];
    return t[0];
}

/* The sum of 16 lanes in float64, as a tree */
INLINE double across_sum(const vpair sums[LANE_VECTORS]) {
    enum { WIDTH = FL_BYTES / sizeof(double), PARTS = ROW_LANES / WIDTH };
    dvec part[PARTS];
    for (int j = 0; j < LANE_VECTORS; j++) {
        vpair x = without_nan(sums[j]);
        for (int i = 0; i < LANES / (int)WIDTH; i++)
            part[j * (LANES / WIDTH) + i] =
                v_load_doubles((const real *)&x.hi + i * WIDTH) + v_load_doubles((const real *)&x.lo + i * WIDTH);
    }
    for (int width = PARTS / 2; width; width /= 2)
        for (int i = 0; i < width; i++) part[i] += part[i + width];
    double lane[WIDTH];
    memcpy(lane, part, sizeof lane);
    for (int width = WIDTH / 2; width; width /= 2) UNROLL for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

/* How far ahead a pass prefetches: a chunk. Several shorter rows are in the first-level cache, and what is kept of
 * them: less. */
INLINE size_t prefetch_distance(size_t classes) { return classes < CHUNK / 2 ? CHUNK / 2 : CHUNK; }

INLINE void prefetch(const real *x, size_t n) {
    for (size_t i = 0; i < n; i += CACHE_LINE) __builtin_prefetch(x + i);
}

INLINE void prefetch_to_write(const real *x, size_t n) {
    for (size_t i = 0; i < n; i += CACHE_LINE) __builtin_prefetch(x + i, 1);
}

/* A copy of the last n classes of a long row or chunk, from `begin` on, which fill no group: a group filled up with
 * classes that add nothing to the sums. */
typedef struct {
    real x[GROUP_LOGITS], target[GROUP_LOGITS], class_weight[GROUP_LOGITS], kept[GROUP_LOGITS];
} last_group;

SHARED void copy_last(const row_source *s, size_t begin, size_t n, real no_target, int weighs, last_group *to) {
    for (int i = 0; i < GROUP_LOGITS; i += LANES) v_store(to->x + i, v_set(-INFINITE));
    memcpy(to->x, s->x + begin, n * sizeof(real));
    if (s->target) {
        for (int i = 0; i < GROUP_LOGITS; i += LANES) v_store(to->target + i, v_set(no_target));
        memcpy(to->target, s->target + begin, n * sizeof(real));
    }
    if (weighs) {
        for (size_t i = 0; i < GROUP_LOGITS; i++) to->class_weight[i] = i < n ? 1 : 0;
        if (s->class_weight) memcpy(to->class_weight, s->class_weight + begin, n * sizeof(real));
    }
}

/* The row as it goes on in that copy */
INLINE row_source in_last(row_source s, last_group *last, int weighs) {
    s.x = last->x;
    s.kept = last->kept;
    if (s.target) s.target = last->target;
    if (weighs) s.class_weight = last->class_weight;
    return s;
}

/* Copies a group to where its logits that equal `at` are -inf, which adds nothing, and returns how many these are. */
INLINE real hide_tops(const real *x, vec at, real *hidden) {
    vec count = v_set(0);
    for (int i = 0; i < GROUP_LOGITS / LANES; i++) {
        vec logit = v_load(x + i * LANES);
        mask top = v_eq(logit - at, v_set(0));
        v_store(hidden + i * LANES, v_select(top, v_set(-INFINITE), logit));
        count += v_select(top, v_set(1), v_set(0));
    }
    real lane[LANES];
    v_store(lane, count);
    for (int width = LANES / 2; width; width /= 2) UNROLL for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    return lane[0];
}

/* Stores what is kept of them: the exponential of 0. */
INLINE void keep_tops(const real *x, vec at, real *kept) {
    for (int i = 0; i < GROUP_LOGITS / LANES; i++) {
        mask top = v_eq(v_load(x + i * LANES) - at, v_set(0));
        v_store(kept + i * LANES, v_select(top, v_set(1 / SUM_UNSCALE), v_load(kept + i * LANES)));
    }
}
