"""What users give as an input - files, directories, globs, URLs, a pyarrow dataset - as a list of fragments."""

from __future__ import annotations

import errno
import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import accumulate

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet

from fastloss.files.arguments import as_choice
from fastloss.files.dataset import Fragment, joined, must_exist, partition, place_in
from fastloss.files.errors import ScoringError, of_locale
from fastloss.files.formats import FORMATS, STREAM, as_written, format_of, is_data, is_index
from fastloss.files.lakes import ICEBERG_FOLDER, refuse_above, refuse_around, refuse_inside
from fastloss.files.memory import MemoryTable
from fastloss.files.names import is_output
from fastloss.files.readers.objects import opened
from fastloss.files.readers.ranges import RangedFile
from fastloss.files.stores import LOCAL, Entry, RemoteStore, Store
from fastloss.files.stores.addresses import Addresses, store_of_arrow
from fastloss.files.tables import Part, has_defaults, is_dataset, is_table, partition_of, table_of

REQUESTS_AT_ONCE = 16
FEW_FILES = 12  # of a directory, of which each is asked for
OBJECTS_CUT = 8
DATASET_FORMATS = {"parquet": "parquet", "csv": "csv", "ipc": "arrow", "arrow": "arrow", "feather": "feather"}
DATASET_FORMATS |= {"json": "jsonl", "orc": "orc"}


@dataclass(frozen=True)
class Found:
    """What inputs are.

    Attributes
    ----------
    is_several : bool
        Whether they are by nature more than one file, however many there happen to be.
    directories : sequence of (store, path)
        Those that were given.
    patterns : sequence of (store, directory, pattern, function)
        Those that were given, each after the directory in which it looks, by the whole of it, and with what tells of a
        path from there whether it matches.
    """

    fragments: list[Fragment]
    is_several: bool
    directories: Sequence[tuple[Store, str]] = ()
    patterns: Sequence[tuple[Store, str, str, Callable[[str], bool]]] = ()


def find_fragments(inputs: Sequence, format: str | None = None, addresses: Addresses | None = None) -> list[Fragment]:
    """The files behind files, directories, patterns, URLs, pyarrow datasets and "-"; `find` says more of them."""
    return find(inputs, format, addresses or Addresses()).fragments


def find(inputs: Sequence, format: str | None, addresses: Addresses) -> Found:
    """The files behind files, directories, patterns, URLs, pyarrow datasets, tables and "-".

    Standard input and files whose extension names no format are of `format`.

    The files of a directory come in the order of their names, those of the directories in it included. Names that begin
    with "_" or "." are not data, nor what is in directories that are called so, unless a pattern writes them out; nor
    are indexes of safetensors files, nor files of text of no bytes beside others.

    Raises
    ------
    FileNotFoundError
        If an input does not exist.
    ScoringError
        If there is no data, a format is unknown or not given, or a directory is a table.
    """
    if format is not None:
        as_choice(format, "format", FORMATS)
    found = _together([addresses.at(given) if isinstance(given, str) else (LOCAL, given) for given in inputs], format)
    fragments = _with_text([fragment for part in found for fragment in part.fragments])
    if not fragments:
        raise ScoringError(f"no data files in {', '.join(map(str, inputs)) or 'an empty list of inputs'}")
    if sum(fragment.path == STREAM for fragment in fragments) > 1:
        raise ScoringError("standard input can be read once")
    is_several = len(found) != 1 or found[0].is_several
    fragments = [
        f if (place := as_written(f.place, f.format)) == f.place else replace(f, place=place) for f in fragments
    ]
    directories = [directory for part in found for directory in part.directories]
    patterns = [pattern for part in found for pattern in part.patterns]
    return Found(_with_typed_partitions(fragments), is_several, directories, patterns)


def _with_text(fragments: list[Fragment]) -> list[Fragment]:
    """Without the files of text that have no bytes, where there are others: Spark writes such for parts without rows,
    and they have no header."""
    full = [fragment for fragment in fragments if not _is_empty_text(fragment)]
    return full or fragments


def _is_empty_text(fragment: Fragment) -> bool:
    if fragment.format not in ("csv", "jsonl") or not fragment.is_file:
        return False
    size = fragment.store.size(fragment.path) if fragment.size is None else fragment.size
    return size == 0


def has(given: str, path: str) -> bool:
    """Whether a directory or a pattern of this machine has the file of a path among its data, if it is there."""
    if not is_data(path):
        return False
    if os.path.isdir(given):
        place = place_in(path, LOCAL, given, LOCAL)
        return place is not None and not any(map(_is_hidden, place.split("/")))
    if not glob.has_magic(given) or os.path.exists(given):
        return False
    root, matches = _looking(given)
    place = place_in(path, LOCAL, root, LOCAL)
    return place is not None and matches(place)


