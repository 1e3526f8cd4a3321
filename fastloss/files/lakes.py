"""Folders that are tables: not all rows of their files are rows of the table, as some are deleted or replaced."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from fastloss.files.errors import ScoringError
from fastloss.files.stores import LOCAL, LocalStore, RemoteStore

MARKS = {"_delta_log": "Delta Lake", ".hoodie": "Hudi", "_versions": "Lance"}
ICEBERG_FOLDER, ICEBERG_FILE = "metadata", ".metadata.json"
KINDS = {"Delta Lake": "a Delta Lake", "Hudi": "a Hudi", "Iceberg": "an Iceberg", "Lance": "a Lance"}
OBJECTS = {
    "Delta Lake": "a deltalake.DeltaTable, ",
    "Iceberg": "a pyiceberg table or scan, ",
    "Lance": "a lance.dataset, ",
}


def refuse_inside(folder: str, places: Iterable[str], read: Iterable[str] | None = None) -> None:
    """Refuse a folder in which these files and folders are, by their paths from it.

    Raises
    ------
    ScoringError
        If it is a table, or there is one in it, of which a file is in `read`, where that is given.
    """
    around = None if read is None else {above for file in read for above in _upwards(file)}
    for place in places:
        kind, table = _marked(place)
        if kind and (around is None or table in around):
            raise _refused(os.path.join(folder, table), kind)


def refuse_around(folders: Iterable[str]) -> None:
    """Refuse folders of this machine that are tables, or inside of one.

    Raises
    ------
    ScoringError
        If one is.
    """
    _refuse(folders, LOCAL, lambda folder: _upwards(os.path.realpath(folder)))


def refuse_above(folders: Iterable[str], store: RemoteStore) -> None:
    """Refuse folders of a store that are inside of a table, as far as their names look like those of parts of one."""
    _refuse(folders, store, _parts_upwards)


def _refuse(folders: Iterable[str], store: LocalStore | RemoteStore, upwards: Callable) -> None:
    seen: set[str] = set()
    for folder in folders:
        for around in upwards(folder):
            if around in seen:
                break
            seen.add(around)
            for kind in _kinds(around, store):
                raise _refused(around, kind)


def _marked(place: str) -> tuple[str | None, str]:
    """The kind of the table that a path tells of, and the path of the table."""
    names = place.split("/")
    for i, name in enumerate(names):
        if name in MARKS:
            return MARKS[name], "/".join(names[:i])
    if names[-1].endswith(ICEBERG_FILE) and names[-2:-1] == [ICEBERG_FOLDER]:
        return "Iceberg", "/".join(names[:-2])
    return None, ""


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while (above := os.path.dirname(folder)) != folder:
        yield (folder := above)


def _parts_upwards(folder: str) -> Iterator[str]:
    """Those around a folder, as far as names look like those of parts of a table: in a store each look is a request."""
    while "/" in folder.partition("://")[2] and _looks_like_part(os.path.basename(folder)):
        yield (folder := os.path.dirname(folder))


def _looks_like_part(name: str) -> bool:
    return "=" in name or name == "data" or re.fullmatch(r"\w\w|\d[\w-]*|[0-9a-f]{8}", name) is not None


def _kinds(folder: str, store: LocalStore | RemoteStore) -> Iterator[str]:
    if store is LOCAL:  # of this machine it may be large, or not ours to read
        there = {name for name in (*MARKS, ICEBERG_FOLDER) if os.path.isdir(os.path.join(folder, name))}
    else:
        there = set(store.names(folder))
    yield from (kind for mark, kind in MARKS.items() if mark in there)
    if ICEBERG_FOLDER in there:
        with suppress(PermissionError):
            if any(name.endswith(ICEBERG_FILE) for name in store.names(os.path.join(folder, ICEBERG_FOLDER))):
                yield "Iceberg"


def _refused(folder: str, kind: str) -> ScoringError:
    return ScoringError(
        f"{folder.rstrip('/')}: this folder is {KINDS[kind]} table, and not all rows of its files are rows of it: "
        f"give {OBJECTS.get(kind, '')}a pyarrow dataset or a list of files to fastloss.score"
    )
