"""Row losses: accuracy, the table of special values, options, and the softmax family."""

import math

import numpy as np
import pytest
import reference
import row_oracles
from catalogue import DTYPES, ROWWISE, assert_same_bits
from mpmath import mp
from row_oracles import ROWS

import fastloss as fl

INF, NAN = math.inf, math.nan
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
ROW_CASES = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{k}")
        for name in ROWWISE
        if name in ROWS
        for k, case in enumerate(ROWS[name].cases)
    ],
)


def logits_of_all_kinds(rows, classes, dtype, seed=0):
    """Ordinary, confident, far from zero, tiny and widely spread rows in turn."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, classes))
    kinds = rng.permutation(rows) % 6
    top = rng.integers(0, classes, rows)
    x[kinds == 1] *= 3
    margins = rng.uniform(5, 80, rows)
    x[np.arange(rows), top] += np.where(kinds == 2, margins, 0)
    x[kinds == 3] += 1000
    x[kinds == 4] *= 1e-6
    x[kinds == 5] *= 100
    labels = np.where(rng.random(rows) < 0.5, top, rng.integers(0, classes, rows))
    return x.astype(dtype), labels


def options(case, classes):
    """A case with its class weights made for this many classes."""
    return {key: value(classes) if callable(value) else value for key, value in case.items()}


def assert_within(got, wanted, label, logits):
    """Every result within its bound, which is never below the smallest subnormal."""
    assert got.dtype == logits.dtype
    least = float(np.finfo(got.dtype).smallest_subnormal)
    ratio = np.abs(got - wanted.result) / np.maximum(wanted.bound, least)
    worst = np.unravel_index(np.argmax(ratio), ratio.shape)
    assert ratio[worst] <= 1, (
        f"{label} at {tuple(map(int, worst))} of {logits[worst[0]][:6].tolist()}...: "
        f"got {got[worst]!r}, exact {wanted.result[worst]!r}, {float(ratio[worst]):.3g} bounds"
    )


# ---- line 3 --------------------------------------------------------------------------------


@ROW_CASES
@pytest.mark.parametrize("classes", [2, 9, 60])
def test_long_double_is_exact_enough(name, case, classes):
    """Its error is below 1% of what the oracle allows a float64 result."""
    logits, labels = logits_of_all_kinds(24, classes, "float64")
    case = options(case, classes)
    quick = ROWS[name].outputs(logits, labels, "float64", **case)
    with mp.workprec(260):
        sure = ROWS[name].outputs(logits, labels, "float64", **case, number=row_oracles.MPMATH)
        for output, exact in sure.items():
            error = abs(row_oracles.MPMATH.array(quick[output].result) - exact.result)
            assert (error <= exact.bound / 100).all(), output


@EVERY_DTYPE
@ROW_CASES
@pytest.mark.parametrize(("rows", "classes"), [(360, 2), (360, 3), (360, 10), (120, 33), (30, 700), (6, 20000)])
def test_accuracy(name, case, rows, classes, dtype, isa):
    logits, labels = logits_of_all_kinds(rows, classes, dtype, seed=classes)
    case = options(case, classes)
    check_rows(name, logits, labels, case)


@EVERY_DTYPE
@ROW_CASES
@pytest.mark.parametrize("classes", [7, 300])
def test_accuracy_of_soft_targets(name, case, classes, dtype, isa):
    if not ROWS[name].soft_targets:
        pytest.skip(f"{name} takes labels only")
    logits, _ = logits_of_all_kinds(120, classes, dtype)
    target = np.random.default_rng(3).dirichlet(np.full(classes, 0.3), 120).astype(dtype)
    target[::5] = 0
    target[::5, 2] = 1
    check_rows(name, logits, target, options(case, classes))


def check_rows(name, logits, target, case):
    got = fl.get(name).evaluate(logits, target, outputs=("value", "grad", "hess"), **case)
    wanted = ROWS[name].outputs(logits, target, logits.dtype, **case)
    for output, result in zip(("value", "grad", "hess"), got, strict=True):
        assert_within(result, wanted[output], output, logits)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 33, 700])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_accuracy_of_the_softmax_family(classes, temperature, dtype, isa):
    logits, _ = logits_of_all_kinds(20000 // (classes + 30), classes, dtype, seed=classes)
    for function in (fl.logsumexp, fl.softmax, fl.log_softmax):
        exact = getattr(row_oracles, function.__name__)(logits, dtype, temperature)
        got = function(logits, temperature=temperature)
        assert_within(got, exact, function.__name__, logits)


@EVERY_DTYPE
def test_confident_rows_keep_their_digits(dtype, isa):
    """Naive float32 is 17% wrong at a margin of 15 and 0 beyond 17."""
    for margin in (15, 17, 20, 40, 80):
        logits = np.array([[margin, 0, 0]], dtype)
        value, grad = fl.cross_entropy.value_and_grad(logits, np.array([0]))
        want = float(mp.log1p(2 * mp.exp(-margin)))
        np.testing.assert_allclose(value, want, rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(grad[0, 0], -2 * np.exp(-margin), rtol=1e-6)


# ---- the table of special values -----------------------------------------------------------


def both(logits, target, dtype, **keywords):
    logits = np.array([logits], dtype)
    target = np.array([target])
    value, grad = fl.cross_entropy.value_and_grad(logits, target, **keywords)
    assert_same_bits(value, fl.cross_entropy(logits, target, **keywords))
    assert_same_bits(grad, fl.cross_entropy.grad(logits, target, **keywords))
    return value[0], grad[0]


@EVERY_DTYPE
@pytest.mark.parametrize("logits", [[INF, 0, 0], [0, 0, INF], [INF, INF, 0], [INF, -INF, 0], [-INF] * 3, [0, NAN, 0]])
def test_rows_that_have_no_loss_are_nan(logits, dtype, isa):
    for label in range(3):
        value, grad = both(logits, label, dtype)
        assert math.isnan(value)
        assert np.isnan(grad).all()


@EVERY_DTYPE
def test_minus_infinity_elsewhere(dtype, isa):
    value, grad = both([0, -INF, 1], 2, dtype)
    pair, pair_grad = both([0, 1], 1, dtype)
    np.testing.assert_allclose(value, pair, rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(grad, [pair_grad[0], 0, pair_grad[1]], rtol=1e-6)
    assert grad[1] == 0


@EVERY_DTYPE
def test_minus_infinity_at_the_label(dtype, isa):
    value, grad = both([0, -INF, 1], 1, dtype)
    assert value == INF
    p = reference.softmax(np.array([0.0, 1.0]))
    np.testing.assert_allclose(grad, [p[0], -1, p[1]], rtol=1e-6)


@EVERY_DTYPE
def test_probability_zero_at_minus_infinity(dtype, isa):
    value, grad = both([0, -INF, 1], [0.25, 0.0, 0.75], dtype)
    pair, pair_grad = both([0, 1], [0.25, 0.75], dtype)
    np.testing.assert_allclose(value, pair, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(grad, [pair_grad[0], 0, pair_grad[1]], rtol=1e-6, atol=1e-9)


@EVERY_DTYPE
def test_label_smoothing_with_minus_infinity(dtype, isa):
    value, _ = both([0, -INF, 1], 2, dtype, label_smoothing=0.1)
    assert value == INF
    weights = [1.0, 0.0, 1.0]
    value, grad = both([0, -INF, 1], 2, dtype, label_smoothing=0.1, class_weight=weights)
    lse = math.log1p(math.e)
    want = 0.9 * (lse - 1) + 0.1 / 3 * (lse + lse - 1)
    np.testing.assert_allclose(value, want, rtol=1e-6)
    assert grad[1] == 0


@EVERY_DTYPE
def test_one_class(dtype, isa):
    value, grad = both([123.0], 0, dtype)
    assert value == 0
    assert (grad == 0).all()


@EVERY_DTYPE
def test_no_rows(dtype, isa):
    logits, labels = np.empty((0, 4), dtype), np.empty(0, int)
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    assert value.shape == (0,)
    assert grad.shape == (0, 4)
    assert fl.cross_entropy(logits, labels, reduction="sum") == 0.0
    assert math.isnan(fl.cross_entropy(logits, labels, reduction="mean"))


@pytest.mark.parametrize(
    "nothing",
    [
        {"target": np.full(3, -100)},
        {"sample_weight": np.zeros(3)},
        {"class_weight": np.zeros(4)},
    ],
    ids=lambda nothing: next(iter(nothing)),
)
@EVERY_DTYPE
def test_nothing_that_counts(nothing, dtype, isa):
    arguments = {"target": np.array([1, 0, 3]), **nothing}
    logits = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    logits[1, 2] = NAN
    assert fl.cross_entropy(logits, **arguments, reduction="sum") == 0.0
    assert math.isnan(fl.cross_entropy(logits, **arguments, reduction="mean"))
    value, grad, hess = fl.cross_entropy.evaluate(logits, **arguments, outputs=("value", "grad", "hess"))
    for output in (value, grad, hess):
        assert (output == 0).all()


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@EVERY_DTYPE
def test_rows_that_do_not_count_are_zero_whatever_they_hold(bad, dtype, isa):
    logits = np.random.default_rng(0).standard_normal((4, 3)).astype(dtype)
    logits[2] = bad
    labels = np.array([0, 1, 2, 0])
    ignored, third = labels.copy(), np.array([1, 1, 0, 1], dtype)
    ignored[2] = -100
    clean = fl.cross_entropy.value_and_grad(logits[[0, 1, 3]], labels[[0, 1, 3]])
    for arguments in (
        {"target": ignored},
        {"target": labels, "sample_weight": third},
        {"target": labels, "class_weight": np.array([1, 1, 0.0])},
    ):
        value, grad = fl.cross_entropy.value_and_grad(logits, **arguments)
        assert value[2] == 0
        assert (grad[2] == 0).all()
        np.testing.assert_array_equal(value[[0, 1, 3]], clean[0])
        np.testing.assert_array_equal(grad[[0, 1, 3]], clean[1])
        mean = fl.cross_entropy(logits, **arguments, reduction="mean")
        np.testing.assert_allclose(mean, clean[0].mean(), rtol=1e-6)


@EVERY_DTYPE
def test_probabilities_need_not_sum_to_one(dtype, isa):
    value, grad = both([0, 1, 2], [0.5, 0.0, 2.0], dtype)
    p = reference.softmax(np.array([0.0, 1, 2]))
    np.testing.assert_allclose(value, -0.5 * np.log(p[0]) - 2 * np.log(p[2]), rtol=1e-6)
    np.testing.assert_allclose(grad, 2.5 * p - [0.5, 0, 2], rtol=1e-5)


def test_huge_logits_overflow_to_infinity_never_nan(isa):
    big = 3e38
    value, grad = both([big, -big, 0], 1, "float32")
    assert value == INF
    np.testing.assert_array_equal(grad, [1, -1, 0])
    value, grad = both([big, -big, 0], 0, "float32")
    assert value == 0
    assert (grad == 0).all()
    value, _ = both([big, -big, 0], 2, "float32")
    assert value == np.float32(big)
    for label in range(3):
        value, grad = both([big, -big, 0], label, "float32", temperature=0.1, label_smoothing=0.1)
        assert not math.isnan(value)
        assert not np.isnan(grad).any()


@EVERY_DTYPE
def test_special_values_of_the_softmax_family(dtype, isa):
    x = np.array([[0, -INF, 0], [-INF] * 3, [INF, 0, 0], [NAN, 0, 0]], dtype)
    lse, soft, log_soft = fl.logsumexp(x), fl.softmax(x), fl.log_softmax(x)
    np.testing.assert_allclose(lse[0], math.log(2), rtol=1e-6)
    np.testing.assert_allclose(soft[0], [0.5, 0, 0.5])
    np.testing.assert_allclose(log_soft[0], [-math.log(2), -INF, -math.log(2)], rtol=1e-6)
    assert lse[1] == -INF
    assert lse[2] == INF
    assert math.isnan(lse[3])
    assert np.isnan(soft[1:]).all()
    assert np.isnan(log_soft[1:]).all()


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [2, 3, 10, 40])
def test_nan_stays_in_its_row(classes, dtype, isa):
    """Few classes share vectors between rows."""
    rng = np.random.default_rng(classes)
    logits = rng.standard_normal((100, classes)).astype(dtype)
    labels = rng.integers(0, classes, 100)
    want = fl.cross_entropy.evaluate(logits, labels, outputs=("value", "grad", "hess"))
    for bad in (NAN, INF):
        dirty = logits.copy()
        dirty[37, classes - 1] = bad
        got = fl.cross_entropy.evaluate(dirty, labels, outputs=("value", "grad", "hess"))
        for result, clean in zip(got, want, strict=True):
            clean = clean.copy()
            clean[37] = NAN
            np.testing.assert_array_equal(result, clean)


# ---- options -------------------------------------------------------------------------------


@pytest.fixture
def rows():
    return logits_of_all_kinds(500, 6, "float64", seed=8)


@pytest.mark.parametrize("width", [f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)])
def test_labels_of_any_width(rows, width):
    logits, labels = rows
    assert_same_bits(fl.cross_entropy(logits, labels.astype(width)), fl.cross_entropy(logits, labels))
    swapped = labels.astype(width).astype(np.dtype(width).newbyteorder(">"))
    assert_same_bits(fl.cross_entropy(logits, swapped), fl.cross_entropy(logits, labels))


def test_ignore_index_may_be_a_class(rows):
    logits, labels = rows
    value, grad = fl.cross_entropy.value_and_grad(logits, labels, ignore_index=2)
    plain, plain_grad = fl.cross_entropy.value_and_grad(logits, labels)
    ignored = labels == 2
    np.testing.assert_array_equal(value, np.where(ignored, 0, plain))
    np.testing.assert_array_equal(grad, np.where(ignored[:, None], 0, plain_grad))
    mean = fl.cross_entropy(logits, labels, ignore_index=2, reduction="mean")
    np.testing.assert_allclose(mean, plain[~ignored].mean(), rtol=1e-14)


def test_mean_divides_by_the_weights_of_the_rows_that_count(rows):
    logits, labels = rows
    labels = labels.copy()
    labels[::7] = -100
    rng = np.random.default_rng(2)
    classes, samples = rng.uniform(0, 2, 6), rng.uniform(0, 2, 500)
    keywords = {"class_weight": classes, "sample_weight": samples}
    total = fl.cross_entropy(logits, labels, **keywords, reduction="sum")
    mean = fl.cross_entropy(logits, labels, **keywords, reduction="mean")
    counted = labels != -100
    weight = (classes[labels[counted]] * samples[counted]).sum()
    np.testing.assert_allclose(mean, total / weight, rtol=1e-14)
    grad = fl.cross_entropy.grad(logits, labels, **keywords)
    mean_grad = fl.cross_entropy.grad(logits, labels, **keywords, reduction="mean")
    np.testing.assert_allclose(mean_grad, grad / weight, rtol=1e-14)


@EVERY_DTYPE
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_reduced_values_are_floats_summed_in_double(rows, reduction, dtype):
    logits, labels = rows
    logits = np.tile(logits, (40, 1)).astype(dtype)
    labels = np.tile(labels, 40)
    each = fl.cross_entropy(logits, labels)
    got = fl.cross_entropy(logits, labels, reduction=reduction)
    assert type(got) is float
    count = len(labels) if reduction == "mean" else 1
    np.testing.assert_allclose(got, math.fsum(each.astype(float)) / count, rtol=1e-13)


def test_sample_weight_multiplies(rows):
    logits, labels = rows
    weights = np.random.default_rng(2).uniform(0, 2, 500)
    plain = fl.cross_entropy.evaluate(logits, labels, outputs=("value", "grad", "hess"))
    weighted = fl.cross_entropy.evaluate(logits, labels, sample_weight=weights, outputs=("value", "grad", "hess"))
    np.testing.assert_allclose(weighted[0], plain[0] * weights, rtol=1e-15)
    np.testing.assert_allclose(weighted[1], plain[1] * weights[:, None], rtol=1e-15)
    np.testing.assert_allclose(weighted[2], plain[2] * weights[:, None], rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_axis(axis):
    rng = np.random.default_rng(4)
    logits = rng.standard_normal((5, 6, 7))
    last = np.moveaxis(logits, axis, -1)
    labels = rng.integers(0, logits.shape[axis], last.shape[:-1])
    want = fl.cross_entropy.value_and_grad(np.ascontiguousarray(last), labels)
    value, grad = fl.cross_entropy.value_and_grad(logits, labels, axis=axis)
    assert_same_bits(value, want[0])
    assert_same_bits(np.moveaxis(grad, axis, -1), want[1])
    soft = np.moveaxis(logits, axis, -1)
    probabilities = fl.softmax(logits, axis=axis)
    assert_same_bits(np.moveaxis(probabilities, axis, -1), fl.softmax(np.ascontiguousarray(soft)))
    value = fl.cross_entropy(logits, probabilities, axis=axis)
    moved = np.ascontiguousarray(np.moveaxis(probabilities, axis, -1))
    assert_same_bits(value, fl.cross_entropy(np.ascontiguousarray(last), moved))


def classes_apart(array):
    """The same numbers, stored class by class."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 1)), 1, -1)


