/* Losses of a residual r = pred - target: value, d/dr, d2/dr2 and the IRLS weight (d/dr) / r. The loops turn the
 * element of a NaN residual into NaN, so that a body need not. */

INLINE jet squared_error(vec r, const vec *p) {
    (void)p;
    return (jet){.value = r * r, .grad = v_set(2) * r, .hess = v_set(2), .weight = v_set(2)};
}

/* Huber (1964) */
INLINE jet huber(vec r, const vec *p) {
    const vec half = v_set((real)0.5);
    vec delta = p[0], a = v_abs(r);
    mask outside = v_lt(delta, a);
    return (jet){
        .value = v_select(outside, delta * (a - half * delta), half * a * a),
        .grad = v_select(outside, v_copysign(delta, r), r),
        .hess = v_select(outside, v_set(0), v_set(1)),
        .weight = v_select(outside, delta / a, v_set(1)),
    };
}

#include "robust.h"
