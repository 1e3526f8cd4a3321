/* Functions made of the operations of an instruction set, whichever it is. */
#ifndef FL_COMMON_H
#define FL_COMMON_H

#include "simd/vec.h"

INLINE mask v_is_number(vec a) { return v_eq(a, a); }

/* p - q, rounded as the stored type rounds it */
INLINE vec v_load_difference(const stored *p, const stored *q) {
    svec a, b;
    memcpy(&a, p, sizeof a);
    memcpy(&b, q, sizeof b);
    a -= b;
    return v_load((const stored *)&a);
}

#if FL_ARITH == 32
/* A table for v_pick: `EIGHT` vectors that hold eight numbers, twice in one that is longer */
enum { EIGHT = LANES < 8 ? 8 / LANES : 1 };
INLINE void load_eight(vec *table, const float numbers[8]) {
    float twice[16];
    memcpy(twice, numbers, 8 * sizeof(float));
    memcpy(twice + 8, numbers, 8 * sizeof(float));
    memcpy(table, twice, EIGHT * sizeof(vec));
}
#endif

#endif
