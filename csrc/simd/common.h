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

#endif
