"""Docstrings of losses: the text that all losses of a kind share is written once, here; and reading them in parts.

A declaration's docstring holds only what is particular to its loss: a summary; paragraphs with the LABELS; and the
sections Parameters (without types: the domains give them), Source and Examples.
"""

import inspect
import re
import sys

LABELS = ("Domain", "Formula", "Limits", "Derivatives", "Special values", "Page", "Traits")
SITE = "https://fastloss.example/docs/"  # as pyproject.toml has it

_TYPES = {
    "pred": "array_like of any shape",
    "target": "array_like of pred's shape, or one value for all",
    "sample_weight": "array_like of pred's shape, one value a row, or one for all; optional",
    "reduction": '{"none", "sum", "mean"}',
    "out": "ndarray, or a tuple of one per output, optional",
    "num_threads": "int, optional",
}
_TEXTS = {
    "sample_weight": "Multiplies value, gradient and second derivative. Elements of weight 0 count as 0, whatever they "
    "hold.",
    "reduction": "The mean is sum(sample_weight * value) / sum(sample_weight).",
    "out": "It may be pred itself.",
    "num_threads": "The default is that of `set_num_threads`.",
}
# The texts of pred and target for declarations that have none
_ARGUMENTS = {
    "residual": {
        "pred": "Predictions, or, without a target, the residuals r = pred - target themselves.",
        "target": "Observations.",
    },
    "relative": {"pred": "Predictions p.", "target": "Observations y."},
    "margin": {"pred": "Scores p; the margin is m = y p.", "target": "Labels y, -1 or 1."},
    "count": {"pred": "Logarithms p of the predicted means."},
    "deviance": {"pred": "Predicted means p."},
}
_RETURNS = "ndarray of pred's shape, float32 or float64; a float under a reduction."
_RAISES = """\
TypeError
    If a dtype is unsupported, or an argument without a default is missing.
ValueError
    If shapes do not fit, or a parameter is NaN or outside its domain."""

_ROW_TYPES = {
    "logits": "array_like of shape (..., C)",
    "target": "array_like",
    "labels": "array_like of shape (...), optional",
    "class_weight": "array_like of shape (C,), >= 0, optional",
    "ignore_index": "int",
    "p": "int, 1 or 2",
    "axis": "int",
    "sample_weight": "array_like of shape (...), or one value for all; optional",
}
_ROW_TEXTS = {
    "logits": "Or with the classes along another `axis`. C >= 1.",
    "labels": "One in [0, C) per row, as cross_entropy has them. They only tell which rows count: see ignore_index.",
    "class_weight": "Multiplies the loss of a row by that of its label.",
    "ignore_index": "Rows with this label count as 0, whatever they hold.",
    "temperature": "Divides the logits.",
    "axis": "The axis of the classes.",
    "sample_weight": "One per row. Rows of weight 0 count as 0, whatever they hold.",
    "reduction": "The mean divides by the sum over the rows that count of sample_weight * class_weight[label].",
    "out": "It may be the logits themselves.",
}
_ROW_TARGETS = {
    "labels": "Whole numbers of shape (...), one label in [0, C) per row.",
    "labels or probabilities": "Whole numbers of shape (...), one label in [0, C) per row; or floats of the logits' "
    "shape, the probability of every\nclass, which need not sum to 1.",
    "logits": "Of the logits' shape.",
}
_ROW_RETURNS = """\
ndarray of shape (...), float32 or float64; a float under a reduction. grad and hess have the logits' shape. A row with
a NaN is NaN."""
_ROW_RAISES = """\
IndexError
    If a label is out of range and not ignored. (One that is no whole number is a ValueError.)"""


