"""Which outputs in a directory are finished: beside each lies a helper file that says what made it.

`_NAME.json` holds a digest of itself; the place of its output in the directory, its size and SHA-256; a hash of the
input's identity, the spec and the version; and the summary. It knows no time and no machine: an interrupted and resumed
run leaves the same bytes as another. A record is there before its output is, so that every output of ours is known to
be ours; an output is done when it holds what its record says.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial, reduce
from operator import or_

from fastloss.core import config
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.state import FORMAT, canonical
from fastloss.exact.summary import Summaries, Summary
from fastloss.files import names
from fastloss.files.dataset import Fragment, Task, joined
from fastloss.files.errors import ScoringError
from fastloss.files.spec import Spec
from fastloss.files.stores import LOCAL, Entry, LocalStore, RemoteStore, writing

REQUESTS_AT_ONCE = 32
_STRICT = json.JSONEncoder(allow_nan=False)
_HEAD = re.compile(rb'\{"digest": "([0-9a-f]{64})", ')
_HEAD_BYTES = 79
_NUMBERED = re.compile(r"\[(0|[1-9][0-9]*)\]\Z")  # the outputs of several a row
_ROWS_BELOW = 1 << 63  # of a file
_FIELDS = {"place": str, "size": int, "sha256": str, "origin": str, "version": str, "summary": dict}
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError)


def origin(task: Task, spec: Spec, classes: int | None) -> str:
    """A hash of what the output of a task depends on: SHA-256 of canonical JSON."""
    before, behind = _around_inputs(spec.fingerprint, classes, config.__version__)
    inputs = canonical([_identity(fragment) for fragment in task.fragments])
    return hashlib.sha256((before + inputs + behind).encode()).hexdigest()


@lru_cache(maxsize=16)
def _around_inputs(fingerprint: str, classes: int | None, version: str) -> tuple[str, str]:
    """What comes before and behind the inputs in that JSON, which the tasks of a job have in common."""
    parts = {"inputs": None, "spec": fingerprint, "classes": classes, "version": version, "format": FORMAT}
    before, name, behind = canonical(parts).partition('"inputs":')
    return before + name, behind.removeprefix("null")


def with_listed(tasks: Sequence[Task], there: Mapping[str, Entry]) -> list[Task]:
    """The tasks with what a store told of their outputs and records; on this machine each looks itself, unless there is
    nothing yet."""
    if tasks[0].store is LOCAL and not there.keys() <= {names.LOCK}:
        return list(tasks)
    places = map(_place, tasks)
    listed = [(there.get(place), there.get(names.record(place))) for place in places]
    return [replace(task, listed=pair) for task, pair in zip(tasks, listed, strict=True)]


def is_known(task: Task) -> bool:
    """Whether the store told of the output of a task when the job began, and that it may be done."""
    return task.listed is not None and None not in task.listed


def finished(task: Task, spec: Spec, origin: str, read: bool = True) -> Summary | None:
    """The summary of a task that was finished with the same origin; None if there is none, or it is another spec's.

    Unless the output may be `read`, None too where the store does not tell what is in it.
    """
    if task.listed is not None and None in task.listed:
        return None
    record = _read(task.store, names.record(task.output))
    if record is None or (record["origin"], record["place"]) != (origin, _place(task)):
        return None
    if not _is_whole(task, record, read):
        return None
    with suppress(*_MALFORMED):  # of another program, with a digest that is right
        kind = Summaries.from_dict if spec.name else Summary.restored
        summary = kind(record["summary"])
        if _is_left_by(spec, summary):
            number = task.fragments[0].number
            return summary.with_worst(lambda worst: worst and worst.numbered(number))
    return None


def record(task: Task, origin: str, summary: Summary, size: int, digests: dict[str, str]) -> Callable[[], None]:
    """What writes the record of what the output of a task will hold, which is complete.

    It is not synced: one that a power cut takes, or leaves empty, is made again with its output.
    """
    held = {
        "place": _place(task),
        "size": size,
        **digests,
        "origin": origin,
        "version": config.__version__,
        "summary": summary.to_dict(compact=True),
    }
    text = _STRICT.encode(held)[1:].encode()
    return partial(_write, task, b'{"digest": "%s", ' % hashlib.sha256(text).hexdigest().encode() + text)


def _write(task: Task, text: bytes) -> None:
    path = names.record(task.output)
    with task.store.replacing(path, is_ours=True) as file, writing(path):
        file.write(text)


def recorded(store: LocalStore | RemoteStore, outputs: Sequence[str]) -> Summary | Summaries:
    """The summary of outputs that have just been finished, out of their records."""
    records = together(store, lambda output: _read(store, names.record(output)), outputs)
    missing = [output for output, record in zip(outputs, records, strict=True) if record is None]
    if missing:
        raise ScoringError(f"{missing[0]}: its record is gone, or damaged")
    states = (record["summary"] for record in records)
    return reduce(or_, (Summaries.from_dict(s) if "losses" in s else Summary.restored(s) for s in states))


def stale(tasks: Sequence[Task], directory: str, there: Mapping[str, Entry]) -> list[str]:
    """The outputs in a directory, by their places in it, that runs into it have made and these tasks do not make.

    `there` are the files in the directory.

    Raises
    ------
    ScoringError
        If something looks like such an output, but its record does not tell.
    """
    store, own, found = tasks[0].store, {names.record(_place(task)) for task in tasks}, []
    outputs = {names.record(file): file for file in there if names.is_output(file)}
    others = [file for file in there if file not in own and names.is_record(file)]
    records = together(store, lambda file: _read(store, joined(directory, file)), others)
    for file, record in zip(others, records, strict=True):
        expected = None if record is None else names.record(record["place"])
        if expected == file:
            found.append(record["place"])
        elif file in outputs and not (expected and file.endswith(f"/{expected}")):  # of a run into a directory inside
            raise ScoringError(
                f"{joined(directory, outputs[file])}: this run does not make it, and its record "
                f"{os.path.basename(file)} does not tell what did: remove or move both, then resume"
            )
    return found


def made(tasks: Iterable[Task]) -> list[str]:
    """The outputs of tasks, by their places, as far as there are any that runs have made."""
    records = ((task, _read(task.store, names.record(task.output))) for task in tasks)
    return [_place(task) for task, record in records if record is not None and record["place"] == _place(task)]


def remove(store: LocalStore | RemoteStore, directory: str, places: Sequence[str]) -> None:
    """Remove outputs and their records, and the directories in this one that they leave empty."""
    for place in places:
        path = joined(directory, place)
        with writing(path):
            store.remove(path)  # before its record, which tells that it is ours
            store.remove(names.record(path))
    for inside in {place.split("/")[0] for place in places if "/" in place}:
        store.remove_empty(joined(directory, inside))


def clean(store: LocalStore | RemoteStore, directory: str, there: Iterable[str]) -> None:
    """Remove what killed processes left half-written of the files in a directory, except where another job is in one
    inside.
    """
    others = tuple(os.path.dirname(file) + "/" for file in there if file.endswith(f"/{names.LOCK}"))
    for file in there:
        if names.is_temporary(file) and not file.startswith(others):
            store.remove_abandoned(joined(directory, file))


def together(store: LocalStore | RemoteStore, look: Callable, items: Iterable) -> list:
    """What `look` gives for each; in a store, where that is a request, several at a time."""
    if not isinstance(store, RemoteStore):
        return [look(item) for item in items]
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        return list(pool.map(look, items))


def _is_whole(task: Task, record: dict, read: bool) -> bool:
    """Whether an output holds what its record says; what the store has told need not be read."""
    size, md5 = (
        (task.store.size(task.output), None) if task.listed is None else (task.listed[0].size, task.listed[0].md5)
    )
    if size != record["size"]:
        return False
    if md5 is not None and md5 == record.get("md5"):
        return True
    return read and record["sha256"] == _digest(task)


def _is_left_by(spec: Spec, summary: Summary | Summaries) -> bool:
    """Whether a run with this spec may have left a summary, so that it merges with the others."""
    if isinstance(summary, Summaries):
        specs = {one.name: one.alone for one in spec.each}
        return (
            list(summary) == list(specs)
            and all(_is_left_by(specs[name], one) for name, one in summary.items())
            and len({one.rows for one in summary.values()}) == 1
        )
    by, groups = (summary.by, summary.groups) if isinstance(summary, GroupedSummary) else (None, {})
    has_weights, is_numbered = spec.sample_weight is not None, spec.multioutput == "raw_values"
    outputs = {name for name in spec.emit if name != "value"}
    counts = summary.rows, summary.null, summary.ignored
    return (
        summary.rows < _ROWS_BELOW
        and by == spec.by
        and _counts(summary) == {spec.worst}
        and {worst for group in groups.values() for worst in _counts(group)}
        <= {spec.worst if spec.worst_by_group else None}
        and {spec.loss_text} == {summary.loss, *(group.loss for group in groups.values())}
        and (None if summary.calibrated is None else len(summary.calibrated.counts)) == spec.calibration
        and ((summary.weighted is not None) == has_weights or (has_weights and summary.rows == summary.ignored))
        and all(name in outputs or (is_numbered and _NUMBERED.sub("", name) in spec.emit) for name in summary.outputs)
        and all(
            (of.rows, of.null, of.ignored, of.loss) == (*counts, f"{spec.loss_text}.{name}")
            for name, of in summary.outputs.items()
        )
    )


def _counts(summary: Summary) -> set[int | None]:
    """How many worst rows it may have."""
    return {summary.worst_rows and summary.worst_rows.count}


def _place(task: Task) -> str:
    return task.fragments[0].place


def _read(store: LocalStore | RemoteStore, path: str) -> dict | None:
    """What a record holds; None if there is none, or it is not as we left it."""
    try:
        content = store.read(path, _HEAD)
    except (FileNotFoundError, MemoryError):
        return None
    head, text = _HEAD.match(content), content[_HEAD_BYTES:]
    if not head or hashlib.sha256(text).hexdigest().encode() != head[1]:
        return None
    try:
        record = json.loads(b"{" + text)
    except _MALFORMED:
        return None
    return record if all(type(record.get(key)) is kind for key, kind in _FIELDS.items()) else None


def _digest(task: Task) -> str:
    with task.store.open(task.output) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _identity(fragment: Fragment) -> list:
    """Names, sizes and times of its files, and what of them it is; of a table its version."""
    if fragment.table is not None:
        return fragment.table.identity
    files = [_status(file) for file in fragment.files]
    return [
        files,
        fragment.row_groups and list(fragment.row_groups),
        [[name, str(value.type), str(value) if value.is_valid else None] for name, value in fragment.partition],
        fragment.part and fragment.part.identity,
    ]


def _status(fragment: Fragment) -> list:
    """What tells a file from another and from what it was before."""
    store, path = fragment.store, fragment.path
    if store is LOCAL:
        return list(store.status(path))
    size, version = fragment.size, fragment.version
    if version is None:
        entry = store.entry(path)
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        size, version = entry.size, entry.version
    if version is None:  # the store does not tell: it is another each time
        version = secrets.token_hex(8)
    return [":".join(store.identity(path)), size, version]
