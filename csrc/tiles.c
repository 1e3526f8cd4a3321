/* Losses of rows of logits that are products, for one instruction set and one arithmetic, ending in their table. */
#include "domain.h"
#include "tiles/api.h"

#include "rows/transpose.h"
#include "rows/row.h"
#include "rows/exp.h"
#include "rows/sums.h"
#include "rows/softmax.h"

#include "tiles/block.h"
#include "tiles/vectors.h"
#include "tiles/margins.h"
#include "tiles/memory.h"
#include "tiles/logits.h"
#include "tiles/labels.h"
#include "tiles/contrast.h"
#include "tiles/rows.h"
#include "tiles/gradient.h"

static size_t logits_room(const fl_tiles *t) {
    return (t->kept * tile_room(t) + (LANES + 1) * FL_TILE_COLUMNS) * sizeof(real);
}

static size_t row_room(const fl_tiles *t) {
    (void)t;
    return sizeof(row_memory);
}

static size_t scratch_room(const fl_tiles *t) {
    tile_scratch s;
    return divide_scratch(t, NULL, &s);
}

const fl_tile_kernels TABLE_OF(tiles, FL_ARITH) = {
    .logits_room = logits_room,
    .row_room = row_room,
    .scratch_room = scratch_room,
    .reduce = reduce_rows,
    .differentiate = differentiate_rows,
    .transfer = transfer_to_columns,
    .finish = finish_grad,
};
