"""The catalogue in words: what `fastloss losses` and `fastloss show` print, and docs/losses.md."""

import re

from fastloss.core.aliases import ALIASES
from fastloss.core.docstrings import entries, paragraphs, sections
from fastloss.core.loss import get, list_losses

_HEAD = """\
# The losses

Written by `python tools/generate.py losses`; `fastloss show NAME` tells more about one and draws it.

r = pred - target, p = pred, y = target, m = y p. Parameters stand with their defaults and domains.
"""


def losses():
    """All losses, family by family."""
    return [get(name) for name in list_losses()]


def summary(loss):
    """The first sentence or two of its docstring."""
    return " ".join(loss.__doc__.partition("\n\n")[0].split())


def parameters(loss):
    """["name=default (domain)"] of its parameters; without "=default" where there is none."""
    defaults = {name: f"={value}" for name, value in loss.parameters.items()}
    return [f"{name}{defaults.get(name, '')} ({domain})" for name, domain in loss.domains.items()]


def traits(loss):
    """Its traits, on one line."""
    return ", ".join(sorted(loss.traits))


def reads(loss):
    """What it is called with."""
    if loss.family == "embeddings":
        return ", ".join(name for name in (*loss.arrays, loss.target_name) if name)
    if loss.is_rowwise:
        return "logits, target"
    if loss.has_weight:
        return "residual, or pred and target"
    return "pred, target" if loss.takes_target else "pred"


def outputs(loss):
    """What it can compute."""
    return " ".join(loss.output_names)


def source(loss):
    """The paper or standard that it comes from."""
    return " ".join(sections(loss.__doc__)["Source"].split())


def facts(loss):
    """{title: text} of all there is to say about a loss; its parameters under their names."""
    about = {title.lower(): text for title, text in paragraphs(loss.__doc__).items()}
    about |= {"traits": traits(loss) or "none", "reads": reads(loss), "outputs": outputs(loss)}
    if names := [alias for alias, name in ALIASES.items() if name == loss.name]:
        about["also called"] = ", ".join(names)
    return about | _described(loss) | {"source": source(loss)}


def _described(loss):
    """{parameter: what it is}"""
    texts = entries(sections(loss.__doc__)["Parameters"])
    values = {name: f"{value}; " for name, value in loss.parameters.items()}
    return {
        name: f"{values.get(name, '')}{domain}. {' '.join(texts[name].split())}"
        for name, domain in loss.domains.items()
    }


def markdown():
    """The text of docs/losses.md."""
    families = dict.fromkeys(loss.family for loss in losses())
    return "\n".join([_HEAD, *map(_family, families)])


def _family(family):
    """The section of a family: a table."""
    rows = [
        (f"**{loss.name}**", ", ".join(map(_code, parameters(loss))), _code(_formula(loss)), traits(loss), source(loss))
        for loss in losses()
        if loss.family == family
    ]
    head = [("loss", "parameters", "value", "traits", "source"), ("---",) * 5]
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in head + rows]
    return "\n".join([f"## {family}", "", *lines, ""])


def _code(text):
    """As code, in which a name does not end at its own quotes."""
    return f"`{text.replace('`', '')}`"


def _formula(loss):
    """The first sentence of its paragraph Formula."""
    return re.split(r"\.(?: |$)", paragraphs(loss.__doc__)["Formula"])[0]
