/* The losses as other compiled programs call them: arguments are checked here, the kernels are those of Python's calls. */
#include "capi.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "environment.h"

_Atomic int fl_current_isa = -1;

enum {
#define LOSS(name, family, arithmetic, traits, ...) LOSS_##name,
#define SHIFTED(name, loss, traits, ...) LOSS_##name,
#include "losses.def"
    LOSSES
};

/* The losses whose value has a term that Python computes: the loss of which they have the kernel */
static const char *const shifted[LOSSES + 1] = {
#define SHIFTED(name, loss, traits, ...) [LOSS_##name] = #loss,
#include "losses.def"
};

_Static_assert(FL_MAX_PARAMS <= (int)FASTLOSS_PARAMETERS && FL_ROW_PARAMETERS <= (int)FASTLOSS_PARAMETERS,
               "parameters have room in a fastloss_loss");
_Static_assert((int)FASTLOSS_WEIGHT + 1 == (int)FASTLOSS_OUTPUTS, "the weight is the last output");

static int failed(int code, char *message, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int failed(int code, char *message, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (message) vsnprintf(message, FASTLOSS_MESSAGE, format, arguments);
    va_end(arguments);
    return code;
}

/* ---- parameters ------------------------------------------------------------------------------------------------ */

static int number_of_parameters(const char *const *parameters) {
    int n = 0;
    while (parameters[n]) n++;
    return n;
}

/* A bound as losses.def has it, "0.5" or "+inf", or the name of another parameter. strtod has the locale's point. */
static double bound_of(const char *text, const char *const *names, const double *parameters) {
    double bound = 0, unit = 1;
    for (int k = 0; names[k]; k++)
        if (!strncmp(names[k], text, strlen(text)) && names[k][strlen(text)] == ' ') return parameters[k];
    if (!strcmp(text, "+inf")) return INFINITY;
    for (; *text >= '0' && *text <= '9'; text++) bound = 10 * bound + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++) bound += (unit /= 10) * (*text - '0');
    return bound;
}

static int compares(double value, const char *comparison, double bound) {
    if (!strcmp(comparison, ">")) return value > bound;
    if (!strcmp(comparison, ">=")) return value >= bound;
    if (!strcmp(comparison, "<")) return value < bound;
    if (!strcmp(comparison, "<=")) return value <= bound;
    return value == bound;
}

/* Whether parameter k is in its domain, "name > 0 and < 1", "name 0 or >= 1", "name integer >= 1": as domains.py does */
static int is_inside(const char *const *names, const double *parameters, int k) {
    char text[128], *rest = NULL, comparison[8] = "=";
    int holds = 1, any = 0, is_infinite_too = 0;
    double value = parameters[k];
    snprintf(text, sizeof text, "%s", names[k]);
    strtok_r(text, " ", &rest);
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        if (strchr("<>", *word)) {
            snprintf(comparison, sizeof comparison, "%s", word);
        } else if (!strcmp(word, "or")) {
            any |= holds, holds = 1;
        } else if (!strcmp(word, "any")) {
            is_infinite_too = 1;
        } else if (!strcmp(word, "integer")) {
            holds &= value == floor(value);
        } else if (strcmp(word, "and") && strcmp(word, "finite")) {
            double bound = bound_of(word, names, parameters);
            is_infinite_too |= bound == INFINITY;
            holds &= compares(value, comparison, bound);
            strcpy(comparison, "=");
        }
    }
    return (any || holds) && value == value && (is_infinite_too || fabs(value) <= DBL_MAX);
}

static int has_infinity(const char *domain) { return strstr(domain, " any") || strstr(domain, "+inf"); }

/* Rounded to float32; whether that neither overflows nor becomes 0, where infinity is not part of the domain */
static int narrow_parameter(double *value, const char *domain) {
    double size = fabs(*value);
    int fits = size == 0 || (0x1p-150 < size && size <= FLT_MAX) || has_infinity(domain);
    if (!strstr(domain, "integer")) *value = (double)(float)*value;
    return fits;
}

