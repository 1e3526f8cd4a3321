"""Blocks of strided arrays as contiguous buffers of the computing dtype, and back."""

from cpython.buffer cimport Py_buffer

cdef enum:
    MAX_DIMS = 64

cdef extern from "storage/storage.h" nogil:
    enum:
        FL_STORAGES
        FLOAT32 "FL_float32"
        FLOAT64 "FL_float64"

    ctypedef struct fl_storage_type:
        const char *name
        char code
        int is_exported

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
    bint direct                      # already contiguous in the computing dtype
    int ndim
    Py_ssize_t itemsize
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t strides[MAX_DIMS]

cdef int open_operand(Operand *op, object array, int storage, bint is_double, bint writable) except -1
cdef void close_operand(Operand *op) noexcept
cdef Py_ssize_t scratch_size(const Operand *op, Py_ssize_t n) noexcept nogil
cdef const void *read_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil
cdef void write_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, const void *values) noexcept nogil
cdef void copy_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *flat, bint store) noexcept nogil
cdef void swap_bytes(char *raw, Py_ssize_t itemsize, Py_ssize_t n) noexcept nogil
