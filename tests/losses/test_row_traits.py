"""What the traits of row losses promise, and that each derivative is that of the one below."""

import numpy as np
import pytest
from catalogue import ROWWISE, method
from oracles.row_samples import target_of
from oracles.rows import ROWS

import fastloss as fl

SETTINGS = [
    pytest.param(name, {k: v(5) if callable(v) else v for k, v in case.items()}, id=f"{name}-{k}")
    for name in ROWWISE
    for k, case in enumerate(ROWS[name].cases)
]
EVERY_SETTING = pytest.mark.parametrize(("name", "case"), SETTINGS)


def points(name, rows=200, seed=0):
    rng = np.random.default_rng(seed)
    logits = 3 * rng.standard_normal((rows, 5))
    return logits, target_of(name, logits, rng.integers(0, 5, rows))


def is_smooth(name, case):
    return "c1" in fl.get(name).traits or case.get("p") == 2


@pytest.mark.parametrize(("below", "above"), [("value", "grad"), ("grad", "hess")])
@EVERY_SETTING
def test_each_derivative_is_the_slope_of_the_one_below(name, case, below, above):
    """Fourth-order differences by each logit; near the kinks of a margin they are not those of one piece."""
    loss, (logits, target) = fl.get(name, **case), points(name)
    exact, step = method(loss, above)(logits, target), 2.0**-9

    def at(k, offset):
        moved = logits.copy()
        moved[:, k] += offset * step
        result = method(loss, below)(moved, target)
        return result if below == "value" else result[:, k]

    for k in range(5):
        slope = (8 * (at(k, 1) - at(k, -1)) - (at(k, 2) - at(k, -2))) / (12 * step)
        near = beside_kinks(name, case, logits, target, k, 3 * step)
        assert near.mean() < 0.1
        np.testing.assert_allclose(slope[~near], exact[~near, k], rtol=1e-8, atol=1e-8)


def beside_kinks(name, case, logits, target, k, distance):
    """Rows where a step in logit k may lead over a kink."""
    if name == "disagreement":
        return abs(logits[:, k] - np.delete(logits, k, axis=1).max(axis=1)) < distance
    kinks = {"multi_margin": case.get("margin", 1.0), "top_k_error": 0.0}
    if name not in kinks:
        return np.zeros(len(logits), bool)
    rows = np.arange(len(logits))
    over = logits - logits[rows, target][:, None] + kinks[name]
    over[rows, target] = np.inf
    close = abs(over) < distance
    return np.where(target == k, close.any(axis=1), close[:, k])


@EVERY_SETTING
def test_convex(name, case):
    loss, (one, target), (two, _) = fl.get(name, **case), points(name), points(name, seed=1)
    if "convex" not in loss.traits:
        pytest.skip("it is not said to be")
    chord = (loss(one, target) + loss(two, target)) / 2
    assert (loss((one + two) / 2, target) <= chord + 1e-13 * (1 + np.abs(chord))).all()
    assert (loss.hess(one, target) >= 0).all()


@pytest.mark.parametrize("name", [name for name in ROWWISE if "convex" not in fl.get(name).traits])
def test_losses_without_the_trait_are_not_convex(name):
    loss, (one, target), (two, _) = fl.get(name), points(name), points(name, seed=1)
    chord = (loss(one, target) + loss(two, target)) / 2
    assert (loss((one + two) / 2, target) > 1.001 * chord).any()


@EVERY_SETTING
def test_the_gradient_of_smooth_losses_has_no_jumps(name, case):
    """Across the places where a logit meets another's, or the margin's end."""
    loss, (logits, target) = fl.get(name, **case), points(name)
    if not is_smooth(name, case):
        pytest.skip("it is not said to be smooth")
    meeting = logits.copy()
    meeting[:, 0] = meeting[:, 1] + case.get("margin", 0.0)
    step = 1e-9 * np.eye(5)[0]
    above = loss.grad(meeting + step, target)
    np.testing.assert_allclose(above, loss.grad(meeting - step, target), atol=1e-7)
