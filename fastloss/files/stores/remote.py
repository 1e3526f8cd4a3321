"""Files at addresses that fsspec knows.

Paths are addresses as messages name them, "s3://bucket/key". Names are taken literally: what fsspec does with patterns
(`mv`, `rm`, `find` of several) is not used. What such a library raises comes out as an OSError that names the address.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from fastloss.files import names
from fastloss.files.locks import busy, is_dead, machine, owner
from fastloss.files.stores.entries import Entry
from fastloss.files.stores.failures import failures
from fastloss.files.stores.local import READ_BUFFER_BYTES, Write, insist, writing

BIG_BYTES = 8 << 20  # more is uploaded from the disk, in parts where the store has them
PART_BYTES, PARTS_AT_ONCE = 16 << 20, 4
KINDS = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "adl": "az", "local": "file"}
# Where a file appears at once and complete, and there are no directories: the others rename, and make them.
OBJECT_STORES = ("s3", "gs", "az", "oss", "oci", "memory")
LISTS_MD5 = ("s3", "gs", "az")
ATTEMPTS = 3
KEPT = 4  # file systems that a worker keeps, of the calls that it worked for last

_opened: OrderedDict[str, Any] = OrderedDict()
_opening = threading.Lock()


class RemoteStore:
    """Files of a file system of fsspec; the methods are those of `LocalStore`.

    `call` names the call of `fastloss.score` that this store belongs to: a process of an engine makes one file system
    for all its tasks. A path that begins with `address` is in it what begins with `inside`, and ends with `query`.
    """

    def __init__(self, filesystem, call: str, address: str, inside: str = "", query: str = ""):
        self.filesystem, self.call, self.address, self.inside, self.query = filesystem, call, address, inside, query
        protocol = filesystem.protocol if isinstance(filesystem.protocol, str) else filesystem.protocol[0]
        self.kind = KINDS.get(protocol, protocol)

    def __reduce__(self):
        made = type(self.filesystem), self.filesystem.storage_args, self.filesystem.storage_options
        return _restored, (*made, self.call, self.address, self.inside, self.query)

    @property
    def is_object_store(self) -> bool:
        """Whether a file appears at once, and directories are but parts of names."""
        return self.kind in OBJECT_STORES

    @property
    def lists_md5(self) -> bool:
        """Whether listings may tell the MD5 of files."""
        return self.kind in LISTS_MD5

    def inner(self, path: str) -> str:
        """What the file system calls an address."""
        return self.inside + path.removeprefix(self.address) + self.query

    def identity(self, path: str) -> tuple[str, str]:
        """What all names of a file have in common."""
        return self.kind, self.inner(path).strip("/")

    def entry(self, path: str) -> Entry | None:
        """What is told of a file; None if there is none."""
        with suppress(FileNotFoundError), failures(path):
            info = self.filesystem.info(self.inner(path))
            return self._entry(info) if info["type"] == "file" else None
        return None

    def beside(self, path: str) -> Entry | None:
        """What is told of a file that is called like a directory; None if there is none."""
        if self.kind != "s3" or not hasattr(self.filesystem, "call_s3"):
            return self.entry(path)
        bucket, key = self.filesystem.split_path(self.inner(path))[:2]
        with suppress(FileNotFoundError), failures(path):  # one request, where `info` goes on to look for a directory
            info = self.filesystem.call_s3("head_object", Bucket=bucket, Key=key) if key else {}
            return Entry.of({**info, "size": info["ContentLength"]}) if info else None
        return None

    def size(self, path: str) -> int | None:
        entry = self.entry(path)
        return None if entry is None else entry.size

    def exists(self, path: str) -> bool:
        with failures(path):
            return self.filesystem.exists(self.inner(path))

    def is_directory(self, path: str) -> bool:
        with suppress(FileNotFoundError), failures(path):
            return self.filesystem.info(self.inner(path))["type"] == "directory"
        return False

    def names(self, directory: str) -> list[str]:
        files, directories = self.children(directory)
        return [*files, *directories]

    def children(self, directory: str) -> tuple[dict[str, Entry], set[str]]:
        """The files in a directory, and the names of the directories in it.

        Raises
        ------
        FileNotFoundError
            If there is no such bucket.
        """
        root, found = self.inner(directory).rstrip("/"), []
        with failures(directory):
            try:
                found = self.filesystem.ls(root, detail=True)
            except FileNotFoundError as error:
                if "does not exist" in str(error):  # of others it is the path
                    raise
        files = self._places(root, found)
        return files, {_place(root, info["name"]).strip("/") for info in found if info.get("type") == "directory"}

    def files(self, directory: str, beginning: str = "") -> dict[str, Entry]:
        """The files in it and in its directories, by their paths from it: at least those that begin with `beginning`.

        In an object store "a//" holds what is called "a//b", and not "a/b".

        Raises
        ------
        FileNotFoundError
            If there is no such bucket.
        """
        inner = self.inner(directory)
        root = inner.rstrip("/")
        slashes = inner[len(root) + 1 :] if self.is_object_store else ""
        wanted = {"prefix": slashes + beginning} if self.kind == "s3" and slashes + beginning else {}
        with failures(directory):
            try:
                found = self.filesystem.find(root, detail=True, **wanted)
            except FileNotFoundError as error:
                if "bucket" in str(error) or "container" in str(error):
                    raise
                found = {}
        places = self._places(root, found.values() if isinstance(found, dict) else ())  # the name of one file, of Azure
        return {place.removeprefix(slashes): entry for place, entry in places.items() if place.startswith(slashes)}

    def _places(self, root: str, found) -> dict[str, Entry]:
        """Files by their paths from a root; without what stands for a directory."""
        places = {_place(root, info["name"]): info for info in found if info.get("type") == "file"}
        return {
            place: self._entry(info)
            for place, info in places.items()
            if place and not place.endswith(("/", "_$folder$"))
        }

    def _entry(self, info: dict) -> Entry:
        return Entry.of(info, ("created",) if self.kind == "memory" else ())  # where it is of the last change

    def check(self, path: str) -> None:
        """That a bucket is there, before anything is done.

        Raises
        ------
        OSError
            If it is not, or the store cannot be reached.
        """
        root = self.inner(path).strip("/").split("/")[0]
        if self.is_object_store and self.kind != "memory":
            with suppress(PermissionError), failures(path):  # those who may only write
                try:
                    self.filesystem.info(root)
                except FileNotFoundError as error:
                    raise FileNotFoundError(errno.ENOENT, f"{root!r} does not exist, and is not made") from error

    def make_directory(self, path: str) -> None:
        if not self.is_object_store:  # or a bucket would be made
            with failures(path):
                self.filesystem.makedirs(self.inner(path).rstrip("/"), exist_ok=True)

    def open(self, path: str):
        """A binary file to read, in which one can go back."""
        with failures(path):
            file = self.filesystem.open(self.inner(path), "rb")
        return io.BufferedReader(_Named(file, path), READ_BUFFER_BYTES)

    def read(self, path: str, head: re.Pattern | None = None) -> bytes:
        """All of a small file, which should begin with `head`."""
        once = {"max_concurrency": 1} if self.kind == "s3" else {}  # or its size is asked for first
        with failures(path):
            return self.filesystem.cat_file(self.inner(path), **once)

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError), failures(path):
            self.filesystem.rm_file(self.inner(path))

    def remove_empty(self, directory: str) -> None:
        if not self.is_object_store and self.is_directory(directory) and not self.files(directory):
            with failures(directory):
                self.filesystem.rm(self.inner(directory).rstrip("/"), recursive=True)

    def remove_abandoned(self, temporary: str) -> None:
        self.remove(temporary)

    def remove_leftovers(self, path: str) -> None:
        """None: nothing tells whether the process that writes a temporary file is alive."""

    def abort_uploads(self, directory: str) -> None:
        """Give up the uploads in parts of outputs below a directory, which killed processes left, and S3 keeps."""
        if self.kind != "s3" or not hasattr(self.filesystem, "call_s3"):
            return
        bucket, key = self.filesystem.split_path(self.inner(directory))[:2]
        prefix = key.rstrip("/") + "/" if key else ""
        with suppress(PermissionError), failures(directory):  # those who may not are not hindered
            found = self.filesystem.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix)
            for upload in found.get("Uploads", ()):
                if names.is_output(upload["Key"]) or names.is_record(upload["Key"]):
                    which = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
                    self.filesystem.call_s3("abort_multipart_upload", Bucket=bucket, **which)

    @contextmanager
    def locked(self, directory: str) -> Iterator[None]:
        path, is_ours = f"{directory.rstrip('/')}/{names.LOCK}", False
        record = {
            "owner": owner(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "process": os.getpid(),
        }
        try:
            with writing(directory):
                self.make_directory(directory)
                self._lock(path, json.dumps(record).encode())
                is_ours = True
            yield
        finally:
            if is_ours:
                self._unlock(path)

    def _lock(self, path: str, record: bytes) -> None:
        try:
            if not self.is_object_store and self.size(path) is not None:  # not all stores heed the mode
                raise FileExistsError
            with failures(path):
                self.filesystem.pipe_file(self.inner(path), record, mode="create")
        except FileExistsError as error:
            holder = self._holder(path)
            if holder is not None:
                raise busy(holder, f"wait for its end; if it is dead, remove {path}") from error
            with failures(path):
                self.filesystem.pipe_file(self.inner(path), record)

    def _holder(self, path: str) -> str | None:
        """Who holds a lock, in words; None if nobody does any more."""
        try:
            record = json.loads(self.read(path))
            if record.get("free") or is_dead(record.get("machine"), record.get("process")):
                return None
            return f"{record['owner']}, since {record['since']}"
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return "unknown"

    def _unlock(self, path: str) -> None:
        """Remove a lock, or say in it that it is free, where one may write and not remove."""
        try:
            self.remove(path)
        except PermissionError:
            with failures(path):
                self.filesystem.pipe_file(self.inner(path), b'{"free": true}')

    def sync_names(self, directory: str) -> None:
        """Nothing: what a store has taken, it keeps."""

    @contextmanager
    def replacing(
        self, path: str, record: Callable[[], Write] | None = None, together: None = None, is_ours: bool = False
    ) -> Iterator[Any]:
        """What is written is gathered in a temporary file of this machine, as few stores let a writer go back."""
        with tempfile.TemporaryFile() as file:
            yield file
            with writing(path):
                file.flush()
            if record is not None:
                record()()
            with writing(path):
                self._put(file, path)

    def _put(self, file, path: str) -> None:
        if self.is_object_store:
            self._upload(file, path, self.inner(path))
            return
        temporary = names.temporary(path)
        try:
            self._upload(file, path, self.inner(temporary))
            with failures(path):
                self._rename(self.inner(temporary), self.inner(path))
        except BaseException:
            insist(lambda: self._discard(temporary))
            raise

    def _upload(self, file, path: str, inner: str) -> None:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        with failures(path):
            if size <= BIG_BYTES or self.kind == "memory":
                self.filesystem.pipe_file(inner, file.read())
            elif self.is_object_store:
                parts = {"chunksize": PART_BYTES, "max_concurrency": PARTS_AT_ONCE} if self.kind == "s3" else {}
                self.filesystem.put_file(f"/dev/fd/{file.fileno()}", inner, **parts)
            else:
                with self.filesystem.open(inner, "wb") as stream:
                    shutil.copyfileobj(file, stream, READ_BUFFER_BYTES)

    def _rename(self, old: str, new: str) -> None:
        """As `mv`, which most stores do by copying, and which expands patterns then."""
        from fsspec import AbstractFileSystem

        if type(self.filesystem).mv is not AbstractFileSystem.mv:
            self.filesystem.mv(old, new)
        else:
            self.filesystem.cp_file(old, new)
            self.filesystem.rm_file(old)

    def _discard(self, temporary: str) -> None:
        with suppress(OSError):  # what went wrong before is what is told
            self.remove(temporary)


class _Named(io.RawIOBase):
    """A binary file that is read; what goes wrong names it."""

    def __init__(self, file, path: str):
        self._file, self._path = file, path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        with failures(self._path):
            return self._file.seek(position, whence)

    def readinto(self, buffer) -> int:
        with failures(self._path):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _place(root: str, name: str) -> str:
    """A path from a root; "" for the root itself."""
    return name[len(root) + 1 :] if root else name.removeprefix("/")


def bounded(filesystem):
    """The file system, which does not try for minutes what its library has tried already."""
    if hasattr(filesystem, "retries"):
        filesystem.retries = min(filesystem.retries, ATTEMPTS)
    return filesystem


def _restored(made: type, args: tuple, options: dict, call: str, address: str, inside: str, query: str) -> RemoteStore:
    """A store in a process of an engine: with the file system of the call, which is made once."""
    key = f"{call} {made.__qualname__} {address.partition('://')[0]} {options.get('version_aware')}"
    with _opening:
        filesystem = _opened.get(key)
        if filesystem is None:
            filesystem = _opened[key] = bounded(made(*args, **options, skip_instance_cache=True))
            if len(_opened) > KEPT:
                _opened.popitem(last=False)
    return RemoteStore(filesystem, call, address, inside, query)
