"""The commands of `fastloss`, in typer. Imported by `fastloss.cli` once the extra is there."""

import operator
import os
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperCommand

import fastloss
from fastloss import _catalogue
from fastloss._curves import curves, describe, panels
from fastloss.scoring import ENGINES, GroupedSummary, ScoringError, Summary
from fastloss.scoring.csv_options import CsvOptions
from fastloss.scoring.errors import one_line
from fastloss.scoring.formats import FORMATS, STREAM
from fastloss.scoring.spec import MULTIOUTPUT

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

GATED = ("count", "null", "nan", "sum", "mean", "min", "max", "p50", "p90", "p99")
DTYPE_HELP = "bfloat16: what .npy arrays hold whose elements have two bytes and no type."
MAX_GROUPS = 20  # in the table
COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


class Command(TyperCommand):
    """A command whose options that take one value are given once: typer would take the last."""

    def parse_args(self, context, args):
        _, _, given = self.make_parser(context).parse_args(args=list(args))
        for parameter, times in Counter(given).items():
            if times > 1 and not (parameter.multiple or parameter.is_flag):
                raise ScoringError(f"{parameter.opts[0]} is given {times} times: it takes one value")
        return super().parse_args(context, args)


Separator = Annotated[
    str | None, typer.Option(help="CSV: between fields, \\t for a tab.", show_default=", or, in .tsv, a tab")
]
Decimal = Annotated[str, typer.Option(help="CSV: the decimal point.")]
Thousands = Annotated[str | None, typer.Option(help="CSV: between groups of digits.")]
Null = Annotated[list[str] | None, typer.Option(help="CSV: a text that stands for no number, beside NA and its like.")]
Encoding = Annotated[str, typer.Option(help="CSV: Python's name of the encoding.")]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
):
    """Losses, gradients and IRLS weights at the speed of memory."""
    if version:
        typer.echo(fastloss.__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(cls=Command)
def score(
    input: Annotated[list[str], typer.Argument(help="Files, directories of files, or - for standard input.")],
    loss: Annotated[str, typer.Option(help="Name of the loss; `fastloss losses` lists them.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="A file, a directory (DIR/ for a new one), or - for standard output."),
    ] = None,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="A parameter, NAME=NUMBER.")] = None,
    pred: Annotated[list[str] | None, typer.Option(help="Column of predictions or logits, or several A,B,C.")] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Column of targets; for .npy input the file of them.")
    ] = None,
    residual: Annotated[
        list[str] | None, typer.Option(help="Column of residuals, or several A,B,C, in place of pred and target.")
    ] = None,
    multioutput: Annotated[
        str, typer.Option(help=f"What a row of several outputs has as its value: {' or '.join(MULTIOUTPUT)}.")
    ] = MULTIOUTPUT[0],
    emit: Annotated[str, typer.Option(help="Outputs to write: value,grad,hess,weight.")] = "value",
    keep: Annotated[str, typer.Option(help="Columns of the input to carry: all, none, or A,B,C.")] = "all",
    prefix: Annotated[str, typer.Option(help="Put before the names of the emitted columns.")] = "",
    format: Annotated[
        str | None,
        typer.Option(help=f"Format of standard input and output: {', '.join(FORMATS)}."),
    ] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    separator: Separator = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    null: Null = None,
    encoding: Encoding = "utf-8",
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help=f'Exit with 1 if this holds, as "mean>0.3". Of {", ".join(GATED)}.'),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip the files that are done in the directory.")] = False,
    by: Annotated[str | None, typer.Option(help="Summarize by the values of this column too.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of weights, for the weighted sum and mean.")] = None,
    engine: Annotated[str, typer.Option(help=f"One of {', '.join(ENGINES)}.")] = "local",
    workers: Annotated[int | None, typer.Option(help="Files scored at a time, or size of the cluster started.")] = None,
    fragment_rows: Annotated[int | None, typer.Option(help="Cut Parquet files into fragments of so many rows.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the loss kernels.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Print a line of JSON to stderr after each fragment.")] = False,
):
    """Score the rows of data files; write them with their losses, print a summary."""
    gates = [_gate(text) for text in fail_if or ()]
    bound = _loss(loss, _parameters(param or ()))
    if output is None and not json and list(input) == [STREAM] and format == "csv":
        output = STREAM
    if json and output == STREAM:
        typer.echo("fastloss: --json takes standard output, no rows are written", err=True)
        output = None
    with nullcontext() if log else _progress(data_on_stdout=output == STREAM) as progress:
        summary = fastloss.score(
            input,
            output,
            loss=bound,
            pred=_columns(pred),
            target=_columns(target),
            residual=_columns(residual),
            multioutput=multioutput,
            emit=emit.split(","),
            keep=keep if keep in ("all", "none") else keep.split(","),
            prefix=prefix,
            by=by,
            sample_weight=weight,
            format=format,
            dtype=dtype,
            separator=_separator(separator),
            decimal=decimal,
            thousands=thousands,
            null=null,
            encoding=encoding,
            engine=engine,
            workers=workers,
            fragment_rows=fragment_rows,
            resume=resume,
            num_threads=threads,
            progress=None if progress is None else progress.moved,
            on_fragment=_log if log else None if progress is None else progress.ended,
        )
    if json:
        typer.echo(summary.to_json())
    else:
        _print_summary(summary, repr(bound), to_stderr=output is not None)
    failed = [text for text, holds in gates if holds(summary)]
    for text in failed:
        typer.echo(f"fastloss: gate failed: {text}", err=True)
    if failed:
        raise typer.Exit(1)


