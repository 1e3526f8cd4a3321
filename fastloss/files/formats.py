"""File formats, the extensions that name them, and compression."""

from __future__ import annotations

from functools import lru_cache

from fastloss.files.errors import ScoringError

STREAM = "-"  # standard input or output
MEMORY = "memory"  # the format of tables that are in no file
TABLE = "table"  # an output that is returned

FORMATS = {
    "parquet": "Parquet",
    "csv": "CSV",
    "arrow": "Arrow IPC",
    "feather": "Feather",
    "npy": "NumPy",
    "npz": "NumPy's archive",
    "safetensors": "safetensors",
    "jsonl": "JSON lines",
    "orc": "ORC",
}
WRITTEN = ("parquet", "csv", "arrow", "feather", "npy")  # the others are read
TABLES = {"delta": "a Delta Lake table", "iceberg": "an Iceberg table", "lance": "a Lance dataset"}
TABLES |= {MEMORY: "a table in memory"}
OTHER_NAMES = {
    "pq": "parquet",
    "parq": "parquet",
    "tsv": "csv",
    "txt": "csv",
    "arrows": "arrow",
    "ipc": "arrow",
    "ftr": "feather",
    "ndjson": "jsonl",
}
EXTENSIONS = {**{name: name for name in FORMATS}, **OTHER_NAMES}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
TEXTS = ("csv", "jsonl")
ARCHIVES = ("npz", "safetensors")
COMPRESSIBLE = ("csv", "arrow", "feather", "jsonl")  # the others compress what is in them, or are read in place


def is_data(path: str) -> bool:
    """Whether the extension of a file names a format."""
    return _named(path) is not None


def is_index(path: str) -> bool:
    """Whether a file tells which arrays are in which of the safetensors files beside it."""
    return path.lower().endswith(".safetensors.index.json")


def format_of(path: str, other: str | None = None) -> str:
    """The format of a file by its extension; `other` where that names none, and of standard input.

    Raises
    ------
    ScoringError
        If there is none.
    """
    format = other if path == STREAM else _named(path) or other
    if format is None and path == STREAM:
        raise ScoringError(f"standard input needs a format: choose {', '.join(FORMATS)}")
    if format is None and is_index(path):
        raise ScoringError(f"{path}: an index of safetensors files has no rows: give these files, or their folder")
    if format is None:
        lines = " jsonl, if each of its lines is an object" if path.lower().endswith(".json") else ""
        raise ScoringError(
            f"{path}: the extension names no format; known are {_extensions(FORMATS)}; or give the format{lines}"
        )
    if compression_of(path) is not None and format not in COMPRESSIBLE:
        raise ScoringError(f"{path}: {FORMATS[format]} is not read or written compressed as a whole")
    return format


def written_format_of(path: str) -> str:
    """The format of a file that is to be written.

    Raises
    ------
    ScoringError
        If its extension names none, or one that is read alone.
    """
    if _named(path) is None:
        raise ScoringError(f"{path}: the extension names no format; known are {_extensions(WRITTEN)}")
    format = format_of(path)
    check_written(format, path)
    return format


def check_written(format: str, path: str) -> None:
    """That a format can be written.

    Raises
    ------
    ScoringError
        If it cannot.
    """
    if format not in WRITTEN:
        there = "standard output" if path == STREAM else path
        kind = FORMATS.get(format) or TABLES[format]
        raise ScoringError(f"{there}: {kind} can be read, but not written: choose one of {_extensions(WRITTEN)}")


def as_written(place: str, format: str) -> str:
    """The name of what is written for a file of this name and format: with an extension that names its format, which is
    Parquet in place of what is only read.
    """
    if _named(place) in WRITTEN:
        return place
    if format in WRITTEN:
        compression = _suffix(place) if compression_of(place) else ""
        return f"{bare(place)}.{format}{compression}"
    stem = bare(place)
    return (stem.removesuffix(_suffix(stem)) if _named(place) else stem) + ".parquet"


@lru_cache(maxsize=1024)  # a file of a job is asked about some ten times
def compression_of(path: str) -> str | None:
    """The compression that the last extension of `path` names."""
    return COMPRESSIONS.get(_suffix(path).lower())


def bare(path: str) -> str:
    """`path` without the extension of its compression."""
    return path if compression_of(path) is None else path.removesuffix(_suffix(path))


def is_arrow_stream(path: str) -> bool:
    """Whether Arrow data there are a stream, and not a file that can be read in any order."""
    return path == STREAM or _suffix(bare(path)).lower() == ".arrows"


def _suffix(path: str) -> str:
    """The last extension of a path, as `pathlib` has it, which takes ten times as long."""
    name = path.rstrip("/").rpartition("/")[2]
    at = name.rfind(".")
    return name[at:] if 0 < at < len(name) - 1 else ""


@lru_cache(maxsize=1024)
def _named(path: str) -> str | None:
    return EXTENSIONS.get(_suffix(bare(path)).lower().removeprefix("."))


def _extensions(formats) -> str:
    return ", ".join("." + name for name, format in EXTENSIONS.items() if format in formats)
