"""The parts that pages are made of. Everything that comes from data goes through `text`."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence

from fastloss.files.errors import escaped

NAME_LENGTH = 40  # characters of a name that are shown: its begin and its end
UNBROKEN = 24  # characters of a name that stay on one line
_NUMERIC = re.compile(r"[\d\s.,:+\-TZe]*")  # numbers, dates and times
NOTHING = '<span class="nothing">-</span>'


def text(given: object) -> str:
    """Anything as text of a page or value of an attribute: what no screen prints stands as Python writes it."""
    return html.escape(escaped(str(given)), quote=True)


def name(given: str, length: int = NAME_LENGTH) -> str:
    """A name or a text out of the data, of which the middle may be left out; the whole is its tooltip."""
    shown = shortened(given, length) or "''"
    kind = "number" if _NUMERIC.fullmatch(shown) else "name short" if len(shown) <= UNBROKEN else "name"
    title = "" if len(shown) >= len(given) else f' title="{text(given)}"'
    return f'<bdi class="{kind}"{title}>{text(shown)}</bdi>'


def shortened(given: str, length: int) -> str:
    """Its begin and its end, of so many characters together."""
    return given if len(given) <= length else f"{given[: length * 2 // 3]}…{given[-(length // 3) :]}"


def digits(value: float | str | None) -> str:
    """A number with six digits, or all of a whole one; those that JSON lacks are texts."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def number(value: float | str | None) -> str:
    """A number as `digits` shows it; all of its digits are in the attribute `value`."""
    return NOTHING if value is None else f'<data class="number" value="{text(value)}">{text(digits(value))}</data>'


def interval(pair: Sequence[float | str | None] | None) -> str:
    return NOTHING if pair is None else f'<span class="pair">{number(pair[0])} to {number(pair[1])}</span>'


def rows_of(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent, that is 0 or 100 only where it is so."""
    percent = 100 * part / whole if whole else math.nan
    if 0 < percent < 0.01:
        return "<0.01%"
    return f"{percent:.4g}%" if not 99.99 < percent < 100 else ">99.99%"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str, kind: str = "") -> str:
    """A table in a box that scrolls sideways where it is wide; heads and cells are markup, a row begins with its head.

    Without heads it is a list of names and numbers.
    """
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    body = "\n".join(_row(row) for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="{kind}">'
        f"<caption>{caption}</caption>{f'<thead><tr>{head}</tr></thead>' if head else ''}\n<tbody>{body}</tbody>"
        "</table></div>"
    )


def _row(cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{cells[0]}</th>{"".join(f"<td>{cell}</td>" for cell in cells[1:])}</tr>'


def figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def section(heading: str, *parts: str, level: int = 2) -> str:
    """Parts under a heading; none of them may be there, and then nothing is."""
    body = "\n".join(filter(None, parts))
    return f"<section><h{level}>{heading}</h{level}>\n{body}\n</section>" if body else ""
