"""What cannot be scored is said in one line, and leaves the destination as it was."""

import gc
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, reading


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with a few inputs and an older output, in which every test runs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "p": rng.standard_normal(100),
            "y": rng.standard_normal(100),
            "word": ["a"] * 100,
            "label": rng.integers(0, 3, 100),
            "l": pa.array([[0.0, 1.0, 2.0]] * 100, pa.list_(pa.float32())),
        }
    )
    pa.parquet.write_table(table, "in.parquet", row_group_size=40)
    (tmp_path / "out.parquet").write_bytes(b"older")
    (tmp_path / "in.csv").write_text("p,y\n1,2\nx,3\n")
    np.save("x.npy", rng.standard_normal((4, 3)))
    np.save("long.npy", np.zeros(5, int))
    return tmp_path


@pytest.fixture(autouse=True)
def _untouched(here):
    """After each test the directory holds the same files as before, and the older output."""
    before = sorted(os.listdir(here))
    yield
    assert sorted(os.listdir(here)) == before
    assert (here / "out.parquet").read_bytes() == b"older"


def fails(match, *args, error=ScoringError, **options):
    with pytest.raises(error, match=match) as caught:
        fl.score(*args, **{"loss": fl.huber, "pred": "p", "target": "y", **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def entropy_fails(match, *args, **options):
    return fails(match, *args, **{"loss": fl.cross_entropy, "pred": "l", **options})


@pytest.mark.parametrize("output", [None, "out.parquet"])
@pytest.mark.parametrize(
    ("match", "options"),
    [
        (r"in.parquet: no column 'z'; there are 'p', 'y', 'word', 'label', 'l'", {"pred": "z"}),
        (r"column 'word': expected numbers, got string \(huber\)", {"pred": "word"}),
        (r"column 'l': the list at row 0 has 3 elements, expected 1", {"target": "l"}),
        (r"cannot emit 'weigth': huber has value, grad, hess, weight", {"emit": "weigth"}),
        (r"emitted twice", {"emit": ("value", "value")}),
        (r"nothing to emit", {"emit": ()}),
        (r"huber needs the column of targets", {"target": None}),
        (r"huber needs the column of predictions", {"pred": None}),
        (r"give it alone", {"residual": "p"}),
        (r"column 'y': 1 a row, but 2 a row in 'p', 'y'", {"pred": ["p", "y"]}),
        (r"delta must be one number", {"loss": fl.huber.bind(delta=np.ones(100))}),
        (r"unknown engine 'gpu'; there are local, dask, spark", {"engine": "gpu"}),
        (r"unknown format 'txt'", {"format": "txt"}),
    ],
)
def test_requests_that_make_no_sense(match, options, output):
    fails(match, "in.parquet", output, **options)


@pytest.mark.parametrize(
    ("match", "options"),
    [
        (r"no column 'z'", {"keep": ["p", "z"]}),
        (r"a column 'p' already: set a prefix", {"prefix": "p", "emit": "value", "loss": "rename"}),
        (r"column 'l' holds list<.*>, which CSV cannot", {"output": "o.csv"}),
        (r"a .npy file holds one output", {"output": "o.npy", "emit": ("value", "grad")}),
        (r"o.doc: the extension names no format; known are .parquet,", {"output": "o.doc"}),
        (r"the output would replace an input", {"output": "in.parquet"}),
        (r"the output would replace an input", {"output": "./sub/../in.parquet"}),
        (r"nowhere/o.csv: cannot be written: No such file or directory", {"output": "nowhere/o.csv"}),
        (r"resume needs a directory", {"resume": True}),
    ],
)
def test_outputs_that_cannot_be(here, match, options):
    options = {"output": "out.parquet", **options}
    if options.get("loss") == "rename":  # an input that has been scored before
        table = pa.parquet.read_table("in.parquet").rename_columns(["p", "y", "w", "l", "pvalue"])
        pa.parquet.write_table(table, "in.parquet")
        options["loss"], match = fl.huber, match.replace("'p'", "'pvalue'")
    (here / "sub").mkdir()
    try:
        fails(match, "in.parquet", options.pop("output"), **options)
    finally:
        (here / "sub").rmdir()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_other_names_of_the_input_are_refused(here, link):
    link("in.parquet", "alias.parquet")
    try:
        fails("would replace an input", "in.parquet", "alias.parquet")
        fails("would replace an input", "alias.parquet", "in.parquet")
    finally:
        (here / "alias.parquet").unlink()


def test_losses_without_weights_or_residuals():
    entropy_fails("cannot emit 'weight'", "in.parquet", target="label", emit="weight")
    entropy_fails("not a function of a residual", "in.parquet", pred=None, residual="p")


def test_a_missing_file_is_an_os_error():
    with pytest.raises(FileNotFoundError) as caught:
        fl.score("absent.parquet", loss=fl.huber, residual="r")
    assert caught.value.filename == "absent.parquet"


def test_no_input_at_all(here):
    fails("no data files in an empty list", [])
    (here / "empty").mkdir()
    try:
        fails("no data files in empty", "empty")
    finally:
        (here / "empty").rmdir()


@pytest.mark.parametrize("kept", [0, 2, 100, 1500, -20, -4])
def test_truncated_parquet(here, kept):
    data = (here / "in.parquet").read_bytes()
    (here / "in.parquet").write_bytes(data[:kept])
    fails("in.parquet: cannot be read as Parquet", "in.parquet", "out.parquet")


def test_corrupt_pages_of_parquet(here):
    """The footer is in order, the data is not: the error comes after rows have been written."""
    data = bytearray((here / "in.parquet").read_bytes())
    metadata = pa.parquet.read_metadata("in.parquet")
    start = metadata.row_group(2).column(0).data_page_offset
    data[start : start + 200] = b"\xff" * 200
    (here / "in.parquet").write_bytes(data)
    fails("in.parquet: cannot be read as Parquet", "in.parquet", "out.parquet")


@pytest.mark.parametrize("name", ["in.arrow", "in.feather", "in.npy", "empty.csv"])
def test_files_that_are_something_else(here, name):
    content = b"" if name == "empty.csv" else b"this is not it, but a line of text"
    (here / name).write_bytes(content)
    try:
        columns = {} if name != "in.npy" else {"pred": None, "target": None}
        fails(f"{name}: cannot be read as", name, "out.parquet", **columns)
    finally:
        (here / name).unlink()


def test_csv_columns_are_named():
    fails(r"in.csv: cannot be read as CSV: column 'p': .*invalid value 'x'", "in.csv")


def test_csv_labels_must_be_whole(here):
    (here / "in.csv").write_text("a,b,label\n1,2,0.5\n")
    entropy_fails(
        "in.csv: column 'label': expected whole numbers",
        "in.csv",
        pred=["a", "b"],
        target="label",
        error=TypeError,
    )


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros((2, 2, 2)), r"one or two dimensions, got float64 with shape \(2, 2, 2\)"),
        (np.float64(3), r"got float64 with shape \(\)"),
        (np.array(["a"]), "expected an array of numbers"),
        (np.array([{}], object), "expected an array of numbers"),
        (np.zeros((3, 0)), "expected at least one class"),
        (np.zeros(3), "long.npy has shape .5,., in.npy has .3,.: the numbers of rows differ"),
    ],
)
def test_arrays_that_are_no_data(here, array, match):
    np.save("in.npy", array, allow_pickle=True)
    try:
        entropy_fails(match, "in.npy", pred=None, target="long.npy")
    finally:
        (here / "in.npy").unlink()


