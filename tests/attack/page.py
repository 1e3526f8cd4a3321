"""The counts of docs/reliability.md, between two markers."""

import datetime
import os
import platform
from pathlib import Path

__all__ = ["write"]

BEGIN, END = "<!-- counts: begin -->\n", "<!-- counts: end -->\n"


def write(path, tallies, seed):
    text = Path(path).read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    Path(path).write_text(before + BEGIN + _table(tallies, seed) + END + after, encoding="utf-8")


def _table(tallies, seed):
    lines = [
        f"{datetime.date.today()}, {_processor()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"seed {seed}:",
        "",
        "| attack | tried | findings |",
        "|---|---|---|",
    ]
    for name, tally in tallies.items():
        tried = ", ".join(f"{count:,} {what}".replace(",", " ") for what, count in sorted(tally.counts.items()))
        lines.append(f"| {name} | {tried or 'nothing'} | {len(tally.findings)} |")
    return "\n".join(lines) + "\n"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
