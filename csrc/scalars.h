/* A user's function of numbers, double f(double, double, ...), called for each element of a block. */
#ifndef FL_SCALARS_H
#define FL_SCALARS_H

#include <stddef.h>

enum { FL_MOST_ARGUMENTS = 10 };

typedef double d;

#define FL_CASE(count, types, ...)                                                                                     \
    case count: {                                                                                                      \
        d(*f) types = (d(*) types)function;                                                                            \
        for (size_t i = 0; i < n; i++) {                                                                               \
            a[0] = x[i];                                                                                               \
            if (y) a[1] = y[i];                                                                                        \
            out[i] = f(__VA_ARGS__);                                                                                   \
        }                                                                                                              \
        break;                                                                                                         \
    }

/* f(x[i], y[i], parameters ...), or f(x[i], parameters ...) where y is NULL; `out` may be x or y. */
static inline void fl_call_scalars(void (*function)(void), const d *x, const d *y, const d *parameters, int count,
                                   d *out, size_t n) {
    d a[FL_MOST_ARGUMENTS];
    int arrays = y ? 2 : 1;
    for (int k = 0; k < count; k++) a[arrays + k] = parameters[k];
    switch (arrays + count) {
        FL_CASE(1, (d), a[0])
        FL_CASE(2, (d, d), a[0], a[1])
        FL_CASE(3, (d, d, d), a[0], a[1], a[2])
        FL_CASE(4, (d, d, d, d), a[0], a[1], a[2], a[3])
        FL_CASE(5, (d, d, d, d, d), a[0], a[1], a[2], a[3], a[4])
        FL_CASE(6, (d, d, d, d, d, d), a[0], a[1], a[2], a[3], a[4], a[5])
        FL_CASE(7, (d, d, d, d, d, d, d), a[0], a[1], a[2], a[3], a[4], a[5], a[6])
        FL_CASE(8, (d, d, d, d, d, d, d, d), a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
        FL_CASE(9, (d, d, d, d, d, d, d, d, d), a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8])
        FL_CASE(10, (d, d, d, d, d, d, d, d, d, d), a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9])
    }
}

#undef FL_CASE

#endif
