"""The engines do the same: equal rows, byte-identical summaries, whatever fails or dies on the way."""

import inspect
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import worker_losses
from faults import FaultyJob

import fastloss as fl
from fastloss.files import ScoringError, Spec, dataset, inputs, reading
from fastloss.files.engines import job, local

FILES, ROWS = 8, 500
OPTIONS = {"loss": fl.huber, "residual": "r"}
SPEC = Spec.of(fl.huber, residual="r")


@pytest.fixture
def data(tmp_path):
    directory = tmp_path / "data"
    directory.mkdir()
    rng = np.random.default_rng(0)
    for i in range(FILES):
        columns = {"r": rng.lognormal(0, 9, ROWS).astype(np.float32), "w": rng.lognormal(0, 9, ROWS)}
        table = pa.table({**columns, "g": rng.choice(["a", "b", None], ROWS)})
        pa.parquet.write_table(table, directory / f"{i}.parquet", row_group_size=100)
    return directory


@pytest.fixture(scope="module")
def dask_options():
    distributed = pytest.importorskip("distributed", reason="the dask engine needs distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        client.upload_file(inspect.getfile(FaultyJob))
        client.upload_file(worker_losses.__file__)
        yield {"client": client}


@pytest.fixture(scope="module")
def spark_options():
    pytest.importorskip("pyspark", reason="the spark engine needs pyspark")
    from pyspark.sql import SparkSession

    before = os.environ.get("PYSPARK_PYTHON")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    session.sparkContext.addPyFile(inspect.getfile(FaultyJob))
    session.sparkContext.addPyFile(worker_losses.__file__)
    yield {"spark": session}
    session.stop()
    if before is None:
        del os.environ["PYSPARK_PYTHON"]


@pytest.fixture(
    params=[
        "local",
        pytest.param("dask", marks=pytest.mark.dask),
        # pyspark warns of pandas 3, and leaves sockets to the garbage collector
        pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.filterwarnings("default")]),
    ]
)
def engine(request):
    """The keywords that choose an engine, on two workers."""
    if request.param == "local":
        return {"engine": "local", "workers": 2}
    return {"engine": request.param, **request.getfixturevalue(f"{request.param}_options")}


def run_with(engine):
    """The function behind an engine."""
    if engine["engine"] == "local":
        return partial(local.run, workers=2)
    if engine["engine"] == "dask":
        from fastloss.files.engines import dask

        return partial(dask.run, client=engine["client"])
    from fastloss.files.engines import spark

    return partial(spark.run, session=engine["spark"])


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def reference(data, directory, **options):
    """What one file after the other gives."""
    return fl.score(data, directory, workers=1, **OPTIONS, **options)


@pytest.mark.parametrize("where", [None, ["g in [a, b]", "w < 5"]], ids=["all", "some"])
def test_equal_rows_and_byte_identical_summaries(data, tmp_path, engine, where):
    expected = reference(data, tmp_path / "expected", by="g", sample_weight="w", where=where)
    got = fl.score(data, tmp_path / "got", by="g", sample_weight="w", where=where, **OPTIONS, **engine)
    assert got.to_json() == expected.to_json() and got == expected
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")
    assert fl.score(data, **OPTIONS, **engine).to_json() == fl.score(data, workers=1, **OPTIONS).to_json()


def test_worst_rows_are_the_same(data, tmp_path, engine):
    losses = {"one": fl.huber, "two": fl.tukey}  # of whose losses most are equal: rows are chosen by their places
    options = {"by": "g", "worst": 30, "worst_by_group": True, "loss": losses, "residual": "r"}
    expected = fl.score(data, tmp_path / "expected", workers=1, **options)
    got = fl.score(data, tmp_path / "got", **options, **engine)
    assert got.to_json(state=True) == expected.to_json(state=True)
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")
    cut = fl.score(data, fragment_rows=100, **options, **engine)
    assert cut.to_json(state=True) == expected.to_json(state=True)


