"""`fastloss report`: a summary as one file of HTML."""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from fastloss.cli.merge import read_summary
from fastloss.files import ScoringError
from fastloss.files.formats import STREAM
from fastloss.files.stores import LOCAL, writing
from fastloss.report import html

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
    check_report(output)
    found = read_summary(summary)
    if os.path.exists(output) and os.path.samefile(summary, output):
        raise ScoringError(f"{output}: the page would take the place of the summary: give another name")
    write_report(output, found, title=title)


def check_report(path: str) -> None:
    """That a page can have this name, before there is one to write."""
    if path == STREAM or os.path.isdir(path):
        raise ScoringError(f"{path}: a page is a file: give its name, such as report.html")
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isdir(directory):
        raise ScoringError(f"{path}: cannot be written: there is no directory {directory}")


def write_report(path: str, results, *, title: str = TITLE, about: Mapping[str, str] | None = None) -> None:
    """Write the page of summaries or comparisons; it appears under its name when it is complete."""
    page = html(results, title=title, about=about).encode()
    with LOCAL.replacing(path) as file, writing(path):
        file.write(page)


def said(**given: str | Sequence[str] | None) -> dict[str, str]:
    """What a page tells of the options of a command, those that were given."""
    texts = {name: value if isinstance(value, str) else ", ".join(value) for name, value in given.items() if value}
    return {name.replace("_", " "): text for name, text in texts.items()}
