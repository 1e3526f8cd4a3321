"""What an output is like as a file: its mode, its name, what is beside it, and when it is on the disk."""

import os
import re
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, names
from fastloss.files.engines import job
from fastloss.files.locks import lock
from fastloss.files.stores import LOCAL, local

OPTIONS = {"loss": fl.huber, "residual": "r"}
PARQUET = ".parquet"


@pytest.fixture
def data(tmp_path):
    for i in range(2):
        write(tmp_path / "data" / f"{i}.parquet", i)
    return tmp_path / "data"


def write(path, seed=0):
    path.parent.mkdir(exist_ok=True)
    pa.parquet.write_table(pa.table({"r": np.random.default_rng(seed).standard_normal(50)}), path)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


@pytest.mark.parametrize("former", [0o600, 0o444, 0o664, 0o640])
def test_an_output_that_is_replaced_keeps_its_mode(data, tmp_path, umask, former):
    output, directory = tmp_path / "out.csv", tmp_path / "scored"
    fl.score(data / "0.parquet", output, **OPTIONS)
    fl.score(data, directory, **OPTIONS)
    written = [output, directory / "0.parquet", directory / "_0.parquet.json"]
    assert [mode(path) for path in written] == [0o640] * 3
    for path in written:
        path.chmod(former)
    fl.score(data / "0.parquet", output, **OPTIONS)
    fl.score(data, directory, loss=fl.huber.bind(delta=0.3), residual="r", resume=True)
    assert [mode(path) for path in written] == [former] * 3
    assert mode(directory / "1.parquet") == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_an_output_that_is_replaced_keeps_its_owner(data, tmp_path):
    output = tmp_path / "out.csv"
    output.touch(0o4604)
    os.chown(output, 1234, 2345)
    fl.score(data / "0.parquet", output, **OPTIONS)
    status = os.stat(output)
    assert (status.st_uid, status.st_gid, mode(output)) == (1234, 2345, 0o604)


def test_what_is_secret_is_so_while_it_is_written(data, tmp_path):
    output, seen = tmp_path / "out.csv", []
    output.touch(0o600)

    def look(rows, share):
        seen.extend(mode(path) for path in tmp_path.glob(".*.tmp"))

    fl.score(data, output, progress=look, **OPTIONS)
    assert seen and set(seen) == {0o600}


@pytest.mark.parametrize("size", [*range(240, 256), 100])
@pytest.mark.parametrize("letter", ["a", "é", "𝄞"])
def test_names_as_long_as_there_can_be(tmp_path, size, letter):
    count, rest = divmod(size - len(PARQUET), len(letter.encode()))
    name = letter * count + "b" * rest + PARQUET
    assert len(name.encode()) == size
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / name)
    write(tmp_path / "in" / f"c{name[1:]}"[-120:])
    fl.score(tmp_path / "in" / name, tmp_path / name, **OPTIONS)
    expected = fl.score(tmp_path / "in", tmp_path / "out", **OPTIONS)
    there = sorted(os.listdir(tmp_path / "out"))
    assert len(there) == 4 and [n for n in there if not n.startswith("_")] == sorted(os.listdir(tmp_path / "in"))
    assert fl.score(tmp_path / "in", tmp_path / "out", resume=True, **OPTIONS) == expected
    (tmp_path / "in" / name).unlink()  # its output is known by its record, whatever that is called
    fl.score(tmp_path / "in", tmp_path / "out", resume=True, **OPTIONS)
    assert len(os.listdir(tmp_path / "out")) == 2


def test_a_name_that_is_too_long_is_one_line(data, tmp_path):
    with pytest.raises(ScoringError, match=r"a.csv: cannot be written: File name too long"):
        fl.score(data, tmp_path / ("a" * 252 + ".csv"), **OPTIONS)
    assert os.listdir(tmp_path) == ["data"]


def test_names_that_are_not_text(data, tmp_path):
    name = os.fsdecode(b"caf\xe9.parquet")
    os.rename(data / "0.parquet", tmp_path / name)
    fl.score(data / "1.parquet", tmp_path / f"2{name}", **OPTIONS)
    fl.score(tmp_path / name, tmp_path / "out.csv", **OPTIONS)
    expected = fl.score(tmp_path / name, f"{tmp_path}/out/", **OPTIONS)
    assert fl.score(tmp_path / name, f"{tmp_path}/out/", resume=True, **OPTIONS) == expected
    fl.score(data, f"{tmp_path}/out/", resume=True, **OPTIONS)
    assert sorted(os.listdir(tmp_path / "out")) == ["1.parquet", "_1.parquet.json"]
    (tmp_path / f"2{name}").unlink()


