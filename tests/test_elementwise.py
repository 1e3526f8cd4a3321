"""Every elementwise loss of the registry: accuracy, traits, fused outputs and reductions."""

import math
from itertools import combinations

import numpy as np
import pytest
from accuracy import check, exact_outputs, exact_slopes
from catalogue import (
    DTYPES,
    ELEMENTWISE,
    WITH_PARAM_GRAD,
    arrays,
    assert_same_bits,
    cases,
    inputs,
    method,
    outputs,
)
from oracles import ORACLES

import fastloss as fl

EVERY_SETTING = pytest.mark.parametrize(("name", "case"), cases())
EVERY_LOSS = pytest.mark.parametrize("name", ELEMENTWISE)
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


def with_trait(trait):
    chosen = [name for name in ELEMENTWISE if trait in fl.get(name).traits]
    return pytest.mark.parametrize(("name", "case"), cases(chosen))


# ---- accuracy: numerics contract, lines 1 and 2 --------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_accuracy(name, case, dtype, isa):
    points, wanted = inputs(name, dtype, case), exact_outputs(name, dtype, case)
    for output in outputs(name):
        got = method(fl.get(name, **case), output)(*points)
        check(got, [want[output] for want in wanted], points, dtype, output)


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(WITH_PARAM_GRAD))
def test_accuracy_of_param_grad(name, case, dtype, isa):
    loss = fl.get(name, **case)
    points, wanted = inputs(name, dtype, case), exact_slopes(name, dtype, case)
    got = loss.param_grad(*points)
    assert set(got) == set(loss.param_grads)
    for parameter, slopes in got.items():
        check(slopes, wanted[parameter], points, dtype, f"d/d{parameter}")


@EVERY_DTYPE
@EVERY_SETTING
def test_difference_is_rounded_once(name, case, dtype):
    """(pred, target) is the loss of the stored difference, in the data's dtype."""
    if fl.get(name).requires_target:
        pytest.skip(f"{name} is no function of a residual")
    rng = np.random.default_rng(5)
    p, y = (rng.standard_normal(1000).astype(dtype) for _ in range(2))
    for output in outputs(name):
        run = method(fl.get(name, **case), output)
        assert_same_bits(run(p, y), run(p - y))


# ---- line 7: fused = separate --------------------------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_fused_outputs_have_the_bits_of_single_calls(name, case, dtype, isa):
    loss, points = fl.get(name, **case), inputs(name, dtype, case, seed=3)
    single = {output: method(loss, output)(*points) for output in outputs(name)}
    for size in range(1, len(single) + 1):
        for chosen in combinations(single, size):
            together = loss.evaluate(*points, outputs=chosen)
            assert isinstance(together, tuple)
            for output, got in zip(chosen, together, strict=True):
                assert_same_bits(got, single[output])
    for got, output in zip(loss.value_and_grad(*points), ("value", "grad"), strict=True):
        assert_same_bits(got, single[output])


# ---- line 8: NaN ---------------------------------------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_nan_stays_in_its_element(name, case, dtype, isa):
    clean = arrays(name, 100, dtype)
    for argument in range(len(clean)):
        dirty = [array.copy() for array in clean]
        dirty[argument][37] = np.nan
        for output in outputs(name):
            run = method(fl.get(name, **case), output)
            want = run(*clean)
            want[37] = np.nan
            np.testing.assert_array_equal(run(*dirty), want, err_msg=output)


# ---- traits --------------------------------------------------------------------------------


@EVERY_DTYPE
@with_trait("convex")
def test_convex(name, case, dtype):
    loss, points = fl.get(name, **case), inputs(name, dtype, case)
    assert (loss.hess(*points) >= 0).all()


@with_trait("c1")
def test_c1_gradient_is_that_of_the_value(name, case):
    """Fourth-order differences, everywhere; where pieces meet they are of first order."""
    slope, grad, size, step, at_edge = _differences(name, case, "value", "grad")
    curvature = 1 + np.abs(fl.get(name, **case).hess(*_around_edges(name, case)))
    allowed = np.where(at_edge, 2 * step * curvature, 1e-8 * size)
    assert (np.abs(slope - grad) <= allowed).all()


