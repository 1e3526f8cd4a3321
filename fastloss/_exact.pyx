# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Exact accumulation of floating-point values into integer buckets.

A value, widened to float64, is cut in two: the top bits (sign, exponent, seven leading mantissa
bits) choose a bucket, the 45 low mantissa bits are added to that bucket's integer sum. Counts and
sums are integers, so the state does not depend on the order of the values, and two states merge by
addition. `fastloss.scoring.summary` turns the buckets into sums and quantiles.

Subnormal float64 values are multiplied by 2**54, which is exact and makes them normal, and go to a
second half of the table, so that their buckets are as narrow as everyone else's.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
from posix.mman cimport MAP_ANONYMOUS, MAP_FAILED, MAP_NORESERVE, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap, munmap

cimport cython

cdef enum:
    MANTISSA_BITS = 52
    LOW_BITS = 45           # 52 less the seven leading bits that belong to the bucket's index
    SUBNORMAL_SHIFT = 54
    TABLE_BITS = 20         # 1 (subnormal) + 1 (sign) + 11 (exponent) + 7 (leading mantissa)
    SUBNORMAL_FLAG = 1 << 19
    RUN_BITS = 7            # buckets of one exponent
    RUNS = 1 << (20 - 7)

cdef struct Bucket:
    int64_t count
    uint64_t low            # sum of the low mantissa bits, modulo 2**64
    uint64_t high           # its carries

cdef size_t TABLE_BYTES = (<size_t>1 << TABLE_BITS) * sizeof(Bucket)

ctypedef fused real:
    float
    double


cdef inline uint64_t bits_of(double value) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &value, sizeof(bits))
    return bits


cdef inline void put(Bucket* table, uint8_t* runs, double value) noexcept nogil:
    cdef uint64_t bits = bits_of(value)
    cdef uint64_t magnitude = bits & ((<uint64_t>1 << 63) - 1)
    cdef uint32_t flag = 0
    # Wraps to a huge number at zero, which stays in the first half.
    if magnitude - 1 < ((<uint64_t>1 << MANTISSA_BITS) - 1):
        bits = bits_of(value * <double>(<uint64_t>1 << SUBNORMAL_SHIFT))
        flag = SUBNORMAL_FLAG
    cdef uint32_t index = flag | <uint32_t>(bits >> LOW_BITS)
    cdef Bucket* bucket = table + index
    runs[index >> RUN_BITS] = 1
    cdef uint64_t low = bits & ((<uint64_t>1 << LOW_BITS) - 1)
    bucket.count += 1
    bucket.low += low
    bucket.high += bucket.low < low


cdef int64_t put_all(
    Bucket* table, uint8_t* runs, const real* values, const uint8_t* skip, Py_ssize_t size, double* bounds
) noexcept nogil:
    """Add the values that are neither skipped nor NaN; widen `bounds`; return the number of NaN."""
    cdef double value, smallest = bounds[0], largest = bounds[1]
    cdef int64_t nan = 0
    cdef Py_ssize_t i
    for i in range(size):
        if skip != NULL and skip[i]:
            continue
        value = values[i]
        if value != value:
            nan += 1
            continue
        smallest = value if value < smallest else smallest
        largest = value if value > largest else largest
        put(table, runs, value)
    bounds[0] = smallest
    bounds[1] = largest
    return nan


@cython.final
cdef class Accumulator:
    """Counts, exact sums and bounds of a stream of float32 or float64 values.

    Attributes
    ----------
    nan : int
        Number of NaN values, which are in no bucket.
    min, max : float
        Bounds of the other values; inf and -inf while there are none.
    """

    cdef Bucket* table
    cdef uint8_t runs[RUNS]  # which runs of the table hold something
    cdef double bounds[2]
    cdef readonly int64_t nan

    def __cinit__(self):
        # Pages that no value falls into are never touched and cost no memory. Not calloc, which clears all of them when it
        # gets the memory of a table before.
        cdef void* memory = mmap(
            NULL, TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0
        )
        if memory == MAP_FAILED:
            raise MemoryError
        self.table = <Bucket*>memory
        self.bounds[0] = float("inf")
        self.bounds[1] = -float("inf")

    def __dealloc__(self):
        if self.table != NULL:
            munmap(self.table, TABLE_BYTES)

    @property
    def min(self):
        return self.bounds[0]

    @property
    def max(self):
        return self.bounds[1]

    def add(self, const real[::1] values, const uint8_t[::1] skip=None):
        """Add a contiguous array; where `skip` is not 0 the value is left out.

        Raises
        ------
        ValueError
            If `skip` has another length than `values`.
        """
        cdef Py_ssize_t size = values.shape[0]
        cdef const uint8_t* mask = NULL
        if skip is not None and skip.shape[0] != size:
            raise ValueError(f"skip has {skip.shape[0]} elements, values has {size}")
        if size == 0:
            return
        if skip is not None:
            mask = &skip[0]
        with nogil:
            self.nan += put_all(self.table, self.runs, &values[0], mask, size, self.bounds)

    def buckets(self):
        """The buckets that hold something: a list of (index, count, low sum), by index."""
        cdef Py_ssize_t run, index
        cdef Bucket* bucket
        found = []
        for run in range(RUNS):
            if not self.runs[run]:
                continue
            for index in range(run << RUN_BITS, (run + 1) << RUN_BITS):
                bucket = self.table + index
                if bucket.count:
                    found.append((index, bucket.count, (int(bucket.high) << 64) + bucket.low))
        return found
