"""The hot loops of the row losses: blocks of rows of logits, without the GIL.

A call is one `Rows`: for each block it reads the operands (in place where it can), and a kernel writes one number per
row (value) and one per logit (grad, hess, softmax, ...). The arguments of a kernel are in csrc/rows/api.h. Rows are
independent, so that any split over threads gives the same bits; threads.py decides which thread runs which blocks.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset

from fastloss.core.buffers cimport (
    FLOAT32, FLOAT64, Operand, address, check_size, close_operand, numbers_size, open_operand, raise_resized,
    read_block, read_integers, scratch_size, write_block,
)
from fastloss.core.kernels cimport (
    FL_BLOCK, FL_COLUMN_BYTES, FL_ROW_ELEMENTS, FL_ROW_PADDING, FL_ROW_PARAMETERS, FL_SHORT_ROW, STREAMED_BYTES,
    current_columns, current_rows, current_table, end_streams, fl_column_kernels, fl_columns, fl_enter_floats,
    fl_leave_floats, fl_matrix, fl_row_kernels, fl_rows, fl_table, tree_sum,
)
from fastloss.core.kernels cimport (
    FL_ROW_GRAD, FL_ROW_HESS, FL_ROW_hits, FL_ROW_log_probabilities, FL_ROW_own_probabilities, FL_ROW_probabilities,
)

cdef enum:
    BLOCK_BYTES = 1 << 17  # of logits: a block and its gradient stay in the second-level cache
    BY_CLASS_BYTES = 1 << 19  # the same where long rows are transposed, for longer runs of neighbouring rows
    BY_COLUMN_BYTES = 1 << 21  # the same where they are not: the kernel reads ahead, up to the block's end
    MOST_BYTES = 1 << 24      # of those of a thread, unless a row alone has more

# The outputs of one number per logit, and the kernels that are no losses
GRAD, HESS = FL_ROW_GRAD, FL_ROW_HESS
PROBABILITIES, LOG_PROBABILITIES = FL_ROW_probabilities, FL_ROW_log_probabilities
HITS, OWN_PROBABILITIES = FL_ROW_hits, FL_ROW_own_probabilities


# ---- labels -------------------------------------------------------------------------------------------------------

ctypedef fused Label:
    int8_t
    int32_t
    int64_t


cdef void narrow(const int64_t *x, Label *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <Label>x[i]


cdef void widen(const Label *x, int64_t *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]


cdef bint bits_of(ignore_index, bint is_unsigned, int64_t *bits) except -1:
    """Whether integers of 64 bits have that value, and its bits."""
    try:
        if is_unsigned:
            bits[0] = <int64_t><uint64_t>ignore_index
        else:
            bits[0] = <int64_t>ignore_index
    except OverflowError:
        return False
    return True


cdef class Labels:
    """One integer per row, of any width, and which rows count: kept, as narrow as the classes allow, once they were
    checked. What another thread writes to the array meanwhile changes nothing."""

    def __init__(self, array, int storage, ignore_index, Py_ssize_t classes):
        self.size = array.size
        self.classes = classes
        self.ignored = -1
        if ignore_index is not None:
            self.may_be_ignored = bits_of(ignore_index, array.dtype.kind == "u", &self.ignored)
        self.width = 1 if classes <= 1 << 7 else 4 if classes <= 1 << 31 else 8
        open_operand(&self.operand, array, storage, True, False, self.size)
        check_size(self.width, self.size)
        self.kept = <char *>PyMem_RawMalloc(max(self.width * self.size, 1))
        if self.kept == NULL:
            raise MemoryError()

    def __dealloc__(self):
        close_operand(&self.operand)
        PyMem_RawFree(self.kept)

    def first_out_of_range(self):
        """Check and keep the labels: the first row that counts and whose label is no class, or -1."""
        cdef char *scratch = <char *>PyMem_RawMalloc(16 * FL_BLOCK)
        cdef Py_ssize_t start = 0, n, bad = -1
        cdef bint some_ignored = False
        if scratch == NULL:
            raise MemoryError()
        with nogil:
            while start < self.size and bad < 0:
                n = min(<Py_ssize_t>FL_BLOCK, self.size - start)
                if not read_integers(&self.operand, start, n, scratch, self.classes - 1) or self.ignores_a_class():
                    bad = self.mark_ignored(<int64_t *>scratch, n, &some_ignored)
                    bad += start if bad >= 0 else 0
                self.keep(<const int64_t *>scratch, start, n)
                start += n
        PyMem_RawFree(scratch)
        close_operand(&self.operand)
        self.may_be_ignored = some_ignored
        return bad

    cdef bint ignores_a_class(self) noexcept nogil:
        return <uint64_t>self.ignored < <uint64_t>self.classes

    cdef Py_ssize_t mark_ignored(self, int64_t *labels, Py_ssize_t n, bint *some_ignored) noexcept nogil:
        """Those that are ignored become -1. The first that is neither that nor a class, or -1."""
        cdef uint64_t last = self.classes - 1
        cdef int64_t outside, is_ignored, wrong = 0, found = 0
        cdef Py_ssize_t i
        for i in range(n):  # without branches: what holds is -1, else 0
            outside = <int64_t>(<uint64_t>labels[i] | (last - <uint64_t>labels[i])) >> 63
            is_ignored = -<int64_t>(labels[i] == self.ignored and self.may_be_ignored)
            wrong |= outside & ~is_ignored
            found |= is_ignored
        some_ignored[0] |= found != 0
        for i in range(n if wrong else 0):
            if <uint64_t>labels[i] > last and not (labels[i] == self.ignored and self.may_be_ignored):
                return i
        for i in range(n if found else 0):
            labels[i] |= -<int64_t>(labels[i] == self.ignored)
        return -1

    cdef void keep(self, const int64_t *labels, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
        if self.width == 1:
            narrow(labels, <int8_t *>self.kept + start, n)
        elif self.width == 4:
            narrow(labels, <int32_t *>self.kept + start, n)
        else:
            narrow(labels, <int64_t *>self.kept + start, n)

    cdef void read(self, Py_ssize_t start, Py_ssize_t n, int64_t *labels) noexcept nogil:
        """n labels: classes, or -1 where the row does not count."""
        if self.width == 1:
            widen(<const int8_t *>self.kept + start, labels, n)
        elif self.width == 4:
            widen(<const int32_t *>self.kept + start, labels, n)
        else:
            widen(<const int64_t *>self.kept + start, labels, n)

    def copy_to(self, out):
        """Into an array of as many int64, side by side."""
        self.read(0, self.size, <int64_t *>address(out))


include "matrix.pxi"


# ---- rows ---------------------------------------------------------------------------------------------------------

cdef Py_ssize_t rows_per_block(Py_ssize_t classes, int itemsize) noexcept nogil:
    """How many rows of so many classes, one after the other, a kernel is given at a time."""
    cdef Py_ssize_t rows = min(BLOCK_BYTES // itemsize // classes, <Py_ssize_t>FL_BLOCK)
    return rows - rows % FL_ROW_PADDING if rows > FL_ROW_PADDING else max(rows, <Py_ssize_t>1)


cdef class Rows:
    """A call over rows of logits, prepared: operands, outputs, kernels."""

    cdef Matrix logits, target
    cdef Matrix elements[FL_ROW_ELEMENTS]
    cdef Operand sample_weight, value, class_weight
    cdef Labels labels
    cdef bint has_target, has_sample_weight, has_value, has_class_weight, weighs_rows, is_double
    cdef bint emits[FL_ROW_ELEMENTS]
    cdef int kernel
    cdef double parameters[FL_ROW_PARAMETERS]
    cdef public double factor           # of grad and hess
    cdef readonly Py_ssize_t blocks, block_size  # block_size is of elements
    cdef Py_ssize_t room                # where long rows stay class by class, the bytes that their kernel needs, else 0
    cdef bint streams                   # whether it stores elements past the caches
    cdef Py_ssize_t rows, classes, block
    cdef const fl_row_kernels *kernels
    cdef const fl_column_kernels *column_kernels
    cdef const fl_table *wide

    def __init__(self, bint is_double, Py_ssize_t rows, Py_ssize_t classes, logits, *, int kernel, parameters, value,
                 elements, labels=None, target=None, class_weight=None, bint weighs_rows=False, sample_weight=None):
        """`logits` and `target` (..., classes) and `sample_weight`, one per row, are (array, storage). `labels` are a
        `Labels`; beside a target they only tell which rows count. `parameters` are those of the kernel, rounded to the
        computing dtype. `value` is an array of one number per row or None; `elements` is {GRAD or HESS: array}.
        `class_weight` is a contiguous array of the computing dtype; if `weighs_rows`, the loss of a row is multiplied
        by the class weight of its label, else the kernel has the class weights."""
        cdef int computing = FLOAT64 if is_double else FLOAT32
        cdef int k
        self.is_double = is_double
        self.kernel = kernel
        for k in range(len(parameters)):
            self.parameters[k] = parameters[k]
        self.rows, self.classes = rows, classes
        self.kernels = current_rows(is_double)
        self.column_kernels = current_columns(is_double)
        self.wide = current_table(True)
        self.labels = labels
        open_matrix(&self.logits, logits[0], logits[1], is_double, False, self.rows, self.classes)
        if labels is not None and (self.labels.size != self.rows or self.labels.classes != self.classes):
            raise_resized()
        self.factor = 1
        if target is not None:
            open_matrix(&self.target, target[0], target[1], is_double, False, self.rows, self.classes)
            self.has_target = True
        if class_weight is not None:
            open_operand(&self.class_weight, class_weight, computing, is_double, False, self.classes)
            self.has_class_weight = True
            self.weighs_rows = weighs_rows
        if sample_weight is not None:
            open_operand(&self.sample_weight, sample_weight[0], sample_weight[1], is_double, False, self.rows)
            self.has_sample_weight = True
        if value is not None:
            open_operand(&self.value, value, computing, is_double, True, self.rows)
            self.has_value = True
        for element, array in elements.items():
            open_matrix(&self.elements[<int>element], array, computing, is_double, True, self.rows, self.classes)
            self.emits[<int>element] = True
        self.take_columns(len(elements))
        self.block = self.rows_of_block()
        check_size(self.block, self.classes)
        self.blocks = (self.rows + self.block - 1) // self.block
        self.block_size = self.block * self.classes

    def __dealloc__(self):
        cdef int k
        close_operand(&self.logits.operand)
        close_operand(&self.target.operand)
        close_operand(&self.class_weight)
        close_operand(&self.sample_weight)
        close_operand(&self.value)
        for k in range(FL_ROW_ELEMENTS):
            close_operand(&self.elements[k].operand)

    cdef void take_columns(self, int outputs) noexcept:
        """Let long rows stay class by class, if there is a kernel for that and all that it reads and writes lies so."""
        cdef Py_ssize_t bytes = self.rows * self.classes * (8 if self.is_double else 4)
        cdef bint stay = lies_by_class(&self.logits) and (not self.has_target or lies_by_class(&self.target))
        cdef int k
        for k in range(FL_ROW_ELEMENTS):
            stay &= not self.emits[k] or lies_by_class(&self.elements[k])
        if not stay or self.classes <= FL_SHORT_ROW:
            return
        self.room = self.column_kernels.room(self.kernel, self.classes)
        self.streams = bytes * (1 + self.has_target + outputs) > STREAMED_BYTES
        self.logits.are_columns = self.target.are_columns = self.room > 0
        for k in range(FL_ROW_ELEMENTS):
            self.elements[k].are_columns = self.room > 0

    cdef Py_ssize_t rows_of_block(self) noexcept:
        cdef bint moves = self.logits.by_class and self.classes > FL_SHORT_ROW
        cdef Py_ssize_t bytes = BY_COLUMN_BYTES if self.room else BY_CLASS_BYTES if moves else BLOCK_BYTES
        cdef int itemsize = 8 if self.is_double else 4
        cdef Py_ssize_t columns = FL_COLUMN_BYTES // itemsize
        cdef Py_ssize_t rows = min(bytes // itemsize // self.classes, <Py_ssize_t>FL_BLOCK)
        cdef Py_ssize_t most = MOST_BYTES // itemsize // self.classes
        if not self.logits.by_class:
            return rows_per_block(self.classes, itemsize)
        if self.room:
            return max(rows - rows % columns, columns)
        if moves and most < FL_ROW_PADDING:  # fewer than are neighbours in a line of the cache
            return max(most, <Py_ssize_t>1)
        return max(rows - rows % FL_ROW_PADDING, <Py_ssize_t>FL_ROW_PADDING)

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Py_ssize_t start = first * self.block, end = min(last * self.block, self.rows), n
        cdef Py_ssize_t run = self.run_of_rows()
        cdef char *scratch = <char *>PyMem_RawMalloc(self.scratch_bytes(min(self.block, self.rows)))
        if scratch == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            while start < end:
                n = min(end - start, run - start % run)
                n = min(self.block, self.rows_to_line(start, n) or n)
                self.run_block(start, n, scratch)
                start += n
            if self.streams:
                end_streams()
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    cdef Py_ssize_t rows_to_line(self, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
        """How many of the rows from `start` on are before one whose elements begin with a line of the cache, if these are
        stored past the caches, as whole lines are. 0 where that of every class does not, and of few rows: those before
        take as long as some that a kernel takes at a time."""
        cdef Py_ssize_t itemsize = 8 if self.is_double else 4, place = 0
        cdef int k
        if not self.streams or rows * itemsize < 8 * FL_COLUMN_BYTES:
            return 0
        for k in range(FL_ROW_ELEMENTS):
            if self.emits[k] and self.elements[k].run * itemsize % 64 == 0:
                place = <size_t>in_place(&self.elements[k], start).data % 64
        return (64 - place) % 64 // itemsize

    cdef Py_ssize_t run_of_rows(self) noexcept:
        """How many rows a kernel may be given at once: those of a run, where it reads or writes class by class."""
        cdef bint by_class = self.logits.by_class or (self.has_target and self.target.by_class)
        cdef int k
        for k in range(FL_ROW_ELEMENTS):
            by_class |= self.emits[k] and self.elements[k].by_class
        return self.logits.run if by_class and (self.classes <= FL_SHORT_ROW or self.room) else self.rows

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept:
        cdef Py_ssize_t bytes = 8 * (n + FL_ROW_PADDING) + matrix_scratch(&self.logits, n) + self.room
        cdef int k
        bytes += 8 * (n + FL_ROW_PADDING) if self.labels is not None else 0
        bytes += matrix_scratch(&self.target, n) if self.has_target else 0
        bytes += scratch_size(&self.sample_weight, n) if self.has_sample_weight else 0
        bytes += 8 * n if self.has_value and not self.value.direct else 0
        for k in range(FL_ROW_ELEMENTS):
            if self.emits[k]:
                bytes += matrix_scratch(&self.elements[k], n)
        return bytes

    cdef void run_block(self, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        """n rows of one run."""
        cdef fl_rows rows
        cdef double *scale = <double *>scratch
        cdef const void *sample_weight = NULL
        cdef const int64_t *labels = NULL
        cdef int k
        memset(&rows, 0, sizeof(rows))
        scratch += 8 * (n + FL_ROW_PADDING)
        rows.logits = read_matrix(&self.logits, self.kernels, start, n, scratch)
        scratch += matrix_scratch(&self.logits, n)
        if self.has_target:
            rows.target = read_matrix(&self.target, self.kernels, start, n, scratch)
            scratch += matrix_scratch(&self.target, n)
        if self.has_sample_weight:
            sample_weight = read_block(&self.sample_weight, start, n, scratch)
            scratch += scratch_size(&self.sample_weight, n)
        if self.scales_rows():
            self.fill_scale(scale, sample_weight, n)
            memset(scale + n, 0, 8 * FL_ROW_PADDING)
            rows.scale = scale
        if self.labels is not None:
            self.labels.read(start, n, <int64_t *>scratch)
            memset(scratch + 8 * n, 0, 8 * FL_ROW_PADDING)
            labels = self.drop_ignored(<int64_t *>scratch, scale, n)
            scratch += 8 * (n + FL_ROW_PADDING)
        rows.rows, rows.classes = n, self.classes
        if not self.has_target:
            rows.labels = labels
        rows.class_weight = self.class_weight.data if self.has_class_weight and not self.weighs_rows else NULL
        rows.factor = self.factor
        memcpy(rows.parameters, self.parameters, sizeof(rows.parameters))
        self.write_outputs(&rows, start, scratch)

    cdef void write_outputs(self, fl_rows *rows, Py_ssize_t start, char *scratch) noexcept nogil:
        cdef Py_ssize_t n = rows.rows
        cdef char *value = scratch
        cdef char *elements[FL_ROW_ELEMENTS]
        cdef fl_columns columns
        cdef int k
        if self.has_value:
            rows.value = self.value.data + start * self.value.itemsize if self.value.direct else value
            scratch += 0 if self.value.direct else 8 * n
        for k in range(FL_ROW_ELEMENTS):
            elements[k] = scratch
            if not self.emits[k]:
                continue
            if is_in_place(&self.elements[k]):
                rows.elements[k] = in_place(&self.elements[k], start)
            else:
                rows.elements[k] = fl_matrix(scratch, self.classes, 1)
            scratch += matrix_scratch(&self.elements[k], n)
        if self.room:
            columns = fl_columns(rows[0], scratch, self.streams)
            self.column_kernels.kernels[self.kernel](&columns.rows)
        else:
            self.kernels.kernels[self.kernel](rows)
        if self.has_value and not self.value.direct:
            write_block(&self.value, start, n, value)
        for k in range(FL_ROW_ELEMENTS):
            if self.emits[k] and not is_in_place(&self.elements[k]):
                write_rows(&self.elements[k], self.kernels, start, n, elements[k])

    cdef bint scales_rows(self) noexcept nogil:
        """Whether a row's loss may be multiplied by anything."""
        return self.has_sample_weight or self.weighs_rows or (self.labels is not None and self.labels.may_be_ignored)

    cdef void fill_scale(self, double *scale, const void *sample_weight, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(n):
            scale[i] = 1
            if sample_weight != NULL:
                scale[i] = (<const double *>sample_weight)[i] if self.is_double else (<const float *>sample_weight)[i]

    cdef const int64_t *drop_ignored(self, int64_t *labels, double *scale, Py_ssize_t n) noexcept nogil:
        """The labels, all of them classes: where a row does not count, its scale and label become 0. Class weights that
        weigh rows enter the scale."""
        cdef Py_ssize_t i
        cdef double own
        if self.weighs_rows:
            for i in range(n):
                own = self.weight_of(labels[i]) if labels[i] >= 0 else 0
                scale[i] = scale[i] * own if own != 0 else 0
        if self.labels.may_be_ignored:
            for i in range(n):
                scale[i] = 0 if labels[i] < 0 else scale[i]
                labels[i] &= ~(labels[i] >> 63)
        return labels

    cdef double weight_of(self, int64_t label) noexcept nogil:
        if not self.has_class_weight:
            return 1
        if self.is_double:
            return (<const double *>self.class_weight.data)[label]
        return (<const float *>self.class_weight.data)[label]

    def total_weight(self):
        """The divisor of the mean: the sum over the rows that count of sample weight times the label's class weight."""
        cdef Py_ssize_t blocks = (self.rows + FL_BLOCK - 1) // FL_BLOCK, b, i, n
        cdef char *scratch = <char *>PyMem_RawMalloc(FL_BLOCK * (16 + 8 + 8) + 8 * (blocks + 1))
        cdef int64_t *labels
        cdef const void *sample_weight = NULL
        cdef double *partials
        cdef double *scale
        if scratch == NULL:
            raise MemoryError()
        labels = <int64_t *>(scratch + 16 * FL_BLOCK)
        scale = <double *>(scratch + 24 * FL_BLOCK)
        partials = scale + FL_BLOCK
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for b in range(blocks):
                n = min(<Py_ssize_t>FL_BLOCK, self.rows - b * FL_BLOCK)
                if self.has_sample_weight:
                    sample_weight = read_block(&self.sample_weight, b * FL_BLOCK, n, scratch)
                self.fill_scale(scale, sample_weight, n)
                if self.labels is not None:
                    self.labels.read(b * FL_BLOCK, n, labels)
                    for i in range(n):
                        scale[i] *= self.weight_of(labels[i]) if labels[i] >= 0 else 0
                partials[b] = self.wide.sum(scale, n)
        fl_leave_floats(floats)
        total = tree_sum(partials, blocks)
        PyMem_RawFree(scratch)
        return total