@pytest.mark.parametrize("dtype", ["float16", *DTYPES])
@pytest.mark.parametrize("classes", [2, 10, 33, 200])
@pytest.mark.parametrize("rows", [17, 700])
def test_classes_apart_in_memory(rows, classes, dtype, isa):
    logits, labels = logits_of_all_kinds(3 * rows, classes, dtype)
    logits, labels = logits.reshape(3, rows, classes), labels.reshape(3, rows)
    for target in (labels, fl.softmax(logits)):
        want = fl.cross_entropy.evaluate(logits, target, outputs=("value", "grad", "hess"))
        apart = target if target is labels else classes_apart(target)
        out = (np.empty_like(want[0]), classes_apart(want[1]), classes_apart(want[2])[:, ::-1])
        for array in out:
            array[...] = -1
        got = fl.cross_entropy.evaluate(classes_apart(logits), apart, outputs=("value", "grad", "hess"))
        fl.cross_entropy.evaluate(classes_apart(logits), apart, outputs=("value", "grad", "hess"), out=out)
        for one, two, three in zip(want, got, out, strict=True):
            assert_same_bits(two, one)
            assert_same_bits(three, one)
    stored = classes_apart(logits)
    every_other = classes_apart(np.repeat(logits, 2, axis=1))[:, ::2]
    assert_same_bits(fl.softmax(every_other), fl.softmax(logits))
    if dtype != "float16":
        fl.softmax(stored, out=stored)
        assert_same_bits(stored, fl.softmax(logits))


@EVERY_DTYPE
@ROW_CASES
def test_fused_outputs_have_the_bits_of_single_calls(name, case, dtype, isa):
    logits, labels = logits_of_all_kinds(300, 5, dtype)
    loss, case = fl.get(name), options(case, 5)
    single = {
        "value": loss(logits, labels, **case),
        "grad": loss.grad(logits, labels, **case),
        "hess": loss.hess(logits, labels, **case),
    }
    for chosen in (("value", "grad"), ("hess", "value"), ("grad", "hess"), tuple(single)):
        together = loss.evaluate(logits, labels, outputs=chosen, **case)
        for output, got in zip(chosen, together, strict=True):
            assert_same_bits(got, single[output])
    for reduction in ("sum", "mean"):
        value, grad = loss.value_and_grad(logits, labels, reduction=reduction, **case)
        assert value == loss(logits, labels, reduction=reduction, **case)
        assert_same_bits(grad, loss.grad(logits, labels, reduction=reduction, **case))


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
