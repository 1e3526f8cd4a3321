/* Losses of rows of embeddings that are beside each other: one number a row, from sums over its width, and a gradient
 * for each of the arrays. */
#ifndef FL_DISTANCES_API_H
#define FL_DISTANCES_API_H

#include "api.h"

enum { FL_DISTANCE_ARRAYS = 3 };

/* The parameters of the loss that has most, as FL_MAX_PARAMS; one at least, a factor of those that have none */
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

/* Some rows, one after the other in each array */
typedef struct {
    size_t rows, width;
    const void *x[FL_DISTANCE_ARRAYS];
    const double *target; /* one a row, or NULL */
    const double *scale;  /* of the outputs, one a row, or NULL for ones: what it makes 0 is 0 whatever the row holds */
    double factor;        /* of the gradients, besides */
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

/* What the target of a loss may be: nothing, a number between 0 and 1, -1 or 1, the row of the second array */
enum { FL_NO_TARGET, FL_FRACTION, FL_SIGN, FL_LABEL };

extern const fl_distance_loss fl_distance_losses[FL_DISTANCE_LOSSES];

const fl_distance_kernels *fl_get_distances(int isa, int is_double);

#endif
