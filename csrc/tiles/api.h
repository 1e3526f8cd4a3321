/* Losses of rows of logits that are products of vectors: a tile of rows by a tile of classes at a time, so that all
 * logits are never there. The vectors of the classes are called columns. */
#ifndef FL_TILES_API_H
#define FL_TILES_API_H

#include "api.h"

/* Cut at the same places on every machine, so that sums have the same bits. */
enum {
    FL_TILE_COLUMNS = 256, /* of a tile; a sum over columns begins anew with each */
    FL_TILE_STRIP = 64,    /* a strip of rows is a multiple of it; a sum over rows begins anew with each strip */
    FL_TILE_ROWS = 384     /* at most */
};

/* n numbers from `start` on of some vectors, in the type that is computed in: in place, or copied to `scratch`, which has
 * 16 bytes for each. `stride` is the distance of two vectors. */
typedef const void *(*fl_read_vectors)(const void *source, size_t row, size_t rows, size_t start, size_t n,
                                       size_t *stride, void *scratch);

/* Vectors, one a row, of one array or of two that follow one another. Tiles do not cross from one into the other. */
typedef struct {
    const void *source;
    fl_read_vectors read;
    size_t rows, split; /* of both; of the first */
    void *grad[2];      /* to which derivatives are added; NULL where they are not wanted */
    int normalized;     /* each is divided by its length */
} fl_vectors;

typedef struct {
    size_t begin, count;
} fl_tile;

static inline size_t fl_tiles_of(const fl_vectors *v, size_t size) {
    return (v->split + size - 1) / size + (v->rows - v->split + size - 1) / size;
}

/* The part that is tile `number` of them */
static inline fl_tile fl_tile_of(const fl_vectors *v, size_t size, size_t number) {
    size_t first = (v->split + size - 1) / size;
    size_t begin = number < first ? number * size : v->split + (number - first) * size;
    size_t end = number < first ? v->split : v->rows;
    return (fl_tile){begin, end - begin < size ? end - begin : size};
}

/* What becomes of the label's cosine */
enum {
#define MARGIN(name) FL_MARGIN_##name,
#include "tiles/margins.def"
    FL_MARGINS
};
enum { FL_MARGIN_PARAMETERS = 5, FL_TILE_ROLES = 4 };
extern const char *const fl_margin_names[FL_MARGINS];

/* A call. Arrays are in the type that is computed in. */
typedef struct {
    size_t width; /* of the vectors */
    size_t strip; /* rows; the rows of a tile are a multiple of it */
    size_t rows_of_tile;
    size_t kept; /* tiles of columns whose logits a row tile has room for */
    fl_vectors x, w;
    size_t window; /* each row has so many columns of its own, in the order of rows; 0: all rows have all columns */
    double scale, bias_scale; /* a logit is the product times scale plus the bias times its own */
    double limit;             /* of its magnitude */
    const void *bias;         /* one a column, or NULL */
    void *bias_grad;          /* the same */
    const void *class_weight; /* one a column, or NULL: where labels are smoothed */
    double smoothing;
    int margin;
    double margin_parameters[FL_MARGIN_PARAMETERS];
    /* Where rows are columns too, and each is drawn to the others of its group: a number each; 1 over how many others
     * there are, or 0; whether its own logit is left out; room for FL_TILE_ROLES numbers each, and of FL_TILE_COLUMNS
     * vectors more. Else NULL, and rows have labels. */
    const void *groups, *shares;
    int excludes_self;
    void *roles;
    fl_vectors partner; /* the label's vector of each row, which is no column; or of no source */
    double factor;      /* of the derivatives */
    void *value;        /* one a row, or NULL */
} fl_tiles;

/* What is known of a tile of rows */
typedef struct {
    fl_tile tile;
    int64_t *labels; /* FL_TILE_ROWS columns */
    double *scale;   /* FL_TILE_ROWS factors of rows, and FL_ROW_PADDING more; 0 where a row does not count */
    void *logits;    /* of `kept` tiles of columns; then the derivatives by them */
    void *memory;    /* row_room bytes */
} fl_row_tile;

typedef struct {
    /* Bytes: of a row tile's logits and memory, and of a thread */
    size_t (*logits_room)(const fl_tiles *);
    size_t (*row_room)(const fl_tiles *);
    size_t (*scratch_room)(const fl_tiles *);
    /* The rows' losses, and what their derivatives need; their logits are kept where there is room for all. */
    void (*reduce)(const fl_tiles *, fl_row_tile *, void *scratch);
    /* The derivatives by the logits of tiles first, ..., last - 1 of columns, and by x of these */
    void (*differentiate)(const fl_tiles *, fl_row_tile *, size_t first, size_t last, void *scratch);
    /* The derivatives by the columns of tiles begin, ..., end - 1, from those by the logits, whose first is `first` */
    void (*transfer)(const fl_tiles *, const fl_row_tile *, size_t first, size_t begin, size_t end, void *scratch);
    /* Derivatives by normalized, scaled vectors as those by what they were made of: count rows from begin on */
    void (*finish)(const fl_tiles *, const fl_vectors *, size_t begin, size_t count, void *scratch);
} fl_tile_kernels;

const fl_tile_kernels *fl_get_tiles(int isa, int arithmetic); /* FL_F32 or FL_F64 */

#endif
