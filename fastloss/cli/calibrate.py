"""`fastloss calibrate`: the temperature of stored logits."""

import sys
from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer
from rich.table import Table

import fastloss
from fastloss.cli.options import (
    DTYPE_HELP,
    FORMAT_HELP,
    INPUT_HELP,
    THREADS_HELP,
    Decimal,
    Encoding,
    Null,
    Separator,
    Storage,
    Thousands,
    Where,
    columns,
    separator_of,
    storage_options,
)
from fastloss.cli.tables import console_on, short
from fastloss.files import ScoringError
from fastloss.files.arguments import as_count, optional
from fastloss.files.errors import one_line


def calibrate(
    input: Annotated[list[str], typer.Argument(help=INPUT_HELP)],
    pred: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Column of logits, lists, or several A,B,C.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of labels; for .npy input the file of them.")
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of weights.")] = None,
    ignore_index: Annotated[int, typer.Option(help="The label of rows that do not count.")] = -100,
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
    threads: Annotated[int | None, typer.Option(help=THREADS_HELP)] = None,
):
    """Find the temperature under which the cross-entropy of logits is least: divide them by it.

    For example: fastloss calibrate logits.parquet --pred logits --target label
    """
    threads = optional(as_count, threads, "threads")
    try:
        found = fastloss.calibrate(
            input,
            pred=columns(pred),
            target=target,
            ignore_index=ignore_index,
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
    except ScoringError:
        raise
    except ValueError as error:
        raise ScoringError(f"{', '.join(input)}: {one_line(error)}") from error
    if json:
        typer.echo(dumps(asdict(found)))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("temperature", short(found.temperature), f"+- {found.stderr:.2g}")
    table.add_row("cross-entropy before", short(found.before), "")
    table.add_row("cross-entropy after", short(found.after), "" if found.converged else "not converged")
    console_on(sys.stdout).print(table)
