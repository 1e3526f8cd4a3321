"""A loss of torch tensors as autograd, torch.func and torch.compile know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastloss.core.loss import Loss
from fastloss.integrations import load
from fastloss.integrations._losses import (
    EMBEDDINGS,
    arrays_in_order,
    no_second_derivative,
    positional_names,
    shape_of_values,
)

if TYPE_CHECKING:
    import torch
else:
    torch = load("torch")

from torch.autograd import forward_ad

_KEPT = 64
_NUMBERS = {torch.float32: np.float32}  # of reduced values, else float64
_is_transformed = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
_is_graph_kept = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True)


class LossFunction:
    """What `function` returns."""

    def __init__(self, loss: Loss):
        self.loss, self.key, self.names = loss, _key(loss), positional_names(loss)
        self._calls: dict[Any, Call] = {}
        self.__name__ = self.__qualname__ = loss.name
        self.__doc__ = loss.__doc__
        _LOSSES[self.key] = loss

    def __call__(
        self, *arrays: Any, sample_weight: Any = None, reduction: str = "mean", **parameters: Any
    ) -> torch.Tensor:
        tensors: list[torch.Tensor] = []
        given = {**parameters, "reduction": reduction}
        if sample_weight is not None:
            given["sample_weight"] = sample_weight
        positional = tuple([with_slots(each, tensors) for each in arrays])
        keywords = tuple([(name, with_slots(value, tensors)) for name, value in given.items()])
        is_recorded, is_forward = torch.is_grad_enabled(), forward_ad._current_level >= 0
        needed = tuple([is_recorded and tensor.requires_grad for tensor in tensors])
        if is_forward:
            _check_levels(self.loss)
            needed = tuple([n or _has_tangent(tensor) for n, tensor in zip(needed, tensors, strict=True)])
        if not all([tensor.is_cpu for tensor in tensors]):
            _refuse_device(tensors, [*zip(self.names, positional, strict=False), *keywords])
        is_widened = torch.is_autocast_enabled("cpu")  # values, as those of torch's own losses are
        if torch.compiler.is_compiling():
            return _operator(_registered(self.key, positional, keywords, needed, is_widened), tensors)[0]
        call = self._call(positional, keywords, needed, is_widened)
        is_plain = not (is_forward or _is_transformed())
        return (_Plain if is_plain else _Loss).apply(call, *tensors)[0]

    def _call(self, *arguments: Any) -> Call:
        """A call, which is kept, as steps of a training repeat it."""
        try:
            call = self._calls.get(arguments)
        except TypeError:  # an array, which has no hash
            return Call(self.loss, *arguments)
        if call is None:
            if len(self._calls) >= _KEPT:
                self._calls.clear()
            call = self._calls[arguments] = Call(self.loss, *arguments)
        return call

    def __repr__(self) -> str:
        return f"function({self.loss!r})"

    def __reduce__(self) -> Any:
        return LossFunction, (self.loss,)


class Slot(NamedTuple):
    """Stands for a tensor among the arguments of a call."""

    place: int


_SLOTS = [Slot(place) for place in range(8)]  # of most calls


def with_slots(value: Any, tensors: list[torch.Tensor]) -> Any:
    """An argument with a Slot for each tensor, which is added to `tensors`; lists as tuples."""
    if isinstance(value, torch.Tensor):
        place = len(tensors)
        tensors.append(value)
        return _SLOTS[place] if place < len(_SLOTS) else Slot(place)
    if isinstance(value, (list, tuple)):
        return tuple([with_slots(each, tensors) for each in value])
    return value


def _refuse_device(tensors: list[torch.Tensor], arguments: list[tuple[str, Any]]) -> None:
    for name, value in arguments:
        for place in _places(value):
            if not tensors[place].is_cpu:
                raise TypeError(
                    f"{name} is on {tensors[place].device}: losses are computed in memory of the CPU, take {name}.cpu()"
                )


class Call:
    """A loss, its arguments with Slots in place of tensors, and which of these need a gradient.

    Raises
    ------
    TypeError
        If there are too many arguments or none, or one needs a gradient that there is not.
    """

    def __init__(
        self, loss: Any, positional: tuple[Any, ...], keywords: Any, needed: tuple[bool, ...], is_widened: bool
    ):
        self.loss, self.needed, self.is_widened = loss, needed, is_widened
        self.keywords = {name: value for name, value in keywords if value is not None or name == "reduction"}
        is_embeddings, names = loss.family == EMBEDDINGS, positional_names(loss)
        self.positional = arrays_in_order(loss, positional, self.keywords)
        if not self.positional or not _places(self.positional[0]):
            got = type(self.positional[0]).__name__ if self.positional else "nothing"
            raise TypeError(f"{names[0]} must be a tensor, got {got}")
        if "out" in self.keywords:
            raise TypeError(f"{loss.name} has no out here, as autograd keeps results")
        self.is_reduced = self.keywords["reduction"] != "none"
        self.is_weighed_later = is_embeddings and not self.is_reduced  # rows, by what comes from above
        if is_embeddings:
            known = tuple(loss._with_gradients(self.keywords))
            names = (*known[: len(loss.arrays)], *names[len(loss.arrays) :])  # as gradients are called
        else:
            known = ("pred", *(["target"] if loss.has_weight else []), *loss.param_grads)
        named_values = {**dict(zip(names, self.positional, strict=False)), **self.keywords}
        self.places = {name: places for name, value in named_values.items() if (places := _places(value))}
        self.has_tensors_by_name = any(_places(value) for value in self.keywords.values())
        self.computed = self._computed(known)
        self.computed_places = [place for name in self.computed for place in self.places[name]]
        self.kept_grads = 0 if self.is_weighed_later else len(self.computed_places)
        self.has_second = not loss.is_rowwise and "c1" in loss.traits and self.computed == ("pred",)
        self.needs_tensors = self.has_second or self.is_weighed_later  # in backward

    def _computed(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """The arguments by which gradients are computed: that of a residual's target follows from that of pred."""
        needed = {name for name, places in self.places.items() if any(self.needed[place] for place in places)}
        for name in needed - set(known):
            raise TypeError(
                f"{self.loss.name} has no gradient by {'its target' if name == 'target' else name}: detach it"
            )
        if needed and self.loss.family != EMBEDDINGS:
            needed = needed - {"target"} | {"pred"}
        return tuple(name for name in known if name in needed)

    def arguments(self, tensors: Sequence[torch.Tensor]) -> tuple[list[Any], dict[str, Any]]:
        """What the loss takes."""
        positional = [_filled(value, tensors) for value in self.positional]
        if not self.has_tensors_by_name:
            return positional, self.keywords
        return positional, {name: _filled(value, tensors, widens=True) for name, value in self.keywords.items()}

    def dtype(self, tensors: Sequence[torch.Tensor]) -> torch.dtype:
        """That of values."""
        dtype = tensors[0].dtype
        if not dtype.is_floating_point:
            return torch.float64
        return torch.float32 if self.is_widened and dtype.itemsize == 2 else dtype

    def results(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The value, then the gradients by the tensors at `computed_places`."""
        (positional, keywords), loss = self.arguments(tensors), self.loss
        if not self.computed or self.is_weighed_later:
            return [_value(loss(*positional, **keywords), self.dtype(tensors))]
        if loss.family == EMBEDDINGS:
            value, found = loss.value_and_grad(*positional, wrt=self.computed, **keywords)
            grads = _flat(found)
        else:
            value, grad = loss.value_and_grad(*positional, **keywords)
            by_name = {"pred": grad}
            if self.computed[-1] != "pred":
                by_name.update(loss.param_grad(*positional, **keywords))
            grads = [by_name[name] for name in self.computed]
        return [_value(value, self.dtype(tensors)), *self._as_tensors(grads, tensors)]

    def of_weighed_rows(self, upstream: torch.Tensor, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The gradients of embeddings of the sum of rows, each times what comes from above."""
        positional, keywords = self.arguments(tensors)
        weight = keywords.get("sample_weight")
        keywords = {
            **keywords,
            "sample_weight": _numpy(upstream if weight is None else upstream * torch.as_tensor(weight)),
        }
        return self._as_tensors(_flat(self.loss.grad(*positional, wrt=self.computed, **keywords)), tensors)

    def _as_tensors(self, grads: Sequence[Any], tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        places = self.computed_places
        return [_as_tensor(grad, tensors[place].dtype) for grad, place in zip(grads, places, strict=True)]

    def backward(self, upstream: torch.Tensor | None, grads: Sequence[torch.Tensor]) -> list[torch.Tensor | None]:
        """The gradients by all tensors, of those of the value; an upstream of None is 1. Autograd sums them along what
        was broadcast."""
        if upstream is not None and upstream.ndim and self.loss.is_rowwise and not self.is_weighed_later:
            upstream = upstream.unsqueeze(self.keywords.get("axis", -1))
        by_tensor: list[torch.Tensor | None] = [None] * len(self.needed)
        for place, grad in zip(self.computed_places, grads, strict=True):
            by_tensor[place] = grad if upstream is None or self.is_weighed_later else grad * upstream
        for place in self.places.get("target", ()) if self.loss.has_weight else ():
            by_pred = by_tensor[self.places["pred"][0]]
            if self.needed[place] and by_pred is not None:
                by_tensor[place] = -by_pred
        return by_tensor

    def forward(self, tangents: Sequence[torch.Tensor | None], grads: Sequence[torch.Tensor]) -> torch.Tensor:
        """The derivative of the value along the tangents of all tensors, whose gradients are as `backward` has them."""
        if self.is_weighed_later:
            raise RuntimeError(f"{self.loss.name} has no forward-mode derivative by row: reduce it, or use backward")
        changes = self.changes(tangents, grads)
        if self.is_reduced:
            return sum(change.sum() for change in changes)
        change = sum(changes)
        return change.sum(self.keywords.get("axis", -1)) if self.loss.is_rowwise else change

    def changes(self, tangents: Sequence[torch.Tensor | None], grads: Sequence[torch.Tensor]) -> list[Any]:
        """Each tensor's gradient times its tangent, where it has one."""
        pairs = zip(self.backward(None, grads), tangents, strict=True)
        return [grad * tangent for grad, tangent in pairs if grad is not None and tangent is not None]


def _value(value: Any, dtype: torch.dtype) -> torch.Tensor:
    """A number or an array."""
    return _as_tensor(np.array(value, _NUMBERS.get(dtype)) if type(value) is float else value, dtype)


def _as_tensor(array: Any, dtype: torch.dtype) -> torch.Tensor:
    """`torch.as_tensor`, which takes twice as long for an array of NumPy."""
    tensor = torch.from_numpy(array) if type(array) is np.ndarray else torch.as_tensor(array)
    return tensor if tensor.dtype == dtype else tensor.to(dtype)


def _has_tangent(tensor: torch.Tensor) -> bool:
    return forward_ad.unpack_dual(tensor).tangent is not None


def _check_levels(loss: Any) -> None:
    """torch does not differentiate what a function computes in forward mode in that mode once more: it takes it for
    constant."""
    levels = torch._C._functorch.get_interpreter_stack() or []
    if sum(level.key() == torch._C._functorch.TransformType.Jvp for level in levels) > 1:
        raise RuntimeError(
            f"{loss.name} is differentiated in forward mode twice, which torch does not do: take torch.func.hessian, "
            "or backward mode for one of both"
        )


def _places(value: Any) -> list[int]:
    """Where the tensors of an argument are."""
    if isinstance(value, Slot):
        return [value.place]
    return [place for each in value for place in _places(each)] if isinstance(value, tuple) else []


def _filled(value: Any, tensors: Sequence[torch.Tensor], widens: bool = False) -> Any:
    """An argument with arrays in place of Slots; tensors of bfloat16 as they are, or widened."""
    if isinstance(value, Slot):
        tensor = tensors[value.place]
        return _numpy(tensor.float() if widens and tensor.dtype == torch.bfloat16 else tensor)
    return tuple(_filled(each, tensors, widens) for each in value) if isinstance(value, tuple) else value


def _numpy(tensor: torch.Tensor) -> Any:
    """The same memory, where NumPy has the dtype."""
    return tensor.detach() if tensor.dtype == torch.bfloat16 else tensor.numpy(force=True)


def _flat(found: Sequence[Any]) -> list[Any]:
    """Arrays, and those of lists, one after the other."""
    return [each for array in found for each in (array if isinstance(array, (list, tuple)) else [array])]


# ---- autograd -----------------------------------------------------------------------------------------------------


class _Function(torch.autograd.Function):
    """A function of a Call and of tensors, with tensors as results."""

    @classmethod
    def vmap(cls, info: Any, in_dims: Any, call: Call, *tensors: torch.Tensor) -> Any:
        def at(i: int) -> Any:
            return [t if d is None else t.select(d, i) for t, d in zip(tensors, in_dims[1:], strict=True)]

        results = [cls.apply(call, *at(i)) for i in range(info.batch_size)]
        return tuple(map(torch.stack, zip(*results, strict=True))), (0,) * len(results[0])


class _Loss(_Function):
    """The value, and the gradients that backward needs."""

    @staticmethod
    def forward(call: Call, *tensors: torch.Tensor) -> Any:
        return tuple(call.results(tensors))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.call = inputs[0]
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*output[1:], *inputs[1:])
        ctx.save_for_forward(*output[1:], *inputs[1:])

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: torch.Tensor | None) -> Any:
        call = ctx.call
        grads = (_Gradient if call.has_second else _Last).apply(call, *ctx.saved_tensors)
        return call.forward(tangents, grads), *[None] * len(call.computed_places)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor | None, *_: None) -> Any:
        call, saved = ctx.call, ctx.saved_tensors
        if upstream is None:
            return None, *[None] * len(call.needed)
        grads = saved[: call.kept_grads]
        if call.is_weighed_later or torch.is_grad_enabled():
            grads = _differentiable(call, upstream, grads, saved[call.kept_grads :])
        return None, *call.backward(upstream, grads)


