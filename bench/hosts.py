"""Losses inside other libraries, beside the best that a user of each does in one line, and beside its own expressions.

    python bench/hosts.py [--rows N] [--rounds N]

Huber's loss of two float64 columns, one row of ten null; processor time, of the same values. The line calls NumPy on
the batch that the library hands over.
"""

import argparse

import numpy as np
import pyarrow as pa
from file_peers import DELTA, SQL_HUBER, numpy_huber, polars_huber
from timing import least_times, machine

import fastloss as fl
from fastloss.files import Spec

SPEC = Spec.of(fl.huber.bind(delta=DELTA), pred="p", target="y")
ROWS = 1_000_000
HOW = "fastloss", "a lambda", "an expression"


def rows_of_numbers(rows):
    rng = np.random.default_rng(0)
    return pa.table({
        "p": pa.array(rng.standard_normal(rows), mask=rng.random(rows) < 0.1),
        "y": pa.array(rng.standard_normal(rows)),
    })  # fmt: skip


def duckdb_contenders(table):
    import duckdb

    from fastloss.integrations.duckdb import register

    connection = duckdb.connect()
    connection.register("rows", table)
    connection.execute("CREATE TABLE numbers AS FROM rows")
    register(connection, "fast", SPEC)
    connection.create_function(
        "line",
        lambda p, y: pa.array(numpy_huber(p.to_numpy(), y.to_numpy())),
        ["DOUBLE", "DOUBLE"],
        "DOUBLE",
        type="arrow",
    )

    def run(expression):
        return connection.sql(f"SELECT {expression} FROM numbers").to_arrow_table()["value"].to_numpy()

    expressions = "fast(p, y) AS value", "line(p, y) AS value", SQL_HUBER.replace("FLOAT", "DOUBLE")
    return [lambda e=e: run(e) for e in expressions]


def polars_contenders(table, engine):
    import polars as pl

    from fastloss.integrations.polars import expression

    frame = pl.from_arrow(table, rechunk=True).lazy()
    line = pl.map_batches(
        ["p", "y"],
        lambda columns: numpy_huber(columns[0].to_numpy(), columns[1].to_numpy()),
        pl.Float64,
        is_elementwise=True,
    )
    expressions = expression(SPEC), line.alias("value"), polars_huber()
    return [lambda e=e: frame.select(e).collect(engine=engine)["value"].to_numpy() for e in expressions]


def datafusion_contenders(table):
    import datafusion

    from fastloss.integrations.datafusion import function

    context = datafusion.SessionContext()
    context.register_record_batches("numbers", [table.to_batches(max_chunksize=8192)])
    context.register_udf(function("fast", SPEC))
    line = datafusion.udf(
        lambda p, y: pa.array(numpy_huber(p.to_numpy(zero_copy_only=False), y.to_numpy())),
        [pa.float64(), pa.float64()],
        pa.float64(),
        "immutable",
        "line",
    )
    context.register_udf(line)

    def run(expression):
        found = context.sql(f"SELECT {expression} FROM numbers").collect()
        return pa.Table.from_batches(found)["value"].to_numpy()

    expressions = "fast(p, y) AS value", "line(p, y) AS value", SQL_HUBER.replace("::FLOAT", "")
    return [lambda e=e: run(e) for e in expressions]


def pandas_contenders(table):
    from fastloss.integrations.pandas import score

    frame = table.to_pandas()

    def of_pandas():
        absolute = (frame["p"] - frame["y"]).abs()
        return (0.5 * absolute**2).where(absolute <= DELTA, DELTA * (absolute - DELTA / 2))

    return [
        lambda: score(frame, SPEC)["value"].to_numpy(),
        lambda: frame.assign(value=lambda f: numpy_huber(f["p"].to_numpy(), f["y"].to_numpy()))["value"].to_numpy(),
        lambda: frame.assign(value=of_pandas())["value"].to_numpy(),
    ]


HOSTS = {
    "DuckDB": duckdb_contenders,
    "polars": lambda table: polars_contenders(table, "in-memory"),
    "polars, streaming": lambda table: polars_contenders(table, "streaming"),
    "DataFusion": datafusion_contenders,
    "pandas": pandas_contenders,
}


def measure(runs, rounds):
    """The least processor seconds of each, which all return the same, DataFusion in any order of the batches."""
    wanted = np.sort(runs[0]())
    for run in runs:
        np.testing.assert_allclose(np.sort(run()), wanted, rtol=1e-12)
    return least_times(runs, rounds)


def table(rows, rounds):
    """Nanoseconds of a processor a row."""
    numbers = rows_of_numbers(rows)
    lines = [f"| | {' | '.join(HOW)} |", f"|---|{'---:|' * len(HOW)}"]
    for host, contenders in HOSTS.items():
        cells = [f"{1e9 * seconds / rows:.1f}" for seconds in measure(contenders(numbers), rounds)]
        lines.append(f"| {host} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(machine())
    print(table(given.rows, given.rounds))


if __name__ == "__main__":
    main()
