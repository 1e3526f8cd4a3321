"""Files of one data set whose columns differ: into one output as one schema, into a directory each as it is."""

import io
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from tables import TABLES, read, write

import fastloss as fl
from fastloss import cli
from fastloss.files import ScoringError, reading

OPTIONS = {"loss": fl.huber, "residual": "r"}
BINARY = [format for format in TABLES if format != "csv"]
FIRST = pa.table(
    {
        "r": [0.5, 2.0],
        "id": pa.array([1, None], pa.int32()),
        "word": ["x", "y"],
        "none": pa.nulls(2),
        "key": pa.array(["a", "b"]).dictionary_encode(),
        "time": pa.array([1, None], pa.timestamp("ms")),
        "s": [{"a": 1, "b": 2}, None],
        "l": [[1], None],
        "first": [True, None],
    }
)
SECOND = pa.table(
    {
        "l": pa.array([[0.5], []], pa.list_(pa.float32())),
        "none": ["q", None],
        "word": pa.array(["z", None], pa.large_string()),
        "r": pa.array([3.0, None], pa.float32()),
        "id": pa.array([2**40, 7]),
        "time": pa.array([1, 2], pa.timestamp("us")),
        "key": pa.array(["c", "a"], pa.string_view()),
        "s": [{"b": 3, "c": "d"}, {"b": None, "c": None}],
        "second": [7, 8],
    }
)


@pytest.fixture(autouse=True)
def _batches(monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 1)


def rows_of(*tables):
    """What the rows hold together: as Python has it, with None for what is not there, in the first table's order."""
    names = dict.fromkeys(name for table in tables for name in table.column_names)
    rows = [row for table in tables for row in table.to_pylist()]
    rows = [{name: row.get(name) for name in names} for row in rows]
    for row in rows:
        row["s"] = row["s"] and {name: row["s"].get(name) for name in "abc"}
    return rows


@pytest.mark.parametrize("after", BINARY)
@pytest.mark.parametrize("before", BINARY)
@pytest.mark.parametrize("turned", [False, True])
def test_columns_are_unified(tmp_path, before, after, turned):
    tables = [SECOND, FIRST] if turned else [FIRST, SECOND]
    files = [write(tmp_path / f"{i}.{before}", table) for i, table in enumerate(tables)]
    summary = fl.score(files, tmp_path / f"out.{after}", **OPTIONS)
    scored = read(tmp_path / f"out.{after}")
    value = np.concatenate([fl.huber(table["r"].to_numpy()) for table in tables]).tolist()
    value = [None if np.isnan(x) else x for x in value]
    expected = [row | {"value": x} for row, x in zip(rows_of(*tables), value, strict=True)]
    assert scored.to_pylist() == expected
    types = {field.name: field.type for field in scored.schema}
    assert (types["id"], types["r"], types["value"]) == (pa.int64(), pa.float64(), pa.float64())
    assert types["time"] == pa.timestamp("us") and types["second"] == pa.int64()
    assert summary == fl.score(files, f"{tmp_path}/each/", **OPTIONS)
    each = [read(tmp_path / "each" / f"{i}.{before}").drop_columns("value") for i in range(2)]
    assert [table.schema for table in each] == [read(file).schema for file in files]


