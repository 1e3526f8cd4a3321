"""Losses inside other libraries: the same numbers as the loss itself gives, whatever the layout of the data."""

import doctest
import importlib
import itertools
import sys

import numpy as np
import pyarrow as pa
import pytest
from batches import RESIDUAL, VALUE, expected

import fastloss as fl
from fastloss.files import ScoringError, Spec

LIBRARIES = {
    "polars": "polars",
    "pandas": "pandas",
    "dask": "dask.dataframe",
    "duckdb": "duckdb",
    "datafusion": "datafusion",
    "spark": "pyspark.sql.pandas.types",
}


def library(name):
    """The library and our module for it."""
    package = pytest.importorskip(LIBRARIES[name].split(".")[0], reason=f"needs {name}")
    importlib.import_module(LIBRARIES[name])
    return package, importlib.import_module(f"fastloss.integrations.{name}")


def framed(host, data, **options):
    """A frame of pandas, or of Dask in two partitions, and our module for it."""
    frame, module = library("pandas")[0].DataFrame(data, **options), library(host)[1]
    return (library("dask")[0].dataframe.from_pandas(frame, npartitions=2) if host == "dask" else frame), module


# ---- the libraries --------------------------------------------------------------------------------------------------

integration = pytest.mark.integrations


@integration
@pytest.mark.parametrize("engine", ["eager", "in-memory", "streaming"])
def test_polars(table, engine):
    polars, module = library("polars")
    frame = polars.concat([polars.from_arrow(table)] * 2, rechunk=False)
    columns = {"one": module.expression(VALUE), "two": module.expression(RESIDUAL)}
    if engine == "eager":
        scored = frame.with_columns(**columns)
    else:
        scored = frame.lazy().with_columns(**columns).filter(polars.col("r") != 0).collect(engine=engine)
        frame = frame.filter(polars.col("r") != 0)
    rows = frame.to_arrow()
    assert scored["one"].to_list() == expected(rows)
    assert scored["two"].struct.field("value").to_list() == expected(rows, RESIDUAL)
    assert scored.head(0).with_columns(**columns).schema == scored.schema


def queries(frame, expression):
    """The expression in each way that polars has of computing it; the types that a query has before are those after."""
    lazy = frame.lazy().select(x=expression)
    scored = [frame.select(x=expression), lazy.collect(engine="in-memory"), lazy.collect(engine="streaming")]
    assert {lazy.collect_schema()["x"], frame.head(0).select(x=expression)["x"].dtype} == {s["x"].dtype for s in scored}
    return [s["x"] for s in scored]


@integration
@pytest.mark.parametrize("emit", [("value",), ("value", "grad")])
def test_one_polars_expression_for_data_of_many_types(emit):
    polars, module = library("polars")
    kinds = [np.float64, np.float32, np.int8, np.int64, np.float32, np.uint8, np.bool_, np.float64]
    expression = module.expression(Spec.of(fl.huber, pred="p", target="y", emit=emit))
    for pred, target in itertools.product(kinds, repeat=2):
        columns = np.array([0, 1, 1], pred), np.array([1, 0, 1], target)
        expected = fl.huber.evaluate(*columns, outputs=emit)
        for scored in queries(polars.DataFrame(dict(zip("py", columns, strict=True))), expression):
            for output, values in zip(emit, expected, strict=True):
                got = scored.struct.field(output) if len(emit) > 1 else scored
                assert (got.to_list(), got.to_numpy().dtype) == (values.tolist(), values.dtype), (pred, target)


@integration
@pytest.mark.parametrize("kind", ["Decimal", "Int128", "Null"])
def test_polars_has_more_kinds_of_numbers(kind):
    polars, module = library("polars")
    numbers = polars.Series("r", [None, None] if kind == "Null" else [None, 4], getattr(polars, kind))
    for scored in queries(polars.DataFrame(numbers), module.expression(Spec.of(fl.huber, residual="r"))):
        assert scored.dtype == polars.Float64 and scored.to_list() == [None, None if kind == "Null" else 3.5]


