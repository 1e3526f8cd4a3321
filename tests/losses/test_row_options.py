"""Row losses: labels, weights, reductions, axes, fused outputs, and the softmax family."""

import math

import numpy as np
import pytest
import reference
from catalogue import DTYPES, ROWWISE, assert_same_bits, method
from oracles.row_samples import logits_of_all_kinds, options, row_points, target_of
from oracles.rows import ROWS

import fastloss as fl

OUTPUTS = ("value", "grad", "hess")
LABELLED = [name for name in ROWWISE if ROWS[name].targets != "logits"]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
EVERY_LOSS = pytest.mark.parametrize("name", ROWWISE)
EVERY_LABELLED = pytest.mark.parametrize("name", LABELLED)
EVERY_CASE = pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name}-{k}") for name in ROWWISE for k, case in enumerate(ROWS[name].cases)],
)


@pytest.fixture
def rows():
    return logits_of_all_kinds(500, 6, "float64", seed=8)


@EVERY_LABELLED
@pytest.mark.parametrize("width", [f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)])
def test_labels_of_any_width(rows, name, width):
    loss, (logits, labels) = fl.get(name), rows
    assert_same_bits(loss(logits, labels.astype(width)), loss(logits, labels))
    swapped = labels.astype(width).astype(np.dtype(width).newbyteorder(">"))
    assert_same_bits(loss(logits, swapped), loss(logits, labels))


@EVERY_LABELLED
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", ">f4", "list"])
def test_labels_of_floats_that_are_whole(rows, name, kind):
    loss, (logits, labels) = fl.get(name), rows
    labels = labels.copy()
    labels[::7] = -100
    floats = np.where(labels == 0, -0.0, labels)  # zeros of either sign
    floats = floats.tolist() if kind == "list" else floats.astype(kind)
    for points in ((logits, floats), (logits.astype(np.float32), floats), (logits[0], floats[1])):
        want = labels[1] if points[1] is not floats else labels
        for output in OUTPUTS:
            assert_same_bits(method(loss, output)(*points), method(loss, output)(points[0], want))


@EVERY_LABELLED
def test_floats_of_the_logits_shape_are_probabilities_or_refused(rows, name):
    logits, labels = rows
    one_hot = (np.arange(6) == labels[:, None]).astype(float)
    if ROWS[name].targets == "labels":
        with pytest.raises(TypeError, match="target must be integers, one label per row, got float64"):
            fl.get(name)(logits, one_hot)
    else:
        np.testing.assert_allclose(fl.get(name)(logits, one_hot), fl.get(name)(logits, labels), rtol=1e-12)


def counting(name, labels):
    """The keywords that tell a row loss which rows count, beside a target of `target_of`."""
    return {} if name in LABELLED else {"labels": labels}


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_rows_of_padding_are_left_out(name, reduction, dtype):
    """Whatever they hold: the rest is that of a call without them."""
    loss, (logits, labels) = fl.get(name), logits_of_all_kinds(500, 6, dtype)
    target, weights = target_of(name, logits, labels), np.random.default_rng(2).uniform(0, 2, 500).astype(dtype)
    counts = np.random.default_rng(3).random(500) < 0.6
    padded, padded_labels = logits.copy(), np.where(counts, labels, -100)
    padded[~counts] = np.nan
    padded_target = padded_labels if name in LABELLED else np.where(counts[:, None], target, np.inf).astype(dtype)
    for weight, kept in ((None, None), (weights, weights[counts])):
        got = loss.evaluate(
            padded, padded_target, outputs=OUTPUTS, sample_weight=weight, reduction=reduction,
            **counting(name, padded_labels),
        )  # fmt: skip
        want = loss.evaluate(logits[counts], target[counts], outputs=OUTPUTS, sample_weight=kept, reduction=reduction)
        for all_rows, each in zip(got, want, strict=True):
            if np.ndim(all_rows) == 0:
                np.testing.assert_allclose(all_rows, each, rtol=1e-14)
                continue
            np.testing.assert_allclose(all_rows[counts], each, rtol=4 * np.finfo(dtype).eps)
            assert (all_rows[~counts] == 0).all()


@EVERY_LOSS
def test_nothing_but_padding(name):
    logits, nothing = np.ones((4, 3)), np.full(4, -100)
    target = nothing if name in LABELLED else logits
    value, grad = fl.get(name).value_and_grad(logits, target, reduction="mean", **counting(name, nothing))
    assert math.isnan(value)
    assert (grad == 0).all()


