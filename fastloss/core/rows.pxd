"""The labels of rows, for every hot loop that has some."""

from libc.stdint cimport int64_t

from fastloss.core.buffers cimport Operand

cdef class Labels:
    cdef Operand operand
    cdef char *kept           # integers of `width` bytes: classes, or -1
    cdef int width
    cdef bint may_be_ignored  # `ignored`, of the labels' type, may be among them: rows that do not count
    cdef int64_t ignored
    cdef Py_ssize_t size, classes

    cdef bint ignores_a_class(self) noexcept nogil
    cdef Py_ssize_t mark_ignored(self, int64_t *labels, Py_ssize_t n, bint *some_ignored) noexcept nogil
    cdef void keep(self, const int64_t *labels, Py_ssize_t start, Py_ssize_t n) noexcept nogil
    cdef void read(self, Py_ssize_t start, Py_ssize_t n, int64_t *labels) noexcept nogil

cdef Py_ssize_t rows_per_block(Py_ssize_t classes, int itemsize) noexcept nogil
