"""Types of the public names. Written by `python tools/generate.py stubs`."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias, overload, type_check_only

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss import adaptive as adaptive
from fastloss import exact as exact
from fastloss import files as files
from fastloss import integrations as integrations
from fastloss import penalty as penalty
from fastloss import plot as plot
from fastloss import report as report
from fastloss.calibration import calibrate as calibrate
from fastloss.derivatives import check_derivatives as check_derivatives
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.summary import Summaries
from fastloss.exact.summary import Summary as Summary
from fastloss.exact.summary import summarize as summarize
from fastloss.files.comparing import compare as compare

Array: TypeAlias = NDArray[np.floating[Any]]
Reduction: TypeAlias = Literal["none", "sum", "mean"]
Output: TypeAlias = Literal["value", "grad", "hess", "weight"]

__version__: str
C_API: Any

def isa() -> str: ...
def isas() -> tuple[str, ...]: ...
def use_isa(name: str) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(num_threads: int) -> None: ...
def show_config() -> None: ...
def get_include() -> str: ...
def list_losses(family: str | None = None) -> tuple[str, ...]: ...
def get(name: str, **params: Any) -> Loss: ...
def custom(
    name: str, value: Callable[..., Any], grad: Callable[..., Any] | None = None,
    hess: Callable[..., Any] | None = None, weight: Callable[..., Any] | None = None, family: str = "residual",
    parameters: Mapping[str, float] | None = None, traits: str | Sequence[str] = (),
) -> Loss: ...

class Loss:
    name: str
    family: str
    parameters: dict[str, Any]
    domains: dict[str, str]
    traits: frozenset[str]
    is_rowwise: bool
    takes_target: bool
    requires_target: bool
    has_weight: bool
    param_grads: tuple[str, ...]
    output_names: tuple[str, ...]
    terms: tuple[tuple[float, Loss], ...]
    def __mul__(self, factor: float) -> Loss: ...
    def __rmul__(self, factor: float) -> Loss: ...
    def __truediv__(self, divisor: float) -> Loss: ...
    def __neg__(self) -> Loss: ...
    def __pos__(self) -> Self: ...
    def __add__(self, other: Loss) -> Loss: ...
    def __radd__(self, other: int) -> Self: ...
    def __sub__(self, other: Loss) -> Loss: ...
    def __call__(self, *args: Any, **keywords: Any) -> Any: ...
    def grad(self, *args: Any, **keywords: Any) -> Any: ...
    def hess(self, *args: Any, **keywords: Any) -> Array: ...
    def weight(self, *args: Any, **keywords: Any) -> Array: ...
    def value_and_grad(self, *args: Any, **keywords: Any) -> tuple[Any, Any]: ...
    def evaluate(self, *args: Any, **keywords: Any) -> tuple[Any, ...]: ...
    def bind(self, *args: Any, **keywords: Any) -> Self: ...

def logsumexp(
    logits: ArrayLike, axis: int = -1, temperature: float = 1.0, out: Array | None = None,
    num_threads: int | None = None,
) -> Array: ...

def log_softmax(
    logits: ArrayLike, axis: int = -1, temperature: float = 1.0, out: Array | None = None,
    num_threads: int | None = None,
) -> Array: ...

def softmax(
    logits: ArrayLike, axis: int = -1, temperature: float = 1.0, out: Array | None = None,
    num_threads: int | None = None,
) -> Array: ...

def accuracy(
    pred: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None, ignore_index: int = -100
) -> float: ...

def log_loss(
    prob: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None, ignore_index: int = -100
) -> float: ...

def mae(
    pred: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None
) -> float: ...

def mape(
    pred: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None
) -> float: ...

def mse(
    pred: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None
) -> float: ...

def rmse(
    pred: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None
) -> float: ...

@overload
def score(
    input: Any,
    output: Literal["table"],
    *,
    loss: Loss | str,
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: None = None,
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> tuple[Summary, Any]: ...

@overload
def score(
    input: Any,
    output: Literal["table"],
    *,
    loss: Loss | str,
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: str | Iterable[str],
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> tuple[GroupedSummary, Any]: ...

@overload
def score(
    input: Any,
    output: Literal["table"],
    *,
    loss: list[Any] | tuple[Any, ...] | Mapping[str, Any],
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: str | Iterable[str] | None = None,
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> tuple[Summaries, Any]: ...

@overload
def score(
    input: Any,
    output: str | os.PathLike[str] | None = ...,
    *,
    loss: Loss | str,
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: None = None,
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> Summary: ...

@overload
def score(
    input: Any,
    output: str | os.PathLike[str] | None = ...,
    *,
    loss: Loss | str,
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: str | Iterable[str],
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> GroupedSummary: ...

@overload
def score(
    input: Any,
    output: str | os.PathLike[str] | None = ...,
    *,
    loss: list[Any] | tuple[Any, ...] | Mapping[str, Any],
    pred: str | Iterable[str] | None = ...,
    target: str | os.PathLike[str] | Iterable[str] | None = ...,
    residual: str | Iterable[str] | None = ...,
    head: str | os.PathLike[str] | None = ...,
    emit: str | Iterable[str] = ...,
    keep: str | Iterable[str] = ...,
    prefix: str = ...,
    by: str | Iterable[str] | None = None,
    sample_weight: str | None = ...,
    where: str | Iterable[str] | None = ...,
    calibration: int | None = ...,
    multioutput: str = ...,
    worst: int | None = ...,
    worst_by_group: bool = ...,
    format: str | None = ...,
    dtype: str | None = ...,
    separator: str | None = ...,
    decimal: str = ...,
    thousands: str | None = ...,
    null: str | Iterable[str] | None = ...,
    encoding: str = ...,
    engine: str = ...,
    workers: int | None = ...,
    client: Any = ...,
    spark: Any = ...,
    fragment_rows: int | None = ...,
    resume: bool = ...,
    num_threads: int | None = ...,
    storage_options: Mapping[str, Any] | None = ...,
    progress: Callable[[int, float | None], None] | None = ...,
    on_fragment: Callable[[dict[str, Any]], None] | None = ...,
) -> Summaries: ...

@type_check_only
class _SquaredError(Loss):
    """Squared error."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

