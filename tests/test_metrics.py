"""The metrics beside plain NumPy, and at the ends of their domains."""

import math

import numpy as np
import pytest
from catalogue import DTYPES

import fastloss as fl
from fastloss import metrics

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
PLAIN = {
    "mae": lambda p, y, w: np.average(np.abs(p - y), weights=w),
    "mse": lambda p, y, w: np.average((p - y) ** 2, weights=w),
    "rmse": lambda p, y, w: np.sqrt(np.average((p - y) ** 2, weights=w)),
    "mape": lambda p, y, w: np.average(np.abs(p - y) / np.abs(y), weights=w),
    "accuracy": lambda p, y, w: np.average(p == y, weights=w),
}


def data(dtype):
    rng = np.random.default_rng(0)
    pred, target = (rng.integers(1, 4, (200, 3)).astype(dtype) for _ in range(2))
    return pred, target, rng.uniform(0, 2, (200, 3)).astype(dtype)


@EVERY_DTYPE
@pytest.mark.parametrize("name", PLAIN)
def test_metrics(name, dtype):
    metric, (pred, target, weights) = getattr(fl, name), data(dtype)
    wide = [array.astype(float) for array in (pred, target, weights)]
    close = 4 * np.finfo(dtype).eps
    for got, want in (
        (metric(pred, target), PLAIN[name](*wide[:2], None)),
        (metric(pred, target, weights), PLAIN[name](*wide)),
        (metric(pred, target, sample_weight=weights[:, 0]), PLAIN[name](*wide[:2], np.tile(wide[2][:, :1], 3))),
    ):
        assert type(got) is float
        np.testing.assert_allclose(got, want, rtol=close)


@pytest.mark.parametrize("name", [*PLAIN, "log_loss"])
def test_metrics_of_nothing(name):
    metric = getattr(fl, name)
    assert math.isnan(metric(np.empty(0), np.empty(0)))
    assert math.isnan(metric(np.full(3, 0.5), np.ones(3), np.zeros(3)))


@EVERY_DTYPE
def test_log_loss_of_certainty_is_finite(dtype):
    eps = np.finfo(dtype).eps
    for prob, target, want in (
        ([1], [0], -math.log(eps)),
        ([0], [1], -math.log(eps)),
        ([1], [1], eps),
        ([0], [0], eps),
    ):
        got = fl.log_loss(np.array(prob, dtype), np.array(target, dtype))
        np.testing.assert_allclose(got, want, rtol=4 * eps)
    rows = np.array([[0, 1, 0], [0.25, 0.5, 0.25]], dtype)
    np.testing.assert_allclose(fl.log_loss(rows, [0, 2], [0, 1]), math.log(4), rtol=4 * eps)


def test_accuracy_of_scores():
    scores = np.array([[0.1, 0.9, 0], [2, 1, 1], [np.nan, 5, 0]])
    assert fl.accuracy(scores, [1, 0, 1]) == 2 / 3  # a row with a NaN has no label
    assert fl.accuracy(scores, [1, 1, 1], [3, 1, 0]) == 0.75


@pytest.mark.parametrize("classes", [1, 3, 10, 128, 129, 300])
@pytest.mark.parametrize("dtype", [*DTYPES, np.float16, np.int8, np.int64])
def test_rows_of_scores(classes, dtype):
    """As NumPy's argmax and indices have it: the first of equal scores, infinities, labels of any place; integers that
    float64 cannot tell apart."""
    rng = np.random.default_rng(classes)
    scores = rng.integers(-3, 4, (211, classes)).astype(dtype)
    if np.dtype(dtype).kind == "f":
        scores[rng.random(scores.shape) < 1 / classes] = np.inf
        scores[:9] = -np.inf
        scores[rng.random(scores.shape) < 0.1 / classes] = np.nan
    elif dtype is np.int64:
        scores += 2**60
    first = np.where(np.isnan(scores).any(axis=1), -1, scores.argmax(axis=1))
    target = np.where(rng.random(211) < 0.5, np.maximum(first, 0), rng.integers(0, classes, 211))
    weights = rng.uniform(0, 2, 211)
    hits, counts = first == target, rng.random(211) < 0.8
    for order in "CF":
        array = np.array(scores, order=order)
        assert fl.accuracy(array, target) == hits.mean()
        np.testing.assert_allclose(fl.accuracy(array, target, weights), np.average(hits, weights=weights), rtol=1e-14)
        assert fl.accuracy(array, np.where(counts, target, -100)) == hits[counts].mean()
        prob = np.array(rng.dirichlet(np.ones(classes), 211), np.float64, order=order)
        own = np.clip(prob[np.arange(211), target], np.finfo(float).eps, 1 - np.finfo(float).eps)
        np.testing.assert_allclose(fl.log_loss(prob, target), -np.log(own).mean(), rtol=1e-13)


