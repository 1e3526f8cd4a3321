"""Special values of the losses of a residual."""

import math

import numpy as np
import pytest
from accuracy import check
from catalogue import DTYPES, RESIDUAL, arrays, cases
from oracles import ORACLES, exact

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
OUTPUTS = ("value", "grad", "hess", "weight")
INFINITE_WEIGHT = {"absolute_error": {}, "quantile": {"q": 0.3}, "smooth_l1": {"beta": 0.0}}


def at(loss, residual, dtype):
    """(value, grad, hess, weight) at one residual, as floats."""
    outputs = loss.evaluate(np.array([residual], dtype), outputs=OUTPUTS)
    return tuple(float(output[0]) for output in outputs)


# ---- at zero -------------------------------------------------------------------------------


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(name for name in RESIDUAL if not name.endswith("nll")))
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_nothing_costs_nothing(name, case, dtype, zero, isa):
    value, grad, hess, weight = at(fl.get(name, **case), zero, dtype)
    assert value == grad == 0
    assert math.copysign(1, value) == 1
    assert math.isfinite(hess)
    assert weight >= 0


@EVERY_DTYPE
@pytest.mark.parametrize("name", INFINITE_WEIGHT)
def test_weight_of_a_kink_is_infinite(name, dtype, isa):
    assert at(fl.get(name, **INFINITE_WEIGHT[name]), 0.0, dtype) == (0, 0, 0, math.inf)


# ---- tiny and huge -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "case"), cases(RESIDUAL))
def test_squares_that_overflow(name, case, isa):
    residuals = np.array([1e155, -1e200, 1e300])
    wanted = [exact(name, (residual,), "float64", case) for residual in residuals]
    outputs = fl.get(name, **case).evaluate(residuals, outputs=OUTPUTS)
    for output, got in zip(OUTPUTS, outputs, strict=True):
        check(got, [want[output] for want in wanted], (residuals,), "float64", output)


# residuals beside parameters so far off that a quotient, a square or a weight of theirs leaves the range
FAR = [
    ("pseudo_huber", {"delta": 1e30}, "float32", [1e-42, 4e-28, 1e-9, 1e31]),
    ("pseudo_huber", {"delta": 1e-30}, "float32", [4e9, 2e13]),
    ("pseudo_huber", {"delta": 1e30}, "float64", [1e-312, 3e-300]),
    ("pseudo_huber", {"delta": 1e-300}, "float64", [1e17]),
    ("squared_epsilon_insensitive", {"epsilon": 0.1}, "float32", [3.4e38]),
    ("squared_epsilon_insensitive", {"epsilon": 0.1}, "float64", [1.7e308]),
    ("geman_mcclure", {"scale": 1e38}, "float32", [6e31, 3e38]),
    ("welsch", {"scale": 1e38}, "float32", [6e31, 3e38]),
    ("tukey", {"scale": 1e150}, "float64", [1.0, 710.0, 1e56, 9e149]),
    ("fair", {"scale": 1e38}, "float32", [1e-42, 4e-28, 6e31, 3e35]),
    ("fair", {"scale": 1e30}, "float64", [3e-300, 1e-287]),
    ("arctan", {"scale": 1e38}, "float32", [6e31, 3e38]),
    ("dcs", {"scale": 1e15}, "float32", [2e24]),
    ("dcs", {"scale": 1e300}, "float64", [2e259, -4e284]),
    ("andrews", {"scale": 1e38}, "float32", [1e-42, 4e-28, 6e31, 3e38]),
    ("andrews", {"scale": 1e30}, "float64", [1e-312, 3e-300]),
    ("cauchy", {"scale": 1e-300}, "float64", [1e-149, 3e-100, -1e300]),
    ("cauchy", {"scale": 1e300}, "float64", [1e-10, 1e300]),
    ("student_t_nll", {"df": 1.0, "scale": 1e30}, "float64", [5e157, 2e170, 1e190]),
    ("student_t_nll", {"df": 3.0, "scale": 1e300}, "float64", [2e297, 1e308]),
    ("student_t_nll", {"df": 1.0, "scale": 1e-300}, "float64", [0.0, 5e-324, 1e-160, 1e-150, 1e-140, -1e300]),
    ("student_t_nll", {"df": 1e-300, "scale": 1.0}, "float64", [1e-200, 1.0, 1e100, 1e160, -1e300]),
]


