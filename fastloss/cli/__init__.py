"""The `fastloss` command: starts with the core alone; its commands need the cli extra."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from fastloss.cli.interrupts import Interrupted, heeded
from fastloss.core.installing import check_pyarrow, install_extra
from fastloss.files.errors import ScoringError, escaped, one_line

INTERRUPTED = 130  # also typer's answer to a KeyboardInterrupt, which libraries with a handler of their own raise
STREAM_ERRORS = (errno.EBADF, errno.EIO, errno.ENOSPC, errno.EFBIG)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 is done, 1 a failed gate, 2 a usage or input error, which prints one line to stderr; of a signal that interrupts
    it 128 and its number.
    """
    _open_streams()
    try:
        # without arguments of its own it is all that the process does
        with heeded(finally_ignored=args is None) as signals:
            code, message = _run(args)
            if message and signals:  # Python and libraries may make another error of what a signal raises in them
                raise Interrupted(signals[0])
    except Interrupted as interrupted:
        code, message = 128 + interrupted.number, "interrupted"
    if message:
        _say(message)
    return code


def _run(args: Sequence[str] | None) -> tuple[int, str]:
    """The exit code and, where the command did not end as it should, why."""
    try:
        import pyarrow  # noqa: F401
        import rich  # noqa: F401
        import typer
    except ImportError:
        return 2, f"the command needs more than the core: {install_extra('cli')}"
    try:
        check_pyarrow()
        from fastloss.cli.app import app

        code = app(sys.argv[1:] if args is None else list(args), standalone_mode=False)
        sys.stdout.flush()
        return code or 0, "interrupted" if code == INTERRUPTED else ""
    except BrokenPipeError:
        return 0, ""
    except SystemExit as exit:  # 1 is typer's answer to a closed pipe
        return 0 if exit.code == 1 else exit.code, ""
    # Every usage error of typer's derives, like the one that it exports, from one base.
    except (typer.BadParameter.__base__, ScoringError, OSError, ImportError, MemoryError) as error:
        return 2, _message(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED, "interrupted"
    except Exception as error:  # a fault of the program: 1 would say that a gate failed
        if os.environ.get("FASTLOSS_TRACEBACK"):
            traceback.print_exc()
        return 2, f"{type(error).__name__}: {one_line(error)} (FASTLOSS_TRACEBACK=1 shows where; please report it)"
    finally:
        _leave_stdout()


def _open_streams() -> None:
    """Let the next file opened not take the number of a stream that the caller closed, and what is printed to it.

    There is nothing to read from it; messages have nowhere to go; results are not to be lost without a word.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode))  # noqa: SIM115


def _say(message: str) -> None:
    """One line to stderr; where that has no room the exit code has to do."""
    with suppress(OSError):
        print(f"fastloss: {escaped(message)}", file=sys.stderr, flush=True)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is None and error.errno in STREAM_ERRORS:  # not of a file
        return f"standard output: cannot be written: {error.strerror}"
    format_message = getattr(error, "format_message", None)
    return " ".join(format_message().splitlines()) if format_message else one_line(error)


def _leave_stdout() -> None:
    """Flush; where that fails, let the interpreter's own last flush go nowhere."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
