"""score(worst=N): the rows of the largest losses with all of their columns, whatever they come from."""

import collections
import datetime
import io
import itertools
import json
import math
import os
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

import fastloss as fl
from fastloss.files import ScoringError
from fastloss.files import worst as worst_module
from fastloss.files.arrow.declared import declared_batches

ROWS = 1000
COUNT = 7


def table_of(seed=0, rows=ROWS):
    """Rows whose losses are often equal, infinite, NaN or null."""
    rng = np.random.default_rng(seed)
    pred = np.round(rng.standard_t(2, rows), 1)
    pred[rng.integers(rows, size=3)] = np.inf
    pred[rng.integers(rows, size=rows // 10)] = np.nan
    return pa.table(
        {
            "id": np.arange(rows) + 1000 * seed,
            "p": pa.array(pred, mask=rng.random(rows) < 0.1),
            "y": np.round(rng.normal(size=rows), 1),
            "text": [f'row {i}, "{i % 7}"' for i in range(rows)],
            "day": pa.array(["mon", "tue", None], pa.string()).take(pa.array(rng.integers(3, size=rows))),
        }
    )


def expected_rows(tables, count=COUNT, keep=lambda row: True):
    """By plain sorting of all rows: file number, row, loss."""
    found = []
    for number, table in enumerate(tables):
        for at, row in enumerate(table.to_pylist()):
            if row["p"] is not None and not math.isnan(row["p"]) and keep(row):
                found.append((-abs(row["p"] - row["y"]), number, at))
    return [(number, at, -loss) for loss, number, at in sorted(found)[:count]]


def check(worst, tables, files, expected=None, names=None):
    """That a table of worst rows is what sorting finds, with the columns of the input."""
    expected = expected_rows(tables) if expected is None else expected
    assert worst["row"].to_pylist() == [row for _, row, _ in expected]
    assert worst["value"].to_pylist() == [loss for _, _, loss in expected]
    assert worst["file"].to_pylist() == [files[number] for number, _, _ in expected]
    rest = worst.drop_columns(["file", "row", "value"]).to_pylist()
    assert rest == [tables[number].slice(row, 1).to_pylist()[0] for number, row, _ in expected]
    assert worst.schema.types[:3] == [pa.string(), pa.int64(), pa.float64()]


def write(table, path):
    name = path.name.split(".", 1)[1]
    if name == "parquet":
        pq.write_table(table, path, row_group_size=300)
    elif name == "csv":
        pa.csv.write_csv(table, path)
    elif name == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    elif name == "orc":
        pa.orc.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as file:
            new = pa.ipc.new_file if name == "arrow" else pa.ipc.new_stream
            with new(file, table.schema) as writer:
                writer.write_table(table, max_chunksize=300)
    return path


def score(input, output=None, **options):
    options = {"loss": "absolute_error", "pred": "p", "target": "y", "worst": COUNT} | options
    return fl.score(input, output, **options)


@pytest.mark.parametrize("extension", ["parquet", "csv", "jsonl", "arrow", "arrows", "orc"])
@pytest.mark.parametrize("output", [None, "parquet", "csv"])
def test_formats(tmp_path, extension, output):
    table = table_of()
    if extension == "jsonl":  # JSON has no infinities, and no NaN
        table = table.set_column(1, "p", pc.if_else(pc.is_finite(table["p"]), table["p"], 0.5))
    path = write(table, tmp_path / f"in.{extension}")
    summary = score(path, output and tmp_path / f"out.{output}")
    check(summary.worst, [table], [str(path)])
    assert fl.Summary.from_json(summary.to_json(state=True)) == summary
    if output is None:
        assert json.loads(summary.to_json())["worst"][0]["file"] == str(path)


def test_directories_and_their_columns(tmp_path):
    tables = [table_of(seed) for seed in range(4)]
    for i, extension in enumerate(("parquet", "csv", "parquet", "arrow")):
        (tmp_path / f"part={i}").mkdir()
        write(tables[i], tmp_path / f"part={i}" / f"in.{extension}")
    summary = score(tmp_path)
    files = [str(tmp_path / f"part={i}" / f"in.{e}") for i, e in enumerate(("parquet", "csv", "parquet", "arrow"))]
    check(summary.worst, [t.append_column("part", [[i] * ROWS]) for i, t in enumerate(tables)], files)


def test_ties_come_in_the_order_of_the_input(tmp_path):
    equal = pa.table({"p": [1.0] * 5, "y": [0.0] * 5})
    files = [str(write(equal, tmp_path / f"{name}.parquet")) for name in "bac"]
    worst = score(files).worst
    assert worst["file"].to_pylist() == [files[0]] * 5 + [files[1]] * 2
    assert worst["row"].to_pylist() == [0, 1, 2, 3, 4, 0, 1]


def test_row_groups_that_are_fragments(tmp_path):
    table = table_of()
    path = write(table, tmp_path / "in.parquet")
    check(score(path, fragment_rows=300).worst, [table], [str(path)])
    dataset = pa.dataset.dataset(path)
    (fragment,) = dataset.get_fragments()
    chosen = pa.dataset.FileSystemDataset(
        [fragment.subset(row_group_ids=[1, 3])], dataset.schema, dataset.format, dataset.filesystem
    )
    inside = [(0, row, loss) for _, row, loss in expected_rows([table], ROWS) if 300 <= row < 600 or row >= 900]
    check(score(chosen).worst, [table], [str(path)], inside[:COUNT])


def test_groups(tmp_path):
    table = table_of()
    path = write(table, tmp_path / "in.parquet")
    summary = score(path, by="day", worst_by_group=True, fragment_rows=300, workers=2)
    check(summary.worst, [table], [str(path)])
    assert set(summary.groups) == {"mon", "tue", None}
    for key, group in summary.groups.items():
        check(group.worst, [table], [str(path)], expected_rows([table], keep=lambda row, key=key: row["day"] == key))
    assert fl.Summary.from_json(summary.to_json(state=True)) == summary
    assert score(path, by="day").groups["mon"].worst is None


@pytest.mark.parametrize("groups", [1, 7, 70_000])
@pytest.mark.parametrize("values", [2, 1000])
def test_the_largest_come_by_group_then_value_then_place(groups, values):
    rng = np.random.default_rng(values)
    held = np.zeros(2000, worst_module.HELD)
    held["group"] = rng.integers(0, groups, 2000)
    held["group"][0] = groups - 1
    held["number"], held["row"] = rng.integers(0, 3, 2000), rng.permutation(2000)
    held["value"] = rng.choice([np.inf, 0.0, -0.0, *rng.normal(size=values)], 2000)
    expected, taken = [], collections.Counter()
    for one in sorted(held, key=lambda one: (one["group"], -one["value"], one["number"], one["row"])):
        taken[one["group"]] += 1
        if taken[one["group"]] <= 5:
            expected.append(one.tolist())
    assert worst_module._largest(held, 5).tolist() == expected


def test_many_groups(tmp_path):
    rng = np.random.default_rng(0)
    table = pa.table(
        {"p": np.round(rng.normal(size=50_000), 2), "y": [0.0] * 50_000, "g": rng.integers(500, size=50_000)}
    )
    summary = score(write(table, tmp_path / "in.parquet"), by="g", worst=3, worst_by_group=True)
    losses, groups = np.abs(table["p"].to_numpy()), table["g"].to_numpy()
    for key, group in summary.groups.items():
        rows = np.flatnonzero(groups == key)
        assert group.worst["row"].to_pylist() == rows[np.argsort(-losses[rows], kind="stable")[:3]].tolist()


@pytest.mark.parametrize("extension", ["parquet", "csv", "jsonl", "arrow"])
def test_rows_that_meet_conditions(tmp_path, extension):
    table = table_of()
    if extension == "jsonl":
        table = table.set_column(1, "p", pc.if_else(pc.is_finite(table["p"]), table["p"], 0.5))
    path = write(table, tmp_path / f"in.{extension}")
    where = ["id >= 350", "day == tue"]
    expected = expected_rows([table], keep=lambda row: row["id"] >= 350 and row["day"] == "tue")
    check(score(path, where=where).worst, [table], [str(path)], expected)
    by_group = score(path, where=where, by="day", worst_by_group=True)
    check(by_group.groups["tue"].worst, [table], [str(path)], expected)


def test_several_losses(tmp_path):
    table = table_of()
    path = write(table, tmp_path / "in.parquet")
    summaries = score(path, loss={"one": "absolute_error", "two": "squared_error"})
    check(summaries["one"].worst, [table], [str(path)])
    assert summaries["two"].worst["row"].equals(summaries["one"].worst["row"])
    assert summaries["two"].worst["value"].to_pylist()[-1] == summaries["one"].worst["value"].to_pylist()[-1] ** 2


@pytest.mark.parametrize("kind", ["csv", "arrow", "jsonl"])
def test_standard_input(tmp_path, monkeypatch, kind):
    table = table_of().slice(0, 300)
    table = table.set_column(1, "p", pc.if_else(pc.is_finite(table["p"]), table["p"], 0.5))
    data = write(table, tmp_path / f"in.{kind}").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    check(score("-", format=kind).worst, [table], ["-"])


def test_arrays(tmp_path):
    table = table_of()
    pred, target = table["p"].to_numpy(), table["y"].to_numpy()
    np.save(tmp_path / "p.npy", pred)
    np.save(tmp_path / "y.npy", target)
    worst = score(tmp_path / "p.npy", target=tmp_path / "y.npy", pred=None).worst
    assert worst.column_names == ["file", "row", "value", "pred", "target"]
    np.savez(tmp_path / "all.npz", p=pred, y=target, id=np.arange(ROWS))
    archived = score(tmp_path / "all.npz").worst
    assert archived["id"].to_pylist() == archived["row"].to_pylist() == worst["row"].to_pylist()
    np.savez(tmp_path / "some.npz", p=pred, y=target, other=np.arange(3))
    with pytest.raises(ScoringError, match="numbers of rows differ"):
        score(tmp_path / "some.npz")
    assert score(tmp_path / "some.npz", keep="none").worst.column_names == ["file", "row", "value", "p", "y"]


def test_tables_in_memory():
    table = table_of()
    for given in (table, iter(table.to_batches(300))):
        check(score(given).worst, [table], [None])


def test_no_rows_have_the_columns_of_the_input(tmp_path, monkeypatch):
    table = pa.table({"p": pa.nulls(2, pa.float64()), "y": [1.0, 2.0], "text": ["a", "b"], "list": [[1], None]})
    wanted = pa.schema([("file", "string"), ("row", "int64"), ("value", "float64"), *table.schema])
    for given in (table, table.slice(0, 0), iter(table.to_batches(1))):
        summary = score(given)
        assert summary.worst.schema.names == wanted.names and not len(summary.worst)
        assert fl.Summary.from_json(summary.to_json(state=True)) == summary
    merged = score(table) | score([table, table])
    assert merged.to_json(state=True) == score([table, table, table]).to_json(state=True)
    assert score(table).worst.schema == score(write(table, tmp_path / "none.parquet")).worst.schema == wanted
    for kind in ("csv", "arrow", "jsonl"):
        data = write(table.drop("list"), tmp_path / f"in.{kind}").read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert score("-", format=kind).worst.column_names == wanted.names[:-1]


def test_no_rows_of_a_frame():
    frame = pytest.importorskip("pandas").DataFrame(
        {"p": [None, None], "y": [1.0, 2.0], "text": ["a", "b"]}, dtype=object
    )
    worst = score(frame.astype({"p": float, "y": float})).worst
    assert worst.column_names == ["file", "row", "value", "p", "y", "text"] and not len(worst)


def test_rows_of_logits_that_are_ignored(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, 100)
    table = pa.table(
        {"z": pa.FixedSizeListArray.from_arrays(rng.normal(size=300), 3), "y": labels, "id": np.arange(100)}
    )
    path = write(table, tmp_path / "in.parquet")
    loss = fl.cross_entropy.bind(ignore_index=-1)
    worst = score(path, loss=loss, pred="z").worst
    losses = fl.cross_entropy(np.array(table["z"].to_pylist()), labels, ignore_index=-1)
    losses[labels == -1] = -np.inf
    assert worst["id"].to_pylist() == np.argsort(-losses, kind="stable")[:COUNT].tolist()
    assert worst["z"].to_pylist() == table["z"].take(worst["id"]).to_pylist()


def test_negative_losses_of_null_rows(tmp_path):
    """A null row has a value, 0, which is more than any other here."""
    table = pa.table({"p": [0.1, None, 0.2], "y": [1.0, 1.0, 1.0]})
    loss = fl.custom("negative", value=lambda r: -abs(r), family="residual")
    worst = score(write(table, tmp_path / "in.parquet"), loss=loss).worst
    assert worst["row"].to_pylist() == [2, 0]


INSTANT = datetime.datetime(2026, 11, 1, 3, 4, 5, 600000)
LEVELS = pa.DictionaryArray.from_arrays(
    pa.array([1, None, 0], pa.int8()), pa.array(["low", "high"], pa.string_view()), ordered=True
)
OF_TYPES = {
    "list": pa.array([[1], None, [2, 3]]),
    "nested": pa.array([{"a": [{"b": "x"}]}, None, {"a": None}]),
    "map": pa.array([[(1, "a")], None, []], pa.map_(pa.int64(), pa.string())),
    "fixed": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)),
    "dictionary": pa.array(["x", None, "y"]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
    "instant": pa.array([INSTANT, None, INSTANT], pa.timestamp("ns", "UTC")),
    "date": pa.array([INSTANT.date(), None, INSTANT.date()]),
    "duration": pa.array([1, None, 3], pa.duration("us")),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
    "large": pa.array(["a", None, "b" * 1000], pa.large_string()),
    "binary": pa.array([b"\xff", None, b""]),
    "boolean": pa.array([True, None, False]),
    "half": pa.array([1.5, None, 2.5], pa.float16()),
    "unsigned": pa.array([2**63, None, 0], pa.uint64()),
    "view": pa.array(["a", None, "a text longer than twelve bytes"], pa.string_view()),
    "null": pa.nulls(3),
    "lists": pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())),
    "runs": pc.run_end_encode(pa.array([1, 1, 2])),
    "levels": LEVELS,  # as polars has its Enum
    "lists of levels": pa.LargeListArray.from_arrays([0, 1, 1, 3], LEVELS),
    "structs of levels": pa.StructArray.from_arrays([LEVELS], ["a"]),
}
OF_ARROW_ALONE = ["view", "lists", "runs", "levels", "lists of levels", "structs of levels"]


