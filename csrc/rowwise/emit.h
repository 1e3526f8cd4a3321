/* One number per element, from the sums of its row. */

/* Gradients are computed at this power of two, where a subnormal result still has all its digits. */
#define EMIT_SCALE (MANTISSA_BITS + 1)
#define EMIT_FACTOR ((double)(1ULL << EMIT_SCALE))
#define EMIT_UNSCALE (1 / EMIT_FACTOR)

enum { FLAT = 1024, MAX_FACTORS = 7 };

/* What an element needs to know of its row: the maximum, then
 *   softmax, gradient for labels alone    e^d -> output
 *   log_softmax                           log1p(rest)
 *   gradient                              e^d -> p sum(a), a_k -> output; at the maximum
 *                                         p (sum(a) - a_k) - p(others) a_k: mass, peak mass, p, p(others)
 *   hess                                  e^d -> p, p (1-p) -> output; the output at the maximum
 * with d = (x - max) / T, and p(others) = rest / (1 + rest), which is 1 - p where d = 0. */
INLINE int factors_of(int kind, int soft) {
    switch (kind) {
    case FL_ROW_GRAD: return soft ? 7 : 2;
    case FL_ROW_HESS: return 4;
    default: return 2;
    }
}

INLINE double scale_of(const fl_rows *a, size_t r) { return a->scale ? a->scale[r] : 1; }

INLINE void row_factors(const fl_rows *a, size_t r, int kind, int soft, real f[MAX_FACTORS]) {
    double p = 1 / (1 + a->rest[r]), others = a->rest[r] * p, mass = a->mass[r] + a->peak_mass[r];
    f[0] = (real)a->max[r];
    if (kind == FL_ROW_SOFTMAX) f[1] = (real)(p * EMIT_UNSCALE);
    if (kind == FL_ROW_LOG_SOFTMAX) f[1] = (real)a->log[r];
    if (kind == FL_ROW_GRAD) {
        double scale = scale_of(a, r) / a->temperature;
        f[1] = (real)(scale * mass * p * EMIT_UNSCALE);
        if (soft) {
            f[2] = (real)scale;
            f[3] = (real)(scale * p * a->mass[r]);
            f[4] = (real)a->peak_mass[r];
            f[5] = (real)(scale * p);
            f[6] = (real)(scale * others * EMIT_FACTOR);
        }
    }
    if (kind == FL_ROW_HESS) {
        double scale = scale_of(a, r) * mass / (a->temperature * a->temperature);
        f[1] = (real)p;
        f[2] = (real)(scale * EMIT_UNSCALE);
        f[3] = (real)(scale * p * others);
    }
}

INLINE vec element(const row_call *call, int kind, vec x, vec a, const vec f[MAX_FACTORS]) {
    vec d = x - f[0];
    if (kind == FL_ROW_LOG_SOFTMAX) return (call->tempered ? v_quotient(d, call->over_temperature) : d) - f[1];
    mask top = v_eq(d, v_set(0));
    vec p = exp_term(call, d, EMIT_SCALE) * f[1];
    if (kind == FL_ROW_GRAD && call->soft)
        return v_select(top, v_fma(-f[6], a * v_set(EMIT_UNSCALE), v_fma(f[5], f[4] - a, f[3])), v_fma(-f[2], a, p));
    if (kind == FL_ROW_HESS) return v_select(top, f[3], f[2] * (p * v_fma(p, v_set(-EMIT_UNSCALE), v_set(1))));
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
    for (int i = 0; i < factors_of(kind, call->soft); i++)
        f[i] = source->flat ? v_load(source->flat + i * (FLAT + ROW_LANES) + k) : source->same[i];
    if (kind == FL_ROW_GRAD && call->soft)
        a = coefficient(call, at.target, at.class_weight ? v_load(at.class_weight) : v_set(1));
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
    const int factors = factors_of(kind, call->soft);
    const real *class_weight = kind == FL_ROW_GRAD && call->soft ? a->class_weight : NULL;
    size_t n = a->classes;
    for (size_t i = 0; i < rows; i++) {
        real f[MAX_FACTORS];
        row_factors(a, r + i, kind, call->soft, f);
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
    row_factors(a, r, kind, call->soft, f);
    emit_source source = {part_of_row(a, r), NULL, {{0}}};
    for (int i = 0; i < factors_of(kind, call->soft); i++) source.same[i] = v_set(f[i]);
    emit_run(call, kind, &source, out, a->classes);
}

/* The gradient at the labels, from what the loops left there. */
static void subtract_labels(const fl_rows *a, size_t r, size_t rows, real *out) {
    for (size_t i = r; i < r + rows; i++, out += a->classes) {
        real *grad = out + a->labels[i];
        label_mass own = label_mass_of(a, a->labels[i]);
        double scale = scale_of(a, i) / a->temperature, p = 1 / (1 + a->rest[i]), others = a->rest[i] * p;
        double whole = own.kept + own.smoothed, rest = a->mass[i] + (a->peak_mass[i] - whole);
        *grad = (real)(a->label_logit[i] == a->max[i] ? scale * (p * rest - others * whole) : *grad - scale * own.kept);
    }
}

INLINE void emit_rows(const fl_rows *a, int kind, int tempered, int soft, void *to) {
    row_call call = row_call_of(a, tempered, soft);
    size_t n = a->classes, step = n > SHORT_ROW ? 1 : FLAT / n;
    for (size_t r = 0; r < a->rows; r += step) {
        real *out = (real *)to + r * n;
        size_t rows = a->rows - r < step ? a->rows - r : step;
        if (n > SHORT_ROW)
            emit_long_row(&call, a, kind, r, out);
        else
            emit_short_rows(&call, a, kind, r, rows, out);
        if (kind == FL_ROW_GRAD && a->labels) subtract_labels(a, r, rows, out);
        for (size_t i = 0; a->scale && i < rows; i++)
            if (a->scale[r + i] == 0) memset(out + i * n, 0, n * sizeof(real));
    }
}
