/* SSE2, which every x86-64 processor has; without FMA. It is there for correct results, and not tuned. */
#define FL_ISA baseline
#define FL_BYTES 16
#define FL_ONE_LOOP /* serves every set of outputs */
#define FL_INTERLEAVE_LOSS 1
#define FL_INTERLEAVE_VARIANT 1

#include <immintrin.h>

#include "simd/vec.h"

#include "simd/generic.h"
#include "simd/narrow.h"

INLINE void v_stream(stored *p, vec x) {
    svec s = v_narrow(x);
#if FL_ARITH == 3264
    long long both;
    memcpy(&both, &s, sizeof both);
    _mm_stream_si64((long long *)p, both);
#else
    _mm_stream_si128((__m128i *)p, (__m128i)s);
#endif
}

/* There is no FMA, and libm's is 30 times slower: multiply, then add. */
#define FL_NO_FMA 1
INLINE vec v_fma(vec a, vec b, vec c) { return a * b + c; }
#if FL_ARITH == 32
INLINE vec v_sqrt(vec a) { return (vec)_mm_sqrt_ps((__m128)a); }
#else
INLINE vec v_sqrt(vec a) { return (vec)_mm_sqrt_pd((__m128d)a); }
#endif
