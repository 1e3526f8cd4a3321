"""Columns of every type: carried as they are, read as numbers, labels, lists and fields of structs."""

import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pytest
from tables import TABLES, read, write

import fastloss as fl
from fastloss import cli
from fastloss.files import ScoringError, Spec, batch_function, reading

BINARY = [format for format in TABLES if format != "csv"]
OPTIONS = {"loss": fl.huber, "residual": "r"}
ENTROPY = {"loss": fl.cross_entropy, "pred": "l", "target": "y"}
Decimal = decimal.Decimal


@pytest.fixture(params=[2, reading.MAX_ROWS], ids=["small batches", "one batch"])
def batch_rows(request, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", request.param)


# ---- carried --------------------------------------------------------------------------------------------------------

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double", "date32"]
VALUES = {pa.type_for_alias(name): [1, None, 3, 0, 100, 1] for name in NUMBERS}
VALUES |= {pa.timestamp(unit, zone): [1, None, -3, 0, 5, 1] for unit in ("ms", "us", "ns") for zone in (None, "UTC")}
VALUES |= {pa.timestamp("us", "America/New_York"): [1, None, -3, 0, 5, 1]}
VALUES |= {pa.duration(unit): [1, None, -3, 0, 5, 1] for unit in ("s", "ms", "us", "ns")}
VALUES |= {type: [1, None, 3, 0, 5, 1] for type in (pa.time32("ms"), pa.time64("us"), pa.time64("ns"))}
VALUES |= {type: ["a", None, "", "é" * 20, "b", "a"] for type in (pa.string(), pa.large_string(), pa.string_view())}
VALUES |= {type: [b"a", None, b"", b"\xff" * 20, b"b", b"a"] for type in (pa.binary(), pa.large_binary())}
DECIMALS = pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 2), pa.decimal256(76, 2)
VALUES |= {type: [Decimal("1.25"), None] * 3 for type in DECIMALS}
VALUES |= {pa.uint64(): [2**64 - 1, None] * 3, pa.bool_(): [True, None, False] * 2, pa.null(): [None] * 6}
VALUES |= {pa.float16(): [np.float16(1.5), None] * 3, pa.binary(3): [b"a\0b", None] * 3}
LISTS = [[1, 2], None, [], [3, None], [4], [5, 6, 7]]
VALUES |= {kind(pa.int32()): LISTS for kind in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view)}
VALUES |= {pa.list_(pa.int32(), 2): [[1, 2], None, [3, None]] * 2, pa.map_("string", "int32"): [[("a", 1)], None] * 3}
STRUCT = pa.struct([("a", pa.timestamp("ns")), pa.field("b", pa.list_(pa.string()), metadata={"k": "v"})])
VALUES |= {STRUCT: [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}] * 2}
ARROW_ONLY = {pa.timestamp("s"): [1, None] * 3, pa.time32("s"): [1, None] * 3, pa.binary_view(): [b"a", None] * 3}
ARROW_ONLY |= {pa.date64(): [0, None] * 3, pa.month_day_nano_interval(): [(1, 2, 3), None] * 3}
COLUMNS = {str(type): pa.array(values, type) for type, values in (VALUES | ARROW_ONLY).items()}
WORDS = pa.array(["b", "a", None, "b", "a", "b"])
KEYS = {"string": WORDS, "large": WORDS.cast(pa.large_string()), "decimal": COLUMNS["decimal128(38, 2)"]}
KEYS |= {"int": COLUMNS["int64"], "date": COLUMNS["date32[day]"], "view": WORDS.cast(pa.string_view())}
COLUMNS |= {f"dictionary of {name}": array.dictionary_encode() for name, array in KEYS.items() if name != "view"}
INDICES = pa.array([0, 2, None, 1, 0, 1], pa.uint8())
COLUMNS["ordered"] = pa.DictionaryArray.from_arrays(INDICES, pa.array(["z", "a", "b"]), ordered=True)
VIEWS = pa.DictionaryArray.from_arrays(INDICES, pa.array(["z", "a", "b"], pa.string_view()))
COLUMNS["in structs"] = pa.StructArray.from_arrays([COLUMNS["dictionary of string"]], ["word"])
COLUMNS["in lists"] = pa.ListArray.from_arrays(np.arange(7, dtype=np.int32), COLUMNS["dictionary of string"])
COLUMNS["runs"] = pa.RunEndEncodedArray.from_arrays([3, 6], ["a", None])
COLUMNS["uuid"] = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16))] * 6, pa.binary(16)))
COLUMNS["json"] = pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", None] * 3))
TENSOR = pa.fixed_shape_tensor(pa.float32(), [2, 1])
COLUMNS["tensor"] = pa.ExtensionArray.from_storage(TENSOR, pa.array([[1, 2]] * 6, TENSOR.storage_type))
COLUMNS["union"] = pa.UnionArray.from_sparse(pa.array([0, 1] * 3, pa.int8()), [COLUMNS["int32"], COLUMNS["string"]])


