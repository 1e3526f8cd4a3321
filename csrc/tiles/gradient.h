/* Derivatives: those by the logits of a tile, in the place of these; from them those by the rows and by the columns. */

/* The state of a row, in all lanes */
INLINE softmax_state spread_state(const softmax_state *states, size_t i) {
    enum { FIELDS = sizeof(softmax_state) / sizeof(vec) };
    softmax_state state;
    for (int k = 0; k < FIELDS; k++)
        v_store((real *)&state + k * LANES, v_set(((const real *)&states[i / LANES])[k * LANES + i % LANES]));
    return state;
}

/* Of the label's derivative, minus the sum of all others, so small a part is less than what rounding costs: it is left
 * out, for products of subnormal numbers take a hundred times as long. */
#define NEGLIGIBLE (FL_ARITH == 32 ? (real)0x1p-64 : (real)0x1p-93)

INLINE void differentiate_row(const softmax_call *call, const softmax_state *state, const tile_scratch *s,
                              size_t columns, real at_label, real lower, real *z, const int variant) {
    const softmax_state here = *state;
    const vec least = v_abs(v_set(at_label)) * v_set(NEGLIGIBLE);
    for (size_t k = 0; k < columns; k += LANES) {
        row_logit logit = {.target = v_set(0), .class_weight = v_set(1)};
        if (variant & SOFT) logit.class_weight = v_load(s->class_weight + k);
        logit.kept = exp_term(call, v_load(z + k) - here.max, EMIT_SCALE, variant);
        vec element = softmax_element(call, &here, FL_ROW_GRAD, logit, variant) * v_set(lower);
        v_store(z + k, v_clear(v_lt(v_abs(element), least), element));
    }
}

/* From logits to the derivatives by the products; where the label's pair is taken apart, 0 */
SHARED void differentiate_logits(const fl_tiles *t, const softmax_call *call, const fl_row_tile *r,
                                 const tile_scratch *s, fl_tile columns, real *z) {
    const row_memory *m = memory_of(r);
    for (size_t i = 0; i < r->tile.count; i++, z += FL_TILE_COLUMNS) {
        softmax_state state = spread_state(m->states, i);
        ptrdiff_t label = label_in(r, columns, i);
        if (r->scale[i] == 0) {
            memset(z, 0, FL_TILE_COLUMNS * sizeof(real));
            continue;
        }
        if (variant_of(t))
            differentiate_row(call, &state, s, columns.count, m->at_label[i], m->lower[i], z, SOFT);
        else
            differentiate_row(call, &state, s, columns.count, m->at_label[i], m->lower[i], z, 0);
        if (label >= 0) z[label] = m->at_label[i] * m->slope[i];
    }
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

INLINE real *grad_of(const fl_vectors *v, size_t row, size_t width) {
    real *grad = v->grad[row >= v->split];
    return grad ? grad + (row >= v->split ? row - v->split : row) * width : NULL;
}

/* to += apart (other + side own) + along own */
INLINE void add_pair(real *to, const real *own, const real *other, size_t n, real apart, real side, real along) {
    const vec a = v_set(apart), b = v_set(side), c = v_set(along);
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        vec x = v_load(own + k);
        v_store(to + k, v_load(to + k) + v_fma(a, v_fma(b, x, v_load(other + k)), c * x));
    }
    if (k == n) return;
    real rest[LANES] = {0};
    vec x = v_load(own + k);
    memcpy(rest, to + k, (n - k) * sizeof(real));
    v_store(rest, v_load(rest) + v_fma(a, v_fma(b, x, v_load(other + k)), c * x));
    memcpy(to + k, rest, (n - k) * sizeof(real));
}

/* What the margins of rows begin, ..., end - 1 add to the derivatives by them, or by the columns, beside the product */
SHARED void add_pairs(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, fl_tile columns, size_t begin,
                      size_t end, int of_rows) {
    const row_memory *m = memory_of(r);
    for (size_t i = begin; takes_pairs(t) && i < end; i++) {
        real along = (of_rows ? m->along_x : m->along_w)[i] * m->at_label[i], apart = m->apart[i] * m->at_label[i];
        if (label_in(r, columns, i) < 0 || r->scale[i] == 0 || (apart == 0 && along == 0)) continue;
        unit_pair p = pair_of(t, r, s, i);
        real *grad =
            of_rows ? grad_of(&t->x, r->tile.begin + i, t->width) : grad_of(&t->w, (size_t)r->labels[i], t->width);
        for (size_t d = 0; d < t->width; d += DEPTH) {
            size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
            fetch_pair(&p, r, s, i, d, n);
            add_pair(grad + d, of_rows ? p.x_part : p.w_part, of_rows ? p.w_part : p.x_part, n, apart, m->side[i],
                     along);
        }
    }
}

