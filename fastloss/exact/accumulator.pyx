# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Exact accumulation of floating-point values, their squares and weighted moments, in integers.

A value, widened to float64, is cut in two: the top bits (sign, exponent, seven leading mantissa
bits) choose a bucket, the 45 low mantissa bits and their square are added to that bucket's integer
sums. With the count, which stands for the leading bits, these give the exact sums of the values and
of their squares. Counts and sums are integers, so the state does not depend on the order of the
values, and two states merge by addition. `fastloss.exact.summary` turns the buckets into sums and
quantiles.

Subnormal float64 values are multiplied by 2**54, which is exact and makes them normal, and go to
buckets of their own: these are then as narrow, relative to their values, as all others.

Without groups each possible bucket has its place; pages that no value falls into are never touched and cost no memory.
float32 values, whose low mantissa bits are 16, first go to cells of two 64-bit numbers, which stay in the cache; the
buckets take these over before one can overflow. With groups the values of each wait until there are many, and go into
pages of buckets together, so that these are in the cache while they are needed (pages.pxi).

With weights there are six more sums, of products of both (moments.h), for each group, sign and pair of exponents
without their last three bits: a few for most data, 2**17 at most.
"""

from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, floor, isfinite, ldexp
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset

cimport cython

from fastloss.core.allocation cimport allocate, give_back

import numpy as np

from fastloss.core.allocation import empty

cdef extern from "environment.h" nogil:
    uint64_t fl_enter_floats()
    void fl_leave_floats(uint64_t before)

cdef extern from "moments.h" nogil:
    # Cython takes it for a type of 64 bits: it may be computed with, not made a Python number.
    ctypedef unsigned long long uint128 "fl_uint128"
    ctypedef struct Wide "fl_wide":
        uint128 low
        uint128 high
    ctypedef struct Sums "fl_moments":
        uint128 w
        uint128 ww
        uint128 wv
        Wide wvv
        Wide wwv
        Wide wwvv
        uint64_t ww_top
        uint64_t wv_top
        uint64_t wwvv_top
    ctypedef struct ShortSums "fl_short_moments":
        uint64_t w
    ctypedef struct TinySums "fl_tiny_moments":
        uint64_t w
    int FL_MOST_SHORT
    int FL_MOST_TINY
    void fl_add_moments(Sums* sums, uint64_t w, uint64_t v)
    void fl_add_short_moments(ShortSums* sums, uint64_t w, uint64_t v)
    void fl_merge_short_moments(Sums* sums, const ShortSums* other, int shift)
    void fl_add_tiny_moments(TinySums* sums, uint64_t w, uint64_t v)
    void fl_merge_tiny_moments(Sums* sums, const TinySums* other, int of_weights, int of_values)
    void fl_merge_moments(Sums* sums, const Sums* other)

cdef extern from *:
    void __builtin_prefetch(const void* at, int writes) noexcept nogil
    object _PyLong_FromByteArray(const unsigned char* bytes, size_t size, int little_endian, int is_signed)

cdef enum:
    MANTISSA_BITS = 52
    LEAD_BITS = 7           # of the mantissa, which belong to the bucket's index
    LOW_BITS = 45           # the other ones
    SUBNORMAL_SHIFT = 54
    INDEX_BITS = 20         # 1 (subnormal) + 1 (sign) + 11 (exponent) + 7 (leading mantissa)
    SUBNORMAL_FLAG = 1 << 19
    SIGN = 1 << 18
    PAIR_BITS = 17          # of the sign of a value, and the exponents of its weight and its own without the last bits
    DROPPED_BITS = 3        # those, by which a mantissa is multiplied instead
    FIRST_ROOM = 1 << 7
    SHORTS = 1 << 8         # sums of short weights at a time
    TINIES = 1 << 9         # and of those with short values
    CELL_BITS = 16          # the top bits of a float32: sign, exponent, seven leading mantissa bits; the others are low
    LINES = 1 << 9          # of cells: each of a sign and exponent
    CELL_SUM_BITS = 40      # of a cell's sum of low bits; its count is above
    CELL_VALUES = (1 << 64 - CELL_SUM_BITS) - 1
    AT_ONCE = 1 << 8        # values that are looked at together, in vectors
    FEW_STEPS = 1 << 12     # of `steps`, after which they may all be there
    NARROWED = 29           # bits by which the mantissa of a float32 is shorter
    REBIASED = 1023 - 127   # by which the exponent of a float64 is larger

# A value adds at most 90 bits to a sum: 128 bits hold the sums of 2**38 values, a terabyte of float32.
cdef struct Bucket:
    uint64_t tag            # the key, plus 1; 0 is an empty place
    int64_t count
    uint128 low             # sum of the low mantissa bits
    uint128 high            # sum of their squares

cdef struct Cell:
    uint64_t count_and_low  # count << CELL_SUM_BITS | sum of the low mantissa bits
    uint64_t high           # sum of their squares

cdef struct Group:
    int64_t nan
    int64_t left_out[2]     # numbers of rows with the mark 1, and 2
    int64_t infinite[2]     # numbers of values of inf and -inf with a weight
    double smallest
    double largest

ctypedef fused real:
    float
    double


cdef inline uint64_t bits_of(double value) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &value, sizeof(bits))
    return bits


cdef inline object whole(uint128 number):
    return _PyLong_FromByteArray(<const unsigned char*>&number, 16, 1, 0)


cdef int raise_no_memory() except -1 nogil:
    with gil:
        raise MemoryError


cdef inline uint64_t index_of(double value, uint64_t* low) noexcept nogil:
    """The index of a value's bucket; and its low mantissa bits."""
    cdef uint64_t bits = bits_of(value)
    cdef uint64_t magnitude = bits & ((<uint64_t>1 << 63) - 1)
    cdef uint64_t flag = 0
    # Whether the value is subnormal; zero, which is not, wraps to a huge number.
    if magnitude - 1 < ((<uint64_t>1 << MANTISSA_BITS) - 1):
        bits = bits_of(value * <double>(<uint64_t>1 << SUBNORMAL_SHIFT))
        flag = SUBNORMAL_FLAG
    low[0] = bits & ((<uint64_t>1 << LOW_BITS) - 1)
    return flag | bits >> LOW_BITS


