/* Rows of logits, in steps over a block of rows:
 *
 *   reduce    logits -> per row: sums, of which there are several kinds
 *   (log1p)   rest   -> log, by the float64 table's FL_LOG1P, for a softmax
 *   loss      these  -> one loss per row, before scaling
 *   (focus)   loss   -> a function of it and its derivatives, by the float64 table
 *   value, emit      -> one number per row, or one per element
 *
 * The target of a softmax is a distribution a over the classes,
 *
 *   a_k = (keep * target_k + spread) * class_weight_k,    with labels: target = one-hot of the label,
 *
 * so that hard labels, smoothed labels and probabilities are one formula:
 *
 *   loss = dot / T + (mass + peak_mass) * log1p(rest).
 *
 * A divergence needs the sums and log of both softmaxes first. */

typedef struct fl_rows {
    size_t rows, classes;
    double temperature;            /* of the logits' precision */
    const void *logits;            /* rows x classes */
    const void *target;            /* rows x classes, or NULL */
    const int64_t *labels;         /* rows, all in range, or NULL */
    const void *class_weight;      /* classes, or NULL for ones */
    const struct fl_rows *teacher; /* for a divergence, else NULL */
    double keep, spread;
    double margin; /* of the logits' precision; what exceeds it is squared if `square` */
    int square;
    const double *scale; /* rows: a factor of the outputs, which are 0 where it is 0 */

    /* Written by `reduce`; FL_ROW_PADDING more than `rows` long. For a softmax, a margin: */
    double *max;         /* of the logits; the label's logit */
    double *rest;        /* sum of exp((x_k - max) / T) over all k but one that has the maximum; of what exceeds */
    double *dot;         /* sum of a_k (max - x_k); of what exceeds, never squared. For a divergence its u */
    double *mass;        /* sum of a_k, less that where x_k = max: a confident row needs it alone; how many exceed */
    double *peak_mass;   /* the rest of that sum */
    double *label_logit; /* for a softmax and for numbers */
    double *log;         /* log1p(rest): by the caller */

    double *loss;                      /* by `loss`; by `reduce` the main sum of a divergence */
    double *slope, *bend, *label_hess; /* by `focus`: derivatives by the cross-entropy, and what they give at the label;
                                          `emit` takes scale * slope for the scale, and the others times scale */
} fl_rows;

enum { FL_ROW_PADDING = 16 };

/* What is summed over a row; NUMBER finds only whether all are numbers. */
enum { FL_ROW_SOFTMAX_SUMS, FL_ROW_MARGIN_SUMS, FL_ROW_DIVERGENCE_SUMS, FL_ROW_NUMBER_SUMS, FL_ROW_SUMS };
/* One loss per row, each from sums of its own kind */
enum { FL_ROW_CROSS_ENTROPY, FL_ROW_MULTI_MARGIN, FL_ROW_DISTILLATION, FL_ROW_NLL, FL_ROW_LOSSES };
/* One number per row: scale * loss, or the logarithm of the sum of exponentials */
enum { FL_ROW_LOSS, FL_ROW_LOGSUMEXP, FL_ROW_VALUES };
/* One number per element; derivatives are with respect to the logits, hess the diagonal. */
enum {
    FL_ROW_SOFTMAX,
    FL_ROW_LOG_SOFTMAX,
    FL_ROW_GRAD,
    FL_ROW_HESS,
    FL_ROW_BENT_HESS,
    FL_ROW_MARGIN_GRAD,
    FL_ROW_MARGIN_HESS,
    FL_ROW_DIVERGENCE_GRAD,
    FL_ROW_LABEL_GRAD,
    FL_ROW_ZERO,
    FL_ROW_ELEMENTS
};

typedef struct {
    /* to[c][r] = from[r][c]; a stride is the distance of two rows of its matrix */
    void (*transpose)(const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t columns);
    void (*reduce[FL_ROW_SUMS])(const fl_rows *);
    void (*loss[FL_ROW_LOSSES])(const fl_rows *);
    void (*focus)(const fl_rows *, double gamma); /* the focal loss as a function of the cross-entropy; float64 only */
    void (*value[FL_ROW_VALUES])(const fl_rows *, void *out);
    void (*emit[FL_ROW_ELEMENTS])(const fl_rows *, void *out); /* out may be the logits */
} fl_row_kernels;
