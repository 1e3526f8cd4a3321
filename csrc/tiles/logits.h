/* The logits of a tile of rows by a tile of columns: panels of both, and their products. */

/* A row of the tile as it enters products: zeros where it does not count, whatever it holds */
INLINE void fetch_row(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, size_t i, size_t start, size_t n,
                      real *to) {
    if (i >= r->tile.count || (r->scale[i] == 0 && !t->groups)) return fetch_zeros(n, to);
    fetch(&t->x, &memory_of(r)->factors[i], r->tile.begin + i, start, n, to, s->read);
}

/* The panels of the tile's rows: of DEPTH numbers a block, in it a panel after the other */
SHARED void pack_x(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s) {
    const size_t rows = rounded_up(r->tile.count, BLOCK_ROWS);
    for (size_t d = 0; d < t->width; d += DEPTH) {
        const size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        for (size_t i = 0; i < rows; i += BLOCK_ROWS) {
            for (size_t k = 0; k < BLOCK_ROWS; k++) fetch_row(t, r, s, i + k, d, n, s->vectors + k * ROOM);
            pack_rows(s->vectors, ROOM, n, s->x_panels + rows * d + i * n, BLOCK_ROWS);
        }
    }
}

INLINE void find_factors(const fl_vectors *v, fl_tile tile, size_t width, vector_factors *to, const tile_scratch *s) {
    real length;
    for (size_t i = 0; i < tile.count; i++)
        to[i] =
            v->normalized ? factors_of(v, tile.begin + i, width, &length, s->vectors, s->read) : (vector_factors){1, 1};
}

/* Begins with a tile of columns: what belongs to each of them */
SHARED void begin_columns(const fl_tiles *t, fl_tile columns, const tile_scratch *s) {
    const real *bias = t->bias, *class_weight = t->class_weight, *groups = t->groups;
    find_factors(&t->w, columns, t->width, s->factors, s);
    for (size_t k = 0; k < TILE_PARTS; k++) {
        int is_there = k < columns.count;
        s->bias[k] = bias && is_there ? bias[columns.begin + k] * (real)t->bias_scale : 0;
        s->group[k] = groups && is_there ? groups[columns.begin + k] : -1;
        s->class_weight[k] = !is_there ? 0 : class_weight ? class_weight[columns.begin + k] : 1;
    }
}

SHARED void make_logits(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, fl_tile columns, real *z) {
    const size_t rows = rounded_up(r->tile.count, BLOCK_ROWS);
    for (size_t d = 0; d < t->width; d += DEPTH) {
        const size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        const int is_last = d + n == t->width;
        for (size_t j = 0; j < columns.count; j += BLOCK_COLUMNS) {
            pack_vectors(&t->w, s->factors + j, columns.begin + j, columns.count - j, d, n, s->w_panels, s->vectors,
                         s->read);
            logit_form form = {(real)t->scale, (real)t->limit, s->bias + j};
            for (size_t i = 0; i < rows; i += BLOCK_ROWS)
                (d ? continue_block : begin_block)(s->x_panels + rows * d + i * n, s->w_panels, n,
                                                   z + i * FL_TILE_COLUMNS + j, FL_TILE_COLUMNS,
                                                   is_last ? &form : NULL);
        }
    }
}
