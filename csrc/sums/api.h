/* Sums of multiples of what several losses have computed. */
#ifndef FL_SUMS_API_H
#define FL_SUMS_API_H

#include <stddef.h>

/* One output of a block: the sum of the multiples of its terms, in float64 and in their order, rounded to what is stored,
 * then multiplied by the sample weights and the factor and rounded again. An element of weight 0 is 0. */
typedef struct {
    size_t terms;
    const double *coefficients;
    const void **outputs;      /* one a term */
    const void *sample_weight; /* NULL: 1 each */
    double factor;
    void *sum;
} fl_multiples;

typedef struct {
    void (*add)(const fl_multiples *, size_t);
} fl_sum_kernels;

const fl_sum_kernels *fl_get_sums(int isa, int is_double);

#endif
