"""Which files a job reads and writes: inputs cut into fragments, fragments grouped into tasks."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastloss.scoring.errors import ScoringError
from fastloss.scoring.formats import FORMATS, STREAM, format_of, has_format


@dataclass(frozen=True)
class Fragment:
    """One file of a data set, or standard input.

    `target` is the file of the targets that belong to a .npy file.
    """

    path: str
    format: str
    target: str | None = None


@dataclass(frozen=True)
class Task:
    """Fragments whose rows go, in this order, into one output; None writes no rows."""

    fragments: tuple[Fragment, ...]
    output: str | None = None
    format: str | None = None


def find_fragments(inputs: Sequence[str], stream_format: str | None = None) -> list[Fragment]:
    """The files behind files, directories and "-", a directory's in the order of their names.

    Names that begin with "_" or "." are not data.

    Raises
    ------
    FileNotFoundError
        If an input does not exist.
    ScoringError
        If there is no data, a format is unknown or not given, or a directory holds directories.
    """
    paths = [path for given in inputs for path in _files(given)]
    if stream_format not in (None, *FORMATS):
        raise ScoringError(f"unknown format {stream_format!r}: choose {', '.join(FORMATS)}")
    if not paths:
        raise ScoringError(f"no data files in {', '.join(inputs) or 'an empty list of inputs'}")
    if paths.count(STREAM) > 1:
        raise ScoringError("standard input can be read once")
    return [Fragment(path, format_of(path, stream_format)) for path in paths]


def with_targets(fragments: Sequence[Fragment], target: str | None) -> list[Fragment]:
    """Give .npy fragments the files of their targets: one file, or a directory of the same names.

    Raises
    ------
    ScoringError
        If the fragments are not all arrays, or `target` is no file that belongs to them.
    """
    if any(fragment.format != "npy" for fragment in fragments):
        raise ScoringError(".npy files cannot be scored together with tables")
    if target is None:
        return list(fragments)
    _must_exist(target)
    if not os.path.isdir(target):
        if format_of(target) != "npy":
            raise ScoringError(f"{target}: the targets of a .npy file are another .npy file")
        if len(fragments) > 1:
            raise ScoringError(f"{target}: several .npy inputs need a directory of targets with the same names")
        return [Fragment(fragments[0].path, "npy", target)]
    found = [os.path.join(target, os.path.basename(f.path)) for f in fragments]
    for path in found:
        _must_exist(path)
    return [Fragment(f.path, "npy", path) for f, path in zip(fragments, found, strict=True)]


def is_directory_output(inputs: Sequence[str], output: str | None) -> bool:
    """Whether `output` is to be a directory with one file a fragment."""
    if output is None or output == STREAM:
        return False
    if os.path.isdir(output) or output.endswith(("/", os.sep)):
        return True
    return not has_format(output) and (len(inputs) > 1 or os.path.isdir(inputs[0]))


def plan(
    fragments: Sequence[Fragment],
    output: str | None,
    into_directory: bool,
    stream_format: str | None = None,
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
        tasks = [_into_directory(fragment, output) for fragment in fragments]
    elif output == STREAM:
        tasks = [Task(tuple(fragments), STREAM, stream_format or fragments[0].format)]
    else:
        tasks = [Task(tuple(fragments), output, format_of(output))]
    _check_outputs(tasks)
    return tasks


def _files(given: str) -> list[str]:
    if given == STREAM:
        return [given]
    _must_exist(given)
    if not os.path.isdir(given):
        return [given]
    names = sorted(name for name in os.listdir(given) if not name.startswith(("_", ".")))
    paths = [os.path.join(given, name) for name in names]
    for path in paths:
        if os.path.isdir(path):
            raise ScoringError(f"{path}: directories inside a directory of data are not read")
    return paths


def _must_exist(path: str) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _into_directory(fragment: Fragment, directory: str) -> Task:
    if fragment.path == STREAM:
        raise ScoringError("standard input has no name to write it under in a directory")
    path = os.path.join(directory, os.path.basename(fragment.path))
    return Task((fragment,), path, fragment.format)


def _check_outputs(tasks: Sequence[Task]) -> None:
    fragments = [fragment for task in tasks for fragment in task.fragments]
    inputs = {_identity(path) for f in fragments for path in (f.path, f.target) if path}
    seen = set()
    for task in tasks:
        if task.output in seen:
            raise ScoringError(f"two inputs are called {Path(task.output).name!r}")
        seen.add(task.output)
        if task.output == STREAM or not os.path.exists(task.output):
            continue
        if _identity(task.output) in inputs:
            raise ScoringError(f"{task.output}: the output would replace an input")
        if not os.path.isfile(task.output):
            raise ScoringError(f"{task.output}: there is something that is not a file")


def _identity(path: str) -> tuple[int, int]:
    """What all names of a file have in common, links and redirected standard input included."""
    status = os.fstat(sys.stdin.fileno()) if path == STREAM else os.stat(path)
    return status.st_dev, status.st_ino
