"""File formats and the extensions that name them."""

from __future__ import annotations

from pathlib import Path

from fastloss.scoring.errors import ScoringError

STREAM = "-"  # standard input or output

FORMATS = {
    "parquet": "Parquet",
    "csv": "CSV",
    "arrow": "Arrow IPC",
    "feather": "Feather",
    "npy": "NumPy",
}


def format_of(path: str, stream_format: str | None = None) -> str:
    """The format of a file by its extension, of a standard stream by `stream_format`.

    Raises
    ------
    ScoringError
        If that names none of the formats.
    """
    if path == STREAM:
        if stream_format in FORMATS:
            return stream_format
        given = "no format" if stream_format is None else f"the unknown format {stream_format!r}"
        raise ScoringError(f"{given} is given for a standard stream: choose {', '.join(FORMATS)}")
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension not in FORMATS:
        known = ", ".join("." + name for name in FORMATS)
        raise ScoringError(f"{path}: the extension names no format; known are {known}")
    return extension


def has_format(path: str) -> bool:
    """Whether the extension of `path` names a format."""
    return Path(path).suffix.lower().removeprefix(".") in FORMATS
