/* Prints a hash of the outputs of every kernel on one instruction set, a line each: a compiler for another processor
 * and its emulator are all it takes to compare the bits of two of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "distances/api.h"
#include "tiles/api.h"

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
    fl_map_args a = {.pred = x, .target = target, .target_mask = ~(size_t)0, .factor = 1};
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

/* A kernel of rows: a loss, or a function, with the settings of its parameters; targets of -1 are none */
static void row_kernel(const char *name, int kernel, int targets, int is_double, size_t classes,
                       const double *parameters) {
    static double logits[ROWS * MOST], target[ROWS * MOST], value[ROWS], elements[FL_ROW_ELEMENTS][ROWS * MOST];
    static double scale[ROWS + FL_ROW_PADDING];
    static int64_t labels[ROWS + FL_ROW_PADDING];
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
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        for (int l = 0; l < fl_row_losses_count; l++) {
            const fl_row_loss *of = fl_row_losses + l;
            const char *first = of->parameters[0] ? of->parameters[0] : "";
            int is_positive = strncmp(first, "temperature", 11) == 0 || strncmp(first, "k", 1) == 0;
            if (settings[i][0] == 0 && is_positive) continue;
            row_kernel(of->name, of->kernel, of->targets, is_double, classes, settings[i]);
        }
        if (settings[i][0] == 0) continue;
        row_kernel("hits", FL_ROW_hits, FL_LABELS, is_double, classes, settings[i]);
        row_kernel("own_probabilities", FL_ROW_own_probabilities, FL_LABELS, is_double, classes, settings[i]);
        row_kernel("probabilities", FL_ROW_probabilities, -1, is_double, classes, settings[i]);
        row_kernel("log_probabilities", FL_ROW_log_probabilities, -1, is_double, classes, settings[i]);
    }
}

/* ---- embeddings that are beside each other ---------------------------------------------------------------------- */

static void distances(int is_double) {
    enum { WIDTH = 45 };
    static const double settings[][FL_DISTANCE_PARAMETERS] = {
        {1, 2, 0}, {0.25, 2, 1}, {0.5, 1, 0}, {0.5, 3.25, 1}, {0.75, __builtin_inf(), 0}};
    static double x[FL_DISTANCE_ARRAYS][ROWS * WIDTH], grad[FL_DISTANCE_ARRAYS][ROWS * WIDTH], target[ROWS],
        value[ROWS];
    for (int l = 0; l < FL_DISTANCE_LOSSES; l++)
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
            fl_distances a = {.rows = ROWS, .width = WIDTH, .target = target, .factor = 0.25, .value = value};
            memset(value, 0, sizeof value);
            memcpy(a.parameters, settings[i], sizeof a.parameters);
            for (int r = 0; r < ROWS; r++) target[r] = r % 3 - (fl_distance_losses[l].target == FL_SIGN);
            for (int j = 0; j < FL_DISTANCE_ARRAYS; j++) {
                fill(x[j], ROWS * WIDTH, is_double, j == 1 && is_double ? 600 : 4);
                a.x[j] = x[j];
                a.grad[j] = grad[j];
            }
            fl_get_distances(isa, is_double)->losses[l](&a);
            report(fl_distance_losses[l].name, "value", 1, value, ROWS);
            for (size_t j = 0; j < FL_DISTANCE_ARRAYS; j++) /* the last is not written by all: zeros */
                report(fl_distance_losses[l].name, "grad", is_double, grad[j], ROWS * WIDTH);
        }
}

/* ---- logits that are products of embeddings --------------------------------------------------------------------- */

typedef struct {
    const char *numbers;
    size_t width, size;
} embeddings;

