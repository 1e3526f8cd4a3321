"""Integers, of which float64 holds none beyond 2^53 but their differences."""

import tracemalloc

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


WIDTHS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", WIDTHS)
def test_integers_of_every_width_are_those_that_numpy_converts(kind, order, isa):
    kind = np.dtype(kind).newbyteorder(order)
    numbers = np.tile(integers(kind, 1), 30).astype(kind)  # more than a block
    for view in (numbers, numbers[::-3], numbers.reshape(-1, 10).T):
        for dtype in ("float32", "float64"):
            other = np.linspace(-2, 2, view.size, dtype=dtype).reshape(view.shape)
            assert_same_bits(fl.huber(other, view), fl.huber(other, view.astype(dtype)))
            weight = np.abs(view.astype(dtype))
            if kind.kind != "i":
                assert_same_bits(fl.huber(other, sample_weight=view), fl.huber(other, sample_weight=weight))
        assert_same_bits(fl.huber(view), fl.huber(view.astype(float)))
    rows = numbers.reshape(-1, 8)
    for logits in (rows, np.asfortranarray(rows), np.repeat(rows[:50], 40, axis=1)):
        assert_same_bits(fl.softmax(logits), fl.softmax(logits.astype(float)))
    floats, same = rows.astype(float), np.ones(len(rows))
    assert_same_bits(fl.contrastive(rows, rows[::-1], same), fl.contrastive(floats, floats[::-1], same))


def test_bools_are_1_whatever_their_byte():
    some = np.array([0, 1, 2, 255], np.uint8).view(bool)
    np.testing.assert_array_equal(fl.half_squared_error.grad(some), [0, 1, 1, 1])


def test_integers_are_converted_block_by_block():
    """A copy of them as float64 would be four times their memory."""
    numbers = np.arange(1 << 20, dtype=np.int16)
    wide = numbers.astype(np.int64)
    for call in (
        lambda: fl.huber(numbers, reduction="mean"),
        lambda: fl.huber(wide, wide[::-1], reduction="mean"),
        lambda: fl.huber(wide, numbers, reduction="mean"),
        lambda: fl.softmax(np.broadcast_to(numbers[:8], (8, 8))),
        lambda: fl.logsumexp(numbers.reshape(-1, 1024)),
        lambda: fl.logsumexp(numbers.reshape(-1, 1024), axis=0),
    ):
        call()  # whatever is set up once
        tracemalloc.start()
        call()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * numbers.nbytes


LABELS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@pytest.mark.parametrize("kind", LABELS)
def test_ignore_index_of_every_width(kind):
    """Also the ends of the range, where int64 holds no uint64."""
    logits = np.random.default_rng(0).standard_normal((6, 3))
    info = np.iinfo(kind)
    for ignored in {info.min, info.max, 1, -100, info.max - 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 10**30}:
        labels = np.array([0, 1, 2, 1, 0, 2], kind)
        is_there = info.min <= ignored <= info.max
        if is_there:
            labels[[1, 4]] = ignored
        want = fl.cross_entropy(logits, np.where(labels == ignored, 0, labels).astype(np.int64))
        want[labels == ignored] = 0
        assert_same_bits(fl.cross_entropy(logits, labels, ignore_index=ignored), want)
        if is_there:
            assert_same_bits(fl.cross_entropy(logits, labels, ignore_index=np.dtype(kind).type(ignored)), want)
        labels[3] = info.max - 2
        with pytest.raises(IndexError, match=f"target {info.max - 2} at row 3 is out of bounds"):
            fl.cross_entropy(logits, labels, ignore_index=ignored)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_integers_of_files(suffix, tmp_path):
    columns = {"pred": [2**62 + 3, 2**53 + 1, None, -(2**63)], "target": [2**62, 2**53, 0, -(2**63) + 1]}
    path = write(tmp_path / f"in.{suffix}", pa.table(columns))
    summary = fl.score(path, pred="pred", target="target", loss=fl.absolute_error)
    assert (summary.count, summary.null, summary.sum) == (3, 1, 5)
