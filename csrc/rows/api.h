/* Rows of logits, a block at a time: a kernel reduces each row to a state, and writes from it what is wanted, one
 * number per row and one per logit, while the block is in the cache. */

/* Distances between rows and between classes, in elements: one of them is 1. */
typedef struct {
    void *data; /* NULL: not there, not wanted */
    size_t row, step;
} fl_matrix;

/* The parameters of the loss that has most, as FL_MAX_PARAMS */
union fl_row_parameter_counts {
#define ROW_LOSS(name, targets, traits, ...) char name[1 + FL_COUNT(__VA_ARGS__)];
#include "rows.def"
};
enum { FL_ROW_PARAMETERS = sizeof(union fl_row_parameter_counts) - 1, FL_ROW_PADDING = 16 };

/* One number per logit: derivatives by the logits, hess the diagonal; or what a function of rows returns */
enum { FL_ROW_GRAD, FL_ROW_HESS, FL_ROW_ELEMENTS };

enum {
#define ROW_LOSS(name, targets, traits, ...) FL_ROW_##name,
#define ROW_FUNCTION(name) FL_ROW_##name,
#include "rows.def"
    FL_ROW_KERNELS
};

typedef struct {
    size_t rows, classes;
    fl_matrix logits, target; /* target: probabilities or a teacher's logits, or NULL */
    const int64_t *labels;    /* rows, all in range, or NULL */
    const void *class_weight; /* classes, or NULL for ones */
    const double *scale;      /* rows, and FL_ROW_PADDING more, or NULL for ones: a factor of the outputs, which are 0
                                 where it is 0 */
    double factor;            /* of the elements, besides */
    double parameters[FL_ROW_PARAMETERS]; /* as rows.def lists them, of the logits' precision */
    void *value;                          /* rows, or NULL */
    fl_matrix elements[FL_ROW_ELEMENTS];  /* one alone may be the logits */
} fl_rows;

typedef struct {
    /* to[c][r] = from[r][c]; a stride is the distance of two rows of its matrix */
    void (*transpose)(const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t columns);
    void (*kernels[FL_ROW_KERNELS])(const fl_rows *);
    /* the focal loss as a function of the cross-entropy, and its derivatives: float64 only, called by the others */
    void (*focus)(double gamma, double results[4][FL_ROW_PADDING], int rows);
} fl_row_kernels;

/* Longer rows are stored row by row. */
enum { FL_SHORT_ROW = 128 };

typedef struct {
    const char *name;
    int kernel, targets, traits;
    const char *parameters[FL_ROW_PARAMETERS + 1]; /* "label_smoothing >= 0 and <= 1", "temperature > 0", NULL */
} fl_row_loss;

/* What the target of a loss may be */
enum { FL_LABELS, FL_LABELS_OR_PROBABILITIES, FL_LOGITS };
