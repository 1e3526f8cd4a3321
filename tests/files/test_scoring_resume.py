"""Resuming: what another run would have left, whatever was there; corrupt records and outputs; one job a directory."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.exact.state import FORMAT
from fastloss.files import ScoringError, fragment, names
from fastloss.files.engines import job, resume

OPTIONS = {"loss": fl.huber, "residual": "r"}
COMMAND = [sys.executable, "-m", "fastloss", "score"]
ENDINGS = ["parquet", "csv", "csv.gz", "arrow", "feather", "npy"]


@pytest.fixture(params=["here", "memory"])
def scored(request, tmp_path):
    """Where outputs go: a directory of this machine, or of another file system; and all files in one."""
    if request.param == "here":
        yield f"{tmp_path}/scored", lambda url: files_in(url)
        return
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]

    def contents(url):
        root = url.removeprefix("memory:/")
        found = filesystem.find(root) if filesystem.exists(root) else []
        return {path.removeprefix(root).removeprefix("/"): filesystem.cat_file(path) for path in found}

    yield "memory://scored", contents
    filesystem.store.clear()


def files_in(directory):
    files = (path for path in Path(directory).rglob("*") if not path.is_dir())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def write(path, values, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"r": values})
    match path.name.split(".", 1)[1]:
        case "npy":
            np.save(path, values)
        case "csv":
            pa.csv.write_csv(table, path)
        case "csv.gz":
            with pa.CompressedOutputStream(str(path), "gzip") as file:
                pa.csv.write_csv(table, file)
        case "arrow" | "feather":
            pa.feather.write_feather(table, path, compression="uncompressed")
        case _:
            pa.parquet.write_table(table, path, **options)


def normal(seed, rows=60):
    return np.random.default_rng(seed).standard_normal(rows)


def options_of(ending):
    return {"loss": fl.huber} if ending == "npy" else OPTIONS


def test_origins_are_hashes_of_canonical_json(tmp_path, monkeypatch):
    """Those of former runs stay what they are."""
    found, origin = [], resume.origin
    monkeypatch.setattr(resume, "origin", lambda *given: found.append((given, origin(*given))) or found[-1][1])
    for name in ("a", 'b "inputs":null'):
        write(tmp_path / "in" / f"{name}.parquet", [1.0, 2.0])
    fl.score(tmp_path / "in", f"{tmp_path}/out/", prefix='"inputs":null', **OPTIONS)
    assert len(found) == 2
    for (task, spec, classes), text in found:
        status = os.stat(task.fragments[0].path)
        parts = {
            "inputs": [[[[task.fragments[0].path, status.st_size, status.st_mtime_ns]], None, [], None]],
            "spec": spec.fingerprint,
            "classes": classes,
            "version": fl.__version__,
            "format": FORMAT,
        }
        canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        assert text == hashlib.sha256(canonical.encode()).hexdigest()


def test_other_fragments_leave_nothing_of_the_former(tmp_path, scored):
    (directory, contents), data = scored, tmp_path / "data"
    for i in range(3):
        write(data / f"{i}.parquet", normal(i), row_group_size=10)
    fl.score(data, f"{directory}/", **OPTIONS)
    for rows in (20, None, 30):
        expected = fl.score(data, tmp_path / f"expected{rows}", fragment_rows=rows, **OPTIONS)
        got = fl.score(data, f"{directory}/", fragment_rows=rows, resume=True, **OPTIONS)
        assert got.to_json() == expected.to_json()
        assert contents(directory) == files_in(tmp_path / f"expected{rows}")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("change", ["removed", "renamed"])
def test_an_input_that_is_gone_takes_its_output_along(tmp_path, scored, ending, change):
    (directory, contents), data = scored, tmp_path / "data"
    for i in range(3):
        write(data / f"{i}.{ending}", normal(i))
    fl.score(data, directory, **options_of(ending))
    if change == "removed":
        (data / f"1.{ending}").unlink()
    else:
        (data / f"1.{ending}").rename(data / f"5.{ending}")
    expected = fl.score(data, tmp_path / "expected", **options_of(ending))
    got = fl.score(data, directory, resume=True, **options_of(ending))
    assert got.to_json() == expected.to_json()
    assert contents(directory) == files_in(tmp_path / "expected")


def test_partitions_that_are_gone_take_their_directories_along(tmp_path, scored):
    (directory, contents), data = scored, tmp_path / "data"
    for i in range(3):
        write(data / f"day={i}" / f"hour={i}" / "a.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    shutil.rmtree(data / "day=1")
    fl.score(data, tmp_path / "expected", **OPTIONS)
    fl.score(data, directory, resume=True, **OPTIONS)
    assert contents(directory) == files_in(tmp_path / "expected")
    if "://" not in directory:
        assert sorted(os.listdir(directory)) == ["day=0", "day=2"]


def test_what_is_not_ours_stays(tmp_path):
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(2):
        write(data / f"{i}.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    fl.score(data, directory / "inside", **OPTIONS)  # another job's directory
    (directory / "mine.parquet").write_bytes(b"mine")
    (directory / "_notes.json").write_text("{}")
    (directory / "_gone.csv.json").write_text("{}")
    (directory / "inside" / ".fastloss.lock").touch()
    (directory / "inside" / ".0.parquet.01234567.tmp").touch()
    (directory / ".notes.txt.swp").touch()
    before = files_in(directory)
    (data / "1.parquet").unlink()
    fl.score(data, directory, resume=True, **OPTIONS)
    gone = ("1.parquet", "_1.parquet.json")
    assert files_in(directory) == {name: text for name, text in before.items() if name not in gone}


@pytest.mark.parametrize("text", [b"", b"{}", b'{"digest": "' + b"0" * 64 + b'", "place": "1.parquet"}', b"\xff" * 200])
def test_an_output_whose_record_does_not_tell_is_refused(tmp_path, text):
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(2):
        write(data / f"{i}.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    (directory / "_1.parquet.json").write_bytes(text)
    (data / "1.parquet").unlink()
    before = files_in(directory)
    with pytest.raises(ScoringError, match=r"scored/1.parquet: this run does not make it, and its record _1.parquet"):
        fl.score(data, directory, resume=True, **OPTIONS)
    assert files_in(directory) == before


def test_a_record_of_another_place_is_refused(tmp_path):
    """The directory of a partition is part of another job's."""
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(2):
        write(data / f"day={i}" / f"{i}.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    with pytest.raises(ScoringError, match="this run does not make it"):
        fl.score(data / "day=0" / "0.parquet", f"{directory}/day=1/", resume=True, **OPTIONS)


def test_a_run_with_failures_leaves_what_it_has_made(tmp_path, scored):
    (directory, contents), data = scored, tmp_path / "data"
    for i in range(4):
        write(data / f"{i}.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    before = contents(directory)
    with pytest.raises(ScoringError, match="4 of 4"):  # a request that makes no sense destroys nothing
        fl.score(data, directory, loss=fl.huber, residual="nosuch", resume=True)
    assert contents(directory) == before
    (data / "1.parquet").write_bytes(b"PAR1 no")
    (data / "3.parquet").unlink()
    for output, options in ((tmp_path / "expected", {}), (directory, {"resume": True})):
        with pytest.raises(ScoringError, match="1 of 3"):
            fl.score(data, output, loss=fl.huber.bind(delta=0.5), residual="r", **options)
    assert contents(directory) == files_in(tmp_path / "expected")


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(5))
def test_killed_while_the_former_goes(tmp_path, monkeypatch, after):
    """Twice: the run with other fragments, then the run with other inputs, each at the same removal."""
    data, directory = tmp_path / "data", f"{tmp_path}/scored/"
    for i in range(3):
        write(data / f"{i}.parquet", normal(i), row_group_size=20)
    fl.score(data, directory, **OPTIONS)
    remove = os.unlink

    def killed_in_time(path, *args, **keywords):
        if str(path).startswith(directory) and names.LOCK not in str(path):
            removed.append(path)
            if len(removed) > after:
                raise Killed
        remove(path, *args, **keywords)

    for rows in (20, 40):
        removed = []
        monkeypatch.setattr(os, "unlink", killed_in_time)
        with pytest.raises(Killed):
            fl.score(data, directory, fragment_rows=rows, resume=True, workers=1, **OPTIONS)
        monkeypatch.undo()
    (data / "2.parquet").unlink()
    fl.score(data, directory, resume=True, **OPTIONS)
    fl.score(data, tmp_path / "expected", **OPTIONS)
    assert files_in(directory) == files_in(tmp_path / "expected")


@pytest.mark.parametrize("fault", ["before its record", "between record and output"])
def test_killed_beside_the_record(tmp_path, monkeypatch, fault):
    """An output that another run's output replaced is known to be ours at every moment."""
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(2):
        write(data / f"{i}.parquet", normal(i))
    fl.score(data, directory, **OPTIONS)
    replace = os.replace

    def killed_in_time(source, target):
        is_record = os.path.basename(target).startswith("_")
        if os.path.basename(target).strip("_").startswith("1.") and is_record == (fault == "before its record"):
            raise Killed
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed_in_time)
    with pytest.raises(Killed):
        fl.score(data, directory, loss=fl.huber.bind(delta=0.1), residual="r", resume=True, workers=1)
    monkeypatch.undo()
    (data / "1.parquet").unlink()
    fl.score(data, directory, resume=True, **OPTIONS)
    fl.score(data, tmp_path / "expected", **OPTIONS)
    assert files_in(directory) == files_in(tmp_path / "expected")