class _Plain(torch.autograd.Function):
    """The same without transforms, as torch binds arguments anew at each call of what it may transform.

    The gradients wait outside of what torch saves. The first backward reads nothing else but of rows that it weighs: in
    between, tensors may be changed, and those that the second one does not read either are not kept. In the graph of a
    gradient an empty result stands for them.
    """

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: torch.Tensor) -> Any:
        value, *grads = call.results(tensors)
        origin = None
        if call.computed:
            ctx.call, ctx.grads = call, grads
            ctx.set_materialize_grads(False)
            origins = tensors
            if not call.needs_tensors:
                origins = [origin := value.new_empty(0)]
            ctx.save_for_backward(*origins)
        return value, origin

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor | None, *_: None) -> Any:
        call, grads, is_last = ctx.call, ctx.grads, not _is_graph_kept()
        if is_last:
            ctx.grads = None
        if upstream is None:
            return None, *[None] * len(call.needed)
        if grads is None or call.is_weighed_later or torch.is_grad_enabled():
            origins = ctx.saved_tensors  # which says so where the graph was not kept
            grads = _differentiable(call, upstream, grads, origins)
        elif is_last and (factor := _number(upstream)) is not None:
            grads, upstream = grads if factor == 1 else [grad.mul_(factor) for grad in grads], None
        return None, *call.backward(upstream, grads)


