"""Special values of the losses of a count."""

import math

import numpy as np
import pytest
from accuracy import check
from catalogue import DTYPES, arrays, each_isa, method
from oracles import exact

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
OUTPUTS = ("value", "grad", "hess")

# (value, grad, hess) of the power, as one would write them for it alone
TWEEDIE = {
    0.0: lambda p, y: (
        np.exp(2 * p) / 2 - y * np.exp(p),
        np.exp(2 * p) - y * np.exp(p),
        2 * np.exp(2 * p) - y * np.exp(p),
    ),
    1.0: lambda p, y: (np.exp(p) - y * p, np.exp(p) - y, np.exp(p)),
    1.5: lambda p, y: (
        2 * np.exp(p / 2) + 2 * y * np.exp(-p / 2),
        np.exp(p / 2) - y * np.exp(-p / 2),
        (np.exp(p / 2) + y * np.exp(-p / 2)) / 2,
    ),
    2.0: lambda p, y: (p + y * np.exp(-p), 1 - y * np.exp(-p), y * np.exp(-p)),
    3.0: lambda p, y: (
        y * np.exp(-2 * p) / 2 - np.exp(-p),
        np.exp(-p) - y * np.exp(-2 * p),
        2 * y * np.exp(-2 * p) - np.exp(-p),
    ),
}


@EVERY_DTYPE
@pytest.mark.parametrize("power", TWEEDIE)
def test_tweedie_of_the_powers_that_have_names(power, dtype, isa):
    p, y = arrays("tweedie", 500, dtype)
    p = p / 2
    close = {"rtol": 16 * np.finfo(dtype).eps}
    for got, want in zip(
        fl.tweedie.evaluate(p, y, power=power, outputs=OUTPUTS),
        TWEEDIE[power](p.astype(float), y.astype(float)),
        strict=True,
    ):
        np.testing.assert_allclose(got, want, atol=close["rtol"] * np.abs(want).max(), **close)


@EVERY_DTYPE
@pytest.mark.parametrize(("power", "name"), [(1.0, "poisson"), (2.0, "gamma")])
def test_tweedie_has_the_limits_as_special_cases(power, name, dtype):
    points = arrays("tweedie", 500, dtype)
    got = fl.tweedie.evaluate(*points, power=power, outputs=OUTPUTS)
    want = fl.get(name).evaluate(*points, outputs=OUTPUTS)
    p, y = (array.astype(float) for array in points)
    terms = np.exp((2 - power) * p) + y * np.exp((1 - power) * p)  # of the gradient, which crosses zero
    for one, two in zip(got, want, strict=True):
        assert (np.abs(one - two) <= 4 * np.finfo(dtype).eps * (np.abs(two) + terms)).all()


@EVERY_DTYPE
@pytest.mark.parametrize(("power", "beside"), [(1.0, 1 + 1e-6), (2.0, 2 - 1e-6)])
def test_tweedie_derivatives_are_continuous_in_the_power(power, beside, dtype):
    points = arrays("tweedie", 500, dtype)
    for output in ("grad", "hess"):
        at, near = (fl.tweedie.evaluate(*points, power=k, outputs=(output,))[0] for k in (power, beside))
        np.testing.assert_allclose(near, at, rtol=1e-4, atol=1e-4 * np.abs(at).max())


@EVERY_DTYPE
def test_counts_of_zero(dtype, isa):
    """A mean that vanishes costs nothing where nothing was counted."""
    p, zero = np.array([-np.inf, -1000, 0, 3], dtype), np.zeros(4, dtype)
    np.testing.assert_allclose(fl.poisson(p, zero), [0, 0, 1, math.exp(3)], rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(fl.poisson.grad(p, zero), fl.poisson(p, zero))
    np.testing.assert_array_equal(fl.tweedie(p, zero, power=1.0), fl.poisson(p, zero))
    for amounts in (fl.gamma, fl.tweedie.bind(power=2.0), fl.tweedie.bind(power=3.0)):
        assert np.isnan(amounts.evaluate(p, zero, outputs=OUTPUTS)).all()


@EVERY_DTYPE
def test_means_beyond_the_range(dtype, isa):
    p, y = np.array([1000, -1000], dtype), np.array([3, 3], dtype)
    np.testing.assert_array_equal(fl.poisson(p, y), [np.inf, 3000])
    np.testing.assert_array_equal(fl.poisson.grad(p, y), [np.inf, -3])
    np.testing.assert_array_equal(fl.gamma(p, y), [1000, np.inf])
    np.testing.assert_array_equal(fl.gamma.grad(p, y), [1, -np.inf])


@EVERY_DTYPE
@pytest.mark.parametrize(
    ("name", "case"),
    [("poisson", {}), ("gamma", {})]
    + [("tweedie", {"power": power}) for power in (-3.0, 0.0, 0.5, 1.0, 1.0001, 1.5, 1.9, 2.0, 2.5, 3.0, 10.0)],
)
def test_sums_over_the_whole_range(name, case, dtype):
    """Terms that are infinite, or 0, before they are multiplied or subtracted: their sum alone may leave the range."""
    sizes = (1e-3, 1, 80, 95, 355, 360, 700, 720, 750, 1400, 1500, 1e6, 1e30)
    preds = np.array([sign * size for size in sizes for sign in (1, -1)], dtype)
    extreme = (1e-300, 1e300) if dtype == "float64" else (1e-37, 1e37)
    targets = np.array([0, 0.25, 1, 7, *extreme], dtype)
    points = np.repeat(preds, len(targets)), np.tile(targets, len(preds))
    wanted = [exact(name, point, dtype, case) for point in zip(*points, strict=True)]
    for isa in each_isa():
        for output in OUTPUTS:
            got = method(fl.get(name, **case), output)(*points)
            check(got, [want[output] for want in wanted], points, dtype, f"{output} on {isa}")


INF = math.inf


@EVERY_DTYPE
@pytest.mark.parametrize(
    ("power", "falling", "rising"),  # (value, grad, hess) at a logarithm of -inf and of +inf
    [
        (0.0, (0, 0, 0), (INF, INF, INF)),
        (1.0, (INF, -2, 0), (INF, INF, INF)),
        (1.5, (INF, -INF, INF), (INF, INF, INF)),
        (2.0, (INF, -INF, INF), (INF, 1, 0)),
        (3.0, (INF, -INF, INF), (0, 0, 0)),
    ],
)
def test_infinite_logarithms(power, falling, rising, dtype, isa):
    points = np.array([-INF, INF], dtype), np.full(2, 2, dtype)
    for loss in [fl.tweedie.bind(power=power)] + [fl.poisson] * (power == 1) + [fl.gamma] * (power == 2):
        np.testing.assert_array_equal(np.transpose(loss.evaluate(*points, outputs=OUTPUTS)), [falling, rising])