@integration
def test_polars_logits():
    """Lists and arrays, in a slice, with nulls; one expression for all of them."""
    polars, module = library("polars")
    logits, labels = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30) % 3
    spec = Spec.of(fl.cross_entropy, pred="l", target="y", emit=["value", "grad"])
    expression, grad = module.expression(spec), module.expression(Spec.of(fl.cross_entropy, "l", "y", emit="grad"))
    for kind, nested in itertools.product([polars.Float64, polars.Float32, polars.Int16], ["List", "Array"]):
        nested = polars.Array(kind, 3) if nested == "Array" else polars.List(kind)
        frame = (
            polars.DataFrame({"l": [*np.round(logits * 9).tolist(), None], "y": [*labels, 1]})
            .cast({"l": nested})
            .slice(5)
        )
        numbers = np.round(logits[5:] * 9).astype(np.float32 if kind == polars.Float32 else np.float64)
        value, expected = fl.cross_entropy.value_and_grad(numbers, labels[5:])
        for scored in [*queries(frame, expression), *queries(frame, grad)]:
            if scored.dtype == polars.Struct:
                assert scored.struct.field("value").to_list() == [*value.tolist(), None]
                scored = scored.struct.field("grad")
            assert scored.dtype.inner == (kind if kind.is_float() else polars.Float64)
            assert type(scored.dtype) is type(nested)
            assert scored.to_list() == [*expected.tolist(), None]


@integration
def test_polars_logits_and_outputs_from_several_columns():
    polars, module = library("polars")
    columns = {name: np.random.default_rng(ord(name)).standard_normal(20) for name in "abcd"}
    frame = polars.DataFrame(columns | {"y": np.arange(20) % 2})
    spec = Spec.of(fl.cross_entropy, pred=["a", "b"], target="y", emit="grad")
    logits = np.stack([columns["a"], columns["b"]], axis=1)
    for scored in queries(frame, module.expression(spec)):
        np.testing.assert_array_equal(scored.to_numpy(), fl.cross_entropy.grad(logits, np.arange(20) % 2))
    spec = {"pred": ["a", "b"], "target": ["c", "d"]}
    each = fl.huber(logits, np.stack([columns["c"], columns["d"]], axis=1))
    for scored in queries(frame, module.expression(Spec.of(fl.huber, **spec, multioutput="raw_values"))):
        np.testing.assert_array_equal(scored.to_numpy(), each)
    lists = frame.select(p=polars.concat_list("a", "b"), y=polars.concat_list("c", "d"))
    for scored in queries(lists, module.expression(Spec.of(fl.huber, pred="p", target="y"))):
        np.testing.assert_allclose(scored.to_numpy(), each.mean(axis=1), rtol=1e-15)
    for scored in queries(lists, module.expression(Spec.of(fl.huber, pred="p", target="y", multioutput="raw_values"))):
        np.testing.assert_array_equal(np.stack(scored.to_list()), each)
    with pytest.raises(ScoringError, match="column 'p': of lists polars has the value alone, not 'grad'"):
        lists.select(module.expression(Spec.of(fl.huber, pred="p", target="y", emit="grad")))
    with pytest.raises(ScoringError, match="column 'a': one number a row: leave multioutput='raw_values' out"):
        frame.select(module.expression(Spec.of(fl.huber, residual="a", multioutput="raw_values")))


@integration
def test_polars_groups():
    polars, module = library("polars")
    frame = polars.DataFrame({"k": [1, 1, 2, 2], "r": [0.5, 1.0, -4.0, None]})
    loss = module.expression(Spec.of(fl.huber, residual="r"))
    assert frame.select(loss.sum().over("k"))["value"].to_list() == [0.625, 0.625, 3.5, 3.5]
    grouped = frame.lazy().group_by("k", maintain_order=True).agg(loss.alias("all"), mean=loss.mean())
    for engine in ("in-memory", "streaming"):
        assert grouped.collect(engine=engine).rows() == [(1, [0.125, 0.5], 0.3125), (2, [3.5, None], 3.5)]


