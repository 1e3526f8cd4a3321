# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Structs of Thrift's compact protocol (github.com/apache/thrift, thrift-compact-protocol.md), read and written.

A struct is a dict: the numbers of its fields, and pairs of kind and value. Integers and booleans are read; all else
stays the bytes that it is, known or not, unless a `Shape` names it.
"""

from collections.abc import Callable

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

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

Struct = dict[int, tuple[int, object]]
Shape = dict[int, object]  # fields that are structs, by their shapes; or lists of structs, by [shape] or [reader]
Reader = Callable[[bytes, int], tuple[object, int]]  # of a struct at a place: what to keep of it, and the place behind


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
        cdef uint64_t bits
        self.enter()
        while head := self.byte():
            kind = head & 15
            if head > 15:
                number += head >> 4
            else:
                bits = self.varint()
                number = <int64_t>(bits >> 1) ^ -<int64_t>(bits & 1)
            if not -NUMBERS <= number < NUMBERS:
                raise Malformed("a field has no number")
            of_field = shape.get(number) if shape else None
            if of_field is not None:
                value = self.shaped(kind, of_field)
            elif I16 <= kind <= I64:
                bits = self.varint()
                value = <int64_t>(bits >> 1) ^ -<int64_t>(bits & 1)
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
        cdef int element = 0
        cdef list found = []
        if isinstance(shape, dict):
            if kind != STRUCT:
                raise Malformed("a struct is none")
            return self.struct(shape)
        if kind != LIST:
            raise Malformed("a list is none")
        size = self.list_head(&element)
        if element != STRUCT and size:
            raise Malformed("a list holds no structs")
        (shape,) = shape
        for i in range(size):
            if isinstance(shape, dict):
                one = self.struct(shape)
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

    def __dealloc__(self):
        free(self.start)

    cdef bytes all(self):
        return self.start[: self.size]

    cdef int struct(self, dict struct) except -1:
        cdef int64_t before = 0, number, integer
        cdef int kind
        for number, (kind, value) in sorted(struct.items()):
            if kind == TRUE or kind == FALSE:
                kind = TRUE if value else FALSE
            if 0 < number - before < 16:
                self.byte(number - before << 4 | kind)
            else:
                self.byte(kind)
                self.varint(<uint64_t>number << 1 ^ <uint64_t>(number >> 63))
            before = number
            if I16 <= kind <= I64:
                integer = value
                self.varint(<uint64_t>integer << 1 ^ <uint64_t>(integer >> 63))
            elif isinstance(value, dict):
                self.struct(value)
            elif isinstance(value, list):
                self.byte(min(len(<list>value), 15) << 4 | STRUCT)
                if len(<list>value) >= 15:
                    self.varint(len(<list>value))
                for element in <list>value:
                    self.struct(element)
            elif kind != TRUE and kind != FALSE:
                self.put(value)
        self.byte(0)
        return 0

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
