"""Directories: one output a file, and resuming where an earlier run stopped."""

import hashlib
import json
import os
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.core import config
from fastloss.files import ScoringError, fragment
from fastloss.files.engines import job

OPTIONS = {"loss": fl.huber, "residual": "r"}


@pytest.fixture
def data(tmp_path):
    """Five files of 40 rows, and helper files that are no data."""
    directory = tmp_path / "data"
    directory.mkdir()
    rng = np.random.default_rng(0)
    for name in "becad":
        table = pa.table({"r": rng.standard_normal(40), "file": [name] * 40})
        pa.parquet.write_table(table, directory / f"{name}.parquet")
    (directory / "_SUCCESS").touch()
    (directory / ".hidden.parquet").write_bytes(b"nothing")
    return directory


@pytest.fixture
def scored(tmp_path):
    return tmp_path / "scored"


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def outputs(directory):
    return sorted(name for name in os.listdir(directory) if not name.startswith(("_", ".")))


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_output_a_file(data, scored, slash):
    summary = fl.score(data, f"{scored}{slash}", **OPTIONS)
    assert outputs(scored) == [f"{name}.parquet" for name in "abcde"]
    parts = [fl.score(data / name, **OPTIONS) for name in outputs(scored)]
    merged = parts[4] | parts[0] | parts[2] | parts[1] | parts[3]
    assert summary.to_json() == merged.to_json()
    table = pa.parquet.read_table(scored / "c.parquet")
    assert table.column_names == ["r", "file", "value"]
    np.testing.assert_array_equal(table["value"].to_numpy(), fl.huber(table["r"].to_numpy()))


def test_a_directory_into_one_file_is_in_the_order_of_names(data, tmp_path):
    summary = fl.score(data, tmp_path / "all.parquet", **OPTIONS)
    table = pa.parquet.read_table(tmp_path / "all.parquet")
    assert table["file"].to_pylist() == [name for name in "abcde" for _ in range(40)]
    assert summary.count == 200


def test_several_files_into_a_directory(data, scored):
    scored.mkdir()
    fl.score([data / "e.parquet", data / "a.parquet"], scored, **OPTIONS)
    assert outputs(scored) == ["a.parquet", "e.parquet"]


def test_arrays_and_their_targets_from_directories(tmp_path, scored):
    rng = np.random.default_rng(0)
    for directory in ("x", "y"):
        (tmp_path / directory).mkdir()
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / "x" / name, rng.standard_normal((6, 3)))
        np.save(tmp_path / "y" / name, rng.integers(0, 3, 6))
    summary = fl.score(tmp_path / "x", scored, loss=fl.cross_entropy, target=str(tmp_path / "y"))
    assert summary.count == 12
    expected = fl.cross_entropy(np.load(tmp_path / "x/b.npy"), np.load(tmp_path / "y/b.npy"))
    np.testing.assert_array_equal(np.load(scored / "b.npy"), expected)


def refused(match, *args, **options):
    with pytest.raises(ScoringError, match=match):
        fl.score(*args, **OPTIONS, **options)


def test_destinations_that_are_refused(data, scored):
    scored.mkdir()
    (scored / "a.parquet").write_bytes(b"older")
    before = contents(scored)
    refused("scored: the directory is not empty", data, scored)
    assert contents(scored) == before
    refused("would replace an input|not empty", data, data)
    refused("would replace an input", data, data, resume=True)
    copy = scored / "other"
    shutil.copytree(data, copy)
    refused("two inputs are called 'a.parquet'", [data, copy], scored.parent / "new")
    assert not (scored.parent / "new").exists()


def test_a_file_that_fails_does_not_keep_the_others_from_being_done(data, scored):
    (data / "b.parquet").write_bytes(b"PAR1 no")
    pa.parquet.write_table(pa.table({"z": [1.0]}), data / "d.parquet")
    refused(
        r"b.parquet: cannot be read as Parquet.*\(2 of 5 files failed, the others are done; "
        r"also failed: .*d.parquet\)",
        data,
        scored,
    )
    assert outputs(scored) == ["a.parquet", "c.parquet", "e.parquet"]


