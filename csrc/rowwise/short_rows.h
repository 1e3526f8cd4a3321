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
INLINE void add_classes(const row_call *call, row_sums *sums, class_part p, int n, const row_base *base) {
    vec sum[GROUP], dot[GROUP], mass[GROUP];
    for (int i = 0; i < GROUP; i++) sum[i] = dot[i] = mass[i] = v_set(0);
    row_group group = {sum, dot, mass};
    for (int i = 0; i < n; i++) {
        vec class_weight = v_set(p.class_weight ? p.class_weight[i] : 1);
        row_term t = term_of(call, base, v_load(p.x[i]), p.target ? p.target[i] : NULL, class_weight);
        put_term(call, group, i, t, sums, !(call->is & DIVERGENCE));
    }
    add_terms(call, sums, group);
}

INLINE row_sums sum_lanes(const row_call *call, class_part p, size_t classes, const row_base *base) {
    row_sums sums = {0};
    for (; classes >= GROUP; classes -= GROUP) {
        add_classes(call, &sums, p, GROUP, base);
        p = classes_from(p, GROUP);
    }
    UNROLL for (int n = GROUP / 2; n; n /= 2) if (classes & (size_t)n) {
        add_classes(call, &sums, p, n, base);
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

INLINE vec max_of_lanes(const real (*x)[ROW_LANES], size_t classes) {
    vec max = v_set(-INFINITE);
    for (size_t k = 0; k < classes; k++) max = v_max(v_load(x[k]), max);
    return max;
}

INLINE row_base base_of_lanes(const fl_rows *a, size_t r, size_t rows, int is) {
    base_values of[LANES] = {{{0}}};
    row_base base;
    for (size_t i = 0; i < rows && i < LANES; i++) of[i] = base_of_row(a, r + i, is);
    for (size_t k = 0; k < sizeof base / sizeof(vec); k++)
        for (size_t i = 0; i < LANES; i++) memcpy((real *)&base + k * LANES + i, &of[i].value[k], sizeof(real));
    return base;
}

/* The sums of LANES rows from r on */
INLINE void store_sums(const fl_rows *a, size_t r, const row_sums *sums, vec max, int is) {
    store_pair(a->dot + r, sums->dot, 1);
    if (is & DIVERGENCE) {
        store_pair(a->loss + r, sums->sum, 1);
        return;
    }
    store_pair(a->rest + r, sums->sum, is & MARGIN ? 1 : SUM_UNSCALE);
    store_pair(a->mass + r, sums->mass, 1);
    store_pair(a->peak_mass + r, (vpair){sums->peak_mass, v_set(0)}, 1);
    /* peaks - 1, and NaN where the maximum is infinite */
    vec ties = (sums->peaks - v_set(1)) + (max - max);
    real tie[LANES], maxima[LANES];
    memcpy(tie, &ties, sizeof tie);
    memcpy(maxima, &max, sizeof maxima);
    for (int i = 0; i < LANES; i++) {
        if (!(is & MARGIN)) a->rest[r + i] += tie[i];
        a->max[r + i] = maxima[i];
    }
}

INLINE void reduce_short_rows(const fl_rows *a, size_t begin, size_t end, int is) {
    row_call call = row_call_of(a, is);
    size_t n = a->classes;
    real x[SHORT_ROW + LANES][ROW_LANES], target[SHORT_ROW + LANES][ROW_LANES];
    for (size_t r = begin; r < end; r += ROW_LANES) {
        size_t rows = end - r < ROW_LANES ? end - r : ROW_LANES;
        row_part part = part_of_row(a, r);
        int last = (a->rows - r) * n < ROW_LANES * n + LANES; /* less than a vector behind these rows */
        int has_target = is & (SOFT | DIVERGENCE) && part.target;
        for (size_t k = 0; k < n * ROW_LANES; k += CACHE_LINE) __builtin_prefetch(part.x + AHEAD + k);
        transpose(x, part.x, rows, n, last);
        if (has_target) transpose(target, part.target, rows, n, last);
        for (size_t j = 0; j < ROW_LANES; j += LANES) {
            class_part lanes = {(const real(*)[ROW_LANES])(x[0] + j),
                                has_target ? (const real(*)[ROW_LANES])(target[0] + j) : NULL, a->class_weight};
            row_base base;
            if (is & (MARGIN | DIVERGENCE)) {
                base = base_of_lanes(a, r + j, rows > j ? rows - j : 0, is);
                row_sums sums = sum_lanes(&call, lanes, n, &base);
                store_sums(a, r + j, &sums, base.at, is);
            } else {
                vec max = max_of_lanes(lanes.x, n);
                base.at = v_max(v_set((real)LOWEST), max); /* -inf - -inf would be NaN */
                row_sums sums = sum_lanes(&call, lanes, n, &base);
                store_sums(a, r + j, &sums, max, is);
            }
        }
    }
}
