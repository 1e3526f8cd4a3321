"""`fastloss compare`: two predictions of the same rows, with gates on their difference."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

import fastloss
from fastloss.cli.gates import COMPARISONS, condition_of, failure, holds, number
from fastloss.cli.options import (
    DTYPE_HELP,
    FORMAT_HELP,
    INPUT_HELP,
    THREADS_HELP,
    Decimal,
    Encoding,
    Null,
    Param,
    Separator,
    Storage,
    Thousands,
    Where,
    bound_loss,
    columns,
    parameters,
    separator_of,
    storage_options,
)
from fastloss.cli.report import check_page, said, write_report
from fastloss.cli.tables import MAX_GROUPS, console_on, print_table, short
from fastloss.files import GroupedSummary, ScoringError
from fastloss.files.errors import escaped

if TYPE_CHECKING:
    from fastloss.files.comparing import Comparison

GATED = ("difference", "difference.low", "difference.high")


def compare(
    input: Annotated[list[str], typer.Argument(metavar="DATA [OTHER]", help=INPUT_HELP)],
    loss: Annotated[str, typer.Option(metavar="NAME", help="Name of the loss; `fastloss losses` lists them.")],
    target: Annotated[
        list[str],
        typer.Option(metavar="COLUMNS", help="Column of targets or labels, or several; of .npy input the file."),
    ],
    pred: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="Column of the first prediction, or several; .npy input is one itself."),
    ] = None,
    versus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS",
            help="Column of the other prediction, beside .npy input its file; in OTHER that of --pred by default.",
        ),
    ] = None,
    param: Param = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Compare the rows of each value of this column too; may be repeated."),
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of weights.")] = None,
    where: Where = None,
    format: Annotated[str | None, typer.Option(help=FORMAT_HELP)] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    storage: Storage = None,
    separator: Separator = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    null: Null = None,
    encoding: Encoding = "utf-8",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.html", help="Write the result as a page for any browser.")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help=f'Exit with 1 if this holds, such as "difference>0"; may be repeated. Of {", ".join(GATED)} (the ends '
            f"of the interval), with {' '.join(COMPARISONS)}.",
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(help=THREADS_HELP)] = None,
):
    """Compare two predictions row by row: is the first one better?

    For example: fastloss compare data.parquet --pred new --versus old --target y --loss huber

    The difference is the first loss minus the second. The exit code is 0, 1 where a --fail-if holds, or 2 for an error.
    """
    gates = [_gate(text) for text in fail_if or ()]
    check_page(report, input)
    if len(input) > 2:
        raise ScoringError(f"compare takes one or two data sets, got {len(input)}: put files of one into a directory")
    bound = bound_loss(loss, parameters(param or ()))
    result = fastloss.compare(
        *input,
        loss=bound,
        pred=columns(pred),
        versus=columns(versus),
        target=columns(target),
        by=by,
        sample_weight=weight,
        where=where,
        format=format,
        dtype=dtype,
        separator=separator_of(separator),
        decimal=decimal,
        thousands=thousands,
        null=null,
        encoding=encoding,
        storage_options=storage_options(storage),
        num_threads=threads,
    )
    if json:
        typer.echo(result.to_json())
    else:
        _print(result, repr(bound), *(input if len(input) == 2 else (columns(pred) or input[0], columns(versus))))
    if report is not None:
        of = said(data=input, prediction=pred, versus=versus, target=target, weight=weight, where=where, by=by)
        write_report(report, result, about=of)
    failed = False
    for text, field, compares, bound in gates:
        if holds(value := _field(result, field), compares, bound):
            failed = True
            typer.echo(f"fastloss: gate failed: {escaped(text.strip())}: {failure(field, value, bound)}", err=True)
    if failed:
        raise typer.Exit(1)


def _print(result: "Comparison", title: str, first, second) -> None:
    from fastloss.files.comparing import OUTCOMES

    console = console_on(sys.stdout)
    console.print(escaped(title), markup=False)
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("")
    for name in ("count", "mean", "std", "p50", "p99", "max"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, summary in ((first, result.first), (second, result.second), ("difference", result.difference)):
        numbers = (summary.weighted_mean, summary.std, summary.quantile(0.5), summary.quantile(0.99), summary.max)
        table.add_row(escape(escaped(str(name))), f"{summary.count:,}", *map(short, numbers))
    print_table(console, table)
    labels = result.first.labels() if isinstance(result.first, GroupedSummary) else {}
    rows = [("all", result), *((labels[key], group) for key, group in [*result.groups.items()][:MAX_GROUPS])]
    by = result.by or ""
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column(escape(escaped(by if isinstance(by, str) else ", ".join(by))))
    for name in ("difference", "from", "to", *OUTCOMES):
        table.add_column(name, justify="right", no_wrap=True)
    for label, group in rows:
        low, high = group.difference.interval or (None, None)
        counts = (f"{getattr(group, name):,}" for name in OUTCOMES)
        table.add_row(escape(escaped(label)), *map(short, (group.difference.weighted_mean, low, high)), *counts)
    print_table(console, table)
    if len(result.groups) > MAX_GROUPS:
        console.print(f"and {len(result.groups) - MAX_GROUPS:,} more: see --json")


def _gate(text: str):
    """A condition under which the command fails: its text, what it looks at, and how, beside which number."""
    field, compares, bound = condition_of(text) or ("", None, "")
    limit = number(bound)
    if field not in GATED or limit is None:
        raise ScoringError(
            f"--fail-if {text!r}: expected FIELD OP NUMBER, with a FIELD of {', '.join(GATED)} and an OP of "
            f"{' '.join(COMPARISONS)}"
        )
    return text, field, compares, limit


def _field(result: "Comparison", field: str) -> float | None:
    if field == "difference":
        return result.difference.weighted_mean
    interval = result.difference.interval
    return None if interval is None else interval[field == "difference.high"]
