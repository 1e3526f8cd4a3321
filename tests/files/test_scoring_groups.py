"""Summaries by the values of a column, and with a column of weights."""

import csv
import datetime
import itertools
import json
import math
import pickle
import re
import subprocess
import sys
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from tables import write

import fastloss as fl
from fastloss.cli.worst import write_worst
from fastloss.files import ScoringError, Summary, reading
from fastloss.files.arrow import group_keys

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


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.int64(), pa.float32(), pa.date32(), pa.dictionary(pa.int8(), pa.string())],
)
@pytest.mark.parametrize("batch_rows", [7, 1000])
def test_values_that_are_stored_as_indices(tmp_path, monkeypatch, batch_rows, kind, nulls):
    """Dictionaries that differ from row group to row group, with values that no row of a batch has."""
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    monkeypatch.setattr("fastloss.files.readers.tables.MAX_ROWS", 100)
    rng = np.random.default_rng(0)
    numbers = np.concatenate([rng.integers(first, first + 20, 100) for first in (10, 0, 10, 25)])
    is_number = not (pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))
    labels = numbers.astype(np.int32) if is_number else [f"group {number}" for number in numbers]
    groups = pa.array(labels, mask=rng.random(400) < 0.1 if nulls else None).cast(kind)
    table = pa.table({"r": rng.standard_normal(400), "day": numbers % 3, "g": groups, "w": numbers % 5})
    indexed, plain = tmp_path / "indexed.parquet", tmp_path / "plain.parquet"
    pa.parquet.write_table(table, indexed, row_group_size=100)
    pa.parquet.write_table(table, plain, row_group_size=100, use_dictionary=False)
    for options in (
        {"by": "g"},
        {"by": ["day", "g"], "sample_weight": "w"},
        {"by": "g", "where": "day != 1"},
        {"by": "g", "where": "day == 1"},
        {"by": "g", "worst": 5, "worst_by_group": True},
    ):
        found, want = (fl.score(path, **OPTIONS, **options) for path in (indexed, plain))
        if "worst" in options:
            assert found.worst.drop_columns("file").equals(want.worst.drop_columns("file"))
            continue
        assert found.to_json(state=True) == want.to_json(state=True)
    if pa.types.is_string(kind):
        found, want = (fl.score(path, **OPTIONS, by="g", where="g >= 'group 2'") for path in (indexed, plain))
        assert found.to_json(state=True) == want.to_json(state=True)
    for path in (indexed, plain):
        fl.score(path, f"{path}.scored.parquet", by="g", **OPTIONS)
    first, second = (pa.parquet.read_table(f"{path}.scored.parquet") for path in (indexed, plain))
    assert first.to_pydict() == second.to_pydict() and first.schema.field("g").type == kind


@pytest.mark.parametrize(
    "pair",
    [
        pa.array(["some", "text"]),
        pa.array([3, 1 << 40]),
        pa.array(["some", "text"]).dictionary_encode(),
        pa.array([0.5, 2.0]),
    ],
)
def test_groups_are_not_made_of_indices(tmp_path, monkeypatch, pair):
    table = pa.table({"r": np.arange(40000.0), "g": pair.take(pa.array(np.arange(40000) % 2))})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    seen = []
    looked = group_keys.keys_of
    monkeypatch.setattr(group_keys, "keys_of", lambda column, *rest: seen.append(column.type) or looked(column, *rest))
    monkeypatch.setattr(pa.parquet.ParquetFile, "iter_batches", None)  # nothing is left to pyarrow
    found = fl.score(tmp_path / "x.parquet", by="g", **OPTIONS)
    assert pa.types.is_dictionary(seen[0]) and [group.count for group in found.groups.values()] == [20000] * 2


def test_fields_that_are_stored_as_indices(tmp_path):
    """Of a struct that is always there, which have the levels of columns."""
    names = pa.array(["a", "b", "a"] * 100)
    struct = pa.StructArray.from_arrays([names], fields=[pa.field("name", pa.string())])
    schema = pa.schema([pa.field("r", pa.float64()), pa.field("s", struct.type, nullable=False)])
    pa.parquet.write_table(pa.table([np.arange(300.0), struct], schema=schema), tmp_path / "x.parquet")
    summary = fl.score(tmp_path / "x.parquet", by="s.name", **OPTIONS)
    assert {key: group.count for key, group in summary.groups.items()} == {"a": 200, "b": 100}


