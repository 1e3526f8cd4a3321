# Part of accumulator.pyx: float32 values, in cells.

cdef inline bint is_subnormal(uint32_t bits) noexcept nogil:
    """Of the bits of a float32; 0, which is not, wraps to a huge number."""
    return (bits << 1) - 1 < (1 << 24) - 1


cdef inline bint is_any(const uint8_t* marks, Py_ssize_t size) noexcept nogil:
    """Whether one is not 0."""
    cdef Py_ssize_t i
    cdef uint8_t all_of_them = 0
    for i in range(size):
        all_of_them |= marks[i]
    return all_of_them != 0


cdef bint are_plain(const float* values, Py_ssize_t size, float* smallest, float* largest) noexcept nogil:
    """Whether none of at most `AT_ONCE` values is NaN or subnormal; bounds are widened to them then. In vectors."""
    cdef Py_ssize_t i
    cdef float least = smallest[0], most = largest[0]
    cdef uint32_t bits[AT_ONCE]
    cdef int is_subnormal_there = 0, is_beyond = 0
    if size == AT_ONCE:
        memcpy(bits, values, sizeof(bits))
    else:
        memcpy(bits, values, size * sizeof(float))
    for i in range(size):
        is_beyond |= (not values[i] >= least) | (not values[i] <= most)
        is_subnormal_there |= is_subnormal(bits[i])
    return not is_subnormal_there and (not is_beyond or are_bounded(bits, size, smallest, largest))


cdef bint are_bounded(const uint32_t* bits, Py_ssize_t size, float* smallest, float* largest) noexcept nogil:
    """Whether none is NaN; bounds are widened to the others then. It is integers in their order that are compared."""
    cdef Py_ssize_t i
    cdef int32_t key, least = key_of(smallest[0]), most = key_of(largest[0])
    for i in range(size):
        key = ordered_bits(<int32_t>bits[i])
        least = key if key < least else least
        most = key if key > most else most
    if least < key_of(-INFINITY) or most > key_of(INFINITY):
        return False
    smallest[0], largest[0] = of_key(least), of_key(most)
    return True


cdef inline int32_t ordered_bits(int32_t bits) noexcept nogil:
    """Of bits of a float32 an integer in the order of these, beyond that of infinity of NaN; and the other way."""
    return bits ^ (bits >> 31 & INT32_MAX)


cdef inline int32_t key_of(float value) noexcept nogil:
    cdef int32_t bits
    memcpy(&bits, &value, sizeof(bits))
    return ordered_bits(bits)


cdef inline float of_key(int32_t key) noexcept nogil:
    cdef float value
    cdef int32_t bits = ordered_bits(key)
    memcpy(&value, &bits, sizeof(bits))
    return value


cdef inline uint64_t binade_of(uint64_t line) noexcept nogil:
    """The sign and exponent, in an index, of cells of a sign and exponent of float32."""
    cdef uint64_t exponent = line & 0xFF
    exponent = EXPONENTS - 1 if exponent == 0xFF else exponent + REBIASED if exponent else 0
    return line >> 8 << 11 | exponent


cdef inline uint64_t count_in(const Cell* cell) noexcept nogil:
    return cell.count_and_low >> CELL_SUM_BITS


cdef inline uint128 low_in(const Cell* cell) noexcept nogil:
    """The sum of low mantissa bits, as those of a float64."""
    return <uint128>(cell.count_and_low & ((<uint64_t>1 << CELL_SUM_BITS) - 1)) << NARROWED


cdef inline void put_bits(Cell* cells, uint8_t* used, uint32_t bits) noexcept nogil:
    """Add a float32 that is not subnormal to its cell."""
    cdef uint64_t low = bits & ((1 << 32 - CELL_BITS) - 1)
    cdef Cell* cell = cells + (bits >> CELL_BITS)
    cell.count_and_low += (<uint64_t>1 << CELL_SUM_BITS) + low
    cell.high += low * low
    used[bits >> CELL_BITS + LEAD_BITS] = 1


