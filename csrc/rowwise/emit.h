/* One number per element, from the sums of its row. */

enum { FLAT = 1024, MAX_FACTORS = 7 };

/* What an element needs to know of its row: the maximum, then
 *   softmax, gradient for labels alone    e^d -> output
 *   log_softmax                           log1p(rest)
 *   gradient                              e^d -> p sum(a), a_k -> output; at the maximum
 *                                         p (sum(a) - a_k) - p(others) a_k: mass, peak mass, p, p(others)
 *   hess                                  e^d -> p, p (1-p) -> output; the output at the maximum
 *   hess of a bent loss                   the same, and p^2 -> output
 *   of the margin                         one, or what exceeds it -> output, the label's logit taking max's place
 *   gradient of the divergence            e^d -> output, of the student and the teacher; the output at both maxima
 * with d = (x - max) / T, and p(others) = rest / (1 + rest), which is 1 - p where d = 0. */
INLINE int factors_of(int kind, int is) {
    switch (kind) {
    case FL_ROW_GRAD: return is & SOFT ? 7 : 2;
    case FL_ROW_HESS: return 4;
    case FL_ROW_BENT_HESS:
    case FL_ROW_DIVERGENCE_GRAD: return 5;
    default: return 2;
    }
}

/* What a class adds to a margin loss for each that exceeds it; NaN in a row that has no loss */
INLINE double share_of(const fl_rows *a, size_t r) {
    return scale_of(a, r) / (double)a->classes * (a->square ? 2 : 1) + (a->loss[r] == a->loss[r] ? 0 : NOT_A_NUMBER);
}

/* Too large for a float, it meets probabilities that are 0. */
INLINE real within_range(double x) { return (real)(x > -LOWEST ? -LOWEST : x < LOWEST ? LOWEST : x); }

/* sum(a) / T^2, the scale of the second derivative: 1 of a divergence, whose value is times T^2 */
INLINE double curvature_of(const fl_rows *a, size_t r) {
    if (a->teacher) return scale_of(a, r);
    return scale_of(a, r) * (a->mass[r] + a->peak_mass[r]) / (a->temperature * a->temperature);
}

INLINE void grad_factors(const fl_rows *a, size_t r, int is, real f[MAX_FACTORS]) {
    double p = 1 / (1 + a->rest[r]), others = a->rest[r] * p, mass = a->mass[r] + a->peak_mass[r];
    double scale = scale_of(a, r) / a->temperature;
    f[1] = (real)(scale * mass * p * EMIT_UNSCALE);
    if (is & SOFT) {
        f[2] = (real)scale;
        f[3] = (real)(scale * p * a->mass[r]);
        f[4] = (real)a->peak_mass[r];
        f[5] = (real)(scale * p);
        f[6] = (real)(scale * others * EMIT_FACTOR);
    }
}

INLINE void hess_factors(const fl_rows *a, size_t r, int kind, real f[MAX_FACTORS]) {
    double p = 1 / (1 + a->rest[r]), others = a->rest[r] * p, scale = curvature_of(a, r);
    f[1] = (real)p;
    f[2] = (real)(scale * EMIT_UNSCALE);
    f[3] = (real)(scale * p * others);
    if (kind == FL_ROW_HESS) return;
    f[3] = (real)(p * (scale * others + a->bend[r] * p));
    f[4] = within_range(a->bend[r] * EMIT_UNSCALE);
}

/* At both maxima p - q without cancellation, however near both are to 1 */
INLINE void divergence_factors(const fl_rows *a, size_t r, real f[MAX_FACTORS]) {
    const fl_rows *teacher = a->teacher;
    double scale = scale_of(a, r) * a->temperature, p = 1 / (1 + a->rest[r]), q = 1 / (1 + teacher->rest[r]);
    f[1] = (real)(scale * p * EMIT_UNSCALE);
    f[2] = (real)teacher->max[r];
    f[3] = (real)(scale * q * EMIT_UNSCALE);
    f[4] = (real)(scale * (teacher->rest[r] - a->rest[r]) * p * q);
}

INLINE void row_factors(const fl_rows *a, size_t r, int kind, int is, real f[MAX_FACTORS]) {
    f[0] = (real)a->max[r];
    switch (kind) {
    case FL_ROW_SOFTMAX: f[1] = (real)(1 / (1 + a->rest[r]) * EMIT_UNSCALE); return;
    case FL_ROW_LOG_SOFTMAX: f[1] = (real)a->log[r]; return;
    case FL_ROW_GRAD: return grad_factors(a, r, is, f);
    case FL_ROW_HESS:
    case FL_ROW_BENT_HESS: return hess_factors(a, r, kind, f);
    case FL_ROW_DIVERGENCE_GRAD: return divergence_factors(a, r, f);
    case FL_ROW_MARGIN_GRAD: f[1] = (real)share_of(a, r); return;
    case FL_ROW_MARGIN_HESS: f[1] = (real)(share_of(a, r) * (a->square ? 1 : 0)); return;
    }
}

