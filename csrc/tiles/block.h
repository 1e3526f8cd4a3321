/* The product of two panels, in registers: each sum is one chain of multiply-adds in the order of the depth, which makes
 * its bits those of any other cut of the matrices. */

/* As many sums as registers hold beside a row of b and an element of a: 16 registers, or 32 */
#if FL_BYTES == 64 || defined(__aarch64__)
enum { BLOCK_ROWS = 12 };
#else
enum { BLOCK_ROWS = 6 };
#endif
enum { BLOCK_VECTORS = 2, BLOCK_COLUMNS = BLOCK_VECTORS * LANES };

#ifdef __clang__
#define UNROLL_BLOCK _Pragma("clang loop unroll(full)")
#else
#define UNROLL_BLOCK _Pragma("GCC unroll 16")
#endif
#define EACH_SUM UNROLL_BLOCK for (int i = 0; i < BLOCK_ROWS; i++) UNROLL_BLOCK for (int j = 0; j < BLOCK_VECTORS; j++)

typedef vec block_sums[BLOCK_ROWS][BLOCK_VECTORS];

/* sum[i][j] += a[d][i] b[d][j], d = 0, ..., depth - 1 */
INLINE void multiply_panels(const real *a, const real *b, size_t depth, block_sums sum) {
    for (size_t d = 0; d < depth; d++, a += BLOCK_ROWS, b += BLOCK_COLUMNS) {
        vec y[BLOCK_VECTORS];
        UNROLL_BLOCK for (int j = 0; j < BLOCK_VECTORS; j++) y[j] = v_load(b + j * LANES);
        EACH_SUM sum[i][j] = v_fma(v_set(a[i]), y[j], sum[i][j]);
    }
}

/* What makes a logit of a product */
typedef struct {
    real scale, limit;
    const real *bias; /* of the block's columns */
} logit_form;

/* c = a b; c += a b, the chains going on; and where the chains end, the logits */
INLINE void multiply_into(const real *a, const real *b, size_t depth, real *c, size_t stride, const int goes_on,
                          const logit_form *form) {
    block_sums sum;
    EACH_SUM sum[i][j] = goes_on ? v_load(c + (size_t)i * stride + j * LANES) : v_set(0);
    multiply_panels(a, b, depth, sum);
    if (form) {
        vec scale = v_set(form->scale), limit = v_set(form->limit);
        EACH_SUM sum[i][j] = v_min(limit, v_max(-limit, v_fma(sum[i][j], scale, v_load(form->bias + j * LANES))));
    }
    EACH_SUM v_store(c + (size_t)i * stride + j * LANES, sum[i][j]);
}

SHARED void begin_block(const real *a, const real *b, size_t depth, real *c, size_t stride, const logit_form *form) {
    multiply_into(a, b, depth, c, stride, 0, form);
}

SHARED void continue_block(const real *a, const real *b, size_t depth, real *c, size_t stride, const logit_form *form) {
    multiply_into(a, b, depth, c, stride, 1, form);
}

/* c += the sums of a b, which are whole; of a block of which `rows` and `columns` are there, and of these the rows whose
 * scale is not 0 */
SHARED void add_block(const real *a, const real *b, size_t depth, real *c, size_t stride, size_t rows, size_t columns,
                      const double *scale) {
    block_sums sum;
    for (size_t i = 0; i < BLOCK_ROWS && i < rows; i++) __builtin_prefetch(c + i * stride, 1);
    EACH_SUM sum[i][j] = v_set(0);
    multiply_panels(a, b, depth, sum);
    int is_whole = rows >= BLOCK_ROWS && columns >= BLOCK_COLUMNS;
    for (int i = 0; scale && i < BLOCK_ROWS; i++) is_whole &= scale[i] != 0;
    if (is_whole) {
        EACH_SUM {
            real *to = c + (size_t)i * stride + j * LANES;
            v_store(to, v_load(to) + sum[i][j]);
        }
        return;
    }
    real part[BLOCK_ROWS][BLOCK_COLUMNS];
    EACH_SUM v_store(part[i] + j * LANES, sum[i][j]);
    for (size_t i = 0; i < BLOCK_ROWS && i < rows; i++)
        for (size_t j = 0; j < BLOCK_COLUMNS && j < columns; j++)
            if (!scale || scale[i] != 0) c[i * stride + j] += part[i][j];
}
