/* Losses of long rows of logits that lie class by class, as `axis=0` has them: without a transpose, with the bits of rows
 * whose classes are neighbours. */
#ifndef FL_COLUMNS_API_H
#define FL_COLUMNS_API_H

#include "api.h"

enum { FL_COLUMN_BYTES = 256 }; /* of neighbouring rows, which a kernel takes at a time */

/* A call: rows of more than FL_SHORT_ROW classes, `row` of all matrices 1. The kernels are given a pointer to its rows. */
typedef struct {
    fl_rows rows;
    void *room;  /* as many bytes as the table says */
    int streams; /* whether elements are stored past the caches; the caller ends with fl_end_streams() */
} fl_columns;

typedef struct {
    size_t (*room)(int kernel, size_t classes); /* 0: no kernel takes rows that lie so */
    void (*kernels[FL_ROW_KERNELS])(const fl_rows *);
} fl_column_kernels;

const fl_column_kernels *fl_get_columns(int isa, int arithmetic);

#endif
