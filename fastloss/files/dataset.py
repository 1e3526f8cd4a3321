"""Which files a job reads and writes: fragments of its input (`inputs` finds them), grouped into tasks."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fastloss.core.arguments import shown
from fastloss.core.loss import Loss
from fastloss.files.arguments import as_path
from fastloss.files.errors import ScoringError
from fastloss.files.formats import MEMORY, STREAM, WRITTEN, check_written, format_of, written_format_of
from fastloss.files.memory import MemoryTable
from fastloss.files.stores import LOCAL, Entry, LocalStore, RemoteStore, Store
from fastloss.files.stores.addresses import Addresses
from fastloss.files.tables import Part, Table

if TYPE_CHECKING:
    from fastloss.files.writers.output import TableOutput

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Fragment:
    """A file of a data set, a run of row groups of one, or standard input.

    Attributes
    ----------
    beside : tuple of (name, Fragment)
        Files whose arrays go with a .npy file, as further columns.
    place : str
        The name of its output relative to the output's directory.
    store : LocalStore, RemoteStore or ArrowStore
        Where it is.
    partition : tuple of (name, pyarrow.Scalar)
        Columns that the names of its directories hold, `name=value`.
    row_groups : tuple of int or None
        Of a Parquet file, which; None is all of them.
    first_row : int
        Number of rows of the file before this fragment, as far as they are part of the input.
    part : Part or None
        The file as a pyarrow dataset has it.
    table : Table, MemoryTable or None
        What is read in place of a file.
    size, version : int and str, or None
        Of an object in a store, as it was listed: its bytes, and its ETag, generation or the like, of which alone it is
        read.
    number : int
        Of those of a job with worst rows, in the order of the input.
    """

    path: str
    format: str
    beside: tuple[tuple[str, Fragment], ...] = ()
    place: str = ""
    store: Store = LOCAL
    partition: tuple[tuple[str, Any], ...] = ()
    row_groups: tuple[int, ...] | None = None
    first_row: int = 0
    part: Part | None = None
    table: Table | MemoryTable | None = None
    size: int | None = None
    version: str | None = None
    number: int = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return ("standard input" if self.path == STREAM else self.path) + _shown(self.row_groups)

    @property
    def files(self) -> tuple[Fragment, ...]:
        """It, and those beside it."""
        return self, *(fragment for _, fragment in self.beside)

    @property
    def is_file(self) -> bool:
        """Whether it lies in its store."""
        return self.path != STREAM and self.table is None

    @property
    def passes_once(self) -> bool:
        """Whether it cannot be read again."""
        return self.path == STREAM or (self.table is not None and self.table.passes_once)


@dataclass(frozen=True)
class Task:
    """Fragments whose rows go, in this order, into one output, or are `gathered` in memory; without both no rows are
    written.

    `uncarried` are columns that the output has no need of, because its directories' names hold them. The output lies in
    `store`; `listed` is what this told of it and of its record when the job began, None where it was not asked.
    """

    fragments: tuple[Fragment, ...]
    output: str | None = None
    format: str | None = None
    uncarried: tuple[str, ...] = ()
    store: LocalStore | RemoteStore = LOCAL
    listed: tuple[Entry | None, Entry | None] | None = None
    gathered: TableOutput | None = None

    @property
    def name(self) -> str:
        """What messages call it: its first input."""
        return self.fragments[0].name

    @property
    def first_row(self) -> int:
        """Number of rows of its first file before it."""
        return self.fragments[0].first_row

    @property
    def is_repeatable(self) -> bool:
        """Whether it can be done again: streams pass once."""
        return self.output != STREAM and not any(fragment.passes_once for fragment in self.fragments)


def _shown(row_groups: tuple[int, ...] | None) -> str:
    if row_groups is None:
        return ""
    if len(row_groups) > 1 and row_groups == tuple(range(row_groups[0], row_groups[-1] + 1)):
        return f" row groups {row_groups[0]}-{row_groups[-1]}"
    return f" row groups {', '.join(map(str, row_groups)) or 'none'}"


def with_arrays(
    fragments: Sequence[Fragment], arrays: dict[str, str | os.PathLike | None], addresses: Addresses
) -> list[Fragment]:
    """Give .npy fragments the files of further arrays, each by its column: one file, or a directory of the same names.

    Raises
    ------
    ScoringError
        If the fragments are not all arrays, or one of `arrays` is no file that belongs to them.
    """
    if any(fragment.format != "npy" for fragment in fragments):
        raise ScoringError(".npy files cannot be scored together with tables")
    fragments = list(fragments)
    for column, given in arrays.items():
        if given is not None:
            files = _beside(fragments, column, given, addresses)
            fragments = [
                replace(fragment, beside=(*fragment.beside, (column, file)))
                for fragment, file in zip(fragments, files, strict=True)
            ]
    return fragments


def _beside(fragments: Sequence[Fragment], column: str, given: object, addresses: Addresses) -> list[Fragment]:
    """The file of a column for each fragment."""
    if not isinstance(given, str | os.PathLike):
        raise ScoringError(f"{column} beside a .npy file is another .npy file, not {shown(given)}")
    store, path = addresses.at(as_path(given, column))
    entry = store.entry(path)
    if entry is None:
        files = store.files(path)
        if not files:
            raise _missing(path)
        return [_of_same_name(fragment.place, path, store, files) for fragment in fragments]
    if format_of(path) != "npy":
        raise ScoringError(f"{path}: {column} beside a .npy file is another .npy file")
    if len(fragments) > 1:
        raise ScoringError(f"{path}: several .npy inputs need a directory of files of the same names as {column}")
    return [Fragment(path, "npy", store=store, size=entry.size, version=entry.version)]


def _of_same_name(place: str, directory: str, store: Store, files: dict[str, Entry]) -> Fragment:
    path = joined(directory, place)
    if place not in files:
        raise _missing(path)
    return Fragment(path, "npy", store=store, size=files[place].size, version=files[place].version)


def is_directory_output(several: bool, output: str | None, store: LocalStore | RemoteStore) -> bool:
    """Whether `output` is to be a directory with one file a fragment; `several` is what was given as the input.

    Raises
    ------
    ScoringError
        If it is to be a file, and its extension names no format.
    """
    if output is None or output == STREAM:
        return False
    if output.endswith(("/", os.sep)) or (several and not Path(output).suffix) or store.is_directory(output):
        return True  # a look, which may be a request, where the name does not tell
    try:
        written_format_of(output)
    except ScoringError as error:
        raise ScoringError(f"{error}; the name of a new directory ends with /") from error
    return False


def plan(
    fragments: Sequence[Fragment],
    output: str | None,
    into_directory: bool,
    stream_format: str | None = None,
    store: LocalStore | RemoteStore = LOCAL,
) -> list[Task]:
    """The tasks of a job: without an output and into a directory one a fragment, else one for all.

    Raises
    ------
    ScoringError
        If an output would replace an input, or two fragments would write one file.
    """
    if output is None:
        return [Task((fragment,)) for fragment in fragments]
    if into_directory:
        tasks = [_into_directory(fragment, output, store) for fragment in fragments]
    elif output == STREAM:
        format = stream_format or fragments[0].format
        if format == MEMORY:
            raise ScoringError(f"standard output needs a format: choose {', '.join(WRITTEN)}")
        check_written(format, STREAM)
        tasks = [Task(tuple(fragments), STREAM, format)]
    else:
        tasks = [Task(tuple(fragments), output, written_format_of(output), store=store)]
    _check_outputs(tasks)
    return tasks


def partition(place: str) -> tuple[tuple[str, str | None], ...]:
    """The columns in the names of the directories that a file is in."""
    pairs = (name.split("=", 1) for name in place.split("/")[:-1] if "=" in name)
    return tuple((unquote(k), None if v == NULL_PARTITION else unquote(v)) for k, v in pairs)


def check_apart(output: str | None, store: Store, directories: Sequence[tuple[Store, str]]) -> None:
    """That an output is not inside of a directory that is an input, of which it would be a part the next time.

    Raises
    ------
    ScoringError
        If it is.
    """
    if output in (None, STREAM):
        return
    for source, directory in directories:
        if place_in(output, store, directory, source) is not None:
            raise _part_of(output, directory)


def check_unmatched(tasks: Sequence[Task], patterns: Sequence[tuple[Store, str, str, Callable[[str], bool]]]) -> None:
    """That no output matches a pattern that is an input, as `inputs.Found` has it.

    Raises
    ------
    ScoringError
        If one does.
    """
    for source, root, pattern, matches in patterns:
        for task in tasks:
            place = None if task.output in (None, STREAM) else place_in(task.output, task.store, root, source)
            if place is not None and matches(place):
                raise _part_of(task.output, pattern)


def place_in(path: str, store: Store, directory: str, source: Store) -> str | None:
    """The path from a directory of `source` to what is in it; None if it is not."""
    if source is LOCAL and store is LOCAL:
        inside, around = os.path.realpath(path), os.path.realpath(directory)
    elif isinstance(source, RemoteStore) and isinstance(store, RemoteStore) and source.kind == store.kind:
        inside, around = store.inner(path).strip("/"), source.inner(directory).lstrip("/")
    else:
        return None
    around = joined(around, "") if around else ""
    return inside.removeprefix(around) if inside.startswith(around) else None


def _part_of(output: str, given: str) -> ScoringError:
    return ScoringError(
        f"{output}: lies in the input {given}, and would be a part of it the next time: give another place"
    )


def joined(directory: str, place: str) -> str:
    """A path in a directory, as it is: in a store "a//b" is not "a/b"."""
    return f"{directory.removesuffix('/')}/{place}"


def must_exist(path: str) -> None:
    """Raises the operating system's error if a file does not, or may not be looked for."""
    os.stat(path)


