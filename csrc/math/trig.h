/* Sine, cosine and arc tangent.
 *
 *   function    domain               max ULP f64   method
 *   pair_atan   z >= 0                  2.0        three intervals, one division
 *
 * The bound is the largest seen in 10^7 random inputs of each binade that matters, against extended precision. */
#ifndef FL_TRIG_H
#define FL_TRIG_H

#include "math/coefficients.h"
#include "math/pairs.h"

/* sin and cos of hi + lo for |hi| <= pi/4 */
INLINE vec pair_sin_reduced(vpair y) {
    const real c[] = {SIN_POLYNOMIAL};
    vec z = y.hi * y.hi, cosine = v_fma(v_set((real)-0.5), z, v_set(1)); /* cos(hi), as precise as lo needs it */
    return y.hi + v_fma(y.hi * z, v_polynomial(c, sizeof c / sizeof *c, z), y.lo * cosine);
}

INLINE vec pair_cos_reduced(vpair y) {
    const real c[] = {COS_POLYNOMIAL};
    vec z = y.hi * y.hi;
    vec half = v_set((real)0.5) * z, head = v_set(1) - half, tail = z * z * v_polynomial(c, sizeof c / sizeof *c, z);
    /* (1 - head) - half is the rounding error of head */
    return head + (((v_set(1) - head) - half) + v_fma(-y.lo, y.hi, tail));
}

/* atan(z) for z >= 0, infinity included: at most 2 ULP, a pair that is not normalised. Above 1/2 it is pi / 4 plus the
 * atan of (z - 1) / (z + 1), whose numerator is exact, above 2 it is pi / 2 plus that of -1 / z. */
INLINE vpair pair_atan(vec z) {
    const real c[] = {ATAN_POLYNOMIAL};
    const vec one = v_set(1);
    mask middle = v_lt(v_set((real)0.5), z), high = v_lt(v_set(2), z);
    vec above = v_select(high, -one, z - one), below = v_select(high, z, z + one);
    vec t = v_select(middle, above, z) / v_select(middle, below, one);
    vec square = t * t;
    vec tail = t * square * v_polynomial(c, sizeof c / sizeof *c, square);
    vec hi = v_select(high, v_set(HALF_PI_HI), v_set(HALF_PI_HI / 2)),
        lo = v_select(high, v_set(HALF_PI_LO), v_set(HALF_PI_LO / 2));
    return (vpair){v_select(middle, hi, t), v_select(middle, t + (tail + lo), tail)};
}

#endif
