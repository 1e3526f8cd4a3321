"""What the traits of csrc/losses.def promise, and that each derivative is that of the one below."""

import numpy as np
import pytest
from catalogue import DTYPES, ELEMENTWISE, RESIDUAL, arrays, cases, inputs, method
from oracles import ORACLES
from samples import around_edges

import fastloss as fl

EVERY_SETTING = pytest.mark.parametrize(("name", "case"), cases())
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


def with_trait(trait):
    """The settings of the losses with a trait, but for those at which it is lost."""
    chosen = cases(name for name in ELEMENTWISE if trait in fl.get(name).traits)
    kept = [setting for setting in chosen if not _degenerate(*setting.values)]
    return pytest.mark.parametrize(("name", "case"), kept)


def _degenerate(name, case):
    return ORACLES[name].degenerate(**case)


@EVERY_DTYPE
@with_trait("convex")
def test_convex(name, case, dtype):
    loss, points = fl.get(name, **case), inputs(name, dtype, case)
    assert (loss.hess(*points) >= 0).all()


@with_trait("convex")
def test_chords_of_a_convex_loss_lie_above(name, case):
    loss, (one, *rest), (two, *_) = fl.get(name, **case), arrays(name, 500), arrays(name, 500, seed=1)
    chord = (loss(one, *rest) + loss(two, *rest)) / 2
    assert (loss((one + two) / 2, *rest) <= chord + 1e-13 * (1 + np.abs(chord))).all()


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if "convex" not in fl.get(name).traits])
def test_losses_without_the_trait_are_not_convex(name):
    """At one setting at least."""
    assert any(_bends_down(fl.get(name, **case), name, case) for case in ORACLES[name].cases)


def _bends_down(loss, name, case):
    (one, *rest), (two, *_) = arrays(name, 500), arrays(name, 500, seed=1)
    chord = (loss(one, *rest) + loss(two, *rest)) / 2
    above = loss((one + two) / 2, *rest) > chord + 1e-9 * np.abs(chord)
    return above.any() or (loss.hess(*inputs(name, "float64", case)) < 0).any()


@with_trait("c1")
def test_c1_gradient_is_that_of_the_value(name, case):
    """Fourth-order differences, everywhere; where pieces meet they are of first order."""
    slope, grad, size, step, at_edge = _differences(name, case, "value", "grad")
    curvature = 1 + np.abs(fl.get(name, **case).hess(*_around_edges(name, case)))
    allowed = np.where(at_edge, 2 * step * curvature, 1e-8 * size)
    assert (np.abs(slope - grad) <= allowed).all()


@pytest.mark.parametrize(("below", "above"), [("value", "grad"), ("grad", "hess")])
@EVERY_SETTING
def test_each_derivative_is_the_slope_of_the_one_below(name, case, below, above):
    slope, exact, size, _, at_edge = _differences(name, case, below, above)
    assert (np.abs(slope - exact) <= 1e-8 * size)[~at_edge].all()


def _around_edges(name, case):
    """Points in units over which the loss bends, and the preds at which pieces of the formula meet."""
    oracle = ORACLES[name]
    pred, *rest = arrays(name, 400)
    if rest:
        return around_edges(pred, *rest, lambda y: oracle.edges(y, **case), "float64", steps=0)
    edges = [edge for edge in oracle.edges(None, **case) if abs(edge) < 10]
    return (np.concatenate([pred * oracle.unit(**case), edges]),)


def _differences(name, case, below, above):
    """Slope of output `below` beside output `above`, and what to judge their difference by."""
    loss, oracle = fl.get(name, **case), ORACLES[name]
    pred, *rest = _around_edges(name, case)
    unit = oracle.unit(**case)
    step = unit * 2.0**-12
    function = method(loss, below)
    near = function(pred + step, *rest) - function(pred - step, *rest)
    far = function(pred + 2 * step, *rest) - function(pred - 2 * step, *rest)
    exact = method(loss, above)(pred, *rest)
    size = np.abs(function(pred, *rest)) / unit + np.abs(exact) + (1 / unit**2 if unit < 1 else 1)
    edges = oracle.edges(*(rest or [None]), **case)
    at_edge = np.any([np.abs(pred - edge) < 3 * step for edge in edges], axis=0) if edges else np.zeros(len(pred), bool)
    return (8 * near - far) / (12 * step), exact, size, step, at_edge


@pytest.mark.parametrize(("name", "case"), cases(RESIDUAL))
def test_weight_times_residual_is_grad(name, case):
    loss = fl.get(name, **case)
    (r,) = arrays(name, 1000)
    np.testing.assert_allclose(loss.weight(r) * r, loss.grad(r), rtol=1e-13, atol=1e-300)


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "case"), cases(RESIDUAL))
def test_weights_that_vanish_have_no_sign(name, case, dtype, isa):
    largest = np.finfo(dtype).maxexp - 1
    sizes = np.ldexp(np.ones(largest, dtype), np.arange(largest))
    weights = fl.get(name, **case).weight(np.concatenate([sizes, -sizes, [np.inf, -np.inf]]).astype(dtype))
    assert not np.signbit(weights[~np.isnan(weights)]).any()


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
    """The largest number and infinity have the value of the bound, which is that of both sides in an even loss."""
    loss = fl.get(name, **case)
    huge = np.array([np.finfo(dtype).max, np.inf], dtype)
    for targets in [[np.full(4, y, dtype)] for y in (-1, 1)] if loss.requires_target else [[]]:
        values = loss(np.concatenate([huge, -huge]), *targets)
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values[::2], values[1::2])
