/* What is known of a tile of rows, and what a thread works with. */

enum { SPAN = MAX_CHUNKS }; /* tiles of columns whose sums are brought to one maximum at a time */

typedef struct {
    vector_factors factors[FL_TILE_ROWS];
    real own[FL_TILE_ROWS];      /* the label's logit */
    real at_label[FL_TILE_ROWS]; /* the derivative by it */
    real lower[FL_TILE_ROWS];    /* brings elements down to their scale */
    /* Of the label's logit by its product with the vectors as they are packed; times the difference of the unit vectors,
     * or with side = 1 their sum; along each of these */
    real slope[FL_TILE_ROWS], apart[FL_TILE_ROWS], side[FL_TILE_ROWS], along_x[FL_TILE_ROWS], along_w[FL_TILE_ROWS];
    softmax_state states[FL_TILE_ROWS / LANES];
} row_memory;

/* What a thread works with */
typedef struct {
    softmax_part *parts;               /* SPAN of each row */
    real *x_panels, *w_panels;         /* rows across; of the columns DEPTH numbers, or one panel along */
    real *p_panels;                    /* derivatives by logits */
    real *vectors;                     /* FL_TILE_COLUMNS of ROOM */
    real *bias, *class_weight, *group; /* of a tile of columns */
    vector_factors *factors;           /* the same */
    void *read;
} tile_scratch;

enum { TILE_PARTS = FL_TILE_COLUMNS + 16 };

INLINE size_t padded_rows(const fl_tiles *t) { return rounded_up(t->rows_of_tile, BLOCK_ROWS); }
INLINE size_t padded_width(const fl_tiles *t) { return rounded_up(t->width, BLOCK_COLUMNS); }
INLINE size_t tile_room(const fl_tiles *t) { return padded_rows(t) * FL_TILE_COLUMNS; }

/* Room of `bytes` at `*room`, aligned; NULL: it is only counted */
INLINE void *take(char *memory, size_t *used, size_t bytes) {
    void *taken = memory ? memory + *used : NULL;
    *used += rounded_up(bytes, FL_ALIGNMENT);
    return taken;
}

SHARED size_t divide_scratch(const fl_tiles *t, void *memory, tile_scratch *s) {
    size_t used = 0, lanes = BLOCK_COLUMNS + LANES;
    s->parts = take(memory, &used, t->rows_of_tile * SPAN * sizeof(softmax_part));
    s->x_panels = take(memory, &used, (padded_rows(t) * padded_width(t) + lanes) * sizeof(real));
    s->w_panels = take(memory, &used, (DEPTH + 16) * BLOCK_COLUMNS * sizeof(real));
    s->p_panels = take(memory, &used, ((padded_rows(t) + lanes) * (FL_TILE_COLUMNS + lanes)) * sizeof(real));
    s->vectors = take(memory, &used, (FL_TILE_COLUMNS + LANES) * ROOM * sizeof(real));
    s->bias = take(memory, &used, TILE_PARTS * sizeof(real));
    s->class_weight = take(memory, &used, TILE_PARTS * sizeof(real));
    s->group = take(memory, &used, TILE_PARTS * sizeof(real));
    s->factors = take(memory, &used, FL_TILE_COLUMNS * sizeof(vector_factors));
    s->read = take(memory, &used, DEPTH * 16 * LANES);
    return used;
}

/* The tiles of a row's columns, and one of them */
INLINE size_t column_tiles(const fl_tiles *t) {
    return t->window ? (t->window + FL_TILE_COLUMNS - 1) / FL_TILE_COLUMNS : fl_tiles_of(&t->w, FL_TILE_COLUMNS);
}

INLINE fl_tile columns_of(const fl_tiles *t, const fl_row_tile *r, size_t number) {
    if (!t->window) return fl_tile_of(&t->w, FL_TILE_COLUMNS, number);
    const size_t begin = number * FL_TILE_COLUMNS, left = t->window - begin;
    return (fl_tile){r->tile.begin * t->window + begin, left < FL_TILE_COLUMNS ? left : FL_TILE_COLUMNS};
}

INLINE row_memory *memory_of(const fl_row_tile *r) { return r->memory; }
INLINE int takes_pairs(const fl_tiles *t) { return t->margin > FL_MARGIN_additive; }
