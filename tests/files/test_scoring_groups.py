"""Summaries by the values of a column, and with a column of weights."""

import json
import math
import pickle
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, Summary
from fastloss.files.readers import reading

OPTIONS = {"loss": fl.huber, "residual": "r"}
WRITERS = {"parquet": pa.parquet.write_table, "csv": pa.csv.write_csv, "feather": pa.feather.write_feather}


@pytest.mark.parametrize("batch_rows", [7, 1000])
@pytest.mark.parametrize("kind", ["text", "dictionary", "numbers", "booleans", "dates", "nothing"])
def test_a_summary_a_value(tmp_path, monkeypatch, batch_rows, kind):
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2 if kind == "booleans" else 5, 200)
    missing = rng.random(200) < 0.1
    text = pa.array([f"k{key}" for key in keys], mask=missing)
    column = {
        "text": text,
        "dictionary": text.dictionary_encode(),
        "numbers": pa.array(keys - 2, pa.int8(), mask=missing),
        "booleans": pa.array(keys.astype(bool), mask=missing),
        "dates": pa.array(keys.astype("datetime64[D]"), mask=missing),
        "nothing": pa.nulls(200),
    }[kind]
    values = rng.standard_normal(200)
    values[::17] = np.nan
    pa.parquet.write_table(pa.table({"r": values, "g": column}), tmp_path / "x.parquet", row_group_size=64)
    summary = fl.score(tmp_path / "x.parquet", f"{tmp_path}/scored/", by="g", **OPTIONS)
    labels = np.array([str(k) if kind == "dates" and k is not None else k for k in column.to_pylist()], object)
    assert set(summary.groups) == set(labels)
    for key, group in summary.groups.items():
        rows = np.array([label == key for label in labels])
        assert group == fl.scoring.Summary.of(fl.huber(values[rows]))
    again = fl.score(tmp_path / "x.parquet", f"{tmp_path}/scored/", by="g", resume=True, **OPTIONS)
    assert again == summary and again.to_json() == summary.to_json()


def test_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 1000)
    rng = np.random.default_rng(0)
    keys, values, weights = rng.integers(0, 3000, 5000), rng.standard_normal(5000), rng.random(5000)
    pa.parquet.write_table(pa.table({"r": values, "g": keys, "w": weights}), tmp_path / "x.parquet")
    summary = fl.score(tmp_path / "x.parquet", by="g", sample_weight="w", **OPTIONS)
    losses = fl.huber(values)
    assert summary == fl.score(tmp_path / "x.parquet", by="g", sample_weight="w", **OPTIONS)
    assert set(summary.groups) == set(keys.tolist())
    for key, group in summary.groups.items():
        rows = keys == key
        assert group == fl.scoring.Summary.of(losses[rows], sample_weight=weights[rows])


def test_groups_that_cannot_be(tmp_path):
    pa.parquet.write_table(pa.table({"r": [1.0], "g": [b"a"]}), tmp_path / "x.parquet")
    with pytest.raises(TypeError, match=r"x.parquet: column 'g': groups are numbers, text, .*got binary"):
        fl.score(tmp_path / "x.parquet", by="g", **OPTIONS)
    with pytest.raises(ScoringError, match="no column 'h'; there are 'r', 'g'"):
        fl.score(tmp_path / "x.parquet", by="h", **OPTIONS)


# ---- other outputs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [None, "g"])
def test_each_emitted_output_has_a_summary(tmp_path, by):
    r = np.random.default_rng(0).standard_normal((2, 100))
    for i in range(2):
        table = pa.table({"r": pa.array(r[i], mask=r[i] > 2), "g": ["a", "b"] * 50, "w": np.arange(100.0)})
        pa.parquet.write_table(table, tmp_path / f"{i}.parquet")
    options = {"emit": ("grad", "weight"), "by": by, "sample_weight": "w"} | OPTIONS
    files = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    summary = fl.score(files, workers=2, **options)
    weights = np.tile(np.arange(100.0), 2)
    grads, irls = fl.huber.grad(r.ravel()), fl.huber.weight(r.ravel())
    assert summary.outputs == {
        "grad": Summary.of(grads, r.ravel() > 2, sample_weight=weights),
        "weight": Summary.of(irls, r.ravel() > 2, sample_weight=weights),
    }
    one, two = (fl.score(file, **options) for file in files)
    assert (one | two).to_json() == (two | one).to_json() == summary.to_json()
    assert json.loads(summary.to_json())["outputs"]["grad"]["sum"] == math.fsum(grads[r.ravel() <= 2])
    assert type(summary).from_dict(json.loads(json.dumps(summary.to_dict()))) == summary
    assert "outputs" not in json.loads(fl.score(files, **options | {"emit": "value"}).to_json())


