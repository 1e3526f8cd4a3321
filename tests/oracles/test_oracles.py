"""The oracles beside independent statements of the same mathematics."""

import numpy as np
import pytest
from mpmath import mp, mpf
from precision import converged, error_in_ulp, ulp
from samples import residuals

from oracles import ORACLES, exact, exact_param_grad

CLOSE = mpf(10) ** -25


def g(t):
    return (t - 1 + mp.exp(-t)) / t**2


def in_general_position(case):
    alpha = case["alpha"]
    return 1e-20 < abs(alpha) < 1e20 and alpha != 2


@pytest.mark.parametrize("case", [case for case in ORACLES["robust"].cases if in_general_position(case)], ids=str)
def test_robust_derivatives_are_the_closed_forms_of_the_contract(case):
    alpha, scale = mpf(case["alpha"]), mpf(case["scale"])
    for r in residuals("float64", case["scale"], count=16):
        if abs(r) < 1e-30:  # the closed forms cancel beyond what is kept here
            continue
        x, outputs = mpf(float(r)), exact("robust", (r,), "float64", case)
        with mp.workprec(900):
            z, b = (x / scale) ** 2, abs(alpha - 2)
            w = z / b
            log = mp.log1p(w)
            u, v = alpha * log / 2, (alpha - 2) * log / 2
            weight = mp.exp(v) / scale**2
            expected = {
                "weight": weight,
                "grad": x * weight,
                "hess": weight * (1 + (alpha - 1) * w) / (1 + w),
            }
            slopes = {
                "scale": -(z / scale) * mp.exp(v),
                "alpha": log**2 / 2 * mp.exp(u) * abs(g(u) - g(log)),
            }
            for output, value in expected.items():
                assert abs(outputs[output].result - value) <= CLOSE * abs(value), (r, output)
            for parameter, value in slopes.items():
                slope = exact_param_grad("robust", parameter, (r,), "float64", case).result
                assert abs(slope - value) <= CLOSE * abs(value), (r, parameter)


def test_robust_limits_join_their_neighbours():
    for limit, beside in ((0.0, 1e-12), (2.0, 2 - 1e-12), (-np.inf, -1e15), (np.inf, 1e15)):
        for r in (1e-3, 0.7, 5.0):
            at, near = (
                exact("robust", (r,), "float64", {"alpha": alpha, "scale": 1.0})["value"].result
                for alpha in (limit, beside)
            )
            assert abs(at - near) <= 1e-9 * at


def test_converged_is_not_fooled_by_cancellation():
    tiny = mpf(2) ** -1000
    (result,) = converged(lambda: ((1 + tiny) - 1,))
    assert result == tiny


def test_ulp_and_error():
    assert ulp(mpf(1), "float32") == mpf(2) ** -23
    with mp.workprec(100):
        assert ulp(mpf(2) - mpf(2) ** -60, "float64") == mpf(2) ** -52
    assert ulp(mpf(0), "float64") == ulp(mpf(2) ** -1070, "float64") == mpf(2) ** -1074
    assert error_in_ulp(np.nextafter(3.0, 4.0), mpf(3), "float64") == 1
    assert error_in_ulp(np.inf, mpf(2) ** 1030, "float64") == 0
    assert error_in_ulp(1e308, mpf(2) ** 1030, "float64") > 1e15
    assert error_in_ulp(np.nan, mpf(1), "float64") == np.inf
    assert error_in_ulp(0.5, mpf(0), "float32", magnitude=mpf(2) ** 22) == 1