static const void *read_embeddings(const void *source, size_t row, size_t rows, size_t start, size_t n, size_t *stride,
                                   void *scratch) {
    const embeddings *of = source;
    (void)rows, (void)n, (void)scratch;
    *stride = of->width;
    return of->numbers + (row * of->width + start) * of->size;
}

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* A head: value, and derivatives by rows and columns, of one tile of rows and two of columns */
static void head(int is_double, int margin, int normalized, double smoothing, const double *parameters) {
    enum { COUNT = 75, WIDTH = 530, CLASSES = 300 };
    static double x[COUNT * WIDTH], w[CLASSES * WIDTH], dx[COUNT * WIDTH], dw[CLASSES * WIDTH], value[COUNT];
    static double scale[FL_TILE_ROWS + FL_ROW_PADDING];
    static int64_t labels[FL_TILE_ROWS];
    static _Alignas(64) char memory[1 << 23]; /* not every system has aligned_alloc */
    const fl_tile_kernels *kernels = fl_get_tiles(isa, is_double ? FL_F64 : FL_F32);
    const size_t size = is_double ? sizeof(double) : sizeof(float);
    const embeddings rows = {(char *)x, WIDTH, size}, classes = {(char *)w, WIDTH, size};
    const double limit = normalized ? 8 : __builtin_inf();
    fl_tiles t = {.width = WIDTH, .strip = 64, .rows_of_tile = 128, .kept = 2, .scale = 8, .limit = limit};
    char detail[64];
    fill(x, COUNT * WIDTH, is_double, 1);
    fill(w, CLASSES * WIDTH, is_double, 1);
    for (size_t i = 0; i < EDGES; i++) memset((char *)x + i * size, 0, size), memset((char *)w + i * size, 0, size);
    memcpy((char *)w + WIDTH * size, (char *)x + WIDTH * size, WIDTH * size); /* an aligned pair */
    memset(dx, 0, sizeof dx), memset(dw, 0, sizeof dw);
    t.x = (fl_vectors){&rows, read_embeddings, COUNT, COUNT, {dx, NULL}, normalized};
    t.w = (fl_vectors){&classes, read_embeddings, CLASSES, CLASSES, {dw, NULL}, normalized};
    t.smoothing = smoothing, t.margin = margin, t.factor = 0.25, t.value = value;
    memcpy(t.margin_parameters, parameters, sizeof t.margin_parameters);
    for (int i = 0; i < COUNT; i++) labels[i] = i * 7 % CLASSES, scale[i] = 1;
    labels[1] = 1;
    char *of_row = memory + aligned(kernels->logits_room(&t)), *scratch = of_row + aligned(kernels->row_room(&t));
    if (scratch + kernels->scratch_room(&t) > memory + sizeof memory) abort();
    fl_row_tile r = {{0, COUNT}, labels, scale, memory, of_row};
    kernels->reduce(&t, &r, scratch);
    kernels->differentiate(&t, &r, 0, 2, scratch);
    kernels->transfer(&t, &r, 0, 0, 2, scratch);
    kernels->finish(&t, &t.x, 0, COUNT, scratch);
    kernels->finish(&t, &t.w, 0, CLASSES, scratch);
    snprintf(detail, sizeof detail, "normalized=%d smoothing=%g", normalized, smoothing);
    report(fl_margin_names[margin], detail, is_double, value, COUNT);
    report(fl_margin_names[margin], detail, is_double, dx, COUNT * WIDTH);
    report(fl_margin_names[margin], detail, is_double, dw, CLASSES * WIDTH);
}

/* The parameters of margins are numbers, as a library's sines are its own. */
static void heads(int is_double) {
    static const double parameters[FL_MARGINS][FL_MARGIN_PARAMETERS] = {
        [FL_MARGIN_additive] = {0.35},
        [FL_MARGIN_multiplied] = {4, 0.5, 0.70710678118654757},
        [FL_MARGIN_angular] = {0.87758256189037276, 0.47942553860420301, 0.125, 0.2397127693021015, 1}};
    for (int margin = 0; margin < FL_MARGINS; margin++)
        for (int normalized = 0; normalized < 2; normalized++) {
            head(is_double, margin, normalized, 0, parameters[margin]);
            if (margin == FL_MARGIN_none) head(is_double, margin, normalized, 0.1, parameters[margin]);
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
        distances(is_double);
        heads(is_double);
    }
    return 0;
}