/* The derivatives by the rows: += P w */
SHARED void add_to_rows(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, fl_tile columns,
                        const real *p) {
    const size_t rows = r->tile.count, panel = BLOCK_ROWS * FL_TILE_COLUMNS;
    real *grad = grad_of(&t->x, r->tile.begin, t->width);
    if (!grad) return;
    for (size_t i = 0; i < rows; i += BLOCK_ROWS)
        pack_rows(p + i * FL_TILE_COLUMNS, FL_TILE_COLUMNS, columns.count, s->p_panels + i / BLOCK_ROWS * panel,
                  BLOCK_ROWS);
    for (size_t d = 0; d < t->width; d += DEPTH) {
        const size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        for (size_t k = 0; k < columns.count; k++) {
            size_t stride;
            const real *w = t->w.read(t->w.source, columns.begin + k, 1, d, n, &stride, s->read);
            put_along(w, &s->factors[k], n, s->vectors + k * BLOCK_COLUMNS, columns.count * BLOCK_COLUMNS);
        }
        for (size_t j = 0; j < n; j += BLOCK_COLUMNS)
            for (size_t i = 0; i < rows; i += BLOCK_ROWS)
                add_block(s->p_panels + i / BLOCK_ROWS * panel, s->vectors + j * columns.count, columns.count,
                          grad + i * t->width + d + j, t->width, rows - i, n - j, t->groups ? NULL : r->scale + i);
    }
    add_pairs(t, r, s, columns, 0, rows, 1);
}

/* What the partners add to the derivatives by the rows, and the rows to those by the partners */
SHARED void add_partners(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s) {
    for (size_t i = 0; i < r->tile.count; i++) {
        const size_t row = r->tile.begin + i;
        real *by_x = grad_of(&t->x, row, t->width), *by_partner = grad_of(&t->partner, row, t->width), length,
             *x = s->vectors, *w = s->vectors + ROOM, grad = memory_of(r)->at_label[i];
        if (r->scale[i] == 0) continue;
        vector_factors f = factors_of(&t->partner, row, t->width, &length, x, s->read);
        for (size_t d = 0; d < t->width; d += DEPTH) {
            size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
            fetch_row(t, r, s, i, d, n, x);
            fetch(&t->partner, &f, row, d, n, w, s->read);
            if (by_x) add_pair(by_x + d, x, w, n, grad, 0, 0);
            if (by_partner) add_pair(by_partner + d, w, x, n, grad, 0, 0);
        }
    }
}

static void differentiate_rows(const fl_tiles *t, fl_row_tile *r, size_t first, size_t last, void *memory) {
    const int are_kept = !t->groups && column_tiles(t) <= t->kept;
    const softmax_call call = call_of(t);
    tile_scratch scratch, *s = &scratch;
    divide_scratch(t, memory, s);
    if (t->groups) find_factors(&t->x, r->tile, t->width, memory_of(r)->factors, s);
    if (!are_kept) pack_x(t, r, s);
    for (size_t k = first; k < last; k++) {
        fl_tile columns = columns_of(t, r, k);
        real *z = (real *)r->logits + (t->groups ? 0 : k - first) * tile_room(t);
        begin_columns(t, columns, s);
        if (!are_kept) make_logits(t, r, s, columns, z);
        (t->groups ? mirror_logits : differentiate_logits)(t, &call, r, s, columns, z);
        add_to_rows(t, r, s, columns, z);
    }
    if (t->partner.source && last == column_tiles(t)) add_partners(t, r, s);
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

/* The panels along the tile's rows: of a strip, a panel of columns of the matrix after the other */
SHARED void pack_x_along(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s) {
    const vector_factors whole = {1, 1};
    for (size_t i = 0; i < r->tile.count; i += t->strip) {
        const size_t rows = r->tile.count - i < t->strip ? r->tile.count - i : t->strip;
        for (size_t d = 0; d < t->width; d += DEPTH) {
            const size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
            real *panels = s->x_panels + i * padded_width(t) + rows * d;
            for (size_t k = 0; k < rows; k++) {
                fetch_row(t, r, s, i + k, d, n, s->vectors);
                put_along(s->vectors, &whole, n, panels + k * BLOCK_COLUMNS, rows * BLOCK_COLUMNS);
            }
        }
    }
}

/* The derivatives by the columns of a tile: += P^T x of a strip of rows. So much of x is taken at a time as stays in the
 * cache while all columns pass. */
SHARED void add_strip(const fl_tiles *t, const tile_scratch *s, fl_tile columns, size_t rows, const real *p,
                      const real *x_panels) {
    real *grad = grad_of(&t->w, columns.begin, t->width), *bias = t->bias_grad;
    for (size_t k = 0; grad && k < columns.count; k += BLOCK_ROWS)
        pack_columns(p + k, FL_TILE_COLUMNS, rows, s->p_panels + k * rows);
    for (size_t start = 0; grad && start < t->width; start += DEPTH)
        for (size_t k = 0; k < columns.count; k += BLOCK_ROWS)
            for (size_t d = start; d < t->width && d < start + DEPTH; d += BLOCK_COLUMNS)
                add_block(s->p_panels + k * rows, x_panels + rows * d, rows, grad + k * t->width + d, t->width,
                          columns.count - k, t->width - d, NULL);
    if (!bias) return;
    real sum[FL_TILE_COLUMNS] = {0};
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < FL_TILE_COLUMNS; k += LANES)
            v_store(sum + k, v_load(sum + k) + v_load(p + i * FL_TILE_COLUMNS + k));
    for (size_t k = 0; k < columns.count; k++) bias[columns.begin + k] += sum[k] * (real)t->bias_scale;
}

