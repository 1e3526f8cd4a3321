# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Where the new lines of CSV text are, and the quoted parts of its fields."""

import numpy as np

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr

cimport cython

cdef enum:
    QUOTE = 34
    NEW_LINE = 10
    RETURN = 13
    FIRST_ROOM = 1 << 10


def new_lines(text, Py_ssize_t start):
    """Where new lines are in text from `start` on: an array of integers."""
    cdef Py_buffer view
    cdef Places found = Places()
    PyObject_GetBuffer(text, &view, PyBUF_SIMPLE)
    try:
        add_new_lines(found, <const char*>view.buf, start, view.len)
    finally:
        PyBuffer_Release(&view)
    return found.array()


def quoted_parts(text, Py_ssize_t length, char separator):
    """Where the quoted parts of fields begin, and where they end, in the first `length` bytes of text.

    A part that is open ends behind the text.
    """
    cdef Py_buffer view
    cdef Places starts = Places(), ends = Places()
    PyObject_GetBuffer(text, &view, PyBUF_SIMPLE)
    try:
        add_parts(starts, ends, <const char*>view.buf, min(length, view.len), separator)
    finally:
        PyBuffer_Release(&view)
    return starts.array(), ends.array()


cdef int add_new_lines(Places found, const char* text, Py_ssize_t start, Py_ssize_t length) except -1:
    cdef Py_ssize_t at = next_of(text, start, length, NEW_LINE)
    while at < length:
        found.add(at)
        at = next_of(text, at + 1, length, NEW_LINE)
    return 0


cdef int add_parts(Places starts, Places ends, const char* text, Py_ssize_t length, char separator) except -1:
    cdef Py_ssize_t at = next_of(text, 0, length, QUOTE)
    while at < length:
        if at == 0 or text[at - 1] in (separator, NEW_LINE, RETURN):  # another one is in the middle of a field
            starts.add(at)
            at = next_of(text, at + 1, length, QUOTE)
            while at + 1 < length and text[at + 1] == QUOTE:  # the two of them mean a quote
                at = next_of(text, at + 2, length, QUOTE)
            ends.add(at + 1)
        at = next_of(text, at + 1, length, QUOTE)
    return 0


cdef inline Py_ssize_t next_of(const char* text, Py_ssize_t start, Py_ssize_t length, char mark) noexcept nogil:
    """Where the first mark from `start` on is; the length if there is none."""
    cdef const char* found
    if start >= length:
        return length
    found = <const char*>memchr(text + start, mark, length - start)
    return length if found == NULL else found - text


@cython.final
cdef class Places:
    """Integers, one after the other."""

    cdef int64_t* start
    cdef size_t used, room

    def __dealloc__(self):
        free(self.start)

    cdef inline int add(self, int64_t place) except -1:
        cdef int64_t* start
        if self.used == self.room:
            self.room = 2 * self.room + FIRST_ROOM
            start = <int64_t*>realloc(self.start, self.room * sizeof(int64_t))
            if start == NULL:
                raise MemoryError
            self.start = start
        self.start[self.used] = place
        self.used += 1
        return 0

    cdef array(self):
        return np.frombuffer((<char*>self.start)[: self.used * sizeof(int64_t)], np.int64)
