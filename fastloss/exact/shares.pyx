# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Exact sums of numbers from 0 to 1, by bins of equal width: of probabilities, and of what came true.

Most numbers are integers of 2**-62, and so is their sum, of 128 bits. Another one is a mantissa of 53 bits times
2**(e - 1074). It is added, shifted by the last bits of e, to the integer of 128 bits that stands for the other bits of e.
A sum of 2**42 numbers does not overflow, and needs no order.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

cimport cython

import numpy as np

cdef extern from *:
    """
    typedef unsigned __int128 fl_uint128;
    """
    ctypedef unsigned long long uint128 "fl_uint128"
    object _PyLong_FromByteArray(const unsigned char* bytes, size_t size, int little_endian, int is_signed)

cdef enum:
    MANTISSA_BITS = 52
    SHIFT_BITS = 5          # of an exponent, by which a mantissa is shifted
    PARTS = 1 << 10 - SHIFT_BITS
    UNITS = 1074            # of 2**-1074 in 1, the exponent of 2
    FIXED_UNITS = 62
    FIRST_OF_LARGE = PARTS - 2  # of the parts that there always are: of numbers of 2**-62 and above

cdef uint64_t ONE = <uint64_t>1023 << MANTISSA_BITS  # the bits of 1

cdef struct Sum:
    uint128 fixed           # of the numbers that are integers of 2**-FIXED_UNITS
    uint128 large[PARTS - FIRST_OF_LARGE]
    uint128* small          # NULL as long as there was no such number

cdef struct Bin:
    int64_t count
    int64_t ones            # numbers that came true as a whole, which are not in the sum
    Sum sums[2]             # of probabilities; of what came true


cdef inline int put(Sum* sum, double value) except -1 nogil:
    cdef uint64_t bits, exponent
    cdef double scaled = value * <double>(<int64_t>1 << FIXED_UNITS)
    cdef int64_t fixed = <int64_t>scaled
    if fixed and <double>fixed == scaled:
        sum.fixed += fixed
        return 0
    memcpy(&bits, &value, sizeof(bits))
    exponent = bits >> MANTISSA_BITS & 0x7FF
    bits &= (<uint64_t>1 << MANTISSA_BITS) - 1
    if exponent:
        exponent -= 1
        bits |= <uint64_t>1 << MANTISSA_BITS
    elif bits == 0:
        return 0
    part(sum, exponent >> SHIFT_BITS)[0] += <uint128>bits << (exponent & (1 << SHIFT_BITS) - 1)
    return 0


cdef inline uint128* part(Sum* sum, uint64_t number) except NULL nogil:
    if number >= FIRST_OF_LARGE:
        return sum.large + (number - FIRST_OF_LARGE)
    if sum.small == NULL:
        sum.small = <uint128*>calloc(FIRST_OF_LARGE, sizeof(uint128))
        if sum.small == NULL:
            with gil:
                raise MemoryError
    return sum.small + number


cdef int merge(Sum* sum, const Sum* other) except -1 nogil:
    cdef int i
    sum.fixed += other.fixed
    for i in range(PARTS - FIRST_OF_LARGE):
        sum.large[i] += other.large[i]
    if other.small != NULL:
        for i in range(FIRST_OF_LARGE):
            part(sum, i)[0] += other.small[i]
    return 0


cdef object total(const Sum* sum):
    """In units of 2**-1074."""
    cdef int i
    found = 0
    for i in range(PARTS - 1, -1, -1):
        found <<= 1 << SHIFT_BITS
        if i >= FIRST_OF_LARGE:
            found += whole(sum.large[i - FIRST_OF_LARGE])
        elif sum.small != NULL:
            found += whole(sum.small[i])
    return found + (whole(sum.fixed) << UNITS - FIXED_UNITS)


cdef inline object whole(uint128 number):
    return _PyLong_FromByteArray(<const unsigned char*>&number, sizeof(number), 1, 0)


ctypedef fused real:
    float
    double


def most_likely(const real[:, ::1] logits):
    """The first class of the largest logit of each row, of rows without NaN."""
    cdef Py_ssize_t rows = logits.shape[0], classes = logits.shape[1], i, k
    cdef int64_t at
    cdef real best
    found = np.empty(rows, np.int64)
    cdef int64_t[::1] tops = found
    with nogil:
        for i in range(rows):
            best, at = logits[i, 0], 0
            for k in range(1, classes):
                at = k if logits[i, k] > best else at
                best = logits[i, k] if logits[i, k] > best else best
            tops[i] = at
    return found


