"""Files scored by fastloss and by other libraries: time, memory and bytes of each job, in a page.

    python bench/files.py [--only TEXT] [--rounds N] [--share N] [--write docs/files.md]

Each job runs in a process of its own for each library and round, first once to import and to warm up, then timed; the
libraries take turns, and the least of the times counts. The results are read back and compared. --share takes an N-th
of the rows. Needs polars, DuckDB, pandas and, for what is called from other libraries, DataFusion.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import file_data
import file_peers
import hosts
import numpy as np
from file_peers import NAMES
from timing import machine

from fastloss.core.threads import processors

PAGE = """\
# Files, beside other libraries

The same jobs by fastloss, polars (streaming), DuckDB, pyarrow with NumPy between its reader and its writer, and pandas:
Huber's loss of two columns, or the cross-entropy of a column of lists. The input's columns are kept but where it says
otherwise; Parquet is written with snappy by all. What they write is read back and compared. Their code is in
`bench/file_peers.py`; a mistake in it that costs one of them time is a bug, please tell.

{machine}, {threads} threads, load {load:.1f}.
The least of {rounds} rounds in which all take turns, in a process of its own, warm, the input in the cache of the file
system. On a machine that others use, read the ratios of processor times. Written by
`python bench/files.py --write docs/files.md`.

## Processor time, seconds

"Ahead" is the time of the best of polars, DuckDB and pyarrow over that of fastloss; of quantiles, many files and
logits, the best of polars and DuckDB; in brackets what it has to be. Every summary of fastloss has quantiles within 1%
and an exact sum; for quantiles, pyarrow with NumPy and pandas hold all values in memory.

{processor}

## Time by the clock, seconds

{wall}

## Peak memory of the process, MiB

The last column is that of fastloss for a tenth of the rows.

{peak}

## Bytes written, MB

{written}

## Start-up

Processor time of a whole Python, milliseconds: ten rows of Parquet scored and written, or an import alone.

| | ms |
|---|---:|
{starts}

## Inside other libraries

Nanoseconds of a processor a row, of two float64 columns with nulls: the function or expression that
`fastloss.integrations` makes, the best lambda of one line, which calls NumPy on what the library hands over, and the
library's own expression or, of pandas, arithmetic of its columns. `python bench/hosts.py` measures this alone.

