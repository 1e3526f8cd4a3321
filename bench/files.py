"""Time and memory of scoring Parquet files, beside pyarrow reading and writing the same columns.

    python bench/files.py [--rows N] [--files N] [--rounds N] [--workers N]

Two data sets: a file of predictions and targets (float64), and a directory of float32 residuals in many files, done by
several workers. pyarrow reads as many files at a time, and writes what fastloss writes: the input's columns and one
more of values, computed beforehand; once with its defaults, which are what counts, and once without dictionaries, as
fastloss writes numbers that do not repeat. The time of the processor is that of one worker, for a tenth of the rows.
Memory is the peak of a process of its own with one worker, for a tenth of the rows and for all of them: in many files,
and in one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from timing import interleave, machine, median_ratio, medians

from fastloss.core.threads import processors
from fastloss.files.writers.sinks import ROW_GROUP_ROWS

LIMIT_FILE, LIMIT_DIRECTORY = 1.5, 1.3  # times pyarrow's
GROWTH = 1.15  # allowed ratio of the peaks for ten times the rows
PART = 500_000
PEAK = """
import re, sys
import fastloss as fl
fl.score(sys.argv[1], sys.argv[2], loss=fl.huber.bind(delta=1.345), residual="r", workers=1)
# Not ru_maxrss, which starts at that of the process before exec.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def write_pairs(path, rows):
    """Predictions and targets in one file."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal(rows)
    pq.write_table(pa.table({"id": np.arange(rows), "y_hat": y + rng.standard_t(2, rows), "y": y}), path)


def write_residuals(path, rows, seed=0):
    """Residuals in one file, written part by part."""
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, pa.schema([("r", pa.float32())])) as writer:
        for start in range(0, rows, PART):
            values = rng.standard_normal(min(PART, rows - start), np.float32)
            writer.write_table(pa.table({"r": values}))


def write_directory(directory, files, rows):
    directory.mkdir()
    for i in range(files):
        write_residuals(directory / f"{i:05}.parquet", rows // files, seed=i)
    return directory


def copy(source, destination, values, use_dictionary=True):
    """Read and write in batches of the row groups that fastloss writes, with values as one more column."""
    file = pq.ParquetFile(source)
    schema = file.schema_arrow.append(pa.field("value", pa.from_numpy_dtype(values.dtype)))
    start = 0
    with pq.ParquetWriter(destination, schema, use_dictionary=use_dictionary) as writer:
        for batch in file.iter_batches(ROW_GROUP_ROWS):
            more = pa.array(values[start : start + len(batch)])
            writer.write_batch(pa.record_batch([*batch.columns, more], schema=schema))
            start += len(batch)


def show(title, seconds, rows):
    print(title)
    for name, median in medians(seconds).items():
        print(f"  {1e9 * median / rows:7.1f} ns a row  {name}")


def compare(title, rows, limit, rounds, contenders):
    """Print the times of fastloss and pyarrow; whether their ratio is within the limit."""
    seconds = interleave(contenders, rounds)
    show(title, seconds, rows)
    ratio = median_ratio(seconds["fastloss"], seconds["pyarrow"])
    return {f"{title}: time {ratio:.2f}x that of pyarrow, at most {limit}x": ratio <= limit}


def one_file(folder, rows, rounds):
    import fastloss as fl

    source = folder / "pairs.parquet"
    write_pairs(source, rows)
    values = np.random.default_rng(1).standard_normal(rows)
    options = {"loss": fl.huber.bind(delta=1.345), "pred": "y_hat", "target": "y"}
    contenders = {
        "fastloss": lambda: fl.score(source, folder / "scored.parquet", **options),
        "pyarrow": lambda: copy(source, folder / "copied.parquet", values),
        "pyarrow, no dictionaries": lambda: copy(source, folder / "copied.parquet", values, use_dictionary=False),
    }
    return compare(f"one file, {rows:,} rows", rows, LIMIT_FILE, rounds, contenders)


def over_directory(source, destination, rows, workers):
    """What is timed: functions that read a directory, and write another but for the one called "summary alone"."""
    import fastloss as fl

    files = sorted(source.iterdir())
    values = fl.huber(np.random.default_rng(1).standard_normal(rows // len(files), np.float32), delta=1.345)

    def score(*where):
        shutil.rmtree(destination, ignore_errors=True)
        fl.score(source, *where, loss=fl.huber.bind(delta=1.345), residual="r", workers=workers)

    def copy_all(use_dictionary):
        shutil.rmtree(destination, ignore_errors=True)
        destination.mkdir()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda file: copy(file, destination / file.name, values, use_dictionary), files))

    return {
        "fastloss": lambda: score(destination),
        "fastloss, summary alone": score,
        "pyarrow": lambda: copy_all(True),
        "pyarrow, no dictionaries": lambda: copy_all(False),
    }


def many_files(source, folder, rows, rounds, workers, files):
    title = f"{files} files, {rows:,} rows, {workers} workers"
    contenders = over_directory(source, folder / "written", rows, workers)
    return compare(title, rows, LIMIT_DIRECTORY, rounds, contenders)


def processor_times(source, folder, rows, rounds):
    """Print the time of the processor, which varies less than that of the clock, with one worker."""
    contenders = over_directory(source, folder / "written", rows, 1)
    seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    show(f"time of the processor, {rows:,} rows", seconds, rows)


def peak_mebibytes(source, destination):
    command = [sys.executable, "-c", PEAK, str(source), str(destination)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(answer) / 1024


def growth(title, small, large, destinations):
    """Whether the peak memory for two inputs is the same."""
    peaks = [peak_mebibytes(*pair) for pair in zip((small, large), destinations, strict=True)]
    text = f"{title}: peak memory {peaks[0]:.0f} MiB for a tenth, {peaks[1]:.0f} MiB for all, at most {GROWTH}x"
    return {text: peaks[1] <= GROWTH * peaks[0]}


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=processors())
    return parser.parse_args()


def main():
    arguments = _arguments()
    rows, files = arguments.rows, arguments.files
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        verdicts = one_file(folder, min(rows, 4_000_000), arguments.rounds)
        large = write_directory(folder / "large", files, rows)
        verdicts |= many_files(large, folder, rows, arguments.rounds, arguments.workers, files)
        small = write_directory(folder / "small", max(files // 10, 1), rows // 10)
        processor_times(small, folder, rows // 10, arguments.rounds)
        verdicts |= growth("many files", small, large, (f"{folder}/peak-small/", f"{folder}/peak-large/"))
        for name, count in (("tenth", rows // 10), ("all", rows)):
            write_residuals(folder / f"{name}.parquet", count)
        out = folder / "peak.parquet"
        verdicts |= growth("one file", folder / "tenth.parquet", folder / "all.parquet", (out, out))
    for text, met in verdicts.items():
        print(f"  {'pass' if met else 'FAIL'}  {text}")
    return 0 if all(verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
