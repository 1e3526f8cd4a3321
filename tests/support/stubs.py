"""The text of fastloss/__init__.pyi, whose classes of losses follow from the registry."""

import inspect
import textwrap

import fastloss as fl
from fastloss import metrics

__all__ = ["stubs"]

HEAD = '''\
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
'''

FUNCTION = """
def {name}(
    logits: ArrayLike, axis: int = -1, temperature: float = 1.0, out: Array | None = None,
    num_threads: int | None = None,
) -> Array: ...
"""

METRIC = """
def {name}(
    {first}: ArrayLike, target: ArrayLike, sample_weight: ArrayLike | None = None{others}
) -> float: ...
"""

UNREDUCED, REDUCED = 'reduction: Literal["none"] = "none"', 'reduction: Literal["sum", "mean"]'
EITHER = 'reduction: Reduction = "none"'
OUT, OUTS = "out: Array | None = None", "out: tuple[Array, ...] | None = None"
WEIGHT, THREADS = "sample_weight: ArrayLike | None = None", "num_threads: int | None = None"
WANTED = "outputs: Output | Sequence[Output]"


def stubs():
    """The text of the stubs."""
    functions = "".join(FUNCTION.format(name=name) for name in ("logsumexp", "log_softmax", "softmax"))
    for name in metrics.__all__:
        first, _, _, *others = inspect.signature(getattr(metrics, name)).parameters.values()
        others = "".join(f", {_declared_number(p)}" for p in others)
        functions += METRIC.format(name=name, first=first.name, others=others)
    several = "list[Any] | tuple[Any, ...] | Mapping[str, Any]"
    for output, result in (('Literal["table"]', "tuple[{}, Any]"), (None, "{}")):  # the first that fits counts
        functions += _score("Loss | str", "None", output, result.format("Summary"))
        functions += _score("Loss | str", "str | Iterable[str]", output, result.format("GroupedSummary"))
        functions += _score(several, "str | Iterable[str] | None", output, result.format("Summaries"))
    return HEAD + functions + "".join(_loss(fl.get(name)) for name in fl.list_losses())


def _score(loss, by, output, result):
    """`score` with such a `loss`, one or several, such a `by`, and this output, if one is given."""

    def declared(parameter):
        annotation = "Any" if parameter.annotation is parameter.empty else parameter.annotation
        if parameter.name == "loss":
            return f"loss: {loss}"
        if parameter.name == "output" and output is not None:
            return f"output: {output}"
        if parameter.name == "by":
            return f"by: {by}" + " = None" * by.endswith("None")
        for bare, full in (("os.PathLike", "[str]"), ("Mapping", "[str, Any]"), ("dict", "[str, Any]")):
            annotation = annotation.replace(bare, bare + full)
        return f"{parameter.name}: {annotation}" + ("" if parameter.default is parameter.empty else " = ...")

    parameters = inspect.signature(fl.score).parameters.values()
    positional = [declared(p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    lines = [*positional, "*", *(declared(p) for p in parameters if p.kind is p.KEYWORD_ONLY)]
    return "\n@overload\ndef score(\n    " + ",\n    ".join(lines) + f",\n) -> {result}: ...\n"


def _loss(loss):
    """The class of one loss, whose methods have its parameters, and the loss."""
    title = "".join(word.capitalize() for word in loss.name.split("_"))
    positional, parameters = _arguments(loss)
    own = [_declared(loss, parameter) for parameter in parameters]
    methods = (_methods_of_embeddings if loss.family == "embeddings" else _methods)(loss, positional, own)
    bound = [_declared(loss, p) for p in parameters if p.name in loss.domains]
    if hasattr(loss, "cfunc"):
        methods.append("cfunc: Callable[..., float]")
    methods.append(_method("bind", ["*", *bound] if bound else [], "Self"))
    body = textwrap.indent("\n".join(methods), "    ")
    summary = loss.__doc__.split("\n", 1)[0]
    return f'\n@type_check_only\nclass _{title}(Loss):\n    """{summary}"""\n\n{body}\n\n{loss.name}: _{title}\n'


def _methods_of_embeddings(loss, positional, own):
    def method(name, result, *keywords):
        return _method(name, [*positional, "*", *own, *keywords, WEIGHT, EITHER, THREADS], result)

    wrt = "wrt: str | Sequence[str] | None = None"
    return [
        method("__call__", "Any"),
        method("grad", "tuple[Any, ...]", wrt),
        method("value_and_grad", "tuple[Any, tuple[Any, ...]]", wrt),
    ]


def _methods(loss, positional, own):
    def method(name, result, *keywords):
        return _method(name, [*positional, "*", *keywords], result)

    methods = [
        "@overload",
        method("__call__", "Array", *own, WEIGHT, UNREDUCED, OUT, THREADS),
        "@overload",
        method("__call__", "float", *own, WEIGHT, REDUCED, "out: None = None", THREADS),
        method("grad", "Array", *own, WEIGHT, EITHER, OUT, THREADS),
        method("hess", "Array", *own, WEIGHT, EITHER, OUT, THREADS),
        "@overload",
        method("value_and_grad", "tuple[Array, Array]", *own, WEIGHT, UNREDUCED, OUTS, THREADS),
        "@overload",
        method("value_and_grad", "tuple[float, Array]", *own, WEIGHT, REDUCED, OUTS, THREADS),
        method("evaluate", "tuple[Any, ...]", WANTED, *own, WEIGHT, EITHER, OUTS, THREADS),
    ]
    if loss.has_weight:
        methods.append(method("weight", "Array", *own, WEIGHT, OUT, THREADS))
    if loss.param_grads:
        methods.append(method("param_grad", "dict[str, Any]", *own, WEIGHT, EITHER, THREADS))
    return methods


def _arguments(loss):
    """The declared positional arguments of a loss, and those that it has alone."""
    shared = {"sample_weight", "reduction", "out", "num_threads"}
    arguments = inspect.signature(loss).parameters.values()
    positional = [
        f"{p.name}: ArrayLike" if p.default is p.empty else f"{p.name}: ArrayLike | None = None"
        for p in arguments
        if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    return positional, [p for p in arguments if p.kind is p.KEYWORD_ONLY and p.name not in shared]


def _declared_number(parameter):
    return f"{parameter.name}: {type(parameter.default).__name__} = {parameter.default!r}"


def _declared(loss, parameter):
    default = parameter.default
    if default is parameter.empty:  # it may be bound
        return f"{parameter.name}: ArrayLike = ..."
    kind = "ArrayLike | None" if default is None else type(default).__name__ if loss.is_rowwise else "ArrayLike"
    return f"{parameter.name}: {kind} = {default!r}"


def _method(name, arguments, result):
    """Its definition on lines of 120 columns, none of which breaks inside an argument."""
    if len(arguments) < 3:
        return f"def {name}({', '.join(['self', *arguments])}) -> {result}: ..."
    unbroken = ", ".join(argument.replace(" ", "\0") for argument in ["self", *arguments])
    lines = textwrap.wrap(unbroken, 112, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return "\n".join([f"def {name}(", *lines, f") -> {result}: ..."]).replace("\0", " ")