def test_npy_inputs_and_their_targets(here):
    data = (here / "x.npy").read_bytes()
    (here / "x.npy").write_bytes(data[:-8])
    entropy_fails("x.npy: the file is truncated", "x.npy", pred=None, target="long.npy")
    entropy_fails("together with tables", ["x.npy", "in.parquet"], target="long.npy")
    entropy_fails("another .npy file", "x.npy", target="in.parquet")
    entropy_fails("of the same names as target", ["x.npy", "long.npy"], target="long.npy")


@pytest.mark.parametrize("batch_rows", [7, 1000])
@pytest.mark.parametrize("label", [3, -1, 10**12])
def test_the_row_of_a_label_is_counted_over_the_whole_input(monkeypatch, batch_rows, label):
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    table = pa.parquet.read_table("in.parquet")
    labels = np.zeros(100, np.int64)
    labels[73] = label
    bad = table.set_column(3, "label", pa.array(labels))
    pa.parquet.write_table(bad, "in.parquet")
    message = entropy_fails(
        f"in.parquet: column 'label': target {label} at row 73 is out of bounds for 3 classes",
        "in.parquet",
        "out.parquet",
        target="label",
        error=IndexError,
    )
    pa.parquet.write_table(table, "good.parquet")
    try:
        several = entropy_fails(
            f"target {label} at row 273 .row 73 of this file. is out of bounds",
            ["good.parquet", "good.parquet", "in.parquet"],
            target="label",
        )
    finally:
        os.unlink("good.parquet")
    assert several == message.replace("row 73", "row 273 (row 73 of this file)")


