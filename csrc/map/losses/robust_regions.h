/* Where the forms of the general robust loss change over (robust.h). */
#ifndef FL_ROBUST_REGIONS_H
#define FL_ROBUST_REGIONS_H

#define ROBUST_INFINITE 0x1p80   /* |alpha| from which on the limit is exact */
#define ROBUST_NEAR_ZERO 0x1p-10 /* |alpha| below which dividing by alpha costs digits */
#define ROBUST_NEAR_TWO 0.5      /* |alpha - 2| up to which the value is written in z, not in w */

/* Scales whose square, and 1 / (scale^2 b), are in range (robust_fast.h) */
#define ROBUST_ORDINARY(scale) ((scale) >= 0x1p-100 && (scale) <= 0x1p100)

/* Those that are so in float32, where it is enough for a float32 result */
#define ROBUST_NARROW(scale) ((scale) >= 0x1p-16 && (scale) <= 0x1p16)

/* The alphas of robust_float.h */
#define ROBUST_FLOAT(alpha) (fabs(alpha) >= ROBUST_NEAR_ZERO && fabs(alpha) <= 2.5)

/* Those that have tables (robust_table.h, robust_double.h): below 0, where w is less than the value, w loses digits
 * first */
#define ROBUST_TABLE(alpha) ((alpha) >= 0 && (alpha) <= 1.25)

#endif
