"""Special values of the deviances."""

import math

import numpy as np
import pytest
from accuracy import check
from catalogue import DTYPES, arrays, assert_same_bits, each_isa, method
from oracles import exact
from samples import neighbours

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
OUTPUTS = ("value", "grad", "hess")
POWERS = (1.0, 1.0001, 1.5, 1.9, 2.0, 2.5, 3.0, 4.0, 10.0)
LOSSES = [fl.poisson_deviance, fl.gamma_deviance, *(fl.tweedie_deviance.bind(power=power) for power in POWERS)]
EVERY_LOSS = pytest.mark.parametrize("loss", LOSSES, ids=repr)
INF = math.inf


def at(loss, dtype, *point):
    """(value, grad, hess) at one point, as floats."""
    outputs = loss.evaluate(*(np.array([x], dtype) for x in point), outputs=OUTPUTS)
    return tuple(float(output[0]) for output in outputs)


@EVERY_LOSS
@EVERY_DTYPE
def test_means_that_are_not_positive_are_nan_in_their_own_place(loss, dtype, isa):
    pred, target = np.array([1, 0, 2, -0.0, 3, -1, 4, -INF, 5, math.nan], dtype), np.full(10, 2, dtype)
    for output in OUTPUTS:
        got = method(loss, output)(pred, target)
        assert np.isnan(got[1::2]).all()
        assert_same_bits(got[::2], method(loss, output)(pred[::2], target[::2]))
    assert np.isnan(fl.poisson_deviance(pred, np.zeros(10, dtype))[1::2]).all()


@EVERY_DTYPE
@pytest.mark.parametrize(
    ("power", "name"), [(0.0, "squared_error"), (1.0, "poisson_deviance"), (2.0, "gamma_deviance")]
)
def test_tweedie_has_other_losses_as_special_cases(power, name, dtype, isa):
    points = arrays("tweedie_deviance", 500, dtype)
    if power == 0:
        points = points[0] - 4, points[1]
    got = fl.tweedie_deviance.evaluate(*points, power=power, outputs=OUTPUTS)
    for one, two in zip(got, fl.get(name).evaluate(*points, outputs=OUTPUTS), strict=True):
        assert_same_bits(one, two)
    elements = fl.tweedie_deviance.evaluate(*points, power=np.full(500, power, dtype), outputs=OUTPUTS)
    for one, two in zip(elements, got, strict=True):
        np.testing.assert_allclose(one, two, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("power", [power for power in POWERS if power not in (1, 2)])
def test_the_formula_of_the_textbook(power):
    p, y = arrays("tweedie_deviance", 500)
    a, b = 2 - power, 1 - power
    want = 2 * (y**a / (a * b) - y * p**b / b + p**a / a)
    np.testing.assert_allclose(fl.tweedie_deviance(p, y, power=power), want, rtol=1e-9, atol=1e-9)


@EVERY_LOSS
@EVERY_DTYPE
def test_nothing_at_the_target_and_more_beside_it(loss, dtype, isa):
    """The value keeps its digits there: (p - y)^2 y^-power, nearly, for neighbouring numbers, too."""
    sizes = (1e-30, 1e-3, 0.7, 1, 3, 1e5, 1e30) if loss != fl.tweedie_deviance.bind(power=10.0) else (0.7, 1, 3)
    y = np.abs(np.array(sizes, dtype))
    assert (loss(y, y) == 0).all()
    assert (loss.grad(y, y) == 0).all()
    power = {"poisson_deviance": 1, "gamma_deviance": 2}.get(loss.name) or loss.parameters["power"]
    for target in y:
        pred = neighbours([target], dtype, steps=3)
        pred = pred[pred > 0]
        want = (pred.astype(float) - float(target)) ** 2 * float(target) ** -power
        close = {"rtol": 20 * power * np.finfo(dtype).eps, "atol": np.finfo(dtype).smallest_subnormal}
        with np.errstate(over="ignore"):
            want = want.astype(dtype)
        np.testing.assert_allclose(loss(pred, np.full(len(pred), target)), want, **close)


@EVERY_LOSS
@EVERY_DTYPE
def test_never_below_0(loss, dtype, isa):
    rng = np.random.default_rng(2)
    y = np.exp(rng.uniform(-3, 3, 20_000)).astype(dtype)
    p = (y * np.exp(rng.uniform(-1, 1, 20_000) * np.exp2(-rng.uniform(0, 30, 20_000)))).astype(dtype)
    assert (loss(p, y) >= 0).all()
    assert (loss(p, y)[p != y] > 0).all()


@EVERY_LOSS
@EVERY_DTYPE
def test_the_whole_range(loss, dtype):
    """Numbers and quotients that are subnormal or near the largest."""
    extreme = (5e-324, 1e-310, 1e-300, 1e300, 1.7e308) if dtype == "float64" else (1e-45, 1e-40, 1e-37, 1e37, 3.4e38)
    sizes = np.array([*extreme, 1e-20, 1e-3, 1, 1.3, 7, 1e20], dtype)
    points = np.repeat(sizes, len(sizes)), np.tile(sizes, len(sizes))
    points = tuple(np.append(x, half) for x, half in zip(points, (sizes[4] / 3, sizes[4] / 2), strict=True))
    wanted = [exact(loss.name, point, dtype, loss.parameters) for point in zip(*points, strict=True)]
    for isa in each_isa():
        for output in OUTPUTS:
            got = method(loss, output)(*points)
            check(got, [want[output] for want in wanted], points, dtype, f"{output} on {isa}")


@EVERY_LOSS
@EVERY_DTYPE
def test_infinities(loss, dtype, isa):
    power = {"poisson_deviance": 1, "gamma_deviance": 2}.get(loss.name) or loss.parameters["power"]
    assert at(loss, dtype, 3, INF) == (INF, -INF, INF)
    value, grad, hess = at(loss, dtype, INF, 3)
    most = INF if power <= 2 else 2 * 3 ** (2 - power) / ((1 - power) * (2 - power))
    np.testing.assert_allclose(value, most, rtol=1e-6)
    assert (grad, hess) == (2 if power == 1 else 0, 0)
    assert math.isnan(at(loss, dtype, INF, INF)[0])


@EVERY_DTYPE
def test_counts_of_zero(dtype, isa):
    p, zero = np.array([1e-30, 0.5, 4], dtype), np.zeros(3, dtype)
    np.testing.assert_array_equal(fl.poisson_deviance(p, zero), 2 * p)
    np.testing.assert_array_equal(fl.poisson_deviance.grad(p, zero), [2, 2, 2])
    np.testing.assert_array_equal(fl.poisson_deviance.hess(p, zero), [0, 0, 0])
    np.testing.assert_allclose(fl.tweedie_deviance(p, zero), 4 * np.sqrt(p), rtol=2 * np.finfo(dtype).eps)
    for amounts in (fl.gamma_deviance, fl.tweedie_deviance.bind(power=2.0), fl.tweedie_deviance.bind(power=3.0)):
        assert np.isnan(amounts.evaluate(p, zero, outputs=OUTPUTS)).all()


@EVERY_DTYPE
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 3.0])
def test_continuous_in_the_power(power, dtype):
    points = arrays("tweedie_deviance", 500, dtype)
    for output in OUTPUTS:
        at, near = (fl.tweedie_deviance.evaluate(*points, power=k, outputs=(output,))[0] for k in (power, power + 1e-6))
        np.testing.assert_allclose(near, at, rtol=1e-4, atol=1e-4 * np.abs(at).max())
