"""Scoring of files in every format: the rows that are written, and the summary of them."""

import decimal
import io
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from catalogue import ROWWISE
from oracles.row_samples import target_of
from tables import TABLES, read, write

import fastloss as fl
from fastloss.files import Summary, reading
from fastloss.files.writers import sinks as writers

HUBER = fl.huber.bind(delta=1.345)


@pytest.fixture
def residuals():
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "id": np.arange(200),
            "y_hat": rng.standard_normal(200),
            "y": rng.standard_normal(200) * 2,
            "name": [f"row {i}" for i in range(200)],
        }
    )


@pytest.fixture
def logits():
    rng = np.random.default_rng(1)
    return rng.standard_normal((50, 5)).astype(np.float32), rng.integers(0, 5, 50)


@pytest.fixture(params=[7, reading.MAX_ROWS], ids=["small batches", "one batch"])
def batch_rows(request, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", request.param)


def lists(values, kind="fixed"):
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    offsets = np.arange(0, values.size + 1, values.shape[1])
    if kind == "large":
        return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)


@pytest.mark.parametrize("before", TABLES)
@pytest.mark.parametrize("after", TABLES)
def test_rows_carried_and_scored_in_every_format(tmp_path, residuals, before, after, batch_rows):
    source, destination = write(tmp_path / f"in.{before}", residuals), tmp_path / f"out.{after}"
    emit = ("value", "grad", "weight")
    summary = fl.score(source, destination, loss=HUBER, pred="y_hat", target="y", emit=emit)

    scored = read(destination)
    expected = HUBER.evaluate(residuals["y_hat"].to_numpy(), residuals["y"].to_numpy(), outputs=emit)
    assert scored.column_names == ["id", "y_hat", "y", "name", *emit]
    assert scored.select(residuals.column_names).to_pydict() == residuals.to_pydict()
    for name, values in zip(emit, expected, strict=True):
        np.testing.assert_array_equal(scored[name].to_numpy(), values)
    value, *others = map(Summary.of, expected)
    assert summary == replace(value, outputs=dict(zip(emit[1:], others, strict=True)))


@pytest.mark.parametrize("format", [*TABLES, "npy"])
def test_the_summary_does_not_depend_on_format_or_batches(tmp_path, residuals, format, batch_rows):
    if format == "npy":
        source, target = tmp_path / "in.npy", str(tmp_path / "y.npy")
        np.save(source, residuals["y_hat"].to_numpy())
        np.save(target, residuals["y"].to_numpy())
        got = fl.score(source, loss=HUBER, target=target)
    else:
        source = write(tmp_path / f"in.{format}", residuals)
        got = fl.score(source, loss=HUBER, pred="y_hat", target="y")
    expected = Summary.of(HUBER(residuals["y_hat"].to_numpy(), residuals["y"].to_numpy())).of_loss(repr(HUBER))
    assert got.to_json() == expected.to_json()


@pytest.mark.parametrize(
    ("pred", "target", "result"),
    [
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
        ("float32", "float64", "float64"),
        ("float32", "int64", "float32"),
        ("float32", "uint8", "float32"),
        ("float16", "float16", "float32"),
        ("int32", "int32", "float64"),
        ("bool", "int8", "float64"),
    ],
)
def test_dtypes_are_those_of_the_loss(tmp_path, pred, target, result):
    arrays = np.array([1, 0, 1]).astype(pred), np.array([0, 1, 1]).astype(target)
    source = write(tmp_path / "in.parquet", pa.table(dict(zip("py", arrays, strict=True))))
    fl.score(source, tmp_path / "out.parquet", loss=fl.huber, pred="p", target="y")
    scored = read(tmp_path / "out.parquet")["value"]
    assert scored.type.to_pandas_dtype() == np.dtype(result)
    np.testing.assert_array_equal(scored.to_numpy(), fl.huber(*arrays))


def test_decimals_are_numbers(tmp_path):
    column = pa.array([1, 3], pa.decimal128(10, 2))
    source = write(tmp_path / "in.parquet", pa.table({"r": column}))
    assert fl.score(source, loss=fl.squared_error, residual="r").sum == 10.0


