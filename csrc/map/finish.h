/* What becomes of the outputs of a block between the loop's body and their arrays (fl_map_args), with the same bits on
 * every machine: products in a loop where they are one or two operations, the rest after it, in float64. */

/* The outputs that sample weights and the factor multiply, as a mask: derivatives by parameters, and others */
enum {
    FL_WEIGHTED = ((1 << FL_OUTPUTS) - FL_PARAM_GRAD)
#define OUTPUT(name, flags) | ((flags) & FL_UNWEIGHTED ? 0 : 1 << FL_OUTPUT_##name)
#include "outputs.def"
};

/* Those that one of them changes */
INLINE int multiplied_outputs(const fl_map_args *a) {
    return a->sample_weight ? FL_WEIGHTED : a->factor != 1 ? FL_WEIGHTED & ~FL_VALUE : 0;
}

/* Those that are finished after the loop: with terms, in float64; of float32 numbers also those with a weight and a
 * factor, as the product with the first may leave their range. */
INLINE int late_outputs(const fl_map_args *a) {
#ifdef FL_NO_FMA /* which rounds products with a factor once */
    int is_twofold = FL_ARITH == 32 && a->factor != 1;
#else
    int is_twofold = FL_ARITH == 32 && a->sample_weight && a->factor != 1;
#endif
    return a->shifted | (is_twofold ? FL_WEIGHTED & ~FL_VALUE : 0);
}

/* A factor as a sum, so that products with it are rounded once. Both parts are above 0, for infinities. */
typedef struct {
    vec factor;
#if FL_ARITH == 32
    vec rest;
#endif
} fine_factor;

INLINE fine_factor fine_factor_of(double factor) {
#if FL_ARITH == 32
    uint64_t bits;
    double leading;
    memcpy(&bits, &factor, sizeof bits);
    bits &= ~(uint64_t)0 << (DBL_MANT_DIG - FLT_MANT_DIG);
    memcpy(&leading, &bits, sizeof leading);
    return (fine_factor){v_set((real)leading), v_set((real)(factor - leading + leading * 0x1p-60))};
#else
    return (fine_factor){v_set(factor)};
#endif
}

INLINE vec v_times_factor(vec x, fine_factor f) {
#if FL_ARITH == 32
    return v_fma(x, f.factor, x * f.rest);
#else
    return x * f.factor;
#endif
}

/* Output k of the elements from `at` on, multiplied in a loop */
INLINE vec multiplied(const fl_map_args *a, int k, size_t at, vec x, fine_factor factor) {
#if FL_ARITH == 3264
    x = v_widen(v_narrow(x)); /* as it would be stored */
#endif
    if (!a->sample_weight) return v_times_factor(x, factor);
    vec weight = v_load((const stored *)a->sample_weight + at), product = x * weight;
#if FL_ARITH != 32
    if (k != FL_OUTPUT_value) product = v_times_factor(product, factor);
#else
    (void)k;
#endif
    return v_clear(v_eq(weight, v_set(0)), product);
}

INLINE void store_doubles(stored *to, dvec x) {
    stored part __attribute__((vector_size(sizeof x / sizeof(double) * sizeof(stored))));
    part = __builtin_convertvector(x, __typeof__(part));
    memcpy(to, &part, sizeof part);
}

enum { DOUBLES = FL_BYTES / sizeof(double) };

static void shift(stored *x, const stored *terms, double term, size_t n) {
    for (size_t i = 0; i < n; i += DOUBLES)
        store_doubles(x + i, v_load_doubles(x + i) + (terms ? v_load_doubles(terms + i) : term - (dvec){0}));
}

static void multiply(stored *x, const stored *weights, double factor, size_t n) {
    for (size_t i = 0; i < n; i += DOUBLES) {
        dvec weight = weights ? v_load_doubles(weights + i) : 1 - (dvec){0}, product = v_load_doubles(x + i) * weight;
        store_doubles(x + i, (dvec)((__typeof__(weight != 0))(product * factor) & (weight != 0)));
    }
}

/* Finish what a loop has left, in n elements, a multiple of DOUBLES. */
static void finish(const fl_map_args *a, size_t n) {
    int late = late_outputs(a), products = multiplied_outputs(a) & late;
    for (int k = 0; late && k < FL_OUTPUTS; k++) {
        if (!a->out[k]) continue;
        if (a->shifted >> k & 1) shift(a->out[k], a->terms[k], a->term[k], n);
        if (products >> k & 1) multiply(a->out[k], a->sample_weight, k == FL_OUTPUT_value ? 1 : a->factor, n);
    }
}
