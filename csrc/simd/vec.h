/* The vector type: one text for every instruction set and every arithmetic.
 *
 * A translation unit sets FL_BYTES (vector width) and FL_ARITH before it includes this header:
 *
 *   FL_ARITH    stored    computed in
 *     32        float     float
 *     64        double    double
 *   3264        float     double, with polynomials short enough for a float result ("wide")
 *
 * Arithmetic is the compiler's generic vectors; what those lack (fma, sqrt, select) is below. Every operation is
 * correctly rounded or exact, so that all instruction sets with FMA return the same bits.
 */
#ifndef FL_SIMD_H
#define FL_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline, unused))
#define UNROLL _Pragma("GCC unroll 8")

#if FL_ARITH == 32
typedef float real, stored;
typedef int32_t bits;
typedef uint32_t ubits;
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#elif FL_ARITH == 64
typedef double real, stored;
typedef int64_t bits;
typedef uint64_t ubits;
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#elif FL_ARITH == 3264
typedef double real;
typedef float stored;
typedef int64_t bits;
typedef uint64_t ubits;
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#endif

#define LANES (FL_BYTES / (int)sizeof(real))
#define INFINITE ((real)__builtin_inf())
#define LARGEST (FL_ARITH == 32 ? (real)__FLT_MAX__ : (real)__DBL_MAX__)
#define LARGEST_STORED (FL_ARITH == 64 ? (real)__DBL_MAX__ : (real)__FLT_MAX__)
#define NOT_A_NUMBER ((real)__builtin_nan(""))

typedef real vec __attribute__((vector_size(FL_BYTES)));
typedef bits ivec __attribute__((vector_size(FL_BYTES)));
typedef ubits uvec __attribute__((vector_size(FL_BYTES))); /* bits of reals: their sums wrap, and shifts are logical */
typedef stored svec __attribute__((vector_size(LANES * sizeof(stored))));

INLINE vec v_set(real x) { return x - (vec){0}; }

#if FL_ARITH == 3264 && FL_BYTES == 64
INLINE vec v_load(const stored *p) { return (vec)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }
INLINE void v_store(stored *p, vec x) { _mm256_storeu_ps(p, _mm512_cvtpd_ps((__m512d)x)); }
#else
INLINE vec v_load(const stored *p) {
    svec s;
    memcpy(&s, p, sizeof s);
    return __builtin_convertvector(s, vec);
}

INLINE void v_store(stored *p, vec x) {
    svec s = __builtin_convertvector(x, svec);
    memcpy(p, &s, sizeof s);
}
#endif

/* As v_store, past the caches, to an address that is a multiple of the vector's size */
INLINE void v_stream(stored *p, vec x) {
#if defined(__x86_64__)
    svec s = __builtin_convertvector(x, svec);
#if FL_BYTES == 64 && FL_ARITH != 3264
    _mm512_stream_si512((__m512i *)p, (__m512i)s);
#elif FL_BYTES * (FL_ARITH == 3264 ? 1 : 2) == 64
    _mm256_stream_si256((__m256i *)p, (__m256i)s);
#elif FL_BYTES * (FL_ARITH == 3264 ? 1 : 2) == 32
    _mm_stream_si128((__m128i *)p, (__m128i)s);
#else
    long long both;
    memcpy(&both, &s, sizeof both);
    _mm_stream_si64((long long *)p, both);
#endif
#else
    v_store(p, x);
#endif
}

/* p - q, rounded as the stored type rounds it */
INLINE vec v_load_difference(const stored *p, const stored *q) {
    svec a, b;
    memcpy(&a, p, sizeof a);
    memcpy(&b, q, sizeof b);
    a -= b;
    return v_load((const stored *)&a);
}

/* ---- what generic vectors lack ------------------------------------------------------------------------------- */

