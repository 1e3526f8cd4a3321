"""What scoring costs in requests, counted by a proxy."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl

HUBER = {"loss": fl.huber, "residual": "r"}
FILES = 20


@pytest.fixture
def data(s3, bucket):
    """The address of a directory of small files."""
    rng = np.random.default_rng(0)
    for number in range(FILES):
        sink = pa.BufferOutputStream()
        pa.parquet.write_table(pa.table({"r": rng.standard_normal(50)}), sink)
        s3.pipe_file(f"{bucket}/in/{number:03}.parquet", sink.getvalue().to_pybytes())
    return f"s3://{bucket}/in"


def test_a_summary(proxy, data):
    fl.score(data, **HUBER)
    print(proxy.count(), proxy.sent())
    assert proxy.count()["LIST"] == 2
    assert proxy.total() <= 4 * FILES + 12


def test_outputs_and_records(proxy, data, bucket, s3):
    whole = fl.score(data, f"s3://{bucket}/out/", **HUBER)
    print(proxy.count(), proxy.sent())
    assert proxy.total() <= 8 * FILES + 12
    expected = {path: s3.cat_file(path) for path in s3.find(f"{bucket}/out")}
    assert len(expected) == 2 * FILES
    proxy.clear()
    assert fl.score(data, f"s3://{bucket}/out/", resume=True, **HUBER) == whole
    print(proxy.count(), proxy.sent())
    assert proxy.total() <= FILES + 12
    assert {path: s3.cat_file(path) for path in s3.find(f"{bucket}/out")} == expected


def test_many_files_by_their_names(proxy, data):
    whole = fl.score(data, **HUBER)
    proxy.clear()
    assert fl.score([f"{data}/{number:03}.parquet" for number in range(FILES)], **HUBER) == whole
    print(proxy.count(), proxy.sent())
    assert "HEAD" not in proxy.count() and proxy.count()["LIST"] == 1
    with pytest.raises(FileNotFoundError, match=r"none\.parquet"):
        fl.score([*(f"{data}/{number:03}.parquet" for number in range(FILES)), f"{data}/none.parquet"], **HUBER)