INLINE vec margin_element(const row_call *call, int kind, vec x, const vec f[MAX_FACTORS]) {
    vec over = v_max((x - f[0]) + call->margin, v_set(0));
    if (kind == FL_ROW_MARGIN_GRAD && call->is & SQUARE) return over * f[1];
    return v_select(v_lt(v_set(0), over), f[1], f[1] * v_set(0));
}

INLINE vec divergence_element(const row_call *call, vec x, vec y, const vec f[MAX_FACTORS]) {
    vec dx = x - f[0], dy = y - f[2], zero = v_set(0);
    vec both = v_select(v_eq(dx, zero), dy, v_set(1));
    vec apart = exp_term(call, dx, EMIT_SCALE) * f[1] - exp_term(call, dy, EMIT_SCALE) * f[3];
    return v_select(v_eq(both, zero), f[4], apart);
}

/* `a` is a_k, or the teacher's logit. */
INLINE vec element(const row_call *call, int kind, vec x, vec a, const vec f[MAX_FACTORS]) {
    if (call->is & MARGIN) return margin_element(call, kind, x, f);
    if (kind == FL_ROW_DIVERGENCE_GRAD) return divergence_element(call, x, a, f);
    vec d = x - f[0];
    if (kind == FL_ROW_LOG_SOFTMAX) return (call->is & TEMPERED ? v_quotient(d, call->over_temperature) : d) - f[1];
    mask top = v_eq(d, v_set(0));
    vec p = exp_term(call, d, EMIT_SCALE) * f[1];
    if (kind == FL_ROW_GRAD && call->is & SOFT)
        return v_select(top, v_fma(-f[6], a * v_set(EMIT_UNSCALE), v_fma(f[5], f[4] - a, f[3])), v_fma(-f[2], a, p));
    if (kind == FL_ROW_HESS) return v_select(top, f[3], f[2] * (p * v_fma(p, v_set(-EMIT_UNSCALE), v_set(1))));
    if (kind == FL_ROW_BENT_HESS) {
        vec plain = p * v_set(EMIT_UNSCALE);
        return v_select(top, f[3], p * v_fma(f[4], plain, f[2] * (v_set(1) - plain)));
    }
    return p;
}

/* What elements are made of: `flat` has factor after factor, FLAT + ROW_LANES apart, of every element; where it is
 * NULL, all elements have the factors `same`. */
typedef struct {
    row_part part;
    const real *flat;
    vec same[MAX_FACTORS];
} emit_source;

INLINE vec emitted(const row_call *call, int kind, const emit_source *source, size_t k) {
    vec f[MAX_FACTORS], a = v_set(0);
    row_part at = part_at(source->part, k);
    for (int i = 0; i < factors_of(kind, call->is); i++)
        f[i] = source->flat ? v_load(source->flat + i * (FLAT + ROW_LANES) + k) : source->same[i];
    if (kind == FL_ROW_GRAD && call->is & SOFT)
        a = coefficient(call, at.target, at.class_weight ? v_load(at.class_weight) : v_set(1));
    if (kind == FL_ROW_DIVERGENCE_GRAD) a = v_load(at.target);
    return element(call, kind, v_load(at.x), a, f);
}

/* At least LANES elements. `out` may be the logits: the last vector, which overlaps, is computed before. */
INLINE void emit_run(const row_call *call, int kind, const emit_source *source, real *out, size_t n) {
    vec last = emitted(call, kind, source, n - LANES);
    for (size_t k = 0; k + LANES <= n; k += LANES) v_store(out + k, emitted(call, kind, source, k));
    v_store(out + n - LANES, last);
}

/* to[0..n) = x, and up to a vector more */
INLINE void fill(real *to, real x, size_t n) {
    for (size_t k = 0; k < n; k += LANES) v_store(to + k, v_set(x));
}

