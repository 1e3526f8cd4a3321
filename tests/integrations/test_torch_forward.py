"""Derivatives of torch's forward mode, beside those of its backward mode and of its own losses."""

import pytest

import fastloss as fl

torch = pytest.importorskip("torch")
from torch.autograd import forward_ad  # noqa: E402

from fastloss.integrations.torch import function  # noqa: E402

# torch itself makes its rules of forward mode of scripts
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")]


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def ways(f, x, tangent):
    """(value, derivative) along a tangent by torch.func, and by a dual number."""
    yield torch.func.jvp(f, (x,), (tangent,))
    with forward_ad.dual_level():
        found = tuple(forward_ad.unpack_dual(f(forward_ad.make_dual(x, tangent))))
    yield found


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize(
    ("loss", "peer"),
    [
        (fl.huber, lambda x, y, reduction: torch.nn.functional.huber_loss(x, y, reduction=reduction)),
        (fl.absolute_error, lambda x, y, reduction: torch.nn.functional.l1_loss(x, y, reduction=reduction)),
        (fl.cross_entropy, lambda x, y, reduction: torch.nn.functional.cross_entropy(x, y, reduction=reduction)),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_derivatives_along_a_tangent(loss, peer, reduction):
    x, tangent = numbers(6, 4), numbers(6, 4, seed=1)
    y = torch.arange(6) % 4 if loss.is_rowwise else numbers(6, 4, seed=2)
    for value, along in ways(lambda x: function(loss)(x, y, reduction=reduction), x, tangent):
        expected = torch.func.jvp(lambda x: peer(x, y, reduction), (x,), (tangent,))
        torch.testing.assert_close((value, along), expected, rtol=1e-12, atol=1e-14)


def test_several_arguments():
    """The target of a residual and parameters have tangents too; a sample weight has none."""
    x, y, alpha, scale = numbers(5), numbers(5, seed=1), torch.tensor(0.7).double(), numbers(5, seed=2).exp()
    robust = function(fl.robust)

    def f(x, y, alpha, scale):
        return robust(x, y, alpha=alpha, scale=scale, reduction="sum")

    given = (x, y, alpha, scale)
    tangents = tuple(torch.ones_like(each) * (k + 1) for k, each in enumerate(given))
    grads = torch.func.grad(f, argnums=(0, 1, 2, 3))(*given)
    expected = sum((g * t).sum() for g, t in zip(grads, tangents, strict=True))
    torch.testing.assert_close(torch.func.jvp(f, given, tangents)[1], expected)
    with pytest.raises(TypeError, match="robust has no gradient by sample_weight: detach it"):
        torch.func.jvp(lambda w: robust(x, y, sample_weight=w), (scale,), (scale,))


@pytest.mark.parametrize("loss", [fl.huber, fl.cauchy, fl.robust.bind(alpha=0.0)], ids=lambda loss: loss.name)
def test_hessians(loss):
    """Forward over reverse, reverse over forward; torch does not do forward over forward."""
    x, f = numbers(5), lambda x: function(loss)(x, reduction="sum")
    expected = torch.diag(torch.from_numpy(loss.hess(x.numpy())))
    jacfwd, jacrev = torch.func.jacfwd, torch.func.jacrev
    for hessian in (torch.func.hessian(f), jacrev(jacfwd(f)), jacrev(jacrev(f))):
        torch.testing.assert_close(hessian(x), expected)
    torch.testing.assert_close(torch.func.vmap(torch.func.hessian(f))(torch.stack([x, x])), torch.stack([expected] * 2))
    torch.testing.assert_close(torch.autograd.functional.hessian(f, x), expected)
    with pytest.raises(RuntimeError, match=f"{loss.name} is differentiated in forward mode twice"):
        jacfwd(jacfwd(f))(x)


def test_gradients_without_a_derivative():
    x, y = numbers(3, 2), torch.tensor([0, 1, 0])
    for loss, target in ((fl.quantile, x + 1), (fl.cross_entropy, y)):
        with pytest.raises(RuntimeError, match=f"{loss.name} has no second derivative that autograd can use"):
            torch.func.hessian(lambda x, loss=loss, target=target: function(loss)(x, target))(x)


def test_embeddings():
    x, w, y = numbers(4, 3), numbers(5, 3, seed=1), torch.tensor([0, 4, 2, 2])
    tangent = numbers(4, 3, seed=2)
    heads = function(fl.linear_cross_entropy)
    expected = torch.func.jvp(lambda x: torch.nn.functional.cross_entropy(x @ w.T, y), (x,), (tangent,))
    for found in ways(lambda x: heads(x, w, y), x, tangent):
        torch.testing.assert_close(found, expected)
    with pytest.raises(RuntimeError, match="linear_cross_entropy has no forward-mode derivative by row"):
        torch.func.jvp(lambda x: heads(x, w, y, reduction="none"), (x,), (tangent,))
