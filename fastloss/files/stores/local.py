"""Files of this machine, which appear under their names when they are complete: they are written under temporary names
beside these, and renamed.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from fastloss.files import names
from fastloss.files.errors import ScoringError, SourceError, Translation, one_line
from fastloss.files.formats import STREAM
from fastloss.files.locks import hold, locked_file, remove_unheld
from fastloss.files.stores.entries import Entry

READ_BUFFER_BYTES = 1 << 20
WRITE_BUFFER_BYTES = 1 << 16  # a page of floats is larger, and is written without a copy
HEAD_BYTES = 1 << 10

Write = Callable[[], None]


@dataclass(frozen=True)
class Complete:
    """A file that is written, and is yet to get its name; `record` writes what tells of it, if anything does."""

    file: Any
    temporary: str
    path: str
    record: Write | None

    def sync(self) -> None:
        """Have it on the disk, if it has a record: some milliseconds."""
        if self.record is not None:
            with writing(self.path):
                os.fsync(self.file.fileno())

    def name(self) -> None:
        """Write its record, and give it its name."""
        if self.record is not None:
            self.record()
        with writing(self.path):
            os.replace(self.temporary, self.path)  # while it is held
            self.file.close()

    @property
    def size(self) -> int:
        """Its bytes."""
        return os.fstat(self.file.fileno()).st_size

    @property
    def is_open(self) -> bool:
        """Whether it is neither named nor removed."""
        return not self.file.closed

    def discard(self) -> None:
        """Remove it, unless it has its name."""
        _discard(self.file, self.temporary)


def syncs_together() -> bool:
    """Whether many files can be on the disk after one wait for it."""
    return _syncfs() is not None


def sync_together(files: Sequence[Complete]) -> bool:
    """Have files on the disk after one wait for it, with all else that is to be written to their file systems; False
    where not all may be there, and each is to be synced."""
    if len(files) == 1:
        return False
    devices = {os.fstat(one.file.fileno()).st_dev: one.file.fileno() for one in reversed(files)}
    return not any(map(_syncfs(), devices.values()))  # which tells of errors since the first of them was opened


@lru_cache
def _syncfs() -> Callable[[int], int] | None:
    """Linux's call, which gives 0 where all went well; None where it would not tell."""
    if sys.platform != "linux" or tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 8):
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), "syncfs", None)