# ---- merging --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [None, "g"])
def test_only_summaries_of_one_loss_merge(tmp_path, by):
    table = pa.table({"r": [0.5, -4.0], "g": ["a", "b"]})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    options = {"residual": "r", "by": by, "emit": ("value", "grad")}
    huber, same, wider, cauchy = (
        fl.score(tmp_path / "x.parquet", loss=loss, **options)
        for loss in ("huber", fl.huber.bind(delta=1), fl.huber.bind(delta=2.0), fl.cauchy)
    )
    merged = pickle.loads(pickle.dumps(huber)) | same
    assert merged.loss == repr(fl.huber) and merged.count == 4 and merged.outputs["grad"].count == 4
    for other in (wider, cauchy):
        with pytest.raises(
            ValueError, match=f"different losses do not merge: {re.escape(huber.loss)} and {other.loss[:5]}"
        ):
            huber | other
        with pytest.raises(ValueError, match="do not merge"):
            huber.outputs["grad"] | other.outputs["grad"]
    with pytest.raises(ValueError, match="do not merge"):
        huber | huber.outputs["grad"]


def test_class_weights_tell_losses_apart(tmp_path):
    """NumPy shows eight digits of a number, and of 1001 numbers the first and the last three."""
    table = pa.table({"l": [np.zeros(1001)], "y": [0]})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    weights = np.ones((3, 1001))
    weights[1, 500], weights[2, 0] = 2, 1 + 1e-12
    first, *others = (
        fl.score(tmp_path / "x.parquet", loss=fl.cross_entropy.bind(class_weight=w), pred="l", target="y")
        for w in weights
    )
    for other in others:
        with pytest.raises(ValueError, match="do not merge"):
            first | other


def test_groups_of_one_column_merge(tmp_path):
    pa.parquet.write_table(pa.table({"r": [0.5, -4.0], "g": ["a", "b"], "h": [1, 2]}), tmp_path / "x.parquet")
    by_g, by_h, plain = (fl.score(tmp_path / "x.parquet", by=by, **OPTIONS) for by in ("g", "h", None))
    for one, other, message in (
        (by_g, by_h, "summaries by 'g' and by 'h' do not merge"),
        (by_g, plain, "summaries by 'g' and not by groups do not merge"),
        (plain, by_g, "summaries by 'g' and not by groups do not merge"),
    ):
        with pytest.raises(ValueError, match=message):
            one | other
    assert (Summary() | by_g) == (by_g | Summary()) == by_g and type(Summary() | by_g) is type(by_g)
    with pytest.raises(TypeError):
        by_g | 1


# ---- weights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["parquet", "csv", "feather"])
def test_a_column_of_weights(tmp_path, format):
    r, w = [0.5, None, 3.0, math.nan, -2.0, 4.0], [2.0, 1.0, None, 1.0, 0.0, 0.25]
    WRITERS[format](pa.table({"r": pa.array(r, from_pandas=False), "w": w}), tmp_path / f"x.{format}")
    out = tmp_path / "out.arrow"
    summary = fl.score(tmp_path / f"x.{format}", out, sample_weight="w", **OPTIONS)
    assert (summary.count, summary.null, summary.nan) == (3, 2, 1)
    losses = [fl.huber(np.array([x]))[0] for x in (0.5, 4.0)]
    assert summary.weighted_sum == 2 * losses[0] + 0.25 * losses[1]
    assert summary.sum_of_weights == 2.25 and summary.weighted_mean == summary.weighted_sum / 2.25
    value = pa.ipc.open_file(out).read_all().column("value").to_pylist()
    assert value[0] == losses[0] and value[1:3] == [None, None] and value[5] == losses[1]  # not multiplied


@pytest.mark.parametrize("weight", [-1.0, math.inf, math.nan])
def test_weights_that_cannot_be(tmp_path, weight):
    pa.parquet.write_table(pa.table({"r": [1.0, 2.0], "w": [1.0, weight], "t": ["a", "b"]}), tmp_path / "x.parquet")
    with pytest.raises(IndexError, match=f"x.parquet: column 'w': weight {weight} at row 1 is not >= 0 and finite"):
        fl.score(tmp_path / "x.parquet", sample_weight="w", **OPTIONS)
    with pytest.raises(TypeError, match="column 't': expected numbers, got string"):
        fl.score(tmp_path / "x.parquet", sample_weight="t", **OPTIONS)
    with pytest.raises(ScoringError, match="no column 'v'; there are 'r', 'w', 't'"):
        fl.score(tmp_path / "x.parquet", sample_weight="v", **OPTIONS)