@pytest.mark.parametrize("format", TABLES)
def test_nulls_stay_null_and_nan_stays_nan(tmp_path, format, batch_rows):
    table = pa.table(
        {
            "p": pa.array([1.0, None, 3.0, np.nan, 5.0] * 4, from_pandas=False),
            "y": pa.array([0.0, 1.0, None, 1.0, np.inf] * 4, from_pandas=False),
        }
    )
    source, destination = write(tmp_path / f"in.{format}", table), tmp_path / "out.arrow"
    emit = ("value", "grad", "hess", "weight")
    summary = fl.score(source, destination, loss=fl.huber, pred="p", target="y", emit=emit)
    assert (summary.null, summary.nan, summary.count) == (8, 4, 8)
    # sum, mean, max, quantiles, those with weights and of squares; p is below the median
    assert summary.to_json().count('"inf"') == 9
    for name in emit:
        column = read(destination)[name].combine_chunks()
        assert column.is_null().to_pylist() == [False, True, True, False, False] * 4
        assert np.isnan(column[3].as_py())


def test_a_lone_csv_column_keeps_its_nulls(tmp_path):
    source = write(tmp_path / "in.parquet", pa.table({"r": [1.0, None, 3.0]}))
    fl.score(source, tmp_path / "out.csv", loss=fl.squared_error, residual="r", keep="none")
    assert read(tmp_path / "out.csv")["value"].to_pylist() == [1, None, 9]


