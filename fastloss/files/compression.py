"""Files that are compressed as a whole, as the last extension of their names says."""

from __future__ import annotations

import gzip
from contextlib import contextmanager, nullcontext, suppress

import pyarrow as pa

from fastloss.files.formats import compression_of
from fastloss.files.stores import writing

GZIP_LEVEL = 6  # pyarrow's takes two and a half times as long


def decompressed(file, path: str):
    """What a binary file holds."""
    compression = compression_of(path)
    return file if compression is None else pa.CompressedInputStream(file, compression)


def compressed(file, path: str):
    """A binary file whose content `file` takes, complete at the end of the block; `file` stays open."""
    return nullcontext(file) if compression_of(path) is None else _compressed(file, path)


@contextmanager
def _compressed(file, path: str):
    stream = _compressing(file, compression_of(path))
    try:
        yield stream
    except BaseException:
        with suppress(OSError):  # closing writes, to a disk that may be full
            stream.close()
        raise
    with writing(path):
        stream.close()


def _compressing(file, compression: str):
    if compression == "gzip":  # no name and no time, so that the bytes depend on the content only
        return gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0)
    return pa.CompressedOutputStream(_StaysOpen(file), compression)


class _StaysOpen:
    """A binary file that pyarrow cannot close."""

    def __init__(self, file):
        self._file, self.closed = file, False
        self.write, self.flush, self.tell = file.write, file.flush, file.tell

    def close(self) -> None:
        self.closed = True