_EMBEDDING_TYPES = {
    "w": "array_like of shape (C, D)",
    "target": "array_like of shape (N,)",
    "bias": "array_like of shape (C,), optional",
    "negatives": "array_like, optional",
    "class_weight": "array_like of shape (C,), >= 0, optional",
    "ignore_index": "int",
    "labels": "array_like of shape (N,), integers",
    "y": "array_like of shape (N,), or one value for all",
    "sample_weight": "array_like of shape (N,), or one value for all; optional",
    "reduction": '{"none", "sum", "mean"}',
    "num_threads": "int, optional",
}
_EMBEDDING_TEXTS = {
    "x": "Embeddings, one a row.",
    "w": "Vectors of the classes, one a row. C >= 1.",
    "target": "Whole numbers, one label in [0, C) per row.",
    "bias": "Is added to the logits of each class.",
    "class_weight": _ROW_TEXTS["class_weight"],
    "ignore_index": _ROW_TEXTS["ignore_index"],
    "sample_weight": "Multiplies value and gradients of a row. Rows of weight 0 count as 0, whatever they hold.",
    "reduction": "The mean is sum(sample_weight * value) / sum(sample_weight).",
    "num_threads": _TEXTS["num_threads"],
}
_CALL = "The loss itself. The methods take the same arguments; those after * by name."
_METHODS = {
    "grad(...)": "The derivative alone.",
    "hess(...)": "The second derivative alone; of rows the diagonal.",
    "weight(...)": "The IRLS weight, grad / r; without a reduction.",
    "value_and_grad(...)": "Both in one pass.",
    "evaluate(..., outputs=('value', 'hess'))": "Any of the outputs in one pass.",
    "param_grad(...)": "The derivatives by the parameters, {name: array}.",
    "bind(...)": "The loss with these parameters fixed.",
}

_EMBEDDING_RETURNS = """\
ndarray of shape (N,), float32 or float64; a float under a reduction. `grad` returns a tuple of gradients, of the arrays
that `wrt` names and in its order (default: all); `value_and_grad` a pair of both. The gradients are those of the
reduced loss; without a reduction, of the sum."""