@pytest.mark.parametrize("kind", ["fixed", "list", "large"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_logits_from_a_column_of_lists(tmp_path, logits, kind, dtype, format, batch_rows):
    values, labels = logits[0].astype(dtype), logits[1]
    table = pa.table({"logits": lists(values, kind), "label": labels})
    source, destination = write(tmp_path / f"in.{format}", table), tmp_path / f"out.{format}"
    emit = ("grad", "value")
    summary = fl.score(source, destination, loss=fl.cross_entropy, pred="logits", target="label", emit=emit)
    grad, value = fl.cross_entropy.evaluate(values, labels, outputs=emit)
    scored = read(destination)
    assert scored.schema.field("grad").type == pa.list_(pa.from_numpy_dtype(grad.dtype), 5)
    np.testing.assert_array_equal(np.stack(scored["grad"].to_numpy()), grad)
    np.testing.assert_array_equal(scored["value"].to_numpy(), value)
    assert summary == Summary.of(value)


@pytest.mark.parametrize("kind", ["fixed", "list", "large"])
def test_slices_of_list_columns(logits, kind):
    """A batch that starts in the middle of its buffers, as an IPC reader or a caller may hold."""
    from fastloss.files.batch import score_batch
    from fastloss.files.spec import Spec

    values, labels = logits
    whole = pa.record_batch({"logits": lists(values, kind), "label": labels})
    spec = Spec.of(fl.cross_entropy, "logits", "label", emit=("value", "grad"))
    value, grad = fl.cross_entropy.evaluate(values, labels, outputs=spec.emit)
    for start, count in [(0, 50), (7, 20), (49, 1), (13, 0)]:
        got = score_batch(whole.slice(start, count), spec, 5).outputs
        np.testing.assert_array_equal(got[0], value[start : start + count])
        np.testing.assert_array_equal(got[1], grad[start : start + count])


@pytest.mark.parametrize("kind", ["fixed", "list", "large"])
@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_rows_of_logits_with_nulls(tmp_path, kind, format, batch_rows):
    rows = [None, [1.0, 2.0], [None, 1.0], [3.0, 0.0], [0.0, 0.0], None] * 5
    labels = [0, 1, 0, None, 1, None] * 5
    make = {"fixed": pa.list_(pa.float32(), 2), "list": pa.list_(pa.float32())}
    column = pa.array(rows, make.get(kind, pa.large_list(pa.float32())))
    table = pa.table({"logits": column, "label": pa.array(labels, pa.int16())})
    source, destination = write(tmp_path / f"in.{format}", table), tmp_path / "out.parquet"
    emit = ("value", "grad")
    summary = fl.score(source, destination, loss=fl.cross_entropy, pred="logits", target="label", emit=emit)
    assert (summary.null, summary.count) == (20, 10)
    whole = np.array([[1, 2], [0, 0]], np.float32)
    value, grad = fl.cross_entropy.evaluate(whole, np.array([1, 1]), outputs=emit)
    scored = read(destination)
    assert scored["value"].to_pylist() == [None, value[0], None, None, value[1], None] * 5
    expected = [None, grad[0].tolist(), None, None, grad[1].tolist(), None] * 5
    assert scored["grad"].to_pylist() == expected


@pytest.mark.parametrize("rows", [[], [None] * 3])
def test_lists_that_are_not_there_have_no_length(tmp_path, rows):
    table = pa.table({"l": pa.array(rows, pa.list_(pa.float32())), "y": [0] * len(rows)})
    source = write(tmp_path / "in.parquet", table.cast(table.schema.set(1, pa.field("y", "int8"))))
    summary = fl.score(
        source,
        tmp_path / "out.parquet",
        loss=fl.cross_entropy,
        pred="l",
        target="y",
        emit=["value", "grad"],
    )
    assert (summary.count, summary.null) == (0, len(rows))
    assert read(tmp_path / "out.parquet").num_rows == len(rows)


def test_logits_and_probabilities_from_several_columns(tmp_path, logits):
    values = logits[0]
    probabilities = fl.softmax(values * 2)
    columns = {f"x{k}": values[:, k] for k in range(5)}
    columns |= {f"p{k}": probabilities[:, k] for k in range(5)}
    source = write(tmp_path / "in.parquet", pa.table({**columns, "p": lists(probabilities)}))
    pred = [f"x{k}" for k in range(5)]
    expected = Summary.of(fl.cross_entropy(values, probabilities))
    for target in ([f"p{k}" for k in range(5)], "p"):
        assert fl.score(source, loss=fl.cross_entropy, pred=pred, target=target) == expected


@pytest.mark.parametrize("name", ROWWISE)
def test_every_row_loss(tmp_path, logits, name):
    values, labels = logits
    target = target_of(name, values, labels)
    column = lists(target) if target.ndim == 2 else pa.array(target)
    source = write(tmp_path / "in.parquet", pa.table({"logits": lists(values), "y": column}))
    spec = {"loss": fl.get(name), "pred": "logits", "target": "y"}
    summary = fl.score(source, tmp_path / "out.parquet", emit=("value", "grad"), **spec)
    value, grad = fl.get(name).value_and_grad(values, target)
    assert summary == Summary.of(value)
    scored = read(tmp_path / "out.parquet")
    np.testing.assert_array_equal(scored["value"].to_numpy(), value)
    np.testing.assert_array_equal(np.stack(scored["grad"].to_pylist()), grad)


@pytest.mark.parametrize("dtype", [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)])
def test_labels_of_any_integer_type(tmp_path, logits, dtype):
    values, labels = logits
    for column in (
        pa.array(labels.astype(dtype)),
        pa.array(labels.astype(dtype)).dictionary_encode(),
    ):
        table = pa.table({"logits": lists(values), "label": column})
        source = write(tmp_path / "in.arrow", table)
        got = fl.score(source, loss=fl.cross_entropy, pred="logits", target="label")
        assert got == Summary.of(fl.cross_entropy(values, labels))


@pytest.mark.parametrize("ignore_index", [-100, 2, 0])
def test_ignored_rows_are_zero_and_do_not_count(tmp_path, logits, ignore_index):
    values, labels = logits
    labels = np.where(np.arange(50) % 3 == 0, ignore_index, labels)
    loss = fl.cross_entropy.bind(ignore_index=ignore_index)
    column = pa.array(labels, mask=np.arange(50) == 7)
    source = write(tmp_path / "in.parquet", pa.table({"l": lists(values), "y": column}))
    summary = fl.score(source, tmp_path / "out.parquet", loss=loss, pred="l", target="y")
    ignored = labels == ignore_index
    assert summary.null == 1
    assert summary.ignored == np.count_nonzero(np.delete(ignored, 7))
    assert summary.count == 49 - summary.ignored
    scored = read(tmp_path / "out.parquet")["value"].to_pylist()
    assert [scored[i] for i in range(50) if ignored[i] and i != 7] == [0.0] * summary.ignored
    assert summary.min > 0


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("dtype", "probabilities"),
    [("<f4", False), (">f4", True), (">f4", False), ("<f8", True), ("<f2", False), ("<i4", False)],
)
def test_logits_from_npy(tmp_path, logits, order, dtype, probabilities, batch_rows):
    values = np.asarray(logits[0] * 4, dtype, order=order)
    labels = fl.softmax(logits[0]).astype(np.float32) if probabilities else logits[1]
    np.save(tmp_path / "logits.npy", values)
    np.save(tmp_path / "labels.npy", labels)
    summary = fl.score(
        tmp_path / "logits.npy",
        tmp_path / "out.npy",
        loss=fl.cross_entropy,
        target=str(tmp_path / "labels.npy"),
        emit="grad",
    )
    native = values.astype(values.dtype.newbyteorder("="))
    value, grad = fl.cross_entropy.value_and_grad(native, labels)
    assert summary == Summary.of(value)
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == grad.dtype
    np.testing.assert_array_equal(written, grad)


