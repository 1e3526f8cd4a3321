"""Rows that meet conditions are scored, the others are ignored, and row groups without any are not decoded."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastloss as fl
from fastloss.cli import main
from fastloss.files import ScoringError, Spec, batch_function
from fastloss.files.arrow import statistics
from fastloss.files.conditions import OPERATORS
from fastloss.files.parquet import thrift
from fastloss.files.readers.tables import ParquetSource
from fastloss.integrations._arrow import losses_alone, sql_function

OPTIONS = {"loss": fl.huber, "residual": "r"}
ROWS, GROUP = 60, 7
KEEP = np.arange(ROWS) % 5 != 3
TABLE = pa.table(
    {
        "r": pa.array(np.linspace(-3, 3, ROWS), mask=np.arange(ROWS) % 11 == 0),
        "i": np.arange(ROWS) + 2**53,
        "day": pa.array([dt.date(2026, 10, 1) + dt.timedelta(days=i) for i in range(ROWS)]),
        "s": pa.array([f"m{i // 10}" for i in range(ROWS)], mask=~KEEP),
        "w": np.arange(ROWS) / 8,
    }
)
WHERE = [f"i >= {2**53 + 13}", "day < 2026-11-20", "s != m2"]
MATCH = (np.arange(ROWS) >= 13) & (np.arange(ROWS) < 50) & KEEP & (np.arange(ROWS) // 10 != 2)


def write(table, path, **options):
    """A table in the format of a path."""
    match path.suffix:
        case ".parquet":
            pa.parquet.write_table(table, path, **{"row_group_size": GROUP} | options)
        case ".csv":
            pa.csv.write_csv(table, path)
        case ".feather":
            pa.feather.write_feather(table, path, chunksize=GROUP)
        case ".orc":
            pa.orc.write_table(table, path)
        case ".jsonl":
            rows = ({k: str(v) if isinstance(v, dt.date) else v for k, v in row.items()} for row in table.to_pylist())
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path):
    return pa.csv.read_csv(path) if path.suffix == ".csv" else pa.parquet.read_table(path)


@pytest.mark.skipif(not hasattr(pa, "bool8"), reason="a pyarrow without bool8")
@pytest.mark.parametrize("name", ["in.parquet", "in.feather"])
def test_durations_and_booleans_of_a_byte(tmp_path, name):
    held = np.arange(ROWS) % 2 == 0
    table = TABLE.append_column("took", pa.array(np.arange(ROWS) * 250, pa.duration("ms")))
    byte = pa.ExtensionArray.from_storage(pa.bool8(), pa.array(held.astype("i1"), mask=~KEEP))
    where = ["took >= PT2.5S", "took < PT0M10S", "held == true"]
    match = (np.arange(ROWS) >= 10) & (np.arange(ROWS) < 40) & held & KEEP
    source = tmp_path / name
    write(table.append_column("held", byte), source)
    found = fl.score(source, **OPTIONS, where=where, by="held")
    expected = fl.score(table.append_column("held", pa.array(held, mask=~KEEP)).filter(match), **OPTIONS, by="held")
    assert list(found.groups) == [True]
    assert found.groups[True].to_json() == expected.groups[True].to_json()
    assert found.ignored == ROWS - match.sum()


@pytest.mark.parametrize("ending", ["parquet", "csv", "feather", "orc", "jsonl"])
@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
def test_other_rows_are_ignored_and_null(tmp_path, ending, output):
    data = write(TABLE, tmp_path / f"in.{ending}")
    options = OPTIONS | {"emit": ("value", "grad"), "by": "s", "sample_weight": "w"}
    found = fl.score(data, tmp_path / output, where=WHERE, **options)
    chosen = TABLE.filter(pa.array(MATCH))
    expected = fl.score(write(chosen, tmp_path / f"chosen.{ending}"), tmp_path / f"c{output}", **options)
    assert found.ignored == ROWS - MATCH.sum()
    assert found.rows == ROWS
    assert found.to_dict() | {"ignored": 0, "outputs": 0} == expected.to_dict() | {"outputs": 0}
    assert found.groups == expected.groups
    assert found.outputs["grad"].mean == expected.outputs["grad"].mean
    written, alone = read(tmp_path / output), read(tmp_path / f"c{output}")
    assert len(written) == ROWS
    assert (
        written.filter(pa.array(MATCH)).select(["value", "grad"]).to_pydict()
        == alone.select(["value", "grad"]).to_pydict()
    )
    assert written.filter(pa.array(~MATCH))["value"].null_count == (~MATCH).sum()
    plain = fl.score(data, tmp_path / f"p{output}", **options)
    assert written.drop(["value", "grad"]) == read(tmp_path / f"p{output}").drop(["value", "grad"])
    assert fl.score(data, where=WHERE, **options) == found
    assert plain.ignored == 0
    restored = fl.Summary.from_json(found.to_json(state=True))
    assert restored == found


def test_null_and_nan_elsewhere_count_as_ignored(tmp_path):
    table = pa.table({"r": [None, float("nan"), 1.0, None, float("nan")], "k": [0, 0, 1, 1, 1]})
    summary = fl.score(write(table, tmp_path / "x.parquet"), where="k == 0", **OPTIONS)
    assert (summary.count, summary.null, summary.nan, summary.ignored) == (0, 1, 1, 3)
    summary = fl.score(tmp_path / "x.parquet", where="k in [1, 7]", **OPTIONS)
    assert (summary.count, summary.null, summary.nan, summary.ignored) == (1, 1, 1, 2)


def test_nan_meets_not_equal_alone(tmp_path):
    table = pa.table({"r": [1.0] * 4, "x": [3.0, float("nan"), None, 4.0]})
    write(table, tmp_path / "x.parquet", row_group_size=2)
    counts = {op: fl.score(tmp_path / "x.parquet", where=f"x {op} 3", **OPTIONS).count for op in OPERATORS[:-1]}
    assert counts == {"==": 1, "!=": 2, "<": 0, "<=": 1, ">": 1, ">=": 2}


def test_rows_that_do_not_match_may_hold_anything(tmp_path):
    columns = {"l": [[0.0, 1.0], [5.0], [2.0, 0.0], []], "y": [1, 99, 0, -7], "w": [1.0, -1.0, 2.0, float("nan")]}
    write(pa.table(columns | {"k": ["a", "b", "a", "b"]}), tmp_path / "x.parquet")
    options = {"loss": fl.cross_entropy, "pred": "l", "target": "y", "sample_weight": "w"}
    assert fl.score(tmp_path / "x.parquet", where="k == a", **options).count == 2
    with pytest.raises(ScoringError, match="at row 1"):
        fl.score(tmp_path / "x.parquet", where="k in [a, b]", **options)
    (tmp_path / "x.csv").write_text("r,k\n1,a\nbroken,b\n,c\n2.5,a\n")
    assert fl.score(tmp_path / "x.csv", where="k == a", **OPTIONS).count == 2


def test_errors_tell_of_the_row_in_the_file(tmp_path):
    table = pa.table({"l": [[0.0, 1.0]] * 6, "y": [1, 9, 9, 0, 9, 1], "k": [1, 0, 0, 1, 1, 1]})
    write(table, tmp_path / "x.parquet")
    with pytest.raises(ScoringError, match="target 9 at row 4"):
        fl.score(tmp_path / "x.parquet", loss=fl.cross_entropy, pred="l", target="y", where="k == 1")


def test_several_losses_and_columns_of_the_loss(tmp_path):
    data = write(TABLE, tmp_path / "x.parquet")
    summaries = fl.score(data, tmp_path / "o.parquet", loss=["huber", "absolute_error"], residual="r", where="r > 1")
    values = [value for value in TABLE["r"].to_pylist() if value is not None and value > 1]
    for name, loss in {"huber": fl.huber, "absolute_error": fl.absolute_error}.items():
        assert summaries[name].count == len(values)
        assert summaries[name].mean == pytest.approx(loss(np.array(values), reduction="mean"))
        assert summaries[name].ignored == ROWS - len(values)


@pytest.mark.parametrize("type", ["string_view", "dictionary", "run_end"])
def test_groups_of_odd_types(tmp_path, type):
    of = {
        "string_view": pa.string_view(),
        "dictionary": pa.dictionary(pa.int8(), pa.string()),
        "run_end": pa.run_end_encoded(pa.int32(), pa.string()),
    }[type]
    keys = ["a", "b", "a", "c", "b", "a"]
    batch = pa.record_batch(
        [pa.array(np.arange(6.0)), pa.array(keys, of), pa.array([1, 0, 1, 1, 1, 0])], ["r", "g", "k"]
    )
    with pa.OSFile(str(tmp_path / "x.arrow"), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    summary = fl.score(tmp_path / "x.arrow", where="k == 1", by="g", **OPTIONS)
    assert {key: group.count for key, group in summary.groups.items()} == {"a": 2, "b": 1, "c": 1}
    summary = fl.score(tmp_path / "x.arrow", where="g != b", by="g", **OPTIONS)
    assert {key: group.count for key, group in summary.groups.items()} == {"a": 3, "c": 1}


@pytest.mark.parametrize("kind", ["table", "stream", "pandas", "polars", "lazy"])
def test_tables_in_memory(kind):
    table = pa.table({"l": [[5.0], [0.0, 1.0], [2.0, 0.0], [1.0, 1.0]], "y": [9, 1, 0, 1], "k": ["b", "a", "a", None]})
    match kind:
        case "table":
            given = table
        case "stream":
            given = iter(table.to_batches(max_chunksize=1))
        case "pandas":
            given = pytest.importorskip("pandas") and table.to_pandas()
        case _:
            polars = pytest.importorskip("polars", reason="it is what is scored")
            given = polars.from_arrow(table)
            given = given.lazy() if kind == "lazy" else given
    options = {"loss": fl.cross_entropy, "pred": "l", "target": "y", "keep": ["y"], "emit": ["value", "grad"]}
    summary, scored = fl.score(given, "table", where=["k == a", "y in [0, 1]"], **options)
    assert (summary.count, summary.ignored) == (2, 2)
    assert scored["y"].to_pylist() == [9, 1, 0, 1]
    assert scored["value"].is_valid().to_pylist() == [False, True, True, False]


# ---- formats ---------------------------------------------------------------------------------------------------------


def test_arrays(tmp_path):
    keys, days = np.array(["a", "b", "a"]), np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "M8[D]")
    np.savez(tmp_path / "x.npz", r=[1.0, 2.0, 3.0], k=keys, day=days)
    found = fl.score(tmp_path / "x.npz", where=["k == a", "day > 2026-01-01"], **OPTIONS)
    assert (found.count, found.mean, found.ignored) == (1, 2.5, 2)
    np.save(tmp_path / "p.npy", [1.0, 2.0, 3.0])
    np.save(tmp_path / "t.npy", [0.0, -1.0, 0.0])
    np.save(tmp_path / "k.npy", keys)
    options = {"loss": fl.huber, "target": tmp_path / "t.npy", "by": tmp_path / "k.npy"}
    assert fl.score(tmp_path / "p.npy", where=["target != -1", "k == a"], **options).count == 2
    assert fl.score(tmp_path / "p.npy", tmp_path / "o.npy", where="pred > 2", **options).count == 1
    with pytest.raises(ScoringError, match="no column 'x'; there are 'pred', 'target', 'k'"):
        fl.score(tmp_path / "p.npy", where="x == 1", **options)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("id == 9007199254740993", [0]),
        ("id != 9007199254740993", [1, 2]),
        ("id > 9007199254740992.5", [0, 2]),
        ("id == '007'", []),
        ("code == '007'", [0]),
        ("code == 7", [0, 1]),
        ("day >= 2026-11-01", [1, 2]),
        ("day == 2026-11-01T12:00:00.5", [2]),
        ("ok == true", [0]),
        ("ok != true", [1]),
        ("id in ['9007199254740993', 5]", [0]),
    ],
)
def test_fields_of_csv_are_what_the_value_is(tmp_path, where, rows):
    text = (
        "r,id,code,day,ok\n0,9007199254740993,007,2026-10-31,True\n1,9007199254740992,7,2026-11-01,false\n"
        "2,36028797018963969,8,2026-11-01 12:00:00.500,\n3,,,,\n"
    )
    (tmp_path / "x.csv").write_text(text)
    fl.score(tmp_path / "x.csv", tmp_path / "o.csv", where=where, **OPTIONS)
    values = [line.rsplit(",", 1)[1] for line in (tmp_path / "o.csv").read_text().splitlines()[1:]]
    assert [row for row, value in enumerate(values) if value] == rows
    assert [line.rsplit(",", 1)[0] for line in (tmp_path / "o.csv").read_text().splitlines()] == text.splitlines()
    assert fl.score(tmp_path / "x.csv", tmp_path / "o.parquet", where=where, **OPTIONS).count == len(rows)
    assert pa.parquet.read_table(tmp_path / "o.parquet")["r"].to_pylist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("field", "where", "advice"),
    [
        ("2026-11-01T00:00:00Z", "day >= 2026-11-01", "; it has a zone: give the condition one"),
        ("2026-11-01 00:00:00+01:00", "day in [2026-11-01, 2026-11-02]", "; it has a zone: give the condition one"),
        ("2026-11-01", "day >= 2026-11-01T00:00:00Z", "; it has no zone: give the condition none"),
        ("01.11.2026", "day >= 2026-11-01", "; times are written as 2026-11-01 or 2026-11-01T12:30:00"),
    ],
)
def test_a_time_of_csv_with_a_zone_beside_one_without(tmp_path, field, where, advice):
    (tmp_path / "x.csv").write_text(f"r,day\n0,\n1,{field}\n")
    with pytest.raises(ScoringError, match=f"invalid value '{re.escape(field)}' at row 1{advice}"):
        fl.score(tmp_path / "x.csv", where=where, **OPTIONS)


@pytest.mark.parametrize("where", ["code == 3", "code > 2026-11-01", "code == true"])
def test_a_field_of_csv_that_does_not_fit(tmp_path, where):
    (tmp_path / "x.csv").write_text("r,code\n0,\n1,a7\n")
    with pytest.raises(ScoringError, match=r"column 'code': expected .*invalid value 'a7' at row 1") as error:
        fl.score(tmp_path / "x.csv", tmp_path / "o.csv", where=where, **OPTIONS)
    assert repr(where) in str(error.value)
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("ending", ["parquet", "csv", "feather"])
def test_partitions(tmp_path, ending):
    for day in (1, 2, 3):
        folder = tmp_path / "in" / f"day=2026-11-0{day}"
        folder.mkdir(parents=True)
        write(TABLE.select(["r", "w"]), folder / f"x.{ending}")
    one = fl.score(tmp_path / "in" / "day=2026-11-02", where="w > 3", **OPTIONS)
    for output in (None, f"{tmp_path}/out/", tmp_path / "o.csv"):
        found = fl.score(tmp_path / "in", output, where=["day in [2026-11-02, x]", "w > 3"], by="day", **OPTIONS)
        assert found.groups.keys() == {"2026-11-02"}
        assert (found.count, found.mean, found.ignored) == (one.count, one.mean, one.ignored + 2 * ROWS)
    assert len(list((tmp_path / "out").rglob(f"x.{ending}"))) == 3


# ---- row groups that are not decoded ---------------------------------------------------------------------------------


@pytest.fixture
def decoded(monkeypatch):
    """The row groups that are read, and the columns."""
    found = []
    read = ParquetSource._read

    def counted(self, file, chunks, row_groups, columns, places):
        found.extend((group, tuple(columns)) for group in row_groups)
        return read(self, file, chunks, row_groups, columns, places)

    monkeypatch.setattr(ParquetSource, "_read", counted)
    return found


@pytest.mark.parametrize(
    ("where", "groups"),
    [
        ("i >= 9007199254741032", [5, 6, 7, 8]),
        ("day == 2026-10-09", [1]),
        ("day in [2026-10-09, 2026-11-20]", [1, 7]),
        ("s == m0", [0, 1]),
        ("w > 7.25", [8]),
        ("i != 9007199254740992", range(9)),
        (["i > 9007199254741006", "day < 2026-10-22"], [2]),
        ("i > 1e30", []),
        ("d < -25", [0]),
        ("t >= 1970-01-01T00:00:00.000056", [8]),
        ("u > 18446744073709551611", [8]),
        ("clock >= 00:00:00.000056", [8]),
        ("late == true", [8]),
    ],
)
def test_row_groups_without_a_match_are_not_decoded(tmp_path, decoded, where, groups):
    numbers = np.arange(ROWS, dtype=np.uint64) + np.uint64(2**64 - ROWS)
    decimals = pa.array([Decimal(i - 30) for i in range(ROWS)], pa.decimal128(20, 2))
    table = TABLE.append_column("d", decimals).append_column("u", pa.array(numbers))
    table = table.append_column("t", pa.array(range(ROWS), pa.timestamp("us")))
    table = table.append_column("clock", pa.array(range(ROWS), pa.time64("us")))
    table = table.append_column("late", pa.array([i >= 56 for i in range(ROWS)]))
    data = write(table, tmp_path / "x.parquet")
    summary = fl.score(data, where=where, **OPTIONS)
    assert [group for group, _ in decoded] == list(groups)
    assert summary.rows == ROWS
    decoded.clear()
    fl.score(data, tmp_path / "o.parquet", where=where, **OPTIONS)  # whose other columns are copied as they are
    assert [group for group, _ in decoded] == list(groups)
    assert len(pa.parquet.read_table(tmp_path / "o.parquet")) == ROWS
    decoded.clear()
    fl.score(data, tmp_path / "o.csv", where=where, keep=["w"], **OPTIONS)
    assert {group for group, columns in decoded if "r" in columns} == set(groups)
    assert {group for group, columns in decoded if columns == ("w",)} == set(range(9)) - set(groups)


def test_partitions_without_a_match_are_not_decoded(tmp_path, decoded):
    for day in (1, 2):
        (tmp_path / f"day={day}").mkdir()
        write(TABLE, tmp_path / f"day={day}" / "x.parquet")
    summary = fl.score(tmp_path, where="day >= 2", **OPTIONS)
    assert summary.ignored == ROWS
    assert len(decoded) == 9


def test_a_corrupt_row_group_without_a_match_is_not_looked_at(tmp_path):
    data = write(TABLE, tmp_path / "x.parquet", compression="none", use_dictionary=False)
    chunk = pa.parquet.read_metadata(data).row_group(0).column(0)
    content = bytearray(data.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + chunk.total_compressed_size] = (
        b"\xff" * chunk.total_compressed_size
    )
    data.write_bytes(content)
    with pytest.raises(ScoringError):
        fl.score(data, where="w >= 0", **OPTIONS)
    assert fl.score(data, where="w >= 3", **OPTIONS).count


KINDS = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint32": (pa.uint32(), st.integers(0, 2**32 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float": (pa.float32(), st.floats(width=32)),
    "double": (pa.float64(), st.floats() | st.sampled_from([0.0, -0.0, float("nan")])),
    "half": (pa.float16(), st.floats(width=16).map(np.float16)),
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), st.text("ab\xff\u4e00\U0001f600", max_size=3)),
    "large": (pa.large_string(), st.text("ab", max_size=3)),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), st.text("abc", max_size=2)),
    "decimal32": (pa.decimal32(5, 2), st.integers(-99999, 99999).map(lambda n: Decimal(n).scaleb(-2))),
    "decimal": (pa.decimal128(12, 4), st.integers(-(10**12) + 1, 10**12 - 1).map(lambda n: Decimal(n).scaleb(-4))),
    "date": (pa.date32(), st.dates()),
    "date64": (pa.date64(), st.dates()),
    "seconds": (pa.timestamp("s"), st.datetimes().map(lambda t: t.replace(microsecond=0))),
    "micros": (pa.timestamp("us"), st.datetimes()),
    "zoned": (pa.timestamp("us", "Europe/Berlin"), st.datetimes(dt.datetime(1975, 1, 1), dt.datetime(2030, 1, 1))),
    "time": (pa.time64("us"), st.times()),
}


def text_of(value):
    """A value of a condition as users write it."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, np.floating):
        return repr(float(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat() + ":00" * (isinstance(value, dt.time) and len(value.isoformat()) == 5)
    return str(value)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), operator=st.sampled_from(OPERATORS), in_order=st.booleans(), group=st.integers(1, 4))
