/* Elementwise losses for one instruction set and one arithmetic, ending in their table. */
#include "domain.h"

#include <float.h>

/* Under the sanitizers a loop takes as long to compile as all else together: there is one per kernel. */
#ifdef FL_SANITIZED
#undef FL_ONE_LOOP
#define FL_ONE_LOOP
#undef FL_INTERLEAVE_LOSS
#undef FL_INTERLEAVE_VARIANT
#define FL_INTERLEAVE_LOSS 1
#define FL_INTERLEAVE_VARIANT 1
#endif

#define TABLE(arithmetic) TABLE_OF(map, arithmetic)
extern const fl_table TABLE(FL_ARITH), TABLE(3264);

#include "map/compare.h"
#include "map/jet.h"

#include "map/losses/residual.h"
#include "map/losses/relative.h"
#include "map/losses/probability.h"
#include "map/losses/margin.h"
#include "map/losses/count.h"
#include "map/losses/deviance.h"
#if FL_ARITH == 32 && !defined(FL_NO_FMA)
#include "map/losses/exponential_float.h"
#endif

#include "map/families.h"
#include "map/finish.h"
#include "map/reduce.h"
#include "map/loop.inc"
#include "map/functions.h"

const fl_table TABLE(FL_ARITH) = {
    .loops =
        {
#define LOSS(name, family, arithmetic, traits, ...)                                                                    \
    arithmetic([FL_KERNEL_##name] = {SCALAR_LOOPS(name), VARYING_LOOPS(name)}, )
#define VARIANT(loss, name, family, arithmetic, condition) arithmetic([FL_KERNEL_##name] = {SCALAR_LOOPS(name)}, )
#define VARYING(loss, name, family, arithmetic) arithmetic([FL_KERNEL_##name] = {VARYING_LOOPS(name)}, )
#define PARAM_GRAD(loss, name, arithmetic) arithmetic([FL_KERNEL_##name] = {[FL_LOOP_VARY_ALL] = name##_vary_all}, )
#include "losses.def"
        },
    .map = map,
    .sum = sum,
    .functions =
        {
#define FUNCTION(name) [FL_FUNCTION_##name] = name##_map,
#include "functions.def"
        },
};