def test_losses_of_ones_own(data, tmp_path, engine):
    """Those of a module that workers can import, and sums of losses, also of such."""
    losses = [worker_losses.soft.bind(c=0.5), 2 * fl.huber + 0.1 * fl.cauchy, worker_losses.soft + fl.squared_error]
    options = {"loss": dict(zip("abc", losses, strict=True)), "residual": "r", "by": "g", "sample_weight": "w"}
    options["emit"] = ("value", "grad")
    expected = fl.score(data, tmp_path / "expected", workers=1, **options)
    got = fl.score(data, tmp_path / "got", **options, **engine)
    assert all(got[name].to_json(state=True) == expected[name].to_json(state=True) for name in "abc")
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")
    rows = pa.concat_tables(pa.parquet.read_table(path) for path in sorted((tmp_path / "got").glob("[0-9]*")))
    residual = rows["r"].to_numpy()
    for name, loss in options["loss"].items():
        np.testing.assert_array_equal(rows[name].to_numpy(), loss(residual))
        np.testing.assert_array_equal(rows[f"{name}_grad"].to_numpy(), loss.grad(residual))


def test_a_loss_that_numba_compiles(data, tmp_path, engine):
    pytest.importorskip("numba")
    import compiled_losses

    if "client" in engine:
        engine["client"].upload_file(compiled_losses.__file__)
    if "spark" in engine:
        engine["spark"].sparkContext.addPyFile(compiled_losses.__file__)
    loss = compiled_losses.lorentz.bind(c=0.5)
    assert pickle.loads(pickle.dumps(loss)) == loss
    options = {"loss": {"a": loss, "b": loss + fl.huber}, "residual": "r", "by": "g", "sample_weight": "w"}
    expected = fl.score(data, tmp_path / "expected", workers=1, emit=("value", "grad"), **options)
    got = fl.score(data, tmp_path / "got", emit=("value", "grad"), **options, **engine)
    assert all(got[name].to_json(state=True) == expected[name].to_json(state=True) for name in "ab")
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")
    for path in sorted((tmp_path / "got").glob("[0-9]*")):
        rows = pa.parquet.read_table(path)
        np.testing.assert_array_equal(rows["a_grad"].to_numpy(), loss.grad(rows["r"].to_numpy()))


@pytest.mark.parametrize("batch_rows", [7, 1000])
@pytest.mark.parametrize("workers", [1, 2])
def test_one_file_or_a_hundred(data, tmp_path, monkeypatch, batch_rows, workers):
    table = pa.concat_tables(pa.parquet.read_table(path) for path in sorted(data.iterdir()))
    pa.parquet.write_table(table, tmp_path / "one.parquet")
    options = {**OPTIONS, "by": "g", "sample_weight": "w"}
    expected = fl.score(tmp_path / "one.parquet", **options).to_json()
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    many = tmp_path / "many"
    many.mkdir()
    for i in range(100):
        pa.parquet.write_table(table.slice(40 * i, 40), many / f"{i}.parquet")
    assert fl.score(tmp_path / "one.parquet", workers=workers, **options).to_json() == expected
    assert fl.score(many, tmp_path / "scored", workers=workers, **options).to_json() == expected


def test_files_without_a_list_have_the_classes_of_the_others(tmp_path, engine):
    (tmp_path / "in").mkdir()
    for name, rows in {"a": [None], "b": [[0.5, 1.0, 2.0], None], "c": []}.items():
        columns = {"l": pa.array(rows, pa.list_(pa.float64())), "y": pa.array([2] * len(rows), pa.int64())}
        pa.parquet.write_table(pa.table(columns), tmp_path / "in" / f"{name}.parquet")
    options = {"loss": fl.cross_entropy, "pred": "l", "target": "y", "emit": "grad", **engine}
    summary = fl.score(tmp_path / "in", tmp_path / "out", **options)
    assert (summary.count, summary.null) == (1, 2)
    grads = [pa.parquet.read_schema(tmp_path / "out" / f"{name}.parquet").field("grad") for name in "abc"]
    assert [field.type.list_size for field in grads] == [3, 3, 3]


