"""Docstrings are plain text: what reStructuredText takes for markup, as **params or scale_, is kept as it stands."""

import re

MARKUP = re.compile(r"\*|(?<=\w)_(?!\w)|(?<!\w)\|")


def setup(app):
    app.connect("autodoc-process-docstring", escape, priority=100)  # before napoleon, which brings markup
    return {"parallel_read_safe": True}


def escape(app, what, name, obj, options, lines):
    is_example = False
    for number, line in enumerate(lines):
        is_example = line.lstrip().startswith(">>>") or (is_example and bool(line.strip()))
        if not is_example:
            parts = line.split("`")  # every other is code
            parts[::2] = [MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
            lines[number] = "`".join(parts)
