"""Losses of JAX arrays beside those of NumPy's, under jit, grad and vmap."""

import doctest

import numpy as np
import pytest
from calls import arguments, bound

import fastloss as fl

pytestmark = pytest.mark.peers
pytest.importorskip("jax")

SERVED = [name for name in fl.list_losses() if name != "feature_distance"]


@pytest.fixture(autouse=True)
def wide():
    import jax

    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("name", SERVED)
def test_values_and_gradients_under_jit(name, reduction):
    import jax
    import jax.numpy as jnp

    from fastloss.integrations.jax import function

    loss, given = bound(name), arguments(bound(name))
    f, count = function(loss), len(loss.arrays) if loss.family == "embeddings" else 1
    expected = loss(*given, reduction=reduction)
    np.testing.assert_allclose(jax.jit(lambda *x: f(*x, reduction=reduction))(*given), expected, rtol=1e-15)
    upstream = np.linspace(0.5, 2, np.size(expected)).reshape(np.shape(expected))
    grads = jax.jit(jax.grad(lambda *x: jnp.sum(upstream * f(*x, reduction=reduction)), tuple(range(count))))(*given)
    scale = {"sample_weight": upstream} if reduction == "none" else {}
    exact = loss.grad(*given, reduction="sum" if reduction == "none" else reduction, **scale)
    factor = 1.0 if reduction == "none" else 0.5
    for found, grad in zip(grads, exact if isinstance(exact, tuple) else (exact,), strict=False):
        np.testing.assert_allclose(found, factor * grad, rtol=1e-12, atol=1e-15)


def test_vmap():
    import jax

    from fastloss.integrations.jax import function

    x, y = np.random.default_rng(0).standard_normal((2, 5, 4))
    for loss, reduction in ((fl.huber, "mean"), (fl.robust.bind(alpha=-2.0), "none")):
        f = function(loss)
        found = jax.vmap(lambda p, t, f=f, r=reduction: f(p, t, reduction=r))(x, y)
        np.testing.assert_allclose(found, [loss(a, b, reduction=reduction) for a, b in zip(x, y, strict=True)])
        grads = jax.vmap(jax.grad(f))(x, y)
        np.testing.assert_allclose(grads, [loss.grad(a, b, reduction="mean") for a, b in zip(x, y, strict=True)])
    labels = np.arange(10).reshape(2, 5) % 4
    logits = np.random.default_rng(1).standard_normal((2, 5, 4))
    found = jax.vmap(lambda p, t: function("ce")(p, t, reduction="none"))(logits, labels)
    np.testing.assert_allclose(found, fl.cross_entropy(logits, labels))


def test_targets_weights_and_dtypes():
    import jax
    import jax.numpy as jnp

    from fastloss.integrations.jax import function

    f, x, weight = function("l2"), jnp.array([1.0, 2.0]), jnp.array([1.0, 3.0])
    assert f(x, 0.0, sample_weight=weight).item() == 13 / 4
    by_target = jax.grad(lambda t: f(x, t, sample_weight=weight, reduction="sum"))(0.0)
    assert by_target.item() == -14.0
    for dtype in (jnp.float32, jnp.bfloat16, jnp.float16):
        value, grad = jax.value_and_grad(f)(x.astype(dtype))
        assert value.dtype == grad.dtype == dtype and value.item() == 2.5


def test_refusals():
    import jax
    import jax.numpy as jnp

    from fastloss.integrations.jax import function

    with pytest.raises(TypeError, match="delta is traced: parameters of huber are numbers"):
        jax.jit(lambda d: function("huber")(jnp.ones(3), delta=d))(1.0)
    with pytest.raises(TypeError, match="feature_distance takes lists of arrays"):
        function(fl.feature_distance)
    with pytest.raises(Exception, match="delta must be > 0"):
        function("huber")(jnp.ones(3), delta=-1.0)


def test_the_examples():
    import fastloss.integrations.jax

    assert doctest.testmod(fastloss.integrations.jax).failed == 0
