"""What an input may be: patterns, datasets, partitioned directories, addresses, row groups; what spoils one."""

import gzip
import os
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, inputs
from fastloss.files.csv import blocks
from fastloss.files.engines import job
from fastloss.files.errors import one_line
from fastloss.files.readers import csv
from fastloss.files.stores import local

OPTIONS = {"loss": fl.huber, "residual": "r"}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pa.table({"r": rng.standard_normal(300), "year": [2023, 2024, None] * 100, "site": ["a", "b/c"] * 150})


@pytest.fixture
def partitioned(tmp_path, table):
    """year=2023/site=a/part-0.parquet and so on, as pyarrow writes them."""
    partitioning = pa.dataset.partitioning(pa.schema([("year", pa.int64()), ("site", pa.string())]), flavor="hive")
    pa.dataset.write_dataset(table, tmp_path / "data", format="parquet", partitioning=partitioning)
    return tmp_path / "data"


def files(directory):
    found = (path.relative_to(directory) for path in directory.rglob("[!_.]*") if path.is_file())
    return sorted(map(str, found))


def sorted_rows(table):
    return table.select(["r", "year", "site"]).sort_by("r")


def test_partitioned_directories_are_mirrored(partitioned, tmp_path, table):
    summary = fl.score(partitioned, tmp_path / "scored", **OPTIONS)
    expected = fl.scoring.Summary.of(fl.huber(table["r"].to_numpy())).of_loss("huber(delta=1.0)")
    assert summary.to_json() == expected.to_json()
    assert files(tmp_path / "scored") == files(partitioned) and len(files(partitioned)) == 6
    assert pa.parquet.read_schema(tmp_path / "scored" / files(partitioned)[0]).names == ["r", "value"]
    scored = pa.dataset.dataset(tmp_path / "scored", partitioning="hive", exclude_invalid_files=True).to_table()
    assert sorted_rows(scored)["r"].equals(sorted_rows(table)["r"])
    again = fl.score(partitioned, tmp_path / "scored", resume=True, **OPTIONS)
    assert again == summary


def test_partitions_are_columns_of_a_single_output(partitioned, tmp_path, table):
    fl.score(partitioned, tmp_path / "one.parquet", **OPTIONS)
    one = pa.parquet.read_table(tmp_path / "one.parquet")
    assert sorted_rows(one).equals(sorted_rows(table))


def test_partitions_as_groups(partitioned, table):
    summary = fl.score(partitioned, by="year", **OPTIONS)
    assert list(summary.groups) and set(summary.groups) == {2023, 2024, None}
    years = np.array(table["year"].to_pylist(), object)
    for year, group in summary.groups.items():
        assert group == fl.scoring.Summary.of(fl.huber(table["r"].to_numpy()[years == year]))


def test_fragments_that_were_cut_down_to_some_row_groups(tmp_path):
    r = np.random.default_rng(0).standard_normal(100)
    pa.parquet.write_table(pa.table({"r": r}), tmp_path / "x.parquet", row_group_size=10)
    dataset = pa.dataset.dataset(tmp_path / "x.parquet")
    whole = next(dataset.get_fragments())

    def of(*parts):
        return pa.dataset.FileSystemDataset(list(parts), dataset.schema, dataset.format, dataset.filesystem)

    some = of(whole.subset(row_group_ids=[1, 3, 4]))
    rows = np.r_[10:20, 30:50]
    expected = fl.scoring.Summary.of(fl.huber(r[rows]))
    assert fl.score(some, **OPTIONS) == expected
    for name, options in {"whole": {}, "cut": {"fragment_rows": 10}}.items():
        assert fl.score(some, tmp_path / name, **OPTIONS, **options) == expected
        assert fl.score(some, tmp_path / name, **OPTIONS, **options, resume=True) == expected
        parts = [pa.parquet.read_table(tmp_path / name / file)["r"] for file in files(tmp_path / name)]
        assert len(parts) == (3 if options else 1)
        np.testing.assert_array_equal(np.concatenate(parts), r[rows])
    # another choice of the same file is another input
    other = of(whole.subset(row_group_ids=[0, 3, 4]))
    assert fl.score(other, tmp_path / "whole", **OPTIONS, resume=True) == fl.score(other, **OPTIONS) != expected
    twice = of(whole.subset(row_group_ids=[0]), whole.subset(row_group_ids=[9]))
    fl.score(twice, tmp_path / "twice", **OPTIONS)
    assert files(tmp_path / "twice") == ["x.00000.parquet", "x.00001.parquet"]
    assert fl.score(of(whole), **OPTIONS).count == 100
    assert fl.score(of(whole.subset(row_group_ids=[])), **OPTIONS).count == 0
    with pytest.raises(ScoringError, match="the dataset has a filter, which chooses rows"):
        fl.score(dataset.filter(pa.dataset.field("r") > 0), **OPTIONS)


