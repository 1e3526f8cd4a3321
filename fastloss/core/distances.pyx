"""The hot loops of the losses of embeddings that are beside each other: blocks of rows, without the GIL.

A call is one `Distances`: layers of arrays with one row per value (one layer, but for feature maps), whose losses are
added in float64. Rows are independent, so that any split over threads gives the same bits; threads.py decides it.
What a kernel is given is in csrc/distances/api.h.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy, memset

from fastloss.core.buffers cimport (
    FLOAT32, FLOAT64, Operand, address, check_size, close_operand, open_operand, raise_resized, read_block,
    scratch_size, write_block,
)
from fastloss.core.kernels cimport (
    FL_DISTANCE_ARRAYS, FL_DISTANCE_PARAMETERS, current_distances, fl_distance_kernels, fl_distances, fl_enter_floats,
    fl_leave_floats,
)

cdef enum:
    BLOCK_BYTES = 1 << 17   # of one array: a block, and its gradients, stay in the second-level cache
    SUMS_BYTES = 1 << 22    # of the gradients of rows that labels pick, while they are summed


cdef class Layer:
    """Arrays whose rows belong together, and where their gradients go."""

    cdef Operand arrays[FL_DISTANCE_ARRAYS]
    cdef Operand grads[FL_DISTANCE_ARRAYS]
    cdef bint emits[FL_DISTANCE_ARRAYS]
    cdef double parameters[FL_DISTANCE_PARAMETERS]
    cdef Py_ssize_t width
    cdef int count

    def __init__(self, bint is_double, arrays, grads, parameters, Py_ssize_t width):
        """`arrays` are (array, storage), `grads` arrays of the computing dtype or None; a row has `width` numbers."""
        cdef int j
        self.width = width
        self.count = len(arrays)
        for j, (array, storage) in enumerate(arrays):
            open_operand(&self.arrays[j], array, storage, is_double, False, array.size)
        for j, grad in enumerate(grads):
            if grad is not None:
                open_operand(&self.grads[j], grad, FLOAT64 if is_double else FLOAT32, is_double, True,
                             self.arrays[j].size)
                self.emits[j] = True
        for j, value in enumerate(parameters):
            self.parameters[j] = value

    def __dealloc__(self):
        cdef int j
        for j in range(FL_DISTANCE_ARRAYS):
            close_operand(&self.arrays[j])
            close_operand(&self.grads[j])


cdef class Distances:
    """One call, prepared: layers, what belongs to a row, the value."""

    cdef list layers
    cdef Operand target, sample_weight, value
    cdef object held                                 # the array of the labels
    cdef const int64_t *labels
    cdef bint has_target, has_sample_weight, has_value, has_labels, is_double
    cdef int loss
    cdef public double factor                        # of the gradients
    cdef readonly Py_ssize_t blocks, block_size      # block_size is of elements
    cdef Py_ssize_t rows, block
    cdef const fl_distance_kernels *kernels

    def __init__(self, bint is_double, int loss, Py_ssize_t rows, layers, *, target=None, labels=None,
                 Py_ssize_t centers=0,
                 sample_weight=None, value=None):
        """`target` and `sample_weight`, one per row, are (array, storage); `labels` is an array of int64 that no one
        else has, which of the `centers` rows of the second array belongs to each; `value` is an array of one number per
        row or None."""
        cdef Layer layer
        cdef Py_ssize_t widest = 1
        cdef int j
        self.is_double, self.loss, self.rows, self.layers = is_double, loss, rows, layers
        self.kernels = current_distances(is_double)
        self.factor = 1
        for layer in layers:
            widest = max(widest, layer.width)
        self.block = max(<Py_ssize_t>1, min(rows, BLOCK_BYTES // 8 // widest))
        check_size(self.block, widest)
        self.blocks = (rows + self.block - 1) // self.block
        self.block_size = self.block * widest
        if target is not None:
            open_operand(&self.target, target[0], target[1], True, False, rows)
            self.has_target = True
        if sample_weight is not None:
            open_operand(&self.sample_weight, sample_weight[0], sample_weight[1], True, False, rows)
            self.has_sample_weight = True
        if labels is not None:
            self.held, self.has_labels = labels, True
            self.labels = <const int64_t *>address(labels)
        for layer in layers:
            for j in range(layer.count):
                if layer.arrays[j].size != layer.width * (centers if j == 1 and self.has_labels else rows):
                    raise_resized()
        if value is not None:
            open_operand(&self.value, value, FLOAT64 if is_double else FLOAT32, is_double, True, rows)
            self.has_value = True

    def __dealloc__(self):
        close_operand(&self.target)
        close_operand(&self.sample_weight)
        close_operand(&self.value)

    # ---- memory beside the arrays, for n rows -----------------------------------------------------------------------

    cdef Py_ssize_t row_bytes(self, Py_ssize_t n) noexcept nogil:
        """Of what is one number per row and read."""
        return scratch_size(&self.target, n) + scratch_size(&self.sample_weight, n)

    cdef Py_ssize_t array_bytes(self, Layer layer, int j, Py_ssize_t n) noexcept nogil:
        """Of an array that is read."""
        if j == 1 and self.has_labels:
            return 8 * n * layer.width + scratch_size(&layer.arrays[j], layer.width)
        return scratch_size(&layer.arrays[j], n * layer.width)

    cdef Py_ssize_t grad_bytes(self, Layer layer, int j, Py_ssize_t n) noexcept nogil:
        """Of a gradient that is not written where it lies."""
        return 8 * n * layer.width if layer.emits[j] and not layer.grads[j].direct else 0

    cdef Py_ssize_t layer_bytes(self, Layer layer, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t bytes = self.row_bytes(n)
        cdef int j
        for j in range(layer.count):
            bytes += self.array_bytes(layer, j, n) + self.grad_bytes(layer, j, n)
        return bytes

    # ---- rows -------------------------------------------------------------------------------------------------------

    def run(self, Py_ssize_t first, Py_ssize_t last):
        """Blocks first, ..., last - 1, in this thread."""
        cdef Layer layer
        cdef Py_ssize_t start, n, i, bytes = 8 * self.block
        cdef char *scratch
        cdef double *value
        for layer in self.layers:
            bytes = max(bytes, self.layer_bytes(layer, self.block))
        scratch = <char *>PyMem_RawMalloc(8 * self.block + bytes)
        if scratch == NULL:
            raise MemoryError()
        value = <double *>scratch
        cdef uint64_t floats = fl_enter_floats()
        for i in range(first, last):
            start = i * self.block
            n = min(self.block, self.rows - start)
            memset(value, 0, 8 * n)
            for layer in self.layers:
                with nogil:
                    self.run_layer(layer, start, n, value, scratch + 8 * self.block)
            if self.has_value:
                self.store_value(start, n, value, scratch + 8 * self.block)
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    cdef fl_distances call_of(self, Layer layer, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        """n rows of a layer, read into the scratch memory where they must be; without outputs."""
        cdef fl_distances call
        cdef int j
        memset(&call, 0, sizeof(call))
        call.rows, call.width, call.factor = n, layer.width, self.factor
        memcpy(call.parameters, layer.parameters, sizeof(layer.parameters))
        if self.has_target:
            call.target = <const double *>read_block(&self.target, start, n, scratch)
            scratch += scratch_size(&self.target, n)
        if self.has_sample_weight:
            call.scale = <const double *>read_block(&self.sample_weight, start, n, scratch)
            scratch += scratch_size(&self.sample_weight, n)
        for j in range(layer.count):
            if j == 1 and self.has_labels:
                call.x[j] = self.picked_rows(layer, start, n, scratch)
            else:
                call.x[j] = read_block(&layer.arrays[j], start * layer.width, n * layer.width, scratch)
            scratch += self.array_bytes(layer, j, n)
        return call

    cdef void run_layer(self, Layer layer, Py_ssize_t start, Py_ssize_t n, double *value, char *scratch) noexcept nogil:
        cdef fl_distances call = self.call_of(layer, start, n, scratch)
        cdef Py_ssize_t itemsize = 8 if self.is_double else 4
        cdef int j
        scratch += self.layer_bytes(layer, n)
        if self.has_value:
            call.value = value
        for j in range(layer.count):
            if layer.emits[j] and not (j == 1 and self.has_labels):
                scratch -= self.grad_bytes(layer, j, n)
                call.grad[j] = scratch
                if layer.grads[j].direct:
                    call.grad[j] = layer.grads[j].data + start * layer.width * itemsize
        self.kernels.losses[self.loss](&call)
        for j in range(layer.count):
            if call.grad[j] != NULL and not layer.grads[j].direct:
                write_block(&layer.grads[j], start * layer.width, n * layer.width, call.grad[j])

    cdef char *picked_rows(self, Layer layer, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
        """The rows of the second array that the labels pick, one after the other."""
        cdef Py_ssize_t bytes = layer.width * (8 if self.is_double else 4), i, first
        for i in range(n):
            first = self.labels[start + i] * layer.width
            memcpy(scratch + i * bytes, read_block(&layer.arrays[1], first, layer.width, scratch + n * bytes), bytes)
        return scratch

    cdef void store_value(self, Py_ssize_t start, Py_ssize_t n, const double *value, char *scratch) noexcept nogil:
        cdef Py_ssize_t i
        if self.is_double:
            write_block(&self.value, start, n, value)
            return
        for i in range(n):
            (<float *>scratch)[i] = <float>value[i]
        write_block(&self.value, start, n, scratch)

    # ---- gradients of rows that labels pick -------------------------------------------------------------------------

    def picked_per_block(self):
        """How many of them `run_picked` sums at a time."""
        cdef Layer layer = self.layers[0]
        return max(1, SUMS_BYTES // (8 * max(<Py_ssize_t>1, layer.width)))

    def run_picked(self, Py_ssize_t first, Py_ssize_t last):
        """Their gradients, rows first, ..., last - 1 of the second array, in this thread: minus the sum of the
        gradients of those which picked them, in the order of the rows and in float64."""
        cdef Layer layer = self.layers[0]
        cdef Py_ssize_t size = (last - first) * layer.width
        cdef char *sums = <char *>PyMem_RawMalloc(8 * size + self.layer_bytes(layer, 1) + 8 * layer.width)
        if sums == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            memset(sums, 0, 8 * size)
            self.sum_picked(layer, first, last, <double *>sums, sums + 8 * size)
            if not self.is_double:
                for i in range(size):
                    (<float *>sums)[i] = <float>(<double *>sums)[i]
            write_block(&layer.grads[1], first * layer.width, size, sums)
        fl_leave_floats(floats)
        PyMem_RawFree(sums)

    cdef void sum_picked(self, Layer layer, Py_ssize_t first, Py_ssize_t last, double *sums,
                         char *scratch) noexcept nogil:
        cdef fl_distances call
        cdef Py_ssize_t i
        cdef char *grad = scratch + self.layer_bytes(layer, 1)
        for i in range(self.rows):
            if first <= self.labels[i] < last:
                call = self.call_of(layer, i, 1, scratch)
                call.grad[0] = grad
                self.kernels.losses[self.loss](&call)
                self.kernels.subtract(sums + (self.labels[i] - first) * layer.width, grad, layer.width)
