/* Losses of rows of logits for one instruction set and one arithmetic, ending in their table. */
#include "domain.h"

#include "rows/transpose.h"
#include "rows/row.h"
#include "rows/exp.h"
#include "rows/sums.h"
#include "rows/tile.h"
#include "rows/softmax.h"
#include "rows/flat.h"

#define ROW_BODIES
#include "rows.def"
#undef ROW_BODIES

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