@integration
@pytest.mark.parametrize("kind", ["String", "Categorical", "Enum"])
def test_polars_without_numbers_names_the_column(kind):
    polars, module = library("polars")
    labels = polars.Series(["a", "b"], dtype=polars.Enum(["a", "b"]) if kind == "Enum" else getattr(polars, kind))
    frame = polars.DataFrame({"l": [[1.0, 2.0], [3.0, 4.0]], "y": labels})
    spec = Spec.of(fl.cross_entropy, pred="l", target="y")
    with pytest.raises(TypeError, match="column 'y': expected numbers, got large_string"):
        frame.select(module.expression(spec))


@integration
@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[1.0, 2.0], [3.0]], [0, 0], "column 'l': the list at row 1 has 1 elements, expected 2"),
        ([[1.0, 2.0], [3.0, 4.0]], [0, 2], "column 'y': target 2 at row 1 is out of bounds for 2 classes"),
    ],
)
def test_polars_names_the_row(logits, labels, message):
    polars, module = library("polars")
    frame = polars.DataFrame({"l": logits, "y": labels})
    with pytest.raises(ScoringError, match=message) as caught:
        frame.select(module.expression(Spec.of(fl.cross_entropy, pred="l", target="y")))
    assert isinstance(caught.value, IndexError)


@integration
def test_pandas(table):
    _, module = library("pandas")
    frame = table.to_pandas().set_index(np.arange(1000)[::-1])
    scored = module.score(frame, RESIDUAL)
    assert list(scored) == ["r", "p", "y", "value", "weight"] and scored.index.equals(frame.index)
    np.testing.assert_array_equal(scored["value"], fl.huber(frame["r"].to_numpy()))
    assert list(module.score(frame, Spec.of(fl.huber, residual="r", keep="none"))) == ["value"]
    with pytest.raises(ScoringError, match="no column 'z'"):
        module.score(frame, Spec.of(fl.huber, residual="z"))


@integration
@pytest.mark.parametrize("host", ["pandas", "dask"])
def test_a_column_called_like_an_output_is_not_replaced(host):
    frame, module = framed(host, {"r": [0.5, -4.0], "value": [7, 8]})
    with pytest.raises(ScoringError, match="the input has a column 'value' already: set a prefix"):
        module.score(frame, Spec.of(fl.huber, residual="r"))
    assert list(module.score(frame, Spec.of(fl.huber, residual="r", prefix="h_")).columns) == ["r", "value", "h_value"]
    assert list(module.score(frame, Spec.of(fl.huber, residual="r", keep=["r"])).columns) == ["r", "value"]


@integration
@pytest.mark.parametrize(
    ("host", "names", "pred", "target", "scored"),
    [
        ("pandas", [0, 1, 2], 0, 1, [0, 1, 2, "value"]),
        ("pandas", [0, 1, 2], "0", np.int64(1), [0, 1, 2, "value"]),
        ("pandas", [("a", 1), ("a", 2), 1.5], "('a', 1)", "('a', 2)", [("a", 1), ("a", 2), 1.5, "value"]),
        ("pandas", [["a", "a"], ["x", "y"], [0, 1]], *("('a', 'x', 0)", "('a', 'y', 1)"),
         [("a", "x", 0), ("a", "y", 1), ("value", "", "")]),
        ("dask", [0, 1, 2], 0, 1, [0, 1, 2, "value"]),
    ],
    ids=["numbers", "their text", "tuples", "levels", "numbers in Dask"],
)  # fmt: skip
def test_columns_whose_names_are_no_text(host, names, pred, target, scored):
    values = np.array([[0.5, 1.0, 0.0], [3.0, -1.0, 0.0]])[:, : len(scored) - 1]
    frame, module = framed(host, values, columns=names, index=[4, 4])
    got = module.score(frame, Spec.of(fl.huber, pred=pred, target=target))
    assert list(got.columns) == scored
    got = got.compute(scheduler="synchronous") if host == "dask" else got
    assert got.index.tolist() == [4, 4] and got[scored[-1]].tolist() == fl.huber(values[:, 0], values[:, 1]).tolist()


