"""What an engine runs: a job is many tasks, and a task is done the same way by every engine.

An engine is a function `run(tasks, job, watch, ...)` that calls `job.do` for each task somewhere, tells `watch` in its
own process how each of them ended, and returns the merged summary. Summaries merge exactly, so that it does not matter
where, in which order or how often a task was done.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastloss.exact.summary import Summary
from fastloss.files import names
from fastloss.files.collected import Collected
from fastloss.files.dataset import Task
from fastloss.files.engines import resume
from fastloss.files.errors import ColumnTypeError, RowError, ScoringError, one_line
from fastloss.files.formats import STREAM
from fastloss.files.fragment import score_task
from fastloss.files.spec import Spec
from fastloss.files.stores import Complete

ATTEMPTS = 3
KNOWN_AT_ONCE = 256
FAILURES = (ScoringError, OSError, MemoryError)

Progress = Callable[[int, float | None], None]
OnFragment = Callable[[dict], None]


@dataclass(frozen=True)
class Outcome:
    """How a task ended: with the summary of its rows, or an error and the summary of nothing; `skipped` where an
    earlier run has done it.

    There is no summary where the sums over its rows are part of a total.
    """

    summary: Summary | None
    rows: int = 0
    error: Exception | None = None
    skipped: bool = False


@dataclass(frozen=True)
class Job:
    """What all tasks of a run have in common; picklable.

    Attributes
    ----------
    classes : int or None
        The number of classes where all lists of logits of an input are null.
    num_threads : int or None
        Threads of the loss kernels in each task.
    recorded : bool
        Whether finished tasks leave a record beside their outputs, and those that have one are not done again.
    """

    spec: Spec
    classes: int | None = None
    num_threads: int | None = None
    recorded: bool = False

    def single_threaded(self) -> Job:
        """The same job for an engine that does several tasks at a time: its kernels keep to one thread, unless told."""
        return replace(self, num_threads=1 if self.num_threads is None else self.num_threads)

    def do(
        self,
        task: Task,
        progress: Progress | None = None,
        total: Collected | None = None,
        together: list[Complete] | None = None,
    ) -> Outcome:
        """Do a task, again if it fails; errors of the data or the system come back in the outcome.

        With a `total` the sums over its rows are added there, unless an earlier run has done it. If there are files to
        be named `together`, its output joins them; its summary comes back too then, for where that fails.
        """
        attempts = ATTEMPTS if task.is_repeatable else 1
        while True:
            attempts -= 1
            try:
                return self._do(task, progress, total, together)
            except (RowError, ColumnTypeError) as error:  # the same at every attempt
                return self._failed(error)
            except FAILURES as error:
                if attempts == 0:
                    return self._failed(error)

    def known(self, task: Task) -> Summary | None:
        """The summary of a task of which its record and what its store has told say that it is done."""
        try:
            return resume.finished(task, self.spec, resume.origin(task, self.spec, self.classes), read=False)
        except FAILURES:  # said when it is done
            return None

    def _failed(self, error: Exception) -> Outcome:
        """The outcome of an error. The frames that it went through hold batches: they are emptied, as errors are often
        in cycles of references, which nothing looks for until there are many."""
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__cause__ or cause.__context__
        return Outcome(self.spec.nothing(), error=error)

    def _do(
        self, task: Task, progress: Progress | None, total: Collected | None, together: list[Complete] | None
    ) -> Outcome:
        record = summary = None
        if self.recorded:
            origin = resume.origin(task, self.spec, self.classes)
            summary = resume.finished(task, self.spec, origin)
            if summary is not None:
                return Outcome(summary, summary.rows, skipped=True)
            task.store.make_directory(os.path.dirname(task.output))

            def record(found: Summary, size: int, digests: dict[str, str]) -> Callable[[], None]:
                nonlocal summary
                summary = found
                return resume.record(task, origin, found, size, digests)

        elif task.output not in (None, STREAM):
            task.store.remove_leftovers(task.output)
        whole = Collected(self.spec) if total is None else total
        with whole.part(is_whole=record is not None) as collected:
            score_task(task, self.spec, collected, self.classes, self.num_threads, progress, record, together)
            rows = collected.rows
        if total is None:
            summary = whole.summary()
        elif together is None:
            summary = None
        return Outcome(summary, rows)


class Watch:
    """Where an engine says how far it is; counts, keeps the errors and passes on what users asked to hear.

    An engine may stop starting tasks once there is `enough`: an error, where the results of the others would be lost.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        recorded: bool,
        progress: Progress | None = None,
        on_fragment: OnFragment | None = None,
    ):
        self.tasks, self._recorded = tasks, recorded
        self._progress, self._on_fragment = progress, on_fragment
        self._lock = threading.Lock()  # several tasks may move at once
        self._rows: dict[int, int] = {}
        self._shares: dict[int, float] = {}
        self._all_rows, self._all_shares = 0, 0.0
        self._ended: set[int] = set()
        self._errors: dict[int, Exception] = {}

    @property
    def failed(self) -> list[Task]:
        """The tasks that ended with an error."""
        return [self.tasks[index] for index in sorted(self._errors)]

    @property
    def is_over(self) -> bool:
        """Whether all tasks have ended, and one of them well."""
        return len(self._errors) < len(self._ended) == len(self.tasks)

    @property
    def enough(self) -> bool:
        """Whether an error makes the rest vain; the tasks before it have ended, so that its row can be counted."""
        return bool(self._errors) and not self._recorded and self._ended.issuperset(range(min(self._errors)))

    def moved(self, index: int, rows: int, share: float | None) -> None:
        """A task has come to so many of its rows, and to this share of them if that is known."""
        with self._lock:
            if (rows, share) == (self._rows.get(index), self._shares.get(index)):
                return
            self._all_rows += rows - self._rows.get(index, 0)
            self._rows[index] = rows
            if share is not None:
                self._all_shares += share - self._shares.get(index, 0.0)
                self._shares[index] = share
            if self._progress is not None:
                known = self._shares or len(self.tasks) > 1
                self._progress(self._all_rows, self._all_shares / len(self.tasks) if known else None)

    def done(self, index: int, outcome: Outcome) -> None:
        """A task has ended."""
        self._ended.add(index)
        if outcome.error is not None:
            self._errors[index] = outcome.error
        if self._on_fragment is not None:
            self._on_fragment(self._line(index, outcome))
        self.moved(index, outcome.rows, 1.0)

    def of(self, numbers: Sequence[int]) -> _Some:
        """This watch for an engine that does these tasks only."""
        return _Some(self, numbers)

    def failure(self) -> Exception | None:
        """The errors of the run as one: that of the first task that failed, and the names of the others."""
        if not self._errors:
            return None
        first, *others = sorted(self._errors)
        error = self._counted(first)
        if len(self.tasks) == 1 or not self._recorded:
            return error
        names = ", ".join(self.tasks[index].name for index in others)
        done = len(self._errors) < len(self.tasks)
        also = f"; also failed: {names}" if others else ""
        count = f"{len(self._errors)} of {len(self.tasks)} files failed" + (", the others are done" * done)
        return ScoringError(f"{one_line(error)} ({count}{also})")

    def _line(self, index: int, outcome: Outcome) -> dict:
        error = None if outcome.error is None else one_line(outcome.error)
        progress = {"done": len(self._ended), "of": len(self.tasks)}
        task, ended = self.tasks[index], {"rows": outcome.rows, "error": error, "skipped": outcome.skipped}
        return {"fragment": task.name, "output": task.output, **ended, **progress}

    def _counted(self, index: int) -> Exception:
        """The error of a task, with its row counted over all tasks if all before it are done."""
        error, before = self._errors[index], range(index)
        if isinstance(error, RowError) and self._ended.issuperset(before) and not self._errors.keys() & set(before):
            return error.counted(0, sum(self._rows[i] for i in before) - self.tasks[index].first_row)
        return error


