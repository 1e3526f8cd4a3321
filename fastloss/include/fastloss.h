/* The losses of fastloss for C, C++ and Cython: blocks of numbers, without Python objects, from any thread, with or
 * without the lock of the interpreter. The results have the bits of the same call in Python.
 *
 *     #include <Python.h>
 *     #include <fastloss.h>                  // in the folder that fastloss.get_include() names
 *
 *     const fastloss_api *api = fastloss_import();                                  // once; NULL: a Python error is set
 *
 *     double parameters[] = {1.345};
 *     char message[FASTLOSS_MESSAGE];
 *     fastloss_loss huber;
 *     if (api->find(FASTLOSS_VERSION, &huber, "huber", FASTLOSS_FLOAT64, parameters, 1, message)) puts(message);
 *
 *     void *outputs[FASTLOSS_OUTPUTS] = {[FASTLOSS_VALUE] = value, [FASTLOSS_GRAD] = grad};
 *     if (api->elementwise(&huber, pred, target, NULL, n, outputs, message)) puts(message);
 *
 * A program without Python.h gets the same pointer from one that has Python: PyCapsule_GetPointer of fastloss.C_API.
 *
 * Each function returns FASTLOSS_OK, or one of the other codes and a text in `message`, and has then written nothing
 * else. `message` has room for FASTLOSS_MESSAGE bytes, or is NULL. */
#ifndef FASTLOSS_H
#define FASTLOSS_H

#include <stddef.h>
#include <stdint.h>

/* Of this file. A fastloss of a later version serves it, too; an earlier one says that it does not. */
#define FASTLOSS_VERSION 1
#define FASTLOSS_CAPSULE "fastloss.C_API"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    FASTLOSS_OK,
    FASTLOSS_WRONG_VERSION,   /* the header is newer than the fastloss that is installed */
    FASTLOSS_UNKNOWN_LOSS,    /* there is no such loss */
    FASTLOSS_WRONG_PARAMETER, /* too many or too few, or one outside its domain */
    FASTLOSS_WRONG_ARGUMENT   /* an array is missing or not for this loss, a label is no class */
};

enum { FASTLOSS_MESSAGE = 256, FASTLOSS_PARAMETERS = 8 };

/* What all arrays of a call hold */
enum { FASTLOSS_FLOAT32, FASTLOSS_FLOAT64 };

/* The outputs of a call, an array each; NULL: not wanted. The IRLS weight is of the losses of a residual. */
enum { FASTLOSS_VALUE, FASTLOSS_GRAD, FASTLOSS_HESS, FASTLOSS_WEIGHT, FASTLOSS_OUTPUTS };

/* The rows whose label this is are 0 and do not count, as in Python. */
enum { FASTLOSS_IGNORED = -100 };

/* A loss with its parameters, in the caller's memory. It may be copied, and read by many threads at once; its fields
 * are fastloss's own. */
typedef struct {
    int is_rowwise, number, dtype, count;
    double parameters[FASTLOSS_PARAMETERS];
} fastloss_loss;

typedef struct {
    int version; /* of the fastloss that is installed */

    /* The loss of that name, as fastloss.list_losses() has it (those of embeddings and robust_nll aside), with all its
     * parameters, in the order of fastloss.get(name).domains; of losses of rows without class_weight, ignore_index. */
    int (*find)(int version, fastloss_loss *loss, const char *name, int dtype, const double *parameters, int count,
                char *message);

    /* n elements of an elementwise loss. Without a target (NULL) the residual is pred; sample_weight may be NULL. An
     * output may be the array of pred or target itself, but not overlap it otherwise. */
    int (*elementwise)(const fastloss_loss *loss, const void *pred, const void *target, const void *sample_weight,
                       size_t n, void *const outputs[FASTLOSS_OUTPUTS], char *message);

    /* Rows of logits, one after the other: `labels`, one a row, or `target`, of the logits' shape (probabilities; or the
     * teacher's logits, beside which labels tell only which rows count); the other is NULL. The value is one a row, the
     * other outputs have the logits' shape. */
    int (*rows)(const fastloss_loss *loss, const void *logits, const int64_t *labels, const void *target,
                const void *sample_weight, size_t rows, size_t classes, void *const outputs[FASTLOSS_OUTPUTS],
                char *message);

    /* The value at one residual of a loss that was found for FASTLOSS_FLOAT64, with the signature that
     * scipy.LowLevelCallable takes beside user data; NaN where that is no loss of a residual. */
    double (*at)(double residual, void *loss);
} fastloss_api;

#ifdef Py_PYTHON_H
/* The functions; NULL, with an ImportError or AttributeError set, where fastloss is not installed or is too old. */
static inline const fastloss_api *fastloss_import(void) {
    const fastloss_api *api = (const fastloss_api *)PyCapsule_Import(FASTLOSS_CAPSULE, 0);
    if (api && api->version < FASTLOSS_VERSION) {
        PyErr_Format(PyExc_ImportError, "fastloss.h has version %d, and the fastloss that is installed version %d",
                     FASTLOSS_VERSION, api->version);
        return NULL;
    }
    return api;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
