/* Rows of few classes as tiles: LANES rows, a lane each, in a vector per class. Where the classes of a row are
 * neighbours in memory, a tile is transposed on its way in and out. */

/* Whether a tile can be read in whole chunks. Of fewer than INNER classes a chunk reaches into the rows behind, which
 * must be there: `rows` remain, with those of the tile. */
INLINE int ends_inside(size_t classes, size_t rows) {
    return rows >= LANES && (classes >= INNER || (rows - LANES) * classes >= INNER);
}

/* Reads LANES rows, whose classes are neighbours, as a tile. */
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

/* The same of the last rows, which fill no tile, or behind which there is nothing to read */
SHARED void read_last_tile(const fl_matrix *m, size_t r, size_t rows, size_t classes, real *to) {
    const real *from = (const real *)m->data + r * m->row;
    real copy[LANES * FL_SHORT_ROW + LANES] = {0};
    if (rows > LANES) rows = LANES;
    if (m->step == 1) {
        memcpy(copy, from, rows * classes * sizeof(real));
        return transpose_in(copy, classes, to);
    }
    for (size_t k = 0; k < classes; k++) {
        v_store(to + k * LANES, v_set(0));
        memcpy(to + k * LANES, from + k * m->step, rows * sizeof(real));
    }
}

/* Reads the tile of the rows from r on, of which `rows` remain; `to` has room for a tile, and for INNER vectors. */
SHARED void read_tile(const fl_matrix *m, size_t r, size_t rows, size_t classes, real *to) {
    const real *from = (const real *)m->data + r * m->row;
    if (m->step == 1 && ends_inside(classes, rows)) return transpose_in(from, classes, to);
    if (m->step == 1 || rows < LANES) return read_last_tile(m, r, rows, classes, to);
    for (size_t k = 0; k < classes; k++) v_store(to + k * LANES, v_load(from + k * m->step));
}

/* Prefetches a tile while another is computed: the processor's own prefetching stops while a batch of them is. */
INLINE void prefetch_tile(const fl_matrix *m, size_t r, size_t classes) {
    const real *from = (const real *)m->data + r * m->row;
    if (m->step == 1)
        for (size_t i = 0; i < LANES * classes; i += CACHE_LINE) __builtin_prefetch(from + i);
    else
        for (size_t k = 0; k < classes; k++) __builtin_prefetch(from + k * m->step);
}

/* Where a tile of elements is written: to its place, or to a copy where whole vectors would exceed that place. */
typedef struct {
    real *to;
    size_t step; /* 1: neighbouring classes; else neighbouring rows, the vectors of two classes so far apart */
    int is_copy;
} tile_sink;

/* Rows of less than INNER classes may be written over the rows behind, whose elements come next, unless the logits of
 * those are there, still to be read. */
INLINE tile_sink sink_of(const fl_rows *a, int output, size_t r, size_t rows, real *copy) {
    const fl_matrix *m = &a->elements[output];
    int by_class = m->step != 1 || a->classes == 1;
    int fits = by_class || a->classes >= INNER || (ends_inside(a->classes, rows) && m->data != a->logits.data);
    real *to = (real *)m->data + r * m->row;
    if (rows >= LANES && fits) return (tile_sink){to, by_class ? m->step : 1, 0};
    return (tile_sink){copy, by_class ? LANES : 1, 1};
}

/* Writes INNER classes from k on to neighbouring classes. If a row has less than INNER classes, it is written with more
 * than them, and the next row over these: hence the rows in their order. */
INLINE void put_classes(const tile_sink *sink, size_t classes, size_t k, vec x[INNER]) {
    transpose_chunks(x);
    for (int c = 0; c < CHUNKS; c++)
        UNROLL for (int i = 0; i < INNER; i++) store_chunk(sink->to + (size_t)(c * INNER + i) * classes + k, x[i], c);
}

/* Writes the copy of a tile to its place. */
SHARED void end_sink(const tile_sink *sink, const fl_matrix *m, size_t r, size_t rows, size_t classes) {
    real *to = (real *)m->data + r * m->row;
    if (rows > LANES) rows = LANES;
    if (sink->step == 1 && classes > 1)
        memcpy(to, sink->to, rows * classes * sizeof(real));
    else
        for (size_t k = 0; k < classes; k++) memcpy(to + k * m->step, sink->to + k * LANES, rows * sizeof(real));
}

/* The scales of the rows from r on, times `factor` */
INLINE vec scale_of(const fl_rows *a, size_t r, double factor) {
    double scale __attribute__((vector_size(LANES * sizeof(double))));
    if (!a->scale) return v_set((real)factor);
    memcpy(&scale, a->scale + r, sizeof scale);
    return __builtin_convertvector(scale * factor, vec);
}

/* The logits of the labels of `rows` rows, and the class weights of the labels if there are class weights */
SHARED void read_labels(const fl_rows *a, size_t r, size_t rows, real *own, real *weight) {
    const real *x = (const real *)a->logits.data + r * a->logits.row, *class_weight = a->class_weight;
    const size_t row = a->logits.row, step = a->logits.step;
    const int64_t *labels = a->labels + r;
    if (!a->labels) return;
    for (size_t i = 0; i < rows; i++, x += row) own[i] = x[(size_t)labels[i] * step];
    for (size_t i = 0; class_weight && i < rows; i++) weight[i] = class_weight[labels[i]];
}

/* Writes the elements of the labels, a lane per row. */
INLINE void put_at_labels(const fl_rows *a, int output, size_t r, size_t rows, vec at_label) {
    const fl_matrix m = a->elements[output];
    const int64_t *labels = a->labels + r;
    real *to = (real *)m.data + r * m.row, own[LANES];
    v_store(own, at_label);
    for (size_t i = 0; i < rows && i < LANES; i++) to[i * m.row + (size_t)labels[i] * m.step] = own[i];
}

INLINE int is_raised(vec raise) { return __builtin_expect(m_any(v_lt(v_set(1), raise)), 0); }

/* Lowers the elements of up to LANES rows from r on that were raised. */
SHARED void lower_rows(const fl_rows *a, int output, size_t r, size_t rows, vec raise) {
    const fl_matrix *m = &a->elements[output];
    real raised[LANES];
    v_store(raised, raise);
    for (size_t i = 0; i < rows && i < LANES; i++)
        for (size_t k = 0; raised[i] != 1 && k < a->classes; k++)
            ((real *)m->data)[(r + i) * m->row + k * m->step] *= EMIT_UNSCALE;
}

/* Writes zeros to the elements of rows that do not count, whatever these hold. */
SHARED void clear_rows(const fl_rows *a, int output, size_t r, size_t rows) {
    const fl_matrix *m = &a->elements[output];
    for (size_t i = r; i < r + rows; i++)
        if (a->scale[i] == 0)
            for (size_t k = 0; k < a->classes; k++) ((real *)m->data)[i * m->row + k * m->step] = 0;
}
