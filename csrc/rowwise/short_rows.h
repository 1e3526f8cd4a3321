/* Rows of few classes: one row per lane, so that nothing is padded and no lanes are added. */

enum { SHORT_ROW = 128, AHEAD = 2048 / sizeof(real) };

/* to[k][row] = x[row][k] for `rows` rows; the other lanes are 0. */
INLINE void transpose(real to[][ROW_LANES], const real *x, size_t rows, size_t classes, int last) {
    real copy[ROW_LANES * SHORT_ROW + LANES];
    if (last) { /* vectors are read past the end of a row */
        memcpy(copy, x, rows * classes * sizeof(real));
        memset(copy + rows * classes, 0, (ROW_LANES - rows) * classes * sizeof(real));
        x = copy;
    }
    for (size_t k = 0; k < classes; k += LANES)
        for (int row = 0; row < ROW_LANES; row += LANES) {
            vec square[LANES];
            for (int i = 0; i < LANES; i++) square[i] = v_load(x + (row + i) * classes + k);
            transpose_square(square);
            for (int i = 0; i < LANES; i++) v_store(to[k + i] + row, square[i]);
        }
}

/* Some lanes of the rows, class by class */
typedef struct {
    const real (*x)[ROW_LANES], (*target)[ROW_LANES], *class_weight; /* the last two may be NULL */
} class_part;

INLINE class_part classes_from(class_part p, size_t k) {
    return (class_part){p.x + k, p.target ? p.target + k : NULL, p.class_weight ? p.class_weight + k : NULL};
}

/* n classes, n a constant */
INLINE void add_classes(const row_call *call, row_sums *sums, class_part p, int n, vec max) {
    vec exp[GROUP], dot[GROUP], mass[GROUP];
    for (int i = 0; i < GROUP; i++) exp[i] = dot[i] = mass[i] = v_set(0);
    for (int i = 0; i < n; i++) {
        vec d = v_load(p.x[i]) - max;
        mask top = v_eq(d, v_set(0));
        exp[i] = v_select(top, v_set(0), exp_term(call, d, SUM_SCALE));
        sums->peaks += v_select(top, v_set(1), v_set(0));
        if (call->soft) {
            vec a = coefficient(call, p.target ? p.target[i] : NULL, v_set(p.class_weight ? p.class_weight[i] : 1));
            dot[i] = dot_term(a, d);
            mass[i] = v_select(top, v_set(0), a);
            sums->peak_mass += v_select(top, a, v_set(0));
        }
    }
    add_exactly(&sums->exp, tree(exp));
    if (call->soft) {
        add_exactly(&sums->dot, tree(dot));
        add_exactly(&sums->mass, tree(mass));
    }
}

INLINE row_sums sum_lanes(const row_call *call, class_part p, size_t classes, vec max) {
    row_sums sums = {0};
    for (; classes >= GROUP; classes -= GROUP) {
        add_classes(call, &sums, p, GROUP, max);
        p = classes_from(p, GROUP);
    }
    UNROLL for (int n = GROUP / 2; n; n /= 2) if (classes & (size_t)n) {
        add_classes(call, &sums, p, n, max);
        p = classes_from(p, n);
    }
    return sums;
}

INLINE void store_pair(double *out, vpair x, double factor) {
    real hi[LANES], lo[LANES];
    x = without_nan(x);
    memcpy(hi, &x.hi, sizeof hi);
    memcpy(lo, &x.lo, sizeof lo);
    for (int i = 0; i < LANES; i++) out[i] = ((double)hi[i] + lo[i]) * factor;
}

INLINE void reduce_short_rows(const fl_rows *a, int tempered, int soft) {
    row_call call = row_call_of(a, tempered, soft);
    size_t n = a->classes;
    real x[SHORT_ROW + LANES][ROW_LANES], target[SHORT_ROW + LANES][ROW_LANES];
    for (size_t r = 0; r < a->rows; r += ROW_LANES) {
        size_t rows = a->rows - r < ROW_LANES ? a->rows - r : ROW_LANES;
        row_part part = part_of_row(a, r);
        int last = (a->rows - r) * n < ROW_LANES * n + LANES; /* less than a vector behind these rows */
        for (size_t k = 0; k < n * ROW_LANES; k += CACHE_LINE) __builtin_prefetch(part.x + AHEAD + k);
        transpose(x, part.x, rows, n, last);
        if (soft && a->target) transpose(target, part.target, rows, n, last);
        for (int j = 0; j < ROW_LANES; j += LANES) {
            vec max = v_set(-INFINITE);
            for (size_t k = 0; k < n; k++) max = v_max(v_load(x[k] + j), max);
            vec at = v_max(v_set((real)LOWEST), max); /* -inf - -inf would be NaN */
            class_part lanes = {(const real(*)[ROW_LANES])(x[0] + j),
                                soft && a->target ? (const real(*)[ROW_LANES])(target[0] + j) : NULL, a->class_weight};
            row_sums sums = sum_lanes(&call, lanes, n, at);
            /* peaks - 1, and NaN where the maximum is infinite */
            vec ties = (sums.peaks - v_set(1)) + (max - max);
            real tie[LANES], maxima[LANES];
            memcpy(tie, &ties, sizeof tie);
            memcpy(maxima, &max, sizeof maxima);
            store_pair(a->rest + r + j, sums.exp, SUM_UNSCALE);
            for (int i = 0; i < LANES; i++) {
                a->rest[r + j + i] += tie[i];
                a->max[r + j + i] = maxima[i];
            }
            store_pair(a->dot + r + j, sums.dot, 1);
            store_pair(a->mass + r + j, sums.mass, 1);
            store_pair(a->peak_mass + r + j, (vpair){sums.peak_mass, v_set(0)}, 1);
        }
    }
}
