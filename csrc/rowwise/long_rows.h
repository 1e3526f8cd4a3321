/* Rows of many classes: a row in chunks that stay in the first-level cache, first the chunk's maximum and then its
 * sums; the chunks' sums are brought to the row's maximum last. */

enum { MAX_CHUNKS = 64, CHUNK = 4096, GROUP_LOGITS = GROUP * ROW_LANES };

typedef struct {
    double max, rest, dot, mass, peak_mass;
} row_total;

typedef struct {
    const real *x, *target, *class_weight; /* the last two may be NULL */
} row_part;

INLINE row_part part_at(row_part p, size_t k) {
    return (row_part){p.x + k, p.target ? p.target + k : NULL, p.class_weight ? p.class_weight + k : NULL};
}

/* The last logits of a chunk that fill no vector: padded with what adds nothing. */
typedef struct {
    real x[ROW_LANES], target[ROW_LANES], class_weight[ROW_LANES];
} padded_part;

INLINE row_part pad(padded_part *to, row_part p, size_t n) {
    for (int i = 0; i < ROW_LANES; i++) to->x[i] = -INFINITE;
    memcpy(to->x, p.x, n * sizeof(real));
    if (p.target) {
        memset(to->target, 0, sizeof to->target);
        memcpy(to->target, p.target, n * sizeof(real));
    }
    memset(to->class_weight, 0, sizeof to->class_weight);
    for (size_t i = 0; i < n; i++) to->class_weight[i] = p.class_weight ? p.class_weight[i] : 1;
    return (row_part){to->x, p.target ? to->target : NULL, to->class_weight};
}

INLINE real across_max(vec x) {
    for (int distance = LANES / 2; distance; distance /= 2) x = v_max(__builtin_shuffle(x, lane_index() ^ distance), x);
    return x[0];
}

/* The largest number, whatever NaNs stand beside it */
static real max_of(const real *x, size_t n, const real *tail) {
    enum { STEP = 64 / LANES };
    vec max[STEP];
    for (int j = 0; j < STEP; j++) max[j] = v_set(-INFINITE);
    size_t k = 0;
    for (; k + 64 <= n; k += 64)
        for (int j = 0; j < STEP; j++) max[j] = v_max(v_load(x + k + j * LANES), max[j]);
    for (; k + ROW_LANES <= n; k += ROW_LANES)
        for (int j = 0; j < LANE_VECTORS; j++) max[j] = v_max(v_load(x + k + j * LANES), max[j]);
    if (k < n)
        for (int j = 0; j < LANE_VECTORS; j++) max[j] = v_max(v_load(tail + j * LANES), max[j]);
    for (int width = STEP / 2; width; width /= 2)
        for (int j = 0; j < width; j++) max[j] = v_max(max[j + width], max[j]);
    return across_max(max[0]);
}

/* The group of GROUP_LOGITS that holds the first logit equal to max; n where the tail has it, or none. */
static size_t group_of(real max, const real *x, size_t n) {
    for (size_t begin = 0; begin < n; begin += GROUP_LOGITS) {
        size_t end = begin + GROUP_LOGITS < n ? begin + GROUP_LOGITS : n;
        mask found = v_lt(v_set(0), v_set(0));
        for (size_t k = begin; k + ROW_LANES <= end; k += ROW_LANES)
            for (int j = 0; j < LANE_VECTORS; j++) found = m_or(found, v_eq(v_load(x + k + j * LANES), v_set(max)));
        if (m_any(found)) return begin;
    }
    return n;
}