def test_no_worst_rows_of_any_types():
    table = pa.table({"p": pa.nulls(3, pa.float64()), "y": [0.0, 0.0, 0.0], "day": ["a", "b", "a"]} | OF_TYPES)
    for part in (table, table.slice(0, 0)):
        summary = fl.score(part, loss="huber", pred="p", target="y", worst=2, by="day", worst_by_group=True)
        assert summary.worst.num_rows == 0 and json.loads(summary.to_json())["worst"] == []
        again = fl.Summary.from_json(summary.to_json(state=True))
        assert again == summary and again.worst.schema == summary.worst.schema
        assert json.loads((again | summary).to_json())["worst"] == []


@pytest.mark.parametrize("extension", ["arrow", "parquet", "arrows"])
def test_types(tmp_path, extension):
    table = pa.table({"p": [1.0, 3.0, 2.0], "y": [0.0, 0.0, 0.0]} | OF_TYPES)
    if extension == "parquet":
        table = table.drop_columns(OF_ARROW_ALONE)
    path = write(table, tmp_path / f"in.{extension}")
    summary = score(path)
    if extension == "parquet":
        table = pq.read_table(path)
    found = summary.worst.drop_columns(["file", "row", "value"])
    assert found.schema.types == table.schema.types
    assert found.to_pylist() == [table.to_pylist()[row] for row in (1, 2, 0)]
    assert fl.Summary.from_json(summary.to_json(state=True)).worst.equals(summary.worst)
    row = json.loads(summary.to_json())["worst"][2]
    assert (row["date"], row["instant"]) == ("2026-11-01", "2026-11-01T03:04:05.6Z")
    assert row["nested"] == {"a": [{"b": "x"}]}


