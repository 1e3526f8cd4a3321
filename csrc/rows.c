/* Losses of rows of logits for one instruction set and one arithmetic, ending in their table. */
#include "domain.h"

#include "rowwise/rows.inc"

const fl_row_kernels TABLE_OF(rows, FL_ARITH) = ROW_KERNELS;
