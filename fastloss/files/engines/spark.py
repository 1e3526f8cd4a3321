"""The engine on Spark: the tasks are a distributed collection, a partition each, reduced to one summary by a tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fastloss.core.installing import install_extra
from fastloss.core.threads import processors
from fastloss.exact.summary import Summary
from fastloss.files.arguments import refusal
from fastloss.files.dataset import Task
from fastloss.files.engines.job import ATTEMPTS, Job, Outcome, Watch
from fastloss.files.errors import ScoringError, one_line

WAVE = 16  # tasks a processor in one Spark job; after each wave there is progress, and what is done stays done


@dataclass(frozen=True)
class Part:
    """The merged summary of some tasks, and how each of them ended."""

    summary: Summary
    outcomes: tuple[tuple[int, Outcome], ...]

    def __or__(self, other: Part) -> Part:
        return Part(self.summary | other.summary, self.outcomes + other.outcomes)


def run(tasks: Sequence[Task], job: Job, watch: Watch, workers: int | None = None, session=None) -> Summary:
    """Do the tasks in `session`, or in a local one that is started and stopped.

    Spark repeats the tasks of executors that die. Where it gives up, as at the first failure in a local session, the
    wave is done once more; tasks with a record are not.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ImportError(f"engine='spark' needs the library, and Java 17: {install_extra('spark')}") from error
    if session is not None and not isinstance(session, SparkSession):
        raise refusal("spark", "a pyspark.sql.SparkSession", session)

    total, numbered, job = job.spec.nothing(), list(enumerate(tasks)), job.single_threaded()
    with _connected(session, workers) as context:
        wave = WAVE * context.defaultParallelism
        for start in range(0, len(tasks), wave):
            part = _reduced(context, numbered[start : start + wave], job)
            total |= part.summary
            for index, outcome in part.outcomes:
                watch.done(index, outcome)
            if watch.enough:
                break
    return total


def _reduced(context, numbered: Sequence[tuple[int, Task]], job: Job) -> Part:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    parts = context.parallelize(numbered, len(numbered)).map(lambda task: _do(job, *task))
    for attempt in range(ATTEMPTS):
        try:
            return parts.treeReduce(lambda a, b: a | b)
        except (Py4JJavaError, PySparkException) as error:
            if attempt == ATTEMPTS - 1:
                reason = one_line(error)[:500]
                raise ScoringError(f"Spark gave up after {ATTEMPTS} attempts: {reason}") from error
    raise AssertionError("unreachable")


def _do(job: Job, index: int, task: Task) -> Part:
    outcome = job.do(task)
    return Part(outcome.summary, ((index, replace(outcome, summary=Summary())),))


@contextmanager
def _connected(session, workers: int | None):
    if session is not None:
        yield session.sparkContext
        return
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        yield active.sparkContext
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # or Spark takes whatever python3 is first on the PATH
    workers = workers or processors()
    builder = SparkSession.builder.master(f"local[{workers},{ATTEMPTS}]").appName("fastloss")
    builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    session = builder.getOrCreate()
    try:
        yield session.sparkContext
    finally:
        session.stop()
