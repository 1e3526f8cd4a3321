/* The label's logit of each row, with its margin; or that of its partner, which is no column. */

/* A row and its label's vector, both of length 1 */
typedef struct {
    fl_vectors x, w;
    vector_factors x_factors, w_factors;
    real x_length, w_length;
    real *x_part, *w_part; /* ROOM */
} unit_pair;

INLINE unit_pair pair_of(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, size_t i) {
    unit_pair p = {.x = t->x, .w = t->w, .x_part = s->vectors, .w_part = s->vectors + ROOM};
    p.x.normalized = p.w.normalized = 1;
    p.x_factors = factors_of(&p.x, r->tile.begin + i, t->width, &p.x_length, s->vectors, s->read);
    p.w_factors = factors_of(&p.w, (size_t)r->labels[i], t->width, &p.w_length, s->vectors, s->read);
    return p;
}

INLINE void fetch_pair(const unit_pair *p, const fl_row_tile *r, const tile_scratch *s, size_t i, size_t d, size_t n) {
    fetch(&p->x, &p->x_factors, r->tile.begin + i, d, n, p->x_part, s->read);
    fetch(&p->w, &p->w_factors, (size_t)r->labels[i], d, n, p->w_part, s->read);
}

typedef struct {
    real difference, sum, x_length, w_length; /* squares of the first two; lengths of what is not normalized, else 1 */
    int is_zero;                              /* whether a vector is, which has no angle */
} pair_distances;

SHARED pair_distances distances_of(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, size_t i) {
    unit_pair p = pair_of(t, r, s, i);
    vec difference[LANE_VECTORS] = {{0}}, sum[LANE_VECTORS] = {{0}};
    for (size_t d = 0; d < t->width; d += DEPTH) {
        size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        fetch_pair(&p, r, s, i, d, n);
        for (size_t k = 0; k < n; k += ROW_LANES) UNROLL for (int j = 0; j < LANE_VECTORS; j++) {
                vec x = v_load(p.x_part + k + j * LANES), w = v_load(p.w_part + k + j * LANES), less = x - w,
                    more = x + w;
                difference[j] = v_fma(less, less, difference[j]);
                sum[j] = v_fma(more, more, sum[j]);
            }
    }
    pair_distances found = {(real)across_lanes(difference), (real)across_lanes(sum), t->x.normalized ? 1 : p.x_length,
                            t->w.normalized ? 1 : p.w_length, p.x_length == 0 || p.w_length == 0};
    if (found.is_zero) found.difference = found.sum = 2; /* at right angles */
    return found;
}

/* The labels' logits of some rows, LANES of them, with their margins */
SHARED void apply_margins(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, const size_t *rows, int n) {
    row_memory *m = memory_of(r);
    real part[4][LANES] = {{0}}, turns[LANES] = {0}, to[6][LANES];
    for (int i = 0; i < n; i++) {
        pair_distances p = distances_of(t, r, s, rows[i]);
        part[0][i] = p.difference, part[1][i] = p.sum, part[2][i] = p.x_length, part[3][i] = p.w_length;
        turns[i] = !p.is_zero;
    }
    vec difference = v_load(part[0]), sum = v_load(part[1]), x = v_load(part[2]), w = v_load(part[3]);
    pair_angle angle = angle_of(difference, sum);
    margined value = margin_of(t->margin, angle, t->margin_parameters);
    vec radial = v_fma(-angle.cosine, value.slope, value.value), zero = v_set(0);
    v_store(to[0], value.value * x * w * v_set((real)t->scale));
    v_store(to[1], value.slope * v_load(turns));
    v_store(to[2], value.apart * v_load(turns));
    v_store(to[3], v_select(v_lt(difference, sum), v_set(-1), v_set(1)));
    v_store(to[4], t->x.normalized ? zero : radial * w);
    v_store(to[5], t->w.normalized ? zero : radial * x);
    for (int i = 0; i < n; i++) {
        size_t row = rows[i];
        m->own[row] = to[0][i], m->slope[row] = to[1][i], m->apart[row] = to[2][i], m->side[row] = to[3][i];
        m->along_x[row] = to[4][i], m->along_w[row] = to[5][i];
    }
}

/* The label's column in this tile, or -1 */
INLINE ptrdiff_t label_in(const fl_row_tile *r, fl_tile columns, size_t i) {
    size_t column = (size_t)r->labels[i] - columns.begin;
    return column < columns.count ? (ptrdiff_t)column : -1;
}

/* Reads the labels' logits, and gives them their margins. */
SHARED void take_labels(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, fl_tile columns, real *z) {
    row_memory *m = memory_of(r);
    size_t rows[LANES];
    int waiting = 0;
    for (size_t i = 0; i < r->tile.count; i++) {
        ptrdiff_t k = label_in(r, columns, i);
        if (k < 0) continue;
        m->own[i] = z[i * FL_TILE_COLUMNS + (size_t)k];
        m->slope[i] = 1, m->apart[i] = m->along_x[i] = m->along_w[i] = 0;
        if (t->margin == FL_MARGIN_additive) m->own[i] -= (real)(t->scale * t->margin_parameters[0]);
        if (takes_pairs(t) && r->scale[i] != 0) rows[waiting++] = i;
        if (waiting == LANES) apply_margins(t, r, s, rows, waiting), waiting = 0;
    }
    if (waiting) apply_margins(t, r, s, rows, waiting);
    for (size_t i = 0; t->margin != FL_MARGIN_none && i < r->tile.count; i++) {
        ptrdiff_t k = label_in(r, columns, i);
        if (k >= 0) z[i * FL_TILE_COLUMNS + (size_t)k] = m->own[i];
    }
}

/* The products of the rows and their partners, as logits */
SHARED void take_partners(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s) {
    for (size_t i = 0; i < r->tile.count; i++) {
        real *x = s->vectors, *w = s->vectors + ROOM, length;
        vec sum[LANE_VECTORS] = {{0}};
        double product = 0;
        vector_factors f = factors_of(&t->partner, r->tile.begin + i, t->width, &length, x, s->read);
        for (size_t d = 0; d < t->width; d += DEPTH) {
            size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
            fetch_row(t, r, s, i, d, n, x);
            fetch(&t->partner, &f, r->tile.begin + i, d, n, w, s->read);
            for (size_t k = 0; k < n; k += ROW_LANES)
                UNROLL for (int j = 0; j < LANE_VECTORS; j++) sum[j] =
                    v_fma(v_load(x + k + j * LANES), v_load(w + k + j * LANES), sum[j]);
        }
        product = across_lanes(sum) * t->scale;
        product = product > t->limit ? t->limit : product < -t->limit ? -t->limit : product;
        memory_of(r)->own[i] = (real)product;
    }
}
