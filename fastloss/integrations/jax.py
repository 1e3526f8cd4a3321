"""Losses of JAX arrays in memory of the CPU, under jit, grad and vmap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastloss.core.arguments import check_reduction
from fastloss.core.loss import Loss, as_loss
from fastloss.integrations import load
from fastloss.integrations._losses import (
    EMBEDDINGS,
    arrays_in_order,
    no_second_derivative,
    positional_names,
    shape_of_values,
)

jax = load("jax")

_OPTIONS = ("axis", "num_threads")
_VALUE, _FIRST, _SECOND = ("value",), ("value", "grad"), ("value", "grad", "hess")


def function(loss: Loss | str) -> Callable[..., Any]:
    """The loss as a function of JAX arrays.

    XLA calls back for value and gradient, which come from one pass where a gradient is asked for. Losses of a number
    and of rows are differentiated in both modes; twice (`jax.hessian`) where a loss of a number is once continuously
    differentiable. Those of embeddings are differentiated once, in reverse mode.

    Parameters
    ----------
    loss : Loss or str
        Any loss of the catalogue but those of lists of feature maps.

    Returns
    -------
    function
        f(pred, target=None, *, sample_weight=None, reduction="mean", **parameters) -> array of pred's dtype. Losses of
        embeddings take their arrays in place of pred, and have gradients by each, a bias or negatives too. The target
        of a residual has a gradient; other targets, weights and parameters may be traced, but not differentiated.

    Raises
    ------
    TypeError
        If the loss cannot be served, has no such parameter, is differentiated by what it has no gradient by, or once
        more than it can be; or a shape is a symbol.
    ValueError
        If shapes do not fit, or a parameter or the reduction is none that there is.
    Exception
        Of JAX's runtime, with the message of the loss, where it refuses the values of arrays.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, fastloss as fl
    >>> from fastloss.integrations.jax import function
    >>> huber = function(fl.huber)
    >>> jax.jit(jax.grad(huber))(jnp.array([0.5, -3.0])).tolist()
    [0.25, -0.5]
    """
    loss = as_loss(loss, "jax.function")
    if loss.name == "feature_distance":
        raise TypeError("jax.function: feature_distance takes lists of arrays, which are not served")
    names = positional_names(loss)

    def f(*arrays: Any, sample_weight: Any = None, reduction: str = "mean", **parameters: Any) -> Any:
        found = arrays_in_order(loss, arrays, parameters)
        given = {name: each for name, each in zip(names, found, strict=False) if each is not None}
        needed = names if loss.requires_target or loss.family == EMBEDDINGS else names[:1]
        if missing := [name for name in needed if name not in given]:
            raise TypeError(f"{loss.name} requires {' and '.join(missing)}")
        call, operands = _called(loss, given, sample_weight, reduction, parameters)
        return _embeddings(call, *operands) if loss.family == EMBEDDINGS else _outputs(call, _VALUE, *operands)[0]

    f.__name__ = f.__qualname__ = loss.name
    f.__doc__ = loss.__doc__
    return f


class _Call:
    """A loss, the names of its operands, how many of them are given by position, and its other keywords."""

    def __init__(self, loss: Any, names: tuple[str, ...], count: int, keywords: dict[str, Any]):
        self.loss, self.names, self.count, self.keywords = loss, names, count, keywords
        self.is_reduced = keywords["reduction"] != "none"
        if loss.family == EMBEDDINGS:
            self.wrt = tuple(loss._with_gradients(dict.fromkeys(names[count:], True)))
            own = (*self.wrt[: len(loss.arrays)], *names[len(loss.arrays) :])  # as gradients are called
            self.differentiated = [own.index(name) for name in self.wrt]
        else:
            self.differentiated = [0, 1] if loss.has_weight and "target" in names else [0]
        is_traced = any(name in loss.domains for name in names[count:])
        is_whole = self.is_reduced or loss.family == EMBEDDINGS or (loss.is_rowwise and is_traced)
        self.vmap_method = "sequential" if is_whole else "broadcast_all"

    def arguments(self, operands: Any) -> tuple[Any, dict[str, Any]]:
        """What the loss takes."""
        named = zip(self.names[self.count :], operands[self.count :], strict=True)
        return operands[: self.count], {**self.keywords, **dict(named)}

    def value(self, operands: Any) -> Any:
        """The shape and dtype of the value."""
        return _like(shape_of_values(self.loss, operands[0].shape, self.keywords), operands[0])

    def check(self, is_differentiated: Any) -> None:
        """That none is differentiated but those that there is a gradient by."""
        for place, (name, is_it) in enumerate(zip(self.names, is_differentiated, strict=True)):
            if is_it and place not in self.differentiated:
                raise TypeError(f"{self.loss.name} has no gradient by {name}: take jax.lax.stop_gradient({name})")


def _called(loss: Any, given: dict[str, Any], sample_weight: Any, reduction: str, parameters: dict[str, Any]) -> Any:
    """The call and its operands: arrays, weights, and parameters that are traced or have gradients."""
    check_reduction(reduction)
    with_gradients = loss._with_gradients(parameters) if loss.family == EMBEDDINGS else ()
    is_operand = {
        k: isinstance(v, jax.core.Tracer) or (k in with_gradients and v is not None) for k, v in parameters.items()
    }
    fixed = {k: np.asarray(v) if isinstance(v, jax.Array) else v for k, v in parameters.items() if not is_operand[k]}
    loss.bind(**{name: value for name, value in fixed.items() if name not in _OPTIONS})
    traced = {name: jax.numpy.asarray(value) for name, value in parameters.items() if is_operand[name]}
    if unknown := [name for name in traced if name not in loss.domains]:
        loss.bind(**dict.fromkeys(unknown, 0.0))
    arrays = {name: jax.numpy.asarray(array) for name, array in given.items()}
    weights = {} if sample_weight is None else {"sample_weight": jax.numpy.asarray(sample_weight)}
    first = next(iter(arrays.values()))
    if not all(isinstance(length, int) for length in first.shape):
        raise TypeError(f"{loss.name} is computed in calls of XLA, which need shapes of numbers, got {first.shape}")
    keywords = {**fixed, "reduction": reduction}
    if loss.family == "rows":
        axis = keywords.get("axis", -1)
        keywords["axis"] = axis - first.ndim if axis >= 0 else axis  # which vmap leaves in its place
        rows = shape_of_values(loss, first.shape, {**keywords, "reduction": "none"})
        weights = {name: jax.numpy.broadcast_to(w, rows) if w.ndim == 0 else w for name, w in weights.items()}
    elif loss.family != EMBEDDINGS:
        arrays, weights, traced = (_broadcast(each, first.shape) for each in (arrays, weights, traced))
    operands = {**arrays, **weights, **traced}
    return _Call(loss, tuple(operands), len(arrays), keywords), operands.values()


def _broadcast(arrays: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Arrays of pred's shape: weights may be one a row, parameters one a column."""
    found = {}
    for name, array in arrays.items():
        if name == "target" and array.shape not in ((), shape):
            raise ValueError(f"pred and target must have equal shapes, got {shape} and {array.shape}")
        if name == "sample_weight" and array.shape not in ((), shape, shape[:1]):
            raise ValueError(f"sample_weight must be of pred's shape {shape}, or one a row, got {array.shape}")
        if name == "sample_weight" and array.shape == shape[:1]:
            array = array.reshape(array.shape + (1,) * (len(shape) - 1))
        found[name] = array if array.shape == shape else jax.numpy.broadcast_to(array, shape)
    return found