def test_row_groups_of_one_file(data, tmp_path, engine):
    table = pa.concat_tables(pa.parquet.read_table(path) for path in sorted(data.iterdir()))
    pa.parquet.write_table(table, tmp_path / "one.parquet", row_group_size=100)
    expected = fl.score(data, workers=1, **OPTIONS)
    got = fl.score(tmp_path / "one.parquet", f"{tmp_path}/got/", fragment_rows=450, **OPTIONS, **engine)
    assert got.to_json() == expected.to_json()
    parts = sorted((tmp_path / "got").glob("one.*.parquet"))
    assert [pa.parquet.read_metadata(path).num_rows for path in parts] == [400] * 10
    rows = pa.concat_tables(pa.parquet.read_table(path) for path in parts)
    assert rows.drop("value").equals(table)


def test_a_file_that_keeps_failing_is_named_and_the_others_are_done(data, tmp_path, engine):
    (data / "3.parquet").write_bytes((data / "3.parquet").read_bytes()[:-30])
    pa.parquet.write_table(pa.table({"z": [1.0]}), data / "5.parquet")
    lines = []
    with pytest.raises(ScoringError) as caught:
        fl.score(data, tmp_path / "got", on_fragment=lines.append, **OPTIONS, **engine)
    message = str(caught.value)
    assert "3.parquet: cannot be read as Parquet" in message and "\n" not in message
    assert "(2 of 8 files failed, the others are done; also failed: " in message and "5.parquet" in message
    done = sorted(path.name for path in (tmp_path / "got").glob("[0-9]*"))
    assert done == [f"{i}.parquet" for i in range(FILES) if i not in (3, 5)]
    assert not list((tmp_path / "got").glob("*.tmp"))
    errors = {os.path.basename(line["fragment"]): line["error"] for line in lines}
    assert len(errors) == FILES and {name for name, error in errors.items() if error} == {"3.parquet", "5.parquet"}
    assert sorted(line["done"] for line in lines) == list(range(1, FILES + 1))


@pytest.mark.parametrize("kind", ["fail twice", "kill"])
def test_a_fault_that_passes_changes_nothing(data, tmp_path, engine, kind):
    if kind == "kill" and engine["engine"] == "local":
        pytest.skip("threads die with their process: see the test that kills it")
    expected = reference(data, tmp_path / "expected")
    faults = tmp_path / "faults"
    faults.mkdir()
    planted = (
        [f"fail-{name}.parquet-{n}" for name in (2, 6) for n in (1, 2)] if kind != "kill" else ["kill-4.parquet-1"]
    )
    for name in planted:
        (faults / name).touch()
    tasks = dataset.plan(inputs.find_fragments([str(data)]), str(tmp_path / "got"), True)
    work = FaultyJob(SPEC, recorded=True, faults=str(faults))
    watch = job.Watch(tasks, True)
    got = job.run_into_directory(tasks, str(tmp_path / "got"), work, run_with(engine), watch)
    assert not list(faults.iterdir())
    assert got.to_json() == expected.to_json()
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")


def test_a_fault_that_stays_is_reported(data, tmp_path, engine):
    for n in range(20):
        (tmp_path / f"fail-1.parquet-{n}").touch()
    tasks = dataset.plan(inputs.find_fragments([str(data)]), str(tmp_path / "got"), True)
    watch = job.Watch(tasks, True)
    with pytest.raises(ScoringError, match=r"planted \(1 of 8 files failed, the others are done\)"):
        job.run_into_directory(
            tasks, str(tmp_path / "got"), FaultyJob(SPEC, recorded=True, faults=str(tmp_path)), run_with(engine), watch
        )


