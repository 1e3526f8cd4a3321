"""Files of the file systems of pyarrow, as datasets have them: they are read only."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from pyarrow.fs import FileType

from fastloss.files.stores.entries import Entry
from fastloss.files.stores.failures import failures
from fastloss.files.stores.local import READ_BUFFER_BYTES

KINDS = {"gcs": "gs", "abfs": "az"}  # by the names that other libraries have, too


@dataclass(frozen=True)
class ArrowStore:
    """Files of a pyarrow file system; the methods are those of `RemoteStore`, as far as it reads."""

    filesystem: Any

    @property
    def address(self) -> str:
        """What paths begin with before what the file system calls them."""
        kind = self.filesystem.type_name
        return "" if ":" in kind else f"{kind}://"  # the file systems of others

    def inner(self, path: str) -> str:
        """What the file system calls an address."""
        return path.removeprefix(self.address)

    def identity(self, path: str) -> tuple[str, str]:
        """What all names of a file have in common."""
        kind = self.filesystem.type_name
        return KINDS.get(kind, kind), self.inner(path).strip("/")

    def entry(self, path: str) -> Entry | None:
        """What is told of a file; None if there is none."""
        with failures(path):
            info = self.filesystem.get_file_info(self.inner(path))
        if info.type == FileType.NotFound:
            return None
        return Entry(info.size, None if info.mtime_ns is None else str(info.mtime_ns))

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        entry = self.entry(path)
        return None if entry is None else entry.size

    def open(self, path: str):
        """A binary file to read, in which one can go back."""
        with failures(path):
            return io.BufferedReader(self.filesystem.open_input_file(self.inner(path)), READ_BUFFER_BYTES)
