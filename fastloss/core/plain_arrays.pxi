# Part of plain.pyx: what a plain call asks of its arrays.

cdef bint is_beside(object array, np.ndarray pred) noexcept:
    """Whether that is a plain array of pred's shape and dtype."""
    return np.PyArray_CheckExact(array) and is_plain_array(<np.ndarray>array) and are_alike(<np.ndarray>array, pred)


cdef bint is_plain_array(np.ndarray array) noexcept:
    """Contiguous, aligned, in this machine's byte order."""
    return np.PyArray_ISCARRAY_RO(array)


cdef bint are_alike(np.ndarray a, np.ndarray b) noexcept:
    """Whether two arrays have the same dtype and shape."""
    return np.PyArray_TYPE(a) == np.PyArray_TYPE(b) and has_shape(a, np.PyArray_NDIM(b), np.PyArray_DIMS(b))


cdef bint has_shape(np.ndarray array, int ndim, const np.npy_intp *shape) noexcept:
    cdef int k
    if np.PyArray_NDIM(array) != ndim:
        return False
    for k in range(ndim):
        if np.PyArray_DIMS(array)[k] != shape[k]:
            return False
    return True


cdef object given_output(object out, int number):
    """The array of this number in an `out`, if that is one of NumPy's own."""
    if type(out) is tuple:
        out = out[number] if number < len(out) else None
    return out if np.PyArray_CheckExact(out) else None


cdef bint fits_output(np.ndarray array, int ndim, np.ndarray pred) noexcept:
    return (
        np.PyArray_ISCARRAY(array)
        and np.PyArray_TYPE(array) == np.PyArray_TYPE(pred)
        and has_shape(array, ndim, np.PyArray_DIMS(pred))
    )


cdef bint overlap(np.ndarray a, np.ndarray b) noexcept:
    """Whether two contiguous arrays have a byte in common."""
    cdef char *x = <char *>np.PyArray_DATA(a)
    cdef char *y = <char *>np.PyArray_DATA(b)
    return x < y + np.PyArray_NBYTES(b) and y < x + np.PyArray_NBYTES(a)


cdef bint are_same(np.ndarray a, np.ndarray b) noexcept:
    """Whether two contiguous arrays are the same elements."""
    return np.PyArray_DATA(a) == np.PyArray_DATA(b) and are_alike(a, b)


cdef char *aligned(char *memory) noexcept nogil:
    return memory + (-<size_t>memory) % FL_ALIGNMENT


# NumPy's numbers of the dtypes of labels: {number: of csrc/storage/storage.def}, -1 for others
cdef int storages[32]
for _number in range(32):
    storages[_number] = -1
for _code in "?bhilqBHILQ":
    storages[numpy.dtype(_code).num] = STORAGES[_code]


cdef bint read_labels(np.ndarray target, int64_t *labels, Py_ssize_t n, Py_ssize_t classes) noexcept nogil:
    """n labels of contiguous integers. Whether they are that, and each of them a class."""
    cdef int dtype = np.PyArray_TYPE(target)
    if not 0 <= dtype < 32 or storages[dtype] < 0:
        return False
    return widen_integers(storages[dtype], np.PyArray_DATA(target), labels, n, classes - 1)
