"""Outputs of a loss from functions of its user: of Python, which take arrays, or compiled, which take numbers."""

cimport numpy as np
from libc.stdint cimport uintptr_t
from libc.string cimport memcpy

from fastloss.core.buffers cimport Operand, close_operand, open_operand, read_block, read_difference
from fastloss.core.kernels cimport FL_OUTPUT_PARAM_GRAD, Part

from fastloss.core.kernels import OUTPUTS

np.import_array()

cdef extern from "scalars.h" nogil:
    enum:
        FL_MOST_ARGUMENTS

    ctypedef void (*fl_function "void (*)(void)")() noexcept nogil
    void fl_call_scalars(
        fl_function function, const double *x, const double *y, const double *parameters, int count, double *out, size_t n
    )

MOST_ARGUMENTS = FL_MOST_ARGUMENTS  # of a compiled function


cdef class Functions(Part):
    """The outputs of a call that functions compute: of the residual, or of pred and target."""

    cdef Operand pred, target
    cdef bint has_target, subtracts, is_of_residual, is_double
    cdef dict given                          # {name: number}, the parameters
    cdef double parameters[FL_MOST_ARGUMENTS]
    cdef int count                           # of the parameters
    cdef dict functions                      # {number of an output: function of Python}
    cdef uintptr_t compiled[FL_OUTPUT_PARAM_GRAD]
    cdef int wanted                          # mask of outputs

    def __init__(self, bint is_double, pred, target, parameters, functions, int outputs, bint is_of_residual,
                 bint subtracts):
        """`pred` and `target` as `Map` has them, `functions` as {output: function of arrays, or address of one of
        numbers}; those of arrays return one like the first. If it `subtracts`, both hold integers, whose exact
        difference is the residual."""
        self.is_double, self.wanted = is_double, outputs
        self.is_of_residual, self.subtracts = is_of_residual, subtracts
        self.given, self.count, self.functions = dict(parameters), len(parameters), {}
        for k, value in enumerate(parameters.values()):
            self.parameters[k] = value
        for output, function in functions.items():
            if type(function) is int:
                self.compiled[<int>OUTPUTS[output]] = function
            else:
                self.functions[OUTPUTS[output]] = function
        open_operand(&self.pred, pred[0], pred[1], is_double, False, pred[0].size)
        if target is not None:
            open_operand(&self.target, target[0], target[1], is_double, False, pred[0].size)
            self.has_target = True

    def __dealloc__(self):
        close_operand(&self.pred)
        close_operand(&self.target)

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept nogil:
        # pred (the residual), target and a result as doubles, the outputs, and what is read: of a difference 32 bytes
        return 8 * n * (3 + FL_OUTPUT_PARAM_GRAD) + 32 * n

    cdef int compute(self, Py_ssize_t start, Py_ssize_t n, char *scratch, void **out) except -1 nogil:
        cdef double *x = <double *>scratch
        cdef double *y = x + n
        cdef double *result = y + n
        cdef char *rest = <char *>(result + n * (1 + FL_OUTPUT_PARAM_GRAD))
        cdef const double *second = y if self.has_target and not self.is_of_residual else NULL
        cdef int k
        self.read(x, y, start, n, rest)
        for k in range(FL_OUTPUT_PARAM_GRAD):
            out[k] = <char *>(result + n * (k + 1))
            if self.wanted >> k & 1 and self.compiled[k]:
                fl_call_scalars(<fl_function>self.compiled[k], x, second, self.parameters, self.count, result, n)
                store(result, out[k], self.is_double, n)
        if self.functions:
            with gil:
                self.call(x, second, n, out)
        return 0

    cdef void read(self, double *x, double *y, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        """n elements of both arrays, or their difference in place of the first."""
        cdef Py_ssize_t i
        if self.subtracts:
            memcpy(x, read_difference(&self.pred, &self.target, start, n, scratch), 8 * n)
            return
        load(x, read_block(&self.pred, start, n, scratch), self.is_double, n)
        if self.has_target:
            load(y, read_block(&self.target, start, n, scratch), self.is_double, n)
        if self.has_target and self.is_of_residual:
            for i in range(n):
                x[i] -= y[i]

    cdef int call(self, const double *x, const double *y, Py_ssize_t n, void **out) except -1:
        """What the functions of Python return. Each has arrays of its own, which it may keep or change."""
        cdef int k
        for k, function in self.functions.items():
            if not self.wanted >> k & 1:
                continue
            arrays = [as_array(x, self.is_double, n)]
            if y != NULL:
                arrays.append(as_array(y, self.is_double, n))
            result = function(*arrays, **self.given)
            memcpy(out[k], np.PyArray_DATA(<np.ndarray?>result), n * (8 if self.is_double else 4))
        return 0


cdef np.ndarray as_array(const double *x, bint is_double, Py_ssize_t n):
    """A new array of the computing dtype."""
    cdef np.npy_intp length = n
    cdef np.ndarray array = np.PyArray_EMPTY(1, &length, np.NPY_DOUBLE if is_double else np.NPY_FLOAT, False)
    store(x, np.PyArray_DATA(array), is_double, n)
    return array


cdef void load(double *out, const void *x, bint is_double, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if is_double:
        memcpy(out, x, 8 * n)
    else:
        for i in range(n):
            out[i] = (<const float *>x)[i]


cdef void store(const double *x, void *out, bint is_double, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if is_double:
        memcpy(out, x, 8 * n)
    else:
        for i in range(n):
            (<float *>out)[i] = <float>x[i]