#if FL_BYTES == 64
#if FL_ARITH == 32
#define AVX512(op) _mm512_##op##_ps
typedef __mmask16 mask;
#else
#define AVX512(op) _mm512_##op##_pd
typedef __mmask8 mask;
#endif
#if FL_ARITH == 32
#define AVX512_COMPARE(a, b, how) _mm512_cmp_ps_mask((__m512)(a), (__m512)(b), how)
#define AVX512_VEC __m512
#else
#define AVX512_COMPARE(a, b, how) _mm512_cmp_pd_mask((__m512d)(a), (__m512d)(b), how)
#define AVX512_VEC __m512d
#endif
INLINE mask v_lt(vec a, vec b) { return AVX512_COMPARE(a, b, _CMP_LT_OQ); }
INLINE mask v_le(vec a, vec b) { return AVX512_COMPARE(a, b, _CMP_LE_OQ); }
INLINE mask v_eq(vec a, vec b) { return AVX512_COMPARE(a, b, _CMP_EQ_OQ); }
INLINE mask m_and(mask a, mask b) { return (mask)(a & b); }
INLINE mask m_or(mask a, mask b) { return (mask)(a | b); }
INLINE mask m_not(mask a) { return (mask)~a; }
INLINE int m_any(mask a) { return a != 0; }
INLINE vec v_select(mask m, vec yes, vec no) { return (vec)AVX512(mask_blend)(m, (AVX512_VEC)no, (AVX512_VEC)yes); }
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)AVX512(fmadd)((AVX512_VEC)a, (AVX512_VEC)b, (AVX512_VEC)c); }
INLINE vec v_sqrt(vec a) { return (vec)AVX512(sqrt)((AVX512_VEC)a); }
#else
typedef ivec mask;
INLINE mask v_lt(vec a, vec b) { return (mask)(a < b); }
INLINE mask v_le(vec a, vec b) { return (mask)(a <= b); }
INLINE mask v_eq(vec a, vec b) { return (mask)(a == b); }
INLINE mask m_and(mask a, mask b) { return a & b; }
INLINE mask m_or(mask a, mask b) { return a | b; }
INLINE mask m_not(mask a) { return ~a; }
INLINE int m_any(mask a) {
    int64_t part[FL_BYTES / 8], any = 0;
    memcpy(part, &a, sizeof part);
    for (int i = 0; i < FL_BYTES / 8; i++) any |= part[i];
    return any != 0;
}
#if FL_BYTES == 32 && FL_ARITH == 32
INLINE vec v_select(mask m, vec yes, vec no) { return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)m); }
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE vec v_sqrt(vec a) { return (vec)_mm256_sqrt_ps((__m256)a); }
#elif FL_BYTES == 32
INLINE vec v_select(mask m, vec yes, vec no) { return (vec)_mm256_blendv_pd((__m256d)no, (__m256d)yes, (__m256d)m); }
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
INLINE vec v_sqrt(vec a) { return (vec)_mm256_sqrt_pd((__m256d)a); }
#else
INLINE vec v_select(mask m, vec yes, vec no) { return (vec)((m & (ivec)yes) | (~m & (ivec)no)); }
#if defined(__aarch64__) && FL_ARITH == 32
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INLINE vec v_sqrt(vec a) { return (vec)vsqrtq_f32((float32x4_t)a); }
#elif defined(__aarch64__)
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
INLINE vec v_sqrt(vec a) { return (vec)vsqrtq_f64((float64x2_t)a); }
#else
/* The x86-64 baseline has no FMA and libm's is 30 times slower: multiply, then add. */
#define FL_NO_FMA 1
INLINE vec v_fma(vec a, vec b, vec c) { return a * b + c; }
#if FL_ARITH == 32
INLINE vec v_sqrt(vec a) { return (vec)_mm_sqrt_ps((__m128)a); }
#else
INLINE vec v_sqrt(vec a) { return (vec)_mm_sqrt_pd((__m128d)a); }
#endif
#endif
#endif
#endif

INLINE mask v_is_number(vec a) { return v_eq(a, a); }
/* a < b ? a : b and b < a ? a : b: of a NaN and a number, and of two zeros, the second argument. */
#if FL_BYTES == 64
INLINE vec v_min(vec a, vec b) { return (vec)AVX512(min)((AVX512_VEC)a, (AVX512_VEC)b); }
INLINE vec v_max(vec a, vec b) { return (vec)AVX512(max)((AVX512_VEC)a, (AVX512_VEC)b); }
#elif FL_BYTES == 32 && FL_ARITH == 32
INLINE vec v_min(vec a, vec b) { return (vec)_mm256_min_ps((__m256)a, (__m256)b); }
INLINE vec v_max(vec a, vec b) { return (vec)_mm256_max_ps((__m256)a, (__m256)b); }
#elif FL_BYTES == 32
INLINE vec v_min(vec a, vec b) { return (vec)_mm256_min_pd((__m256d)a, (__m256d)b); }
INLINE vec v_max(vec a, vec b) { return (vec)_mm256_max_pd((__m256d)a, (__m256d)b); }
#else
INLINE vec v_min(vec a, vec b) { return v_select(v_lt(a, b), a, b); }
INLINE vec v_max(vec a, vec b) { return v_select(v_lt(b, a), a, b); }
#endif
INLINE vec v_abs(vec a) { return (vec)((ivec)a & ~((ivec)v_set(-(real)0))); }
INLINE vec v_copysign(vec magnitude, vec sign) {
    const ivec sign_bit = (ivec)v_set(-(real)0);
    return (vec)(((ivec)magnitude & ~sign_bit) | ((ivec)sign & sign_bit));
}

#endif
