/* Sums of multiples of outputs for one instruction set, ending in their table. */
#include "domain.h"

#include "sums/api.h"

enum { FEW_TERMS = 4, STRIP = 64 }; /* a loop of its own for each number of terms up to a few; elements at a time */

/* Products that are stored */
INLINE void store_sum(const fl_multiples *a, stored *out, const stored *weight, size_t i, double sum, int is_weighed) {
    double once = (stored)sum;
    out[i] = !is_weighed ? (stored)sum
             : !weight   ? (stored)(once * a->factor)
                         : (stored)(weight[i] != 0 ? once * (double)weight[i] * a->factor : 0);
}

INLINE void add_few(const fl_multiples *a, size_t n, size_t terms, int is_weighed, int has_weight) {
    stored *restrict out = a->sum;
    const stored *weight = has_weight ? a->sample_weight : NULL, *x[FEW_TERMS];
    double c[FEW_TERMS];
    for (size_t k = 0; k < terms; k++) x[k] = a->outputs[k], c[k] = a->coefficients[k];
    for (size_t i = 0; i < n; i++) {
        double sum = c[0] * (double)x[0][i];
        for (size_t k = 1; k < terms; k++) sum += c[k] * (double)x[k][i];
        store_sum(a, out, weight, i, sum, is_weighed);
    }
}

INLINE void add_many(const fl_multiples *a, size_t n, int is_weighed, int has_weight) {
    stored *restrict out = a->sum;
    const stored *weight = has_weight ? a->sample_weight : NULL;
    double sum[STRIP];
    for (size_t start = 0; start < n; start += STRIP) {
        size_t count = n - start < STRIP ? n - start : STRIP;
        for (size_t k = 0; k < a->terms; k++) {
            const stored *x = (const stored *)a->outputs[k] + start;
            double c = a->coefficients[k];
            if (k == 0)
                for (size_t i = 0; i < count; i++) sum[i] = c * (double)x[i];
            else
                for (size_t i = 0; i < count; i++) sum[i] += c * (double)x[i];
        }
        for (size_t i = 0; i < count; i++) store_sum(a, out, weight, start + i, sum[i], is_weighed);
    }
}

INLINE void add_weighed(const fl_multiples *a, size_t n, int is_weighed, int has_weight) {
    switch (a->terms) {
    case 1: add_few(a, n, 1, is_weighed, has_weight); break;
    case 2: add_few(a, n, 2, is_weighed, has_weight); break;
    case 3: add_few(a, n, 3, is_weighed, has_weight); break;
    case 4: add_few(a, n, 4, is_weighed, has_weight); break;
    default: add_many(a, n, is_weighed, has_weight);
    }
}

static void add(const fl_multiples *a, size_t n) {
    if (a->sample_weight)
        add_weighed(a, n, 1, 1);
    else if (a->factor != 1)
        add_weighed(a, n, 1, 0);
    else
        add_weighed(a, n, 0, 0);
}

const fl_sum_kernels TABLE_OF(sums, FL_ARITH) = {.add = add};