class Documented:
    """Objects whose docstring is written when it is first asked for: `__doc__` of one is set to what writes it."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.__doc__ = _Docstring(cls.__doc__)


class _Docstring:
    """The docstring of a class, and those of its objects."""

    def __init__(self, of_class):
        self._of_class = of_class

    def __get__(self, one, owner):
        if one is None:
            return self._of_class
        found = one.__dict__.get("__doc__", self._of_class)
        if callable(found):
            is_left_out = sys.flags.optimize >= 2  # as -OO leaves out all docstrings, also what would be written here
            found = one.__dict__["__doc__"] = None if is_left_out else found()
        return found

    def __set__(self, one, write):
        one.__dict__["__doc__"] = write


def sections(doc):
    """{title: text} of a docstring; the text before its first section has the title ''."""
    first, *rest = re.split(r"\n\n(\w+)\n-+\n", inspect.cleandoc(doc))
    return {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}


def entries(section):
    """{name: description} of the text of a section Parameters."""
    found = re.findall(r"^(\w+)[^\n]*((?:\n {4}.*)*)", section, re.MULTILINE)
    return {name: inspect.cleandoc(description) for name, description in found}


def paragraphs(doc):
    """{label: text on one line} of the paragraphs of a docstring that begin with one of LABELS and a colon."""
    _, *rest = re.split(rf"^({'|'.join(LABELS)}): ", sections(doc)[""], flags=re.MULTILINE)
    return {label: " ".join(text.split()) for label, text in zip(rest[::2], rest[1::2], strict=True)}


def complete(doc, family, target, domains, traits):
    """The docstring of an elementwise loss: its declaration's, completed with the text that all of them share.

    `target` is "required", "optional" or "none"; `domains` are those of the parameters.
    """
    own = sections(doc)
    texts = _TEXTS | _ARGUMENTS.get(family, {}) | entries(own.get("Parameters", ""))
    types = dict(_TYPES)
    if target == "optional":
        types["target"] += "; optional"
    for name, domain in domains.items():
        admitted = "anything but NaN" if domain == "any" else domain
        types[name] = f"float, or array_like of one per column (last axis) or per element; {admitted}"
    arguments = ["pred", "target", *domains, "sample_weight", "reduction", "out", "num_threads"]
    if target == "none":
        arguments.remove("target")
    return _assembled(own, traits, {name: (types[name], texts[name]) for name in arguments}, _RETURNS, _RAISES)


def complete_rows(doc, targets, domains, traits):
    """The docstring of a row loss: its declaration's, completed with the text that all of them share.

    `targets` is "labels", "labels or probabilities" or "logits"; `domains` are those of the parameters.
    """
    own = sections(doc)
    texts = {**_TEXTS, **_ROW_TEXTS, "target": _ROW_TARGETS[targets], **entries(own.get("Parameters", ""))}
    types = {name: domain if "integer" in domain else f"float, {domain}" for name, domain in domains.items()}
    types |= _TYPES | _ROW_TYPES
    labels = ["labels"] if targets == "logits" else []
    arguments = ["logits", "target", *labels, *domains, "axis", "sample_weight", "reduction", "out", "num_threads"]
    described = {name: (types[name], texts[name]) for name in arguments}
    return _assembled(own, traits, described, _ROW_RETURNS, f"{_ROW_RAISES}\n{_RAISES}")


def complete_embeddings(doc, arguments, domains, traits, has_labels):
    """The docstring of a loss of embeddings: its own text amid what all of them share.

    `arguments` are the arrays and the target, if there is one, `domains` those of the parameters. What is
    no array of shape (N, D) says so beside its name.
    """
    own = sections(doc)
    given = own.get("Parameters", "")
    own_types = dict(re.findall(r"^(\w+) : (.*)", given, re.MULTILINE))
    types = {name: "array_like of shape (N, D)" for name in arguments} | _EMBEDDING_TYPES
    types = {name: _kind(domain) for name, domain in domains.items()} | types | own_types
    texts = {**_EMBEDDING_TEXTS, **entries(given)}
    names = [*arguments, *domains, "sample_weight", "reduction", "num_threads"]
    raises = _ROW_RAISES if "ignore_index" in domains else _ROW_RAISES.replace(" and not ignored", "")
    raises = f"{raises}\n{_RAISES}" if has_labels else _RAISES
    return _assembled(own, traits, {name: (types[name], texts[name]) for name in names}, _EMBEDDING_RETURNS, raises)


def finished(write, name, is_of_catalogue, signature, has_hess, has_weight, has_param_grad):
    """The docstring that `write` begins, with the address of its page, if it is of the catalogue, and a section of how
    the loss is called and what else it gives."""
    doc = write()
    if is_of_catalogue:
        doc = doc.replace("\nTraits: ", f"\nPage: {SITE}reference/{name}.html\nTraits: ", 1)
    arguments, is_named = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not is_named:
            arguments.append("*")
            is_named = True
        default = parameter.default
        arguments.append(parameter.name if default is parameter.empty else f"{parameter.name}={default!r}")
    present = {"hess": has_hess, "evaluate": has_hess, "weight": has_weight, "param_grad": has_param_grad}
    methods = {f"{name}({', '.join(arguments)})": _CALL} | {
        call: text for call, text in _METHODS.items() if present.get(call.partition("(")[0], True)
    }
    section = "\n".join(_entry(call, text) for call, text in methods.items())
    before, source, after = inspect.cleandoc(doc).partition("\n\nSource\n------")
    return f"{before}\n\nMethods\n-------\n{section}{source}{after}"


def _kind(domain):
    """The type of a parameter of a loss of embeddings."""
    if domain == "boolean":
        return "bool"
    return domain if domain.startswith(("integer", '"')) else f"float, {domain}"


def _assembled(own, traits, arguments, returns, raises):
    """A docstring from its own sections and {argument: (type, text)}."""
    return _joined(
        {
            "": f"{own['']}\nTraits: {', '.join(sorted(traits)) or 'none'}.",
            "Parameters": "\n".join(_entry(f"{name} : {kind}", text) for name, (kind, text) in arguments.items()),
            "Returns": returns,
            "Raises": raises,
            "Source": own["Source"],
            "Examples": f">>> import fastloss as fl\n{own['Examples']}",
        }
    )


def _entry(head, text):
    return "\n    ".join([head, *text.splitlines()])


def _joined(parts):
    first, *rest = parts.items()
    return "\n\n".join([first[1], *(f"{title}\n{'-' * len(title)}\n{text}" for title, text in rest)])