@cython.final
cdef class Cells:
    """Counts and sums of float32 values by their top bits."""

    cdef Cell* cells
    cdef uint8_t used[LINES]            # of each sign and exponent, whether there may be values in its cells
    cdef Py_ssize_t room                # how many values more they hold for certain
    cdef float smallest
    cdef float largest

    def __cinit__(self):
        self.room, self.smallest, self.largest = CELL_VALUES, float("inf"), -float("inf")
        self.cells = <Cell*>calloc(1 << CELL_BITS, sizeof(Cell))
        if self.cells == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.cells)

    cdef int add(
        self, const float* values, const uint8_t* mark, Py_ssize_t size, Group* own, Table table
    ) except -1 nogil:
        """As `Accumulator.put_all`, of one group and without weights; the table takes what has no cell."""
        cdef Py_ssize_t some
        while size:
            some = min(size, <Py_ssize_t>AT_ONCE)
            if self.room < some:
                self.empty_into(table)
            if (mark == NULL or not is_any(mark, some)) and are_plain(values, some, &self.smallest, &self.largest):
                self.put_plain(values, some)
            else:
                self.put(values, mark, some, own, table)
            values, size = values + some, size - some
            if mark != NULL:
                mark = mark + some
        return 0

    cdef void put_plain(self, const float* values, Py_ssize_t size) noexcept nogil:
        """Add values of which `are_plain` is true, for which there is room."""
        cdef Py_ssize_t i
        cdef uint32_t bits
        cdef uint8_t* used = self.used  # beside us: what is stored there might be our own fields
        cdef Cell* cells = self.cells
        self.room -= size
        for i in range(size):
            memcpy(&bits, values + i, sizeof(bits))
            put_bits(cells, used, bits)

    cdef int put(
        self, const float* values, const uint8_t* mark, Py_ssize_t size, Group* own, Table table
    ) except -1 nogil:
        """Add any values, for which there is room."""
        cdef Py_ssize_t i
        cdef uint32_t bits
        for i in range(size):
            if mark != NULL and mark[i]:
                own.left_out[mark[i] - 1] += 1
                continue
            if values[i] != values[i]:
                own.nan += 1
                continue
            self.smallest = min(self.smallest, values[i])
            self.largest = max(self.largest, values[i])
            memcpy(&bits, values + i, sizeof(bits))
            if is_subnormal(bits):
                put_value(table, values[i])
            else:
                put_bits(self.cells, self.used, bits)
        return 0

    cdef int empty_into(self, Table table) except -1 nogil:
        """Hand over what is there to the buckets of a table without groups."""
        cdef uint64_t line, lead
        cdef Cell* cell
        cdef Bucket* bucket
        for line in range(<uint64_t>LINES):
            if not self.used[line]:
                continue
            cell = self.cells + (line << LEAD_BITS)
            for lead in range(<uint64_t>1 << LEAD_BITS):
                if cell[lead].count_and_low:
                    bucket = table.find(binade_of(line) << LEAD_BITS | lead)
                    bucket.count += count_in(cell + lead)
                    bucket.low += low_in(cell + lead)
                    bucket.high += <uint128>cell[lead].high << 2 * NARROWED
            self.cleared(line)
        self.room = CELL_VALUES
        return 0

    cdef int content(self, Content content) except -1:
        """Hand over what is there to what buckets come to."""
        cdef uint64_t line
        cdef Py_ssize_t count = 0
        for line in range(<uint64_t>LINES):
            count += self.used[line]
        content.require(count << LEAD_BITS)
        for line in range(<uint64_t>LINES):
            if self.used[line]:
                content.add_line(binade_of(line), self.cells + (line << LEAD_BITS))
                content.end_binade(self.cleared(line))
        self.room = CELL_VALUES
        return 0

    cdef uint128 cleared(self, uint64_t line) noexcept nogil:
        """Have nothing in the cells of a sign and exponent; the sum of squares that was there."""
        cdef uint64_t lead, squares = 0
        cdef Cell* cell = self.cells + (line << LEAD_BITS)
        for lead in range(<uint64_t>1 << LEAD_BITS):
            squares += cell[lead].high
        memset(cell, 0, sizeof(Cell) << LEAD_BITS)
        self.used[line] = 0
        return <uint128>squares << 2 * NARROWED
