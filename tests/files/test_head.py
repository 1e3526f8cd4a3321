"""Losses of embeddings over files: embeddings in columns or arrays, the vectors of the classes in a head."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastloss as fl

N, D, C = 300, 8, 5
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, D)).astype("f4")
W = RNG.standard_normal((C, D)).astype("f4")
Y = RNG.integers(0, C, N)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("head.npy", W)
    np.save("x.npy", X)
    np.save("y.npy", Y)
    lists = pa.array(X.tolist(), pa.list_(pa.float32()))
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), D)
    columns = {f"e{k}": X[:, k] for k in range(D)}
    pq.write_table(pa.table({"lists": lists, "fixed": fixed, "label": Y, **columns}), "data.parquet")
    table = pa.table({"w": pa.array(W.tolist(), pa.list_(pa.float32())), "name": [f"c{k}" for k in range(C)]})
    pq.write_table(table, "head.parquet")
    return tmp_path


def scores(name):
    return pq.read_table(name).column("value").to_numpy()


@pytest.mark.parametrize("pred", ["lists", "fixed", [f"e{k}" for k in range(D)]])
@pytest.mark.parametrize("head", ["head.npy", "head.parquet", "head.parquet:w", W])
@pytest.mark.parametrize("loss", [fl.linear_cross_entropy, fl.arcface.bind(scale=10.0)])
def test_embeddings_in_columns(here, pred, head, loss):
    summary = fl.score("data.parquet", "out.parquet", loss=loss, pred=pred, target="label", head=head, keep="none")
    want = loss(X, W, Y)
    np.testing.assert_array_equal(scores("out.parquet"), want)
    assert summary.count == N and summary.mean == pytest.approx(float(want.astype(float).mean()))


def test_arrays_and_the_gradient_by_embeddings(here):
    summary = fl.score("x.npy", loss="cosface", target="y.npy", head="head.npy")
    assert summary.mean == pytest.approx(fl.cosface(X, W, Y, reduction="mean"))
    fl.score(
        "data.parquet",
        "grad.parquet",
        loss="cosface",
        pred="fixed",
        target="label",
        head="head.npy",
        emit=("grad", "value"),
    )
    table = pq.read_table("grad.parquet")
    grad = np.array(table.column("grad").to_pylist(), "f4")
    np.testing.assert_array_equal(grad, fl.cosface.grad(X, W, Y, wrt="x")[0])


def test_nulls_and_ignored_labels(here):
    lists = [None if k == 3 else row for k, row in enumerate(X[:6].tolist())]
    labels = [None, 1, -100, 0, 2, 4]
    pq.write_table(pa.table({"e": pa.array(lists, pa.list_(pa.float32())), "y": labels}), "few.parquet")
    summary = fl.score(
        "few.parquet", "out.parquet", loss="linear_cross_entropy", pred="e", target="y", head="head.npy", keep="none"
    )
    assert (summary.count, summary.null, summary.ignored) == (3, 2, 1)
    value = pq.read_table("out.parquet").column("value").to_pylist()
    assert value[0] is None and value[3] is None and value[2] == 0


def test_a_changed_head_is_scored_again(here):
    call = {"loss": "linear_cross_entropy", "pred": "fixed", "target": "label", "head": "head.npy"}
    first = fl.score("data.parquet", "out/", **call)
    assert fl.score("data.parquet", "out/", resume=True, **call).to_json() == first.to_json()
    np.save("head.npy", 2 * W)
    again = fl.score("data.parquet", "out/", resume=True, **call)
    assert again.mean == pytest.approx(fl.linear_cross_entropy(X, 2 * W, Y, reduction="mean"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"loss": "arcface"}, "arcface needs the vectors of the classes: give head, an array or a file"),
        ({"loss": "cross_entropy", "head": "head.npy"}, "cross_entropy takes no head"),
        ({"loss": "triplet"}, "triplet is a loss of several embeddings a row"),
        ({"loss": "arcface", "head": "x.npy"}, None),
        ({"loss": "arcface", "head": "y.npy"}, "y.npy: .*expected a list of numbers a row"),
        (
            {"loss": "arcface", "head": "data.parquet"},
            "data.parquet: a head is one column of lists, here are 2 columns",
        ),
        ({"loss": "arcface", "head": "data.parquet:label"}, "expected a list of numbers a row"),
        ({"loss": "arcface", "head": "data.parquet:nothing"}, "no column 'nothing'"),
        ({"loss": "arcface", "head": "head.npy", "emit": "hess"}, "cannot emit 'hess': arcface has value, grad"),
        ({"loss": "arcface", "head": W[:, :3]}, "8.*3|3.*8"),
        ({"loss": "arcface", "head": W[:2]}, "is out of bounds for 2 classes"),
        ({"loss": "arcface", "head": W[0]}, r"head must hold one vector per class, shape \(C, D\), got shape \(8,\)"),
    ],
)
def test_errors_name_what_is_wrong(here, call, words):
    if words is None:
        assert fl.score("data.parquet", pred="fixed", target="label", **call).count == N
        return
    with pytest.raises(fl.files.ScoringError, match=words) as caught:
        fl.score("data.parquet", "out.parquet", pred="fixed", target="label", **call)
    assert "\n" not in str(caught.value)
    assert not (here / "out.parquet").exists()


def test_no_file_of_that_name(here):
    with pytest.raises(FileNotFoundError):
        fl.score("data.parquet", loss="arcface", pred="fixed", target="label", head="nowhere.npy")


def test_the_command_takes_a_head(here, capsys):
    from fastloss.cli import main

    roles = ["--pred", "fixed", "--target", "label", "--head", "head.npy"]
    assert not main(["score", "data.parquet", "--loss", "arcface", *roles, "--json"])
    assert '"count": 300' in capsys.readouterr().out