def cut(fragments: Iterable[Fragment], rows: int, min_bytes: int = 0) -> list[Fragment]:
    """Parquet files of at least `min_bytes` in runs of row groups of at most `rows` rows, or of one row group.

    Where there are many objects of stores and `min_bytes`, these are left whole: each would be asked for its footer.
    """
    fragments = list(fragments)
    remote = sum(fragment.store is not LOCAL for fragment in fragments)
    if not remote:
        return [part for fragment in fragments for part in _cut(fragment, rows, min_bytes)]
    if min_bytes and remote > OBJECTS_CUT:
        return fragments
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return [part for parts in pool.map(lambda f: list(_cut(f, rows, min_bytes)), fragments) for part in parts]


def _together(given: Sequence[tuple[Store, object]], format: str | None) -> list[Found]:
    """What each input is; those at addresses are looked at together, many files of one directory in its listing."""
    if sum(store is not LOCAL for store, _ in given) < 2:
        return [_found(store, path, format) for store, path in given]
    listed = _in_directories(given)

    def found(number: int) -> Found:
        store, path = given[number]
        if number in listed:
            return Found([_fragment(store, path, os.path.basename(path), listed[number], format)], False)
        return _found(store, path, format)

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return list(pool.map(found, range(len(given))))


def _in_directories(given: Sequence[tuple[Store, object]]) -> dict[int, Entry]:
    """Of files that are many in a directory of a store, by their numbers, what its listing tells."""
    groups: dict[tuple, list[int]] = {}
    for number, (store, path) in enumerate(given):
        if isinstance(store, RemoteStore) and not store.query and is_output(path) and not _split(path)[1]:
            groups.setdefault((id(store.filesystem), os.path.dirname(path)), []).append(number)
    found: dict[int, Entry] = {}
    for (_, directory), numbers in groups.items():
        if len(numbers) > FEW_FILES:
            files = given[numbers[0]][0].children(directory)[0]
            names = ((number, os.path.basename(given[number][1])) for number in numbers)
            found |= {number: files[name] for number, name in names if name in files}
    return found


def _found(store: Store, given, format: str | None) -> Found:
    if is_table(given):
        table = table_of(given)
        return Found([Fragment(table.path, table.format, place=f"{table.name}.parquet", table=table)], False)
    if isinstance(given, MemoryTable):
        return Found([Fragment(given.path, given.format, table=given)], False)
    if is_dataset(given):
        return Found(list(_of_dataset(given)), True)
    if given == STREAM:
        if sys.stdin is None:
            raise ScoringError("standard input is closed: give the input a file name")
        return Found([Fragment(STREAM, format_of(STREAM, format))], False)
    if isinstance(store, RemoteStore):
        return _at_address(store, given, format)
    if glob.has_magic(given) and not os.path.exists(given):
        return _of_pattern(given, format)
    if os.path.isdir(given):
        return Found(list(_of_directory(given, LOCAL, _listed(given), format)), True, [(LOCAL, given)])
    must_exist(given)
    return Found([Fragment(given, format_of(given, format), place=os.path.basename(given))], False)


def _at_address(store: RemoteStore, path: str, format: str | None) -> Found:
    """A file, a directory, both of one name, or a pattern where there is neither, by as few requests as tell."""
    root, pattern = _split(path)
    if pattern:
        return _of_remote_pattern(store, root, pattern, format)
    entry = store.entry(path) if is_output(path) else None
    files = {} if entry is not None else store.files(path)
    if entry is None and not path.endswith("/"):
        entry = store.beside(path) if files else store.entry(path)
    return _of_both(store, path, entry, files, format)


def _of_both(store: RemoteStore, path: str, entry: Entry | None, files: dict[str, Entry], format: str | None) -> Found:
    """A file and what is below its name, whichever there is."""
    if entry is None and not files:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    fragments = [] if entry is None else [_fragment(store, path, os.path.basename(path), entry, format)]
    if not files:
        return Found(fragments, False)
    return Found([*fragments, *_of_directory(path, store, files, format)], True, [(store, path)])


