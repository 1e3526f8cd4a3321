"""Tasks that one worker does, one after the other.

The disk is waited for once for many small outputs, which get their names together then: to wait for each takes longer
than to read, score and write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fastloss.files.collected import Collected
from fastloss.files.dataset import Task
from fastloss.files.engines.job import FAILURES, Job, Outcome, Progress
from fastloss.files.stores import Complete, insist, sync_together

MOST_BYTES = 8 << 20  # of outputs that are yet to be named


def in_series(
    job: Job, tasks: Iterable[tuple[int, Task]], moved: Callable[[int], Progress], total: Collected, at_once: int
) -> Iterator[tuple[int, Outcome]]:
    """Do numbered tasks; gives how each ended, when it has: its sums are in the `total` then, or in its summary.

    Outputs get their names `at_once`, so many or fewer; also those that are complete when the iterator is closed.
    """
    if at_once == 1:
        for index, task in tasks:
            yield index, job.do(task, moved(index), total)
        return
    group = _Group(job, total)
    try:
        for index, task in tasks:
            group.do(index, task, moved(index))
            if group.tasks >= at_once or group.bytes >= MOST_BYTES:
                yield from group.ended()
        yield from group.ended()
    finally:
        insist(group.name)  # a resumed run finds them


class _Group:
    """Tasks that were done, whose outputs get their names together."""

    def __init__(self, job: Job, total: Collected):
        self._job, self._total, self._sums = job, total, Collected(job.spec)
        self._done: list[tuple[int, Task, Outcome, Complete | None]] = []
        self._unnamed: list[Complete] = []
        self.bytes = 0

    @property
    def tasks(self) -> int:
        """How many they are."""
        return len(self._done)

    def do(self, index: int, task: Task, progress: Progress) -> None:
        """Do one more."""
        before = len(self._unnamed)
        outcome = self._job.do(task, progress, self._sums, self._unnamed)
        output = self._unnamed[-1] if len(self._unnamed) > before else None
        self._done.append((index, task, outcome, output))
        self.bytes += output.size if output else 0

    def ended(self) -> Iterator[tuple[int, Outcome]]:
        """Name their outputs; gives how each ended. One whose output cannot be named is done again, alone."""
        failed, done = self.name(), self._done
        self._done, self.bytes = [], 0
        if failed:
            self._sums = Collected(self._job.spec)
        else:
            self._total.take(self._sums)
        for index, task, outcome, output in done:
            if output in failed:
                outcome = self._job.do(task, None, self._total)
            elif output is not None and not failed:
                outcome = Outcome(None, outcome.rows)
            yield index, outcome

    def name(self) -> list[Complete]:
        """Name their outputs, as far as that goes; gives the others, of which nothing is left."""
        self._unnamed = [output for output in self._unnamed if output.is_open]  # an interrupt may come at any line
        failed, are_synced = [], sync_together(self._unnamed)
        while self._unnamed:
            output = self._unnamed[0]
            try:
                if not are_synced:
                    output.sync()
                output.name()
            except FAILURES:
                failed.append(output)
            finally:
                if output.is_open:
                    output.discard()
                del self._unnamed[0]
        return failed