def test_a_pyarrow_dataset(partitioned, tmp_path):
    dataset = pa.dataset.dataset(partitioned, partitioning="hive")
    summary = fl.score(dataset, tmp_path / "scored", by="year", **OPTIONS)
    assert summary.to_json() == fl.score(partitioned, by="year", **OPTIONS).to_json()
    assert files(tmp_path / "scored") == files(partitioned)
    with pytest.raises(ScoringError, match="expected a dataset of files"):
        fl.score(pa.dataset.dataset(pa.table({"r": [1.0]})), **OPTIONS)


def test_patterns(tmp_path, table):
    for name in ("a1", "b1", "b2"):
        (tmp_path / name).mkdir()
        pa.parquet.write_table(table, tmp_path / name / "x.parquet")
        (tmp_path / name / "_x.parquet").touch()
    summary = fl.score(f"{tmp_path}/b*/*.parquet", tmp_path / "scored", **OPTIONS)
    assert summary.count == 600
    assert files(tmp_path / "scored") == ["b1/x.parquet", "b2/x.parquet"]
    assert fl.score(f"{tmp_path}/[ab]*/**/x.parquet", **OPTIONS).count == 900
    with pytest.raises(ScoringError, match=r"no data files in .*/c\*"):
        fl.score(f"{tmp_path}/c*", **OPTIONS)
    os.rename(tmp_path / "a1", tmp_path / "a[1]")
    assert fl.score(tmp_path / "a[1]", **OPTIONS).count == 300  # a name, not a pattern


@pytest.fixture(params=["local", "memory"])
def tree(request, tmp_path, table):
    """Where there are files of 1, 10, 100, ... rows by these names, which are hidden from the third on."""
    names = ["a", "s/b", "_temporary/0/t", ".tmp/h", "s/_x/u", "_c"]
    root = f"{tmp_path}/in"
    if request.param == "memory":
        pytest.importorskip("fsspec", reason="addresses need fsspec")
        root = f"memory://{tmp_path.name}/in"
    for i, name in enumerate(names):
        sink = pa.BufferOutputStream()
        pa.parquet.write_table(pa.table({"r": np.ones(10**i)}), sink)
        path = f"{root}/{name}.parquet"
        if request.param == "local":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(sink.getvalue())
        else:
            fsspec = pytest.importorskip("fsspec")
            with fsspec.open(path, "wb") as file:
                file.write(sink.getvalue())
    return root


def test_patterns_and_hidden_names(tree):
    for pattern, rows in {
        "**": 11, "**/**/**": 11, "*": 1, "**/*.parquet": 11, "**.parquet": 1, "*/*.parquet": 10, "*/*/*.parquet": None,
        "s**/*": 10, "[_.s]*/**": 10, "_temporary/*/*.parquet": 100, "_temporary/**": 100, ".tmp/*": 1000,
        "*/_x/*": 10000, "**/_x/u.parquet": 10000, "[s]/_x/u*": 10000, "_*": None, "?c.parquet": None,
    }.items():  # fmt: skip
        if rows is None:
            with pytest.raises(ScoringError, match="no data files"):
                fl.score(f"{tree}/{pattern}", **OPTIONS)
        else:
            assert fl.score(f"{tree}/{pattern}", **OPTIONS).rows == rows, pattern


