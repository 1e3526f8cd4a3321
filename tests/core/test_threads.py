"""The worker pool: every block once, whatever the threads do meanwhile."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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


@pytest.mark.parametrize(("nanoseconds", "is_shared"), [(100, False), (100_000, True)])
def test_only_long_work_is_handed_over(monkeypatch, nanoseconds, is_shared):
    """By the time that its first blocks take."""
    clock, shared = [0], []
    monkeypatch.setattr(threads, "SHORT", 50_000)
    monkeypatch.setattr(threads, "perf_counter_ns", lambda: clock[0])
    monkeypatch.setattr(threads._pool, "hand_over", lambda times, job: shared.append(times))

    def run(first, last):
        clock[0] += (last - first) * nanoseconds

    threads.run_blocks(run, 100, 4096, 2)
    assert shared == [1] * is_shared
    assert clock == [100 * nanoseconds]


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


def test_a_loss_of_many_threads_while_others_switch():
    """Whatever instruction set and number of threads the process changes to meanwhile, a call has the bits of one."""
    rng = np.random.default_rng(0)
    large = rng.standard_normal(BIG + 5000).astype(np.float32)
    small, logits = rng.standard_normal(20 * 4096), rng.standard_normal((3000, 10))
    labels, vectors = rng.integers(0, 10, 3000), rng.standard_normal((70, 33)).astype(np.float32)
    loss = fl.robust.bind(alpha=0.5, scale=1.5)
    calls = (
        lambda: loss.value_and_grad(large),
        lambda: (loss(small, num_threads=1),),
        lambda: (loss(small, reduction="mean"), fl.get("robust").bind(alpha=0.5, scale=1.5)(small[:99])),
        lambda: fl.cross_entropy.value_and_grad(logits, labels, reduction="sum"),
        lambda: (fl.cross_entropy(logits, labels, num_threads=3),),
        lambda: (fl.arcface(vectors, vectors[:10], labels[:70]),),
        lambda: ((2 * fl.huber)(large),),
    )
    before, wanted = fl.isa(), [set() for _ in calls]
    ended, errors, interval = threading.Event(), [], sys.getswitchinterval()

    def results(k):
        return tuple(np.asarray(result).tobytes() for result in calls[k]())

    def switch():
        for turn in itertools.cycle(range(12)):
            if ended.is_set():
                return
            fl.use_isa(fl.isas()[turn % len(fl.isas())])
            fl.set_num_threads((None, 1, 3, 7)[turn % 4])

    def call(number):
        for turn in range(12 * len(calls)):
            k = (number + turn) % len(calls)
            if results(k) not in wanted[k] or fl.isa() not in fl.isas():
                errors.append(k)

    for isa in fl.isas():
        fl.use_isa(isa)
        for k in range(len(calls)):
            wanted[k].add(results(k))
    try:
        sys.setswitchinterval(1e-5)
        with ThreadPoolExecutor(5) as pool:
            switching = pool.submit(switch)
            for calling in [pool.submit(call, number) for number in range(4)]:
                calling.result()
            ended.set()
            switching.result()
    finally:
        ended.set()
        sys.setswitchinterval(interval)
        fl.use_isa(before)
        fl.set_num_threads(None)
    assert not errors


def running_threads():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the threads of a process are counted in /proc")
def test_more_threads_than_processors_are_not_started(monkeypatch):
    monkeypatch.setattr(threads, "_pool", threads._Pool())
    monkeypatch.setattr(threads, "most_threads", threads.processors)
    before, x = running_threads(), np.linspace(-3, 3, 4 * threads.SMALL)
    rows = x.reshape(-1, 64)[:2048]
    fl.set_num_threads(10**6)
    for num_threads in (None, 10**6, 10**400):
        np.testing.assert_array_equal(fl.huber(x, num_threads=num_threads), fl.huber(x, num_threads=1))
        fl.info_nce.value_and_grad(rows, rows[::-1], num_threads=num_threads)
    assert fl.get_num_threads() == 10**6
    assert running_threads() <= before + threads.processors() - 1


def python(code):
    """What a program prints that begins with this; it says nothing else, of exceptions in finalizers, say."""
    begin = """
import atexit, os, resource, signal, sys, threading, time
import fastloss as fl, numpy as np
from fastloss.core import threads
threads.most_threads = lambda: 16
x = np.linspace(-3, 3, 4 * threads.SMALL)
want = fl.huber(x, num_threads=1)

