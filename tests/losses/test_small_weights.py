"""Weights that are powers of two change no digit of a derivative, however small they are."""

import numpy as np
import pytest
from catalogue import ROWWISE
from oracles.row_samples import options, target_of
from oracles.rows import ROWS

import fastloss as fl

SETTINGS = [
    pytest.param(name, options(case, classes), classes, id=f"{name}-{k}-{classes}")
    for name in ROWWISE
    for k, case in enumerate(ROWS[name].cases)
    for classes in (5, 300)
]


def assert_scaled(got, full, exponent):
    """`got` is `full` times 2^exponent: the same bits, but where a term of it may be subnormal, each of which is
    rounded."""
    exact, info = np.ldexp(full, exponent), np.finfo(full.dtype)
    far = abs(exact) >= 2**20 * info.tiny
    np.testing.assert_array_equal(got[far], exact[far])
    error = abs(got - exact)
    assert np.all((error <= 4 * info.smallest_subnormal) | (error <= np.spacing(abs(exact))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "case", "classes"), SETTINGS)
def test_rows(name, case, classes, dtype):
    rng = np.random.default_rng(0)
    logits = (3 * rng.standard_normal((40, classes))).astype(dtype)
    target = target_of(name, logits, rng.integers(0, classes, 40))
    target = target.astype(dtype) if target.dtype.kind == "f" else target
    loss = fl.get(name, **case)
    grad, hess = loss.evaluate(logits, target, outputs=("grad", "hess"))
    for exponent in range(0, np.finfo(dtype).minexp + 10, -9):
        weight = np.full(40, np.ldexp(np.ones((), dtype), exponent))
        outputs = loss.evaluate(logits, target, outputs=("grad", "hess"), sample_weight=weight)
        for got, full in zip(outputs, (grad, hess), strict=True):
            assert_scaled(got, full, exponent)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [5, 300])
def test_probabilities(classes, dtype):
    """Targets are weights of the classes."""
    rng = np.random.default_rng(1)
    logits = (3 * rng.standard_normal((40, classes))).astype(dtype)
    target = rng.random((40, classes)).astype(dtype)
    target[rng.random(target.shape) < 0.3] = 0
    outputs = fl.cross_entropy.evaluate(logits, target, outputs=("grad", "hess"))
    for exponent in range(0, np.finfo(dtype).minexp + 10, -9):
        small = fl.cross_entropy.evaluate(logits, np.ldexp(target, exponent), outputs=("grad", "hess"))
        for got, full in zip(small, outputs, strict=True):
            assert_scaled(got, full, exponent)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [5, 300])
@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.kl_logits], ids=lambda loss: loss.__name__)
def test_temperatures(loss, classes, dtype):
    """Logits and the temperature times 2^k: the gradient over 2^k."""
    rng = np.random.default_rng(2)
    logits = (3 * rng.standard_normal((40, classes))).astype(dtype)
    target = target_of(loss.__name__, logits, rng.integers(0, classes, 40))
    full = loss.grad(logits, target)
    for exponent in range(0, np.finfo(dtype).minexp * 7 // 8, -9):
        hot = np.ldexp(logits, -exponent)
        hot_target = np.ldexp(target, -exponent) if target.dtype.kind == "f" else target
        got = loss.grad(hot, hot_target, temperature=2.0**-exponent)
        assert_scaled(got, full, exponent)
