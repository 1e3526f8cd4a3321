/* What becomes of the outputs of a block between the loop's body and their arrays (fl_map_args), with the same bits on
 * every machine: products in the loop, and after it, in float64, where a term is added first. */

/* The outputs that sample weights and the factor multiply, as a mask: derivatives by parameters, and others */
enum {
    FL_WEIGHTED = ((1 << FL_OUTPUTS) - FL_PARAM_GRAD)
#define OUTPUT(name, flags) | ((flags) & FL_UNWEIGHTED ? 0 : 1 << FL_OUTPUT_##name)
#include "outputs.def"
        ,
    FL_SCALED = FL_WEIGHTED & ~FL_VALUE /* those that the factor multiplies */
};

/* Those that are finished after the loop: with terms, and then all that have the same products */
INLINE int late_outputs(const fl_map_args *a) {
    int late = a->shifted;
    if (late && a->sample_weight) late |= FL_WEIGHTED;
    if (late & FL_SCALED) late |= FL_SCALED;
    return late;
}

/* ---- products in the loop ---------------------------------------------------------------------------------------- */

typedef double wide __attribute__((vector_size(LANES * sizeof(double))));

/* What a loop multiplies its outputs with */
typedef struct {
    const stored *weights; /* NULL: 1 each */
    int has_factor;
    wide factor;
#if FL_ARITH == 32
    vec leading, rest; /* the factor as a sum, so that products with it are rounded once; above 0, for infinities */
#endif
} multipliers;

INLINE multipliers multipliers_of(const fl_map_args *a, int late) {
    multipliers m = {
        .weights = late ? NULL : a->sample_weight,
        .has_factor = a->factor != 1 && !(late & FL_SCALED),
    };
    for (int l = 0; l < LANES; l++) m.factor[l] = a->factor;
#if FL_ARITH == 32
    uint64_t bits;
    double leading;
    memcpy(&bits, &a->factor, sizeof bits);
    bits &= ~(uint64_t)0 << (DBL_MANT_DIG - FLT_MANT_DIG);
    memcpy(&leading, &bits, sizeof leading);
    m.leading = v_set((real)leading), m.rest = v_set((real)(a->factor - leading + leading * 0x1p-60));
#endif
    return m;
}

/* x as it would be stored */
INLINE vec v_as_stored(vec x) {
#if FL_ARITH == 3264
    return v_widen(v_narrow(x));
#else
    return x;
#endif
}

/* x weight factor, in float64: the first product may leave the range of float32, and both are rounded once */
INLINE vec v_times_both(vec x, vec weight, const multipliers *m) {
    wide product = __builtin_convertvector(x, wide) * __builtin_convertvector(weight, wide) * m->factor;
    return __builtin_convertvector(product, vec);
}

INLINE vec v_times_factor(vec x, const multipliers *m) {
#if FL_ARITH == 32 && !defined(FL_NO_FMA)
    return v_fma(x, m->leading, x * m->rest);
#else
    return v_times_both(x, v_set(1), m);
#endif
}

/* The outputs of a vector of elements, times their weights; where one is 0, so are they */
INLINE void weigh(jet *j, int outputs, const stored *weights, const multipliers *m) {
    vec weight = v_load(weights);
    mask is_zero = v_eq(weight, v_set(0));
    UNROLL for (int k = 0; k < FL_OUTPUTS; k++) {
        if (!is_output(outputs & FL_WEIGHTED, k)) continue;
        vec x = v_as_stored(*jet_field(j, k));
        vec product = k != FL_OUTPUT_value && m->has_factor ? v_times_both(x, weight, m) : x * weight;
        *jet_field(j, k) = v_clear(is_zero, product);
    }
}

/* The derivatives of a vector of elements, times the factor */
INLINE void scale_derivatives(jet *j, int outputs, const multipliers *m) {
    UNROLL for (int k = 0; k < FL_OUTPUTS; k++) if (is_output(outputs & FL_SCALED, k)) * jet_field(j, k) =
        v_times_factor(v_as_stored(*jet_field(j, k)), m);
}

/* ---- after the loop ---------------------------------------------------------------------------------------------- */

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
    int late = late_outputs(a), products = late & (a->sample_weight ? FL_WEIGHTED : a->factor != 1 ? FL_SCALED : 0);
    for (int k = 0; late && k < FL_OUTPUTS; k++) {
        if (!a->out[k]) continue;
        if (a->shifted >> k & 1) shift(a->out[k], a->terms[k], a->term[k], n);
        if (products >> k & 1) multiply(a->out[k], a->sample_weight, k == FL_OUTPUT_value ? 1 : a->factor, n);
    }
}