static void transfer_to_columns(const fl_tiles *t, const fl_row_tile *r, size_t first, size_t begin, size_t end,
                                void *memory) {
    tile_scratch scratch, *s = &scratch;
    divide_scratch(t, memory, s);
    pack_x_along(t, r, s);
    for (size_t k = begin; k < end; k++) {
        fl_tile columns = columns_of(t, r, k);
        const real *p = (const real *)r->logits + (k - first) * tile_room(t);
        for (size_t i = 0; i < r->tile.count; i += t->strip) {
            size_t rows = r->tile.count - i < t->strip ? r->tile.count - i : t->strip;
            add_strip(t, s, columns, rows, p + i * FL_TILE_COLUMNS, s->x_panels + i * padded_width(t));
            if (grad_of(&t->w, columns.begin, t->width)) add_pairs(t, r, s, columns, i, i + rows, 0);
        }
    }
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

/* What lies along the unit vector changes only the length, which is divided out. */
SHARED void finish_normalized(const fl_tiles *t, const fl_vectors *v, size_t row, real *grad, const tile_scratch *s) {
    real length, *part = s->vectors, *copy = s->vectors + ROOM;
    vector_factors f = factors_of(v, row, t->width, &length, part, s->read);
    double along = 0;
    for (size_t d = 0; d < t->width; d += DEPTH) {
        size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        vec sum[LANE_VECTORS] = {{0}};
        fetch(v, &f, row, d, n, part, s->read);
        fetch_zeros(n, copy);
        memcpy(copy, grad + d, n * sizeof(real));
        for (size_t k = 0; k < n; k += ROW_LANES)
            UNROLL for (int j = 0; j < LANE_VECTORS; j++) sum[j] =
                v_fma(v_load(part + k + j * LANES), v_load(copy + k + j * LANES), sum[j]);
        along += across_lanes(sum);
    }
    for (size_t d = 0; d < t->width; d += DEPTH) {
        size_t n = t->width - d < DEPTH ? t->width - d : DEPTH;
        vec less = v_set(-(real)along), factor = v_set((real)t->scale * f.inverse), power = v_set(f.power);
        fetch(v, &f, row, d, n, part, s->read);
        memcpy(copy, grad + d, n * sizeof(real));
        for (size_t k = 0; k < n; k += LANES)
            v_store(copy + k, v_fma(less, v_load(part + k), v_load(copy + k)) * factor * power);
        memcpy(grad + d, copy, n * sizeof(real));
    }
}

/* Of a row that does not count, nothing is made, whatever it holds. */
INLINE int is_zero(const real *x, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (!(x[k] == 0)) return 0;
    return 1;
}

static void finish_grad(const fl_tiles *t, const fl_vectors *v, size_t begin, size_t count, void *memory) {
    tile_scratch scratch, *s = &scratch;
    divide_scratch(t, memory, s);
    if (!v->normalized && t->scale == 1) return;
    for (size_t row = begin; row < begin + count; row++) {
        real *grad = grad_of(v, row, t->width);
        if (!grad || is_zero(grad, t->width)) continue;
        if (v->normalized)
            finish_normalized(t, v, row, grad, s);
        else
            for (size_t d = 0; d < t->width; d++) grad[d] *= (real)t->scale;
    }
}