def _differentiable(call: Call, upstream: torch.Tensor, grads: Any, origins: Any) -> Any:
    """The gradients of a value, as autograd may differentiate them, or be told that it cannot."""
    if call.is_weighed_later:
        return _OfWeighedRows.apply(call, upstream, *origins)
    return (_Gradient if call.has_second else _Last).apply(call, *grads, *origins)


class _Gradient(_Function):
    """A gradient as it is, whose derivative is by the second one."""

    @staticmethod
    def forward(call: Call, grad: torch.Tensor, *tensors: torch.Tensor) -> Any:
        return (grad.clone(),)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.call = inputs[0]
        ctx.save_for_backward(*inputs[2:])
        ctx.save_for_forward(*inputs[2:])

    @staticmethod
    def jvp(ctx: Any, _: None, __: Any, *tangents: torch.Tensor | None) -> Any:
        (hess,) = _Second.apply(ctx.call, *ctx.saved_tensors)
        return (sum(ctx.call.changes(tangents, [hess])),)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        call, tensors = ctx.call, ctx.saved_tensors
        (hess,) = _Second.apply(call, *tensors)
        return None, None, *call.backward(upstream, [hess])


class _Final(_Function):
    """What has no derivatives."""

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.call = inputs[0]

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
        raise RuntimeError(no_second_derivative(ctx.call.loss))

    jvp = backward


