/* Rows of many classes: a row in chunks that stay in the first-level cache, first the chunk's maximum and then its
 * sums; the chunks' sums are brought to the row's maximum last. */

enum {
    GROUP_LOGITS = GROUP * ROW_LANES,
    CHUNK = (1 << 14) / sizeof(real), /* logits */
    CHUNK_GROUPS = CHUNK / GROUP_LOGITS,
    MAX_CHUNKS = 64
};

typedef struct {
    double max, rest, dot, mass, peak_mass;
} row_total;

/* ROW_LANES logits and what belongs to them */
typedef struct {
    real x[ROW_LANES], target[ROW_LANES], class_weight[ROW_LANES];
} last_part;

/* The last of n logits, which fill not all lanes: those before them stand in the other lanes and add nothing. */
INLINE row_part last_of(const row_call *call, last_part *to, row_part p, size_t n) {
    size_t rest = n % ROW_LANES;
    vec no_target = v_set(call->is & DIVERGENCE ? -INFINITE : 0);
    p = part_at(p, n - ROW_LANES);
    static const real is_done[2 * ROW_LANES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (int j = 0; j < ROW_LANES; j += LANES) {
        vec target = p.target ? v_load(p.target + j) : no_target;
        vec weight = p.class_weight ? v_load(p.class_weight + j) : v_set(1);
        mask done = v_eq(v_load(is_done + rest + j), v_set(1));
        v_store(to->x + j, v_select(done, v_set(-INFINITE), v_load(p.x + j)));
        v_store(to->target + j, v_select(done, no_target, target));
        v_store(to->class_weight + j, v_select(done, v_set(0), weight));
    }
    return (row_part){to->x, p.target ? to->target : NULL, to->class_weight};
}

INLINE real across_max(vec x) {
    for (int distance = LANES / 2; distance; distance /= 2) x = v_max(__builtin_shuffle(x, lane_index() ^ distance), x);
    return x[0];
}

/* The largest of n logits, n a constant */
INLINE vec max_of(const real *x, int n) {
    vec max[GROUP_LOGITS / LANES];
    n /= LANES;
    for (int i = 0; i < n; i++) max[i] = v_load(x + i * LANES);
    for (int width = n / 2; width; width /= 2)
        for (int i = 0; i < width; i++) max[i] = v_max(max[i], max[i + width]);
    return max[0];
}

/* `vectors` vectors of each lane, `vectors` and `peak` constants: where not `peak`, nothing is at the top. */
INLINE void add_group(const row_call *call, row_sums *sums, row_part p, int vectors, const row_base *base, int peak) {
    for (int j = 0; j < LANE_VECTORS; j++) {
        vec sum[GROUP], dot[GROUP], mass[GROUP];
        for (int i = 0; i < GROUP; i++) sum[i] = dot[i] = mass[i] = v_set(0);
        row_group group = {sum, dot, mass};
        for (int i = 0; i < vectors; i++) {
            row_part here = part_at(p, i * ROW_LANES + j * LANES);
            vec class_weight = here.class_weight ? v_load(here.class_weight) : v_set(1);
            row_term t = term_of(call, base, v_load(here.x), here.target, class_weight);
            put_term(call, group, i, t, &sums[j], peak);
        }
        add_terms(call, &sums[j], group);
    }
}

/* The sum of 16 lanes in float64, as a tree */
INLINE double across_sum(const vpair sums[LANE_VECTORS]) {
    enum { WIDTH = FL_BYTES / sizeof(double), PARTS = ROW_LANES / WIDTH };
    typedef double wide __attribute__((vector_size(FL_BYTES)));
    typedef int64_t index __attribute__((vector_size(FL_BYTES)));
    typedef real part __attribute__((vector_size(WIDTH * sizeof(real))));
    wide lane[PARTS];
    for (int j = 0; j < LANE_VECTORS; j++) {
        vpair x = without_nan(sums[j]);
        for (int i = 0; i < LANES / (int)WIDTH; i++) {
            part hi, lo;
            memcpy(&hi, (const real *)&x.hi + i * WIDTH, sizeof hi);
            memcpy(&lo, (const real *)&x.lo + i * WIDTH, sizeof lo);
            lane[j * (LANES / WIDTH) + i] = __builtin_convertvector(hi, wide) + __builtin_convertvector(lo, wide);
        }
    }
    for (int width = PARTS / 2; width; width /= 2)
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    const int64_t count[] = {0, 1, 2, 3, 4, 5, 6, 7};
    index lanes;
    memcpy(&lanes, count, sizeof lanes);
    for (int distance = WIDTH / 2; distance; distance /= 2) lane[0] += __builtin_shuffle(lane[0], lanes ^ distance);
    return lane[0][0];
}

/* Fewer logits than a group */
INLINE void add_rest(const row_call *call, row_sums *sums, row_part p, size_t n, const row_base *base, int peak) {
    UNROLL for (int vectors = GROUP / 2; vectors; vectors /= 2) if (n & (size_t)(vectors * ROW_LANES)) {
        add_group(call, sums, p, vectors, base, peak);
        p = part_at(p, vectors * ROW_LANES);
    }
}

/* What comes a chunk later than these n logits, while there is something to compute */
INLINE void prefetch(const real *x, size_t n) {
    for (size_t i = 0; i < n; i += CACHE_LINE) __builtin_prefetch(x + CHUNK + i);
}

/* The sums of n logits, the last of which are in `last`; `group_max` tells which groups have something at the top, or
 * is NULL. */
INLINE row_total sum_part(const row_call *call, row_part p, size_t n, row_part last, const row_base *base,
                          const vec *group_max) {
    const int peak = !(call->is & DIVERGENCE);
    size_t whole = n - n % GROUP_LOGITS;
    row_sums sums[LANE_VECTORS];
    for (int j = 0; j < LANE_VECTORS; j++) sums[j] = (row_sums){0};
    for (size_t k = 0; k < whole; k += GROUP_LOGITS) {
        prefetch(p.x + k, GROUP_LOGITS);
        const int meets = peak && (!group_max || m_any(v_eq(group_max[k / GROUP_LOGITS], base->at)));
        if (__builtin_expect(meets, 0))
            add_group(call, sums, part_at(p, k), GROUP, base, 1);
        else
            add_group(call, sums, part_at(p, k), GROUP, base, 0);
    }
    prefetch(p.x + whole, n - whole);
    add_rest(call, sums, part_at(p, whole), n - whole, base, peak);
    if (n % ROW_LANES) add_group(call, sums, last, 1, base, peak);
    vpair sum[LANE_VECTORS], peaks[LANE_VECTORS], dot[LANE_VECTORS], mass[LANE_VECTORS], peak_mass[LANE_VECTORS];
    for (int j = 0; j < LANE_VECTORS; j++) {
        sum[j] = sums[j].sum;
        peaks[j] = (vpair){sums[j].peaks, v_set(0)};
        dot[j] = sums[j].dot;
        mass[j] = sums[j].mass;
        peak_mass[j] = (vpair){sums[j].peak_mass, v_set(0)};
    }
    row_total total = {base->at[0], across_sum(sum), 0, 0, 0};
    if (!(call->is & (MARGIN | DIVERGENCE))) total.rest = total.rest * SUM_UNSCALE + (across_sum(peaks) - 1);
    if (call->is & (SOFT | MARGIN | DIVERGENCE)) total.dot = across_sum(dot);
    if (call->is & (SOFT | MARGIN)) {
        total.mass = across_sum(mass);
        total.peak_mass = across_sum(peak_mass);
    }
    return total;
}

INLINE row_total chunk_total(const row_call *call, row_part p, size_t n) {
    size_t whole = n - n % GROUP_LOGITS, vectors = n - n % ROW_LANES;
    last_part buffer;
    row_part last = vectors < n ? last_of(call, &buffer, p, n) : (row_part){0};
    vec group_max[CHUNK_GROUPS], all = v_set(-INFINITE);
    for (size_t k = 0; k < whole; k += GROUP_LOGITS) {
        group_max[k / GROUP_LOGITS] = max_of(p.x + k, GROUP_LOGITS);
        all = v_max(all, group_max[k / GROUP_LOGITS]);
    }
    for (size_t k = whole; k < vectors; k += ROW_LANES) all = v_max(all, max_of(p.x + k, ROW_LANES));
    if (vectors < n) all = v_max(all, max_of(last.x, ROW_LANES));
    real max = across_max(all);
    row_base base = {.at = v_set(max < (real)LOWEST ? (real)LOWEST : max)}; /* -inf - -inf would be NaN */
    row_total total = sum_part(call, p, n, last, &base, group_max);
    total.max = max;
    return total;
}

/* The chunks' sums, each relative to its own maximum, as the row's. */
static row_total merged(const row_call *call, const row_total *chunk, int chunks) {
    real shift[MAX_CHUNKS];
    row_total total = chunk[0];
    int top = 0;
    for (int c = 1; c < chunks; c++)
        if (total.max < chunk[c].max) total = chunk[top = c];
    for (int c = 0; c < MAX_CHUNKS; c++) shift[c] = c < chunks ? (real)(chunk[c].max - total.max) : 0;
    for (int c = 0; c < chunks; c += LANES) v_store(shift + c, exp_term(call, v_load(shift + c), 0));
    double error = 0;
    for (int c = 0; c < chunks; c++) {
        if (c == top) continue;
        double term = (1 + chunk[c].rest) * shift[c], sum = total.rest + term, part = sum - total.rest;
        error += (total.rest - (sum - part)) + (term - part);
        total.rest = sum;
        double below = chunk[c].max < LOWEST ? LOWEST : chunk[c].max, mass = chunk[c].mass + chunk[c].peak_mass;
        total.dot += chunk[c].dot + (mass == 0 ? 0 : mass * (total.max - below));
        total.mass += mass;
    }
    total.rest += error;
    return total;
}

INLINE row_total long_row_total(const row_call *call, row_part row, size_t n) {
    row_total totals[MAX_CHUNKS];
    int chunks = 0;
    for (size_t k = 0; k < n; k += CHUNK) {
        if (chunks == MAX_CHUNKS) {
            totals[0] = merged(call, totals, chunks);
            chunks = 1;
        }
        totals[chunks++] = chunk_total(call, part_at(row, k), n - k < CHUNK ? n - k : CHUNK);
    }
    return chunks == 1 ? totals[0] : merged(call, totals, chunks);
}

/* The sums of row r where they do not refer to its maximum */
INLINE row_total based_total(const row_call *call, const fl_rows *a, size_t r) {
    size_t n = a->classes;
    row_part row = part_of_row(a, r), last = {0};
    last_part buffer;
    if (n % ROW_LANES) last = last_of(call, &buffer, row, n);
    base_values of = base_of_row(a, r, call->is);
    row_base base = {v_set(of.value[0]), v_set(of.value[1]), v_set(of.value[2]), v_set(of.value[3]),
                     v_set(of.value[4])};
    return sum_part(call, row, n, last, &base, NULL);
}

INLINE void reduce_long_rows(const fl_rows *a, int is) {
    row_call call = row_call_of(a, is);
    for (size_t r = 0; r < a->rows; r++) {
        row_total total = is & (MARGIN | DIVERGENCE) ? based_total(&call, a, r)
                                                     : long_row_total(&call, part_of_row(a, r), a->classes);
        a->dot[r] = total.dot;
        if (is & DIVERGENCE) {
            a->loss[r] = total.rest;
            continue;
        }
        a->max[r] = total.max;
        a->rest[r] = total.rest + (is & MARGIN ? 0 : total.max - total.max); /* NaN where the maximum is infinite */
        a->mass[r] = total.mass;
        a->peak_mass[r] = total.peak_mass;
        if (is_labelled(a, is)) add_labels(a, r, r + 1);
    }
}
