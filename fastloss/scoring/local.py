"""The engine on this machine: tasks one after the other, each with all the threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from fastloss.scoring import resume
from fastloss.scoring.dataset import Task
from fastloss.scoring.errors import ScoringError, one_line
from fastloss.scoring.fragment import score_task
from fastloss.scoring.spec import Spec
from fastloss.scoring.summary import Summary

Progress = Callable[[int, float | None], None]


def run(
    tasks: Sequence[Task],
    spec: Spec,
    num_threads: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Score the tasks in order and merge their summaries; the first error ends the run."""
    total = Summary()
    for index, task in enumerate(tasks):
        step = _step(progress, total.rows, index, len(tasks))
        total |= score_task(task, spec, total.rows, num_threads, step)
    return total


def run_into_directory(
    tasks: Sequence[Task],
    directory: str,
    spec: Spec,
    num_threads: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """As `run`, into a directory in which each finished task leaves its output and a record of it.

    Tasks with a record are not done again. One that fails does not keep the others from being done.

    Raises
    ------
    ScoringError
        At the end, if tasks failed; it names their inputs and the first error.
    """
    created = not os.path.isdir(directory)
    os.makedirs(directory, exist_ok=True)
    total, errors = Summary(), {}
    for index, task in enumerate(tasks):
        try:
            origin = resume.origin(task, spec)
            summary = resume.finished(task, origin)
            if summary is None:
                resume.start(task)
                step = _step(progress, total.rows, index, len(tasks))
                summary = score_task(task, spec, total.rows, num_threads, step)
                resume.finish(task, origin, summary)
            total |= summary
        except (ScoringError, OSError) as error:
            errors[task.fragments[0].path] = error
    if errors:
        if created and not os.listdir(directory):
            os.rmdir(directory)
        raise _failure(errors, len(tasks))
    return total


def _step(progress: Progress | None, rows: int, index: int, tasks: int) -> Progress | None:
    """The progress of one task as that of all of them."""
    if progress is None:
        return None
    return lambda done, share: progress(rows + done, None if share is None else (index + share) / tasks)


def _failure(errors: dict[str, Exception], tasks: int) -> Exception:
    first, *others = errors.values()
    if tasks == 1:
        return first
    also = f"; also failed: {', '.join(list(errors)[1:])}" if others else ""
    return ScoringError(f"{one_line(first)} ({len(errors)} of {tasks} files failed, the others are done{also})")