def plain(column):
    """Its values; nanoseconds as integers, as Python's own types do not hold them."""
    if pa.types.is_struct(column.type):
        return [column.is_null().to_pylist(), *map(plain, column.flatten())]
    is_fine = pa.types.is_temporal(column.type) and getattr(column.type, "unit", None) == "ns"
    return (column.cast(pa.int64()) if is_fine else column).to_pylist()


@pytest.mark.parametrize("after", BINARY)
@pytest.mark.parametrize("before", BINARY)
@pytest.mark.parametrize("name", COLUMNS)
def test_types_values_and_metadata_are_carried(tmp_path, name, before, after, monkeypatch):
    """As pyarrow reads and writes them, whatever is in a batch; what it cannot write is refused."""
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    field = pa.field("c", COLUMNS[name].type, metadata={"of": "field"})
    schema = pa.schema([("r", pa.float64()), field], metadata={"of": "schema"})
    table = pa.table([np.arange(6.0), COLUMNS[name]], schema=schema)
    source, scored = tmp_path / f"in.{before}", tmp_path / f"out.{after}"
    try:
        if before == "parquet":
            pa.parquet.write_table(table, source, row_group_size=3)
        else:
            write(source, table)
    except pa.ArrowException:
        pytest.skip("pyarrow cannot write it")
    table = read(source)
    try:
        expected = read(write(tmp_path / f"copy.{after}", table))
    except pa.ArrowException:
        with pytest.raises(ScoringError, match=f"column 'c' holds .*, which {after.title()} cannot: choose another"):
            fl.score(source, scored, **OPTIONS)
        return
    fl.score(source, scored, **OPTIONS)
    got = read(scored).drop_columns("value")
    assert got.schema.equals(expected.schema, check_metadata=True)
    assert plain(got["c"]) == plain(expected["c"]) == plain(table["c"])


@pytest.mark.parametrize("after", BINARY)
def test_dictionaries_of_views(tmp_path, after):
    """As polars makes them."""
    source = write(tmp_path / "in.arrow", pa.table({"r": np.arange(6.0), "c": VIEWS}))
    fl.score(source, tmp_path / f"out.{after}", **OPTIONS)
    got = read(tmp_path / f"out.{after}")["c"].combine_chunks()
    assert got.to_pylist() == ["z", "b", None, "a", "z", "a"]
    assert got.type == (pa.dictionary(pa.uint8(), pa.string()) if after == "parquet" else VIEWS.type)