class _Last(_Final):
    """Gradients as they are, which have no derivatives."""

    @staticmethod
    def forward(call: Call, *grads_and_tensors: torch.Tensor) -> Any:
        return tuple(grad.clone() for grad in grads_and_tensors[: len(call.computed_places)])


class _OfWeighedRows(_Final):
    """Gradients of embeddings, of rows that are weighed."""

    @staticmethod
    def forward(call: Call, upstream: torch.Tensor, *tensors: torch.Tensor) -> Any:
        return tuple(call.of_weighed_rows(upstream, tensors))


class _Second(_Final):
    """The second derivative."""

    @staticmethod
    def forward(call: Call, *tensors: torch.Tensor) -> Any:
        positional, keywords = call.arguments(tensors)
        return (_as_tensor(call.loss.hess(*positional, **keywords), tensors[0].dtype),)


def _number(upstream: torch.Tensor) -> float | None:
    """What comes from above, if that is a number."""
    try:
        return None if upstream.ndim else upstream.item()
    except RuntimeError:  # a batch of vmap, whose numbers are not to be read
        return None


# ---- torch.compile ------------------------------------------------------------------------------------------------

_LOSSES: dict[str, Loss] = {}
_CALLS: dict[str, Call] = {}


def _key(loss: Loss) -> str:
    """A text that tells losses apart; those of the catalogue in other processes too, where compiled graphs are kept."""
    return loss._text() if loss.is_of_catalogue else f"{loss!r} #{len(_LOSSES)}"


