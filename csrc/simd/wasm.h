/* WebAssembly with vectors of 128 bits, for the explorer of the documentation (tools/explorer.c) */
#define FL_ISA wasm
#define FL_BYTES 16
#define FL_ONE_LOOP /* serves every set of outputs */
#define FL_INTERLEAVE_LOSS 1
#define FL_INTERLEAVE_VARIANT 1

#include "simd/vec.h"

#include "simd/generic.h"
#include "simd/narrow.h"

INLINE void v_stream(stored *p, vec x) { v_store(p, x); }

/* There is no fused multiply-add; the compiler's own library has one. To c = 0 it adds a product that has underflowed,
 * whose sign is then lost. */
static __attribute__((noinline)) double fma_of(double a, double b, double c) {
    return c == 0 && a != 0 && b != 0 ? a * b : __builtin_fma(a, b, c);
}
INLINE vec v_fma(vec a, vec b, vec c) { return (vec){fma_of(a[0], b[0], c[0]), fma_of(a[1], b[1], c[1])}; }
INLINE vec v_sqrt(vec a) { return __builtin_elementwise_sqrt(a); }
INLINE void v_pick_pairs(const double *pairs, uvec at, vec *first, vec *second) {
    vec a = v_load(pairs + at[0]), b = v_load(pairs + at[1]);
    *first = v_zip_low(a, b), *second = v_zip_high(a, b);
}
