"""Outputs at addresses that fsspec knows: the same bytes as on this machine, whole or not at all."""

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, fragment
from fastloss.files.engines import job
from fastloss.files.stores import LOCAL
from fastloss.files.writers.spliced import SplicedSink

fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")

OPTIONS = {"loss": fl.huber, "residual": "r"}


@pytest.fixture
def data(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    rng = np.random.default_rng(0)
    for name in "cab":
        pa.parquet.write_table(pa.table({"r": rng.standard_normal(40)}), directory / f"{name}.parquet")
    return directory


@pytest.fixture
def memory():
    """The file system memory://, which is empty at first."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]
    yield filesystem
    filesystem.store.clear()


@pytest.fixture(params=["memory", "file"])
def address(request, tmp_path, memory):
    """Where outputs go, and all that is there."""
    url = "memory://" if request.param == "memory" else f"file://{tmp_path}"

    def contents(name):
        filesystem, root = fsspec.url_to_fs(f"{url}/{name}")
        found = filesystem.find(root) if filesystem.exists(root) else []
        return {path.removeprefix(root).removeprefix("/"): filesystem.cat_file(path) for path in found}

    return url, contents


@pytest.mark.parametrize("name", ["one.parquet", "one.csv", "one.arrow", "one.npy"])
def test_one_file(data, tmp_path, address, name):
    url, contents = address
    keep = "none" if name.endswith("npy") else "all"
    summary = fl.score(data, f"{url}/{name}", keep=keep, **OPTIONS)
    here = fl.score(data, tmp_path / f"here-{name}", keep=keep, **OPTIONS)
    assert summary == here
    assert list(contents(name).values()) == [(tmp_path / f"here-{name}").read_bytes()]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_directory_is_resumed(data, tmp_path, address, monkeypatch, slash):
    url, contents = address
    whole = fl.score(data, tmp_path / "here", **OPTIONS)
    expected = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}
    assert fl.score(data, f"{url}/out{slash}", **OPTIONS) == whole
    assert contents("out") == expected and "_a.parquet.json" in expected
    with pytest.raises(ScoringError, match="out: the directory is not empty"):
        fl.score(data, f"{url}/out", **OPTIONS)

    filesystem, root = fsspec.url_to_fs(f"{url}/out")
    filesystem.rm_file(f"{root}/b.parquet")
    filesystem.pipe_file(f"{root}/_c.parquet.json", b"{")
    filesystem.pipe_file(f"{root}/.b.parquet.0123abcd.tmp", b"half")
    done, score_task = [], fragment.score_task
    monkeypatch.setattr(job, "score_task", lambda task, *args: done.append(task.name) or score_task(task, *args))
    assert fl.score(data, f"{url}/out", resume=True, workers=1, **OPTIONS) == whole
    assert [name[-9:] for name in done] == ["b.parquet", "c.parquet"]
    assert contents("out") == expected


def test_nothing_appears_before_it_is_complete(data, address, monkeypatch):
    url, contents = address
    fl.score(data / "a.parquet", f"{url}/one.parquet", **OPTIONS)
    before = contents("one.parquet")
    write = SplicedSink.write
    seen = []

    def failing(sink, batch):
        write(sink, batch)
        seen.append((contents("one.parquet"), contents("new.parquet")))
        if len(seen) % 3 == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(SplicedSink, "write", failing)
    with pytest.raises(ScoringError, match="parquet: cannot be written: No space left on device"):
        fl.score(data, f"{url}/one.parquet", **OPTIONS)
    with pytest.raises(ScoringError, match="parquet: cannot be written: No space left on device"):
        fl.score(data, f"{url}/new.parquet", **OPTIONS)
    assert seen and all(pair == (before, {}) for pair in seen)
    assert contents("one.parquet") == before and not contents("new.parquet")
    filesystem, root = fsspec.url_to_fs(url)
    assert not [path for path in filesystem.find(root) if path.endswith(".tmp")]


def test_a_store_that_fails_leaves_nothing(data, memory, monkeypatch):
    def refused(self, *args, **keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(memory), "pipe_file", refused)
    with pytest.raises(ScoringError, match=r"/one.parquet: cannot be written: .*Permission denied"):
        fl.score(data, "memory://one.parquet", **OPTIONS)
    assert not memory.store


def test_an_output_that_would_replace_an_input_is_refused(data, memory):
    memory.pipe_file("/in/a.parquet", (data / "a.parquet").read_bytes())
    with pytest.raises(ScoringError, match="the output would replace an input"):
        fl.score("memory://in/a.parquet", "memory://in/a.parquet", **OPTIONS)
    with pytest.raises(ScoringError, match="the output would replace an input"):
        fl.score(data / "a.parquet", f"file://{data}/a.parquet", **OPTIONS)
    with pytest.raises(ScoringError, match="nosuch"):
        fl.score(data / "a.parquet", "nosuch://a.parquet", **OPTIONS)


def test_the_store_of_this_machine_is_one_in_every_process():
    assert pickle.loads(pickle.dumps(LOCAL)) is LOCAL