def _of_remote_pattern(store: RemoteStore, root: str, pattern: str, format: str | None) -> Found:
    """The files below a root that match, unless one is called like the pattern, or a directory."""
    name = pattern.removesuffix("/")
    if "/" in name or name == "**" or store.inner(root).endswith("//"):  # which only listings of all that is below tell
        beginning = re.match(r"[^*?[/]*", name)[0] if "/" in name else ""
        files, directories = store.files(root, beginning), store.children(root)[1] if beginning else set()
    else:
        files, directories = store.children(root)
    literal, inside = joined(root, pattern), name + "/"
    below = {place.removeprefix(inside): entry for place, entry in files.items() if place.startswith(inside)}
    if name in directories:
        below = store.files(literal)
    if below or pattern in files:
        return _of_both(store, literal, files.get(pattern), below, format)
    matches = _matcher(pattern)
    chosen = {place: entry for place, entry in sorted(files.items()) if matches(place)}
    there = [*files, *directories]
    if chosen and ICEBERG_FOLDER in directories:
        there += (f"{ICEBERG_FOLDER}/{file}" for file in store.names(joined(root, ICEBERG_FOLDER)))
    refuse_inside(root, there, chosen)
    refuse_above({joined(root, os.path.dirname(place)).rstrip("/") for place in chosen}, store)
    fragments = [_fragment(store, joined(root, place), place, entry, format) for place, entry in chosen.items()]
    return Found(fragments, True, patterns=[(store, root, literal, matches)])


