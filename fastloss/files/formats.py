"""File formats, the extensions that name them, and compression."""

from __future__ import annotations

from pathlib import Path

from fastloss.files.errors import ScoringError

STREAM = "-"  # standard input or output

FORMATS = {
    "parquet": "Parquet",
    "csv": "CSV",
    "arrow": "Arrow IPC",
    "feather": "Feather",
    "npy": "NumPy",
}
TABLES = {"delta": "a Delta Lake table", "iceberg": "an Iceberg table", "lance": "a Lance dataset"}
EXTENSIONS = {**{name: name for name in FORMATS}, "tsv": "csv", "txt": "csv"}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
COMPRESSIBLE = ("csv", "arrow", "feather")  # the others compress what is in them, or have to be read in place


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
    format = _named(path)
    if format is None:
        known = ", ".join("." + name for name in EXTENSIONS)
        raise ScoringError(f"{path}: the extension names no format; known are {known}")
    if compression_of(path) is not None and format not in COMPRESSIBLE:
        raise ScoringError(f"{path}: {FORMATS[format]} is not read or written compressed as a whole")
    return format


def compression_of(path: str) -> str | None:
    """The compression that the last extension of `path` names."""
    return COMPRESSIONS.get(Path(path).suffix.lower())


def bare(path: str) -> str:
    """`path` without the extension of its compression."""
    return path if compression_of(path) is None else path.removesuffix(Path(path).suffix)


def _named(path: str) -> str | None:
    return EXTENSIONS.get(Path(bare(path)).suffix.lower().removeprefix("."))
