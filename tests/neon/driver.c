/* Prints a hash of the outputs of every kernel on one instruction set, a line each: a compiler for another processor
 * and its emulator are all it takes to compare the bits of two of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

enum { N = FL_BLOCK, EDGES = 16 };

static int isa;
static uint64_t state;

/* A linear congruential generator: needs no library. */
static uint32_t next(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* Doubles of both signs and of magnitudes 2^-range to 2^range; first those that formulas stumble over */
static void fill(void *out, size_t n, int is_double, int range) {
    const double edges[EDGES] = {0,   -0.0, 1,  -1,      2,        -2,       0.5,    -0.5,
                                 1e9, -1e9, 88, 1.34375, 0x1p-149, 0x1p-126, 1e-300, -__builtin_inf()};
    for (size_t i = 0; i < n; i++) {
        double fraction = next() * 0x1p-32; /* one call a statement: arguments have no order */
        double x = ldexp(1 + fraction, (int)(next() % (unsigned)(2 * range)) - range);
        x = i < EDGES ? edges[i] : next() % 2 ? x : -x;
        if (is_double)
            ((double *)out)[i] = x;
        else
            ((float *)out)[i] = (float)x;
    }
}

/* FNV-1a. Which NaN an operation makes is the processor's affair: all count as one. */
static uint64_t hash(const void *values, size_t n, int is_double) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++) {
        double x = is_double ? ((const double *)values)[i] : ((const float *)values)[i];
        uint64_t bits = 0x7ff8000000000000u;
        if (x == x) memcpy(&bits, &x, sizeof bits);
        for (int k = 0; k < 64; k += 8) h = (h ^ (bits >> k & 255)) * 1099511628211u;
    }
    return h;
}

static void report(const char *what, const char *detail, int is_double, const void *values, size_t n) {
    printf("%s %s %s %016llx\n", is_double ? "float64" : "float32", what, detail,
           (unsigned long long)hash(values, n, is_double));
}

static const fl_table *table_of(int is_double) { return fl_get_table(isa, is_double ? FL_F64 : FL_F32); }
static const fl_row_kernels *rows_of(int is_double) { return fl_get_rows(isa, is_double ? FL_F64 : FL_F32); }

/* ---- elementwise ---------------------------------------------------------------------------------------------- */

static void functions(int is_double) {
    static double x[N], out[N];
    for (int f = 0; f < FL_FUNCTIONS; f++) {
        fill(x, N, is_double, f == FL_FUNCTION_exp || f == FL_FUNCTION_expm1 ? 7 : 100);
        table_of(is_double)->functions[f](x, out, N);
        report(fl_function_names[f], "", is_double, out, N);
    }
}

/* A target of the family's domain */
static double inside(int family, double x) {
    if (family == FL_MARGIN) return x < 0 ? -1 : 1;
    if (family == FL_PROBABILITY) return fabs(x) / 16;
    return family >= FL_COUNT ? fabs(x) : x;
}

/* An odd number of elements, so that the tail is there too. Without scalars the parameters are one per element. */
static void loss(const fl_loss *of, const char *label, int is_double, const double *scalars, int outputs) {
    static double x[N], target[N], params[FL_MAX_PARAMS][N], out[FL_OUTPUTS][N];
    const size_t n = N - 3;
    fl_map_args a = {.pred = x, .target = target, .target_mask = ~(size_t)0};
    fill(x, N, is_double, 30);
    fill(target, N, is_double, 3);
    for (size_t i = EDGES; i < N; i++) /* the first stay: some are outside */
        if (is_double)
            target[i] = inside(of->family, target[i]);
        else
            ((float *)target)[i] = (float)inside(of->family, ((float *)target)[i]);
    for (int k = 0; k < FL_MAX_PARAMS; k++) {
        a.scalars[k] = scalars ? scalars[k] : 1;
        fill(params[k], N, is_double, 3);
        for (size_t i = 0; i < N; i++) /* positive, as scales are */
            if (is_double)
                params[k][i] = params[k][i] == 0 ? 1 : fabs(params[k][i]);
            else
                ((float *)params[k])[i] = ((float *)params[k])[i] == 0 ? 1 : fabsf(((float *)params[k])[i]);
        if (!scalars) a.params[k] = params[k];
    }
    for (int k = 0; k < FL_OUTPUTS; k++)
        if (outputs & (k < FL_OUTPUT_PARAM_GRAD ? 1 << k : FL_PARAM_GRAD)) a.out[k] = out[k];
    fl_chosen chosen = fl_choose(isa, of->kernel, is_double, outputs, scalars);
    chosen.table->map(chosen.loop, &a, n);
    for (int k = 0; k < FL_OUTPUTS; k++)
        if (a.out[k]) {
            char detail[64];
            snprintf(detail, sizeof detail, "%s outputs=%d output=%d", label, outputs, k);
            report(of->name, detail, is_double, out[k], n);
        }
    for (size_t k = 0; a.out[0] && k < 2; k++) {
        double sum = chosen.table->sum(out[0], n);
        report(of->name, "sum", 1, &sum, 1);
    }
}

