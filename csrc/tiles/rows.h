/* What rows are reduced to: the softmax sums of each tile of columns, and their losses. */

INLINE softmax_call call_of(const fl_tiles *t) { return softmax_call_of(1, t->smoothing, (double)t->w.rows); }
INLINE int variant_of(const fl_tiles *t) { return t->smoothing != 0 ? SOFT : 0; }

/* Adds what some columns make of row i. */
INLINE void add_part(const softmax_call *call, const tile_scratch *s, size_t i, softmax_part part, size_t *counts,
                     const int variant) {
    softmax_part *parts = s->parts + i * SPAN;
    real shift[MAX_CHUNKS];
    int is_empty = part.max == -INFINITE && part.rest == -1 && part.dot == 0; /* no column of it counts */
    if (counts[i] == SPAN) parts[0] = softmax_merged(call, parts, SPAN, shift, variant), counts[i] = 1;
    if (!is_empty) parts[counts[i]++] = part;
}

INLINE void add_parts(const softmax_call *call, const fl_row_tile *r, const tile_scratch *s, size_t columns,
                      const real *z, size_t *counts, const int variant) {
    for (size_t i = 0; i < r->tile.count; i++) {
        row_source source = {.form = MANY_CLASSES, .classes = columns, .x = z + i * FL_TILE_COLUMNS};
        source.class_weight = s->class_weight;
        add_part(call, s, i, softmax_of_chunk(call, &source, 0, columns, variant), counts, variant);
    }
}

SHARED void add_plain_parts(const softmax_call *call, const fl_row_tile *r, const tile_scratch *s, size_t columns,
                            const real *z, size_t *counts) {
    add_parts(call, r, s, columns, z, counts, 0);
}

SHARED void add_soft_parts(const softmax_call *call, const fl_row_tile *r, const tile_scratch *s, size_t columns,
                           const real *z, size_t *counts) {
    add_parts(call, r, s, columns, z, counts, SOFT);
}

/* What LANES rows from i on are reduced to */
INLINE softmax_state state_of(const softmax_call *call, const fl_row_tile *r, const tile_scratch *s, size_t i,
                              const size_t *counts, const int variant) {
    real lanes[6][LANES] = {{0}}, shift[MAX_CHUNKS];
    for (size_t k = 0; k < LANES && i + k < r->tile.count; k++) {
        softmax_part row = {-INFINITE, 0, 0, 0, 0};
        if (counts[i + k]) row = softmax_merged(call, s->parts + (i + k) * SPAN, counts[i + k], shift, variant);
        lanes[0][k] = (real)row.max;
        lanes[1][k] = (real)((row.rest + (row.max - row.max)) * (double)EMIT_FACTOR);
        lanes[2][k] = (real)row.dot;
        lanes[3][k] = (real)row.mass;
        lanes[4][k] = (real)row.peak_mass;
        lanes[5][k] = memory_of(r)->own[i + k];
    }
    softmax_state state;
    state.max = v_load(lanes[0]);
    state.rest = v_load(lanes[1]);
    state.dot = v_load(lanes[2]);
    state.mass = v_load(lanes[3]);
    state.peak_mass = v_load(lanes[4]);
    state.own = v_load(lanes[5]);
    return state;
}

/* The losses of LANES rows from i on, and what their derivatives need */
INLINE void finish_lanes(const fl_tiles *t, const softmax_call *call, fl_row_tile *r, const tile_scratch *s, size_t i,
                         const size_t *counts, const int variant) {
    const size_t n = r->tile.count - i < LANES ? r->tile.count - i : LANES;
    row_memory *m = memory_of(r);
    real scale[LANES] = {0}, factor[LANES] = {0}, own_weight[LANES] = {0};
    for (size_t k = 0; k < n; k++) {
        scale[k] = (real)r->scale[i + k];
        factor[k] = (real)(r->scale[i + k] * t->factor);
        own_weight[k] = t->class_weight ? ((const real *)t->class_weight)[r->labels[i + k]] : 1;
    }
    softmax_state state = state_of(call, r, s, i, counts, variant);
    softmax_add_label(call, &state, v_load(own_weight), variant);
    vec loss = softmax_cross_entropy(call, &state, variant), factors = v_load(scale), value = factors * loss;
    value = v_select(v_is_number(loss), value, v_set(NOT_A_NUMBER));
    value = v_clear(v_eq(factors, v_set(0)), value);
    if (t->value) memcpy((real *)t->value + r->tile.begin + i, &value, n * sizeof(real));
    if (t->groups) state.mass = v_set(1), state.peak_mass = v_set(0);
    vec lower = v_set(1) / softmax_factors(call, &state, v_load(factor), variant);
    if (t->roles) keep_roles(t, &state, lower, r->tile.begin + i, n);
    vec at_label = softmax_at_label(call, &state, FL_ROW_GRAD, variant) * lower;
    memcpy(m->lower + i, &lower, n * sizeof(real));
    memcpy(m->at_label + i, &at_label, n * sizeof(real));
    m->states[i / LANES] = state;
}

SHARED void finish_rows(const fl_tiles *t, const softmax_call *call, fl_row_tile *r, const tile_scratch *s,
                        const size_t *counts) {
    for (size_t i = 0; i < r->tile.count; i += LANES)
        if (variant_of(t))
            finish_lanes(t, call, r, s, i, counts, SOFT);
        else
            finish_lanes(t, call, r, s, i, counts, 0);
}

static void reduce_rows(const fl_tiles *t, fl_row_tile *r, void *memory) {
    const size_t tiles = column_tiles(t);
    const softmax_call call = call_of(t);
    size_t counts[FL_TILE_ROWS] = {0};
    double sums[FL_TILE_ROWS] = {0};
    tile_scratch scratch, *s = &scratch;
    divide_scratch(t, memory, s);
    find_factors(&t->x, r->tile, t->width, memory_of(r)->factors, s);
    pack_x(t, r, s);
    for (size_t k = 0; k < tiles; k++) {
        fl_tile columns = columns_of(t, r, k);
        real *z = (real *)r->logits + (tiles <= t->kept ? k : 0) * tile_room(t);
        begin_columns(t, columns, s);
        make_logits(t, r, s, columns, z);
        if (t->groups)
            take_groups(t, r, s, columns, z, sums);
        else
            take_labels(t, r, s, columns, z);
        (variant_of(t) ? add_soft_parts : add_plain_parts)(&call, r, s, columns.count, z, counts);
    }
    for (size_t i = 0; t->groups && i < r->tile.count; i++)
        memory_of(r)->own[i] = (real)(sums[i] * (double)((const real *)t->shares)[r->tile.begin + i]);
    if (t->partner.source) take_partners(t, r, s);
    for (size_t i = 0; t->partner.source && i < r->tile.count; i++)
        add_part(&call, s, i, (softmax_part){.max = (double)memory_of(r)->own[i]}, counts, 0);
    finish_rows(t, &call, r, s, counts);
}
