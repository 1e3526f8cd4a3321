"""The worker pool: runs of blocks over threads that hold no GIL while they compute."""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Lock

from fastloss.core.arguments import check_num_threads

# Below this many elements a call is over before a thread has woken up.
SMALL = 1 << 17
# Runs of blocks per thread: more than one, since a thread may be slowed down by other work on its processor.
RUNS_PER_THREAD = 4

_num_threads = None


def set_num_threads(num_threads):
    """Set the number of threads that calls use by default.

    Parameters
    ----------
    num_threads : int or None
        At least 1. None: the environment variable FASTLOSS_NUM_THREADS, else the processors that this process may use.

    Raises
    ------
    ValueError
        If num_threads < 1.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.set_num_threads(1)
    >>> fl.get_num_threads()
    1
    >>> fl.set_num_threads(None)
    """
    global _num_threads
    _num_threads = None if num_threads is None else check_num_threads(num_threads)


def get_num_threads():
    """The number of threads that calls use by default."""
    threads = _num_threads  # which another thread may set meanwhile
    if threads is None:
        threads = check_num_threads(int(os.environ.get("FASTLOSS_NUM_THREADS") or processors()))
    return threads


def processors():
    """How many processors this process may use; where the system does not tell (macOS, Windows), how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_blocks(function, blocks, block_size, num_threads=None):
    """Call function(first, last) over all blocks, on several threads if there is work for them."""
    if blocks * block_size <= SMALL:
        function(0, blocks)
        return
    threads = min(num_threads or get_num_threads(), blocks)
    if threads == 1:
        function(0, blocks)
        return
    runs = _Runs(blocks, min(threads * RUNS_PER_THREAD, blocks))

    def work():
        while (run := runs.take()) is not None:
            function(*run)

    futures = _pool.submit(work, threads - 1)
    try:
        work()  # the calling thread works too
    finally:
        for future in futures:
            future.result()


class _Runs:
    """Blocks cut into runs, which threads take one after the other."""

    def __init__(self, blocks, runs):
        bounds = [blocks * i // runs for i in range(runs + 1)]
        self._remaining = pairwise(bounds)
        self._lock = Lock()

    def take(self):
        with self._lock:
            return next(self._remaining, None)


class _Pool:
    """Threads that wait for work; as many as a call has asked for so far."""

    def __init__(self):
        self._lock = Lock()
        self._size, self._executor = 0, None

    def submit(self, function, times):
        with self._lock:  # so that no other call replaces the executor before the work is in it
            if self._size < times:
                self._size, self._executor = times, ThreadPoolExecutor(times, thread_name_prefix="fastloss")
            return [self._executor.submit(function) for _ in range(times)]


_pool = _Pool()


def _forget_pool():
    """After a fork the child has no threads, and another thread may have held the lock: it makes its own pool."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