class _Some:
    """A watch for an engine that does some of the tasks, with their numbers among all."""

    def __init__(self, watch: Watch, numbers: Sequence[int]):
        self._watch, self._numbers = watch, numbers

    @property
    def enough(self) -> bool:
        return self._watch.enough

    def moved(self, index: int, rows: int, share: float | None) -> None:
        self._watch.moved(self._numbers[index], rows, share)

    def done(self, index: int, outcome: Outcome) -> None:
        self._watch.done(self._numbers[index], outcome)


def run(tasks: Sequence[Task], job: Job, engine: Callable, watch: Watch) -> Summary:
    """Run a job with an engine.

    Raises
    ------
    ScoringError, OSError, MemoryError
        If tasks failed. Where each has an output of its own all the others are done; the message names those that did
        not end well.
    """
    return _ended(engine(tasks, job, watch), watch)


def run_into_directory(
    tasks: Sequence[Task], directory: str, job: Job, engine: Callable, watch: Watch, resumed: bool = False
) -> Summary:
    """As `run`, into a directory, which is made and, if everything failed, removed again.

    What earlier runs into it have made and this one has not goes at the end, unless this one has made nothing.

    Raises
    ------
    ScoringError
        Also if there is something in the directory that is not `resumed`, or another job.
    """
    store = tasks[0].store
    created = not store.is_object_store and not store.is_directory(directory)
    try:
        with store.locked(directory):
            there = store.files(directory)
            if not resumed and set(there) - {names.LOCK}:
                raise ScoringError(f"{directory}: the directory is not empty: empty it, or resume")
            stale = resume.stale(tasks, directory, there) if resumed else []
            resume.clean(store, directory, there)
            if resumed:
                store.abort_uploads(directory)
            tasks = resume.with_listed(tasks, there)
            try:
                return _run_rest(tasks, job, engine, watch)
            finally:
                if not store.is_object_store:
                    resume.clean(store, directory, store.files(directory))
                if watch.is_over:
                    resume.remove(store, directory, [*stale, *resume.made(watch.failed)])
                    for path in {os.path.dirname(task.output) for task in tasks}:
                        store.sync_names(path)
    finally:
        if created:
            store.remove_empty(directory)


def _run_rest(tasks: Sequence[Task], job: Job, engine: Callable, watch: Watch) -> Summary:
    """Run a job without the tasks of which their records and the listing of their store tell that they are done."""
    known = [index for index, task in enumerate(tasks) if resume.is_known(task)]
    total, done = job.spec.nothing(), set()
    for start in range(0, len(known), KNOWN_AT_ONCE):
        some = known[start : start + KNOWN_AT_ONCE]
        for index, summary in zip(
            some, resume.together(tasks[0].store, lambda i: job.known(tasks[i]), some), strict=True
        ):
            if summary is not None:
                watch.done(index, Outcome(summary, summary.rows, skipped=True))
                total |= summary
                done.add(index)
    rest = [index for index in range(len(tasks)) if index not in done]
    if rest:
        total |= engine([tasks[index] for index in rest], job, watch.of(rest))
    return _ended(total, watch)


def _ended(summary: Summary, watch: Watch) -> Summary:
    failure = watch.failure()
    if failure is not None:
        raise failure
    return summary
