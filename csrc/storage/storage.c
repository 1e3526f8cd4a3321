/* Conversion of the storage types to those that are computed in. */
#include <string.h>

#include "storage.h"

static void widen_float32(const void *values, float *out, size_t n) { memcpy(out, values, n * sizeof *out); }

static void widen_bfloat16(const void *values, float *out, size_t n) {
    const uint16_t *x = values;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(out + i, &bits, sizeof bits);
    }
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

/* Found when the library is loaded: cpuid takes a microsecond in a virtual machine, and clang 14 knows no "f16c". */
static int has_f16c;

__attribute__((constructor)) static void find_f16c(void) {
    unsigned eax, ebx, ecx, edx;
    __builtin_cpu_init();
    has_f16c = __builtin_cpu_supports("avx") && __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

/* By an instruction, which gives the same bits, as the conversion is exact. Returns how many of the n are done. */
__attribute__((target("avx,f16c"))) static size_t widen_by_instruction(const uint16_t *x, float *out, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
    return i;
}

static size_t widen_quickly(const uint16_t *x, float *out, size_t n) {
    return has_f16c ? widen_by_instruction(x, out, n) : 0;
}
#else
static size_t widen_quickly(const uint16_t *x, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        __fp16 half;
        memcpy(&half, x + i, sizeof half);
        out[i] = half;
    }
    return n;
}
#endif

/* IEEE binary16: the magnitude, read as a float, is 2^-112 of its value, subnormals included; infinities and NaN get
 * the exponent that the product lacks. */
static void widen_float16(const void *values, float *out, size_t n) {
    const uint16_t *x = values;
    for (size_t i = widen_quickly(x, out, n); i < n; i++) {
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

/* ---- integers ---------------------------------------------------------------------------------------------------- */

#define STORAGE(name, bytes, code, is_exported)
#define INTEGER(name, type, value)                                                                                     \
    static void widen_##name(const void *values, float *out, size_t n) {                                               \
        for (size_t i = 0; i < n; i++) {                                                                               \
            type x = ((const type *)values)[i];                                                                        \
            out[i] = (float)(value);                                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void widen_##name##_to_double(const void *values, double *out, size_t n) {                                  \
        for (size_t i = 0; i < n; i++) {                                                                               \
            type x = ((const type *)values)[i];                                                                        \
            out[i] = (double)(value);                                                                                  \
        }                                                                                                              \
    }
#include "storage/storage.def"

/* ---- the table --------------------------------------------------------------------------------------------------- */

#define widen_float64 NULL
const fl_storage_type fl_storage_types[FL_STORAGES] = {
#define STORAGE(name, bytes, code, is_exported) {#name, code, is_exported, bytes, widen_##name, NULL},
#define INTEGER(name, type, value) {#name, 0, 1, sizeof(type), widen_##name, widen_##name##_to_double},
#include "storage/storage.def"
};

int fl_can_read(int storage, int as_double) {
    if (storage < 0 || storage >= FL_STORAGES) return 0;
    return storage == FL_float64 ? as_double : fl_storage_types[storage].widen != NULL;
}

void fl_widen(int storage, const void *x, int as_double, void *out, size_t n) {
    const fl_storage_type *type = &fl_storage_types[storage];
    if (!as_double) {
        type->widen(x, out, n);
        return;
    }
    if (type->widen_to_double) {
        type->widen_to_double(x, out, n);
        return;
    }
    enum { PART = 512 };
    float part[PART];
    double *to = out;
    for (size_t i = 0; i < n; i += PART) {
        size_t count = n - i < PART ? n - i : PART;
        const float *from = part;
        if (storage == FL_float32)
            from = (const float *)x + i;
        else
            type->widen((const char *)x + i * type->bytes, part, count);
        for (size_t k = 0; k < count; k++) to[i + k] = from[k];
    }
}
