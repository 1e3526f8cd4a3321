"""What goes wrong in a store as an error of the operating system that names the address.

The libraries behind fsspec have errors of their own, many of which are no OSErrors; none of them is imported here: what
comes out of a call to a store is a failure of the store.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastloss.files.errors import ScoringError, one_line

_QUERY = re.compile(r"(?<=[^\s?])\?[^\s'\"]*(?==)[^\s'\"]*")
_LONGEST = 300  # characters of a reason
# What S3 does not say of a single object, as the answer to HEAD has no text
_HINTS = {
    "Bad Request": "as for another region, or a token that has expired",
    "Forbidden": "as for wrong credentials, or those of somebody who may not",
    "Moved Permanently": "as for another region",
}


@contextmanager
def failures(path: str) -> Iterator[None]:
    """Turns what a library raises into an OSError that names `path`."""
    try:
        yield
    except (ScoringError, MemoryError):
        raise
    except Exception as error:
        raise _translated(error, path) from error


def reason_of(error: Exception) -> str:
    """What a library says, in one line that is not endless, without the queries of URLs, which may hold signatures."""
    reason = _QUERY.sub("", one_line(error) if getattr(error, "strerror", None) is None else error.strerror)
    if isinstance(error, TimeoutError) and not str(error):
        reason = "timed out"
    reason = reason if len(reason) <= _LONGEST else reason[:_LONGEST] + "..."
    return f"{reason} ({_HINTS[reason]})" if reason in _HINTS else reason


def _translated(error: Exception, path: str) -> OSError:
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and (_is_of_network(cause) or _status(cause) in (401, 403)):
        error = cause  # which fsspec's file system of http takes for one that is missing
    reason = reason_of(error)
    if isinstance(error, FileNotFoundError):
        missing = reason if "does not exist" in reason else os.strerror(errno.ENOENT)
        return FileNotFoundError(errno.ENOENT, missing, path)
    if isinstance(error, PermissionError) or _status(error) in (401, 403):
        return PermissionError(errno.EACCES, f"access is denied: {reason}", path)
    if isinstance(error, FileExistsError):
        return FileExistsError(errno.EEXIST, reason, path)
    if isinstance(error, TypeError | AttributeError):  # of the library, at the first request
        reason += " (it may be one of storage_options)"
    return OSError(errno.EIO, reason, path)


def _is_of_network(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and not isinstance(error, FileNotFoundError)


def _status(error: BaseException | None) -> int | None:
    """The status of the answer to a request of http."""
    return getattr(error, "status", None)
