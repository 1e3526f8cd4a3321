/* The losses of pairs and triples of rows. A loss and the factors of its gradients follow from sums over the width of a
 * row; d1 is the derivative of the loss by its distance or cosine. */

INLINE void add_value(const fl_distances *a, size_t r, double value) {
    if (a->value) a->value[r] += value;
}

/* The larger of x and 0, NaN of NaN; and its derivative, 0 at the kink */
INLINE double above_zero(double x) { return x <= 0 ? 0 : x; }
INLINE double step_above_zero(double x) { return x > 0 ? 1 : x <= 0 ? 0 : x; }

/* ---- squared distance: factor |x0 - x1|^2 ----------------------------------------------------------------------- */

INLINE void squared_element(const vec *x, const void *state, vec *grad) {
    grad[0] = (x[0] - x[1]) * v_set(*(const double *)state);
    grad[1] = -grad[0];
}

INLINE void squared_distance(const fl_distances *a, row *it, size_t r, double scale) {
    const double factor = a->parameters[0], d1 = 2 * factor * scale * a->factor;
    if (a->value) {
        distance d = distance_of(it, 0, 1, SQUARES, 2);
        add_value(a, r, scale * (d.scale == 1 ? factor * d.sum : factor * d.value * d.value));
    }
    if (wants_grads(a)) write_grads(a, it, 2, r, squared_element, &d1);
}

/* ---- contrastive: y d^2 / 2 + (1 - y) max(0, margin - d)^2 / 2 -------------------------------------------------- */

INLINE void distance_element(const vec *x, const void *state, vec *grad) {
    grad[0] = derivative(state, SQUARES, x[0], x[1]);
    grad[1] = -grad[0];
}

INLINE void contrastive(const fl_distances *a, row *it, size_t r, double scale) {
    distance d = distance_of(it, 0, 1, SQUARES, 2);
    const double y = a->target[r] >= 0 && a->target[r] <= 1 ? a->target[r] : NOT_A_NUMBER;
    double within = (1 - y) * above_zero(a->parameters[0] - d.value), loss = 0;
    if (y != 0) loss = y * d.value * d.value / 2; /* which may be infinite */
    if (y != 1) loss += within * above_zero(a->parameters[0] - d.value) / 2;
    add_value(a, r, scale * loss);
    if (!wants_grads(a)) return;
    d.factor = (y / d.scale - (d.root == 0 ? 0 : within / d.root)) * scale * a->factor;
    write_grads(a, it, 2, r, distance_element, &d);
}

/* ---- triplet: max(0, |anchor - positive| - |anchor - negative| + margin) ---------------------------------------- */

typedef struct {
    distance positive, negative;
} triplet_state;

INLINE void triplet_gradients(const vec *x, const triplet_state *s, int form, int is_swapped, vec *grad) {
    vec positive = derivative(&s->positive, form, x[0], x[1]);
    vec negative = derivative(&s->negative, form, x[is_swapped ? 1 : 0], x[2]);
    grad[0] = is_swapped ? positive : positive - negative;
    grad[1] = is_swapped ? -positive - negative : -positive;
    grad[2] = negative;
}

/* Swapped: the negative counts by its distance from the positive, where it is nearer to that than to the anchor. */
INLINE void triplet(const fl_distances *a, row *it, size_t r, double scale, int form, row_element *element,
                    row_element *swapped) {
    const double margin = a->parameters[0], p = a->parameters[1];
    triplet_state s = {distance_of(it, 0, 1, form, p), distance_of(it, 0, 2, form, p)};
    int is_swapped = 0;
    if (a->parameters[2] != 0) {
        distance other = distance_of(it, 1, 2, form, p);
        is_swapped = other.value < s.negative.value || other.value != other.value;
        if (is_swapped) s.negative = other;
    }
    double apart = s.positive.value - s.negative.value + margin;
    double d1 = step_above_zero(apart) * scale * a->factor;
    add_value(a, r, scale * above_zero(apart));
    if (d1 == 0) return clear_grads(a, r);
    if (!wants_grads(a)) return;
    set_factor(&s.positive, it, 0, 1, form, d1);
    set_factor(&s.negative, it, is_swapped ? 1 : 0, 2, form, d1);
    if (d1 != d1) s.positive.factor = d1;
    if (is_swapped)
        write_grads(a, it, 3, r, swapped, &s);
    else
        write_grads(a, it, 3, r, element, &s);
}

