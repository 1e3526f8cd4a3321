"""`fastloss score --worst`: in the table, in JSON, and as a file."""

import contextlib
import io
import json
import re

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from rich.table import Table

import fastloss as fl
from fastloss import cli
from fastloss.cli import compare as comparing
from fastloss.cli import tables

SCORE = ["score", "in.parquet", "--loss", "absolute_error", "--pred", "p", "--target", "y"]
ROWS = {
    "p": [1.0, 5.0, None, 3.0],
    "y": [0.0] * 4,
    "text": ["[bold]", "x" * 100, "null", "\x1b[31mred"],
    "list": [[1], None, [], [2]],
    "key": pa.array(["a", "b", "a", "b"]).dictionary_encode(),
}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table(ROWS), "in.parquet")

    def run(*args, command=SCORE):
        code = cli.main([*command, *map(str, args)])
        return (code, *capfd.readouterr())

    return run


def test_the_table(run):
    code, out, _ = run("--worst", 2)
    lines = out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("worst rows"))
    assert code == 0
    assert lines[at].split() == ["worst", "rows", "row", "value", *ROWS]
    assert lines[at + 1].split()[:5] == ["in.parquet", "1", "5", "5", "0"]
    assert "\x1b" not in out
    assert "x" * 41 not in out


def test_what_the_table_leaves_out(run):
    wide = pa.table({"p": range(12), "y": [0.0] * 12} | {f"c{i}": range(12) for i in range(5)})
    pq.write_table(wide, "in.parquet")
    assert "\nmore columns: 2; see --worst-to\n" in run("--worst", 10)[1]
    assert "\nmore rows: 1, more columns: 2; see --worst-to\n" in run("--worst", 11)[1]
    pq.write_table(wide.select(range(5)), "in.parquet")
    assert "see --worst-to" not in run("--worst", 10)[1]
    assert "\nmore rows: 1; see --worst-to\n" in run("--worst", 11)[1]


@pytest.mark.parametrize("command", ["score", "compare"])
def test_numbers_are_whole_on_a_narrow_terminal(run, monkeypatch, command):
    parts = ["--by", "key", "--worst", 4] if command == "score" else ["--versus", "y", "--by", "key"]
    found = []
    for width in (30, 200):
        for module in (tables, comparing):
            monkeypatch.setattr(module, "console_on", lambda stream, width=width: Console(file=stream, width=width))
        code, out, _ = run(*parts, command=[command, *SCORE[1:]])
        found.append(sorted(re.findall(r"(?<!\S)-?\d[\d.,e-]*(?!\S)", out)))
        assert code == 0
    assert found[0] == found[1] != []


def test_json_and_the_summary(run):
    code, out, _ = run("--worst", 2, "--by", "key", "--worst-by-group", "--json", "--summary", "summary.json")
    found = json.loads(out)
    assert code == 0
    expected = {"file": "in.parquet", "row": 1, "value": 5.0, "p": 5.0, "y": 0.0, "text": "x" * 100, "list": None}
    assert found["worst"][0] == expected | {"key": "b"}
    assert [[row["row"] for row in group["worst"]] for group in found["groups"]] == [[0], [1, 3]]
    with open("summary.json") as file:
        text = file.read()
    assert json.loads(text)["worst"] == found["worst"]
    assert fl.Summary.from_json(text).worst["row"].to_pylist() == [1, 3]
    code, out, _ = run("summary.json", "summary.json", command=["merge"])
    assert code == 0
    assert [row["row"] for row in json.loads(out)["worst"]] == [1, 1]


@pytest.mark.parametrize("name", ["w.parquet", "w.csv", "w.arrow", "w.feather"])
def test_the_file(run, name):
    code, _, err = run("--worst", 2, "--worst-to", name)
    assert (code, err) == (0, "")
    read = {"parquet": pq.read_table, "csv": pa.csv.read_csv}.get(name[2:], pa.feather.read_table)
    table = read(name)
    assert table["row"].to_pylist() == [1, 3]
    assert table["list"].to_pylist() == (["", "[2]"] if name == "w.csv" else [None, [2]])
    assert table["key"].to_pylist() == ["b", "b"]


def test_files_of_several_losses(run):
    code, _, err = run("--loss", "squared_error", "--worst", 1, "--worst-to", "worst/")
    assert (code, err) == (0, "")
    assert pq.read_table("worst/squared_error.parquet")["value"].to_pylist() == [25.0]
    assert pq.read_table("worst/absolute_error.parquet")["value"].to_pylist() == [5.0]


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--worst", 0], "worst must be an integer >= 1, got 0"),
        (["--worst", -3], "worst must be"),
        (["--worst", "2.5"], "--worst"),
        (["--worst", "many"], "--worst"),
        (["--worst-to", "w.csv"], "give --worst, too"),
        (["--worst-by-group"], "worst_by_group"),
        (["--worst", 1, "--worst-by-group"], "by"),
        (["--worst", 1, "--worst-to", "w.npy"], "an array has no room"),
        (["--worst", 1, "--worst-to", "w.xyz"], "the extension names no format"),
        (["--worst", 1, "--worst-to", "w.json"], "the extension names no format"),
        (["--worst", 1, "--worst-to", "in.parquet"], "would take the place"),
        (["*.parquet", "--worst", 1, "--worst-to", "w.parquet"], "the table would be among the data of *.parquet"),
        (["*.parquet", "--worst", 1, "--worst-to", "./", "--loss", "mse"], "the table would be among"),
        (["--worst", 1, "--worst-to", "nowhere/w.csv"], "there is no directory"),
        (["--worst", 1, "--worst-to", "in.parquet", "--loss", "mse"], "give a directory"),
        (["--worst", 1, "--worst-to", "w.parquet", "--loss", "mse"], "w.parquet: the worst rows of several losses are"),
        (["--worst", 1, "--worst-to", "w/", "--loss", "mse", "--as", "a/b", "--as", "c"], "give --as NAME"),
    ],
)
def test_refusals(run, tmp_path, args, named):
    code, out, err = run(*args, "-o", "scored.parquet")
    assert (code, out) == (2, "")
    assert named in err and err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet"]


def test_a_table_that_cannot_be_printed_leaves_the_width_of_the_console():
    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    console, table = Console(file=Broken(), width=10), Table()
    table.add_column("number", no_wrap=True)
    table.add_row("1.2345678901")
    with contextlib.suppress(BrokenPipeError, SystemExit):
        tables.print_table(console, table)
    assert console.width == 10
