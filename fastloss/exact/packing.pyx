# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Buckets of a summary in few bits, as records hold them: a tenth of their numbers as JSON.

In the order of their indices each is: the step from the index before, and the count, as Elias' gamma codes; the sum of
low bits, in as many bits as that of so many values may need, without those that are 0 in all sums (29, of float32).
Before them are, as gamma codes, how many there are and how many bits are left out, each plus 1; after them zeros up to a
whole byte. The text is base64 of the bytes.
"""

import binascii

import numpy as np

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

cimport cython

cdef extern from *:
    """
    typedef unsigned __int128 fl_uint128;
    """
    ctypedef unsigned long long uint128 "fl_uint128"
    int __builtin_clzll(unsigned long long number) nogil
    uint64_t bytes_swapped "__builtin_bswap64"(uint64_t number) nogil
    int trailing_zeros "__builtin_ctzll"(unsigned long long number) nogil

cdef enum:
    LOW_BITS = 45           # that a sum has of each value
    INDEX_BITS = 20
    WORD_BITS = 56          # that are written at a time, behind up to 7 of a byte
    FIRST_ROOM = 1 << 12


def packed(states):
    """The text of buckets, given by their states as `accumulator` has them: index, both halves of the sum, count."""
    cdef Py_buffer view
    PyObject_GetBuffer(states, &view, PyBUF_C_CONTIGUOUS)
    try:
        return packed_rows(<const uint64_t*>view.buf, view.len // (4 * sizeof(uint64_t)))
    finally:
        PyBuffer_Release(&view)


cdef str packed_rows(const uint64_t* states, Py_ssize_t size):
    cdef const uint64_t* state
    cdef uint64_t used = <uint64_t>1 << LOW_BITS
    cdef int64_t before = -1
    cdef Py_ssize_t i
    cdef int dropped
    cdef Bits bits = Bits()
    for i in range(size):
        used |= states[4 * i + 1]
    dropped = trailing_zeros(used)
    bits.put_gamma(size + 1)
    bits.put_gamma(dropped + 1)
    for i in range(size):
        state = states + 4 * i
        bits.put_gamma(state[0] - before)
        bits.put_gamma(state[3])
        bits.put((<uint128>state[2] << 64 | state[1]) >> dropped, LOW_BITS - dropped + length(state[3] - 1))
        before = state[0]
    return binascii.b2a_base64(bits.content(), newline=False).decode()


def unpacked(str text not None):
    """The states of the buckets of a text, by increasing index.

    Raises
    ------
    ValueError
        If it is none of buckets.
    """
    cdef Bits bits = Bits.of(binascii.a2b_base64(text, strict_mode=True))
    cdef uint64_t size = bits.gamma() - 1, dropped = bits.gamma() - 1
    cdef Py_buffer view
    if dropped > LOW_BITS or size > bits.room:
        raise damaged()
    states = np.empty((size, 4), np.uint64)
    PyObject_GetBuffer(states, &view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS)
    try:
        unpack_rows(bits, <uint64_t*>view.buf, size, dropped)
    finally:
        PyBuffer_Release(&view)
    bits.must_be_over()
    return states


cdef int unpack_rows(Bits bits, uint64_t* state, uint64_t size, int dropped) except -1:
    cdef uint64_t index = -1, count, i
    cdef uint128 low
    for i in range(size):
        index += bits.gamma()
        if index >> INDEX_BITS:
            raise damaged()
        count = bits.gamma()
        low = bits.get(LOW_BITS - dropped + length(count - 1)) << dropped
        state[0], state[1], state[2], state[3] = index, <uint64_t>low, <uint64_t>(low >> 64), count
        state += 4
    return 0


cdef inline int length(uint64_t number) noexcept nogil:
    """The number of bits of a number; 0 of 0."""
    return 64 - __builtin_clzll(number) if number else 0


cdef object damaged():
    return ValueError("the text of buckets is damaged")


@cython.final
cdef class Bits:
    """Bits that are written, and read, from the highest of a byte on."""

    cdef uint8_t* start
    cdef size_t at, room    # in bits

    def __dealloc__(self):
        free(self.start)

    @staticmethod
    cdef Bits of(bytes content):
        cdef Bits bits = Bits()
        bits.require(8 * len(content))
        memcpy(bits.start, <const uint8_t*>content, len(content))
        bits.room = 8 * len(content)
        return bits

    cdef bytes content(self):
        return self.start[: (self.at + 7) // 8]

    cdef int require(self, size_t more) except -1:
        """Have room for so many bits more, which are zeros."""
        cdef size_t room = self.at + more
        cdef uint8_t* start
        if room > self.room or self.start == NULL:
            room = 2 * room + FIRST_ROOM
            start = <uint8_t*>calloc(room // 8 + 1 + sizeof(uint64_t), 1)
            if start == NULL:
                raise MemoryError
            if self.start != NULL:
                memcpy(start, self.start, (self.at + 7) // 8)
                free(self.start)
            self.start, self.room = start, room
        return 0

    cdef int put(self, uint128 number, int width) except -1:
        """The lowest bits of a number below 2**width."""
        while width > WORD_BITS:
            width -= WORD_BITS
            self.put_word(<uint64_t>(number >> width) & ((<uint64_t>1 << WORD_BITS) - 1), WORD_BITS)
        return self.put_word(<uint64_t>number & ((<uint64_t>1 << width) - 1), width)

    cdef inline int put_word(self, uint64_t number, int width) except -1:
        """A number below 2**width, of a word at most."""
        cdef uint64_t word
        if width == 0:
            return 0
        if self.at + width > self.room:
            self.require(width)
        memcpy(&word, self.start + (self.at >> 3), sizeof(word))
        word |= bytes_swapped(number << (64 - (self.at & 7) - width))
        memcpy(self.start + (self.at >> 3), &word, sizeof(word))
        self.at += width
        return 0

    cdef int put_gamma(self, uint64_t number) except -1:
        """A positive number: a zero for each bit but the first, then the bits."""
        cdef int width = 2 * length(number) - 1
        return self.put_word(number, width) if width <= WORD_BITS else self.put(number, width)

    cdef uint128 get(self, int width) except? 0:
        cdef uint128 number = 0
        cdef int some
        if width > 128 or <size_t>width > self.room - self.at:
            raise damaged()
        while width:
            some = min(width, 8 - <int>(self.at & 7))
            width -= some
            number = number << some | (self.start[self.at >> 3] >> (8 - (self.at & 7) - some)) & ((1 << some) - 1)
            self.at += some
        return number

    cdef uint64_t gamma(self) except 0:
        cdef int zeros = 0
        while self.get(1) == 0:
            zeros += 1
            if zeros == 64:
                raise damaged()
        return <uint64_t>1 << zeros | <uint64_t>self.get(zeros)

    cdef int must_be_over(self) except -1:
        """Nothing but the zeros up to a whole byte comes."""
        if self.room - self.at > 7 or self.get(self.room - self.at):
            raise damaged()
        return 0
