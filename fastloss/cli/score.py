"""`fastloss score`: files, with gates on their summary."""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Annotated

import typer

import fastloss
from fastloss.cli.gates import COMPARISONS, FIELDS, SHARES, gate_of, report_failures
from fastloss.cli.merge import write_summary
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
    check_file,
    columns,
    names_of,
    parameters,
    separator_of,
    storage_options,
)
from fastloss.cli.progress import log_fragment, progress_bar
from fastloss.cli.report import check_page, said, write_report
from fastloss.cli.tables import SORTS, print_summary
from fastloss.cli.worst import worst_files, write_worst
from fastloss.exact.summary import Summaries
from fastloss.files import ENGINES, ScoringError, Summary
from fastloss.files.arguments import as_choice
from fastloss.files.engines.resume import recorded
from fastloss.files.formats import STREAM, TABLE
from fastloss.files.spec import MULTIOUTPUT
from fastloss.files.stores.addresses import Addresses


def score(
    input: Annotated[list[str], typer.Argument(help=INPUT_HELP)],
    loss: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Name of the loss, a sum such as 'huber(delta=2) + 0.1*mse', or MODULE:NAME. Repeated, several in one "
            "pass.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Where the rows go: a file, whose extension is its format, a directory (DIR/ for a new one), or - for "
            "standard output. Without it the summary alone is printed.",
        ),
    ] = None,
    param: Param = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="NAME", help="What a loss of several is called; once for each, in their order."),
    ] = None,
    pred: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS",
            help="Column of predictions or logits, or several A,B,C (a name with commas is in quotes, '\"A, B\"').",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="Column of targets or labels; for .npy input the file of them."),
    ] = None,
    residual: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="Column of residuals, or several A,B,C, in place of pred and target."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="For losses of embeddings: file of the classes' vectors, .npy or PATH:COLUMN of lists."
        ),
    ] = None,
    multioutput: Annotated[
        str, typer.Option(help=f"What a row of several outputs has as its value: {' or '.join(MULTIOUTPUT)}.")
    ] = MULTIOUTPUT[0],
    emit: Annotated[
        str, typer.Option(metavar="OUTPUTS", help="Outputs to write, one or several of value,grad,hess,weight.")
    ] = "value",
    keep: Annotated[
        str, typer.Option(metavar="COLUMNS", help="Columns of the input to write too: all, none, or A,B,C.")
    ] = "all",
    prefix: Annotated[str, typer.Option(help="Put before the names of the emitted columns.")] = "",
    format: Annotated[str | None, typer.Option(help=f"{FORMAT_HELP} Also of standard output.")] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    separator: Separator = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    null: Null = None,
    encoding: Encoding = "utf-8",
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    summary_file: Annotated[
        str | None,
        typer.Option(
            "--summary", metavar="FILE", help="Write the summary with its state as JSON, which `fastloss merge` takes."
        ),
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.html", help="Write the summary as a page for any browser.")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help=f'Exit with 1 if this holds of the summary, such as "mean>0.3" or "huber.p99.9 > 1.1 * last.json" (a '
            f"former summary); may be repeated. Of {', '.join(FIELDS)}, p50 or another percentile, "
            f"{', '.join(SHARES)}, with {' '.join(COMPARISONS)}. After each: it is of every group, after new: of the "
            "files alone that this run did not skip.",
        ),
    ] = None,
    storage: Storage = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Into a directory: skip the files that an earlier run has done.")
    ] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Summarize the rows of each value of this column too; repeated, of each combination of values.",
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option(help=f"The groups in the table, the largest mean first or by key: {' or '.join(SORTS)}.")
    ] = SORTS[0],
    worst: Annotated[
        int | None,
        typer.Option(metavar="N", help="The rows of the N largest losses too, with all columns of the input."),
    ] = None,
    worst_to: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write these as a table, of several losses into a directory DIR/."),
    ] = None,
    worst_by_group: Annotated[
        bool, typer.Option("--worst-by-group", help="N worst rows of each group of --by, too.")
    ] = False,
    weight: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of weights, for the weighted sum and mean.")
    ] = None,
    where: Where = None,
    calibration: Annotated[
        int | None,
        typer.Option(
            metavar="BINS",
            help="Hold probabilities against what came true, in so many bins: cross_entropy, nll, binary.",
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help=f"What runs the job: {', '.join(ENGINES)}.")] = "local",
    workers: Annotated[
        int | None,
        typer.Option(
            help="Files done at a time, or size of the cluster started; by default the processors, 1 of small files."
        ),
    ] = None,
    fragment_rows: Annotated[int | None, typer.Option(help="Cut Parquet files into fragments of so many rows.")] = None,
    threads: Annotated[int | None, typer.Option(help=THREADS_HELP)] = None,
    log: Annotated[bool, typer.Option("--log", help="Print a line of JSON to stderr after each fragment.")] = False,
):
    """Score the rows of data files; write them with their losses, print a summary.

    For example: fastloss score in.parquet -o out.parquet --loss huber -p delta=1.345 --pred p --target y

    The exit code is 0, 1 where a --fail-if holds, or 2 for an error, which is one line on standard error.
    """
    as_choice(sort, "sort", SORTS)
    bound = _losses(loss, names or [], parameters(param or ()))
    named = bound if isinstance(bound, dict) else {"": bound}
    gates = [gate_of(text, named, by or ()) for text in fail_if or ()]
    arrays = [name for name in (weight, *(by or ()), *(target or ())) if name and os.path.isfile(name)]
    files = [*input, output, head, *arrays]
    check_file(summary_file, "summary", "summary.json", files)
    check_page(report, [*files, summary_file])
    tables = {} if worst_to is None else worst_files(worst_to, worst, list(named), [*files, summary_file, report])
    output = _output(output, input, json, format)
    scored: list[str] = []
    with nullcontext() if log else progress_bar(data_on_stdout=output == STREAM) as progress:
        show = log_fragment if log else None if progress is None else progress.ended
        summary = fastloss.score(
            input,
            output,
            loss=bound,
            pred=columns(pred),
            target=columns(target),
            residual=columns(residual),
            head=head,
            multioutput=multioutput,
            emit=[name.strip() for name in emit.split(",")],
            keep=keep if keep in ("all", "none") else names_of(keep),
            prefix=prefix,
            by=None if not by else by[0] if len(by) == 1 else by,
            sample_weight=weight,
            where=where,
            worst=worst,
            worst_by_group=worst_by_group,
            calibration=calibration,
            format=format,
            dtype=dtype,
            separator=separator_of(separator),
            decimal=decimal,
            thousands=thousands,
            null=null,
            encoding=encoding,
            engine=engine,
            workers=workers,
            fragment_rows=fragment_rows,
            resume=resume,
            storage_options=storage_options(storage),
            num_threads=threads,
            progress=None if progress is None else progress.moved,
            on_fragment=_noting(scored, show) if resume else show,
        )
    summaries = _by_name(summary)
    if summary_file is not None:
        write_summary(summary, summary_file)
    for name, path in tables.items():
        write_worst(summaries[name].worst, path)
    if json:
        typer.echo(summary.to_json())
    else:
        for name, one in summaries.items():
            title = name if isinstance(bound, dict) else repr(bound)
            print_summary(one, title, output is not None, sort)
    if report is not None:
        read = {"prediction": pred, "target": target, "residual": residual, "weight": weight, "where": where}
        of = said(data=input, **read, by=by, output=output)
        write_report(report, summary, about=of)
    new = _recorded(scored, output, storage) if resume and any(gate.new for gate in gates) else summaries
    if report_failures(gates, summaries, new):
        raise typer.Exit(1)