def test_csv_of_any_lines(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b'p,y,"a ""name"""\r\n1,0,"two\nlines, and ""quotes"""\r\n\r\n5,0,007\r\n3,0,""\r\n,0,x')
    worst = score(path).worst
    assert worst['a "name"'].to_pylist() == ["007", "", 'two\nlines, and "quotes"']
    assert worst["row"].to_pylist() == [1, 2, 0]
    path.write_bytes("p;y;name\r1,5;0;é\r2,5;0;ü".encode("latin-1"))
    worst = score(path, separator=";", decimal=",", encoding="latin-1").worst
    assert worst["name"].to_pylist() == ["ü", "é"]
    assert worst["p"].to_pylist() == [2.5, 1.5]


def test_types_of_csv_are_those_of_all_files(tmp_path):
    for name, text in (("a", "p,y,x\n1,0,7\n"), ("b", "p,y,x\n2,0,seven\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    assert score(tmp_path).worst["x"].to_pylist() == ["seven", "7"]


def test_names(tmp_path):
    table = pa.table({"p": [1.0], "y": [0.0], "row": [5]})
    path = write(table, tmp_path / "in.parquet")
    with pytest.raises(ScoringError, match="the input has a column 'row'"):
        score(path)
    worst = score(path, prefix="my_").worst
    assert worst.to_pylist() == [{"my_file": str(path), "my_row": 0, "my_value": 1.0, "p": 1.0, "y": 0.0, "row": 5}]


@pytest.mark.parametrize("count", [0, -1, 2.5, "3", True, None])
def test_arguments(tmp_path, count):
    path = write(table_of(), tmp_path / "in.parquet")
    if count is not None:
        with pytest.raises(ScoringError, match="worst must be an integer >= 1"):
            score(path, worst=count)
    with pytest.raises(ScoringError, match="worst_by_group"):
        score(path, worst=count, worst_by_group=True) if count is None else score(path, worst_by_group=True)


def test_fewer_rows_than_asked_for(tmp_path):
    table = table_of().slice(0, 20)
    path = write(table, tmp_path / "in.parquet")
    check(score(path, worst=100).worst, [table], [str(path)], expected_rows([table], 100))
    nothing = pa.table({"p": pa.nulls(2, pa.float64()), "y": [1.0, 2.0], "text": ["a", "b"]})
    summary = score(write(nothing, tmp_path / "none.parquet"))
    assert summary.worst.column_names == ["file", "row", "value", "p", "y", "text"]
    assert json.loads(summary.to_json())["worst"] == []
    assert fl.Summary.from_json(summary.to_json(state=True)) == summary


def test_float32_losses_against_a_finer_floor(tmp_path):
    """A loss that a float32 is nearest to may be less than that."""
    fine = 1 + 2.0**-23 - 2.0**-30
    one = pa.table({"p": [fine], "y": [0.0]})
    other = pa.table({"p": pa.array([1.0, 1 + 2.0**-23, 1.0], pa.float32()), "y": pa.array([0.0] * 3, pa.float32())})
    files = [write(one, tmp_path / "a.parquet"), write(other, tmp_path / "b.parquet")]
    for output in (None, tmp_path / "out.parquet"):  # into one file, all is one task
        assert score(files, output, worst=1).worst["value"].to_pylist() == [1 + 2.0**-23]
        assert score(files, output, worst=2).worst["value"].to_pylist() == [1 + 2.0**-23, fine]


def test_merged_summaries_are_those_of_one_run(tmp_path):
    files = [write(table_of(seed), tmp_path / f"{seed}.parquet") for seed in range(4)]
    parts = [score(file) for file in files]
    whole = score(files)
    merged = parts[2] | (parts[0] | (parts[3] | parts[1]))
    assert merged.to_json(state=True) == whole.to_json(state=True)


FIELDS = (
    ["7", "8"], ["7.0", "1.50"], ["seven", ""], ["007", "1"], ["2020-01-01", "2021-02-03"], ["true", "false"],
    ["2020-01-01 00:00:00", "2020-01-01T01:00:00"], ["", "NA"], ["nan", "1"], ["9007199254740993", "1"], ["1e3", '"'],
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spelling", [{}, {"decimal": ",", "separator": ";", "null": ["seven"]}])
def test_merged_summaries_of_csv_are_those_of_one_run(tmp_path, seed, spelling):
    """The types of columns are those of the rows that are left, whatever was beside them before."""
    rng, separator, files = np.random.default_rng(seed), spelling.get("separator", ","), []
    for number in range(3):
        fields = FIELDS[rng.integers(len(FIELDS))]
        rows = [[str(rng.integers(10)), "0", fields[rng.integers(2)].replace('"', '""""')] for _ in range(5)]
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text("".join(separator.join(row) + "\n" for row in [["p", "y", "x"], *rows]))
    whole = score(files, worst=4, **spelling)
    assert fl.Summary.from_json(whole.to_json(state=True)) == whole
    for a, b, c in itertools.permutations([score(file, worst=4, **spelling) for file in files]):
        assert ((a | b) | c).to_json(state=True) == (a | (b | c)).to_json(state=True) == whole.to_json(state=True)


def test_csv_beside_typed_columns(tmp_path):
    (tmp_path / "a.csv").write_text("p,y,x\n5,0,7\n4,0,8\n")
    write(pa.table({"p": [3.0], "y": [0.0], "x": [0.5]}), tmp_path / "b.parquet")
    assert score(tmp_path).worst["x"].to_pylist() == [7.0, 8.0, 0.5]


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_a_file_that_is_written_anew_before_its_rows_are_looked_up(tmp_path, extension):
    files = [write(table_of(seed), tmp_path / f"{seed}.{extension}") for seed in range(2)]

    def rewrite(_):
        write(table_of(2).slice(0, ROWS - 1), files[1])

    with pytest.raises(ScoringError, match=rf"^{files[1]}: it has changed since it was read: score it again$"):
        score(files, on_fragment=rewrite)
    check(score(files).worst, [table_of(0), table_of(2).slice(0, ROWS - 1)], list(map(str, files)))


def test_times_with_a_zone_are_iso(tmp_path):
    times = [datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC), datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)]
    for zone in ("Europe/Berlin", "UTC", "+05:30"):
        table = pa.table({"p": [1.0, 2.0], "y": [0.0, 0.0], "t": pa.array(times, pa.timestamp("us", zone))})
        shown = json.loads(score(write(table, tmp_path / "t.parquet")).to_json())["worst"]
        assert [datetime.datetime.fromisoformat(row["t"]) for row in shown] == times[::-1]
        assert all(row["t"].endswith("Z") or row["t"][-3] == ":" for row in shown)


def test_resumed(tmp_path):
    data, tables = tmp_path / "data", [table_of(seed) for seed in range(4)]
    data.mkdir()
    files = [str(write(table, data / f"{i}.parquet")) for i, table in enumerate(tables)]
    options = {"by": "day", "worst_by_group": True}
    whole = score(data, tmp_path / "whole", **options)
    check(whole.worst, tables, files)
    score(files[1:3], tmp_path / "part", **options)
    (tmp_path / "part" / "2.parquet").unlink()
    seen = []
    resumed = score(data, tmp_path / "part", resume=True, on_fragment=seen.append, **options)
    assert sum(one["skipped"] for one in seen) == 1
    assert resumed.to_json(state=True) == whole.to_json(state=True)
    for file in (tmp_path / "whole").iterdir():
        if not file.name.endswith(".lock"):
            assert (tmp_path / "part" / file.name).read_bytes() == file.read_bytes()
    seen.clear()
    score(data, tmp_path / "part", resume=True, on_fragment=seen.append, **options | {"worst": 3})
    assert not any(one["skipped"] for one in seen)


def test_memory_is_bounded(tmp_path, monkeypatch):
    """However many rows were among the largest for a while."""
    rows = 20_000
    table = pa.table({"p": np.arange(rows, dtype=float), "y": np.zeros(rows), "text": ["x" * 50] * rows})
    held = []
    trim = worst_module.WorstCollector._trim

    def watched(self):
        trim(self)
        held.append(sum(map(len, self._chunks)))

    monkeypatch.setattr(worst_module.WorstCollector, "_trim", watched)
    monkeypatch.setattr("fastloss.files.reading.MAX_ROWS", 100)
    path = tmp_path / "in.arrow"
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    assert score(path).worst["row"].to_pylist() == list(range(rows - 1, rows - 1 - COUNT, -1))
    assert max(held) <= 3 * COUNT
    assert len(held) > 100


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("count", [1, 5, 400])
def test_rows_of_few_record_batches(tmp_path, compression, count):
    """Only the batches that have some of the rows are read again, and of these a few rows one by one."""
    table = pa.concat_tables([table_of(seed).append_column("kind", [["a", "b"] * (ROWS // 2)]) for seed in range(3)])
    kinds = table["kind"].combine_chunks().dictionary_encode()
    table = table.set_column(5, "kind", kinds).append_column("views", table["text"].cast(pa.string_view()))
    path, sizes = tmp_path / "x.arrow", [1, 0, 700, 1299, 1000]
    with pa.OSFile(str(path), "wb") as file:
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.ipc.new_file(file, table.schema, options=options) as writer:
            for start, size in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True):
                part = [column.slice(start, size).combine_chunks() for column in table.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(part, schema=table.schema))
    with path.open("rb") as file:
        batches = declared_batches(lambda start, count: os.pread(file.fileno(), count, start), path.stat().st_size)
    assert [batch.rows for batch in batches] == sizes
    worst = score(path, worst=count).worst
    check(worst, [table], [str(path)], expected_rows([table], count))


def test_a_row_of_a_record_batch_that_is_corrupt(tmp_path):
    table = pa.table({"p": np.arange(300.0), "y": np.zeros(300), "text": [f"text {i}" for i in range(300)]})
    path = write(table, tmp_path / "x.arrow")
    data = path.read_bytes()
    for row, is_wrong in ((299, True), (1, False)):  # the last is the worst
        path.write_bytes(data.replace(f"text {row}".encode(), b"\xff" * len(f"text {row}"), 1))
        if is_wrong:
            with pytest.raises(ScoringError, match=rf"^{path}: .*column 'text' is corrupt"):
                score(path, worst=1)
        else:
            assert score(path, worst=1).worst["text"].to_pylist() == ["text 299"]


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_neither_pandas_nor_pyarrow_compute_is_imported_for_plain_columns(tmp_path, extension):
    """What takes longer than to score a file is not imported for the rows of it."""
    path = write(table_of(), tmp_path / f"in.{extension}")
    code = f"""
import sys, fastloss as fl
assert len(fl.score({str(path)!r}, loss="huber", pred="p", target="y", worst=3).worst) == 3
print(*sys.modules.keys() & {{"pandas", "pyarrow.compute", "numpy.ma"}})
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_of_tables_in_memory_only_the_rows_are_looked_at():
    wrong = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"a\xffc")]
    )
    schema = pa.schema([("p", pa.float64()), ("y", pa.float64()), pa.field("text", pa.string(), metadata={"of": "x"})])
    for place, is_right in (([9.0, 0.0, 1.0], True), ([0.0, 9.0, 1.0], False)):
        table = pa.table([pa.array(place), pa.array([0.0] * 3), wrong], schema=schema)
        if not is_right:
            with pytest.raises(ScoringError, match="column 'text' is corrupt"):
                score(table, worst=1)
            continue
        worst = score(pa.concat_tables([table, table.slice(0, 1)]), worst=2).worst
        assert (worst["row"].to_pylist(), worst["text"].to_pylist()) == ([0, 3], ["a", "a"])
        assert worst.schema.field("text").metadata == {b"of": b"x"}
