# Part of values.pyx: the headers of pages.

cdef int whole(const int64_t* fields, int field) except? -1:
    """A field that must be there."""
    require(fields[field] < LARGE)
    return fields[field]


cdef Py_ssize_t read_fields(
    const uint8_t* start, const uint8_t* stop, int64_t* found, Header* header, int nested
) noexcept nogil:
    """Read a struct of Thrift's compact protocol, and of a header the one that tells of its kind; the bytes that it
    takes, 0 where it is none or has lists, which headers of pages have not."""
    cdef const uint8_t* at = start
    cdef int64_t others[FIELDS]
    cdef int64_t number = 0, value
    cdef Py_ssize_t size
    cdef int head, kind, i
    cdef bint tells
    for i in range(FIELDS):
        found[i] = LARGE
    while at < stop:
        head = at[0]
        at += 1
        if head == 0:
            return at - start
        kind, value = head & 15, head >> 4
        if value:
            number += value
        else:
            size = varint(at, stop, &number)
            if size == 0:
                return 0
            at, number = at + size, zigzag(number)
        if not -NUMBERS < number < NUMBERS:
            return 0
        if kind == STRUCT:
            tells = header != NULL and number in (DATA_HEADER, DICTIONARY_HEADER, DATA_V2_HEADER)
            if nested == NESTED or (tells and header.of_kind):
                return 0
            if tells:
                header.of_kind = number
                size = read_fields(at, stop, header.part, NULL, nested + 1)
            else:
                size = read_fields(at, stop, others, NULL, nested + 1)
        elif kind == TRUE or kind == FALSE:
            if 0 <= number < FIELDS:
                found[number] = LARGE + kind
            continue
        elif 3 < kind <= I64 or kind == BINARY:
            size = varint(at, stop, &value)
            if kind == BINARY and size:
                size = size + value if 0 <= value <= stop - at - size else 0
            value = zigzag(value)
            if kind == I32 and value != <int>value:
                return 0
            if kind == I32 and 0 <= number < FIELDS:
                found[number] = value
        else:
            return 0
        if size == 0:
            return 0
        at += size
    return 0


cdef inline int64_t zigzag(int64_t value) noexcept nogil:
    return <int64_t>(<uint64_t>value >> 1) ^ -(value & 1)


cdef Py_ssize_t varint(const uint8_t* at, const uint8_t* stop, int64_t* value) noexcept nogil:
    """Read the bits of an integer; the bytes that it takes, 0 where it does not end."""
    cdef uint64_t bits = 0
    cdef int i
    for i in range(min(stop - at, <Py_ssize_t>VARINT_BYTES)):
        bits |= <uint64_t>(at[i] & 127) << 7 * i
        if at[i] < 128:
            value[0] = <int64_t>bits
            return i + 1
    return 0


def values_of_pages(bytes data not None, Py_ssize_t at, Py_ssize_t stop):
    """How many values the pages have that lie one behind the other in this place of some bytes.

    Raises
    ------
    Refused
        If there is anything else.
    """
    cdef Py_ssize_t found = 0, takes, count
    cdef Header header
    require(0 <= at <= stop <= len(data))
    while at < stop:
        header.of_kind = 0
        takes = read_fields(start_of(data) + at, start_of(data) + stop, header.whole, &header, 0)
        require(takes > 0)
        at += takes
        takes = whole(header.whole, TAKES)
        require(0 <= takes <= stop - at)
        if header.of_kind in (DATA_HEADER, DATA_V2_HEADER):
            count = whole(header.part, COUNT)
            require(count >= 0)
            found += count
        at += takes
    return found
