/* Vectors as they are read: divided by their lengths where a loss asks for it, and packed into panels. */

enum {
    DEPTH = 512,
    ROOM = DEPTH + 16
}; /* numbers of a vector that are read at a time; with the end of the last lanes */

/* The factors of a vector, applied one after the other: for tiny and huge vectors the product of the two would not be
 * in range. */
typedef struct {
    real power, inverse; /* 1 and 1; or a power of two, and 1 over the length of the vector times it: 0 for 0 */
} vector_factors;

/* The sum of the 16 lanes of these vectors, in float64 */
INLINE double across_lanes(const vec sums[LANE_VECTORS]) {
    vpair pairs[LANE_VECTORS];
    for (int j = 0; j < LANE_VECTORS; j++) pairs[j] = (vpair){sums[j], v_set(0)};
    return across_sum(pairs);
}

/* n numbers, and zeros up to a multiple of 16 */
SHARED void fetch(const fl_vectors *v, const vector_factors *f, size_t row, size_t start, size_t n, real *to,
                  void *scratch) {
    size_t stride;
    const real *from = v->read(v->source, row, 1, start, n, &stride, scratch);
    const vec power = v_set(f->power), inverse = v_set(f->inverse);
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) v_store(to + k, v_load(from + k) * power * inverse);
    for (; k < n; k++) to[k] = from[k] * f->power * f->inverse;
    for (; k % ROW_LANES; k++) to[k] = 0;
}

INLINE void fetch_zeros(size_t n, real *to) {
    memset(to, 0, (n + ROW_LANES - 1) / ROW_LANES * ROW_LANES * sizeof(real));
}

/* |x power|^2, and the largest of |x| */
SHARED double sum_of_squares(const fl_vectors *v, size_t row, size_t width, real power, real *most, real *buffer,
                             void *scratch) {
    const vector_factors f = {power, 1};
    vec sum[LANE_VECTORS] = {{0}}, largest = v_set(0);
    for (size_t d = 0; d < width; d += DEPTH) {
        size_t n = width - d < DEPTH ? width - d : DEPTH;
        fetch(v, &f, row, d, n, buffer, scratch);
        for (size_t k = 0; k < n; k += ROW_LANES) UNROLL for (int j = 0; j < LANE_VECTORS; j++) {
                vec x = v_load(buffer + k + j * LANES);
                sum[j] = v_fma(x, x, sum[j]);
                largest = v_max(largest, v_abs(x));
            }
    }
    *most = across_max(largest);
    return across_lanes(sum);
}

/* 2^-e of the exponent e of x > 0, both normal */
INLINE real inverse_power(real x) {
    ubits bits, least = 1, most = 2 * EXPONENT_BIAS - 1;
    memcpy(&bits, &x, sizeof bits);
    bits >>= MANTISSA_BITS;
    bits = bits < least ? least : bits > most ? most : bits;
    bits = (2 * EXPONENT_BIAS - bits) << MANTISSA_BITS;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The factors of a vector, and its length */
SHARED vector_factors factors_of(const fl_vectors *v, size_t row, size_t width, real *length, real *buffer,
                                 void *scratch) {
    const double low = FL_ARITH == 32 ? 0x1p-80 : 0x1p-900, high = FL_ARITH == 32 ? 0x1p100 : 0x1p900;
    real most, power = 1;
    double sum = sum_of_squares(v, row, width, power, &most, buffer, scratch);
    if (!(low <= sum && sum <= high)) {
        power = inverse_power(most);
        sum = sum_of_squares(v, row, width, power, &most, buffer, scratch);
    }
    double scaled = __builtin_sqrt(sum);
    *length = (real)(scaled / (double)power);
    if (!v->normalized) return (vector_factors){1, 1};
    return (vector_factors){power, sum == 0 ? 0 : (real)(1 / scaled)};
}

/* ---- panels ------------------------------------------------------------------------------------------------------ */

INLINE size_t rounded_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* to[d][i] = from[i][d] times the factors of i, d < n, for LANES rows `stride` apart; a row of `to` has `width` numbers.
 * What is written beyond these and beyond n belongs to what is packed later. */
INLINE void pack_across(const real *from, size_t stride, size_t n, real *to, size_t width, vec power, vec inverse) {
    for (size_t d = 0; d < n; d += INNER) {
        vec x[INNER];
        UNROLL for (int i = 0; i < INNER; i++) x[i] = v_load_chunks(from + (size_t)i * stride + d, INNER * stride);
        transpose_chunks(x);
        UNROLL for (int i = 0; i < INNER; i++) v_store(to + (d + (size_t)i) * width, x[i] * power * inverse);
    }
}

/* A panel of `width` rows: the last lanes first, as those before write over what they exceeded. */
INLINE void pack_rows(const real *from, size_t stride, size_t n, real *to, const size_t width) {
    for (size_t i = rounded_up(width, LANES); i > 0; i -= LANES)
        pack_across(from + (i - LANES) * stride, stride, n, to + i - LANES, width, v_set(1), v_set(1));
}

/* to[i][j] = from[i][j], j < BLOCK_ROWS, for n rows; the last of a row may read LANES beyond */
INLINE void pack_columns(const real *from, size_t stride, size_t n, real *to) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < BLOCK_ROWS; j += LANES) v_store(to + i * BLOCK_ROWS + j, v_load(from + i * stride + j));
}

/* n numbers times factors, as a row of panels of BLOCK_COLUMNS, which lie `panel` apart */
INLINE void put_along(const real *from, const vector_factors *f, size_t n, real *to, size_t panel) {
    const vec power = v_set(f->power), inverse = v_set(f->inverse);
    for (; n >= BLOCK_COLUMNS; n -= BLOCK_COLUMNS, from += BLOCK_COLUMNS, to += panel)
        UNROLL for (int j = 0; j < BLOCK_VECTORS; j++)
            v_store(to + j * LANES, v_load(from + j * LANES) * power * inverse);
    if (!n) return;
    real rest[BLOCK_COLUMNS] = {0};
    memcpy(rest, from, n * sizeof(real));
    for (int j = 0; j < BLOCK_VECTORS; j++) v_store(to + j * LANES, v_load(rest + j * LANES) * power * inverse);
}

/* BLOCK_COLUMNS vectors from `row` on, of which `rows` are there: a panel across. Whole ones are read where they are. */
SHARED void pack_vectors(const fl_vectors *v, const vector_factors *f, size_t row, size_t rows, size_t start, size_t n,
                         real *to, real *buffer, void *scratch) {
    if (rows >= BLOCK_COLUMNS && n % INNER == 0) {
        size_t stride;
        for (size_t i = 0; i < BLOCK_COLUMNS; i += LANES) {
            const real *from = v->read(v->source, row + i, LANES, start, n, &stride, scratch);
            real power[LANES], inverse[LANES];
            for (size_t k = 0; k < LANES; k++) power[k] = f[i + k].power, inverse[k] = f[i + k].inverse;
            pack_across(from, stride, n, to + i, BLOCK_COLUMNS, v_load(power), v_load(inverse));
        }
        return;
    }
    for (size_t k = 0; k < BLOCK_COLUMNS; k++)
        if (k < rows)
            fetch(v, f + k, row + k, start, n, buffer + k * ROOM, scratch);
        else
            fetch_zeros(n, buffer + k * ROOM);
    pack_rows(buffer, ROOM, n, to, BLOCK_COLUMNS);
}
