/* One row of each array, and sums over its width. A sum is taken in 16 virtual lanes on every instruction set, which
 * are added as a tree. */

enum { SUM_LANES = 16, PARTS = SUM_LANES / LANES, MOST_SUMS = 3 };

/* One row of each array; its numbers are read times `scale`, a power of two that keeps squares in range. */
typedef struct {
    const stored *x[FL_DISTANCE_ARRAYS];
    size_t width;
    real scale[FL_DISTANCE_ARRAYS];
} row;

INLINE row row_of(const fl_distances *a, int arrays, size_t r) {
    row it = {.width = a->width, .scale = {1, 1, 1}};
    for (int j = 0; j < arrays; j++) it.x[j] = (const stored *)a->x[j] + r * a->width;
    return it;
}

/* 16 numbers of each array from k on, scaled; zeros beyond the end */
typedef struct {
    vec x[FL_DISTANCE_ARRAYS][PARTS];
} piece;

INLINE piece piece_of(const row *r, int arrays, size_t k) {
    piece it;
    for (int j = 0; j < arrays; j++) {
        const stored *from = r->x[j] + k;
        stored copy[SUM_LANES] = {0};
        if (r->width - k < SUM_LANES) from = memcpy(copy, from, (r->width - k) * sizeof(stored));
        UNROLL for (int i = 0; i < PARTS; i++) it.x[j][i] = v_load(from + i * LANES) * v_set(r->scale[j]);
    }
    return it;
}

/* Adds the terms of one vector of each array to the sums; `call` points to the constants of the call. Where such a
 * function is passed, the compiler knows and inlines it. */
typedef void row_term(const vec *x, const void *call, vec *sum);

/* The sum of all lanes, or the largest of them, NaN if one is */
INLINE double across(const vec part[PARTS], int is_largest) {
    double lane[SUM_LANES];
    memcpy(lane, part, sizeof lane);
    for (int width = SUM_LANES / 2; width; width /= 2)
        for (int l = 0; l < width; l++) {
            double other = lane[l + width];
            lane[l] = !is_largest ? lane[l] + other : lane[l] < other || other != other ? other : lane[l];
        }
    return lane[0];
}

/* totals of `sums` sums over the width; with is_largest `term` keeps the largest so far instead */
INLINE void sum_row(const row *r, int arrays, int sums, row_term *term, const void *call, int is_largest,
                    double *total) {
    vec sum[MOST_SUMS][PARTS] = {{{0}}};
    for (size_t k = 0; k < r->width; k += SUM_LANES) {
        piece p = piece_of(r, arrays, k);
        UNROLL for (int i = 0; i < PARTS; i++) {
            vec x[FL_DISTANCE_ARRAYS], part[MOST_SUMS];
            for (int j = 0; j < arrays; j++) x[j] = p.x[j][i];
            for (int s = 0; s < sums; s++) part[s] = sum[s][i];
            term(x, call, part);
            for (int s = 0; s < sums; s++) sum[s][i] = part[s];
        }
    }
    for (int s = 0; s < sums; s++) total[s] = across(sum[s], is_largest);
}

/* ---- range ------------------------------------------------------------------------------------------------------- */

/* The larger, or the one that is NaN */
INLINE vec largest_of(vec a, vec b) { return v_select(m_or(v_lt(a, b), m_not(v_is_number(b))), b, a); }

INLINE void largest_term(const vec *x, const void *call, vec *sum) {
    (void)call;
    sum[0] = largest_of(sum[0], v_abs(x[0]));
}

/* Whether squares with this sum neither overflowed nor lost digits: those of float32 numbers, in float64, never do. */
INLINE int is_in_range(double sum) { return FL_ARITH == 3264 || (sum > 0x1p-900 && sum < 0x1p900); }

/* The power of two that brings x near 1; for zero, infinity and NaN it is 1. */
INLINE double scale_to_one(double x) {
    int64_t exponent;
    if (!(x > 0 && x < INFINITE)) return 1;
    double normal = x < 0x1p-1000 ? x * 0x1p100 : x;
    memcpy(&exponent, &normal, sizeof exponent);
    exponent = (exponent >> MANTISSA_BITS) - EXPONENT_BIAS - (x < 0x1p-1000 ? 100 : 0);
    exponent = exponent < -1000 ? -1000 : exponent > 1000 ? 1000 : exponent; /* near enough, and a normal power */
    exponent = (EXPONENT_BIAS - exponent) << MANTISSA_BITS;
    memcpy(&x, &exponent, sizeof x);
    return x;
}

INLINE double largest_in(const row *r, int j) {
    row one = {.x = {r->x[j]}, .width = r->width, .scale = {1}};
    double largest;
    sum_row(&one, 1, 1, largest_term, NULL, 1, &largest);
    return largest;
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* The derivatives by one vector of each array, from the loss's state */
typedef void row_element(const vec *x, const void *state, vec *grad);

INLINE void write_grads(const fl_distances *a, const row *r, int arrays, size_t at, row_element *element,
                        const void *state) {
    for (size_t k = 0; k < r->width; k += SUM_LANES) {
        piece p = piece_of(r, arrays, k);
        vec grad[PARTS][FL_DISTANCE_ARRAYS];
        UNROLL for (int i = 0; i < PARTS; i++) {
            vec x[FL_DISTANCE_ARRAYS];
            for (int j = 0; j < arrays; j++) x[j] = p.x[j][i];
            element(x, state, grad[i]);
        }
        for (int j = 0; j < arrays; j++) {
            if (!a->grad[j]) continue;
            stored *to = (stored *)a->grad[j] + at * r->width + k, copy[SUM_LANES];
            size_t n = r->width - k < SUM_LANES ? r->width - k : SUM_LANES;
            UNROLL for (int i = 0; i < PARTS; i++) v_store((n < SUM_LANES ? copy : to) + i * LANES, grad[i][j]);
            if (n < SUM_LANES) memcpy(to, copy, n * sizeof(stored));
        }
    }
}

INLINE void clear_grads(const fl_distances *a, size_t r) {
    for (int j = 0; j < FL_DISTANCE_ARRAYS; j++)
        if (a->grad[j]) memset((stored *)a->grad[j] + r * a->width, 0, a->width * sizeof(stored));
}

INLINE int wants_grads(const fl_distances *a) {
    int wanted = 0;
    for (int j = 0; j < FL_DISTANCE_ARRAYS; j++) wanted |= a->grad[j] != NULL;
    return wanted;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* The loss of the row r, of this scale: adds its value, writes its gradients */
typedef void row_loss(const fl_distances *a, row *it, size_t r, double scale);

/* Calls `loss`, which the compiler inlines, for each row that counts; the gradients of the others are 0. */
INLINE void each_row(const fl_distances *a, int arrays, row_loss *loss) {
    for (size_t r = 0; r < a->rows; r++) {
        row it = row_of(a, arrays, r);
        double scale = a->scale ? a->scale[r] : 1;
        if (scale == 0)
            clear_grads(a, r);
        else
            loss(a, &it, r, scale);
    }
}