static int set_parameters(fastloss_loss *loss, const char *name, const char *const *names, const double *parameters,
                          int count, char *message) {
    const int n = number_of_parameters(names), wrong = FASTLOSS_WRONG_PARAMETER;
    if (count != n || (n && !parameters)) {
        char list[FASTLOSS_MESSAGE] = "";
        for (int k = 0; k < n; k++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", k ? "; " : ": ", names[k]);
        }
        return failed(wrong, message, "%s has %d parameters, got %d%s", name, n, parameters ? count : 0, list);
    }
    for (int k = 0; k < n; k++)
        if (!is_inside(names, parameters, k))
            return failed(wrong, message, "%s must be %s, got %g", name, names[k], parameters[k]);
    loss->count = n;
    for (int k = 0; k < n; k++) {
        loss->parameters[k] = parameters[k];
        if (loss->dtype == FASTLOSS_FLOAT32 && !narrow_parameter(loss->parameters + k, names[k]))
            return failed(wrong, message, "%s must be %s in float32, got %g", name, names[k], parameters[k]);
    }
    return FASTLOSS_OK;
}

/* ---- losses by name -------------------------------------------------------------------------------------------- */

static int find_elementwise(const char *name) {
    for (int k = 0; k < LOSSES; k++)
        if (!strcmp(fl_losses[k].name, name)) return k;
    return -1;
}

static int find_rowwise(const char *name) {
    for (int k = 0; k < fl_row_losses_count; k++)
        if (!strcmp(fl_row_losses[k].name, name)) return k;
    return -1;
}

static int find(int version, fastloss_loss *loss, const char *name, int dtype, const double *parameters, int count,
                char *message) {
    fastloss_loss found = {.dtype = dtype};
    int elementwise, code;
    if (version < 1 || version > FASTLOSS_VERSION)
        return failed(FASTLOSS_WRONG_VERSION, message, "fastloss.h has version %d, and this fastloss serves 1 to %d",
                      version, FASTLOSS_VERSION);
    if (!loss || !name) return failed(FASTLOSS_WRONG_ARGUMENT, message, "%s is NULL", loss ? "name" : "loss");
    if (dtype != FASTLOSS_FLOAT32 && dtype != FASTLOSS_FLOAT64)
        return failed(FASTLOSS_WRONG_ARGUMENT, message, "dtype must be FASTLOSS_FLOAT32 or FASTLOSS_FLOAT64, got %d",
                      dtype);
    elementwise = find_elementwise(name);
    found.is_rowwise = elementwise < 0;
    found.number = found.is_rowwise ? find_rowwise(name) : elementwise;
    if (found.number < 0)
        return failed(FASTLOSS_UNKNOWN_LOSS, message, "unknown loss '%.64s'; fastloss.list_losses() names all", name);
    if (!found.is_rowwise && shifted[found.number])
        return failed(FASTLOSS_UNKNOWN_LOSS, message,
                      "%s is not for C: its parameters' part needs Python; take %s, which has its derivatives", name,
                      shifted[found.number]);
    code = set_parameters(
        &found, name, found.is_rowwise ? fl_row_losses[found.number].parameters : fl_losses[found.number].parameters,
        parameters, count, message);
    if (!code) *loss = found;
    return code;
}

static int has_output(void *const *outputs) {
    for (int k = 0; outputs && k < FASTLOSS_OUTPUTS; k++)
        if (outputs[k]) return 1;
    return 0;
}

/* ---- elementwise losses ---------------------------------------------------------------------------------------- */

static const char zeros[FL_ALIGNMENT] __attribute__((aligned(FL_ALIGNMENT))); /* the target, where there is none */
static const int numbers[FASTLOSS_OUTPUTS] = {
    [FASTLOSS_VALUE] = FL_OUTPUT_value,
    [FASTLOSS_GRAD] = FL_OUTPUT_grad,
    [FASTLOSS_HESS] = FL_OUTPUT_hess,
    [FASTLOSS_WEIGHT] = FL_OUTPUT_weight,
};