def test_empty_parts_at_the_end_of_an_address(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    for rows, name in enumerate(("x", "/y", "/z/y"), 1):
        with fsspec.open(f"memory://{tmp_path.name}/{name}.parquet", "wb") as file:
            pa.parquet.write_table(pa.table({"r": np.ones(rows)}), file)
    assert fl.score(f"memory://{tmp_path.name}//", **OPTIONS).rows == 5
    assert fl.score(f"memory://{tmp_path.name}//z*/*", **OPTIONS).rows == 3


def test_an_output_that_a_pattern_finds(tree):
    for pattern, output in (
        ("**", "out/"),
        ("**/*.parquet", "out/"),
        ("*.parquet", "one.parquet"),
        ("*/*.parquet", "out/x.parquet"),
        ("s/*", "s/c.csv"),
    ):
        with pytest.raises(ScoringError, match=r"lies in the input .*\*.* give another place"):
            fl.score(f"{tree}/{pattern}", f"{tree}/{output}", **OPTIONS)
    for pattern, output in (
        ("**", "-scored/"),
        ("*/*.parquet", "/_out/"),
        ("s/*", "/scored/"),
        ("*.parquet", "/1.csv"),
    ):
        for _ in range(2):
            fl.score(f"{tree}/{pattern}", f"{tree}{output}", **OPTIONS, resume=output.endswith("/"))


@pytest.mark.integrations
@pytest.mark.parametrize("format", ["parquet", "csv", "arrow"])
def test_addresses(tmp_path, table, format):
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    table = table.select(["r"])
    for i in range(3):
        with fsspec.open(f"memory://{tmp_path.name}/{i}.{format}", "wb") as file:
            write = {"parquet": pa.parquet.write_table, "csv": pa.csv.write_csv, "arrow": pa.feather.write_feather}
            write[format](table, file)
    expected = fl.scoring.Summary.of(np.tile(fl.huber(table["r"].to_numpy()), 3))
    for address in (f"memory://{tmp_path.name}", f"memory://{tmp_path.name}/*.{format}"):
        assert fl.score(address, tmp_path / "scored", resume=True, **OPTIONS) == expected
    assert files(tmp_path / "scored") == [f"{i}.{format}" for i in range(3)]
    assert fl.score(f"memory://{tmp_path.name}/1.{format}", **OPTIONS).count == 300
    with pytest.raises(FileNotFoundError):
        fl.score(f"memory://{tmp_path.name}/9.parquet", **OPTIONS)
    with pytest.raises(ScoringError, match=r"nowhere://x.parquet: .*nowhere"):
        fl.score("nowhere://x.parquet", **OPTIONS)


def test_runs_of_row_groups():
    assert inputs._runs([10, 10, 10], 20) == [(0, 2, 0), (2, 3, 20)]
    assert inputs._runs([10, 50, 10], 20) == [(0, 1, 0), (1, 2, 10), (2, 3, 60)]
    assert inputs._runs([], 20) == []


def test_the_row_of_an_error_in_a_run_of_row_groups(tmp_path):
    labels = np.zeros(100, int)
    labels[73] = 5
    table = pa.table({"l": [[0.0, 1.0]] * 100, "y": labels})
    pa.parquet.write_table(table, tmp_path / "b.parquet", row_group_size=10)
    pa.parquet.write_table(table.slice(0, 50), tmp_path / "a.parquet", row_group_size=10)
    with pytest.raises(IndexError, match=r"target 5 at row 123 \(row 73 of this file\)"):
        fl.score(tmp_path, loss=fl.cross_entropy, pred="l", target="y", fragment_rows=20)
    with pytest.raises(IndexError, match=r"b.parquet: column 'y': target 5 at row 73 is out"):
        fl.score(tmp_path / "b.parquet", loss=fl.cross_entropy, pred="l", target="y", fragment_rows=20)


# ---- bad data among good --------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path, table):
    """Ten files, the fourth to be spoilt by a test."""
    directory = tmp_path / "mixed"
    directory.mkdir()
    for i in range(10):
        pa.parquet.write_table(table, directory / f"{i}.parquet")
    return directory


def others_are_done(directory, scored):
    assert set(files(scored)) - {"3.parquet"} == {f"{i}.parquet" for i in range(10) if i != 3}
    assert not list(scored.glob(".*")) and not (scored / "_3.parquet.json").exists()


@pytest.mark.parametrize(
    ("spoilt", "match"),
    [
        (None, "3.parquet: cannot be read as Parquet"),
        (pa.table({"other": [1.0]}), "3.parquet: no column 'r'; there are 'other'"),
        (pa.table({"r": ["text"]}), "3.parquet: column 'r': expected numbers, got string"),
    ],
    ids=["truncated", "column missing", "another type"],
)
def test_one_spoilt_file(mixed, tmp_path, table, spoilt, match):
    path = mixed / "3.parquet"
    good = path.read_bytes()
    if spoilt is None:
        path.write_bytes(good[: len(good) // 2])
    else:
        pa.parquet.write_table(spoilt, path)
    with pytest.raises(ScoringError, match=match):
        fl.score(mixed, tmp_path / "scored", **OPTIONS)
    others_are_done(mixed, tmp_path / "scored")
    assert not (tmp_path / "scored" / "3.parquet").exists()
    path.write_bytes(good)
    assert fl.score(mixed, tmp_path / "scored", resume=True, **OPTIONS).count == 3000


def test_a_directory_that_cannot_be_written(mixed, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ScoringError, match="file/scored/: cannot be written: Not a directory"):
        fl.score(mixed, f"{tmp_path}/file/scored/", **OPTIONS)
    if os.geteuid() == 0:
        pytest.skip("the superuser may write anywhere: read-only directories are not tried")
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(ScoringError, match=r"3.parquet|0.parquet: cannot be written: Permission denied"):
        fl.score(mixed, tmp_path / "locked", **OPTIONS)


def test_a_file_system_that_cannot_be_written(mixed, tmp_path):
    """Which holds for the superuser too."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("may not mount a file system")
    try:
        with pytest.raises(ScoringError, match="disk/: cannot be written: Read-only file system"):
            fl.score(mixed, f"{disk}/", **OPTIONS)
        with pytest.raises(ScoringError, match="disk/scored/: cannot be written: Read-only file system"):
            fl.score(mixed, f"{disk}/scored/", **OPTIONS)
        assert not os.listdir(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(tmp_path):
    """A file system of 1 MiB: what fits is done, what does not is named, and with room the rest is resumed."""
    disk, data = tmp_path / "disk", tmp_path / "data"
    disk.mkdir()
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("may not mount a file system")
    try:
        rng = np.random.default_rng(0)
        for i in range(10):
            pa.parquet.write_table(pa.table({"r": rng.standard_normal(10_000)}), data / f"{i}.parquet")
        with pytest.raises(ScoringError, match=r"cannot be written: No space left on device .*others are done"):
            fl.score(data, disk / "scored", **OPTIONS)
        done = files(disk / "scored")
        assert 0 < len(done) < 10 and not list((disk / "scored").glob(".*"))
        for name in done:
            assert pa.parquet.read_metadata(disk / "scored" / name).num_rows == 10_000
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        summary = fl.score(data, disk / "scored", resume=True, **OPTIONS)
        assert summary.to_json() == fl.score(data, **OPTIONS).to_json()
        assert len(files(disk / "scored")) == 10
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("format", ["parquet", "csv", "arrow"])
def test_a_column_in_the_file_too_has_the_value_of_the_directory(tmp_path, format):
    write = {"parquet": pa.parquet.write_table, "csv": pa.csv.write_csv, "arrow": pa.feather.write_feather}[format]
    for k in (1, 2):
        directory = tmp_path / "data" / f"k={k}"
        directory.mkdir(parents=True)
        write(pa.table({"k": ["x", "7"], "r": [0.0, float(k)]}), directory / f"a.{format}")
    for given in (tmp_path / "data", f"{tmp_path}/data/*/*.{format}"):
        summary = fl.score(given, tmp_path / "one.parquet", loss="squared_error", residual="r", by="k")
        assert {k: group.sum for k, group in summary.groups.items()} == {1: 1.0, 2: 4.0}
        one = pa.parquet.ParquetFile(tmp_path / "one.parquet").read()
        assert one.to_pydict() == {"k": [1, 1, 2, 2], "r": [0.0, 1.0, 0.0, 2.0], "value": [0.0, 1.0, 0.0, 4.0]}
    assert fl.score(tmp_path / "data", loss="absolute_error", pred="k", target="r").sum == 1 + 0 + 2 + 0
    fl.score(tmp_path / "data", tmp_path / "scored", loss="squared_error", residual="r")
    scored = pa.dataset.dataset(tmp_path / "scored", format=format, partitioning="hive").to_table()
    assert sorted(zip(scored["k"].to_pylist(), scored["value"].to_pylist(), strict=True)) == [
        (1, 0.0),
        (1, 1.0),
        (2, 0.0),
        (2, 4.0),
    ]


def written_meanwhile(path, change, times):
    """A callback that changes the file so many times, when rows of it have been read."""
    left = [times]

    def progress(rows, share):
        if left[0] and rows:
            left[0] -= 1
            change(path)

    return progress


def grow(path):
    with open(path, "a") as file:
        file.write("2.5\n")


def cut(path):
    os.truncate(path, os.path.getsize(path) - 4)


@pytest.mark.parametrize("change", [grow, cut])
def test_a_file_that_is_written_while_it_is_read(tmp_path, change, monkeypatch):
    monkeypatch.setattr(job, "ATTEMPTS", 1)
    path, output = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text("r\n" + "0.5\n" * 1000)
    with pytest.raises(ScoringError, match=r"in.csv: it was written while it was read: read it when it is complete"):
        fl.score(path, output, progress=written_meanwhile(path, change, 1), **OPTIONS)
    assert os.listdir(tmp_path) == ["in.csv"]


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.jsonl"])
def test_a_file_that_grows_as_fast_as_it_is_read(tmp_path, name, monkeypatch):
    """It would be followed until the disk is full."""
    monkeypatch.setattr(job, "ATTEMPTS", 1)
    is_json = "jsonl" in name
    row = (b'{"r": 0.5}\n' if is_json else b"0.5\n") * 1000
    packed = gzip.compress(row) if name.endswith(".gz") else row
    path, rows = tmp_path / name, 0

    def progress(done, share):
        nonlocal rows
        rows += done
        assert rows < 100_000  # it ends
        with open(path, "ab") as file:
            file.write(packed)

    begin = b"" if is_json else b"r\n"
    path.write_bytes((gzip.compress(begin) if name.endswith(".gz") else begin) + packed * 10)
    monkeypatch.setattr(blocks, "PIECE_BYTES", 1 << 10)
    monkeypatch.setattr(csv, "CSV_BLOCK_BYTES", 1 << 12)
    monkeypatch.setattr(local, "READ_BUFFER_BYTES", 1 << 10)
    with pytest.raises(ScoringError, match=f"{name}: it was written while it was read"):
        fl.score(path, progress=progress, **OPTIONS)


def test_a_file_that_is_complete_when_it_is_read_again(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("r\n" + "0.5\n" * 1000)
    assert fl.score(path, progress=written_meanwhile(path, grow, 1), **OPTIONS).count == 1001


def test_a_file_that_another_takes_the_place_of_while_it_is_read(tmp_path):
    path, other = tmp_path / "in.csv", tmp_path / "other.csv"
    path.write_text("r\n" + "0.5\n" * 1000)
    other.write_text("r\n1.5\n")
    replaced = written_meanwhile(path, lambda path: os.replace(other, path), 1)
    assert fl.score(path, progress=replaced, **OPTIONS).count == 1000


def test_a_current_directory_that_has_been_removed(tmp_path, table, monkeypatch):
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert fl.score(tmp_path / "in.parquet", **OPTIONS).count == 300
    with pytest.raises(FileNotFoundError) as caught:
        fl.score(tmp_path / "in.parquet", "out.parquet", **OPTIONS)
    assert one_line(caught.value) == "the current directory has been removed: change into another"
