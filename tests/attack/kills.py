"""Jobs that are killed at random moments, at times twice, and then resumed: they leave what a run leaves that nothing
disturbed, byte for byte."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet

import fastloss as fl
from fastloss import cli
from fastloss.cli import app  # noqa: F401  (what each job would import)

from .finding import require

__all__ = ["trial"]

SIZES = (4, 24_000), (40, 3_000)  # files, and their rows; outputs of small ones are named together
INT, TERM, HUP, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL
SIGNALS = ((KILL,), (KILL,), (INT,), (TERM,), (HUP,), (INT, INT), (TERM, TERM), (INT, TERM), (INT, INT, INT))
CODES = {0, *(128 + s for s in (INT, TERM, HUP)), *(-s for s in (INT, TERM, HUP, KILL))}  # below 0: not handled yet
PACKAGES = Path(fl.__file__).parents[1]
LONGEST = 30  # seconds that a job may take


def trial(seed):
    random = Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        _make_data(random)
        job = _job(random)
        start = time.monotonic()
        require(_ended(_start([*job, "-o", _named("whole", job)])) == 0, "fails", lambda: _said())
        took = time.monotonic() - start
        wanted = _listing(_named("whole", job))
        kills = random.choice((1, 1, 2, 3))
        output, killed, is_clean = _named("torn", job), [], True
        for number in range(kills):
            signals = random.choice(SIGNALS)
            delay, gap = random.uniform(0, 1.1 * took), random.choice((0, 0.001, 0.02))
            is_program = random.random() < 0.1 and (number == 0 or signals == (KILL,))
            again = ["--resume"] if number and output.endswith("/") else []
            asked = _asked_before(random, job)
            pid = _start([*asked, "-o", output, *again], is_program)
            if is_program and signals != (KILL,):
                _wait_for_output(pid)  # an interrupt before is Python's own affair
            code = _killed(pid, signals, delay, gap)
            killed.append(f"{'+'.join(s.name for s in signals)} after {delay:.3f} s, exit code {code}")
            require(code in CODES, "exit code", lambda: f"{killed}: {_said()}")
            require("Traceback" not in _said(), "traceback", _said)
            is_clean = is_clean and KILL not in signals
            if is_clean and code > 0:  # a kill before leaves what only a job that gets further finds
                left = [name for name in _names() if name.endswith(".tmp")]
                require(not left, "left behind", f"{left} after {killed}")
        again = ["--resume"] if output.endswith("/") else []
        code = _ended(_start([*job, "-o", output, *again]))
        require(code == 0, "not resumed", lambda: f"exit code {code} after {killed}: {_said()}")
        got = _listing(output)
        require(got == wanted, "listing differs", lambda: f"{_difference(got, wanted)} after {killed}; {job}")
        others = [name for name in os.listdir() if name not in ("data", "said", "whole", "torn")]
        others = [name for name in others if not name.startswith(("whole.", "torn."))]
        require(not others, "left behind", f"{others} after {killed}; {job}")
    return {"kills": kills}


def _make_data(random):
    rng = np.random.default_rng(random.getrandbits(32))
    files, rows = random.choice(SIZES)
    os.mkdir("data")
    for k in range(files):
        table = pa.table({"r": rng.standard_normal(rows), "g": rng.integers(0, 5, rows)})
        pa.parquet.write_table(table, f"data/{k}.parquet", row_group_size=4000)


def _job(random):
    job = ["data" if random.random() < 0.7 else "data/0.parquet", "--loss", "huber", "--residual", "r"]
    job += ["--by", "g"] if random.random() < 0.3 else []
    if job[0] == "data":
        job += ["--workers", str(random.choice((1, 2)))]
        job += ["--fragment-rows", "8000"] if random.random() < 0.5 else []
    return job


def _asked_before(random, job):
    """The job; or one whose fragments or inputs are others, so that outputs of it are stale when the job is resumed."""
    if job[0] != "data" or random.random() < 0.7:
        return job
    if "--fragment-rows" in job:
        return [*job[:-1], "12000"]
    if random.random() < 0.5:
        return [*job, "--fragment-rows", "12000"]
    return ["data/0.parquet", "data/2.parquet", *job[1:]]


def _named(stem, job):
    return f"{stem}/" if job[0] == "data" else f"{stem}.parquet"


def _start(arguments, is_program=False):
    """The number of a process that runs the command: a fork of this one, or a program of its own."""
    arguments = ["score", *arguments]
    if is_program:
        with open("said", "w") as said:
            command = [sys.executable, "-m", "fastloss", *arguments]
            paths = {**os.environ, "PYTHONPATH": str(PACKAGES)}
            child = subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=_forget_signals, env=paths)
        child.returncode = 0  # it is waited for below
        return child.pid
    pid = os.fork()
    if pid:
        return pid
    code = 128 + INT
    try:  # from before it can be interrupted
        _forget_signals()
        said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (open(k, "w", buffering=1, closefd=False) for k in (1, 2))  # noqa: SIM115
        code = cli.main(arguments)
    except SystemExit as exit:
        code = exit.code
    finally:
        os._exit(code)


def _forget_signals():
    signal.signal(INT, signal.default_int_handler)


def _killed(pid, signals, delay, gap):
    time.sleep(delay)
    for number in signals:
        if not _is_over(pid):
            os.kill(pid, number)
        time.sleep(gap)
    return _ended(pid)


def _wait_for_output(pid):
    while not any("torn" in name for name in _names()) and not _is_over(pid):
        time.sleep(0.002)


def _is_over(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ended(pid):
    """The exit code of a process, which is waited for."""
    end = time.monotonic() + LONGEST
    while not _is_over(pid):
        if time.monotonic() > end:
            os.kill(pid, KILL)
            os.waitpid(pid, 0)
            require(False, "hang", f"after {LONGEST} s: {_said()}")
        time.sleep(0.002)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _said():
    return Path("said").read_text(errors="replace")[-1500:]


def _names():
    return [os.path.join(at, name) for at, _, names in os.walk(".") for name in names]


def _listing(path):
    """{name: bytes} of a file, or of all files in a directory."""
    if os.path.isfile(path):
        return {"": Path(path).read_bytes()}
    files = [Path(at, name) for at, _, names in os.walk(path) for name in names]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def _difference(got, wanted):
    missing, more = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    others = sorted(name for name in got.keys() & wanted.keys() if got[name] != wanted[name])
    return f"missing {missing}, more {more}, changed {others}"
