/* The interface to Cython: enumerations, arguments of kernels, one table per instruction set and arithmetic. */
#ifndef FL_API_H
#define FL_API_H

#include <stddef.h>
#include <stdint.h>

#define FL_BLOCK 4096   /* elements a kernel is given at a time; also the unit of the fixed-order sums */
#define FL_SUM_LANES 16 /* of a sum over a block, in float64: lane l adds the elements l, l + 16, ... */
#define FL_ALIGNMENT 64

/* The number of its arguments, strings: the domains of parameters, as losses.def and rows.def list them */
#define FL_COUNT(...) (sizeof((const char *[]){NULL, ##__VA_ARGS__}) / sizeof(char *) - 1)

/* ---- elementwise losses -------------------------------------------------------------------------------------- */

/* The largest number of parameters of a loss. A union is as large as its largest member, and here each loss has one of
 * a byte per parameter and one more, as no array may be empty. */
union fl_parameter_counts {
#define LOSS(name, family, arithmetic, traits, ...) char name[1 + FL_COUNT(__VA_ARGS__)];
#define SHIFTED(name, loss, traits, ...) char name[1 + FL_COUNT(__VA_ARGS__)];
#include "losses.def"
};
enum { FL_MAX_PARAMS = sizeof(union fl_parameter_counts) - 1 };

/* The number of each output of a kernel: those of outputs.def, then the derivative by each parameter */
enum {
#define OUTPUT(name, flags) FL_OUTPUT_##name,
#include "outputs.def"
    FL_OUTPUT_PARAM_GRAD,
    FL_OUTPUTS = FL_OUTPUT_PARAM_GRAD + FL_MAX_PARAMS
};
_Static_assert(FL_OUTPUTS < 32, "outputs are masks of 32 bits");

/* The same as masks. FL_PARAM_GRAD stands for the derivatives by all parameters, which are computed together. */
enum {
    FL_VALUE = 1 << FL_OUTPUT_value,
    FL_GRAD = 1 << FL_OUTPUT_grad,
    FL_HESS = 1 << FL_OUTPUT_hess,
    FL_WEIGHT = 1 << FL_OUTPUT_weight,
    FL_PARAM_GRAD = 1 << FL_OUTPUT_PARAM_GRAD
};

enum { FL_RESIDUAL_ONLY = 1, FL_UNWEIGHTED = 2 }; /* of an output: see outputs.def */

typedef struct {
    const char *name; /* NULL from FL_OUTPUT_PARAM_GRAD on */
    int flags;
} fl_output;

/* Traits, which drive the tests; and one for the loops: value and gradient of a NaN residual are NaN by themselves */
enum { FL_CONVEX = 1, FL_C1 = 2, FL_EVEN = 4, FL_BOUNDED = 8, FL_CARRIES_NAN = 16 };

enum {
#define FAMILY(name, public_name, has_target) FL_##name,
#include "families.def"
    FL_FAMILIES
};

typedef struct {
    const char *name;
    int has_target;
} fl_family;

enum {
#define LOSS(name, family, arithmetic, traits, ...) FL_KERNEL_##name,
#define VARIANT(loss, name, family, arithmetic, condition) FL_KERNEL_##name,
#define VARYING(loss, name, family, arithmetic) FL_KERNEL_##name,
#define PARAM_GRAD(loss, name, arithmetic) FL_KERNEL_##name,
#include "losses.def"
    FL_KERNELS
};

typedef struct {
    const char *name;
    int kernel, family, traits;
    const char *parameters[FL_MAX_PARAMS + 1]; /* "alpha any", "scale > 0", NULL */
} fl_loss;

/* The arguments of a kernel for one block. `target_mask` is the mask that an element's index into target is taken
 * through: ~0, or 0 where one vector of targets serves all elements. Outputs that are not wanted are NULL. Before they
 * are stored, first a term is added to them, then they are multiplied by the sample weights, and derivatives by the
 * factor; an element of weight 0 is 0. */
typedef struct {
    const void *pred, *target;
    size_t target_mask;
    const void *params[FL_MAX_PARAMS]; /* one value per element, for the loops FL_LOOP_VARY_*; NULL: the scalar */
    double scalars[FL_MAX_PARAMS];     /* one value for all elements */
    void *out[FL_OUTPUTS];
    int streams; /* mask of outputs stored past the caches: aligned ones; the caller ends with fl_end_streams() */
    int shifted; /* mask of outputs to which a term is added */
    const void *terms[FL_OUTPUTS]; /* one per element; NULL: the one of all elements */
    double term[FL_OUTPUTS];
    const void *sample_weight; /* NULL: 1 each */
    double factor;             /* 1 / total weight for the derivatives of a mean, else 1 */
} fl_map_args;

typedef void (*fl_map_kernel)(const fl_map_args *, size_t);

/* The sets of outputs that have a loop of their own: V value, G gradient, H second derivative, W weight. `ALL` stores
 * the outputs whose pointers are set; `VARY` takes parameters that differ between elements. */
enum {
    FL_LOOP_V,
    FL_LOOP_G,
    FL_LOOP_W,
    FL_LOOP_VG,
    FL_LOOP_GH,
    FL_LOOP_ALL,
    FL_LOOP_VARY_V,
    FL_LOOP_VARY_ALL,
    FL_LOOPS
};

/* ---- functions of one argument, for tests and sweeps ----------------------------------------------------------- */

enum {
#define FUNCTION(name) FL_FUNCTION_##name,
#include "functions.def"
    FL_FUNCTIONS
};

/* ---- rows of logits ------------------------------------------------------------------------------------------ */

#include "rows/api.h"

/* ---- tables -------------------------------------------------------------------------------------------------- */

enum {
#define ISA(name, has_fma, is_supported) FL_ISA_##name,
#include "isas.def"
    FL_ISAS
};
enum { FL_F32, FL_F64, FL_WIDE, FL_ARITHMETICS }; /* wide: float32 stored, float64 computed */

typedef struct {
    fl_map_kernel loops[FL_KERNELS][FL_LOOPS];                     /* NULL where another arithmetic has it */
    void (*map)(fl_map_kernel, const fl_map_args *, size_t);       /* any number of elements */
    double (*sum)(const void *, size_t);                           /* in FL_SUM_LANES lanes and a fixed tree */
    void (*functions[FL_FUNCTIONS])(const void *, void *, size_t); /* n a multiple of FL_ALIGNMENT bytes */
} fl_table;

extern const fl_output fl_outputs[FL_OUTPUTS];
extern const fl_family fl_families[FL_FAMILIES];
extern const fl_loss fl_losses[];
extern const int fl_losses_count;
extern const fl_row_loss fl_row_losses[];
extern const int fl_row_losses_count;
extern const char *const fl_isa_names[FL_ISAS];
extern const char *const fl_function_names[FL_FUNCTIONS];

int fl_isa_supported(int isa);
const fl_table *fl_get_table(int isa, int arithmetic);
const fl_row_kernels *fl_get_rows(int isa, int arithmetic); /* FL_F32 or FL_F64 */

/* The loop for the blocks of a call, and the table of the arithmetic that has it: float32 data may be computed wide. */
typedef struct {
    const fl_table *table;
    fl_map_kernel loop;
} fl_chosen;

fl_chosen fl_choose(int isa, int loss, int is_double, int outputs, const double *scalars /* NULL: varying */);
int fl_loop_for(int outputs, int varying);
int fl_has_param_grad(int loss);

void fl_end_streams(void); /* after it other threads see what was streamed */

#endif
