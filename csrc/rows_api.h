/* Rows of logits, in three steps over a block of rows:
 *
 *   reduce    logits -> per row: max, rest (and what the target adds: dot, mass, peak_mass, label_logit)
 *   (log1p)   rest   -> log, by the float64 table's FL_LOG1P
 *   value, emit      -> one number per row, or one per element
 *
 * The target is a distribution a over the classes,
 *
 *   a_k = (keep * target_k + spread) * class_weight_k,    with labels: target = one-hot of the label,
 *
 * so that hard labels, smoothed labels and probabilities are one formula:
 *
 *   loss = dot / T + (mass + peak_mass) * log1p(rest). */

typedef struct {
    size_t rows, classes;
    double temperature;       /* of the logits' precision */
    const void *logits;       /* rows x classes */
    const void *target;       /* rows x classes, or NULL */
    const int64_t *labels;    /* rows, all in range, or NULL */
    const void *class_weight; /* classes, or NULL for ones */
    double keep, spread;
    const double *scale; /* rows: a factor of the outputs, which are 0 where it is 0 */

    /* Written by `reduce`; FL_ROW_PADDING more than `rows` long */
    double *max;
    double *rest;      /* sum of exp((x_k - max) / T) over all k but one that has the maximum */
    double *dot;       /* sum of a_k (max - x_k) */
    double *mass;      /* sum of a_k, less that where x_k = max: a confident row needs it alone */
    double *peak_mass; /* the rest of the sum of a_k */
    double *label_logit;
    double *log; /* log1p(rest): by the caller */
} fl_rows;

enum { FL_ROW_PADDING = 16 };

/* One number per row */
enum { FL_ROW_CROSS_ENTROPY, FL_ROW_LOGSUMEXP, FL_ROW_VALUES };
/* One number per element; grad and hess of the cross-entropy with respect to the logits, hess the diagonal */
enum { FL_ROW_SOFTMAX, FL_ROW_LOG_SOFTMAX, FL_ROW_GRAD, FL_ROW_HESS, FL_ROW_ELEMENTS };

typedef struct {
    /* to[c][r] = from[r][c]; a stride is the distance of two rows of its matrix */
    void (*transpose)(const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t columns);
    void (*reduce)(const fl_rows *);
    void (*value[FL_ROW_VALUES])(const fl_rows *, void *out);
    void (*emit[FL_ROW_ELEMENTS])(const fl_rows *, void *out); /* out may be the logits */
} fl_row_kernels;
