/* Losses of rows of embeddings for one instruction set, ending in their table. They are computed in float64, whatever
 * is stored. */
#include "domain.h"

#include "distances/api.h"

#include "distances/row.h"
#include "distances/metric.h"
#include "distances/losses.h"

static void subtract(double *from, const void *x, size_t n) {
    const stored *s = x;
    for (size_t i = 0; i < n; i++) from[i] -= (double)s[i];
}

const fl_distance_kernels TABLE_OF(distances, FL_ARITH) = {
    .losses =
        {
#define DISTANCE_LOSS(name, kernel, arrays, target, traits, ...) [FL_DISTANCE_##name] = kernel##_rows,
#include "distances.def"
        },
    .subtract = subtract,
};
