/* Which kernels this machine can run, and which loop serves a call. */
#include "api.h"

#include <math.h>

#include "map/losses/robust_regions.h"

/* ---- the registry ---------------------------------------------------------------------------------------------- */

#define LOSS(name, family, arithmetic, traits, parameters) {#name, parameters, FL_KERNEL_##name, FL_##family, traits},
#define VARIANT(loss, name, family, arithmetic, condition)
#define EXCEPT(base, condition)
#define PARAM_GRAD(loss, name, arithmetic)
#define SHIFTED(name, loss, traits, parameters) {#name, parameters, FL_KERNEL_##loss, FL_RESIDUAL, traits},
const fl_loss fl_losses[] = {
#include "losses.def"
};
const int fl_losses_count = sizeof fl_losses / sizeof *fl_losses;

#define ROW_LOSS(name, targets, traits, parameters) {#name, parameters, FL_ROW_##name, targets, traits},
const fl_row_loss fl_row_losses[] = {
#include "rows.def"
};
const int fl_row_losses_count = sizeof fl_row_losses / sizeof *fl_row_losses;

/* ---- instruction sets ------------------------------------------------------------------------------------------ */

const char *const fl_isa_names[FL_ISAS] = {"baseline", "avx2", "avx512", "neon"};

#define DECLARE(isa)                                                                                                   \
    extern const fl_table fl_map_##isa##_32, fl_map_##isa##_64, fl_map_##isa##_3264;                                   \
    extern const fl_row_kernels fl_rows_##isa##_32, fl_rows_##isa##_64;
#define TABLES(isa) {&fl_map_##isa##_32, &fl_map_##isa##_64, &fl_map_##isa##_3264}
#define ROWS(isa) {&fl_rows_##isa##_32, &fl_rows_##isa##_64}

#if defined(__x86_64__)
DECLARE(baseline)
DECLARE(avx2)
DECLARE(avx512)
static const fl_table *const tables[FL_ISAS][FL_ARITHMETICS] = {
    [FL_BASELINE] = TABLES(baseline), [FL_AVX2] = TABLES(avx2), [FL_AVX512] = TABLES(avx512)};
static const fl_row_kernels *const rows[FL_ISAS][FL_WIDE] = {
    [FL_BASELINE] = ROWS(baseline), [FL_AVX2] = ROWS(avx2), [FL_AVX512] = ROWS(avx512)};

#include <cpuid.h>

/* The operating system saves the registers of `states`, a mask of XCR0. */
static int os_saves(unsigned states) {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
    __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & states) == states;
}

int fl_isa_supported(int isa) {
    enum { YMM = 0x06, ZMM = 0xe6 };
    unsigned eax, ebx, ecx, edx;
    if (isa == FL_BASELINE) return 1;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_FMA) || !(ecx & bit_AVX)) return 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & bit_AVX2)) return 0;
    if (isa == FL_AVX2) return os_saves(YMM);
    const unsigned avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    return isa == FL_AVX512 && (ebx & avx512) == avx512 && os_saves(ZMM);
}
#elif defined(__aarch64__)
DECLARE(neon)
static const fl_table *const tables[FL_ISAS][FL_ARITHMETICS] = {[FL_NEON] = TABLES(neon)};
static const fl_row_kernels *const rows[FL_ISAS][FL_WIDE] = {[FL_NEON] = ROWS(neon)};

int fl_isa_supported(int isa) { return isa == FL_NEON; }
#else
#error "fastloss has kernels for x86-64 and aarch64"
#endif

const fl_table *fl_get_table(int isa, int arithmetic) { return tables[isa][arithmetic]; }
const fl_row_kernels *fl_get_rows(int isa, int arithmetic) { return rows[isa][arithmetic]; }

/* ---- memory ---------------------------------------------------------------------------------------------------- */

void fl_end_streams(void) {
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

/* ---- loops ----------------------------------------------------------------------------------------------------- */

static int scalar_kernel(int loss, int is_fused_float, const double *p) {
    (void)is_fused_float, (void)p;
#define LOSS(name, family, arithmetic, traits, parameters)
#define VARIANT(base, name, family, arithmetic, condition)                                                             \
    if (loss == FL_KERNEL_##base && (condition)) return FL_KERNEL_##name;
#define EXCEPT(base, condition)                                                                                        \
    if (loss == FL_KERNEL_##base && (condition)) return loss;
#define PARAM_GRAD(base, name, arithmetic)
#include "losses.def"
    return loss;
}

static int param_grad_kernel(int loss) {
#define LOSS(name, family, arithmetic, traits, parameters)
#define VARIANT(base, name, family, arithmetic, condition)
#define EXCEPT(base, condition)
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
    int varying = !scalars || (outputs & FL_PARAM_GRAD);
    int kernel = outputs & FL_PARAM_GRAD ? param_grad_kernel(loss)
                 : varying               ? loss
                                         : scalar_kernel(loss, !is_double && isa != FL_BASELINE, scalars);
    const fl_table *table = tables[isa][is_double ? FL_F64 : FL_F32];
    int loop = fl_loop_for(outputs, varying);
    if (!is_double && !table->loops[kernel][loop]) table = tables[isa][FL_WIDE];
    return (fl_chosen){table, table->loops[kernel][loop]};
}
