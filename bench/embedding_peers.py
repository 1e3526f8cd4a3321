"""Today's ways to compute losses of embeddings, whose logits all of them store; as peers.py has it."""

import numpy as np
from peers import _as_torch, _jax, _torch

__all__ = ["HEADS", "HEADS_AND_GRAD", "NT_XENT_AND_GRAD"]


def numpy_linear_cross_entropy(x, w, y):
    """NumPy's product, and the loss of rows of logits."""
    import fastloss

    return lambda: fastloss.cross_entropy(x @ w.T, y, num_threads=1)


def _torch_eager(x, w, y):
    functional = _torch().nn.functional
    return functional.cross_entropy(functional.linear(x, w), y, reduction="none")


def _torch_chunked(x, w, y):
    torch = _torch()
    options = torch.nn.LinearCrossEntropyOptions(chunking_method="auto")
    return torch.nn.functional.linear_cross_entropy(x, w, y, reduction="mean", options=options)


def _torch_arcface(x, w, y, margin=0.5, scale=64.0):
    """As it is usually written: with an arccos, kept off its ends."""
    functional = _torch().nn.functional
    cosine = functional.linear(functional.normalize(x), functional.normalize(w))
    rows = _torch().arange(len(y))
    angle = cosine[rows, y].clamp(-1 + 1e-7, 1 - 1e-7).arccos() + margin
    logits = cosine.index_put((rows, y), angle.cos())
    return functional.cross_entropy(scale * logits, y, reduction="none")


def _torch_value(loss):
    def factory(x, w, y):
        arrays = _as_torch(x), _as_torch(w), _as_torch(y)

        def run():
            with _torch().no_grad():
                return loss(*arrays)

        return run

    return factory


def _torch_both(loss):
    def factory(x, w, y):
        x, w, y = _as_torch(x).requires_grad_(), _as_torch(w).requires_grad_(), _as_torch(y)

        def run():
            value = loss(x, w, y)
            return value, _torch().autograd.grad(value.sum(), (x, w))

        return run

    return factory


def _metric_learning(name, **options):
    """pytorch-metric-learning's class of that name, whose own weights are replaced; with gradients"""

    def factory(x, w, y):
        from pytorch_metric_learning import losses

        loss = getattr(losses, name)(num_classes=w.shape[0], embedding_size=w.shape[1], **options)
        loss.W.data = _as_torch(np.ascontiguousarray(w.T))
        tensor, target = _as_torch(x).requires_grad_(), _as_torch(y)

        def run():
            value = loss(tensor, target)
            return value, _torch().autograd.grad(value, (tensor, loss.W))

        return run

    return factory


def metric_learning_nt_xent(a, b, temperature=0.1):
    from pytorch_metric_learning import losses

    torch, loss = _torch(), losses.NTXentLoss(temperature=temperature)
    x = _as_torch(np.concatenate([a, b])).requires_grad_()
    labels = torch.arange(len(a)).repeat(2)

    def run():
        value = loss(x, labels)
        return value, torch.autograd.grad(value, x)

    return run


def optax_nt_xent(a, b, temperature=0.1):
    import optax

    jax = _jax()
    x, labels = jax.numpy.concatenate([jax.numpy.asarray(a), jax.numpy.asarray(b)]), np.tile(np.arange(len(a)), 2)
    run = jax.jit(jax.value_and_grad(lambda x: optax.losses.ntxent(x, labels, temperature=temperature)))
    return lambda: jax.block_until_ready(run(x))


def torch_nt_xent(a, b, temperature=0.1):
    """As most tutorials write it: the cosines of all pairs, their own left out."""
    torch = _torch()
    functional = torch.nn.functional
    x = _as_torch(np.concatenate([a, b])).requires_grad_()
    n = len(a)
    labels, own = torch.arange(2 * n).roll(n), torch.eye(2 * n, dtype=torch.bool)

    def run():
        unit = functional.normalize(x)
        logits = (unit @ unit.T / temperature).masked_fill(own, -float("inf"))
        value = functional.cross_entropy(logits, labels)
        return value, torch.autograd.grad(value, x)

    return run


HEADS = {
    "linear_cross_entropy": {
        "numpy and fastloss": numpy_linear_cross_entropy,
        "torch": _torch_value(_torch_eager),
        "torch, in chunks": _torch_value(_torch_chunked),
    },
    "arcface": {"torch": _torch_value(_torch_arcface)},
}
HEADS_AND_GRAD = {
    "linear_cross_entropy": {"torch": _torch_both(_torch_eager), "torch, in chunks": _torch_both(_torch_chunked)},
    "arcface": {
        "torch": _torch_both(_torch_arcface),
        "pytorch-metric-learning": _metric_learning("ArcFaceLoss", margin=28.6, scale=64),
    },
    "cosface": {"pytorch-metric-learning": _metric_learning("CosFaceLoss", margin=0.35, scale=64)},
}
NT_XENT_AND_GRAD = {
    "torch": torch_nt_xent,
    "optax": optax_nt_xent,
    "pytorch-metric-learning": metric_learning_nt_xent,
}
