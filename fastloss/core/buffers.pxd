"""Blocks of strided arrays as contiguous buffers of the computing dtype, and back."""

from cpython.buffer cimport Py_buffer

cdef enum:
    MAX_DIMS = 64

cdef enum Kind:
    FLOAT32, FLOAT64, FLOAT16, BFLOAT16

# An array of any layout, seen as a flat sequence in C order.
cdef struct Operand:
    Py_buffer view
    bint held                        # `view` is to be released
    char *data
    Kind kind
    bint swapped                     # foreign byte order
    bint is_double                   # the computing dtype
    bint direct                      # already contiguous in the computing dtype
    int ndim
    Py_ssize_t itemsize
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t strides[MAX_DIMS]

cdef int open_operand(Operand *op, object array, Kind kind, bint is_double, bint writable) except -1
cdef void close_operand(Operand *op) noexcept
cdef Py_ssize_t scratch_size(const Operand *op, Py_ssize_t n) noexcept nogil
cdef const void *read_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil
cdef void write_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, const void *values) noexcept nogil
cdef void copy_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *flat, bint store) noexcept nogil
cdef void swap_bytes(char *raw, Py_ssize_t itemsize, Py_ssize_t n) noexcept nogil