static int is_residual(const fastloss_loss *loss) { return fl_losses[loss->number].family == FL_RESIDUAL; }
static int takes_target(const fastloss_loss *loss) { return fl_families[fl_losses[loss->number].family].has_target; }

static int is_elementwise(const fastloss_loss *loss) {
    return loss && !loss->is_rowwise && loss->number >= 0 && loss->number < LOSSES && loss->count <= FL_MAX_PARAMS;
}

static int elementwise(const fastloss_loss *loss, const void *pred, const void *target, const void *sample_weight,
                       size_t n, void *const *outputs, char *message) {
    const int wrong = FASTLOSS_WRONG_ARGUMENT;
    int mask = 0;
    if (!is_elementwise(loss)) return failed(wrong, message, "this is no elementwise loss that was found by name");
    const char *name = fl_losses[loss->number].name;
    if (!has_output(outputs)) return failed(wrong, message, "%s: outputs has no array", name);
    if (outputs[FASTLOSS_WEIGHT] && !is_residual(loss))
        return failed(wrong, message, "%s has no weight: it is not a function of a residual", name);
    if (target && !takes_target(loss)) return failed(wrong, message, "%s is a function of pred alone", name);
    if (n && !target && takes_target(loss) && !is_residual(loss))
        return failed(wrong, message, "%s requires a target", name);
    if (n && !pred) return failed(wrong, message, "%s: pred is NULL", name);
    if (!n) return FASTLOSS_OK;

    fl_map_args args = {.pred = pred, .target = target ? target : zeros, .target_mask = target ? ~(size_t)0 : 0};
    args.sample_weight = sample_weight, args.factor = 1;
    memcpy(args.scalars, loss->parameters, sizeof args.scalars);
    for (int k = 0; k < FASTLOSS_OUTPUTS; k++) {
        args.out[numbers[k]] = outputs[k];
        mask |= outputs[k] ? 1 << numbers[k] : 0;
    }
    const int is_double = loss->dtype == FASTLOSS_FLOAT64;
    fl_chosen chosen = fl_choose(fl_current_isa, fl_losses[loss->number].kernel, is_double, mask, args.scalars);
    uint64_t floats = fl_enter_floats();
    chosen.table->map(chosen.loop, &args, n);
    fl_leave_floats(floats);
    return FASTLOSS_OK;
}

/* ---- rows of logits -------------------------------------------------------------------------------------------- */

enum { ROWS = 256, ROW_BYTES = 1 << 17 }; /* of a block: at most, and of its logits, which stay in the cache */

static int check_rows(const fastloss_loss *loss, const void *logits, const int64_t *labels, const void *target,
                      size_t rows, size_t classes, void *const *outputs, char *message) {
    const int wrong = FASTLOSS_WRONG_ARGUMENT;
    if (!loss || !loss->is_rowwise || loss->number < 0 || loss->number >= fl_row_losses_count)
        return failed(wrong, message, "this is no loss of rows of logits that was found by name");
    const fl_row_loss *row_loss = fl_row_losses + loss->number;
    if (!has_output(outputs)) return failed(wrong, message, "%s: outputs has no array", row_loss->name);
    if (outputs[FASTLOSS_WEIGHT])
        return failed(wrong, message, "%s has no weight: it is not a function of a residual", row_loss->name);
    if (!classes) return failed(wrong, message, "%s: there must be one class at least", row_loss->name);
    if (rows && !logits) return failed(wrong, message, "%s: logits is NULL", row_loss->name);
    if (rows && !target && (!labels || row_loss->targets == FL_LOGITS))
        return failed(wrong, message, "%s requires %s", row_loss->name,
                      row_loss->targets == FL_LOGITS ? "a target, the teacher's logits" : "labels");
    if (target && (row_loss->targets == FL_LABELS || (labels && row_loss->targets != FL_LOGITS)))
        return failed(wrong, message, "%s takes labels%s", row_loss->name,
                      row_loss->targets == FL_LABELS ? "" : " or a target, not both");
    for (size_t i = 0; labels && i < rows; i++)
        if (labels[i] != FASTLOSS_IGNORED && (labels[i] < 0 || (uint64_t)labels[i] >= classes))
            return failed(wrong, message, "label %lld at row %zu is out of bounds for %zu classes",
                          (long long)labels[i], i, classes);
    return FASTLOSS_OK;
}