static void losses(int is_double) {
    static const double alphas[] = {-__builtin_inf(), -2, -0.3, -1e-9, 0, 0.5, 1, 1.9, 2, 2.3, 5, __builtin_inf()};
    static const int outputs[] = {FL_VALUE,           FL_GRAD,           FL_WEIGHT,
                                  FL_VALUE | FL_GRAD, FL_GRAD | FL_HESS, FL_PARAM_GRAD - 1};
    for (int l = 0; l < fl_losses_count; l++) {
        const fl_loss *of = fl_losses + l;
        int shaped = of->parameters[0] && strncmp(of->parameters[0], "alpha", 5) == 0;
        for (size_t i = 0; i < (shaped ? sizeof alphas / sizeof *alphas : 1); i++) {
            const double scalars[FL_MAX_PARAMS] = {shaped ? alphas[i] : 1.345, 0.75, 8};
            char label[32];
            snprintf(label, sizeof label, "%g", scalars[0]);
            for (size_t k = 0; k < sizeof outputs / sizeof *outputs; k++)
                loss(of, label, is_double, scalars, outputs[k]);
        }
        loss(of, "varying", is_double, NULL, FL_VALUE);
        loss(of, "varying", is_double, NULL, FL_PARAM_GRAD - 1);
        if (fl_has_param_grad(of->kernel)) loss(of, "varying", is_double, NULL, FL_PARAM_GRAD);
    }
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

enum { ROWS = 37, MOST = 5000 };

/* A kernel of rows: a loss, or a function that has no target, with the settings of its parameters */
static void row_kernel(const char *name, int kernel, int targets, int is_double, size_t classes,
                       const double *parameters) {
    static double logits[ROWS * MOST], target[ROWS * MOST], value[ROWS], elements[FL_ROW_ELEMENTS][ROWS * MOST];
    static double scale[ROWS + FL_ROW_PADDING];
    static int64_t labels[ROWS];
    const fl_matrix shape = {NULL, classes, 1};
    fl_rows a = {.rows = ROWS, .classes = classes, .logits = shape, .target = shape, .scale = scale, .factor = 0.25};
    char detail[80];
    fill(logits, ROWS * classes, is_double, 4);
    fill(target, ROWS * classes, is_double, 4);
    for (size_t r = 0; r < ROWS; r++) {
        labels[r] = next() % classes;
        scale[r] = 1;
    }
    a.logits.data = logits;
    a.value = value;
    if (targets == FL_LOGITS) a.target.data = target;
    if (targets == FL_LABELS || targets == FL_LABELS_OR_PROBABILITIES) a.labels = labels;
    for (int k = 0; k < FL_ROW_PARAMETERS; k++) a.parameters[k] = parameters[k];
    for (int k = 0; k < FL_ROW_ELEMENTS; k++) {
        a.elements[k] = shape;
        a.elements[k].data = elements[k];
    }
    rows_of(is_double)->kernels[kernel](&a);
    snprintf(detail, sizeof detail, "classes=%zu parameters=%g,%g", classes, parameters[0], parameters[1]);
    report(name, detail, is_double, value, ROWS);
    for (int k = 0; k < FL_ROW_ELEMENTS; k++) {
        snprintf(detail, sizeof detail, "classes=%zu parameters=%g,%g elements=%d", classes, parameters[0],
                 parameters[1], k);
        report(name, detail, is_double, elements[k], ROWS * classes);
    }
}

static void rows(int is_double, size_t classes) {
    static const double settings[][FL_ROW_PARAMETERS] = {{1, 1}, {2, 0.7}, {0.1, 1}, {0.3, 2.5}, {0, 1}};
    const int functions[] = {FL_ROW_probabilities, FL_ROW_log_probabilities};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        for (int l = 0; l < fl_row_losses_count; l++) {
            const fl_row_loss *of = fl_row_losses + l;
            const char *first = of->parameters[0] ? of->parameters[0] : "";
            int is_positive = strncmp(first, "temperature", 11) == 0 || strncmp(first, "k", 1) == 0;
            if (settings[i][0] == 0 && is_positive) continue;
            row_kernel(of->name, of->kernel, of->targets, is_double, classes, settings[i]);
        }
        if (settings[i][0] == 0) continue;
        row_kernel("probabilities", functions[0], -1, is_double, classes, settings[i]);
        row_kernel("log_probabilities", functions[1], -1, is_double, classes, settings[i]);
    }
}

int main(int argc, char **argv) {
    for (isa = 0; isa < FL_ISAS; isa++)
        if (argc == 2 && strcmp(argv[1], fl_isa_names[isa]) == 0) break;
    if (isa == FL_ISAS || !fl_isa_supported(isa)) {
        fprintf(stderr, "usage: %s ISA, one that this machine runs\n", argv[0]);
        return 2;
    }
    static const size_t classes[] = {1, 2, 3, 10, 33, 129, 1000, 5000};
    for (int is_double = 0; is_double < 2; is_double++) {
        functions(is_double);
        losses(is_double);
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) rows(is_double, classes[i]);
    }
    return 0;
}
