"""The engine on this machine: threads over tasks.

Reading, the kernels, the exact sums and writing hold no GIL, only a third of a millisecond a file does, or one where it
is written; processes would scale further, but take half a second to start (docs/scaling.md has the figures). Threads
need no guard in the caller's main module.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial, reduce
from operator import or_
from queue import SimpleQueue

from fastloss.core.threads import processors
from fastloss.exact.summary import Summary
from fastloss.files.collected import Collected
from fastloss.files.dataset import Fragment, Task
from fastloss.files.engines.job import Job, Watch
from fastloss.files.engines.series import in_series
from fastloss.files.formats import TEXTS
from fastloss.files.stores import LOCAL, insist, syncs_together

MOST_WORKERS = 16
OBJECTS_BYTES = 128 << 20  # of objects that are read at a time
SMALL_BYTES, SMALL_TEXT_BYTES = 128 << 10, 32 << 10  # of files, on average
UNNAMED = 64  # outputs of all workers, which are open


class Stopped(BaseException):
    """Ends a task from inside, like an interrupt: what it has begun to write is removed."""


def run(tasks: Sequence[Task], job: Job, watch: Watch, workers: int | None = None) -> Summary:
    """Do the tasks, several at a time; one worker does them in order, with all the threads of the kernels."""
    fragments = [fragment for task in tasks for fragment in task.fragments]
    are_small = _are_small(fragments)
    workers = min(workers or _suited(fragments, are_small), len(tasks))
    is_named_later = are_small and job.recorded and all(task.store is LOCAL for task in tasks)
    at_once = max(UNNAMED // workers, 1) if is_named_later and syncs_together() else 1
    if workers > 1:
        with _Workers(workers, tasks, job.single_threaded(), watch, at_once) as started:
            if started:
                return _gathered(started, job, watch)
    return _in_order(tasks, job, watch, at_once)


def _suited(fragments: Sequence[Fragment], are_small: bool) -> int:
    """A worker a processor; more where objects of stores are small: their requests take longer than their rows."""
    sizes = [fragment.size for fragment in fragments]
    if not sizes or None in sizes:  # of this machine
        return 1 if are_small else processors()
    at_a_time = OBJECTS_BYTES * len(sizes) // max(sum(sizes), 1)
    return max(processors(), min(MOST_WORKERS, at_a_time))


def _are_small(fragments: Sequence[Fragment]) -> bool:
    """Whether these are files of this machine that are so small that threads would hand the GIL to and fro, which takes
    as long as what they do."""
    sizes = [LOCAL.size(one.path) if one.store is LOCAL and one.is_file else None for one in fragments]
    if not sizes or None in sizes:
        return False
    most = SMALL_TEXT_BYTES if any(one.format in TEXTS for one in fragments) else SMALL_BYTES
    return sum(sizes) <= most * len(sizes)


def _gathered(workers: _Workers, job: Job, watch: Watch) -> Summary:
    known = []
    for index, outcome in workers.outcomes():
        watch.done(index, outcome)
        known.append(outcome.summary)
        if watch.enough:
            workers.start_no_more()
    return _merged(job, known, workers.totals)


def _in_order(tasks: Sequence[Task], job: Job, watch: Watch, at_once: int) -> Summary:
    known, total = [], Collected(job.spec)
    with closing(in_series(job, enumerate(tasks), partial(_moved, watch), total, at_once)) as ended:
        for index, outcome in ended:
            watch.done(index, outcome)
            known.append(outcome.summary)
            if watch.enough:
                break
    return _merged(job, known, [total])


def _merged(job: Job, known: Sequence[Summary | None], totals: Sequence[Collected]) -> Summary:
    """The summary of tasks that are a summary each, or part of a total."""
    first, *others = totals
    for other in others:
        first.take(other)
    return reduce(or_, (summary for summary in known if summary is not None), first.summary())


def _moved(watch: Watch, index: int):
    return lambda rows, share: watch.moved(index, rows, share)


class _Workers:
    """Threads that do tasks, as many as the system lets us start; leaving the block by an exception, Ctrl-C too, stops
    them at their next batches.
    """

    def __init__(self, workers: int, tasks: Sequence[Task], job: Job, watch: Watch, at_once: int):
        self._job, self._watch, self._at_once = job, watch, at_once
        self._tasks, self._lock = enumerate(tasks), threading.Lock()
        self.totals = [Collected(job.spec) for _ in range(workers)]
        self._ended: SimpleQueue = SimpleQueue()  # (index, outcome) of tasks, an exception or None of threads
        self._stop = threading.Event()
        self._begun: list[threading.Event] = []  # set where the thread is over
        self._threads = [
            threading.Thread(target=self._work, args=(total,), name=f"fastloss-scoring-{i}")
            for i, total in enumerate(self.totals)
        ]
        self._running = 0

    def outcomes(self):
        """(index, outcome) of each task that ends."""
        while self._running:
            ended = self._ended.get()
            if isinstance(ended, BaseException):
                raise ended
            if ended is None:
                self._running -= 1
            else:
                yield ended

    def start_no_more(self) -> None:
        """Let the threads end what they do."""
        with self._lock:
            self._tasks = iter(())

    def _work(self, total: Collected) -> None:
        over = threading.Event()
        with self._lock:
            self._begun.append(over)
        try:
            if self._stop.is_set():  # nobody knows of this thread: its start was interrupted
                return
            with closing(in_series(self._job, self._next(), self._moved, total, self._at_once)) as ended:
                for outcome in ended:
                    self._ended.put(outcome)
            self._ended.put(None)
        except BaseException as error:  # for the thread that waits
            self._ended.put(error)
        finally:
            over.set()

    def _next(self) -> Iterator[tuple[int, Task]]:
        while True:
            with self._lock:
                index, task = next(self._tasks, (None, None))
            if task is None:
                return
            yield index, task

    def _moved(self, index: int):
        def moved(rows, share):
            if self._stop.is_set():
                raise Stopped
            self._watch.moved(index, rows, share)

        return moved

    def __enter__(self) -> _Workers | None:
        """None where there is no thread to be had."""
        try:
            for thread in self._threads:
                thread.start()
                self._running += 1
        except RuntimeError:  # the system has no more, or the interpreter ends
            pass
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self if self._running else None

    def __exit__(self, kind, error, traceback) -> None:
        if error is not None:
            self._stop.set()
        insist(self._wait)

    def _wait(self) -> None:
        """Until all that have begun have ended; an interrupted `Thread.join` takes a thread for ended that is not."""
        with self._lock:
            begun = list(self._begun)
        for over in begun:
            over.wait()