PAIRS = {
    "int and double": ([1, None], [0.5, 1.0], pa.float64()),
    "unsigned": (pa.array([1, 2], pa.uint8()), pa.array([-1, 2], pa.int8()), pa.int16()),
    "decimals": (pa.array([Decimal("1.5")]), pa.array([Decimal("0.25")]), pa.decimal128(3, 2)),
    "dates": (pa.array([1], pa.date32()), pa.array([86_400_000], pa.date64()), pa.date64()),
    "durations": (pa.array([1], pa.duration("s")), pa.array([1], pa.duration("us")), pa.duration("us")),
    "views": (pa.array(["a"], pa.string_view()), ["b"], pa.large_string()),
    "dictionaries": (
        pa.array(["a"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["a", "b"])),
        pa.dictionary(pa.int32(), pa.string()),
    ),
    "ordered": (
        pa.DictionaryArray.from_arrays(pa.array([0]), pa.array(["a"]), ordered=True),
        pa.array(["b"]).dictionary_encode(),
        pa.string(),
    ),
    "nothing and a dictionary": (
        pa.nulls(2),
        pa.array(["b"]).dictionary_encode(),
        pa.array(["b"]).dictionary_encode().type,
    ),
    "lists": ([[1, 2]], pa.array([[1, 2]], pa.list_(pa.int64(), 2)), pa.list_(pa.int64())),
    "maps": (
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([[("b", 0.5)]], pa.map_(pa.string(), pa.float64())),
        pa.map_(pa.string(), pa.float64()),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_of_types(tmp_path, name):
    *columns, type = PAIRS[name]
    tables = [pa.table({"r": np.zeros(len(column)), "c": column}) for column in columns]
    files = [write(tmp_path / f"{i}.arrow", table) for i, table in enumerate(tables)]
    fl.score(files, tmp_path / "out.arrow", **OPTIONS)
    scored = read(tmp_path / "out.arrow")["c"]
    assert scored.type == type
    assert scored.to_pylist() == [value for table in tables for value in table["c"].to_pylist()]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1], ["x"], "1.parquet: column 'c' holds string, in the inputs before int64, and no type holds both: keep"),
        ([2**60 + 1], [0.5], "0.parquet: column 'c' is double in the output, for the other inputs, and int64 here: .*"),
        (pa.array([2**63], pa.uint64()), [-1], "0.parquet: column 'c' is int64 in the output, .* 9223372036854775808"),
        (
            pa.array([0], pa.timestamp("us", "UTC")),
            pa.array([0], pa.timestamp("us")),
            "1.parquet: column 'c' holds time",
        ),
    ],
)
def test_columns_that_have_no_type_in_common(tmp_path, first, second, message):
    files = [write(tmp_path / f"{i}.parquet", pa.table({"r": [1.0], "c": c})) for i, c in enumerate((first, second))]
    with pytest.raises(ScoringError, match=message) as caught:
        fl.score(files, tmp_path / "out.parquet", **OPTIONS)
    assert "\n" not in str(caught.value) and not (tmp_path / "out.parquet").exists()
    fl.score(files, tmp_path / "out.parquet", keep="none", **OPTIONS)
    fl.score(files, f"{tmp_path}/out/", **OPTIONS)


def test_a_column_that_is_used_has_to_be_in_all(tmp_path):
    files = [write(tmp_path / "0.parquet", FIRST), write(tmp_path / "1.parquet", FIRST.drop_columns("r"))]
    with pytest.raises(ScoringError, match=r"1.parquet: no column 'r'; there are 'id', 'word'"):
        fl.score(files, tmp_path / "out.parquet", **OPTIONS)


@pytest.mark.parametrize("keep", ["second", ["first", "second", "id"]])
def test_columns_to_keep_that_some_lack(tmp_path, keep):
    files = [write(tmp_path / "0.parquet", FIRST), write(tmp_path / "1.parquet", SECOND)]
    fl.score(files, tmp_path / "out.parquet", keep=keep, **OPTIONS)
    scored = read(tmp_path / "out.parquet")
    assert sorted(scored.column_names) == sorted([*([keep] if isinstance(keep, str) else keep), "value"])
    assert scored["second"].to_pylist() == [None, None, 7, 8]
    with pytest.raises(ScoringError, match="no input has a column 'third' to keep"):
        fl.score(files, tmp_path / "out.parquet", keep=[*keep, "third"] if keep != "second" else "third", **OPTIONS)


def test_a_column_that_may_not_be_null_and_is_not_there(tmp_path):
    schema = pa.schema([("r", pa.float64()), pa.field("c", pa.int64(), nullable=False)])
    files = [
        write(tmp_path / "0.parquet", pa.table([[1.0], [1]], schema=schema)),
        write(tmp_path / "1.parquet", pa.table({"r": [1.0]})),
    ]
    fl.score(files, tmp_path / "out.parquet", **OPTIONS)
    assert read(tmp_path / "out.parquet")["c"].to_pylist() == [1, None]


