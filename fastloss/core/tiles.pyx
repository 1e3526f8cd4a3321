"""The hot loops of the losses of embeddings: tiles of rows by tiles of columns, without the GIL.

A call is one `Tiles`. Rows are reduced a tile at a time. For derivatives, as many row tiles as there are threads are a
group: each keeps its logits; then each column's derivative takes what the rows of the group add, in their order. So the
bits do not depend on threads. What a kernel is given is in csrc/tiles/api.h.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from fastloss.core.buffers cimport (
    FLOAT32, FLOAT64, Operand, address, check_size, close_operand, open_operand, raise_resized, read_block,
)
from fastloss.core.kernels cimport (
    FL_ROW_PADDING, FL_TILE_COLUMNS, FL_TILE_ROLES, FL_TILE_ROWS, FL_TILE_STRIP, current_tiles, fl_enter_floats,
    fl_leave_floats, fl_row_tile, fl_tile, fl_tile_kernels, fl_tile_of, fl_tiles, fl_tiles_of, fl_vectors,
)
from fastloss.core.rows cimport Labels

cdef enum:
    KEPT_BYTES = 16 << 20   # of logits that a row tile keeps
    PACKED_BYTES = 4 << 20  # of its vectors

COLUMNS, ROLES = FL_TILE_COLUMNS, FL_TILE_ROLES


# ---- vectors ------------------------------------------------------------------------------------------------------

cdef struct Source:
    Operand parts[2]
    Py_ssize_t count, split, width


cdef int open_source(Source *source, fl_vectors *v, arrays, grads, bint is_double) except -1:
    """Describe one or two (array, storage), which follow one another; `grads` are arrays or None."""
    first = arrays[0][0]
    source.width = first.shape[first.ndim - 1] if first.ndim else 0
    if source.width == 0:  # no vectors are empty: it was checked
        raise_resized()
    source.split = first.size // source.width
    v.source, v.read = source, read_vectors
    v.split = source.split
    v.rows = sum(array.size // source.width for array, _ in arrays)
    for array, storage in arrays:
        size = array.size // source.width * source.width
        open_operand(&source.parts[source.count], array, storage, is_double, False, size)
        source.count += 1
    for part, grad in enumerate(grads):
        v.grad[<int>part] = data_of(grad, source.parts[<int>part].size)
    return 0


cdef Py_ssize_t quotient(Py_ssize_t n, Py_ssize_t size) noexcept:
    """n / size, rounded up"""
    return (n + size - 1) // size


cdef void *data_of(array, Py_ssize_t size) except *:
    """Of an array of so many numbers, contiguous; NULL for None."""
    if array is None:
        return NULL
    if array.size != size:
        raise_resized()
    return <void *><size_t>address(array)


cdef void close_source(Source *source) noexcept:
    cdef int k
    for k in range(source.count):
        close_operand(&source.parts[k])


cdef const void *read_vectors(const void *of, size_t row, size_t rows, size_t start, size_t n, size_t *stride,
                              void *scratch) noexcept nogil:
    """Numbers of rows that are of one part."""
    cdef const Source *source = <const Source *>of
    cdef int part = 1 if <Py_ssize_t>row >= source.split else 0
    cdef const Operand *operand = &source.parts[part]
    cdef Py_ssize_t at = (row - part * source.split) * source.width + start
    cdef size_t k
    if operand.direct or rows == 1:
        stride[0] = source.width
        return read_block(operand, at, n, <char *>scratch)
    stride[0] = 16 * n // operand_size(operand)
    for k in range(rows):
        read_block(operand, at + k * source.width, n, <char *>scratch + 16 * n * k)
    return scratch


cdef Py_ssize_t operand_size(const Operand *operand) noexcept nogil:
    """Bytes of a number that is read"""
    return 8 if operand.is_double else 4


# ---- a call -------------------------------------------------------------------------------------------------------

cdef class Tiles:
    """One call, prepared: vectors, labels, outputs, kernels."""

    cdef fl_tiles call
    cdef Source x, w, partner
    cdef Labels labels                 # None: those of groups, of partners, or else the number of the row
    cdef Operand sample_weight
    cdef bint has_sample_weight, weighs_rows, is_double
    cdef const fl_tile_kernels *kernels
    cdef fl_row_tile *slots            # of a group of row tiles
    cdef char *memory
    cdef readonly Py_ssize_t row_tiles, column_tiles, tiles_of_rows, tiles_of_columns, tiles_of_partners, width
    cdef readonly Py_ssize_t work      # operations of a row tile
    cdef readonly bint has_grads, has_column_grads
    cdef readonly bint is_mirrored     # derivatives need all rows reduced, and no logits kept
    cdef readonly bint is_apart        # rows have no columns in common
    cdef Py_ssize_t group, block
    cdef Py_ssize_t group_begin, block_begin
    cdef object arrays
    cdef readonly object value

    def __init__(self, bint is_double, x, w, *, value, x_grads, w_grads, normalized, double scale, double bias_scale,
                 double smoothing, int margin, margin_parameters, int threads, labels=None, bias=None, bias_grad=None,
                 class_weight=None, sample_weight=None, groups=None, shares=None, roles=None, bint excludes_self=False,
                 partner=None, partner_grad=None, Py_ssize_t window=0):
        """`x` and `w` are lists of (array, storage), `x_grads` and `w_grads` of arrays or None: contiguous, zeroed;
        `partner` and `partner_grad` are one of each. The other arrays are contiguous and of the computing dtype."""
        cdef int k
        self.is_double = is_double
        self.value = value
        self.arrays = (x_grads, w_grads, bias, bias_grad, class_weight, groups, shares, roles, partner_grad)
        self.kernels = current_tiles(is_double)
        self.labels = labels
        open_source(&self.x, &self.call.x, x, x_grads, is_double)
        open_source(&self.w, &self.call.w, w, w_grads, is_double)
        self.check_shapes(window, partner is not None)
        self.call.x.normalized, self.call.w.normalized = normalized
        self.call.width = self.x.width
        self.call.window = window
        self.call.scale, self.call.bias_scale = scale, bias_scale
        self.call.limit = scale if all(normalized) and bias is None else float("inf")
        self.call.bias, self.call.bias_grad = data_of(bias, self.call.w.rows), data_of(bias_grad, self.call.w.rows)
        self.weighs_rows = not smoothing and class_weight is not None
        self.call.class_weight = data_of(class_weight, self.call.w.rows)
        self.call.smoothing = smoothing
        self.call.margin = margin
        for k in range(len(margin_parameters)):
            self.call.margin_parameters[k] = margin_parameters[k]
        self.call.groups, self.call.shares = data_of(groups, self.call.x.rows), data_of(shares, self.call.x.rows)
        self.call.roles = NULL if roles is None else data_of(roles, roles.size)
        self.call.excludes_self = excludes_self
        if partner is not None:
            open_source(&self.partner, &self.call.partner, [partner], [partner_grad], is_double)
            self.call.partner.normalized = self.call.w.normalized
            if self.partner.width != self.x.width or self.call.partner.rows != self.call.x.rows:
                raise_resized()
        self.call.value = data_of(value, self.call.x.rows)
        if sample_weight is not None:
            open_operand(&self.sample_weight, sample_weight[0], sample_weight[1], is_double, False, self.call.x.rows)
            self.has_sample_weight = True
        self.has_column_grads = bias_grad is not None or any(grad is not None for grad in w_grads)
        self.is_mirrored = groups is not None
        self.is_apart = window != 0
        self.has_grads = self.has_column_grads or any(grad is not None for grad in (*x_grads, partner_grad))
        self.cut(threads)

    cdef int check_shapes(self, Py_ssize_t window, bint has_partner) except -1:
        """That there is a column of x's width for every label, or row without one."""
        cdef Py_ssize_t rows = self.call.x.rows, columns = self.call.w.rows
        if self.labels is not None:
            fits = self.labels.size == rows and self.labels.classes == columns
        elif window:
            fits = columns == rows * window
        else:
            fits = has_partner or columns >= rows
        if self.w.width != self.x.width or not fits:
            raise_resized()
        return 0

    def __dealloc__(self):
        close_source(&self.x)
        close_source(&self.w)
        close_source(&self.partner)
        if self.has_sample_weight:
            close_operand(&self.sample_weight)
        PyMem_RawFree(self.memory)
        PyMem_RawFree(self.slots)

    cdef int cut(self, Py_ssize_t threads) except -1:
        """The sizes of tiles. Threads change none but those that change no bit."""
        cdef Py_ssize_t size = 8 if self.is_double else 4, rows = max(<Py_ssize_t>self.call.x.rows, 1)
        cdef Py_ssize_t most, each, kept, strip
        self.width = self.x.width
        check_size(FL_TILE_COLUMNS, self.width)
        check_size(FL_TILE_COLUMNS, self.call.w.rows)
        self.column_tiles = fl_tiles_of(&self.call.w, FL_TILE_COLUMNS)
        self.tiles_of_columns = self.column_tiles
        if self.call.window:
            self.column_tiles = quotient(self.call.window, FL_TILE_COLUMNS)
        self.tiles_of_rows = fl_tiles_of(&self.call.x, FL_TILE_COLUMNS)
        self.tiles_of_partners = fl_tiles_of(&self.call.partner, FL_TILE_COLUMNS)
        most = min(<Py_ssize_t>FL_TILE_ROWS, PACKED_BYTES // size // max(self.width, <Py_ssize_t>1))
        if self.has_grads and not self.is_mirrored:
            kept = KEPT_BYTES // (size * FL_TILE_COLUMNS * max(self.column_tiles, <Py_ssize_t>1))
            most = min(most, kept) if kept >= FL_TILE_STRIP else most
        strip = 2 * FL_TILE_STRIP if most >= 2 * FL_TILE_STRIP else FL_TILE_STRIP
        most = max(most - most % strip, strip)
        each = quotient(rows, threads)
        self.call.strip = strip
        self.call.rows_of_tile = quotient(quotient(each, quotient(each, most)), strip) * strip
        if self.call.window:
            self.call.rows_of_tile = 1
        self.row_tiles = fl_tiles_of(&self.call.x, self.call.rows_of_tile)
        most = max(KEPT_BYTES // (size * FL_TILE_COLUMNS * <Py_ssize_t>self.call.rows_of_tile), <Py_ssize_t>1)
        self.block = min(self.column_tiles, most) if self.has_grads and not self.is_mirrored else 1
        self.call.kept = self.block
        self.work = <Py_ssize_t>self.call.rows_of_tile * self.column_tiles * FL_TILE_COLUMNS * (1 + self.width // 16)
        self.group = min(threads, self.row_tiles)
        return 0

    # ---- rows -----------------------------------------------------------------------------------------------------

    cdef void find_scales(self, Py_ssize_t start, Py_ssize_t n, int64_t *labels, double *scale,
                          char *scratch) noexcept nogil:
        """The labels of n rows, and what multiplies their losses: where a row does not count, both are 0."""
        cdef const int64_t *given = NULL
        cdef const void *weight = NULL
        cdef double own
        cdef Py_ssize_t i
        if self.labels is not None:
            self.labels.read(start, n, <int64_t *>scratch)
            given = <const int64_t *>scratch
        if self.has_sample_weight:
            weight = read_block(&self.sample_weight, start, n, scratch + 16 * n)
        for i in range(n):
            own = self.own_scale(start + i, given[i] if given != NULL else 0)
            labels[i] = -1 if self.call.groups != NULL or self.call.partner.source != NULL else 0
            scale[i] = own
            if own != 0 and labels[i] == 0:
                labels[i] = given[i] if given != NULL else start + i
            if own != 0 and weight != NULL:
                scale[i] *= number_at(weight, i, self.is_double)

    cdef double own_scale(self, Py_ssize_t row, int64_t label) noexcept nogil:
        """That of a row but for its sample weight"""
        if self.call.groups != NULL:
            return 1 if number_at(self.call.shares, row, self.is_double) != 0 else 0
        if label < 0:
            return 0
        return number_at(self.call.class_weight, label, self.is_double) if self.weighs_rows else 1

    def weigh(self):
        """What the mean divides by: the sum over the rows that count of sample weight times the label's class weight."""
        cdef char *scratch = <char *>PyMem_RawMalloc(FL_TILE_ROWS * (32 + 8 + 8))
        cdef double *scale
        cdef int64_t *labels
        cdef double total = 0
        cdef Py_ssize_t start = 0, n, i, rows = self.call.x.rows
        cdef bint smooths = self.call.class_weight != NULL and not self.weighs_rows
        if scratch == NULL:
            raise MemoryError()
        scale = <double *>(scratch + 32 * FL_TILE_ROWS)
        labels = <int64_t *>(scale + FL_TILE_ROWS)
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            while start < rows:
                n = min(<Py_ssize_t>FL_TILE_ROWS, rows - start)
                self.find_scales(start, n, labels, scale, scratch)
                for i in range(n):
                    if smooths:  # the kernel has the class weights, which are not in the scales
                        scale[i] *= number_at(self.call.class_weight, labels[i], self.is_double)
                    total += scale[i]
                start += n
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)
        return total

    @property
    def factor(self):
        """What multiplies the derivatives."""
        return self.call.factor

    @factor.setter
    def factor(self, double factor):
        self.call.factor = factor

    cdef void begin_rows(self, fl_row_tile *r, Py_ssize_t number, char *scratch) noexcept nogil:
        r.tile = fl_tile_of(&self.call.x, self.call.rows_of_tile, number)
        memset(r.scale, 0, 8 * (FL_TILE_ROWS + FL_ROW_PADDING))
        self.find_scales(r.tile.begin, r.tile.count, r.labels, r.scale, scratch)

    cdef size_t slot_room(self) noexcept nogil:
        return aligned(self.kernels.logits_room(&self.call)) + aligned(self.kernels.row_room(&self.call)) + aligned(
            FL_TILE_ROWS * 8) + aligned(8 * (FL_TILE_ROWS + FL_ROW_PADDING))

    cdef void open_slot(self, fl_row_tile *r, char *memory) noexcept nogil:
        memory = <char *>aligned(<size_t>memory)
        r.logits = memory
        memory += aligned(self.kernels.logits_room(&self.call))
        r.memory = memory
        memory += aligned(self.kernels.row_room(&self.call))
        r.labels = <int64_t *>memory
        r.scale = <double *>(memory + aligned(FL_TILE_ROWS * 8))

    cdef size_t scratch_room(self) noexcept nogil:
        cdef size_t room = self.kernels.scratch_room(&self.call), least = 32 * FL_TILE_ROWS
        return 64 + (room if room > least else least)

    # ---- values ---------------------------------------------------------------------------------------------------

    def reduce(self, Py_ssize_t first, Py_ssize_t last):
        """The losses of row tiles first, ..., last - 1."""
        self.each_tile(first, last, False)

    def differentiate_alone(self, Py_ssize_t first, Py_ssize_t last):
        """Their derivatives, too, where they share none: rows that are mirrored, and reduced; rows that are apart."""
        self.each_tile(first, last, True)

    cdef int each_tile(self, Py_ssize_t first, Py_ssize_t last, bint differentiates) except -1:
        cdef fl_row_tile row
        cdef Py_ssize_t k
        cdef char *memory = <char *>PyMem_RawMalloc(self.slot_room() + self.scratch_room() + 64)
        cdef char *scratch
        if memory == NULL:
            raise MemoryError()
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            scratch = memory + self.slot_room() + 64
            self.open_slot(&row, memory)
            for k in range(first, last):
                if not (self.is_mirrored and differentiates):
                    self.reduce_tile(&row, k, scratch)
                else:
                    self.begin_rows(&row, k, scratch)
                if differentiates:
                    self.differentiate_tile(&row, scratch)
        fl_leave_floats(floats)
        PyMem_RawFree(memory)
        return 0

    cdef void differentiate_tile(self, fl_row_tile *row, char *scratch) noexcept nogil:
        cdef Py_ssize_t begin = 0, end, step = self.column_tiles if self.is_mirrored else self.block
        cdef void *room = <void *>aligned(<size_t>scratch)
        while begin < self.column_tiles:
            end = min(begin + step, self.column_tiles)
            self.kernels.differentiate(&self.call, row, begin, end, room)
            if self.has_column_grads:
                self.kernels.transfer(&self.call, row, begin, begin, end, room)
            begin = end

    cdef void reduce_tile(self, fl_row_tile *row, Py_ssize_t number, char *scratch) noexcept nogil:
        self.begin_rows(row, number, scratch)
        self.kernels.reduce(&self.call, row, <void *>aligned(<size_t>scratch))

    # ---- derivatives ----------------------------------------------------------------------------------------------

    def begin_group(self, Py_ssize_t first):
        """Row tiles from `first` on are the group; how many they are."""
        cdef Py_ssize_t k
        if self.memory == NULL:
            self.memory = <char *>PyMem_RawMalloc(self.group * (self.slot_room() + 64))
            self.slots = <fl_row_tile *>PyMem_RawMalloc(self.group * sizeof(fl_row_tile))
            if self.memory == NULL or self.slots == NULL:
                raise MemoryError()
            for k in range(self.group):
                self.open_slot(&self.slots[k], self.memory + k * (self.slot_room() + 64))
        self.group_begin = first
        return min(self.group, self.row_tiles - first)

    def begin_block(self, Py_ssize_t first):
        """Column tiles from `first` on are the block; how many they are."""
        self.block_begin = first
        return min(self.block, self.column_tiles - first)

    cdef char *take_scratch(self) except NULL:
        cdef char *scratch = <char *>PyMem_RawMalloc(self.scratch_room())
        if scratch == NULL:
            raise MemoryError()
        return scratch

    def reduce_group(self, Py_ssize_t first, Py_ssize_t last):
        """The losses of row tiles first, ..., last - 1 of the group."""
        cdef char *scratch = self.take_scratch()
        cdef Py_ssize_t k
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for k in range(first, last):
                self.reduce_tile(&self.slots[k], self.group_begin + k, scratch)
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    def differentiate(self, Py_ssize_t first, Py_ssize_t last):
        """The derivatives by the logits of the block, and by the rows, of row tiles first, ..., last - 1 of a group."""
        cdef char *scratch = self.take_scratch()
        cdef Py_ssize_t k, end = min(self.block_begin + self.block, self.column_tiles)
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for k in range(first, last):
                self.kernels.differentiate(&self.call, &self.slots[k], self.block_begin, end,
                                           <void *>aligned(<size_t>scratch))
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    def transfer(self, Py_ssize_t first, Py_ssize_t last):
        """What the group adds to the derivatives by column tiles first, ..., last - 1 of the block."""
        cdef char *scratch = self.take_scratch()
        cdef Py_ssize_t k, count = min(self.group, self.row_tiles - self.group_begin)
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for k in range(count):
                self.kernels.transfer(&self.call, &self.slots[k], self.block_begin, self.block_begin + first,
                                      self.block_begin + last, <void *>aligned(<size_t>scratch))
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)

    def finish_rows(self, Py_ssize_t first, Py_ssize_t last):
        self.finish(&self.call.x, first, last)

    def finish_partners(self, Py_ssize_t first, Py_ssize_t last):
        self.finish(&self.call.partner, first, last)

    def finish_columns(self, Py_ssize_t first, Py_ssize_t last):
        self.finish(&self.call.w, first, last)

    cdef int finish(self, const fl_vectors *v, Py_ssize_t first, Py_ssize_t last) except -1:
        """The derivatives by the vectors themselves, of tiles first, ..., last - 1 of FL_TILE_COLUMNS."""
        cdef char *scratch = self.take_scratch()
        cdef fl_tile tile
        cdef Py_ssize_t k
        cdef uint64_t floats = fl_enter_floats()
        with nogil:
            for k in range(first, last):
                tile = fl_tile_of(v, FL_TILE_COLUMNS, k)
                self.kernels.finish(&self.call, v, tile.begin, tile.count, <void *>aligned(<size_t>scratch))
        fl_leave_floats(floats)
        PyMem_RawFree(scratch)
        return 0


cdef size_t aligned(size_t bytes) noexcept nogil:
    return (bytes + 63) & ~<size_t>63


cdef double number_at(const void *numbers, Py_ssize_t i, bint is_double) noexcept nogil:
    return (<const double *>numbers)[i] if is_double else (<const float *>numbers)[i]
