/* The first include of map.c and rows.c, the domains of the kernels. The build compiles each of them once per FL_ARITH
 * and instruction set, whose header in simd/ it includes before; each ends in one table. */
#ifndef FL_DOMAIN_H
#define FL_DOMAIN_H

#include "api.h"

#define PASTE_(a, b, c, d) a##b##c##d
#define PASTE(a, b, c, d) PASTE_(a, b, c, d)
#define TABLE_OF(domain, arithmetic) PASTE(fl_##domain##_, FL_ISA, _, arithmetic)

#include "math/exp.h"
#include "math/log.h"
#include "math/trig.h"

_Static_assert(FL_BYTES <= FL_ALIGNMENT, "buffers of the hot loops are aligned for the longest vector");
_Static_assert(FL_BLOCK % FL_ALIGNMENT == 0, "a whole block has no rest");
_Static_assert(LANES <= FL_ROW_PADDING, "a vector may read one number per row beyond the last");

#endif
