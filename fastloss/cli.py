"""The `fastloss` command: starts with the core alone; its commands need the cli extra."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from fastloss.scoring.errors import ScoringError, one_line


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 is done, 1 a failed gate, 2 a usage or input error, which prints one line to stderr.
    """
    try:
        import pyarrow  # noqa: F401
        import rich  # noqa: F401
        import typer
    except ImportError:
        return _failed("the command needs more than the core: pip install 'fastloss[cli]'")
    from fastloss._commands import app

    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(sys.argv[1:] if args is None else list(args), standalone_mode=False)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:
        return 0
    except SystemExit as exit:  # 1 is typer's answer to a closed pipe
        return 0 if exit.code == 1 else exit.code
    # Every usage error of typer's derives, like the one that it exports, from one base.
    except (typer.BadParameter.__base__, ScoringError, OSError, ImportError, MemoryError) as error:
        return _failed(_message(error))
    except (KeyboardInterrupt, typer.Abort):
        print("fastloss: interrupted", file=sys.stderr)
        return 130
    finally:
        _leave_stdout()


def _failed(message: str) -> int:
    print(f"fastloss: {message}", file=sys.stderr)
    return 2


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    format_message = getattr(error, "format_message", None)
    return " ".join(format_message().split()) if format_message else one_line(error)


def _leave_stdout() -> None:
    """Flush; where that fails, let the interpreter's own last flush go nowhere."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _terminate(signum, frame):
    """Unwind as on an error, so that temporary files go."""
    sys.exit(128 + signum)
