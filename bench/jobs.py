"""Jobs from Parquet file to Parquet file, beside what polars, DuckDB and pyarrow take for the same.

    python bench/jobs.py [--rows N] [--rounds N] [--data NAME ...] [--peers NAME ...]

The value of huber of two float32 columns is appended to a file of four such columns, and to one of 40 of all kinds; is
written alone; and is summarized (polars and DuckDB give the mean, and the extremes). Files are in the page cache, all
outputs are compressed by snappy. Printed are, a row, the processor's time and that of the clock, each the minimum of
interleaved runs, and the bytes that are written.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from timing import machine

import fastloss as fl

KINDS = 6  # of columns in the mixed file
HUBER = "case when abs(y_hat - y) <= 1 then 0.5 * (y_hat - y) * (y_hat - y) else abs(y_hat - y) - 0.5 end"


def four(rows, rng):
    return pa.table({name: rng.standard_normal(rows, np.float32) for name in ("y_hat", "y", "a", "b")})


def mixed(rows, rng):
    """Numbers, texts, dictionaries, times and lists."""
    words = pa.array([f"word {i}" for i in range(1000)])

    def column(kind):
        if kind in (1, 2):
            texts = words.take(pa.array(rng.integers(0, len(words), rows)))
            return texts if kind == 1 else texts.dictionary_encode()
        if kind == 3:
            return pa.array(rng.integers(0, 10**15, rows)).cast(pa.timestamp("us"))
        if kind == 4:
            return rng.integers(0, 10**6, rows)
        if kind == 5:
            ends = np.arange(0, 2 * rows + 1, 2, np.int32)
            return pa.ListArray.from_arrays(ends, rng.integers(0, 100, 2 * rows).astype(np.int32))
        return rng.standard_normal(rows)

    scored = {name: rng.standard_normal(rows, np.float32) for name in ("y_hat", "y")}
    return pa.table(scored | {f"c{i}": column(i % KINDS) for i in range(38)})


DATA = {"four": four, "mixed": mixed}


def by_fastloss(source, job, out):
    keep = "none" if job == "values" else "all"
    fl.score(source, out, loss=fl.huber, pred="y_hat", target="y", keep=keep)


def by_polars(source, job, out):
    residual = pl.col("y_hat") - pl.col("y")
    size = residual.abs()
    value = pl.when(size <= 1).then(0.5 * residual * residual).otherwise(size - 0.5).alias("value")
    rows = pl.scan_parquet(source)
    if job == "summary":
        rows.select(value).select(mean=pl.mean("value"), least=pl.min("value"), most=pl.max("value")).collect()
    else:
        rows = rows.select(value) if job == "values" else rows.with_columns(value)
        rows.sink_parquet(out, compression="snappy")


def by_duckdb(source, job, out):
    with duckdb.connect() as connection:
        if job == "summary":
            values = f"select {HUBER} as value from '{source}'"
            connection.execute(f"select avg(value), min(value), max(value) from ({values})").fetchall()
        else:
            carried = "" if job == "values" else "*, "
            rows = f"select {carried}{HUBER} as value from '{source}'"
            connection.execute(f"copy ({rows}) to '{out}' (format parquet, compression snappy)")


def by_pyarrow(source, job, out):
    file = pq.ParquetFile(source)
    columns = ["y_hat", "y"] if job != "carried" else file.schema_arrow.names
    schema = file.schema_arrow if job == "carried" else pa.schema([])
    schema = schema.append(pa.field("value", pa.float32()))
    values = (
        (batch, pa.array(fl.huber(batch["y_hat"].to_numpy(), batch["y"].to_numpy())))
        for batch in file.iter_batches(1 << 17, columns=columns)
    )
    if job == "summary":
        for _, value in values:
            pc.sum(value), pc.min_max(value)
        return
    with pq.ParquetWriter(out, schema) as writer:
        for batch, value in values:
            carried = batch.columns if job == "carried" else []
            writer.write_batch(pa.record_batch([*carried, value], schema=schema))


PEERS = {"fastloss": by_fastloss, "polars": by_polars, "duckdb": by_duckdb, "pyarrow": by_pyarrow}
JOBS = {"carried": "all columns and the value", "values": "the value alone", "summary": "a summary"}


def measured(contenders, rounds, out):
    """The least times of the processor and of the clock, and the bytes written, of each contender."""
    least = {name: (float("inf"), float("inf"), 0) for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            out.unlink(missing_ok=True)
            processor, clock = time.process_time(), time.perf_counter()
            run()
            spent = time.process_time() - processor, time.perf_counter() - clock
            size = out.stat().st_size if out.exists() else 0
            least[name] = (*map(min, least[name], spent), size)
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", nargs="*", choices=DATA, default=list(DATA))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    arguments = parser.parse_args()
    print(machine())
    rows = arguments.rows
    with tempfile.TemporaryDirectory() as folder:
        source, out = str(Path(folder) / "in.parquet"), Path(folder) / "out.parquet"
        for data in arguments.data:
            pq.write_table(DATA[data](rows, np.random.default_rng(0)), source)
            for job, what in JOBS.items():
                target = None if job == "summary" else str(out)
                contenders = {name: partial(PEERS[name], source, job, target) for name in arguments.peers}
                print(f"{data}, {what}: processor and clock, ns a row; bytes a row")
                for name, (processor, clock, size) in measured(contenders, arguments.rounds, out).items():
                    print(f"  {1e9 * processor / rows:8.1f} {1e9 * clock / rows:8.1f} {size / rows:8.1f}  {name}")


if __name__ == "__main__":
    main()
