# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Structs of Thrift's compact protocol (github.com/apache/thrift, thrift-compact-protocol.md), read and written.

A struct is a dict: the numbers of its fields, and pairs of kind and value. Integers and booleans are read; all else
stays the bytes that it is, known or not, unless a `Shape` names it.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

cimport cython

cpdef enum:
    TRUE = 1
    FALSE = 2
    BYTE = 3
    I16 = 4
    I32 = 5
    I64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    STRUCT = 12

cdef enum:
    MOST_NESTED = 100   # structs and lists inside of one another; Parquet has eight
    NUMBERS = 1 << 15   # of fields
    FIRST_ROOM = 1 << 9
    FIELDS = 32         # whose numbers are less, of a flat struct
    MOST_AROUND = 4     # structs and lists that it may be inside of

Struct = dict[int, tuple[int, object]]
# Fields that are structs, by their shapes; or lists of structs, by [shape], [reader] or, if these stay bytes, [None].
Shape = dict[int, object]


class Malformed(ValueError):
    """Bytes that are not of the protocol, or of a part of it that Parquet does not use."""


def read(bytes data not None, dict shape not None, Py_ssize_t at=0):
    """A struct at a place, and the place behind it.

    Raises
    ------
    Malformed
        If it is none.
    """
    cdef Place place = Place.of(data, at)
    return place.struct(shape), place.at


def write(dict struct not None):
    """The bytes of a struct."""
    cdef Written out = Written()
    out.struct(struct)
    return out.all()


@cython.final
cdef class Form:
    """A struct of which some values are told later: where it has text, which names one. The rest is written once."""

    cdef list parts     # bytes, and names

    def __init__(self, dict struct not None):
        cdef Written out = Written()
        cdef Py_ssize_t at = 0
        out.named, self.parts = [], []
        out.struct(struct)
        text = out.all()
        for place, name in out.named:
            self.parts += [text[at:place], name]
            at = place
        self.parts.append(text[at:])

    def write(self, dict values not None):
        """The bytes of the struct with these values, integers or what stands for others."""
        cdef Written out = Written()
        for part in self.parts:
            value = part if isinstance(part, bytes) else values[part]
            if isinstance(value, bytes):
                out.put(value)
            else:
                out.integer(value)
        return out.all()


def varint(uint64_t value):
    """An integer as the protocol has lengths."""
    cdef Written out = Written()
    out.varint(value)
    return out.all()


def binary(bytes content not None):
    """A field of bytes or text."""
    cdef Written out = Written()
    out.varint(len(content))
    out.put(content)
    return BINARY, out.all()


def content(tuple field not None):
    """What a field of bytes or text holds; of another kind nothing."""
    kind, value = field
    if kind != BINARY:
        return b""
    cdef Place place = Place.of(value, 0)
    place.varint()
    return value[place.at :]


def list_size(tuple field not None):
    """The number of elements of a list that is still its bytes."""
    cdef int element = 0
    kind, value = field
    if kind != LIST:
        raise Malformed("a list is none")
    return Place.of(value, 0).list_head(&element)


def structs(tuple field not None, shape):
    """The elements of a list of structs that is still its bytes, each of a shape, or what a reader keeps of it."""
    kind, value = field
    return Place.of(value, 0).shaped(kind, [shape])


def list_of_structs(bytes data not None, Py_ssize_t at):
    """The number of structs of a list at a place, and the place of the first of them."""
    cdef Place place = Place.of(data, at)
    return place.structs_head(), place.at


def number(dict struct not None, int field):
    """An integer of a struct; -1 where there is none."""
    found = struct.get(field)
    return (<tuple>found)[1] if found is not None and I16 <= <int>(<tuple>found)[0] <= I64 else -1


def has(dict struct not None, dict kinds not None):
    """Whether a struct has fields of these kinds."""
    for field, kind in kinds.items():
        found = struct.get(field)
        if found is None or (<tuple>found)[0] != kind:
            return False
    return True