def _missing(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _into_directory(fragment: Fragment, directory: str, store: LocalStore | RemoteStore) -> Task:
    if fragment.path == STREAM:
        raise ScoringError("standard input has no name to write it under in a directory")
    if fragment.format == MEMORY:
        raise ScoringError(f"{fragment.name} has no name to write it under in the directory {directory}: give a file")
    place = os.path.normpath(fragment.place if fragment.store is LOCAL else fragment.place.lstrip("/"))
    if os.path.isabs(place) or place.split(os.sep)[0] == os.pardir:
        raise ScoringError(f"{fragment.path}: lies outside of where the pattern begins, and so would its output")
    if store is LOCAL and fragment.store is not LOCAL:
        fragment = replace(fragment, place=place)
    path = joined(directory, fragment.place)
    return Task((fragment,), path, format_of(path), tuple(name for name, _ in partition(place)), store)


def _check_outputs(tasks: Sequence[Task]) -> None:
    fragments = [fragment for task in tasks for fragment in task.fragments]
    files = [file for f in fragments if f.table is None for file in f.files]
    inputs = {_identity(file.path, file.store) for file in files}
    seen = set()
    for task in tasks:
        if task.output in seen:
            raise ScoringError(f"two inputs are called {Path(task.output).name!r}")
        seen.add(task.output)
        if task.output == STREAM or (task.store is LOCAL and not os.path.exists(task.output)):
            continue
        if _identity(task.output, task.store) in inputs:
            raise ScoringError(f"{task.output}: the output would replace an input")
        if task.store is LOCAL and not os.path.isfile(task.output):
            raise ScoringError(f"{task.output}: there is something that is not a file")


def _identity(path: str, store: Store) -> tuple:
    """What all names of a file have in common, links and redirected standard input included."""
    if path == STREAM:
        status = os.fstat(sys.stdin.fileno())
        return status.st_dev, status.st_ino
    return store.identity(path)


def of_arrays(
    fragments: Sequence[Fragment],
    loss: Loss,
    addresses: Addresses,
    *,
    pred=None,
    target=None,
    residual=None,
    by=None,
    sample_weight=None,
) -> tuple[Sequence[Fragment], dict[str, Any]]:
    """Of .npy files the fragments with the arrays that are beside them, and what their columns are called; else both as
    they are."""
    if any(fragment.format == "npy" for fragment in fragments):
        groups = array_groups(by, {"pred", "residual", "target", "weight"})
        fragments = with_arrays(fragments, {"target": target, "weight": sample_weight} | groups, addresses)
        pred, target, residual, sample_weight = array_roles(loss, pred, target, residual, sample_weight)
        by = [*groups] or None
    columns = {"pred": pred, "target": target, "residual": residual, "by": by, "sample_weight": sample_weight}
    return fragments, columns


def array_roles(loss, pred, target, residual, sample_weight):
    """The roles of arrays, which have no column names: each is called by its role."""
    weight = None if sample_weight is None else "weight"
    if residual is None and pred is None and target is None and loss.has_weight:
        return None, None, "residual", weight
    return (
        "pred" if pred is None and residual is None else pred,
        None if target is None else "target",
        residual,
        weight,
    )


def array_groups(by: object, others: Iterable[str]) -> dict[str, str]:
    """Files or directories of arrays that hold groups, each by the name of its column: its own without an extension.

    Raises
    ------
    ScoringError
        If another array is called so.
    """
    taken, found = set(others), {}
    for given in [] if by is None else by if isinstance(by, list | tuple) else [by]:
        path = as_path(given, "by")
        name = Path(path).stem
        if name in taken:
            raise ScoringError(f"by: another array is called {name!r} too: rename the file {shown(path)}")
        taken.add(name)
        found[name] = path
    return found