def test_labels_out_of_range():
    rows = np.full((4, 3), 1 / 3)
    for metric in (fl.log_loss, fl.accuracy):
        for labels in ([0, 1, 3, 2], [0, 1, -1, 2], np.array([0, 1, 255, 2], np.uint8)):
            with pytest.raises(IndexError, match=f"target {labels[2]} at row 2 is out of bounds for 3 classes"):
                metric(rows, labels)
        with pytest.raises(ValueError, match="target has shape"):
            metric(rows, [0, 1, 2])
        with pytest.raises(ValueError, match="equal shapes"):
            metric(rows, 1)


@pytest.mark.parametrize("label", [-1, 2, 1.5, -0.1, np.nan, np.inf, 99])
def test_log_loss_of_what_is_no_label(label):
    """Also labels of -1 and 1, which are read as probabilities of 1."""
    with pytest.raises(ValueError, match=rf"target {label}.* at element 2 is outside \[0, 1\]"):
        fl.log_loss(np.full(4, 0.5), [0, 1, label, 1])


@pytest.mark.parametrize("wrong", [3.2, -1e-9, np.inf])
def test_log_loss_takes_probabilities_alone(wrong):
    """Logits would give a plausible number; under padding anything may stand."""
    with pytest.raises(ValueError, match=rf"prob {wrong} at element 1 is outside \[0, 1\]"):
        fl.log_loss([0.5, wrong, 0.5], [1, 0, 1])
    with pytest.raises(ValueError, match=rf"prob {wrong} at element 3 is outside \[0, 1\]"):
        fl.log_loss([[0.5, 0.5], [0.5, wrong]], [1, 0])
    assert fl.log_loss([0.5, wrong, 0.5], [1, -100, 1]) == fl.log_loss([[0.5, 0.5], [0.5, wrong]], [1, -100])
    assert np.isnan(fl.log_loss([0.5, np.nan], [1, 0]))
    assert np.isnan(fl.log_loss([[0.5, 0.5], [np.nan, 0.5]], [1, 0]))
    for classes in (5, 200):  # beside a NaN, and of a label that is not the wrong one's
        rows = np.full((40, classes), 0.5, np.float32)
        rows[3, 1], rows[33, classes - 1] = np.nan, wrong
        with pytest.raises(ValueError, match=rf"prob {np.float32(wrong)} at element {34 * classes - 1} is outside"):
            fl.log_loss(rows, np.ones(40, int))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("labels", [[0, 1, 1], [0.0, 1.0, 1.0], [False, True, True]])
def test_accuracy_of_probabilities_of_one_class(labels, dtype):
    """Which no label equals: 0 would be wrong without a word."""
    prob = np.array([0.25, 1.0, np.nan], dtype)
    with pytest.raises(ValueError, match=r"pred has 0.25, the labels are whole: give labels, such as pred > 0.5, or"):
        fl.accuracy(prob, labels)
    assert fl.accuracy(prob > 0.5, labels) == 2 / 3


def test_accuracy_of_a_label_that_is_nan():
    with pytest.raises(ValueError, match="target nan at element 1 is no label"):
        fl.accuracy([0.0, 1.0, 2.0], [0.0, np.nan, 2.0])
    assert fl.accuracy([np.nan, 1.5, -7], [0.0, 1.5, -7]) == 2 / 3  # a prediction that is NaN is wrong


