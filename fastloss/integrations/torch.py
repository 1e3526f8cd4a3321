"""Losses of torch tensors in memory of the CPU, differentiable by autograd."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastloss.core.arguments import check_count, check_reduction
from fastloss.core.loss import Loss, as_loss
from fastloss.integrations import load
from fastloss.integrations._autograd import LossFunction
from fastloss.losses.likelihood import robust_nll

if TYPE_CHECKING:
    import torch
else:
    torch = load("torch")

_ROBUST_NLL = LossFunction(robust_nll)


def function(loss: Loss | str) -> LossFunction:
    """The loss as a function of tensors that autograd differentiates.

    Its values and derivatives are those of the loss, read where the tensors lie. Value and gradient come from one pass.
    A second backward goes by the second derivative, where the loss is once continuously differentiable and of a number.
    `torch.compile` has it as one operator of its graph, with `fullgraph=True` too; `torch.func.grad` and `vmap`, which
    calls it for each of a batch, take it. So does forward mode (`jvp`, `jacfwd`, `hessian`, dual numbers), once.

    Parameters
    ----------
    loss : Loss or str
        Any loss of the catalogue.

    Returns
    -------
    LossFunction
        f(pred, target=None, *, sample_weight=None, reduction="mean", **parameters) -> tensor of pred's dtype; float64
        for integers, float32 for float16 and bfloat16 under autocast. It pickles. Losses of embeddings take their
        arrays in place of pred, and have gradients by each of them that needs one, a bias too. So do the target of a
        residual and parameters that the loss has a `param_grad` by; other targets, weights and parameters may not need
        one.

    Raises
    ------
    TypeError
        If a tensor is on another device, or needs a gradient that there is not.
    RuntimeError
        In a second backward of a loss with kinks, of rows, of embeddings or by parameters, and in a third one; in
        forward mode of embeddings without a reduction, or twice.

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
    return LossFunction(as_loss(loss, "torch.function"))


def module(loss: Loss | str, reduction: str = "mean", **parameters: Any) -> torch.nn.Module:
    """The loss as a Module: forward(pred, target=None, *, sample_weight=None); see `function`.

    A parameter that is a `torch.nn.Parameter` is one of the module, for an optimizer to learn; tensors are its buffers.

    Raises
    ------
    TypeError, ValueError
        If the loss has no such parameter, or it or the reduction has no such value.
    """
    return LossModule(as_loss(loss, "torch.module"), reduction, parameters)


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
    dtype : torch.dtype, or NumPy's

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
    if not isinstance(dtype, torch.dtype):
        dtype = getattr(torch, np.dtype(dtype).name)
    return Adaptive(num_dims, alpha_lo, alpha_hi, alpha_init, scale_lo, scale_init, dtype)


class LossModule(torch.nn.Module):
    """What `module` returns."""

    def __init__(self, loss: Loss, reduction: str, parameters: dict[str, Any]):
        super().__init__()
        check_reduction(reduction)
        self.function, self.reduction = LossFunction(loss), reduction
        self.options = {name: value for name, value in parameters.items() if not isinstance(value, torch.Tensor)}
        loss.bind(**self.options)
        for name, value in parameters.items():
            if isinstance(value, torch.nn.Parameter):
                self.register_parameter(name, value)
            elif isinstance(value, torch.Tensor):
                self.register_buffer(name, value)

    def forward(self, *tensors: Any, **keywords: Any) -> torch.Tensor:
        options = {**self.options, **self._parameters, **self._buffers, **keywords}
        return self.function(*tensors, reduction=self.reduction, **options)

    def extra_repr(self) -> str:
        tensors = {**self._parameters, **self._buffers}
        options = [f"{k}={v!r}" for k, v in self.options.items()] + [
            f"{k}={type(v).__name__}" for k, v in tensors.items()
        ]
        return ", ".join([self.function.loss.name, *options, self.reduction])


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
        num_dims = check_count(num_dims, "num_dims")
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
        return _ROBUST_NLL(x, alpha=self.alpha()[0], scale=self.scale()[0], reduction="none")

    lossfun = forward
