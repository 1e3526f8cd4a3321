"""Which outputs in a directory are finished: beside each lies a helper file that says what made it.

`_NAME.json` holds the identity of the input, the spec and the version, and the summary, and no
time or place of the run: an interrupted and resumed run leaves the same bytes as another.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

import fastloss
from fastloss.scoring.dataset import Fragment, Task
from fastloss.scoring.groups import GroupedSummary
from fastloss.scoring.output import remove_leftovers, replacing
from fastloss.scoring.spec import Spec
from fastloss.scoring.summary import Summary


def origin(task: Task, spec: Spec) -> dict:
    """What the output of a task depends on, as JSON holds it."""
    return {
        "inputs": [_identity(fragment) for fragment in task.fragments],
        "spec": spec.fingerprint(),
        "version": fastloss.__version__,
    }


def finished(task: Task, origin: dict) -> Summary | None:
    """The summary of a task that was finished with the same origin; None if there is none."""
    try:
        with open(_helper(task), encoding="utf-8") as file:
            record = json.load(file)
        if record["origin"] != origin or record["size"] != os.path.getsize(task.output):
            return None
        kind = GroupedSummary if "groups" in record["summary"] else Summary
        return kind.from_dict(record["summary"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # not there, or not ours
        return None


def start(task: Task) -> None:
    """Remove what an earlier run left of a task that is to be done (again); make its directory."""
    os.makedirs(os.path.dirname(task.output), exist_ok=True)
    remove_leftovers(task.output)
    remove_leftovers(_helper(task))
    with suppress(FileNotFoundError):
        os.unlink(_helper(task))


def finish(task: Task, origin: dict, summary: Summary) -> None:
    """Record that the output of a task is complete."""
    record = {
        "origin": origin,
        "size": os.path.getsize(task.output),
        "summary": summary.to_dict(),
    }
    with replacing(_helper(task)) as file:
        file.write(json.dumps(record, allow_nan=False).encode())


def _helper(task: Task) -> str:
    directory, name = os.path.split(task.output)
    return os.path.join(directory, f"_{name}.json")


def _identity(fragment: Fragment) -> list:
    """Names, sizes and times of its files, and what of them it is."""
    files = [_status(path, fragment.filesystem) for path in (fragment.path, fragment.target) if path]
    return [
        files,
        fragment.row_groups and list(fragment.row_groups),
        [[name, str(value.type), value.as_py()] for name, value in fragment.partition],
    ]


def _status(path: str, filesystem) -> list:
    if filesystem is None:
        status = os.stat(path)
        return [os.path.realpath(path), status.st_size, status.st_mtime_ns]
    info = filesystem.get_file_info(path)
    return [f"{filesystem.type_name}:{path}", info.size, info.mtime_ns]
