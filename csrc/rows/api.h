/* Rows of logits, a block at a time: while the block is in the cache, a kernel reduces each row to a state, and
 * computes from it the outputs that are wanted, one number per row and one per logit. */

/* A number per row and class. The numbers of neighbouring rows are `row` elements apart, those of neighbouring classes
 * `step`; one of the two is 1. */
typedef struct {
    void *data; /* NULL: an input that there is not, an output that is not wanted */
    size_t row, step;
} fl_matrix;

/* The largest number of parameters of a loss, found as FL_MAX_PARAMS is; and the lanes of the longest vector, for which
 * there is padding behind the numbers of rows */
union fl_row_parameter_counts {
#define ROW_LOSS(name, targets, traits, ...) char name[1 + FL_COUNT(__VA_ARGS__)];
#include "rows.def"
};
enum { FL_ROW_PARAMETERS = sizeof(union fl_row_parameter_counts) - 1, FL_ROW_PADDING = 16 };

/* The outputs of one number per logit: the gradient and the diagonal of the second derivative. What a ROW_FUNCTION
 * returns takes the place of the gradient. */
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
    const int64_t *labels;    /* rows, all in range, and FL_ROW_PADDING more, or NULL */
    const void *class_weight; /* classes, or NULL for ones */
    const double *scale;      /* rows, and FL_ROW_PADDING more, or NULL for ones: multiplies value and elements, which
                                 are 0 where it is 0, whatever the row holds */
    double factor;            /* multiplies the elements besides */
    double parameters[FL_ROW_PARAMETERS]; /* as rows.def lists them, of the logits' precision */
    void *value;                          /* rows, or NULL */
    fl_matrix elements[FL_ROW_ELEMENTS];  /* if only one is wanted, it may lie where the logits do */
} fl_rows;

typedef struct {
    /* to[c][r] = from[r][c]; a stride is the number of elements between two rows of its matrix */
    void (*transpose)(const void *from, size_t from_stride, void *to, size_t to_stride, size_t rows, size_t columns);
    void (*kernels[FL_ROW_KERNELS])(const fl_rows *);
    /* losses/softmax_focal.h; the float64 table has it, and the kernels of both arithmetics call that */
    void (*focus)(double gamma, double results[4][FL_ROW_PADDING], int rows);
} fl_row_kernels;

/* The most classes of a row of few classes. Rows of more must have their classes side by side, step 1. */
enum { FL_SHORT_ROW = 128 };

typedef struct {
    const char *name;
    int kernel, targets, traits;
    const char *parameters[FL_ROW_PARAMETERS + 1]; /* "label_smoothing >= 0 and <= 1", "temperature > 0", NULL */
} fl_row_loss;

/* The targets that a loss takes */
enum { FL_LABELS, FL_LABELS_OR_PROBABILITIES, FL_LOGITS };