def _like(shape: tuple[int, ...], array: Any) -> Any:
    """A result of that shape: of the dtype of a floating array, else of JAX's default."""
    is_floating = jax.numpy.issubdtype(array.dtype, jax.numpy.floating)
    return jax.ShapeDtypeStruct(shape, array.dtype if is_floating else jax.numpy.zeros(()).dtype)


def _called_back(compute: Callable[..., Any], shapes: tuple[Any, ...], method: str, *operands: Any) -> Any:
    """XLA's call of a function of NumPy's arrays with several results."""

    def function(*operands: Any) -> Any:
        results = compute(*map(np.asarray, operands))
        return tuple(np.asarray(r).astype(s.dtype) for r, s in zip(results, shapes, strict=True))

    return jax.pure_callback(function, shapes, *operands, vmap_method=method)


# ---- losses of a number and of rows


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _outputs(call: _Call, outputs: tuple[str, ...], *operands: Any) -> Any:
    """Some of value, gradient and second derivative."""
    value, element = call.value(operands), _like(operands[0].shape, operands[0])

    def compute(*operands: Any) -> Any:
        arrays, keywords = call.arguments(operands)
        return call.loss.evaluate(*arrays, outputs=outputs, **keywords)

    shapes = tuple(value if name == "value" else element for name in outputs)
    return tuple(_called_back(compute, shapes, call.vmap_method, *operands))