/* Several rows as one run */
INLINE void emit_short_rows(const row_call *call, const fl_rows *a, int kind, size_t r, size_t rows, real *out) {
    real flat[MAX_FACTORS][FLAT + ROW_LANES], tiled[FLAT + ROW_LANES];
    const int factors = factors_of(kind, call->is);
    const real *class_weight = kind == FL_ROW_GRAD && call->is & SOFT ? a->class_weight : NULL;
    size_t n = a->classes;
    for (size_t i = 0; i < rows; i++) {
        real f[MAX_FACTORS];
        row_factors(a, r + i, kind, call->is, f);
        for (int j = 0; j < factors; j++) fill(flat[j] + i * n, f[j], n);
        if (class_weight) memcpy(tiled + i * n, class_weight, n * sizeof(real));
    }
    emit_source source = {part_of_row(a, r), flat[0], {{0}}};
    source.part.class_weight = class_weight ? tiled : NULL;
    n *= rows;
    if (n >= LANES) {
        emit_run(call, kind, &source, out, n);
        return;
    }
    real x[LANES] = {0}, target[LANES] = {0}, y[LANES];
    memcpy(x, source.part.x, n * sizeof(real));
    source.part.x = x;
    if (source.part.target) source.part.target = memcpy(target, source.part.target, n * sizeof(real));
    emit_run(call, kind, &source, y, LANES);
    memcpy(out, y, n * sizeof(real));
}

INLINE void emit_long_row(const row_call *call, const fl_rows *a, int kind, size_t r, real *out) {
    real f[MAX_FACTORS];
    row_factors(a, r, kind, call->is, f);
    emit_source source = {part_of_row(a, r), NULL, {{0}}};
    for (int i = 0; i < factors_of(kind, call->is); i++) source.same[i] = v_set(f[i]);
    emit_run(call, kind, &source, out, a->classes);
}

/* The gradient at the labels, from what the loops left there */
static void subtract_labels(const fl_rows *a, size_t r, size_t rows, real *out) {
    for (size_t i = r; i < r + rows; i++, out += a->classes) {
        real *grad = out + a->labels[i];
        label_mass own = label_mass_of(a, a->labels[i]);
        double scale = scale_of(a, i) / a->temperature, p = 1 / (1 + a->rest[i]), others = a->rest[i] * p;
        double whole = own.kept + own.smoothed, rest = a->mass[i] + (a->peak_mass[i] - whole);
        *grad = (real)(a->label_logit[i] == a->max[i] ? scale * (p * rest - others * whole) : *grad - scale * own.kept);
    }
}

/* What else is not what the loops leave at the labels */
static void set_labels(const fl_rows *a, int kind, size_t r, size_t rows, real *out) {
    for (size_t i = r; i < r + rows; i++, out += a->classes) {
        double own = kind == FL_ROW_BENT_HESS     ? a->label_hess[i]
                     : kind == FL_ROW_MARGIN_GRAD ? -share_of(a, i) * (a->square ? a->dot[i] : a->mass[i])
                                                  : share_of(a, i) * (a->square ? a->mass[i] : 0);
        out[a->labels[i]] = (real)own;
    }
}

INLINE int is_set_at_labels(int kind) {
    return kind == FL_ROW_BENT_HESS || kind == FL_ROW_MARGIN_GRAD || kind == FL_ROW_MARGIN_HESS;
}

INLINE void emit_rows(const fl_rows *a, int kind, int is, void *to) {
    row_call call = row_call_of(a, is);
    size_t n = a->classes, step = n > SHORT_ROW ? 1 : FLAT / n;
    for (size_t r = 0; r < a->rows; r += step) {
        real *out = (real *)to + r * n;
        size_t rows = a->rows - r < step ? a->rows - r : step;
        if (n > SHORT_ROW)
            emit_long_row(&call, a, kind, r, out);
        else
            emit_short_rows(&call, a, kind, r, rows, out);
        if (kind == FL_ROW_GRAD && a->labels) subtract_labels(a, r, rows, out);
        if (is_set_at_labels(kind)) set_labels(a, kind, r, rows, out);
        for (size_t i = 0; a->scale && i < rows; i++)
            if (a->scale[r + i] == 0) memset(out + i * n, 0, n * sizeof(real));
    }
}

/* `slope` at the label and 0 elsewhere: the derivatives of what depends on the label's element alone. */
INLINE void emit_labels(const fl_rows *a, double slope, void *to) {
    size_t n = a->classes;
    for (size_t r = 0; r < a->rows; r++) {
        real *out = (real *)to + r * n;
        int counts = scale_of(a, r) != 0, has_loss = a->loss[r] == a->loss[r];
        if (counts && !has_loss) {
            for (size_t k = 0; k < n; k++) out[k] = NOT_A_NUMBER;
            continue;
        }
        memset(out, 0, n * sizeof(real));
        if (counts) out[a->labels[r]] = (real)(slope * scale_of(a, r));
    }
}
