"""The engine on this machine: threads over tasks.

Reading, the kernels, the exact sums and writing hold no GIL, only some 3 ms a file do; processes would scale further,
but take half a second to start (docs/scaling.md has the figures). Threads need no guard in the caller's main module.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from fastloss.core.threads import processors
from fastloss.exact.summary import Summary
from fastloss.files.dataset import Task
from fastloss.files.engines.job import Job, Watch
from fastloss.files.store import insist


class Stopped(BaseException):
    """Ends a task from inside, like an interrupt: what it has begun to write is removed."""


def run(tasks: Sequence[Task], job: Job, watch: Watch, workers: int | None = None) -> Summary:
    """Do the tasks, several at a time; one worker does them in order, with all the threads of the kernels."""
    workers = min(workers or processors(), len(tasks))
    if workers == 1:
        return _in_order(tasks, job, watch)
    total, started = job.spec.nothing(), enumerate(tasks)
    with _Pool(workers, job.single_threaded(), watch) as pool:
        running = {pool.start(*next(started)) for _ in range(workers)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                index, outcome = future.result()
                watch.done(index, outcome)
                total |= outcome.summary
                following = None if watch.enough else next(started, None)
                if following is not None:
                    running.add(pool.start(*following))
    return total


def _in_order(tasks: Sequence[Task], job: Job, watch: Watch) -> Summary:
    total = job.spec.nothing()
    for index, task in enumerate(tasks):
        outcome = job.do(task, _moved(watch, index))
        watch.done(index, outcome)
        total |= outcome.summary
        if watch.enough:
            break
    return total


def _moved(watch: Watch, index: int):
    return lambda rows, share: watch.moved(index, rows, share)


class _Pool:
    """Threads that do tasks; leaving the block by an exception, Ctrl-C too, stops them at their next batches."""

    def __init__(self, workers: int, job: Job, watch: Watch):
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="fastloss-scoring")
        self._job, self._watch = job, watch
        self._stop = threading.Event()

    def start(self, index: int, task: Task):
        return self._threads.submit(self._do, index, task)

    def _do(self, index: int, task: Task):
        def moved(rows, share):
            if self._stop.is_set():
                raise Stopped
            self._watch.moved(index, rows, share)

        return index, self._job.do(task, moved)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if error is not None:
            self._stop.set()
        insist(self._threads.shutdown)
