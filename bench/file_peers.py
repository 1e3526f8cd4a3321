"""How a good user of each library scores a file: Huber's loss of columns p and y, or the cross-entropy of lists l.

A function takes where the input is and where the output goes, and returns what it says of all rows, if that is asked.
All write what they read and a column of values, in the input's order, in Parquet with snappy.
"""

from functools import partial

import numpy as np

DELTA = 1.345
QUANTILES = 0.5, 0.9, 0.99
BATCH_ROWS = 1 << 17


def summary(mean, least, most, quantiles=()):
    return {"mean": mean, "min": least, "max": most} | dict(zip(map(str, QUANTILES), quantiles, strict=False))


def sources(folder):
    return sorted(folder.glob("*.parquet"))


# ---- fastloss -------------------------------------------------------------------------------------------------------


def by_fastloss(source, destination, keep="all"):
    import fastloss as fl

    fl.score(source, destination, loss=fl.huber.bind(delta=DELTA), pred="p", target="y", keep=keep)


def fastloss_folder(source, destination):
    by_fastloss(source, f"{destination}/")


def fastloss_summary(source, _):
    import fastloss as fl

    found = fl.score(source, loss=fl.huber.bind(delta=DELTA), pred="p", target="y")
    return summary(found.mean, found.min, found.max, map(found.quantile, QUANTILES))


def fastloss_logits(source, destination, keep="all"):
    import fastloss as fl

    fl.score(source, destination, loss=fl.cross_entropy, pred="l", target="y", keep=keep)


# ---- polars ---------------------------------------------------------------------------------------------------------


def polars_huber():
    import polars as pl

    r = pl.col("p") - pl.col("y")
    value = pl.when(r.abs() <= DELTA).then(0.5 * r * r).otherwise(DELTA * (r.abs() - DELTA / 2))
    return value.alias("value")


def by_polars(source, destination):
    import polars as pl

    pl.scan_parquet(source).with_columns(polars_huber()).sink_parquet(destination, compression="snappy")


def polars_nothing(source, destination):
    import polars as pl

    pl.scan_parquet(source).select(polars_huber()).sink_parquet(destination, compression="snappy")


def polars_folder(source, destination):
    import polars as pl

    destination.mkdir()
    queries = [
        pl.scan_parquet(path)
        .with_columns(polars_huber())
        .sink_parquet(destination / path.name, compression="snappy", lazy=True)
        for path in sources(source)
    ]
    for start in range(0, len(queries), 100):  # of a thousand at once polars warns
        pl.collect_all(queries[start : start + 100])


def polars_summary(source, _, quantiles=()):
    import polars as pl

    value = pl.col("value")
    wanted = [value.mean().alias("mean"), value.min().alias("min"), value.max().alias("max")]
    wanted += [value.quantile(q).alias(str(q)) for q in quantiles]
    found = pl.scan_parquet(source).select(polars_huber()).select(wanted).collect(engine="streaming").row(0)
    return summary(*found[:3], found[3:])


def polars_csv(source, destination):
    import polars as pl

    pl.scan_csv(source).with_columns(polars_huber()).sink_csv(destination)


def polars_logits(source, destination, keep="all"):
    import polars as pl

    element = pl.element()
    sums = pl.col("l").list.eval((element - element.max()).exp().sum().log() + element.max()).list.first()
    value = (sums - pl.col("l").list.get(pl.col("y"))).alias("value")
    scan = pl.scan_parquet(source)
    scan = scan.with_columns(value) if keep == "all" else scan.select(value)
    scan.sink_parquet(destination, compression="snappy")


# ---- DuckDB ---------------------------------------------------------------------------------------------------------

SQL_HUBER = (
    f"CASE WHEN abs(p - y) <= {DELTA}::FLOAT THEN 0.5::FLOAT * (p - y) * (p - y) "
    f"ELSE {DELTA}::FLOAT * (abs(p - y) - {DELTA / 2}::FLOAT) END AS value"
)
PARQUET = "(FORMAT parquet, COMPRESSION snappy)"