@partial(_outputs.defjvp, symbolic_zeros=True)
def _differentiated(call: _Call, outputs: tuple[str, ...], primals: Any, tangents: Any) -> Any:
    loss, is_zero = call.loss, [isinstance(t, jax.custom_derivatives.SymbolicZero) for t in tangents]
    call.check([not zero for zero in is_zero])
    if outputs == _SECOND or (outputs == _FIRST and (loss.is_rowwise or "c1" not in loss.traits)):
        raise TypeError(no_second_derivative(loss))
    loss._checked_outputs(_SECOND[: len(outputs) + 1])
    *found, last = _outputs(call, _SECOND[: len(outputs) + 1], *primals)
    tangent = 0.0
    for place, sign in zip(call.differentiated, (1, -1), strict=False):
        tangent = tangent if is_zero[place] else tangent + sign * tangents[place]
    by_value = (found[1] if outputs == _FIRST else last) * tangent
    if call.is_reduced:
        by_value = by_value.sum()
    elif loss.is_rowwise:
        by_value = by_value.sum(axis=call.keywords["axis"])
    by_output = [by_value, last * tangent][: len(outputs)]
    return tuple(found), tuple(t.astype(each.dtype) for t, each in zip(by_output, found, strict=True))


# ---- losses of embeddings


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _embeddings(call: _Call, *operands: Any) -> Any:
    def compute(*operands: Any) -> Any:
        arrays, keywords = call.arguments(operands)
        return (call.loss(*arrays, **keywords),)

    return _called_back(compute, (call.value(operands),), "sequential", *operands)[0]


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _gradients(call: _Call, upstream: Any, *operands: Any) -> Any:
    """Value and gradients of the sum of rows, each times what comes from above; without that of what is reduced."""

    def compute(upstream: Any, *operands: Any) -> Any:
        arrays, keywords = call.arguments(operands)
        if not call.is_reduced:
            keywords["sample_weight"] = upstream * keywords.get("sample_weight", 1.0)
        value, grads = call.loss.value_and_grad(*arrays, wrt=call.wrt, **keywords)
        return value, *grads

    shapes = call.value(operands), *(_like(operands[i].shape, operands[i]) for i in call.differentiated)
    return tuple(_called_back(compute, shapes, "sequential", upstream, *operands))


@_gradients.defjvp
def _not_differentiated(call: _Call, primals: Any, tangents: Any) -> Any:
    raise TypeError(no_second_derivative(call.loss))


def _forward(call: _Call, *operands: Any) -> tuple[Any, Any]:
    call.check([operand.perturbed for operand in operands])
    values = tuple(operand.value for operand in operands)
    if not call.is_reduced:
        return _embeddings(call, *values), (None, values)
    value, *grads = _gradients(call, jax.numpy.ones(()), *values)
    return value, (grads, values)


def _backward(call: _Call, kept: Any, upstream: Any) -> tuple[Any, ...]:
    grads, operands = kept
    if isinstance(upstream, jax.custom_derivatives.SymbolicZero):
        return tuple([None] * len(operands))
    if grads is None:
        found = _gradients(call, upstream, *operands)[1:]
    else:
        found = [grad * upstream for grad in grads]
    by_operand: list[Any] = [None] * len(operands)
    for place, grad in zip(call.differentiated, found, strict=True):
        by_operand[place] = grad.astype(operands[place].dtype)
    return tuple(by_operand)


_embeddings.defvjp(_forward, _backward, symbolic_zeros=True)
