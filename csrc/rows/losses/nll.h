#ifndef ROW_BODIES
ROW_LOSS(nll, FL_LABELS, FL_CONVEX | FL_C1)
#else
/* The negative log-likelihood: minus the log-probability of the label, NaN in a row that holds a NaN. */

static int has_nan(const real *x, size_t n) {
    vec nan = v_set(0); /* NaN in the lanes that have met one */
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) nan = v_select(v_is_number(v_load(x + k)), nan, v_set(NOT_A_NUMBER));
    int found = m_any(m_not(v_is_number(nan)));
    for (; k < n; k++) found |= x[k] != x[k];
    return found;
}

/* Whether the row r holds a NaN; its classes need not be neighbours. */
static int row_has_nan(const fl_rows *a, size_t r) {
    const real *x = (const real *)a->logits.data + r * a->logits.row;
    int found = 0;
    for (size_t k = 0; k < a->classes; k++) found |= x[k * a->logits.step] != x[k * a->logits.step];
    return found;
}

static int rows_have_nan(const fl_rows *a, size_t r, size_t rows) {
    const real *x = (const real *)a->logits.data + r * a->logits.row;
    if (a->logits.step == 1) return has_nan(x, rows * a->classes);
    for (size_t k = 0; k < a->classes; k++)
        if (has_nan(x + k * a->logits.step, rows)) return 1;
    return 0;
}

/* Writes the elements of a row: 0 but at its label; all NaN if that is NaN. */
static void put_at_label(const fl_rows *a, int output, size_t r, real at_label) {
    const fl_matrix *m = &a->elements[output];
    real *to = (real *)m->data + r * m->row, elsewhere = at_label == at_label ? 0 : at_label;
    for (size_t k = 0; k < a->classes; k++) to[k * m->step] = elsewhere;
    to[(size_t)a->labels[r] * m->step] = at_label;
}

/* Several rows at a time are searched for a NaN as one run; only where there is one, each of them is. */
static void nll_rows(const fl_rows *a) {
    size_t step = CHUNK / a->classes ? CHUNK / a->classes : 1;
    for (size_t r = 0; r < a->rows; r += step) {
        size_t end = a->rows - r < step ? a->rows : r + step;
        int found = rows_have_nan(a, r, end - r);
        for (size_t i = r; i < end; i++) {
            double scale = a->scale ? a->scale[i] : 1,
                   nothing = found && scale != 0 && row_has_nan(a, i) ? NOT_A_NUMBER : 0;
            real own = ((const real *)a->logits.data)[i * a->logits.row + (size_t)a->labels[i] * a->logits.step];
            if (a->value) ((real *)a->value)[i] = (real)(scale == 0 ? 0 : scale * (nothing - own));
            if (a->elements[FL_ROW_GRAD].data) put_at_label(a, FL_ROW_GRAD, i, (real)(nothing - scale * a->factor));
            if (a->elements[FL_ROW_HESS].data) put_at_label(a, FL_ROW_HESS, i, (real)nothing);
        }
    }
}
#endif
