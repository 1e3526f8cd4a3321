"""Special values of the losses of a probability, of its logarithm and of its logit."""

import math

import numpy as np
import pytest
from accuracy import check
from catalogue import DTYPES, arrays, assert_same_bits
from oracles import exact

import fastloss as fl

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
INF = math.inf


def at(loss, dtype, *point):
    """(value, grad, hess) at one point, as floats."""
    outputs = loss.evaluate(*(np.array([x], dtype) for x in point), outputs=("value", "grad", "hess"))
    return tuple(float(output[0]) for output in outputs)


# ---- cross-entropy of a probability --------------------------------------------------------

# (p, y): (value, grad, hess)
CERTAIN = {
    (0, 0): (0, 1, 1),
    (1, 1): (0, -1, 1),
    (0, 1): (INF, -INF, INF),
    (1, 0): (INF, INF, INF),
    (0, 0.5): (INF, -INF, INF),
    (1, 0.5): (INF, INF, INF),
}


@EVERY_DTYPE
@pytest.mark.parametrize("point", CERTAIN)
def test_cross_entropy_of_certainty(point, dtype, isa):
    assert at(fl.binary_cross_entropy, dtype, *point) == CERTAIN[point]


@EVERY_DTYPE
@pytest.mark.parametrize("p", [-0.1, 1.1, -INF, INF])
def test_cross_entropy_of_no_probability(p, dtype, isa):
    for y in (0, 0.5, 1):
        assert all(map(math.isnan, at(fl.binary_cross_entropy, dtype, p, y)))


@EVERY_DTYPE
@pytest.mark.parametrize("eps", [1e-12, 1e-7, 0.1])
def test_clipping_clips_the_logarithms(eps, dtype, isa):
    """1 - 1e-12 is 1 in float32: a clipped probability would have no logarithm left."""
    stored, loss = float(np.dtype(dtype).type(eps)), fl.binary_cross_entropy.bind(eps=eps)
    most, least = -math.log(stored), -math.log1p(-stored)
    for p, y, want in ((0, 1, most), (0, 0, least), (1, 1, least), (1, 0, most), (0, 0.25, 0.25 * most + 0.75 * least)):
        value, grad, hess = at(loss, dtype, p, y)
        np.testing.assert_allclose(value, want, rtol=4 * np.finfo(dtype).eps)
        assert grad == hess == 0


@EVERY_DTYPE
def test_clipping_does_not_touch_the_inside(dtype):
    points = arrays("binary_cross_entropy", 1000, dtype)
    outputs = ("value", "grad", "hess")
    plain = fl.binary_cross_entropy.evaluate(*points, outputs=outputs)
    clipped = fl.binary_cross_entropy.evaluate(*points, outputs=outputs, eps=0.05)
    for one, two in zip(clipped, plain, strict=True):
        assert_same_bits(one, two)


# ---- cross-entropy of a logit --------------------------------------------------------------

# (x, y): (value, grad, hess)
EXTREME = {
    (1000, 1): (0, 0, 0),
    (1000, 0): (1000, 1, 0),
    (-1000, 1): (1000, -1, 0),
    (-1000, 0): (0, 0, 0),
    (1000, 0.25): (750, 0.75, 0),
    (-1000, 0.25): (250, -0.25, 0),
    (INF, 1): (0, 0, 0),
    (INF, 0): (INF, 1, 0),
    (-INF, 1): (INF, -1, 0),
    (-INF, 0): (0, 0, 0),
}


@EVERY_DTYPE
@pytest.mark.parametrize("point", EXTREME)
def test_extreme_logits(point, dtype, isa):
    assert at(fl.binary_cross_entropy_with_logits, dtype, *point) == EXTREME[point]


@pytest.mark.parametrize(("dtype", "weight"), [("float32", 1e25), ("float32", 1e37), ("float64", 1e300)])
def test_large_weights_of_positives(dtype, weight, isa):
    loss = fl.get("binary_cross_entropy_with_logits", pos_weight=weight)
    points = np.array([-8.0, -1e-3, 0.0, 0.5, 30.0, 80.0], dtype).repeat(3), np.tile(np.array([0, 0.3, 1], dtype), 6)
    wanted = [exact(loss.name, point, dtype, {"pos_weight": weight}) for point in zip(*points, strict=True)]
    outputs = ("value", "grad", "hess")
    for output, got in zip(outputs, loss.evaluate(*points, outputs=outputs), strict=True):
        check(got, [want[output] for want in wanted], points, dtype, output)


