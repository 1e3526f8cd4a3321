"""Special values of the losses of a margin."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from catalogue import DTYPES, ELEMENTWISE

import fastloss as fl

MARGIN = [name for name in ELEMENTWISE if fl.get(name).family == "margin"]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


def at(loss, margin, dtype):
    """(value, grad, hess) at a margin, which both labels must agree on up to the sign of grad."""
    scores, labels = np.array([margin, -margin], dtype), np.array([1, -1], dtype)
    value, grad, hess = loss.evaluate(scores, labels, outputs=("value", "grad", "hess"))
    np.testing.assert_array_equal(value[0], value[1])
    np.testing.assert_array_equal(grad[0], -grad[1])
    np.testing.assert_array_equal(hess[0], hess[1])
    return float(value[0]), float(grad[0]), float(hess[0])


# (loss, parameters, margin, value, grad, hess): subgradient 0 at the kinks, the inner piece at the ends
POINTS = [
    ("zero_one", {}, 0.0, (1, 0, 0)),
    ("zero_one", {}, -0.0, (1, 0, 0)),
    ("zero_one", {}, 1e-30, (0, 0, 0)),
    ("zero_one", {}, -1e-30, (1, 0, 0)),
    ("perceptron", {}, 0.0, (0, 0, 0)),
    ("perceptron", {}, -2.0, (2, -1, 0)),
    ("hinge", {}, 1.0, (0, 0, 0)),
    ("hinge", {}, 0.0, (1, -1, 0)),
    ("hinge", {}, 2.0, (0, 0, 0)),
    ("hinge", {"margin": 0.0}, 0.0, (0, 0, 0)),
    ("hinge", {"margin": 0.0}, -3.0, (3, -1, 0)),
    ("squared_hinge", {}, 1.0, (0, 0, 0)),
    ("squared_hinge", {}, -1.0, (4, -4, 2)),
    ("modified_huber", {}, 1.0, (0, 0, 0)),
    ("modified_huber", {}, -1.0, (4, -4, 2)),
    ("modified_huber", {}, -3.0, (12, -4, 0)),
    ("exponential", {}, 0.0, (1, -1, 1)),
    ("exponential", {}, 1000.0, (0, 0, 0)),
    ("exponential", {}, -1000.0, (math.inf, -math.inf, math.inf)),
    ("logistic", {}, 1000.0, (0, 0, 0)),
    ("logistic", {}, -1000.0, (1000, -1, 0)),
    ("logistic", {}, math.inf, (0, 0, 0)),
    ("logistic", {}, -math.inf, (math.inf, -1, 0)),
]


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case", "margin", "want"), POINTS)
def test_points(name, case, margin, want, dtype, isa):
    assert at(fl.get(name, **case), margin, dtype) == want


@EVERY_DTYPE
def test_logistic_keeps_its_digits_at_both_ends(dtype, isa):
    close = {"rtol": 4 * np.finfo(dtype).eps}
    value, grad, hess = at(fl.logistic, 40.0, dtype)
    np.testing.assert_allclose([value, -grad, hess], math.exp(-40), **close)
    value, grad, hess = at(fl.logistic, -40.0, dtype)
    np.testing.assert_allclose([value, -grad, hess], [40 + math.exp(-40), 1, math.exp(-40)], **close)
    np.testing.assert_allclose(at(fl.logistic, 0.0, dtype), (math.log(2), -0.5, 0.25), **close)


@EVERY_DTYPE
@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "perceptron", "modified_huber", "zero_one"])
def test_infinite_scores(name, dtype, isa):
    assert at(fl.get(name), math.inf, dtype) == (0, 0, 0)
    value, grad, hess = at(fl.get(name), -math.inf, dtype)
    assert value == (1 if name == "zero_one" else math.inf)
    assert not math.isnan(grad)
    assert not math.isnan(hess)


def test_labels_that_are_none_count_as_nan_in_summaries(tmp_path):
    """Labels 0 and 1 in place of -1 and 1."""
    path = tmp_path / "labels.parquet"
    scores, labels = np.linspace(-2, 2, 10), np.arange(10) % 2
    pa.parquet.write_table(pa.table({"pred": scores, "target": labels}), path)
    for name in MARGIN:
        summary = fl.score(path, pred="pred", target="target", loss=fl.get(name))
        assert (summary.count, summary.nan) == (5, 5)
        np.testing.assert_allclose(summary.sum, fl.get(name)(scores[1::2], labels[1::2], reduction="sum"))