def test_statistics_change_no_result(tmp_path, kind, data, operator, in_order, group):
    """Sorted or not, whatever the type, with nulls and NaN: as without them."""
    type, values = KINDS[kind]
    few = [value for value in data.draw(st.lists(values, min_size=1, max_size=3)) if value == value]
    bounds = [data.draw(st.sampled_from(few) if few else values.filter(lambda value: value == value)) for _ in range(2)]
    odd = [None, float("nan")] if pa.types.is_floating(type) else [None]
    column = data.draw(st.lists(st.sampled_from([*few, *bounds, *odd]) | values, min_size=1, max_size=16))
    if in_order:
        column.sort(key=lambda value: (value is None, 0 if value is None else value))
    texts = list(map(text_of, bounds))
    condition = f"x {operator} [{', '.join(texts)}]" if operator == "in" else f"x {operator} {texts[0]}"
    table = pa.table({"r": np.arange(float(len(column))), "x": pa.array(column, type)})
    version = data.draw(st.sampled_from(["1.0", "2.4", "2.6"]))
    write(table, tmp_path / "x.parquet", row_group_size=group, version=version, use_dictionary=kind != "string")
    options = {"where": condition, "keep": "none", **OPTIONS}
    found = fl.score(tmp_path / "x.parquet", tmp_path / "a.parquet", **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            statistics, "may_match", lambda footer, metadata, schema, groups, where: np.ones(len(groups), bool)
        )
        expected = fl.score(tmp_path / "x.parquet", tmp_path / "b.parquet", **options)
    assert found == expected
    assert pa.parquet.read_table(tmp_path / "a.parquet") == pa.parquet.read_table(tmp_path / "b.parquet")


