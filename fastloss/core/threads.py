"""The worker pool: runs of blocks over threads that hold no GIL while they compute."""

import os
from _thread import start_new_thread
from functools import partial
from queue import SimpleQueue
from threading import Lock
from time import perf_counter_ns

from fastloss.core.arguments import check_count
from fastloss.core.jobs import Job

# Work of fewer nanoseconds is not worth another thread: to hand it over takes 22 microseconds, on a busy machine 50.
SHORT = 100_000
# The first blocks of a call tell how long the others take. Of a call of few blocks, which are large then, the elements
# do: above so many.
TRIED, FEW = 2, 16
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
    _num_threads = None if num_threads is None else check_count(num_threads)


def get_num_threads():
    """The number of threads that calls use by default."""
    threads = _num_threads  # which another thread may set meanwhile
    if threads is None:
        threads = _of_environment() or processors()
    return threads


def _of_environment():
    text = os.environ.get("FASTLOSS_NUM_THREADS")
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = text
    return check_count(number, "environment variable FASTLOSS_NUM_THREADS: num_threads")


def processors():
    """How many processors this process may use; where the system does not tell (macOS, Windows), how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_blocks(function, blocks, block_size, num_threads=None):
    """Call function(first, last) over all blocks, on several threads if there is work for them."""
    is_long, tried = blocks * block_size > SMALL, 0
    threads = min(threads_of_call(num_threads), blocks) if is_long or blocks >= FEW else 1
    if threads > 1 and blocks >= FEW:
        begin, tried = perf_counter_ns(), TRIED
        function(0, tried)
        is_long = is_long_for(perf_counter_ns() - begin, blocks / tried - 1)
    if threads <= 1 or not is_long:
        function(tried, blocks)
        return
    rest = blocks - tried
    job = Job(lambda first, last: function(tried + first, tried + last), rest, min(threads * RUNS_PER_THREAD, rest))
    job.run(partial(_pool.hand_over, threads - 1))


def is_long_for(nanoseconds, times):
    """Whether work that takes so long and is to be done so many times more is worth another thread."""
    return nanoseconds * times > SHORT


def threads_of_call(num_threads):
    """How many threads a call keeps busy: as many as asked for, within reason."""
    return min(num_threads or get_num_threads(), most_threads())


def most_threads():
    """More than there are processors gain nothing; a million could not start."""
    return processors()


class _Pool:
    """Threads that wait for jobs: as many as calls have asked for so far, or fewer where the system starts no more.

    They are none of `threading`'s, which the end of the interpreter would wait for, and they end with it. Calls go on
    until then: what no thread takes, the caller does.
    """

    def __init__(self):
        self._lock = Lock()
        self._jobs, self._size = SimpleQueue(), 0

    def hand_over(self, times, job):
        """Let so many threads help."""
        if self._size < times and self._lock.acquire(blocking=False):  # never wait: its holder may have been ended
            try:
                while self._size < times and _has_started(self._jobs):
                    self._size += 1
            finally:
                self._lock.release()
        for _ in range(min(times, self._size)):
            self._jobs.put(job)


def _has_started(jobs):
    try:
        start_new_thread(_help, (jobs,))
    except (RuntimeError, MemoryError):  # limits of processes or of memory; the interpreter ends
        return False
    return True


def _help(jobs):
    while True:
        jobs.get().help()


_pool = _Pool()


def _forget_pool():
    """After a fork the child has no threads, and another thread may have held the lock: it makes its own pool."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