{hosts}
"""
STREAMING = "polars", "DuckDB", "pyarrow"
TWO = STREAMING[:2]
FIGURES = "processor", "wall", "peak", "written"


@dataclass(frozen=True)
class Job:
    """What is made, who scores it, and how many times as fast as the best of `against` fastloss must be."""

    make: Callable
    rows: int
    source: str
    destination: str | None
    contenders: dict[str, Callable]
    factor: float
    against: tuple[str, ...] = STREAMING


PAIRS = file_data.write_pairs, 4_000_000, "pairs.parquet"
MIXED = file_data.write_mixed, 200_000, "mixed.parquet"
SMALL = file_data.write_small, 4_000_000, "small"
LOGITS = file_data.write_logits, 2000, "logits.parquet"
TEXT = file_data.write_csv, 500_000, "pairs.csv"

JOBS = {
    "Parquet, 4 float32 columns": Job(*PAIRS, "scored.parquet", file_peers.KEPT, 1.5),
    "Parquet, 40 mixed columns": Job(*MIXED, "scored.parquet", file_peers.KEPT, 4),
    "Parquet, no column kept": Job(*PAIRS, "scored.parquet", file_peers.NOTHING_KEPT, 0.95),
    "summary with quantiles": Job(*PAIRS, None, file_peers.QUANTILE_SUMMARY, 4, TWO),
    "summary; peers mean, min, max": Job(*PAIRS, None, file_peers.SUMMARY, 0.95),
    "1000 files written": Job(*SMALL, "scored", file_peers.FOLDER, 1, TWO),
    "1000 files, summary": Job(*SMALL, None, file_peers.SUMMARY, 1 / 3, TWO),
    "CSV, 10 columns": Job(*TEXT, "scored.csv", file_peers.CSV, 0.95),
    "logits of 20000 classes, kept": Job(*LOGITS, "scored.parquet", file_peers.LOGITS, 2, TWO),
    "logits of 20000 classes": Job(*LOGITS, "scored.parquet", file_peers.LOGITS_ALONE, 2, TWO),
}

TEN_ROWS = {
    "fastloss score": "from fastloss.cli import main; raise SystemExit(main("
    "['score', 'ten.parquet', '-o', 'a.parquet', '--loss', 'huber', '--residual', 'r']))",
    "polars": "import polars as pl; r = pl.col('r').abs(); pl.scan_parquet('ten.parquet').with_columns("
    "value=pl.when(r <= 1).then(r * r / 2).otherwise(r - 0.5)).sink_parquet('b.parquet')",
    "DuckDB": "import duckdb; duckdb.execute(\"COPY (SELECT *, CASE WHEN abs(r) <= 1 THEN r * r / 2 ELSE abs(r) - 0.5 "
    "END AS value FROM 'ten.parquet') TO 'c.parquet'\")",
    "pandas": "import pandas as pd, numpy as np; f = pd.read_parquet('ten.parquet'); a = f['r'].abs(); "
    "f.assign(value=np.where(a <= 1, a * a / 2, a - 0.5)).to_parquet('d.parquet')",
    "import pyarrow.parquet": "import pyarrow.parquet",
    "import numpy": "import numpy",
    "import fastloss": "import fastloss",
}  # fmt: skip


# ---- one run, in a process of its own -------------------------------------------------------------------------------


def processor_seconds():
    return sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak_mebibytes():
    """Of this process; not ru_maxrss, which starts at that of the process before exec."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def size(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def run(job, contender, source, destination):
    """Score twice; the figures of the second time."""
    for place in (destination and destination.with_name(f"warm-{destination.name}"), destination):
        begin, wall = processor_seconds(), time.perf_counter()
        summary = job.contenders[contender](source, place)
        figures = {"processor": processor_seconds() - begin, "wall": time.perf_counter() - wall}
    figures |= {"peak": peak_mebibytes(), "written": 0 if destination is None else size(destination) / 1e6}
    if summary:
        figures["summary"] = {name: float(value) for name, value in summary.items()}
    return figures


# ---- all runs of a job ----------------------------------------------------------------------------------------------


def measure(name, folder, rounds, share, contenders=NAMES):
    """{contender: figures}, the least of each over the rounds; the results are the same."""
    job, found = JOBS[name], {}
    source = folder / f"{share}-{job.source}"
    if not source.exists():
        job.make(source, job.rows // share)
    destinations = {}
    for turn in range(rounds):
        for who in contenders:
            remove_files(folder / who)
            # Many files that have just been removed slow those down that are made in their place.
            place = folder / who / str(turn)
            place.mkdir(parents=True)
            destinations[who] = place / job.destination if job.destination else None
            command = [sys.executable, __file__, "--run", name, who, source, destinations[who] or ""]
            figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            best = found.setdefault(who, figures)
            best |= {what: min(best[what], figures[what]) for what in FIGURES}
    if job.destination is None:
        check_summaries(found)
    else:
        check_outputs(source, destinations.values())
    for who in contenders:
        shutil.rmtree(folder / who)
    return found


def remove_files(folder):
    """The single files that a contender wrote in the rounds before; directories stay."""
    for path in folder.glob("*/*"):
        if path.is_file():
            path.unlink()


def check_summaries(found):
    for name, value in found["fastloss"]["summary"].items():
        for contender, figures in found.items():
            other = figures["summary"].get(name, value)
            allowed = 0.01 * value if name.startswith("0") else 1e-5 * abs(value)
            if not abs(other - value) <= allowed:
                raise AssertionError(f"{contender}: {name} is {other}, of fastloss {value}")


def check_outputs(source, paths):
    """That all wrote the same values, and the columns that they carry as they are in the input."""
    first = sorted(source.iterdir())[0] if source.is_dir() else source
    given = rows_of(first)
    wanted = None
    for path in paths:
        table = rows_of(path / first.name if path.is_dir() else path)
        values = table["value"].to_numpy()
        wanted = values if wanted is None else wanted
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-6, err_msg=str(path))
        for name in table.column_names[:-1]:
            for rows in (slice(0, 50), slice(len(values) - 50, len(values))):
                if table[name][rows].to_pylist() != given[name][rows].to_pylist():
                    raise AssertionError(f"{path}: {name} is not as in the input")


