"""What users give as an input - files, directories, globs, URLs, a pyarrow dataset - as a list of fragments."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet

from fastloss.files.arguments import as_choice
from fastloss.files.dataset import Fragment, must_exist, partition
from fastloss.files.errors import ScoringError
from fastloss.files.formats import FORMATS, STREAM, as_written, format_of
from fastloss.files.lakes import refuse_around, refuse_inside
from fastloss.files.store import LOCAL, LocalStore, RemoteStore
from fastloss.files.tables import Part, has_defaults, is_table, partition_of, table_of

DATASET_FORMATS = {"parquet": "parquet", "csv": "csv", "ipc": "arrow", "arrow": "arrow", "feather": "feather"}
DATASET_FORMATS |= {"json": "jsonl", "orc": "orc"}


def find_fragments(inputs: Sequence, format: str | None = None) -> list[Fragment]:
    """The files behind files, directories, patterns, URLs, pyarrow datasets, tables and "-".

    Standard input and files whose extension names no format are of `format`.

    The files of a directory come in the order of their names, those of the directories in it included. Names that begin
    with "_" or "." are not data.

    Raises
    ------
    FileNotFoundError
        If an input does not exist.
    ScoringError
        If there is no data, a format is unknown or not given, or a directory is a table.
    """
    if format is not None:
        as_choice(format, "format", FORMATS)
    fragments = [fragment for given in inputs for fragment in _found(given, format)]
    if not fragments:
        raise ScoringError(f"no data files in {', '.join(map(str, inputs)) or 'an empty list of inputs'}")
    if sum(fragment.path == STREAM for fragment in fragments) > 1:
        raise ScoringError("standard input can be read once")
    return _with_typed_partitions([replace(f, place=as_written(f.place, f.format)) for f in fragments])


def output_store(output: str | None) -> tuple[LocalStore | RemoteStore, str | None]:
    """Where an output is to be, and its path there."""
    if output is None or "://" not in output:
        return LOCAL, output
    filesystem, path = located(output)
    if output.endswith("/"):  # which says that it is a directory
        path = path.rstrip("/") + "/"
    return LOCAL if filesystem is None else RemoteStore(filesystem), path


def is_several(inputs: Sequence) -> bool:
    """Whether the inputs are by nature more than one file, however many there happen to be."""
    if len(inputs) != 1:
        return True
    if not isinstance(inputs[0], str):
        return not is_table(inputs[0])
    filesystem, path = located(inputs[0])
    return path != STREAM and (_is_pattern(path, filesystem) or _is_directory(path, filesystem))


def cut(fragments: Iterable[Fragment], rows: int, min_bytes: int = 0) -> list[Fragment]:
    """Parquet files of at least `min_bytes` in runs of row groups of at most `rows` rows, or of one row group."""
    return [part for fragment in fragments for part in _cut(fragment, rows, min_bytes)]


def _found(given, format: str | None) -> Iterator[Fragment]:
    if is_table(given):
        table = table_of(given)
        yield Fragment(table.path, table.format, place=f"{table.name}.parquet", table=table)
        return
    if isinstance(given, pa.dataset.Dataset):
        yield from _of_dataset(given)
        return
    filesystem, path = located(given)
    if path == STREAM:
        if sys.stdin is None:
            raise ScoringError("standard input is closed: give the input a file name")
        yield Fragment(STREAM, format_of(STREAM, format))
    elif _is_pattern(path, filesystem):
        yield from _of_pattern(path, filesystem, format)
    elif _is_directory(path, filesystem):
        yield from _of_directory(path, filesystem, format)
    else:
        if filesystem is None:
            must_exist(path)
        elif filesystem.get_file_info(path).type == pa.fs.FileType.NotFound:
            raise FileNotFoundError(2, "No such file or directory", given)
        yield Fragment(path, format_of(path, format), place=os.path.basename(path), filesystem=filesystem)


def located(given: str) -> tuple[pa.fs.FileSystem | None, str]:
    """The file system and the path in it; None is this machine's."""
    if "://" not in given:
        return None, given
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(f"{given}: addresses need fsspec: pip install fsspec") from error
    try:
        filesystem, path = url_to_fs(given)
    except (ValueError, ImportError) as error:  # an unknown protocol, or one whose library is not there
        raise ScoringError(f"{given}: {error}") from error
    if "file" in filesystem.protocol:
        return None, path
    return pa.fs.PyFileSystem(pa.fs.FSSpecHandler(filesystem)), path


def _is_pattern(path: str, filesystem) -> bool:
    return glob.has_magic(path) and (filesystem is not None or not os.path.exists(path))


def _is_directory(path: str, filesystem) -> bool:
    if filesystem is None:
        return os.path.isdir(path)
    return filesystem.get_file_info(path).type == pa.fs.FileType.Directory


def _of_pattern(pattern: str, filesystem, format: str | None) -> Iterator[Fragment]:
    if filesystem is None:
        paths = glob.glob(pattern, recursive=True)
    else:
        paths = filesystem.handler.fs.glob(pattern)
    fixed = pattern[: min(pattern.index(c) for c in "*?[" if c in pattern)]
    root = os.path.dirname(fixed)
    refuse_around({root or ".", *map(os.path.dirname, paths)}, _store(filesystem))
    for path in sorted(paths):
        if not _is_directory(path, filesystem) and not _is_hidden(os.path.basename(path)):
            place = os.path.relpath(path, root) if root else path
            yield Fragment(path, format_of(path, format), None, place, filesystem, partition(place))


