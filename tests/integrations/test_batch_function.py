"""The function of record batches: the same numbers as the loss itself gives, whatever the layout of the data."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from batches import RESIDUAL, VALUE, expected

import fastloss as fl
from fastloss.files import ScoringError, Spec, batch_function


def test_a_batch_in_and_a_batch_out(table):
    (batch,) = table.to_batches()
    function = pickle.loads(pickle.dumps(batch_function(RESIDUAL)))
    scored = function(batch)
    assert scored.schema.names == ["r", "p", "y", "value", "weight"]
    assert scored.schema == function.schema(batch.schema)
    assert scored.column("value").to_pylist() == expected(table, RESIDUAL)


@pytest.mark.parametrize("start", [0, 1, 7, 64, 65])
def test_slices_with_offsets_and_bitmaps(table, start):
    (batch,) = table.to_batches()
    part = batch.slice(start, 200)
    assert batch_function(VALUE)(part).column("value").to_pylist() == expected(table)[start : start + 200]


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("start", [0, 3])
def test_lists_with_offsets(fixed, start):
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((50, 4)).astype(np.float32), rng.integers(0, 4, 50)
    flat = pa.array(logits.reshape(-1))
    lists = pa.FixedSizeListArray.from_arrays(flat, 4) if fixed else pa.array(logits.tolist(), pa.list_(pa.float32()))
    batch = pa.RecordBatch.from_arrays([lists, pa.array(labels)], ["l", "y"]).slice(start, 40)
    spec = Spec.of(fl.cross_entropy, pred="l", target="y", emit=("value", "grad"))
    scored = batch_function(spec)(batch)
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    np.testing.assert_array_equal(scored.column("value"), value[start : start + 40])
    np.testing.assert_array_equal(np.stack(scored.column("grad").to_pylist()), grad[start : start + 40])
    assert scored.schema.equals(batch_function(spec).schema(batch.schema))


def test_nothing_is_copied_that_need_not_be(table):
    bare = pa.RecordBatch.from_pydict({"r": np.arange(1e6)}).slice(3)
    before = pa.total_allocated_bytes()
    scored = batch_function(Spec.of(fl.huber, residual="r"))(bare)
    assert scored.column("r").buffers()[1].address == bare.column("r").buffers()[1].address
    assert pa.total_allocated_bytes() - before < 1e6  # NumPy's memory holds the values, as they were computed


def test_a_batch_that_does_not_fit_is_named():
    with pytest.raises(ScoringError, match="no column 'r'; there are 'x'"):
        batch_function(RESIDUAL)(pa.RecordBatch.from_pydict({"x": [1.0]}))


@pytest.mark.parametrize("keep", ["all", ["r", "weight"]])
def test_a_batch_with_a_column_called_like_an_output(keep):
    batch = pa.RecordBatch.from_pydict({"r": [0.5], "weight": [7.0]})
    spec = {"residual": "r", "emit": ("value", "weight"), "keep": keep}
    with pytest.raises(ScoringError, match="the input has a column 'weight' already: set a prefix"):
        batch_function(Spec.of(fl.huber, **spec))(batch)
    scored = batch_function(Spec.of(fl.huber, **spec, prefix="h_"))(batch)
    assert scored.schema.names == ["r", "weight", "h_value", "h_weight"]
    assert batch_function(Spec.of(fl.huber, **spec | {"keep": "none"}))(batch).schema.names == ["value", "weight"]
