"""Today's ways to compute the same losses, each written as its own documentation would.

Every peer is a function `(data...) -> callable without arguments`; it imports its library inside,
so that a library that is not installed is an ImportError of that peer alone.  All run one thread.
"""

from functools import partial

import numpy as np
from suite import reference

__all__ = [
    "CROSS_ENTROPY", "CROSS_ENTROPY_AND_GRAD", "ELEMENTWISE_AND_GRAD", "HUBER", "JAX_VALUES", "ROBUST",
    "ROBUST_AND_GRAD",
]  # fmt: skip


def _torch():
    import torch

    torch.set_num_threads(1)
    return torch


def _jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _as_torch(array):
    torch = _torch()
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


# ---- robust(residual, alpha), scale = 1, alpha not 0 or 2 ----------------------------------


def _robust(x, alpha):
    """The expression itself, for every library with operators."""
    b = abs(alpha - 2)
    return b / alpha * ((x * x / b + 1) ** (alpha / 2) - 1)


def numpy_robust(x, alpha):
    return lambda: reference.robust(x, alpha)


def numpy_robust_and_grad(x, alpha):
    return lambda: (reference.robust(x, alpha), reference.robust_grad(x, alpha))


def numexpr_robust(x, alpha):
    import numexpr

    numexpr.set_num_threads(1)
    b = abs(alpha - 2)
    kind = x.dtype.type
    names = {"x": x, "c": kind(1 / b), "f": kind(b / alpha), "e": kind(alpha / 2), "one": kind(1)}
    return lambda: numexpr.evaluate("f * ((x * x * c + one) ** e - one)", local_dict=names)


def _numba_kernel(alpha, kind):
    import math

    import numba

    c, f, e, one = kind(1 / abs(alpha - 2)), kind(abs(alpha - 2) / alpha), kind(alpha / 2), kind(1)

    @numba.njit(error_model="numpy")
    def kernel(x, out):
        for i in range(x.size):
            out[i] = f * (math.pow(x[i] * x[i] * c + one, e) - one)

    return kernel


def numba_robust(x, alpha):
    kernel = _numba_kernel(alpha, x.dtype.type)

    def run():
        out = np.empty_like(x)
        kernel(x, out)
        return out

    return run


def torch_robust(x, alpha):
    tensor = _as_torch(x)
    return lambda: _robust(tensor, alpha)


def torch_compiled_robust(x, alpha):
    tensor, run = _as_torch(x), _torch().compile(lambda x: _robust(x, alpha))
    return lambda: run(tensor)


def jax_robust(x, alpha):
    jax = _jax()
    array, run = jax.numpy.asarray(x), jax.jit(lambda x: _robust(x, alpha))
    return lambda: run(array).block_until_ready()


def torch_robust_and_grad(x, alpha):
    tensor = _as_torch(x).requires_grad_()

    def run():
        value = _robust(tensor, alpha)
        (grad,) = _torch().autograd.grad(value.sum(), tensor)
        return value, grad

    return run


def jax_robust_and_grad(x, alpha):
    return _jax_value_and_grad(lambda x: _robust(x, alpha), x)


def _jax_value_and_grad(loss, x):
    """Values and gradient of a loss whose elements (rows) do not depend on each other."""
    jax = _jax()

    @jax.jit
    def both(x):
        value, pull_back = jax.vjp(loss, x)
        return value, pull_back(jax.numpy.ones_like(value))[0]

    array = jax.numpy.asarray(x)
    return lambda: jax.block_until_ready(both(array))


ROBUST = {
    "numpy": numpy_robust,
    "numexpr": numexpr_robust,
    "numba": numba_robust,
    "torch": torch_robust,
    "torch.compile": torch_compiled_robust,
    "jax": jax_robust,
}
ROBUST_AND_GRAD = {
    "numpy": numpy_robust_and_grad,
    "torch": torch_robust_and_grad,
    "jax": jax_robust_and_grad,
}

# ---- huber(residual) -----------------------------------------------------------------------

HUBER = {"numpy": lambda x: lambda: reference.huber(x)}

# ---- value and gradient of (pred, target) --------------------------------------------------


def _torch_and_grad(name):
    def factory(p, y):
        torch = _torch()
        function = getattr(torch.nn.functional, name)
        pred, target = _as_torch(p).requires_grad_(), _as_torch(y)

        def run():
            value = function(pred, target, reduction="none")
            (grad,) = torch.autograd.grad(value.sum(), pred)
            return value.detach(), grad

        return run

    return factory


def _sklearn_and_grad(name, target=lambda y: y):
    def factory(p, y):
        from sklearn._loss import loss

        there, labels = getattr(loss, name)(), target(y)
        return lambda: there.loss_gradient(y_true=labels, raw_prediction=p, n_threads=1)

    return factory


ELEMENTWISE_AND_GRAD = {
    "huber": {"scikit-learn": _sklearn_and_grad("HuberLoss"), "torch": _torch_and_grad("huber_loss")},
    "logistic": {
        "scikit-learn": _sklearn_and_grad("HalfBinomialLoss", lambda y: (y + 1) / 2),
        "torch": _torch_and_grad("soft_margin_loss"),
    },
    "binary_cross_entropy_with_logits": {
        "scikit-learn": _sklearn_and_grad("HalfBinomialLoss"),
        "torch": _torch_and_grad("binary_cross_entropy_with_logits"),
    },
    "poisson": {
        "scikit-learn": _sklearn_and_grad("HalfPoissonLoss"),
        "torch": _torch_and_grad("poisson_nll_loss"),
    },
}


