"""The command on many files: groups, workers, one line a fragment, the bar, and the exit codes."""

import json
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss import cli

OPTIONS = ["--loss", "huber", "--residual", "r"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for i in range(4):
        weights = pa.array(np.arange(300) % 3)
        table = pa.table(
            {"r": rng.standard_normal(300), "w": weights, "g": [None if k == 7 else f"[g{k % 30}]" for k in range(300)]}
        )
        pa.parquet.write_table(table, tmp_path / "data" / f"{i}.parquet", row_group_size=100)
    return tmp_path


@pytest.fixture
def run(here, capfd):
    """Runs the command in this process: (exit code, stdout, stderr)."""

    def run(*args):
        code = cli.main(["score", *map(str, args), *OPTIONS])
        return (code, *capfd.readouterr())

    return run


@pytest.mark.parametrize("options", [(), ("--workers", "1"), ("--workers", "2", "--fragment-rows", "100")])
def test_a_line_of_json_a_fragment(run, here, options):
    code, out, err = run("data", "-o", "scored", "--json", "--log", *options)
    lines = [json.loads(line) for line in err.splitlines()]
    assert code == 0 and out == fl.score("data", loss=fl.huber, residual="r").to_json() + "\n"
    assert len(lines) == (12 if "--fragment-rows" in options else 4)
    assert [line["done"] for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line["rows"] for line in lines) == 1200
    assert {line["error"] for line in lines} == {None}


def test_one_bad_file_is_named_and_the_others_are_done(run, here):
    (here / "data" / "2.parquet").write_bytes(b"PAR1 no")
    code, out, err = run("data", "-o", "scored")
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert "2.parquet: cannot be read as Parquet" in err and "(1 of 4 files failed, the others are done)" in err
    assert sorted(p.name for p in (here / "scored").glob("[0-9]*")) == ["0.parquet", "1.parquet", "3.parquet"]


def test_groups(run, here):
    code, out, _ = run("data", "--by", "g", "--json")
    assert code == 0 and out == fl.score("data", loss=fl.huber, residual="r", by="g").to_json() + "\n"
    groups = json.loads(out)["groups"]
    assert [group["value"] for group in groups] == [*sorted(f"[g{k}]" for k in range(30)), None]
    code, out, _ = run("data", "--by", "g")
    assert code == 0 and "[g3]" in out and "and 11 more" in out


def test_a_text_that_looks_like_another_group_is_in_quotes(run, here):
    for i, g in enumerate([["null", "1", "a", None], [1, 2]]):
        pa.parquet.write_table(pa.table({"r": np.ones(len(g)), "g": g}), here / f"{i}.parquet")
    code, out, _ = run("0.parquet", "1.parquet", "--by", "g")
    assert code == 0 and [line.split()[0] for line in out.splitlines()[-6:]] == ["1", "2", "'1'", "a", "'null'", "null"]


def test_weights(run):
    code, out, _ = run("data", "--weight", "w", "--json")
    expected = fl.score("data", loss=fl.huber, residual="r", sample_weight="w")
    assert code == 0 and out == expected.to_json() + "\n"
    code, out, _ = run("data", "--weight", "w")
    assert code == 0 and re.search(r"weights +1200\n", out)
    assert re.search(rf"weighted mean +{expected.weighted_mean:.6g}\n", out)


def test_the_gates_hold_over_all_groups(run):
    assert run("data", "--by", "g", "--fail-if", "count!=1200")[0] == 0
    assert run("data", "--by", "g", "--fail-if", "count>1199")[0] == 1


@pytest.mark.parametrize("options", [("--engine", "gpu"), ("--workers", "0"), ("--by", "h"), ("--fragment-rows", "0")])
def test_usage_errors_are_one_line(run, options):
    code, out, err = run("data", *options)
    assert (code, out) == (2, "") and err.startswith("fastloss: ") and err.count("\n") == 1


def test_the_bar_counts_files(here):
    """On a terminal of its own; with a small wait between frames it shows at least the last state."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "fastloss"]
    command += ["score", "data", "-o", "scored", *OPTIONS]
    process = subprocess.Popen(
        command, stderr=terminal, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "120"}
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            part = os.read(controller, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(controller)
    assert process.wait() == 0
    shown = re.sub(rb"\x1b\[[0-9;?]*\w", b"", seen)
    assert b"4 of 4 files, 1,200 rows" in shown, shown.decode()[-1500:]


@pytest.mark.parametrize("name", ["out.xlsx", "run.2024-01-01", "v1.2", "out.parquet.bak"])
def test_an_unknown_extension_is_no_directory(run, here, name):
    code, out, err = run("data", "-o", name)
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert f"{name}: the extension names no format" in err and "a new directory ends with /" in err
    assert os.listdir(here) == ["data"]


@pytest.mark.parametrize(
    ("name", "exists"), [("run.2024-01-01/", False), ("out.xlsx", True), ("out", False), (".out", False)]
)
def test_a_directory_exists_or_ends_with_a_slash_or_has_no_extension(run, here, name, exists):
    if exists:
        (here / name).mkdir()
    assert run("data", "-o", name)[0] == 0
    assert (here / name / "0.parquet").is_file()


def test_a_name_that_is_not_utf8(run, here):
    """As a file of its own it can be scored, in a directory Arrow cannot tell it."""
    name = os.fsdecode(b"\xff.parquet")
    (here / "data" / "0.parquet").rename(here / name)
    assert run(name)[0] == 0
    (here / name).rename(here / "data" / name)
    code, out, err = run("data")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "data: the name of a file in it is not UTF-8" in err