def test_nothing_is_left_where_everything_fails(data, scored):
    with pytest.raises(ScoringError, match=r"no column 'z'.*5 of 5"):
        fl.score(data, scored, loss=fl.huber, residual="z")
    assert not scored.exists()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(6))
def test_a_resumed_run_ends_like_another(data, scored, tmp_path, monkeypatch, after):
    """Killed before its n-th output is complete, with a temporary file left by the kill."""
    whole = fl.score(data, tmp_path / "whole", **OPTIONS)
    done, score_task = [], fragment.score_task

    def killed_in_time(task, *args):
        if len(done) == after:
            (scored / f".{os.path.basename(task.output)}.0123abcd.tmp").write_bytes(b"half")
            raise Killed
        done.append(task.output)
        return score_task(task, *args)

    monkeypatch.setattr(job, "score_task", killed_in_time)
    if after < 5:
        with pytest.raises(Killed):
            fl.score(data, scored, workers=1, **OPTIONS)
        again = []
        monkeypatch.setattr(job, "score_task", lambda task, *args: again.append(1) or score_task(task, *args))
        resumed = fl.score(data, scored, **OPTIONS, resume=True)
        assert len(again) == 5 - after
    else:
        resumed = fl.score(data, scored, **OPTIONS)
    assert resumed.to_json() == whole.to_json()
    assert contents(scored) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "change",
    ["input", "spec", "version", "output gone", "output cut", "record cut", "record of another"],
)
def test_what_changed_is_done_again(data, scored, monkeypatch, change):
    fl.score(data, scored, **OPTIONS)
    options, record = dict(OPTIONS), scored / "_b.parquet.json"
    redone = 1
    match change:
        case "input":
            pa.parquet.write_table(pa.table({"r": np.ones(40), "file": ["b"] * 40}), data / "b.parquet")
        case "spec":
            options["loss"], redone = fl.huber.bind(delta=0.5), 5
        case "version":
            monkeypatch.setattr(config, "__version__", "0.0")
            redone = 5
        case "output gone":
            (scored / "b.parquet").unlink()
        case "output cut":
            (scored / "b.parquet").write_bytes(b"PAR1")
        case "record cut":
            record.write_text(record.read_text()[:50])
        case "record of another":
            record.write_text("[]")
    done, score_task = [], fragment.score_task
    monkeypatch.setattr(job, "score_task", lambda task, *args: done.append(task) or score_task(task, *args))
    resumed = fl.score(data, scored, **options, resume=True)
    assert len(done) == redone
    monkeypatch.undo()
    assert resumed.to_json() == fl.score(data, **options).to_json()
    table = pa.parquet.read_table(scored / "b.parquet")
    np.testing.assert_array_equal(table["value"], options["loss"](table["r"].to_numpy()))


def test_records_are_strict_json_without_times(data, scored):
    fl.score(data, scored, **OPTIONS)

    def refuse(constant):
        raise AssertionError(constant)

    record = json.loads((scored / "_a.parquet.json").read_text(), parse_constant=refuse)
    assert set(record) == {"digest", "place", "size", "sha256", "origin", "version", "summary"}
    assert record["sha256"] == hashlib.sha256((scored / "a.parquet").read_bytes()).hexdigest()
    assert re.fullmatch("[0-9a-f]{64}", record["origin"]) and str(data) not in json.dumps(record)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_of_no_bytes_beside_others_has_no_rows(tmp_path, ending):
    """As Spark writes parts without rows; alone it tells no columns."""
    source = tmp_path / "in"
    source.mkdir()
    (source / f"part-1.{ending}").write_text('{"r": 2}\n' if ending == "jsonl" else "r\n2\n")
    (source / f"part-0.{ending}").touch()
    for output in ("out/", "out.csv"):
        assert fl.score(source, tmp_path / output, loss=fl.squared_error, residual="r").count == 1
    assert fl.score([source / f"part-{i}.{ending}" for i in (0, 1)], loss=fl.huber, residual="r").count == 1
    with pytest.raises(ScoringError, match=r"the file is empty|there are none"):
        fl.score(source / f"part-0.{ending}", loss=fl.huber, residual="r")