include "content.pxi"
include "table.pxi"


cdef inline int put_value(Table table, double value) except -1 nogil:
    cdef uint64_t low, index = index_of(value, &low)
    return table.put(index, low, <uint128>low * low)


cdef inline uint64_t mantissa_of(uint64_t bits, uint64_t* exponent) noexcept nogil:
    """The integer m and the exponent e >= 0 for which the magnitude of a finite value is m * 2**(e - 1074)."""
    cdef uint64_t mantissa = bits & ((<uint64_t>1 << MANTISSA_BITS) - 1)
    exponent[0] = bits >> MANTISSA_BITS & 0x7FF
    if exponent[0] == 0:
        return mantissa
    exponent[0] -= 1
    return mantissa | <uint64_t>1 << MANTISSA_BITS


def wrong_weight(const double[::1] weights, const uint8_t[::1] left_out=None):
    """The row of the first weight that is negative, NaN or infinite, but for those marked; -1 if there is none."""
    cdef Py_ssize_t i
    cdef uint64_t bits = 0
    for i in range(weights.shape[0]):  # in vectors; the first bit is that of negative ones, and of exponents too large
        bits |= bits_of(weights[i]) | bits_of(weights[i]) + (<uint64_t>1 << MANTISSA_BITS)
    if bits >> 63:  # or it is -0
        for i in range(weights.shape[0]):
            if not 0 <= weights[i] <= DBL_MAX and (left_out is None or left_out[i] == 0):
                return i
    return -1


ctypedef fused code:
    int32_t
    int64_t


cdef int check_codes(const int32_t[::1] codes, Py_ssize_t possible) except -1:
    """That all are numbers below `possible`."""
    cdef Py_ssize_t i
    cdef int32_t limit = min(possible, <Py_ssize_t>INT32_MAX)
    cdef bint is_wrong = False
    for i in range(codes.shape[0]):  # without a branch, in vectors
        is_wrong |= (codes[i] < 0) | (codes[i] >= limit)
    if is_wrong:
        raise IndexError(f"a code is none of {possible}")
    return 0


def present(const int32_t[::1] codes, Py_ssize_t possible):
    """Which of the numbers below `possible` there are among codes, in order.

    Raises
    ------
    IndexError
        If one is none of these.
    """
    check_codes(codes, possible)
    return those_in(codes, possible)


cdef object those_in(const int32_t[::1] codes, Py_ssize_t possible):
    """`present`, of codes that are known to be below `possible`."""
    cdef Py_ssize_t size = codes.shape[0], i, looked_at = 0, end
    found = np.zeros(possible, np.uint8)
    cdef uint8_t[::1] is_there = found
    while looked_at < size and memchr(&is_there[0], 0, possible) != NULL:  # until all are there
        end = min(size, looked_at + max(possible, <Py_ssize_t>FEW_STEPS))
        for i in range(looked_at, end):
            is_there[codes[i]] = 1
        looked_at = end
    return np.flatnonzero(found)


