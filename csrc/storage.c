/* Storage types that are read, never computed in. */
#include <string.h>

#include "storage.h"

void fl_widen_bfloat16(const uint16_t *x, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

/* IEEE binary16: the magnitude, read as a float, is 2^-112 of its value, subnormals included; infinities and NaN get
 * the exponent that the product lacks. */
void fl_widen_float16(const uint16_t *x, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t sign = (uint32_t)(x[i] & 0x8000u) << 16, magnitude = (uint32_t)(x[i] & 0x7fffu) << 13;
        float value;
        memcpy(&value, &magnitude, sizeof value);
        value *= 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0;
        bits |= sign | special;
        memcpy(out + i, &bits, sizeof bits);
    }
}