def test_npy_carries_its_arrays_into_tables(tmp_path, logits):
    np.save(tmp_path / "x.npy", logits[0])
    np.save(tmp_path / "y.npy", logits[1])
    target = str(tmp_path / "y.npy")
    fl.score(tmp_path / "x.npy", tmp_path / "o.parquet", loss=fl.cross_entropy, target=target)
    scored = read(tmp_path / "o.parquet")
    assert scored.column_names == ["pred", "target", "value"]
    np.testing.assert_array_equal(np.stack(scored["pred"].to_numpy()), logits[0])
    np.testing.assert_array_equal(scored["target"].to_numpy(), logits[1])


def test_npy_output_holds_nan_for_null(tmp_path):
    source = write(tmp_path / "in.parquet", pa.table({"r": [1.0, None, 3.0], "k": ["a", "b", "c"]}))
    fl.score(source, tmp_path / "out.npy", loss=fl.squared_error, residual="r")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), [1, np.nan, 9])


@pytest.mark.parametrize(
    ("keep", "carried"),
    [("all", ["id", "y_hat", "y", "name"]), ("none", []), (["name", "id"], ["id", "name"])],
)
def test_keep_and_prefix(tmp_path, residuals, keep, carried):
    source = write(tmp_path / "in.parquet", residuals)
    fl.score(
        source,
        tmp_path / "out.parquet",
        loss=fl.huber,
        pred="y_hat",
        target="y",
        emit=("weight", "value"),
        keep=keep,
        prefix="huber_",
    )
    names = read(tmp_path / "out.parquet").column_names
    assert names == [*carried, "huber_weight", "huber_value"]


def test_the_summary_is_of_the_value_whatever_is_emitted(tmp_path, residuals):
    source = write(tmp_path / "in.parquet", residuals)
    options = {"loss": fl.huber, "pred": "y_hat", "target": "y"}
    expected = fl.score(source, **options)
    summary = fl.score(source, tmp_path / "out.parquet", emit="grad", **options)
    assert replace(summary, outputs={}) == expected


@pytest.mark.parametrize("format", TABLES)
def test_no_rows(tmp_path, residuals, format):
    source, destination = write(tmp_path / f"in.{format}", residuals[:0]), tmp_path / "out.parquet"
    summary = fl.score(source, destination, loss=fl.huber, pred="y_hat", target="y")
    assert summary == Summary()
    assert read(destination).num_rows == 0
    assert read(destination).schema.field("value").type == pa.float64()


def test_dictionaries_that_change_between_batches(tmp_path):
    chunks = [pa.array(words).dictionary_encode() for words in (["a", "b"], ["c", "a"])]
    table = pa.table({"r": [1.0, 2, 3, 4], "k": pa.chunked_array(chunks)})
    source = write(tmp_path / "in.parquet", table)
    for name in ("out.arrow", "out.parquet", "out.csv"):
        fl.score(source, tmp_path / name, loss=fl.huber, residual="r")
        assert read(tmp_path / name)["k"].to_pylist() == ["a", "b", "c", "a"]


def test_schema_metadata_is_carried(tmp_path):
    table = pa.table({"r": [1.0]}).replace_schema_metadata({"made": "here"})
    source = write(tmp_path / "in.parquet", table)
    fl.score(source, tmp_path / "out.parquet", loss=fl.huber, residual="r")
    assert read(tmp_path / "out.parquet").schema.metadata[b"made"] == b"here"


def test_several_files_into_one(tmp_path, residuals):
    parts = [residuals[:80], residuals[80:80], residuals[80:]]
    sources = [write(tmp_path / f"{i}.parquet", part) for i, part in enumerate(parts)]
    options = {"loss": fl.huber, "pred": "y_hat", "target": "y"}
    got = fl.score(sources, tmp_path / "out.parquet", **options)
    whole = write(tmp_path / "whole.parquet", residuals)
    assert got.to_json() == fl.score(whole, **options).to_json()
    assert read(tmp_path / "out.parquet").select(residuals.column_names) == residuals