def _jax_value(function):
    """The expression of a loss, as jit compiles it."""

    def factory(*arrays):
        jax = _jax()
        run, held = jax.jit(partial(function, jax.numpy)), [jax.numpy.asarray(array) for array in arrays]
        return lambda: run(*held).block_until_ready()

    return {"jax": factory}


JAX_VALUES = {
    "poisson": _jax_value(lambda np, p, y: np.exp(p) - y * p),
    "binary_cross_entropy_with_logits": _jax_value(
        lambda np, x, y: np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))
    ),
    "logistic": _jax_value(lambda np, p, y: np.logaddexp(0.0, -y * p)),
    "log_cosh": _jax_value(lambda np, x: np.logaddexp(x, -x) - np.log(np.float32(2))),
}

# ---- cross_entropy(logits, labels) ---------------------------------------------------------


def numpy_cross_entropy(x, y):
    return lambda: reference.cross_entropy(x, y)


def numpy_cross_entropy_and_grad(x, y):
    return lambda: (reference.cross_entropy(x, y), reference.cross_entropy_grad(x, y))


def scipy_cross_entropy(x, y):
    from scipy.special import logsumexp

    rows = np.arange(len(y))
    return lambda: logsumexp(x, axis=1) - x[rows, y]


def _sklearn_loss(x, y):
    from sklearn._loss.loss import HalfMultinomialLoss

    return HalfMultinomialLoss(n_classes=x.shape[1]), y.astype(x.dtype)


def sklearn_cross_entropy(x, y):
    loss, target = _sklearn_loss(x, y)
    return lambda: loss.loss(target, x, n_threads=1)


def sklearn_cross_entropy_and_grad(x, y):
    loss, target = _sklearn_loss(x, y)
    return lambda: loss.loss_gradient(target, x, n_threads=1)


def torch_compiled_cross_entropy(x, y):
    torch = _torch()
    function = torch.nn.functional.cross_entropy
    tensor, target = _as_torch(x), _as_torch(y)
    run = torch.compile(lambda x: function(x, target, reduction="none"))
    return lambda: run(tensor)


def _torch_focal(x, y, reduction):
    torch = _torch()
    entropy = torch.nn.functional.cross_entropy(x, y, reduction=reduction)
    return (-torch.expm1(-entropy)) ** 2 * entropy


def _torch_distillation(x, y, reduction):
    f = _torch().nn.functional
    return f.kl_div(f.log_softmax(x, -1), f.log_softmax(y, -1), reduction=reduction, log_target=True).sum(-1)


def _torch_rows(name):
    """torch's function of logits and labels, or a teacher's logits."""
    written = {"softmax_focal": _torch_focal, "distillation": _torch_distillation}
    names = {"cross_entropy": "cross_entropy", "nll": "nll_loss", "multi_margin": "multi_margin_loss"}
    return written[name] if name in written else getattr(_torch().nn.functional, names[name])


def torch_rows(name, x, y):
    function, tensor, target = _torch_rows(name), _as_torch(x), _as_torch(y)
    return lambda: function(tensor, target, reduction="none")


def torch_rows_and_grad(name, x, y):
    torch, function = _torch(), _torch_rows(name)
    tensor, target = _as_torch(x).requires_grad_(), _as_torch(y)

    def run():
        value = function(tensor, target, reduction="none")
        (grad,) = torch.autograd.grad(value.sum(), tensor)
        return value.detach(), grad

    return run


torch_cross_entropy = partial(torch_rows, "cross_entropy")
torch_cross_entropy_and_grad = partial(torch_rows_and_grad, "cross_entropy")


def _jax_loss(y):
    jax = _jax()
    target = jax.numpy.asarray(y)[:, None]

    def loss(x):
        label = jax.numpy.take_along_axis(x, target, axis=1)[:, 0]
        return jax.nn.logsumexp(x, axis=1) - label

    return loss


def jax_cross_entropy(x, y):
    jax = _jax()
    array, run = jax.numpy.asarray(x), jax.jit(_jax_loss(y))
    return lambda: run(array).block_until_ready()


def jax_cross_entropy_and_grad(x, y):
    return _jax_value_and_grad(_jax_loss(y), x)


CROSS_ENTROPY = {
    "numpy": numpy_cross_entropy,
    "scipy": scipy_cross_entropy,
    "scikit-learn": sklearn_cross_entropy,
    "torch": torch_cross_entropy,
    "torch.compile": torch_compiled_cross_entropy,
    "jax": jax_cross_entropy,
}
CROSS_ENTROPY_AND_GRAD = {
    "numpy": numpy_cross_entropy_and_grad,
    "scikit-learn": sklearn_cross_entropy_and_grad,
    "torch": torch_cross_entropy_and_grad,
    "jax": jax_cross_entropy_and_grad,
}
