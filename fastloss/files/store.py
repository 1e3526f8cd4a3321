"""Where outputs and their records lie: on this machine, or in a file system that fsspec knows.

In both a file appears under its name when it is complete: it is written under a temporary name beside it, and renamed.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow.fs import FileSelector, FileType

from fastloss.files.errors import ScoringError, one_line
from fastloss.files.formats import STREAM

_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")


def _temporary(path: str) -> str:
    """A name for `path` while it is written, as _TEMPORARY has it."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}.{secrets.token_hex(4)}.tmp")


@dataclass(frozen=True)
class LocalStore:
    """Files of this machine."""

    def status(self, path: str) -> tuple[str, int, int]:
        """What tells the file from another and from what it was before: name, size, time in nanoseconds."""
        status = os.stat(path)
        return os.path.realpath(path), status.st_size, status.st_mtime_ns

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        return os.path.getsize(path) if os.path.isfile(path) else None

    def exists(self, path: str) -> bool:
        """Whether there is anything."""
        return os.path.exists(path)

    def is_directory(self, path: str) -> bool:
        """Whether it is one."""
        return os.path.isdir(path)

    def names(self, directory: str) -> list[str]:
        """What is in it; nothing if it is not there."""
        return os.listdir(directory) if os.path.isdir(directory) else []

    def make_directory(self, path: str) -> None:
        """With those that it is in; it may be there."""
        os.makedirs(path, exist_ok=True)

    def read(self, path: str) -> bytes:
        """All of a file; FileNotFoundError if there is none."""
        with open(path, "rb") as file:
            return file.read()

    def remove(self, path: str) -> None:
        """A file, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def remove_empty(self, directory: str) -> None:
        """It and its directories, as far as no file is in them."""
        for path, _, _ in os.walk(directory, topdown=False):
            if not os.listdir(path):
                os.rmdir(path)

    def remove_leftovers(self, paths: Iterable[str]) -> None:
        """The temporary files of processes that were killed while they wrote these files."""
        _remove_leftovers(self, map(os.path.realpath, paths))

    @contextmanager
    def replacing(self, path: str) -> Iterator[Any]:
        """A binary file that takes the place of `path` at the end of the block; on an error it is removed."""
        path = os.path.realpath(path)
        temporary, file = _temporary(path), None
        try:  # from before there is a file: an interrupt may come at any line
            with writing(path):
                file = open(temporary, "xb")  # noqa: SIM115  (closed below, before it is renamed)
            yield file
            with writing(path):
                file.close()
                os.replace(temporary, path)
        except BaseException:
            if file is not None:
                with suppress(OSError):  # closing writes what is buffered, to a disk that may be full
                    file.close()
            self.remove(temporary)
            raise


@dataclass(frozen=True)
class RemoteStore:
    """Files of a pyarrow file system; the methods are those of `LocalStore`.

    What is written is gathered in a temporary file of this machine, as few stores let a writer go back in a file.
    """

    filesystem: Any

    def status(self, path: str) -> tuple[str, int, int]:
        info = self.filesystem.get_file_info(path)
        return f"{self.filesystem.type_name}:{path}", info.size, info.mtime_ns

    def size(self, path: str) -> int | None:
        info = self.filesystem.get_file_info(path)
        return info.size if info.is_file else None

    def exists(self, path: str) -> bool:
        return self.is_directory(path) or self.size(path) is not None

    def is_directory(self, path: str) -> bool:
        return self.filesystem.get_file_info(path).type == FileType.Directory

    def names(self, directory: str) -> list[str]:
        found = self.filesystem.get_file_info(FileSelector(directory, allow_not_found=True))
        return [info.base_name for info in found]

    def make_directory(self, path: str) -> None:
        self.filesystem.create_dir(path, recursive=True)

    def read(self, path: str) -> bytes:
        with self.filesystem.open_input_stream(path) as file:
            return file.read()

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self.filesystem.delete_file(path)

    def remove_empty(self, directory: str) -> None:
        found = self.filesystem.get_file_info(FileSelector(directory, recursive=True, allow_not_found=True))
        if self.is_directory(directory) and not any(info.is_file for info in found):
            self.filesystem.delete_dir(directory)

    def remove_leftovers(self, paths: Iterable[str]) -> None:
        _remove_leftovers(self, paths)

    @contextmanager
    def replacing(self, path: str) -> Iterator[Any]:
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            temporary = _temporary(path)
            try:
                with writing(path):
                    with self.filesystem.open_output_stream(temporary) as stream:
                        shutil.copyfileobj(file, stream, 1 << 20)
                    self.filesystem.move(temporary, path)
            except BaseException:
                self.remove(temporary)
                raise


LOCAL = LocalStore()


def _remove_leftovers(store: LocalStore | RemoteStore, paths: Iterable[str]) -> None:
    names: dict[str, set[str]] = {}
    for path in paths:
        directory, name = os.path.split(path)
        names.setdefault(directory, set()).add(name)
    for directory, written in names.items():
        for file in store.names(directory):
            match = _TEMPORARY.fullmatch(file)
            if match and match[1] in written:
                store.remove(os.path.join(directory, file))


def shown(path: str) -> str:
    """A path as messages call it."""
    return "standard output" if path == STREAM else path


@contextmanager
def writing(path: str):
    """Turns what pyarrow and the operating system say into one line that names the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except ScoringError as error:
        raise ScoringError(f"{shown(path)}: {error}") from error
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise ScoringError(f"{shown(path)}: cannot be written: {reason}") from error
