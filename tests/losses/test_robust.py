"""The general robust loss over all of alpha: no hole, no jump, no lost digit."""

from functools import cache

import numpy as np
import pytest
import reference
from accuracy import check
from catalogue import DTYPES, FMA_ISAS, assert_same_bits
from mpmath import mpf
from oracles import ORACLES, exact, exact_param_grad
from samples import logarithmic, neighbours

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
ALPHAS = sorted({case["alpha"] for case in ORACLES["robust"].cases})
EVERY_ALPHA = pytest.mark.parametrize("alpha", ALPHAS)
OUTPUTS = ("value", "grad", "hess", "weight")


@cache
def scattered(dtype):
    """Elements with a random alpha and scale each, and their exact outputs and slopes."""
    count, reach = 600, 1e12 if dtype == "float32" else 1e17
    rng = np.random.default_rng(31)
    near_holes = np.concatenate(
        [hole + logarithmic(1e-12, 1, 60, "float64", hole) for hole in (0, 1, 2, 4)]
        + [neighbours([2.0, 2.0**-10, 1.5, 2.5], dtype).astype(float)]
    )
    alpha = rng.choice(np.concatenate([near_holes, rng.uniform(-12, 12, 120), ALPHAS]), count)
    alpha = alpha.astype(dtype)
    scale = np.abs(logarithmic(1e-3, 1e3, count, dtype, 32))
    ratio = np.where(
        rng.random(count) < 0.3,
        logarithmic(1 / reach, reach, count, "float64", 33),
        logarithmic(1e-3, 1e3, count, "float64", 34),
    )
    r = (ratio * scale).astype(dtype)
    points = [((x,), dtype, {"alpha": a, "scale": c}) for x, a, c in zip(r, alpha, scale, strict=True)]
    outputs = [exact("robust", *point) for point in points]
    slopes = {
        parameter: [exact_param_grad("robust", parameter, *point) for point in points]
        for parameter in ("alpha", "scale")
    }
    return r, alpha, scale, outputs, slopes


@EVERY_DTYPE
@pytest.mark.parametrize("output", OUTPUTS)
def test_accuracy_with_a_parameter_per_element(output, dtype, isa):
    r, alpha, scale, wanted, _ = scattered(dtype)
    loss = fl.robust if output == "value" else getattr(fl.robust, output)
    got = loss(r, alpha=alpha, scale=scale)
    check(got, [want[output] for want in wanted], (r, alpha, scale), dtype, output)


@EVERY_DTYPE
@pytest.mark.parametrize("output", OUTPUTS)
def test_accuracy_with_any_scalar_alpha(output, dtype, isa):
    """The same elements one call each: scalars may take other paths than arrays."""
    r, alpha, scale, wanted, _ = scattered(dtype)
    loss = fl.robust if output == "value" else getattr(fl.robust, output)
    calls = [loss(r[k : k + 1], alpha=float(alpha[k]), scale=float(scale[k])) for k in range(len(r))]
    got = np.concatenate(calls)
    check(got, [want[output] for want in wanted], (r, alpha, scale), dtype, output)


@cache
def turns(alpha, dtype):
    """Elements on both sides of every turn of the tables, up to where they end, and beyond; their exact outputs."""
    steps = (1, 1.5) if dtype == "float32" else (1, 1.25, 1.5, 1.75)
    sums = np.array([c * 2.0**e for e in range(34) for c in steps][1:])  # 1 + w
    x = neighbours(0.7 * np.sqrt((sums - 1) * (2 - alpha)), dtype)
    return x, [exact("robust", (r,), dtype, {"alpha": alpha, "scale": 0.7}) for r in x]


@EVERY_DTYPE
@pytest.mark.parametrize("alpha", [0.0, 1e-4, 0.5, 1.25])
@pytest.mark.parametrize("output", ["value", "grad", "weight"])
def test_accuracy_where_the_tables_of_an_alpha_turn(output, alpha, dtype, isa):
    x, wanted = turns(alpha, dtype)
    loss = fl.robust if output == "value" else getattr(fl.robust, output)
    check(loss(x, alpha=alpha, scale=0.7), [want[output] for want in wanted], (x,), dtype, output)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("scale", [1.0, 0.3, 1e-6, 1e6])
def test_one_scale_beside_an_alpha_per_element_is_the_scale_of_each(scale, output, isa):
    """What follows from one scale is computed before the loop."""
    r, alpha, *_ = scattered("float32")
    loss = fl.robust if output == "value" else getattr(fl.robust, output)
    assert_same_bits(loss(r, alpha=alpha, scale=scale), loss(r, alpha=alpha, scale=np.full(len(r), scale)))


