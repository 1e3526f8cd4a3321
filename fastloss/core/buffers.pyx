"""Blocks of strided arrays as contiguous buffers of the computing dtype, and back.

An `Operand` describes an array of any strides (negative, zero, huge), byte order and storage. `read_block` returns a
pointer to n elements in C order: into the array itself where that is possible, else into scratch memory that one
block fits in, so that no array is ever copied whole.
"""

from cpython.buffer cimport (
    PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    static inline uint16_t swap16(uint16_t x) { return __builtin_bswap16(x); }
    static inline uint32_t swap32(uint32_t x) { return __builtin_bswap32(x); }
    static inline uint64_t swap64(uint64_t x) { return __builtin_bswap64(x); }
    """
    uint16_t swap16(uint16_t) noexcept nogil
    uint32_t swap32(uint32_t) noexcept nogil
    uint64_t swap64(uint64_t) noexcept nogil


# The storage types of csrc/storage/storage.def: {NumPy's code of the dtype: its number}, the names, and the numbers of
# those whose arrays are handed over as unsigned integers of the same bits
STORAGES = {chr(fl_storage_types[i].code): i for i in range(FL_STORAGES)}
STORAGE_NAMES = tuple(fl_storage_types[i].name.decode() for i in range(FL_STORAGES))
AS_BITS = frozenset(i for i in range(FL_STORAGES) if not fl_storage_types[i].is_exported)


cdef int open_operand(Operand *op, object array, int storage, bint is_double, bint writable) except -1:
    """Describe `array`, which holds `storage`; close_operand releases it."""
    memset(op, 0, sizeof(Operand))
    if not fl_can_read(storage, is_double):
        raise SystemError(f"storage {storage} cannot be read as {'float64' if is_double else 'float32'}")
    swapped = not array.dtype.isnative
    if swapped:
        array = array.view(array.dtype.newbyteorder("="))
    PyObject_GetBuffer(array, &op.view, PyBUF_STRIDES | (PyBUF_WRITABLE if writable else 0))
    op.held = True
    op.data = <char *>op.view.buf
    op.storage = storage
    op.swapped = swapped
    op.is_double = is_double
    op.itemsize = op.view.itemsize
    merge_dimensions(op)
    op.direct = (
        not swapped
        and storage == (FLOAT64 if is_double else FLOAT32)
        and op.ndim <= 1
        and (op.ndim == 0 or op.strides[0] == op.itemsize)
        and <size_t>op.data % <size_t>op.itemsize == 0
    )
    return 0


cdef void close_operand(Operand *op) noexcept:
    if op.held:
        op.held = False
        PyBuffer_Release(&op.view)


cdef void merge_dimensions(Operand *op) noexcept:
    """Drop axes of length 1 and join neighbours that are one run in memory."""
    cdef int i, n = 0
    cdef Py_ssize_t length, stride
    for i in range(op.view.ndim):
        length = op.view.shape[i]
        stride = op.view.strides[i]
        if length == 1:
            continue
        if n and op.strides[n - 1] == stride * length:
            op.shape[n - 1] *= length
            op.strides[n - 1] = stride
        else:
            op.shape[n] = length
            op.strides[n] = stride
            n += 1
    op.ndim = n


cdef Py_ssize_t scratch_size(const Operand *op, Py_ssize_t n) noexcept nogil:
    """Bytes that read_block may need for n elements: for the converted ones, and for a copy of those in the array."""
    return 0 if op.direct else n * 16


cdef const void *read_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """Elements start, ..., start + n - 1 in C order, in the computing dtype."""
    if op.direct:
        return op.data + start * op.itemsize
    cdef char *raw = scratch + 8 * n
    if op.storage == (FLOAT64 if op.is_double else FLOAT32):
        raw = scratch
    copy_block(op, start, n, raw, False)
    if op.swapped:
        swap_bytes(raw, op.itemsize, n)
    if raw != scratch:
        fl_widen(op.storage, raw, op.is_double, scratch, n)
    return scratch


cdef void write_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, const void *values) noexcept nogil:
    """Store n elements of the computing dtype, which is the array's."""
    copy_block(op, start, n, <char *>values, True)


cdef void copy_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *flat, bint store) noexcept nogil:
    """Copy elements start, ..., start + n - 1 in C order from the array to `flat`, or back."""
    cdef Py_ssize_t index[MAX_DIMS]
    cdef Py_ssize_t rest = start, length
    cdef char *at = op.data
    cdef int k, last = op.ndim - 1
    if last < 0:
        copy_run(at, 0, flat, n, op.itemsize, store)
        return
    for k in range(last, -1, -1):
        index[k] = rest % op.shape[k]
        rest //= op.shape[k]
        at += index[k] * op.strides[k]
    while n:
        length = op.shape[last] - index[last]
        if length > n:
            length = n
        copy_run(at, op.strides[last], flat, length, op.itemsize, store)
        n -= length
        flat += length * op.itemsize
        at += length * op.strides[last]
        index[last] += length
        k = last
        while k > 0 and index[k] == op.shape[k]:
            at += op.strides[k - 1] - index[k] * op.strides[k]
            index[k] = 0
            k -= 1
            index[k] += 1


