/* Loads, stores and masks as the compiler's generic vectors, which are as fast as intrinsics; for instruction sets
 * whose masks are vectors with all bits of a lane set or none. */

#ifndef FL_HAS_WIDEN
INLINE vec v_widen(svec s) { return __builtin_convertvector(s, vec); }

INLINE dvec v_load_doubles(const stored *p) {
    stored part __attribute__((vector_size(FL_BYTES / sizeof(double) * sizeof(stored))));
    memcpy(&part, p, sizeof part);
    return __builtin_convertvector(part, dvec);
}
#endif

INLINE svec v_narrow(vec x) { return __builtin_convertvector(x, svec); }

INLINE vec v_load(const stored *p) {
    svec s;
    memcpy(&s, p, sizeof s);
    return v_widen(s);
}

INLINE void v_store(stored *p, vec x) {
    svec s = v_narrow(x);
    memcpy(p, &s, sizeof s);
}

typedef ivec mask;
INLINE mask v_lt(vec a, vec b) { return (mask)(a < b); }
INLINE mask v_le(vec a, vec b) { return (mask)(a <= b); }
INLINE mask v_eq(vec a, vec b) { return (mask)(a == b); }
INLINE mask m_and(mask a, mask b) { return a & b; }
INLINE mask m_or(mask a, mask b) { return a | b; }
INLINE mask m_not(mask a) { return ~a; }
#ifndef FL_HAS_ANY
INLINE int m_any(mask a) {
    int64_t part[FL_BYTES / 8], any = 0;
    memcpy(part, &a, sizeof part);
    for (int i = 0; i < FL_BYTES / 8; i++) any |= part[i];
    return any != 0;
}
#endif