@pytest.mark.parametrize("codec", ["gzip", "snappy"])
def test_texts_that_pyarrow_decodes_are_indices_too(tmp_path, monkeypatch, codec):
    table = pa.table({"r": np.arange(400.0), "g": ["some", "text"] * 200})
    pa.parquet.write_table(table, tmp_path / "x.parquet", compression=codec)
    asked = []
    open_file = pa.parquet.ParquetFile
    monkeypatch.setattr(
        pa.parquet, "ParquetFile", lambda *a, **k: asked.append([*k["read_dictionary"]]) or open_file(*a, **k)
    )
    fl.score(tmp_path / "x.parquet", by="g", **OPTIONS)
    assert (["g"] in asked) == (codec == "gzip")


@pytest.mark.parametrize("ending", WRITERS)
def test_a_column_without_a_name(tmp_path, ending):
    """As the index of a pandas frame in a CSV file has none."""
    table = pa.table({"": ["a", "b", "a"], "r": [1.0, 2.0, 4.0]})
    WRITERS[ending](table, tmp_path / f"x.{ending}")
    summary = fl.score(tmp_path / f"x.{ending}", by="", **OPTIONS)
    assert {key: group.sum for key, group in summary.groups.items()} == {"a": 4.0, "b": 1.5}
    assert Summary.from_json(summary.to_json(state=True)) == summary
    compared = fl.compare(table, loss=fl.huber, pred="r", versus="r", target="r", by="")
    assert {key: group.tied for key, group in compared.groups.items()} == {"a": 2, "b": 1}


def test_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 400)
    rng = np.random.default_rng(0)
    keys, values, weights = rng.integers(0, 600, 1500), rng.standard_normal(1500), rng.random(1500)
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
    table = pa.table({"r": [1.0, 2.0], "w": pa.array([1, 2**64 - 1], pa.uint64())})
    with pytest.raises(ScoringError, match=r"column 'w': weight 18446744073709551615 at row 1 is no float64"):
        fl.score(table, sample_weight="w", **OPTIONS)
    with pytest.raises(TypeError, match="column 't': expected numbers, got string"):
        fl.score(tmp_path / "x.parquet", sample_weight="t", **OPTIONS)
    with pytest.raises(ScoringError, match="no column 'v'; there are 'r', 'w', 't'"):
        fl.score(tmp_path / "x.parquet", sample_weight="v", **OPTIONS)


# ---- columns of many types -------------------------------------------------------------------------------------------

INDICES = pa.array([0, 2, None, 1, 0, 1], pa.uint8())
VIEWS = pa.DictionaryArray.from_arrays(INDICES, pa.array(["z", "a", "b"], pa.string_view()))
NAN, INF, DAY = float("nan"), float("inf"), datetime.date(2020, 2, 2)
GROUPS = {
    "double": (pa.array([1.0, 0.5, None, NAN, -0.0, 0.0, INF], from_pandas=False), [1, 0.5, None, "nan", 0, 0, "inf"]),
    "float": (pa.array([0.1, 2.0], pa.float32()), [float(np.float32(0.1)), 2]),
    "half": (pa.array(np.float16([0.5, 2])), [0.5, 2]),
    "decimal": (pa.array([Decimal("1.10"), None, Decimal("2.00")]), [1.1, None, 2]),
    "long": (pa.array([Decimal("1.00000000000000000001"), Decimal(10**20 + 1)]), ["1.00000000000000000001", None]),
    "decimal32": (pa.array([Decimal("1.10")], pa.decimal32(5, 2)), [1.1]),
    "runs": (pa.RunEndEncodedArray.from_arrays([1, 3], ["a", None]), ["a", None, None]),
    "views": (VIEWS, ["z", "b", None, "a", "z", "a"]),
    "times": (pa.array([1], pa.time64("ns")), ["00:00:00.000000001"]),
    "far days": (pa.array([-800000, 3000000], pa.date32()), ["-0221-09-04", "10183-09-21"]),
}
GROUPS["long"][1][1] = "100000000000000000001.00000000000000000000"


