"""Penalties beside their definitions: values, differences, and that no point is better than the proximal one."""

import doctest
import math
import pickle

import numpy as np
import pytest

import fastloss as fl

GROUPS = np.array([0, 1, 0, 2, 0, 1])
WEIGHT = np.array([0.5, 2.0, 0.5, 1.0, 0.5, 2.0])  # the same in a group
X = np.array([3.0, -0.2, 0.7, 0.05, -0.03, 1.5])
CASES = {
    "l1": ({}, lambda x, w: sum(w * abs(x))),
    "l2": ({}, lambda x, w: sum(w * x * x) / 2),
    "elastic_net": ({"l1_ratio": 0.3}, lambda x, w: sum(w * (0.3 * abs(x) + 0.35 * x * x))),
    "huber": ({"delta": 0.5}, lambda x, w: sum(w * [v * v / 2 if abs(v) < 0.5 else abs(v) / 2 - 0.125 for v in x])),
    "group_lasso": (
        {"groups": GROUPS},
        lambda x, w: sum(
            w[g == GROUPS][0] * math.sqrt(k) * math.hypot(*x[g == GROUPS]) for g, k in enumerate((3, 2, 1))
        ),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    parameters, formula = CASES[request.param]
    return getattr(fl.penalty, request.param).bind(strength=0.4, weight=WEIGHT, **parameters), formula


def test_values_and_gradients(case):
    penalty, formula = case
    assert penalty(X) == pytest.approx(0.4 * formula(X, WEIGHT), rel=1e-14)
    for i, d in enumerate(1e-6 * np.eye(len(X))):
        slope = 0.4 * (formula(X + d, WEIGHT) - formula(X - d, WEIGHT)) / 2e-6
        assert penalty.grad(X)[i] == pytest.approx(slope, rel=1e-7, abs=1e-9)
        bend = (penalty.grad(X + d) - penalty.grad(X - d)) / 2e-6
        np.testing.assert_allclose(penalty.curvature(X)[i], bend, rtol=1e-7, atol=1e-9)
    assert (penalty.grad(0 * X) == 0).all()


@pytest.mark.parametrize("step", [0.01, 1.0, 50.0])
def test_no_point_is_better_than_the_proximal_one(case, step):
    penalty, formula = case

    def total(u):
        return step * 0.4 * formula(u, WEIGHT) + sum((u - X) ** 2) / 2

    best, rng = penalty.prox(X, step), np.random.default_rng(0)
    for size in (1e-5, 1e-2, 1.0):
        for move in size * rng.standard_normal((50, len(X))):
            assert total(best) <= total(best + move) + 1e-13
            assert total(best) <= total(best + np.where(rng.random(len(X)) < 0.5, 0, move)) + 1e-13


def test_parts_are_what_is_coupled(case):
    penalty, _ = case
    whole, parts = penalty.prox(X, 0.5), fl.penalty.parts(penalty, len(X))
    assert sorted(i for part in parts for i in part.rows) == list(range(len(X)))
    for part in parts:
        np.testing.assert_array_equal(part.prox(X[part.rows], 0.5), whole[part.rows])


def test_what_is_small_becomes_zero():
    assert fl.penalty.l1.prox([0.4, -0.4, 2.0], strength=0.5).tolist() == [0, 0, 1.5]
    for penalty in (fl.penalty.l1, fl.penalty.group_lasso.bind(groups=[0])):
        assert not np.signbit(penalty.prox([-0.4], strength=0.5)).any()
    assert fl.penalty.group_lasso.prox([0.3, -0.3, 2.0], groups=["a", "a", "b"], strength=0.5).tolist() == [0, 0, 1.5]


def test_arrays_of_any_shape_in_place(case):
    penalty, _ = case
    shape = {name: np.reshape(value, (2, 3)) for name, value in penalty.parameters.items() if np.ndim(value)}
    folded, x = penalty.bind(**shape), X.reshape(2, 3).astype(np.float32)
    expected = penalty.prox(X, 0.5)
    assert folded.prox(x, 0.5, out=x) is x
    assert x.dtype == folded.grad(x).dtype == np.float32
    np.testing.assert_allclose(x.ravel(), expected, rtol=1e-6, atol=1e-7)


def test_what_a_penalty_has_of_its_own_comes_by_position_too():
    for name, value in (("elastic_net", 0.3), ("huber", 0.5), ("group_lasso", GROUPS)):
        penalty = getattr(fl.penalty, name)
        (own,) = penalty.parameters.keys() - {"strength", "weight"}
        assert penalty(X, value, strength=2.0) == penalty(X, strength=2.0, **{own: value})
        np.testing.assert_array_equal(penalty.grad(X, value), penalty.grad(X, **{own: value}))
        with pytest.raises(TypeError, match=f"{name} takes x, {own} by position, each once"):
            penalty(X, value, **{own: value})
    with pytest.raises(TypeError, match="l1 takes x by position"):
        fl.penalty.l1(X, 2.0)


def test_huge_and_tiny_groups():
    lasso = fl.penalty.group_lasso.bind(groups=[0, 0], strength=math.sqrt(0.5))
    assert lasso([3e200, 4e200]) == pytest.approx(5e200)
    assert lasso.grad([3e-200, 4e-200]).tolist() == pytest.approx([0.6, 0.8])


def test_values_that_have_no_square():
    for penalty in (fl.penalty.l1, fl.penalty.elastic_net.bind(l1_ratio=1)):
        assert penalty([1e200, -1e200]) == 2e200 and penalty([np.inf]) == math.inf
        assert penalty.grad([-np.inf, 1e200]).tolist() == [-1, 1]
    assert fl.penalty.l2([np.inf]) == math.inf and fl.penalty.l2.grad([np.inf]).tolist() == [math.inf]


def test_a_number_is_a_number(case):
    penalty, _ = case
    one = penalty.bind(**{name: value[0] for name, value in penalty.parameters.items() if np.ndim(value)})
    assert type(one.prox(2.0)) is type(one.grad(2.0)) is np.float64


def test_a_penalty_is_a_value(case):
    penalty, _ = case
    assert pickle.loads(pickle.dumps(penalty)) == penalty != penalty.bind(strength=3)
    assert penalty.name in repr(penalty)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fl.penalty.l1(X, strength=-1), ValueError, "strength must be >= 0, got -1"),
        (lambda: fl.penalty.l1(X, strenght=1), TypeError, "penalty l1 has no parameter 'strenght'.*strength"),
        (lambda: fl.penalty.l1(np.ma.masked_invalid([1, np.nan])), TypeError, "'x' is a masked array"),
        (lambda: fl.penalty.l1(X, weight=[1, 2]), ValueError, "weight must be one number a coordinate"),
        (lambda: fl.penalty.l1(X, weight=np.inf), ValueError, "weight must be finite"),
        (lambda: fl.penalty.l1.prox(X, 0), ValueError, "step must be > 0, got 0"),
        (lambda: fl.penalty.l1.prox(X, out=X[:2]), ValueError, "out has shape"),
        (lambda: fl.penalty.elastic_net(X, l1_ratio=2), ValueError, "l1_ratio must be >= 0 and <= 1"),
        (lambda: fl.penalty.huber(X, delta=0), ValueError, "delta must be > 0"),
        (lambda: fl.penalty.l2(["a"]), TypeError, "x must be real numbers"),
        (lambda: fl.penalty.group_lasso(X), TypeError, "group_lasso requires groups"),
        (lambda: fl.penalty.group_lasso([1, 2], groups=[0, None]), TypeError, r"labels of one kind.*, got \[0, None\]"),
        (lambda: fl.penalty.group_lasso(X, groups=[1]), ValueError, "groups must be labels of the shape of x"),
        (lambda: fl.penalty.group_lasso(X, groups=GROUPS, weight=X**2), ValueError, "differs in group"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_is_no_number_has_no_warning():
    with np.errstate(all="raise"):
        found = fl.penalty.group_lasso.prox([np.nan, 3.0, np.inf], groups=[0, 1, 2])
    np.testing.assert_array_equal(found, [np.nan, 2.0, np.inf])


def test_the_examples():
    assert doctest.testmod(fl.penalty).failed == 0
