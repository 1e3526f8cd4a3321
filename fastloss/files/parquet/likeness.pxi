# Part of thrift.pyx: what files that are like each other have in common.

def likeness(bytes data not None, Py_ssize_t at):
    """What a list at a place says without the integers of 64 bits in it and the bytes of its fields, in which files that
    are like each other differ; these integers, and the `path` of each.

    Raises
    ------
    Malformed
        If it is none.
    """
    cdef Place place = Place.of(data, at)
    cdef Written out = Written()
    cdef list integers = [], places = []
    leave_out(place, LIST, 0, True, out, integers, places)
    return out.all(), integers, places


def path(*fields):
    """The fields that a value is inside of and its own, one inside of the other or of a list of such, as a number."""
    cdef uint64_t found = 0
    for field in fields:
        found = found * NUMBERS + <uint64_t>field
    return found


cdef int leave_out(
    Place place, int kind, uint64_t path, bint is_field, Written out, list integers, list places
) except -1:
    """Go behind a value, and write what `likeness` has of it."""
    cdef uint64_t size, i
    cdef int64_t number = 0
    cdef int head = 1, element = 0
    cdef Py_ssize_t start = place.at
    if kind == I64:
        integers.append(place.integer())
        places.append(path)
    elif kind == STRUCT:
        place.enter()
        while head:
            start, head = place.at, place.byte()
            if head:
                number = place.field(number, head)
            out.put(place.data[start : place.at])
            if head:
                leave_out(place, head & 15, path * NUMBERS + <uint64_t>number, True, out, integers, places)
        place.nested -= 1
    elif kind == LIST:
        place.enter()
        size = place.list_head(&element)
        if element == TRUE or element == FALSE:
            place.go(size)
        out.put(place.data[start : place.at])
        if element != TRUE and element != FALSE:
            for i in range(size):
                leave_out(place, element, path, False, out, integers, places)
        place.nested -= 1
    else:
        place.skip(kind)
        if kind != BINARY or not is_field:
            out.put(place.data[start : place.at])
    return 0