@pytest.mark.parametrize("place", ["data/0.parquet/out.csv", "nosuch/out.csv", "data/0.parquet/out/", "/proc/out/"])
def test_places_that_cannot_be_are_one_line(data, tmp_path, place):
    said = "lies in the input .*, and would be" if place.startswith("data") else r"cannot be written: [\w ]+$"
    with pytest.raises(ScoringError, match=f"out.*: {said}"):
        fl.score(data, os.path.join(tmp_path, place), **OPTIONS)
    assert os.listdir(tmp_path) == ["data"] and len(os.listdir(data)) == 2


def test_leftovers_of_a_file_go_unless_somebody_writes_them(data, tmp_path):
    output = tmp_path / "out.csv"
    dead, alive, other = (
        tmp_path / f".{name}.tmp" for name in ("out.csv.01234567", "out.csv.89abcdef", "b.csv.01234567")
    )
    for path in (dead, alive, other):
        path.write_bytes(b"half")
    with alive.open("r+b") as file:
        assert lock(file)
        fl.score(data, output, **OPTIONS)
        assert not dead.exists() and alive.exists() and other.exists()
    fl.score(data, output, **OPTIONS)
    assert not alive.exists() and other.exists()


def test_two_jobs_that_write_one_file(data, tmp_path):
    """It is that of one of them, whole."""
    losses = [fl.huber, fl.absolute_error, fl.squared_error]
    alone = {}
    for loss in losses:
        fl.score(data, tmp_path / "alone.csv", loss=loss, residual="r")
        alone[loss.name] = (tmp_path / "alone.csv").read_bytes()

    def work(loss):
        for _ in range(10):
            fl.score(data, tmp_path / "out.csv", loss=loss, residual="r")
            assert (tmp_path / "out.csv").read_bytes() in alone.values()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, losses))
    assert sorted(os.listdir(tmp_path)) == ["alone.csv", "data", "out.csv"]


def test_a_file_that_another_run_took_for_abandoned_is_made_again(data, tmp_path, monkeypatch):
    """Between its making and its lock."""
    made, temporary = [], names.temporary

    def known(path):
        made.append(temporary(path))
        return made[-1]

    def late(file):
        if len(made) == 1:
            os.unlink(made[0])
        return lock(file)

    monkeypatch.setattr(job, "ATTEMPTS", 1)
    monkeypatch.setattr(names, "temporary", known)
    monkeypatch.setattr("fastloss.files.locks.lock", late)
    fl.score(data, tmp_path / "out.csv", **OPTIONS)
    assert len(made) == 2 and sorted(os.listdir(tmp_path)) == ["data", "out.csv"]