@dataclass(frozen=True)
class LocalStore:
    """Files of this machine."""

    is_object_store = lists_md5 = False

    def __reduce__(self):
        return "LOCAL"  # the one that there is, in another process too

    def identity(self, path: str) -> tuple:
        """What all names of a file have in common, links included."""
        status = os.stat(path)
        return status.st_dev, status.st_ino

    def status(self, path: str) -> tuple[str, int, int]:
        """What tells the file from another and from what it was before: name, size, time in nanoseconds."""
        status = os.lstat(path)
        directory, name = os.path.split(path)
        is_plain = name not in ("", os.curdir, os.pardir) and not stat.S_ISLNK(status.st_mode)
        if not is_plain:
            status = os.stat(path)
        real = os.path.join(_real_directory(directory), name) if is_plain else os.path.realpath(path)
        return real, status.st_size, status.st_mtime_ns

    def entry(self, path: str) -> Entry | None:
        """What is told of a file without a look into it; None if there is none."""
        return Entry() if os.path.isfile(path) else None

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def exists(self, path: str) -> bool:
        """Whether there is anything."""
        return os.path.exists(path)

    def is_directory(self, path: str) -> bool:
        """Whether it is one."""
        return os.path.isdir(path)

    def names(self, directory: str) -> list[str]:
        """What is in it; nothing if it is not there."""
        return os.listdir(directory) if os.path.isdir(directory) else []

    def files(self, directory: str) -> dict[str, Entry]:
        """The files in it and in its directories, by their paths from it, of which nothing more is told."""
        root = directory.rstrip(os.sep)
        paths = (os.path.join(path, file) for path, _, files in os.walk(root) for file in files)
        return {path[len(root) + 1 :]: Entry() for path in paths}

    def make_directory(self, path: str) -> None:
        """With those that it is in; it may be there."""
        if not os.path.isdir(path):
            os.makedirs(path, exist_ok=True)

    def open(self, path: str):
        """A binary file to read; FileNotFoundError if there is none."""
        return io.BufferedReader(_AsOpened(path), READ_BUFFER_BYTES)

    def read(self, path: str, head: re.Pattern) -> bytes:
        """All of a small file; nothing if it does not begin with `head`, of what may be anything."""
        if not os.path.isfile(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        with open(path, "rb") as file:
            begin = file.read(HEAD_BYTES)
            return begin + file.read() if head.match(begin) else b""

    def remove(self, path: str) -> None:
        """A file, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def remove_empty(self, directory: str) -> None:
        """It and its directories, as far as no file is in them."""
        for path, _, _ in os.walk(directory, topdown=False):
            with suppress(OSError):  # not empty
                os.rmdir(path)

    def remove_abandoned(self, temporary: str) -> None:
        """A temporary file, unless a process still writes it."""
        remove_unheld(temporary)

    def abort_uploads(self, directory: str) -> None:
        """None: there are no uploads."""

    def remove_leftovers(self, path: str) -> None:
        """The temporary files of processes that were killed while they wrote this file."""
        directory, name = os.path.split(os.path.realpath(path))
        for file in self.names(directory):
            if names.is_temporary_of(file, name):
                remove_unheld(os.path.join(directory, file))

    @contextmanager
    def locked(self, directory: str) -> Iterator[None]:
        """Keep other jobs out of a directory, which is made if need be.

        Raises
        ------
        ScoringError
            If another job is in it, or it cannot be written.
        """
        with ExitStack() as stack:
            with writing(directory):
                self.make_directory(directory)
                stack.enter_context(locked_file(os.path.join(directory, names.LOCK)))
            yield

    def sync_names(self, directory: str) -> None:
        """Have the names in a directory on the disk, if there is one."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        with writing(directory), suppress(FileNotFoundError):
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that does so by itself, or never
                    raise
            finally:
                os.close(descriptor)

    @contextmanager
    def replacing(
        self,
        path: str,
        record: Callable[[], Write] | None = None,
        together: list[Complete] | None = None,
        is_ours: bool = False,
    ) -> Iterator[Any]:
        """A binary file that takes the place of `path` at the end of the block; on an error it is removed.

        It has the mode of the file that it replaces. `record` is called when it is complete, and gives what writes its
        record: it is on the disk before that is called, and has its name afterwards. If there are others to be named
        `together`, it joins them, and is yet to be named. A device, or a pipe, stays where it is and is written to,
        unless what is there `is_ours`, as in the directory of a job.
        """
        with writing(path):
            former = _status(path, follow=False)
            is_link = former is not None and stat.S_ISLNK(former.st_mode)
            former = _status(path) if is_link else former
        if not (former is None or is_ours or stat.S_ISREG(former.st_mode)):
            with _opened(path) as file:
                yield file
            return
        path, temporary, file = os.path.realpath(path) if is_link else path, "", None
        try:  # from before there is a file: an interrupt may come at any line
            with writing(path):
                while file is None:
                    temporary = names.temporary(path)
                    file = open(temporary, "x+b", buffering=WRITE_BUFFER_BYTES)  # noqa: SIM115  (closed when it is named)
                    if not hold(file):
                        file.close()
                        file = None
                if former is not None:
                    _take_mode(file, path)
            yield file
            with writing(path):
                file.flush()
            write = None if record is None else record()
            file = file.detach()  # without its buffer
            complete = Complete(file, temporary, path, write)
            if together is not None:
                together.append(complete)
            else:
                complete.sync()
                complete.name()
        except BaseException:
            insist(lambda: _discard(file, temporary))
            raise


LOCAL = LocalStore()


class _AsOpened(io.FileIO):
    """A file that ends where it ended when it was opened: one that grows as it is read would have no end."""

    def __init__(self, path: str):
        super().__init__(path)
        status = os.fstat(self.fileno())
        is_told = stat.S_ISREG(status.st_mode) and status.st_size > 0  # not of pipes, nor of /proc
        self._end = status.st_size if is_told else None

    def readinto(self, buffer, /) -> int | None:
        left = len(buffer) if self._end is None else max(0, self._end - self.tell())
        return super().readinto(buffer if left >= len(buffer) else memoryview(buffer)[:left])

    def readall(self) -> bytes:
        if self._end is None:
            return super().readall()
        data = b""
        while more := self.read(max(0, self._end - self.tell())):  # once, up to 2 GiB
            data += more
        return data


def _real_directory(path: str) -> str:
    """`os.path.realpath`, which looks at each directory on the way: once for many files in one."""
    status = os.stat(path or os.curdir)
    return _real_path(path, status.st_dev, status.st_ino)


@lru_cache(maxsize=64)
def _real_path(path: str, device: int, inode: int) -> str:
    """`os.path.realpath` of a path that leads to this file."""
    return os.path.realpath(path)


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """A device or a pipe, to write to."""
    with writing(path):
        file = open(path, "wb")  # noqa: SIM115  (closed below)
    try:
        yield file
        with writing(path):
            file.close()
    finally:
        with suppress(OSError):
            file.close()


def _status(path: str, follow: bool = True) -> os.stat_result | None:
    """What is there; None if nothing is."""
    try:
        return os.stat(path, follow_symlinks=follow)
    except FileNotFoundError:
        return None


def _take_mode(file, path: str) -> None:
    """Give a new file the mode of the one that it will replace, and its owner where that is allowed."""
    with suppress(FileNotFoundError, PermissionError):
        old, new = os.stat(path), os.fstat(file.fileno())
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with suppress(PermissionError):
                os.chown(file.fileno(), old.st_uid, old.st_gid)
        os.chmod(file.fileno(), stat.S_IMODE(old.st_mode))


def _discard(file, temporary: str) -> None:
    if file is not None:
        with suppress(OSError, ValueError):  # closing writes what is buffered, to a disk that may be full
            file.close()
    if temporary:
        with suppress(OSError):  # what went wrong before is what is told
            LOCAL.remove(temporary)


def insist(action: Callable[[], None]) -> None:
    """Do what has to be done before an interrupt goes on, although another one comes: one at a line of this, too."""
    done, interrupt = False, None
    while not done:
        try:
            while not done:
                try:
                    action()
                    done = True
                except KeyboardInterrupt as again:
                    interrupt = again
        except KeyboardInterrupt as again:
            interrupt = again
    if interrupt is not None:
        raise interrupt


def shown(path: str) -> str:
    """A path as messages call it."""
    return "standard output" if path == STREAM else path


class writing(Translation):
    """Turns what pyarrow and the operating system say into one line that names the file."""

    __slots__ = ("_path",)

    def __init__(self, path: str):
        self._path = path

    def other(self, error: BaseException) -> ScoringError | None:
        if isinstance(error, BrokenPipeError | SourceError):
            return None
        if isinstance(error, ScoringError):
            return ScoringError(f"{shown(self._path)}: {error}")
        if isinstance(error, OSError | pa.ArrowException):
            reason = getattr(error, "strerror", None) or one_line(error)
            return ScoringError(f"{shown(self._path)}: cannot be written: {reason}")
        return None
