/* Which kernel serves an elementwise loss whose parameters are scalars: the loss's own body or one of its variants. */

#include <math.h>

#include "map/losses/robust_regions.h"

static int scalar_kernel(int loss, int is_fused_float, int is_fused_double, const double *p) {
    (void)is_fused_float, (void)is_fused_double, (void)p;
#define VARIANT(base, name, family, arithmetic, condition)                                                             \
    if (loss == FL_KERNEL_##base && (condition)) return FL_KERNEL_##name;
#define EXCEPT(base, condition)                                                                                        \
    if (loss == FL_KERNEL_##base && (condition)) return loss;
#include "losses.def"
    return loss;
}
