"""What a listing of a store tells of a file, whichever store it is."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# What tells a file from what it was before, the best first; a time is of a change, not of the making.
_VERSIONS = (
    "ETag", "etag", "generation", "md5Hash", "sha", "checksum", "LastModified", "Last-Modified", "last_modified",
    "updated", "mtime", "modified", "modify",
)  # fmt: skip
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Entry:
    """A file as its store lists it.

    Attributes
    ----------
    version : str or None
        Differs once the file has been replaced; None where the store does not tell.
    md5 : str or None
        Of what it holds, in hexadecimal digits, where the store tells.
    """

    size: int | None = None
    version: str | None = None
    md5: str | None = None

    @classmethod
    def of(cls, info: Mapping, extra: tuple[str, ...] = ()) -> Entry:
        """What fsspec's details of a file say; `extra` are further keys that tell a version."""
        told = (info.get(key) for key in (*_VERSIONS, *extra))
        version = next((_text(value) for value in told if value), None)
        return cls(info.get("size"), version, _md5(info))


def _text(version) -> str:
    """A version; times that a listing and a look at one file tell in other ways are the same."""
    return str(version.timestamp() if isinstance(version, datetime) else version)


def _md5(info: Mapping) -> str | None:
    """S3's ETag, unless it was uploaded in parts or encrypted; what Google and Azure call by its name."""
    tag = str(info.get("ETag") or "").strip('"')
    if _MD5.fullmatch(tag):
        return tag
    settings = info.get("content_settings")
    told = info.get("md5Hash") or (settings.get("content_md5") if isinstance(settings, Mapping) else None)
    if isinstance(told, str):
        told = base64.b64decode(told)
    return bytes(told).hex() if told else None
