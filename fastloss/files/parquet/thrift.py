"""Structs of Thrift's compact protocol (github.com/apache/thrift, thrift-compact-protocol.md), read and written.

A struct is a dict: the numbers of its fields, and pairs of kind and value. Integers and booleans are read; all else
stays the bytes that it is, known or not, unless a `Shape` names it.
"""

from __future__ import annotations

from collections.abc import Callable

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12
BOOLEANS, INTEGERS = (TRUE, FALSE), (I16, I32, I64)

Struct = dict[int, tuple[int, object]]
Shape = dict[int, object]  # fields that are structs, by their shapes; or lists of structs, by [shape] or [reader]
Reader = Callable[[bytes, int], tuple[object, int]]  # of a struct at a place: what to keep of it, and the place behind


class Malformed(ValueError):
    """Bytes that are not of the protocol, or of a part of it that Parquet does not use."""


def read(data: bytes, shape: Shape, at: int = 0) -> tuple[Struct, int]:
    """A struct at a place, and the place behind it.

    Raises
    ------
    Malformed
        If it is none.
    """
    try:
        struct, at = _struct(data, at, shape)
    except (IndexError, RecursionError) as error:
        raise Malformed("it is cut") from error
    if at > len(data):
        raise Malformed("it is cut")
    return struct, at


def write(struct: Struct) -> bytes:
    """The bytes of a struct."""
    out = bytearray()
    _write(out, struct)
    return bytes(out)


def binary(content: bytes) -> tuple[int, bytes]:
    """A field of bytes or text."""
    out = bytearray()
    _put(out, len(content))
    return BINARY, bytes(out) + content


def content(field: tuple[int, object]) -> bytes:
    """What a field of bytes or text holds; of another kind nothing."""
    kind, value = field
    return value[_varint(value, 0)[1] :] if kind == BINARY else b""


def list_size(field: tuple[int, object]) -> int:
    """The number of elements of a list that is still its bytes."""
    kind, value = field
    if kind != LIST:
        raise Malformed("a list is none")
    return _head_of_list(value, 0)[1]


def _struct(data: bytes, at: int, shape: Shape) -> tuple[Struct, int]:
    struct, number = {}, 0
    while head := data[at]:
        at += 1
        kind = head & 15
        if head > 15:
            number += head >> 4
        else:
            number, at = _varint(data, at)
            number = number >> 1 ^ -(number & 1)
        if number in shape:
            value, at = _shaped(data, at, kind, shape[number])
        elif I16 <= kind <= I64:
            value, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
            value = value >> 1 ^ -(value & 1)
        elif kind in BOOLEANS:
            value = kind == TRUE
        else:
            start, at = at, _skip(data, at, kind)
            value = data[start:at]
        struct[number] = kind, value
    return struct, at + 1


def _shaped(data: bytes, at: int, kind: int, shape: Shape | list[Shape | Reader]):
    if isinstance(shape, dict):
        if kind != STRUCT:
            raise Malformed("a struct is none")
        return _struct(data, at, shape)
    if kind != LIST:
        raise Malformed("a list is none")
    element, size, at = _head_of_list(data, at)
    if element != STRUCT and size:
        raise Malformed("a list holds no structs")
    found, (shape,) = [], shape
    for _ in range(size):
        struct, at = shape(data, at) if callable(shape) else _struct(data, at, shape)
        found.append(struct)
    return found, at


def _skip(data: bytes, at: int, kind: int) -> int:
    """The place behind a value."""
    if kind == STRUCT:
        return _skip_struct(data, at)
    if I16 <= kind <= I64:
        return at + 1 if data[at] < 128 else _varint(data, at)[1]
    if kind == BINARY:
        size, at = _varint(data, at)
        return at + size
    if kind in BOOLEANS:
        return at
    if kind == LIST:
        element, size, at = _head_of_list(data, at)
        if element in BOOLEANS:
            return at + size
        for _ in range(size):
            at = _skip(data, at, element)
        return at
    if kind == BYTE:
        return at + 1
    if kind == DOUBLE:
        return at + 8
    raise Malformed(f"it has a value of kind {kind}")


def _skip_struct(data: bytes, at: int) -> int:
    """The place behind a struct; small numbers and short texts, which are nearly all, at once."""
    while head := data[at]:
        at += 1
        kind = head & 15
        if head < 16:
            at = _varint(data, at)[1]
        if I16 <= kind <= I64 and data[at] < 128:
            at += 1
        elif kind == BINARY and data[at] < 128:
            at += 1 + data[at]
        else:
            at = _skip(data, at, kind)
    return at + 1


def _head_of_list(data: bytes, at: int) -> tuple[int, int, int]:
    """The kind and the number of its elements, and where they begin."""
    size, element = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = _varint(data, at)
    return element, size, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while (byte := data[at]) > 127:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise Malformed("a number is too long")
    value |= byte << shift
    if value >> 64:
        raise Malformed("a number is too long")
    return value, at + 1


def _write(out: bytearray, struct: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(struct.items()):
        if kind in BOOLEANS:
            kind = TRUE if value else FALSE
        if 0 < number - before < 16:
            out.append(number - before << 4 | kind)
        else:
            out.append(kind)
            _put(out, number << 1 ^ number >> 63)
        before = number
        if kind in INTEGERS:
            _put(out, value << 1 ^ value >> 63)
        elif isinstance(value, dict):
            _write(out, value)
        elif isinstance(value, list):
            out.append(min(len(value), 15) << 4 | STRUCT)
            if len(value) >= 15:
                _put(out, len(value))
            for element in value:
                _write(out, element)
        elif kind not in BOOLEANS:
            out += value
    out.append(0)


def _put(out: bytearray, value: int) -> None:
    """A varint."""
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
