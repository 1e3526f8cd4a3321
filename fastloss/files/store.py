"""Where outputs and their records lie: on this machine, or in a file system that fsspec knows.

In both a file appears under its name when it is complete: it is written under a temporary name beside it, and renamed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyarrow.fs import FileSelector, FileType

from fastloss.files import names
from fastloss.files.errors import ScoringError, one_line
from fastloss.files.formats import STREAM
from fastloss.files.locks import busy, hold, locked_file, owner, remove_unheld


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

    def files(self, directory: str) -> list[str]:
        """The files in it and in its directories, by their paths from it."""
        root = directory.rstrip(os.sep)
        paths = (os.path.join(path, file) for path, _, files in os.walk(root) for file in files)
        return [path[len(root) + 1 :] for path in paths]

    def make_directory(self, path: str) -> None:
        """With those that it is in; it may be there."""
        os.makedirs(path, exist_ok=True)

    def open(self, path: str):
        """A binary file to read; FileNotFoundError if there is none."""
        return open(path, "rb")

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

    @contextmanager
    def replacing(self, path: str, durable: bool = False) -> Iterator[Any]:
        """A binary file that takes the place of `path` at the end of the block; on an error it is removed.

        It has the mode of the file that it replaces. One that is `durable` is on the disk before it has the name, and
        has it there at the end: some milliseconds.
        """
        path, temporary, file = os.path.realpath(path), "", None
        try:  # from before there is a file: an interrupt may come at any line
            with writing(path):
                while file is None:
                    temporary = names.temporary(path)
                    file = open(temporary, "x+b")  # noqa: SIM115  (closed below)
                    if not hold(file):
                        file.close()
                        file = None
                _take_mode(file, path)
            yield file
            with writing(path):
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                os.replace(temporary, path)  # while it is held
                file.close()
                if durable:
                    _sync_directory(os.path.dirname(path))
        except BaseException:
            insist(lambda: _discard(file, temporary))
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

    def files(self, directory: str) -> list[str]:
        found = self.filesystem.get_file_info(FileSelector(directory, recursive=True, allow_not_found=True))
        return [os.path.relpath(info.path, directory) for info in found if info.is_file]

    def make_directory(self, path: str) -> None:
        self.filesystem.create_dir(path, recursive=True)

    def open(self, path: str):
        return self.filesystem.open_input_stream(path, compression=None)

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self.filesystem.delete_file(path)

    def remove_empty(self, directory: str) -> None:
        if self.is_directory(directory) and not self.files(directory):
            self.filesystem.delete_dir(directory)

    def remove_abandoned(self, temporary: str) -> None:
        self.remove(temporary)

    def remove_leftovers(self, path: str) -> None:
        """None: nothing tells whether the process that writes a temporary file is alive."""

    @contextmanager
    def locked(self, directory: str) -> Iterator[None]:
        path, is_ours = f"{directory.rstrip('/')}/{names.LOCK}", False
        record = {"owner": owner(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        try:
            with writing(directory):
                self.make_directory(directory)
                try:
                    if self.size(path) is not None:  # not all stores heed the mode
                        raise FileExistsError
                    self.filesystem.handler.fs.pipe_file(path, json.dumps(record).encode(), mode="create")
                except FileExistsError as error:
                    raise busy(self._holder(path), f"wait for its end; if it is dead, remove {path}") from error
                is_ours = True
            yield
        finally:
            if is_ours:
                self.remove(path)

    def _holder(self, path: str) -> str:
        try:
            with self.open(path) as file:
                record = json.loads(file.read(1000))
            return f"{record['owner']}, since {record['since']}"
        except (OSError, ValueError, LookupError, TypeError):
            return "unknown"

    @contextmanager
    def replacing(self, path: str, durable: bool = False) -> Iterator[Any]:
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            temporary = names.temporary(path)
            try:
                with writing(path):
                    with self.filesystem.open_output_stream(temporary) as stream:
                        shutil.copyfileobj(file, stream, 1 << 20)
                    self.filesystem.move(temporary, path)
            except BaseException:
                insist(lambda: self.remove(temporary))
                raise


LOCAL = LocalStore()


def _take_mode(file, path: str) -> None:
    """Give a new file the mode of the one that it will replace, and its owner where that is allowed."""
    with suppress(FileNotFoundError, PermissionError):
        old, new = os.stat(path), os.fstat(file.fileno())
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with suppress(PermissionError):
                os.chown(file.fileno(), old.st_uid, old.st_gid)
        os.chmod(file.fileno(), stat.S_IMODE(old.st_mode))


def _sync_directory(path: str) -> None:
    """Have the names in a directory on the disk."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that does so by itself, or never
            raise
    finally:
        os.close(descriptor)


def _discard(file, temporary: str) -> None:
    if file is not None:
        with suppress(OSError):  # closing writes what is buffered, to a disk that may be full
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
