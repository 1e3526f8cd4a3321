"""Docstrings of losses: what the elementwise ones share is written once, here, and any can be taken apart.

A declaration's docstring holds what is its own: a summary; paragraphs with the LABELS; and the sections Parameters
(without types: the domains give them), Source and Examples.
"""

import inspect
import re

LABELS = ("Domain", "Formula", "Limits", "Derivatives", "Special values", "Traits")

_TYPES = {
    "pred": "array_like of any shape",
    "target": "array_like of pred's shape",
    "sample_weight": "array_like of pred's shape, or one value a row, optional",
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
# What pred and target are, where a declaration does not say it
_ARGUMENTS = {
    "residual": {
        "pred": "Predictions, or, without a target, the residuals r = pred - target themselves.",
        "target": "Observations.",
    },
    "relative": {"pred": "Predictions p.", "target": "Observations y."},
    "margin": {"pred": "Scores p; the margin is m = y p.", "target": "Labels y, -1 or 1."},
    "count": {"pred": "Logarithms p of the predicted means."},
}
_RETURNS = "ndarray of pred's shape, float32 or float64; a float under a reduction."
_RAISES = """\
TypeError
    If a dtype is unsupported, or an argument without a default is missing.
ValueError
    If shapes do not fit, or a parameter is NaN or outside its domain."""


def sections(doc):
    """{title: text} of a docstring; what stands before its first section has the title ''."""
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
    """The docstring of an elementwise loss: its own text amid what all of them share.

    `target` is "required", "optional" or "none"; `domains` are those of the parameters.
    """
    own = sections(doc)
    texts = _TEXTS | _ARGUMENTS.get(family, {}) | entries(own.get("Parameters", ""))
    types = dict(_TYPES)
    if target == "optional":
        types["target"] += ", optional"
    for name, domain in domains.items():
        admitted = "anything but NaN" if domain == "any" else domain
        types[name] = f"float, or array_like of one per column (last axis) or per element; {admitted}"
    arguments = ["pred", "target", *domains, "sample_weight", "reduction", "out", "num_threads"]
    if target == "none":
        arguments.remove("target")
    return _joined(
        {
            "": f"{own['']}\nTraits: {', '.join(sorted(traits)) or 'none'}.",
            "Parameters": "\n".join(_entry(f"{name} : {types[name]}", texts[name]) for name in arguments),
            "Returns": _RETURNS,
            "Raises": _RAISES,
            "Source": own["Source"],
            "Examples": f">>> import fastloss as fl\n{own['Examples']}",
        }
    )


def _entry(head, text):
    return "\n    ".join([head, *text.splitlines()])


def _joined(parts):
    first, *rest = parts.items()
    return "\n\n".join([first[1], *(f"{title}\n{'-' * len(title)}\n{text}" for title, text in rest)])