def test_a_dictionary_that_grows_is_one_in_arrow_files(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    chunks = [pa.array(words).dictionary_encode() for words in (["a", "b"], ["c", None], ["a", "c"])]
    table = pa.table({"r": np.arange(6.0), "c": pa.chunked_array(chunks)})
    with pa.ipc.new_stream(tmp_path / "in.arrow", table.schema) as writer:
        writer.write_table(table)
    pa.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    for source in ("in.arrow", "in.parquet"):
        fl.score(tmp_path / source, tmp_path / "out.arrow", **OPTIONS)
        with pa.ipc.open_file(tmp_path / "out.arrow") as file:
            assert file.stats.num_dictionary_deltas == 0
            assert file.read_all()["c"].combine_chunks().equals(table["c"].combine_chunks())


def spark_row(*fields):
    rows = [{"name": name, "type": type, "nullable": True, "metadata": {}} for name, type in fields]
    return json.dumps({"type": "struct", "fields": rows})


@pytest.mark.parametrize("keep", ["all", "none", ["s"]])
def test_what_spark_says_of_the_columns_holds_with_the_losses(tmp_path, keep):
    key = "org.apache.spark.sql.parquet.row.metadata"
    told = {key: spark_row(("r", "double"), ("s", "string")), "org.apache.spark.version": "4.0.0"}
    table = pa.table({"r": pa.array([0.5, None]), "s": ["a", "b"]}).replace_schema_metadata(told)
    options = {"emit": ("value", "grad"), "keep": keep, **OPTIONS}
    fl.score(write(tmp_path / "in.parquet", table), tmp_path / "out.parquet", **options)
    scored = read(tmp_path / "out.parquet")
    kinds = {"r": "double", "s": "string", "value": "double", "grad": "double"}
    expected = spark_row(*((name, kinds[name]) for name in scored.column_names))
    assert json.loads(scored.schema.metadata[key.encode()]) == json.loads(expected)
    assert scored.schema.metadata[b"org.apache.spark.version"] == b"4.0.0"
    other = write(tmp_path / "other.parquet", pa.table({"r": [0.5], "t": [1]}))
    fl.score([tmp_path / "in.parquet", other], tmp_path / "out.parquet", **OPTIONS)
    assert key.encode() not in read(tmp_path / "out.parquet").schema.metadata  # nothing tells Spark's type of t


def test_what_spark_says_of_class_gradients(tmp_path):
    key = "org.apache.spark.sql.parquet.row.metadata"
    table = pa.table({"l": of_type("list", ROWS), "y": [0] * 4}).replace_schema_metadata({key: spark_row()})
    fl.score(write(tmp_path / "in.parquet", table), tmp_path / "out.parquet", emit=["grad"], **ENTROPY)
    (field,) = json.loads(read(tmp_path / "out.parquet").schema.metadata[key.encode()])["fields"]
    assert field["type"] == {"type": "array", "elementType": "float", "containsNull": True}


def test_names_of_pandas_that_are_no_text(tmp_path):
    """It makes numbers of all names where they were, and "value" is none."""
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({0: [0.5, 2.0], 1: [7, 8]}).to_parquet(tmp_path / "in.parquet")
    fl.score(tmp_path / "in.parquet", tmp_path / "out.parquet", loss=fl.huber, residual="0")
    assert pandas.read_parquet(tmp_path / "out.parquet").columns.tolist() == ["0", "1", "value"]


def test_intervals_of_parquet_go_into_no_other_format(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    duckdb.sql(f"copy (select 2.0::double r, interval 1 month i) to '{tmp_path}/in.parquet'")
    with pytest.raises(
        ScoringError, match=r"in.parquet: column 'i' is an INTERVAL, which cannot be carried: keep fewer"
    ):
        fl.score(tmp_path / "in.parquet", tmp_path / "out.arrow", **OPTIONS)
    fl.score(tmp_path / "in.parquet", tmp_path / "out.arrow", keep="r", **OPTIONS)
    assert fl.score(tmp_path / "in.parquet", **OPTIONS).count == 1
    with pytest.raises(
        ScoringError, match="column 'i' is an INTERVAL, which worst rows cannot have: score without worst"
    ):
        fl.score(tmp_path / "in.parquet", worst=1, **OPTIONS)


# ---- 96-bit timestamps ----------------------------------------------------------------------------------------------


def write_int96(path, table, metadata=None):
    table = table.replace_schema_metadata(metadata)
    pa.parquet.write_table(table, path, use_deprecated_int96_timestamps=True, row_group_size=3)
    return path


def instants(*texts, unit="us"):
    return pa.array(np.array(texts, f"datetime64[{unit}]"))


FAR = instants("0001-01-01", "NaT", "9999-12-31T23:59:59.999999", "2020-02-02", "10000-01-01", "1677-01-01")


@pytest.mark.parametrize("after", BINARY)
@pytest.mark.parametrize("kind", ["plain", "list", "struct", "map"])
def test_int96_of_any_year_are_the_same_instants(tmp_path, kind, after, batch_rows):
    column = {
        "plain": FAR,
        "list": pa.ListArray.from_arrays(np.arange(7, dtype=np.int32), FAR),
        "struct": pa.StructArray.from_arrays([FAR, FAR], ["a", "b"]),
        "map": pa.MapArray.from_arrays(np.arange(7, dtype=np.int32), pa.array(list("abcdef")), FAR),
    }[kind]
    source = write_int96(tmp_path / "in.parquet", pa.table({"r": np.arange(6.0), "t": column}))
    fl.score(source, tmp_path / f"out.{after}", **OPTIONS)
    if after == "parquet":  # in which they stay what they are
        scored = pa.parquet.read_table(tmp_path / "out.parquet", coerce_int96_timestamp_unit="us")
    else:
        scored = read(tmp_path / f"out.{after}")
    got = scored["t"].combine_chunks()
    assert got.cast(column.type).equals(column)  # lists of Parquet call their elements otherwise


def test_int96_keep_their_nanoseconds(tmp_path):
    fine = instants("2020-01-01T00:00:00.123456789", "1678-01-01", unit="ns")
    source = write_int96(tmp_path / "in.parquet", pa.table({"r": [1.0, 2.0], "t": fine, "far": FAR[:2]}))
    with pytest.raises(ScoringError, match=r"in.parquet: the 96-bit timestamps in 't', 'far' have nanoseconds as well"):
        fl.score(source, tmp_path / "out.arrow", **OPTIONS)
    for name, column in (("t", fine), ("far", FAR[:2])):
        fl.score(source, tmp_path / "out.arrow", keep=name, **OPTIONS)
        assert read(tmp_path / "out.arrow")[name].combine_chunks().equals(column)


def test_int96_of_spark_are_microseconds(tmp_path):
    """Which Spark reads again; it refuses nanoseconds. From another file beside, nothing is copied."""
    table = pa.table({"r": [1.0], "t": instants("2020-02-02T00:00:00.000001")})
    source = write_int96(tmp_path / "in.parquet", table, {"org.apache.spark.version": "3.5.0"})
    fl.score([source, write(tmp_path / "none.arrow", table[:0])], tmp_path / "out.parquet", **OPTIONS)
    assert read(tmp_path / "out.parquet")["t"].combine_chunks().equals(table["t"].combine_chunks())


def test_groups_by_int96(tmp_path):
    source = write_int96(tmp_path / "in.parquet", pa.table({"r": np.arange(6.0), "s": [{"t": t} for t in FAR]}))
    groups = fl.score(source, by="s.t", **OPTIONS).groups
    losses = {None if key is None else key.split("-")[0]: group.sum for key, group in groups.items()}
    assert losses == {"0001": 0.0, "9999": 1.5, "2020": 2.5, "10000": 3.5, "1677": 4.5, None: 0.5}


# ---- lists of logits ------------------------------------------------------------------------------------------------

ROWS = [None, [0.5, 1.0, 2.0], [2.0, None, 1.0], [3.0, 0.0, 1.0]]


def of_type(kind, rows):
    if kind == "tensor":
        storage = pa.array([row or [None] * 3 for row in rows], pa.list_(pa.float32(), 3))
        return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [3]), storage)
    make = {"fixed": lambda type: pa.list_(type, 3), "list": pa.list_, "large": pa.large_list}
    make |= {"view": pa.list_view, "large view": pa.large_list_view}
    return pa.array(list(rows), make[kind](pa.float32()))