squared_error: _SquaredError

@type_check_only
class _HalfSquaredError(Loss):
    """Half the squared error, whose gradient is the residual."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

half_squared_error: _HalfSquaredError

@type_check_only
class _AbsoluteError(Loss):
    """Absolute error, which the median minimises."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

absolute_error: _AbsoluteError

@type_check_only
class _Huber(Loss):
    """Huber's loss: quadratic near zero, linear beyond delta."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        delta: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, delta: ArrayLike = 1.0) -> Self: ...

huber: _Huber

@type_check_only
class _SmoothL1(Loss):
    """Absolute error, rounded off by a parabola near zero."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        beta: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, beta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, beta: ArrayLike = 1.0) -> Self: ...

smooth_l1: _SmoothL1

@type_check_only
class _PseudoHuber(Loss):
    """A smooth relative of Huber's loss, also known as Charbonnier's."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        delta: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, delta: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, delta: ArrayLike = 1.0) -> Self: ...

pseudo_huber: _PseudoHuber

@type_check_only
class _LogCosh(Loss):
    """Logarithm of the hyperbolic cosine: a parabola near zero, |r| - log 2 far out."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None,
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

log_cosh: _LogCosh

@type_check_only
class _Quantile(Loss):
    """Pinball loss, which the q-quantile minimises."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        q: ArrayLike = 0.5, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, q: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, q: ArrayLike = 0.5) -> Self: ...

quantile: _Quantile

@type_check_only
class _Expectile(Loss):
    """Asymmetric squares, which the tau-expectile minimises."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        tau: ArrayLike = 0.5, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, tau: ArrayLike = 0.5,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, tau: ArrayLike = 0.5) -> Self: ...

expectile: _Expectile

@type_check_only
class _EpsilonInsensitive(Loss):
    """Absolute error beyond a tube of half-width epsilon: the loss of support vector regression."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        epsilon: ArrayLike = 0.1, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, epsilon: ArrayLike = 0.1) -> Self: ...

epsilon_insensitive: _EpsilonInsensitive

@type_check_only
class _SquaredEpsilonInsensitive(Loss):
    """Squared error beyond a tube of half-width epsilon."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        epsilon: ArrayLike = 0.1, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, epsilon: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, epsilon: ArrayLike = 0.1) -> Self: ...