@pytest.mark.parametrize("bound", ["ROW_GROUP_ROWS", "ROW_GROUP_BYTES"])
def test_row_groups_are_gathered_from_batches(tmp_path, residuals, monkeypatch, bound):
    monkeypatch.setattr(reading, "MAX_ROWS", 10)
    rows = 50
    size = residuals[:10].nbytes + 80  # with the losses
    monkeypatch.setattr(writers, bound, rows if bound == "ROW_GROUP_ROWS" else 4.5 * size)
    source = write(tmp_path / "in.feather", residuals)
    fl.score(source, tmp_path / "out.parquet", loss=fl.huber, pred="y_hat", target="y")
    metadata = pa.parquet.read_metadata(tmp_path / "out.parquet")
    assert {metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)} == {rows}


def test_only_what_repeats_has_a_dictionary_in_parquet(tmp_path):
    rows = 10_000
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "r": rng.standard_normal(rows),
            "code": rng.integers(0, 1000, rows),
            "id": np.arange(rows),
            "flag": pa.array([True, None] * (rows // 2)),
            "name": [str(i) for i in range(rows)],
            "day": pa.array(rng.integers(0, 9999, rows, np.int32)).cast(pa.date32()),
            "price": pa.array([decimal.Decimal(i) for i in range(rows)]),
            "list": pa.FixedSizeListArray.from_arrays(rng.standard_normal(3 * rows), 3),
            "rounded": pa.array([[i % 10] for i in range(rows)]),
            "struct.x": [{"x.y": i} for i in range(rows)],
            "nothing": pa.nulls(rows),
        }
    )
    out = tmp_path / "out.parquet"
    fl.score(write(tmp_path / "in.feather", table), out, loss=fl.huber, residual="r", emit=("value", "hess"))
    assert pa.parquet.read_table(out).drop_columns(["value", "hess"]) == table
    metadata = pa.parquet.read_metadata(out)
    chunks = [metadata.row_group(0).column(i) for i in range(metadata.num_columns)]
    plain = {chunk.path_in_schema for chunk in chunks if not chunk.has_dictionary_page}
    assert plain == {"r", "id", "flag", "list.list.element", "value"}  # Parquet makes none for booleans


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_in_parquet(tmp_path, rows):
    source = write(tmp_path / "in.parquet", pa.table({"r": np.ones(rows)}))
    fl.score(source, tmp_path / "out.parquet", loss=fl.huber, residual="r")
    assert pa.parquet.read_table(tmp_path / "out.parquet").to_pydict() == {"r": [1.0] * rows, "value": [0.5] * rows}
    assert pa.parquet.read_metadata(tmp_path / "out.parquet").num_row_groups == rows


def test_progress_counts_to_the_end(tmp_path, residuals, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 90)
    sources = [write(tmp_path / f"{i}.parquet", residuals) for i in range(2)]
    seen = []
    options = {"loss": fl.huber, "pred": "y_hat", "target": "y"}
    fl.score(sources, progress=lambda *step: seen.append(step), workers=1, **options)
    assert [rows for rows, _ in seen] == [90, 180, 200, 290, 380, 400]
    assert [round(share, 3) for _, share in seen] == [0.225, 0.45, 0.5, 0.725, 0.95, 1.0]


@pytest.mark.parametrize("format", TABLES)
@pytest.mark.parametrize("seekable", [True, False])
def test_standard_input(tmp_path, residuals, monkeypatch, format, seekable):
    class Stream(io.BytesIO):
        def seekable(self):
            return seekable

        def fileno(self):
            return 0

    source = write(tmp_path / f"in.{format}", residuals)
    stream = io.BufferedReader(Stream(source.read_bytes()))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
    options = {"loss": fl.huber, "pred": "y_hat", "target": "y"}
    expected = fl.score(source, **options)
    assert fl.score("-", format=format, **options) == expected


def test_arrow_streams_are_read_too(tmp_path, residuals):
    path = tmp_path / "in.arrow"
    with pa.ipc.new_stream(path, residuals.schema) as writer:
        writer.write_table(residuals)
    options = {"loss": fl.huber, "pred": "y_hat", "target": "y"}
    got = fl.score(path, **options)
    assert got.to_json() == fl.score(write(tmp_path / "a.parquet", residuals), **options).to_json()
    assert json.loads(got.to_json())["count"] == 200
