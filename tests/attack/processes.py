"""Forks while other threads compute; interpreters that end while calls are under way; threads that cannot start; calls
that are interrupted."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

import fastloss as fl
from fastloss.core import threads

from .finding import require
from .shims import compiled

__all__ = ["trial"]

RIGHT = {"outlives_main": 9, "at_exit": 4, "in_del": 2, "daemons": 1, "few_threads": 11, "interrupted": 2}
FORKS = 6
SECONDS = 40  # that a process may take


def trial(seed):
    number = int(seed.split("/")[1])
    _forks(Random(seed))
    _program(list(RIGHT)[number % len(RIGHT)])
    return {"forks": FORKS, "programs": 1}


def _program(name):
    paths = {**os.environ, "PYTHONPATH": str(Path(fl.__file__).parents[1])}
    if name == "few_threads":
        paths["LD_PRELOAD"] = str(compiled("failures"))
    command = [sys.executable, "-X", "faulthandler", str(Path(__file__).parent / "victims.py"), name]
    try:
        run = subprocess.run(command, env=paths, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        require(False, "hang", f"{name}: {error}")
    said = f"{run.stdout}{run.stderr}"[-1500:]
    require(run.returncode == 0, "exit code", f"{name}: {run.returncode}\n{said}")
    require(not run.stderr, "said", f"{name}: {run.stderr[-1500:]}")
    require(run.stdout.split() == ["right"] * RIGHT[name], "wrong", f"{name}: {run.stdout}")


@cache
def _data():
    x = np.random.default_rng(0).standard_normal(3 * threads.SMALL).astype(np.float32)
    return x, fl.robust(x, alpha=0.5, num_threads=1).tobytes()


def _forks(random):
    """Children that compute on threads of their own, forked at random moments of calls in other threads."""
    x, wanted = _data()
    is_over = threading.Event()

    def compute():
        while not is_over.is_set():
            fl.robust(x, alpha=0.5, num_threads=3)

    callers = [threading.Thread(target=compute) for _ in range(2)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(FORKS):
            time.sleep(random.uniform(0, 0.01))
            child = os.fork()
            if child == 0:
                signal.alarm(SECONDS // 2)
                right = all(fl.robust(x, alpha=0.5, num_threads=n).tobytes() == wanted for n in (1, 3, 2))
                os._exit(0 if right else 1)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            require(code == 0, "fork", f"exit code {code}")
    finally:
        is_over.set()
        for caller in callers:
            caller.join()
