"""The engine on a Dask cluster: a future a task, and a tree of futures that merges their summaries."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace

from fastloss.core.installing import install_extra
from fastloss.core.threads import processors
from fastloss.exact.summary import Summary
from fastloss.files.arguments import refusal
from fastloss.files.dataset import Task
from fastloss.files.engines.job import ATTEMPTS, Job, Outcome, Watch

FAN_IN = 16


def run(tasks: Sequence[Task], job: Job, watch: Watch, workers: int | None = None, client=None) -> Summary:
    """Do the tasks on the workers of `client`, or of a cluster on this machine that is started and stopped.

    Workers that die are replaced by Dask, and their tasks are done elsewhere. Summaries stay on the workers until they
    are merged; what comes back a task is how it ended.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ImportError(f"engine='dask' needs the library: {install_extra('dask')}") from error
    if client is not None and not isinstance(client, Client):
        raise refusal("client", "a distributed.Client", client)

    with _connected(client, workers) as client:
        # Results of two runs are not to be mistaken for each other: files may have changed between them.
        options = {"pure": False, "retries": ATTEMPTS}
        outcomes = client.map(job.single_threaded().do, tasks, **options)
        reports = client.map(_without_summary, outcomes, **options)
        total = _merged(client, outcomes, options)
        try:
            index = {report.key: i for i, report in enumerate(reports)}
            for report, outcome in as_completed(reports, with_results=True):
                watch.done(index[report.key], outcome)
                if watch.enough:
                    return job.spec.nothing()
            return total.result()
        except BaseException:
            for future in (total, *reports, *outcomes):  # cancelled they would be missed by merges that nobody holds
                future.release()
            raise


def _merged(client, outcomes: list, options: dict):
    """A future of the merged summary."""
    level = client.map(_summary, outcomes, **options)
    while len(level) > 1:
        groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
        level = [client.submit(_merge, group, **options) for group in groups]
    return level[0]


def _summary(outcome: Outcome) -> Summary:
    return outcome.summary


def _without_summary(outcome: Outcome) -> Outcome:
    return replace(outcome, summary=Summary())


def _merge(summaries: list[Summary]) -> Summary:
    first, *others = summaries
    for summary in others:
        first |= summary
    return first


@contextmanager
def _connected(client, workers: int | None):
    if client is not None:
        yield client
        return
    from distributed import Client, LocalCluster

    workers = workers or processors()
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
