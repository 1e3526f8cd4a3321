/* Matrices between row after row, which the kernels want, and class after class, which `axis=0` has in memory. */

/* Each stage takes two vectors, half of all apart, lane by lane in turn. */
INLINE void transpose_chunks(vec x[INNER]) {
    for (int n = 1; n < INNER; n *= 2) {
        vec y[INNER];
        for (int i = 0; i < INNER / 2; i++) {
            y[2 * i] = v_zip_low(x[i], x[i + INNER / 2]);
            y[2 * i + 1] = v_zip_high(x[i], x[i + INNER / 2]);
        }
        memcpy(x, y, sizeof y);
    }
}

INLINE void store_chunk(real *p, vec x, int chunk) {
    char bytes[sizeof x];
    memcpy(bytes, &x, sizeof x);
    memcpy(p, bytes + 16 * chunk, 16);
}

/* Transposes LANES rows of LANES numbers: inside chunks, then whole chunks. */
INLINE void transpose_square(vec x[LANES]) {
    for (int c = 0; c < CHUNKS; c++) transpose_chunks(x + c * INNER);
    for (int n = 1; n < CHUNKS; n *= 2) {
        vec y[LANES];
        for (int i = 0; i < LANES / 2; i++) {
            int at = i / INNER * 2 * INNER + i % INNER;
            y[at] = v_zip_low_chunks(x[i], x[i + LANES / 2]);
            y[at + INNER] = v_zip_high_chunks(x[i], x[i + LANES / 2]);
        }
        memcpy(x, y, sizeof y);
    }
}

/* to = the transpose of from, at most LANES x LANES numbers: `rows` and `columns` are those of from */
INLINE void transpose_corner(const real *from, size_t from_stride, real *to, size_t to_stride, size_t rows,
                             size_t columns) {
    vec square[LANES] = {{0}};
    for (size_t i = 0; i < rows; i++) memcpy(&square[i], from + i * from_stride, columns * sizeof(real));
    transpose_square(square);
    for (size_t i = 0; i < columns; i++) memcpy(to + i * to_stride, &square[i], rows * sizeof(real));
}

/* Transposes the square from row r and column c on. */
INLINE void transpose_part(const real *from, size_t from_stride, real *to, size_t to_stride, size_t rows,
                           size_t columns, size_t r, size_t c) {
    from += r * from_stride + c;
    to += c * to_stride + r;
    rows = rows - r < LANES ? rows - r : LANES;
    columns = columns - c < LANES ? columns - c : LANES;
    if (rows == LANES && columns == LANES)
        transpose_corner(from, from_stride, to, to_stride, LANES, LANES);
    else
        transpose_corner(from, from_stride, to, to_stride, rows, columns);
}

/* to[c][r] = from[r][c]; strides are distances between rows of each. Squares are taken along the rows of the matrix
 * with the larger stride: one that is a power of two puts the rows of a square into few sets of the cache. */
static __attribute__((unused)) void transpose_matrix(const void *from, size_t from_stride, void *to, size_t to_stride,
                                                     size_t rows, size_t columns) {
    if (to_stride > from_stride) {
        for (size_t c = 0; c < columns; c += LANES)
            for (size_t r = 0; r < rows; r += LANES)
                transpose_part(from, from_stride, to, to_stride, rows, columns, r, c);
        return;
    }
    for (size_t r = 0; r < rows; r += LANES)
        for (size_t c = 0; c < columns; c += LANES) {
            for (int i = 0; i < LANES; i++)
                __builtin_prefetch((const real *)from + (r + LANES + (size_t)i) * from_stride + c);
            transpose_part(from, from_stride, to, to_stride, rows, columns, r, c);
        }
}
