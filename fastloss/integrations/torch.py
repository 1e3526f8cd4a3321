"""Losses of torch tensors in memory of the CPU, differentiable by autograd."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastloss.core.loss import Loss
from fastloss.integrations import load
from fastloss.integrations._losses import named
from fastloss.losses.likelihood import robust_nll

if TYPE_CHECKING:
    import torch
else:
    torch = load("torch")

EMBEDDINGS = "embeddings"


def function(loss: Loss | str) -> Callable[..., torch.Tensor]:
    """The loss as a function of tensors that autograd differentiates.

    Its values and derivatives are those of the loss, read where the tensors lie. Value and gradient come from one pass.
    A second backward goes by the second derivative, where the loss is once continuously differentiable and of a number.
    `torch.compile` leaves it as it is.

    Parameters
    ----------
    loss : Loss or str
        Any loss of the catalogue.

    Returns
    -------
    function
        f(pred, target=None, *, sample_weight=None, reduction="mean", **parameters) -> tensor of pred's dtype. Losses of
        embeddings take their arrays in place of pred, and have gradients by each of them that needs one, a bias too.
        The target of a residual has a gradient; other targets, weights and parameters may not need one.

    Raises
    ------
    TypeError
        If a tensor is on another device, or needs a gradient that there is not.
    RuntimeError
        In a second backward of a loss with kinks, of rows or of embeddings.

    Examples
    --------
    >>> import torch, fastloss as fl
    >>> from fastloss.integrations.torch import function
    >>> huber = function(fl.huber)
    >>> x = torch.tensor([0.5, -3.0], requires_grad=True)
    >>> huber(x, delta=1.0).backward()
    >>> x.grad
    tensor([ 0.2500, -0.5000])
    """
    loss = named(loss, "torch.function")

    def f(*tensors: Any, sample_weight: Any = None, reduction: str = "mean", **parameters: Any) -> torch.Tensor:
        return _applied(loss, tensors, sample_weight, reduction, parameters)

    f.__name__ = f.__qualname__ = loss.name
    f.__doc__ = loss.__doc__
    return f


def module(loss: Loss | str, reduction: str = "mean", **parameters: Any) -> torch.nn.Module:
    """The loss as a Module: forward(pred, target=None, *, sample_weight=None); see `function`."""
    return LossModule(named(loss, "torch.module"), reduction, parameters)


def adaptive(
    num_dims: int,
    alpha_lo: float = 0.001,
    alpha_hi: float = 1.999,
    alpha_init: float | None = None,
    scale_lo: float = 1e-5,
    scale_init: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Adaptive:
    """The adaptive loss as a Module, whose alpha and scale, one a column, are learned with the model.

    forward(x) of residuals of shape (n, num_dims) is the negative log-likelihood `robust_nll` of each; its mean is what
    to minimise, with respect to the module's parameters too.

    Parameters
    ----------
    num_dims : int
        Columns.
    alpha_lo, alpha_hi : float, within [0, 2]
        The bounds of alpha; equal ones fix it.
    alpha_init : float, optional
        Where alpha begins; the middle of the bounds by default.
    scale_lo : float > 0
        The bound of the scale; equal to scale_init, it fixes it.
    scale_init : float
        Where the scale begins.
    dtype : torch.dtype

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 3 and appendix.

    Examples
    --------
    >>> import torch
    >>> from fastloss.integrations.torch import adaptive
    >>> loss = adaptive(num_dims=2)
    >>> loss(torch.zeros(1, 2)).shape, loss.alpha().tolist(), loss.scale().tolist()
    (torch.Size([1, 2]), [[1.0, 1.0]], [[1.0, 1.0]])
    """
    return Adaptive(num_dims, alpha_lo, alpha_hi, alpha_init, scale_lo, scale_init, dtype)


class LossModule(torch.nn.Module):
    """What `module` returns."""

    def __init__(self, loss: Any, reduction: str, parameters: dict[str, Any]):
        super().__init__()
        self.loss, self.reduction, self.options = loss, reduction, parameters

    def forward(self, *tensors: Any, sample_weight: Any = None) -> torch.Tensor:
        return _applied(self.loss, tensors, sample_weight, self.reduction, self.options)

    def extra_repr(self) -> str:
        return ", ".join([self.loss.name, *(f"{k}={v!r}" for k, v in self.options.items()), self.reduction])


class Adaptive(torch.nn.Module):
    """What `adaptive` returns. `latent_alpha` and `latent_scale`, of shape (1, num_dims), are what is learned."""

    def __init__(
        self,
        num_dims: int,
        alpha_lo: float,
        alpha_hi: float,
        alpha_init: float | None,
        scale_lo: float,
        scale_init: float,
        dtype: torch.dtype,
    ):
        super().__init__()
        if not 0 <= alpha_lo <= alpha_hi <= 2:
            raise ValueError(f"alpha_lo and alpha_hi must be in order within [0, 2], got {alpha_lo} and {alpha_hi}")
        if not 0 < scale_lo <= scale_init < math.inf:
            raise ValueError(f"scale_lo must be > 0 and at most scale_init, got {scale_lo} and {scale_init}")
        self.num_dims, self.alpha_bounds, self.scale_bounds = num_dims, (alpha_lo, alpha_hi), (scale_lo, scale_init)
        if alpha_lo < alpha_hi:
            share = 0.5 if alpha_init is None else (alpha_init - alpha_lo) / (alpha_hi - alpha_lo)
            if not 0 < share < 1:
                raise ValueError(f"alpha_init must be between {alpha_lo} and {alpha_hi}, got {alpha_init}")
            latent = torch.full((1, num_dims), math.log(share / (1 - share)), dtype=dtype)
            self.latent_alpha = torch.nn.Parameter(latent)
        if scale_lo < scale_init:
            self.latent_scale = torch.nn.Parameter(torch.zeros((1, num_dims), dtype=dtype))
        self.dtype = dtype

    def alpha(self) -> torch.Tensor:
        """Of shape (1, num_dims)."""
        low, high = self.alpha_bounds
        if low == high:
            return torch.full((1, self.num_dims), low, dtype=self.dtype)
        return low + (high - low) * torch.sigmoid(self.latent_alpha)

    def scale(self) -> torch.Tensor:
        """Of shape (1, num_dims)."""
        low, begin = self.scale_bounds
        if low == begin:
            return torch.full((1, self.num_dims), begin, dtype=self.dtype)
        shift = math.log(math.expm1(1.0))  # where softplus is 1
        return low + (begin - low) * torch.nn.functional.softplus(self.latent_scale + shift)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.ndim != 2 or x.shape[1] != self.num_dims:
            raise ValueError(f"x must be of shape (n, {self.num_dims}), got {tuple(x.shape)}")
        return _adaptive(x, self.alpha(), self.scale())

    lossfun = forward


# ---- autograd -----------------------------------------------------------------------------------------------------


@torch.compiler.disable
def _applied(loss: Any, tensors: Any, sample_weight: Any, reduction: str, parameters: dict[str, Any]) -> torch.Tensor:
    with_gradients = loss._with_gradients(parameters) if loss.family == EMBEDDINGS else ()
    for name, value in {"sample_weight": sample_weight, **parameters}.items():
        _check(value, name, loss, needs_none=name not in with_gradients)
    for tensor in tensors:
        for each in tensor if isinstance(tensor, (list, tuple)) else (tensor,):
            _check(each, "pred", loss)
    if loss.family == EMBEDDINGS:
        call = _EmbeddingCall.of(loss, tensors, {**parameters, "sample_weight": sample_weight, "reduction": reduction})
        return _Embeddings.apply(call, *call.tensors)
    if not 1 <= len(tensors) <= 2:
        raise TypeError(f"{loss.name} takes pred and target by position, got {len(tensors)} tensors")
    pred, target = (*tensors, None)[:2]
    if isinstance(target, torch.Tensor) and target.requires_grad and not loss.has_weight:
        raise TypeError(f"{loss.name} has no gradient by its target: detach it")
    if not isinstance(pred, torch.Tensor):
        raise TypeError(f"pred must be a tensor, got {type(pred).__name__}")
    keywords = {**parameters, "reduction": reduction}
    if sample_weight is not None:
        keywords["sample_weight"] = sample_weight
    return _Loss.apply(loss, _plain(keywords), pred, target)


@torch.compiler.disable
def _adaptive(x: torch.Tensor, alpha: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return _RobustNll.apply(x, alpha, scale)


def _check(value: Any, name: str, loss: Any, needs_none: bool = False) -> None:
    if not isinstance(value, torch.Tensor):
        return
    if value.device.type != "cpu":
        raise TypeError(f"{name} is on {value.device}: losses are computed in memory of the CPU, take {name}.cpu()")
    if needs_none and value.requires_grad:
        raise TypeError(f"{loss.name} has no gradient by {name}: detach it")


def _plain(value: Any) -> Any:
    """Tensors as NumPy's arrays where it has their type, in collections too."""
    if isinstance(value, torch.Tensor):
        return value.detach() if value.dtype == torch.bfloat16 else value.detach().numpy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _tensor(result: Any, like: torch.Tensor) -> torch.Tensor:
    """A result as a tensor of the dtype that autograd expects."""
    dtype = like.dtype if like.dtype.is_floating_point else None
    return torch.as_tensor(result, dtype=dtype)


