"""Losses of torch tensors beside the arrays, and torch's own derivatives."""

import doctest
import pickle

import numpy as np
import pytest
from calls import arguments, bound

import fastloss as fl

pytestmark = pytest.mark.peers
pytest.importorskip("torch")

NUMBERS = [name for name in fl.list_losses() if fl.get(name).family not in ("rows", "embeddings")]


def tensors(loss):
    """The same as tensors, those of floats that the loss has gradients by."""
    import torch

    found = [[torch.tensor(each) for each in x] if isinstance(x, list) else torch.tensor(x) for x in arguments(loss)]
    for tensor in found[: len(loss.arrays) if loss.family == "embeddings" else 1]:
        for each in tensor if isinstance(tensor, list) else [tensor]:
            each.requires_grad_()
    return found


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("name", fl.list_losses())
def test_values_and_gradients_are_those_of_arrays(name, reduction):
    import torch

    from fastloss.integrations.torch import function

    loss = bound(name)
    given = tensors(loss)
    value = function(loss)(*given, reduction=reduction)
    np.testing.assert_array_equal(value.detach().numpy(), loss(*arguments(loss), reduction=reduction))
    upstream = torch.linspace(0.5, 2, value.numel(), dtype=torch.float64).reshape(value.shape)
    value.backward(upstream)
    scale = {"sample_weight": upstream.numpy()} if reduction == "none" else {}
    expected = loss.grad(*arguments(loss), reduction="sum" if reduction == "none" else reduction, **scale)
    factor = 1.0 if reduction == "none" else 0.5
    for tensor, grad in zip(given, expected if isinstance(expected, tuple) else (expected,), strict=False):
        for each, by in zip(*((tensor, grad) if isinstance(tensor, list) else ([tensor], [grad])), strict=True):
            np.testing.assert_allclose(each.grad.numpy(), factor * by, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in NUMBERS if "c1" in fl.get(n).traits])
