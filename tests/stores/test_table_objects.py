"""Tables of Delta Lake, Iceberg and Lance: their objects are read, their folders refused, here and in a store."""

import shutil

import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError

OPTIONS = {"loss": "squared_error", "pred": "p", "target": "y", "by": "k"}
ROWS = {"p": [1.0, 2.0, 3.0, 4.0], "y": [0.0] * 4, "k": [1, 1, 2, 2]}


def delta(directory):
    """A table from which a row was deleted, and another row is written again and replaced."""
    deltalake = pytest.importorskip("deltalake")
    path = str(directory / "delta")
    deltalake.write_deltalake(path, pa.table(ROWS), partition_by=["k"])
    deltalake.DeltaTable(path).delete("p = 3")
    deltalake.DeltaTable(path).update({"p": "5.0"}, predicate="p = 4")
    return path, lambda: deltalake.DeltaTable(path)


def lance(directory):
    lance = pytest.importorskip("lance")
    path = str(directory / "set.lance")
    dataset = lance.write_dataset(pa.table(ROWS), path)
    dataset.delete("p = 3")
    dataset.update({"p": "5.0"}, where="p = 4")
    return path, lambda: lance.dataset(path)


def iceberg(directory):
    sql = pytest.importorskip("pyiceberg.catalog.sql")
    (directory / "warehouse").mkdir()
    uri, warehouse = f"sqlite:///{directory}/catalog.db", f"file://{directory}/warehouse"
    catalog = sql.SqlCatalog("test", uri=uri, warehouse=warehouse)
    catalog.create_namespace("a")
    table = catalog.create_table("a.t", schema=pa.table(ROWS).schema)
    table.append(pa.table(ROWS))
    table.delete("p >= 3")
    table.append(pa.table({"p": [5.0], "y": [0.0], "k": [2]}))
    return str(directory / "warehouse" / "a" / "t"), lambda: catalog.load_table("a.t")


def expected(p=(1.0, 2.0, 5.0)):
    return sum(value * value for value in p)


@pytest.fixture(params=[delta, lance, iceberg], ids=["delta", "lance", "iceberg"])
def opened(request, tmp_path):
    """The path of a table, and a function that opens it."""
    return request.param(tmp_path)


def test_the_rows_of_a_table(opened, tmp_path):
    _, table = opened
    for output in (None, tmp_path / "one.parquet", f"{tmp_path}/scored/", tmp_path / "one.csv"):
        summary = fl.score(table(), output, **OPTIONS)
        assert (summary.count, summary.sum, sorted(summary.groups)) == (3, expected(), [1, 2])
    one = pa.parquet.read_table(tmp_path / "one.parquet").sort_by("p")
    assert one.column_names == ["p", "y", "k", "value"]
    assert one.to_pydict() == {"p": [1, 2, 5], "y": [0] * 3, "k": [1, 1, 2], "value": [1, 4, 25]}
    assert fl.score([table(), table()], **OPTIONS).count == 6


def test_resuming_knows_the_version_of_a_table(opened, tmp_path):
    path, table = opened
    scored = f"{tmp_path}/scored/"
    first = fl.score(table(), scored, **OPTIONS)
    (output,) = (tmp_path / "scored").glob("[!_.]*")
    done = output.stat().st_ino
    assert fl.score(table(), scored, **OPTIONS, resume=True) == first and output.stat().st_ino == done
    if path.endswith("delta"):
        table().delete("p = 1")
    else:
        table().delete("p == 1" if "warehouse" in path else "p = 1")
    assert fl.score(table(), scored, **OPTIONS, resume=True).sum == expected((2.0, 5.0))


def test_the_folder_of_a_table_is_refused(opened, tmp_path):
    path, _ = opened
    for given in (path, f"{path}/", f"{path}/**/*.parquet"):
        with pytest.raises(ScoringError, match=r"this folder is an? .* table.*a pyarrow dataset or a list of files"):
            fl.score(given, tmp_path / "scored", **OPTIONS)
    assert not (tmp_path / "scored").exists()


