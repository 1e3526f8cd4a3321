"""`fastloss fit`: alpha and scale of the general robust loss, from residuals in files."""

import sys
from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer
from rich.table import Table

from fastloss.cli.options import (
    DTYPE_HELP,
    FORMAT_HELP,
    INPUT_HELP,
    Decimal,
    Encoding,
    Null,
    Separator,
    Storage,
    Thousands,
    Where,
    command_line,
    separator_of,
    storage_options,
)
from fastloss.cli.tables import console_on, short
from fastloss.files import ScoringError
from fastloss.files.csv.options import CsvOptions
from fastloss.files.errors import one_line


def fit(
    input: Annotated[list[str], typer.Argument(help=INPUT_HELP)],
    residual: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of residuals; or give --pred and --target.")
    ] = None,
    pred: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of predictions.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of targets; for .npy input the file of them.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of weights: how often each residual is counted.")
    ] = None,
    where: Where = None,
    alpha: Annotated[float | None, typer.Option(help="A known alpha, which is not fitted.")] = None,
    scale: Annotated[float | None, typer.Option(help="A known scale, which is not fitted.")] = None,
    alpha_bounds: Annotated[
        tuple[float, float], typer.Option(help="The lowest and the highest alpha.", metavar="LOW HIGH")
    ] = (0.001, 1.999),
    format: Annotated[str | None, typer.Option(help=FORMAT_HELP)] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    storage: Storage = None,
    separator: Separator = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    null: Null = None,
    encoding: Encoding = "utf-8",
    json: Annotated[bool, typer.Option("--json", help="Print the fit as JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Threads of the loss kernels.")] = None,
):
    """Fit alpha and scale of the general robust loss to residuals; print them and the command that scores with them.

    For example: fastloss fit in.parquet --pred p --target y
    """
    from fastloss import adaptive  # which takes its time, as other commands need not
    from fastloss.files.residuals import read_residuals

    csv = CsvOptions.of(separator_of(separator), decimal, thousands, null, encoding)
    batches = read_residuals(
        input,
        residual=residual,
        pred=pred,
        target=target,
        format=format,
        sample_weight=weight,
        dtype=dtype,
        csv=csv,
        storage_options=storage_options(storage),
        where=where,
    )
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
    table.add_row("alpha", short(found.alpha), f"+- {found.alpha_stderr:.2g}")
    table.add_row("scale", short(found.scale), f"+- {found.scale_stderr:.2g}")
    table.add_row("nll", short(found.nll), "" if found.converged else "not converged")
    console_on(sys.stdout).print(table)
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
    command += [part for condition in where or () for part in ("--where", condition)]
    command += ["--emit", "value,weight", "-o", "scored.parquet"]
    typer.echo(f"\nTo score with them:\n\n  {command_line(command)}")