@EVERY_LABELLED
def test_ignore_index_may_be_a_class(rows, name):
    loss, (logits, labels) = fl.get(name), rows
    value, grad = loss.value_and_grad(logits, labels, ignore_index=2)
    plain, plain_grad = loss.value_and_grad(logits, labels)
    ignored = labels == 2
    np.testing.assert_array_equal(value, np.where(ignored, 0, plain))
    np.testing.assert_array_equal(grad, np.where(ignored[:, None], 0, plain_grad))
    mean = loss(logits, labels, ignore_index=2, reduction="mean")
    np.testing.assert_allclose(mean, plain[~ignored].mean(), rtol=1e-14)


@EVERY_LABELLED
@pytest.mark.parametrize("count", [500, 2 * 4096 + 5])  # within a block, and over several
def test_mean_divides_by_the_weights_of_the_rows_that_count(name, count):
    loss, (logits, labels) = fl.get(name), logits_of_all_kinds(count, 6, "float64", seed=8)
    labels[::7] = -100
    rng = np.random.default_rng(2)
    classes, samples = rng.uniform(0, 2, 6), rng.uniform(0, 2, count)
    keywords = {"class_weight": classes, "sample_weight": samples}
    total = loss(logits, labels, **keywords, reduction="sum")
    mean = loss(logits, labels, **keywords, reduction="mean")
    counted = labels != -100
    weight = (classes[labels[counted]] * samples[counted]).sum()
    np.testing.assert_allclose(mean, total / weight, rtol=1e-14)
    grad = loss.grad(logits, labels, **keywords)
    mean_grad = loss.grad(logits, labels, **keywords, reduction="mean")
    np.testing.assert_allclose(mean_grad, grad / weight, rtol=1e-14)


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_reduced_values_are_floats_summed_in_double(name, reduction, dtype):
    loss, points = fl.get(name), row_points(name, 20_000, 6, dtype)
    each = loss(*points)
    got = loss(*points, reduction=reduction)
    assert type(got) is float
    count = len(each) if reduction == "mean" else 1
    scale = math.fsum(abs(each.astype(float)))
    np.testing.assert_allclose(got, math.fsum(each.astype(float)) / count, atol=1e-13 * scale / count)


@EVERY_LOSS
def test_sample_weight_multiplies(name):
    loss, points = fl.get(name), row_points(name, 500, 6, "float64")
    weights = np.random.default_rng(2).uniform(0, 2, 500)
    plain = loss.evaluate(*points, outputs=OUTPUTS)
    weighted = loss.evaluate(*points, sample_weight=weights, outputs=OUTPUTS)
    np.testing.assert_allclose(weighted[0], plain[0] * weights, rtol=1e-15)
    for got, each in zip(weighted[1:], plain[1:], strict=True):  # atol: a difference of products
        np.testing.assert_allclose(got, each * weights[:, None], rtol=2e-15, atol=1e-15)


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("weight", [2.5, 3, np.float32(0.1), np.array(0.1, np.float32)])
def test_one_sample_weight_for_all(name, weight, dtype):
    """A Python float takes the logits' dtype, as it does beside NumPy's arrays."""
    loss, points = fl.get(name), row_points(name, 500, 6, dtype)
    each = np.full(500, weight, dtype if type(weight) is float else None)
    for output in OUTPUTS:
        for reduction in ("none", "sum", "mean"):
            keywords = {"reduction": reduction}
            run = method(loss, output)
            got = run(*points, sample_weight=weight, **keywords)
            assert_same_bits(got, run(*points, sample_weight=each, **keywords))


@EVERY_LOSS
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_axis(name, axis):
    loss, logits = fl.get(name), np.random.default_rng(4).standard_normal((5, 6, 7))
    last = np.ascontiguousarray(np.moveaxis(logits, axis, -1))
    for target in targets_of(name, last):
        moved = np.ascontiguousarray(np.moveaxis(target, -1, axis)) if target.ndim == 3 else target
        value, grad = loss.value_and_grad(logits, moved, axis=axis)
        want = loss.value_and_grad(last, target)
        assert_same_bits(value, want[0])
        assert_same_bits(np.moveaxis(grad, axis, -1), want[1])
    assert_same_bits(np.moveaxis(fl.softmax(logits, axis=axis), axis, -1), fl.softmax(last))


def targets_of(name, logits):
    """Of every kind that the loss takes, for logits of any shape."""
    flat = logits.reshape(-1, logits.shape[-1])
    labels = np.random.default_rng(5).integers(0, logits.shape[-1], len(flat))
    target = target_of(name, flat, labels)
    yield target.reshape(logits.shape if target.ndim == 2 else logits.shape[:-1])
    if ROWS[name].targets == "labels or probabilities":
        yield fl.softmax(logits)