@integration
@pytest.mark.parametrize("names", [[0, "0", 1], ["a", "a", "1"]])
def test_pandas_with_two_columns_of_one_name(names):
    pandas, module = library("pandas")
    frame = pandas.DataFrame(np.ones((2, 3)), columns=names)
    with pytest.raises(ScoringError, match=f"2 columns are called '{names[0]}'"):
        module.score(frame, Spec.of(fl.huber, residual=1))
    assert list(module.score(frame, Spec.of(fl.huber, residual=1, keep="none")).columns) == ["value"]


@integration
@pytest.mark.parametrize(
    ("kind", "result"),
    [("Int64", "f8"), ("Float32", "f4"), ("boolean", "f8"), ("category", "f8"), ("object", "f8"), ("float16", "f4"),
     ("Sparse[float]", "f8"), ("float[pyarrow]", "f4"), ("decimal128(9, 2)[pyarrow]", "f8")],
)  # fmt: skip
def test_pandas_has_many_kinds_of_numbers(kind, result):
    pandas, module = library("pandas")
    missing = np.nan if kind.startswith(("float16", "Sparse")) else None
    numbers = [True, missing, False] if kind == "boolean" else [1, missing, 0]
    if kind.startswith("decimal"):
        numbers, kind = pa.array(numbers, pa.decimal128(9, 2)), pandas.ArrowDtype(pa.decimal128(9, 2))
    frame = pandas.DataFrame({"r": pandas.Series(numbers, dtype=kind)})
    got = module.score(frame, Spec.of(fl.huber, residual="r"))["value"]
    assert got.dtype == result and got.fillna(-1).tolist() == [0.5, -1, 0]
    assert module.score(frame.head(0), Spec.of(fl.huber, residual="r"))["value"].dtype in (result, "f8")


@integration
@pytest.mark.parametrize("values", [["a"], [2**70], [1j], np.array(["2020-01-01"], "M8[s]")])
def test_pandas_without_numbers_is_one_line(values):
    pandas, module = library("pandas")
    with pytest.raises(TypeError, match="column 'r': expected numbers, got"):
        module.score(pandas.DataFrame({"r": values}), Spec.of(fl.huber, residual="r"))


@integration
@pytest.mark.parametrize("missing", [None, np.nan], ids=str)
def test_pandas_nan_in_lists_is_a_number(missing):
    pandas, module = library("pandas")
    frame = pandas.DataFrame({"p": [[1.0, np.nan], missing, np.array([3.0, 4.0]), [None, 1.0]]})
    spec = Spec.of(fl.huber, residual="p", emit=("value", "weight"), multioutput="raw_values")
    scored = module.score(frame, spec)
    values = [None if value is None else list(value) for value in scored["value"]]
    assert values[0][0] == 0.5 and np.isnan(values[0][1])
    assert values[1] is None and values[2] == [2.5, 3.5] and values[3] is None


@integration
def test_pandas_weights_of_rows():
    """As for files: they do not multiply, but a row of an unknown weight is null."""
    pandas, module = library("pandas")
    frame = pandas.DataFrame({"r": [1.0, 1.0], "w": [3.0, None], "g": ["a", "b"]})
    spec = Spec.of(fl.huber, residual="r", sample_weight="w", by="g")
    assert module.score(frame, spec)["value"].fillna(-1).tolist() == [0.5, -1]


@integration
def test_dask(table):
    _, module = library("dask")
    import dask.dataframe

    frame = dask.dataframe.from_pandas(table.to_pandas(), npartitions=3)
    scored = module.score(frame, RESIDUAL)
    assert list(scored.columns) == ["r", "p", "y", "value", "weight"]
    values = scored["value"].compute(scheduler="synchronous")
    np.testing.assert_array_equal(values, fl.huber(table["r"].to_numpy()))


@integration
@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT"])
def test_duckdb(table, kind):
    duckdb, module = library("duckdb")
    connection = duckdb.connect()
    connection.register("rows", pa.concat_tables([table] * 5))
    module.register(connection, "loss", VALUE, [kind] * 2)
    got = connection.sql(f"SELECT loss(p::{kind}, y::{kind}) AS v FROM rows").to_arrow_table()["v"]
    numbers = {name: table[name].cast(pa.float64() if kind == "DOUBLE" else pa.float32()) for name in "py"}
    assert got.to_pylist() == expected(pa.table(numbers)) * 5
    assert got.type == numbers["p"].type


