/* The elementwise losses of a residual as the documentation's explorer calls them, which tools/explorer.py compiles to
 * WebAssembly: it writes parameters and residuals, calls evaluate(), and reads the outputs. */
#include "map.c"

#include "map/variants.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { MOST = 1024 }; /* residuals of a call */
static double parameters[FL_MAX_PARAMS], residuals[MOST], outputs[FL_OUTPUT_PARAM_GRAD][MOST];

EXPORT(parameters) double *get_parameters(void) { return parameters; }
EXPORT(residuals) double *get_residuals(void) { return residuals; }
EXPORT(outputs) double *get_outputs(void) { return outputs[0]; }
EXPORT(most) int get_most(void) { return MOST; }

/* The loops of the losses of a residual; the compiler drops the others. */
#define OF_RESIDUAL(...) __VA_ARGS__
#define OF_PAIR(...)
#define OF_FORM_(form) OF_##form
#define OF_FORM(form) OF_FORM_(form)
static const fl_map_kernel loops[FL_KERNELS] = {
#define LOSS(name, family, arithmetic, traits, ...)                                                                    \
    arithmetic(OF_FORM(FORM_##family)([FL_KERNEL_##name] = SCALAR_LOOP(name, all), ))
#define VARIANT(loss, name, family, arithmetic, condition)                                                             \
    arithmetic(OF_FORM(FORM_##family)([FL_KERNEL_##name] = SCALAR_LOOP(name, all), ))
#include "losses.def"
};

static const char *const names[FL_KERNELS] = {
#define LOSS(name, family, arithmetic, traits, ...) OF_FORM(FORM_##family)([FL_KERNEL_##name] = #name, )
#include "losses.def"
};

/* The name of a loss by its number; NULL where there is none. The numbers end at losses(). */
EXPORT(losses) int get_losses(void) { return FL_KERNELS; }
EXPORT(name) const char *get_name(int loss) { return names[loss]; }

/* value, grad, hess, weight of n residuals, MOST apart */
EXPORT(evaluate) void evaluate(int loss, int n) {
    static const double target[LANES];
    fl_map_args a = {.pred = residuals, .target = target, .factor = 1};
    for (int k = 0; k < FL_MAX_PARAMS; k++) a.scalars[k] = parameters[k];
    for (int k = 0; k < FL_OUTPUT_PARAM_GRAD; k++) a.out[k] = outputs[k];
    map(loops[scalar_kernel(loss, 0, 1, parameters)], &a, (size_t)n);
}
