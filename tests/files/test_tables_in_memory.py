"""Tables in memory as inputs and as outputs: what files of the same rows give, whatever holds the rows."""

import decimal
import json
import os
import re
import weakref

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError
from fastloss.files.readers import memory

OPTIONS = {"loss": "huber", "pred": "p", "target": "y"}
MORE = {"by": "g", "sample_weight": "w", "emit": ("value", "grad"), "prefix": "l_", "keep": ["y", "g"]}


def rows(count=1000):
    r = np.random.default_rng(1)
    p, y = r.normal(size=(2, count))
    y[::97], null = np.nan, np.arange(count) % 31 == 0
    g = pa.array([["a", "b", None, "c"][i % 4] for i in range(count)])
    return pa.table({"p": pa.array(p, mask=null), "y": y, "g": g, "w": np.arange(count) / 7, "row": np.arange(count)})


TABLE = rows()
HOLDERS = {
    "table": lambda t: t,
    "chunks": lambda t: pa.concat_tables([t.slice(0, 3), t.slice(3, 0), t.slice(3, 500), t.slice(503)]),
    "slices": lambda t: pa.concat_tables([t.slice(0, 7), t, t.slice(0, 5)]).slice(7, len(t)),
    "batch": lambda t: t.combine_chunks().to_batches()[0],
    "reader": lambda t: t.to_reader(100),
    "batches": lambda t: iter(t.to_batches(max_chunksize=99)),
    "generator": lambda t: (batch for batch in t.to_batches(max_chunksize=3)),
    "list": lambda t: t.to_batches(max_chunksize=300),
    "tables": lambda t: iter([t.slice(0, 10), t.slice(10)]),
    "stream": lambda t: Streaming(t),
    "struct": lambda t: Struct(t),
    "polars": lambda t: library("polars").from_arrow(t),
    "polars lazy": lambda t: library("polars").from_arrow(t).lazy(),
    "polars slices": lambda t: library("polars").from_arrow(t).iter_slices(100),
    "duckdb": lambda t: library("duckdb").from_arrow(t),
    "arrow of pandas": lambda t: t.to_pandas(types_mapper=library("pandas").ArrowDtype),
}


def library(name):
    return pytest.importorskip(name, reason=f"a table of {name}")


