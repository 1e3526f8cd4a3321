"""What the page of a loss has in tables: its special values, its figures, and other libraries' names for it."""

import re
from pathlib import Path

import numpy as np

from fastloss.losses.curves import curves, evaluate

DOCS = Path(__file__).resolve().parents[1]
TITLES = {"value": "value", "grad": "gradient", "hess": "second derivative", "weight": "IRLS weight"}


def special_values(loss):
    """What the kernels return at zero, at the ends of the domain, where the pieces of a formula meet, and of NaN."""
    drawn = curves(loss, points=1, outputs=tuple(TITLES))
    names, where = tuple(drawn.outputs), drawn.range
    x = _special_points(drawn.loss, where)
    rows = []
    for target in where.targets:
        with np.errstate(all="ignore"):
            found = evaluate(drawn.loss, x, target, names)
        for k, point in enumerate(x):
            at = [_number(point)] if target is None else [_number(point), _number(target)]
            rows.append([*at, *(_number(y[k]) for y in found)])
    head = [where.label] if where.targets == (None,) else [where.label, "target"]
    at = f"What the kernels return for `{drawn.loss!r}`:"
    return f"{at}\n\n{table([*head, *(TITLES[name] for name in names)], rows)}"


def _special_points(loss, where):
    if loss.family == "embeddings":
        return np.array([where.low, 0.0, where.high, np.nan][where.low == 0 :])
    edges = set()
    if loss.has_weight:
        sizes = [value for value in loss.parameters.values() if np.isscalar(value) and np.isfinite(value)]
        edges = {sign * float(size) for size in sizes for sign in (-1, 1)}
    elif loss.family in ("probability", "deviance", "relative", "margin"):
        edges = {-1.0, 1.0}
    return np.array([*sorted({0.0} | edges), np.inf, -np.inf, np.nan])


def accuracy_table(loss):
    """The rows of docs/accuracy.md and the errors of docs/speed.md."""
    parts = []
    head, rows = _rows_of(DOCS / "accuracy.md", loss.name)
    if rows:
        parts.append(
            "The float32 kernel beside every one of the 2^32 residuals there are ([more](../accuracy.md)):\n\n"
            + table(head, rows)
        )
    head, rows = _rows_of(DOCS / "speed.md", loss.name)
    if rows:
        parts.append(
            "The largest error over a sample, beside formulas at high precision; of embeddings, beside float64 "
            "([more](../speed.md)):\n\n" + table(*_columns(head, rows, "output", "dtype", "max error"))
        )
    return "\n\n".join(parts)


def speed_table(loss):
    """The rows of docs/speed.md."""
    head, rows = _rows_of(DOCS / "speed.md", loss.name)
    shown = "output", "dtype", "ns/element", "GB/s", "ratio to a copy", "per byte"
    return "One thread, beside a copy of the input; read the ratios ([more](../speed.md)):\n\n" + table(
        *_columns(head, rows, *shown)
    )


def peers_table(loss):
    """The rows of docs/peers.md whose loss this is or, if there are none, that mention it; with the library."""
    rows = _peers_rows(lambda ours, difference: ours == loss.name)
    rows = rows or _peers_rows(lambda ours, difference: re.search(rf"`{loss.name}\b", difference))
    if not rows:
        alone = _peers_sections()["Ours alone"]
        instead = re.search(rf"^\| `{loss.name}` \| (.*) \|$", alone, re.MULTILINE)[1]
        return f"None of the libraries of [this page](../peers.md) has it. In torch: {instead}"
    return table(["library", "theirs", "how they differ"], rows) + "\n\nWhat holds for all: [here](../peers.md)."


def _peers_rows(is_wanted):
    row = re.compile(r"^\| (`[\w.]+`) \| (?:`(\w+)`|none) \| (.*) \|$", re.MULTILINE)
    return [
        [library, theirs, difference]
        for library, section in _peers_sections().items()
        for theirs, ours, difference in row.findall(section)
        if is_wanted(ours, difference)
    ]


def _peers_sections():
    """{title: text} of the sections of docs/peers.md."""
    sections = (DOCS / "peers.md").read_text(encoding="utf-8").split("\n## ")[1:]
    return dict(section.split("\n", 1) for section in sections)


def _rows_of(path, name):
    """(head, rows) of the table of a page whose first column has this name, alone or before a colon."""
    lines = [cells(line) for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return lines[0], [cells for cells in lines if cells[0].partition(":")[0] == name]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def _columns(head, rows, *names):
    at = [head.index(name) for name in names]
    return list(names), [[cells[k] for k in at] for cells in rows]


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _number(value):
    if np.ndim(value):
        return ", ".join(map(_number, value))
    text = f"{float(value):.6g}"
    return text.replace("inf", "\N{INFINITY}").replace("nan", "NaN").replace("-", "\N{MINUS SIGN}")
