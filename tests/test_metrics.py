"""The metrics beside plain NumPy, and at the ends of their domains."""

import math

import numpy as np
import pytest
from catalogue import DTYPES

import fastloss as fl

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


def test_labels_out_of_range():
    rows = np.full((4, 3), 1 / 3)
    with pytest.raises(IndexError, match="target 3 at row 2 is out of bounds for 3 classes"):
        fl.log_loss(rows, [0, 1, 3, 2])
    with pytest.raises(TypeError, match="target must be integers"):
        fl.log_loss(rows, [0.0, 1.0, 1.0, 2.0])
    for metric in (fl.log_loss, fl.accuracy):
        with pytest.raises(ValueError, match="target has shape"):
            metric(rows, [0, 1, 2])
