"""`fastloss score --summary` and `fastloss merge`."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from fastloss.cli import main
from fastloss.files import Summary


@pytest.fixture
def halves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(0).standard_normal(100)
    table = pa.table({"r": values, "g": ["a", "b"] * 50, "w": values**2})
    for name, part in (("a", table[:30]), ("b", table[30:]), ("whole", table)):
        pa.parquet.write_table(part, f"{name}.parquet")


def score(name, *options):
    return main(
        ["score", f"{name}.parquet", "--loss", "huber", "--residual", "r", "--summary", f"{name}.json", *options]
    )


@pytest.mark.parametrize("options", [(), ("--weight", "w"), ("--by", "g")])
def test_merged_files_are_those_of_one_run(halves, capsys, options):
    assert [score(name, *options) for name in ("a", "b", "whole")] == [0, 0, 0]
    whole = Path("whole.json").read_text()
    shown = json.loads(whole)
    assert {"format", "loss", "state"} <= shown.keys() and shown["loss"] == "huber(delta=1.0)"
    assert main(["merge", "b.json", "a.json", "-o", "c.json"]) == 0
    assert Path("c.json").read_text() == whole
    capsys.readouterr()
    assert main(["merge", "a.json", "b.json"]) == 0
    assert capsys.readouterr().out == whole
    assert Summary.from_json(whole).to_json(state=True) + "\n" == whole


def test_what_does_not_merge_is_one_line(halves, capsys):
    assert score("a") == score("b", "-p", "delta=2") == 0
    assert score("whole", "--loss", "squared_error") == 0
    capsys.readouterr()
    for files, message in (
        (
            ("a.json", "a.json", "b.json"),
            "b.json: summaries of different losses do not merge: huber(delta=1.0) and huber(delta=2.0)",
        ),
        (("a.json", "a.parquet"), "a.parquet: "),
        (("a.json", "whole.json"), "summaries of huber, squared_error do not merge with that of a single loss"),
        (("whole.json", "a.json"), "summaries of huber, squared_error do not merge with that of a single loss"),
        (("a.json", "none.json"), "none.json"),
    ):
        assert main(["merge", *files, "-o", "c.json"]) == 2
        said = capsys.readouterr().err
        assert message in said and said.count("\n") == 1
        assert not Path("c.json").exists()
    assert score("a", "--summary", "twice.json") == 2
    for output, message in ((".", "a summary is a file"), ("none/c.json", "there is no directory none")):
        capsys.readouterr()
        assert main(["merge", "a.json", "-o", output]) == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--summary", "none/s.json"), "there is no directory none"),
        (("--summary", "."), "a summary is a file"),
        (("--summary", "./a.parquet"), "would take the place of another file"),
        (("--summary", "out.parquet"), "would take the place of another file"),
        (("--report", "a.parquet"), "would take the place of another file"),
        (("--report", "s.html", "--summary", "s.html"), "would take the place of another file"),
        (("data", "--summary", "data/b.parquet"), "data/b.parquet: the summary would be among the data of data"),
        (("dat*/**", "--summary", "data/new.csv"), "the summary would be among the data of dat*/**"),
    ],
)
def test_where_no_summary_can_be_is_said_before_rows_are_written(halves, capsys, options, message):
    Path("data").mkdir()
    Path("b.parquet").rename("data/b.parquet")
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    assert main(["score", "a.parquet", "--loss", "huber", "--residual", "r", "-o", "out.parquet", *options]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and message in said.err
    assert {path: path.read_bytes() for path in Path().rglob("*.*")} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("command", ["score", "merge", "report"])
def test_what_is_no_file_is_written_to_and_stays(halves, command):
    """As /dev/null is, and what a shell makes of >(command)."""
    assert score("a") == 0
    os.mkfifo("pipe")
    with ThreadPoolExecutor() as pool:
        received = pool.submit(Path("pipe").read_bytes)
        if command == "score":
            assert score("b", "--report", "pipe") == 0
        else:
            assert main([command, "a.json", "-o", "pipe"]) == 0
        text = received.result(timeout=60)
    assert Path("pipe").is_fifo()
    if command == "merge":
        assert text == Path("a.json").read_bytes()
    else:
        assert text.endswith(b"</html>\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_device_without_room_is_named(halves, capsys):
    Path("full.json").symlink_to("/dev/full")
    assert main(["score", "a.parquet", "--loss", "huber", "--residual", "r", "--summary", "full.json"]) == 2
    assert capsys.readouterr().err == "fastloss: full.json: cannot be written: No space left on device\n"
    assert Path("/dev/full").is_char_device()


def test_losses_in_a_loss_are_no_summary():
    of_one = json.dumps({"losses": {"a": json.loads(Summary.of(np.ones(3)).to_json(state=True))}})
    with pytest.raises(ValueError, match="losses in a loss"):
        Summary.from_json(f'{{"losses": {{"b": {of_one}}}}}')