@pytest.mark.parametrize("start", [0, 1, 2, 4])
@pytest.mark.parametrize("kind", ["fixed", "list", "large", "view", "large view", "tensor"])
@pytest.mark.parametrize("role", ["logits", "probabilities"])
def test_every_kind_of_list(kind, role, start):
    from fastloss.files.batch import score_batch
    from fastloss.files.spec import Spec

    column, other = of_type(kind, ROWS), np.full((4, 3), 0.25, np.float32)
    pred, target = (column, of_type("fixed", other)) if role == "logits" else (of_type("fixed", other), column)
    batch = pa.record_batch({"l": pred, "y": target}).slice(start)
    losses = score_batch(batch, Spec.of(fl.cross_entropy, "l", "y"), 3)
    value = losses.to_arrow()[0]
    assert value.is_null().to_pylist() == [True, False, True, False][start:]
    for row in {1, 3} & set(range(start, 4)):
        given = np.float32([ROWS[row]]), other[:1]
        assert value[row - start].as_py() == fl.cross_entropy(*given[:: 1 if role == "logits" else -1])[0]


def test_views_that_overlap_and_are_in_no_order(tmp_path):
    arrays = [pa.array(ints, pa.int32()) for ints in ([3, 0, 1], [2, 2, 2])]
    views = pa.ListViewArray.from_arrays(*arrays, pa.array([0.0, 1.0, 2.0, 3.0, 5.0]))
    source = write(tmp_path / "in.arrow", pa.table({"l": views, "y": [1, 0, 1]}))
    fl.score(source, tmp_path / "out.arrow", **ENTROPY)
    expected = fl.cross_entropy(np.array([[3.0, 5.0], [0.0, 1.0], [1.0, 2.0]]), np.array([1, 0, 1]))
    np.testing.assert_array_equal(read(tmp_path / "out.arrow")["value"].to_numpy(), expected)


