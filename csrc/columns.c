/* Losses of long rows of logits that lie class by class, for one instruction set and one arithmetic, ending in their
 * table: the softmax and its cross-entropy, of rows.c, with loops of their own. Vectors of 128 bits hold too few rows for
 * it to pay. */
#include "domain.h"
#include "columns/api.h"

#if FL_BYTES > 16
#define BY_CLASS /* what differs in rows/driver.inc */
#include "rows/transpose.h"
#include "rows/row.h"
#include "rows/exp.h"
#include "rows/sums.h"
#include "rows/tile.h"
#include "rows/softmax.h"

#include "columns/softmax.h"

#define ROW_BODIES
#include "rows/losses/cross_entropy.h"
#include "rows/losses/probabilities.h"
#undef ROW_BODIES

static size_t room(int kernel, size_t classes) {
    int is_taken =
        kernel == FL_ROW_cross_entropy || kernel == FL_ROW_probabilities || kernel == FL_ROW_log_probabilities;
    return is_taken ? column_room(classes) : 0;
}
#else
static size_t room(int kernel, size_t classes) {
    (void)kernel, (void)classes;
    return 0;
}
#endif

const fl_column_kernels TABLE_OF(columns, FL_ARITH) = {
    .room = room,
#if FL_BYTES > 16
    .kernels =
        {
            [FL_ROW_cross_entropy] = cross_entropy_rows,
            [FL_ROW_probabilities] = probabilities_rows,
            [FL_ROW_log_probabilities] = log_probabilities_rows,
        },
#endif
};