class _Loss(torch.autograd.Function):
    """A loss of numbers or of rows."""

    @staticmethod
    def forward(ctx, loss, keywords, pred, target):
        ctx.loss, ctx.keywords = loss, keywords
        given = _given(pred, target)
        if not any(ctx.needs_input_grad):
            return _tensor(loss(*given, **keywords), pred)
        value, grad = loss.value_and_grad(*given, **keywords)
        _keep(ctx, pred, target, _tensor(grad, pred))
        return _tensor(value, pred)

    @staticmethod
    def backward(ctx, upstream):
        pred, target, grad = _kept(ctx)
        if torch.is_grad_enabled():
            grad = _Gradient.apply(ctx.loss, ctx.keywords, pred, target)
        elif upstream.ndim == 0 and upstream.item() == 1:
            return None, None, grad, _by_target(ctx, grad, target)
        if ctx.loss.is_rowwise and upstream.ndim:
            upstream = upstream.unsqueeze(ctx.keywords.get("axis", -1))
        by_pred = grad * upstream
        return None, None, by_pred, _by_target(ctx, by_pred, target)


class _Gradient(torch.autograd.Function):
    """The gradient of a loss, whose derivative is the second one."""

    @staticmethod
    def forward(ctx, loss, keywords, pred, target):
        ctx.loss, ctx.keywords = loss, keywords
        _keep(ctx, pred, target)
        return _tensor(loss.grad(*_given(pred, target), **keywords), pred)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        loss = ctx.loss
        if loss.is_rowwise or "c1" not in loss.traits:
            why = "of which there is the diagonal alone" if loss.is_rowwise else "as its gradient jumps"
            why = why if loss.is_of_catalogue or loss.is_rowwise else "as it is not known to be 'c1'"
            raise RuntimeError(f"{loss.name} has no second derivative that autograd can use, {why}")
        pred, target = _kept(ctx)
        hess = _tensor(loss.hess(*_given(pred, target), **ctx.keywords), pred)
        by_pred = hess * upstream
        return None, None, by_pred, _by_target(ctx, by_pred, target)


