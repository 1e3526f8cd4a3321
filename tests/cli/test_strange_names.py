"""Names that hold ends of lines, commands to the terminal and bytes that are no UTF-8: printed escaped, in one line."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.cli import main
from fastloss.cli.options import command_line
from fastloss.files.errors import ScoringError, escaped

NAME = "a\nb\r\x1b[31mc\t\x9b"
STRANGE = {"line": NAME, "bytes": os.fsdecode(b"a\xff\nb")}
HUBER = ("--loss", "huber", "--residual", "r")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, columns):
    with open(path, "wb") as file:
        pa.parquet.write_table(pa.table(columns), file)


def is_plain(text):
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
def test_files(capsys, name):
    path = f"{name}.parquet"
    write(path, {"r": ["a"]})
    write(f"fine{path}", {"r": [1.0]})
    os.mkdir(name)
    write(f"{name}/1.parquet", {"r": [1.0]})
    write(f"{name}/2.parquet", {"r": [1.0], "g": [1]})
    for arguments in (
        [path],
        [f"no{path}"],
        [path, "-o", "out/"],
        [f"fine{path}", "-o", f"{name}.txt.gz.x"],
        [f"fine{path}", "-o", f"no/{path}"],
        [f"fine{path}", path, "-o", "new/"],
        [name, "--by", "g"],
        [f"fine{path}", "-o", f"fine{path}"],
        [name, "-o", name],
        [f"fine{path}", "--by", name],
        [f"fine{path}", "--format", name],
        [f"fine{path}", "-p", f"delta={name}"],
        [f"fine{path}", f"--no{name}"],
        [f"fine{path}", "--fail-if", name],
        [f"{name}/*", "--by", "g\n"],
        [path, "--fragment-rows", "1"],
    ):
        assert main(["score", *arguments, *HUBER]) == 2
        out, err = capsys.readouterr()
        assert not out
        assert err.count("\n") == 1 and err.startswith("fastloss: ") and is_plain(err), err
        assert "please report" not in err
        assert "\\n" in err or "\\x0a" in err


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
def test_files_that_are_right(name):
    write(f"{name}.parquet", {"r": [1.0, 2.0]})
    for options in ({}, {"fragment_rows": 1}, {"output": "out/"}, {"output": f"{name}.csv"}):
        assert fl.score(f"{name}.parquet", loss="huber", residual="r", **options).count == 2
    assert fl.score(f"{name[0]}*.parquet", loss="huber", residual="r").count == 2


def test_columns_and_groups(capsys):
    write("in.parquet", {NAME: [1.0, 2.0], "g\n\x1b": [NAME, "[red]"], "text\n": ["a", "b"]})
    assert main(["score", "in.parquet", "--loss", "huber", "--residual", NAME, "--by", "g\n\x1b"]) == 0
    out = capsys.readouterr().out
    assert is_plain(out) and escaped(NAME) in out and r"g\n\x1b" in out and "[red]" in out
    for options in (
        ["--residual", "r\n"],
        ["--residual", "text\n"],
        ["--residual", NAME, "--keep", "x\n", "-o", "o.csv"],
    ):
        assert main(["score", "in.parquet", "--loss", "huber", *options]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and is_plain(err) and "\\n" in err
    with pytest.raises(ScoringError) as caught:
        fl.score("in.parquet", loss="huber", residual="text\n")
    assert str(caught.value).isprintable()


def test_names_with_commas_are_in_quotes(capsys):
    write("in.parquet", {"a, b": [1.0, 2.0], 'c"d': [3.0, 4.0], 'e,"f"': [0.0, 0.0], '"g': [0.0, 0.0]})
    command = ["score", "in.parquet", "--loss", "huber"]
    for given, names in (
        ('"a, b"', "a, b"),
        ('"e,""f""","a, b"', ['e,"f"', "a, b"]),
        ('c"d,"a, b"', ['c"d', "a, b"]),
        ('"a, b","g', ["a, b", '"g']),
        ('"g', '"g'),
    ):
        assert main([*command, "--residual", given, "--keep", given, "-o", "out.parquet", "--json"]) == 0
        assert capsys.readouterr().out == fl.score("in.parquet", loss="huber", residual=names).to_json() + "\n"
        kept = [names] if isinstance(names, str) else names
        assert sorted(pa.parquet.read_schema("out.parquet").names) == sorted([*kept, "value"])
    assert main([*command, "--residual", "a, b"]) == 2


def test_lines_of_the_log(capsys):
    os.mkdir("data")
    write(f"data/{NAME}.parquet", {"r": ["a"]})
    write("data/b.parquet", {"r": [1.0]})
    assert main(["score", "data", "-o", "out/", "--log", *HUBER]) == 2
    *lines, message = capsys.readouterr().err.splitlines()
    errors = [json.loads(line)["error"] for line in lines]
    assert sum(error is None for error in errors) == 1 and all(error is None or error.isprintable() for error in errors)
    assert message.isprintable() and "1 of 2 files failed, the others are done" in message


def test_gates(capsys):
    write("in.parquet", {"r": [3.0]})
    assert main(["score", "in.parquet", *HUBER, "--fail-if", "mean\n>\t0"]) == 1
    assert is_plain(capsys.readouterr().err)


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
def test_commands_to_type(name):
    """They go to a pipe that takes UTF-8 alone, and name the same files when they are typed."""
    write(f"{name}.parquet", {"r": np.random.default_rng(0).standard_cauchy(100)})
    fit = [sys.executable, "-m", "fastloss", "fit", f"{name}.parquet", "--residual", "r"]
    ended = subprocess.run(fit, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"}, timeout=60)
    assert ended.returncode == 0, ended.stderr
    printed = ended.stdout.decode()
    assert is_plain(printed)
    command = printed.split("\n\n")[-1].strip().removeprefix("fastloss")
    again = subprocess.run(["bash", "-c", f"'{sys.executable}' -m fastloss{command}"], capture_output=True, timeout=60)
    assert again.returncode == 0, again.stderr


def test_quotes():
    parts = ["plain", "two words", "it's", "\\\n'\x1b1", "ü\n"]
    printed = subprocess.run(["bash", "-c", f"printf '%s\\0' {command_line(parts)}"], capture_output=True).stdout
    assert printed.decode().split("\0")[:-1] == parts


def test_demo_in_a_strange_place(capsys):
    pytest.importorskip("matplotlib")
    name = STRANGE["bytes"]
    assert main(["demo", name]) == 0
    assert is_plain(capsys.readouterr().out)
    assert main(["plot", "curves", "-o", f"{name}.png"]) == 0
    assert main(["show", "huber", "--plot", f"{name}.png"]) == 0
    assert "written: a\\udcff\\nb.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("in.parquet", "--residual", "größe"),
        ("ordner-ü", "--residual", "r"),
        ("ordner", "--residual", "r"),
        ("in.parquet", "--residual", "r", "--by", "größe"),
    ],
)
def test_names_that_the_locale_cannot_read(arguments):
    table = pa.table({"r": [1.0], "größe": [2.0]})
    os.makedirs("ordner-ü")
    os.makedirs("ordner")
    for path in ("in.parquet", "ordner-ü/a.parquet", "ordner/ß.parquet"):
        pa.parquet.write_table(table, path)
    command = [sys.executable, "-m", "fastloss", "score", "--loss", "huber", *arguments]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, env=os.environ | locale, capture_output=True)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith(b": the locale takes names for ascii, set PYTHONUTF8=1")
    done = subprocess.run(command, env=os.environ | locale | {"PYTHONUTF8": "1"}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
