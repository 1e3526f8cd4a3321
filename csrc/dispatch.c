/* Which kernels this machine can run, and which loop serves a call. */
#include "api.h"
#include "distances/api.h"
#include "sums/api.h"
#include "columns/api.h"
#include "tiles/api.h"

#include "map/variants.h"

/* ---- the registry ---------------------------------------------------------------------------------------------- */

const fl_output fl_outputs[FL_OUTPUTS] = {
#define OUTPUT(name, flags) [FL_OUTPUT_##name] = {#name, flags},
#include "outputs.def"
};

const fl_family fl_families[FL_FAMILIES] = {
#define FAMILY(name, public_name, has_target) [FL_##name] = {public_name, has_target},
#include "families.def"
};

const fl_loss fl_losses[] = {
#define LOSS(name, family, arithmetic, traits, ...) {#name, FL_KERNEL_##name, FL_##family, traits, {__VA_ARGS__}},
#define SHIFTED(name, loss, traits, ...) {#name, FL_KERNEL_##loss, FL_RESIDUAL, traits, {__VA_ARGS__}},
#include "losses.def"
};
const int fl_losses_count = sizeof fl_losses / sizeof *fl_losses;

const fl_row_loss fl_row_losses[] = {
#define ROW_LOSS(name, targets, traits, ...) {#name, FL_ROW_##name, targets, traits, {__VA_ARGS__}},
#include "rows.def"
};
const int fl_row_losses_count = sizeof fl_row_losses / sizeof *fl_row_losses;

