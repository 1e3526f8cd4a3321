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


def test_vmap_of_what_is_one_for_all_or_for_a_row():
    import jax

    from fastloss.integrations.jax import function

    rng = np.random.default_rng(2)
    x, y, one, row = rng.standard_normal((3, 2, 3)), rng.standard_normal((2, 3)), rng.random(3), rng.random((3, 2))
    f = function("huber")
    found = jax.vmap(lambda p, t: f(p, t, reduction="none"))(x, one)
    np.testing.assert_allclose(found, fl.huber(x, np.broadcast_to(one[:, None, None], x.shape)))
    found = jax.vmap(lambda p, w: f(p, y, sample_weight=w, reduction="none"))(x, row)
    np.testing.assert_allclose(found, [fl.huber(p, y, sample_weight=w) for p, w in zip(x, row, strict=True)])
    found = jax.vmap(lambda p, d: f(p, delta=d, reduction="none"))(x, one + 0.1)
    np.testing.assert_allclose(found, [fl.huber(p, delta=d) for p, d in zip(x, one + 0.1, strict=True)])
    logits, labels = (
        rng.standard_normal((3, 3, 3)),
        np.arange(9).reshape(3, 3) % 3,
    )  # the axis is that of one of a batch
    found = jax.vmap(lambda p, t: function("ce")(p, t, axis=0, reduction="none"))(logits, labels)
    np.testing.assert_allclose(found, fl.cross_entropy(logits, labels, axis=1))


@pytest.mark.parametrize("name", [n for n in SERVED if "c1" in fl.get(n).traits and not fl.get(n).is_rowwise])
def test_second_derivatives(name):
    import jax

    from fastloss.integrations.jax import function

    loss, (pred, *target) = bound(name), arguments(bound(name))
    hessian = jax.jit(jax.hessian(function(loss)))(pred, *target)
    np.testing.assert_allclose(hessian, np.diag(loss.hess(pred, *target, reduction="mean")), rtol=1e-12, atol=1e-15)
    _, tangent = jax.jvp(lambda p: function(loss)(p, *target), (pred,), (pred,))
    assert tangent == pytest.approx(loss.grad(pred, *target, reduction="mean") @ pred, rel=1e-12, nan_ok=True)


def test_arguments_by_name_and_gradients_of_what_is_a_parameter():
    import jax
    import jax.numpy as jnp

    from fastloss.integrations.jax import function

    x, y = jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])
    assert jax.jit(lambda p, t: function("l2")(p, target=t))(x, y).item() == 2.5
    rng = np.random.default_rng(3)
    x, w, bias, labels = rng.standard_normal((5, 3)), rng.standard_normal((4, 3)), rng.random(4), np.arange(5) % 4
    found = jax.jit(jax.grad(lambda b: function("linear_cross_entropy")(x, w, labels, bias=b)))(bias)
    (expected,) = fl.linear_cross_entropy.grad(x, w, labels, bias=bias, reduction="mean", wrt="bias")
    np.testing.assert_allclose(found, expected, rtol=1e-12)


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

    x, y = jnp.array([1.0, 2.0]), jnp.ones(2)
    with pytest.raises(TypeError, match="huber has no gradient by delta"):
        jax.grad(lambda d: function("huber")(x, delta=d))(1.0)
    with pytest.raises(TypeError, match=r"huber has no gradient by sample_weight: take jax.lax.stop_gradient"):
        jax.jit(jax.grad(lambda w: function("huber")(x, y, sample_weight=w)))(y)
    with pytest.raises(TypeError, match="logistic has no gradient by target"):
        jax.grad(function("logistic"), 1)(x, y)
    with pytest.raises(TypeError, match="cosface has no gradient by class_weight"):
        jax.grad(lambda c: function("cosface")(jnp.eye(2), jnp.eye(2), jnp.arange(2), class_weight=c))(y)
    for loss, given, message in (
        ("absolute_error", (x,), "as its gradient jumps"),
        ("cross_entropy", (jnp.eye(2), jnp.arange(2)), "of which there is the diagonal alone"),
        ("info_nce", (jnp.eye(2), jnp.eye(2)), "which losses of embeddings have not"),
    ):
        with pytest.raises(TypeError, match=f"{loss} has no second derivative that autograd can use, {message}"):
            jax.hessian(function(loss))(*given)
    with pytest.raises(TypeError, match="nor a third one"):
        jax.jacfwd(jax.hessian(function("cauchy")))(x)
    with pytest.raises(ValueError, match="pred and target must have equal shapes"):
        jax.jit(function("huber"))(x, jnp.ones(3))
    with pytest.raises(ValueError, match="sample_weight must be of pred's shape"):
        function("huber")(jnp.ones((2, 3)), sample_weight=jnp.ones(3))
    with pytest.raises(TypeError, match="logistic requires target"):
        function("logistic")(x)
    with pytest.raises(TypeError, match="huber requires pred where target is given"):
        function("huber")(target=x)
    with pytest.raises(TypeError, match="triplet requires anchor and positive where negative is given"):
        function("triplet")(negative=jnp.ones((2, 3)))
    with pytest.raises(TypeError, match="huber has no parameter 'dleta'"):
        jax.jit(lambda d: function("huber")(x, dleta=d))(1.0)
    with pytest.raises(TypeError, match="feature_distance takes lists of arrays"):
        function(fl.feature_distance)
    with pytest.raises(ValueError, match="delta must be > 0"):
        function("huber")(jnp.ones(3), delta=-1.0)


def test_the_examples():
    import fastloss.integrations.jax

    assert doctest.testmod(fastloss.integrations.jax).failed == 0
