# Part of rows.pyx: rows of any layout.

cdef struct Matrix:
    Operand operand
    bint by_class         # stored class by class: rows are neighbours in memory, the classes of a row are not
    bint are_columns      # long rows that are by_class and stay so
    Py_ssize_t run        # where by_class, how many rows are neighbours
    Py_ssize_t classes


cdef int open_matrix(
    Matrix *m, object array, int storage, bint is_double, bint writable, Py_ssize_t rows, Py_ssize_t classes
) except -1:
    """Describe `array`, classes last; close_operand(&m.operand) releases it."""
    if array.ndim == 0 or array.shape[array.ndim - 1] != classes:
        raise_resized()
    m.classes = classes
    m.run = array.shape[array.ndim - 2] if array.ndim > 1 else 1
    m.by_class = m.run >= FL_ROW_PADDING and m.classes > 1 and array.strides[array.ndim - 2] == array.itemsize
    by_row = array.swapaxes(-1, -2) if m.by_class else array
    open_operand(&m.operand, by_row, storage, is_double, writable, rows * classes)
    return 0


cdef Py_ssize_t matrix_scratch(const Matrix *m, Py_ssize_t n) noexcept nogil:
    """Bytes of scratch memory for n rows: the rows in the computing dtype, and what read_block needs."""
    cdef Py_ssize_t size = n * m.classes
    if is_in_place(m):
        return 0
    if not m.by_class:
        return scratch_size(&m.operand, size)
    cdef Py_ssize_t rows = numbers_size(m.operand.is_double, size)
    return rows if m.operand.direct else 2 * rows + 16 * n


cdef const void *read_rows(
    const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *scratch
) noexcept nogil:
    """Rows start, ..., start + n - 1, one after the other."""
    if not m.by_class:
        return read_block(&m.operand, start * m.classes, n * m.classes, scratch)
    return move_rows(m, kernels, start, n, scratch, False)


cdef void write_rows(
    const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *scratch
) noexcept nogil:
    """Store n rows of the array's dtype, which are at the beginning of the scratch memory."""
    if not m.by_class:
        write_block(&m.operand, start * m.classes, n * m.classes, scratch)
    else:
        move_rows(m, kernels, start, n, scratch, True)


cdef void *move_rows(
    const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *rows, bint store
) noexcept nogil:
    """Transpose n rows of a `by_class` array to `rows`, or back (store), run of neighbouring rows by run."""
    cdef Py_ssize_t itemsize = 8 if m.operand.is_double else 4, classes = m.classes, done = 0, count, first, stride, k
    cdef char *apart = rows + numbers_size(m.operand.is_double, n * classes)
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


cdef bint is_in_place(const Matrix *m) noexcept nogil:
    """Whether the kernels can read or write the matrix where it lies."""
    return m.operand.direct and (not m.by_class or m.classes <= FL_SHORT_ROW or m.are_columns)


cdef bint lies_by_class(const Matrix *m) noexcept nogil:
    return m.by_class and m.operand.direct


cdef fl_matrix in_place(const Matrix *m, Py_ssize_t start) noexcept nogil:
    """The rows from `start` on, up to the end of their run."""
    cdef Py_ssize_t first = start * m.classes
    cdef Py_ssize_t itemsize = 8 if m.operand.is_double else 4
    if not m.by_class:
        return fl_matrix(m.operand.data + first * itemsize, m.classes, 1)
    first = start // m.run * m.classes * m.run + start % m.run
    return fl_matrix(m.operand.data + first * itemsize, 1, m.run)


cdef fl_matrix read_matrix(
    const Matrix *m, const fl_row_kernels *kernels, Py_ssize_t start, Py_ssize_t n, char *scratch
) noexcept nogil:
    if is_in_place(m):
        return in_place(m, start)
    return fl_matrix(<void *>read_rows(m, kernels, start, n, scratch), m.classes, 1)
