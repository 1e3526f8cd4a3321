"""Calibration in the summaries of files: probabilities of every loss that has them, beside NumPy."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.cli import main
from fastloss.files import ScoringError

RNG = np.random.default_rng(11)
ROWS, CLASSES, BINS = 4000, 5, 15
LOGITS = 3 * RNG.normal(size=(ROWS, CLASSES))
LOGITS[::50, 2] = -np.inf
LABELS = np.where(RNG.random(ROWS) < 0.5, LOGITS.argmax(axis=1), RNG.integers(0, 2, ROWS))
LABELS[::7] = -100
LABELS[1], LOGITS[1, 0] = 0, np.nan
BINARY, SOFT = RNG.random(ROWS) < 0.4, RNG.random(ROWS)
SCORES = 2 * RNG.normal(size=ROWS)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def of_rows(p):
    return p.max(axis=1), p.argmax(axis=1) == LABELS


COUNTED = (LABELS != -100) & ~np.isnan(LOGITS).any(axis=1)
ALL = np.ones(ROWS, bool)
with np.errstate(divide="ignore"):
    LOGS = np.log(softmax(LOGITS))
CASES = {
    "cross_entropy": (fl.cross_entropy, LOGITS, LABELS, *of_rows(softmax(LOGITS)), COUNTED),
    "options": (
        fl.cross_entropy.bind(temperature=2.5, label_smoothing=0.1, class_weight=np.arange(1.0, 6.0)),
        LOGITS, LABELS, *of_rows(softmax(LOGITS / 2.5)), COUNTED,
    ),
    "float32": (fl.cross_entropy, LOGITS.astype("f4"), LABELS, *of_rows(softmax(LOGITS.astype("f4"))), COUNTED),
    "nll": (fl.nll, LOGS, LABELS, *of_rows(np.exp(LOGS)), COUNTED),
    "binary_cross_entropy": (fl.binary_cross_entropy, SOFT, BINARY, SOFT, BINARY, ALL),
    "with logits": (fl.binary_cross_entropy_with_logits, SCORES, SOFT, sigmoid(SCORES), SOFT, ALL),
    "sigmoid_focal": (fl.sigmoid_focal, SCORES, BINARY, sigmoid(SCORES), BINARY, ALL),
    "logistic": (fl.logistic, SCORES, np.where(BINARY, 1, -1), sigmoid(SCORES), BINARY, ALL),
}  # fmt: skip


def expected(p, true):
    """ECE, MCE and the bins, by NumPy."""
    place = np.clip(np.digitize(p, np.arange(BINS + 1) / BINS) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        confidence, accuracy = (np.bincount(place, of.astype(float), BINS) / count for of in (p, true))
    gap = np.nan_to_num(abs(confidence - accuracy))
    return (gap * count).sum() / count.sum(), gap.max(), count, confidence, accuracy


def table(pred, target):
    if pred.ndim == 2:
        pred = pa.FixedSizeListArray.from_arrays(pa.array(pred.reshape(-1), from_pandas=False), pred.shape[1])
    groups = np.arange(len(target)) % 3
    return pa.table({"p": pred, "t": target, "g": groups, "w": RNG.random(len(target))})


def check(found, p, true):
    ece, mce, count, confidence, accuracy = expected(p, true)
    assert found["ece"] == pytest.approx(ece, rel=1e-6) and found["mce"] == pytest.approx(mce, rel=1e-6)
    assert [one["count"] for one in found["bins"]] == count.tolist()
    for name, numbers in (("confidence", confidence), ("accuracy", accuracy)):
        got = np.array([np.nan if one[name] is None else one[name] for one in found["bins"]])
        np.testing.assert_allclose(got, numbers, rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_calibration_is_that_of_numpy_by_groups_and_whatever_the_weights(case):
    loss, pred, target, p, true, counted = CASES[case]
    options = {"loss": loss, "pred": "p", "target": "t", "calibration": BINS}
    data = table(pred, target)
    summary = fl.score(data, by="g", sample_weight="w", **options)
    check(summary.calibration, p[counted], true[counted])
    for key in range(3):
        own = counted & (np.arange(ROWS) % 3 == key)
        check(summary.groups[key].calibration, p[own], true[own])
    assert fl.score(data, **options).calibration == summary.calibration


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_equal_logits_are_at_an_edge_which_belongs_to_the_bin_above(dtype):
    for classes in (2, 3, 5, 25, 49):
        pred = np.full((3, classes), 0.1, dtype)
        summary = fl.score(
            table(pred, np.array([0, 1, -100])), loss="cross_entropy", pred="p", target="t", calibration=classes
        )
        bins = summary.calibration["bins"]
        assert [one["count"] for one in bins] == [0, 2] + [0] * (classes - 2)
        assert bins[1]["confidence"] == 1 / classes


def test_engines_threads_and_merges_give_the_same_bytes(tmp_path):
    data = table(LOGITS, LABELS)
    for i in range(3):
        pa.parquet.write_table(data.slice(1500 * i, 1500), tmp_path / f"{i}.parquet", row_group_size=400)
    options = {"loss": "cross_entropy", "pred": "p", "target": "t", "calibration": 7, "by": "g"}
    whole = fl.score(data, **options).to_json(state=True)
    assert fl.score(tmp_path, workers=3, **options).to_json(state=True) == whole
    parts = [fl.score(tmp_path / f"{i}.parquet", **options) for i in (2, 0, 1)]
    assert (parts[0] | parts[1] | parts[2]).to_json(state=True) == whole
    out = tmp_path / "out"
    fl.score([tmp_path / f"{i}.parquet" for i in (0, 1)], f"{out}/", **options)
    resumed = fl.score([tmp_path / f"{i}.parquet" for i in (0, 1, 2)], out, resume=True, **options)
    assert resumed.to_json(state=True) == whole
    other = fl.score([tmp_path / f"{i}.parquet" for i in (0, 1, 2)], out, resume=True, **options | {"calibration": 3})
    assert len(other.calibration["bins"]) == 3


def test_losses_and_targets_without_probabilities_are_refused():
    data = pa.table({"p": [0.5], "t": [1.0], "z": [[0.1, 0.2]], "q": [[0.5, 0.5]]})
    for loss in ("huber", "hinge", "poly1_cross_entropy", "2 * logistic + hinge"):
        with pytest.raises(ValueError, match=r"calibration: predictions of .* are no probabilities"):
            fl.score(data, loss=loss, pred="p", target="t", calibration=5)
    for loss in ("cross_entropy", "binary_cross_entropy"):
        with pytest.raises(ScoringError, match="calibration needs one target a row, of which 'q' has several"):
            fl.score(data, loss=loss, pred="z", target="q", calibration=5)
    for bins in (0, -1, 2.5, True, 10**9):
        with pytest.raises(ValueError, match=r"^calibration must be "):
            fl.score(data, loss="logistic", pred="p", target="t", calibration=bins)


def test_the_command_prints_writes_and_shows_it(tmp_path, capsys):
    pa.parquet.write_table(table(SCORES, BINARY), tmp_path / "x.parquet")
    files = {name: str(tmp_path / name) for name in ("x.parquet", "s.json", "r.html")}
    command = [
        "score",
        files["x.parquet"],
        "--loss",
        "binary_cross_entropy_with_logits",
        "--pred",
        "p",
        "--target",
        "t",
    ]
    written = ["--summary", files["s.json"], "--report", files["r.html"]]
    assert main([*command, "--calibration", "10", *written]) == 0
    ece = fl.Summary.from_json((tmp_path / "s.json").read_text()).calibration["ece"]
    assert ["calibration", "error", f"{ece:.6g}"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    page = (tmp_path / "r.html").read_text()
    assert "Accuracy in 10 bins of predicted probability" in page and f'value="{ece}"' in page
    assert main([*command, "--calibration", "10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calibration"]["ece"] == ece
    assert main([*command[:3], "huber", *command[4:], "--calibration", "10"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
