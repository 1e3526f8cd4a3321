"""The hot loops of the elementwise losses: blocks of 4096 elements, without the GIL.

A call is one `Map`: it reads each block of every operand (in place where it can), runs the loss's loop over it, which
applies the sample weights, stores the outputs and keeps one float64 partial sum per block. Blocks are independent, so
that any split over threads gives the same bits; `run` takes a range of blocks, and threads.py decides which thread runs
which.
"""

from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport NAN
from libc.stdint cimport uint64_t
from libc.string cimport memset

from fastloss.core.buffers cimport (
    FLOAT32, FLOAT64, Operand, close_operand, open_operand, read_block, read_difference, scratch_size,
    write_block,
)

cdef extern from *:
    """
    #ifndef FL_BUILD_FLAGS
    #define FL_BUILD_FLAGS "unknown"
    #endif
    """
    const char *BUILD_FLAGS "FL_BUILD_FLAGS"

import os

TRAITS = {FL_CONVEX: "convex", FL_C1: "c1", FL_EVEN: "even", FL_BOUNDED: "bounded"}
TARGETS = {FL_LABELS: "labels", FL_LABELS_OR_PROBABILITIES: "labels or probabilities", FL_LOGITS: "logits"}
DISTANCE_TARGETS = {FL_NO_TARGET: "none", FL_FRACTION: "fraction", FL_SIGN: "sign", FL_LABEL: "label"}

# The outputs of csrc/outputs.def: {name: number}, and those that only a loss of a residual has. The derivatives by the
# parameters have the numbers after them; `PARAM_GRAD` is the mask of all those derivatives.
OUTPUTS = {fl_outputs[i].name.decode(): i for i in range(FL_OUTPUT_PARAM_GRAD)}
RESIDUAL_OUTPUTS = frozenset(name for name, i in OUTPUTS.items() if fl_outputs[i].flags & FL_RESIDUAL_ONLY)
UNWEIGHTED = sum(1 << i for i in OUTPUTS.values() if fl_outputs[i].flags & FL_UNWEIGHTED)  # a mask
PARAM_GRAD = FL_PARAM_GRAD
BLOCK = FL_BLOCK  # elements
MARGINS = {fl_margin_names[i].decode(): i for i in range(FL_MARGINS)}  # csrc/tiles/margins.def


# ---- instruction sets ---------------------------------------------------------------------------------------------

cdef extern from "capi.h" nogil:
    int fl_current_isa
    const char *FASTLOSS_CAPSULE
    enum:
        FASTLOSS_VERSION, FASTLOSS_FLOAT64, FASTLOSS_PARAMETERS
    ctypedef struct fastloss_loss:
        pass
    ctypedef struct fastloss_api:
        int (*find)(int, fastloss_loss *, const char *, int, const double *, int, char *)
        double (*at)(double, void *)
    const fastloss_api fl_api
    ctypedef void (*fl_function)()
    fl_function fl_scalar_function(int loss)


def isas():
    """The instruction sets that this machine can run, slowest first.

    >>> import fastloss as fl
    >>> fl.isa() in fl.isas()
    True
    """
    return tuple(fl_isa_names[i].decode() for i in range(FL_ISAS) if fl_isa_supported(i))


def isa():
    """The instruction set in use."""
    return fl_isa_names[fl_current_isa].decode()


def use_isa(name):
    """Use another instruction set, for the whole process.

    Parameters
    ----------
    name : str
        One of `isas()`. The environment variable FASTLOSS_ISA does the same at import.

    Raises
    ------
    ValueError
        If this machine, or its operating system, cannot run it.
    """
    global fl_current_isa
    for i in range(FL_ISAS):
        if fl_isa_supported(i) and fl_isa_names[i].decode() == name:
            fl_current_isa = i
            return
    raise ValueError(f"isa {name!r} is not available on this machine; choose one of {', '.join(isas())}")


use_isa(os.environ.get("FASTLOSS_ISA") or isas()[-1])


