"""Summaries in files: `fastloss merge`, and what `fastloss score --summary` writes."""

from typing import Annotated

import typer

from fastloss.cli.options import check_file
from fastloss.exact.summary import Summaries
from fastloss.files import Summary
from fastloss.files.errors import located
from fastloss.files.stores import LOCAL, writing


def merge(
    input: Annotated[list[str], typer.Argument(help="Files that `fastloss score --summary` or this command wrote.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Where the summary goes, instead of stdout.")
    ] = None,
):
    """Merge summaries of one loss: what is written are the bytes of one run over the data of all.

    For example: fastloss merge monday.json tuesday.json -o both.json
    """
    check_file(output, "summary", "summary.json", ())
    merged = read_summary(input[0])
    for path in input[1:]:
        one = read_summary(path)
        try:
            merged = merged | one
        except ValueError as error:
            raise located(path, error) from error
    if output is None:
        typer.echo(merged.to_json(state=True))
    else:
        write_summary(merged, output)


def read_summary(path: str) -> Summary | Summaries:
    with open(path, "rb") as file:
        text = file.read()
    try:
        return Summary.from_json(text)
    except ValueError as error:
        raise located(path, error) from error


def write_summary(summary: Summary | Summaries, path: str) -> None:
    """The summary with its state, which `read_summary` reads."""
    with LOCAL.replacing(path) as file, writing(path):
        file.write(summary.to_json(state=True).encode() + b"\n")