squared_epsilon_insensitive: _SquaredEpsilonInsensitive

@type_check_only
class _Cauchy(Loss):
    """Cauchy's loss, also known as Lorentzian: it grows as a logarithm."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.0) -> Self: ...

cauchy: _Cauchy

@type_check_only
class _GemanMcclure(Loss):
    """Geman and McClure's loss: bounded by scale^2 / 2."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.0) -> Self: ...

geman_mcclure: _GemanMcclure

@type_check_only
class _Welsch(Loss):
    """Welsch's loss, also known as Leclerc's: bounded by scale^2 / 2, its weight a normal density's."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 2.9846, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 2.9846,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 2.9846) -> Self: ...

welsch: _Welsch

@type_check_only
class _Tukey(Loss):
    """Tukey's biweight: bounded by scale^2 / 6, which it reaches at |r| = scale."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 4.6851, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 4.6851,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 4.6851) -> Self: ...

tukey: _Tukey

@type_check_only
class _Fair(Loss):
    """Fair's loss: convex, with a slope that approaches scale."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.3998, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.3998,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.3998) -> Self: ...

fair: _Fair

@type_check_only
class _Arctan(Loss):
    """Arc tangent of the squared residual: bounded by pi scale^2 / 4."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.0) -> Self: ...

arctan: _Arctan

@type_check_only
class _TruncatedSquared(Loss):
    """Talwar's loss: half the squared error, cut off at |r| = scale."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.0) -> Self: ...

truncated_squared: _TruncatedSquared

@type_check_only
class _Dcs(Loss):
    """Dynamic covariance scaling: half the squared error until r^2 = scale, then bounded by 3 scale / 2."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.0) -> Self: ...

dcs: _Dcs

@type_check_only
class _Andrews(Loss):
    """Andrews' wave: bounded by 2 scale^2, which it reaches at |r| = pi scale."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        scale: ArrayLike = 1.339, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, scale: ArrayLike = 1.339,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, scale: ArrayLike = 1.339) -> Self: ...

andrews: _Andrews

@type_check_only
class _Hampel(Loss):
    """Hampel's three-part loss: its slope rises up to a, is level up to b, and falls to zero at c."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        a: ArrayLike = 2.0, b: ArrayLike = 4.0, c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0,
        c: ArrayLike = 8.0, sample_weight: ArrayLike | None = None, out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(
        self, *, a: ArrayLike = 2.0, b: ArrayLike = 4.0, c: ArrayLike = 8.0
    ) -> Self: ...

hampel: _Hampel

@type_check_only
class _Ramsay(Loss):
    """Ramsay's loss: bounded by 1 / a^2, with a slope that dies out exponentially."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        a: ArrayLike = 0.3, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 0.3,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, a: ArrayLike = 0.3) -> Self: ...

ramsay: _Ramsay

@type_check_only
class _Tolerant(Loss):
    """Half the squared error beyond a tolerance: almost level up to r^2 = a, smoothly turning into (r^2 - a) / 2."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        a: ArrayLike = 1.0, b: ArrayLike = 0.1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(
        self, *, a: ArrayLike = 1.0, b: ArrayLike = 0.1
    ) -> Self: ...

tolerant: _Tolerant

@type_check_only
class _StudentTNll(Loss):
    """Negative log-likelihood of Student's t distribution."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        df: ArrayLike = 1.0, scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def param_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> dict[str, Any]: ...
    cfunc: Callable[..., float]
    def bind(
        self, *, df: ArrayLike = 1.0, scale: ArrayLike = 1.0
    ) -> Self: ...

student_t_nll: _StudentTNll

@type_check_only
class _GaussianNll(Loss):
    """Negative log-likelihood of the normal distribution of a given variance, less log(2 pi) / 2."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        var: ArrayLike = ..., sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, var: ArrayLike = ...,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    cfunc: Callable[..., float]
    def bind(self, *, var: ArrayLike = ...) -> Self: ...