def padded(kind, dtype):
    """(metric, predictions, targets) of 300 rows."""
    rng = np.random.default_rng(1)
    scores, labels = rng.dirichlet(np.ones(5), 300).astype(dtype), rng.integers(0, 5, 300)
    return {
        "accuracy of scores": (fl.accuracy, scores, labels),
        "accuracy of labels": (fl.accuracy, scores.argmax(axis=1), labels),
        "log_loss of classes": (fl.log_loss, scores, labels),
        "log_loss": (fl.log_loss, scores[:, 0], labels == 0),
    }[kind]


@EVERY_DTYPE
@pytest.mark.parametrize("kind", ["accuracy of scores", "accuracy of labels", "log_loss of classes", "log_loss"])
@pytest.mark.parametrize("ignore_index", [-100, 7])
def test_padding_is_left_out(kind, ignore_index, dtype):
    metric, pred, target = padded(kind, dtype)
    rng = np.random.default_rng(2)
    weights, counts = rng.uniform(0, 2, 300).astype(dtype), rng.random(300) < 0.7
    targets = np.where(counts, target, ignore_index)
    pred_of_padding = pred.copy()
    if pred.dtype.kind == "f":
        pred_of_padding[~counts] = np.nan
    keywords = {} if ignore_index == -100 else {"ignore_index": ignore_index}
    for labels in (targets, targets.astype(np.float32)):
        got = metric(pred_of_padding, labels, **keywords)
        np.testing.assert_allclose(got, metric(pred[counts], target[counts]), rtol=1e-13)
        got = metric(pred_of_padding, labels, np.where(counts, weights, np.nan), **keywords)
        np.testing.assert_allclose(got, metric(pred[counts], target[counts], weights[counts]), rtol=1e-13)
        got = metric(pred_of_padding, labels, 2.0, **keywords)
        np.testing.assert_allclose(got, metric(pred[counts], target[counts]), rtol=1e-13)
    assert math.isnan(metric(pred, np.full(300, ignore_index), **keywords))


@pytest.mark.parametrize("wrong", [None, -1.0, np.nan, "0"])
@pytest.mark.parametrize("name", ["accuracy", "log_loss", "cross_entropy"])
def test_ignore_index_is_an_integer(name, wrong):
    with pytest.raises(TypeError, match=f"ignore_index must be an integer, got {wrong!r}"):
        getattr(fl, name)(np.full((2, 3), 0.3), [0, 1], ignore_index=wrong)


def test_a_weight_a_row_beside_padding():
    pred, target = np.array([[1, 2], [3, 4], [5, 6]]), np.array([[1, -100], [3, 0], [-100, -100]])
    assert fl.accuracy(pred, target, [1, 2, 5]) == 3 / 5


@EVERY_DTYPE
@pytest.mark.parametrize("name", ["mae", "mse", "rmse", "mape"])
def test_one_target_for_all(name, dtype):
    metric, (pred, _, weights) = getattr(fl, name), data(dtype)
    want = metric(pred, np.full_like(pred, 2.5), weights)
    assert metric(pred, 2.5, weights) == want
    assert metric(pred, np.array(2.5), weights) == pytest.approx(want)


def test_small_calls_are_plain(monkeypatch):
    """Those of plain arrays; with the mean of the general way, bit for bit."""
    rng = np.random.default_rng(3)
    scores, target = rng.dirichlet(np.ones(10), 32).astype(np.float32), rng.integers(0, 10, 32)
    want = fl.accuracy(scores, target, np.ones(32)), fl.log_loss(scores.astype(">f4"), target)
    for function in (metrics._ACCURACY, metrics._OWN_PROBABILITIES):
        monkeypatch.setattr(function, "_function", None)
    assert (fl.accuracy(scores, target), fl.log_loss(scores, target)) == want
    with pytest.raises(TypeError):
        fl.accuracy(scores[::2], target[::2])