def with_footer(path, change):
    """Write the footer of a file anew, in which the statistics of its columns are read."""
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer, _ = thrift.read(content[-8 - length : -8], {4: [{1: [{3: {12: {}}}]}]})
    change(footer)
    written = thrift.write(footer)
    path.write_bytes(content[: -8 - length] + written + len(written).to_bytes(4, "little") + b"PAR1")


def with_statistics(path, change):
    """Write what the footer of a file says of the values of the column x of each row group anew."""

    def changed(footer):
        for group in footer[4][1]:
            metadata = group[1][1][0][3][1]
            statistics_of = metadata.get(12, (thrift.STRUCT, {}))[1]
            metadata[12] = thrift.STRUCT, change(statistics_of)

    with_footer(path, changed)


TRUNCATED = {6: thrift.binary(b"aa"), 5: thrift.binary(b"ab"), 7: (thrift.FALSE, False), 8: (thrift.FALSE, False)}


@pytest.mark.parametrize(
    ("told", "where", "is_decoded"),
    [
        (TRUNCATED, "x == aab", True),
        (TRUNCATED, "x < aab", True),
        (TRUNCATED, "x >= b", False),
        (TRUNCATED, "x == b", False),
        (TRUNCATED | {5: thrift.binary(b"aa")}, "x != aa", True),  # cut, and as it seems one value
        ({6: thrift.binary(b"aa"), 5: thrift.binary(b"aa")}, "x != aa", True),  # nothing says that they are not cut
        (TRUNCATED | {6: thrift.binary(b"aa\xe4")}, "x < a", False),  # inside of a character
        ({6: thrift.binary(b"b")}, "x < b", False),  # no upper bound
        ({6: thrift.binary(b"b")}, "x > b", True),
        ({1: thrift.binary(b"c"), 2: thrift.binary(b"b")}, "x < b", True),  # of a former format, in any order
        ({}, "x < a", True),
        ({5: (thrift.I64, 0)}, "x > a", True),  # no text
        ({3: (thrift.I64, 4)}, "x != a", False),  # nulls alone
        ({3: (thrift.I64, 3)}, "x != a", True),
    ],
)
def test_bounds_are_taken_for_no_more_than_they_are(tmp_path, decoded, told, where, is_decoded):
    data = write(pa.table({"x": ["aab", "aac", "aad", "aae"], "r": np.ones(4)}), tmp_path / "x.parquet")
    with_statistics(data, lambda _: told)
    fl.score(data, where=where, **OPTIONS)
    assert bool(decoded) == is_decoded