gaussian_nll: _GaussianNll

@type_check_only
class _Robust(Loss):
    """The general robust loss of Barron, for every alpha."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def param_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> dict[str, Any]: ...
    cfunc: Callable[..., float]
    def bind(
        self, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0
    ) -> Self: ...

robust: _Robust

@type_check_only
class _RobustNll(Loss):
    """Negative log-likelihood of the density that the general robust loss belongs to, for fitting alpha and scale."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, outputs: Output | Sequence[Output],
        alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def weight(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def param_grad(
        self, pred: ArrayLike, target: ArrayLike | None = None, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> dict[str, Any]: ...
    def bind(
        self, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0
    ) -> Self: ...

robust_nll: _RobustNll

@type_check_only
class _AbsolutePercentageError(Loss):
    """Absolute error as a share of the target."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

absolute_percentage_error: _AbsolutePercentageError

@type_check_only
class _SymmetricAbsolutePercentageError(Loss):
    """Absolute error as a share of the mean size of prediction and target: between 0 and 2."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

symmetric_absolute_percentage_error: _SymmetricAbsolutePercentageError

@type_check_only
class _SquaredLogError(Loss):
    """Squared difference of the logarithms of 1 + p and 1 + y."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

squared_log_error: _SquaredLogError

@type_check_only
class _ZeroOne(Loss):
    """Misclassification: 1 if the score's sign is not the label's."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

zero_one: _ZeroOne

@type_check_only
class _Perceptron(Loss):
    """The perceptron's loss: how far a score is on the wrong side."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

perceptron: _Perceptron

@type_check_only
class _Hinge(Loss):
    """The hinge loss of support vector machines."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, margin: ArrayLike = 1.0) -> Self: ...

hinge: _Hinge

@type_check_only
class _SquaredHinge(Loss):
    """The squared hinge loss."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, margin: ArrayLike = 1.0) -> Self: ...

squared_hinge: _SquaredHinge

@type_check_only
class _HingeEmbedding(Loss):
    """The hinge loss of a distance: small for pairs of the label 1, beyond the margin for those of -1."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], margin: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, margin: ArrayLike = 1.0) -> Self: ...

hinge_embedding: _HingeEmbedding

@type_check_only
class _ModifiedHuber(Loss):
    """The squared hinge loss, continued as a line below m = -1."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

modified_huber: _ModifiedHuber

@type_check_only
class _Exponential(Loss):
    """The exponential loss of AdaBoost."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

exponential: _Exponential

@type_check_only
class _Logistic(Loss):
    """The logistic loss: the negative log-likelihood of logistic regression for labels -1 and 1."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

logistic: _Logistic

@type_check_only
class _BinaryCrossEntropy(Loss):
    """Cross-entropy of the probability of one class."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, eps: ArrayLike = 0.0, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], eps: ArrayLike = 0.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, eps: ArrayLike = 0.0) -> Self: ...

binary_cross_entropy: _BinaryCrossEntropy

@type_check_only
class _BinaryCrossEntropyWithLogits(Loss):
    """Cross-entropy of the sigmoid of a logit: multi-label classification, a class an element."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        pos_weight: ArrayLike = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, pos_weight: ArrayLike = 1.0) -> Self: ...

binary_cross_entropy_with_logits: _BinaryCrossEntropyWithLogits

@type_check_only
class _SigmoidFocal(Loss):
    """Focal loss of the sigmoid of a logit: cross-entropy in which easy elements fade."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], alpha: ArrayLike = 0.25,
        gamma: ArrayLike = 2.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(
        self, *, alpha: ArrayLike = 0.25, gamma: ArrayLike = 2.0
    ) -> Self: ...

sigmoid_focal: _SigmoidFocal

@type_check_only
class _KlDiv(Loss):
    """Kullback-Leibler divergence, a term of its sum, of log-probabilities from probabilities."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

kl_div: _KlDiv

@type_check_only
class _RelativeEntropy(Loss):
    """Relative entropy, a term of its sum, of probabilities."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

relative_entropy: _RelativeEntropy

@type_check_only
class _Entropy(Loss):
    """Entropy, a term of its sum, of a probability. It takes no target."""

    @overload
    def __call__(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, *, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, *, outputs: Output | Sequence[Output], sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

entropy: _Entropy

@type_check_only
class _Poisson(Loss):
    """Negative log-likelihood of the Poisson distribution, less log(y!)."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

poisson: _Poisson

@type_check_only
class _Gamma(Loss):
    """Negative log-likelihood of the gamma distribution over its shape, less the terms without p."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

gamma: _Gamma

@type_check_only
class _Tweedie(Loss):
    """Half the deviance of Tweedie's distributions, less the terms without p."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], power: ArrayLike = 1.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, power: ArrayLike = 1.5) -> Self: ...

tweedie: _Tweedie

@type_check_only
class _PoissonDeviance(Loss):
    """The deviance of the Poisson distribution: how far a predicted mean is from a count."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

poisson_deviance: _PoissonDeviance

@type_check_only
class _GammaDeviance(Loss):
    """The deviance of the gamma distribution: how far a predicted mean is from an amount, whatever the unit of both."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self) -> Self: ...

gamma_deviance: _GammaDeviance

@type_check_only
class _TweedieDeviance(Loss):
    """The deviance of Tweedie's distributions."""

    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, pred: ArrayLike, target: ArrayLike, *, power: ArrayLike = 1.5, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, pred: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], power: ArrayLike = 1.5,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    cfunc: Callable[..., float]
    def bind(self, *, power: ArrayLike = 1.5) -> Self: ...

tweedie_deviance: _TweedieDeviance

@type_check_only
class _CrossEntropy(Loss):
    """Softmax cross-entropy of rows of logits with labels or class probabilities."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, temperature: float = 1.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        temperature: float = 1.0, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        temperature: float = 1.0
    ) -> Self: ...

cross_entropy: _CrossEntropy

@type_check_only
class _Poly1CrossEntropy(Loss):
    """Cross-entropy with the first term of its series in 1 - p more: Poly-1."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, label_smoothing: float = 0.0, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], epsilon: float = 2.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, epsilon: float = 2.0, class_weight: ArrayLike | None = None, ignore_index: int = -100,
        label_smoothing: float = 0.0
    ) -> Self: ...

poly1_cross_entropy: _Poly1CrossEntropy

@type_check_only
class _Nll(Loss):
    """The negative log-likelihood of labels, from log-probabilities such as `log_softmax` gives."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

nll: _Nll

@type_check_only
class _SoftmaxFocal(Loss):
    """The focal loss of classes that exclude one another: cross-entropy in which rows that are right count less."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, gamma: float = 2.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], gamma: float = 2.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, gamma: float = 2.0, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

softmax_focal: _SoftmaxFocal

@type_check_only
class _MultiMargin(Loss):
    """The multi-class hinge loss: how far scores come within a margin of the label's, or above it."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: Array | None = None,
        num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, p: int = 1, margin: float = 1.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], p: int = 1,
        margin: float = 1.0, class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, p: int = 1, margin: float = 1.0, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

multi_margin: _MultiMargin

@type_check_only
class _Distillation(Loss):
    """Knowledge distillation: how far a student's softmax diverges from a teacher's."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        labels: ArrayLike | None = None, temperature: float = 1.0, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, temperature: float = 1.0, ignore_index: int = -100
    ) -> Self: ...