#define DEFINE_TRIPLET(name, form)                                                                                     \
    INLINE void name##_element(const vec *x, const void *state, vec *grad) {                                           \
        triplet_gradients(x, state, form, 0, grad);                                                                    \
    }                                                                                                                  \
    INLINE void name##_swapped(const vec *x, const void *state, vec *grad) {                                           \
        triplet_gradients(x, state, form, 1, grad);                                                                    \
    }                                                                                                                  \
    INLINE void name(const fl_distances *a, row *it, size_t r, double scale) {                                         \
        triplet(a, it, r, scale, form, name##_element, name##_swapped);                                                \
    }                                                                                                                  \
    static __attribute__((noinline)) void name##_rows(const fl_distances *a) { each_row(a, 3, name); }

DEFINE_TRIPLET(triplet_squares, SQUARES)
DEFINE_TRIPLET(triplet_absolutes, ABSOLUTES)
DEFINE_TRIPLET(triplet_largest, LARGEST_ALONE)
DEFINE_TRIPLET(triplet_powers, POWERS)

/* ---- cosine_embedding: 1 - cos where y = 1, max(0, cos - margin) where y = -1 ----------------------------------- */

INLINE void products_term(const vec *x, const void *call, vec *sum) {
    (void)call;
    sum[0] = v_fma(x[0], x[1], sum[0]);
    sum[1] = v_fma(x[0], x[0], sum[1]);
    sum[2] = v_fma(x[1], x[1], sum[2]);
}

/* The cosine of two rows as toward - lacks, toward -1, 0 or 1 */
typedef struct {
    double inverse[2]; /* of the norms, as scaled */
    double toward, lacks;
    double factor[2]; /* of the derivatives */
} cosine;

/* |x0 / |x0| - toward x1 / |x1||^2 = 2 (1 - toward cos), which keeps the digits that a cosine near +-1 loses */
INLINE void apart_term(const vec *x, const void *call, vec *sum) {
    const cosine *c = call;
    vec apart = v_fma(-x[1], v_set(c->toward * c->inverse[1]), x[0] * v_set(c->inverse[0]));
    sum[0] = v_fma(apart, apart, sum[0]);
}

/* Where a norm is 0, so are the cosine and its derivatives. */
INLINE cosine cosine_of(row *r) {
    double sums[3];
    cosine c = {.toward = 0};
    sum_row(r, 2, 3, products_term, NULL, 0, sums);
    if (!is_in_range(sums[1]) || !is_in_range(sums[2])) {
        for (int j = 0; j < 2; j++) r->scale[j] = scale_to_one(largest_in(r, j));
        sum_row(r, 2, 3, products_term, NULL, 0, sums);
    }
    c.lacks = 0 * (sums[1] + sums[2]); /* NaN beside zeros stays */
    if (sums[1] == 0 || sums[2] == 0) return c;
    for (int j = 0; j < 2; j++) c.inverse[j] = 1 / __builtin_sqrt(sums[1 + j]);
    double cos = sums[0] * c.inverse[0] * c.inverse[1];
    c.toward = cos > 0.5 ? 1 : cos < -0.5 ? -1 : 0;
    c.lacks = -cos;
    if (c.toward != 0) {
        sum_row(r, 2, 1, apart_term, &c, 0, sums);
        c.lacks = c.toward * sums[0] / 2;
    }
    return c;
}

/* Over a tiny norm, the rounding error of a derivative that is 0 might be infinite. */
INLINE vec within_range(vec x) { return v_min(v_set(LARGEST_STORED), v_max(v_set(-LARGEST_STORED), x)); }

/* Of unit rows e0 and e1, (e1 - cos e0) / |x0| = ((e1 - toward e0) + lacks e0) / |x0|; and the same of e0 */
INLINE void cosine_element(const vec *x, const void *state, vec *grad) {
    const cosine *c = state;
    vec e0 = x[0] * v_set(c->inverse[0]), e1 = x[1] * v_set(c->inverse[1]);
    vec toward = v_set(-c->toward), lacks = v_set(c->lacks);
    grad[0] = within_range(v_fma(lacks, e0, v_fma(toward, e0, e1)) * v_set(c->factor[0]));
    grad[1] = within_range(v_fma(lacks, e1, v_fma(toward, e1, e0)) * v_set(c->factor[1]));
}

INLINE void cosine_embedding(const fl_distances *a, row *it, size_t r, double scale) {
    cosine c = cosine_of(it);
    const double y = a->target[r], over = c.toward - c.lacks - a->parameters[0];
    double loss = NOT_A_NUMBER, d1 = NOT_A_NUMBER;
    if (y == 1) loss = (1 - c.toward) + c.lacks, d1 = -1;
    if (y == -1) loss = above_zero(over), d1 = step_above_zero(over);
    add_value(a, r, scale * loss);
    if (d1 == 0) return clear_grads(a, r);
    if (!wants_grads(a)) return;
    for (int j = 0; j < 2; j++) c.factor[j] = d1 * scale * a->factor * c.inverse[j] * it->scale[j];
    write_grads(a, it, 2, r, cosine_element, &c);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void squared_distance_rows(const fl_distances *a) { each_row(a, 2, squared_distance); }
static void contrastive_rows(const fl_distances *a) { each_row(a, 2, contrastive); }
static void cosine_embedding_rows(const fl_distances *a) { each_row(a, 2, cosine_embedding); }

static void triplet_rows(const fl_distances *a) {
    const double p = a->parameters[1];
    if (p == 2) return triplet_squares_rows(a);
    if (p == 1) return triplet_absolutes_rows(a);
    if (p == INFINITE) return triplet_largest_rows(a);
    triplet_powers_rows(a);
}