def _output(given: str | None, input: list[str], json: bool, format: str | None) -> str | None:
    """Where rows go: as CSV out of CSV where both are streams; nowhere where JSON takes standard output."""
    if given == TABLE:  # which is a path in a shell
        return os.path.join(os.curdir, given)
    if json and given == STREAM:
        typer.echo("fastloss: --json takes standard output, no rows are written", err=True)
        return None
    if given is None and not json and input == [STREAM] and format == "csv":
        return STREAM
    return given


def _by_name(summary: Summary | Summaries) -> Mapping[str, Summary]:
    """Summaries by the names of their losses, "" of a single one."""
    return summary if isinstance(summary, Summaries) else {"": summary}


def _recorded(outputs: list[str], directory: str | None, storage: list[str] | None) -> Mapping[str, Summary]:
    """The summaries of outputs in a directory, by the names of their losses; none of no outputs."""
    if not outputs:
        return {}
    store, _ = Addresses(storage_options(storage)).of_output(directory)
    return _by_name(recorded(store, outputs))


def _noting(scored: list[str], show: Callable[[dict], None] | None) -> Callable[[dict], None]:
    """What is called after each fragment: notes the output of one that was not skipped, and shows it."""

    def ended(fragment: dict) -> None:
        if not fragment["skipped"]:
            scored.append(fragment["output"])
        if show is not None:
            show(fragment)

    return ended


def _losses(given: list[str], names: list[str], parameters: dict):
    """The loss, or several by their names."""
    if len(given) == 1 and not names:
        return bound_loss(given[0], parameters)
    if parameters:
        raise ScoringError("-p is for a single loss: give each of several as NAME(PARAMETER=NUMBER, ...)")
    losses = [bound_loss(text, {}) for text in given]
    if names and len(names) != len(losses):
        raise ScoringError(f"--as names {len(names)} losses, --loss gives {len(losses)}: give one NAME for each")
    names = names or [loss.name for loss in losses]
    if len(set(names)) < len(names):
        raise ScoringError(f"two losses of one name, {', '.join(names)}: give --as NAME for each")
    return dict(zip(names, losses, strict=True))
