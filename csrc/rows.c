/* Losses of rows of logits for one instruction set and one arithmetic, ending in their table. */
#include "domain.h"

#include "rows/transpose.h"
#include "rows/row.h"
#include "rows/exp.h"
#include "rows/sums.h"
#include "rows/tile.h"
#include "rows/softmax.h"

#include "rows/losses/cross_entropy.h"
#include "rows/losses/distillation.h"
#include "rows/losses/multi_margin.h"
#include "rows/losses/nll.h"
#include "rows/losses/probabilities.h"
#include "rows/losses/softmax_focal.h"
#include "rows/losses/top_k_error.h"

const fl_row_kernels TABLE_OF(rows, FL_ARITH) = {
    .transpose = transpose_matrix,
    .focus = FOCUS,
    .kernels =
        {
#define ROW_LOSS(name, targets, traits, ...) [FL_ROW_##name] = name##_rows,
#define ROW_FUNCTION(name) [FL_ROW_##name] = name##_rows,
#include "rows.def"
        },
};