@pytest.mark.parametrize("kind", GROUPS)
def test_groups_by_other_types(tmp_path, kind):
    column, keys = GROUPS[kind]
    r = np.arange(len(keys), dtype=float)
    source = write(tmp_path / "in.arrow", pa.table({"r": r, "g": column}))
    summary = fl.score(source, by="g", **OPTIONS)
    assert set(summary.groups) == set(keys)
    for key, group in summary.groups.items():
        assert group.rows == keys.count(key)
        assert group.sum == sum(fl.huber(r[[k == key for k in keys]]))
    assert type(summary).from_dict(json.loads(json.dumps(summary.to_dict(), allow_nan=False))) == summary
    assert json.loads(summary.to_json())["groups"]


HALF, WHOLE = (500, 2_000), {"ms": 1, "us": 10**3, "ns": 10**6}
TIMES = {
    "timestamp": (pa.timestamp, ["1970-01-01 00:00:00.5", "1970-01-01 00:00:02"]),
    "with a zone": (lambda unit: pa.timestamp(unit, "UTC"), ["1970-01-01 00:00:00.5Z", "1970-01-01 00:00:02Z"]),
    "far away": (
        lambda unit: pa.timestamp(unit, "America/New_York"),
        ["1969-12-31 19:00:00.5-05:00", "1969-12-31 19:00:02-05:00"],
    ),
    "duration": (pa.duration, ["PT0.5S", "PT2S"]),
    "time": (lambda unit: pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit), ["00:00:00.5", "00:00:02"]),
}


@pytest.mark.parametrize("kind", TIMES)
def test_equal_times_of_all_units_are_one_group(tmp_path, kind):
    of_unit, keys = TIMES[kind]
    tables = [pa.table({"g": pa.array([n * of for n in HALF], of_unit(unit))}) for unit, of in WHOLE.items()]
    tables.append(pa.table({"g": pa.array([2], of_unit("s"))}))
    files = [
        write(tmp_path / f"{i}.arrow", table.append_column("r", [np.ones(len(table))]))
        for i, table in enumerate(tables)
    ]
    summary = fl.score(files, by="g", **OPTIONS)
    assert {key: group.rows for key, group in summary.groups.items()} == dict(zip(keys, (3, 4), strict=True))


@pytest.mark.parametrize(
    ("number", "unit", "key"),
    [(0, "ns", "PT0S"), (-5, "s", "-PT5S"), (-1, "ns", "-PT0.000000001S"), (10, "s", "PT10S"),
     (-(2**63) + 1, "us", "-PT9223372036854.775807S"), (100, "ms", "PT0.1S")],
)  # fmt: skip
def test_groups_by_durations(tmp_path, number, unit, key):
    source = write(tmp_path / "in.arrow", pa.table({"r": [1.0], "g": pa.array([number], pa.duration(unit))}))
    assert list(fl.score(source, by="g", **OPTIONS).groups) == [key]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_durations_in_csv_tell_their_unit(tmp_path, unit):
    """As groups and worst rows have them."""
    table = pa.table({"r": np.arange(4.0), "g": pa.array([90, None, -1, 90], pa.duration(unit))})
    source = write(tmp_path / "in.parquet" if unit != "s" else tmp_path / "in.arrow", table)
    summary = fl.score(source, tmp_path / "out.csv", by="g", **OPTIONS)
    found = [line.split(",")[1] or None for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert found[0] == found[3] and found[1] is None and set(found) == set(summary.groups)
    assert found[0] == {"s": "PT90S", "ms": "PT0.09S", "us": "PT0.00009S", "ns": "PT0.00000009S"}[unit]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "table"])