@integration
def test_duckdb_logits():
    duckdb, module = library("duckdb")
    connection = duckdb.connect()
    spec = Spec.of(fl.cross_entropy, pred="l", target="y", emit=("grad",))
    module.register(connection, "ce", spec, ["DOUBLE[3]", "INTEGER"])
    got = connection.sql("SELECT ce([1.0, 2.0, 3.0]::DOUBLE[3], 1)").fetchall()[0][0]
    assert list(got) == fl.cross_entropy.grad([[1.0, 2.0, 3.0]], [1])[0].tolist()
    with pytest.raises(ScoringError, match="a function of SQL has one result"):
        module.register(connection, "two", RESIDUAL)


@integration
@pytest.mark.parametrize("size", ["", "3"])
@pytest.mark.parametrize("host", ["duckdb", "datafusion"])
def test_lists_of_sql(host, size):
    library_, module = library(host)
    rows = np.random.default_rng(0).standard_normal((40, 3))
    type = pa.list_(pa.float64(), int(size)) if size else pa.list_(pa.float64())
    table = pa.table({"r": pa.array(list(rows), type)})
    spec = Spec.of(fl.huber, residual="r", multioutput="raw_values")
    if host == "duckdb":
        connection = library_.connect()
        connection.register("rows", table)
        module.register(connection, "loss", spec, [f"DOUBLE[{size}]"])
        got = [row for (row,) in connection.sql("SELECT loss(r) FROM rows").fetchall()]
    else:
        context = library_.SessionContext()
        context.register_record_batches("rows", [table.to_batches()])
        context.register_udf(module.function("loss", spec, [type]))
        got = context.sql("SELECT loss(r) AS v FROM rows").to_pydict()["v"]
    np.testing.assert_array_equal(np.array(got), fl.huber(rows))


@integration
@pytest.mark.parametrize("host", ["duckdb", "datafusion"])
def test_functions_of_sql(host):
    """Constants, no rows, lists of no fixed size, and names of columns that are no names in SQL."""
    package, module = library(host)
    logits = Spec.of(fl.cross_entropy, pred='a"b', target='A"B', emit=("grad",))
    if host == "duckdb":
        connection = package.connect()
        module.register(connection, "huber", VALUE)
        module.register(connection, "grad", logits, ["DOUBLE[]", "INTEGER"])

        def rows(query):
            return [row[0] for row in connection.sql(query).fetchall()]

    else:
        context = package.SessionContext()
        context.register_udf(module.function("huber", VALUE))
        context.register_udf(module.function("grad", logits, [pa.list_(pa.float64()), pa.int64()]))

        def rows(query):
            return next(iter(context.sql(query).to_pydict().values()))

    numbers = "FROM (VALUES (0.5), (4.0), (NULL)) AS t(p)"
    assert rows("SELECT huber(1.0, 3.0)") == [1.5] and rows("SELECT huber(NULL, 1)") == [None]
    assert rows(f"SELECT huber(p, 1.0) {numbers}") == rows(f"SELECT huber(1.0, p) {numbers}") == [0.125, 2.5, None]
    assert rows(f"SELECT huber(p, p) {numbers} WHERE p > 9") == []
    assert rows("SELECT grad([1.0, 2.0, 0.0], 1)") == fl.cross_entropy.grad([[1.0, 2.0, 0.0]], [1]).tolist()


@integration
@pytest.mark.parametrize(
    ("options", "types", "message"),
    [
        ({"emit": ("value", "grad")}, ["DOUBLE"] * 2, "emit one output, not value, grad"),
        ({"sample_weight": "w"}, ["DOUBLE"] * 2, "leave sample_weight out"),
        ({}, ["DOUBLE"], "types has 1 types, the loss reads 2: p, y"),
    ],
)
def test_what_a_function_of_sql_cannot_be(options, types, message):
    spec = Spec.of(fl.huber, pred="p", target="y", **options)
    package, module = library("duckdb")
    with pytest.raises(ScoringError, match=message):
        module.register(package.connect(), "f", spec, types)
    with pytest.raises(ScoringError, match=message):
        library("datafusion")[1].function("f", spec, [pa.float64()] * len(types))