@EVERY_SETTING
def test_hess_is_the_slope_of_grad(name, case):
    slope, hess, size, _, at_edge = _differences(name, case, "grad", "hess")
    assert (np.abs(slope - hess) <= 1e-8 * size)[~at_edge].all()


def _around_edges(name, case):
    """Points in units of the scale, and the arguments at which pieces of the formula meet."""
    pred, *rest = arrays(name, 400)
    pred = pred * case.get("scale", 1.0)
    edges = np.array([edge for edge in ORACLES[name].thresholds(**case) if edge < 10])
    pred = np.concatenate([pred, edges, -edges])
    return pred, *(np.resize(array, pred.shape) for array in rest)


def _differences(name, case, below, above):
    """Slope of output `below` beside output `above`, and what to judge their difference by."""
    loss, (pred, *rest) = fl.get(name, **case), _around_edges(name, case)
    unit = case.get("scale", 1.0)
    step = unit * 2.0**-12
    function = method(loss, below)
    near = function(pred + step, *rest) - function(pred - step, *rest)
    far = function(pred + 2 * step, *rest) - function(pred - 2 * step, *rest)
    exact = method(loss, above)(pred, *rest)
    size = np.abs(function(pred, *rest)) / unit + np.abs(exact) + (1 / unit**2 if unit < 1 else 1)
    edges = [0.0, *ORACLES[name].thresholds(**case)]
    at_edge = np.any([np.abs(np.abs(pred) - edge) < 3 * step for edge in edges], axis=0)
    return (8 * near - far) / (12 * step), exact, size, step, at_edge


@EVERY_SETTING
def test_weight_times_residual_is_grad(name, case):
    loss = fl.get(name, **case)
    if not loss.has_weight:
        pytest.skip(f"{name} has no weight")
    (r,) = arrays(name, 1000)
    product = loss.weight(r) * r
    np.testing.assert_allclose(product, loss.grad(r), rtol=1e-13, atol=1e-300)


@EVERY_DTYPE
@with_trait("even")
def test_even(name, case, dtype):
    loss, (r,) = fl.get(name, **case), inputs(name, dtype, case)
    for output, sign in {"value": 1, "grad": -1, "hess": 1, "weight": 1}.items():
        run = method(loss, output)
        np.testing.assert_array_equal(run(-r), sign * run(r), err_msg=output)


@EVERY_DTYPE
@with_trait("bounded")
def test_bounded(name, case, dtype):
    huge = np.array([np.finfo(dtype).max, np.inf], dtype)
    values = fl.get(name, **case)(np.concatenate([huge, -huge]))
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, values[0])


# ---- parameters ----------------------------------------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_parameters_broadcast(name, case, dtype, isa):
    """Scalar, per column and per element agree (each is accurate; they need not share bits)."""
    loss, points = fl.get(name), arrays(name, (40, 7), dtype)
    for output in outputs(name):
        run = method(loss, output)
        want = run(*points, **case)
        # an exponential amplifies the rounding of its argument, of which there are up to some hundreds
        close = {"rtol": 2000 * np.finfo(dtype).eps, "atol": np.finfo(dtype).tiny}
        if output == "hess":  # crosses zero
            close["atol"] = close["rtol"] * np.abs(want).max()
        for shape in ((), (7,), (40, 7)):
            full = {key: np.full(shape, value, dtype) for key, value in case.items()}
            np.testing.assert_allclose(run(*points, **full), want, **close, err_msg=output)


@EVERY_LOSS
def test_each_element_has_its_own_parameter(name):
    chosen = ORACLES[name].cases
    points = arrays(name, (50, len(chosen)))
    if not chosen[0]:
        return  # nothing to broadcast
    columns = {key: np.array([case[key] for case in chosen]) for key in chosen[0]}
    elements = {key: np.tile(column, (50, 1)) for key, column in columns.items()}
    for output in outputs(name):
        run = method(fl.get(name), output)
        by_column, by_element = run(*points, **columns), run(*points, **elements)
        for k, case in enumerate(chosen):
            want = run(*(array[:, k] for array in points), **case)
            crossing = 1e-14 * np.abs(want).max() if output == "hess" else 0
            close = {"rtol": 1e-13, "atol": 1e-300 + crossing, "err_msg": f"{output} of {case}"}
            np.testing.assert_allclose(by_column[:, k], want, **close)
            np.testing.assert_allclose(by_element[:, k], want, **close)


