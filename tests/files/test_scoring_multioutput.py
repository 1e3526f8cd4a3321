"""Predictions of several outputs: one loss a row, which is their mean, or each."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from catalogue import ELEMENTWISE, arrays, assert_same_bits, outputs, ready

import fastloss as fl
from fastloss.cli import main
from fastloss.files import ScoringError, Spec, Summary, batch_function, reading

MULTIOUTPUT = ("uniform_average", "raw_values")
ROWS, WIDTH = 40, 3


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=[7, 1000])
def batch_rows(request, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", request.param)


@pytest.fixture
def data():
    """pred and target of shape (ROWS, WIDTH)."""
    rng = np.random.default_rng(0)
    return {role: 2 * rng.standard_normal((ROWS, WIDTH)) for role in ("pred", "target")}


def lists(rows, kind=pa.list_):
    return pa.array(list(rows), kind(pa.from_numpy_dtype(rows.dtype)))


def fixed(type):
    return pa.list_(type, WIDTH)


def as_numpy(column):
    """A column of numbers or of lists of equal lengths as an array."""
    values = column.combine_chunks()
    return np.stack(values.to_numpy(zero_copy_only=False)) if pa.types.is_nested(values.type) else values.to_numpy()


def write(table, name="in.parquet"):
    pa.parquet.write_table(pa.table(table), name)
    return name


def read(name="out.parquet"):
    return pa.parquet.read_table(name)


def mean_of(values):
    """The mean of each row: in float64, rounded once."""
    return np.array([np.sum(row, dtype=np.float64) / len(row) for row in values], values.dtype)


# ---- the numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("multioutput", MULTIOUTPUT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_loss(name, dtype, multioutput):
    loss, given = ready(name), arrays(name, (ROWS, WIDTH), dtype)
    roles = ("residual",) if loss.has_weight else ("pred", "target")[: len(given)]
    write({role: lists(array) for role, array in zip(roles, given, strict=True)})
    options = {"emit": outputs(name), "multioutput": multioutput, **{role: role for role in roles}}
    summary = fl.score("in.parquet", "out.parquet", loss=loss, **options)
    expected = dict(zip(outputs(name), loss.evaluate(*given, outputs=outputs(name)), strict=True))
    means = mean_of(expected["value"])
    assert (summary.count, summary.nan, summary.mean) == (Summary.of(means).count, 0, Summary.of(means).mean)
    if multioutput == "uniform_average":
        expected |= {"value": means, "grad": expected["grad"] / WIDTH, "hess": expected["hess"] / WIDTH}
        assert not summary.outputs
    else:
        parts = {f"{k}[{i}]": Summary.of(values[:, i]) for k, values in expected.items() for i in range(WIDTH)}
        assert summary.outputs == parts
    for output, values in expected.items():
        assert_same_bits(as_numpy(read()[output]), values)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
@pytest.mark.parametrize("form", ["list", "large_list", "fixed", "columns", "C", "F"])
def test_layouts(data, form, dtype, batch_rows):
    data = {role: (100 * values).astype(dtype) for role, values in data.items()}
    value, grad = fl.huber.value_and_grad(*data.values())
    pred, target, source = "pred", "target", "in.parquet"
    if form in "CF":
        for role, values in data.items():
            np.save(f"{role}.npy", values.copy(form))
        source, pred, target = "pred.npy", None, "target.npy"
    elif form == "columns":
        write({f"{role}{i}": values[:, i] for role, values in data.items() for i in range(WIDTH)})
        pred, target = ([f"{role}{i}" for i in range(WIDTH)] for role in data)
    else:
        kind = {"list": pa.list_, "large_list": pa.large_list, "fixed": fixed}[form]
        write({role: lists(values, kind) for role, values in data.items()})
    fl.score(source, "out.parquet", loss=fl.huber, pred=pred, target=target, emit=("value", "grad"), keep="none")
    assert_same_bits(as_numpy(read()["value"]), mean_of(value))
    assert_same_bits(as_numpy(read()["grad"]), grad / WIDTH)
    for multioutput, expected in zip(MULTIOUTPUT, (mean_of(value), value), strict=True):
        options = {"pred": pred, "target": target, "keep": "none", "multioutput": multioutput}
        fl.score(source, "out.npy", loss=fl.huber, **options)
        assert_same_bits(np.load("out.npy"), expected)


@pytest.mark.parametrize("shapes", [((ROWS, 1), (ROWS,)), ((ROWS,), (ROWS, 1)), ((ROWS, 1), (ROWS, 1))])
@pytest.mark.parametrize("format", ["npy", "parquet"])
def test_one_output_is_the_plain_column(data, format, shapes):
    flat = {role: values[:, 0] for role, values in data.items()}
    options = {"loss": fl.huber, "emit": ("value", "grad", "hess", "weight"), "keep": "none"}
    write(flat, "flat.parquet")
    expected = fl.score("flat.parquet", "flat-out.parquet", pred="pred", target="target", **options)
    shaped = {role: flat[role].reshape(shape) for role, shape in zip(flat, shapes, strict=True)}
    if format == "npy":
        for role, values in shaped.items():
            np.save(f"{role}.npy", values)
        got = fl.score("pred.npy", "out.parquet", target="target.npy", **options)
    else:
        write({role: lists(values) if values.ndim == 2 else values for role, values in shaped.items()})
        got = fl.score("in.parquet", "out.parquet", pred="pred", target="target", **options)
    assert (got.count, got.sum, got.buckets) == (expected.count, expected.sum, expected.buckets)
    for name in options["emit"]:
        values = as_numpy(read()[name])
        assert values.shape == ((ROWS,) if name == "value" else shapes[0])  # derivatives are those by pred's elements
        assert_same_bits(values.reshape(-1), as_numpy(read("flat-out.parquet")[name]))


def test_means_of_large_and_infinite_values_and_of_none():
    rows = np.array([[1e308, 1e308, 1.7e308], [np.inf, 1, 2], [-np.inf, np.inf, 1], [1, 2, np.nan]])
    write({"r": lists(rows)})
    summary = fl.score("in.parquet", "out.npy", loss=fl.absolute_error, residual="r", keep="none")
    np.testing.assert_array_equal(np.load("out.npy"), [1e308 / 3 + 1e308 / 3 + 1.7e308 / 3, np.inf, np.inf, np.nan])
    assert (summary.count, summary.nan, summary.infinite) == (3, 1, 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_means_do_not_depend_on_the_batches(monkeypatch, dtype):
    np.save("r.npy", np.random.default_rng(0).standard_normal((300, 301)).astype(dtype))
    found = []
    for rows in (1, 7, 1000):
        monkeypatch.setattr(reading, "MAX_ROWS", rows)
        found.append(fl.score("r.npy", "out.npy", loss=fl.log_cosh).buckets)
    assert found[0] == found[1] == found[2]


# ---- what is missing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("multioutput", MULTIOUTPUT)
@pytest.mark.parametrize("kind", [pa.list_, fixed])
def test_nulls_and_weights(kind, multioutput, batch_rows):
    preds = [[1.0, 2.0, 3.0], None, [None, 1.0, 2.0], [np.nan, 1.0, 2.0], [4.0, 5.0, 6.0], [1.0, 1.0, 1.0]]
    targets = [[0.0, 0.0, 0.0]] * 5 + [None]
    weights = [2.0, 1.0, 1.0, 3.0, 1.0, 1.0]
    columns = {"p": pa.array(preds, kind(pa.float64())), "y": pa.array(targets, kind(pa.float64()))}
    write({**columns, "w": weights, "g": list("abcabc")})
    options = {"pred": "p", "target": "y", "by": "g", "multioutput": multioutput, "emit": ("value", "grad")}
    summary = fl.score("in.parquet", "out.parquet", loss=fl.absolute_error, sample_weight="w", **options)
    assert (summary.count, summary.null, summary.nan) == (2, 3, 1)
    assert summary.weighted_mean == 3
    assert {key: group.rows for key, group in summary.groups.items()} == {"a": 2, "b": 2, "c": 2}
    scored = read()
    assert [row is None for row in scored["grad"].to_pylist()] == [False, True, True, False, False, True]
    if multioutput == "uniform_average":
        np.testing.assert_array_equal(scored["value"].to_numpy(), [2, np.nan, np.nan, np.nan, 5, np.nan])
        assert scored["value"].null_count == 3
        assert scored["grad"][0].as_py() == [1 / 3, 1 / 3, 1 / 3]
    else:
        assert scored["value"][4].as_py() == [4, 5, 6] and scored["value"][1].as_py() is None
        assert [summary.outputs[f"value[{i}]"].count for i in range(3)] == [2, 3, 3]
        assert summary.outputs["value[0]"].weighted_mean == (2 * 1 + 1 * 4) / 3
        assert scored["grad"][0].as_py() == [1, 1, 1]


@pytest.mark.parametrize("multioutput", MULTIOUTPUT)
@pytest.mark.parametrize("table", [{}, {"target": fixed}, {"pred": fixed}])
def test_no_rows_and_rows_of_nothing(table, multioutput):
    for rows in ([], [None, None]):
        columns = {r: pa.array(rows, table.get(r, pa.list_)(pa.float64())) for r in ("pred", "target")}
        options = {"pred": "pred", "target": "target", "multioutput": multioutput, "emit": ("value", "grad")}
        summary = fl.score(write(columns), "out.parquet", loss=fl.huber, **options)
        assert (summary.count, summary.null) == (0, len(rows))
        assert read()["value"].to_pylist() == rows


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"pred": "p", "target": "c"}, r"column 'c': 1 a row, but 3 a row in 'p': .* equally many outputs"),
        ({"pred": ["a", "b"], "target": "f"}, r"column 'f': 3 a row, but 2 a row in 'a', 'b'"),
        ({"pred": "c", "target": "p"}, r"column 'p': the list at row 0 has 3 elements, expected 1"),
        ({"pred": "p", "target": "ragged"}, r"column 'ragged': the list at row 2 has 2 elements, expected 3"),
        ({"residual": "ragged"}, r"column 'ragged': the list at row 2 has 2 elements, expected 3"),
        ({"residual": "texts"}, r"column 'texts': expected numbers, got string \(huber\)"),
        ({"residual": ["a", "word"]}, r"column 'a', 'word': expected numbers, got string"),
        ({"residual": "p", "multioutput": "mean"}, r"multioutput must be one of .*raw_values, got 'mean'"),
        (
            {"loss": fl.cross_entropy, "pred": "p", "target": "l", "multioutput": "raw_values"},
            r"cross_entropy has one value a row of classes: leave multioutput='raw_values' out",
        ),
        (
            {"residual": "p", "multioutput": "raw_values", "output": "o.csv"},
            r"column 'value' holds .*, which CSV cannot",
        ),
    ],
)
def test_one_line_that_says_what_does_not_fit(here, options, match):
    rows = [[1.0, 2.0, 3.0]] * 3
    columns = {"p": rows, "ragged": [*rows[:2], [1.0, 2.0]], "texts": [["x", "y", "z"]] * 3, "word": ["x"] * 3}
    table = pa.table(columns | {"f": pa.array(rows, fixed(pa.float64()))} | {k: [1.0, 2.0, 3.0] for k in "abc"})
    write(table.append_column("l", [[0, 1, 2]]))
    options = {"keep": "none", "output": "out.parquet", **options}
    with pytest.raises(ScoringError, match=match) as caught:
        fl.score("in.parquet", **{"loss": fl.huber, **options})
    assert "\n" not in str(caught.value)
    assert [path.name for path in here.iterdir()] == ["in.parquet"]


# ---- the ways to call it --------------------------------------------------------------------------------------------


def test_the_command_line(data, capsys):
    table = {f"{role}{i}": values[:, i] for role, values in data.items() for i in range(WIDTH)}
    write(table | {role: lists(values) for role, values in data.items()} | {"a,b": [0.0] * ROWS})
    args = ["score", "in.parquet", "--loss", "huber", "--json"]
    names = [",".join(f"{role}{i}" for i in range(WIDTH)) for role in data]
    printed = []
    for pred, target in (("pred", "target"), names):
        assert main([*args, "--pred", pred, "--target", target, "--multioutput", "raw_values"]) == 0
        printed.append(capsys.readouterr().out)
    options = {"loss": fl.huber, "pred": "pred", "target": "target", "multioutput": "raw_values"}
    assert printed == [fl.score("in.parquet", **options).to_json() + "\n"] * 2
    assert main(["score", "in.parquet", "--loss", "huber", "--residual", "pred0,pred1"]) == 0
    assert main([*args[:-1], "--pred", "pred", "--target", "target", "--multioutput", "raw_values"]) == 0
    assert "value[2]" in capsys.readouterr().out
    assert main([*args, "--residual", "pred", "--multioutput", "all"]) == 2


def test_fit_takes_the_residuals_of_all_outputs(data, capsys):
    residuals, weights = data["pred"] - data["target"], np.arange(ROWS) % 3.0
    write({"r": lists(residuals), "w": weights}, "lists.parquet")
    write({"r": residuals.reshape(-1), "w": weights.repeat(WIDTH)}, "flat.parquet")
    np.save("r.npy", residuals)
    np.save("column.npy", residuals.reshape(-1, 1))
    found = {}
    for name in ("lists.parquet", "flat.parquet", "r.npy", "column.npy"):
        weighted = ["--weight", "w"] if name.endswith("parquet") else []
        assert main(["fit", name, "--json", *(["--residual", "r"] if weighted else [])]) == 0
        found[name] = capsys.readouterr().out
        assert main(["fit", name, "--json", *(["--residual", "r", *weighted] if weighted else [])]) == 0
        found[name, "w"] = capsys.readouterr().out
    assert found["lists.parquet"] == found["flat.parquet"] == found["r.npy"] == found["column.npy"]
    assert found["lists.parquet", "w"] == found["flat.parquet", "w"] != found["flat.parquet"]


def test_resuming_tells_the_two_apart(data, here):
    (here / "data").mkdir()
    for i in range(2):
        write({"r": lists(data["pred"] + i)}, f"data/{i}.parquet")
    for multioutput in MULTIOUTPUT:
        summary = fl.score("data", "out", loss=fl.huber, residual="r", multioutput=multioutput, resume=True)
        again = fl.score("data", "out", loss=fl.huber, residual="r", multioutput=multioutput, resume=True)
        assert again.to_json() == summary.to_json()
        assert pa.types.is_nested(read("out/0.parquet")["value"].type) == (multioutput == "raw_values")
    assert summary.count == 2 * ROWS and summary.outputs["value[1]"].count == 2 * ROWS


def test_the_batch_function(data):
    batch = pa.record_batch({role: lists(values, fixed) for role, values in data.items()})
    for multioutput in MULTIOUTPUT:
        options = {"pred": "pred", "target": "target", "emit": ("value", "grad"), "multioutput": multioutput}
        function = batch_function(Spec.of(fl.huber, **options))
        scored = function(batch.slice(5))
        assert scored.schema == function.schema(batch.schema)
        values = fl.huber(*data.values())[5:]
        np.testing.assert_array_equal(
            as_numpy(pa.chunked_array([scored["value"]])), mean_of(values) if multioutput == MULTIOUTPUT[0] else values
        )
