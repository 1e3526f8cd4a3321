"""The page: its head, and a section for each summary or comparison."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

from fastloss.core.config import __version__
from fastloss.exact.summary import Summary
from fastloss.files.comparing import Comparison
from fastloss.report.compared import compared
from fastloss.report.markup import section, text
from fastloss.report.summarized import summarized

if TYPE_CHECKING:
    import pyarrow as pa

# What a browser is told to refuse, should a name in the data ever become more than text
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(
    results: Summary | Comparison | Mapping[str, Summary | Comparison],
    *,
    title: str = "fastloss report",
    about: Mapping[str, str] | None = None,
    worst: pa.Table | Mapping[str, pa.Table] | None = None,
) -> str:
    """A page that shows summaries or comparisons: tables, histograms, quantiles, groups, worst rows.

    It is one file in light and dark colours, for screens of any width. It fetches nothing and needs no script.

    Parameters
    ----------
    results : Summary, Comparison or mapping
        What `score` or `compare` returned; or {name: such}, a section each.
    title : str
        The heading.
    about : mapping, optional
        What else is to be said of the data, such as {"data": "day=1/", "target": "y"}.
    worst : pyarrow.Table, optional
        Rows of the largest losses, to be shown below the summary; of several {name: table}. Without it those that a
        summary has as `worst`.

    Returns
    -------
    str
        HTML, to be written as UTF-8. The same arguments give the same text.

    Raises
    ------
    TypeError
        If there is something else than a summary or a comparison.

    Examples
    --------
    >>> import fastloss as fl, numpy as np
    >>> from fastloss.exact.summary import Summary
    >>> page = fl.report.html(Summary.of(np.array([0.5, 1.0, 4.0])))
    >>> page.startswith("<!DOCTYPE html>"), "<script" in page
    (True, False)
    """
    named = dict(results) if isinstance(results, Mapping) else {"": results}
    tables = worst if isinstance(worst, Mapping) else dict.fromkeys(named, worst)
    sections = "\n".join(_section(str(name), result, tables.get(name)) for name, result in named.items())
    facts = "".join(
        f"<div><dt>{text(name)}</dt><dd><bdi>{text(value)}</bdi></dd></div>" for name, value in (about or {}).items()
    )
    style = files("fastloss.report").joinpath("style.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{text(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1><bdi>{text(title)}</bdi></h1>
{f"<dl>{facts}</dl>" if facts else ""}
{sections}
</main>
<footer>fastloss {text(__version__)}</footer>
</body>
</html>
"""


def _section(name: str, result: Summary | Comparison, worst: pa.Table | None) -> str:
    heading = f"<bdi>{text(name)}</bdi>" if name else ""
    if isinstance(result, Summary):
        return section(heading or "Summary", *summarized(result, worst))
    if isinstance(result, Comparison):
        return section(heading or "Comparison", *compared(result))
    raise TypeError(f"a report shows summaries and comparisons, got {type(result).__name__}")
