"""The hot loop of losses that are made of others: the parts of a sum over each block while it stays in the cache.

The parts leave their outputs in scratch memory, in the computing dtype; csrc/sums.c adds their multiples and weighs the
sum. Blocks are those of single losses, so that any split over threads gives the same bits.
"""

from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport uint64_t

from fastloss.core.buffers cimport (
    FLOAT32, FLOAT64, Operand, close_operand, open_operand, read_block, scratch_size, write_block,
)
from fastloss.core.kernels cimport (
    FL_BLOCK, FL_OUTPUT_PARAM_GRAD, FL_OUTPUT_value, Part, current_sums, current_table, fl_enter_floats,
    fl_leave_floats, fl_multiples, fl_sum_kernels, fl_table, tree_sum,
)

from fastloss.core.kernels import UNWEIGHTED

cdef enum:
    STEP = 1024  # elements that go through the parts at once: what they read and write stays in the nearest cache

cdef int unweighted = UNWEIGHTED


cdef class Combination(Part):
    """A call of a sum of multiples of losses, prepared. It stands where a `Map` does."""

    cdef list held                      # the parts
    cdef void **parts
    cdef Py_ssize_t count               # of the parts
    cdef double *coefficients
    cdef Operand sample_weight
    cdef Operand outs[FL_OUTPUT_PARAM_GRAD]
    cdef bint stored[FL_OUTPUT_PARAM_GRAD]
    cdef int wanted                     # mask of outputs
    cdef bint is_double, has_sample_weight, keeps_sum
    cdef double factor
    cdef const fl_table *table
    cdef const fl_sum_kernels *sums
    cdef Py_ssize_t size, itemsize
    cdef Py_ssize_t room, step          # elements: of the blocks at once, and of those that go through the parts
    cdef readonly Py_ssize_t blocks
    cdef double *partials

    def __init__(self, parts, coefficients, Py_ssize_t size, bint is_double, sample_weight, outs, int outputs,
                 double factor, bint keeps_sum, Py_ssize_t blocks_at_once):
        """`parts` are `Part`s of calls that compute these `outputs`, a mask, and store none. The others are as `Map`
        has them. If more than one block goes through the parts at once, that is in one step."""
        cdef int k
        self.held, self.wanted, self.size, self.is_double = list(parts), outputs, size, is_double
        self.factor, self.keeps_sum, self.itemsize = factor, keeps_sum, 8 if is_double else 4
        self.room = min(blocks_at_once * FL_BLOCK, size)
        self.step = min(STEP, self.room) if blocks_at_once == 1 else self.room
        self.table, self.sums = current_table(is_double), current_sums(is_double)
        self.blocks = (size + FL_BLOCK - 1) // FL_BLOCK
        if sample_weight is not None:
            open_operand(&self.sample_weight, sample_weight[0], sample_weight[1], is_double, False, size)
            self.has_sample_weight = True
        for k, array in enumerate(outs):
            if array is not None:
                open_operand(&self.outs[k], array, FLOAT64 if is_double else FLOAT32, is_double, True, size)
                self.stored[k] = True
        self.count = len(self.held)
        self.parts = <void **>PyMem_RawCalloc(self.count, sizeof(void *))
        self.coefficients = <double *>PyMem_RawCalloc(self.count, sizeof(double))
        self.partials = <double *>PyMem_RawCalloc(self.blocks + 1, sizeof(double))
        if self.parts == NULL or self.coefficients == NULL or self.partials == NULL:
            raise MemoryError()
        for k, (part, coefficient) in enumerate(zip(self.held, coefficients)):
            self.parts[k], self.coefficients[k] = <void *>(<Part?>part), coefficient

    def __dealloc__(self):
        cdef int k
        close_operand(&self.sample_weight)
        for k in range(FL_OUTPUT_PARAM_GRAD):
            close_operand(&self.outs[k])
        PyMem_RawFree(self.parts)
        PyMem_RawFree(self.coefficients)
        PyMem_RawFree(self.partials)

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Py_ssize_t start = first * FL_BLOCK, end = min(last * FL_BLOCK, self.size)
        cdef void *out[FL_OUTPUT_PARAM_GRAD]
        cdef char *scratch = <char *>PyMem_RawMalloc(self.scratch_bytes(self.room))
        if scratch == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        try:
            with nogil:
                while start < end:
                    self.compute(start, min(self.room, end - start), scratch, out)
                    start += self.room
        finally:
            fl_leave_floats(floats)
            PyMem_RawFree(scratch)

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept nogil:
        # the outputs that are not stored as they are; where the parts' outputs are; what the sample weights and the
        # parts need
        return 8 * self.room * FL_OUTPUT_PARAM_GRAD + self.places_bytes() + self.left_of(self.count)

    cdef Py_ssize_t places_bytes(self) noexcept nogil:
        return self.count * FL_OUTPUT_PARAM_GRAD * sizeof(void *)

    cdef Py_ssize_t left_of(self, Py_ssize_t number) noexcept nogil:
        """The bytes of scratch memory left of a part's."""
        cdef Py_ssize_t bytes = scratch_size(&self.sample_weight, self.step) if self.has_sample_weight else 0
        cdef Py_ssize_t i
        for i in range(number):
            bytes += (<Part>self.parts[i]).scratch_bytes(self.step)
        return bytes

    cdef int compute(self, Py_ssize_t start, Py_ssize_t n, char *scratch, void **results) except -1 nogil:
        """n elements: `room`, or the last."""
        cdef char *out[FL_OUTPUT_PARAM_GRAD]
        cdef const void **places = <const void **>(scratch + 8 * self.room * FL_OUTPUT_PARAM_GRAD)
        cdef char *rest = <char *>places + self.places_bytes()
        cdef Py_ssize_t done = 0
        cdef int k
        for k in range(FL_OUTPUT_PARAM_GRAD):
            out[k] = scratch + 8 * self.room * k
            if self.stored[k] and self.outs[k].direct:
                out[k] = self.outs[k].data + start * self.itemsize
            results[k] = out[k]
        while done < n:
            self.add(start + done, min(self.step, n - done), out, places, rest)
            for k in range(FL_OUTPUT_PARAM_GRAD):
                out[k] += self.step * self.itemsize
            done += self.step
        for k in range(FL_OUTPUT_PARAM_GRAD):
            if self.stored[k] and not self.outs[k].direct:
                write_block(&self.outs[k], start, n, results[k])
        done = 0
        while done < n and self.keeps_sum:
            self.partials[(start + done) // FL_BLOCK] = self.table.sum(
                <char *>results[FL_OUTPUT_value] + done * self.itemsize, min(<Py_ssize_t>FL_BLOCK, n - done)
            )
            done += FL_BLOCK
        return 0

    cdef int add(self, Py_ssize_t start, Py_ssize_t n, char **out, const void **places, char *scratch) except -1 nogil:
        """One step: the parts, and the sums of their multiples."""
        cdef void *outputs[FL_OUTPUT_PARAM_GRAD]
        cdef const void *weight = NULL
        cdef fl_multiples multiples
        cdef Py_ssize_t i
        cdef int k
        if self.has_sample_weight:
            weight = read_block(&self.sample_weight, start, n, scratch)
        for i in range(self.count):
            (<Part>self.parts[i]).compute(start, n, scratch + self.left_of(i), outputs)
            for k in range(FL_OUTPUT_PARAM_GRAD):
                places[k * self.count + i] = outputs[k]
        multiples.terms, multiples.coefficients = self.count, self.coefficients
        for k in range(FL_OUTPUT_PARAM_GRAD):
            if self.wanted >> k & 1:
                multiples.outputs, multiples.sum = places + k * self.count, out[k]
                multiples.sample_weight, multiples.factor = weight, self.factor
                if unweighted >> k & 1:
                    multiples.sample_weight = NULL
                if unweighted >> k & 1 or k == FL_OUTPUT_value:
                    multiples.factor = 1.0
                self.sums.add(&multiples, n)
        return 0

    def total(self):
        """The sum of the values once all blocks have run; for a call that keeps_sum."""
        return tree_sum(self.partials, self.blocks)
