"""Programs that end, or run out of threads, while the kernels compute: `python victims.py NAME`. A program prints
"right" for each result that has the bits of a call on one thread, and exits with 0."""

import atexit
import ctypes
import signal
import sys
import threading
import time

import numpy as np

import fastloss as fl
from fastloss.core import threads

SIZE = 3 * threads.SMALL
X = np.random.default_rng(0).standard_normal(SIZE).astype(np.float32)


def value(num_threads):
    return fl.robust(X, alpha=0.5, num_threads=num_threads).tobytes()


def total(num_threads):
    return fl.huber(X, reduction="sum", num_threads=num_threads)


def check(num_threads, times=1):
    for _ in range(times):
        right = value(num_threads) == WANTED and total(num_threads) == TOTAL
        print("right" if right else "wrong", flush=True)


def outlives_main():
    """Ordinary threads that begin calls after the main thread has ended."""
    for delay in (0, 0.05, 0.3):
        threading.Thread(target=lambda delay=delay: (time.sleep(delay), check(3, 3))).start()


def at_exit():
    atexit.register(check, 4, 3)
    check(2)


class Last:
    def __init__(self):
        self._check = check  # its module's names may be gone by then

    def __del__(self):
        self._check(3, 2)


def in_del():
    """An object that only the end of the interpreter deletes."""
    sys.modules["kept"] = type(sys)("kept")
    sys.modules["kept"].last = Last()


def daemons():
    """Daemon threads that compute while the interpreter ends: they may not end in a crash."""
    for _ in range(3):
        threading.Thread(target=lambda: [value(3) for _ in range(1000)], daemon=True).start()
    time.sleep(0.05)
    print("right")


def few_threads():
    """From the first, second, ... thread on none starts; calls compute all the same, and so once they start again."""
    shim = ctypes.CDLL(None)
    for more in (0, 1, 2, 0, 5):
        shim.attack_limit_threads(more)
        check(7)
        out = np.empty_like(X)
        fl.robust(X, alpha=0.5, num_threads=9, out=out)
        before = out.copy()
        time.sleep(0.02)
        print("right" if out.tobytes() == WANTED and (out == before).all() else "wrong")
    shim.attack_limit_threads(-1)
    check(7)


def interrupted():
    """Ctrl-C, again and again, at any moment of calls: whatever it ends has stopped writing when it comes out."""

    def stop(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, stop)
    rng = np.random.default_rng(1)
    out, caught = np.empty_like(X), 0
    for _ in range(60):
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-4, 4e-3), rng.choice((0.0, 3e-4)))
            while True:
                fl.robust(X, alpha=0.5, num_threads=3, out=out)
        except KeyboardInterrupt:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                signal.setitimer(signal.ITIMER_REAL, 0)
            caught += 1
            out[:] = 7
            time.sleep(0.003)
            if (out != 7).any():
                print("wrong: written after the interrupt")
    check(3)
    print("right" if caught == 60 else "wrong")


if __name__ == "__main__":
    WANTED, TOTAL = value(1), total(1)
    {f.__name__: f for f in (outlives_main, at_exit, in_del, daemons, few_threads, interrupted)}[sys.argv[1]]()
