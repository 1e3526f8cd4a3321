"""The hot loop of boosting: gradient and curvature of blocks of rows, with what becomes of them while they are in the
nearest cache: labels as signs before, weights and bounds after, and whether all gradients are finite."""

cimport numpy as np
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport uint64_t
from libc.string cimport memset

from fastloss.core.buffers cimport FLOAT32, FLOAT64, Operand, close_operand, open_operand, read_block, scratch_size
from fastloss.core.kernels cimport FL_OUTPUT_PARAM_GRAD, Map, Part, fl_enter_floats, fl_leave_floats, fl_map_args


np.import_array()

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    #if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    #define FOR_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
    #else
    #define FOR_EACH_MACHINE
    #endif
    #ifdef __clang__
    #define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
    #else
    #define INDEPENDENT _Pragma("GCC ivdep")
    #endif

    /* signs: 0 stands for -1; whether others than -1 and 1 are left. finish: gradient and curvature times `factor`, in
     * their places; whether all gradients are finite: a number minus itself is 0 where it is, else NaN. Of the curvature
     * become, too: WEIGHED, its product with the weight; BOUNDED, no less than `least` times the gradient's size;
     * CONSTANT, `least`, times the weight if there is one; SPREAD, the gradient's size over that of a residual, as if
     * none were below `least`. CURVED ones are themselves. All of these are in the cache. */
    enum { CURVED, WEIGHED, BOUNDED, CONSTANT, SPREAD };
    typedef struct {
        void *grad, *curvature;
        const void *weight, *pred, *target; /* weight may be NULL */
        double factor, least;
        int kind;
    } rows_to_finish;

    #define DEFINE_PASSES(real, bits)                                                                                \\
        FOR_EACH_MACHINE static int signs_##real(const real *labels, real *out, Py_ssize_t n) {                      \\
            const real plus = 1;                                                                                     \\
            bits others = 0, one;                                                                                    \\
            memcpy(&one, &plus, sizeof one);                                                                         \\
            one <<= 1; /* without its sign */                                                                        \\
            for (Py_ssize_t i = 0; i < n; i++) {                                                                     \\
                real sign = labels[i] == 0 ? -1 : labels[i];                                                         \\
                bits of;                                                                                             \\
                memcpy(&of, &sign, sizeof of);                                                                       \\
                others |= of << 1 ^ one;                                                                             \\
                out[i] = sign;                                                                                       \\
            }                                                                                                        \\
            return others != 0;                                                                                      \\
        }                                                                                                            \\
        static inline __attribute__((always_inline)) int finish_as_##real(                                           \\
            const rows_to_finish *rows, Py_ssize_t n, int kind, int is_weighted, int is_scaled                       \\
        ) {                                                                                                          \\
            const real factor = (real)rows->factor, least = (real)rows->least;                                       \\
            const real *weight = rows->weight, *pred = rows->pred, *target = rows->target;                           \\
            real *grad = rows->grad, *curvature = rows->curvature;                                                   \\
            bits found = 0;                                                                                          \\
            INDEPENDENT                                                                                              \\
            for (Py_ssize_t i = 0; i < n; i++) {                                                                     \\
                real g = grad[i], h, difference, size;                                                               \\
                if (is_scaled) grad[i] = g = g * factor;                                                             \\
                difference = g - g;                                                                                  \\
                bits of;                                                                                             \\
                memcpy(&of, &difference, sizeof of);                                                                 \\
                found |= of;                                                                                         \\
                if (kind == CURVED && !is_scaled) continue;                                                          \\
                size = g < 0 ? -g : g;                                                                               \\
                if (kind == CONSTANT) {                                                                              \\
                    h = is_weighted ? least * weight[i] : least;                                                     \\
                } else if (kind == SPREAD) {                                                                         \\
                    real residual = pred[i] - target[i], distance = residual < 0 ? -residual : residual;             \\
                    h = size / (distance < least ? least : distance);                                                \\
                } else {                                                                                             \\
                    h = is_scaled ? curvature[i] * factor : curvature[i];                                            \\
                }                                                                                                    \\
                if (kind == WEIGHED) { /* as bits, since compilers take no choice of a product into vectors */       \\
                    real product = h * weight[i];                                                                    \\
                    memcpy(&of, &product, sizeof of);                                                                \\
                    of &= -(bits)(weight[i] != 0);                                                                   \\
                    memcpy(&h, &of, sizeof h);                                                                       \\
                }                                                                                                    \\
                if (kind == BOUNDED) h = h < least * size ? least * size : h;                                        \\
                curvature[i] = h;                                                                                    \\
            }                                                                                                        \\
            return found << 1 == 0;                                                                                  \\
        }                                                                                                            \\
        static inline __attribute__((always_inline)) int finish_scaled_##real(                                       \\
            const rows_to_finish *rows, Py_ssize_t n, int is_scaled                                                  \\
        ) {                                                                                                          \\
            switch (rows->kind) {                                                                                    \\
            case CURVED: return finish_as_##real(rows, n, CURVED, 0, is_scaled);                                     \\
            case WEIGHED: return finish_as_##real(rows, n, WEIGHED, 1, is_scaled);                                   \\
            case BOUNDED: return finish_as_##real(rows, n, BOUNDED, 0, is_scaled);                                   \\
            case SPREAD: return finish_as_##real(rows, n, SPREAD, 0, is_scaled);                                     \\
            default:                                                                                                 \\
                if (rows->weight) return finish_as_##real(rows, n, CONSTANT, 1, is_scaled);                          \\
                return finish_as_##real(rows, n, CONSTANT, 0, is_scaled);                                            \\
            }                                                                                                        \\
        }                                                                                                            \\
        FOR_EACH_MACHINE static int finish_##real(const rows_to_finish *rows, Py_ssize_t n) {                        \\
            if (rows->factor == 1) return finish_scaled_##real(rows, n, 0); /* each is a loop without a branch */    \\
            return finish_scaled_##real(rows, n, 1);                                                                 \\
        }
    DEFINE_PASSES(float, uint32_t)
    DEFINE_PASSES(double, uint64_t)
    """
    enum:
        CURVED, WEIGHED, BOUNDED, CONSTANT, SPREAD
    ctypedef struct rows_to_finish:
        void *grad
        void *curvature
        const void *weight
        const void *pred
        const void *target
        double factor, least
        int kind
    bint signs_float(const float *, float *, Py_ssize_t) nogil
    bint signs_double(const double *, double *, Py_ssize_t) nogil
    bint finish_float(const rows_to_finish *, Py_ssize_t) nogil
    bint finish_double(const rows_to_finish *, Py_ssize_t) nogil

KINDS = {"curved": CURVED, "weighed": WEIGHED, "bounded": BOUNDED, "constant": CONSTANT, "spread": SPREAD}


def finish(np.ndarray grad, np.ndarray curvature, kind, double least):
    """Rows of logits, contiguous arrays of one floating dtype: what `kind` makes of them. Whether all gradients are
    finite."""
    cdef rows_to_finish rows
    memset(&rows, 0, sizeof(rows))
    rows.grad, rows.curvature = np.PyArray_DATA(grad), np.PyArray_DATA(curvature)
    rows.kind, rows.factor, rows.least = KINDS[kind], 1.0, least
    cdef Py_ssize_t n = np.PyArray_SIZE(grad)
    cdef bint is_double = np.PyArray_TYPE(grad) == np.NPY_DOUBLE, is_finite
    with nogil:
        is_finite = finish_double(&rows, n) if is_double else finish_float(&rows, n)
    return is_finite


cdef class Curvature:
    """Gradient and curvature of all rows, prepared."""

    cdef Part part
    cdef Operand pred, target, weight, grad, curvature
    cdef bint is_map, reads_signs, has_weight, is_double
    cdef rows_to_finish rows             # what all blocks have in common
    cdef Py_ssize_t size
    cdef readonly Py_ssize_t blocks, step
    cdef readonly bint is_finite, are_signs

    def __init__(self, Part part, bint is_double, pred, target, weight, grad, curvature, kind, double factor,
                 double least, Py_ssize_t step, bint reads_signs):
        """`part` stores outputs of a loss in `grad` and `curvature`, contiguous arrays of the computing dtype. Others
        are (array, storage), or None. `step` is how many rows are computed at once. If it `reads_signs`, the part is a
        `Map`, and its target holds labels that it is to read as signs."""
        cdef int storage = FLOAT64 if is_double else FLOAT32
        self.part, self.is_double, self.size, self.step = part, is_double, grad.size, step
        self.blocks = (self.size + step - 1) // step
        self.rows.kind, self.rows.factor, self.rows.least = KINDS[kind], factor, least
        self.is_finite = self.are_signs = True
        open_operand(&self.pred, pred[0], pred[1], is_double, False, self.size)
        open_operand(&self.target, target[0], target[1], is_double, False, self.size)
        self.is_map, self.reads_signs = isinstance(part, Map), reads_signs
        if weight is not None:
            open_operand(&self.weight, weight[0], weight[1], is_double, False, self.size)
            self.has_weight = self.rows.kind in (WEIGHED, CONSTANT)  # else the outputs have it
        open_operand(&self.grad, grad, storage, is_double, True, self.size)
        open_operand(&self.curvature, curvature, storage, is_double, True, self.size)

    def __dealloc__(self):
        close_operand(&self.pred)
        close_operand(&self.target)
        close_operand(&self.weight)
        close_operand(&self.grad)
        close_operand(&self.curvature)

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Py_ssize_t bytes = 8 * self.step + max(self.part.scratch_bytes(self.step), 3 * 16 * self.step), i
        cdef char *scratch = <char *>PyMem_RawMalloc(bytes)
        if scratch == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        try:
            with nogil:
                for i in range(first, last):
                    self.run_block(i * self.step, min(self.step, self.size - i * self.step), scratch)
        finally:
            fl_leave_floats(floats)
            PyMem_RawFree(scratch)

    cdef int run_block(self, Py_ssize_t start, Py_ssize_t n, char *scratch) except -1 nogil:
        cdef void *outputs[FL_OUTPUT_PARAM_GRAD]
        cdef rows_to_finish rows = self.rows
        cdef Py_ssize_t itemsize = 8 if self.is_double else 4
        rows.grad = self.grad.data + start * itemsize
        rows.curvature = self.curvature.data + start * itemsize
        if self.is_map:
            # signs in memory that is to be written anyway, or in the nearest cache
            rows.weight = self.compute_map(
                <Map>self.part, start, n, <char *>rows.curvature if rows.kind == CONSTANT else scratch, scratch + 8 * n
            )
        else:
            self.part.compute(start, n, scratch, outputs)
            if self.has_weight:
                rows.weight = read_block(&self.weight, start, n, scratch)
                scratch += scratch_size(&self.weight, n)
        if rows.kind == SPREAD:
            rows.pred = read_block(&self.pred, start, n, scratch)
            scratch += scratch_size(&self.pred, n)
            rows.target = read_block(&self.target, start, n, scratch)
        if not (finish_double(&rows, n) if self.is_double else finish_float(&rows, n)):
            self.is_finite = False
        return 0

    cdef const void *compute_map(
        self, Map part, Py_ssize_t start, Py_ssize_t n, char *signs, char *scratch
    ) noexcept nogil:
        """The sample weights, as the loss has read them; NULL if there are none."""
        cdef fl_map_args args
        cdef bint are_others
        part.read(start, n, scratch, &args)
        if self.reads_signs:
            if self.is_double:
                are_others = signs_double(<const double *>args.target, <double *>signs, n)
            else:
                are_others = signs_float(<const float *>args.target, <float *>signs, n)
            if are_others:
                self.are_signs = False
            args.target = signs
        part.chosen.table.map(part.chosen.loop, &args, n)
        return args.sample_weight