@cython.final
cdef class Shares:
    """Counts and sums of probabilities and of what came true, in a number of bins for each of a number of groups."""

    cdef Bin* places
    cdef Py_ssize_t bins, groups, room
    cdef const double[::1] edges

    def __cinit__(self, Py_ssize_t bins):
        self.bins = bins
        edges = np.arange(bins + 1) / bins
        edges[bins] = np.inf  # 1 is in the last bin
        self.edges = edges

    def __dealloc__(self):
        self.clear()
        free(self.places)

    cdef int require(self, Py_ssize_t groups) except -1:
        """Have room for so many groups."""
        cdef Py_ssize_t room = max(groups, 2 * self.room)
        cdef Bin* places
        if groups > self.room:
            places = <Bin*>realloc(self.places, room * self.bins * sizeof(Bin))
            if places == NULL:
                raise MemoryError
            self.places, self.room = places, room
        if groups > self.groups:
            memset(self.places + self.groups * self.bins, 0, (groups - self.groups) * self.bins * sizeof(Bin))
            self.groups = groups
        return 0

    cdef void clear(self) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(self.groups * self.bins):
            free(self.places[i].sums[0].small)
            free(self.places[i].sums[1].small)
        self.groups = 0

    def add(self, const real[::1] confidence, const real[::1] accuracy, const uint8_t[::1] counted=None,
            const int32_t[::1] codes=None, const int64_t[::1] numbers=None):
        """Add probabilities and what came true, where that is counted, to the bins of groups: the number of a row's is
        `numbers` at its code, and 0 without codes.

        Raises
        ------
        ValueError
            If an array has another length, or a number that counts is not from 0 to 1.
        IndexError
            If a code is no index of `numbers`, or a number is negative.
        """
        cdef Py_ssize_t size = confidence.shape[0], bins = self.bins, i, place
        cdef const double* edges = &self.edges[0]  # beside us: what is stored in bins might be our own fields
        cdef double p, true, scale = bins
        cdef uint64_t bits
        cdef Bin* bin
        cdef Bin* places
        cdef const uint8_t* mark = NULL
        for name, array in (("accuracy", accuracy), ("counted", counted), ("codes", codes)):
            if array is not None and len(array) != size:
                raise ValueError(f"{name} has {len(array)} elements, confidence has {size}")
        if numbers is None:
            self.require(1)
        else:
            for i in range(numbers.shape[0]):
                if numbers[i] < 0:
                    raise IndexError(f"a group has the number {numbers[i]}")
                self.require(numbers[i] + 1)
        places = self.places
        if counted is not None and size:
            mark = &counted[0]
        with nogil:
            for i in range(size):
                if mark != NULL and not mark[i]:
                    continue
                p, true = confidence[i], accuracy[i]
                if not (0 <= p <= 1 and 0 <= true <= 1):
                    with gil:
                        raise ValueError(f"row {i} has the probability {p}, of what came true {true}: not from 0 to 1")
                if codes is not None:
                    if not 0 <= codes[i] < numbers.shape[0]:
                        with gil:
                            raise IndexError(f"code {codes[i]} is none of {numbers.shape[0]}")
                    places = self.places + numbers[codes[i]] * bins
                place = min(<Py_ssize_t>(p * scale), bins - 1)
                if p < edges[place]:  # the product was rounded
                    place -= 1
                elif p >= edges[place + 1]:
                    place += 1
                bin = places + place
                bin.count += 1
                bin.ones += true == 1
                put(&bin.sums[0], p)
                memcpy(&bits, &true, sizeof(bits))
                if bits - 1 < ONE - 1:  # between 0 and 1, rarely: 0 wraps to a huge number
                    put(&bin.sums[1], true)

    def take(self, Shares other, const int64_t[::1] numbers):
        """Add everything that another one has, which is as a new one then; `numbers` has the numbers here of its
        groups."""
        cdef Py_ssize_t i, k
        cdef Bin* bin
        cdef Bin* own
        if numbers.shape[0] < other.groups:
            raise ValueError(f"numbers has {numbers.shape[0]} elements, there are {other.groups} groups")
        for i in range(other.groups):
            if numbers[i] < 0:
                raise IndexError(f"a group has the number {numbers[i]}")
            self.require(numbers[i] + 1)
            for k in range(self.bins):
                bin, own = other.places + i * self.bins + k, self.places + numbers[i] * self.bins + k
                own.count += bin.count
                own.ones += bin.ones
                merge(&own.sums[0], &bin.sums[0])
                merge(&own.sums[1], &bin.sums[1])
        other.clear()

    def contents(self, Py_ssize_t groups):
        """Of each of so many groups three tuples: of its bins the counts, the sums of probabilities and of what came
        true, in units of 2**-1074."""
        cdef Py_ssize_t i, k
        self.require(groups)
        for i in range(groups):
            counts, confidences, accuracies = [], [], []
            for k in range(i * self.bins, (i + 1) * self.bins):
                counts.append(self.places[k].count)
                confidences.append(total(&self.places[k].sums[0]))
                accuracies.append(total(&self.places[k].sums[1]) + (<object>self.places[k].ones << UNITS))
            yield tuple(counts), tuple(confidences), tuple(accuracies)