@pytest.mark.parametrize("batch_rows", [7, 1000])
def test_the_row_of_a_list_of_another_length(monkeypatch, batch_rows):
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    lists = [[0.0, 1.0, 2.0]] * 100
    lists[42] = [1.0]
    table = pa.parquet.read_table("in.parquet")
    pa.parquet.write_table(table.set_column(4, "l", pa.array(lists)), "in.parquet")
    entropy_fails(
        "column 'l': the list at row 42 has 1 elements, expected 3",
        "in.parquet",
        "out.parquet",
        target="label",
    )


def test_columns_that_differ_between_the_inputs():
    table = pa.table({"p": [1.0], "y": [1.0], "word": [b"1"], "label": ["1"]})
    pa.parquet.write_table(table, "b.parquet")
    try:
        fails(
            "b.parquet: column 'label' holds string, in the inputs before int64, and no type holds both: keep fewer",
            ["in.parquet", "b.parquet"],
            "out.parquet",
        )
    finally:
        os.unlink("b.parquet")


def test_what_the_loss_refuses_names_the_columns():
    loss = fl.cross_entropy.bind(class_weight=[1.0, 2.0])
    entropy_fails("in.parquet: 'l', 'label': .*class_weight", "in.parquet", loss=loss, target="label")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_something_that_is_not_a_file_is_not_replaced(here):
    os.symlink("/dev/full", "full.csv")
    try:
        fails("there is something that is not a file", "in.csv", "full.csv")
    finally:
        (here / "full.csv").unlink()


def test_an_interrupt_leaves_nothing_behind():
    def interrupt(rows, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fl.score("in.parquet", "out.parquet", loss=fl.huber, pred="p", target="y", progress=interrupt)


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    fails(r"pip install 'fastloss\[cli\]'", "in.parquet", error=ImportError)


def test_an_error_holds_no_batch(tmp_path_factory):
    """It is in a cycle of references with the frames that it went through, until the garbage collector runs."""
    rows = 100_000
    table = pa.table({"r": np.arange(float(rows)), "w": np.r_[np.ones(rows - 1), -1.0]})
    path = tmp_path_factory.mktemp("weights") / "in.parquet"
    pa.parquet.write_table(table, path)
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        with pytest.raises(ScoringError, match="row 99999"):
            fl.score(path, loss=fl.huber, residual="r", sample_weight="w")
        assert pa.total_allocated_bytes() - before < 1 << 16
    finally:
        gc.enable()


def counted_failures(tmp_path_factory, wrong, right, engine="local", **options):
    """What is said of so many files that cannot be scored, and can, in a first run into a directory and a resumed."""
    directory, said = tmp_path_factory.mktemp("data"), []
    for number in range(wrong + right):
        column = ["a"] if number < wrong else [1.0]
        pa.parquet.write_table(pa.table({"p": column, "y": [1.0]}), directory / f"{number}.parquet")
    output = tmp_path_factory.mktemp("scored")
    for resume in (False, True):
        said.append(fails("column 'p'", directory, output, resume=resume, engine=engine, **options))
    return [message.partition(" (")[2].partition(" (")[2] for message in said]


@pytest.mark.parametrize(("wrong", "right"), [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1)])
def test_how_many_files_failed(tmp_path_factory, wrong, right):
    """The others are said to be done where there are others; one file is no one of one."""
    for text in counted_failures(tmp_path_factory, wrong, right):
        if wrong + right == 1:
            assert text == ""
            continue
        assert text.startswith(f"{wrong} of {wrong + right} files failed")
        assert ("the others are done" in text) == (right > 0)
        assert ("also failed" in text) == (wrong > 1)


@pytest.mark.dask
def test_how_many_files_failed_on_dask(tmp_path_factory):
    distributed = pytest.importorskip("distributed")
    options = {"dashboard_address": "127.0.0.1:0", "processes": False, "n_workers": 1}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        said = counted_failures(tmp_path_factory, 2, 0, engine="dask", client=client)
    assert all(text.startswith("2 of 2 files failed; also failed") for text in said)
