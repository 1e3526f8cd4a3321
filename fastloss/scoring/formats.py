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
    """The format of a file by its extension, of standard input by `stream_format`.

    Raises
    ------
    ScoringError
        If there is none.
    """
    if path == STREAM:
        if stream_format is None:
            raise ScoringError(f"standard input needs a format: choose {', '.join(FORMATS)}")
        return stream_format
    extension = Path(path).suffix.lower().removeprefix(".")
    if extension not in FORMATS:
        known = ", ".join("." + name for name in FORMATS)
        raise ScoringError(f"{path}: the extension names no format; known are {known}")
    return extension