def _split(path: str) -> tuple[str, str]:
    """An address before the first part that has wildcards, and the pattern from there on; "" if there is none."""
    start = path.index("://") + 3
    magic = [at for at, character in enumerate(path) if character in "*?[" and at >= start]
    if not magic:
        return path, ""
    at = path.rindex("/", 0, magic[0]) + 1
    return path[:at], path[at:]


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a path matches a pattern, as `glob` has it: * and ? within a part of a path, ** any number of parts.

    No wildcard matches a name that is hidden.
    """
    parts = pattern.split("/")
    return lambda path: _match(path.split("/"), parts)


def _match(names: list[str], parts: list[str]) -> bool:
    if not parts or not names:
        return not parts and not names
    name, part = names[0], parts[0]
    if part == "**":
        if len(parts) > 1 and _match(names, parts[1:]):
            return True
        return not _is_hidden(name) and (_match(names[1:], parts) or len(names) == len(parts) == 1)
    if glob.has_magic(part) and (not name or _is_hidden(name)):
        return False
    return fnmatchcase(name, part) and _match(names[1:], parts[1:])


def _fragment(store: Store, path: str, place: str, entry: Entry, format: str | None) -> Fragment:
    columns = partition(place)
    return Fragment(path, format_of(path, format), (), place, store, columns, size=entry.size, version=entry.version)


def _looking(pattern: str) -> tuple[str, Callable[[str], bool]]:
    """The directory in which a pattern looks, and what tells of a path from there whether it matches."""
    fixed = pattern[: min(pattern.index(c) for c in "*?[" if c in pattern)]
    root = os.path.dirname(fixed)
    return root, _matcher(_plain(pattern[len(root) :]))


def _of_pattern(pattern: str, format: str | None) -> Found:
    root, matches = _looking(pattern)
    _refuse_unreadable(root or os.curdir, pattern[len(root) :])
    found = sorted(set(glob.glob(pattern, recursive=True)))  # which tells a path again where there are several **
    paths = [path for path in found if matches(_plain(path[len(root) :])) and not os.path.isdir(path)]
    refuse_around({root or ".", *map(os.path.dirname, paths)})
    places = [os.path.relpath(path, root) if root else path for path in paths]
    fragments = [_fragment(LOCAL, path, place, Entry(), format) for path, place in zip(paths, places, strict=True)]
    return Found(fragments, True, patterns=[(LOCAL, root, pattern, matches)])


def _refuse_unreadable(root: str, pattern: str) -> None:
    """Raises the operating system's error if a directory in which a pattern looks may not be read.

    `glob` passes it over, and its rows would be missing without a word.
    """

    def refuse(error: OSError) -> None:
        if isinstance(error, PermissionError):
            raise error

    parts = _plain(pattern).split("/")
    for directory, inside, _ in os.walk(root, onerror=refuse):
        above = [] if directory == root else os.path.relpath(directory, root).split(os.sep)
        inside[:] = [name for name in inside if _leads([*above, name], parts)]


def _leads(names: list[str], parts: list[str]) -> bool:
    """Whether what matches a pattern may be in a directory, as `_match` has it."""
    if not names or not parts:
        return bool(parts)
    name, part = names[0], parts[0]
    if part == "**":
        return _leads(names, parts[1:]) or (not _is_hidden(name) and _leads(names[1:], parts))
    if glob.has_magic(part) and _is_hidden(name):
        return False
    return fnmatchcase(name, part) and _leads(names[1:], parts[1:])


def _plain(path: str) -> str:
    """A path without parts that are empty, which are nothing on this machine."""
    return "/".join(filter(None, path.split("/")))


def _listed(directory: str) -> dict[str, Entry | None]:
    """The files in a directory of this machine, and, as None, the directories."""
    try:
        selector = pa.fs.FileSelector(directory, recursive=True)
    except UnicodeEncodeError as error:
        raise ScoringError(
            f"{directory}: the name of the directory is not UTF-8: rename it, or name its files{of_locale()}"
        ) from error
    try:
        found = pa.fs.LocalFileSystem().get_file_info(selector)
    except PermissionError:
        _refuse_unreadable(directory, "**")
        raise
    inside = os.path.join(directory, "")
    try:
        for info in found if of_locale() else ():
            os.fsencode(info.path)
        return {
            info.path.removeprefix(inside): None if info.type == pa.fs.FileType.Directory else Entry() for info in found
        }
    except UnicodeDecodeError as error:
        raise ScoringError(f"{directory}: the name of a file in it is not UTF-8: {error.object!r}") from error
    except UnicodeEncodeError as error:
        raise ScoringError(f"{error.object}: Python cannot open it{of_locale()}") from error


def _refuse_loop(directory: str, files: dict[str, Entry | None]) -> None:
    """Refuse a link to a directory that it is in: what is there would be read again and again."""
    for place, entry in files.items():
        path = os.path.join(directory, place)
        if entry is None and os.path.islink(path):
            there, here = os.path.realpath(path), os.path.realpath(os.path.dirname(path))
            if os.path.commonpath([there, here]) == there:
                raise ScoringError(f"{path}: this link leads to a directory that it is in: remove it")


def _refuse_broken_links(directory: str, files: dict[str, Entry | None]) -> None:
    """Refuse a link that leads nowhere, which listings leave out: its rows would be missing without a word."""
    for inside in ("", *(place for place, entry in files.items() if entry is None)):
        with os.scandir(os.path.join(directory, inside)) as found:
            for one in found:
                if one.is_symlink() and not os.path.exists(one) and not _is_hidden(one.name):
                    raise ScoringError(f"{one.path}: this link leads nowhere: remove it, or bring back what it names")


def _of_directory(
    directory: str, store: Store, files: dict[str, Entry | None], format: str | None
) -> Iterator[Fragment]:
    refuse_inside(directory, files)
    if store is LOCAL:
        refuse_around([directory.rstrip("/") or "/"])
        _refuse_loop(directory, files)
    else:
        refuse_above([directory.rstrip("/")], store)
    data = {
        place: entry
        for place, entry in sorted(files.items())
        if not any(map(_is_hidden, place.split("/"))) and not is_index(place)
    }
    places = [place for place, entry in data.items() if entry is not None]
    if store is LOCAL and places:
        _refuse_broken_links(directory, data)
    for place in places:
        yield _fragment(store, joined(directory, place), place, data[place], format)


def _of_dataset(dataset: pa.dataset.Dataset) -> Iterator[Fragment]:
    try:
        files, format = dataset.files, DATASET_FORMATS[dataset.format.default_extname]
        parts = list(dataset.get_fragments())
    except (AttributeError, KeyError) as error:
        raise ScoringError(
            "expected a dataset of files: of another one give the rows, dataset.scanner().to_reader()"
        ) from error
    except ValueError as error:
        raise ScoringError(
            "the dataset has a filter, which chooses rows: give the dataset without it, or one of fragments from "
            "fragment.subset, which chooses row groups"
        ) from error
    store, named = store_of_arrow(dataset.filesystem)
    root = os.path.commonpath([os.path.dirname(file) for file in files]) if files else ""
    parts_of, is_plain = Counter(files), has_defaults(dataset, parts)
    for number, part in enumerate(parts):
        place = os.path.relpath(part.path, root) if root else part.path
        if parts_of[part.path] > 1:
            place = _numbered(place, number)
        known = partition_of(part, dataset.schema) if is_plain else ()
        as_there = Part.of(part, dataset, is_plain)
        yield Fragment(named(part.path), format, (), place, store, known, _row_groups(part), part=as_there)


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

    return [replace(f, partition=tuple(typed(*pair) for pair in f.partition)) if f.partition else f for f in fragments]


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?(0|[1-9]\d{0,17})", text) is not None  # 007 is text


def _cut(fragment: Fragment, rows: int, min_bytes: int) -> Iterator[Fragment]:
    if fragment.format != "parquet" or fragment.path == STREAM:
        yield fragment
        return
    try:
        size = fragment.store.size(fragment.path) if fragment.size is None else fragment.size
        if (size or 0) < min_bytes:
            yield fragment
            return
        with opened(fragment.store, fragment.path, RangedFile.want_footer, fragment.size, fragment.version) as file:
            metadata = pa.parquet.read_metadata(file)
    except (OSError, ScoringError, pa.ArrowException):  # said when it is scored, as of any other file
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