/* The labels of a block, and what multiplies its rows; whether that is anything but 1 */
static int fill_block(const fastloss_loss *loss, const int64_t *labels, const void *sample_weight, size_t start,
                      size_t rows, int64_t *block_labels, double *scale) {
    int is_scaled = sample_weight != NULL;
    for (size_t i = 0; i < rows; i++) {
        scale[i] = 1;
        if (sample_weight)
            scale[i] = loss->dtype == FASTLOSS_FLOAT64 ? ((const double *)sample_weight)[start + i]
                                                       : (double)((const float *)sample_weight)[start + i];
        block_labels[i] = labels ? labels[start + i] : 0;
        if (block_labels[i] == FASTLOSS_IGNORED) block_labels[i] = 0, scale[i] = 0, is_scaled = 1;
    }
    return is_scaled;
}

static fl_matrix matrix(const void *data, size_t first, size_t classes, size_t itemsize) {
    return (fl_matrix){data ? (char *)data + first * itemsize : NULL, classes, 1};
}

static int rows(const fastloss_loss *loss, const void *logits, const int64_t *labels, const void *target,
                const void *sample_weight, size_t rows, size_t classes, void *const *outputs, char *message) {
    int64_t block_labels[ROWS + FL_ROW_PADDING] = {0};
    double scale[ROWS + FL_ROW_PADDING] = {0};
    int code = check_rows(loss, logits, labels, target, rows, classes, outputs, message);
    if (code) return code;
    const int is_double = loss->dtype == FASTLOSS_FLOAT64;
    const size_t itemsize = is_double ? sizeof(double) : sizeof(float), most = ROW_BYTES / itemsize / classes;
    const size_t step = most >= ROWS ? ROWS : most > FL_ROW_PADDING ? most - most % FL_ROW_PADDING : most ? most : 1;
    const fl_row_kernels *kernels = fl_get_rows(fl_current_isa, is_double ? FL_F64 : FL_F32);
    uint64_t floats = fl_enter_floats();
    for (size_t start = 0; start < rows; start += step) {
        size_t n = rows - start < step ? rows - start : step, first = start * classes;
        int is_scaled = fill_block(loss, labels, sample_weight, start, n, block_labels, scale);
        fl_rows block = {.rows = n, .classes = classes, .factor = 1};
        block.logits = matrix(logits, first, classes, itemsize),
        block.target = matrix(target, first, classes, itemsize);
        block.labels = labels && !target ? block_labels : NULL;
        block.scale = is_scaled ? scale : NULL;
        memcpy(block.parameters, loss->parameters, sizeof block.parameters);
        block.value = outputs[FASTLOSS_VALUE] ? (char *)outputs[FASTLOSS_VALUE] + start * itemsize : NULL;
        block.elements[FL_ROW_GRAD] = matrix(outputs[FASTLOSS_GRAD], first, classes, itemsize);
        block.elements[FL_ROW_HESS] = matrix(outputs[FASTLOSS_HESS], first, classes, itemsize);
        kernels->kernels[fl_row_losses[loss->number].kernel](&block);
    }
    fl_leave_floats(floats);
    return FASTLOSS_OK;
}

/* ---- one element ----------------------------------------------------------------------------------------------- */

/* The value of a loss of float64 numbers. The loop that serves it is kept for the calls to come, which have mostly the
 * same parameters. */