def redone(monkeypatch, *args, **options):
    """What a resumed run did again."""
    done, score_task = [], fragment.score_task
    monkeypatch.setattr(job, "score_task", lambda task, *rest: done.append(task.name) or score_task(task, *rest))
    fl.score(*args, resume=True, **options)
    monkeypatch.undo()
    return [os.path.basename(name) for name in done]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_output_that_changed_is_done_again(tmp_path, scored, monkeypatch, ending):
    (directory, contents), data = scored, tmp_path / "data"
    for i in range(2):
        write(data / f"{i}.{ending}", normal(i))
    fl.score(data, directory, **options_of(ending))
    before = contents(directory)
    assert redone(monkeypatch, data, directory, **options_of(ending)) == []
    text = bytearray(before[f"1.{ending}"])
    text[len(text) // 2] ^= 1
    if "://" in directory:
        import fsspec

        fsspec.filesystem("memory").pipe_file(f"/scored/1.{ending}", bytes(text))
    else:
        path, times = f"{directory}/1.{ending}", os.stat(f"{directory}/1.{ending}")
        with open(path, "r+b") as file:
            file.write(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert redone(monkeypatch, data, directory, **options_of(ending)) == [f"1.{ending}"]
    assert contents(directory) == before


def with_digest(text):
    return b'{"digest": "%s", ' % hashlib.sha256(text).hexdigest().encode() + text


MALFORMED = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "constant": b"NaN",
    "not UTF-8": b'{"origin": "\xff\xfe"}',
    "twice": b'{"origin": "a", "origin": "b", "size": 1, "size": 2}',
    "huge number": b'{"size": 1' + b"0" * 5000 + b"}",
    "huge exponent": b'{"size": 1e999999}',
    "zeros": bytes(10_000),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_records_are_done_again(tmp_path, monkeypatch, kind):
    data, directory = tmp_path / "data", tmp_path / "scored"
    write(data / "0.parquet", normal(0))
    fl.score(data, directory, **OPTIONS)
    before = files_in(directory)
    for text in (MALFORMED[kind], with_digest(MALFORMED[kind].removeprefix(b"{"))):
        (directory / "_0.parquet.json").write_bytes(text)
        assert redone(monkeypatch, data, directory, **OPTIONS) == ["0.parquet"]
        assert files_in(directory) == before


@pytest.mark.parametrize("value", [None, [], "text", {}, -1, 10**400, {"buckets": 1}, [[]], True])
@pytest.mark.parametrize("key", ["place", "size", "sha256", "origin", "summary"])
def test_records_of_other_types_are_done_again(tmp_path, monkeypatch, key, value):
    """Although their digests are right."""
    data, directory = tmp_path / "data", tmp_path / "scored"
    write(data / "0.parquet", normal(0))
    fl.score(data, directory, **OPTIONS)
    before, path = files_in(directory), directory / "_0.parquet.json"
    record = json.loads(path.read_text())
    del record["digest"]
    path.write_bytes(with_digest(json.dumps(record | {key: value})[1:].encode()))
    assert redone(monkeypatch, data, directory, **OPTIONS) == ["0.parquet"]
    del record[key]
    path.write_bytes(with_digest(json.dumps(record)[1:].encode()))
    assert redone(monkeypatch, data, directory, **OPTIONS) == ["0.parquet"]
    assert files_in(directory) == before


FORGED = {
    "loss": lambda s: s.update(loss="cauchy(c=1.0)"),
    "no loss": lambda s: s.update(loss=None),
    "by": lambda s: s.update(by="h"),
    "not by": lambda s: [s.pop("by"), s.pop("groups")],
    "loss of a group": lambda s: s["groups"][0][1].update(loss="cauchy(c=1.0)"),
    "no loss of a group": lambda s: s["groups"][0][1].update(loss=None),
    "loss of an output": lambda s: s["outputs"]["grad"].update(loss="cauchy(c=1.0).grad"),
    "outputs": lambda s: s["outputs"].update(hess=s["outputs"]["grad"] | {"loss": s["loss"] + ".hess"}),
    "a value": lambda s: s["outputs"].update({"value[0]": s["outputs"]["grad"] | {"loss": s["loss"] + ".value[0]"}}),
    "rows of an output": lambda s: s["outputs"]["grad"].update(nan=s["outputs"]["grad"]["nan"] + 1),
    "count": lambda s: s.update(count=s["count"] - 1),
    "nan": lambda s: s.update(nan=s["nan"] + 1),
    "null": lambda s: s.update(null=s["null"] + 1),
    "min": lambda s: s.update(min=-1.0),
    "max": lambda s: s.update(max="inf"),
    "weights": lambda s: [of.update(weighted=None) for of in (s, s["outputs"]["grad"], *(g for _, g in s["groups"]))],
    "a weight": lambda s: s["weighted"].__setitem__(0, [1, 0]),
    "a group": lambda s: s["groups"].pop(),
    "rows": lambda s: [of.update(null=of["null"] + (1 << 70)) for of in (s, s["outputs"]["grad"], s["groups"][0][1])],
}


@pytest.mark.parametrize("kind", FORGED)
def test_records_of_summaries_that_are_none_of_this_run_are_done_again(tmp_path, monkeypatch, kind):
    """Although their digests are right; the others merge with what is done again."""
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(2):
        table = pa.table({"r": [0.5, 3.0, np.nan, None], "g": ["a", "b", "a", None], "w": [1.0, 2, 3, 4]})
        data.mkdir(exist_ok=True)
        pa.parquet.write_table(table, data / f"{i}.parquet")
    options = OPTIONS | {"by": "g", "sample_weight": "w", "emit": ("value", "grad")}
    expected = fl.score(data, directory, **options)
    before, path = files_in(directory), directory / "_0.parquet.json"
    record = json.loads(path.read_text())
    del record["digest"]
    FORGED[kind](record["summary"])
    path.write_bytes(with_digest(json.dumps(record)[1:].encode()))
    assert redone(monkeypatch, data, directory, **options) == ["0.parquet"]
    assert files_in(directory) == before
    assert fl.score(data, directory, resume=True, **options).to_json() == expected.to_json()


def test_every_bit_of_a_record_counts(tmp_path, monkeypatch):
    data, directory = tmp_path / "data", tmp_path / "scored"
    write(data / "0.parquet", normal(0, rows=3))
    expected = fl.score(data, directory, **OPTIONS)
    path, seed = directory / "_0.parquet.json", random.Random(0)
    whole = path.read_bytes()
    for bit in [*range(0, 8 * 80, 7), *seed.sample(range(8 * len(whole)), 60)]:
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert redone(monkeypatch, data, directory, **OPTIONS) == ["0.parquet"], bit
        assert path.read_bytes() == whole
    assert fl.score(data, directory, resume=True, **OPTIONS) == expected


def test_a_record_that_is_no_file(tmp_path):
    data, directory = tmp_path / "data", tmp_path / "scored"
    write(data / "0.parquet", normal(0))
    fl.score(data, directory, **OPTIONS)
    (directory / "_0.parquet.json").unlink()
    os.mkfifo(directory / "_0.parquet.json")
    fl.score(data, directory, resume=True, **OPTIONS)
    (directory / "_0.parquet.json").unlink()
    (directory / "_0.parquet.json").mkdir()
    with pytest.raises(ScoringError, match=r"_0.parquet.json: cannot be written: Is a directory"):
        fl.score(data, directory, resume=True, **OPTIONS)


@pytest.mark.parametrize("resume", [False, True])
def test_two_jobs_in_one_directory(tmp_path, scored, resume):
    (directory, contents), data = scored, tmp_path / "data"
    write(data / "0.parquet", normal(0))
    seen = []

    def meanwhile(line):
        with pytest.raises(ScoringError) as caught:
            fl.score(data, directory, resume=resume, **OPTIONS)
        seen.append(str(caught.value))

    fl.score(data, directory, on_fragment=meanwhile, **OPTIONS)
    assert f"another job writes into this directory (process {os.getpid()} on " in seen[0]
    if "://" in directory:
        assert "if it is dead, remove memory://scored/.fastloss.lock" in seen[0]
    assert set(contents(directory)) == {"0.parquet", "_0.parquet.json"}
    fl.score(data, directory, resume=True, **OPTIONS)


def test_the_command_refuses_a_directory_that_is_taken(tmp_path):
    write(tmp_path / "data" / "0.parquet", normal(0))
    process = [*COMMAND, str(tmp_path / "data"), "-o", f"{tmp_path}/scored/", "--loss", "huber", "--residual", "r"]

    def meanwhile(line):
        done = subprocess.run(process, capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "another job" in done.stderr
        process.append("over")

    fl.score(tmp_path / "data", f"{tmp_path}/scored/", on_fragment=meanwhile, **OPTIONS)
    assert process[-1] == "over"


def test_many_jobs_at_once_and_one_gets_in(tmp_path):
    """At a time; each of those that do leaves the directory as if it had been alone."""
    data, directory = tmp_path / "data", tmp_path / "scored"
    for i in range(3):
        write(data / f"{i}.parquet", normal(i))
    fl.score(data, tmp_path / "expected", **OPTIONS)
    errors, through = [], []

    def work():
        for _ in range(8):
            try:
                fl.score(data, directory, resume=True, workers=1, **OPTIONS)
                through.append(1)
            except ScoringError as error:
                errors.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert through and all("another job writes into this directory" in error for error in errors)
    assert files_in(directory) == files_in(tmp_path / "expected")


def test_killed_at_random_moments_with_other_fragments(tmp_path):
    """Whatever is there then, the last run leaves what it would have left alone, and no manual step is needed."""
    data, directory, seed = tmp_path / "data", tmp_path / "scored", random.Random(1)
    for i in range(8):
        write(data / f"day={i % 2}" / f"{i}.parquet", normal(i, 3000), row_group_size=500)
    command = [*COMMAND, str(data), "-o", f"{directory}/", "--loss", "huber", "--residual", "r", "--resume", "--log"]
    killed = 0
    for _ in range(6):
        rows = seed.choice([500, 1000, 3000])
        process = subprocess.Popen(
            [*command, "--fragment-rows", str(rows)], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        for _ in range(seed.randrange(1, 20)):
            process.stderr.readline()
        time.sleep(seed.random() / 100)
        os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()
        killed += process.wait() == -signal.SIGKILL
    assert killed > 2
    (data / "day=1" / "7.parquet").unlink()
    got = fl.score(data, directory, resume=True, fragment_rows=1500, **OPTIONS)
    expected = fl.score(data, tmp_path / "expected", fragment_rows=1500, **OPTIONS)
    assert got.to_json() == expected.to_json()
    assert files_in(directory) == files_in(tmp_path / "expected")


@pytest.mark.parametrize("target", ["../mine.txt", "/nowhere/at/all"])
def test_a_lock_that_is_a_link_is_not_followed(tmp_path, target):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.parquet", normal(0))
    (tmp_path / "out").mkdir()
    os.symlink(target, tmp_path / "out" / names.LOCK)
    with pytest.raises(ScoringError, match="symbolic links"):
        fl.score(tmp_path / "in", f"{tmp_path}/out/", resume=True, **options_of("parquet"))
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_no_output_lies_outside_of_its_directory(tmp_path):
    """As a pattern that leads back would have it"""
    (tmp_path / "in" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "got").mkdir()
    write(tmp_path / "in" / "x.parquet", normal(0))
    (tmp_path / "got" / "x.parquet").write_text("mine")
    with pytest.raises(ScoringError, match="lies outside of where the pattern begins"):
        fl.score(f"{tmp_path}/in/deep/e*/../../x.parquet", f"{tmp_path}/got/out/", **options_of("parquet"))
    assert (tmp_path / "got" / "x.parquet").read_text() == "mine"