def classes_apart(array):
    """The same numbers, stored class by class."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 1)), 1, -1)


@pytest.mark.parametrize("dtype", ["float16", *DTYPES])
@pytest.mark.parametrize("classes", [2, 10, 33, 200])
@pytest.mark.parametrize("rows", [17, 700])
@EVERY_LOSS
def test_classes_apart_in_memory(name, rows, classes, dtype, isa):
    loss, (logits, _) = fl.get(name), logits_of_all_kinds(3 * rows, classes, dtype)
    logits = logits.reshape(3, rows, classes)
    for target in targets_of(name, logits):
        want = loss.evaluate(logits, target, outputs=OUTPUTS)
        apart = classes_apart(target) if target.ndim == 3 else target
        out = (np.empty_like(want[0]), classes_apart(want[1]), classes_apart(want[2])[:, ::-1])
        for array in out:
            array[...] = -1
        got = loss.evaluate(classes_apart(logits), apart, outputs=OUTPUTS)
        loss.evaluate(classes_apart(logits), apart, outputs=OUTPUTS, out=out)
        for one, two, three in zip(want, got, out, strict=True):
            assert_same_bits(two, one)
            assert_same_bits(three, one)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [2, 3, 10])
@EVERY_LOSS
def test_a_row_has_the_same_bits_behind_any_others(name, classes, dtype, isa):
    loss, points = fl.get(name), row_points(name, 40, classes, dtype)
    want = loss.evaluate(*points, outputs=OUTPUTS)
    for rows in range(40):
        first = [array[:rows].copy() for array in points]  # nothing of the others lies behind
        for one, two in zip(want, loss.evaluate(*first, outputs=OUTPUTS), strict=True):
            assert_same_bits(two, one[:rows])
        assert_same_bits(loss(*first), want[0][:rows])
        grad = loss.grad(*first, out=first[0])  # where the logits were
        assert_same_bits(grad, want[1][:rows])


def of_every_kind(rows, classes, dtype):
    """(logits, labels): some rows have infinite logits or NaNs, or all logits alike, and some do not count."""
    logits, labels = logits_of_all_kinds(rows, classes, dtype)
    special = ([np.nan], [np.inf], [-np.inf], [np.inf, np.nan], [-np.inf] * classes, [0.0] * classes, [-0.0, 0.0])
    for row, numbers in enumerate(special):
        logits[2 * row, : len(numbers)] = numbers
        logits[2 * row + 1, classes - len(numbers) :] = numbers
    labels[3::5] = -100
    return logits, labels


def with_one_nan(array):
    """The same numbers, every NaN with the same bits."""
    return np.where(np.isnan(array), array.dtype.type(np.nan), array)


@EVERY_DTYPE
@EVERY_CASE
@pytest.mark.parametrize(("classes", "rows"), [(129, 16), (256, 17), (1000, 65), (4225, 131)])
def test_long_rows_class_by_class(name, case, classes, rows, dtype, isa):
    """Rows of one chunk of classes and of several; whole tiles of rows and parts of them."""
    loss, (logits, labels), case = fl.get(name), of_every_kind(rows, classes, dtype), options(case, classes)
    target = target_of(name, logits, labels)
    weight = np.random.default_rng(3).uniform(0.5, 2, rows).astype(dtype)
    weight[1::7] = 0
    for keywords in (case, case | {"sample_weight": weight}):
        want = loss.evaluate(logits, target, outputs=OUTPUTS, **keywords)
        apart = np.ascontiguousarray(logits.T)
        moved = np.ascontiguousarray(target.T) if target.ndim == 2 else target
        got = loss.evaluate(apart, moved, outputs=OUTPUTS, axis=0, **keywords)
        value = loss(apart, moved, axis=0, **keywords)
        loss.grad(apart, moved, axis=0, out=apart, **keywords)
        assert_same_bits(with_one_nan(value), with_one_nan(want[0]))
        assert_same_bits(with_one_nan(got[0]), with_one_nan(want[0]))
        for elements, others in ((got[1], want[1]), (got[2], want[2]), (apart, want[1])):
            assert_same_bits(with_one_nan(elements), with_one_nan(others.T))


@EVERY_DTYPE
@pytest.mark.parametrize(("classes", "rows"), [(129, 16), (1000, 65), (4225, 131)])
def test_softmax_of_long_rows_class_by_class(classes, rows, dtype, isa):
    logits, _ = of_every_kind(rows, classes, dtype)
    apart = np.ascontiguousarray(logits.T)
    for function in (fl.softmax, fl.log_softmax):
        for keywords in ({}, {"temperature": 2.5}):
            got, want = function(apart, axis=0, **keywords), function(logits, **keywords)
            assert_same_bits(with_one_nan(got), with_one_nan(want.T))
    assert_same_bits(with_one_nan(fl.logsumexp(apart, axis=0)), with_one_nan(fl.logsumexp(logits)))


@pytest.mark.parametrize("shift", [0, 1, 8])
def test_elements_of_large_calls_class_by_class(shift, isa):
    """They are stored past the caches, from the first row on that begins a line of these."""
    logits, labels = logits_of_all_kinds(9008, 500, "float32")
    room = np.empty(logits.size + 16 + shift, np.float32)
    start = -room.ctypes.data % 64 // 4 + shift
    out = room[start : start + logits.size].reshape(500, 9008)
    fl.cross_entropy.grad(np.ascontiguousarray(logits.T), labels, axis=0, out=out, num_threads=2)
    assert_same_bits(out, fl.cross_entropy.grad(logits, labels).T)


@pytest.mark.parametrize("dtype", ["float16", *DTYPES])
def test_softmax_of_classes_apart_in_memory(dtype, isa):
    logits, _ = logits_of_all_kinds(2100, 33, dtype)
    logits = logits.reshape(3, 700, 33)
    stored = classes_apart(logits)
    every_other = classes_apart(np.repeat(logits, 2, axis=1))[:, ::2]
    assert_same_bits(fl.softmax(every_other), fl.softmax(logits))
    if dtype != "float16":
        fl.softmax(stored, out=stored)
        assert_same_bits(stored, fl.softmax(logits))


@EVERY_DTYPE
@EVERY_CASE
@pytest.mark.parametrize("classes", [pytest.param(5, marks=pytest.mark.quick), 300])
def test_fused_outputs_have_the_bits_of_single_calls(name, case, classes, dtype, isa):
    points = row_points(name, 300, classes, dtype)
    loss, case = fl.get(name), options(case, classes)
    single = {output: method(loss, output)(*points, **case) for output in OUTPUTS}
    for chosen in (("value", "grad"), ("hess", "value"), ("grad", "hess"), OUTPUTS):
        together = loss.evaluate(*points, outputs=chosen, **case)
        for output, got in zip(chosen, together, strict=True):
            assert_same_bits(got, single[output])
    for reduction in ("sum", "mean"):
        value, grad = loss.value_and_grad(*points, reduction=reduction, **case)
        assert value == loss(*points, reduction=reduction, **case)
        assert_same_bits(grad, loss.grad(*points, reduction=reduction, **case))


@pytest.mark.parametrize("classes", [2, 3, 10, 32, 33, 1000])
def test_agrees_with_the_numpy_twin(classes):
    rng = np.random.default_rng(classes)
    logits, labels = rng.standard_normal((200, classes)), rng.integers(0, classes, 200)
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    close = {"rtol": 1e-12, "atol": 1e-15}
    np.testing.assert_allclose(value, reference.cross_entropy(logits, labels), **close)
    np.testing.assert_allclose(grad, reference.cross_entropy_grad(logits, labels), **close)


@EVERY_DTYPE
def test_softmax_family_is_one_family(dtype):
    logits, labels = logits_of_all_kinds(400, 9, dtype)
    lse, soft, log_soft = fl.logsumexp(logits), fl.softmax(logits), fl.log_softmax(logits)
    close = {"rtol": 40 * np.finfo(dtype).eps, "atol": np.finfo(dtype).tiny}
    np.testing.assert_allclose(soft.sum(axis=-1), 1, rtol=20 * np.finfo(dtype).eps)
    value = fl.cross_entropy(logits, labels)
    np.testing.assert_allclose(-log_soft[np.arange(400), labels], value, **close)
    moderate = log_soft > -50
    relative = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(np.exp(log_soft)[moderate], soft[moderate], rtol=relative)
    slack = 4 * np.finfo(dtype).eps * (np.abs(lse)[:, None] + np.abs(logits))
    assert (np.abs(logits - lse[:, None] - log_soft) <= slack).all()


def test_bind():
    logits, labels = logits_of_all_kinds(20, 3, "float64")
    loss = fl.cross_entropy.bind(label_smoothing=0.1, temperature=2.0)
    assert_same_bits(
        loss(logits, labels),
        fl.cross_entropy(logits, labels, label_smoothing=0.1, temperature=2.0),
    )
