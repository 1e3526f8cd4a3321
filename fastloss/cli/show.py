"""`fastloss losses`, `show` and `plot`: the catalogue, a loss in words and lines, pictures."""

import os
import sys
from typing import Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from fastloss.cli.merge import read_summary
from fastloss.cli.options import Param, bound_loss, parameters
from fastloss.cli.tables import console_on
from fastloss.core.installing import install_extra
from fastloss.files import ScoringError
from fastloss.files.errors import escaped, one_line
from fastloss.losses import catalogue
from fastloss.losses.curves import curves, describe, panels


def losses(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/losses.md instead.")] = False,
):
    """List the losses with their parameters and traits."""
    if markdown:
        _check_docstrings()
        typer.echo(catalogue.markdown(), nl=False)
        return
    table = Table("loss", "family", "parameters", "traits", box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = True
    for loss in catalogue.losses():
        table.add_row(loss.name, loss.family, ", ".join(catalogue.parameters(loss)), catalogue.traits(loss))
    console_on(sys.stdout).print(table)


def show(
    loss: Annotated[str, typer.Argument(help="Name of the loss; `fastloss losses` lists them.")],
    param: Param = None,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw into this file (.png, .svg, .pdf), not the terminal.")
    ] = None,
):
    """Print formula, parameters, traits and source of a loss, and draw it."""
    bound = bound_loss(loss, parameters(param or ()))
    _check_docstrings()
    try:
        drawing = _drawing(bound) if plot is None else _picture(bound, plot)
    except ValueError as error:
        raise ScoringError(one_line(error)) from error
    console = console_on(sys.stdout)
    console.print(f"[bold]{escape(repr(bound))}[/bold]\n{escape(catalogue.summary(bound))}\n")
    facts = Table.grid(padding=(0, 2))
    for title, text in catalogue.facts(bound).items():
        facts.add_row(f"[bold]{title}[/bold]", escape(text))
    console.print(facts)
    console.print()
    console.print("a drawing needs Unicode" if console.options.ascii_only and plot is None else drawing)


def plot(
    picture: Annotated[str, typer.Argument(help="curves, surface, density, regression, summary, groups, calibration.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help=".png, .svg, .pdf; regression also .gif.")
    ],
    file: Annotated[
        str | None,
        typer.Argument(metavar="SUMMARY.json", help="summary, groups, calibration: what `score --summary` wrote."),
    ] = None,
    loss: Annotated[
        list[str] | None,
        typer.Option(help="curves: of this loss, in place of `robust`; of several if repeated. summary: which one."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="curves: a parameter of the loss, NAME=NUMBER.")
    ] = None,
    alphas: Annotated[str | None, typer.Option(help="curves, density: numbers A,B,C.")] = None,
    seed: Annotated[int | None, typer.Option(help="regression: of the random data.", show_default="0")] = None,
    dark: Annotated[bool, typer.Option("--dark", help="On a dark ground.")] = False,
):
    """Draw losses, the surface of the general robust loss, its densities, a robust regression; or a summary, its
    groups, its calibration.

    For example: fastloss plot curves --loss huber --loss tukey -o curves.png
    """
    _check_picture(output)
    from fastloss.plot import pictures

    given: dict = {}
    try:
        if alphas is not None:
            given["alphas"] = [float(a) for a in alphas.split(",")]
        if seed is not None:
            given["seed"] = seed
        if file is not None:
            if param:
                raise ScoringError(f"-p {param[0]}: the losses of {file} have their parameters: leave it out")
            given["summary"] = _one(read_summary(file), loss, file)
        elif loss or param:
            given["loss"] = _losses(loss or [], param or [])
        pictures.draw(picture, output, dark=dark, **given)
    except (TypeError, ValueError) as error:
        raise ScoringError(one_line(error)) from error
    typer.echo(f"written: {escaped(output)}")


def _losses(names: list[str], param: list[str]) -> list:
    """Those of --loss, with the parameters of -p where it is one."""
    if param and len(names) != 1:
        raise ScoringError(f"-p {param[0]} goes with one --loss: of several, each has its own, as 'huber(delta=2)'")
    return [bound_loss(name, parameters(param)) for name in names]


def _one(found, names: list[str] | None, path: str):
    """The summary of one loss."""
    if not isinstance(found, dict):
        if names:
            raise ScoringError(f"--loss {names[0]}: {path} is of one loss: leave it out")
        return found
    if not names or len(names) > 1 or names[0] not in found:
        raise ScoringError(f"{path} is of several losses: --loss names one of {', '.join(found)}")
    return found[names[0]]


def _drawing(loss) -> Group:
    """The outputs of a loss, drawn side by side in text."""
    drawn = curves(loss)
    drawings = panels(drawn)
    table = Table(*drawings, box=None, pad_edge=False, header_style="bold")
    for line in zip(*drawings.values(), strict=True):
        table.add_row(*line)
    return Group(table, escape(describe(drawn)))


def _picture(loss, path: str) -> str:
    """Draw a loss into a file, and say so."""
    _check_picture(path)
    from fastloss.plot import pictures

    pictures.draw("curves", path, loss=loss)
    return escape(f"written: {escaped(path)}")


def _check_docstrings() -> None:
    if sys.flags.optimize >= 2:
        raise ScoringError("losses are described by their docstrings, which python -OO leaves out: start it without")


def _check_picture(path: str) -> None:
    """It can be drawn, and under this name: matplotlib would add .png to one without an extension."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ScoringError(f"a picture needs more than the core: {install_extra('plot')}") from error
    if os.path.splitext(path)[1][1:].lower() not in {*FigureCanvasBase.filetypes, "gif"}:
        raise ScoringError(f"{path}: a picture needs the extension .png, .svg or .pdf")
