/* The operations that are the same for the instruction sets of 128 bits */

INLINE vec v_load_chunks(const real *p, size_t stride) {
    (void)stride; /* one chunk */
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}

INLINE vec v_select(mask m, vec yes, vec no) { return (vec)((m & (ivec)yes) | (~m & (ivec)no)); }
INLINE vec v_clear(mask m, vec x) { return (vec)(~m & (ivec)x); }
INLINE vec v_min(vec a, vec b) { return v_select(v_lt(a, b), a, b); }
INLINE vec v_max(vec a, vec b) { return v_select(v_lt(b, a), a, b); }