def test_lists_that_are_no_rows_of_logits(tmp_path):
    shaped = pa.ExtensionArray.from_storage(TENSOR, pa.array([[1, 2]], TENSOR.storage_type))
    for column, message in (
        (shaped, "tensors of shape"),
        (pa.array([[]], pa.list_(pa.float32())), "at row 0 has 0 el"),
    ):
        source = write(tmp_path / "in.parquet", pa.table({"l": column, "y": [0]}))
        with pytest.raises(ScoringError, match=f"in.parquet: column 'l': .*{message}"):
            fl.score(source, **ENTROPY)


def logits(rows, type=None):
    return pa.table({"l": pa.array(rows, type or pa.list_(pa.float32())), "y": [2] * len(rows)}).cast(
        pa.schema([("l", type or pa.list_(pa.float32())), ("y", pa.int64())])
    )


def test_files_without_a_list_have_the_classes_of_the_others(tmp_path):
    (tmp_path / "in").mkdir()
    whole, parts = [[0.5, 1.0, 2.0], None], {"a": [None] * 2, "b": [], "c": [[0.5, 1.0, 2.0], None], "d": [None]}
    for name, rows in parts.items():
        write(tmp_path / "in" / f"{name}.parquet", logits(rows, pa.null() if name == "d" else None))
    options = {"emit": ("value", "grad"), **ENTROPY}
    summary = fl.score(tmp_path / "in", tmp_path / "out", **options)
    assert (summary.count, summary.null) == (1, 4)
    scored = [read(tmp_path / "out" / f"{name}.parquet") for name in parts]
    assert {table.schema.field("grad").type.list_size for table in scored} == {3}
    value, grad = fl.cross_entropy.value_and_grad(np.float32(whole[:1]), [2])
    together = pa.dataset.dataset(tmp_path / "out", exclude_invalid_files=True).to_table()
    assert together["value"].to_pylist() == [None, None, value[0], None, None]
    assert together["grad"].to_pylist() == [None, None, grad[0].tolist(), None, None]
    assert fl.score(tmp_path / "in", tmp_path / "one.parquet", **options) == summary
    assert read(tmp_path / "one.parquet")["grad"].to_pylist() == together["grad"].to_pylist()
    (tmp_path / "in" / "c.parquet").unlink()  # and with it what tells the number of classes
    (tmp_path / "out" / "c.parquet").unlink()
    fl.score(tmp_path / "in", tmp_path / "out", resume=True, **options)
    assert pa.types.is_list(read(tmp_path / "out" / "a.parquet").schema.field("grad").type)