@EVERY_DTYPE
def test_cross_entropy_of_a_label_is_the_logistic_loss(dtype):
    x, y = arrays("binary_cross_entropy_with_logits", 1000, dtype)
    y = np.round(y)
    outputs = ("value", "grad", "hess")
    got = fl.binary_cross_entropy_with_logits.evaluate(x, y, outputs=outputs)
    want = fl.logistic.evaluate(x, 2 * y - 1, outputs=outputs)
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, rtol=8 * np.finfo(dtype).eps)


# ---- focal ---------------------------------------------------------------------------------


@EVERY_DTYPE
def test_focal_of_gamma_zero_is_the_cross_entropy_bit_for_bit(dtype, isa):
    logits, soft = arrays("sigmoid_focal", 5000, dtype)
    logits[:8] = (0, 1000, -1000, 1e-6, np.inf, -np.inf, 1e15, 40)
    for target in (soft, np.round(soft), np.zeros_like(soft), np.ones_like(soft)):
        for output in ("value", "grad", "hess"):
            got, want = (
                loss.evaluate(logits, target, outputs=(output,))[0]
                for loss in (fl.sigmoid_focal.bind(alpha=-1.0, gamma=0.0), fl.binary_cross_entropy_with_logits)
            )
            assert_same_bits(got, want)


@EVERY_DTYPE
@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5, 1.0, 2.0, 5.0])
def test_focal_is_finite_at_any_finite_logit(gamma, dtype, isa):
    """Below 1 a derivative of q^gamma alone is infinite where q is 0."""
    logits = np.array([0, 1e-30, 1, 20, 90, 200, 1000, 1e15], dtype)
    for x in (logits, -logits):
        for y in (0.0, 0.3, 1.0):
            target = np.full(len(x), y, dtype)
            for output in fl.sigmoid_focal.evaluate(x, target, gamma=gamma, outputs=("value", "grad", "hess")):
                assert np.isfinite(output).all()


@EVERY_DTYPE
@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_focal_gradient_is_that_of_the_contract(gamma, dtype):
    """Target 1: -q^gamma (gamma p (-log p) + q), here in float64."""
    x = np.linspace(-30, 30, 601).astype(dtype)
    wide = x.astype(float)
    p, q = 1 / (1 + np.exp(-wide)), 1 / (1 + np.exp(wide))
    want = -(q**gamma) * (gamma * p * np.log1p(np.exp(-wide)) + q)
    got = fl.sigmoid_focal.grad(x, np.ones_like(x), alpha=-1.0, gamma=gamma)
    np.testing.assert_allclose(got, want, rtol=max(8 * np.finfo(dtype).eps, 1e-12))
    mirrored = fl.sigmoid_focal.grad(-x, np.zeros_like(x), alpha=-1.0, gamma=gamma)
    np.testing.assert_allclose(mirrored, -want, rtol=max(8 * np.finfo(dtype).eps, 1e-12))


# ---- divergences ---------------------------------------------------------------------------


@EVERY_DTYPE
def test_kl_div_with_zeros(dtype, isa):
    for log_prob in (-INF, -1000, -0.5, 0):
        value, grad, hess = at(fl.kl_div, dtype, log_prob, 0)
        assert value == grad == hess == 0
        assert at(fl.kl_div, dtype, log_prob, -0.25)[0] == INF
    assert at(fl.kl_div, dtype, -INF, 0.25) == (INF, -0.25, 0)
    assert at(fl.kl_div, dtype, 0, 1) == (0, -1, 0)


@EVERY_DTYPE
def test_relative_entropy_with_zeros(dtype, isa):
    for p in (0, 1e-30, 0.5, 1):
        assert at(fl.relative_entropy, dtype, p, 0)[0] == 0
        assert at(fl.relative_entropy, dtype, p, -0.25)[0] == INF
    assert at(fl.relative_entropy, dtype, 0.5, 0) == (0, 0, 0)
    assert at(fl.relative_entropy, dtype, 0, 0.25) == (INF, -INF, INF)
    assert at(fl.relative_entropy, dtype, -0.5, 0.25)[0] == INF
    assert at(fl.relative_entropy, dtype, 0.25, 0.25) == (0, -1, 4)


@EVERY_DTYPE
def test_entropy_at_its_ends(dtype, isa):
    assert at(fl.entropy, dtype, 0) == (0, INF, -INF)
    assert at(fl.entropy, dtype, 1) == (0, -1, -1)
    assert at(fl.entropy, dtype, INF)[0] == -INF
    for p in (-1e-30, -0.5, -INF):
        assert math.isnan(at(fl.entropy, dtype, p)[0])