def test_uuids_are_texts(tmp_path, ending):
    """In groups, conditions, CSV and JSON; elsewhere they stay what they are."""
    known = [uuid.UUID(int=n * (2**128 // 5)) for n in range(5)]
    of_rows = [None if row % 7 == 0 else known[row % 5] for row in range(60)]
    stored = pa.array([one and one.bytes for one in of_rows], pa.binary(16))
    table = pa.table({"r": np.arange(60.0), "id": pa.ExtensionArray.from_storage(pa.uuid(), stored)})
    source = table.slice(3)
    if ending != "table":
        source = write(tmp_path / f"x.{ending}", source)
    texts = [one and str(one) for one in of_rows[3:]]
    summary = fl.score(source, tmp_path / "o.csv", by="id", worst=5, **OPTIONS)
    assert {key: group.count for key, group in summary.groups.items()} == Counter(texts)
    lines = (tmp_path / "o.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == [text or "" for text in texts]
    assert [row["id"] for row in json.loads(summary.to_json())["worst"]] == texts[:-6:-1]
    for operator, holds in (("==", str.__eq__), (">=", str.__ge__), ("!=", str.__ne__)):
        expected = sum(holds(text, str(known[3])) for text in texts if text)
        assert fl.score(source, where=f"id {operator} {known[3]}", **OPTIONS).count == expected
    assert fl.score(source, "table", **OPTIONS)[1]["id"].equals(table.slice(3)["id"])


def pandas_frame():
    pd = pytest.importorskip("pandas", reason="it has intervals and periods")
    frame = pd.DataFrame({"r": [0.5, -1.0, 2.0, 0.25]})
    frame["bin"] = pd.cut(frame["r"], [-3.0, 0.0, 1.0]).astype("interval[float64]")
    frame["whole"] = pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2), (0, 1), (1, 2)], closed="left")
    days = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])
    frame["month"] = pd.IntervalIndex.from_breaks(days, closed="both").take([0, 0, 1, 1])
    frame["period"] = pd.PeriodIndex(["2026-01", "2026-02", None, "2026-01"], freq="M")
    frame["week"] = pd.PeriodIndex(["2026-01-07"] * 4, freq="W")
    return frame


@pytest.mark.parametrize("by", ["bin", "whole", "month", "period", "week"])
@pytest.mark.parametrize("ending", ["parquet", "feather", "memory"])
def test_intervals_and_periods_of_pandas_are_texts(tmp_path, by, ending):
    frame = pandas_frame()
    expected = {None if text == "nan" or text == "NaT" else text for text in map(str, frame[by])}
    data = frame if ending == "memory" else tmp_path / f"in.{ending}"
    if ending != "memory":
        getattr(frame, f"to_{ending}")(data)
    summary = fl.score(data, by=by, **OPTIONS)
    assert set(summary.groups) == expected
    assert sum(group.count for group in summary.groups.values()) == 4
    compared = fl.compare(data, loss=fl.huber, pred="r", versus="r", target="r", by=by)
    assert set(compared.groups) == expected


