/* The outputs of a loss for a vector of elements. Bodies are inlined into the loops: a field that a loop does not store
 * is not computed there. */
typedef struct {
#define OUTPUT(name, flags) vec name;
#include "outputs.def"
    vec param_grad[FL_MAX_PARAMS];
    mask needs_exact; /* lanes that a variant leaves to the body of its loss */
} jet;

/* The field of a jet by the number of its output */
INLINE vec *jet_field(jet *j, int k) {
#define OUTPUT(name, flags)                                                                                            \
    if (k == FL_OUTPUT_##name) return &j->name;
#include "outputs.def"
    return &j->param_grad[k - FL_OUTPUT_PARAM_GRAD];
}

/* Whether the field k of a jet is one of these outputs */
INLINE int is_output(int outputs, int k) { return outputs & (k < FL_OUTPUT_PARAM_GRAD ? 1 << k : FL_PARAM_GRAD); }

/* The jet with NaN in all fields of the lanes of the mask */
INLINE jet jet_undefined(mask m, jet j) {
    const vec none = v_set(NOT_A_NUMBER);
#define OUTPUT(name, flags) j.name = v_select(m, none, j.name);
#include "outputs.def"
    for (int k = 0; k < FL_MAX_PARAMS; k++) j.param_grad[k] = v_select(m, none, j.param_grad[k]);
    return j;
}
