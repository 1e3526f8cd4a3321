"""What pages take for granted: the files in a reader's folder, and the names that their code begins with.

A page that is not named here needs nothing: its code runs in an empty folder, as it stands.
"""

import contextlib
import os
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
STANDS_FOR = {}  # {an address that a page has for an example: that of a server that is running}


def write(path, **columns):
    import pyarrow as pa
    from pyarrow import parquet

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)


def regression():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    return X, X @ [1.0, 2.0, 0.0] + 0.1 * rng.standard_normal(200)


@contextlib.contextmanager
def readme():
    import pyarrow as pa

    columns = {"y_hat": [1.0, 2.0, 4.0], "y": [1.5, 2.0, -3.0]}
    write("preds.parquet", **columns)
    yield {"frame": pa.table(columns)}


@contextlib.contextmanager
def adaptive():
    X, y = regression()
    residuals = np.random.default_rng(1).standard_t(2, 1000)
    write("residuals.parquet", r=residuals)
    yield {"X": X, "y": y, "residuals": residuals}


@contextlib.contextmanager
def of_regression():
    X, y = regression()
    yield {"X": X, "y": y}


@contextlib.contextmanager
def compiled():
    shutil.copytree(ROOT / "examples" / "compiled", ".", dirs_exist_ok=True)
    yield {}


@contextlib.contextmanager
def embeddings():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((6, 4)), rng.standard_normal((5, 4))
    labels = rng.integers(0, 5, 6)
    write("states.parquet", embedding=list(x), token=labels)
    np.save("head.npy", w)
    yield {
        "x": x,
        "w": w,
        "identity": labels,
        "hidden": x,
        "token": labels,
        "bias": np.zeros(5),
        "image": x,
        "text": rng.standard_normal((6, 4)),
    }


@contextlib.contextmanager
def tables():
    import pyarrow as pa

    deltalake, duckdb, lance = map(pytest.importorskip, ("deltalake", "duckdb", "lance"))
    sql = pytest.importorskip("pyiceberg.catalog.sql")

    rows = pa.table({"p": [1.0, 2.0], "y": [1.5, 2.0], "day": ["2026-11-01", "2026-11-02"]})
    deltalake.write_deltalake("lake/t", rows)
    lance.write_dataset(rows, "set.lance")
    Path("warehouse").mkdir()
    catalog = sql.SqlCatalog("c", uri="sqlite:///catalog.db", warehouse=Path("warehouse").resolve().as_uri())
    catalog.create_namespace("a")
    catalog.create_table("a.t", schema=rows.schema).append(rows)
    write("data/part-0.parquet", **rows.to_pydict())
    yield {
        "fl": fl,
        "deltalake": deltalake,
        "duckdb": duckdb,
        "lance": lance,
        "catalog": catalog,
        "frame": rows.to_pandas(),
        "batches": rows.to_batches(),
        "predict": lambda batch: batch,
    }


@contextlib.contextmanager
def engines():
    distributed, sql = pytest.importorskip("distributed"), pytest.importorskip("pyspark.sql")

    write("data/part-0.parquet", r=[0.5, -3.0, 8.0], site=["a", "b", "a"])
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    with distributed.Client(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as client:
        yield {"client": client, "session": session}
    session.stop()


class Batches:
    """What docs/scaling.md calls of Ray Data, which there is no need to install for it."""

    def __init__(self, tables):
        self.tables = tables

    def map_batches(self, function, batch_format):
        assert batch_format == "pyarrow"
        return Batches([function(table) for table in self.tables])

    def write_parquet(self, folder):
        assert all("weight" in table.column_names for table in self.tables)


def ray():
    from pyarrow import parquet

    module = types.ModuleType("ray")
    module.data = types.SimpleNamespace(read_parquet=lambda folder: Batches([parquet.read_table(folder)]))
    return module


@contextlib.contextmanager
def stores():
    s3fs = pytest.importorskip("s3fs")
    from servers import environment, options, s3_server

    with s3_server() as url, patched(environment(url)):
        files = s3fs.S3FileSystem(**options(url), skip_instance_cache=True)
        files.call_s3("create_bucket", Bucket="bucket", ACL="public-read")
        write("in.parquet", r=[0.5, -3.0])
        files.put_file("in.parquet", "bucket/in/part-0.parquet", ACL="public-read")
        STANDS_FOR["http://minio:9000"] = url
        yield {"fl": fl}


@contextlib.contextmanager
def patched(variables):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


SURROUNDINGS = {
    "README.md": readme,
    "docs/adaptive.md": adaptive,
    "docs/c.md": compiled,
    "docs/embeddings.md": embeddings,
    "docs/formats.md": tables,
    "docs/regression.md": of_regression,
    "docs/scaling.md": engines,
    "docs/stores.md": stores,
}