static double value_of(const fastloss_loss *loss, double pred, double target) {
    static _Thread_local struct {
        fastloss_loss loss;
        int isa;
        fl_chosen chosen;
    } kept = {.loss = {.number = -1}};
    if (memcmp(loss, &kept.loss, sizeof *loss) || kept.isa != fl_current_isa) {
        kept.loss = *loss, kept.isa = fl_current_isa;
        kept.chosen = fl_choose(kept.isa, fl_losses[loss->number].kernel, 1, FL_VALUE, loss->parameters);
    }
    double value;
    fl_map_args args = {.pred = &pred, .target = &target, .target_mask = ~(size_t)0, .factor = 1};
    if (!takes_target(loss)) args.target = zeros, args.target_mask = 0;
    memcpy(args.scalars, loss->parameters, sizeof args.scalars);
    args.out[FL_OUTPUT_value] = &value;
    uint64_t floats = fl_enter_floats();
    kept.chosen.table->map(kept.chosen.loop, &args, 1);
    fl_leave_floats(floats);
    return value;
}

static double at(double residual, void *data) {
    const fastloss_loss *loss = data;
    if (!is_elementwise(loss) || loss->dtype != FASTLOSS_FLOAT64 || (takes_target(loss) && !is_residual(loss)))
        return NAN;
    return value_of(loss, residual, 0);
}

/* The value by a loss's number and its parameters: NaN where one is outside its domain. Those of the call before are
 * not checked again. */
static double checked_value(int number, double pred, double target, const double *parameters, size_t bytes) {
    static _Thread_local fastloss_loss kept = {.number = -1};
    if (number != kept.number || memcmp(parameters, kept.parameters, bytes)) {
        fastloss_loss loss = {.number = number, .dtype = FASTLOSS_FLOAT64};
        const char *const *names = fl_losses[number].parameters;
        if (set_parameters(&loss, "", names, parameters, number_of_parameters(names), NULL)) return NAN;
        kept = loss;
    }
    return value_of(&kept, pred, target);
}

/* <loss>_of_pred: double(pred, parameters...), which is the residual of a loss of one; <loss>_of_pair: double(pred,
 * target, parameters...) */
#define PARAMETERS_0
#define PARAMETERS_1 , double a
#define PARAMETERS_2 PARAMETERS_1, double b
#define PARAMETERS_3 PARAMETERS_2, double c
#define PARAMETERS_4 PARAMETERS_3, double d
#define VALUES_0 0
#define VALUES_1 a
#define VALUES_2 VALUES_1, b
#define VALUES_3 VALUES_2, c
#define VALUES_4 VALUES_3, d
#define NUMBER_OF(_, a, b, c, d, n, ...) n
#define DEFINE_FUNCTIONS(name, n)                                                                                      \
    static double name##_of_pred(double pred PARAMETERS_##n) {                                                         \
        const double parameters[] = {VALUES_##n};                                                                      \
        return checked_value(LOSS_##name, pred, 0, parameters, n * sizeof(double));                                    \
    }                                                                                                                  \
    static double name##_of_pair(double pred, double target PARAMETERS_##n) {                                          \
        const double parameters[] = {VALUES_##n};                                                                      \
        return checked_value(LOSS_##name, pred, target, parameters, n * sizeof(double));                               \
    }
#define DEFINE_FUNCTIONS_OF(name, n) DEFINE_FUNCTIONS(name, n)
#define LOSS(name, family, arithmetic, traits, ...)                                                                    \
    DEFINE_FUNCTIONS_OF(name, NUMBER_OF(_, ##__VA_ARGS__, 4, 3, 2, 1, 0))
#include "losses.def"

fl_function fl_scalar_function(int loss) {
    static const fl_function functions[LOSSES + 1][2] = {
#define LOSS(name, family, arithmetic, traits, ...)                                                                    \
    [LOSS_##name] = {(fl_function)name##_of_pred, (fl_function)name##_of_pair},
#include "losses.def"
    };
    int family = fl_losses[loss].family;
    return functions[loss][fl_families[family].has_target && family != FL_RESIDUAL];
}

const fastloss_api fl_api = {FASTLOSS_VERSION, find, elementwise, rows, at};
