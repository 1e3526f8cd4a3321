"""`fastloss report`: a summary as one file of HTML."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fastloss.cli.merge import read_summary
from fastloss.cli.options import check_file
from fastloss.files import ScoringError
from fastloss.files.stores import LOCAL, writing

TITLE = "fastloss report"


def report(
    summary: Annotated[str, typer.Argument(metavar="SUMMARY.json", help="What `fastloss score --summary` wrote.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE.html", help="Where the page goes, for any browser.")
    ],
    title: Annotated[str, typer.Option(help="The heading.")] = TITLE,
):
    """Show a summary as a page: numbers, a histogram, quantiles, groups.

    For example: fastloss report summary.json -o report.html
    """
    check_page(output, [summary])
    found = read_summary(summary)
    write_report(output, found, title=title)


def check_page(path: str | None, others: Iterable[str | None]) -> None:
    """As `check_file`, of a page, whose name is one that browsers open."""
    check_file(path, "page", "report.html", others)
    if path is not None and Path(path).suffix.lower() not in ("", ".html", ".htm"):
        raise ScoringError(f"{path}: a page is HTML: call it {Path(path).with_suffix('.html').name}")


def write_report(path: str, results, *, title: str = TITLE, about: Mapping[str, str] | None = None) -> None:
    """Write the page of summaries or comparisons; it appears under its name when it is complete."""
    from fastloss.report import html  # what it imports takes its time

    page = html(results, title=title, about=about).encode()
    with LOCAL.replacing(path) as file, writing(path):
        file.write(page)


def said(**given: str | Sequence[str] | None) -> dict[str, str]:
    """What a page tells of the options of a command, those that were given."""
    texts = {name: value if isinstance(value, str) else ", ".join(value) for name, value in given.items() if value}
    return {name.replace("_", " "): text for name, text in texts.items()}