ctypedef fused Word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t


cdef void copy_words(Word tag, char *at, Py_ssize_t stride, char *flat, Py_ssize_t n, bint store) noexcept nogil:
    """n elements of Word's size, `stride` bytes apart, to `flat` or back; `tag` only tells Cython the type."""
    cdef Py_ssize_t i
    if store:
        for i in range(n):
            memcpy(at + i * stride, flat + i * sizeof(Word), sizeof(Word))
    else:
        for i in range(n):
            memcpy(flat + i * sizeof(Word), at + i * stride, sizeof(Word))


cdef void copy_run(
    char *at, Py_ssize_t stride, char *flat, Py_ssize_t n, Py_ssize_t itemsize, bint store
) noexcept nogil:
    if stride == itemsize:
        if store:
            memcpy(at, flat, n * itemsize)
        else:
            memcpy(flat, at, n * itemsize)
    elif itemsize == 1:
        copy_words(<uint8_t>0, at, stride, flat, n, store)
    elif itemsize == 2:
        copy_words(<uint16_t>0, at, stride, flat, n, store)
    elif itemsize == 4:
        copy_words(<uint32_t>0, at, stride, flat, n, store)
    else:
        copy_words(<uint64_t>0, at, stride, flat, n, store)


cdef void swap_bytes(char *raw, Py_ssize_t itemsize, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if itemsize == 2:
        for i in range(n):
            (<uint16_t *>raw)[i] = swap16((<uint16_t *>raw)[i])
    elif itemsize == 4:
        for i in range(n):
            (<uint32_t *>raw)[i] = swap32((<uint32_t *>raw)[i])
    else:
        for i in range(n):
            (<uint64_t *>raw)[i] = swap64((<uint64_t *>raw)[i])


# ---- integers of 64 bits --------------------------------------------------------------------------------------------

cdef inline int64_t upper_half(int64_t x, bint is_signed) noexcept nogil:
    return x >> 32 if is_signed else <int64_t>(<uint64_t>x >> 32)


def subtract_integers(
    const int64_t[::1] pred, bint pred_is_signed, const int64_t[::1] target, bint target_is_signed,
    double[::1] difference,
):
    """pred - target, rounded once: the differences of the upper and of the lower 32 bits are exact in float64, as is
    the upper one times 2^32; only their sum is rounded."""
    cdef const int64_t *p = &pred[0] if pred.shape[0] else NULL
    cdef const int64_t *t = &target[0] if target.shape[0] else NULL
    cdef double *out = &difference[0] if difference.shape[0] else NULL
    cdef Py_ssize_t i, n = difference.shape[0]
    cdef int64_t upper, lower
    with nogil:
        for i in range(n):
            upper = upper_half(p[i], pred_is_signed) - upper_half(t[i], target_is_signed)
            lower = <int64_t><uint32_t>p[i] - <int64_t><uint32_t>t[i]
            out[i] = <double>upper * 4294967296.0 + <double>lower