const fl_distance_loss fl_distance_losses[FL_DISTANCE_LOSSES] = {
#define DISTANCE_LOSS(name, kernel, arrays, target, traits, ...)                                                       \
    [FL_DISTANCE_##name] = {#name, arrays, target, traits, {__VA_ARGS__}},
#include "distances.def"
};

const char *const fl_margin_names[FL_MARGINS] = {
#define MARGIN(name) [FL_MARGIN_##name] = #name,
#include "tiles/margins.def"
};

const char *const fl_function_names[FL_FUNCTIONS] = {
#define FUNCTION(name) [FL_FUNCTION_##name] = #name,
#include "functions.def"
};

/* ---- instruction sets ------------------------------------------------------------------------------------------ */

const char *const fl_isa_names[FL_ISAS] = {
#define ISA(name, has_fma, is_supported) [FL_ISA_##name] = #name,
#include "isas.def"
};

#define ISA(name, has_fma, is_supported)                                                                               \
    extern const fl_table fl_map_##name##_32, fl_map_##name##_64, fl_map_##name##_3264;                                \
    extern const fl_row_kernels fl_rows_##name##_32, fl_rows_##name##_64;                                              \
    extern const fl_distance_kernels fl_distances_##name##_64, fl_distances_##name##_3264;                             \
    extern const fl_column_kernels fl_columns_##name##_32, fl_columns_##name##_64;                                     \
    extern const fl_tile_kernels fl_tiles_##name##_32, fl_tiles_##name##_64;                                           \
    extern const fl_sum_kernels fl_sums_##name##_32, fl_sums_##name##_64;
#include "isas.def"

static const struct {
    const fl_table *map[FL_ARITHMETICS];
    const fl_row_kernels *rows[FL_WIDE];
    const fl_distance_kernels *distances[2]; /* of float32 and of float64, both computed in float64 */
    const fl_column_kernels *columns[FL_WIDE];
    const fl_tile_kernels *tiles[FL_WIDE];
    const fl_sum_kernels *sums[FL_WIDE];
    int has_fma;
} isas[FL_ISAS] = {
#define ISA(name, has_fma, is_supported)                                                                               \
    [FL_ISA_##name] = {{&fl_map_##name##_32, &fl_map_##name##_64, &fl_map_##name##_3264},                              \
                       {&fl_rows_##name##_32, &fl_rows_##name##_64},                                                   \
                       {&fl_distances_##name##_3264, &fl_distances_##name##_64},                                       \
                       {&fl_columns_##name##_32, &fl_columns_##name##_64},                                             \
                       {&fl_tiles_##name##_32, &fl_tiles_##name##_64},                                                 \
                       {&fl_sums_##name##_32, &fl_sums_##name##_64},                                                   \
                       has_fma},
#include "isas.def"
};

#if defined(__x86_64__)
#include <cpuid.h>

/* The operating system saves the registers of `states`, a mask of XCR0. */
static int os_saves(unsigned states) {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & states) == states;
}

static __attribute__((unused)) int runs_avx2(void) {
    const unsigned ymm = 0x06;
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_FMA) || !(ecx & bit_AVX)) return 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_AVX2) && os_saves(ymm);
}

static __attribute__((unused)) int runs_avx512(void) {
    const unsigned zmm = 0xe6, all = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    unsigned eax, ebx, ecx, edx;
    if (!runs_avx2() || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 0;
    return (ebx & all) == all && os_saves(zmm);
}
#endif

int fl_isa_supported(int isa) {
    switch (isa) {
#define ISA(name, has_fma, is_supported)                                                                               \
    case FL_ISA_##name: return is_supported;
#include "isas.def"
    default: return 0;
    }
}

const fl_table *fl_get_table(int isa, int arithmetic) { return isas[isa].map[arithmetic]; }
const fl_row_kernels *fl_get_rows(int isa, int arithmetic) { return isas[isa].rows[arithmetic]; }
const fl_distance_kernels *fl_get_distances(int isa, int is_double) { return isas[isa].distances[is_double]; }
const fl_column_kernels *fl_get_columns(int isa, int arithmetic) { return isas[isa].columns[arithmetic]; }
const fl_tile_kernels *fl_get_tiles(int isa, int arithmetic) { return isas[isa].tiles[arithmetic]; }
const fl_sum_kernels *fl_get_sums(int isa, int is_double) { return isas[isa].sums[is_double]; }

/* ---- memory ---------------------------------------------------------------------------------------------------- */

void fl_end_streams(void) {
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

/* ---- loops ----------------------------------------------------------------------------------------------------- */

static int varying_kernel(int loss, int is_fused_float) {
#define VARYING(base, name, family, arithmetic)                                                                        \
    if (loss == FL_KERNEL_##base && is_fused_float) return FL_KERNEL_##name;
#include "losses.def"
    return loss;
}

static int param_grad_kernel(int loss) {
#define PARAM_GRAD(base, name, arithmetic)                                                                             \
    if (loss == FL_KERNEL_##base) return FL_KERNEL_##name;
#include "losses.def"
    return -1;
}

int fl_has_param_grad(int loss) { return param_grad_kernel(loss) >= 0; }

int fl_loop_for(int outputs, int varying) {
    if (varying) return outputs == FL_VALUE ? FL_LOOP_VARY_V : FL_LOOP_VARY_ALL;
    switch (outputs) {
    case FL_VALUE: return FL_LOOP_V;
    case FL_GRAD: return FL_LOOP_G;
    case FL_WEIGHT: return FL_LOOP_W;
    case FL_VALUE | FL_GRAD: return FL_LOOP_VG;
    case FL_GRAD | FL_HESS: return FL_LOOP_GH;
    default: return FL_LOOP_ALL;
    }
}

fl_chosen fl_choose(int isa, int loss, int is_double, int outputs, const double *scalars) {
    int varying = !scalars || (outputs & FL_PARAM_GRAD), has_fma = isas[isa].has_fma;
    int kernel = outputs & FL_PARAM_GRAD ? param_grad_kernel(loss)
                 : varying               ? varying_kernel(loss, !is_double && has_fma)
                                         : scalar_kernel(loss, !is_double && has_fma, is_double && has_fma, scalars);
    const fl_table *table = fl_get_table(isa, is_double ? FL_F64 : FL_F32);
    int loop = fl_loop_for(outputs, varying);
    if (!is_double && !table->loops[kernel][loop]) table = fl_get_table(isa, FL_WIDE);
    return (fl_chosen){table, table->loops[kernel][loop]};
}
