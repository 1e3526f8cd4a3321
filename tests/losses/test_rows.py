"""Row losses: accuracy, and the table of special values."""

import math
from fractions import Fraction

import numpy as np
import pytest
import reference
from catalogue import DTYPES, ROWWISE, assert_same_bits, each_isa
from mpmath import mp
from oracles import rows as row_oracles
from oracles.row_samples import logits_of_all_kinds, options, row_points, target_of
from oracles.rows import ROWS

import fastloss as fl

INF, NAN = math.inf, math.nan
OUTPUTS = ("value", "grad", "hess")
LABELLED = [name for name in ROWWISE if ROWS[name].targets != "logits"]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
EVERY_LOSS = pytest.mark.parametrize("name", ROWWISE)
EVERY_LABELLED = pytest.mark.parametrize("name", LABELLED)
ROW_CASES = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{k}")
        for name in ROWWISE
        if name in ROWS
        for k, case in enumerate(ROWS[name].cases)
    ],
)


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
    points = row_points(name, 24, classes, "float64")
    case = options(case, classes)
    quick = ROWS[name].outputs(*points, "float64", **case)
    with mp.workprec(260):
        sure = ROWS[name].outputs(*points, "float64", **case, number=row_oracles.MPMATH)
        for output, exact in sure.items():
            error = abs(row_oracles.MPMATH.array(quick[output].result) - exact.result)
            assert (error <= exact.bound / 100).all(), output


@EVERY_DTYPE
@ROW_CASES
@pytest.mark.parametrize(
    ("rows", "classes"),
    [(360, 2), pytest.param(360, 3, marks=pytest.mark.quick), (360, 10), (120, 33), (30, 700), (6, 20000)],
)
def test_accuracy(name, case, rows, classes, dtype):
    check_rows(name, *row_points(name, rows, classes, dtype, seed=classes), options(case, classes))


@EVERY_DTYPE
@ROW_CASES
@pytest.mark.parametrize("classes", [7, 300])
def test_accuracy_of_soft_targets(name, case, classes, dtype):
    if ROWS[name].targets != "labels or probabilities":
        pytest.skip(f"{name} takes {ROWS[name].targets}")
    logits, _ = logits_of_all_kinds(120, classes, dtype)
    target = np.random.default_rng(3).dirichlet(np.full(classes, 0.3), 120).astype(dtype)
    target[::5] = 0
    target[::5, 2] = 1
    check_rows(name, logits, target, options(case, classes))


def check_rows(name, logits, target, case):
    wanted = ROWS[name].outputs(logits, target, logits.dtype, **case)
    for isa in each_isa():
        got = fl.get(name).evaluate(logits, target, outputs=OUTPUTS, **case)
        for output, result in zip(OUTPUTS, got, strict=True):
            assert_within(result, wanted[output], f"{output} on {isa}", logits)


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


def both(logits, target, dtype, name="cross_entropy", **keywords):
    loss, logits = fl.get(name), np.array([logits], dtype)
    target = np.array([target])
    value, grad = loss.value_and_grad(logits, target, **keywords)
    assert_same_bits(value, loss(logits, target, **keywords))
    assert_same_bits(grad, loss.grad(logits, target, **keywords))
    return value[0], grad[0]


def some_target(name, label, classes):
    """A label, or the logits of a teacher that prefers it."""
    return label if name in LABELLED else [2.0 * (k == label) for k in range(classes)]


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("logits", [[0, NAN, 0], [INF, 0, 0], [0, 0, INF], [INF, INF, 0], [INF, -INF, 0], [-INF] * 3])
def test_rows_that_have_no_loss_are_nan(name, logits, dtype, isa):
    if name == "nll" and NAN not in logits:
        pytest.skip("its rows are no logits")
    for label in range(3):
        target = some_target(name, label, 3)
        for result in both(logits, target, dtype, name):
            assert np.isnan(result).all()
        if name not in LABELLED:
            for result in both(target, np.array(logits, dtype), dtype, name):
                assert np.isnan(result).all()