/* Up to GROUP vectors of each lane; where `peak`, what equals the maximum is counted instead of added. */
INLINE void add_group(const row_call *call, row_sums *sums, row_part p, int vectors, vec max, int peak) {
    for (int j = 0; j < LANE_VECTORS; j++) {
        vec exp[GROUP], dot[GROUP], mass[GROUP];
        for (int i = 0; i < GROUP; i++) exp[i] = dot[i] = mass[i] = v_set(0);
        for (int i = 0; i < vectors; i++) {
            row_part at = part_at(p, i * ROW_LANES + j * LANES);
            vec d = v_load(at.x) - max;
            exp[i] = exp_term(call, d, SUM_SCALE);
            if (call->soft) {
                mass[i] = coefficient(call, at.target, at.class_weight ? v_load(at.class_weight) : v_set(1));
                dot[i] = dot_term(mass[i], d);
            }
            if (peak) {
                mask top = v_eq(d, v_set(0));
                exp[i] = v_select(top, v_set(0), exp[i]);
                sums[j].peaks += v_select(top, v_set(1), v_set(0));
                sums[j].peak_mass += v_select(top, mass[i], v_set(0));
                mass[i] = v_select(top, v_set(0), mass[i]);
            }
        }
        add_exactly(&sums[j].exp, tree(exp));
        if (call->soft) {
            add_exactly(&sums[j].dot, tree(dot));
            add_exactly(&sums[j].mass, tree(mass));
        }
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

INLINE row_total chunk_total(const row_call *call, row_part p, size_t n) {
    size_t rest = n % ROW_LANES, whole = n - rest;
    padded_part buffer;
    row_part tail = rest ? pad(&buffer, part_at(p, whole), rest) : (row_part){0};
    real max = max_of(p.x, n, tail.x);
    vec at = v_set(max < (real)LOWEST ? (real)LOWEST : max); /* -inf - -inf would be NaN */
    size_t peak = group_of(max, p.x, whole), k = 0;
    row_sums sums[LANE_VECTORS];
    for (int j = 0; j < LANE_VECTORS; j++) sums[j] = (row_sums){0};
    for (; k + GROUP_LOGITS <= whole; k += GROUP_LOGITS)
        if (k == peak)
            add_group(call, sums, part_at(p, k), GROUP, at, 1);
        else
            add_group(call, sums, part_at(p, k), GROUP, at, 0);
    if (k < whole) add_group(call, sums, part_at(p, k), (int)((whole - k) / ROW_LANES), at, 1);
    if (rest) add_group(call, sums, tail, 1, at, 1);
    vpair exp[LANE_VECTORS], peaks[LANE_VECTORS], dot[LANE_VECTORS], mass[LANE_VECTORS], peak_mass[LANE_VECTORS];
    for (int j = 0; j < LANE_VECTORS; j++) {
        exp[j] = sums[j].exp;
        peaks[j] = (vpair){sums[j].peaks, v_set(0)};
        dot[j] = sums[j].dot;
        mass[j] = sums[j].mass;
        peak_mass[j] = (vpair){sums[j].peak_mass, v_set(0)};
    }
    double others = across_sum(peaks) - 1;
    row_total total = {max, across_sum(exp) * SUM_UNSCALE + (others > 0 ? others : 0), 0, 0, 0};
    if (call->soft) {
        total.dot = across_sum(dot);
        total.mass = across_sum(mass);
        total.peak_mass = across_sum(peak_mass);
    }
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

INLINE void reduce_long_rows(const fl_rows *a, int tempered, int soft) {
    row_call call = row_call_of(a, tempered, soft);
    size_t n = a->classes, chunk = n / MAX_CHUNKS < CHUNK ? CHUNK : (n / MAX_CHUNKS / GROUP_LOGITS + 1) * GROUP_LOGITS;
    for (size_t r = 0; r < a->rows; r++) {
        row_part row = {(const real *)a->logits + r * n, a->target ? (const real *)a->target + r * n : NULL,
                        a->class_weight};
        row_total totals[MAX_CHUNKS];
        int chunks = 0;
        for (size_t k = 0; k < n; k += chunk)
            totals[chunks++] = chunk_total(&call, part_at(row, k), n - k < chunk ? n - k : chunk);
        row_total total = chunks == 1 ? totals[0] : merged(&call, totals, chunks);
        a->max[r] = total.max;
        a->rest[r] = total.rest + (total.max - total.max); /* NaN where the maximum is infinite */
        a->dot[r] = total.dot;
        a->mass[r] = total.mass;
        a->peak_mass[r] = total.peak_mass;
    }
}