def test_what_a_table_cannot(opened):
    _, table = opened
    with pytest.raises(ScoringError, match="no column 'z'; there are 'p', 'y', 'k'"):
        fl.score(table(), loss="huber", residual="z")
    with pytest.raises(ScoringError, match="engine='local'"):
        fl.score(table(), **OPTIONS, engine="dask")


def test_a_table_that_fails_while_it_is_read(tmp_path):
    path, table = delta(tmp_path)
    found = table()
    shutil.rmtree(f"{path}/k=1")
    with pytest.raises((ScoringError, FileNotFoundError)):
        fl.score(found, **OPTIONS)


def test_a_dataset_of_a_delta_table(tmp_path):
    _, table = delta(tmp_path)
    dataset = table().to_pyarrow_dataset()
    summary = fl.score(dataset, tmp_path / "scored", **OPTIONS)
    assert (summary.count, summary.sum) == (3, expected())
    assert sorted(path.name for path in (tmp_path / "scored").iterdir() if path.is_dir()) == ["k=1", "k=2"]


def test_a_scan_of_some_rows(tmp_path):
    _, table = iceberg(tmp_path)
    scan = table().scan(row_filter="p > 1")
    assert fl.score(scan, **OPTIONS).sum == expected((2.0, 5.0))
    fl.score(scan.select("p", "y", "k"), f"{tmp_path}/scored/", **OPTIONS)
    other = table().scan(row_filter="p > 2").select("p", "y", "k")
    assert fl.score(other, f"{tmp_path}/scored/", **OPTIONS, resume=True).sum == expected((5.0,))


MARKS = {
    "Delta Lake": "_delta_log/00000000000000000000.json",
    "Hudi": ".hoodie/hoodie.properties",
    "Iceberg": "metadata/00000-4c7def79.metadata.json",
    "Lance": "_versions/1.manifest",
}


@pytest.mark.parametrize("kind", MARKS)
def test_folders_in_a_store_that_are_tables(proxy, s3, bucket, kind):
    file = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table({"r": [1.0, 2.0]}), file)
    for key in ("lake/t/b.parquet", "lake/t/data/k=1/a.parquet"):
        s3.pipe_file(f"{bucket}/{key}", file.getvalue().to_pybytes())
    s3.pipe_file(f"{bucket}/lake/t/{MARKS[kind]}", b"")
    for given in ("t", "t/", "", "t/data", "t/data/k=1", "t/*.parquet", "*/b.parquet", "t/data/*/*.parquet"):
        with pytest.raises(ScoringError, match=f"lake/t: this folder is an? {kind} table"):
            fl.score(f"s3://{bucket}/lake/{given}", loss="squared_error", residual="r")
    assert fl.score(f"s3://{bucket}/lake/t/b.parquet", loss="squared_error", residual="r").sum == 5.0


def test_a_column_in_the_file_too_has_the_value_of_its_folder(proxy, s3, bucket):
    for k in (1, 2):
        file = pa.BufferOutputStream()
        pa.parquet.write_table(pa.table({"r": [1.0, 2.0], "k": ["x", "y"]}), file)
        s3.pipe_file(f"{bucket}/in/2026/k={k}/a.parquet", file.getvalue().to_pybytes())
    options = {"loss": "squared_error", "residual": "r", "by": "k"}
    summary = fl.score(f"s3://{bucket}/in", f"s3://{bucket}/scored/", **options)
    assert {k: group.count for k, group in summary.groups.items()} == {1: 2, 2: 2}
    assert [key for key in s3.find(f"{bucket}/scored") if "/_" not in key] == [
        f"{bucket}/scored/2026/k=1/a.parquet",
        f"{bucket}/scored/2026/k=2/a.parquet",
    ]
