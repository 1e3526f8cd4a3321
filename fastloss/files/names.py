"""The names of the files beside an output: its temporary file and its record. And of a directory's lock."""

from __future__ import annotations

import hashlib
import os
import re

from fastloss.files.errors import ScoringError
from fastloss.files.formats import format_of

LOCK = ".fastloss.lock"

_LONGEST = 255  # bytes of a name, on nearly every file system
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp", re.DOTALL)
_KEPT_END = 16  # bytes, for the extensions


def temporary(path: str) -> str:
    """A name for `path` while it is written, another at each call."""
    directory, slash, name = path.rpartition("/")
    return f"{directory}{slash}.{_fitting(name, _LONGEST - 14)}.{os.urandom(4).hex()}.tmp"


def record(path: str) -> str:
    """The name of the record of an output."""
    directory, slash, name = path.rpartition("/")  # in a store "a//b" is not "a/b"
    return f"{directory}{slash}_{_fitting(name, _LONGEST - 6)}.json"


def is_record(path: str) -> bool:
    """Whether a file is called like a record of an output."""
    name = os.path.basename(path)
    return name.startswith("_") and name.endswith(".json") and is_output(name[1:-5])


def is_output(path: str) -> bool:
    """Whether a file is called like an output."""
    try:
        format_of(os.path.basename(path))
    except ScoringError:
        return False
    return True


def is_temporary(path: str) -> bool:
    """Whether a file is called like one that is to become an output or a record."""
    match = _TEMPORARY.fullmatch(os.path.basename(path))
    return match is not None and (is_output(match[1]) or is_record(match[1]))


def is_temporary_of(path: str, output: str) -> bool:
    """Whether a file is called like one that is to become `output`."""
    match = _TEMPORARY.fullmatch(os.path.basename(path))
    return match is not None and match[1] == _fitting(os.path.basename(output), _LONGEST - 14)


def _fitting(name: str, room: int) -> str:
    """A name of at most `room` bytes; of a longer one the beginning, a digest and the end."""
    if 4 * len(name) <= room:  # in UTF-8
        return name
    encoded = os.fsencode(name)
    if len(encoded) <= room:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    kept = encoded[: room - _KEPT_END - len(digest) - 2], encoded[-_KEPT_END:]
    beginning, end = (part.decode("utf-8", "ignore") for part in kept)
    return f"{beginning}-{digest}-{end}"
