"""Blocks of strided arrays as contiguous buffers of the computing dtype, and back.

An `Operand` describes an array of any strides (negative, zero, huge), byte order and storage. `read_block` returns a
pointer to n elements in C order: into the array itself where that is possible, else into scratch memory that one
block fits in, so that no array is ever copied whole.
"""

from cpython.buffer cimport (
    PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
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


import numpy as np

# The storage types of csrc/storage/storage.def: {NumPy's code of the dtype: its number}, the names of floats, and the
# numbers of those whose arrays are handed over as unsigned integers of the same bits
_NUMBERS = {fl_storage_types[i].name.decode(): i for i in range(FL_STORAGES)}
STORAGES = {chr(fl_storage_types[i].code): i for i in range(FL_STORAGES) if fl_storage_types[i].code}
STORAGES |= {code: _NUMBERS[np.dtype(code).name] for code in "?bhilqBHILQ"}  # two of which are of one size
STORAGE_NAMES = tuple(
    fl_storage_types[i].name.decode() for i in range(FL_STORAGES) if fl_storage_types[i].code
)
AS_BITS = frozenset(i for i in range(FL_STORAGES) if not fl_storage_types[i].is_exported)


cdef int open_operand(
    Operand *op, object array, int storage, bint is_double, bint writable, Py_ssize_t size
) except -1:
    """Describe `array`, which holds `storage` and has `size` elements; close_operand releases it."""
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
    op.itemsize, op.size = op.view.itemsize, size
    check_memory(op, array, size)
    merge_dimensions(op)
    op.contiguous = (
        not swapped
        and op.ndim <= 1
        and (op.ndim == 0 or op.strides[0] == op.itemsize)
        and <size_t>op.data % <size_t>op.itemsize == 0
    )
    op.direct = op.contiguous and storage == (FLOAT64 if is_double else FLOAT32)
    return 0


cdef int check_memory(const Operand *op, object array, Py_ssize_t size) except -1:
    """Code of others, which converts some arguments, may have resized an array that was read before: it has another
    size then, or what is seen of it in another class is gone."""
    cdef Py_ssize_t n = 1
    cdef int k
    for k in range(op.view.ndim):
        n *= op.view.shape[k]
    is_there = n == size and op.itemsize == <Py_ssize_t>fl_storage_types[op.storage].bytes
    base = array.base
    while type(base) is np.ndarray:  # a view of a view of an array of another class
        base = base.base
    if base is not None and is_there:
        is_there = is_within(op, base.obj if type(base) is memoryview else base)
    if not is_there:
        raise_resized()
    return 0


cdef int raise_resized() except -1:
    raise ValueError("an array was resized while the arguments of the call were read; give one that stays as it is")


cdef int check_size(Py_ssize_t rows, Py_ssize_t width) except -1:
    """That the memory for so many numbers, some times over, is within 64 bits: strides of 0 make arrays of any size."""
    if width > (<Py_ssize_t>1 << 50) // max(rows, <Py_ssize_t>1):
        raise MemoryError()
    return 0


cdef bint is_within(const Operand *op, object owner) except -1:
    """Whether the elements lie in the memory of the array that has it; others cannot be resized."""
    cdef Py_ssize_t low = 0, high = op.itemsize, reach, start
    cdef int k
    if not (isinstance(owner, np.ndarray) and np.ndarray.flags.__get__(owner).owndata):
        return True
    for k in range(op.view.ndim):
        if op.view.shape[k] == 0:
            return True
        reach = (op.view.shape[k] - 1) * op.view.strides[k]
        low += min(reach, <Py_ssize_t>0)
        high += max(reach, <Py_ssize_t>0)
    whole = np.asarray(owner)
    start = op.data - <char *><size_t>address(whole)
    return 0 <= start + low and start + high <= whole.nbytes


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
    """Bytes that read_block may need for n elements: for the converted ones, and for a copy of others in the array."""
    if op.direct:
        return 0
    return numbers_size(op.is_double, n) if op.storage == (FLOAT64 if op.is_double else FLOAT32) else n * 16


cdef Py_ssize_t numbers_size(bint is_double, Py_ssize_t n) noexcept nogil:
    """Bytes of n numbers of the computing dtype, so many that doubles may follow."""
    return 8 * n if is_double else 8 * ((n + 1) // 2)


cdef const void *read_block(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """Elements start, ..., start + n - 1 in C order, in the computing dtype."""
    if op.direct:
        return op.data + start * op.itemsize
    if op.storage == (FLOAT64 if op.is_double else FLOAT32):
        return read_stored(op, start, n, scratch)
    fl_widen(op.storage, read_stored(op, start, n, scratch + 8 * n), op.is_double, scratch, n)
    return scratch


cdef const char *read_stored(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """Elements start, ..., start + n - 1 in C order, as they are stored but for the order of their bytes."""
    if op.contiguous:
        return op.data + start * op.itemsize
    copy_block(op, start, n, scratch, False)
    if op.swapped:
        swap_bytes(scratch, op.itemsize, n)
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


cpdef size_t address(array) except? 0:
    """Where the memory of an array begins. NumPy's `ctypes` takes microseconds, and a module that the end of the
    interpreter may have removed."""
    cdef Py_buffer view
    if array.dtype.char == "E":  # NumPy exports no buffer of it
        array = array.view("u2")
    PyObject_GetBuffer(array, &view, PyBUF_STRIDES)
    PyBuffer_Release(&view)
    return <size_t>view.buf


def are_same(a, b):
    """Whether two arrays of one dtype and shape are the same elements in the same order."""
    cdef Py_buffer x, y
    cdef bint same
    cdef int k
    PyObject_GetBuffer(a, &x, PyBUF_STRIDES)
    try:
        PyObject_GetBuffer(b, &y, PyBUF_STRIDES)
        same = x.buf == y.buf and x.ndim == y.ndim
        for k in range(x.ndim if same else 0):
            same &= x.shape[k] == y.shape[k] and (x.strides[k] == y.strides[k] or x.shape[k] <= 1)
        PyBuffer_Release(&y)
    finally:
        PyBuffer_Release(&x)
    return same


# ---- integers as they are -------------------------------------------------------------------------------------------

ctypedef fused Integer:
    int8_t
    int16_t
    int32_t
    uint8_t
    uint16_t
    uint32_t
    int64_t


cdef bint widen(const Integer *x, int64_t *out, Py_ssize_t n, uint64_t last) noexcept nogil:
    """n integers as int64. Whether all are in 0, ..., last."""
    cdef uint64_t outside = 0  # its highest bit is set by one that is negative or above the last
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]
        outside |= <uint64_t>out[i] | (last - <uint64_t>out[i])
    return outside >> 63 == 0


cdef bint read_integers(
    const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch, uint64_t last
) noexcept nogil:
    """Elements start, ..., start + n - 1 as int64 at the beginning of the scratch memory, which has 16 bytes for each;
    uint64 keep their bits. Whether all are in 0, ..., last."""
    return widen_integers(op.storage, read_stored(op, start, n, scratch + 8 * n), <int64_t *>scratch, n, last)


cdef bint widen_integers(
    int storage, const void *raw, int64_t *out, Py_ssize_t n, uint64_t last
) noexcept nogil:
    """The same of n integers side by side."""
    if fl_storage_types[storage].bytes == 8:
        return widen(<const int64_t *>raw, out, n, last)
    if storage == INT32:
        return widen(<const int32_t *>raw, out, n, last)
    if storage == UINT32:
        return widen(<const uint32_t *>raw, out, n, last)
    if storage == INT16:
        return widen(<const int16_t *>raw, out, n, last)
    if storage == UINT16:
        return widen(<const uint16_t *>raw, out, n, last)
    if storage == INT8:
        return widen(<const int8_t *>raw, out, n, last)
    return widen(<const uint8_t *>raw, out, n, last)


cdef const int64_t *read_int64(const Operand *op, Py_ssize_t start, Py_ssize_t n, char *scratch) noexcept nogil:
    """The same, where they are if they are so already."""
    if op.itemsize == 8:
        return <const int64_t *>read_stored(op, start, n, scratch)
    read_integers(op, start, n, scratch, 0)
    return <const int64_t *>scratch


cdef inline int64_t upper_half(int64_t x, bint is_signed) noexcept nogil:
    return x >> 32 if is_signed else <int64_t>(<uint64_t>x >> 32)


cdef const void *read_difference(
    const Operand *pred, const Operand *target, Py_ssize_t start, Py_ssize_t n, char *scratch
) noexcept nogil:
    """pred - target of integers, rounded once to float64, in scratch memory of 32 bytes for each: the differences of
    the upper and of the lower 32 bits are exact in float64, as is the upper one times 2^32; only their sum is
    rounded."""
    cdef double *out = <double *>scratch
    cdef const int64_t *p = read_int64(pred, start, n, scratch)
    cdef const int64_t *t = read_int64(target, start, n, scratch + 16 * n)
    cdef bint pred_is_signed = pred.storage != UINT64, target_is_signed = target.storage != UINT64
    cdef int64_t upper, lower
    cdef Py_ssize_t i
    for i in range(n):
        upper = upper_half(p[i], pred_is_signed) - upper_half(t[i], target_is_signed)
        lower = <int64_t><uint32_t>p[i] - <int64_t><uint32_t>t[i]
        out[i] = <double>upper * 4294967296.0 + <double>lower
    return out
