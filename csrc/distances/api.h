/* Losses of two or three arrays of embeddings, row by row: one number a row, from sums over its width, and a gradient
 * by each array. */
#ifndef FL_DISTANCES_API_H
#define FL_DISTANCES_API_H

#include "api.h"

enum { FL_DISTANCE_ARRAYS = 3 };

/* The largest number of parameters, found as FL_MAX_PARAMS is. squared_distance reads its factor as the first. */
union fl_distance_parameter_counts {
#define DISTANCE_LOSS(name, kernel, arrays, target, traits, ...) char name[1 + FL_COUNT(__VA_ARGS__)];
#include "distances.def"
};
enum { FL_DISTANCE_PARAMETERS = sizeof(union fl_distance_parameter_counts) - 1 };

enum {
#define DISTANCE_LOSS(name, kernel, arrays, target, traits, ...) FL_DISTANCE_##name,
#include "distances.def"
    FL_DISTANCE_LOSSES
};

/* The arguments of a kernel for some rows, which lie one after the other in each array */
typedef struct {
    size_t rows, width;
    const void *x[FL_DISTANCE_ARRAYS];
    const double *target; /* one a row, or NULL */
    const double *scale;  /* one a row, or NULL for ones: multiplies the outputs; 0 gives 0, whatever the row holds */
    double factor;        /* multiplies the gradients besides */
    double parameters[FL_DISTANCE_PARAMETERS];
    double *value;                  /* one a row, which the loss is added to, or NULL */
    void *grad[FL_DISTANCE_ARRAYS]; /* like x, or NULL */
} fl_distances;

typedef struct {
    void (*losses[FL_DISTANCE_LOSSES])(const fl_distances *);
    void (*subtract)(double *from, const void *x, size_t n); /* from -= x */
} fl_distance_kernels;

typedef struct {
    const char *name, *arrays;
    int target, traits;
    const char *parameters[FL_DISTANCE_PARAMETERS + 1];
} fl_distance_loss;

/* The targets that a loss takes: none, numbers from 0 to 1, -1 and 1, numbers of rows of the second array */
enum { FL_NO_TARGET, FL_FRACTION, FL_SIGN, FL_LABEL };

extern const fl_distance_loss fl_distance_losses[FL_DISTANCE_LOSSES];

const fl_distance_kernels *fl_get_distances(int isa, int is_double);

#endif
