"""Locks that the operating system takes back when the process that holds them ends, however it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fastloss.files.errors import ScoringError

try:
    import fcntl
except ImportError:  # Windows, which removes no file that is open
    fcntl = None


def lock(file) -> bool:
    """Hold an open file until it is closed; whether no other process, or other opening of the file, holds it.

    Raises
    ------
    OSError
        If its file system has no locks.
    """
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def hold(file) -> bool:
    """As `lock`, for a file of ours that others would remove: whether none has done so, or is about to."""
    with suppress(OSError):  # without locks nobody removes it, and two jobs in a directory do not see each other
        if not lock(file):
            return False
    return not is_removed(file)


def is_removed(file) -> bool:
    """Whether an open file has lost its name, or another file has got it."""
    try:
        return not os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except FileNotFoundError:
        return True


def owner() -> str:
    """Who holds a lock, in words."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def machine() -> str | None:
    """What tells this machine, since it was started, and our processes in it from others; None if nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def is_dead(there: str | None, process: int | None) -> bool:
    """Whether a process of a machine has certainly ended."""
    if there is None or there != machine() or type(process) is not int or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def busy(holder: str, advice: str) -> ScoringError:
    """What to say where another job has locked a directory."""
    return ScoringError(f"another job writes into this directory ({holder}): {advice}")


@contextmanager
def locked_file(path: str) -> Iterator[None]:
    """Hold the lock file of a directory; it is gone at the end of the block, and free if this process is killed.

    Raises
    ------
    ScoringError
        If another job holds it.
    OSError
        If it cannot be written.
    """
    file = None
    try:
        file = _taken(path)
        with suppress(OSError):  # a full disk
            file.truncate(0)
            file.write(owner().encode())
        yield
    finally:
        if file is not None:
            with suppress(FileNotFoundError):
                os.unlink(path)  # while it is held: who opened it meanwhile sees that it is removed
            file.close()


def remove_unheld(path: str) -> None:
    """Remove a file, unless a process holds it, or it is not ours to write."""
    with suppress(OSError), open(path, "r+b", buffering=0) as file:  # without locks nobody tells who is alive
        if lock(file):
            os.unlink(path)


def _itself(path: str, flags: int) -> int:
    """Opens a file, but no other that a link leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _taken(path: str):
    """The lock file, open and held."""
    while True:
        try:
            file = open(path, "a+b", buffering=0, opener=_itself)  # noqa: SIM115
        except FileNotFoundError:  # a job that found nothing to do has removed the directory that it had made
            os.makedirs(os.path.dirname(path), exist_ok=True)
            continue
        if hold(file):
            return file
        with file:
            file.seek(0)
            holder = file.read().decode(errors="replace") or "which has just begun"
            if not is_removed(file):
                raise busy(holder, "wait for its end, or give each job a directory of its own")
