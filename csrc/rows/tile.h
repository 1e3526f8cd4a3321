/* Rows of few classes as tiles: LANES rows, a lane each, in a vector per class. Where the classes of a row are
 * neighbours in memory, a tile is transposed on its way in and out. */

/* How many of `rows` rows can be read as tiles in whole chunks: of fewer than INNER classes these reach into the rows
 * behind, INNER at most. `rest` rows remain, with those. */
INLINE size_t rows_in_chunks(size_t classes, size_t rows, size_t rest) {
    size_t behind = classes < INNER ? INNER : 0, most = rest < behind ? 0 : rest - behind;
    if (most > rows) most = rows;
    return most - most % LANES;
}

/* Reads LANES rows, whose classes are neighbours, as a tile. */
INLINE void transpose_in(const real *from, size_t classes, real *to) {
    const size_t last = classes < INNER ? 0 : classes - INNER; /* the last chunks overlap those before */
    for (size_t k = 0;; k += INNER) {
        vec x[INNER];
        if (k > last) k = last;
        const real *row = from + k;
        UNROLL for (int i = 0; i < INNER; i++, row += classes) x[i] = v_load_chunks(row, INNER * classes);
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

/* Reads the tiles of `rows` rows from r on, of which `rest` remain; `to` has for each `room`, that of INNER vectors at
 * least. */
SHARED void read_tiles(const fl_matrix *m, size_t r, size_t rows, size_t rest, size_t classes, real *to, size_t room) {
    const real *from = (const real *)m->data + r * m->row;
    const size_t step = m->step, next = LANES * m->row;
    const size_t whole = step == 1 ? rows_in_chunks(classes, rows, rest) : rows - rows % LANES;
    size_t i = 0;
    for (; step == 1 && i < whole; i += LANES, from += next, to += room) transpose_in(from, classes, to);
    for (; i < whole; i += LANES, from += next, to += room)
        for (size_t k = 0; k < classes; k++) v_store(to + k * LANES, v_load(from + k * step));
    for (; i < rows; i += LANES, to += room) read_last_tile(m, r + i, rest - i, classes, to);
}

/* The numbers at the labels of LANES rows. The numbers of two classes are `step` apart, those of two rows `row`. */
INLINE vec at_labels(const real *numbers, size_t step, size_t row, const int64_t *labels) {
    vec own = v_set(0);
    UNROLL for (size_t i = 0; i < LANES; i++) own[i] = numbers[(size_t)labels[i] * step + i * row];
    return own;
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
    int fits =
        by_class || a->classes >= INNER || (rows_in_chunks(a->classes, LANES, rows) && m->data != a->logits.data);
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
    real *to = (real *)m.data + r * m.row;
    if (rows >= LANES)
        UNROLL for (size_t i = 0; i < LANES; i++, to += m.row) to[(size_t)labels[i] * m.step] = at_label[i];
    else
        for (size_t i = 0; i < rows; i++, to += m.row) to[(size_t)labels[i] * m.step] = at_label[i];
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
