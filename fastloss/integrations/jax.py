"""Losses of JAX arrays in memory of the CPU, under jit, grad and vmap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastloss.core.loss import Loss
from fastloss.integrations import load
from fastloss.integrations._losses import named

jax = load("jax")

EMBEDDINGS = "embeddings"


def function(loss: Loss | str) -> Callable[..., Any]:
    """The loss as a function of JAX arrays, differentiable once, in reverse mode.

    XLA calls back for value and gradient, which come from one pass where a gradient is asked for.

    Parameters
    ----------
    loss : Loss or str
        Any loss of the catalogue but those of lists of feature maps.

    Returns
    -------
    function
        f(pred, target=None, *, sample_weight=None, reduction="mean", **parameters) -> array of pred's dtype. Losses of
        embeddings take their arrays in place of pred. The target of a residual has a gradient; of other targets, of
        weights and parameters the gradient is 0. Parameters are numbers or arrays, which are not traced.

    Raises
    ------
    TypeError
        If the loss cannot be served, or a parameter is traced. What the loss itself refuses comes out as an error of
        JAX's runtime that has its message.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, fastloss as fl
    >>> from fastloss.integrations.jax import function
    >>> huber = function(fl.huber)
    >>> jax.jit(jax.grad(huber))(jnp.array([0.5, -3.0])).tolist()
    [0.25, -0.5]
    """
    loss = named(loss, "jax.function")
    if loss.name == "feature_distance":
        raise TypeError("jax.function: feature_distance takes lists of arrays, which are not served")

    def f(*arrays: Any, sample_weight: Any = None, reduction: str = "mean", **parameters: Any) -> Any:
        for name, value in parameters.items():
            if isinstance(value, jax.core.Tracer):
                raise TypeError(f"{name} is traced: parameters of {loss.name} are numbers or arrays outside of jit")
        given = tuple(jax.numpy.asarray(array) for array in arrays if array is not None)
        if not given:
            raise TypeError(f"{loss.name} requires pred")
        keywords = {name: np.asarray(v) if isinstance(v, jax.Array) else v for name, v in parameters.items()}
        call = _Call(loss, len(given), {**keywords, "reduction": reduction})
        return _value(call, *given, *(() if sample_weight is None else (jax.numpy.asarray(sample_weight),)))

    f.__name__ = f.__qualname__ = loss.name
    f.__doc__ = loss.__doc__
    return f


class _Call:
    """A loss, the number of its arrays and its keywords; the operands are the arrays, then sample weights if given."""

    def __init__(self, loss: Any, count: int, keywords: dict[str, Any]):
        self.loss, self.count, self.keywords = loss, count, keywords
        self.is_reduced = keywords["reduction"] != "none"
        # what has a gradient, among the arrays
        is_residual = loss.has_weight and count == 2
        self.with_gradient = len(loss.arrays) if loss.family == EMBEDDINGS else 2 if is_residual else 1

    def shape_of_values(self, operands: Any) -> tuple[int, ...]:
        if self.is_reduced:
            return ()
        shape = operands[0].shape
        if self.loss.family == EMBEDDINGS:
            return (2 * shape[0],) if self.loss.name == "nt_xent" else shape[:1]
        if not self.loss.is_rowwise:
            return shape
        axis = self.keywords.get("axis", -1) % len(shape)
        return shape[:axis] + shape[axis + 1 :]

    def called_back(self, compute: Callable[..., Any], shapes: Any, *operands: Any) -> Any:
        """XLA's call of a function of NumPy's arrays."""
        method = "sequential" if self.is_reduced or self.loss.family == EMBEDDINGS else "broadcast_all"
        return jax.pure_callback(partial(_numpy, compute, shapes), shapes, *operands, vmap_method=method)

    def arguments(self, operands: Any, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        weights = {"sample_weight": operands[self.count]} if len(operands) > self.count else {}
        return operands[: self.count], {**self.keywords, **weights, **keywords}


def _numpy(compute: Callable[..., Any], shapes: Any, *operands: Any) -> Any:
    results = compute(*map(np.asarray, operands))
    many = isinstance(shapes, tuple)
    cast = [np.asarray(r).astype(s.dtype) for r, s in zip(results if many else [results], shapes if many else [shapes],
                                                          strict=True)]  # fmt: skip
    return tuple(cast) if many else cast[0]


def _float(array: Any) -> Any:
    """The dtype of results: that of a floating array, else JAX's default."""
    return array.dtype if jax.numpy.issubdtype(array.dtype, jax.numpy.floating) else jax.numpy.zeros(()).dtype


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _value(call: _Call, *operands: Any) -> Any:
    def compute(*operands: Any) -> Any:
        arrays, keywords = call.arguments(operands)
        return call.loss(*arrays, **keywords)

    return call.called_back(compute, _shape(call.shape_of_values(operands), operands[0]), *operands)


def _shape(shape: tuple[int, ...], like: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, _float(like))


def _forward(call: _Call, *operands: Any) -> tuple[Any, Any]:
    if call.loss.family == EMBEDDINGS and not call.is_reduced:
        return _value(call, *operands), operands  # rows are weighed by what comes from above
    if call.loss.family != EMBEDDINGS:
        call.loss._checked_outputs(("value", "grad"))

    def compute(*operands: Any) -> Any:
        arrays, keywords = call.arguments(operands)
        value, grad = call.loss.value_and_grad(*arrays, **keywords)
        return (value, *grad) if isinstance(grad, tuple) else (value, grad)

    differentiated = operands[: call.with_gradient] if call.loss.family == EMBEDDINGS else operands[:1]
    shapes = _shape(call.shape_of_values(operands), operands[0]), *(_shape(x.shape, x) for x in differentiated)
    value, *grads = call.called_back(compute, shapes, *operands)
    return value, (tuple(grads), operands)


def _backward(call: _Call, kept: Any, upstream: Any) -> tuple[Any, ...]:
    if call.loss.family == EMBEDDINGS and not call.is_reduced:
        return _by_embeddings(call, kept, upstream)
    grads, operands = kept
    if call.loss.is_rowwise and call.loss.family != EMBEDDINGS and upstream.ndim:
        upstream = jax.numpy.expand_dims(upstream, call.keywords.get("axis", -1))
    found = [grad * upstream for grad in grads]
    if call.loss.family != EMBEDDINGS and call.with_gradient == 2:
        found.append(_summed(-found[0], operands[1]))
    return (*found, *[None] * (len(operands) - len(found)))


def _by_embeddings(call: _Call, operands: Any, upstream: Any) -> tuple[Any, ...]:
    def compute(rows: Any, *operands: Any) -> Any:
        weight = rows if len(operands) == call.count else rows * operands[call.count]
        arrays, keywords = call.arguments(operands, sample_weight=weight)
        return call.loss.grad(*arrays, **keywords)

    shapes = tuple(_shape(x.shape, x) for x in operands[: call.with_gradient])
    found = call.called_back(compute, shapes, upstream, *operands)
    return (*found, *[None] * (len(operands) - len(found)))


def _summed(grad: Any, target: Any) -> Any:
    """The gradient by a target, over what it was broadcast along; none by one of integers."""
    if not jax.numpy.issubdtype(target.dtype, jax.numpy.floating):
        return None
    extra = grad.ndim - target.ndim
    axes = (*range(extra), *(extra + i for i, n in enumerate(target.shape) if n == 1 != grad.shape[extra + i]))
    return grad.sum(axis=axes).reshape(target.shape).astype(target.dtype)


_value.defvjp(_forward, _backward)
