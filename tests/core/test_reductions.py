"""Line 5 of the numerics contract, sample weights, and derivatives of reduced losses."""

import math

import numpy as np
import pytest
from catalogue import DTYPES, ELEMENTWISE, WITH_PARAM_GRAD, arrays, assert_same_bits, method, outputs, ready

import fastloss as fl

EVERY_LOSS = pytest.mark.parametrize("name", ELEMENTWISE)
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)

SIZES = (1, 15, 4096, 4097, 100_003)
_ADDITIONS = 4096 // 16 + 4 + 20  # on the way of any element to the total


def assert_sum(got, terms):
    """A float64 sum in blocks and lanes: some hundred roundings, all far below the dtype's."""
    assert type(got) is float
    terms = np.asarray(terms, np.float64).ravel()
    slack = _ADDITIONS * 2.0**-53 * np.abs(terms).sum()
    assert abs(got - terms.sum(dtype=np.longdouble)) <= slack


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("size", SIZES)
def test_sum_and_mean(name, size, dtype, isa):
    loss, points = ready(name), arrays(name, size, dtype)
    total = loss(*points, reduction="sum")
    assert_sum(total, loss(*points))
    assert loss(*points, reduction="mean") == total / size


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("size", SIZES)
def test_weighted_sum_and_mean(name, size, dtype, isa):
    loss, points = ready(name), arrays(name, size, dtype)
    weights = np.random.default_rng(8).uniform(0, 2, size).astype(dtype)
    total = loss(*points, sample_weight=weights, reduction="sum")
    assert_sum(total, loss(*points, sample_weight=weights))
    mean = loss(*points, sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(mean, total / weights.sum(dtype=np.float64), rtol=1e-13)


@EVERY_DTYPE
@EVERY_LOSS
def test_sample_weight_multiplies_all_but_weight(name, dtype, isa):
    loss, points = ready(name), arrays(name, (30, 4), dtype)
    rng = np.random.default_rng(9)
    full = rng.uniform(0, 2, (30, 4)).astype(dtype)
    a_row = full[:, 0].copy()
    for output in outputs(name):
        run = method(loss, output)
        plain = run(*points)
        for weights, factor in ((full, full), (a_row, a_row[:, None])):
            assert_same_bits(run(*points, sample_weight=weights), plain if output == "weight" else plain * factor)


@EVERY_LOSS
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sample_weight_zero_is_zero_whatever_the_element_holds(name, bad):
    loss, points = ready(name), arrays(name, 10)
    points[0][3] = bad
    weights = np.ones(10)
    weights[3] = 0
    for output in ("value", "grad", "hess"):
        got = method(loss, output)(*points, sample_weight=weights)
        assert got[3] == 0
        assert np.isfinite(got).all()
    assert math.isfinite(loss(*points, sample_weight=weights, reduction="mean"))


@EVERY_LOSS
def test_reductions_of_nothing(name):
    """Warnings are errors in this suite, so these also show that there is none."""
    loss, empty, points = ready(name), arrays(name, 0), arrays(name, 5)
    assert loss(*empty, reduction="sum") == 0.0
    assert math.isnan(loss(*empty, reduction="mean"))
    nothing = np.zeros(5)
    assert loss(*points, sample_weight=nothing, reduction="sum") == 0.0
    assert math.isnan(loss(*points, sample_weight=nothing, reduction="mean"))


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", ["grad", "hess"])
def test_derivatives_are_those_of_the_reduced_call(name, output, weighted, dtype):
    loss, points = ready(name), arrays(name, (31, 3), dtype)
    weights = np.random.default_rng(10).uniform(0, 2, (31, 3)).astype(dtype) if weighted else None
    run, total = method(loss, output), 93 if weights is None else math.fsum(weights.ravel())
    plain = run(*points, sample_weight=weights)
    np.testing.assert_array_equal(run(*points, sample_weight=weights, reduction="sum"), plain)
    mean = run(*points, sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(mean, plain / total, rtol=4 * np.finfo(dtype).eps)
    assert mean.dtype == dtype


@EVERY_DTYPE
def test_the_mean_of_extreme_gradients(dtype, isa):
    """They are rounded once, whether they are subnormal, signed zeros or infinite."""
    largest, smallest = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    some = [np.inf, -np.inf, largest, -largest, 3, -0.0, 0.0, smallest, -77777 * smallest, 0.1]
    x = np.resize(np.array(some, dtype), 999)  # the gradient of the loss is the residual itself
    with np.errstate(under="ignore"):
        want = (x.astype(np.float64) * (1 / 999)).astype(dtype)
    assert_same_bits(fl.half_squared_error.grad(x, reduction="mean"), want)


@EVERY_DTYPE
@pytest.mark.parametrize("weight", [2.0**-140, 2.0**-100, 2.0**100])
def test_the_mean_with_weights_at_the_ends_of_the_range(weight, dtype, isa):
    x = np.linspace(-3, 3, 1000, dtype=dtype)
    want = fl.huber.grad(x, reduction="mean")
    got = fl.huber.grad(x, sample_weight=np.full(1000, weight, dtype), reduction="mean")
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps)


@EVERY_LOSS
def test_fused_reductions(name):
    """A reduced value beside the derivatives of the reduced call, all as the single calls."""
    loss, points = ready(name), arrays(name, 5000)
    for reduction in ("sum", "mean"):
        value, grad = loss.value_and_grad(*points, reduction=reduction)
        assert value == loss(*points, reduction=reduction)
        assert_same_bits(grad, loss.grad(*points, reduction=reduction))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_sum_beside_a_large_gradient_wherever_that_lies(reduction):
    x = np.resize(arrays("robust", 10_007)[0], 3_000_000)  # so large that the gradient is stored past the caches
    want, grad = fl.robust(x, reduction=reduction), fl.robust.grad(x, reduction=reduction)
    assert fl.robust.value_and_grad(x, reduction=reduction)[0] == want
    memory = np.empty(x.nbytes + 64, np.uint8)
    for start in (0, 8, 40):
        out = memory[start : start + x.nbytes].view(x.dtype)
        assert fl.robust.value_and_grad(x, out=out, reduction=reduction)[0] == want
        assert_same_bits(out, grad)


@pytest.mark.parametrize("name", WITH_PARAM_GRAD)
def test_param_grad_is_summed_to_the_shape_of_the_parameter(name):
    loss, points = ready(name), arrays(name, (60, 5))
    column = {key: np.full(5, value) for key, value in loss.parameters.items()}
    element = {key: np.full((60, 5), value) for key, value in loss.parameters.items()}
    plain = loss.param_grad(*points)
    for key, each in plain.items():
        assert each.shape == (60, 5)
        whole = loss.param_grad(*points, reduction="sum")[key]
        assert type(whole) is float
        np.testing.assert_allclose(whole, math.fsum(each.ravel()), rtol=1e-12)
        mean = loss.param_grad(*points, reduction="mean")[key]
        np.testing.assert_allclose(mean, whole / 300, rtol=1e-14)
        got = loss.param_grad(*points, **column, reduction="sum")[key]
        np.testing.assert_allclose(got, each.sum(axis=0), rtol=1e-11)
        got = loss.param_grad(*points, **element, reduction="sum")[key]
        np.testing.assert_allclose(got, each, rtol=1e-11)
        for shape, axis in (((1, 5), 0), ((60, 1), 1), ((1, 1), (0, 1))):
            broadcast = {key: np.full(shape, value) for key, value in loss.parameters.items()}
            got = loss.param_grad(*points, **broadcast, reduction="sum")[key]
            assert got.shape == shape
            np.testing.assert_allclose(got, each.sum(axis=axis, keepdims=True), rtol=1e-11)