@pytest.mark.parametrize("multioutput", ["uniform_average", "raw_values"])
@pytest.mark.parametrize("there", ["p", "y", None])
def test_a_column_of_nothing_beside_lists(tmp_path, there, multioutput):
    """As pandas writes one in which all lists are missing."""
    lists = pa.array([[1.0, 2.0], None], pa.list_(pa.float64()))
    table = pa.table({name: lists if name == there else pa.nulls(2) for name in "py"})
    options = {"loss": fl.huber, "pred": "p", "target": "y", "multioutput": multioutput}
    summary = fl.score(write(tmp_path / "in.parquet", table), tmp_path / "out.parquet", **options)
    assert (summary.count, summary.null) == (0, 2)
    assert read(tmp_path / "out.parquet")["value"].to_pylist() == [None, None]


def test_row_groups_without_a_list(tmp_path):
    table = logits([None, None, None, None, [0.5, 1.0, 2.0], None])
    pa.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    summary = fl.score(tmp_path / "in.parquet", f"{tmp_path}/out/", fragment_rows=2, emit="grad", **ENTROPY)
    assert (summary.count, summary.null) == (1, 5)
    scored = [read(path) for path in (tmp_path / "out").glob("in*.parquet")]
    assert [table.schema.field("grad").type.list_size for table in scored] == [3, 3, 3]


# ---- labels ---------------------------------------------------------------------------------------------------------

LABELS = {kind: pa.array([2, None, 0, -100], kind) for kind in ("float", "double", "int8")}
LABELS |= {"half": pa.array(np.float16([2, 1, 0, -100]), mask=np.array([0, 1, 0, 0], bool))}
for made in (pa.decimal32(9, 0), pa.decimal64(18, 3), pa.decimal128(38, 0), pa.decimal256(76, 2)):
    LABELS[str(made)] = pa.array([Decimal(2), None, Decimal(0), Decimal(-100)], made)
LABELS["dictionary"] = LABELS["double"].dictionary_encode()