def _given(pred: Any, target: Any) -> tuple[Any, ...]:
    """The arguments of a loss, whose target may be left out."""
    return (_plain(pred),) if target is None else (_plain(pred), _plain(target))


def _keep(ctx: Any, pred: torch.Tensor, target: Any, *others: torch.Tensor) -> None:
    """Keep them for backward: a target may be a number or an array, which autograd does not save."""
    is_tensor = isinstance(target, torch.Tensor)
    ctx.target = None if is_tensor else target
    ctx.save_for_backward(pred, target if is_tensor else None, *others)


def _kept(ctx: Any) -> tuple[Any, ...]:
    pred, target, *others = ctx.saved_tensors
    return pred, ctx.target if target is None else target, *others


def _by_target(ctx: Any, by_pred: torch.Tensor, target: Any) -> torch.Tensor | None:
    """The gradient by the target of a residual, if it needs one."""
    return (-by_pred).sum_to_size(target.shape).to(target.dtype) if ctx.needs_input_grad[3] else None


@dataclass
class _EmbeddingCall:
    """A call of a loss of embeddings: `tensors` are what it has gradients by, one after the other, those of lists too;
    `places` are where those of an argument are, by the name that its gradient has."""

    loss: Any
    positional: tuple[Any, ...]
    keywords: dict[str, Any]
    tensors: list[torch.Tensor]
    places: dict[str, slice]

    @classmethod
    def of(cls, loss: Any, given: Any, keywords: dict[str, Any]) -> _EmbeddingCall:
        names = loss._with_gradients({name: value for name, value in keywords.items() if value is not None})
        by_place = dict(zip(names, given[: len(loss.arrays)], strict=False))
        for value in given[len(loss.arrays) :]:
            if isinstance(value, torch.Tensor) and value.requires_grad:
                raise TypeError(f"{loss.name} has no gradient by its {loss.target_name}: detach it")
        tensors: list[torch.Tensor] = []
        places = {}
        for name, value in {**by_place, **{n: keywords[n] for n in names if n in keywords}}.items():
            start = len(tensors)
            tensors += value if isinstance(value, (list, tuple)) else [value]
            places[name] = slice(start, len(tensors))
        return cls(loss, _plain(tuple(given)), _plain(keywords), tensors, places)

    def grads(self, needed: Sequence[bool], **keywords: Any) -> tuple[Any, list[Any]]:
        """The value, and the gradients by those of the tensors that need one; None for the others."""
        wrt = tuple(name for name, place in self.places.items() if any(needed[place]))
        value, found = self.loss.value_and_grad(*self.positional, wrt=wrt, **{**self.keywords, **keywords})
        by_tensor: list[Any] = [None] * len(self.tensors)
        for name, grad in zip(wrt, found, strict=True):
            place = self.places[name]
            by_tensor[place] = grad if isinstance(grad, (list, tuple)) else [grad]
        return value, by_tensor