@EVERY_DTYPE
def test_alphas_in_turn_do_not_mix(dtype):
    """A thread keeps the tables of its last alpha and scale."""
    x = logarithmic(1e-3, 1e3, 100, dtype)
    settings = [(0.5, 1.0), (0.5, 2.0), (1.25, 2.0), (0.0, 2.0)]
    wanted = [fl.robust(2 * x, alpha=alpha, scale=2 * scale) for alpha, scale in settings]
    for _ in range(2):
        for want, (alpha, scale) in zip(wanted, settings, strict=True):
            np.testing.assert_array_equal(fl.robust(x, alpha=alpha, scale=scale), want)


@pytest.mark.parametrize("output", OUTPUTS)
def test_elements_with_parameters_do_not_depend_on_their_neighbours(output):
    """Nor on the instruction set, if it has a fused multiply-add."""
    r, alpha, scale, *_ = scattered("float32")
    loss = fl.robust if output == "value" else getattr(fl.robust, output)
    want = loss(r, alpha=alpha, scale=scale)
    for start, stop in [(k, 200 - k) for k in range(17)] + [(300, 301)]:
        part = slice(start, stop)
        assert_same_bits(loss(r[part], alpha=alpha[part], scale=scale[part]), want[part])
    for isa in FMA_ISAS:
        fl.use_isa(isa)
        assert_same_bits(loss(r, alpha=alpha, scale=scale), want)


@EVERY_DTYPE
def test_accuracy_of_slopes_with_a_parameter_per_element(dtype, isa):
    r, alpha, scale, _, slopes = scattered(dtype)
    for parameter, got in fl.robust.param_grad(r, alpha=alpha, scale=scale).items():
        check(got, slopes[parameter], (r, alpha, scale), dtype, f"d/d{parameter}")


@EVERY_DTYPE
def test_accuracy_of_the_slope_where_its_forms_meet(dtype, isa):
    """At L and u of 1 and 2, around, and where these lie between the two, which are close to each other for alpha near
    2."""
    rng = np.random.default_rng(35)
    special = np.concatenate([hole + logarithmic(1e-4, 0.6, 40, "float64", 40) for hole in (-2, 0, 2)])
    above_two = 2 + np.abs(logarithmic(1e-3, 0.6, 100, "float64", 41))
    alpha = np.concatenate([[2.4999], special, above_two, rng.uniform(-10, 10, 100)]).astype(dtype)
    share = np.where(rng.random(len(alpha)) < 0.7, rng.random(len(alpha)), rng.choice([0, 1], len(alpha)))
    spread = np.where((share > 0) & (share < 1), 1, rng.uniform(0.75, 1.25, len(alpha)))
    log = np.minimum(rng.choice([1, 2], len(alpha)) * spread * (share + (1 - share) * 2 / np.abs(alpha)), 20)
    x = np.sqrt(np.expm1(log) * np.abs(alpha - 2)).astype(dtype)
    x[0] = 0.7993
    points = [((r,), dtype, {"alpha": a, "scale": 1.0}) for r, a in zip(x, alpha, strict=True)]
    got = fl.robust.param_grad(x, alpha=alpha, scale=np.ones_like(x))["alpha"]
    check(got, [exact_param_grad("robust", "alpha", *point) for point in points], (x, alpha), dtype, "d/dalpha")


@EVERY_DTYPE
@EVERY_ALPHA
def test_infinite_residuals(alpha, dtype, isa):
    stored = np.dtype(dtype).type(alpha)
    for x in (np.inf, -np.inf):
        value = fl.robust(np.array([x], dtype), alpha=alpha)[0]
        if stored == -np.inf:
            assert value == 1
        elif stored < 0:
            limit = abs(np.float64(stored) - 2) / abs(np.float64(stored))
            np.testing.assert_allclose(value, limit, rtol=4 * np.finfo(dtype).eps)
        else:
            assert value == np.inf


@pytest.mark.parametrize("alpha", [-0.3, 0.0, 1e-9, 0.5, 1.25, 1.5, 2 - 1e-12, 2 + 1e-12, 4.0])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
@pytest.mark.parametrize("is_array", [False, True])
def test_far_residuals(alpha, scale, is_array, isa):
    """Values are finite where the exact ones are, and gradients outlast weights, which underflow first."""
    residuals = scale * np.array([1e140, -1e151, 1e153, 1e160, -1e200, 1e270])
    value, grad = fl.robust.value_and_grad(residuals, alpha=np.full(6, alpha) if is_array else alpha, scale=scale)
    case = {"alpha": alpha, "scale": scale}
    wanted = [exact("robust", (residual,), "float64", case) for residual in residuals]
    np.testing.assert_allclose(value, [float(want["value"].result) for want in wanted], rtol=1e-12)
    np.testing.assert_allclose(grad, [float(want["grad"].result) for want in wanted], rtol=1e-12, atol=1e-320)


