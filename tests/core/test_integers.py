"""Integers, of which float64 holds none beyond 2^53 but their differences."""

import numpy as np
import pyarrow as pa
import pytest
from catalogue import RESIDUAL, assert_same_bits, method, outputs, ready
from tables import write

import fastloss as fl

KINDS = ("bool", "uint8", "int16", "int32", "uint32", "int64", "uint64", ">i8")


def integers(kind, seed):
    """The ends of the range, large numbers close to one another, and any."""
    kind = np.dtype(kind)
    if kind.kind == "b":
        return np.random.default_rng(seed).random(200) < 0.5
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    ends = [low, high, low + 1, high - 1] if seed else [high, low, low, high]
    wide = np.random.default_rng(seed).integers(low, high, 100, kind.newbyteorder("="), endpoint=True)
    near = [high - int(k) for k in np.random.default_rng(seed).integers(0, min(high, 1000), 96)]
    return np.concatenate([np.array(ends, kind), wide, np.array(near, kind)]).astype(kind)


def difference(pred, target):
    """In Python's integers, rounded once."""
    return np.array([float(int(p) - int(y)) for p, y in zip(pred, target, strict=True)])


@pytest.mark.parametrize("target_kind", KINDS)
@pytest.mark.parametrize("pred_kind", KINDS)
def test_the_difference_of_integers_is_rounded_once(pred_kind, target_kind):
    pred, target = integers(pred_kind, 0), integers(target_kind, 1)
    assert_same_bits(fl.absolute_error(pred, target), np.abs(difference(pred, target)))
    np.testing.assert_array_equal(fl.half_squared_error.grad(pred, target), difference(pred, target))


@pytest.mark.parametrize("kind", ["int64", "uint64"])
@pytest.mark.parametrize("name", RESIDUAL)
def test_a_loss_of_integers_is_that_of_their_difference(name, kind):
    pred = np.array([2**62 + k for k in (0, 1, 3, 5)] * 20, kind)
    target = np.full_like(pred, 2**62 + 2)
    loss, residual = ready(name), np.array([-2.0, -1.0, 1.0, 3.0] * 20)
    for output in outputs(name):
        assert_same_bits(method(loss, output)(pred, target), method(loss, output)(residual))
    weights = np.arange(80.0)
    for reduction in ("sum", "mean"):
        got = loss(pred, target, sample_weight=weights, reduction=reduction)
        assert got == loss(residual, sample_weight=weights, reduction=reduction)
    if loss.param_grads:
        for got, want in zip(loss.param_grad(pred, target).values(), loss.param_grad(residual).values(), strict=True):
            assert_same_bits(got, want)


def test_shapes_strides_and_single_integers():
    big = 2**53
    pred = np.arange(big, big + 24).reshape(4, 6)
    for view in (pred, pred[::2, ::-1], pred.T, pred[:0], pred[0, 0]):
        np.testing.assert_array_equal(fl.absolute_error(view, np.full_like(view, big)), np.asarray(view) - big)
    assert fl.absolute_error(big + 1, big) == 1
    assert fl.mae([big + 1, big + 3], [big, big]) == 2
    out = pred.view(np.float64)
    fl.absolute_error(pred, np.full_like(pred, big), out=out)  # over its own input
    np.testing.assert_array_equal(out, np.arange(24.0).reshape(4, 6))


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_integers_of_files(suffix, tmp_path):
    columns = {"pred": [2**62 + 3, 2**53 + 1, None, -(2**63)], "target": [2**62, 2**53, 0, -(2**63) + 1]}
    path = write(tmp_path / f"in.{suffix}", pa.table(columns))
    summary = fl.score(path, pred="pred", target="target", loss=fl.absolute_error)
    assert (summary.count, summary.null, summary.sum) == (3, 1, 5)
