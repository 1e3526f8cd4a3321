"""How far a job is: a bar for people, lines for machines."""

import sys
import time
from contextlib import nullcontext
from json import dumps

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from fastloss.cli.tables import console_on


def progress_bar(data_on_stdout: bool):
    """A progress bar on stderr as a callable; None without a terminal of its own."""
    if not sys.stderr.isatty() or (data_on_stdout and sys.stdout.isatty()):
        return nullcontext()
    return _Bar()


def log_fragment(fragment: dict) -> None:
    """One line for machines."""
    print(dumps(fragment), file=sys.stderr, flush=True)


class _Bar:
    """Fragments and rows done, rows a second, time left."""

    def __init__(self):
        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[fragments]}{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console_on(sys.stderr),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, rows=0, rate=0.0, fragments="")
        self._start = time.monotonic()

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def moved(self, rows: int, share: float | None) -> None:
        known = {} if share is None else {"total": 1.0, "completed": share}
        rate = rows / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(self._task, rows=rows, rate=rate, **known)

    def ended(self, fragment: dict) -> None:
        if fragment["of"] > 1:
            self._bar.update(self._task, fragments=f"{fragment['done']:,} of {fragment['of']:,} files, ")
