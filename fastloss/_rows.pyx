"""The hot loops of the row losses: blocks of rows of logits, without the GIL.

A call is one `Rows`: for each block it reads the operands (in place where it can), reduces the rows, and writes from the
same sums one number per row (value) and one per element (grad, hess, softmax, ...), while the block is still in the cache.
The steps are those of csrc/rows_api.h.
Rows are independent, so that any split over threads gives the same bits.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from fastloss._buffers cimport (
    FLOAT32, FLOAT64, Kind, Operand, close_operand, copy_block, open_operand, read_block, scratch_size, swap_bytes,
    write_block,
)
from fastloss._kernels cimport (
    FL_BLOCK, FL_LOG1P, FL_ROW_BENT_HESS, FL_ROW_CROSS_ENTROPY, FL_ROW_DISTILLATION, FL_ROW_DIVERGENCE_GRAD,
    FL_ROW_DIVERGENCE_SUMS, FL_ROW_GRAD, FL_ROW_HESS, FL_ROW_LABEL_GRAD, FL_ROW_LOG_SOFTMAX, FL_ROW_LOGSUMEXP, FL_ROW_LOSS,
    FL_ROW_MARGIN_GRAD, FL_ROW_MARGIN_HESS, FL_ROW_MARGIN_SUMS, FL_ROW_MULTI_MARGIN, FL_ROW_NLL, FL_ROW_NUMBER_SUMS,
    FL_ROW_PADDING, FL_ROW_SOFTMAX, FL_ROW_SOFTMAX_SUMS, FL_ROW_ZERO, current_rows, current_table, fl_row_kernels,
    fl_rows, fl_table, tree_sum,
)

from fastloss._threads import run_blocks

cdef enum:
    BLOCK_BYTES = 1 << 17  # of logits: a block and its gradient stay in the second-level cache
    BY_CLASS_BYTES = 1 << 19  # the same where classes are apart in memory: long runs of rows matter more
    ROW_ARRAYS = 15        # the arrays of one double per row in fl_rows, scale, and those that a teacher has of its own
    ELEMENTS = 10          # FL_ROW_ELEMENTS

# What `Rows` can compute: losses, other values, and numbers per element
CROSS_ENTROPY, MULTI_MARGIN, DISTILLATION, NLL = FL_ROW_CROSS_ENTROPY, FL_ROW_MULTI_MARGIN, FL_ROW_DISTILLATION, FL_ROW_NLL
LOSS, LOGSUMEXP = FL_ROW_LOSS, FL_ROW_LOGSUMEXP
SOFTMAX, LOG_SOFTMAX, GRAD, HESS = FL_ROW_SOFTMAX, FL_ROW_LOG_SOFTMAX, FL_ROW_GRAD, FL_ROW_HESS
BENT_HESS, MARGIN_GRAD, MARGIN_HESS = FL_ROW_BENT_HESS, FL_ROW_MARGIN_GRAD, FL_ROW_MARGIN_HESS
DIVERGENCE_GRAD, LABEL_GRAD, ZERO = FL_ROW_DIVERGENCE_GRAD, FL_ROW_LABEL_GRAD, FL_ROW_ZERO


# ---- labels -------------------------------------------------------------------------------------------------------

ctypedef fused Integer:
    int8_t
    int16_t
    int32_t
    uint8_t
    uint16_t
    uint32_t


cdef void widen(const Integer *x, int64_t *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]


cdef void saturate(const uint64_t *x, int64_t *out, Py_ssize_t n) noexcept nogil:
    """Beyond int64 there is no class: the largest label stands for all that is there."""
    cdef uint64_t largest = (<uint64_t>1 << 63) - 1
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <int64_t>(largest if x[i] > largest else x[i])


cdef class Labels:
    """One integer per row, of any width, and which rows count."""

    cdef Operand operand
    cdef bint is_signed, has_ignored
    cdef int64_t ignored
    cdef Py_ssize_t size, classes

    def __init__(self, array, ignore_index, Py_ssize_t classes):
        self.size = array.size
        self.classes = classes
        self.is_signed = array.dtype.kind == "i"
        self.has_ignored = ignore_index is not None and -(2**63) <= ignore_index < 2**63
        self.ignored = ignore_index if self.has_ignored else 0
        open_operand(&self.operand, array, FLOAT64, True, False)

    def __dealloc__(self):
        close_operand(&self.operand)

    cdef const int64_t *read(self, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        """n labels; scratch has 16 bytes for each."""
        cdef Py_ssize_t itemsize = self.operand.itemsize
        cdef char *raw = self.operand.data + start * itemsize
        cdef int64_t *out = <int64_t *>scratch
        if not self.operand.direct:
            raw = scratch + 8 * n if itemsize < 8 or not self.is_signed else scratch
            copy_block(&self.operand, start, n, raw, False)
            if self.operand.swapped:
                swap_bytes(raw, itemsize, n)
        if itemsize == 8 and self.is_signed:
            return <const int64_t *>raw
        if itemsize == 8:
            saturate(<uint64_t *>raw, out, n)
        elif itemsize == 4 and self.is_signed:
            widen(<int32_t *>raw, out, n)
        elif itemsize == 4:
            widen(<uint32_t *>raw, out, n)
        elif itemsize == 2 and self.is_signed:
            widen(<int16_t *>raw, out, n)
        elif itemsize == 2:
            widen(<uint16_t *>raw, out, n)
        elif self.is_signed:
            widen(<int8_t *>raw, out, n)
        else:
            widen(<uint8_t *>raw, out, n)
        return out

    cdef bint counts(self, int64_t label) noexcept nogil:
        return not (self.has_ignored and label == self.ignored)

    def first_out_of_range(self):
        """The first row that counts and whose label is no class; -1 if there is none."""
        cdef char *scratch = <char *>PyMem_RawMalloc(16 * FL_BLOCK)
        cdef const int64_t *labels
        cdef Py_ssize_t blocks = (self.size + FL_BLOCK - 1) // FL_BLOCK, b, start, i, n, bad = -1
        cdef uint64_t classes = self.classes
        cdef bint outside
        if scratch == NULL:
            raise MemoryError()
        with nogil:
            for b in range(blocks):
                start = b * FL_BLOCK
                n = min(<Py_ssize_t>FL_BLOCK, self.size - start)
                labels = self.read(start, n, scratch)
                outside = False
                for i in range(n):
                    outside |= <uint64_t>labels[i] >= classes
                if outside:
                    for i in range(n):
                        if <uint64_t>labels[i] >= classes and self.counts(labels[i]):
                            bad = start + i
                            break
                if bad >= 0:
                    break
        PyMem_RawFree(scratch)
        return bad


# ---- rows of any layout -------------------------------------------------------------------------------------------

cdef struct Matrix:
    Operand operand
    bint by_class         # stored class by class: rows are neighbours in memory, the classes of a row are not
    Py_ssize_t run        # where by_class, how many rows are neighbours
    Py_ssize_t classes


cdef int open_matrix(Matrix *m, object array, Kind kind, bint is_double, bint writable) except -1:
    """Describe `array`, classes last; close_operand(&m.operand) releases it."""
    m.classes = array.shape[array.ndim - 1]
    m.run = array.shape[array.ndim - 2] if array.ndim > 1 else 1
    m.by_class = m.run >= FL_ROW_PADDING and m.classes > 1 and array.strides[array.ndim - 2] == array.itemsize
    open_operand(&m.operand, array.swapaxes(-1, -2) if m.by_class else array, kind, is_double, writable)
    return 0


cdef Py_ssize_t matrix_scratch(const Matrix *m, Py_ssize_t n) noexcept nogil:
    """Bytes that n rows need beside the array: in the computing dtype, and in read_block's."""
    cdef Py_ssize_t size = n * m.classes
    if not m.by_class:
        return scratch_size(&m.operand, size)
    return 8 * size + (8 * size + 16 * n if not m.operand.direct else 0)