def test_the_row_of_an_error_is_counted_over_all_files(tmp_path, engine):
    labels = np.zeros(100, int)
    for i in range(4):
        labels[42] = 7 if i == 2 else 0
        table = pa.table({"l": pa.array([[0.0, 1.0]] * 100), "y": labels})
        pa.parquet.write_table(table, tmp_path / f"{i}.parquet")
    files = [tmp_path / f"{i}.parquet" for i in range(4)]
    with pytest.raises(IndexError, match=r"2.parquet: column 'y': target 7 at row 242 \(row 42 of this file\) is out"):
        fl.score(files, loss=fl.cross_entropy, pred="l", target="y", **engine)


def test_other_fragments_leave_nothing_of_the_former(data, tmp_path, engine):
    fl.score(data, tmp_path / "got", **OPTIONS, **engine)
    (data / "5.parquet").unlink()
    expected = reference(data, tmp_path / "expected", fragment_rows=300)
    got = fl.score(data, tmp_path / "got", fragment_rows=300, resume=True, **OPTIONS, **engine)
    assert got.to_json() == expected.to_json()
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")


@pytest.mark.parametrize("startable", [0, 1, 2])
def test_threads_that_cannot_start(data, tmp_path, monkeypatch, startable):
    """The others do their work, or the caller all of it."""
    expected = reference(data, tmp_path / "expected")
    start, started = threading.Thread.start, []

    def limited(thread):
        if thread.name.startswith("fastloss-scoring"):
            if len(started) == startable:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    assert fl.score(data, tmp_path / "got", workers=3, **OPTIONS).to_json() == expected.to_json()
    assert len(started) == startable
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")


def test_a_thread_whose_start_is_interrupted_does_nothing(data, tmp_path, monkeypatch):
    """It begins when nobody waits for it any more."""
    start, late, done = threading.Thread.start, [], []

    def interrupted(thread):
        if not thread.name.startswith("fastloss-scoring"):
            return start(thread)
        late.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    monkeypatch.setattr(job.Job, "do", lambda *given: done.append(given))
    with pytest.raises(KeyboardInterrupt):
        fl.score(data, tmp_path / "got", workers=3, **OPTIONS)
    (thread,) = late
    start(thread)
    thread.join()
    assert not done


@pytest.mark.parametrize(
    ("name", "several"), [("a.parquet", False), ("b.parquet", True), ("a.csv", False), ("b.csv", True)]
)
def test_one_thread_does_small_files(tmp_path, monkeypatch, name, several):
    """The others would take the GIL from it."""
    monkeypatch.setattr("fastloss.files.engines.local.processors", lambda: 3)
    given = tmp_path / "in"
    given.mkdir()
    for i in range(4):
        rows = (200_000 if name.endswith("parquet") else 20_000) if several and i else 10
        table, path = pa.table({"r": np.arange(rows) / 8}), given / f"{i}{name}"
        pa.csv.write_csv(table, path) if name.endswith("csv") else pa.parquet.write_table(table, path)

    def is_by_threads(**options):
        found = set()
        fl.score(given, **OPTIONS, **options, progress=lambda *_: found.add(threading.current_thread().name))
        return any(name.startswith("fastloss-scoring") for name in found)

    assert is_by_threads() is is_by_threads(output=tmp_path / "out") is several
    assert is_by_threads(workers=2)


COMMAND = [sys.executable, "-m", "fastloss", "score"]


def test_killed_ten_times_and_resumed(data, tmp_path):
    """The process group is killed at random moments; in the end there are the bytes of an undisturbed run."""
    for copy in range(1, 6):  # enough work to be killed in
        for path in list(data.glob("[0-7].parquet")):
            (data / f"{path.stem}{copy}.parquet").write_bytes(path.read_bytes())
    expected = reference(data, tmp_path / "expected")
    got, seed = tmp_path / "got", random.Random(0)
    command = [*COMMAND, str(data), "-o", f"{got}/", "--loss", "huber", "--residual", "r", "--resume", "--log"]
    command += ["--workers", "2"]
    killed = 0
    for _ in range(10):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        for _ in range(seed.randrange(1, 6)):  # so many files later
            process.stderr.readline()
        os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()
        killed += process.wait() == -signal.SIGKILL
    assert killed > 5
    result = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert result.stdout == expected.to_json() + "\n"
    assert contents(got) == contents(tmp_path / "expected")


