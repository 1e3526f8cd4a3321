"""The losses for Cython: `cimport fastloss`, then `fastloss.fastloss_import()`. fastloss/include/fastloss.h says what
these are; fastloss.get_include() is the folder to compile with."""

from libc.stdint cimport int64_t

cdef extern from "fastloss.h" nogil:
    enum:
        FASTLOSS_VERSION
        FASTLOSS_OK, FASTLOSS_WRONG_VERSION, FASTLOSS_UNKNOWN_LOSS, FASTLOSS_WRONG_PARAMETER, FASTLOSS_WRONG_ARGUMENT
        FASTLOSS_MESSAGE, FASTLOSS_PARAMETERS
        FASTLOSS_FLOAT32, FASTLOSS_FLOAT64
        FASTLOSS_VALUE, FASTLOSS_GRAD, FASTLOSS_HESS, FASTLOSS_WEIGHT, FASTLOSS_OUTPUTS
        FASTLOSS_IGNORED

    ctypedef struct fastloss_loss:
        pass

    ctypedef struct fastloss_api:
        int version
        int (*find)(int version, fastloss_loss *loss, const char *name, int dtype, const double *parameters, int count,
                    char *message) noexcept nogil
        int (*elementwise)(const fastloss_loss *loss, const void *pred, const void *target, const void *sample_weight,
                           size_t n, void **outputs, char *message) noexcept nogil
        int (*rows)(const fastloss_loss *loss, const void *logits, const int64_t *labels, const void *target,
                    const void *sample_weight, size_t rows, size_t classes, void **outputs,
                    char *message) noexcept nogil
        double (*at)(double residual, void *loss) noexcept nogil

cdef extern from "fastloss.h":
    const fastloss_api *fastloss_import() except NULL
