/* The vector type: one text for every instruction set and every arithmetic.
 *
 * The header of an instruction set (avx2.h, ...) defines FL_ISA and FL_BYTES, the width of a vector, and includes this
 * one; FL_ARITH comes from the build:
 *
 *   FL_ARITH    stored    computed in
 *     32        float     float
 *     64        double    double
 *   3264        float     double, with polynomials short enough for a float result ("wide")
 *
 * Arithmetic is the compiler's generic vectors. The operations that those lack are defined by the header of an
 * instruction set:
 *
 *   v_load  v_store  v_stream           memory; v_stream past the caches, to a multiple of the vector's size
 *   v_widen  v_narrow                   vectors of the stored type as vectors and back; where the two types differ
 *   v_load_doubles                      numbers of the stored type as float64
 *   v_load_chunks                       LANES numbers, each 16 bytes of them `stride` numbers behind those before
 *   mask  v_lt  v_le  v_eq              comparisons, false for NaN
 *   m_and  m_or  m_not  m_any
 *   v_select  v_clear (0 where the mask is set)  v_fma  v_sqrt
 *   v_min  v_max                        a < b ? a : b and b < a ? a : b: of a NaN and a number, and of two zeros, b
 *   v_pick                              of a table of eight floats (load_eight, common.h) those at the lanes' low three
 *                                       bits; in float, where there is a fused multiply-add
 *   v_pick_pairs                        the first and the second of two numbers at the lanes' places in an array; in
 *                                       double, where there is a fused multiply-add
 *   FL_INTERLEAVE_LOSS, _VARIANT        vectors in flight in a loop, for a loss and for the longer bodies of its
 *                                       variants: as measured
 *
 * Every operation is correctly rounded or exact, so that all instruction sets with FMA return the same bits; one that
 * has none defines FL_NO_FMA.
 */
#ifndef FL_VEC_H
#define FL_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline, unused))

/* UNROLL a loop of at most eight turns, wholly. ONCE: do not unroll a loop, whose body is large. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#define ONCE _Pragma("clang loop unroll(disable)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#define ONCE _Pragma("GCC unroll 1")
#endif

#if FL_ARITH == 32
typedef float real, stored;
typedef int32_t bits;
typedef uint32_t ubits;
#define REAL_BYTES 4
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#else
typedef double real;
typedef int64_t bits;
typedef uint64_t ubits;
#define REAL_BYTES 8
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#if FL_ARITH == 64
typedef double stored;
#else
typedef float stored;
#endif
#endif

#define LANES (FL_BYTES / REAL_BYTES)
#define INFINITE ((real)__builtin_inf())
#define LARGEST (FL_ARITH == 32 ? (real)__FLT_MAX__ : (real)__DBL_MAX__)
#define LARGEST_STORED (FL_ARITH == 64 ? (real)__DBL_MAX__ : (real)__FLT_MAX__)
#define NOT_A_NUMBER ((real)__builtin_nan(""))

typedef real vec __attribute__((vector_size(FL_BYTES)));
typedef bits ivec __attribute__((vector_size(FL_BYTES)));
typedef ubits uvec __attribute__((vector_size(FL_BYTES))); /* bits of reals: their sums wrap, and shifts are logical */
typedef stored svec __attribute__((vector_size(LANES * sizeof(stored))));
typedef double dvec __attribute__((vector_size(FL_BYTES)));

INLINE vec v_set(real x) { return x - (vec){0}; }

INLINE vec v_abs(vec a) { return (vec)((ivec)a & ~((ivec)v_set(-(real)0))); }

INLINE vec v_copysign(vec magnitude, vec sign) {
    const ivec sign_bit = (ivec)v_set(-(real)0);
    return (vec)(((ivec)magnitude & ~sign_bit) | ((ivec)sign & sign_bit));
}

/* ---- shuffles ------------------------------------------------------------------------------------------------ */

/* Vectors are transposed inside chunks of 16 bytes, where a shuffle is cheapest; then the chunks are. */
enum { INNER = 16 / REAL_BYTES, CHUNKS = FL_BYTES / 16 };

/* Lists of lanes for __builtin_shufflevector, which numbers those of its second vector from LANES on: a chunk from
 * `at` on, and the lanes from `at` on in turn with those of the second vector. */
#if REAL_BYTES == 4
#define CHUNK(at) (at), (at) + 1, (at) + 2, (at) + 3
#define ZIP(at) (at), (at) + LANES, (at) + 1, (at) + 1 + LANES
#else
#define CHUNK(at) (at), (at) + 1
#define ZIP(at) (at), (at) + LANES
#endif
#define ZIP_CHUNKS(at) CHUNK(at), CHUNK((at) + LANES)

#if FL_BYTES == 16
#define EACH_CHUNK(lanes, at) lanes(at)
#define HALF_OF_CHUNKS(at) CHUNK(at)
#elif FL_BYTES == 32
#define EACH_CHUNK(lanes, at) lanes(at), lanes((at) + INNER)
#define HALF_OF_CHUNKS(at) ZIP_CHUNKS(at)
#else
#define EACH_CHUNK(lanes, at) lanes(at), lanes((at) + INNER), lanes((at) + 2 * INNER), lanes((at) + 3 * INNER)
#define HALF_OF_CHUNKS(at) ZIP_CHUNKS(at), ZIP_CHUNKS((at) + INNER)
#endif

/* The lanes of two vectors in turn, chunk by chunk: of each chunk a0 b0 a1 b1, and of each a2 b2 a3 b3 */
INLINE vec v_zip_low(vec a, vec b) { return __builtin_shufflevector(a, b, EACH_CHUNK(ZIP, 0)); }
INLINE vec v_zip_high(vec a, vec b) { return __builtin_shufflevector(a, b, EACH_CHUNK(ZIP, INNER / 2)); }

/* Whole chunks in turn: those of the lower halves of both vectors, and those of the upper */
INLINE vec v_zip_low_chunks(vec a, vec b) { return __builtin_shufflevector(a, b, HALF_OF_CHUNKS(0)); }
INLINE vec v_zip_high_chunks(vec a, vec b) { return __builtin_shufflevector(a, b, HALF_OF_CHUNKS(CHUNKS / 2 * INNER)); }

#endif
