"""Signals that ask the command to end."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
PATIENCE = 10.0  # seconds


class Interrupted(BaseException):
    """A signal has come: the command unwinds as on an error, so that its temporary files go."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextmanager
def heeded(finally_ignored: bool) -> Iterator[list[int]]:
    """Raise `Interrupted` in the block when a signal comes that is not ignored (as it is under nohup).

    The block gets the list of those that came. A second signal does not cut short what the first has begun, unless that
    takes long: Python may have lost the first where it can but print an exception. After the block signals do what they
    did before or, if the process is to end there, nothing.
    """
    came: list[int] = []
    last = -math.inf

    def interrupt(number, frame):
        nonlocal last
        came.append(number)
        if time.monotonic() - last > PATIENCE:
            last = time.monotonic()
            raise Interrupted(number)

    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] != signal.SIG_IGN]
    try:
        for number in heeded:
            signal.signal(number, interrupt)
        yield came
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN if finally_ignored else before[number])