def test_what_is_done_is_on_the_disk(data, tmp_path, monkeypatch):
    """The bytes of an output, before its record and its name; in the end the names."""
    events, sync, replace = [], os.fsync, os.replace

    def synced(descriptor):
        events.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}")))
        sync(descriptor)

    def replaced(source, target):
        events.append(("name", source, str(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    directory = os.path.realpath(tmp_path / "scored")
    fl.score(data / "0.parquet", f"{directory}/", **OPTIONS)
    temporary = [event[1] for event in events if event[0] == "name"]
    assert events == [
        ("sync", temporary[1]),
        ("name", temporary[0], f"{directory}/_0.parquet.json"),
        ("name", temporary[1], f"{directory}/0.parquet"),
        ("sync", directory),
    ]


needs_syncfs = pytest.mark.skipif(not local.syncs_together(), reason="each output is synced where syncfs is not there")


@needs_syncfs
@pytest.mark.parametrize("workers", [1, 2])
def test_the_disk_is_waited_for_once(data, tmp_path, monkeypatch, workers):
    """Small outputs are all on the disk before the first of them has a record or its name, which come in turn."""
    for i in range(2, 9):
        write(data / f"{i}.parquet", i)
    events, syncfs, replace = [], local._syncfs(), os.replace
    monkeypatch.setattr(local, "_syncfs", lambda: lambda descriptor: events.append("sync") or syncfs(descriptor))
    monkeypatch.setattr(os, "replace", lambda source, to: events.append(os.path.basename(to)) or replace(source, to))
    summary = fl.score(data, tmp_path / "scored", workers=workers, **OPTIONS)
    named = [event for event in events if event != "sync"]
    assert events.count("sync") <= workers and events[0] == "sync" and len(named) == 18
    assert all(named.index(f"_{i}.parquet.json") < named.index(f"{i}.parquet") for i in range(9))
    monkeypatch.setattr(local, "_syncfs", lambda: None)
    assert fl.score(data, tmp_path / "each", workers=workers, **OPTIONS) == summary
    assert contents(tmp_path / "each") == contents(tmp_path / "scored")


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@needs_syncfs
def test_where_not_all_is_on_the_disk_each_output_tells(data, tmp_path, monkeypatch):
    """syncfs tells of errors of other files too: each output is synced then; one that cannot be is done again."""
    fl.score(data, tmp_path / "whole", **OPTIONS)
    synced, failing, sync = [], ["1.parquet"], os.fsync

    def fsync(descriptor):
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        synced.append(name)
        if failing and name.startswith(f".{failing[0]}"):
            failing.pop()
            raise OSError(5, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(local, "_syncfs", lambda: lambda descriptor: -1)
    summary = fl.score(data, tmp_path / "scored", **OPTIONS)
    assert [name[1] for name in synced] == ["0", "1", "1", "c"] and not failing
    assert summary.to_json() == fl.score(data, **OPTIONS).to_json()
    assert contents(tmp_path / "scored") == contents(tmp_path / "whole")


@needs_syncfs
@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_what_is_complete_is_named_when_a_job_is_interrupted(data, tmp_path, monkeypatch, fault):
    done, score_task = [], job.score_task

    def interrupted(task, *rest):
        if done:
            raise fault
        done.append(task.name)
        score_task(task, *rest)
        assert os.listdir(tmp_path / "scored") != ["0.parquet"]

    monkeypatch.setattr(job, "score_task", interrupted)
    with pytest.raises(fault):
        fl.score(data, tmp_path / "scored", workers=1, **OPTIONS)
    assert sorted(os.listdir(tmp_path / "scored")) == ["0.parquet", "_0.parquet.json"]


def test_a_directory_that_cannot_be_synced(data, tmp_path, monkeypatch):
    sync = os.fsync

    def synced(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    fl.score(data, tmp_path / "scored", **OPTIONS)
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    monkeypatch.setattr(local, "_syncfs", lambda: lambda descriptor: -1)
    with pytest.raises(ScoringError, match="cannot be written: Input/output error"):
        fl.score(data, tmp_path / "again", **OPTIONS)
    assert not Path(tmp_path / "again").exists()


def test_a_full_disk_keeps_nobody_from_resuming(data, tmp_path, monkeypatch):
    """Who holds the lock is not written then; what is done is done."""
    expected = fl.score(data, tmp_path / "scored", **OPTIONS)
    owner = names.LOCK
    monkeypatch.setattr("fastloss.files.locks.owner", lambda: (_ for _ in ()).throw(OSError(28, "No space left")))
    assert fl.score(data, tmp_path / "scored", resume=True, **OPTIONS) == expected
    assert owner not in os.listdir(tmp_path / "scored")


def _small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow", "csv.gz", "csv.zst"])
def test_a_file_that_may_not_grow(data, tmp_path, ending):
    """The others are done, nothing is left of it, and the rest can be resumed."""
    big = tmp_path / "data" / f"big.{ending}"
    table = tmp_path / "big.parquet"
    pa.parquet.write_table(pa.table({"r": np.random.default_rng(0).standard_normal(20_000)}), table)
    fl.score(table, big, loss=fl.huber, residual="r", prefix="x_")
    options = ["--loss", "huber", "--residual", "r"]
    command = [sys.executable, "-m", "fastloss", "score", str(data), "-o", f"{tmp_path}/out/", *options]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_small_files)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert re.search(
        rf"out/big.{ending}: cannot be written: .*\(1 of 3 files failed, the others are done\)", done.stderr
    )
    others = ["0.parquet", "1.parquet", "_0.parquet.json", "_1.parquet.json"]
    assert sorted(os.listdir(tmp_path / "out")) == others
    expected = fl.score(data, tmp_path / "expected", **OPTIONS)
    assert fl.score(data, tmp_path / "out", resume=True, **OPTIONS) == expected
    for path in (tmp_path / "expected").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_the_name_of_a_file_is_where_its_path_leads(tmp_path, monkeypatch):
    """Also where a link or the working directory has become another."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "one" / "link").symlink_to(tmp_path / "other" / "file")
    directory = tmp_path / "directory"
    for name in ("one", "other", "one"):
        directory.unlink(missing_ok=True)
        directory.symlink_to(tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        for path in (f"{directory}/file", f"{tmp_path}/one/../{name}/file", "file", "./file", f"../{name}//file"):
            assert LOCAL.status(path)[0] == os.path.realpath(tmp_path / name / "file")
    assert LOCAL.status("link")[0] == os.path.realpath(tmp_path / "other" / "file")