def rows_of(path):
    import pyarrow.csv
    import pyarrow.parquet as pq

    return pyarrow.csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)


def start_up(folder, rounds):
    """{what: least processor seconds of a Python that does it}."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"r": np.arange(10.0)}), folder / "ten.parquet")
    found = {}
    for _ in range(rounds + 1):  # the first time modules are compiled
        for name, what in TEN_ROWS.items():
            begin = processor_seconds()
            subprocess.run([sys.executable, "-c", what], check=True, capture_output=True, cwd=folder)
            found[name] = min(found.get(name, np.inf), processor_seconds() - begin)
    return found


# ---- the page -------------------------------------------------------------------------------------------------------


def ahead(name, found):
    """How many times as fast as the best of the peers fastloss is, and has to be."""
    job = JOBS[name]
    best = min(found[peer]["processor"] for peer in job.against)
    return f"{best / found['fastloss']['processor']:.2f} ({job.factor:.2g})"


def table(results, what, digits, **more):
    """A line a job and a column a library of one of the figures, and columns more of {job: text}."""
    heads = [*NAMES, *more]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for name, found in results.items():
        cells = [f"{found[contender][what]:.{digits}f}" for contender in NAMES]
        lines.append(f"| {name} | {' | '.join([*cells, *(column[name] for column in more.values())])} |")
    return "\n".join(lines)


def page(results, tenths, starts, share, rounds):
    return PAGE.format(
        machine=machine(),
        load=os.getloadavg()[0],
        threads=processors(),
        rounds=rounds,
        processor=table(
            results,
            "processor",
            3,
            ahead={name: ahead(name, found) for name, found in results.items()},
            rows={name: f"{JOBS[name].rows // share:,}" for name in results},
        ),
        wall=table(results, "wall", 3),
        peak=table(
            results, "peak", 0, tenth={name: f"{found['fastloss']['peak']:.0f}" for name, found in tenths.items()}
        ),
        written=table({name: found for name, found in results.items() if JOBS[name].destination}, "written", 1),
        starts="\n".join(f"| `{name}` | {1000 * seconds:.0f} |" for name, seconds in starts.items()),
        hosts=hosts.table(hosts.ROWS, rounds),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="jobs whose name has TEXT, printed as they are done")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=int, default=1, help="an N-th of the rows")
    parser.add_argument("--write", metavar="FILE", help="write the page")
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        name, contender, source, destination = given.run
        print(json.dumps(run(JOBS[name], contender, Path(source), Path(destination) if destination else None)))
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    results, tenths = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        for name in JOBS:
            if given.only in name:
                results[name] = measure(name, folder, given.rounds, given.share)
                tenths[name] = measure(name, folder, 1, 10 * given.share, ("fastloss",))
                show(name, results[name])
        starts = start_up(folder, given.rounds)
    if given.write:
        Path(given.write).write_text(page(results, tenths, starts, given.share, given.rounds), encoding="utf-8")


def show(name, found):
    print(f"{name}: ahead {ahead(name, found)}")
    for contender, figures in found.items():
        print(f"    {contender:10}", *(f"{what} {figures[what]:8.3f}  " for what in FIGURES), flush=True)


if __name__ == "__main__":
    main()