@pytest.mark.parametrize("has_orders", [True, False])
def test_bounds_in_no_known_order_are_none(tmp_path, decoded, has_orders):
    data = write(pa.table({"x": [1.0, 2.0], "r": np.ones(2)}), tmp_path / "x.parquet")
    with_footer(data, lambda footer: None if has_orders else footer.pop(7))
    fl.score(data, where="x > 3", **OPTIONS)
    assert bool(decoded) == (not has_orders)


@pytest.mark.parametrize("raw", [b"", b"\1", b"\0" * 9, b"\xff" * 8, bytes(7) + b"\x7f"])
def test_malformed_bounds(tmp_path, raw):
    for type in (pa.float64(), pa.int64(), pa.decimal128(12, 2), pa.timestamp("us"), pa.date32()):
        data = write(pa.table({"x": pa.nulls(2, type), "r": np.ones(2)}), tmp_path / "x.parquet")
        with_statistics(data, lambda _: {5: thrift.binary(raw), 6: thrift.binary(raw)})
        value = "2026-11-01" if pa.types.is_temporal(type) else "5"
        with suppress(ScoringError):  # of pyarrow, where there are too few bytes
            fl.score(data, where=f"x <= {value}", **OPTIONS)


def test_files_of_polars(tmp_path, decoded):
    polars = pytest.importorskip("polars", reason="it writes statistics of its own")
    texts = ["x" * 100 + str(i) for i in range(50)]  # longer than those that it has
    frame = polars.DataFrame({"r": np.arange(50.0), "t": texts, "n": list(range(50)), "c": ["a"] * 25 + ["b"] * 25})
    frame.write_parquet(tmp_path / "x.parquet", row_group_size=5, statistics="full")
    for where in (f"t == {texts[7]}", f"t <= {texts[1]}", f"t != {texts[7]}", "n == 17", "n >= 40", "c == b", "c != a"):
        name, op, value = where.split()
        mask = frame.select(eval(f"polars.col(name) {op} ({value if name == 'n' else repr(value)})"))
        assert fl.score(tmp_path / "x.parquet", where=where, **OPTIONS).count == mask.to_series().sum(), where
    decoded.clear()
    fl.score(tmp_path / "x.parquet", where="n == 17", **OPTIONS)
    assert [group for group, _ in decoded] == [3]


