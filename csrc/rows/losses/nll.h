#ifndef ROW_BODIES
ROW_LOSS(nll, FL_LABELS, FL_CONVEX | FL_C1)
ROW_FUNCTION(own_probabilities)
#else
/* The number of each row at its label, in rows whose numbers are all what they may be. nll, the negative log-likelihood,
 * is minus that, and NaN in a row that holds a NaN. own_probabilities is that, and -1 in a row that holds a number
 * outside [0, 1], NaN apart; it has no elements. */

/* The lanes that may not be so */
INLINE mask is_wrong(vec x, int is_nll) {
    return is_nll ? m_not(v_is_number(x)) : m_or(v_lt(x, v_set(0)), v_lt(v_set(1), x));
}

INLINE int has_wrong(const real *x, size_t n, int is_nll) {
    mask wrong = v_lt(v_set(0), v_set(0));
    real rest[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) wrong = m_or(wrong, is_wrong(v_load(x + k), is_nll));
    memcpy(rest, x + k, (n - k) * sizeof(real));
    return m_any(m_or(wrong, is_wrong(v_load(rest), is_nll)));
}

/* Whether the row r holds a wrong number; its classes need not be neighbours. */
INLINE int row_has_wrong(const fl_rows *a, size_t r, int is_nll) {
    const real *x = (const real *)a->logits.data + r * a->logits.row;
    int found = 0;
    for (size_t k = 0; k < a->classes; k++) found |= has_wrong(x + k * a->logits.step, 1, is_nll);
    return found;
}

INLINE int rows_have_wrong(const fl_rows *a, size_t r, size_t rows, int is_nll) {
    const real *x = (const real *)a->logits.data + r * a->logits.row;
    if (a->logits.step == 1) return has_wrong(x, rows * a->classes, is_nll);
    for (size_t k = 0; k < a->classes; k++)
        if (has_wrong(x + k * a->logits.step, rows, is_nll)) return 1;
    return 0;
}

/* Writes the elements of a row: 0 but at its label; all NaN if that is NaN. */
static void put_at_label(const fl_rows *a, int output, size_t r, real at_label) {
    const fl_matrix *m = &a->elements[output];
    real *to = (real *)m->data + r * m->row, elsewhere = at_label == at_label ? 0 : at_label;
    for (size_t k = 0; k < a->classes; k++) to[k * m->step] = elsewhere;
    to[(size_t)a->labels[r] * m->step] = at_label;
}

/* Several rows at a time are searched as one run; only where something is wrong, each of them is. */
INLINE void label_numbers(const fl_rows *a, const int is_nll) {
    size_t step = CHUNK / a->classes ? CHUNK / a->classes : 1;
    for (size_t r = 0; r < a->rows; r += step) {
        size_t end = a->rows - r < step ? a->rows : r + step;
        int found = rows_have_wrong(a, r, end - r, is_nll);
        for (size_t i = r; i < end; i++) {
            double scale = a->scale ? a->scale[i] : 1;
            int wrong = found && scale != 0 && row_has_wrong(a, i, is_nll);
            double nothing = wrong && is_nll ? NOT_A_NUMBER : 0;
            real own = ((const real *)a->logits.data)[i * a->logits.row + (size_t)a->labels[i] * a->logits.step];
            double value = is_nll ? nothing - own : wrong ? -1 : own;
            if (a->value) ((real *)a->value)[i] = (real)(scale == 0 ? 0 : scale * value);
            if (a->elements[FL_ROW_GRAD].data) put_at_label(a, FL_ROW_GRAD, i, (real)(nothing - scale * a->factor));
            if (a->elements[FL_ROW_HESS].data) put_at_label(a, FL_ROW_HESS, i, (real)nothing);
        }
    }
}

static void nll_rows(const fl_rows *a) { label_numbers(a, 1); }
static void own_probabilities_rows(const fl_rows *a) { label_numbers(a, 0); }
#endif
