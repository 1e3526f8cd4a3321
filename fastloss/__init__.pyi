"""Types of the public names. Written by `python tests/stubs.py > fastloss/__init__.pyi`."""

from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias, overload, type_check_only

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.scoring import score as score

Array: TypeAlias = NDArray[np.floating[Any]]
Reduction: TypeAlias = Literal["none", "sum", "mean"]
Output: TypeAlias = Literal["value", "grad", "hess", "weight"]

__version__: str

def isa() -> str: ...
def isas() -> tuple[str, ...]: ...
def use_isa(name: str) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(num_threads: int) -> None: ...
def show_config() -> None: ...
def list_losses() -> tuple[str, ...]: ...
def get(name: str, **params: Any) -> Loss: ...

class Loss:
    name: str
    family: str
    parameters: dict[str, Any]
    domains: dict[str, str]
    traits: frozenset[str]
    is_rowwise: bool
    requires_target: bool
    has_weight: bool
    param_grads: tuple[str, ...]
    def __call__(self, *args: Any, **keywords: Any) -> Any: ...
    def grad(self, *args: Any, **keywords: Any) -> Array: ...
    def hess(self, *args: Any, **keywords: Any) -> Array: ...
    def value_and_grad(self, *args: Any, **keywords: Any) -> tuple[Any, Array]: ...
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
    def bind(self) -> Self: ...

squared_error: _SquaredError

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
    def bind(self, *, delta: ArrayLike = 1.0) -> Self: ...

huber: _Huber

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
    def bind(
        self, *, alpha: ArrayLike = 1.0, scale: ArrayLike = 1.0
    ) -> Self: ...

robust: _Robust

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
