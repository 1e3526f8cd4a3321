"""Special values of the losses relative to the target."""

import math

import numpy as np
import pytest
from catalogue import DTYPES

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


def at(name, dtype, *point):
    """(value, grad, hess) at one point, as floats."""
    outputs = fl.get(name).evaluate(*(np.array([x], dtype) for x in point), outputs=("value", "grad", "hess"))
    return tuple(float(output[0]) for output in outputs)


@EVERY_DTYPE
def test_percentage_of_nothing_divides_by_2_to_the_minus_52(dtype, isa):
    name = "absolute_percentage_error"
    assert at(name, dtype, 3, 0) == (3 * 2.0**52, 2.0**52, 0)
    assert at(name, dtype, -3, -0.0) == (3 * 2.0**52, -(2.0**52), 0)
    assert at(name, dtype, 0, 0) == (0, 0, 0)
    assert at(name, dtype, 2.0**-54, 2.0**-60)[1] == 2.0**52


@EVERY_DTYPE
def test_percentage_at_its_kink(dtype, isa):
    assert at("absolute_percentage_error", dtype, 4, 4) == (0, 0, 0)
    assert at("absolute_percentage_error", dtype, 5, 4) == (0.25, 0.25, 0)
    assert at("absolute_percentage_error", dtype, -4, -5) == (
        0.2 if dtype == "float64" else float(np.float32(0.2)),
    ) * 2 + (0,)


@EVERY_DTYPE
def test_symmetric_percentage(dtype, isa):
    name = "symmetric_absolute_percentage_error"
    assert at(name, dtype, 0, 0) == (0, 0, 0)
    assert at(name, dtype, 4, 4) == (0, 0, 0)
    assert at(name, dtype, 3, -1e-9) == (2, 0, 0)
    assert at(name, dtype, 3, 0) == (2, 0, 0)
    assert at(name, dtype, 0, 3) == (2, 0, 0)
    assert at(name, dtype, 3, 1) == (1, 0.25, -0.125)
    assert at(name, dtype, -3, -1) == (1, -0.25, -0.125)


@EVERY_DTYPE
def test_squared_log_error_at_minus_one(dtype, isa):
    name = "squared_log_error"
    for point in ((-1.5, 1), (1, -1.5), (-1.5, -1.5), (-math.inf, 1)):
        assert all(map(math.isnan, at(name, dtype, *point)))
    assert at(name, dtype, -1, 1)[:2] == (math.inf, -math.inf)
    assert at(name, dtype, 1, -1)[:2] == (math.inf, math.inf)
    assert at(name, dtype, 3, 3) == (0, 0, 0.125)


@EVERY_DTYPE
def test_sums_beyond_the_range(dtype, isa):
    """The numbers are in range, their sum or difference is not."""
    big, symmetric = float(np.finfo(dtype).max), "symmetric_absolute_percentage_error"
    near = float(np.dtype(dtype).type(0.6 * big))
    for sign in (1, -1):
        assert at(symmetric, dtype, sign * big, sign * big) == (0, 0, 0)
        assert at(symmetric, dtype, sign * big, -sign * near)[0] == 2
        value, grad, _ = at(symmetric, dtype, sign * big, sign * near)
        np.testing.assert_allclose(value, 2 * (1 - near / big) / (1 + near / big), rtol=4 * np.finfo(dtype).eps)
        want = sign * 4 * (near / big) / (1 + near / big) ** 2 / big
        np.testing.assert_allclose(grad, want, atol=2 * float(np.finfo(dtype).smallest_subnormal), rtol=0)
        assert at("absolute_percentage_error", dtype, sign * big, -sign * big)[0] == 2
    for infinite in (math.inf, -math.inf):
        assert at(symmetric, dtype, infinite, 3)[:2] == at(symmetric, dtype, 3, infinite)[:2] == (2, 0)


@EVERY_DTYPE
def test_quotients_beyond_the_range(dtype, isa):
    """log1p(p) - log1p(y) is a small number where (1 + p) / (1 + y) overflows."""
    big, low = float(np.finfo(dtype).max), -1 + float(np.finfo(dtype).eps)
    want = math.log(big) - math.log1p(low)
    np.testing.assert_allclose(at("squared_log_error", dtype, big, low)[0], want**2, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(at("squared_log_error", dtype, low, big)[0], want**2, rtol=4 * np.finfo(dtype).eps)
    assert at("squared_log_error", dtype, math.inf, 1) == (math.inf, 0, 0)
    assert at("squared_log_error", dtype, 1, math.inf) == (math.inf, -math.inf, math.inf)
