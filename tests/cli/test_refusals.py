"""What cannot be scored, as files and arguments, and the one line that says so; the exit code is 2, nothing is left."""

import io
import os
import socket
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from fastloss.cli import main

HUBER = ("--loss", "huber", "--residual", "r")


def parquet(table):
    file = io.BytesIO()
    pa.parquet.write_table(table, file)
    return file.getvalue()


def arrow(table):
    file = io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def npy(shape, descr="<f8", order=False):
    file = io.BytesIO()
    np.lib.format.write_array_header_2_0(file, {"descr": descr, "fortran_order": order, "shape": shape})
    return file.getvalue()


PLAIN = {"in.csv": b"r\n1\n2\n"}
NAMES = [f"c{number}" for number in range(300)]
ZONE = pa.array([1, 2], pa.timestamp("s", "Nowhere/Land"))
TWICE = pa.Table.from_arrays([pa.array([1.0]), pa.array([2]), pa.array([3])], ["r", "x", "x"])
TENSORS = pa.ExtensionArray.from_storage(
    pa.fixed_shape_tensor(pa.float32(), [2]), pa.array([[1, 2]], pa.list_(pa.float32(), 2))
)

REFUSED = [
    # files that are empty, of nothing, or of something else
    *[({f"in.{name}": b""}, [], f"in.{name}: cannot be read as") for name in ("csv", "parquet", "arrow", "npy")],
    *[({f"in.{name}": b"\0" * 999}, [], f"in.{name}: cannot be read as") for name in ("parquet", "arrow", "npy")],
    ({"in.csv": b"\n\r\n\n"}, [], "in.csv: cannot be read as CSV: there is no header line"),
    ({"in.parquet": parquet(pa.table({}))}, [], "in.parquet: no column 'r'; there are none"),
    ({"in.arrow": arrow(pa.table({}))}, [], "in.arrow: no column 'r'; there are none"),
    ({"in.npy": npy((1 << 62, 4))}, [], "in.npy: the file is truncated"),
    ({"in.npy": npy((1 << 50,), order=True)}, [], "in.npy: the file is truncated"),
    ({"in.npy": npy((4,), ">c16")}, [], "in.npy: expected an array of numbers"),
    # names of columns
    (
        {"in.parquet": parquet(TWICE)},
        ["-o", "o.csv"],
        "in.parquet: 2 columns are called 'x': rename one, or name those to keep",
    ),
    ({"in.csv": b"r,r\n1,2\n"}, [], "in.csv: 2 columns are called 'r': rename one"),
    ({"in.csv": b"a\n1\n"}, [], "in.csv: no column 'r'; there are 'a'"),
    ({"in.csv": ",".join(NAMES).encode() + b"\n"}, [], "'c99' and 200 more"),
    ({"in.csv": b"x" * 100_000 + b"\n1\n"}, [], f"there are '{'x' * 100}...'"),
    (PLAIN, ["--keep", "\udcff"], r"keep must be UTF-8, got '\udcff'"),
    (PLAIN, ["--prefix", "\udcff"], r"prefix must be UTF-8, got '\udcff'"),
    (PLAIN, ["--by", "\udcff"], r"by must be UTF-8, got '\udcff'"),
    (PLAIN, ["--by", ""], "in.csv: no column ''; there are 'r'"),
    # fields
    ({"in.csv": b"r\n1\n\xff\n"}, [], r"in.csv: cannot be read as CSV: column 'r': expected UTF-8"),
    (
        {"in.csv": b"r\n1\n\0\n"},
        [],
        r"in.csv: cannot be read as CSV: column 'r': expected numbers, invalid value '\x00'",
    ),
    ({"in.csv": b"r\n" + b"7" * 5000 + b"x\n"}, [], f"invalid value '{'7' * 100}...' at row 0"),
    ({"in.arrow": arrow(pa.table({"r": [1.0, 2.0], "g": ZONE}))}, ["--by", "g"], "in.arrow: column 'g': Cannot locate"),
    ({"in.arrow": arrow(pa.table({"r": [1.0], "t": TENSORS}))}, ["-o", "o.csv"], "o.csv: column 't' holds extension<"),
    # options
    (PLAIN, ["-p", "delta=1e400"], "delta must be finite, got inf"),
    (PLAIN, ["-p", f"delta={10**400}"], f"-p delta: '1{'0' * 99}...' is not a number that a float can hold"),
    (PLAIN, ["-p", f"delta={'9' * 5000}"], f"-p delta: '{'9' * 100}...' is not a number that a float can hold"),
    (PLAIN, ["-p", "delta=nan"], "delta must not be NaN"),
    (PLAIN, ["-p", "delta=0x10"], "-p delta: '0x10' is not a number"),
    (PLAIN, ["-p", "=1"], "huber has no parameter ''"),
    *[
        (PLAIN, ["--fail-if", text], f"--fail-if {text!r}: expected FIELD OP NUMBER")
        for text in ("", "mean", "mean>", "mean>>1", "mean>nan", "mean>1e", "__class__>1", "p101>1", "sum>1 or 1")
    ],
    (PLAIN, ["--separator", "\0"], r"separator must be one ASCII character that is no digit, letter, sign, got '\x00'"),
    (PLAIN, ["--thousands", "\0"], r"thousands must be one character that is no digit, letter, sign, got '\x00'"),
    (PLAIN, ["--encoding", "\0"], r"unknown encoding '\x00'"),
    (PLAIN, ["--encoding", "rot13"], "unknown encoding 'rot13'"),
    (PLAIN, ["--encoding", "utf-32"], "in.csv: cannot be read as CSV: the header is not utf-32"),
    (PLAIN, ["--threads", "0"], "num_threads must be"),
    (PLAIN, ["--workers", "-1"], "workers must be an integer >= 1"),
    (PLAIN, ["--emit", ","], "cannot emit ''"),
]