def steps(const code[::1] values, code least, Py_ssize_t possible):
    """How far integers are above the least, of `possible` numbers; and which of these there are, in order.

    Raises
    ------
    IndexError
        If one is none of these.
    """
    cdef Py_ssize_t size = values.shape[0], i
    cdef uint64_t step
    cdef bint is_wrong = False
    found = empty(size, np.int32)
    cdef int32_t[::1] to = found
    cdef int32_t most = min(<int64_t>least + possible - 1, <int64_t>INT32_MAX) if code is int32_t else 0
    for i in range(size):  # without a branch, in vectors
        if code is int32_t:
            to[i] = <int32_t>(<uint32_t>values[i] - <uint32_t>least)
            is_wrong |= (values[i] < least) | (values[i] > most)
        else:
            step = <uint64_t>values[i] - <uint64_t>least
            to[i] = <int32_t>step
            is_wrong |= step >= <uint64_t>possible
    if is_wrong:
        raise IndexError(f"a code is none of {possible}")
    return found, those_in(to, possible)


include "cells.pxi"
include "pages.pxi"
include "moments.pxi"


@cython.final
cdef class Accumulator:
    """Counts, exact sums and bounds of streams of float32 or float64 values, one for each of a number of groups."""

    cdef Table values       # without groups
    cdef Pages pages        # with groups
    cdef Moments moments    # None as long as no value had a weight
    cdef Cells cells        # of float32 values without groups; None as long as there were none
    cdef Group* found
    cdef Py_ssize_t groups, room
    cdef bint grouped

    def __cinit__(self, bint grouped=False):
        self.grouped = grouped
        if grouped:
            self.pages = Pages()
        else:
            self.values = Table(INDEX_BITS)
        self.require(1)

    def __dealloc__(self):
        free(self.found)

    cdef require(self, Py_ssize_t groups):
        """Have room for so many groups."""
        cdef Group* found
        cdef Py_ssize_t i
        if groups > self.room:
            self.room = max(groups, 2 * self.room)
            found = <Group*>calloc(self.room, sizeof(Group))
            if found == NULL:
                raise MemoryError
            if self.found != NULL:
                memcpy(found, self.found, self.groups * sizeof(Group))
                free(self.found)
            self.found = found
        for i in range(self.groups, groups):
            self.found[i].smallest, self.found[i].largest = float("inf"), -float("inf")
        self.groups = max(groups, self.groups)
        if self.grouped:
            self.pages.require(self.groups)

    def add(self, const real[::1] values, const uint8_t[::1] left_out=None, const double[::1] weights=None,
            const int32_t[::1] codes=None, const int64_t[::1] numbers=None):
        """Add an array of values.

        Parameters
        ----------
        left_out : array of uint8, optional
            Values marked 1 or 2 are left out of the sums, and counted by mark; 0 marks the others.
        weights : array of float64, optional
            Finite and not negative.
        codes, numbers : array of int32, array of int64, optional
            The number of a value's group is `numbers` at its code; without codes there are no groups.

        Raises
        ------
        ValueError
            If an array has another length than `values`.
        IndexError
            If a code is no index of `numbers`, or a number is negative.
        """
        cdef Py_ssize_t size = values.shape[0], i
        for name, array in (("left_out", left_out), ("weights", weights), ("codes", codes)):
            if array is not None and len(array) != size:
                raise ValueError(f"{name} has {len(array)} elements, values has {size}")
        if (codes is not None) != self.grouped:
            raise ValueError("values have groups exactly where the accumulator is grouped")
        cdef bint are_codes = True  # whether each code is the number of its group
        if numbers is not None:
            for i in range(numbers.shape[0]):
                if numbers[i] < 0:
                    raise IndexError(f"a group has the number {numbers[i]}")
                self.require(numbers[i] + 1)
                are_codes &= numbers[i] == i
        if weights is not None and self.moments is None:
            self.moments = Moments(self.grouped)
        if size == 0:
            return
        cdef const uint8_t* mark = NULL
        cdef const double* weight = NULL
        cdef const int32_t* code = NULL
        cdef const int64_t* number = NULL
        cdef const int64_t* other = NULL  # number, where it is not the code
        if left_out is not None:
            mark = &left_out[0]
        if weights is not None:
            weight = &weights[0]
        if codes is not None:
            check_codes(codes, numbers.shape[0])
            code, number = &codes[0], &numbers[0]
            if not are_codes:
                other = number
        cdef bint has_cells = real is float and not self.grouped
        if has_cells and self.cells is None:
            self.cells = Cells()
        cdef uint64_t floats = fl_enter_floats()
        try:
            with nogil:
                if self.grouped:
                    self.pages.add(&values[0], mark, code, other, size, self.found)
                elif has_cells:
                    self.cells.add(<const float*>&values[0], mark, size, self.found, self.values)
                else:
                    self.put_all(&values[0], mark, size)
                if weight != NULL:
                    self.moments.add(&values[0], mark, weight, code, number, size, self.found)
        finally:
            fl_leave_floats(floats)

    cdef int put_all(self, const real* values, const uint8_t* mark, Py_ssize_t size) except -1 nogil:
        cdef Py_ssize_t i
        cdef double value
        cdef Group own = self.found[0]  # in registers
        for i in range(size):
            if mark != NULL and mark[i]:
                own.left_out[mark[i] - 1] += 1
                continue
            value = values[i]
            if value != value:
                own.nan += 1
                continue
            own.smallest = value if value < own.smallest else own.smallest
            own.largest = value if value > own.largest else own.largest
            put_value(self.values, value)
        self.found[0] = own
        return 0

    cdef int settle(self) except -1:
        """Have all values in buckets, and their bounds."""
        cdef Cells cells = self.cells
        if cells is not None:
            cells.empty_into(self.values)
            self.found[0].smallest = min(self.found[0].smallest, cells.smallest)
            self.found[0].largest = max(self.found[0].largest, cells.largest)
            cells.smallest, cells.largest = float("inf"), -float("inf")
        return 0

    def take(self, Accumulator other, const int64_t[::1] numbers):
        """Add everything that another accumulator, grouped if this is, has; it is as a new one then, and may be used
        on. `numbers` has the number here of each of its groups."""
        cdef Py_ssize_t i
        cdef Group* one
        cdef Group* own
        if numbers.shape[0] != other.groups:
            raise ValueError(f"numbers has {numbers.shape[0]} elements, there are {other.groups} groups")
        for i in range(other.groups):
            if numbers[i] < 0:
                raise IndexError(f"a group has the number {numbers[i]}")
            self.require(numbers[i] + 1)
        other.settle()
        if self.grouped:
            self.pages.take(other.pages, &numbers[0], other.groups, self.found)
        else:
            self.values.take(other.values)
        if other.moments is not None:
            if self.moments is None:
                self.moments = Moments(self.grouped)
            self.moments.take(other.moments, &numbers[0])
            other.moments = None
        for i in range(other.groups):
            one, own = other.found + i, self.found + numbers[i]
            own.nan += one.nan
            own.left_out[0] += one.left_out[0]
            own.left_out[1] += one.left_out[1]
            own.infinite[0] += one.infinite[0]
            own.infinite[1] += one.infinite[1]
            own.smallest, own.largest = min(own.smallest, one.smallest), max(own.largest, one.largest)
        memset(other.found, 0, other.groups * sizeof(Group))
        other.groups = 0
        other.require(1)

    def contents(self, shares=()):
        """Of each group (NaNs, rows of mark 1, of mark 2, smallest, largest, states, totals, sum of squares, means): the
        last four as in `Content`, of quantiles of these `shares`, which do not fall; without values the bounds are inf
        and -inf. In place of states there may be the values, and NaN, of which `states` makes them."""
        cdef Py_ssize_t i
        cdef Group one
        cdef Content content = Content(shares)
        cdef list found = []
        self.settle()
        if self.grouped:
            self.pages.arrange()
        for i in range(self.groups):
            one = self.found[i]
            of_group = self.pages.content(i, &one, content) if self.grouped else self.values.content(content)
            found.append((one.nan, one.left_out[0], one.left_out[1], one.smallest, one.largest, *of_group))
        if self.grouped:
            self.pages.free_arranged()
        return found

    def weighted(self):
        """Of each group (number of values of inf with a weight, of -inf, `Moments.of_groups`); None where no value had
        a weight."""
        if self.moments is None:
            return None
        infinite = [(self.found[i].infinite[0], self.found[i].infinite[1]) for i in range(self.groups)]
        return zip(infinite, self.moments.of_groups(self.groups), strict=True)


include "states.pxi"