cdef const void *read_rows(const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """Rows start, ..., start + n - 1, one after the other."""
    if not m.by_class:
        return read_block(&m.operand, start * m.classes, n * m.classes, scratch)
    return move_rows(m, kernels, start, n, scratch, False)


cdef void write_rows(const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """Store n rows of the array's dtype, which are at the beginning of the scratch memory."""
    if not m.by_class:
        write_block(&m.operand, start * m.classes, n * m.classes, scratch)
    else:
        move_rows(m, kernels, start, n, scratch, True)


cdef void *move_rows(const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *rows, bint store) noexcept nogil:
    """Between rows and a `by_class` array, one run of neighbours after the other."""
    cdef Py_ssize_t itemsize = 8 if m.operand.is_double else 4, classes = m.classes, done = 0, count, first, stride, k
    cdef char *apart = rows + 8 * n * classes
    cdef char *by_class
    while done < n:
        first = (start + done) // m.run * classes * m.run + (start + done) % m.run
        count = min(n - done, m.run - (start + done) % m.run)
        by_class, stride = apart, count
        if m.operand.direct:
            by_class, stride = m.operand.data + first * itemsize, m.run
        elif not store:
            for k in range(classes):
                read_block(&m.operand, first + k * m.run, count, by_class + k * count * itemsize)
        if store:
            kernels.transpose(rows + done * classes * itemsize, classes, by_class, stride, count, classes)
        else:
            kernels.transpose(by_class, stride, rows + done * classes * itemsize, classes, classes, count)
        if store and not m.operand.direct:
            for k in range(classes):
                write_block(&m.operand, first + k * m.run, count, by_class + k * count * itemsize)
        done += count
    return rows


# ---- rows ---------------------------------------------------------------------------------------------------------

cdef class Rows:
    """One call over rows of logits, prepared: operands, outputs, kernels."""

    cdef Matrix logits, target
    cdef Matrix elements[ELEMENTS]
    cdef Operand weight, value, class_weight
    cdef Labels labels
    cdef bint has_target, has_weight, has_value, has_class_weight, weighs_rows, needs_loss, is_double, square
    cdef bint emits[ELEMENTS]
    cdef int value_kind, loss
    cdef double temperature, keep, spread, margin, gamma, factor
    cdef Py_ssize_t rows, classes, block
    cdef const fl_row_kernels *kernels
    cdef const fl_row_kernels *wide_kernels
    cdef const fl_table *wide

    def __init__(self, bint is_double, logits, *, value, elements, int value_kind=FL_ROW_LOSS,
                 int loss=FL_ROW_CROSS_ENTROPY, labels=None, target=None, class_weight=None, bint weighs_rows=False,
                 weight=None, double temperature=1, double label_smoothing=0, double margin=0, bint square=False,
                 double gamma=0):
        """`logits` and `target` (..., classes) and `weight`, one per row, are (array, kind); `labels` are Labels. `value` is an array of one
        number per row or None; `elements` is {kind: array}. `class_weight` is a contiguous array of the computing
        dtype; where it `weighs_rows`, it multiplies the loss of a row by that of its label. `gamma` > 0 makes a
        cross-entropy focal."""
        cdef Kind kind = FLOAT64 if is_double else FLOAT32
        self.is_double = is_double
        self.loss, self.value_kind = loss, value_kind
        self.temperature, self.margin, self.square, self.gamma = temperature, margin, square, gamma
        self.classes = logits[0].shape[logits[0].ndim - 1]
        self.rows = logits[0].size // self.classes
        self.kernels = current_rows(is_double)
        self.wide_kernels = current_rows(True)
        self.wide = current_table(True)
        self.labels = labels
        if labels is not None or target is not None:
            self.keep = 1 - label_smoothing
            self.spread = label_smoothing / self.classes
        open_matrix(&self.logits, logits[0], logits[1], is_double, False)
        self.block = self.rows_per_block()
        if target is not None:
            open_matrix(&self.target, target[0], target[1], is_double, False)
            self.has_target = True
        if class_weight is not None:
            open_operand(&self.class_weight, class_weight, kind, is_double, False)
            self.has_class_weight = True
            self.weighs_rows = weighs_rows
        if weight is not None:
            open_operand(&self.weight, weight[0], weight[1], is_double, False)
            self.has_weight = True
        if value is not None:
            open_operand(&self.value, value, kind, is_double, True)
            self.has_value = True
        self.needs_loss = (self.has_value and value_kind == FL_ROW_LOSS) or gamma > 0 or loss in (MULTI_MARGIN, NLL)
        for element, array in elements.items():
            open_matrix(&self.elements[<int>element], array, kind, is_double, True)
            self.emits[<int>element] = True

    def __dealloc__(self):
        cdef int k
        close_operand(&self.logits.operand)
        close_operand(&self.target.operand)
        close_operand(&self.class_weight)
        close_operand(&self.weight)
        close_operand(&self.value)
        for k in range(ELEMENTS):
            close_operand(&self.elements[k].operand)

    cdef Py_ssize_t rows_per_block(self) noexcept:
        cdef Py_ssize_t bytes = BY_CLASS_BYTES if self.logits.by_class else BLOCK_BYTES
        cdef Py_ssize_t rows = min(bytes // (self.classes * (8 if self.is_double else 4)), <Py_ssize_t>FL_BLOCK)
        if rows > FL_ROW_PADDING or self.logits.by_class:
            return max(rows - rows % FL_ROW_PADDING, <Py_ssize_t>FL_ROW_PADDING)
        return max(rows, <Py_ssize_t>1)

    def run(self, num_threads, double factor=1):
        """All rows; `factor` multiplies grad and hess."""
        self.factor = factor
        blocks = (self.rows + self.block - 1) // self.block
        run_blocks(self.run_blocks, blocks, self.block * self.classes, num_threads)

    def run_blocks(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Py_ssize_t n = min(self.block, self.rows), i
        cdef char *scratch = <char *>PyMem_RawMalloc(self.scratch_bytes(n))
        if scratch == NULL:
            raise MemoryError()
        with nogil:
            for i in range(first, last):
                self.run_block(i * self.block, min(self.block, self.rows - i * self.block), scratch)
        PyMem_RawFree(scratch)

    cdef Py_ssize_t scratch_bytes(self, Py_ssize_t n) noexcept:
        cdef Py_ssize_t bytes = ROW_ARRAYS * 8 * (n + FL_ROW_PADDING) + matrix_scratch(&self.logits, n), most = 0
        cdef int k
        bytes += 16 * n if self.labels is not None else 0
        bytes += matrix_scratch(&self.target, n) if self.has_target else 0
        bytes += scratch_size(&self.weight, n) if self.has_weight else 0
        bytes += 8 * n if self.has_value and not self.value.direct else 0
        for k in range(ELEMENTS):
            if self.emits[k]:
                most = max(most, matrix_scratch(&self.elements[k], n))
        return bytes + most

    cdef void run_block(self, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        cdef fl_rows rows, teacher
        cdef double *arrays[ROW_ARRAYS]
        cdef const void *target = NULL
        cdef const void *weight = NULL
        cdef const int64_t *labels
        cdef int k
        for k in range(ROW_ARRAYS):
            arrays[k] = <double *>scratch
            scratch += 8 * (n + FL_ROW_PADDING)
        self.describe(&rows, arrays, n)
        rows.logits = read_rows(&self.logits, self.kernels, start, n, scratch)
        scratch += matrix_scratch(&self.logits, n)
        if self.has_target:
            target = read_rows(&self.target, self.kernels, start, n, scratch)
            scratch += matrix_scratch(&self.target, n)
        if self.has_weight:
            weight = read_block(&self.weight, start, n, scratch)
            scratch += scratch_size(&self.weight, n)
        self.fill_scale(arrays[7], weight, n)
        if self.labels is not None:
            labels = self.drop_ignored(self.labels.read(start, n, scratch), <int64_t *>scratch, arrays[7], n)
            scratch += 16 * n
            if self.loss != FL_ROW_DISTILLATION:  # whose labels only tell which rows count
                rows.labels = labels
        if self.loss == FL_ROW_DISTILLATION:
            teacher = rows
            teacher.logits = target
            teacher.max, teacher.rest, teacher.log = arrays[12], arrays[13], arrays[14]
            self.sum_softmax(&teacher)
            self.reduce(&rows, &teacher)
        else:
            rows.target = target
            self.reduce(&rows, NULL)
        self.write_outputs(&rows, start, arrays[7], scratch)

    cdef void describe(self, fl_rows *rows, double **arrays, Py_ssize_t n) noexcept nogil:
        """Everything of a block but its data."""
        rows.max, rows.rest, rows.dot, rows.mass = arrays[0], arrays[1], arrays[2], arrays[3]
        rows.peak_mass, rows.label_logit, rows.log, rows.scale = arrays[4], arrays[5], arrays[6], arrays[7]
        rows.loss, rows.slope, rows.bend, rows.label_hess = arrays[8], NULL, NULL, NULL
        if self.gamma > 0:
            rows.slope, rows.bend, rows.label_hess = arrays[9], arrays[10], arrays[11]
        rows.rows = n
        rows.classes = self.classes
        rows.temperature = self.temperature
        rows.keep = self.keep
        rows.spread = self.spread
        rows.margin = self.margin
        rows.square = self.square
        rows.class_weight = self.class_weight.data if self.has_class_weight and not self.weighs_rows else NULL
        rows.labels = NULL
        rows.target = NULL
        rows.teacher = NULL

    cdef void sum_softmax(self, const fl_rows *rows) noexcept nogil:
        self.kernels.reduce[FL_ROW_SOFTMAX_SUMS](rows)
        self.wide.functions[FL_LOG1P](rows.rest, rows.log, rows.rows + FL_ROW_PADDING - rows.rows % FL_ROW_PADDING)

    cdef void reduce(self, fl_rows *rows, const fl_rows *teacher) noexcept nogil:
        """From the logits to what the outputs are made of."""
        if self.loss == FL_ROW_MULTI_MARGIN:
            self.kernels.reduce[FL_ROW_MARGIN_SUMS](rows)
        elif self.loss == FL_ROW_NLL:
            self.kernels.reduce[FL_ROW_NUMBER_SUMS](rows)
        else:
            self.sum_softmax(rows)
        rows.teacher = teacher
        if teacher != NULL and self.needs_loss:
            self.kernels.reduce[FL_ROW_DIVERGENCE_SUMS](rows)
        if self.needs_loss:
            self.kernels.loss[self.loss](rows)
        if self.gamma > 0:
            self.wide_kernels.focus(rows, self.gamma)

    cdef void write_outputs(self, const fl_rows *rows, Py_ssize_t start, double *scale, char *scratch) noexcept nogil:
        cdef Py_ssize_t n = rows.rows, i
        cdef int k
        cdef void *out
        if self.has_value:
            out = self.value.data + start * self.value.itemsize if self.value.direct else scratch
            self.kernels.value[self.value_kind](rows, out)
            if not self.value.direct:
                write_block(&self.value, start, n, out)
                scratch += 8 * n
        if self.factor != 1:
            for i in range(n):
                scale[i] *= self.factor
        if self.gamma > 0:
            self.chain(rows, scale)
        for k in range(ELEMENTS):
            if not self.emits[k]:
                continue
            if self.elements[k].operand.direct and not self.elements[k].by_class:
                out = self.elements[k].operand.data + start * self.classes * self.elements[k].operand.itemsize
                self.kernels.emit[k](rows, out)
            else:
                self.kernels.emit[k](rows, scratch)
                write_rows(&self.elements[k], self.kernels, start, n, scratch)

    cdef void chain(self, const fl_rows *rows, double *scale) noexcept nogil:
        """From the derivatives by the cross-entropy to what `emit` takes: its scale, and theirs."""
        cdef size_t i
        for i in range(rows.rows):
            rows.bend[i] *= scale[i]
            rows.label_hess[i] *= scale[i]
            scale[i] = scale[i] * rows.slope[i] if scale[i] != 0 else 0

    cdef void fill_scale(self, double *scale, const void *weight, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(n):
            scale[i] = 1
            if weight != NULL:
                scale[i] = (<const double *>weight)[i] if self.is_double else (<const float *>weight)[i]

    cdef const int64_t *drop_ignored(self, const int64_t *labels, int64_t *copy, double *scale, Py_ssize_t n) noexcept nogil:
        """Labels that are all classes: where a row does not count, its scale and label are 0."""
        cdef Py_ssize_t i
        cdef bint found = False
        cdef double own
        if self.has_class_weight and self.spread == 0:
            for i in range(n):
                own = self.weight_of(labels[i]) if self.labels.counts(labels[i]) else 0
                if own == 0:
                    scale[i] = 0
                elif self.weighs_rows:
                    scale[i] *= own
        for i in range(n):
            found |= labels[i] == self.labels.ignored
        if not (found and self.labels.has_ignored):
            return labels
        for i in range(n):
            if labels[i] == self.labels.ignored:
                scale[i] = 0
                copy[i] = 0
            else:
                copy[i] = labels[i]
        return copy

    cdef double weight_of(self, int64_t label) noexcept nogil:
        if not self.has_class_weight:
            return 1
        if self.is_double:
            return (<const double *>self.class_weight.data)[label]
        return (<const float *>self.class_weight.data)[label]

    def total_weight(self):
        """What the mean divides by: the sum over the rows that count of sample weight times the label's class weight."""
        cdef Py_ssize_t blocks = (self.rows + FL_BLOCK - 1) // FL_BLOCK, b, i, n
        cdef char *scratch = <char *>PyMem_RawMalloc(FL_BLOCK * (16 + 16 + 8) + 8 * (blocks + 1))
        cdef const int64_t *labels = NULL
        cdef const void *weight = NULL
        cdef double *partials
        cdef double *scale
        if scratch == NULL:
            raise MemoryError()
        scale = <double *>(scratch + 32 * FL_BLOCK)
        partials = scale + FL_BLOCK
        with nogil:
            for b in range(blocks):
                n = min(<Py_ssize_t>FL_BLOCK, self.rows - b * FL_BLOCK)
                if self.has_weight:
                    weight = read_block(&self.weight, b * FL_BLOCK, n, scratch)
                self.fill_scale(scale, weight, n)
                if self.labels is not None:
                    labels = self.labels.read(b * FL_BLOCK, n, scratch + 16 * FL_BLOCK)
                    for i in range(n):
                        scale[i] *= self.weight_of(labels[i]) if self.labels.counts(labels[i]) else 0
                partials[b] = self.wide.sum(scale, n)
        total = tree_sum(partials, blocks)
        PyMem_RawFree(scratch)
        return total
