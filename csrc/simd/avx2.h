/* AVX2 with FMA */
#define FL_ISA avx2
#define FL_BYTES 32
#define FL_INTERLEAVE_LOSS 2
#define FL_INTERLEAVE_VARIANT 4

#include <immintrin.h>

#include "simd/vec.h"

/* Conversions to float64 are intrinsics: GCC 12 builds the generic ones from halves. */
#define FL_HAS_WIDEN
#if FL_ARITH == 3264
INLINE vec v_widen(svec s) { return (vec)_mm256_cvtps_pd((__m128)s); }
#else
INLINE vec v_widen(svec s) { return s; }
#endif
#if FL_ARITH == 64
INLINE dvec v_load_doubles(const stored *p) { return (dvec)_mm256_loadu_pd(p); }
#else
INLINE dvec v_load_doubles(const stored *p) { return (dvec)_mm256_cvtps_pd(_mm_loadu_ps(p)); }
#endif

#define FL_HAS_ANY
#include "simd/generic.h"

INLINE int m_any(mask a) { return _mm256_movemask_epi8((__m256i)a) != 0; }

#if FL_ARITH == 32
#define REGISTER __m256
#define OF_REAL(operation) _mm256_##operation##_ps
#else
#define REGISTER __m256d
#define OF_REAL(operation) _mm256_##operation##_pd
#endif

INLINE void v_stream(stored *p, vec x) {
    svec s = v_narrow(x);
#if FL_ARITH == 3264
    _mm_stream_si128((__m128i *)p, (__m128i)s);
#else
    _mm256_stream_si256((__m256i *)p, (__m256i)s);
#endif
}

INLINE vec v_load_chunks(const real *p, size_t stride) {
    __m256 low = _mm256_castps128_ps256(_mm_loadu_ps((const float *)p));
    return (vec)_mm256_insertf128_ps(low, _mm_loadu_ps((const float *)(p + stride)), 1);
}

#if FL_ARITH == 64
INLINE vec v_load_two(const double *low, const double *high) {
    return (vec)_mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high), 1);
}
INLINE void v_pick_pairs(const double *pairs, uvec at, vec *first, vec *second) {
    vec even = v_load_two(pairs + at[0], pairs + at[2]), odd = v_load_two(pairs + at[1], pairs + at[3]);
    *first = v_zip_low(even, odd), *second = v_zip_high(even, odd);
}
#endif

INLINE vec v_select(mask m, vec yes, vec no) { return (vec)OF_REAL(blendv)((REGISTER)no, (REGISTER)yes, (REGISTER)m); }
INLINE vec v_clear(mask m, vec x) { return (vec)OF_REAL(andnot)((REGISTER)m, (REGISTER)x); }
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)OF_REAL(fmadd)((REGISTER)a, (REGISTER)b, (REGISTER)c); }
INLINE vec v_sqrt(vec a) { return (vec)OF_REAL(sqrt)((REGISTER)a); }
INLINE vec v_min(vec a, vec b) { return (vec)OF_REAL(min)((REGISTER)a, (REGISTER)b); }
INLINE vec v_max(vec a, vec b) { return (vec)OF_REAL(max)((REGISTER)a, (REGISTER)b); }
#if FL_ARITH == 32
INLINE vec v_pick(const vec *table, uvec at) { return (vec)_mm256_permutevar8x32_ps((__m256)*table, (__m256i)at); }
#endif
