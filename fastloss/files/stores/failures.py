"""What goes wrong in a store as an error of the operating system that names the address.

The libraries behind fsspec have errors of their own, many of which are no OSErrors; none of them is imported here: what
comes out of a call to a store is a failure of the store.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from fastloss.files.errors import ScoringError, one_line

_LONGEST = 300  # characters of a reason


@contextmanager
def failures(path: str) -> Iterator[None]:
    """Turns what a library raises into an OSError that names `path`."""
    try:
        yield
    except (ScoringError, MemoryError):
        raise
    except Exception as error:
        raise _translated(error, path) from error


def _translated(error: Exception, path: str) -> OSError:
    reason = one_line(error) if getattr(error, "strerror", None) is None else error.strerror
    reason = reason if len(reason) <= _LONGEST else reason[:_LONGEST] + "..."
    if isinstance(error, FileNotFoundError):
        missing = reason if "does not exist" in reason else os.strerror(errno.ENOENT)
        return FileNotFoundError(errno.ENOENT, missing, path)
    if isinstance(error, PermissionError):
        return PermissionError(errno.EACCES, f"access is denied: {reason}", path)
    if isinstance(error, FileExistsError):
        return FileExistsError(errno.EEXIST, reason, path)
    if isinstance(error, TimeoutError) and not str(error):
        reason = "timed out"
    return OSError(errno.EIO, reason, path)
