"""Objects in stores as files, of which ranges are fetched: all of one version of the object."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import BinaryIO

import pyarrow as pa
import pyarrow.fs

from fastloss.files.errors import ScoringError
from fastloss.files.readers.ranges import Fetch, RangedFile
from fastloss.files.reading import READ_BUFFER_BYTES
from fastloss.files.stores import LOCAL, ArrowStore, RemoteStore, Store
from fastloss.files.stores.failures import failures

ATTEMPTS = 3  # at an answer that is cut; whether a refusal is tried again is up to the store's library


class ChangedError(ScoringError):
    """A file is another than it was when it was opened, or an object than when it was listed."""


class unchanged:
    """A block in which an open file of this machine is read; if it was written meanwhile, a ChangedError at the end, in
    place of what is wrong with it."""

    __slots__ = "_descriptor", "_file", "_path", "_state"

    def __init__(self, path: str, file: BinaryIO):
        self._path, self._file = path, file

    def __enter__(self) -> None:
        self._descriptor = os.dup(self._file.fileno())  # what decompresses the file may close it
        self._state = self._told()

    def __exit__(self, kind, error: BaseException | None, traceback) -> None:
        is_as_before = self._told() == self._state
        os.close(self._descriptor)
        if (error is None or isinstance(error, ScoringError)) and not is_as_before:
            raise ChangedError(
                f"{self._path}: it was written while it was read: read it when it is complete"
            ) from error

    def _told(self) -> tuple[int, int] | None:
        status = os.fstat(self._descriptor)
        return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


class _Whole(Exception):
    """A server sends all, whatever it is asked for."""


def opened(store: Store, path: str, begin: Callable[[RangedFile], None], size: int | None, version: str | None):
    """A file of this machine, or an object."""
    return store.open(path) if store is LOCAL else opened_object(store, path, begin, size, version)


@contextmanager
def opened_object(
    store: RemoteStore | ArrowStore,
    path: str,
    begin: Callable[[RangedFile], None],
    size: int | None,
    version: str | None,
) -> Iterator[BinaryIO]:
    """An object, of this version, or as it is now; `begin` says what of it will be read first.

    Raises
    ------
    ChangedError
        If it is not of this version, also at the end of the block.
    OSError
        If it cannot be read; so do the methods of the file. It names `path`.
    """
    filesystem = store.filesystem
    if size is None:
        size, version = _status(store, path)
    with failures(path):
        is_asked, ask = _asker(filesystem, store.inner(path), version)
    with ExitStack() as stack:
        file = stack.enter_context(RangedFile(partial(_fetched, ask, path), size))
        begin(file)
        try:
            file.begin()
        except _Whole:
            with failures(path):
                file = stack.enter_context(_downloaded(filesystem, store.inner(path)))
        yield file
        if not is_asked and _status(store, path) != (size, version):
            raise ChangedError(f"{path}: it changed after it was listed")


def _status(store: RemoteStore | ArrowStore, path: str) -> tuple[int, str | None]:
    """The size of an object, and what tells its versions apart."""
    entry = store.entry(path)
    if entry is None:
        raise ChangedError(f"{path}: it was removed after it was listed")
    return entry.size, entry.version


def _asker(filesystem, path: str, version: str | None) -> tuple[bool, Fetch]:
    """How a range is asked for, and whether of this version alone."""
    if isinstance(filesystem, pa.fs.FileSystem):
        file = filesystem.open_input_file(path)
        return False, lambda start, stop: file.read_at(stop - start, start)
    if version is not None and version.startswith('"'):  # not one that several may have, W/"..."
        if "s3" in filesystem.protocol:
            return True, partial(_from_s3, filesystem, path, version)
        if "https" in filesystem.protocol:
            return True, partial(_from_http, filesystem, path, version)
    return False, lambda start, stop: filesystem.cat_file(path, start=start, end=stop)


def _fetched(ask: Fetch, path: str, start: int, stop: int) -> bytes:
    """A range, or an error that names the object."""
    with failures(path):
        data = _asked(ask, start, stop)
    if len(data) > stop - start:
        raise _Whole
    if len(data) < stop - start:
        raise ChangedError(f"{path}: it became shorter after it was listed")
    return data


def _asked(ask: Fetch, start: int, stop: int) -> bytes:
    """A range, asked for again where the answer is cut."""
    for _ in range(ATTEMPTS - 1):
        try:
            return ask(start, stop)
        except (ScoringError, OSError):
            raise
        except Exception:  # the libraries of stores have many
            continue
    return ask(start, stop)


def _from_s3(filesystem, path: str, etag: str, start: int, stop: int) -> bytes:
    from fsspec.asyn import sync

    bucket, key, version_id = filesystem.split_path(path)
    which = {"VersionId": version_id} if version_id else {"IfMatch": etag}

    async def read(body) -> bytes:
        try:
            return await body.read()
        finally:
            body.close()

    try:
        answer = filesystem.call_s3("get_object", Bucket=bucket, Key=key, Range=f"bytes={start}-{stop - 1}", **which)
    except OSError as error:
        refusal = getattr(error.__cause__, "response", {}).get("Error", {}).get("Code")
        if refusal in ("PreconditionFailed", "412"):
            raise ChangedError(f"{path}: it changed after it was listed") from error
        raise
    return sync(filesystem.loop, read, answer["Body"])


def _from_http(filesystem, url: str, etag: str, start: int, stop: int) -> bytes:
    headers = {**filesystem.kwargs.get("headers", {}), "If-Match": etag}
    try:
        return filesystem.cat_file(url, start=start, end=stop, headers=headers)
    except Exception as error:
        if getattr(error, "status", None) == 412:
            raise ChangedError(f"{url}: it changed after it was listed") from error
        raise


@contextmanager
def _downloaded(filesystem, path: str) -> Iterator[BinaryIO]:
    """A copy of an object on this machine."""
    with tempfile.TemporaryFile() as copy, filesystem.open(path, "rb", block_size=0) as stream:
        shutil.copyfileobj(stream, copy, READ_BUFFER_BYTES)
        copy.seek(0)
        yield copy