@pytest.mark.parametrize("alpha", [-0.3, 0.0, 0.5, 1.25])
def test_slopes_by_scale_of_far_residuals(alpha, isa):
    residuals, case = np.array([1e140, 1e160, -1e200]), {"alpha": alpha, "scale": 1.0}
    slopes = fl.robust.param_grad(residuals, **case)["scale"]
    wanted = [float(exact_param_grad("robust", "scale", (residual,), "float64", case).result) for residual in residuals]
    np.testing.assert_allclose(slopes, wanted, rtol=1e-12)


@EVERY_DTYPE
@pytest.mark.parametrize("alpha", [alpha for alpha in ALPHAS if alpha < 0])
def test_value_never_exceeds_its_limit(alpha, dtype, isa):
    stored = np.dtype(dtype).type(alpha)
    if stored == 0:
        return  # alpha vanishes in this dtype: the logarithm has no limit
    x = np.abs(logarithmic(1e-3, np.finfo(dtype).max / 2, 5000, dtype))
    exact = 1 if alpha == -np.inf else (2 - mpf(float(stored))) / -mpf(float(stored))
    assert fl.robust(x, alpha=alpha).max() <= np.dtype(dtype).type(float(exact))


@EVERY_DTYPE
@EVERY_ALPHA
def test_outputs_are_numbers_of_the_right_sign(alpha, dtype, isa):
    """From the smallest subnormal to the largest number: no NaN, no wrong sign."""
    info = np.finfo(dtype)
    x = np.abs(logarithmic(1e-30, 1e30, 4000, dtype))
    x = np.concatenate([x, np.array([0, info.smallest_subnormal, info.tiny, info.max], dtype)])
    value, grad, weight = fl.robust.evaluate(x, alpha=alpha, outputs=("value", "grad", "weight"))
    for output in (value, grad, weight):
        assert (output >= 0).all()
    slopes = fl.robust.param_grad(x, alpha=alpha)
    assert (slopes["alpha"] >= 0).all()
    assert (slopes["scale"] <= 0).all()
    assert value[-4] == grad[-4] == 0
    assert weight[-4] == 1


@EVERY_DTYPE
@pytest.mark.parametrize("alpha", [-np.inf, np.inf])
def test_slope_at_infinite_alpha_is_zero(alpha, dtype):
    slopes = fl.robust.param_grad(np.array([0, 0.5, 3], dtype), alpha=alpha)
    np.testing.assert_array_equal(slopes["alpha"], 0)


@EVERY_DTYPE
def test_slope_at_two_is_that_of_the_number_below(dtype):
    kind = np.dtype(dtype).type
    x = np.array([1e-3, 0.5, 2, 100], dtype)
    below = float(np.nextafter(kind(2), kind(0)))
    at, near = (fl.robust.param_grad(x, alpha=alpha)["alpha"] for alpha in (2.0, below))
    assert np.isfinite(at).all()
    assert (at > 0).all()
    np.testing.assert_allclose(at, near, rtol=40 * np.finfo(dtype).eps)


@EVERY_DTYPE
@EVERY_ALPHA
def test_tiny_residuals_keep_their_loss(alpha, dtype, isa):
    """Down to subnormal losses; the textbook formula returns 0 below 3e-4 in float32."""
    x = np.abs(logarithmic(np.sqrt(float(np.finfo(dtype).tiny)) / 64, 1e-9, 500, dtype))
    half = 0.5 * x.astype(np.longdouble) ** 2
    subnormal = float(np.finfo(dtype).smallest_subnormal)
    error = np.abs(fl.robust(x, alpha=alpha).astype(np.longdouble) - half)
    curved = 1e-18 * max(1, min(abs(alpha), 2.0**80))  # z**2 terms, with z below 1e-18
    if abs(np.dtype(dtype).type(alpha) - 2) < 1e-6:
        return  # bends at once: w = z/b is not small; the oracle tests cover it
    allowed = (4 * np.finfo(dtype).eps + min(curved, 1)) * half + subnormal
    assert (error <= allowed).all()


@pytest.mark.parametrize("alpha", [-np.inf, -2.0, 0.0, 0.5, 1.0, 1.5, 2.0, 4.0])
def test_agrees_with_the_textbook(alpha):
    x = np.random.default_rng(1).standard_normal(1000) * 3
    close = {"rtol": 1e-11, "atol": 1e-13}
    value, grad = fl.robust.value_and_grad(x, alpha=alpha, scale=0.8)
    np.testing.assert_allclose(value, reference.robust(x, alpha, 0.8), **close)
    np.testing.assert_allclose(grad, reference.robust_grad(x, alpha, 0.8), **close)


@EVERY_DTYPE
def test_scale_divides_the_residual(dtype):
    """Powers of two divide exactly, so these share every bit."""
    x = logarithmic(1e-5, 1e5, 500, dtype)
    for alpha in (-2.0, 0.0, 0.5, 1.0, 3.0):
        np.testing.assert_array_equal(fl.robust(x, alpha=alpha, scale=0.25), fl.robust(x * 4, alpha=alpha))