@cython.final
cdef class Flat:
    """A struct of which integers are read, and of all else the kinds and the places: no object is made for a field.

    The fields are those with numbers from 0 on and below 32.
    """

    cdef bytes data
    cdef uint64_t fields    # a bit each, and the highest for others
    cdef uint8_t[FIELDS] kinds
    cdef int64_t[FIELDS] whole
    cdef Py_ssize_t[FIELDS] starts, stops

    def read(self, bytes data not None, Py_ssize_t at):
        """Read the struct at a place; the place behind it."""
        cdef Place place = Place.of(data, at)
        cdef int64_t number = 0, value
        cdef Py_ssize_t start
        cdef int head, kind
        place.nested = MOST_AROUND
        self.clear()
        self.data = data
        while head := place.byte():
            number, kind = place.field(number, head), head & 15
            start, value = place.at, -1
            if I16 <= kind <= I64:
                value = place.integer()
            else:
                place.skip(kind)
            if 0 <= number < FIELDS:
                self.fields |= <uint64_t>1 << number
                self.kinds[number], self.whole[number] = kind, value
                self.starts[number], self.stops[number] = start, place.at
            else:
                self.fields |= <uint64_t>1 << 63
        return place.at

    cpdef clear(self):
        """Have no fields."""
        self.data, self.fields = b"", 0
        memset(self.kinds, 0, sizeof(self.kinds))
        memset(self.whole, -1, sizeof(self.whole))

    def number(self, int field):
        """An integer; -1 where there is none."""
        return self.whole[field]

    def start(self, int field, int kind):
        """The place of a value, which must be of a kind; -1 where there is none."""
        if not self.kinds[field]:
            return -1
        if self.kinds[field] != kind:
            raise Malformed("a field is of another kind")
        return self.starts[field]

    def stop(self, int field):
        """The place behind a value that is there."""
        return self.stops[field]

    def value(self, int field):
        """The kind and the bytes of a value that is there."""
        return self.kinds[field], self.data[self.starts[field] : self.stops[field]]

    def has_any(self, uint64_t fields):
        """Whether one of some fields, given as bits, is there."""
        return self.fields & fields != 0

    def is_of(self, uint64_t fields):
        """Whether there are no others than some fields, given as bits."""
        return self.fields & ~fields == 0

    def has(self, bytes kinds not None):
        """Whether there are fields of these kinds, by their numbers; 0 for any or none."""
        cdef int i
        for i in range(min(len(kinds), FIELDS)):
            if kinds[i] and self.kinds[i] != <uint8_t>kinds[i]:
                return False
        return True


@cython.final
cdef class Place:
    """A place in bytes, from which on they are read."""

    cdef bytes data
    cdef const uint8_t* start
    cdef Py_ssize_t at, size
    cdef int nested

    @staticmethod
    cdef Place of(bytes data, Py_ssize_t at):
        cdef Place place = Place()
        place.data, place.at, place.size = data, max(at, 0), len(data)
        place.start = data
        return place

    cdef dict struct(self, dict shape):
        cdef dict struct = {}
        cdef int64_t number = 0
        cdef int head, kind
        cdef Py_ssize_t start
        self.enter()
        while head := self.byte():
            number, kind = self.field(number, head), head & 15
            of_field = shape.get(number) if shape else None
            if of_field is not None:
                value = self.shaped(kind, of_field)
            elif I16 <= kind <= I64:
                value = self.integer()
            elif kind == TRUE or kind == FALSE:
                value = kind == TRUE
            else:
                start = self.at
                self.skip(kind)
                value = self.data[start : self.at]
            struct[number] = kind, value
        self.nested -= 1
        return struct

    cdef object shaped(self, int kind, object shape):
        cdef uint64_t size, i
        cdef Py_ssize_t start
        cdef list found = []
        if isinstance(shape, dict):
            if kind != STRUCT:
                raise Malformed("a struct is none")
            return self.struct(shape)
        if kind != LIST:
            raise Malformed("a list is none")
        size = self.structs_head()
        (shape,) = shape
        for i in range(size):
            if isinstance(shape, dict):
                one = self.struct(shape)
            elif shape is None:
                start = self.at
                self.skip_struct()
                one = self.data[start : self.at]
            else:
                one, self.at = shape(self.data, self.at)
            found.append(one)
        return found

    cdef int skip(self, int kind) except -1:
        """Go behind a value."""
        cdef uint64_t size, i
        cdef int element = 0
        if I16 <= kind <= I64:
            self.varint()
        elif kind == BINARY:
            self.go(self.varint())
        elif kind == STRUCT:
            self.skip_struct()
        elif kind == LIST:
            self.enter()
            size = self.list_head(&element)
            if element == TRUE or element == FALSE:
                self.go(size)
            else:
                for i in range(size):
                    self.skip(element)
            self.nested -= 1
        elif kind == BYTE:
            self.go(1)
        elif kind == DOUBLE:
            self.go(8)
        elif kind != TRUE and kind != FALSE:
            raise Malformed(f"it has a value of kind {kind}")
        return 0

    cdef int skip_struct(self) except -1:
        cdef int head
        self.enter()
        while head := self.byte():
            if head < 16:
                self.varint()
            self.skip(head & 15)
        self.nested -= 1
        return 0

    cdef int enter(self) except -1:
        self.nested += 1
        if self.nested > MOST_NESTED:
            raise Malformed("it is nested too deeply")
        return 0

    cdef uint64_t list_head(self, int* element) except? 0:
        """The number of elements of a list, and their kind."""
        cdef int head = self.byte()
        element[0] = head & 15
        if element[0] > STRUCT:
            raise Malformed("a list has values of no kind")
        return <uint64_t>(head >> 4) if head >> 4 != 15 else self.varint()

    cdef uint64_t structs_head(self) except? 0:
        """The number of elements of a list, which are structs."""
        cdef int element = 0
        cdef uint64_t size = self.list_head(&element)
        if element != STRUCT and size:
            raise Malformed("a list holds no structs")
        return size

    cdef inline int64_t field(self, int64_t before, int head) except? 0:
        """The number of a field behind another, with the first byte of it."""
        cdef int64_t number = before + (head >> 4) if head > 15 else self.integer()
        if not -NUMBERS <= number < NUMBERS:
            raise Malformed("a field has no number")
        return number

    cdef inline int64_t integer(self) except? 0:
        cdef uint64_t bits = self.varint()
        return <int64_t>(bits >> 1) ^ -<int64_t>(bits & 1)

    cdef int go(self, uint64_t by) except -1:
        if by > <uint64_t>(self.size - self.at):
            raise Malformed("it is cut")
        self.at += by
        return 0

    cdef inline int byte(self) except -1:
        if self.at >= self.size:
            raise Malformed("it is cut")
        self.at += 1
        return self.start[self.at - 1]

    cdef inline uint64_t varint(self) except? 0:
        cdef uint64_t value = 0, byte = 128
        cdef int shift = 0
        while byte > 127:
            byte = self.byte()
            if shift == 63 and byte > 1:
                raise Malformed("a number is too long")
            value |= (byte & 127) << shift
            shift += 7
        return value


