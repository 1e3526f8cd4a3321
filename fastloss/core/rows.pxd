"""The labels of rows, for every hot loop that has some."""

from libc.stdint cimport int64_t

from fastloss.core.buffers cimport Operand

cdef class Labels:
    cdef Operand operand
    cdef bint is_signed
    cdef bint has_ignored     # some int64 is the label of rows that do not count: `ignored`
    cdef bint may_be_ignored  # and it may be among these labels
    cdef int64_t ignored
    cdef Py_ssize_t size, classes

    cdef const int64_t *read(self, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil
    cdef bint counts(self, int64_t label) noexcept nogil