def check(num_threads=7):
    same = (fl.huber(x, num_threads=num_threads) == want).all() and fl.mae(x, x) == 0
    print("right" if same else "wrong", flush=True)
"""
    run = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "Error" not in run.stderr
    return run.stdout.split()


def test_calls_while_the_interpreter_ends():
    """In threads that outlive the main one, in atexit, in a finalizer of the last object."""
    code = """
logits, labels = x.reshape(-1, 64), np.arange(len(x) // 64) % 64
others = fl.cross_entropy.value_and_grad, fl.softmax, fl.center.value_and_grad, fl.arcface.value_and_grad
arguments = (logits, labels), (logits,), (logits, logits[:64], labels), (logits[:256], logits[:64], labels[:256])

class Last:
    def __del__(self, check=check, others=others, arguments=arguments, zip=zip):
        for function, given in zip(others, arguments):
            function(*given, num_threads=3)
        check()

threading.Thread(target=lambda: (time.sleep(0.3), check(), check(9))).start()
atexit.register(check)
sys.modules["kept"] = type(sys)("kept")
sys.modules["kept"].last = Last()
"""
    assert python(code) == ["right"] * 4
    assert python(code + "check()") == ["right"] * 5


def test_a_lock_that_a_thread_took_with_it():
    """A daemon thread that the end of the interpreter stops while it starts threads of the pool."""
    assert python("threads._pool._lock.acquire(); check(); atexit.register(check)") == ["right"] * 2


def test_threads_that_cannot_start():
    """The caller computes what no thread takes, and nothing is written afterwards."""
    code = """
start = threads.start_new_thread
def starts(few):
    def start_new_thread(*arguments):
        nonlocal few
        few -= 1
        if few < 0:
            raise RuntimeError("can't start new thread")
        return start(*arguments)
    return start_new_thread

for few in (0, 1, 3, 0, 5):
    threads.start_new_thread = starts(few)
    check()
    out = np.empty_like(x)
    fl.huber(x, out=out, num_threads=9)
    same, out[:] = (out == want).all(), 7
    time.sleep(0.01)
    print("right" if same and (out == 7).all() else "wrong")
threads.start_new_thread = start
check()
"""
    assert python(code) == ["right"] * 11


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit of memory is one of Linux")
def test_threads_without_memory_for_their_stacks():
    code = """
threading.stack_size(512 << 20)
with open("/proc/self/statm") as statm:
    size = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (256 << 20),) * 2)
check()
check()
"""
    assert python(code) == ["right"] * 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers of signals here")
def test_nothing_is_written_after_an_interrupt():
    """However many there are, and whenever they come."""
    code = """
def stop(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, stop)
out, wrong = np.full_like(x, 7), 0
for k in range(60):
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4 + 5e-5 * k, (0, 1e-4, 3e-4)[k % 3])
        while True:
            fl.huber(x, out=out, num_threads=5)
    except KeyboardInterrupt:
        while True:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                break
            except KeyboardInterrupt:
                pass
        out[:] = 7
        time.sleep(0.003)
        wrong += (out != 7).any()
print(wrong)
check()
"""
    assert python(code) == ["0", "right"]


def test_an_interrupt_of_the_caller_waits_for_the_others():
    """And it ends the call at once, but for the runs that are under way."""
    running, most, caller = [], [], threading.get_ident()

    def run(first, last):
        if threading.get_ident() == caller and running:
            raise KeyboardInterrupt
        running.append(first)
        time.sleep(0.05)
        most.append(len(running))
        running.remove(first)

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            threads.run_blocks(run, 1000, BIG, 4)
        assert not running
    assert len(most) < 60


def test_an_error_of_a_helper_comes_out():
    caller = threading.get_ident()

    def run(first, last):
        time.sleep(0.01)
        if threading.get_ident() != caller:
            raise MemoryError("planted")

    with pytest.raises(MemoryError, match="planted"):
        threads.run_blocks(run, 100, BIG, 4)


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
    for wrong in ("0", "-2", "abc", "1.5", "9" * 5000):
        monkeypatch.setenv("FASTLOSS_NUM_THREADS", wrong)
        with pytest.raises(ValueError, match=r"FASTLOSS_NUM_THREADS.*num_threads must be an integer >= 1, got"):
            fl.get_num_threads()