@pytest.mark.parametrize(
    "name", [pytest.param("dask", marks=pytest.mark.dask), pytest.param("spark", marks=pytest.mark.spark)]
)
def test_the_command_starts_a_cluster_and_stops_it(data, tmp_path, name):
    pytest.importorskip(
        {"dask": "distributed", "spark": "pyspark"}[name], reason=f"the {name} engine needs its library"
    )
    command = [*COMMAND, str(data), "-o", f"{tmp_path}/got/", "--loss", "huber", "--residual", "r", "--json"]
    command += ["--engine", name, "--workers", "2"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    assert result.stdout == reference(data, tmp_path / "expected").to_json() + "\n"
    assert contents(tmp_path / "got") == contents(tmp_path / "expected")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_cleanly_and_the_rest_is_resumed(data, tmp_path, workers, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 50)
    expected = reference(data, tmp_path / "expected")
    got, later = tmp_path / "got", []

    def interrupt(rows, share):
        if later:  # the other worker, which has to be told: it gets the time
            later.append(rows)
            time.sleep(0.2)
        elif rows > 3.5 * ROWS:
            later.append(rows)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fl.score(data, got, workers=workers, progress=interrupt, **OPTIONS)
    assert not list(got.glob(".*"))
    assert len(later) < 5  # of ten batches
    assert 1 <= len(list(got.glob("[0-9]*"))) < FILES
    assert fl.score(data, got, resume=True, **OPTIONS).to_json() == expected.to_json()
    assert contents(got) == contents(tmp_path / "expected")


def test_the_command_interrupted(data, tmp_path):
    """Ctrl-C: one line, exit code 130, no half-written file."""
    command = [*COMMAND, *[str(data)] * 1, "-o", f"{tmp_path}/got/", "--loss", "huber", "--residual", "r", "--log"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    first = json.loads(process.stderr.readline())
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert first["of"] == FILES
    assert process.returncode in (0, 130)  # it may have been done by then
    assert "Traceback" not in rest and not list(Path(tmp_path, "got").glob(".*"))


SCRIPT = """
import signal, sys, time
import fastloss as fl

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have its jobs ignore

def slowly(rows, share):
    print(rows, flush=True)
    time.sleep(0.5)

fl.score(*sys.argv[1:3], loss=fl.huber, residual="r", workers=int(sys.argv[3]), progress=slowly)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("output", ["got/", "got.parquet"])
def test_a_script_interrupted_twice(data, tmp_path, workers, output):
    """The second Ctrl-C comes while the workers still have their files."""
    command = [sys.executable, "-c", SCRIPT, str(data), f"{tmp_path}/{output}", workers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1] and process.returncode != 0
    assert not [path for path in tmp_path.rglob(".*")]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"workers": 0}, "workers must be an integer >= 1, got 0"),
        ({"fragment_rows": 0}, "fragment_rows must be an integer >= 1, got 0"),
        ({"client": object()}, "client= is for engine='dask', not 'local'"),
        ({"engine": "dask", "spark": object()}, "spark= is for engine='spark', not 'dask'"),
    ],
)
def test_requests_that_make_no_sense(data, options, match):
    with pytest.raises(ScoringError, match=match):
        fl.score(data, **OPTIONS, **options)


@pytest.mark.parametrize(("name", "library"), [("dask", "distributed"), ("spark", "pyspark.sql")])
def test_a_missing_library_is_one_line(data, monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install 'fastloss\[{name}\]'"):
        fl.score(data, engine=name, **OPTIONS)