@pytest.mark.parametrize(("name", "case", "dtype", "residuals"), FAR)
def test_far_parameters(name, case, dtype, residuals, isa):
    residuals = np.array(residuals, dtype)
    wanted = [exact(name, (residual,), dtype, case) for residual in residuals]
    outputs = fl.get(name, **case).evaluate(residuals, outputs=OUTPUTS)
    for output, got in zip(OUTPUTS, outputs, strict=True):
        check(got, [want[output] for want in wanted], (residuals,), dtype, output)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["log_cosh", "pseudo_huber"])
def test_tiny_and_huge(name, dtype, isa):
    """The textbook formulas return 0 at 1e-6 in float32 and overflow at 1e20."""
    loss, kind = fl.get(name), np.dtype(dtype).type
    close = 4 * np.finfo(dtype).eps
    tiny, huge = float(kind(1e-6)), float(kind(1e20))
    shift = math.log(2) if name == "log_cosh" else 1.0
    for sign in (1, -1):
        value, grad, hess, weight = at(loss, sign * tiny, dtype)
        np.testing.assert_allclose(value, tiny**2 / 2 * (1 - tiny**2 / 6), rtol=max(close, 1e-13))
        np.testing.assert_allclose([sign * grad, hess, weight], [tiny, 1, 1], rtol=max(close, 2e-12))
        value, grad, hess, weight = at(loss, sign * huge, dtype)
        assert value == kind(huge - shift)
        assert grad == sign
        np.testing.assert_allclose(weight, 1 / huge, rtol=close)
        assert hess <= 1e-37


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(RESIDUAL))
def test_infinite_residuals(name, case, dtype, isa):
    """The limits: no output is NaN, and the value is infinite unless the loss is bounded."""
    loss = fl.get(name, **case)
    for residual in (math.inf, -math.inf):
        value, grad, hess, weight = at(loss, residual, dtype)
        if "bounded" in loss.traits:
            assert math.isfinite(value)
            assert grad == hess == weight == 0
        elif name != "robust":
            assert value == math.inf
        assert not any(map(math.isnan, (value, grad, hess, weight)))
        assert grad * residual >= 0 or grad == 0
        assert weight >= 0


# ---- where pieces meet ---------------------------------------------------------------------

