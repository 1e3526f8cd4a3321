"""The worker pool: runs of blocks over threads that hold no GIL while they compute."""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from fastloss.core.arguments import check_num_threads

# Below this many elements a call is over before a thread has woken up.
SMALL = 1 << 17
# Runs per thread: enough to even out a processor that is busy with something else.
RUNS_PER_THREAD = 4

_num_threads = None
_pool = None


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
    if _num_threads is None:
        set_num_threads(int(os.environ.get("FASTLOSS_NUM_THREADS") or len(os.sched_getaffinity(0))))
    return _num_threads


def run_blocks(function, blocks, block_size, num_threads=None):
    """Call function(first, last) over all blocks, on several threads if there is work for them."""
    if blocks * block_size <= SMALL:
        function(0, blocks)
        return
    threads = min(num_threads or get_num_threads(), blocks)
    if threads == 1:
        function(0, blocks)
        return
    runs = min(threads * RUNS_PER_THREAD, blocks)
    bounds = [blocks * i // runs for i in range(runs + 1)]
    remaining = iter(list(pairwise(bounds)))

    def work():
        # the calling thread works too; next() on one iterator is atomic under the GIL
        for first, last in remaining:
            function(first, last)

    futures = [_workers(threads).submit(work) for _ in range(threads - 1)]
    try:
        work()
    finally:
        for future in futures:
            future.result()


def _workers(threads):
    global _pool
    if _pool is None or _pool._max_workers < threads - 1:
        _pool = ThreadPoolExecutor(threads - 1, thread_name_prefix="fastloss")
    return _pool


def _forget_pool():
    """After a fork the child has no threads: it makes its own pool."""
    global _pool
    _pool = None


os.register_at_fork(after_in_child=_forget_pool)