@pytest.mark.parametrize("format", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_type_that_are_whole(tmp_path, kind, format):
    values = np.float32([[0.5, 1.0, 2.0]] * 4)
    source = write(tmp_path / f"in.{format}", pa.table({"l": of_type("list", values), "y": LABELS[kind]}))
    summary = fl.score(source, tmp_path / "out.parquet", **ENTROPY)
    assert (summary.count, summary.null, summary.ignored) == (2, 1, 1)
    value = fl.cross_entropy(values[:2], [2, 0])
    assert read(tmp_path / "out.parquet")["value"].to_pylist() == [value[0], None, value[1], 0.0]
    assert read(tmp_path / "out.parquet").schema.field("value").type == pa.float32()  # a label does not widen


@pytest.mark.parametrize("type", [pa.int64(), pa.int8(), pa.uint16()], ids=str)
@pytest.mark.parametrize("kind", [pa.list_, pa.large_list, pa.list_view])
def test_labels_in_lists_of_one(tmp_path, kind, type):
    """As in an array of shape (n, 1); a row of no list is null."""
    labels = pa.array([[1], None, [0]], kind(type, 1) if kind is pa.list_ and type == pa.int8() else kind(type))
    logits = [[1.0, 2.0], [0.0, 1.0], [0.5, -1.0]]
    source = write(tmp_path / "in.arrow", pa.table({"l": logits, "y": labels}))
    fl.score(source, tmp_path / "out.arrow", **ENTROPY)
    value = fl.cross_entropy(np.array(logits), np.array([1, 0, 0])).tolist()
    assert read(tmp_path / "out.arrow")["value"].to_pylist() == [value[0], None, value[2]]
    fl.score(source, tmp_path / "out.arrow", **(ENTROPY | {"loss": fl.nll}))


def test_labels_in_lists_of_several(tmp_path):
    source = write(tmp_path / "in.arrow", pa.table({"l": [[1.0, 2.0]] * 2, "y": [[0], [0, 1]]}))
    with pytest.raises(ScoringError, match="column 'y': the list at row 1 has 2 elements, expected 1"):
        fl.score(source, **ENTROPY)
    teacher = write(tmp_path / "in.arrow", pa.table({"l": [[1.0, 2.0]] * 2, "y": [[0, 1], [2, 0]]}))
    assert fl.score(teacher, **(ENTROPY | {"loss": fl.distillation})).count == 2  # whose targets are logits


@pytest.mark.parametrize("label", [0.5, float("nan"), float("inf"), Decimal("1.50"), Decimal(10) ** 20])
def test_labels_that_are_none(tmp_path, label):
    column = pa.array([1.0, None, label] if isinstance(label, float) else [Decimal("1.00"), None, label])
    source = write(tmp_path / "in.parquet", pa.table({"l": of_type("list", [[0.5, 1.0, 2.0]] * 3), "y": column}))
    with pytest.raises(
        ScoringError, match=f"in.parquet: column 'y': target {label}.* at row 2 is no label: labels are"
    ):
        fl.score(source, **ENTROPY)


def test_labels_under_a_null_are_not_read(tmp_path):
    table = pa.table({"l": of_type("list", [None, [0.5, 1.0, 2.0], ROWS[1]]), "y": [7, 2, 7], "w": [1.0, 1.0, None]})
    source = write(tmp_path / "in.parquet", table)
    summary = fl.score(source, sample_weight="w", **ENTROPY)
    assert (summary.count, summary.null) == (1, 2)


# ---- fields of structs ----------------------------------------------------------------------------------------------

PEOPLE = pa.table(
    {
        "s": [{"p": 1.0, "q": {"y": 0.5}}, None, {"p": 3.0, "q": None}, {"p": 2.0, "q": {"y": 1.0}}],
        "g": [{"k": "a"}, {"k": "b"}, None, {"k": "a"}],
        "x.y": [0.0, 0.0, 0.0, 1.0],
    }
)
FIELDS = {"loss": fl.squared_error, "pred": "s.p", "target": "s.q.y"}


@pytest.mark.parametrize("format", BINARY)
def test_fields_of_structs(tmp_path, format, batch_rows):
    source, scored = write(tmp_path / f"in.{format}", PEOPLE), tmp_path / f"out.{format}"
    summary = fl.score(source, scored, by="g.k", sample_weight="s.p", **FIELDS)
    assert (summary.count, summary.null, summary.weighted_sum) == (2, 2, 1 * 0.25 + 2 * 1.0)
    assert {key: group.rows for key, group in summary.groups.items()} == {"a": 2, "b": 1, None: 1}
    assert read(scored)["value"].to_pylist() == [0.25, None, None, 1.0]
    assert read(scored).drop_columns("value").to_pydict() == PEOPLE.to_pydict()
    fl.score(source, scored, keep="none", **FIELDS)
    assert read(scored).column_names == ["value"]


def test_a_column_comes_before_a_field_of_its_name(tmp_path):
    table = PEOPLE.append_column("s.p", pa.array([1.0, 2.0, 3.0, 4.0])).append_column("x", pa.array([{"y": 9.0}] * 4))
    source = write(tmp_path / "in.parquet", table)
    fl.score(source, tmp_path / "out.parquet", loss=fl.squared_error, pred="s.p", target="x.y")
    assert read(tmp_path / "out.parquet")["value"].to_pylist() == [1, 4, 9, 9]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pred": "s.z"}, "no column 's.z'; there are 's', 's.p', 's.q', 'g', 'x.y'"),
        ({"pred": "s.q.z"}, "no column 's.q.z'; there are 's', 's.p', 's.q', 's.q.y', 'g', 'x.y'"),
        ({"pred": "x.z"}, "no column 'x.z'; there are 's', 'g', 'x.y'"),
        ({"pred": "s"}, "column 's': expected numbers, got struct"),
        ({"keep": "s.p"}, "'s.p' is part of a column, and columns are kept whole: keep 's'"),
    ],
)
def test_fields_that_are_not_there(tmp_path, options, message):
    source = write(tmp_path / "in.parquet", PEOPLE)
    with pytest.raises(ScoringError, match=f"in.parquet: {message}"):
        fl.score(source, tmp_path / "out.parquet", **FIELDS | options)


