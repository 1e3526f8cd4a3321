"""Folders that are tables, and the objects of other libraries that read them; pyarrow datasets."""

import importlib.util
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, lakes

OPTIONS = {"loss": "squared_error", "residual": "r"}
MARKS = {
    "Delta Lake": "_delta_log/00000000000000000000.json",
    "Hudi": ".hoodie/hoodie.properties",
    "Iceberg": "metadata/00000-4c7def79.metadata.json",
    "Lance": "_versions/1.manifest",
}


@pytest.fixture
def table():
    return pa.table({"r": [1.0, 2.0, np.nan, None], "k": [1, 1, 2, 2]})


@pytest.fixture(params=MARKS)
def lake(request, tmp_path, table):
    """A folder lake/t of a table: its kind, and lake."""
    folder = tmp_path / "lake" / "t"
    for place in (MARKS[request.param], "data/k=1/a.parquet", "b.parquet"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        pa.parquet.write_table(table, folder / place)
    return request.param, tmp_path / "lake"


def refused(match, *args, **options):
    with pytest.raises(ScoringError, match=match) as caught:
        fl.score(*args, **OPTIONS, **options)
    assert len(str(caught.value).splitlines()) == 1


GIVEN = ["t", "t/", "", "t/data", "t/data/k=1", "t/*.parquet", "*/b.parquet", "t/data/*/*.parquet", "**/*.parquet"]


@pytest.mark.parametrize("given", GIVEN)
def test_folders_that_are_tables_are_refused(lake, tmp_path, given):
    kind, folder = lake
    match = rf"lake/t: this folder is an? {kind} table.* a pyarrow dataset or a list of files"
    refused(match, f"{folder}/{given}")
    if importlib.util.find_spec("fsspec"):
        refused(match, f"file://{folder}/{given}")
    refused(match, f"{folder}/{given}", tmp_path / "scored")
    assert not (tmp_path / "scored").exists()
    assert fl.score([folder / "t" / "b.parquet", folder / "t" / "data/k=1/a.parquet"], **OPTIONS).count == 4


def test_a_relative_path_inside_a_table_is_refused(lake, monkeypatch):
    kind, folder = lake
    monkeypatch.chdir(folder / "t" / "data")
    for given in (".", "k=1", "*/*.parquet"):
        refused(kind, given)


@pytest.mark.integrations
@pytest.mark.parametrize("given", [given for given in GIVEN if given != "**/*.parquet"])
def test_folders_that_are_tables_are_refused_at_addresses(lake, given):
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    kind, folder = lake
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/lake", recursive=True)
    try:
        refused(rf"lake/t: this folder is an? {kind} table", f"memory://lake/{given}")
        assert fl.score("memory://lake/t/b.parquet", **OPTIONS).count == 2
    finally:
        memory.rm("/lake", recursive=True)


def test_directories_inside_directories_are_read(tmp_path, table):
    for place in ("2026/01/a.parquet", "2026/02/a.parquet", "2026/b.parquet", "2026/_old/c.parquet", "x=1/y/d.parquet"):
        (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        pa.parquet.write_table(table, tmp_path / "data" / place)
    summary = fl.score(tmp_path / "data", tmp_path / "scored", **OPTIONS)
    assert summary.count == 8
    files = sorted(str(path.relative_to(tmp_path / "scored")) for path in (tmp_path / "scored").rglob("[!_.]*.parquet"))
    assert files == ["2026/01/a.parquet", "2026/02/a.parquet", "2026/b.parquet", "x=1/y/d.parquet"]
    assert pa.parquet.ParquetFile(tmp_path / "scored" / files[0]).schema_arrow.names == ["r", "k", "value"]
    shutil.rmtree(tmp_path / "data" / "2026" / "02")
    fl.score(tmp_path / "data", tmp_path / "scored", **OPTIONS, resume=True)
    assert not (tmp_path / "scored" / "2026" / "02").exists()


def test_a_link_to_a_directory_that_it_is_in_is_refused(tmp_path, table):
    (tmp_path / "data" / "day").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for place in ("data/day/a.parquet", "other/b.parquet"):
        pa.parquet.write_table(table, tmp_path / place)
    (tmp_path / "data" / "link").symlink_to(tmp_path / "other")
    assert fl.score(tmp_path / "data", **OPTIONS).count == 4
    (tmp_path / "data" / "day" / "loop").symlink_to("..")
    refused("day/loop: this link leads to a directory that it is in", tmp_path / "data")


def test_a_directory_below_one_that_may_not_be_listed(tmp_path, table, monkeypatch):
    (tmp_path / "data").mkdir()
    pa.parquet.write_table(table, tmp_path / "data" / "a.parquet")
    listdir = os.listdir

    def forbidding(path="."):
        if tmp_path.is_relative_to(path):
            raise PermissionError(13, "Permission denied", path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", forbidding)
    assert fl.score(tmp_path / "data", **OPTIONS).count == 2


def of(files, **options):
    return pa.dataset.dataset([str(file) for file in files], **options)


def test_a_dataset_with_options_of_its_own_is_read_by_itself(tmp_path):
    csv = tmp_path / "x.csv"
    csv.write_text("r;k\n1;a\n-9;b\n2;\n")
    format = pa.dataset.CsvFileFormat(
        parse_options=pa.csv.ParseOptions(delimiter=";"),
        convert_options=pa.csv.ConvertOptions(null_values=["-9"]),
    )
    summary = fl.score(of([csv], format=format), tmp_path / "x.parquet", **OPTIONS)
    assert (summary.count, summary.null, summary.sum) == (2, 1, 5.0)
    assert pa.parquet.read_table(tmp_path / "x.parquet").to_pydict() == {
        "r": [1, None, 2],
        "k": ["a", "b", ""],
        "value": [1.0, None, 4.0],
    }
    plain = tmp_path / "plain.csv"
    plain.write_text("r,k\n1,a\n-9,b\n2,\n")
    format = pa.dataset.CsvFileFormat(convert_options=pa.csv.ConvertOptions(null_values=["-9"]))
    assert fl.score(of([plain], format=format), **OPTIONS).null == 1
    assert fl.score(of([plain], format="csv"), **OPTIONS).null == 0
    with_type = of([plain], format="csv", schema=pa.schema([("r", pa.float32()), ("k", pa.string())]))
    fl.score(with_type, tmp_path / "typed.parquet", **OPTIONS)
    assert pa.parquet.read_schema(tmp_path / "typed.parquet").field("value").type == pa.float32()


def test_a_dataset_of_parquet_with_options_of_its_own(tmp_path):
    file = tmp_path / "x.parquet"
    pa.parquet.write_table(pa.table({"r": [1.0, 2.0], "z": ["a", "b"]}), file)
    format = pa.dataset.ParquetFileFormat(read_options=pa.dataset.ParquetReadOptions(dictionary_columns={"z"}))
    fl.score(of([file], format=format), tmp_path / "y.parquet", **OPTIONS)
    assert pa.types.is_dictionary(pa.parquet.read_schema(tmp_path / "y.parquet").field("z").type)
    less = of([file], schema=pa.schema([("r", pa.float32()), ("t", pa.float64())]))
    fl.score(less, tmp_path / "y.parquet", **OPTIONS)
    assert pa.parquet.read_table(tmp_path / "y.parquet").to_pydict() == {
        "r": [1.0, 2.0],
        "t": [None, None],
        "value": [1.0, 4.0],
    }


@pytest.mark.parametrize("format", ["parquet", "csv", "feather"])
def test_a_column_that_a_file_lacks_is_null_where_the_dataset_has_it(tmp_path, format):
    files = [tmp_path / f"a.{format}", tmp_path / f"b.{format}"]
    write = {"parquet": pa.parquet.write_table, "csv": pa.csv.write_csv, "feather": pa.feather.write_feather}[format]
    write(pa.table({"r": [1.0, 2.0], "w": [1.0, 1.0]}), files[0])
    write(pa.table({"r": [3.0]}), files[1])
    options = OPTIONS | {"sample_weight": "w"}
    with pytest.raises(ScoringError, match="no column 'w'"):
        fl.score(files, **options)
    for output in (None, tmp_path / "scored", tmp_path / "one.parquet"):
        summary = fl.score(of(files, format=format), output, **options)
        assert (summary.count, summary.null) == (2, 1)
    assert pa.parquet.read_table(tmp_path / "one.parquet")["w"].to_pylist() == [1.0, 1.0, None]
    assert fl.score(of(files, format=format), tmp_path / "scored", **options, resume=True) == summary


def test_a_dataset_that_is_read_in_another_way_is_another_input(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("r\n1\n-9\n")

    def scored(null, resume):
        format = pa.dataset.CsvFileFormat(convert_options=pa.csv.ConvertOptions(null_values=[null]))
        done = []
        summary = fl.score(of([file], format=format), tmp_path / "scored", **OPTIONS, resume=resume)
        done.append(os.stat(tmp_path / "scored" / "x.csv").st_ino)
        return summary.null, done

    first = scored("-9", resume=False)
    assert scored("-9", resume=True) == first and first[0] == 1
    again = scored("-8", resume=True)
    assert again[0] == 0 and again[1] != first[1]


def test_partitions_of_a_dataset_have_its_types(tmp_path):
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "data" / day).mkdir(parents=True)
        pa.parquet.write_table(pa.table({"r": [1.0]}), tmp_path / "data" / day / "x.parquet")
    partitioning = pa.dataset.partitioning(pa.schema([("day", pa.date32())]))
    dataset = pa.dataset.dataset(tmp_path / "data", partitioning=partitioning)
    fl.score(dataset, tmp_path / "one.parquet", **OPTIONS)
    assert pa.parquet.read_schema(tmp_path / "one.parquet").field("day").type == pa.date32()
    fl.score(dataset, tmp_path / "scored", **OPTIONS)  # whose directories do not tell the column
    assert pa.parquet.ParquetFile(tmp_path / "scored/2026-01-02/x.parquet").read()["day"].to_pylist()[0].day == 2


def test_nothing_is_looked_for_above_a_bucket():
    """Whose name may look like that of a part of a table."""
    assert list(lakes._parts_upwards("s3://ab/k=1/01")) == ["s3://ab/k=1", "s3://ab"]