cdef const fl_table *current_table(bint is_double) noexcept nogil:
    return fl_get_table(fl_current_isa, FL_F64 if is_double else FL_F32)


cdef const fl_row_kernels *current_rows(bint is_double) noexcept nogil:
    return fl_get_rows(fl_current_isa, FL_F64 if is_double else FL_F32)


cdef fl_chosen chosen_loop(int loss, bint is_double, int outputs, const double *scalars) noexcept nogil:
    return fl_choose(fl_current_isa, loss, is_double, outputs, scalars)


cdef const fl_distance_kernels *current_distances(bint is_double) noexcept:
    return fl_get_distances(fl_current_isa, is_double)


cdef const fl_column_kernels *current_columns(bint is_double) noexcept:
    return fl_get_columns(fl_current_isa, FL_F64 if is_double else FL_F32)


cdef void end_streams() noexcept nogil:
    fl_end_streams()


cdef const fl_tile_kernels *current_tiles(bint is_double) noexcept:
    return fl_get_tiles(fl_current_isa, FL_F64 if is_double else FL_F32)


cdef const fl_sum_kernels *current_sums(bint is_double) noexcept nogil:
    return fl_get_sums(fl_current_isa, is_double)


def build_flags():
    """How the kernels were compiled."""
    return BUILD_FLAGS.decode()


include "registry.pxi"


# ---- maps ---------------------------------------------------------------------------------------------------------