def test_arrays_of_other_precision_and_a_table_from_standard_input(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    pa.parquet.write_table(SECOND, buffer)

    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def fileno(self):
            return 0

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Stream(buffer.getvalue()))))
    files = [str(write(tmp_path / "0.parquet", FIRST)), "-"]
    fl.score(files, tmp_path / "out.parquet", format="parquet", **OPTIONS)
    assert read(tmp_path / "out.parquet")["word"].to_pylist() == ["x", "y", "z", None]
    for i, dtype in enumerate(("float32", "float64")):
        np.save(tmp_path / f"{i}.npy", np.array([i, 2], dtype))
    fl.score([tmp_path / "0.npy", tmp_path / "1.npy"], tmp_path / "out.npy", loss=fl.huber)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), fl.huber(np.array([0.0, 2, 1, 2])))


@pytest.mark.parametrize("after", BINARY)
def test_a_column_of_csv_is_what_it_is_over_all_files(tmp_path, after):
    for i, rows in enumerate(("r,id,n\n1,007,1\n2,8,\n", "n,id,r,z\n0.5,9,4,q\n", "r,n\n3,2\n")):
        (tmp_path / f"{i}.csv").write_text(rows)
    fl.score([tmp_path / f"{i}.csv" for i in range(3)], tmp_path / f"out.{after}", **OPTIONS)
    scored = read(tmp_path / f"out.{after}")
    assert scored["id"].to_pylist() == ["007", "8", "9", None]
    assert scored["n"].to_pylist() == [1, None, 0.5, 2] and scored["n"].type == pa.float64()
    assert scored["z"].to_pylist() == [None, None, "q", None]
    assert scored.column_names == ["r", "id", "n", "z", "value"]


def test_on_the_command_line(tmp_path, capfd):
    files = [str(write(tmp_path / "0.parquet", FIRST)), str(write(tmp_path / "1.arrow", SECOND))]
    out = tmp_path / "out.csv"
    options = ["-o", str(out), "--loss", "huber", "--residual", "r", "--keep", "id,second"]
    assert cli.main(["score", *files, *options]) == 0
    assert out.read_text().splitlines() == ["id,second,value", "1,,0.125", ",,1.5", "1099511627776,7,2.5", "7,8,"]
    capfd.readouterr()
    clash = write(tmp_path / "2.parquet", FIRST.set_column(1, "id", pa.array(["a", "b"])))
    assert cli.main(["score", *files, str(clash), *options]) == 2
    error = capfd.readouterr().err
    assert "2.parquet: column 'id' holds string, in the inputs before int64" in error and error.count("\n") == 1


@pytest.mark.parametrize("rows", [7, reading.MAX_ROWS], ids=["small batches", "one batch"])
@pytest.mark.parametrize("after", BINARY)
@pytest.mark.parametrize("before", ["arrow", "parquet", "stream", "row groups"])
def test_dictionaries_that_outgrow_their_indices_together(tmp_path, monkeypatch, before, after, rows):
    """Of several files, of the batches of a stream and of row groups; pandas counts up to 128 categories in int8."""
    monkeypatch.setattr(reading, "MAX_ROWS", rows)
    words = [[f"{letter}{i}" for i in range(70)] for letter in "ab"]
    indices = pa.array(range(70), pa.int8())
    parts = [pa.table({"r": np.ones(70), "c": pa.DictionaryArray.from_arrays(indices, part)}) for part in words]
    if before in TABLES:
        files = [write(tmp_path / f"{i}.{before}", part) for i, part in enumerate(parts)]
    elif before == "stream":
        files = [tmp_path / "in.arrow"]
        with pa.ipc.new_stream(files[0], parts[0].schema) as writer:
            for part in parts:
                writer.write_table(part)
    else:
        files = [tmp_path / "in.parquet"]
        with pa.parquet.ParquetWriter(files[0], parts[0].schema) as writer:
            for part in parts:
                writer.write_table(part)
    fl.score(files, tmp_path / f"out.{after}", **OPTIONS)
    scored = read(tmp_path / f"out.{after}")["c"]
    assert scored.to_pylist() == [*words[0], *words[1]]
    assert scored.type == pa.dictionary(pa.int32(), pa.string())
    fl.score(files[0], tmp_path / f"one.{after}", **OPTIONS)
    if len(files) > 1:
        assert read(tmp_path / f"one.{after}")["c"].type == pa.dictionary(pa.int8(), pa.string())