# ---- the rest of a job -----------------------------------------------------------------------------------------------


def test_resumed_and_not(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        write(TABLE.slice(20 * i, 20), tmp_path / "in" / f"{i}.parquet")
    skipped = []
    options = OPTIONS | {"sample_weight": "w", "on_fragment": lambda line: skipped.append(line["skipped"])}
    where = ["w > 3", "s != m5"]  # of the first file nothing
    first = fl.score(tmp_path / "in", tmp_path / "out", where=where, **options)
    assert fl.score(tmp_path / "in", tmp_path / "out", resume=True, where=where, **options) == first
    assert fl.score(tmp_path / "in", tmp_path / "out", resume=True, where=["s != m5", "w   > 3"], **options) == first
    assert skipped == [False] * 3 + [True] * 6
    skipped.clear()
    other = fl.score(tmp_path / "in", tmp_path / "out", resume=True, where="w > 2", **options)
    assert skipped == [False] * 3
    assert other.count > first.count
    assert fl.score(tmp_path / "in", tmp_path / "out", resume=True, **options).ignored == 0
    assert skipped == [False] * 6


def test_batch_functions():
    function = batch_function(Spec.of(fl.huber, residual="r", where="k == a"))
    batch = pa.RecordBatch.from_pydict({"r": [1.0, 2.0, None, 3.0], "k": ["a", "b", "a", None]})
    assert function(batch)["value"].to_pylist() == [0.5, None, None, None]
    assert function(batch.slice(3))["value"].to_pylist() == [None]
    function = losses_alone(Spec.of(fl.huber, residual="r", where="r < 2"))
    assert function([pa.array([1.0, 3.0])])[0].to_pylist() == [0.5, None]
    with pytest.raises(ScoringError, match="leave where out"):
        sql_function(Spec.of(fl.huber, residual="r", where="r < 2"), [], "DOUBLE", str)


@pytest.mark.parametrize("is_one", [True, False])
def test_compare(tmp_path, is_one):
    columns = {"a": [1.0, 2.0, 3.0, 9.0], "y": [0.0] * 4, "k": [1, 2, 3, None]}
    write(pa.table(columns | {"b": [2.0] * 4}), tmp_path / "x.parquet", row_group_size=1)
    write(pa.table({"a": [2.0] * 4, "y": [5.0, 0.0, 0.0, 5.0]}), tmp_path / "z.parquet", row_group_size=3)
    data = [tmp_path / "x.parquet"] if is_one else [tmp_path / "x.parquet", tmp_path / "z.parquet"]
    options = {"loss": fl.absolute_error, "pred": "a", "target": "y", "versus": "b" if is_one else None}
    found = fl.compare(*data, where="k > 1", **options)
    assert (found.won, found.lost, found.tied) == (0, 1, 1)
    for summary in (found.first, found.second, found.difference):
        assert (summary.count, summary.ignored) == (2, 2)
    assert found.difference.mean == 0.5
    with pytest.raises(ScoringError, match="no column 'q'"):
        fl.compare(*data, where="q > 1", **options)


def test_the_commands(tmp_path, capsys):
    data = write(TABLE, tmp_path / "x.parquet")
    command = ["score", str(data), "--loss", "huber", "--residual", "r", "--json"]
    assert main([*command, *(part for one in WHERE for part in ("--where", one))]) == 0
    assert json.loads(capsys.readouterr().out)["ignored"] == ROWS - MATCH.sum()
    table = pa.table({"l": [[0.0, 1.0], [2.0, 0.0], [0.0, 3.0], [9.0, 0.0, 1.0]], "y": [1, 1, 1, 7], "k": list("aaab")})
    write(table, tmp_path / "l.parquet")
    command = ["calibrate", str(tmp_path / "l.parquet"), "--pred", "l", "--target", "y", "--json"]
    assert main([*command, "--where", "k == a"]) == 0
    assert json.loads(capsys.readouterr().out)["temperature"] > 0
    found = fl.calibrate(tmp_path / "l.parquet", pred="l", target="y", where="k == a")
    assert found == fl.calibrate(np.array(table["l"].to_pylist()[:3]), [1, 1, 1])
    with pytest.raises(ValueError, match="where is of files and tables"):
        fl.calibrate([[0.0, 1.0]], [1], where="k == a")
    assert main(command) == 2


@pytest.mark.parametrize("where", ["q > 1", "s", "s ==", "i == abc", "r > 'a", "day > 5", "s in m1"])
def test_a_wrong_condition_is_one_line_before_anything_is_written(tmp_path, capsys, where):
    data = write(TABLE, tmp_path / "x.parquet")
    for output in (f"{tmp_path}/out/", f"{tmp_path}/o.csv", "-"):
        format = ["--format", "csv"] if output == "-" else []
        command = ["score", str(data), "-o", output, "--loss", "huber", "--residual", "r", "--where", where, *format]
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert where in err or "no column 'q'" in err
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_from_standard_input(tmp_path):
    command = [sys.executable, "-m", "fastloss", "score", "-", "--format", "csv", "--loss", "huber", "--residual", "r"]
    done = subprocess.run(
        [*command, "--where", "k > 2"], input="r,k\n1,1\n2,3\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "r,k,value\n1,1,\n2,3,1.5\n"