@app.command(cls=Command)
def fit(
    input: Annotated[list[str], typer.Argument(help="Files, directories of files, or - for standard input.")],
    residual: Annotated[str | None, typer.Option(help="Column of residuals.")] = None,
    pred: Annotated[str | None, typer.Option(help="Column of predictions, in place of residuals.")] = None,
    target: Annotated[str | None, typer.Option(help="Column of targets; for .npy input the file of them.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of weights: how often each residual is counted.")] = None,
    alpha: Annotated[float | None, typer.Option(help="A known alpha, which is not fitted.")] = None,
    scale: Annotated[float | None, typer.Option(help="A known scale, which is not fitted.")] = None,
    alpha_bounds: Annotated[
        tuple[float, float], typer.Option(help="The lowest and the highest alpha.", metavar="LOW HIGH")
    ] = (0.001, 1.999),
    format: Annotated[str | None, typer.Option(help=f"Format of standard input: {', '.join(FORMATS)}.")] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    separator: Separator = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    null: Null = None,
    encoding: Encoding = "utf-8",
    json: Annotated[bool, typer.Option("--json", help="Print the fit as JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads of the loss kernels.")] = None,
):
    """Fit alpha and scale of the general robust loss to residuals; print them and the command that scores with them."""
    from fastloss import adaptive
    from fastloss.scoring.residuals import read_residuals

    csv = CsvOptions.of(_separator(separator), decimal, thousands, null, encoding)
    batches = read_residuals(input, residual, pred, target, format, weight, dtype, csv)
    try:
        found = adaptive.fit(batches, alpha=alpha, scale=scale, alpha_bounds=alpha_bounds, num_threads=threads)
    except ScoringError:
        raise
    except ValueError as error:
        raise ScoringError(f"{', '.join(input)}: {one_line(error)}") from error
    if json:
        typer.echo(dumps({name: None if value != value else value for name, value in asdict(found).items()}))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("alpha", _short(found.alpha), f"+- {found.alpha_stderr:.2g}")
    table.add_row("scale", _short(found.scale), f"+- {found.scale_stderr:.2g}")
    table.add_row("nll", _short(found.nll), "" if found.converged else "not converged")
    _console(sys.stdout).print(table)
    columns = {"--residual": residual, "--pred": pred, "--target": target, "--weight": weight}
    columns |= {"--format": format, "--dtype": dtype}
    columns |= {"--separator": separator, "--thousands": thousands}
    columns |= {
        "--decimal": decimal if decimal != "." else None,
        "--encoding": encoding if encoding != "utf-8" else None,
    }
    command = ["fastloss", "score", *input, "--loss", "robust"]
    command += ["-p", f"alpha={found.alpha:.6g}", "-p", f"scale={found.scale:.6g}"]
    command += [part for option in columns.items() if option[1] is not None for part in option]
    command += [f"--null={text}" for text in null or ()]
    typer.echo(f"\nTo score with them:\n\n  {shlex.join([*command, '--emit', 'value,weight', '-o', 'scored.parquet'])}")


