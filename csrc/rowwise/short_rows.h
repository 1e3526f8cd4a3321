/* Rows of few classes: one row per lane, so that nothing is padded and no lanes are added. */

enum { SHORT_ROW = 64 };

/* to[k][row] = x[row][k] for `rows` rows; the other lanes are 0. */
INLINE void transpose(real to[][ROW_LANES], const real *x, size_t rows, size_t classes) {
    if (rows < ROW_LANES) memset(to, 0, classes * sizeof *to);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < classes; k++) to[k][r] = x[r * classes + k];
}

/* Lanes j of the rows, class by class */
INLINE row_sums sum_lanes(const row_call *call, const real (*x)[ROW_LANES], const real (*target)[ROW_LANES],
                          const real *class_weight, size_t classes, vec max) {
    row_sums sums;
    memset(&sums, 0, sizeof sums);
    for (size_t begin = 0; begin < classes; begin += GROUP) {
        int n = classes - begin < GROUP ? (int)(classes - begin) : GROUP;
        vec exp[GROUP], dot[GROUP], mass[GROUP];
        for (int i = 0; i < GROUP; i++) exp[i] = dot[i] = mass[i] = v_set(0);
        for (int i = 0; i < n; i++) {
            size_t k = begin + i;
            vec d = v_load(x[k]) - max;
            mask top = v_eq(d, v_set(0));
            exp[i] = v_select(top, v_set(0), exp_term(call, d, SUM_SCALE));
            sums.peaks += v_select(top, v_set(1), v_set(0));
            if (call->soft) {
                mass[i] = coefficient(call, target ? target[k] : NULL, v_set(class_weight ? class_weight[k] : 1));
                dot[i] = dot_term(mass[i], d);
            }
        }
        add_exactly(&sums.exp, tree(exp));
        if (call->soft) {
            add_exactly(&sums.dot, tree(dot));
            add_exactly(&sums.mass, tree(mass));
        }
    }
    return sums;
}

/* An infinite hi has no lo. */
INLINE void store_pair(double *out, vpair x, double factor) {
    real hi[LANES], lo[LANES];
    memcpy(hi, &x.hi, sizeof hi);
    memcpy(lo, &x.lo, sizeof lo);
    for (int i = 0; i < LANES; i++) out[i] = (hi[i] - hi[i] == 0 ? (double)hi[i] + lo[i] : hi[i]) * factor;
}

INLINE void reduce_short_rows(const fl_rows *a, int tempered, int soft) {
    row_call call = row_call_of(a, tempered, soft);
    size_t n = a->classes;
    real x[SHORT_ROW][ROW_LANES], target[SHORT_ROW][ROW_LANES];
    for (size_t r = 0; r < a->rows; r += ROW_LANES) {
        size_t rows = a->rows - r < ROW_LANES ? a->rows - r : ROW_LANES;
        transpose(x, (const real *)a->logits + r * n, rows, n);
        if (soft && a->target) transpose(target, (const real *)a->target + r * n, rows, n);
        for (int j = 0; j < ROW_LANES; j += LANES) {
            vec max = v_set(-INFINITE);
            for (size_t k = 0; k < n; k++) max = v_max(v_load(x[k] + j), max);
            vec at = v_max(v_set((real)LOWEST), max); /* -inf - -inf would be NaN */
            row_sums sums =
                sum_lanes(&call, (const real(*)[ROW_LANES])(x[0] + j),
                          soft && a->target ? (const real(*)[ROW_LANES])(target[0] + j) : NULL, a->class_weight, n, at);
            /* peaks - 1, and NaN where the maximum is infinite */
            vec ties = (sums.peaks - v_set(1)) + (max - max);
            double tie[LANES];
            store_pair(tie, (vpair){ties, v_set(0)}, 1);
            store_pair(a->max + r + j, (vpair){max, v_set(0)}, 1);
            store_pair(a->rest + r + j, sums.exp, SUM_UNSCALE);
            for (int i = 0; i < LANES; i++) a->rest[r + j + i] += tie[i];
            store_pair(a->dot + r + j, sums.dot, 1);
            store_pair(a->mass + r + j, sums.mass, 1);
        }
    }
}
