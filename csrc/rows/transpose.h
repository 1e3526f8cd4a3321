/* Matrices between row after row, which the kernels want, and class after class, which `axis=0` has in memory. */

/* 0, 1, 2, ...: shuffles are written as arithmetic on it, which the compiler folds */
INLINE ivec lane_index(void) {
    const bits count[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ivec lane;
    memcpy(&lane, count, sizeof lane);
    return lane;
}

/* One stage of a transposition: pairs of vectors half apart, their lanes `low` and `high` of both */
INLINE void interleave(vec *x, int stride, int n, ivec low, ivec high) {
    vec y[LANES];
    for (int i = 0; i < n / 2; i++) {
        y[2 * i] = __builtin_shuffle(x[i * stride], x[(i + n / 2) * stride], low);
        y[2 * i + 1] = __builtin_shuffle(x[i * stride], x[(i + n / 2) * stride], high);
    }
    for (int i = 0; i < n; i++) x[i * stride] = y[i];
}

/* A transposition is done inside chunks of 16 bytes, where a shuffle is cheapest. */
enum { INNER = 16 / sizeof(real), CHUNKS = LANES / INNER };

INLINE void transpose_chunks(vec x[INNER]) {
    ivec inner = lane_index() % INNER, chunk = lane_index() / INNER;
    ivec low = chunk * INNER + inner / 2 + inner % 2 * LANES;
    for (int n = 1; n < INNER; n *= 2) interleave(x, 1, INNER, low, low + INNER / 2);
}

/* CHUNKS chunks, `stride` numbers apart, as a vector */
INLINE vec load_chunks(const real *p, size_t stride) {
#if FL_BYTES == 16
    (void)stride;
    return v_load(p);
#else
    __m256 low = _mm256_castps128_ps256(_mm_loadu_ps((const float *)p));
    low = _mm256_insertf128_ps(low, _mm_loadu_ps((const float *)(p + stride)), 1);
#if FL_BYTES == 32
    return (vec)low;
#else
    __m512 all = _mm512_castps256_ps512(low);
    all = _mm512_insertf32x4(all, _mm_loadu_ps((const float *)(p + 2 * stride)), 2);
    return (vec)_mm512_insertf32x4(all, _mm_loadu_ps((const float *)(p + 3 * stride)), 3);
#endif
#endif
}

INLINE void store_chunk(real *p, vec x, int chunk) {
    char bytes[sizeof x];
    memcpy(bytes, &x, sizeof x);
    memcpy(p, bytes + 16 * chunk, 16);
}

/* x as a matrix of LANES rows, transposed: inside chunks, then whole chunks */
INLINE void transpose_square(vec x[LANES]) {
    ivec inner = lane_index() % INNER, chunk = lane_index() / INNER;
    ivec low = inner + chunk / 2 * INNER + chunk % 2 * LANES;
    for (int c = 0; c < CHUNKS; c++) transpose_chunks(x + c * INNER);
    for (int i = 0; i < INNER; i++)
        for (int n = 1; n < CHUNKS; n *= 2) interleave(x + i, INNER, CHUNKS, low, low + CHUNKS / 2 * INNER);
}

/* to = the transpose of from, LANES x LANES numbers; less of them as `rows` and `columns` of from say */
INLINE void transpose_corner(const real *from, size_t from_stride, real *to, size_t to_stride, size_t rows,
                             size_t columns) {
    vec square[LANES] = {{0}};
    for (size_t i = 0; i < rows; i++) memcpy(&square[i], from + i * from_stride, columns * sizeof(real));
    transpose_square(square);
    for (size_t i = 0; i < columns; i++) memcpy(to + i * to_stride, &square[i], rows * sizeof(real));
}

/* to[c][r] = from[r][c]; strides are distances between rows of each */
static void transpose_matrix(const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows,
                             size_t columns) {
    for (size_t r = 0; r < rows; r += LANES)
        for (size_t c = 0; c < columns; c += LANES) {
            const real *source = (const real *)from + r * from_stride + c;
            real *target = (real *)to + c * to_stride + r;
            if (rows - r < LANES || columns - c < LANES) {
                transpose_corner(source, from_stride, target, to_stride, rows - r < LANES ? rows - r : LANES,
                                 columns - c < LANES ? columns - c : LANES);
                continue;
            }
            for (int i = 0; i < LANES; i++) __builtin_prefetch(source + (LANES + i) * from_stride);
            transpose_corner(source, from_stride, target, to_stride, LANES, LANES);
        }
}