def refused(capsys, *args):
    before = sorted(os.listdir())
    assert main(args) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "Traceback" not in line and "please report" not in line
    assert sorted(os.listdir()) == before
    return line


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("files", "options", "message"), REFUSED, ids=[message[:50] for _, _, message in REFUSED])
def test_one_line(tmp_path, capsys, files, options, message):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    columns = ("--loss", "huber") if "in.npy" in files else HUBER
    assert message in refused(capsys, "score", *files, *columns, *options)


@pytest.mark.parametrize("name", ["empty", "loops", "broken", "socket", "data"])
def test_directories_without_data(tmp_path, capsys, name):
    directory = tmp_path / name
    directory.mkdir()
    if name == "loops":
        (directory / "self").symlink_to(".")
    elif name == "broken":
        (directory / "in.csv").symlink_to("nowhere.csv")
    elif name == "data":
        (directory / "in.csv").mkdir()
    elif name == "socket":
        os.chdir(directory)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("in.csv")
        os.chdir(tmp_path)
    line = refused(capsys, "score", name, *HUBER)
    assert line.startswith(f"fastloss: {'' if name in ('socket', 'loops') else 'no data files in '}{name}")


@pytest.mark.parametrize("broken", ["data/in.csv", "data/day=1/in.csv"])
def test_a_broken_link_beside_data(tmp_path, capsys, broken):
    """As of a file that a tool for large files has not fetched."""
    link = tmp_path / broken
    link.parent.mkdir(parents=True)
    (tmp_path / "data" / "a.csv").write_bytes(b"r\n1\n")
    (tmp_path / "data" / ".#a.csv").symlink_to("nobody@nowhere")  # as an editor locks a file
    assert main(["score", "data", *HUBER]) == 0
    link.symlink_to("nowhere.csv")
    capsys.readouterr()
    for name in ("data", "data/**"):
        assert f"{broken}: " in refused(capsys, "score", name, *HUBER, "-o", "out/")
    link.unlink()
    link.symlink_to(tmp_path / "data" / "a.csv")
    assert main(["score", "data", *HUBER]) == 0


def test_a_directory_that_may_not_be_read(tmp_path, capsys):
    """Whether it is in a directory or in a pattern: its rows would be missing."""
    for name in ("data", "data/day=1", "data/day=2", "data/.trash", "other"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "a.csv").write_bytes(b"r\n1\n")
        (tmp_path / name).chmod(0 if name in ("data/day=2", "other") else 0o700)
    try:
        if os.access("other", os.R_OK):
            pytest.skip("the superuser may read anything")
        for name in ("data", "data/**", "data/*/a.csv", "d*/*/*.csv", "data/**/a.csv"):
            line = refused(capsys, "score", name, *HUBER)
            assert line.endswith("data/day=2: Permission denied\n")
        assert refused(capsys, "score", "data/day=2/a.csv", *HUBER).endswith("a.csv: Permission denied\n")
        for name in ("data/*.csv", "data/day=1/**", "data/day=[1]/*"):
            assert main(["score", name, *HUBER]) == 0
    finally:
        (tmp_path / "data" / "day=2").chmod(0o700)
        (tmp_path / "other").chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/zero")
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
@pytest.mark.parametrize("name", ["in.parquet", "in.arrow", "in.npy", "in.csv", "in.csv.gz", "in.arrow.zst"])
def test_devices(tmp_path, capsys, monkeypatch, device, name):
    monkeypatch.setattr("fastloss.files.csv.blocks.MAX_ROW_BYTES", 1 << 22)
    (tmp_path / name).symlink_to(device)
    columns = ("--loss", "huber") if name == "in.npy" else HUBER
    assert refused(capsys, "score", name, *columns).startswith(f"fastloss: {name}: cannot be read as")


@pytest.mark.parametrize("format", ["csv", "parquet", "arrow", "feather", "npy"])
def test_standard_input_that_is_closed(format):
    options = ["score", "-", "--format", format, "--loss", "huber"] + ["--residual", "r"] * (format != "npy")
    command = f'exec "{sys.executable}" -m fastloss {" ".join(options)} <&-'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("fastloss: standard input: cannot be read as") and done.stderr.count("\n") == 1


def test_fields_and_names_that_are_absurd_but_right(tmp_path):
    """Ten thousand columns, called by anything."""
    names = ["r", "", "a\nb", 'say "hi"', "x" * 100_000, "a,b", "a.b", "nul\0", *map(str, range(2000))]
    table = pa.table({name: [1.0, 2.0] for name in names})
    for name, data in (("in.parquet", parquet(table)), ("in.arrow", arrow(table))):
        (tmp_path / name).write_bytes(data)
        for output in ("out.arrow", "out.parquet", "out.csv"):
            assert main(["score", name, *HUBER, "-o", output, "--prefix", "huber "]) == 0
            if output == "out.parquet":
                assert pa.parquet.read_table(output).drop_columns(["huber value"]).equals(table)
        assert main(["score", "out.csv", *HUBER, "-o", "again.arrow"]) == 0
        with pa.ipc.open_file("again.arrow") as file:
            assert file.schema.names == [*names, "huber value", "value"]
            assert file.read_all().column("x" * 100_000).to_pylist() == [1, 2]
