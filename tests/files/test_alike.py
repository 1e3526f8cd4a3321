"""Small Parquet files that are like one before: outputs, records, summaries and errors are as of all others."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastloss as fl
from fastloss.files import ScoringError, alike

PAIR = {"loss": fl.huber.bind(delta=0.5), "pred": "p", "target": "y"}


@pytest.fixture(autouse=True)
def nothing_known():
    alike._known.clear()
    yield
    alike._known.clear()


@pytest.fixture
def taken(monkeypatch):
    """How many rows each file had that was scored by the short way; 0 where it was not."""
    found = []

    def score(*args, score=alike.score):
        found.append(score(*args))
        return found[-1]

    monkeypatch.setattr(alike, "score", score)
    return found


def numbers(rows, kind="f4", seed=0, **more):
    rng = np.random.default_rng(seed)
    return pa.table({name: rng.standard_normal(rows).astype(kind) for name in ("p", "y")} | more)


def of_both_ways(source, folder, monkeypatch, options):
    """What each way leaves in a directory, the summary or the error, and how each file ended."""
    ended = []
    for name in ("short", "long"):
        lines = []
        with monkeypatch.context() as patched:
            if name == "long":
                patched.setattr(alike, "score", lambda *args: 0)
            try:
                said = fl.score(source, f"{folder / name}/", on_fragment=lines.append, **options).to_json()
            except ScoringError as error:
                said = str(error).replace(f"{name}/", "")
        told = [(line["fragment"], line["rows"], line["error"]) for line in lines]
        ended.append((said, told, {path.name: path.read_bytes() for path in (folder / name).glob("*")}))
    return ended


def check_both_ways(source, folder, monkeypatch, options):
    short, long = of_both_ways(source, folder, monkeypatch, options)
    assert short == long


PLAIN = {
    "noise": (numbers, {"use_dictionary": False}),
    "uncompressed": (numbers, {"use_dictionary": False, "compression": "none"}),
    "dictionaries": (lambda *args: numbers(*args).append_column("t", pa.array(["a", "b"] * (args[0] // 2))), {}),
    "second version": (numbers, {"data_page_version": "2.0", "compression": "zstd"}),
    "checksums": (numbers, {"write_page_checksum": True}),
    "wide": (lambda rows, _, seed: numbers(rows, "f8", seed), {"write_statistics": False}),
    "pages": (numbers, {"data_page_size": 1 << 10, "write_batch_size": 100}),
    "required": (
        lambda *args: numbers(*args).cast(pa.schema([pa.field(n, pa.float32(), False) for n in ("p", "y")])),
        {},
    ),
    "repeating": (lambda rows, *args: pa.table({n: np.repeat(np.float32([1, 2]), rows // 2) for n in ("p", "y")}), {}),
    "lists": (lambda rows, *args: numbers(rows, *args).append_column("l", pa.array([[1], None] * (rows // 2))), {}),
    "described": (lambda *args: numbers(*args).replace_schema_metadata({"k": "v"}), {}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_files_that_are_alike(tmp_path, monkeypatch, taken, name):
    make, options = PLAIN[name]
    (tmp_path / "in").mkdir()
    for i, rows in enumerate((1000, 1000, 2, 24_000, 1000)):
        pq.write_table(make(rows, "f4", i), tmp_path / f"in/{i}.parquet", **options)
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    assert taken[0] == 0 and taken[1] == taken[4] == 1000


def test_values_of_which_each_has_its_own_ways(tmp_path, monkeypatch, taken):
    """NaN, zeros, infinities and what repeats is written otherwise than noise."""
    (tmp_path / "in").mkdir()
    for i, values in enumerate(([1, 2], [np.nan] * 3, [0, -0.0], [np.inf, 1], [5] * 5000)):
        table = pa.table({"r": np.array(values, "f4")})
        pq.write_table(table, tmp_path / f"in/{i}.parquet", use_dictionary=False, write_statistics=False)
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, {"loss": fl.huber, "residual": "r"})
    assert taken == [0, 3, 2, 2, 5000]


OTHERS = {
    "nulls": (lambda: numbers(50).set_column(0, "p", pa.array([None, *np.float32(range(49))])), {}),
    "other columns": (lambda: numbers(50, a=np.arange(50)), {}),
    "another order": (lambda: numbers(50).select(["y", "p"]), {}),
    "other types": (lambda: numbers(50, "f8"), {}),
    "row groups": (lambda: numbers(50), {"row_group_size": 20}),
    "no rows": (lambda: numbers(0), {}),
    "another codec": (lambda: numbers(50), {"compression": "zstd"}),
    "a codec that is left to pyarrow": (lambda: numbers(50), {"compression": "gzip"}),
    "page indexes": (lambda: numbers(50), {"write_page_index": True}),
    "sorted": (lambda: numbers(50), {"sorting_columns": [pq.SortingColumn(0)]}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_that_are_not(tmp_path, monkeypatch, taken, name):
    make, options = OTHERS[name]
    (tmp_path / "in").mkdir()
    pq.write_table(numbers(50), tmp_path / "in/0.parquet")
    pq.write_table(make(), tmp_path / "in/1.parquet", **options)
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    assert taken == [0, 0]


@pytest.mark.parametrize(
    "options",
    [
        {"keep": "p"},
        {"emit": ["value", "grad"]},
        {"where": "p > 0"},
        {"sample_weight": "w"},
        {"by": "w"},
        {"worst": 3},
        {"loss": {"a": fl.huber, "b": fl.squared_error}},
    ],
)
def test_jobs_that_ask_for_more(tmp_path, monkeypatch, taken, options):
    (tmp_path / "in").mkdir()
    for i in range(3):
        pq.write_table(numbers(50, seed=i, w=np.ones(50)), tmp_path / f"in/{i}.parquet")
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR | options)
    assert taken == [0, 0, 0]


def test_another_job_has_its_own_plan(tmp_path, monkeypatch, taken):
    (tmp_path / "in").mkdir()
    for i in range(2):
        pq.write_table(numbers(50, seed=i), tmp_path / f"in/{i}.parquet")
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    for folder, options in (("b", PAIR | {"prefix": "b_"}), ("c", {"loss": fl.huber, "pred": "y", "target": "p"})):
        (tmp_path / folder).mkdir()
        check_both_ways(tmp_path / "in", tmp_path / folder, monkeypatch, options)
    assert taken == [0, 50] * 3


def test_a_run_that_is_resumed(tmp_path, taken):
    (tmp_path / "in").mkdir()
    for i in range(3):
        pq.write_table(numbers(50, seed=i), tmp_path / f"in/{i}.parquet")
    whole = fl.score(tmp_path / "in", f"{tmp_path}/out/", **PAIR)
    there = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    for name in ("1.parquet", "_2.parquet.json"):
        (tmp_path / "out" / name).unlink()
    assert fl.score(tmp_path / "in", f"{tmp_path}/out/", resume=True, **PAIR) == whole
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == there
    assert taken == [0, 50, 50, 50, 50]


@pytest.mark.parametrize("options", [{"compression": "none"}, {"data_page_version": "2.0"}])
def test_wrong_bytes(tmp_path, monkeypatch, taken, options):
    """Whatever is wrong with a file, both ways do the same: they score it alike, or tell of the same error."""
    pq.write_table(numbers(20), tmp_path / "good.parquet", use_dictionary=False, **options)
    good = (tmp_path / "good.parquet").read_bytes()
    draw = random.Random(0)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/0.parquet").write_bytes(good)
    for i in range(1, 100):
        at = draw.randrange(len(good))
        wrong = bytes([good[at] ^ 1 << draw.randrange(8)])
        data = good[:at] if i % 4 == 0 else good[:at] + wrong + good[at + 1 :]
        (tmp_path / f"in/{i:02}.parquet").write_bytes(data)
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    assert 0 < sum(map(bool, taken)) < 99


def test_a_carried_page_that_lies(tmp_path, monkeypatch, taken):
    """That nobody decodes."""
    (tmp_path / "in").mkdir()
    pq.write_table(numbers(20, a=np.arange(20)), tmp_path / "in/0.parquet", use_dictionary=False)
    good = (tmp_path / "in/0.parquet").read_bytes()
    at = good.rindex(b"\x2c\x15\x28")  # the header of a page of 20 values
    (tmp_path / "in/1.parquet").write_bytes(good[:at] + b"\x2c\x15\x26" + good[at + 3 :])
    (tmp_path / "in/2.parquet").write_bytes(good)
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    assert taken == [0, 0, 0, 0, 20]


def test_a_negative_number_of_rows(tmp_path, monkeypatch, taken):
    pq.write_table(numbers(20), tmp_path / "good.parquet")
    good = (tmp_path / "good.parquet").read_bytes()
    at = good.rindex(b"\x16\x28\x19\x1c")  # of 20 rows, before the row groups
    (tmp_path / "in").mkdir()
    (tmp_path / "in/0.parquet").write_bytes(good)
    (tmp_path / "in/1.parquet").write_bytes(good[:at] + b"\x16\x29" + good[at + 2 :])
    check_both_ways(tmp_path / "in", tmp_path, monkeypatch, PAIR)
    assert taken[:2] == [0, 0]