class _Embeddings(torch.autograd.Function):
    """A loss of embeddings."""

    @staticmethod
    def forward(ctx, call, *tensors):
        ctx.call, ctx.grads = call, None
        is_reduced = call.keywords["reduction"] != "none"
        if is_reduced and any(ctx.needs_input_grad):
            value, ctx.grads = call.grads(ctx.needs_input_grad[1:])
        else:
            value = call.loss(*call.positional, **call.keywords)
        return _tensor(value, tensors[0])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        call, needed, factor = ctx.call, ctx.needs_input_grad[1:], upstream
        if ctx.grads is None:  # not reduced: the gradient of the sum, its rows weighed by what comes from above
            weight = call.keywords["sample_weight"]
            rows = upstream if weight is None else upstream * torch.as_tensor(weight)
            ctx.grads, factor = call.grads(needed, sample_weight=rows)[1], 1.0
        grads = zip(call.tensors, ctx.grads, needed, strict=True)
        return None, *(_tensor(grad, tensor) * factor if need else None for tensor, grad, need in grads)


class _RobustNll(torch.autograd.Function):
    """robust_nll by residuals, alpha and scale."""

    @staticmethod
    def forward(ctx, x, alpha, scale):
        given = {"alpha": alpha.detach()[0].numpy(), "scale": scale.detach()[0].numpy()}
        value, grad = robust_nll.value_and_grad(x.detach(), **given)
        by_parameter = robust_nll.param_grad(x.detach(), **given) if any(ctx.needs_input_grad[1:]) else None
        grads = [grad] if by_parameter is None else [grad, by_parameter["alpha"], by_parameter["scale"]]
        ctx.save_for_backward(*(_tensor(each, x) for each in grads))
        return _tensor(value, x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        by_x, *by_parameter = ctx.saved_tensors
        sums = [(upstream * each).sum(dim=0, keepdim=True) for each in by_parameter] or [None, None]
        return upstream * by_x, *sums
