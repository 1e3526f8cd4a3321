"""Time and memory of scoring a Parquet file, beside pyarrow reading and writing the same columns.

    python bench/files.py [--rows N] [--rounds N]

pyarrow reads the input in batches and writes what fastloss writes: the input's columns and one
more of values, computed beforehand.  Both use one process and pyarrow's own threads.  Memory is the
peak of a process of its own, for N rows and for 4 N rows.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from timing import interleave, machine, median_ratio, medians

LIMIT = 1.5
GROWTH = 1.1  # allowed ratio of the peaks for four times the rows
PEAK = """
import resource, sys
import fastloss as fl
fl.score(sys.argv[1], sys.argv[2], loss=fl.huber.bind(delta=1.345), pred="y_hat", target="y")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_input(path, rows):
    """Predictions and targets, written part by part."""
    rng = np.random.default_rng(0)
    schema = pa.schema([("id", pa.int64()), ("y_hat", pa.float64()), ("y", pa.float64())])
    part = 1_000_000
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, part):
            count = min(part, rows - start)
            y = rng.standard_normal(count)
            columns = [np.arange(start, start + count), y + rng.standard_t(2, count), y]
            writer.write_table(pa.table(columns, schema=schema))


def score(source, destination):
    import fastloss as fl

    fl.score(source, destination, loss=fl.huber.bind(delta=1.345), pred="y_hat", target="y")


def copy_with_pyarrow(source, destination, values):
    """Read and write in batches, with the values as one more column."""
    file = pq.ParquetFile(source)
    schema = file.schema_arrow.append(pa.field("value", pa.float64()))
    start = 0
    with pq.ParquetWriter(destination, schema) as writer:
        for batch in file.iter_batches(1 << 17):
            more = pa.array(values[start : start + len(batch)])
            writer.write_batch(pa.record_batch([*batch.columns, more], schema=schema))
            start += len(batch)


def peak_mebibytes(source, destination):
    command = [sys.executable, "-c", PEAK, str(source), str(destination)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(answer) / 1024


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def main():
    arguments = _arguments()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source, large = folder / "in.parquet", folder / "large.parquet"
        write_input(source, arguments.rows)
        values = np.random.default_rng(1).standard_normal(arguments.rows)
        contenders = {
            "fastloss": lambda: score(source, folder / "scored.parquet"),
            "pyarrow": lambda: copy_with_pyarrow(source, folder / "copied.parquet", values),
        }
        seconds = interleave(contenders, arguments.rounds)
        for name, time in medians(seconds).items():
            print(f"  {1e9 * time / arguments.rows:7.1f} ns a row  {name}")
        ratio = median_ratio(seconds["fastloss"], seconds["pyarrow"])
        write_input(large, 4 * arguments.rows)
        small, big = (peak_mebibytes(path, folder / "out.parquet") for path in (source, large))
    verdicts = {
        f"time {ratio:.2f}x that of pyarrow, at most {LIMIT}x": ratio <= LIMIT,
        f"peak memory {small:.0f} MiB, {big:.0f} MiB with four times the rows, at most {GROWTH}x": big
        <= GROWTH * small,
    }
    for text, met in verdicts.items():
        print(f"  {'pass' if met else 'FAIL'}  {text}")
    return 0 if all(verdicts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