@EVERY_DTYPE
@EVERY_LOSS
def test_minus_infinity_elsewhere(name, dtype, isa):
    """As if the class were not there; teachers may exclude it, or must if the student does."""
    if name == "nll" or name == "multi_margin":
        pytest.skip("its value depends on the number of classes, or on the label alone")
    value, grad = both([0, -INF, 1], 2 if name in LABELLED else [1, -INF, 0], dtype, name)
    pair, pair_grad = both([0, 1], 1 if name in LABELLED else [1, 0], dtype, name)
    np.testing.assert_allclose(value, pair, rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(grad, [pair_grad[0], 0, pair_grad[1]], rtol=1e-6)
    assert grad[1] == 0


@EVERY_DTYPE
@EVERY_LOSS
def test_minus_infinity_at_the_label(name, dtype, isa):
    value, grad = both([0, -INF, 1], some_target(name, 1, 3), dtype, name)
    p, q = reference.softmax(np.array([0.0, 1.0])), reference.softmax(np.array([0.0, 2.0, 0.0]))
    soft = [p[0], -1, p[1]]
    want = {
        "cross_entropy": soft,
        "softmax_focal": soft,
        "nll": [0, -1, 0],
        "multi_margin": [1 / 3, -2 / 3, 1 / 3],
        "poly1_cross_entropy": soft,
        "distillation": [p[0] - q[0], -q[1], p[1] - q[2]],
        "kl_logits": [p[0] - q[0], -q[1], p[1] - q[2]],
        "disagreement": [0, 0, 0],
        "top_k_error": [0, 0, 0],
    }
    assert value == (1 if "bounded" in fl.get(name).traits else INF)
    np.testing.assert_allclose(grad, want[name], rtol=2e-6)


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
@EVERY_LOSS
def test_one_class(name, dtype, isa):
    value, grad = both([123.0], some_target(name, 0, 1), dtype, name)
    assert value == (-123 if name == "nll" else 0)
    assert grad == (-1 if name == "nll" else 0)


@EVERY_DTYPE
@EVERY_LOSS
def test_no_rows(name, dtype, isa):
    loss, logits = fl.get(name), np.empty((0, 4), dtype)
    target = target_of(name, logits, np.empty(0, int))
    value, grad = loss.value_and_grad(logits, target)
    assert value.shape == (0,)
    assert grad.shape == (0, 4)
    assert loss(logits, target, reduction="sum") == 0.0
    assert math.isnan(loss(logits, target, reduction="mean"))


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
@EVERY_LOSS
def test_nothing_that_counts(name, nothing, dtype, isa):
    nothing = taken(name, nothing)
    loss, logits = fl.get(name), np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    arguments = {"target": target_of(name, logits, np.array([1, 0, 3])), **nothing}
    logits[1, 2] = NAN
    assert loss(logits, **arguments, reduction="sum") == 0.0
    assert math.isnan(loss(logits, **arguments, reduction="mean"))
    for output in loss.evaluate(logits, **arguments, outputs=OUTPUTS):
        assert (output == 0).all()


def taken(name, arguments):
    """The arguments as the loss calls them: labels beside a target of logits have a name of their own."""
    needed = {"target": "ignore_index", "class_weight": "class_weight"}
    for argument in arguments:
        if argument in needed and needed[argument] not in fl.get(name).domains:
            pytest.skip(f"{name} has no {needed[argument]}")
    own = {"target": "labels"} if ROWS[name].targets == "logits" else {}
    return {own.get(argument, argument): value for argument, value in arguments.items()}


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize(
    "arguments",
    [
        {"target": np.array([0, 1, -100, 0])},
        {"sample_weight": np.array([1, 1, 0, 1], "float32")},
        {"class_weight": np.array([1, 1, 0.0])},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
@EVERY_DTYPE
@EVERY_LOSS
def test_rows_that_do_not_count_are_zero_whatever_they_hold(name, bad, arguments, dtype, isa):
    arguments = taken(name, arguments)
    loss, logits = fl.get(name), np.random.default_rng(0).standard_normal((4, 3)).astype(dtype)
    target = target_of(name, logits, np.array([0, 1, 2, 0]))
    logits[2] = bad
    counted = [0, 1, 3]
    clean = loss.evaluate(logits[counted], target[counted], outputs=OUTPUTS)
    arguments = {"target": target, **arguments}
    for output, want in zip(loss.evaluate(logits, **arguments, outputs=OUTPUTS), clean, strict=True):
        assert (output[2] == 0).all()
        np.testing.assert_array_equal(output[counted], want)
    np.testing.assert_allclose(loss(logits, **arguments, reduction="mean"), clean[0].mean(), rtol=1e-6)


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


@pytest.mark.quick
@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("classes", [2, 3, 10, 40, 300])
def test_nan_stays_in_its_row(name, classes, dtype, isa):
    """Few classes share vectors between rows."""
    loss, (logits, target) = fl.get(name), row_points(name, 100, classes, dtype)
    want = loss.evaluate(logits, target, outputs=OUTPUTS)
    for bad in (NAN, INF) if name != "nll" else (NAN,):
        dirty = logits.copy()
        dirty[37, classes - 1] = bad
        got = loss.evaluate(dirty, target, outputs=OUTPUTS)
        for result, clean in zip(got, want, strict=True):
            clean = clean.copy()
            clean[37] = NAN
            np.testing.assert_array_equal(result, clean)


# ---- one loss -----------------------------------------------------------------------------


@EVERY_DTYPE
def test_focal_of_gamma_zero_is_the_cross_entropy_bit_for_bit(dtype, isa):
    points = row_points("softmax_focal", 500, 7, dtype)
    for keywords in ({}, {"class_weight": np.linspace(0, 2, 7)}):
        got = fl.softmax_focal.evaluate(*points, gamma=0, outputs=OUTPUTS, **keywords)
        want = fl.cross_entropy.evaluate(*points, outputs=OUTPUTS, **keywords)
        for one, two in zip(got, want, strict=True):
            assert_same_bits(one, two)


@EVERY_DTYPE
@pytest.mark.parametrize("gamma", [1e-3, 0.5, 1, 3])
def test_focal_gradients_are_finite(gamma, dtype, isa):
    """Where 1 - p is 0 or as small as can be, and for gamma < 1 its power has no derivative."""
    margins = np.concatenate([np.linspace(0, 800, 4001), [1e4, 1e30]])
    logits = np.stack([margins, 0 * margins, 0 * margins], axis=1).astype(dtype)
    for label in range(3):
        labels = np.full(len(logits), label)
        for output in fl.softmax_focal.evaluate(logits, labels, gamma=gamma, outputs=OUTPUTS):
            assert np.isfinite(output).all()


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [3, 300])
def test_a_student_that_equals_its_teacher(classes, dtype, isa):
    logits, _ = logits_of_all_kinds(100, classes, dtype)
    for loss in (fl.distillation, fl.kl_logits):
        value, grad = loss.value_and_grad(logits, logits.copy(), temperature=1.7)
        assert (value == 0).all()
        assert (grad == 0).all()
        assert (loss(logits, logits[::-1], temperature=1.7) >= 0).all()
    assert (fl.disagreement(logits, logits.copy()) == 0).all()


@pytest.mark.parametrize("excluded", [0, 1])
@EVERY_DTYPE
def test_classes_that_a_teacher_excludes(excluded, dtype, isa):
    """They add nothing to the sum, while the student's probability of them counts; where both exclude, nothing."""
    teacher = np.array([1.0, -INF, 0.0])
    p = reference.softmax(np.array([0.5, 0.0, 1.0])) if not excluded else reference.softmax(np.array([0.5, 1.0]))
    student = [0.5, 0.0 if not excluded else -INF, 1.0]
    value, grad = both(student, teacher, dtype, "distillation")
    q = reference.softmax(np.array([1.0, 0.0]))
    kept = p[[0, -1]]
    np.testing.assert_allclose(value, (q * np.log(q / kept)).sum(), rtol=1e-6)
    np.testing.assert_allclose(grad[[0, 2]], kept - q, rtol=1e-5)
    assert grad[1] == (0 if excluded else np.asarray(p[1], grad.dtype)) or abs(grad[1] - p[1]) < 1e-6


@EVERY_DTYPE
def test_divergence_and_distillation_differ_by_a_factor(dtype, isa):
    points = row_points("kl_logits", 200, 10, dtype)
    for one, two in zip(fl.kl_logits.value_and_grad(*points), fl.distillation.value_and_grad(*points), strict=True):
        assert_same_bits(one, two)
    got, want = (loss(*points, temperature=2.0) for loss in (fl.kl_logits, fl.distillation))
    assert_same_bits(4 * got, want)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [2, 10, 128, 129, 700])
@pytest.mark.parametrize("axis", [0, -1])
def test_disagreement_takes_the_first_of_equal_logits(classes, axis, dtype, isa):
    """As argmax does, wherever in a vector or in its rest the classes are."""
    rng = np.random.default_rng(classes)
    logits, target = (rng.integers(-3, 3, (400, classes)).astype(dtype) for _ in range(2))
    tops = rng.integers(0, classes, (2, 400))
    for x, top in zip((logits, target), tops, strict=True):
        x[np.arange(400), top] = 5
        x[::3, -1] = 5
        x[::4, 0] = -INF
    target[::5] = logits[::5]
    want = logits.argmax(axis=1) != target.argmax(axis=1)
    assert 0 < want.mean() < 1
    got = fl.disagreement(np.moveaxis(logits, -1, axis), np.moveaxis(target, -1, axis), axis=axis)
    np.testing.assert_array_equal(got, want)


@EVERY_DTYPE
def test_confident_rows_of_poly1_keep_their_digits(dtype, isa):
    for margin in (15, 17, 20, 40, 80):
        logits = np.array([[margin, 0, 0]], dtype)
        value, grad = fl.poly1_cross_entropy.value_and_grad(logits, np.array([0]))
        odds = 2 * mp.exp(-margin)
        rest = odds / (1 + odds)
        np.testing.assert_allclose(value, float(mp.log1p(odds) + 2 * rest), rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(grad[0, 0], float(-rest * (3 - 2 * rest)), rtol=1e-6)


@EVERY_DTYPE
@pytest.mark.parametrize("classes", [3, 10, 200])
def test_top_k_error_counts_ties_against_the_label(classes, dtype, isa):
    """Where the classes of a row are equal, all others are at least the label, however many follow."""
    logits = np.zeros((20, classes), dtype)
    labels = np.arange(20) % classes
    assert (fl.top_k_error(logits, labels, k=classes - 1) == 1).all()
    assert (fl.top_k_error(logits, labels, k=classes) == 0).all()
    assert (fl.top_k_error(logits, labels, k=10**30) == 0).all()
    logits[np.arange(20), labels] = -INF
    assert (fl.top_k_error(logits, labels, k=classes - 1) == 1).all()
    logits[np.arange(20), labels] = 1
    assert (fl.top_k_error(logits, labels) == 0).all()
    mean = fl.top_k_error(np.eye(4, dtype=dtype), [0, 1, 2, 0], reduction="mean")
    assert mean == 0.25


@pytest.mark.parametrize("k", [0, -1, 1.5, "2"])
def test_k_is_a_positive_integer(k):
    with pytest.raises((TypeError, ValueError), match=r"k must be an? ?integer|k must be integer >= 1"):
        fl.top_k_error([[0.0, 1.0]], [0], k=k)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("classes", [3, 10, 300])
@EVERY_DTYPE
def test_multi_margin_where_the_sum_overflows_but_not_the_mean(classes, dtype, p, isa):
    """Beside rows where neither does, whose bits are those of a call of their own."""
    limits = np.finfo(dtype)
    large = float(limits.max) ** (1 / p) * 0.4
    rng = np.random.default_rng(0)
    logits = rng.uniform(-1, 1, (40, classes))
    logits[::3] *= large
    labels = rng.integers(0, classes, 40)
    logits = logits.astype(dtype)
    value, grad = fl.multi_margin.value_and_grad(logits, labels, p=p)
    excess = [[max(0, 1 + Fraction(float(x)) - Fraction(float(row[y]))) for x in row] for row, y in
              zip(logits, labels, strict=True)]  # fmt: skip
    for i, y in enumerate(labels):
        excess[i][y] = 0
        total = sum(e**p for e in excess[i])
        wanted = float(total / classes) if total / classes <= Fraction(float(limits.max)) else np.inf
        np.testing.assert_allclose(value[i], wanted, rtol=8 * limits.eps)
        at_label = -(2 * sum(excess[i]) if p == 2 else sum(e > 0 for e in excess[i])) / Fraction(classes)
        np.testing.assert_allclose(grad[i, y], float(at_label), rtol=8 * limits.eps)
    some = np.arange(40) % 3 > 0
    alone = fl.multi_margin.value_and_grad(logits[some], labels[some], p=p)
    assert_same_bits(value[some], alone[0])
    assert_same_bits(grad[some], alone[1])
    assert np.isfinite(value).any()