class Streaming:
    """What has the rows of a table as a stream, and nothing else."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Struct:
    """What has the rows of a table as one array of structs."""

    def __init__(self, table):
        self._batch = table.combine_chunks().to_batches()[0]

    def __arrow_c_array__(self, requested_schema=None):
        return self._batch.__arrow_c_array__(requested_schema)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=HOLDERS)
def holder(request):
    return HOLDERS[request.param]


def equal(table, other):
    """Whether tables have equal columns, NaN being NaN."""
    return table.schema.names == other.schema.names and repr(table.to_pydict()) == repr(other.to_pydict())


def same(summary, other):
    return summary.to_json(state=True) == other.to_json(state=True)


@pytest.mark.parametrize("options", [{}, MORE], ids=["plain", "more"])
def test_what_a_file_gives(here, holder, options):
    pa.parquet.write_table(TABLE, "in.parquet")
    expected = fl.score("in.parquet", "out.parquet", **OPTIONS, **options)
    written = pa.parquet.read_table("out.parquet")
    assert same(fl.score(holder(TABLE), **OPTIONS, **options), expected)
    summary, table = fl.score(holder(TABLE), "table", **OPTIONS, **options)
    assert same(summary, expected) and equal(table, written)
    assert same(fl.score(holder(TABLE), "own.parquet", **OPTIONS, **options), expected)
    assert equal(pa.parquet.read_table("own.parquet"), written)
    assert sorted(os.listdir()) == ["in.parquet", "out.parquet", "own.parquet"]


def test_several_losses(holder):
    losses = {"loss": ["huber", "absolute_error"], "pred": "p", "target": "y", "keep": "none"}
    summaries, table = fl.score(holder(TABLE), "table", **losses)
    assert table.column_names == ["huber", "absolute_error"]
    for name, summary in summaries.items():
        assert same(summary, fl.score(TABLE, loss=name, pred="p", target="y"))


@pytest.mark.parametrize("file", ["out.csv", "out.feather", "out.arrow", "out.arrows", "out.csv.gz"])
def test_the_format_of_an_extension(here, file):
    pa.parquet.write_table(TABLE, "in.parquet")
    fl.score("in.parquet", f"of_file_{file}", **OPTIONS)
    fl.score(TABLE, file, **OPTIONS)
    fl.score(TABLE.to_reader(50), f"stream_{file}", **OPTIONS)
    if file.endswith((".csv", ".gz")):
        read = pytest.importorskip("pandas").read_csv
        assert read(file).equals(read(f"of_file_{file}")) and read(file).equals(read(f"stream_{file}"))
    else:
        with pa.OSFile(file) as one, pa.OSFile(f"stream_{file}") as other:
            opened = pa.ipc.open_stream if file.endswith("s") else pa.ipc.open_file
            assert equal(opened(one).read_all(), opened(other).read_all())


def test_files_as_a_table(here):
    (here / "data").mkdir()
    for k in range(3):
        pa.parquet.write_table(TABLE.slice(k * 300, 300), f"data/{k}.parquet", row_group_size=70)
    np.save("r.npy", TABLE["y"].to_numpy())
    summary, table = fl.score("data", "table", **OPTIONS, fragment_rows=100)
    expected, whole = fl.score(TABLE.slice(0, 900), "table", **OPTIONS)
    assert same(summary, expected) and equal(table, whole)
    summary, table = fl.score("r.npy", "table", loss="huber")
    assert table.column_names == ["residual", "value"] and (summary.count, summary.nan) == (1000 - 11, 11)
    assert sorted(os.listdir()) == ["data", "r.npy"]
    assert fl.score("r.npy", "./table/", loss="huber") and os.listdir("table")  # a directory of that name


def test_files_and_tables_together(here):
    pa.parquet.write_table(TABLE.slice(0, 400), "in.parquet")
    rest = [TABLE.slice(400, 100), TABLE.slice(500).select(["y", "p"]).to_reader(9)]
    summary, table = fl.score(["in.parquet", *rest], "table", **OPTIONS)
    assert summary.rows == 1000 and same(summary, fl.score(TABLE, **OPTIONS))
    assert table["g"].null_count == TABLE.slice(0, 500)["g"].null_count + 500


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_do_not_change_a_bit(threads):
    table = rows(300_000)
    summary, scored = fl.score(table, "table", **OPTIONS, num_threads=threads, workers=threads)
    value = fl.huber(table["p"].to_numpy(), table["y"].to_numpy())
    counts = scored["value"].is_valid().to_numpy()
    assert np.array_equal(scored["value"].to_numpy()[counts], value[counts], equal_nan=True)
    assert same(summary, fl.score(table, **OPTIONS, num_threads=1))


# ---- types -----------------------------------------------------------------------------------------------------------

LOGITS, LABELS = [[1.0, 2.0, 0.5], None, [3.0, 1.0, 0.0], [0.0, 0.0, -1.0]], [0, 1, None, 2]
LISTS = {
    "list": pa.list_(pa.float64()),
    "large": pa.large_list(pa.float32()),
    "fixed": pa.list_(pa.float32(), 3),
    "view": pa.list_view(pa.float64()),
    "large view": pa.large_list_view(pa.float64()),
    "half": pa.list_(pa.float16(), 3),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("stream", [False, True])
def test_lists_of_logits(kind, stream):
    numbers = LISTS[kind].value_type.to_pandas_dtype()
    z = [None if row is None else np.array(row, numbers) for row in (None, *LOGITS)]
    table = pa.table({"z": pa.array(z, LISTS[kind]), "y": [0, *LABELS]}).slice(1)
    given = table.to_reader(1) if stream else table
    summary, scored = fl.score(given, "table", loss="cross_entropy", pred="z", target="y", emit=("value", "grad"))
    assert (summary.count, summary.null) == (2, 2)
    assert scored.schema.field("grad").type.list_size == 3
    expected = fl.cross_entropy(np.array([LOGITS[0], LOGITS[3]], "f4"), [0, 2])
    assert scored["value"].drop_null().to_numpy() == pytest.approx(expected, rel=1e-6)


NUMBERS = {
    "float16": pa.array(np.array([0.5, 2.0, 1.0], np.float16)),
    "decimal": pa.array([decimal.Decimal("0.5"), decimal.Decimal("2.0"), decimal.Decimal("1.0")]),
    "dictionary": pa.array([0.5, 2.0, 1.0]).dictionary_encode(),
    "run ends": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3]), pa.array([0.5, 2.0, 1.0])),
    "integers": pa.array([1, 2, 1], pa.int8()),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers(kind):
    table = pa.table({"r": NUMBERS[kind]})
    values = fl.huber(np.array([float(x) for x in NUMBERS[kind].to_pylist()]))
    for given in (table, table.to_reader(), table.slice(0, 3)):
        summary, scored = fl.score(given, "table", loss="huber", residual="r")
        assert scored["value"].to_pylist() == values.tolist() and summary.max == values.max()
        assert scored["r"].type == NUMBERS[kind].type


@pytest.mark.parametrize("narrow", [False, True])
def test_dictionaries_that_differ_from_batch_to_batch(here, narrow, monkeypatch):
    monkeypatch.setattr(memory, "KEPT_BYTES", 1)  # the second batch goes into the file
    type = pa.dictionary(pa.int8() if narrow else pa.int32(), pa.string())
    texts = [[f"{k}-{i}" for i in range(100)] for k in range(3)]
    batches = [pa.record_batch({"r": np.arange(100.0), "g": pa.array(part, type)}) for part in texts]
    words = [word for part in texts for word in part]
    options = {"loss": "huber", "residual": "r"}
    for given in (lambda: pa.Table.from_batches(batches), lambda: iter(batches)):
        summary, table = fl.score(given(), "table", by="g", **options)
        assert table["g"].to_pylist() == words and len(summary.groups) == 300
        for file in ("a.parquet", "a.feather", "a.arrows"):
            assert same(fl.score(given(), file, by="g", **options), summary)
        assert pa.parquet.read_table("a.parquet")["g"].to_pylist() == words
        assert pa.feather.read_table("a.feather")["g"].to_pylist() == words


def test_the_number_of_classes_is_found_far_inside_a_stream(monkeypatch):
    monkeypatch.setattr(memory, "KEPT_BYTES", 1)
    schema = pa.schema([("z", pa.list_(pa.float64())), ("y", pa.int64())])
    none = pa.record_batch([pa.nulls(5, schema.types[0]), pa.array([0] * 5)], schema=schema)
    some = pa.record_batch([pa.array([[1.0, 2.0]] * 5, schema.types[0]), pa.array([0] * 5)], schema=schema)
    options = {"loss": "cross_entropy", "pred": "z", "target": "y", "emit": ("grad",)}
    summary, table = fl.score(iter([none] * 4 + [some, none]), "table", **options)
    assert (summary.count, summary.null, len(table)) == (5, 25, 30)
    assert table["grad"].type.list_size == 2
    wrong = pa.record_batch([pa.array([[1.0, 2.0, 3.0]], schema.types[0]), pa.array([0])], schema=schema)
    with pytest.raises(
        ScoringError, match=r"input \(iterator\): column 'z': the list at row 10 has 3 elements, expected 2"
    ):
        fl.score(iter([none, some, wrong]), **options)


@pytest.mark.parametrize(
    "given", [TABLE.slice(0, 0), pa.Table.from_batches([], TABLE.schema)], ids=["no rows", "no batches"]
)
def test_no_rows(here, given):
    for one in (given, given.to_reader()):
        summary, table = fl.score(one, "table", **OPTIONS)
        assert summary.rows == 0 and table.schema.names == [*TABLE.schema.names, "value"] and len(table) == 0
    fl.score(given, "out.parquet", **OPTIONS)
    assert pa.parquet.read_table("out.parquet").equals(table)


# ---- libraries -------------------------------------------------------------------------------------------------------


def test_pandas(here):
    pd = library("pandas")
    frame = TABLE.to_pandas().set_index("g")
    frame["mixed"] = [1, "x"] * 500  # which Arrow does not hold
    frame["y"] = frame["y"].astype("Float64")
    expected = fl.score(pa.Table.from_pandas(frame.drop(columns="mixed")), **OPTIONS, by="g")
    assert same(fl.score(frame, **OPTIONS, by="g"), expected) and expected.nan == 0
    with pytest.raises(
        ScoringError, match=r"^input \(pandas.DataFrame\): cannot be read through Arrow: .*'x'.* column mixed"
    ):
        fl.score(frame, "out.parquet", **OPTIONS)
    with pytest.raises(ScoringError, match=r"^input \(pandas.Series\): .* named columns: .*: give its to_frame\(\)$"):
        fl.score(frame["p"], loss="huber", residual="p")
    assert not os.listdir()
    _, table = fl.score(frame.drop(columns="mixed"), "table", **OPTIONS)
    back = table.to_pandas()
    assert back.index.equals(frame.index) and back.columns.tolist() == ["p", "y", "w", "row", "value"]
    _, table = fl.score(frame, "table", **OPTIONS, keep=["p"])
    assert table.column_names == ["p", "value"]
    numbered = pd.DataFrame([[1.0, 3.0]], columns=[0, 1], index=pd.RangeIndex(5, 6))
    summary, table = fl.score(numbered, "table", loss="huber", pred=0, target=1)
    assert summary.mean == 1.5 and table.to_pandas().index.tolist() == [5]
    assert numbered.columns.tolist() == [0, 1] and table.column_names == ["0", "1", "value"]
    levels = pd.MultiIndex.from_product([["a"], range(3)], names=["g", None])  # of which one is just numbered
    frame = pd.DataFrame({"p": [1.0, 3.0, 1.0], "y": 0.0}, index=levels)
    summary, table = fl.score(frame, "table", loss=fl.huber, pred="p", target="y", by=["g", "__index_level_1__"])
    assert list(summary.groups) == [("a", 0), ("a", 1), ("a", 2)]
    assert table.to_pandas().index.tolist() == levels.tolist()
    sparse = pd.DataFrame({"p": pd.arrays.SparseArray([0.0, 2.0]), "y": [0.0, 1.0], "z": pd.arrays.SparseArray([0, 1])})
    assert fl.score(sparse, "table", **OPTIONS)[1]["z"].to_pylist() == [0, 1]
    lists = pd.DataFrame({"z": [np.array([1.0, 2.0]), None, [0.0, 1.0]], "y": pd.array([0, 1, None], "Int64")})
    assert fl.score(lists, loss="cross_entropy", pred="z", target="y").null == 2


def test_pandas_categories_that_are_intervals_or_periods(here):
    """Arrow has them in dictionaries that pandas does not read again."""
    pd = library("pandas")
    frame = pd.DataFrame({"p": [0.5, 2.0, 3.0], "y": 0.0})
    frame["bin"] = pd.cut(frame["p"], 2)
    frame["day"] = pd.date_range("2026-11-28", periods=3).to_period("D").astype("category")
    summary = fl.score([frame[:1], frame[1:]], loss="huber", pred="p", target="y", worst=1)
    worst = summary.worst.to_pandas()
    assert worst["bin"][0] == frame["bin"][2] and worst["day"][0] == frame["day"][2]
    assert fl.Summary.from_json(summary.to_json(state=True)).worst == summary.worst
    _, table = fl.score(frame, "table", loss="huber", pred="p", target="y")
    assert table.to_pandas()["bin"].tolist() == frame["bin"].tolist()
    fl.score(frame, "out.parquet", loss="huber", pred="p", target="y")
    assert pd.read_parquet("out.parquet")["day"].tolist() == frame["day"].tolist()


def test_polars():
    pl = library("polars")
    frame = pl.DataFrame(
        {
            "p": [1, None, 3],
            "y": [1.0, 2.0, 5.0],
            "c": ["x", "y", "x"],
            "z": [[1.0, 2.0], None, [0.0, 1.0]],
            "k": [0, 1, 1],
        },
        schema_overrides={"p": pl.Int128, "c": pl.Categorical, "z": pl.Array(pl.Float32, 2)},
    )
    for given in (frame, frame.lazy()):
        summary, table = fl.score(given, "table", **OPTIONS, by="c")
        assert summary.mean == 0.75 and summary.groups["y"].null == 1
        assert table["value"].to_pylist() == [0.0, None, 1.5] and table["c"].to_pylist() == ["x", "y", "x"]
        assert fl.score(given, loss="cross_entropy", pred="z", target="k").null == 1
    objects = frame.with_columns(pl.Series("o", [object()] * 3, dtype=pl.Object))
    assert same(fl.score(objects, **OPTIONS), fl.score(frame, **OPTIONS))
    with pytest.raises(ScoringError, match="column 'o' holds objects of Python, which Arrow lacks"):
        fl.score(objects, "table", **OPTIONS)


def test_a_lazy_query_runs_once_for_the_columns_that_are_needed():
    pl = library("polars")
    calls = []

    def counted(column):
        calls.append(len(column))
        return column

    frame = pl.from_arrow(TABLE).lazy()
    frame = frame.with_columns(
        pl.col("y").map_batches(counted, return_dtype=pl.Float64), fails=pl.col("g").cast(pl.Int64)
    )
    assert same(fl.score(frame, **OPTIONS), fl.score(TABLE, **OPTIONS))
    assert sum(calls) == len(TABLE)
    with pytest.raises(library("polars").exceptions.InvalidOperationError):  # as polars says it
        fl.score(frame, "table", **OPTIONS)


# ---- what goes wrong -------------------------------------------------------------------------------------------------


class Own(Exception):
    pass


def failing(error, after=3):
    yield from TABLE.to_batches(max_chunksize=100)[:after]
    raise error


@pytest.mark.parametrize("error", [Own("boom"), ValueError("boom"), OSError("boom"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("output", [None, "out.parquet", "out.csv", "table"])
@pytest.mark.parametrize("after", [0, 3])
def test_what_a_stream_raises(here, error, output, after):
    with pytest.raises(type(error)) as caught:
        fl.score(failing(error, after), output, **OPTIONS)
    assert caught.value is error
    with pytest.raises(type(error)):
        fl.score(pa.RecordBatchReader.from_batches(TABLE.schema, failing(error, after)), output, **OPTIONS)
    assert not os.listdir()


def test_streams_are_read_batch_by_batch(here):
    alive = []

    def batches():
        for batch in TABLE.to_batches(max_chunksize=100):
            alive.append(read[-1] if read else 0)
            yield batch

    read = []
    fl.score(batches(), "out.csv", **OPTIONS, progress=lambda rows, share: read.append(rows))
    assert alive[-1] >= 800


class Lazy:
    """What Dask and Narwhals have: the name of a method that computes it."""

    def __init__(self, method):
        setattr(self, method, lambda: TABLE)


CAST = TABLE.schema.set(0, pa.field("p", pa.float32()))
READER = TABLE.to_reader()
REFUSED = {
    "directory": (
        TABLE,
        {"output": "out/"},
        "input (pyarrow.Table) has no name to write it under in the directory out/",
    ),
    "resumed": (TABLE, {"output": "out/", "resume": True}, "input (pyarrow.Table) has no name"),
    "resume": (TABLE, {"resume": True}, "resume needs a directory"),
    "resumed table": (TABLE, {"output": "table", "resume": True}, "resume needs a directory"),
    "dask": (TABLE, {"engine": "dask"}, "input (pyarrow.Table) is on this machine: use engine='local'"),
    "spark": (TABLE, {"engine": "spark"}, "input (pyarrow.Table) is on this machine: use engine='local'"),
    "dtype": (TABLE, {"dtype": "bfloat16"}, "input (pyarrow.Table): dtype='bfloat16' is for .npy"),
    "stdout": (TABLE, {"output": "-"}, "standard output needs a format: choose parquet, csv"),
    "extension": (TABLE, {"output": "out.xyz"}, "out.xyz: the extension names no format"),
    "no column": (TABLE, {"pred": "q"}, "input (pyarrow.Table): no column 'q'; there are 'p', 'y', 'g', 'w', 'row'"),
    "text": (TABLE, {"pred": "g"}, "input (pyarrow.Table): column 'g': expected numbers, got string"),
    "twice": (TABLE.append_column("p", TABLE["p"]), {}, "input (pyarrow.Table): 2 columns are called 'p'"),
    "second": ([TABLE, TABLE.select(["y"])], {}, "input[1] (pyarrow.Table): no column 'p'; there are 'y'"),
    "column": (TABLE["p"], {}, "input (pyarrow.ChunkedArray): cannot be read through Arrow as a table with named"),
    "nothing": (iter([]), {}, "input is an iterator of nothing, which tells no columns"),
    "None": (iter([TABLE, None]), {}, "input (iterator): element 1 is None"),
    "a path": (iter([TABLE, "a.parquet"]), {}, "input (iterator): element 1 is 'a.parquet'"),
    "columns": (
        iter([TABLE, TABLE.select(["y", "p"])]),
        {},
        "batch 1 has the columns y, p, those before it p, y, g, w",
    ),
    "types": (iter([TABLE, TABLE.cast(CAST)]), {}, "column 'p' holds float in batch 1, before it double: cast it"),
    "one stream": ([READER, READER], {}, "input has one stream twice, and it passes once"),
    "dict": ({"p": [1.0]}, {}, "input must be a path, as text or pathlib.Path, a table (pyarrow.table makes one"),
    "class": (pa.Table, {}, "input must be a path"),
    "narwhals": (Lazy("collect"), {}, "Lazy, which is yet to be computed: give its collect()"),
    "dask frame": (Lazy("compute"), {}, "Lazy, which is yet to be computed: give its compute()"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors(here, case):
    given, options, message = REFUSED[case]
    with pytest.raises(ScoringError, match=re.escape(message)) as caught:
        fl.score(given, **OPTIONS | options)
    assert len(str(caught.value).splitlines()) == 1
    assert not os.listdir()


def test_a_row_that_is_out_of_bounds():
    table = pa.table({"z": [[1.0, 2.0]] * 9, "y": [0] * 8 + [2]})
    for given, name in (
        (table, "input (pyarrow.Table)"),
        (iter(table.to_batches(max_chunksize=2)), "input (iterator)"),
    ):
        with pytest.raises(IndexError) as caught:
            fl.score(given, loss="cross_entropy", pred="z", target="y")
        assert str(caught.value) == f"{name}: column 'y': target 2 at row 8 is out of bounds for 2 classes"


def test_arrays_that_are_not_what_they_say():
    offsets = pa.py_buffer(np.array([0, 1], np.int32))
    wrong = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff")])
    table = pa.table({"r": [1.0], "g": wrong})
    assert fl.score(table, loss="huber", residual="r").count == 1
    with pytest.raises(
        ScoringError, match=r"input \(pyarrow.Table\): cannot be read as a table in memory: column 'g' is corrupt"
    ):
        fl.score(table, loss="huber", residual="r", by="g")


@pytest.mark.parametrize("engine", ["dask", "spark"])
def test_a_cluster_gathers_no_table(here, engine):
    pa.parquet.write_table(TABLE, "in.parquet")
    with pytest.raises(ScoringError, match="output='table' is made on this machine"):
        fl.score("in.parquet", "table", **OPTIONS, engine=engine)


# ---- comparing, calibration ------------------------------------------------------------------------------------------


def test_comparing(here, holder):
    pa.parquet.write_table(TABLE, "in.parquet")
    options = {"loss": "huber", "pred": "p", "target": "y", "by": "g", "sample_weight": "w"}
    expected = fl.compare("in.parquet", versus="row", **options).to_json()
    assert fl.compare(holder(TABLE), versus="row", **options).to_json() == expected
    other = TABLE.select(["row", "y"])
    assert fl.compare(holder(TABLE), other, versus="row", **options).to_json() == expected
    assert fl.compare(TABLE, holder(other), versus="row", **options).to_json() == expected
    with pytest.raises(ScoringError, match=r"^data.* is not that of other.*, which has"):
        fl.compare(holder(TABLE), TABLE.slice(5), **options)
    with pytest.raises(ScoringError, match=r"the numbers of rows differ: other.* ends after 900, data.* has"):
        fl.compare(holder(TABLE), TABLE.slice(0, 900), **options)


def test_a_stream_is_closed_when_something_is_wrong():
    """One that a library has open may let nothing else happen there, and an error keeps what it came through."""

    class Batches:
        def __init__(self):
            self.left = TABLE.to_batches(max_chunksize=10)
            still_open.add(self)

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            return self.left.pop(0)

    class Given:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.RecordBatchReader.from_batches(TABLE.schema, Batches()).__arrow_c_stream__(requested_schema)

    still_open = weakref.WeakSet()
    for call in (
        lambda given: fl.score(given, loss="huber", pred="g", target="y"),
        lambda given: fl.score(given, loss="huber", pred="missing", target="y"),
        lambda given: fl.compare(given, loss="huber", pred="p", versus="g", target="y"),
        lambda given: fl.compare(given, TABLE.slice(0, 20), loss="huber", pred="p", target="y"),
        lambda given: fl.compare(TABLE.slice(0, 20), given, loss="huber", pred="p", target="y"),
    ):
        with pytest.raises((ScoringError, TypeError)):
            call(Given())
        assert not still_open


def test_a_stream_is_not_compared_with_itself():
    for stream in (TABLE.to_reader(), iter(TABLE.to_batches())):
        with pytest.raises(ScoringError, match="other is the stream that data is"):
            fl.compare(stream, stream, loss="huber", pred="p", versus="row", target="y")


def test_calibration():
    r = np.random.default_rng(3)
    labels = r.integers(0, 3, 200)
    logits = r.normal(size=(200, 3)) + np.eye(3)[labels]
    table = pa.table({"z": pa.array(list(logits)), "y": labels, "w": r.random(200)})
    expected = fl.calibrate(logits, labels, sample_weight=table["w"].to_numpy())
    for given in (table, [table.slice(0, 50), table.slice(50)], Struct(table)):
        assert fl.calibrate(given, pred="z", target="y", sample_weight="w") == expected
    with pytest.raises(ScoringError, match=r"logits \(pyarrow.RecordBatchReader\) passes once"):
        fl.calibrate(table.to_reader(), pred="z", target="y")
    with pytest.raises(ScoringError, match=r"logits must be a path, as text or pathlib.Path, a table"):
        fl.calibrate(logits, pred="z", target="y")


def test_the_json_is_that_of_a_file(here):
    pa.parquet.write_table(TABLE, "in.parquet")
    assert json.loads(fl.score(TABLE, **OPTIONS).to_json()) == json.loads(fl.score("in.parquet", **OPTIONS).to_json())


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_column_in_place_of_its_name(kind):
    """Its first value would be taken for a name."""
    frame = library(kind).DataFrame({"p": [0.5, 2.0], "y": [0.0, 1.0], "g": ["a", "b"]})
    for name in ("pred", "target", "by", "sample_weight"):
        column = "g" if name == "by" else "p"
        given = {"loss": "huber", "pred": "p", "target": "y"} | {name: frame[column]}
        with pytest.raises(ScoringError, match=f"{name} must be .* got a Series: give its name, {name}='{column}'"):
            fl.score(frame, **given)
    with pytest.raises(ScoringError, match=r"versus must be .* got a Series"):
        fl.compare(frame, loss="huber", pred="p", versus=frame["p"], target="y")
    with pytest.raises(ScoringError, match=r"pred must be .* got values: make them a column of the data"):
        fl.score(frame, loss="huber", pred=frame["p"].to_numpy(), target="y")
    names = library("pandas").Index(["p", "y"])
    assert fl.score(frame, "table", loss="huber", pred="p", target="y", keep=names)[1].column_names[:2] == ["p", "y"]