def by_duckdb(source, destination, columns="*, "):
    import duckdb

    duckdb.connect().execute(f"COPY (SELECT {columns}{SQL_HUBER} FROM '{source}') TO '{destination}' {PARQUET}")


def duckdb_folder(source, destination):
    import duckdb

    destination.mkdir()
    connection = duckdb.connect()
    for path in sources(source):
        connection.execute(f"COPY (SELECT *, {SQL_HUBER} FROM '{path}') TO '{destination / path.name}' {PARQUET}")


def duckdb_summary(source, _, quantiles=()):
    import duckdb

    source = f"{source}/*.parquet" if source.is_dir() else source
    wanted = ["avg(value)", "min(value)", "max(value)", *(f"quantile_cont(value, {q})" for q in quantiles)]
    (found,) = duckdb.sql(f"SELECT {', '.join(wanted)} FROM (SELECT {SQL_HUBER} FROM '{source}')").fetchall()
    return summary(*found[:3], found[3:])


def duckdb_csv(source, destination):
    import duckdb

    huber = SQL_HUBER.replace("FLOAT", "DOUBLE")
    duckdb.connect().execute(f"COPY (SELECT *, {huber} FROM '{source}') TO '{destination}' (FORMAT csv, HEADER)")


def duckdb_logits(source, destination, columns="l, y, "):
    import duckdb

    sums = "ln(list_sum(list_transform(l, lambda x: exp(x - m)))) + m"
    rows = f"(SELECT *, list_max(l) AS m FROM '{source}')"
    scored = f"SELECT {columns}({sums} - l[y + 1])::FLOAT AS value FROM {rows}"
    duckdb.connect().execute(f"COPY ({scored}) TO '{destination}' {PARQUET}")


# ---- NumPy, between what reads and what writes ----------------------------------------------------------------------


def numpy_huber(p, y):
    r = p - y
    a = np.abs(r)
    return np.where(a <= DELTA, p.dtype.type(0.5) * r * r, p.dtype.type(DELTA) * (a - p.dtype.type(DELTA / 2)))


def numpy_cross_entropy(logits, labels):
    most = logits.max(axis=1)
    sums = np.exp(logits - most[:, None]).sum(axis=1)
    return np.log(sums) + most - logits[np.arange(len(labels)), labels]


def numpy_summary(values, quantiles):
    return summary(values.mean(dtype=np.float64), values.min(), values.max(), np.quantile(values, quantiles).tolist())


# ---- pyarrow by hand ------------------------------------------------------------------------------------------------


def batch_huber(batch):
    return numpy_huber(batch["p"].to_numpy(), batch["y"].to_numpy())


def batch_cross_entropy(batch):
    lists = batch["l"]
    return numpy_cross_entropy(lists.flatten().to_numpy().reshape(len(lists), -1), batch["y"].to_numpy())


