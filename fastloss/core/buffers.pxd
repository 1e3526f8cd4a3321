"""Blocks of strided arrays as contiguous buffers of the computing dtype, and back."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport int64_t, uint64_t

cdef enum:
    MAX_DIMS = 64

cdef extern from "storage/storage.h" nogil:
    enum:
        FL_STORAGES
        FLOAT32 "FL_float32"
        FLOAT64 "FL_float64"
        INT8 "FL_int8"
        INT16 "FL_int16"
        INT32 "FL_int32"
        UINT16 "FL_uint16"
        UINT32 "FL_uint32"
        UINT64 "FL_uint64"

    ctypedef struct fl_storage_type:
        const char *name
        char code
        int is_exported
        size_t bytes

    const fl_storage_type fl_storage_types[]
    bint fl_can_read(int storage, bint as_double)
    void fl_widen(int storage, const void *x, bint as_double, void *out, size_t n)

# An array of any layout, seen as a flat sequence in C order.
cdef struct Operand:
    Py_buffer view
    bint held                        # `view` is to be released
    char *data
    int storage                      # the type of its elements: a number of csrc/storage/storage.def
    bint swapped                     # not this machine's byte order
    bint is_double                   # the computing dtype
    bint contiguous                  # and aligned, in this machine's byte order
    bint direct                      # and of the computing dtype already
    int ndim
    Py_ssize_t itemsize, size
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t strides[MAX_DIMS]

cdef int open_operand(
    Operand *op, object array, int storage, bint is_double, bint writable, Py_ssize_t size
) except -1
cdef int raise_resized() except -1
cdef int check_size(Py_ssize_t rows, Py_ssize_t width) except -1
cpdef size_t address(array) except? 0
cdef void close_operand(Operand *op) noexcept
cdef Py_ssize_t numbers_size(bint is_double, Py_ssize_t n) noexcept nogil
cdef Py_ssize_t scratch_size(const Operand *op, Py_ssize_t n) noexcept nogil
cdef const void *read_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil
cdef bint read_integers(
    const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch, uint64_t last
) noexcept nogil
cdef bint widen_integers(
    int storage, const void *raw, int64_t *out, Py_ssize_t n, uint64_t last
) noexcept nogil
cdef const void *read_difference(
    const Operand *pred, const Operand *target, Py_ssize_t start, Py_ssize_t n, char *scratch
) noexcept nogil
cdef void write_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, const void *values) noexcept nogil
cdef void copy_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *flat, bint store) noexcept nogil