distillation: _Distillation

@type_check_only
class _KlLogits(Loss):
    """The Kullback-Leibler divergence of two softmaxes: how far logits are from those of a reference."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, temperature: float = 1.0,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        labels: ArrayLike | None = None, temperature: float = 1.0, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, temperature: float = 1.0, ignore_index: int = -100
    ) -> Self: ...

kl_logits: _KlLogits

@type_check_only
class _Disagreement(Loss):
    """Whether two rows of logits have their largest in different classes."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"], out: None = None,
        num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Literal["none"] = "none",
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, labels: ArrayLike | None = None, ignore_index: int = -100,
        axis: int = -1, sample_weight: ArrayLike | None = None, reduction: Literal["sum", "mean"],
        out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output],
        labels: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(self, *, ignore_index: int = -100) -> Self: ...

disagreement: _Disagreement

@type_check_only
class _TopKError(Loss):
    """Whether the label is not among the k largest of a row."""

    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def __call__(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: None = None, num_threads: int | None = None
    ) -> float: ...
    def grad(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    def hess(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", out: Array | None = None, num_threads: int | None = None
    ) -> Array: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["none"] = "none", out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[Array, Array]: ...
    @overload
    def value_and_grad(
        self, logits: ArrayLike, target: ArrayLike, *, k: int = 1, class_weight: ArrayLike | None = None,
        ignore_index: int = -100, axis: int = -1, sample_weight: ArrayLike | None = None,
        reduction: Literal["sum", "mean"], out: tuple[Array, ...] | None = None, num_threads: int | None = None
    ) -> tuple[float, Array]: ...
    def evaluate(
        self, logits: ArrayLike, target: ArrayLike, *, outputs: Output | Sequence[Output], k: int = 1,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, axis: int = -1,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", out: tuple[Array, ...] | None = None,
        num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def bind(
        self, *, k: int = 1, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

top_k_error: _TopKError

@type_check_only
class _InfoNce(Loss):
    """InfoNCE: each query is drawn to its key, away from the others or from negatives."""

    def __call__(
        self, query: ArrayLike, key: ArrayLike, *, negatives: ArrayLike | None = None, temperature: float = 0.1,
        similarity: str = 'cosine', symmetric: bool = False, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, query: ArrayLike, key: ArrayLike, *, negatives: ArrayLike | None = None, temperature: float = 0.1,
        similarity: str = 'cosine', symmetric: bool = False, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, query: ArrayLike, key: ArrayLike, *, negatives: ArrayLike | None = None, temperature: float = 0.1,
        similarity: str = 'cosine', symmetric: bool = False, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, negatives: ArrayLike | None = None, temperature: float = 0.1, similarity: str = 'cosine',
        symmetric: bool = False
    ) -> Self: ...

info_nce: _InfoNce

@type_check_only
class _NtXent(Loss):
    """NT-Xent: of two views of each of N examples, each is drawn to the other and away from those of other examples."""

    def __call__(
        self, a: ArrayLike, b: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        self_similarity: bool = False, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, a: ArrayLike, b: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        self_similarity: bool = False, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, a: ArrayLike, b: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        self_similarity: bool = False, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, temperature: float = 0.1, similarity: str = 'cosine', self_similarity: bool = False
    ) -> Self: ...

nt_xent: _NtXent

@type_check_only
class _SupCon(Loss):
    """Supervised contrastive loss: embeddings are drawn to all others with their label."""

    def __call__(
        self, x: ArrayLike, labels: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, labels: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, labels: ArrayLike, *, temperature: float = 0.1, similarity: str = 'cosine',
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, temperature: float = 0.1, similarity: str = 'cosine'
    ) -> Self: ...

sup_con: _SupCon

@type_check_only
class _Triplet(Loss):
    """The triplet margin loss: an anchor is to be nearer to the positive than to the negative, by a margin."""

    def __call__(
        self, anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, p: int = 2,
        swap: bool = False, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, p: int = 2,
        swap: bool = False, wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, *, margin: float = 1.0, p: int = 2,
        swap: bool = False, wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, margin: float = 1.0, p: int = 2, swap: bool = False
    ) -> Self: ...

triplet: _Triplet

@type_check_only
class _Contrastive(Loss):
    """The contrastive loss of pairs: near where they belong together, a margin apart where they do not."""

    def __call__(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 1.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 1.0,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 1.0,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(self, *, margin: float = 1.0) -> Self: ...

contrastive: _Contrastive

@type_check_only
class _CosineEmbedding(Loss):
    """The cosine embedding loss of pairs."""

    def __call__(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 0.0,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 0.0,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, a: ArrayLike, b: ArrayLike, y: ArrayLike, *, margin: float = 0.0,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(self, *, margin: float = 0.0) -> Self: ...

cosine_embedding: _CosineEmbedding

@type_check_only
class _Center(Loss):
    """The center loss: half the squared distance to the center of the row's class."""

    def __call__(
        self, x: ArrayLike, centers: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, centers: ArrayLike, labels: ArrayLike, *, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, centers: ArrayLike, labels: ArrayLike, *, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(self) -> Self: ...

center: _Center

@type_check_only
class _FeatureDistance(Loss):
    """The distance of feature maps, layer by layer: the perceptual loss of images."""

    def __call__(
        self, a: ArrayLike, b: ArrayLike, *, layer_weights: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, a: ArrayLike, b: ArrayLike, *, layer_weights: ArrayLike | None = None,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, a: ArrayLike, b: ArrayLike, *, layer_weights: ArrayLike | None = None,
        wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(self, *, layer_weights: ArrayLike | None = None) -> Self: ...

feature_distance: _FeatureDistance

@type_check_only
class _LinearCrossEntropy(Loss):
    """Softmax cross-entropy of a linear layer: that of the logits x w^T + bias, which are never stored."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        temperature: float = 1.0, sample_weight: ArrayLike | None = None, reduction: Reduction = "none",
        num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        temperature: float = 1.0, wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, label_smoothing: float = 0.0,
        temperature: float = 1.0, wrt: str | Sequence[str] | None = None, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, bias: ArrayLike | None = None, class_weight: ArrayLike | None = None, ignore_index: int = -100,
        label_smoothing: float = 0.0, temperature: float = 1.0
    ) -> Self: ...

linear_cross_entropy: _LinearCrossEntropy

@type_check_only
class _L2Softmax(Loss):
    """L2-constrained softmax: cross-entropy of a linear layer of embeddings that are brought to one length."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0, bias: ArrayLike | None = None,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, scale: float = 16.0, bias: ArrayLike | None = None, class_weight: ArrayLike | None = None,
        ignore_index: int = -100
    ) -> Self: ...

l2_softmax: _L2Softmax

@type_check_only
class _NormalizedSoftmax(Loss):
    """NormFace: cross-entropy of the scaled cosines between embeddings and classes."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, scale: float = 16.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, scale: float = 16.0, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

normalized_softmax: _NormalizedSoftmax

@type_check_only
class _LSoftmax(Loss):
    """Large-margin softmax: the angle to the label's class is multiplied."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, margin: int = 4, annealing: float = 0.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100
    ) -> Self: ...

l_softmax: _LSoftmax

@type_check_only
class _Sphereface(Loss):
    """A-softmax: large-margin softmax with classes of length 1."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: int = 4, annealing: float = 0.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, margin: int = 4, annealing: float = 0.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100
    ) -> Self: ...

sphereface: _Sphereface

@type_check_only
class _Cosface(Loss):
    """CosFace, AM-softmax: a margin is taken off the cosine of the label's class."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.35, scale: float = 64.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.35, scale: float = 64.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.35, scale: float = 64.0,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, margin: float = 0.35, scale: float = 64.0, class_weight: ArrayLike | None = None,
        ignore_index: int = -100
    ) -> Self: ...

cosface: _Cosface

@type_check_only
class _Arcface(Loss):
    """ArcFace: a margin is added to the angle to the label's class."""

    def __call__(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.5, cosine_margin: float = 0.0,
        scale: float = 64.0, beyond: str = 'linear', straight_through: bool = False,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, sample_weight: ArrayLike | None = None,
        reduction: Reduction = "none", num_threads: int | None = None
    ) -> Any: ...
    def grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.5, cosine_margin: float = 0.0,
        scale: float = 64.0, beyond: str = 'linear', straight_through: bool = False,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, ...]: ...
    def value_and_grad(
        self, x: ArrayLike, w: ArrayLike, target: ArrayLike, *, margin: float = 0.5, cosine_margin: float = 0.0,
        scale: float = 64.0, beyond: str = 'linear', straight_through: bool = False,
        class_weight: ArrayLike | None = None, ignore_index: int = -100, wrt: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | None = None, reduction: Reduction = "none", num_threads: int | None = None
    ) -> tuple[Any, tuple[Any, ...]]: ...
    def bind(
        self, *, margin: float = 0.5, cosine_margin: float = 0.0, scale: float = 64.0, beyond: str = 'linear',
        straight_through: bool = False, class_weight: ArrayLike | None = None, ignore_index: int = -100
    ) -> Self: ...

arcface: _Arcface