def by_pyarrow(source, destination, function=batch_huber, batch_rows=BATCH_ROWS, columns=None, read=None):
    """`columns` are those that are written, `read` those that are needed; None is all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source)
    fields = [field for field in file.schema_arrow if columns is None or field.name in columns]
    schema = pa.schema([*fields, ("value", pa.float32())])
    repeated = [field.name for field in fields if not pa.types.is_primitive(field.type)]
    with pq.ParquetWriter(destination, schema, use_dictionary=repeated) as writer:
        for batch in file.iter_batches(batch_rows, columns=read):
            carried = [batch[field.name] for field in fields]
            writer.write_batch(pa.record_batch([*carried, pa.array(function(batch))], schema=schema))


def pyarrow_folder(source, destination):
    destination.mkdir()
    for path in sources(source):
        by_pyarrow(path, destination / path.name)


def pyarrow_summary(source, _, quantiles=()):
    """Of a file or of many; quantiles need all values."""
    import pyarrow.parquet as pq

    count, total, least, most, kept = 0, 0.0, np.inf, -np.inf, []
    for path in sources(source) if source.is_dir() else [source]:
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=["p", "y"]):
            values = batch_huber(batch)
            count, total = count + len(values), total + values.sum(dtype=np.float64)
            least, most = min(least, values.min()), max(most, values.max())
            if quantiles:
                kept.append(values)
    return summary(total / count, least, most, np.quantile(np.concatenate(kept), quantiles) if quantiles else ())


def pyarrow_csv(source, destination):
    import pyarrow as pa
    from pyarrow import csv

    reader = csv.open_csv(source)
    with csv.CSVWriter(destination, reader.schema.append(pa.field("value", pa.float64()))) as writer:
        for batch in reader:
            writer.write_batch(batch.append_column("value", pa.array(batch_huber(batch))))


def pyarrow_logits(source, destination, columns=None):
    by_pyarrow(source, destination, batch_cross_entropy, 256, columns)


# ---- pandas ---------------------------------------------------------------------------------------------------------


def frame_huber(frame):
    return numpy_huber(frame["p"].to_numpy(), frame["y"].to_numpy())


def by_pandas(source, destination):
    import pandas as pd

    frame = pd.read_parquet(source, dtype_backend="pyarrow")
    frame.assign(value=frame_huber(frame)).to_parquet(destination)


def pandas_nothing(source, destination):
    import pandas as pd

    pd.DataFrame({"value": frame_huber(pd.read_parquet(source, columns=["p", "y"]))}).to_parquet(destination)


def pandas_folder(source, destination):
    destination.mkdir()
    for path in sources(source):
        by_pandas(path, destination / path.name)


def pandas_summary(source, _, quantiles=QUANTILES):
    import pandas as pd

    return numpy_summary(frame_huber(pd.read_parquet(source, columns=["p", "y"])), quantiles)


def pandas_csv(source, destination):
    import pandas as pd

    frame = pd.read_csv(source, engine="pyarrow")
    frame.assign(value=frame_huber(frame)).to_csv(destination, index=False)


def pandas_logits(source, destination, keep=True):
    import pandas as pd

    frame = pd.read_parquet(source)
    value = numpy_cross_entropy(np.stack(frame["l"].to_numpy()), frame["y"].to_numpy())
    scored = frame.assign(value=value) if keep else pd.DataFrame({"value": value})
    scored.to_parquet(destination)


# ---- the tables of contenders ---------------------------------------------------------------------------------------

NAMES = "fastloss", "polars", "DuckDB", "pyarrow", "pandas"


def contenders(*functions):
    return dict(zip(NAMES, functions, strict=True))


KEPT = contenders(by_fastloss, by_polars, by_duckdb, by_pyarrow, by_pandas)
NOTHING_KEPT = contenders(
    partial(by_fastloss, keep="none"),
    polars_nothing,
    partial(by_duckdb, columns=""),
    partial(by_pyarrow, columns=(), read=["p", "y"]),
    pandas_nothing,
)
FOLDER = contenders(fastloss_folder, polars_folder, duckdb_folder, pyarrow_folder, pandas_folder)
SUMMARY = contenders(
    fastloss_summary, polars_summary, duckdb_summary, pyarrow_summary, partial(pandas_summary, quantiles=())
)
QUANTILE_SUMMARY = contenders(
    fastloss_summary,
    *(partial(function, quantiles=QUANTILES) for function in (polars_summary, duckdb_summary, pyarrow_summary)),
    pandas_summary,
)
CSV = contenders(by_fastloss, polars_csv, duckdb_csv, pyarrow_csv, pandas_csv)
LOGITS = contenders(fastloss_logits, polars_logits, duckdb_logits, pyarrow_logits, pandas_logits)
LOGITS_ALONE = contenders(
    partial(fastloss_logits, keep="none"),
    partial(polars_logits, keep="none"),
    partial(duckdb_logits, columns=""),
    partial(pyarrow_logits, columns=()),
    partial(pandas_logits, keep=False),
)
