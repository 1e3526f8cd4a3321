"""What adapters ask of a loss, and what is the same in the libraries that they serve."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastloss.core.loss import Loss, as_loss

RESIDUAL = ("residual",)
OF_A_NUMBER = ("residual", "relative", "margin", "probability", "count", "deviance")
WITH_ROWS = (*OF_A_NUMBER, "rows")
EMBEDDINGS = "embeddings"
LEAST_RESIDUAL = 1e-8


def served(
    loss: Loss | str, adapter: str, families: Collection[str], is_even: bool = False, outputs: Collection[str] = ()
) -> Loss:
    """The loss, or the one of that name, if the adapter can serve it.

    Raises
    ------
    TypeError
        If it is of another family, needs a parameter that it has not, takes no target or one that is no label or
        number; has not these outputs; or, for `is_even`, weighs errors of both signs differently.
    """
    loss = as_loss(loss, adapter)
    if loss.family not in families:
        raise TypeError(f"{adapter} takes losses of {', '.join(families)}; {loss.name} is one of {loss.family}")
    missing = [name for name in loss.domains if name not in loss.parameters]
    if missing:
        name = missing[0]
        raise TypeError(f"{adapter}: {loss.name} has no default of {name}: bind it, {loss.name}.bind({name}=...)")
    if not loss.takes_target or getattr(loss, "targets", None) == "logits":
        raise TypeError(f"{adapter}: {loss.name} does not compare predictions with labels or numbers")
    if missing := [name for name in outputs if name not in loss.output_names]:
        raise TypeError(f"{adapter}: {loss.name} has no {' and no '.join(missing)}")
    if is_even and "even" not in loss.traits:
        if not loss.is_of_catalogue:
            raise TypeError(
                f"{adapter}: {loss.name} is not known to be even: all that it is made of must be, or say so"
            )
        raise TypeError(f"{adapter}: {loss.name} weighs errors of both signs differently, where the sign is not known")
    return loss


def signs(labels: Any) -> NDArray[np.floating[Any]]:
    """The labels of a margin loss: 0 stands for -1.

    Raises
    ------
    ValueError
        If there are others than -1, 0 and 1.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind != "f":
        labels = labels.astype(np.float32)
    zeros, ones = np.count_nonzero(labels == 0), np.count_nonzero(labels == 1)
    if zeros + ones < labels.size:  # boosting asks at each step: no more passes over the labels than that
        others = labels[(labels != 0) & (np.abs(labels) != 1)]
        if others.size:
            raise ValueError(f"labels of a margin loss are 0 and 1, or -1 and 1, got {others.flat[0]}")
        return np.where(labels == 0, -1, labels).astype(labels.dtype)
    return labels if not zeros else 2 * labels - 1


def as_target(loss: Loss, target: Any) -> NDArray[Any]:
    """The target as the loss takes it: labels of classes as integers, those of margins as signs."""
    if loss.family == "margin":
        return signs(target)
    target = np.asarray(target)
    if loss.family != "rows" or target.dtype.kind in "iub":
        return target
    with np.errstate(invalid="ignore"):
        labels = target.astype(np.int32)  # as libraries have them that know floats alone
    if not (labels.astype(target.dtype) == target).all():  # which is twice as fast as beside integers
        raise ValueError(f"labels of {loss.name} are whole numbers, got {target[labels != target].flat[0]}")
    return labels


def array_parameters(loss: Loss) -> list[str]:
    """The names of those that are arrays, also in a sum."""
    return [name for _, term in loss.terms for name, value in term.parameters.items() if np.ndim(value)]


def finite_weight(loss: Loss, residual: Any, weight: Any = None) -> Any:
    """The IRLS weight, which may be given; where it is infinite, at 0, that of a residual of LEAST_RESIDUAL."""
    weight = loss.weight(residual) if weight is None else weight
    infinite = np.isinf(weight)
    return np.where(infinite, loss.weight(LEAST_RESIDUAL), weight) if np.any(infinite) else weight


def positional_names(loss: Any) -> tuple[str, ...]:
    """What a loss takes by position."""
    if loss.family != EMBEDDINGS:
        return "pred", "target"
    return (*loss.arrays, loss.target_name) if loss.target_name else tuple(loss.arrays)


def arrays_in_order(loss: Any, arrays: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    """What a loss takes by position, with those arrays that are given by name, which are taken from the keywords.

    Raises
    ------
    TypeError
        If there are too many, or one is left out before another.
    """
    names = positional_names(loss)
    if len(arrays) > len(names):
        raise TypeError(f"{loss.name} takes {', '.join(names)} by position, got {len(arrays)} arrays")
    found = list(arrays)
    for place, name in enumerate(names[len(arrays) :], len(arrays)):
        if (array := keywords.pop(name, None)) is None:
            continue
        if len(found) < place:
            raise TypeError(f"{loss.name} requires {' and '.join(names[len(found) : place])} where {name} is given")
        found.append(array)
    return tuple(found)


def shape_of_values(loss: Any, shape: tuple[int, ...], keywords: dict[str, Any]) -> tuple[int, ...]:
    """The shape of what a call returns, by that of its first array; keywords have its reduction and axis."""
    if keywords["reduction"] != "none":
        return ()
    if loss.family == EMBEDDINGS:
        return (2 * shape[0],) if loss.name == "nt_xent" else (shape[0],)
    if not loss.is_rowwise:
        return tuple(shape)
    axis = keywords.get("axis", -1) % len(shape)
    return tuple(shape[:axis]) + tuple(shape[axis + 1 :])


def no_second_derivative(loss: Any) -> str:
    """Why the gradient of a loss is not differentiated."""
    if loss.family == EMBEDDINGS:
        why = "which losses of embeddings have not"
    elif loss.is_rowwise:
        why = "of which there is the diagonal alone"
    elif "c1" not in loss.traits and not loss.is_of_catalogue:
        why = "as it is not known to be 'c1'"
    elif "c1" not in loss.traits:
        why = "as its gradient jumps"
    else:
        why = "by its parameters, nor a third one"
    return f"{loss.name} has no second derivative that autograd can use, {why}"
