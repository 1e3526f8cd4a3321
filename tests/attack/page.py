"""The counts of docs/reliability.md, a row an attack between two markers; those of attacks that were not run stay."""

import datetime
import os
import platform
from pathlib import Path

__all__ = ["write"]

BEGIN, END = "<!-- counts: begin -->\n", "<!-- counts: end -->\n"
HEADER = ["| attack | tried | findings | when and where |", "|---|---|---|---|"]


def write(path, tallies, seed):
    text = Path(path).read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    kept, after = rest.split(END)
    rows = {line.split("|")[1].strip(): line for line in kept.splitlines()[len(HEADER) :]}
    rows |= {name: _row(name, tally, seed) for name, tally in tallies.items()}
    table = "\n".join([*HEADER, *rows.values()])
    Path(path).write_text(f"{before}{BEGIN}{table}\n{END}{after}", encoding="utf-8")


def _row(name, tally, seed):
    tried = ", ".join(f"{count:,} {what}".replace(",", " ") for what, count in sorted(tally.counts.items()))
    where = f"{_processor()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    when = f"{datetime.date.today()}, seed {seed}; {where}"
    return f"| {name} | {tried or 'nothing'} | {len(tally.findings)} | {when} |"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
