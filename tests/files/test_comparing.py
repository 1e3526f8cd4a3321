"""fastloss.compare and `fastloss compare`, beside NumPy and exact fractions."""

import json
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as parquet

import fastloss as fl
from fastloss.cli import main
from fastloss.files.errors import ScoringError

RNG = np.random.default_rng(0)
ROWS = 1000
Y = RNG.normal(size=ROWS)
A, B = Y + RNG.normal(size=ROWS), Y + 1.2 * RNG.normal(size=ROWS)
B[:50] = A[:50]
A[60], B[61] = np.nan, np.inf
W, DAY = RNG.integers(1, 4, ROWS).astype(float), RNG.integers(0, 3, ROWS)
NULL = np.arange(ROWS) % 100 == 3
COUNTS = ~NULL & ~np.isnan(A)
TABLE = pa.table({"a": A, "b": pa.array(B, mask=NULL), "y": Y, "w": W, "day": DAY})


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A directory with the rows in one file, and each prediction in files of its own, cut in another way."""
    monkeypatch.chdir(tmp_path)
    parquet.write_table(TABLE, "both.parquet", row_group_size=77)
    for column, name, size in (("a", "A", 400), ("b", "B", 250)):
        (tmp_path / name).mkdir()
        part = TABLE.select([column, "y", "w", "day"]).rename_columns(["p", "y", "w", "day"])
        for k in range(0, ROWS, size):
            parquet.write_table(part.slice(k, size), f"{name}/{k:04}.parquet", row_group_size=60)
    return tmp_path


def check(found, rows):
    """That a comparison is that of these rows."""
    a, b = fl.huber(A[rows], Y[rows]), fl.huber(B[rows], Y[rows])
    finite = np.isfinite(b)
    assert (found.won, found.lost, found.tied) == ((a < b).sum(), (a > b).sum(), (a == b).sum())
    assert found.first.count == found.second.count == found.difference.count == len(a)
    assert found.first.max == a.max()
    if finite.all():
        exact = sum(map(Fraction, (a - b).tolist())) / len(a)
        assert found.difference.mean == float(exact)


def test_all_rows_and_groups():
    found = fl.compare("both.parquet", loss=fl.huber, pred="a", versus="b", target="y", by="day")
    check(found, COUNTS)
    assert list(found.groups) == [0, 1, 2] and found.by == "day"
    for key, group in found.groups.items():
        check(group, COUNTS & (key == DAY))
    assert found.first.null == NULL.sum() and found.first.nan == 1


def test_several_columns_of_groups():
    table = TABLE.append_column("even", pa.array(DAY % 2 == 0))
    parquet.write_table(table, "two.parquet")
    found = fl.compare("two.parquet", loss=fl.huber, pred="a", versus="b", target="y", by=["day", "even"])
    assert list(found.groups) == [(0, True), (1, False), (2, True)]
    for (day, _), group in found.groups.items():
        check(group, COUNTS & (day == DAY))


def test_texts():
    pa.csv.write_csv(TABLE.filter(pa.array(COUNTS)), "both.csv")
    found = fl.compare("both.csv", loss=fl.huber, pred="a", versus="b", target="y", by="day")
    check(found, COUNTS)


def test_in_a_notebook():
    found = fl.compare(TABLE, loss=fl.huber, pred="a", versus="b", target="y", by="day")
    html = found._repr_html_()
    assert f"won {found.won:,}, lost {found.lost:,}, tied {found.tied:,}" in html
    for summary in (found.first, found.second, found.difference, *(g.difference for g in found.groups.values())):
        assert f">{summary.mean:.6g}<" in html
    alone = fl.compare(TABLE, loss=fl.huber, pred="a", versus="b", target="y")._repr_html_()
    assert alone.count("<table>") == 1 and alone.count("<tr>") == 4


def test_two_data_sets_are_paired_by_row():
    one = fl.compare("both.parquet", loss="huber", pred="a", versus="b", target="y", by="day", sample_weight="w")
    two = fl.compare("A", "B", loss="huber", pred="p", target="y", by="day", sample_weight="w", num_threads=1)
    assert one.to_json() == two.to_json()
    finite = COUNTS & np.isfinite(B)
    difference = (fl.huber(A, Y) - fl.huber(B, Y))[finite]
    parquet.write_table(TABLE.filter(pa.array(finite)), "finite.parquet")
    found = fl.compare("finite.parquet", loss=fl.huber, pred="a", versus="b", target="y", sample_weight="w")
    assert found.difference.weighted_mean == pytest.approx(np.average(difference, weights=W[finite]), rel=1e-13)


def test_rows_of_logits(here):
    logits, labels = RNG.normal(size=(2, 60, 4)).astype(np.float32), RNG.integers(0, 4, 60)
    labels[5] = -100
    np.savez("z.npz", base=logits[0], new=logits[1], label=labels)
    found = fl.compare("z.npz", loss=fl.cross_entropy, pred="new", versus="base", target="label")
    new, base = (fl.cross_entropy(logits[k], labels).astype(float)[labels >= 0] for k in (1, 0))
    assert found.difference.count == 59 and found.first.ignored == 1
    assert found.difference.mean == pytest.approx((new - base).mean(), rel=1e-12)


def test_data_that_do_not_go_together(here):
    files = sorted((here / "B").iterdir())
    shorter = parquet.read_table(files[-1]).slice(0, 200)
    parquet.write_table(shorter, files[-1])
    with pytest.raises(
        ScoringError, match=r"numbers of rows differ: .*B/0750.parquet ends after 950, A/0800.parquet has"
    ):
        fl.compare("A", "B", loss=fl.huber, pred="p", target="y")
    with pytest.raises(
        ScoringError, match=r"numbers of rows differ: .*B/0750.parquet ends after 950, A/0800.parquet has"
    ):
        fl.compare("B", "A", loss=fl.huber, pred="p", target="y")
    changed = Y[500:750].copy()
    changed[7] = 99.0
    part = parquet.read_table(files[2])
    parquet.write_table(part.set_column(1, "y", pa.array(changed)), files[2])
    with pytest.raises(
        ScoringError, match=r"A/0400.parquet: the target .* at row 507 \(row 107 of this file\): 'y' is not"
    ):
        fl.compare("A", "B", loss=fl.huber, pred="p", target="y")


def test_wrong_arguments(here):
    with pytest.raises(ScoringError, match="compare needs the column of the other prediction"):
        fl.compare("both.parquet", loss=fl.huber, pred="a", target="y")
    with pytest.raises(ScoringError, match="no column 'q'"):
        fl.compare("both.parquet", loss=fl.huber, pred="a", versus="q", target="y")
    stream = pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches())
    with pytest.raises(ScoringError, match="other is the stream that data is"):
        fl.compare(stream, stream, loss=fl.huber, pred="a", versus="b", target="y")
    np.save("a.npy", A)
    for arrays in (("a.npy", "both.parquet"), ("both.parquet", "a.npy")):
        with pytest.raises(ScoringError, match=r"\.npy files cannot be scored together with tables"):
            fl.compare(*arrays, loss=fl.huber, pred="a", target="a.npy")
    with pytest.raises(ScoringError, match=r"versus beside a \.npy file is another"):
        fl.compare("a.npy", loss=fl.huber, versus="both.parquet", target="a.npy")


@pytest.mark.parametrize("several", [False, True])
def test_arrays(here, capfd, several):
    day, weights = DAY.astype(np.int16), np.arange(len(A)) % 3
    for name, array in {"a": A, "b": B, "y": Y, "day": day, "w": weights}.items():
        np.save(f"{name}.npy", array)
    columns = {"pred": "a", "versus": "b", "target": "y", "by": "day", "sample_weight": "w"}
    np.savez("all.npz", a=A, b=B, y=Y, day=day, w=weights)
    want = fl.compare("all.npz", loss=fl.huber, **columns)
    beside = {"target": "y.npy", "by": "day.npy", "sample_weight": here / "w.npy"}
    data, versus = (("a.npy", "b.npy"), None) if several else (("a.npy",), here / "b.npy")
    assert fl.compare(*data, loss=fl.huber, versus=versus, **beside).to_json() == want.to_json()
    options = ("--target", "y.npy", "--by", "day.npy", "--weight", "w.npy", *(() if several else ("--versus", "b.npy")))
    code, out, err = run(capfd, *data, "--loss", "huber", *options)
    assert (code, err) == (0, "") and [line.split()[0] for line in out.splitlines()[2:4]] == ["a.npy", "b.npy"]
    np.save("b.npy", B[1:])
    code, out, err = run(capfd, *data, "--loss", "huber", *options)
    assert (code, out) == (2, "") and "the numbers of rows differ" in err and err.count("\n") == 1


def test_arrays_of_bfloat16(here):
    upper = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32).view(np.uint32) >> 16
    np.save("z.npy", upper.astype("<u2").view("V2"))
    np.save("exact.npy", (upper << 16).view(np.float32))
    np.save("y.npy", np.arange(20) % 3)
    found = fl.compare("z.npy", loss="cross_entropy", versus="exact.npy", target="y.npy", dtype="bfloat16")
    assert found.tied == 20


def run(capfd, *args):
    code = main(["compare", *args])
    return (code, *capfd.readouterr())


def test_the_command(capfd):
    columns = ("--loss", "huber", "--target", "y", "--by", "day")
    code, out, err = run(capfd, "both.parquet", *columns, "--pred", "a", "--versus", "b", "--json")
    want = fl.compare("both.parquet", loss=fl.huber, pred="a", versus="b", target="y", by="day")
    assert (code, err) == (0, "") and json.loads(out) == json.loads(want.to_json())
    assert list(json.loads(out)) == ["first", "second", "difference", "won", "lost", "tied", "by", "groups"]
    code, out, _ = run(capfd, "A", "B", *columns, "--pred", "p")
    assert code == 0 and f"{want.won:,}" in out
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["A", "B", "difference"]
    code, out, _ = run(capfd, "A", "B", *columns, "--pred", "p", "--by", "w")
    assert code == 0 and "day, w" in out and "2, 3" in out and "(2, 3)" not in out


def test_gates_and_the_table_have_the_weighted_difference(capfd, here):
    table = pa.table({"a": [0.0, 0.0, 3.0], "b": [1.0, 1.0, 0.0], "y": [0.0, 0.0, 0.0], "w": [9.0, 9.0, 1.0]})
    parquet.write_table(table, "three.parquet")
    columns = ("three.parquet", "--loss", "absolute_error", "--target", "y", "--pred", "a", "--versus", "b")
    code, out, err = run(capfd, *columns, "--weight", "w", "--fail-if", "difference<0")  # a mean of 1/3, of -15/19
    assert code == 1 and "-0.789474" in err and out.count("-0.789474") == 2


def test_csv_of_a_spreadsheet(capfd, tmp_path, monkeypatch):
    """A byte order mark, semicolons, decimal commas: in one file, in two"""
    monkeypatch.chdir(tmp_path)
    rows = [("1,5", "2,5", "1"), ("2.000,25", "?", "2.000"), ("3", "3,25", "4")]
    text = "\ufeff" + "".join(f"{';'.join(row)}\r\n" for row in [("a", "b", "y"), *rows])
    (tmp_path / "both.csv").write_bytes(text.encode())
    (tmp_path / "other.csv").write_bytes(text.replace("b;", "a;").replace("a;a;", "b;a;").encode("utf-16"))
    options = dict(separator=";", decimal=",", thousands=".", null="?")
    want = fl.compare("both.csv", loss="absolute_error", pred="a", versus="b", target="y", **options)
    assert want.difference.mean == (0.5 - 1.5 + 1 - 0.75) / 2 and (want.won, want.first.null) == (1, 1)
    args = [part for name, value in options.items() for part in (f"--{name}", value)]
    args += ["--loss", "absolute_error", "--target", "y", "--pred", "a", "--json"]
    code, out, err = run(capfd, "both.csv", "--versus", "b", *args)
    assert (code, err, out) == (0, "", want.to_json() + "\n")
    code, out, err = run(capfd, "both.csv", "other.csv", *args)
    assert (code, err, out) == (0, "", want.to_json() + "\n")
    code, out, err = run(capfd, "both.csv", "--versus", "b", *args, "--decimal", ";")
    assert (code, out) == (2, "") and err.count("\n") == 1


def test_gates(capfd, here):
    parquet.write_table(TABLE.filter(pa.array(COUNTS & np.isfinite(B))), "finite.parquet")
    columns = ("finite.parquet", "--loss", "huber", "--target", "y", "--pred", "a", "--versus", "b")
    for gate, fails in (("difference>0", 0), ("difference<0", 1), ("difference.high<0", 1), ("difference.low>-9", 1)):
        code, _, err = run(capfd, *columns, "--fail-if", gate)
        assert (code, err.count("\n")) == (fails, fails) and (not fails or gate in err)
    want = fl.compare("finite.parquet", loss="huber", target="y", pred="a", versus="b").difference
    assert err.endswith(f": difference.low is {want.interval[0]:.6g}, the bound is -9\n")
    parquet.write_table(TABLE.slice(0, 0), "nothing.parquet")
    code, _, err = run(capfd, "nothing.parquet", *columns[1:], "--fail-if", "difference.low>0")
    assert code == 1 and err.endswith(": difference.low is none, the bound is 0\n")
    for gate in ("mean>0", "difference>", "difference.mid>0", "difference>nan"):
        code, out, err = run(capfd, *columns, "--fail-if", gate)
        assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, err = run(capfd, "A", "B", "A", *columns[1:])
    assert (code, out) == (2, "") and "one or two data sets" in err
