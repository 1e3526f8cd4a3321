/* NEON of aarch64 */
#define FL_ISA neon
#define FL_BYTES 16
#define FL_INTERLEAVE_LOSS 2
#define FL_INTERLEAVE_VARIANT 4

#include <arm_neon.h>

#include "simd/vec.h"

#include "simd/generic.h"
#include "simd/narrow.h"

INLINE void v_stream(stored *p, vec x) { v_store(p, x); }

#if FL_ARITH == 32
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INLINE vec v_sqrt(vec a) { return (vec)vsqrtq_f32((float32x4_t)a); }
INLINE vec v_pick(const vec *table, uvec at) {
    uint8x16x2_t bytes = {{(uint8x16_t)table[0], (uint8x16_t)table[1]}};
    return (vec)vqtbl2q_u8(bytes, (uint8x16_t)((at & 7) * 0x04040404 + 0x03020100));
}
#else
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
INLINE vec v_sqrt(vec a) { return (vec)vsqrtq_f64((float64x2_t)a); }
#endif
#if FL_ARITH == 64
INLINE void v_pick_pairs(const double *pairs, uvec at, vec *first, vec *second) {
    vec a = v_load(pairs + at[0]), b = v_load(pairs + at[1]);
    *first = v_zip_low(a, b), *second = v_zip_high(a, b);
}
#endif