@integration
def test_datafusion(table):
    datafusion, module = library("datafusion")
    context = datafusion.SessionContext()
    context.register_record_batches("rows", [table.to_batches(max_chunksize=300)])
    context.register_udf(module.function("loss", VALUE))
    got = pa.Table.from_batches(context.sql("SELECT loss(p, y) AS v FROM rows").collect())
    assert got["v"].to_pylist() == expected(table)


@pytest.fixture(scope="module")
def spark():
    """A session, started once for all tests."""
    pytest.importorskip("pyspark", reason="needs pyspark")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
        yield session
        session.stop()


@integration
@pytest.mark.spark
@pytest.mark.filterwarnings("default")  # pyspark warns of pandas 3
class TestSpark:
    def test_values_and_lists(self, table, spark):
        _, module = library("spark")
        rows = list(zip(*(table[name].to_pylist() for name in "rpy"), strict=True))
        frame = spark.createDataFrame(rows, "r double, p double, y double")
        scored = module.score(frame, RESIDUAL)
        assert scored.columns == ["r", "p", "y", "value", "weight"]
        assert [row["value"] for row in scored.collect()] == expected(table, RESIDUAL)
        frame = spark.createDataFrame([([1.0, 2.0], 1), ([0.0, 5.0], 0)], "l array<double>, y int")
        spec = Spec.of(fl.cross_entropy, pred="l", target="y", emit=("grad",), keep="none")
        got = [row["grad"] for row in module.score(frame, spec).collect()]
        assert got == fl.cross_entropy.grad([[1.0, 2.0], [0.0, 5.0]], [1, 0]).tolist()

    @pytest.mark.parametrize("name", ["value", "Value", "VALUE"])
    def test_a_column_called_like_an_output(self, spark, name):
        """Spark does not tell letters of different case apart, and could not read either."""
        _, module = library("spark")
        frame = spark.createDataFrame([(0.5, 7.0)], f"r double, {name} double")
        with pytest.raises(ScoringError, match=f"the input has a column '{name}' already"):
            module.score(frame, Spec.of(fl.huber, residual="r"))
        prefixed = module.score(frame, Spec.of(fl.huber, residual="r", prefix="h_"))
        assert prefixed.select("value", "h_value").collect() == [(7.0, 0.125)]
        assert module.score(frame, Spec.of(fl.huber, residual="r", keep=["r"])).columns == ["r", "value"]
        spark.conf.set("spark.sql.caseSensitive", "true")
        try:
            if name != "value":
                assert module.score(frame, Spec.of(fl.huber, residual="r")).columns == ["r", name, "value"]
        finally:
            spark.conf.unset("spark.sql.caseSensitive")

    def test_carried_columns_of_any_type_come_out_as_they_are(self, spark):
        _, module = library("spark")
        frame = spark.sql(
            "SELECT 4.0D AS r, timestamp '2020-01-01 00:00:00' AS t, timestamp_ntz '2020-01-01 00:00:00' AS n, "
            "date '0001-01-01' AS d, map('a', 1) AS m, struct(1 AS a) AS s, array(1) AS l, interval 1 day AS i, "
            "1.5BD AS x, null AS v"
        )
        scored = module.score(frame, Spec.of(fl.huber, residual="r"))
        assert scored.drop("value").schema == frame.schema
        assert scored.collect() == [(*frame.collect()[0], 3.5)]


@integration
@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "spark"])
def test_the_examples(name):
    result = doctest.testmod(library(name)[1])
    assert result.attempted and not result.failed


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_missing_library_is_one_line(monkeypatch, name):
    monkeypatch.setitem(sys.modules, LIBRARIES[name], None)
    module = importlib.import_module(f"fastloss.integrations.{name}")
    calls = {
        "polars": lambda: module.expression(VALUE),
        "duckdb": lambda: module.register(None, "f", VALUE),
        "datafusion": lambda: module.function("f", VALUE),
    }
    with pytest.raises(ImportError, match=r"^fastloss.integrations needs .*pip install 'fastloss\[integrations\]'$"):
        calls.get(name, lambda: module.score(None, VALUE))()
