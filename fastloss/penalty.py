"""Penalties on coefficients: value, gradient and proximal operator, for arrays of any shape.

| penalty | value |
|---|---|
| `l1` | sum w abs(x) |
| `l2` | sum w x^2 / 2 |
| `elastic_net` | l1_ratio l1 + (1 - l1_ratio) l2 |
| `group_lasso` | sum over the groups of w times the root of the group's size times its Euclidean norm |
| `huber` | sum w huber(x, delta) |

All are multiplied by `strength`. w, the argument `weight`, is one number a coordinate, and 1 if left out.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.arguments import check_outputs, final_results, near_names, refuse_mask, shown
from fastloss.core.domains import check_one, nonnegative

Array = NDArray[np.float64]

_DOMAINS = {"strength": ">= 0", "l1_ratio": ">= 0 and <= 1", "delta": "> 0", "step": "> 0"}
_QUIET = np.errstate(over="ignore", invalid="ignore")  # what is no finite number has results that are none


class Penalty:
    """A penalty: called it is the value, a float.

    Attributes
    ----------
    name : str
    parameters : dict
        The values in force by name: the defaults, unless bound.

    Source
    ------
    N. Parikh and S. Boyd, "Proximal Algorithms", Foundations and Trends in Optimization 1(3), 2014.

    Examples
    --------
    >>> import fastloss as fl
    >>> x = [3.0, -0.5, 0.0]
    >>> fl.penalty.l1(x, strength=2.0)
    7.0
    >>> fl.penalty.l1.grad(x), fl.penalty.l1.prox(x)
    (array([ 1., -1.,  0.]), array([2., 0., 0.]))
    >>> fl.penalty.elastic_net.bind(strength=0.1)
    elastic_net(strength=0.1, weight=None, l1_ratio=0.5)
    """

    def __init__(self, name: str, formulas: type[_Formulas], **parameters: Any):
        self.name, self._formulas, self.parameters = name, formulas, parameters
        self.__doc__ = formulas.__doc__

    @_QUIET
    def __call__(self, x: ArrayLike, *own: Any, **parameters: Any) -> float:
        """The value; a number that is NaN makes it NaN. What l1 has not, such as groups, may come by position."""
        x, formulas = self._prepared(x, self._named(own, parameters))
        return float(formulas.value(x.astype(np.float64, copy=False)))

    @_QUIET
    def grad(self, x: ArrayLike, *own: Any, **parameters: Any) -> NDArray[Any]:
        """The gradient, of the shape and the floating dtype of x; at a kink the least subgradient."""
        x, formulas = self._prepared(x, self._named(own, parameters))
        return formulas.grad(x.astype(np.float64, copy=False)).astype(x.dtype, copy=False)

    @_QUIET
    def prox(
        self, x: ArrayLike, step: float = 1.0, *, out: NDArray[Any] | None = None, **parameters: Any
    ) -> NDArray[Any]:
        """The point u that minimises step * penalty(u) + sum (u - x)^2 / 2, exactly; `out` may be x itself."""
        x, formulas = self._prepared(x, parameters)
        step = check_one("step", step, _DOMAINS["step"])
        found = formulas.prox(x.astype(np.float64, copy=False), step).astype(x.dtype, copy=False)
        if out is None:
            return found
        (array,), destination = check_outputs(out, [x.shape], x.dtype, (), in_place=True)
        array[...] = found
        return final_results([array], destination)[0]

    def curvature(self, x: ArrayLike, **parameters: Any) -> Array:
        """The matrix of second derivatives, of the coordinates in the order of memory; at a kink 0."""
        x, formulas = self._prepared(x, parameters)
        return formulas.curvature(x.astype(np.float64, copy=False))

    def bind(self, **parameters: Any) -> Penalty:
        """The same penalty with these parameters fixed; it pickles."""
        return Penalty(self.name, self._formulas, **self._merged(parameters))

    def _named(self, own: tuple[Any, ...], parameters: dict[str, Any]) -> dict[str, Any]:
        """Parameters by name, of which those that only some penalties have came by position."""
        names = [name for name in self.parameters if name not in ("strength", "weight")]
        if len(own) > len(names) or not parameters.keys().isdisjoint(names[: len(own)]):
            raise TypeError(f"penalty {self.name} takes {', '.join(['x', *names])} by position, each once")
        return dict(zip(names, own, strict=False)) | parameters

    def _merged(self, parameters: dict[str, Any]) -> dict[str, Any]:
        for name in parameters:
            if name not in self.parameters:
                raise TypeError(f"penalty {self.name} has no parameter {name!r}; {near_names(name, self.parameters)}")
        checked = {k: check_one(k, v, _DOMAINS[k]) if k in _DOMAINS else v for k, v in parameters.items()}
        return self.parameters | checked

    def _prepared(self, x: ArrayLike, parameters: dict[str, Any]) -> tuple[NDArray[Any], _Formulas]:
        refuse_mask(x, "x")
        x = np.asarray(x)
        if x.dtype.kind not in "biuf" or x.dtype.itemsize > 8:
            raise TypeError(f"x must be real numbers of at most 64 bits, got {x.dtype}")
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        return x, self._formulas(self.name, x.shape, **(self._merged(parameters) if parameters else self.parameters))

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.parameters.items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Penalty):
            return NotImplemented
        return self.name == other.name and all(map(np.array_equal, self.parameters.values(), other.parameters.values()))

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Callable, tuple]:
        return _restored, (self.name, self.parameters)


def _restored(name: str, parameters: dict[str, Any]) -> Penalty:
    return globals()[name].bind(**parameters)


@dataclass(frozen=True, eq=False)
class Part:
    """Coordinates of a vector that a penalty couples, and their proximal operator."""

    rows: NDArray[np.intp]
    prox: Callable[[Array, float], Array]


def parts(penalty: Penalty, size: int) -> list[Part]:
    """Those of a penalty on a vector of so many coordinates."""
    _, formulas = penalty._prepared(np.zeros(size), {})
    return formulas.parts(size)


class _Formulas:
    """The formulas of a penalty for arrays of a shape; `factor` is strength times weight."""

    def __init__(self, name: str, shape: tuple[int, ...], strength: float, weight: Any):
        self.factor: Any = strength
        if weight is not None:
            weight = nonnegative(weight, "weight")
            if not np.isfinite(weight).all():
                raise ValueError("weight must be finite")
            try:
                self.factor = strength * np.broadcast_to(weight, shape)
            except ValueError:
                raise ValueError(
                    f"weight must be one number a coordinate of x, of shape {shape}, got {weight.shape}"
                ) from None

    def parts(self, size: int) -> list[Part]:
        """Each coordinate alone."""
        factors = np.broadcast_to(self.factor, (size,))
        return [Part(np.array([i]), self._with(factor=factors[i]).prox) for i in range(size)]

    def _with(self, **attributes: Any) -> Any:
        """The same with other attributes."""
        other = copy(self)
        vars(other).update(attributes)
        return other


class _Power(_Formulas):
    """l1 |x| + l2 x^2 / 2"""

    l1, l2 = 0.0, 0.0

    def value(self, x: Array) -> float:
        return np.sum(self.factor * _combined((self.l1, np.abs(x)), (self.l2 / 2, x * x)))

    def grad(self, x: Array) -> Array:
        return self.factor * _combined((self.l1, np.sign(x)), (self.l2, x))

    def curvature(self, x: Array) -> Array:
        return np.diag(np.broadcast_to(self.factor * self.l2, x.shape).reshape(-1))

    def prox(self, x: Array, step: float) -> Array:
        threshold = step * self.factor
        return np.copysign(np.maximum(np.abs(x) - threshold * self.l1, 0), x) / (1 + threshold * self.l2) + 0.0  # no -0


def _combined(*terms: tuple[float, Array]) -> Array:
    """The sum of coefficients times arrays; of those that are 0 nothing, as a square may be infinite."""
    return sum(coefficient * array for coefficient, array in terms if coefficient)  # type: ignore[return-value]


class _L1(_Power):
    """The sum of strength * weight * abs(x): exact zeros."""

    l1 = 1.0


class _L2(_Power):
    """The sum of strength * weight * x^2 / 2: it shrinks."""

    l2 = 1.0


class _ElasticNet(_Power):
    """l1_ratio times `l1` and 1 - l1_ratio times `l2`."""

    def __init__(self, name: str, shape: tuple[int, ...], strength: float, weight: Any, l1_ratio: float):
        super().__init__(name, shape, strength, weight)
        self.l1, self.l2 = l1_ratio, 1 - l1_ratio


class _Huber(_Formulas):
    """The sum of strength * weight * huber(x, delta): it shrinks what is small, and moves what is large."""

    def __init__(self, name: str, shape: tuple[int, ...], strength: float, weight: Any, delta: float):
        super().__init__(name, shape, strength, weight)
        self.delta = delta

    def value(self, x: Array) -> float:
        size, delta = np.abs(x), self.delta
        near = np.minimum(size, delta)
        return np.sum(self.factor * near * (size - near / 2))

    def grad(self, x: Array) -> Array:
        return self.factor * np.clip(x, -self.delta, self.delta)

    def curvature(self, x: Array) -> Array:
        return np.diag((self.factor * (np.abs(x) <= self.delta)).reshape(-1))

    def prox(self, x: Array, step: float) -> Array:
        threshold = step * self.factor
        is_near = np.abs(x) <= self.delta * (1 + threshold)
        return np.where(is_near, x / (1 + threshold), x - np.copysign(threshold * self.delta, x))[()]  # a number of one


class _GroupLasso(_Formulas):
    """The sum over groups of strength * weight * sqrt(size) * the Euclidean norm of the group: whole groups become 0.

    `groups` are labels of the shape of x, and the size of one is how many coordinates it has; these have one weight.
    """

    def __init__(self, name: str, shape: tuple[int, ...], strength: float, weight: Any, groups: Any):
        super().__init__(name, shape, strength, weight)
        if groups is None:
            raise TypeError(f"penalty {name} requires groups: labels of the shape of x")
        labels = np.asarray(groups)
        if labels.shape != shape:
            raise ValueError(f"groups must be labels of the shape of x, {shape}, got {labels.shape}")
        try:
            names, numbers = np.unique(labels, return_inverse=True)
        except TypeError:
            raise TypeError(f"groups must be labels of one kind, which can be sorted, got {shown(groups)}") from None
        self.count, self.numbers = len(names), numbers.reshape(-1)
        factors = np.broadcast_to(self.factor, shape).reshape(-1)
        self.factors = np.zeros(self.count)
        self.factors[self.numbers] = factors
        if (wrong := self.factors[self.numbers] != factors).any():
            label = shown(labels.reshape(-1)[wrong][0])
            raise ValueError(f"weight must be the same for all coordinates of a group, and differs in group {label}")
        self.factors *= np.sqrt(np.bincount(self.numbers, minlength=self.count))

    def norms(self, x: Array) -> Array:
        """Of the groups; over the largest coordinate, as squares may leave the range."""
        sizes, largest = np.abs(x).reshape(-1), np.zeros(self.count)
        np.maximum.at(largest, self.numbers, sizes)
        unit = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
        squares = np.bincount(self.numbers, (sizes / unit[self.numbers]) ** 2, minlength=self.count)
        return unit * np.sqrt(squares)

    def value(self, x: Array) -> float:
        return np.sum(self.factors * self.norms(x))

    def grad(self, x: Array) -> Array:
        return self._scaled(x, self.factors / self._positive(x))

    def curvature(self, x: Array) -> Array:
        units = (x / self._positive(x)[self.numbers].reshape(x.shape)).reshape(-1)
        alike = self.numbers[:, None] == self.numbers
        factors = np.where(self.norms(x) > 0, self.factors / self._positive(x), 0.0)[self.numbers]
        return factors * (np.eye(x.size) - alike * np.outer(units, units))

    def parts(self, size: int) -> list[Part]:
        """The groups."""
        rows = [np.flatnonzero(self.numbers == k) for k in range(self.count)]
        one = [
            self._with(count=1, numbers=np.zeros(len(at), int), factors=self.factors[[k]]) for k, at in enumerate(rows)
        ]
        return [Part(at, group.prox) for at, group in zip(rows, one, strict=True)]

    def prox(self, x: Array, step: float) -> Array:
        norms = self._positive(x)
        return self._scaled(x, np.maximum(1 - step * self.factors / norms, 0))

    def _positive(self, x: Array) -> Array:
        norms = self.norms(x)
        return np.where(norms == 0, 1.0, norms)  # the coordinates are 0 then

    def _scaled(self, x: Array, factors: Array) -> Array:
        return x * factors[self.numbers].reshape(x.shape) + 0.0  # no zeros with a sign


l1 = Penalty("l1", _L1, strength=1.0, weight=None)
l2 = Penalty("l2", _L2, strength=1.0, weight=None)
elastic_net = Penalty("elastic_net", _ElasticNet, strength=1.0, weight=None, l1_ratio=0.5)
group_lasso = Penalty("group_lasso", _GroupLasso, strength=1.0, weight=None, groups=None)
huber = Penalty("huber", _Huber, strength=1.0, weight=None, delta=1.0)
