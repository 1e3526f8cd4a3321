"""The commands of `fastloss`, in typer. Imported by `fastloss.cli` once the extra is there."""

from collections import Counter
from typing import Annotated

import typer
from typer.core import TyperCommand

import fastloss
from fastloss.cli.calibrate import calibrate
from fastloss.cli.compare import compare
from fastloss.cli.fit import fit
from fastloss.cli.merge import merge
from fastloss.cli.report import report
from fastloss.cli.score import score
from fastloss.cli.show import losses, plot, show
from fastloss.cli.tables import print_summary
from fastloss.files import ScoringError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Command(TyperCommand):
    """A command whose options that take one value are given once: typer would take the last."""

    def parse_args(self, context, args):
        _, _, given = self.make_parser(context).parse_args(args=list(args))
        for parameter, times in Counter(given).items():
            if times > 1 and not (parameter.multiple or parameter.is_flag):
                raise ScoringError(f"{parameter.opts[0]} is given {times} times: it takes one value")
        return super().parse_args(context, args)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
):
    """Losses, gradients and IRLS weights at the speed of memory.

    `fastloss demo` is a first look; `fastloss score --help` says how files are scored.
    """
    if version:
        typer.echo(fastloss.__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def demo(
    directory: Annotated[str, typer.Argument(help="Where to put the files.")] = "fastloss-demo",
):
    """Score two real data sets end to end, and draw residuals with their IRLS weights."""
    from fastloss.cli import demo

    demo.run(directory, print_summary)


def info():
    """Print the version, the instruction set in use and the number of threads."""
    fastloss.show_config()


for command in (score, compare, merge, report, fit, calibrate, losses, show, plot, demo, info):
    app.command(cls=Command)(command)