@app.command(cls=Command)
def losses(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/losses.md instead.")] = False,
):
    """List the losses with their parameters and traits."""
    if markdown:
        typer.echo(_catalogue.markdown(), nl=False)
        return
    table = Table("loss", "family", "parameters", "traits", box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = True
    for loss in _catalogue.losses():
        table.add_row(loss.name, loss.family, ", ".join(_catalogue.parameters(loss)), _catalogue.traits(loss))
    _console(sys.stdout).print(table)


@app.command(cls=Command)
def show(
    loss: Annotated[str, typer.Argument(help="Name of the loss.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="A parameter, NAME=NUMBER.")] = None,
    plot: Annotated[str | None, typer.Option(help="Draw into this file (.png, .svg, .pdf).")] = None,
):
    """Print formula, parameters, traits and source of a loss, and draw it."""
    bound = _loss(loss, _parameters(param or ()))
    try:
        drawing = _drawing(bound) if plot is None else _picture(bound, plot)
    except ValueError as error:
        raise ScoringError(one_line(error)) from error
    console = _console(sys.stdout)
    console.print(f"[bold]{escape(repr(bound))}[/bold]\n{escape(_catalogue.summary(bound))}\n")
    facts = Table.grid(padding=(0, 2))
    for title, text in _catalogue.facts(bound).items():
        facts.add_row(f"[bold]{title}[/bold]", escape(text))
    console.print(facts)
    console.print()
    console.print("a drawing needs Unicode" if console.options.ascii_only and plot is None else drawing)


@app.command(cls=Command)
def plot(
    picture: Annotated[str, typer.Argument(help="curves, surface, density or regression.")],
    output: Annotated[str, typer.Option("--output", "-o", help="File: .png, .svg, .pdf; regression also .gif.")],
    loss: Annotated[str | None, typer.Option(help="curves: of this loss, in place of `robust`.")] = None,
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="curves: a parameter, NAME=NUMBER.")] = None,
    alphas: Annotated[str | None, typer.Option(help="curves, density: numbers A,B,C.")] = None,
    seed: Annotated[int, typer.Option(help="regression: of the random data.")] = 0,
):
    """Draw a loss, the surface of the general robust loss, its densities, or a robust regression."""
    _check_picture(output)
    from fastloss.plot import pictures

    try:
        chosen = [float(a) for a in alphas.split(",")] if alphas else None
        pictures.draw(picture, output, None if loss is None else _loss(loss, _parameters(param or ())), chosen, seed)
    except ValueError as error:
        raise ScoringError(one_line(error)) from error
    typer.echo(f"written: {output}")


@app.command(cls=Command)
def demo(
    directory: Annotated[str, typer.Argument(help="Where to put the files.")] = "fastloss-demo",
):
    """Score two real data sets end to end, and draw residuals with their IRLS weights."""
    from fastloss.scoring import demo

    demo.run(directory, _print_summary)


@app.command(cls=Command)
def info():
    """Print the version, the instruction set in use and the number of threads."""
    fastloss.show_config()


def _loss(name: str, parameters: dict):
    try:
        return fastloss.get(name, **parameters)
    except (TypeError, ValueError) as error:
        raise ScoringError(str(error)) from error


def _parameters(given: Sequence[str]) -> dict:
    parameters = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ScoringError(f"-p {text}: expected NAME=NUMBER")
        try:
            numbers = [_number(part) for part in value.split(",")]
        except (ValueError, OverflowError) as error:
            raise ScoringError(f"-p {text}: {value!r} is not a number") from error
        if name in parameters:
            raise ScoringError(f"-p {text}: {name} is given twice")
        parameters[name] = numbers[0] if len(numbers) == 1 else tuple(numbers)
    return parameters


def _number(text: str) -> int | float:
    """Raises OverflowError for a whole number that no float can hold."""
    if not re.fullmatch(r"\s*[-+]?\d+\s*", text):
        return float(text)
    float(int(text))
    return int(text)


def _columns(given: list[str] | None) -> str | list[str] | None:
    """Names given as A,B,C or, where they contain commas, by repeating the option."""
    if not given:
        return None
    names = given[0].split(",") if len(given) == 1 else given
    return names[0] if len(names) == 1 else names


def _separator(text: str | None) -> str | None:
    r"""A tab is hard to type: \t stands for it."""
    return "\t" if text == r"\t" else text


def _gate(text: str):
    """A condition on the summary under which the command fails: its text, and a predicate."""
    match = re.fullmatch(r"\s*(\w+)\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*", text)
    try:
        field, comparison, number = match[1], COMPARISONS[match[2]], float(match[3])
    except (TypeError, ValueError):
        field = None
    if field not in GATED or number != number:
        raise ScoringError(
            f"--fail-if {text!r}: expected FIELD OP NUMBER, with a FIELD of {', '.join(GATED)} "
            f"and an OP of {' '.join(COMPARISONS)}"
        )

    def holds(summary: Summary) -> bool:
        value = summary.quantile(int(field[1:]) / 100) if field[1:].isdigit() else None
        value = getattr(summary, field, value)
        return value is None or value != value or comparison(value, number)

    return text, holds


def _progress(data_on_stdout: bool):
    """A progress bar on stderr as a callable; None without a terminal of its own."""
    if not sys.stderr.isatty() or (data_on_stdout and sys.stdout.isatty()):
        return nullcontext()
    return _Bar()


def _log(fragment: dict) -> None:
    """One line for machines."""
    print(dumps(fragment), file=sys.stderr, flush=True)


class _Bar:
    """Fragments and rows done, rows a second, time left."""

    def __init__(self):
        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[fragments]}{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=_console(sys.stderr),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, rows=0, rate=0.0, fragments="")
        self._start = time.monotonic()

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def moved(self, rows: int, share: float | None) -> None:
        known = {} if share is None else {"total": 1.0, "completed": share}
        rate = rows / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(self._task, rows=rows, rate=rate, **known)

    def ended(self, fragment: dict) -> None:
        if fragment["of"] > 1:
            self._bar.update(self._task, fragments=f"{fragment['done']:,} of {fragment['of']:,} files, ")