def _of_directory(directory: str, filesystem, format: str | None) -> Iterator[Fragment]:
    try:
        selector = pa.fs.FileSelector(directory, recursive=True)
    except UnicodeEncodeError as error:
        raise ScoringError(
            f"{directory}: the name of the directory is not UTF-8: rename it, or name its files"
        ) from error
    found = (filesystem or pa.fs.LocalFileSystem()).get_file_info(selector)
    try:
        relative = {os.path.relpath(info.path, directory): info for info in found}
    except UnicodeDecodeError as error:
        raise ScoringError(f"{directory}: the name of a file in it is not UTF-8: {error.object!r}") from error
    refuse_inside(directory, relative)
    refuse_around([directory.rstrip("/") or "/"], _store(filesystem))
    for place, info in sorted(relative.items()):
        if any(map(_is_hidden, place.split("/"))):
            continue
        path = os.path.join(directory, place)
        if info.type != pa.fs.FileType.Directory:
            yield Fragment(path, format_of(path, format), None, place, filesystem, partition(place))


def _of_dataset(dataset: pa.dataset.Dataset) -> Iterator[Fragment]:
    try:
        files, format = dataset.files, DATASET_FORMATS[dataset.format.default_extname]
        parts = list(dataset.get_fragments())
    except (AttributeError, KeyError) as error:
        raise ScoringError("expected a dataset of files") from error
    except ValueError as error:
        raise ScoringError(
            "the dataset has a filter, which chooses rows: give the dataset without it, or one of fragments from "
            "fragment.subset, which chooses row groups"
        ) from error
    is_local = isinstance(dataset.filesystem, pa.fs.LocalFileSystem)
    filesystem = None if is_local else dataset.filesystem
    root = os.path.commonpath([os.path.dirname(file) for file in files]) if files else ""
    parts_of, is_plain = Counter(files), has_defaults(dataset, parts)
    for number, part in enumerate(parts):
        place = os.path.relpath(part.path, root) if root else part.path
        if parts_of[part.path] > 1:
            place = _numbered(place, number)
        known = partition_of(part, dataset.schema) if is_plain else ()
        as_there = Part.of(part, dataset, is_plain)
        yield Fragment(part.path, format, None, place, filesystem, known, _row_groups(part), part=as_there)


def _store(filesystem) -> LocalStore | RemoteStore:
    return LOCAL if filesystem is None else RemoteStore(filesystem)


def _row_groups(part: pa.dataset.Fragment) -> tuple[int, ...] | None:
    """Those that a fragment was cut down to; None where it is a whole file."""
    if not isinstance(part, pa.dataset.ParquetFileFragment):
        return None
    try:
        chosen, count = tuple(group.id for group in part.row_groups), part.metadata.num_row_groups
    except (OSError, pa.ArrowException):  # said when it is scored, as of any other file
        return None
    return None if chosen == tuple(range(count)) else chosen


def _numbered(place: str, number: int) -> str:
    """The name of one of several outputs of a file."""
    stem, extension = os.path.splitext(place)
    return f"{stem}.{number:05}{extension}"


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))


def _with_typed_partitions(fragments: list[Fragment]) -> list[Fragment]:
    """With columns of partitions in their types: numbers where every value is a whole number, else text."""
    texts: dict[str, set] = {}
    for fragment in fragments:
        for name, value in fragment.partition:
            if not isinstance(value, pa.Scalar):  # which a dataset knows
                texts.setdefault(name, set()).add(value)
    numbers = {name for name, values in texts.items() if all(v is None or _is_whole(v) for v in values)}

    def typed(name, value):
        if isinstance(value, pa.Scalar):
            return name, value
        return name, pa.scalar(value, pa.string()).cast(pa.int64() if name in numbers else pa.string())

    return [replace(f, partition=tuple(typed(*pair) for pair in f.partition)) for f in fragments]


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?(0|[1-9]\d{0,17})", text) is not None  # 007 is text


def _cut(fragment: Fragment, rows: int, min_bytes: int) -> Iterator[Fragment]:
    if fragment.format != "parquet" or fragment.path == STREAM:
        yield fragment
        return
    try:
        if (fragment.store.size(fragment.path) or 0) < min_bytes:
            yield fragment
            return
        path, filesystem = fragment.path, fragment.filesystem
        with open(path, "rb") if filesystem is None else filesystem.open_input_file(path) as file:
            metadata = pa.parquet.read_metadata(file)
    except (OSError, pa.ArrowException):  # said when it is scored, as of any other file
        yield fragment
        return
    groups = tuple(range(metadata.num_row_groups)) if fragment.row_groups is None else fragment.row_groups
    runs = _runs([metadata.row_group(i).num_rows for i in groups], rows)
    if len(runs) < 2:
        yield fragment
        return
    for number, (first, last, before) in enumerate(runs):
        place = _numbered(fragment.place, number)
        yield replace(fragment, place=place, row_groups=groups[first:last], first_row=before)


def _runs(sizes: Sequence[int], rows: int) -> list[tuple[int, int, int]]:
    """Row groups [first, last) of these and the number of rows before them; at most `rows` rows each, or one group."""
    before = [0, *accumulate(sizes)]
    runs, first = [], 0
    for last in range(1, len(sizes) + 1):
        if last == len(sizes) or before[last + 1] - before[first] > rows:
            runs.append((first, last, before[first]))
            first = last
    return runs
