"""The worker pool: every block once, whatever the threads do meanwhile."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import fastloss as fl
from fastloss.core import threads

BIG = threads.SMALL + 1


def blocks_run(blocks, block_size, num_threads):
    """How often each block was run."""
    seen, lock = Counter(), threading.Lock()

    def run(first, last):
        with lock:
            seen.update(range(first, last))

    threads.run_blocks(run, blocks, block_size, num_threads)
    return seen


@pytest.mark.parametrize("num_threads", [1, 2, 3, 16])
@pytest.mark.parametrize("blocks", [0, 1, 2, 7, 100])
def test_every_block_is_run_once(blocks, num_threads):
    assert blocks_run(blocks, BIG, num_threads) == Counter(range(blocks))
    assert blocks_run(blocks, 1, num_threads) == Counter(range(blocks))


def test_runs_are_handed_out_by_a_lock(monkeypatch):
    """Not by an iterator of C under the GIL: a generator that is asked by two threads at once raises."""

    def slow(bounds):
        for run in pairwise(bounds):
            time.sleep(0.001)
            yield run

    monkeypatch.setattr(threads, "pairwise", slow)
    assert blocks_run(64, BIG, 8) == Counter(range(64))


def test_calls_of_several_threads_ask_for_more_and_more_workers(monkeypatch):
    """None of them loses its work to a pool that another replaced."""
    monkeypatch.setattr(threads, "_pool", threads._Pool())
    with ThreadPoolExecutor(8) as callers:
        counts = list(callers.map(lambda n: blocks_run(50, BIG, n), [2, 9, 3, 17, 5, 12, 4, 8] * 4))
    assert counts == [Counter(range(50))] * 32


def test_an_error_in_a_block_comes_out_and_the_pool_lives_on():
    def fails(first, last):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.run_blocks(fails, 10, BIG, 3)
    assert blocks_run(10, BIG, 3) == Counter(range(10))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_of_a_fork_has_a_pool_of_its_own():
    """Also where another thread of the parent was about to use the pool: it holds the lock, and is not in the child."""
    code = """
import os, signal
import fastloss as fl, numpy as np
from fastloss.core import threads
x = np.linspace(-3, 3, 4 * threads.SMALL)
want = fl.huber(x, reduction="sum", num_threads=3)
with threads._pool._lock:
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # ends one that waits for threads that it does not have
        os._exit(0 if fl.huber(x, reduction="sum", num_threads=3) == want else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("count", [None, 6])
def test_where_the_system_does_not_tell_the_processors_of_a_process(monkeypatch, count):
    """As macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    monkeypatch.delenv("FASTLOSS_NUM_THREADS", raising=False)
    fl.set_num_threads(None)
    assert fl.get_num_threads() == threads.processors() == (count or 1)
    np.testing.assert_array_equal(fl.squared_error(np.full(BIG, 2.0)), 4)


def test_the_environment_says_how_many(monkeypatch):
    fl.set_num_threads(None)
    monkeypatch.setenv("FASTLOSS_NUM_THREADS", "3")
    assert fl.get_num_threads() == 3
    monkeypatch.setenv("FASTLOSS_NUM_THREADS", "0")
    with pytest.raises(ValueError, match="num_threads must be an integer >= 1, got 0"):
        fl.get_num_threads()