@cython.final
cdef class Written:
    """Bytes that are written, one behind the other."""

    cdef uint8_t* start
    cdef Py_ssize_t size, room
    cdef list named     # the places of values that are told later, and their names

    def __dealloc__(self):
        free(self.start)

    cdef bytes all(self):
        return self.start[: self.size]

    cdef int struct(self, dict struct) except -1:
        cdef int64_t before = 0, number
        cdef int kind
        for number, (kind, value) in sorted(struct.items()):
            if kind == TRUE or kind == FALSE:
                kind = TRUE if value else FALSE
            if 0 < number - before < 16:
                self.byte(number - before << 4 | kind)
            else:
                self.byte(kind)
                self.integer(number)
            before = number
            if isinstance(value, str):
                self.named.append((self.size, value))
            elif I16 <= kind <= I64:
                self.integer(value)
            elif isinstance(value, dict):
                self.struct(value)
            elif isinstance(value, list):
                self.byte(min(len(<list>value), 15) << 4 | STRUCT)
                if len(<list>value) >= 15:
                    self.varint(len(<list>value))
                for element in <list>value:
                    if isinstance(element, bytes):  # a struct that has stayed so
                        self.put(element)
                    else:
                        self.struct(element)
            elif kind != TRUE and kind != FALSE:
                self.put(value)
        self.byte(0)
        return 0

    cdef int integer(self, int64_t value) except -1:
        return self.varint(<uint64_t>value << 1 ^ <uint64_t>(value >> 63))

    cdef int varint(self, uint64_t value) except -1:
        while value > 127:
            self.byte(value & 127 | 128)
            value >>= 7
        return self.byte(value)

    cdef inline int byte(self, int value) except -1:
        if self.size == self.room:
            self.require(1)
        self.start[self.size] = value
        self.size += 1
        return 0

    cdef int put(self, bytes data) except -1:
        self.require(len(data))
        memcpy(self.start + self.size, <const uint8_t*>data, len(data))
        self.size += len(data)
        return 0

    cdef int require(self, Py_ssize_t more) except -1:
        """Have room for so many bytes more."""
        cdef Py_ssize_t room = max(2 * self.room, self.size + more, FIRST_ROOM)
        cdef uint8_t* start
        if self.size + more > self.room:
            start = <uint8_t*>realloc(self.start, room)
            if start == NULL:
                raise MemoryError
            self.start, self.room = start, room
        return 0


include "likeness.pxi"