# the residual at the end of a piece, and (value, grad, hess, weight) of the inner piece
ENDS = [
    ("huber", {"delta": 2.0}, 2.0, (2.0, 2.0, 1.0, 1.0)),
    ("smooth_l1", {"beta": 2.0}, 2.0, (1.0, 1.0, 0.5, 0.5)),
    ("epsilon_insensitive", {"epsilon": 2.0}, 2.0, (0.0, 0.0, 0.0, 0.0)),
    ("squared_epsilon_insensitive", {"epsilon": 2.0}, 2.0, (0.0, 0.0, 0.0, 0.0)),
    ("truncated_squared", {"scale": 2.0}, 2.0, (2.0, 2.0, 1.0, 1.0)),
    ("tukey", {"scale": 2.0}, 2.0, (2 / 3, 0.0, 0.0, 0.0)),
    ("hampel", {}, 2.0, (2.0, 2.0, 1.0, 1.0)),
    ("hampel", {}, 4.0, (6.0, 2.0, 0.0, 0.5)),
    ("hampel", {}, 8.0, (10.0, 0.0, -0.5, 0.0)),
]


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case", "end", "want"), ENDS)
def test_ends_belong_to_the_inner_piece(name, case, end, want, dtype, isa):
    loss, (value, grad, hess, weight) = fl.get(name, **case), want
    np.testing.assert_allclose(at(loss, end, dtype), want, rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(at(loss, -end, dtype), (value, -grad, hess, weight), rtol=2 * np.finfo(dtype).eps)


REJECTED = {
    "tukey": ({"scale": 2.0}, 2.0, 2 / 3),
    "truncated_squared": ({"scale": 2.0}, 2.0, 2.0),
    "andrews": ({"scale": 2.0}, 2 * math.pi, 8.0),
    "hampel": ({}, 8.0, 10.0),
}


@EVERY_DTYPE
@pytest.mark.parametrize("name", REJECTED)
def test_outliers_are_rejected_altogether(name, dtype, isa):
    case, end, bound = REJECTED[name]
    beyond = np.array([1.0000003 * end, 2 * end, 1e10 * end], dtype)
    value, *others = fl.get(name, **case).evaluate(beyond, outputs=("value", "grad", "hess", "weight"))
    np.testing.assert_allclose(value, bound, rtol=2 * np.finfo(dtype).eps)
    for output in others:
        np.testing.assert_array_equal(output, 0)


# ---- relatives -----------------------------------------------------------------------------

# losses that are another in another unit: (ours, its parameters, the relative, its parameters, factor)
RELATIVES = [
    ("smooth_l1", {"beta": 0.5}, "huber", {"delta": 0.5}, 2.0),
    ("smooth_l1", {"beta": 0.0}, "absolute_error", {}, 1.0),
    ("quantile", {"q": 0.5}, "absolute_error", {}, 0.5),
    ("expectile", {"tau": 0.5}, "squared_error", {}, 0.5),
    ("epsilon_insensitive", {"epsilon": 0.0}, "absolute_error", {}, 1.0),
    ("squared_epsilon_insensitive", {"epsilon": 0.0}, "squared_error", {}, 1.0),
    ("pseudo_huber", {"delta": 0.5}, "robust", {"alpha": 1.0, "scale": 0.5}, 0.25),
    ("cauchy", {"scale": 0.5}, "student_t_nll", {"df": 1.0, "scale": 0.5}, 0.125),
    ("gaussian_nll", {"var": 0.25}, "half_squared_error", {}, 4.0),
]


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case", "relative", "other", "factor"), RELATIVES)
def test_relatives(name, case, relative, other, factor, dtype):
    (r,) = arrays(name, 1000, dtype)
    outputs = ("grad", "hess", "weight") if "nll" in name + relative else ("value", "grad", "hess", "weight")
    got = fl.get(name, **case).evaluate(r, outputs=outputs)
    want = fl.get(relative, **other).evaluate(r, outputs=outputs)
    for output, one, two in zip(outputs, got, want, strict=True):
        close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps * (output == "hess")}
        np.testing.assert_allclose(one, dtype_of(dtype, factor) * two, err_msg=output, **close)


def dtype_of(dtype, number):
    return np.dtype(dtype).type(number)


def test_densities_integrate_to_one():
    r = np.linspace(-2000, 2000, 400_001)
    gaussian = np.exp(-fl.gaussian_nll(r, var=1.7)) / math.sqrt(2 * math.pi)
    student = np.exp(-fl.student_t_nll(r, df=3.0, scale=0.6))
    for density in (gaussian, student):
        assert abs(density.sum() * (r[1] - r[0]) - 1) < 1e-9


def test_hampel_whose_end_rounds_to_its_beginning(isa):
    value, grad = fl.hampel.value_and_grad(np.array([0.5, 1.5, 2, 3, np.inf], np.float32), a=1.0, b=2.0, c=2 + 1e-9)
    np.testing.assert_array_equal(value, [0.125, 1, 1.5, 1.5, 1.5])
    np.testing.assert_array_equal(grad, [0.5, 1, 1, 0, 0])


