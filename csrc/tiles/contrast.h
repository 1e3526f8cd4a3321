/* Vectors that are rows and columns alike: each is drawn to those of its group. Products are the same both ways, to the
 * bit, so that the derivative by a logit is taken together with that by its mirror image, once all rows are reduced. */

/* Of a row, in t->roles: what the derivatives by its logits z need. exp(z - max) scaled is the part of the others,
 * less a part of the own; where z is the maximum, both are `top`, without cancellation. */
enum { ROLE_MAX, ROLE_SCALED, ROLE_PART, ROLE_TOP };
_Static_assert(ROLE_TOP + 1 == FL_TILE_ROLES, "as many as there is room for");

INLINE real *role_of(const fl_tiles *t, int role) {
    return (real *)t->roles + (size_t)role * rounded_up(t->x.rows + FL_TILE_COLUMNS, LANES);
}

INLINE ptrdiff_t self_in(const fl_row_tile *r, fl_tile columns, size_t i) {
    size_t column = r->tile.begin + i - columns.begin;
    return column < columns.count ? (ptrdiff_t)column : -1;
}

/* Sums the logits of a row's own group, but for its own; that is left out, if it does not count. */
INLINE double sum_of_group(const fl_tiles *t, const real *groups, real group, size_t columns, real *z, ptrdiff_t self) {
    const vec own = v_set(group), zero = v_set(0);
    vec sum[LANE_VECTORS] = {{0}};
    const real kept = self >= 0 ? z[self] : 0;
    if (self >= 0) z[self] = 0;
    for (size_t k = 0; k < rounded_up(columns, ROW_LANES); k += ROW_LANES)
        UNROLL for (int j = 0; j < LANE_VECTORS; j++) {
            size_t at = k + (size_t)(j * LANES);
            sum[j] += v_select(v_eq(v_load(groups + at), own), v_load(z + at), zero);
        }
    if (self >= 0) z[self] = t->excludes_self ? -INFINITE : kept;
    return across_lanes(sum);
}

/* Adds the logits of the rows' groups to their sums. */
SHARED void take_groups(const fl_tiles *t, const fl_row_tile *r, const tile_scratch *s, fl_tile columns, real *z,
                        double *sums) {
    for (size_t i = 0; i < r->tile.count; i++, z += FL_TILE_COLUMNS)
        sums[i] += sum_of_group(t, s->group, ((const real *)t->groups)[r->tile.begin + i], columns.count, z,
                                self_in(r, columns, i));
}

/* The derivatives by the products of a tile, both ways */
INLINE void mirror_row(const fl_tiles *t, const softmax_call *call, const tile_scratch *s, fl_tile columns, size_t row,
                       real *z) {
    const real *max = role_of(t, ROLE_MAX), *scaled = role_of(t, ROLE_SCALED), *part = role_of(t, ROLE_PART),
               *top = role_of(t, ROLE_TOP);
    const vec own = v_set(((const real *)t->groups)[row]), own_max = v_set(max[row]), own_scaled = v_set(scaled[row]);
    for (size_t k = 0; k < columns.count; k += LANES) {
        const size_t at = columns.begin + k;
        vec x = v_load(z + k), their_max = v_load(max + at), their_scaled = v_load(scaled + at);
        vec there = exp_term(call, x - own_max, EMIT_SCALE, 0), back = exp_term(call, x - their_max, EMIT_SCALE, 0);
        vec both = v_fma(there, own_scaled, back * their_scaled);
        mask same = v_eq(v_load(s->group + k), own);
        if (m_any(same)) {
            vec drawn = v_fma(there, own_scaled, -v_set(part[row]));
            vec back_drawn = v_fma(back, their_scaled, -v_load(part + at));
            drawn = v_select(v_eq(x, own_max), v_set(top[row]), drawn);
            back_drawn = v_select(v_eq(x, their_max), v_load(top + at), back_drawn);
            both = v_select(same, drawn + back_drawn, both);
        }
        v_store(z + k, both);
    }
}

SHARED void mirror_logits(const fl_tiles *t, const softmax_call *call, const fl_row_tile *r, const tile_scratch *s,
                          fl_tile columns, real *z) {
    for (size_t i = 0; i < r->tile.count; i++, z += FL_TILE_COLUMNS) {
        const ptrdiff_t self = self_in(r, columns, i);
        const size_t row = r->tile.begin + i;
        real own[LANES] = {0};
        if (self >= 0 && !t->excludes_self) {
            vec exp = exp_term(call, v_set(z[self] - role_of(t, ROLE_MAX)[row]), EMIT_SCALE, 0);
            v_store(own, v_set(2) * exp * v_set(role_of(t, ROLE_SCALED)[row]));
        }
        mirror_row(t, call, s, columns, row, z);
        if (self >= 0) z[self] = own[0];
    }
}

/* What the derivatives by the logits of n rows from `row` on need, of a state whose factors are known */
INLINE void keep_roles(const fl_tiles *t, const softmax_state *state, vec lower, size_t row, size_t n) {
    real share[LANES] = {0};
    memcpy(share, (const real *)t->shares + row, n * sizeof(real));
    const vec a = v_load(share), unscaled = state->others * v_set(EMIT_UNSCALE);
    const vec factor = state->share * lower, top = factor * v_fma(state->p, v_set(1) - a, -(unscaled * a));
    const vec roles[] = {state->max, state->grad * lower, factor * a, top};
    for (int k = 0; k < FL_TILE_ROLES; k++) memcpy(role_of(t, k) + row, &roles[k], n * sizeof(real));
}
