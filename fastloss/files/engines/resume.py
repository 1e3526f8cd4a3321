"""Which outputs in a directory are finished: beside each lies a helper file that says what made it.

`_NAME.json` holds a hash of the input's identity, the spec and the version, and the summary, and no
time or place of the run: an interrupted and resumed run leaves the same bytes as another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence

from fastloss.core import config
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.summary import Summary
from fastloss.files.dataset import Fragment, Task
from fastloss.files.spec import Spec
from fastloss.files.store import writing


def origin(task: Task, spec: Spec, classes: int | None) -> str:
    """A hash of what the output of a task depends on: SHA-256 of canonical JSON."""
    parts = {
        "inputs": [_identity(fragment) for fragment in task.fragments],
        "spec": spec.fingerprint(),
        "classes": classes,
        "version": config.__version__,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def finished(task: Task, origin: str) -> Summary | None:
    """The summary of a task that was finished with the same origin; None if there is none."""
    try:
        record = json.loads(task.store.read(_helper(task)))
        if record["origin"] != origin or record["size"] != task.store.size(task.output):
            return None
        kind = GroupedSummary if "groups" in record["summary"] else Summary
        return kind.from_dict(record["summary"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # not there, or not ours
        return None


def start(task: Task) -> None:
    """Make the directory of a task that is to be done, and remove its record if it was done before."""
    task.store.make_directory(os.path.dirname(task.output))
    task.store.remove(_helper(task))


def clean(tasks: Sequence[Task]) -> None:
    """Remove what killed processes left half-written of these tasks."""
    tasks[0].store.remove_leftovers(path for task in tasks for path in (task.output, _helper(task)))


def finish(task: Task, origin: str, summary: Summary) -> None:
    """Record that the output of a task is complete."""
    record = {
        "origin": origin,
        "version": config.__version__,
        "size": task.store.size(task.output),
        "summary": summary.to_dict(),
    }
    with task.store.replacing(_helper(task)) as file, writing(_helper(task)):
        file.write(json.dumps(record, allow_nan=False).encode())


def _helper(task: Task) -> str:
    directory, name = os.path.split(task.output)
    return os.path.join(directory, f"_{name}.json")


def _identity(fragment: Fragment) -> list:
    """Names, sizes and times of its files, and what of them it is."""
    files = [list(fragment.store.status(path)) for path in (fragment.path, fragment.target) if path]
    return [
        files,
        fragment.row_groups and list(fragment.row_groups),
        [[name, str(value.type), value.as_py()] for name, value in fragment.partition],
    ]
