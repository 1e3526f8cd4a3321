/* AVX-512 with its extensions BW, DQ and VL */
#define FL_ISA avx512
#define FL_BYTES 64
#define FL_INTERLEAVE_LOSS 4
#define FL_INTERLEAVE_VARIANT (FL_ARITH == 32 ? 4 : 8)

#include <immintrin.h>

#include "simd/vec.h"

#if FL_ARITH == 32
#define REGISTER __m512
#define OF_REAL(operation) _mm512_##operation##_ps
#define COMPARE(a, b, how) _mm512_cmp_ps_mask((__m512)(a), (__m512)(b), how)
typedef __mmask16 mask;
#else
#define REGISTER __m512d
#define OF_REAL(operation) _mm512_##operation##_pd
#define COMPARE(a, b, how) _mm512_cmp_pd_mask((__m512d)(a), (__m512d)(b), how)
typedef __mmask8 mask;
#endif

/* Conversions are intrinsics: GCC 12 builds the generic ones from halves. */
#if FL_ARITH == 64
INLINE dvec v_load_doubles(const stored *p) { return (dvec)_mm512_loadu_pd(p); }
#else
INLINE dvec v_load_doubles(const stored *p) { return (dvec)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }
#endif

#if FL_ARITH == 3264
INLINE vec v_widen(svec s) { return (vec)_mm512_cvtps_pd((__m256)s); }
INLINE svec v_narrow(vec x) { return (svec)_mm512_cvtpd_ps((__m512d)x); }
INLINE vec v_load(const stored *p) { return v_widen((svec)_mm256_loadu_ps(p)); }
INLINE void v_store(stored *p, vec x) { _mm256_storeu_ps(p, (__m256)v_narrow(x)); }
INLINE void v_stream(stored *p, vec x) { _mm256_stream_ps(p, (__m256)v_narrow(x)); }
#else
INLINE vec v_load(const stored *p) { return (vec)OF_REAL(loadu)(p); }
INLINE void v_store(stored *p, vec x) { OF_REAL(storeu)(p, (REGISTER)x); }
INLINE void v_stream(stored *p, vec x) { OF_REAL(stream)(p, (REGISTER)x); }
#endif

INLINE vec v_load_chunks(const real *p, size_t stride) {
    __m512 all = _mm512_castps128_ps512(_mm_loadu_ps((const float *)p));
    all = _mm512_insertf32x4(all, _mm_loadu_ps((const float *)(p + stride)), 1);
    all = _mm512_insertf32x4(all, _mm_loadu_ps((const float *)(p + 2 * stride)), 2);
    return (vec)_mm512_insertf32x4(all, _mm_loadu_ps((const float *)(p + 3 * stride)), 3);
}

#if FL_ARITH == 64
INLINE void v_pick_pairs(const double *pairs, uvec at, vec *first, vec *second) {
    *first = (vec)_mm512_i64gather_pd((__m512i)at, pairs, 8);
    *second = (vec)_mm512_i64gather_pd((__m512i)at, pairs + 1, 8);
}
#endif

INLINE mask v_lt(vec a, vec b) { return COMPARE(a, b, _CMP_LT_OQ); }
INLINE mask v_le(vec a, vec b) { return COMPARE(a, b, _CMP_LE_OQ); }
INLINE mask v_eq(vec a, vec b) { return COMPARE(a, b, _CMP_EQ_OQ); }
INLINE mask m_and(mask a, mask b) { return (mask)(a & b); }
INLINE mask m_or(mask a, mask b) { return (mask)(a | b); }
INLINE mask m_not(mask a) { return (mask)~a; }
INLINE int m_any(mask a) { return a != 0; }

INLINE vec v_select(mask m, vec yes, vec no) { return (vec)OF_REAL(mask_blend)(m, (REGISTER)no, (REGISTER)yes); }
INLINE vec v_clear(mask m, vec x) { return (vec)OF_REAL(maskz_mov)((mask)~m, (REGISTER)x); }
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)OF_REAL(fmadd)((REGISTER)a, (REGISTER)b, (REGISTER)c); }
INLINE vec v_sqrt(vec a) { return (vec)OF_REAL(sqrt)((REGISTER)a); }
INLINE vec v_min(vec a, vec b) { return (vec)OF_REAL(min)((REGISTER)a, (REGISTER)b); }
INLINE vec v_max(vec a, vec b) { return (vec)OF_REAL(max)((REGISTER)a, (REGISTER)b); }
#if FL_ARITH == 32
INLINE vec v_pick(const vec *table, uvec at) { return (vec)_mm512_permutexvar_ps((__m512i)at, (__m512)*table); }
#endif
