"""Trials in child processes that live long: one that crashes or hangs is a finding, and the next goes on.

The children are forks, so that nothing is imported again. The parent must have no threads: it imports, and computes
nothing.
"""

import faulthandler
import multiprocessing
import os
import signal
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import wait

from .finding import Finding, Tally

__all__ = ["run"]

FORK = multiprocessing.get_context("fork")


def run(trial, numbers, processes=1, seconds=60, until=None, enough=None):
    """Tally of trial(number), which returns counts or raises a Finding, over a range of numbers.

    `seconds` is how long a trial may take; `until` the time of the clock (time.monotonic) after which none begins;
    `enough` a function of the counts that ends the run.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="fastloss-attack-") as root:
        tempfile.tempdir = root  # of the children, too, who may not live to clean up
        try:
            _run(trial, numbers, processes, seconds, until, enough, tally)
        finally:
            tempfile.tempdir = None
    return tally


def _run(trial, numbers, processes, seconds, until, enough, tally):
    children = {}
    for first in range(processes):
        child = _Child(trial, numbers[first::processes], seconds)
        children[child.pipe] = child
    while children:
        for pipe in wait(list(children), timeout=1):
            child = children[pipe]
            if not child.receive(tally):
                del children[pipe]
                rest = child.after_its_end(tally)
                if rest:
                    children[rest.pipe] = rest
        is_over = (until is not None and time.monotonic() > until) or (enough is not None and enough(tally.counts))
        for child in children.values():
            if is_over:
                child.stop()
            elif child.is_late():
                child.kill()


class _Child:
    """A process that does trials, one after the other, and sends (number, counts or None, finding or None)."""

    def __init__(self, trial, numbers, seconds):
        self.trial, self.numbers, self.seconds = trial, numbers, seconds
        self.done, self.began, self.is_stopped, self.is_killed = 0, time.monotonic(), False, False
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the child)
        self.pipe, end = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=_work, args=(trial, numbers, end, self.log), daemon=False)
        self.process.start()
        end.close()

    def receive(self, tally):
        """Take in one message; False at the end of the child."""
        try:
            number, counts, finding = self.pipe.recv()
        except (EOFError, OSError):
            return False
        self.done, self.began = self.done + 1, time.monotonic()
        tally.add(counts)
        if finding is not None:
            tally.found(number, finding)
        return True

    def is_late(self):
        return time.monotonic() - self.began > self.seconds

    def kill(self):
        if not self.is_killed:
            self.is_killed = True
            self.process.kill()

    def stop(self):
        if not self.is_stopped:
            self.is_stopped = True
            self.process.kill()

    def after_its_end(self, tally):
        """The child for the trials that are left, if there are any; the one that ended this child is a finding."""
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        self.pipe.close()
        with self.log:
            return self._rest(code, tally)

    def _rest(self, code, tally):
        if self.is_stopped or self.done == len(self.numbers):
            return None
        self.log.seek(0)
        log = self.log.read().decode(errors="replace").split("Extension modules")[0][:1500]
        what = f"took more than {self.seconds} s" if self.is_killed else f"exit code {code}"
        tally.found(self.numbers[self.done], f"{'hang' if self.is_killed else 'crash'}: {what}\n{log}")
        rest = self.numbers[self.done + 1 :]
        return _Child(self.trial, rest, self.seconds) if len(rest) else None


def _work(trial, numbers, pipe, log):
    faulthandler.enable(log, all_threads=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # Python's own of forks beside threads
    for number in numbers:
        counts, finding = {}, None
        try:
            counts = trial(number)
        except Finding as found:
            finding = str(found)
        except BaseException:
            finding = "unexpected: " + traceback.format_exc()
        pipe.send((number, counts, finding))
    os._exit(0)