def test_fields_on_the_command_line(tmp_path, capfd):
    source, scored = write(tmp_path / "in.parquet", PEOPLE), tmp_path / "out.parquet"
    options = ["--loss", "squared_error", "--pred", "s.p", "--target", "s.q.y", "--by", "g.k", "--weight", "s.p"]
    assert cli.main(["score", str(source), "-o", str(scored), "--json", *options]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert (printed["by"], printed["groups"][0]["value"], printed["groups"][0]["count"]) == ("g.k", "a", 2)
    assert read(scored).column_names == [*PEOPLE.column_names, "value"]
    assert cli.main(["score", str(source), *options, "--residual", "s.q.x"]) == 2


def test_fields_in_batches():
    score = fl.scoring.batch_function(fl.scoring.Spec.of(fl.squared_error, "s.p", "s.q.y", keep="none"))
    batch = PEOPLE.to_batches()[0]
    assert score(batch.slice(1)).to_pydict() == {"value": [None, None, 1.0]}
    assert score.schema(PEOPLE.schema).names == ["value"]


def test_only_the_fields_that_are_used_are_decoded(tmp_path):
    from fastloss.files.readers.tables import ParquetSource
    from fastloss.files.spec import Spec

    with write(tmp_path / "in.parquet", PEOPLE).open("rb") as file:
        (batch,) = ParquetSource("in.parquet", file, Spec.of(**FIELDS, keep="none")).batches(["s.p"])
    assert batch.schema == pa.schema([("s", pa.struct([("p", pa.float64())]))])


@pytest.mark.parametrize("type", [*DECIMALS, pa.decimal128(20, 10), pa.decimal128(5, -3)], ids=str)
def test_decimals_are_rounded_once(type):
    """To the float that Python makes of them."""
    digits = min(type.precision, 18)
    whole = np.random.default_rng(0).integers(-(10**digits) + 1, 10**digits, 1000).tolist()
    values = [None, Decimal(0), *(Decimal(number).scaleb(-type.scale) for number in whole)]
    batch = pa.RecordBatch.from_pydict({"r": pa.array(values, type)})
    batch = batch_function(Spec.of(fl.half_squared_error, residual="r", emit=("grad",)))(batch)
    assert batch["grad"].to_pylist() == [None if value is None else float(value) for value in values]


def test_feather_of_version_1_is_refused(tmp_path):
    (tmp_path / "in.feather").write_bytes(b"FEA1" + bytes(60) + b"FEA1")  # as they begin and end
    with pytest.raises(ScoringError, match=r"in.feather: Feather of version 1 is not read: write version 2 with pyarr"):
        fl.score(tmp_path / "in.feather", **OPTIONS)


# ---- lists of no numbers ---------------------------------------------------------------------------------------------

EMPTY_LISTS = [
    pa.list_(pa.float32()),
    pa.large_list(pa.float64()),
    pa.list_view(pa.float64()),
    pa.list_(pa.float64(), 0),
]
USES = {
    "logits": {"loss": "cross_entropy", "pred": "l", "target": "y"},
    "probabilities": {"loss": "cross_entropy", "pred": "l", "target": "m"},
    "pred": {"loss": "squared_error", "pred": "l", "target": "m"},
    "residual": {"loss": "squared_error", "residual": "l"},
}


@pytest.mark.parametrize("type", EMPTY_LISTS, ids=str)
@pytest.mark.parametrize("use", USES)
def test_a_list_of_no_numbers_has_no_loss(tmp_path, use, type):
    """As arrays of shape (n, 0) have none; a null one is null."""

    def scored(rows):
        lists = pa.array(rows, type)
        table = pa.table({"l": lists, "m": lists, "y": pa.array([0] * len(rows), pa.int8())}).slice(1)
        return fl.score(write(tmp_path / "in.arrow", table), tmp_path / "out.arrow", **USES[use])

    for rows in ([None, [], []], [[], None, None, [], None]):
        row = rows.index([], 1) - 1
        with pytest.raises(IndexError, match=f"'l': the list at row {row} has 0 elements, expected one a class$"):
            scored(rows)
        assert not (tmp_path / "out.arrow").exists()
    summary = scored([[], None, None])
    assert (summary.count, summary.null, summary.rows) == (0, 2, 2)
    assert scored([[]]).rows == 0