def _print_summary(summary: Summary, title: str, to_stderr: bool = False) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("count", "null", "nan", "ignored"):
        table.add_row(name, f"{getattr(summary, name):,}")
    for name in ("sum", "mean", "min"):
        table.add_row(name, _short(getattr(summary, name)))
    for percent in (50, 90, 99):
        table.add_row(f"p{percent}", _short(summary.quantile(percent / 100)))
    table.add_row("max", _short(summary.max))
    if summary.weighted is not None:
        table.add_row("weights", _short(summary.sum_of_weights))
        table.add_row("weighted mean", _short(summary.weighted_mean))
    console = _console(sys.stderr if to_stderr else sys.stdout)
    console.print(title, markup=False)
    console.print(table)
    outputs = [(name, output) for name, output in summary.outputs.items() if name.startswith("value")]
    if outputs:  # each of several, of predictions
        console.print(_parts("output", outputs))
    if isinstance(summary, GroupedSummary):
        largest = sorted(summary.groups.items(), key=lambda item: -item[1].rows)
        console.print(_parts(summary.by, largest))


def _parts(title: str, summaries: list[tuple]) -> Table:
    """A line a group or output, as many as a screen shows."""
    table = Table(title, box=None, pad_edge=False, header_style="")
    for name in ("count", "mean", "p50", "p99", "max"):
        table.add_column(name, justify="right")
    for key, group in summaries[:MAX_GROUPS]:
        numbers = (group.mean, group.quantile(0.5), group.quantile(0.99), group.max)
        table.add_row("null" if key is None else escape(str(key)), f"{group.count:,}", *map(_short, numbers))
    if len(summaries) > MAX_GROUPS:
        table.add_row(f"and {len(summaries) - MAX_GROUPS:,} more: see --json")
    return table


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _console(stream) -> Console:
    # Without a terminal rich would fold lines at 80 columns.
    return Console(file=stream, width=None if stream.isatty() else 200, highlight=False)


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
    from fastloss.plot import curves

    curves(loss).savefig(path)
    return escape(f"written: {path}")


def _check_picture(path: str) -> None:
    """It can be drawn, and under this name: matplotlib would add .png to one without an extension."""
    if not os.path.splitext(path)[1]:
        raise ScoringError(f"{path}: a picture needs an extension: .png, .svg or .pdf")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ScoringError("a picture needs more than the core: pip install 'fastloss[plot]'") from error