def test_intervals_and_periods_are_the_same_before_pandas_is_imported(tmp_path, monkeypatch):
    """Arrow knows their types only once it has been."""
    pandas_frame().to_parquet(tmp_path / "in.parquet")
    program = (
        "import json, sys, fastloss as fl\n"
        "assert 'pandas' not in sys.modules\n"
        "summary = fl.score('in.parquet', loss=fl.huber, residual='r', by=['bin', 'month', 'period'], worst=4)\n"
        "print(json.dumps([[list(key) for key in summary.groups], summary.to_json(state=True)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    monkeypatch.chdir(tmp_path)
    summary = fl.score("in.parquet", by=["bin", "month", "period"], worst=4, **OPTIONS)
    assert json.loads(done.stdout) == [[list(key) for key in summary.groups], summary.to_json(state=True)]
    Path("state.json").write_text(summary.to_json(state=True))
    program = (
        "import fastloss as fl; print(fl.Summary.from_json(open('state.json').read()).to_json(state=True), end='')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == summary.to_json(state=True)


@pytest.mark.parametrize("ending", ["parquet", "feather", "memory", "stream"])
@pytest.mark.parametrize("rows", [2, 4])
def test_worst_rows_have_intervals_and_periods_and_print_them_as_groups_do(tmp_path, ending, rows):
    frame = pandas_frame()
    names = ["bin", "whole", "month", "period", "week"]
    expected = [[None if text in ("nan", "NaT") else text for text in map(str, frame[name])] for name in names]
    data = frame if ending == "memory" else tmp_path / f"in.{ending}"
    if ending == "stream":
        data = pa.Table.from_pandas(frame).to_reader()
    elif ending != "memory":
        getattr(frame, f"to_{ending}")(data)
    order = [2, 1, 0, 3][:rows]
    summary = fl.score(data, worst=rows, **OPTIONS)
    worst = summary.worst.to_pandas()
    assert worst[names].dtypes.tolist() == frame[names].dtypes.tolist()
    shown = json.loads(summary.to_json())["worst"]
    assert [[row[name] for row in shown] for name in names] == [[of[row] for row in order] for of in expected]
    write_worst(summary.worst, str(tmp_path / "worst.csv"))
    with open(tmp_path / "worst.csv", newline="") as file:
        printed = list(csv.DictReader(file))
    assert [[row[name] or None for row in printed] for name in names] == [[of[row] for row in order] for of in expected]
    page = fl.report.html(summary)
    assert all(text in page for of in expected for text in (of[row] for row in order) if text)


def test_groups_by_intervals_are_refused(tmp_path):
    column = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    source = write(tmp_path / "in.arrow", pa.table({"r": [1.0], "g": column}))
    with pytest.raises(
        TypeError, match="column 'g': groups are numbers, text, booleans, dates or times, got month_day"
    ):
        fl.score(source, by="g", **OPTIONS)


def test_whole_numbers_of_all_types_are_one_group(tmp_path):
    columns = pa.array([1, 2]), pa.array([1.0, 2.5]), pa.array([Decimal("2.50"), Decimal("1.00")])
    files = [write(tmp_path / f"{i}.arrow", pa.table({"r": [1.0, 2.0], "g": g})) for i, g in enumerate(columns)]
    summary = fl.score(files, by="g", **OPTIONS)
    assert {key: group.rows for key, group in summary.groups.items()} == {1: 3, 2: 1, 2.5: 2}
    assert [type(key) for key in sorted(summary.groups)] == [int, int, float]


# ---- one column of several types ------------------------------------------------------------------------------------

FLAGS, TEXTS = pa.array([True, False, None]), pa.array(["nan", "null", "1", "True", "2020-01-01", None])
MIXED = {
    "booleans and integers": ([FLAGS, pa.array([1, 1, 2])], [0, 1, 2, None]),
    "booleans and floats": ([FLAGS, pa.array([1.0, 0.5])], [0, 0.5, 1, None]),
    "booleans and text": ([FLAGS, TEXTS], [False, True, "1", "2020-01-01", "True", "nan", "null", None]),
    "all": (
        [FLAGS, TEXTS, pa.array([1, 3]), pa.array([NAN, 1.0]), pa.array([datetime.date(2020, 1, 1)])],
        [0, 1, 3, "1", "2020-01-01", "True", "nan", "null", None],
    ),
    "large": (
        [pa.array([2**63, 2**64 - 2048], pa.uint64()), pa.array([2.0**63, 2.0**64]), pa.array([Decimal(2**63)])],
        [2**63, 2**64 - 2048, 2.0**64],
    ),
    "least": ([pa.array([-(2**63)]), pa.array([-(2.0**63), -(2.0**64)])], [-(2.0**64), -(2**63)]),
}


@pytest.mark.parametrize("one_task", [False, True])
@pytest.mark.parametrize("kind", MIXED)
def test_groups_do_not_depend_on_the_order_of_files(tmp_path, kind, one_task):
    """Whatever the types of the column are in each, in one task or in several that end in any order."""
    columns, keys = MIXED[kind]
    files = [
        write(tmp_path / f"{i}.arrow", pa.table({"r": np.arange(len(g)) + i, "g": g})) for i, g in enumerate(columns)
    ]
    expected = None
    for order in itertools.islice(itertools.permutations(files), 0, None, 7 if len(files) > 3 else 1):
        out = tmp_path / "out.npy" if one_task else None
        summary = fl.score(order, out, by="g", keep="none", **OPTIONS)
        if one_task:
            out.unlink()
        expected = expected or summary.to_json()
        assert summary.to_json() == expected
        assert {*map(repr, summary.groups)} == {*map(repr, keys)} and len(summary.groups) == len(keys)
        assert [repr(group["value"]) for group in json.loads(expected)["groups"]] == [*map(repr, keys)]
        again = Summary.from_json(summary.to_json(state=True))
        assert again == summary and again.to_json() == expected
        merged = Summary()
        for file in order:
            merged |= fl.score(file, by="g", **OPTIONS)
        assert merged.to_json() == expected
