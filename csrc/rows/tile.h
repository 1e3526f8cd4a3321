/* Rows of few classes as tiles: LANES rows, a row a lane, a vector a class. Where classes are neighbours in memory, a
 * tile is transposed on its way; where rows are, it is there already. */

typedef struct {
    const real *at;
    size_t step; /* between the vectors of two classes */
} row_tile;

/* What is read at once of the last class of a row may belong to the rows behind; `rows` remain, from r on. */
INLINE int ends_inside(size_t classes, size_t rows) {
    return rows >= LANES && (classes >= INNER || (rows - LANES) * classes >= INNER);
}

/* LANES rows of neighbouring classes */
INLINE void transpose_in(const real *from, size_t classes, real *to) {
    size_t last = classes < INNER ? 0 : classes - INNER; /* the last chunks overlap those before */
    for (size_t k = 0;; k += INNER) {
        vec x[INNER];
        if (k > last) k = last;
        UNROLL for (int i = 0; i < INNER; i++) x[i] = v_load_chunks(from + (size_t)i * classes + k, INNER * classes);
        transpose_chunks(x);
        UNROLL for (int i = 0; i < INNER; i++) v_store(to + (k + (size_t)i) * LANES, x[i]);
        if (k == last) return;
    }
}

/* The tile of the rows from r on, of which `rows` remain; `buffer` has room for one, and for INNER vectors more. */
INLINE row_tile read_tile(const fl_matrix *m, size_t r, size_t rows, size_t classes, real *buffer) {
    const real *from = (const real *)m->data + r * m->row;
    if (m->step != 1 || classes == 1) {
        if (rows >= LANES) return (row_tile){from, m->step};
        for (size_t k = 0; k < classes; k++) {
            v_store(buffer + k * LANES, v_set(0));
            memcpy(buffer + k * LANES, from + k * m->step, rows * sizeof(real));
        }
        return (row_tile){buffer, LANES};
    }
    if (ends_inside(classes, rows)) {
        transpose_in(from, classes, buffer);
        return (row_tile){buffer, LANES};
    }
    real copy[LANES * FL_SHORT_ROW + LANES];
    if (rows > LANES) rows = LANES;
    memcpy(copy, from, rows * classes * sizeof(real));
    memset(copy + rows * classes, 0, (LANES * classes + LANES - rows * classes) * sizeof(real));
    transpose_in(copy, classes, buffer);
    return (row_tile){buffer, LANES};
}

/* Where a tile of elements goes: to neighbouring classes, or to neighbouring rows; to memory, or to a copy of it where
 * whole vectors do not fit. */
typedef struct {
    real *to;
    size_t step;
    int is_copy;
} tile_sink;

INLINE tile_sink sink_of(const fl_matrix *m, size_t r, size_t rows, size_t classes, real *copy) {
    int by_class = m->step != 1 || classes == 1;
    real *to = (real *)m->data + r * m->row;
    if (rows >= LANES && (by_class || classes >= INNER)) return (tile_sink){to, by_class ? m->step : 1, 0};
    return (tile_sink){copy, by_class ? LANES : 1, 1};
}

/* INNER classes from k on */
INLINE void put_classes(const tile_sink *sink, size_t classes, size_t k, vec x[INNER]) {
    transpose_chunks(x);
    for (int c = 0; c < CHUNKS;
         c++) /* rows in their order: of fewer classes, each writes over what exceeded the one before */
        UNROLL for (int i = 0; i < INNER; i++) store_chunk(sink->to + (size_t)(c * INNER + i) * classes + k, x[i], c);
}

INLINE void end_sink(const tile_sink *sink, const fl_matrix *m, size_t r, size_t rows, size_t classes) {
    real *to = (real *)m->data + r * m->row;
    if (!sink->is_copy) return;
    if (rows > LANES) rows = LANES;
    if (sink->step == 1 && classes > 1)
        memcpy(to, sink->to, rows * classes * sizeof(real));
    else
        for (size_t k = 0; k < classes; k++) memcpy(to + k * m->step, sink->to + k * LANES, rows * sizeof(real));
}

INLINE vec load_scale(const double *scale, double factor) {
    real x[LANES];
    for (int i = 0; i < LANES; i++) x[i] = (real)(scale[i] * factor);
    return v_load(x);
}

/* The labels' logits and class weights, of `rows` rows */
INLINE void read_labels(const fl_rows *a, size_t r, size_t rows, real *own, real *weight) {
    const real *x = (const real *)a->logits.data + r * a->logits.row, *class_weight = a->class_weight;
    for (size_t i = 0; a->labels && i < rows; i++, x += a->logits.row) {
        size_t label = (size_t)a->labels[r + i];
        own[i] = x[label * a->logits.step];
        weight[i] = class_weight ? class_weight[label] : 1;
    }
}

INLINE void put_at_labels(const fl_rows *a, int output, size_t r, size_t rows, vec at_label) {
    const fl_matrix *m = &a->elements[output];
    real own[LANES];
    v_store(own, at_label);
    for (size_t i = 0; i < rows && i < LANES; i++)
        ((real *)m->data)[(r + i) * m->row + (size_t)a->labels[r + i] * m->step] = own[i];
}

/* A row that does not count is 0 whatever it holds. */
INLINE void clear_rows(const fl_rows *a, int output, size_t r, size_t rows) {
    const fl_matrix *m = &a->elements[output];
    for (size_t i = r; i < r + rows; i++)
        if (a->scale[i] == 0)
            for (size_t k = 0; k < a->classes; k++) ((real *)m->data)[i * m->row + k * m->step] = 0;
}