cdef double tree_sum(double *partials, Py_ssize_t n) noexcept nogil:
    """The sum of n partials as a binary tree over neighbours, in place."""
    cdef Py_ssize_t i
    if n == 0:
        return 0.0
    cdef uint64_t floats = fl_enter_floats()
    while n > 1:
        for i in range(n // 2):
            partials[i] = partials[2 * i] + partials[2 * i + 1]
        if n % 2:
            partials[n // 2] = partials[n - 1]
        n = (n + 1) // 2
    fl_leave_floats(floats)
    return partials[0]


def are_standard_floats():
    """Whether this thread has the floating-point environment of the kernels."""
    return fl_are_standard_floats(fl_floats())


cdef class StandardFloats:
    """A block of Python in the floating-point environment of the kernels: `with StandardFloats():`."""

    cdef uint64_t before

    def __enter__(self):
        self.before = fl_enter_floats()

    def __exit__(self, *error):
        fl_leave_floats(self.before)


cpdef double mean_of(double total, double weight) noexcept nogil:
    """The total over the weight; NaN of no weight."""
    cdef uint64_t floats = fl_enter_floats()
    cdef double mean = total / weight if weight else NAN
    fl_leave_floats(floats)
    return mean


cdef class Part:
    """What computes the outputs of a loss for a run of elements, as a part of a call over several."""

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept nogil:
        return 0

    cdef int compute(self, Py_ssize_t start, Py_ssize_t n, char *scratch, void **out) except -1 nogil:
        """The outputs of n elements, in memory of the scratch; their places by number."""
        return 0


cdef class Map(Part):
    """A call of an elementwise loss, prepared: operands, outputs, the loop."""

    def __init__(self, int loss, bint is_double, pred, target, params, sample_weight, outs, int outputs,
                 double factor, bint keeps_sum, terms=(), bint subtracts=False):
        """`pred`, `target`, `sample_weight` and array parameters are (array, storage) of equal shape. `outs` lists the
        output arrays by number (None: not stored) and may end early; `outputs` is the mask of the outputs that are
        computed. `factor` multiplies all outputs but the value. `terms` lists what is added to each output before it
        is weighted: None, a number or (array, storage). If it `subtracts`, pred and target hold integers, and their
        exact difference is pred."""
        cdef int k
        self.is_double = is_double
        self.factor = factor
        self.keeps_sum = keeps_sum
        self.size = pred[0].size
        self.subtracts = subtracts
        open_operand(&self.pred, pred[0], pred[1], is_double, False, self.size)
        if target is not None:
            open_operand(&self.target, target[0], target[1], is_double, False, self.size)
            self.has_target = not subtracts
        if sample_weight is not None:
            open_operand(&self.sample_weight, sample_weight[0], sample_weight[1], is_double, False, self.size)
            self.has_sample_weight = True
        varying = False
        for k, value in enumerate(params):
            if isinstance(value, tuple):
                open_operand(&self.params[k], value[0], value[1], is_double, False, self.size)
                self.varies[k] = varying = True
            else:
                self.scalars[k] = value if is_double else <double><float>value
        for k in range(FL_OUTPUTS):
            if k < FL_OUTPUT_PARAM_GRAD:
                self.wanted[k] = (outputs >> k) & 1
            else:
                self.wanted[k] = (outputs & FL_PARAM_GRAD) != 0 and k - FL_OUTPUT_PARAM_GRAD < len(params)
        for k, array in enumerate(outs):
            if array is not None:
                open_operand(&self.outs[k], array, FLOAT64 if is_double else FLOAT32, is_double, True, self.size)
                self.stored[k] = True
        for k, value in enumerate(terms):
            if value is not None:
                self.shifted |= 1 << k
            if isinstance(value, tuple):
                open_operand(&self.terms[k], value[0], value[1], is_double, False, self.size)
                self.has_terms[k] = True
            elif value is not None:
                self.term[k] = value
        self.chosen = fl_choose(fl_current_isa, loss, is_double, outputs, NULL if varying else self.scalars)
        self.cut()
        if keeps_sum:
            self.partials = <double *>PyMem_RawCalloc(self.blocks + 1, sizeof(double))
            if self.partials == NULL:
                raise MemoryError()

    def __dealloc__(self):
        cdef int k
        close_operand(&self.pred)
        close_operand(&self.target)
        close_operand(&self.sample_weight)
        for k in range(FL_MAX_PARAMS):
            close_operand(&self.params[k])
        for k in range(FL_OUTPUTS):
            close_operand(&self.outs[k])
            close_operand(&self.terms[k])
        PyMem_RawFree(self.partials)

    cdef void cut(self) noexcept:
        """Cut the elements into blocks. In a large call the first output that may be is streamed: one, since of several
        most losses take up to three times as long on AMD's Zen 3. The first block is then so short that it is aligned
        in all others, but not where a sum is kept, which is one of whole blocks."""
        cdef Py_ssize_t itemsize = 8 if self.is_double else 4
        cdef Py_ssize_t bytes = self.size * itemsize * (1 + self.has_target + self.has_sample_weight)
        cdef Py_ssize_t place
        cdef bint are_multiplied = self.shifted and (self.has_sample_weight or self.factor != 1)  # after the loop
        cdef int k
        for k in range(FL_OUTPUTS):
            if self.wanted[k]:
                bytes += self.size * itemsize
        self.streams, self.head = 0, FL_BLOCK
        for k in range(FL_OUTPUTS if bytes > STREAMED_BYTES and not are_multiplied else 0):
            place = <Py_ssize_t>(<size_t>self.outs[k].data % FL_ALIGNMENT)
            if may_be_streamed(self, k) and place % itemsize == 0 and not (place and self.keeps_sum):
                self.streams = 1 << k
                if place:
                    self.head = (FL_ALIGNMENT - place) // itemsize
                break
        self.blocks = 0 if self.size == 0 else 1 + max(0, self.size - self.head + FL_BLOCK - 1) // FL_BLOCK

    cdef bint delays_loads(self, const char *out) noexcept nogil:
        """Whether a store there has the last 12 bits of a load that follows soon: the load then waits for the store,
        which for one past the caches is until memory has it (AMD's Zen 3: 14 times as long for two outputs)."""
        return (
            follows_closely(out, &self.pred) or self.has_target and follows_closely(out, &self.target)
            or self.has_sample_weight and follows_closely(out, &self.sample_weight)
        )

    cdef Py_ssize_t start(self, Py_ssize_t index) noexcept nogil:
        """The first element of a block."""
        return 0 if index == 0 else min(self.head + (index - 1) * FL_BLOCK, self.size)

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Py_ssize_t block = FL_BLOCK if self.size > FL_BLOCK else self.size
        cdef Py_ssize_t bytes = self.scratch_bytes(block), i
        cdef char *allocated = NULL
        cdef char *scratch = NULL
        if bytes:
            allocated = <char *>PyMem_RawMalloc(bytes + FL_PAGE)
            if allocated == NULL:
                raise MemoryError()
            scratch = half_a_page_from(self.pred.data, allocated)
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for i in range(first, last):
                self.run_block(i, scratch)
            if self.streams:
                fl_end_streams()
        fl_leave_floats(floats)
        PyMem_RawFree(allocated)

    def total(self):
        """The sum of the values once all blocks have run; for a call that keeps_sum."""
        return tree_sum(self.partials, self.blocks)

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t bytes = 32 * n if self.subtracts else scratch_size(&self.pred, n)
        cdef int k
        if self.has_target:
            bytes += scratch_size(&self.target, n)
        if self.has_sample_weight:
            bytes += scratch_size(&self.sample_weight, n)
        for k in range(FL_MAX_PARAMS):
            if self.varies[k]:
                bytes += scratch_size(&self.params[k], n)
        for k in range(FL_OUTPUTS):
            if self.wanted[k] and not (self.stored[k] and self.outs[k].direct):
                bytes += n * 8
            if self.has_terms[k]:
                bytes += scratch_size(&self.terms[k], n)
        return bytes

    cdef void run_block(self, Py_ssize_t index, char *scratch) noexcept nogil:
        cdef Py_ssize_t start = self.start(index), n = self.start(index + 1) - start
        cdef fl_map_args args
        cdef int k
        self.read(start, n, scratch, &args)
        args.streams = self.streams if index > 0 or self.head == FL_BLOCK else 0
        self.chosen.table.map(self.chosen.loop, &args, n)
        if self.keeps_sum:  # after the loop, in which the sums would take registers from the loss
            self.partials[index] = self.chosen.table.sum(args.out[FL_OUTPUT_value], n)
        for k in range(FL_OUTPUTS):
            if self.stored[k] and not self.outs[k].direct:
                write_block(&self.outs[k], start, n, args.out[k])

    cdef int compute(self, Py_ssize_t start, Py_ssize_t n, char *scratch, void **out) except -1 nogil:
        cdef fl_map_args args
        cdef int k
        self.read(start, n, scratch, &args)
        self.chosen.table.map(self.chosen.loop, &args, n)
        for k in range(FL_OUTPUT_PARAM_GRAD):
            out[k] = args.out[k]
        return 0

    cdef void read(self, Py_ssize_t start, Py_ssize_t n, char *scratch, fl_map_args *args) noexcept nogil:
        """The arguments of the loop for n elements."""
        cdef int k
        args.streams = 0
        if self.subtracts:
            args.pred = read_difference(&self.pred, &self.target, start, n, scratch)
            scratch += 32 * n
        else:
            args.pred = read_block(&self.pred, start, n, scratch)
            scratch += scratch_size(&self.pred, n)
        args.target = zeros
        args.target_mask = 0
        if self.has_target:
            args.target = read_block(&self.target, start, n, scratch)
            args.target_mask = <size_t>-1
            scratch += scratch_size(&self.target, n)
        args.factor, args.sample_weight = self.factor, NULL
        if self.has_sample_weight:
            args.sample_weight = read_block(&self.sample_weight, start, n, scratch)
            scratch += scratch_size(&self.sample_weight, n)
        for k in range(FL_MAX_PARAMS):
            args.params[k] = NULL
            args.scalars[k] = self.scalars[k]
            if self.varies[k]:
                args.params[k] = read_block(&self.params[k], start, n, scratch)
                scratch += scratch_size(&self.params[k], n)
        args.shifted = self.shifted
        for k in range(FL_OUTPUTS):
            args.out[k] = args.terms[k] = NULL
            args.term[k] = self.term[k]
            if self.has_terms[k]:
                args.terms[k] = read_block(&self.terms[k], start, n, scratch)
                scratch += scratch_size(&self.terms[k], n)
            if self.wanted[k]:
                if self.stored[k] and self.outs[k].direct:
                    args.out[k] = self.outs[k].data + start * self.outs[k].itemsize
                else:
                    args.out[k] = scratch
                    scratch += n * 8


cdef extern from "large_pages.h":
    const size_t FL_PAGE

cdef enum:
    CLOSE = 512  # bytes


cdef char *half_a_page_from(const char *data, char *allocated) noexcept nogil:
    """The first aligned address from `allocated` on that lies half a page from `data` modulo the page's size: a load
    waits for an earlier store to an address with the same last 12 bits."""
    cdef size_t offset = (<size_t>data + FL_PAGE // 2) & (FL_PAGE - FL_ALIGNMENT)
    return allocated + ((offset - <size_t>allocated) & (FL_PAGE - 1))


cdef bint may_be_streamed(Map call, int k) noexcept nogil:
    """Whether nothing reads that output again, nor waits for it."""
    return (
        call.stored[k] and call.outs[k].direct and not call.shifted >> k & 1
        and not call.delays_loads(call.outs[k].data)
    )


cdef bint follows_closely(const char *out, const Operand *read) noexcept nogil:
    """Whether `out` begins, modulo the page's size, up to CLOSE bytes after what is read beside it."""
    return read.direct and 0 < ((<size_t>out - <size_t>read.data) & (FL_PAGE - 1)) <= CLOSE


cdef char zeros[FL_ALIGNMENT]  # the target, where there is none
memset(zeros, 0, sizeof(zeros))


cdef class Sum:
    """The sum of an array, prepared: a float64 sum per block, then the tree of the blocks."""

    cdef Operand operand
    cdef const fl_table *table
    cdef Py_ssize_t size
    cdef readonly Py_ssize_t blocks
    cdef double *partials

    def __init__(self, array, int storage, bint is_double):
        self.size = array.size
        self.blocks = (self.size + FL_BLOCK - 1) // FL_BLOCK
        self.table = current_table(is_double)
        open_operand(&self.operand, array, storage, is_double, False, self.size)
        self.partials = <double *>PyMem_RawCalloc(self.blocks + 1, sizeof(double))
        if self.partials == NULL:
            raise MemoryError()

    def __dealloc__(self):
        close_operand(&self.operand)
        PyMem_RawFree(self.partials)

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef char *scratch = <char *>PyMem_RawMalloc(16 * FL_BLOCK)
        cdef Py_ssize_t i, n
        if scratch == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for i in range(first, last):
                n = min(<Py_ssize_t>FL_BLOCK, self.size - i * FL_BLOCK)
                self.partials[i] = self.table.sum(read_block(&self.operand, i * FL_BLOCK, n, scratch), n)
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    def total(self):
        """The sum, once all blocks have run."""
        return tree_sum(self.partials, self.blocks)


# ---- functions of csrc/math/, for tests and sweeps ------------------------------------------------------------------

FUNCTIONS = tuple(fl_function_names[i].decode() for i in range(FL_FUNCTIONS))


def vmath(name, x, out):
    """One function of csrc/math/ over a contiguous float32 or float64 array of a multiple of 64 bytes."""
    cdef Operand source, destination
    cdef bint is_double = x.dtype == "float64"
    cdef int storage = FLOAT64 if is_double else FLOAT32
    cdef int function = FUNCTIONS.index(name)
    if x.nbytes % FL_ALIGNMENT or not (x.flags.c_contiguous and out.flags.c_contiguous):
        raise ValueError("x and out must be contiguous and a multiple of 64 bytes long")
    if out.dtype != x.dtype or out.shape != x.shape:
        raise ValueError("out must have the shape and dtype of x")
    open_operand(&source, x, storage, is_double, False, x.size)
    try:
        open_operand(&destination, out, storage, is_double, True, x.size)
        current_table(is_double).functions[function](source.data, destination.data, x.size)
        close_operand(&destination)
    finally:
        close_operand(&source)
    return out