def test_a_second_backward_is_by_the_second_derivative(name):
    import torch

    from fastloss.integrations.torch import function

    loss = bound(name)
    pred, *target = tensors(loss)
    (grad,) = torch.autograd.grad(function(loss)(pred, *target, reduction="sum"), pred, create_graph=True)
    (second,) = torch.autograd.grad((grad**2).sum(), pred)
    np.testing.assert_allclose(
        second.numpy(), 2 * loss.grad(*arguments(loss)) * loss.hess(*arguments(loss)), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("target", [1.0, [1.0, 1.0]])
def test_a_second_backward_beside_a_target_that_is_no_tensor(target):
    import torch

    from fastloss.integrations.torch import function

    pred = torch.tensor([1.5, -1.0], dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(function(fl.cauchy)(pred, target, reduction="sum"), pred, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), pred)
    np.testing.assert_array_equal(second.numpy(), fl.cauchy.hess([1.5, -1.0], [1.0, 1.0]))


def test_gradcheck():
    import torch

    from fastloss.integrations.torch import function

    pred, target = torch.tensor([[0.3, -2.0], [1.4, 0.2]], dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    both = pred.requires_grad_(), target.requires_grad_()
    for loss in (fl.robust.bind(alpha=-2.0), fl.cauchy, fl.expectile.bind(tau=0.3)):
        f = function(loss)
        assert torch.autograd.gradcheck(lambda p, t, f=f: f(p, t, reduction="none"), both)
        assert torch.autograd.gradgradcheck(f, both)


def test_a_target_for_all_has_a_gradient():
    import torch

    from fastloss.integrations.torch import function

    target = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    function(fl.squared_error)(torch.zeros(4, dtype=torch.float64), target, reduction="sum").backward()
    assert target.grad.item() == 8.0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtypes(dtype):
    import torch

    from fastloss.integrations.torch import adaptive, function, module

    x = torch.tensor([0.5, -3.0], dtype=getattr(torch, dtype), requires_grad=True)
    value = module(fl.huber, delta=2.0)(x)
    value.backward()
    assert value.dtype == x.grad.dtype == x.dtype
    assert x.grad.tolist() == [0.25, -1.0]
    assert function("huber")(torch.tensor([1, 2]), reduction="none").dtype == torch.float64
    assert adaptive(2, dtype=np.float32 if dtype == "float32" else x.dtype)(x[None]).dtype == x.dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):  # values as those of torch's own losses
        assert function("huber")(x).dtype == (torch.float64 if dtype == "float64" else torch.float32)
    assert function("cross_entropy")(torch.zeros(2, 3, dtype=x.dtype), torch.tensor([0, 2])).dtype == x.dtype


def test_memory_is_not_copied(monkeypatch):
    import torch

    from fastloss.core import call as module
    from fastloss.integrations.torch import function

    seen, x = [], torch.ones(1 << 18, requires_grad=True)
    original = module.as_array
    monkeypatch.setattr(module, "as_array", lambda array, name: seen.append(original(array, name)) or seen[-1])
    function(fl.huber)(x, reduction="none")
    assert any(array.ctypes.data == x.data_ptr() for array in seen)


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # of torch's own, while it compiles
@pytest.mark.parametrize(
    ("name", "reduction"),
    [("cross_entropy", "none"), ("info_nce", "none"), ("triplet", "mean"), ("feature_distance", "sum")],
)
def test_compiled_without_a_break(name, reduction):
    import torch

    from fastloss.integrations.torch import function

    loss, given = bound(name), tensors(bound(name))
    f = function(loss)
    leaves = [each for x in given for each in (x if isinstance(x, list) else [x]) if each.requires_grad]
    step = torch.compile(lambda *x: 2 * f(*x, reduction=reduction), backend="aot_eager", fullgraph=True)
    for compiled, eager in zip(
        (step(*given).sum(), *torch.autograd.grad(step(*given).sum(), leaves)),
        (2 * f(*given, reduction="sum" if reduction == "none" else reduction), *torch.autograd.grad(
            2 * f(*given, reduction="sum" if reduction == "none" else reduction), leaves)),
        strict=True,
    ):  # fmt: skip
        torch.testing.assert_close(compiled, eager)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_a_model_compiled_without_a_break():
    import torch

    from fastloss.integrations.torch import adaptive, module

    loss, learned, layer = module(fl.cross_entropy, label_smoothing=0.1), adaptive(4), torch.nn.Linear(3, 4)
    step = torch.compile(lambda x, y: loss(layer(x), y) + learned(layer(x)).mean(), backend="aot_eager", fullgraph=True)
    x, y = torch.randn(5, 3), torch.arange(5) % 4
    step(x, y).backward()
    expected = torch.nn.functional.cross_entropy(layer(x), y, label_smoothing=0.1) + learned(layer(x)).mean()
    parameters = (*layer.parameters(), *learned.parameters())
    for parameter, grad in zip(parameters, torch.autograd.grad(expected, parameters), strict=True):
        torch.testing.assert_close(parameter.grad, grad)


def test_transforms():
    import torch

    from fastloss.integrations.torch import function

    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    cauchy = function(fl.cauchy)
    expected = fl.cauchy.grad(x.numpy(), y.numpy(), reduction="none") / 3
    np.testing.assert_allclose(torch.vmap(torch.func.grad(cauchy))(x, y), expected, rtol=1e-12)
    weight = torch.rand(4, 3, dtype=torch.float64)
    found = torch.vmap(lambda p, t, w: cauchy(p, t, sample_weight=w))(x, y, weight)
    each = [fl.cauchy(*(a.numpy() for a in row), reduction="mean") for row in zip(x, y, strict=True)]
    assert not np.allclose(found, each)
    np.testing.assert_allclose(torch.vmap(cauchy)(x, y), each, rtol=1e-12)
    second = torch.func.jacrev(torch.func.grad(cauchy))(x[0], y[0])
    np.testing.assert_allclose(second, np.diag(fl.cauchy.hess(x[0].numpy(), y[0].numpy())) / 3, rtol=1e-12, atol=1e-15)
    leaf = x.clone().requires_grad_()
    (batched,) = torch.autograd.grad(cauchy(leaf, y), leaf, torch.tensor([1.0, 2.0]).double(), is_grads_batched=True)
    torch.testing.assert_close(batched[1], 2 * batched[0])
    rows = function("info_nce")
    found = torch.func.grad(lambda a: (rows(a, y, reduction="none") * weight[:, 0]).sum())(x)
    expected = fl.info_nce.grad(x.numpy(), y.numpy(), sample_weight=weight[:, 0].numpy(), wrt="query")[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("loss", [fl.huber, fl.absolute_error, fl.cross_entropy], ids=lambda loss: loss.name)
def test_gradients_of_a_graph_that_is_kept_are_the_callers_own(loss):
    import torch

    from fastloss.integrations.torch import function

    x = torch.randn(4, 3, requires_grad=True)
    value = function(loss)(x, *([torch.arange(4) % 3] if loss.is_rowwise else []))
    (first,) = torch.autograd.grad(value, x, retain_graph=True)
    expected = first.clone()
    first.zero_()
    value.backward(retain_graph=True)
    torch.testing.assert_close(x.grad, expected)
    x.grad.zero_()
    value.backward()
    torch.testing.assert_close(x.grad, expected)


def test_a_tensor_that_backward_does_not_read_may_change():
    """As with torch's own losses."""
    import torch

    from fastloss.integrations.torch import function

    labels, x = torch.tensor([0, 2]), torch.randn(2, 3, requires_grad=True)
    logits = x * 1.0
    expected = torch.autograd.grad(torch.nn.functional.cross_entropy(x, labels), x)[0]
    value = function("cross_entropy")(logits, labels)
    logits.relu_()
    value /= 2
    value.backward()
    torch.testing.assert_close(x.grad, expected / 2)
    logits = x * 1.0
    value = function("huber")(logits)
    expected = torch.autograd.grad(torch.nn.functional.huber_loss(logits, torch.zeros(2, 3)), logits)[0]
    logits.relu_()  # read by the second derivative alone
    torch.testing.assert_close(torch.autograd.grad(value, x, retain_graph=True)[0], expected)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, x, create_graph=True)


@pytest.mark.parametrize("name", ["kl_div", "huber", "cross_entropy"])
def test_a_graph_that_was_not_kept_is_refused(name):
    import torch

    from fastloss.integrations.torch import function

    x = torch.rand(4, 3, requires_grad=True)
    value = function(name)(x, torch.tensor([0, 1, 2, 0]) if name == "cross_entropy" else torch.rand(4, 3))
    value.backward(retain_graph=True)
    first = x.grad.clone()
    (3 * value).backward()  # whose gradient takes the memory of the value's own
    torch.testing.assert_close(x.grad, 4 * first)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        value.backward()


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize("shape", [(), (3,), (4, 3)])
def test_gradients_by_parameters(shape, reduction):
    import torch

    from fastloss.integrations.torch import function

    x, y = torch.randn(2, 4, 3, dtype=torch.float64)
    alpha, scale = (torch.full(shape, value, dtype=torch.float64, requires_grad=True) for value in (0.7, 1.3))
    f, weight = function("robust"), torch.rand(4, 3, dtype=torch.float64)
    both = x.requires_grad_(), y.requires_grad_(), alpha, scale
    assert torch.autograd.gradcheck(
        lambda p, t, a, s: f(p, t, alpha=a, scale=s, sample_weight=weight, reduction=reduction), both
    )


def test_a_module_pickles():
    import torch

    from fastloss.integrations.torch import function, module

    loss = pickle.loads(pickle.dumps(module("pinball", q=0.9, reduction="sum")))
    assert pickle.loads(pickle.dumps(function(fl.huber)))(torch.ones(1), target=torch.zeros(1)).item() == 0.5
    assert loss(torch.tensor([-1.0, 1.0])).item() == pytest.approx(1.0)
    assert "quantile, q=0.9, sum" in repr(loss)


def test_parameters_of_a_module():
    import torch

    from fastloss.integrations.torch import function, module

    x, alpha = torch.linspace(-3, 4, 9), torch.nn.Parameter(torch.tensor(1.0))
    loss = module(fl.robust, alpha=alpha, scale=1.5)
    assert dict(loss.named_parameters()) == {"alpha": alpha} and "robust, scale=1.5, alpha=Parameter, mean" in repr(
        loss
    )
    optimizer = torch.optim.SGD(loss.parameters(), lr=0.1)
    before = loss(x)
    before.backward()
    optimizer.step()
    assert alpha < 1 and loss(x) < before
    assert torch.func.functional_call(loss, {"alpha": torch.tensor(0.0)}, x) == function(fl.robust)(
        x, alpha=0.0, scale=1.5
    )
    logits, weight = torch.eye(3) * 2, torch.tensor([1.0, 2.0, 3.0])
    rows = pickle.loads(pickle.dumps(module("ce", class_weight=weight)))
    assert list(rows.state_dict()) == ["class_weight"] and not list(rows.parameters())
    assert rows(logits, [0, 1, 1]) == function("ce")(logits, [0, 1, 1], class_weight=weight)


def test_a_bias_has_a_gradient():
    import torch

    from fastloss.integrations.torch import function

    x, w = torch.randn(5, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    bias, y = torch.randn(4, dtype=torch.float64, requires_grad=True), torch.arange(5) % 4
    function(fl.linear_cross_entropy)(x, w, y, bias=bias).backward()
    expected = torch.autograd.grad(torch.nn.functional.cross_entropy(x @ w.T + bias, y), bias)[0]
    torch.testing.assert_close(bias.grad, expected)


# ---- the adaptive loss ------------------------------------------------------------------------


def test_the_adaptive_loss_by_its_parameters():
    import torch

    from fastloss.integrations.torch import adaptive

    loss = adaptive(3, dtype=torch.float64)
    x = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        loss.latent_alpha += torch.tensor([[0.7, 0.0, -1.0]])
        loss.latent_scale += torch.tensor([[0.3, 0.0, -2.0]])
    alpha, scale = loss.alpha().detach()[0].numpy(), loss.scale().detach()[0].numpy()
    np.testing.assert_allclose(
        loss(x).detach(), fl.robust_nll(x.detach().numpy(), alpha=alpha, scale=scale), rtol=1e-12
    )
    parameters = x, loss.latent_alpha, loss.latent_scale
    assert torch.autograd.gradcheck(lambda *_: loss(x), parameters, atol=1e-6)


def test_the_adaptive_loss_learns_what_a_fit_finds():
    import torch

    from fastloss.integrations.torch import adaptive

    x = torch.tensor(np.random.default_rng(0).laplace(size=(2000, 2)) * [0.5, 4.0], dtype=torch.float32)
    loss = adaptive(2)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        loss(x).mean().backward()
        optimizer.step()
    fits = [fl.adaptive.fit(column) for column in x.numpy().T]
    np.testing.assert_allclose(loss.alpha().detach()[0], [fit.alpha for fit in fits], atol=0.05)
    np.testing.assert_allclose(loss.scale().detach()[0], [fit.scale for fit in fits], rtol=0.05)


def test_the_adaptive_loss_may_be_fixed():
    from fastloss.integrations.torch import adaptive

    loss = adaptive(2, alpha_lo=1.5, alpha_hi=1.5, scale_lo=2.0, scale_init=2.0)
    assert not list(loss.parameters())
    assert loss.alpha().tolist() == [[1.5, 1.5]] and loss.scale().tolist() == [[2.0, 2.0]]
    assert adaptive(1, alpha_init=1.9).alpha().item() == pytest.approx(1.9)


# ---- errors ------------------------------------------------------------------------------------


def test_errors():
    import torch

    from fastloss.integrations.torch import adaptive, function, module

    with pytest.raises(TypeError, match=r"torch.module takes a loss or its name, got 3"):
        module(3)
    x = torch.ones(3, requires_grad=True)
    (grad,) = torch.autograd.grad(function(fl.absolute_error)(x), x, create_graph=True)
    with pytest.raises(RuntimeError, match="absolute_error has no second derivative that autograd can use"):
        grad.sum().backward()
    for loss, given in ((fl.cross_entropy, (torch.arange(3) % 2,)), (fl.info_nce, (torch.ones(3, 2),))):
        for reduction in ("none", "mean"):  # what a penalty of the gradient would silently leave out
            rows = torch.randn(3, 2, requires_grad=True)
            value = function(loss)(rows, *given, reduction=reduction).sum()
            (grad,) = torch.autograd.grad(value, rows, create_graph=True)
            with pytest.raises(RuntimeError, match=f"{loss.name} has no second derivative"):
                (value + (grad**2).sum()).backward()
    value = adaptive(1)(x[:, None]).sum()
    (grad,) = torch.autograd.grad(value, x, create_graph=True)
    with pytest.raises(RuntimeError, match="robust_nll has no second derivative that autograd can use"):
        (value + grad.sum()).backward()
    (grad,) = torch.autograd.grad(function(fl.cauchy)(x), x, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="nor a third"):
        (second.sum() + x.sum()).backward()
    with pytest.raises(TypeError, match="huber requires pred where target is given"):
        function(fl.huber)(target=x)
    with pytest.raises(TypeError, match="triplet requires positive where negative is given"):
        function(fl.triplet)(torch.ones(2, 3), negative=torch.ones(2, 3))
    with pytest.raises(TypeError, match="huber has no parameter 'dleta'"):
        module(fl.huber, dleta=1.0)
    with pytest.raises(ValueError, match="reduction must be one of"):
        module(fl.huber, reduction="average")
    with pytest.raises(TypeError, match="pred must be a tensor, got tuple"):
        function(fl.huber)([1.0, 2.0])
    with pytest.raises(TypeError, match="logistic has no gradient by its target: detach it"):
        function(fl.logistic)(x, x)
    with pytest.raises(TypeError, match="huber has no gradient by sample_weight: detach it"):
        function(fl.huber)(x, sample_weight=x)
    with pytest.raises(TypeError, match="pred is on meta"):
        function(fl.huber)(torch.ones(3, device="meta"))
    with pytest.raises(TypeError, match="target is on meta"):
        function(fl.huber)(x, torch.ones(3, device="meta"))
    with pytest.raises(ValueError, match="reduction must be one of 'none', 'sum', 'mean', got None"):
        function(fl.huber)(x, reduction=None)
    with pytest.raises(ValueError, match=r"num_dims must be an integer >= 1, got 2.5"):
        adaptive(2.5)
    with pytest.raises(ValueError, match="alpha_lo and alpha_hi must be in order"):
        adaptive(1, alpha_lo=3.0)
    with pytest.raises(ValueError, match=r"x must be of shape \(n, 2\)"):
        adaptive(2)(x)


def test_the_examples():
    import fastloss.integrations.torch

    assert doctest.testmod(fastloss.integrations.torch).failed == 0