@torch.compiler.assume_constant_result
def _registered(key: str, positional: Any, keywords: Any, needed: tuple[bool, ...], is_widened: bool) -> str:
    """The name of a call, by which the operator finds it."""
    name = f"{key}, {positional}, {keywords}, {needed}, {is_widened}"
    _CALLS[name] = Call(_LOSSES[key], positional, keywords, needed, is_widened)
    return name


@torch.library.custom_op("fastloss::loss", mutates_args=(), schema="(str call, Tensor[] tensors) -> Tensor[]")
def _operator(call: str, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The value and the gradients."""
    return _CALLS[call].results(tensors)


@_operator.register_fake
def _(call: str, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    found = _CALLS[call]
    value = tensors[0].new_empty(
        shape_of_values(found.loss, tensors[0].shape, found.keywords), dtype=found.dtype(tensors)
    )
    if found.is_weighed_later:
        return [value]
    is_whole = (
        not found.is_reduced and found.loss.family != EMBEDDINGS
    )  # gradients by parameters, before they are summed
    return [
        value,
        *(torch.empty_like(tensors[0 if is_whole else p], dtype=tensors[p].dtype) for p in found.computed_places),
    ]


@torch.library.custom_op(
    "fastloss::gradients", mutates_args=(), schema="(str call, Tensor upstream, Tensor[] tensors) -> Tensor[]"
)
def _gradients(call: str, upstream: torch.Tensor, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The gradients of embeddings, of rows that are weighed."""
    return _CALLS[call].of_weighed_rows(upstream, tensors)


@_gradients.register_fake
def _(call: str, upstream: torch.Tensor, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [torch.empty_like(tensors[place]) for place in _CALLS[call].computed_places]


def _keep(ctx: Any, inputs: Any, output: Any) -> None:
    ctx.name, tensors = inputs
    ctx.save_for_backward(*(tensors if _CALLS[ctx.name].is_weighed_later else output[1:]))


def _backward(ctx: Any, upstream: Any) -> Any:
    call, found = _CALLS[ctx.name], ctx.saved_tensors
    grads = _gradients(ctx.name, upstream[0], list(found)) if call.is_weighed_later else found
    return None, call.backward(upstream[0], grads)


_operator.register_autograd(_backward, setup_context=_keep)
