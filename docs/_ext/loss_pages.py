"""A page a loss under reference/, from the registry: what it is, its curves as the kernels draw them, its figures."""

import inspect
import re
from pathlib import Path

from formulas import FORMULAS
from loss_pictures import draw
from loss_tables import accuracy_table, peers_table, special_values, speed_table

import fastloss as fl
from fastloss.core.aliases import ALIASES
from fastloss.core.docstrings import paragraphs, sections
from fastloss.losses import catalogue

FAMILIES = {
    "residual": "Of a residual, r = pred - target",
    "relative": "Of a prediction and a target, relative",
    "margin": "Of a margin, m = y p",
    "probability": "Of a probability or its logit",
    "count": "Of the logarithm of a mean",
    "deviance": "Of a mean: deviances",
    "rows": "Of a row of logits",
    "embeddings": "Of embeddings",
}


def setup(app):
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}


def write_pages(app):
    folder = Path(app.srcdir) / "reference"
    losses = catalogue.losses()
    draw(losses, folder / "pictures")
    for loss in losses:
        (folder / f"{loss.name}.md").write_text(page(loss, losses), encoding="utf-8")
    (folder / "losses.md").write_text(index(losses), encoding="utf-8")


def index(losses):
    """The page that lists all losses, family by family."""
    lines = ["# Losses", "", "Each has a page with its formula, its curves and its figures.", ""]
    for family, title in FAMILIES.items():
        members = [loss for loss in losses if loss.family == family]
        lines += [f"## {title}", "", "| loss | |", "|---|---|"]
        lines += [f"| [{loss.name}]({loss.name}.md) | {_escaped(catalogue.summary(loss))} |" for loss in members]
        lines += [""]
    names = "\n".join(loss.name for loss in losses)
    return "\n".join([*lines, f"```{{toctree}}\n:hidden:\n\n{names}\n```", ""])


def page(loss, losses):
    """The text of the page of a loss, in Markdown."""
    own, about = sections(loss.__doc__), paragraphs(loss.__doc__)
    parts = {
        "Domain": _text(about["Domain"]),
        "Formula": _formula(loss, about),
        "Curves": _curves(loss),
        "Parameters": _definitions(own["Parameters"]),
        "Special values": "\n\n".join(filter(None, [_text(about.get("Special values", "")), special_values(loss)])),
        "Accuracy": accuracy_table(loss),
        "Speed": speed_table(loss),
        "Source": _text(own["Source"]),
        "Example": f"```python\n{own['Examples']}\n```",
        "In other libraries": peers_table(loss),
        "See also": _see_also(loss, losses),
    }
    head = [
        f"# {loss.name}",
        _text(catalogue.summary(loss)),
        f"```{{py:function}} fastloss.{loss.name}{inspect.signature(loss)}\n```",
    ]
    return "\n\n".join([*head, *(f"## {title}\n\n{text}" for title, text in parts.items() if text), ""])


def _formula(loss, about):
    lines = [f"$$\n{FORMULAS[loss.name]}\n$$", _text(about["Formula"])]
    for label in ("Derivatives", "Limits"):
        if label in about:
            lines.append(f"**{label}.** {_text(about[label])}")
    return "\n\n".join([*lines, f"**Traits.** {catalogue.traits(loss) or 'none'}"])


def _curves(loss):
    over = f"Curves of {loss.name} as its kernels draw them"
    pictures = [f"```{{image}} pictures/{loss.name}.svg\n:alt: {over}\n:class: curves\n```"]
    if loss.family == "residual":  # those of the explorer
        pictures.append(f'<a href="../explorer.html#{loss.name}">Move its parameters in the explorer</a>')
    return "\n\n".join(pictures)


def _definitions(section):
    """A section of a docstring, `name : type` and what it is, as a list."""
    found = re.findall(r"^(\w+) : ([^\n]*)((?:\n {4}.*)*)", section, re.MULTILINE)
    return "\n".join(f"- **{name}** ({_text(kind)}). {_text(inspect.cleandoc(text))}" for name, kind, text in found)


def _see_also(loss, losses):
    text = loss.__doc__
    aliases = [alias for alias, name in ALIASES.items() if name == loss.name]
    mentioned = [other for other in losses if other is not loss and re.search(rf"\b{other.name}\b", text)]
    module = _declared_in(loss)
    beside = [other for other in losses if other is not loss and _declared_in(other) == module]
    related = dict.fromkeys([*mentioned, *beside])
    lines = [f"- [{other.name}]({other.name}.md): {_text(catalogue.summary(other))}" for other in related]
    if aliases:
        lines.insert(0, f"`fl.get` also knows it as {', '.join(f'`{alias}`' for alias in aliases)}.\n")
    return "\n".join([*lines, "- [All losses](losses.md), and [which one to take](../explanation/choosing.md)"])


def _declared_in(loss):
    return next(module for module in _MODULES if vars(module).get(loss.name) is loss)


def _modules():
    import fastloss.losses as folder

    names = sorted(path.stem for path in Path(folder.__path__[0]).glob("*.py"))
    return [__import__(f"fastloss.losses.{name}", fromlist=["_"]) for name in names]


_MODULES = _modules()


def _text(text):
    """Plain text of a docstring as Markdown: what it marks as code stays code, the rest is literal."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def _escaped(text):
    return re.sub(r"([\\*_\[\]<>|$#])", r"\\\1", text)


assert set(FORMULAS) >= set(fl.list_losses()), set(fl.list_losses()) - set(FORMULAS)
