#ifndef FL_STORAGE_H
#define FL_STORAGE_H

#include <stddef.h>
#include <stdint.h>

void fl_widen_float16(const uint16_t *x, float *out, size_t n);
void fl_widen_bfloat16(const uint16_t *x, float *out, size_t n);

#endif