SMOOTH = cases(n for n in RESIDUAL if {"c1", "even"} <= fl.get(n).traits and not n.endswith("nll"))


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), [s for s in SMOOTH if not ORACLES[s.values[0]].degenerate(**s.values[1])])
def test_near_nothing_half_the_square(name, case, dtype, isa):
    """Also where the residual's square is close to the smallest number, and that of residual / scale below it."""
    loss, kind = fl.get(name, **case), np.dtype(dtype).type
    slope = float(fl.get(name, **{k: float(kind(v)) for k, v in case.items()}).hess(np.zeros(1))[0])
    residuals = np.geomspace(*((1e-22, 1e-15) if dtype == "float32" else (1e-161, 1e-140)), 200).astype(dtype)
    exact = (slope * (residuals.astype(np.longdouble) ** 2 / 2)).astype(dtype)
    assert (np.abs(loss(residuals) - exact) <= 4 * np.spacing(exact)).all()


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(n for n in RESIDUAL if fl.get(n).has_weight))
def test_the_largest_residual_pulls_no_more_than_a_large_one(name, case, dtype, isa):
    """Where the gradient does not grow any more, at the end of the range and at infinity too."""
    kind = np.dtype(dtype).type
    large = 1e17 if dtype == "float32" else 1e20
    residuals = np.array([large / 1e6, large, np.finfo(kind).max / 2, np.inf], kind)
    grad = np.abs(fl.get(name).grad(residuals, **{name: float(kind(value)) for name, value in case.items()}))
    rounding = 1 + 4 * np.finfo(kind).eps
    if grad[1] <= grad[0] * rounding:
        assert grad[3] <= grad[2] * rounding and grad[2] <= grad[1] * rounding


# ---- other units -----------------------------------------------------------------------------

# Powers of the unit of the residual: of the parameters where they are not 1, and of the value where it is not 2.
PARAMETER_POWERS = {"ramsay": {"a": -1}, "dcs": {"scale": 2}, "tolerant": {"a": 2, "b": 2}}
VALUE_POWERS = {"smooth_l1": 1, "epsilon_insensitive": 1}
WITHOUT_UNITS = {"quantile", "expectile", "robust", "robust_nll", "student_t_nll", "gaussian_nll"}
WITH_UNITS = [name for name in RESIDUAL if fl.get(name).parameters and name not in WITHOUT_UNITS]


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(WITH_UNITS))
@pytest.mark.parametrize("sign", [-1, 1])
def test_units_do_not_matter(name, case, dtype, sign, isa):
    """Residuals and parameters times a power of two: the outputs times powers of it."""
    shift = sign * (60 if dtype == "float32" else 500)
    powers = PARAMETER_POWERS.get(name, dict.fromkeys(case, 1))
    kind = np.dtype(dtype).type
    case = {name: float(kind(value)) for name, value in case.items()}
    scaled = case | {name: math.ldexp(case[name], power * shift) for name, power in powers.items()}
    residuals = np.concatenate([np.geomspace(1e-3, 1e3, 401), [0]]).astype(dtype)
    value_power = VALUE_POWERS.get(name, 2)
    outputs = {"value": value_power, "grad": value_power - 1, "weight": value_power - 2}
    got = fl.get(name).evaluate(np.ldexp(residuals, shift), outputs=tuple(outputs), **scaled)
    wanted = fl.get(name).evaluate(residuals, outputs=tuple(outputs), **case)
    for (output, power), result, want in zip(outputs.items(), got, wanted, strict=True):
        with np.errstate(all="ignore"):  # values may overflow, and weights be infinite
            expected = np.ldexp(want, power * shift)
            unit = np.maximum(np.spacing(np.abs(expected)), np.ldexp(np.spacing(np.abs(want)), power * shift))
            close = (result == expected) | (np.abs(result - expected) <= 8 * unit)
        assert close.all(), f"{output} at {residuals[~close][:3]}: {result[~close][:3]}, not {expected[~close][:3]}"