@EVERY_DTYPE
@EVERY_SETTING
def test_parameters_are_rounded_to_the_dtype_of_the_data(name, case, dtype):
    points = arrays(name, 100, dtype)
    with np.errstate(over="ignore"):
        stored = {key: float(np.dtype(dtype).type(value)) for key, value in case.items()}
    for output in outputs(name):
        run = method(fl.get(name), output)
        assert_same_bits(run(*points, **case), run(*points, **stored))


# ---- line 5: reductions --------------------------------------------------------------------

SIZES = (1, 15, 4096, 4097, 100_003)
_ADDITIONS = 4096 // 16 + 4 + 20  # on the way of any element to the total


def assert_sum(got, terms):
    """A float64 sum in blocks and lanes: some hundred roundings, all far below the dtype's."""
    assert type(got) is float
    terms = np.asarray(terms, np.float64).ravel()
    slack = _ADDITIONS * 2.0**-53 * math.fsum(np.abs(terms))
    assert abs(got - math.fsum(terms)) <= slack


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("size", SIZES)
def test_sum_and_mean(name, size, dtype, isa):
    loss, points = fl.get(name), arrays(name, size, dtype)
    total = loss(*points, reduction="sum")
    assert_sum(total, loss(*points))
    assert loss(*points, reduction="mean") == total / size


@EVERY_DTYPE
@EVERY_LOSS
@pytest.mark.parametrize("size", SIZES)
def test_weighted_sum_and_mean(name, size, dtype, isa):
    loss, points = fl.get(name), arrays(name, size, dtype)
    weights = np.random.default_rng(8).uniform(0, 2, size).astype(dtype)
    total = loss(*points, sample_weight=weights, reduction="sum")
    assert_sum(total, loss(*points, sample_weight=weights))
    mean = loss(*points, sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(mean, total / math.fsum(weights), rtol=1e-13)


@EVERY_DTYPE
@EVERY_LOSS
def test_sample_weight_multiplies_all_but_weight(name, dtype, isa):
    loss, points = fl.get(name), arrays(name, (30, 4), dtype)
    rng = np.random.default_rng(9)
    full = rng.uniform(0, 2, (30, 4)).astype(dtype)
    a_row = full[:, 0].copy()
    for output in outputs(name):
        run = method(loss, output)
        plain = run(*points)
        for weights, factor in ((full, full), (a_row, a_row[:, None])):
            want = plain if output == "weight" else plain * factor
            got = run(*points, sample_weight=weights)
            np.testing.assert_allclose(got, want, rtol=2 * np.finfo(dtype).eps, err_msg=output)


@EVERY_LOSS
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sample_weight_zero_is_zero_whatever_the_element_holds(name, bad):
    loss, points = fl.get(name), arrays(name, 10)
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
    loss, empty, points = fl.get(name), arrays(name, 0), arrays(name, 5)
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
    loss, points = fl.get(name), arrays(name, (31, 3), dtype)
    weights = np.random.default_rng(10).uniform(0, 2, (31, 3)).astype(dtype) if weighted else None
    run, total = method(loss, output), 93 if weights is None else math.fsum(weights.ravel())
    plain = run(*points, sample_weight=weights)
    np.testing.assert_array_equal(run(*points, sample_weight=weights, reduction="sum"), plain)
    mean = run(*points, sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(mean, plain / total, rtol=4 * np.finfo(dtype).eps)
    assert mean.dtype == dtype


@EVERY_LOSS
def test_fused_reductions(name):
    """A reduced value beside the derivatives of the reduced call, all as the single calls."""
    loss, points = fl.get(name), arrays(name, 5000)
    for reduction in ("sum", "mean"):
        value, grad = loss.value_and_grad(*points, reduction=reduction)
        assert value == loss(*points, reduction=reduction)
        assert_same_bits(grad, loss.grad(*points, reduction=reduction))


@pytest.mark.parametrize("name", WITH_PARAM_GRAD)
def test_param_grad_is_summed_to_the_shape_of_the_parameter(name):
    loss, points = fl.get(name), arrays(name, (60, 5))
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
