"""Requests, bytes and time of summaries of objects on an S3 server of our own, beside polars.

    python bench/stores.py [--rows N] [--rounds N] [--latency SECONDS]

Needs `pip install 'fastloss[stores]' polars`. The server, moto, is slow at what a store is quick at: it goes through a
whole object for each range of it. The proxy before it counts, and waits before each answer where there is a latency.
"""

import argparse
import io
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import s3fs
from timing import machine

import fastloss as fl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "stores"))
from servers import Proxy, environment, options, s3_server

BUCKET = "bench"
SMALL_FILES, SMALL_ROWS, WIDE_COLUMNS, WIDE_ROWS = 100, 5000, 13, 200_000


def parquet(columns, rows, seed=0):
    """Columns of random numbers, the last two of them pred and target; stored as they are, in one row group."""
    rng, sink = np.random.default_rng(seed), io.BytesIO()
    names = [*(f"x{i}" for i in range(columns - 2)), "pred", "target"]
    table = pa.table({name: rng.standard_normal(rows) for name in names})
    pq.write_table(table, sink, use_dictionary=False, compression="none", row_group_size=rows)
    return sink.getvalue()


def by_fastloss(source):
    """The mean absolute error."""
    return fl.score(source, loss=fl.absolute_error, pred="pred", target="target").mean


def by_polars(source, url):
    access = {"aws_endpoint_url": url, "aws_allow_http": "true", "aws_region": "us-east-1"}
    access |= {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    error = (pl.col("pred") - pl.col("target")).abs().mean()
    return pl.scan_parquet(source, storage_options=access).select(error).collect().item()


def measure(proxy, contenders, rounds):
    """{name: (requests by kind, bytes, median seconds)}, one after the other in each round."""
    seconds, counts = {name: [] for name in contenders}, {}
    for _ in range(rounds):
        for name, run in contenders.items():
            proxy.clear()
            begin = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begin)
            counts[name] = proxy.count(), proxy.sent()
    return {name: (*counts[name], statistics.median(seconds[name])) for name in contenders}


def show(title, used, found):
    print(f"{title} ({used / 1e6:.2f} MB are used)")
    for name, (requests, size, seconds) in found.items():
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(requests.items()))
        print(f"  {seconds:7.2f} s  {size / 1e6:8.2f} MB  {kinds:24}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the large row group, three columns")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.03, help="of the small objects, in seconds")
    given = parser.parse_args()
    print(machine())
    with s3_server() as server, Proxy(server) as proxy:
        os.environ.update(environment(proxy.url))
        store = s3fs.S3FileSystem(**options(server))
        store.call_s3("create_bucket", Bucket=BUCKET)
        store.pipe_file(f"{BUCKET}/wide.parquet", parquet(WIDE_COLUMNS, WIDE_ROWS))
        store.pipe_file(f"{BUCKET}/large.parquet", parquet(3, given.rows))
        for i in range(SMALL_FILES):
            store.pipe_file(f"{BUCKET}/small/{i:03}.parquet", parquet(4, SMALL_ROWS, seed=i))
        for title, source, rows, latency in (
            (f"2 of {WIDE_COLUMNS} columns", "wide.parquet", WIDE_ROWS, 0),
            (f"2 of 3 columns, a row group of {24 * given.rows / 1e6:.0f} MB", "large.parquet", given.rows, 0),
            (f"{SMALL_FILES} objects", "small/*.parquet", SMALL_FILES * SMALL_ROWS, 0),
            (f"{SMALL_FILES} objects, {given.latency} s a request", "small/*.parquet", 500_000, given.latency),
        ):
            proxy.latency, address = latency, f"s3://{BUCKET}/{source}"
            contenders = {
                "fastloss": lambda address=address: by_fastloss(address),
                "polars": lambda address=address: by_polars(address, proxy.url),
            }
            show(title, 16 * rows, measure(proxy, contenders, given.rounds))


if __name__ == "__main__":
    main()
