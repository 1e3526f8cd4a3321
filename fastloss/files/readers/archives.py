"""Arrays by name in one file, .npz and .safetensors, of which each is a column."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa

from fastloss.core.arguments import shown as shown_value
from fastloss.files.arrow import columns
from fastloss.files.errors import ScoringError, located, one_line
from fastloss.files.readers.npy import NpyFile, StoredArray
from fastloss.files.reading import READ_BUFFER_BYTES, check_expansion, reading, shown
from fastloss.files.spec import Spec

LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a member of a zip file: magic, lengths of its name and of what follows
HEADER_BYTES = 100 << 20  # of safetensors, as the format has it
TENSORS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "V2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1"}
TENSORS |= {"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}

Arrays = dict[str, Callable[[], StoredArray]]


def archived(
    path: str, file, format: str, spec: Spec, stack: ExitStack, of_directory: Collection[str]
) -> dict[str, StoredArray]:
    """The arrays of a file that a spec reads or carries, by name; what they need is closed with the stack.

    Columns of the name of its directory are not looked for.

    Raises
    ------
    ScoringError
        If the file cannot be read, or one of these does not hold numbers or has another number of rows.
    """
    arrays = _npz(path, file, spec, stack) if format == "npz" else _safetensors(path, file)
    known = pa.schema([(name, pa.null()) for name in arrays])
    read = [name for name in spec.read if name not in of_directory]
    try:
        for name in read:
            columns.check(known, name)
    except ScoringError as error:
        raise located(shown(path), error) from error
    carried = spec.carried(arrays)
    wanted = [name for name in arrays if name in read or name in carried]
    found = {}
    for name in wanted:
        try:
            found[name] = arrays[name]()
        except ScoringError as error:
            raise ScoringError(f"{error}{_advice(name, spec)}") from error
    first = next((name for name in wanted if name in read), None)
    for name, array in found.items():
        if first is not None and array.shape[0] != found[first].shape[0]:
            raise ScoringError(
                f"{array.path} has shape {array.shape}, {found[first].path} has {found[first].shape}: the numbers of "
                f"rows differ{_advice(name, spec)}"
            )
    return found


def _advice(name: str, spec: Spec) -> str:
    return "" if name in spec.read else "; it is carried: give the names of columns to keep, or none"


# ---- .npz -----------------------------------------------------------------------------------------------------------


def _npz(path: str, file, spec: Spec, stack: ExitStack) -> Arrays:
    with reading(path, "npz"):
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise OSError(one_line(error)) from error
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if len(members) < len(archive.infolist()):
        raise ScoringError(f"{path}: two arrays have one name")

    def open_member(name: str) -> Callable[[], StoredArray]:
        def opened() -> StoredArray:
            with reading(path, "npz", f"array {name!r}: "):
                member = _member(path, file, archive, members[name], stack)
            return NpyFile(f"{path}: array {name!r}", member, spec.dtype, name in spec.named)

        return opened

    return {name: open_member(name) for name in members}


def _member(path: str, file, archive: zipfile.ZipFile, info: zipfile.ZipInfo, stack: ExitStack) -> Any:
    """A member as a file that is read by position: where it is stored, or a copy that is not compressed."""
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
        file.seek(info.header_offset)
        head = file.read(LOCAL_HEADER.size)
        if len(head) < LOCAL_HEADER.size or not head.startswith(b"PK\3\4"):
            raise OSError("its header is not where the archive's directory says")
        _, name, extra = LOCAL_HEADER.unpack(head)
        return Window(file, info.header_offset + LOCAL_HEADER.size + name + extra, info.file_size)
    check_expansion(path, info.compress_size, info.file_size, "save it with numpy.savez")
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (closed with the stack)
    try:
        with archive.open(info) as stream:
            shutil.copyfileobj(stream, copy, READ_BUFFER_BYTES)
    except Exception as error:  # zlib's, lzma's and zipfile's, which have no base in common
        raise OSError(one_line(error)) from error
    copy.seek(0)
    return copy


class Window(io.RawIOBase):
    """Bytes [start, start + size) of a file, as one."""

    def __init__(self, file, start: int, size: int):
        self._file, self._start, self._at = file, start, 0
        self._size = max(0, min(size, file.seek(0, os.SEEK_END) - start))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        view = memoryview(buffer).cast("B")
        view = view[: max(0, min(len(view), self._size - self._at))]
        self._file.seek(self._start + self._at)
        count = self._file.readinto(view)
        self._at += count
        return count


# ---- .safetensors ---------------------------------------------------------------------------------------------------


def _safetensors(path: str, file) -> Arrays:
    size = file.seek(0, os.SEEK_END)
    with reading(path, "safetensors"):
        file.seek(0)
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(HEADER_BYTES, size - 8):
            raise OSError("its header is longer than the file")
        try:
            entries = json.loads(file.read(length), object_pairs_hook=_named_once)
            if not isinstance(entries, dict):
                raise ValueError(f"expected an object of arrays by name, got {shown_value(entries)}")
            entries.pop("__metadata__", None)
            tensors = {name: _tensor(entry, size - 8 - length) for name, entry in entries.items()}
        except (ValueError, RecursionError) as error:
            raise OSError(f"its header: {one_line(error)}") from error

    def opener(name: str) -> Callable[[], StoredArray]:
        kind, shape, begin = tensors[name]
        place = f"{path}: array {name!r}"

        def opened() -> StoredArray:
            if kind not in TENSORS:
                raise ScoringError(f"{place}: elements of type {kind} are not read: save them as float32")
            return StoredArray(place, file, 8 + length + begin, shape, np.dtype(TENSORS[kind]), is_bfloat16=True)

        return opened

    return {name: opener(name) for name in tensors}


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, in which the last of two values of one name would count."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("two of its values have one name")
    return found


def _tensor(entry: dict, size: int) -> tuple[str, tuple[int, ...], int]:
    """Type, shape and place of an entry of the header, whose bytes are `size`."""
    try:
        kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError) as error:
        raise ValueError("an array is not told by dtype, shape and two data_offsets") from error
    if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
        raise ValueError("a shape or an offset is no whole number")
    if not begin <= end <= size:
        raise ValueError(f"an array lies in bytes {begin} to {end}, there are {size}")
    if kind in TENSORS and end - begin != math.prod(shape) * np.dtype(TENSORS[kind]).itemsize:
        raise ValueError(f"an array of shape {shape} and type {kind} has {end - begin} bytes")
    return kind, shape, begin
