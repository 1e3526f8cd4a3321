"""Every elementwise loss of the registry: accuracy, fused outputs, NaN and parameters."""

import math
from itertools import combinations

import numpy as np
import pytest
from accuracy import check, exact_outputs, exact_slopes
from catalogue import (
    DTYPES,
    ELEMENTWISE,
    RESIDUAL,
    WITH_PARAM_GRAD,
    arrays,
    assert_same_bits,
    cases,
    each_isa,
    inputs,
    method,
    outputs,
)
from oracles import ORACLES, exact

import fastloss as fl

EVERY_SETTING = pytest.mark.parametrize(("name", "case"), cases())
EVERY_LOSS = pytest.mark.parametrize("name", ELEMENTWISE)
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


# ---- accuracy: numerics contract, lines 1 and 2 --------------------------------------------


@EVERY_DTYPE
@EVERY_SETTING
def test_accuracy(name, case, dtype):
    """Scalar parameters and one per element, which other loops compute."""
    points, wanted = inputs(name, dtype, case), exact_outputs(name, dtype, case)
    elements = {key: np.full(len(points[0]), value, dtype) for key, value in case.items()}
    for isa in each_isa():
        for output in outputs(name):
            want = [exact[output] for exact in wanted]
            got = method(fl.get(name, **case), output)(*points)
            check(got, want, points, dtype, f"{output} on {isa}")
            got = method(fl.get(name), output)(*points, **elements)
            check(got, want, points, dtype, f"{output} on {isa}, a parameter per element")


@pytest.mark.parametrize(("name", "case"), cases(name for name in RESIDUAL if not name.endswith("nll")))
def test_float32_on_many_points(name, case):
    """More than an oracle at high precision could do: beside the float64 kernels, which it has tested. The parameters
    have digits, too, that none of the cases has."""
    (points,) = arrays(name, 1 << 15, "float32")
    largest = 1 if any("< 1" in domain for domain in fl.get(name).domains.values()) else 2
    float32 = np.finfo(np.float32)
    for factor in (1, *np.random.default_rng(6).uniform(largest / 2, largest, 7)):
        parameters = {key: float(np.float32(value * factor)) for key, value in case.items()}
        loss = fl.get(name, **parameters)
        for output in ("value", "grad", "weight"):
            want = method(loss, output)(points.astype(np.float64))
            normal = (np.abs(want) <= float32.max) & (np.abs(want) >= float32.smallest_normal)
            unit = np.exp2(np.floor(np.log2(np.abs(want[normal]))) - float32.nmant)
            for isa in each_isa():
                error = np.abs(method(loss, output)(points)[normal] - want[normal]) / unit
                assert error.max(initial=0) <= 4, f"{output} on {isa}, {parameters}"


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(WITH_PARAM_GRAD))
def test_accuracy_of_param_grad(name, case, dtype):
    loss = fl.get(name, **case)
    points, wanted = inputs(name, dtype, case), exact_slopes(name, dtype, case)
    for isa in each_isa():
        got = loss.param_grad(*points)
        assert set(got) == set(loss.param_grads)
        for parameter, slopes in got.items():
            check(slopes, wanted[parameter], points, dtype, f"d/d{parameter} on {isa}")


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(RESIDUAL))
def test_difference_is_rounded_once(name, case, dtype):
    """(pred, target) is the loss of the stored difference, in the data's dtype."""
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


# ---- targets that are none -----------------------------------------------------------------

WITH_LABELS = [name for name in ELEMENTWISE if ORACLES[name].admits]
TARGETS = (-math.inf, -2, -1, -0.5, -1e-40, -0.0, 0, 1e-40, 0.25, 0.5, 1, 1.5, 2, 3, 1e30, math.inf)


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(WITH_LABELS))
def test_targets_outside_the_domain_are_nan(name, case, dtype):
    """In their own element, whatever the prediction is; a number beside them keeps its bits."""
    oracle, beside_one = ORACLES[name], np.nextafter(np.ones(2, dtype), np.array([0, 2], dtype))
    targets = np.array([y for y in (*TARGETS, *beside_one) if np.isfinite(y) or not oracle.admits(y, **case)], dtype)
    preds = arrays(name, 7, dtype)[0]
    points = np.repeat(preds, len(targets)), np.tile(targets, len(preds))
    wanted = [exact(name, point, dtype, case) for point in zip(*points, strict=True)]
    loss, elements = fl.get(name), {key: np.full(len(points[0]), value, dtype) for key, value in case.items()}
    for isa in each_isa():
        for output in outputs(name):
            for parameters in (case, elements):
                got = method(loss, output)(*points, **parameters)
                check(got, [want[output] for want in wanted], points, dtype, f"{output} on {isa}")


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(WITH_LABELS))
def test_targets_outside_the_domain_weigh_nothing_at_weight_0(name, case, dtype, isa):
    loss, (pred, target) = fl.get(name, **case), arrays(name, 100, dtype)
    weights = np.ones(100, dtype)
    weights[::7] = 0
    want = loss(pred, target, sample_weight=weights, reduction="sum")
    target[::7] = -2
    for output in outputs(name):
        assert (method(loss, output)(pred, target, sample_weight=weights)[::7] == 0).all()
    assert loss(pred, target, sample_weight=weights, reduction="sum") == want
    assert np.isnan(loss(pred, target, reduction="mean"))


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
        if ORACLES[name].terms:  # crosses zero
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
            crossing = 1e-14 * np.abs(want).max() if ORACLES[name].terms else 0
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
