"""Scoring of data files: losses, gradients and weights of every row, and an exact summary.

The way in is `score`. Behind it, `dataset` finds the files and cuts the job into tasks, an engine
(`local`, `dask`, `spark`) runs them, and `job.Job.do` is the unit of work that every engine calls:

    readers  ->  batch (columns, the loss)  ->  output (writers)
                          |
                       summary

`batch_function` is the middle of it, for other libraries; `fastloss.integrations` has what they need around it.
pyarrow is imported when `score` or a batch function is called, not before.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fastloss.core.installing import check_pyarrow
from fastloss.core.loss import Loss
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.summary import Summaries, Summary
from fastloss.files.adapter import batch_function
from fastloss.files.arguments import (
    as_choice,
    as_count,
    as_flag,
    as_function,
    as_inputs,
    as_losses,
    as_options,
    as_path,
    optional,
)
from fastloss.files.csv.options import CsvOptions
from fastloss.files.errors import ScoringError
from fastloss.files.formats import MEMORY, TABLE
from fastloss.files.spec import Spec

__all__ = ["GroupedSummary", "ScoringError", "Spec", "Summary", "batch_function", "score"]

ENGINES = ("local", "dask", "spark")
AUTOMATIC_ROWS = 1 << 24  # of a fragment, where nothing is written
AUTOMATIC_BYTES = 64 << 20  # at least, of a file that is cut then


def score(
    input,
    output: str | os.PathLike | None = None,
    *,
    loss,
    pred: str | Iterable[str] | None = None,
    target: str | os.PathLike | Iterable[str] | None = None,
    residual: str | Iterable[str] | None = None,
    head: str | os.PathLike | None = None,
    emit: str | Iterable[str] = ("value",),
    keep: str | Iterable[str] = "all",
    prefix: str = "",
    by: str | Iterable[str] | None = None,
    sample_weight: str | None = None,
    where: str | Iterable[str] | None = None,
    calibration: int | None = None,
    multioutput: str = "uniform_average",
    worst: int | None = None,
    worst_by_group: bool = False,
    format: str | None = None,
    dtype: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    null: str | Iterable[str] | None = None,
    encoding: str = "utf-8",
    engine: str = "local",
    workers: int | None = None,
    client=None,
    spark=None,
    fragment_rows: int | None = None,
    resume: bool = False,
    num_threads: int | None = None,
    storage_options: Mapping | None = None,
    progress: Callable[[int, float | None], None] | None = None,
    on_fragment: Callable[[dict], None] | None = None,
) -> Summary | Summaries | tuple[Summary | Summaries, Any]:
    """Score the rows of data files or tables; write them with their losses, return an exact summary.

    They are read in batches, so that memory does not grow with the number of rows, and an output
    appears under its name only when it is complete.

    Parameters
    ----------
    input : path, table in memory, pyarrow.dataset.Dataset, lake table, or several
        A table in memory: a pyarrow Table, RecordBatch or RecordBatchReader, a pandas DataFrame (with its index, as
        pandas converts it, in which NaN is null), a polars DataFrame or LazyFrame, anything with `__arrow_c_stream__`
        such as a duckdb relation, or an iterator of record batches. Streams are read once, batch by batch.
        Files: .parquet .pq .parq, .csv .txt .tsv, .arrow .ipc .arrows, .feather .ftr, .jsonl .ndjson, .orc, .npy .npz
        .safetensors (text, .arrow also compressed, .csv.gz or .csv.zst); directories of them and of directories, in
        which one called NAME=VALUE is one more column NAME; patterns such as `data/*.parquet`; addresses that fsspec
        knows, such as "s3://bucket/data"; a pyarrow dataset of files, whole or the row groups to which its fragments
        were cut down; a deltalake.DeltaTable, a pyiceberg table or scan, a Lance dataset, whose folders are refused;
        or "-" for standard input in the given `format`. Where their columns differ,
        one output has those of all, with nulls where a file lacks one, each of a type that holds the values of all;
        into a directory each file keeps its own.
    output : path, optional
        A file, whose extension is its format; a directory, into which each input file is written
        under its own name and directories NAME=VALUE, one job at a time; an address of one of these that fsspec knows;
        or "-" for standard output; or "table": the rows come back as a table in memory (a file called so is
        "./table"). A new directory for several files has no extension or ends with "/", for one file
        with "/". Without it only the summary is computed.
    loss : Loss or str, a list of these or a mapping {name: loss}
        A loss with its parameters bound, or the name or repr of one. Of several losses, which read the same columns in
        one pass, the result is a mapping of summaries by name, and the columns are NAME, NAME_grad, and so on; two
        losses of one name need a mapping.
    pred, target : str or list of str
        Columns of predictions and targets, here and below also fields of structs: "s.pred", where no column is called
        so. For a loss over rows of logits, `pred` is a column of lists or several columns; `target` is a column of
        labels, of any type if they are whole, or of lists, or several columns of
        class probabilities. For any other loss these are the outputs of a prediction, and pred and target hold equally
        many; see `multioutput`. For .npy inputs `target` is the .npy file (or directory of files) of
        the targets, as `sample_weight` and `by` (also of texts or dates) are theirs, and the name `pred` may be left
        out.
    residual : str or list of str
        The column of residuals pred - target, or the columns of several outputs, in place of the two.
    head : path or array, optional
        For a loss of embeddings and vectors of classes (linear_cross_entropy, arcface, ...), these vectors, in the
        order of the labels: a .npy file of shape (C, D), a file with one column of lists, or PATH:COLUMN. `pred` is
        then the column of embeddings (lists, or several columns, or an array of shape (N, D)); "grad" is by these.
    emit : str or tuple of str
        Outputs to write, in this order: "value", "grad", "hess", "weight".
    keep : "all", "none" or list of str
        Columns of the input that the output carries.
    prefix : str
        Put before the names of the emitted columns.
    by : str or list of str
        Column by whose values the rows are summarized too: the summary is a `GroupedSummary`. Of several columns the
        keys of its groups are tuples.
    sample_weight : str
        Column of weights, finite and not negative, of the rows in the summary's `sum_of_weights`, `weighted_sum` and
        `weighted_mean`. What is written is not multiplied. A row whose weight is null is null.
    calibration : int, optional
        In how many bins of equal width the probabilities that are predicted are held against what came true: see
        `Summary.calibration`. Of rows of logits (cross_entropy, nll) the probability is that of the most likely class,
        and what came true is whether that was the label; of binary losses (binary_cross_entropy, with logits or
        without, sigmoid_focal, logistic) it is that of the target 1, and what came true the target.
    where : str or list of str
        What has to hold of the rows that are scored, each COLUMN OP VALUE with an OP of == != < <= > >= in: "x > 0.5",
        "day >= 2026-11-01", "model in [a, b]", "'my flag' == true". All of several have to hold. Names and texts with
        spaces or signs are in quotes; a text column compares as text, and so do fields of CSV with a value in quotes.
        Integers, decimals, dates and times compare exactly, floats with the nearest float; NaN meets != alone. The
        other rows, and those that are null there, are ignored: null in what is written, and in no group. Row groups
        without a match, as their statistics or a directory's name tell, are not decoded for it.
    multioutput : "uniform_average" or "raw_values"
        What the value of a row of several outputs (lists, several columns, or an array of shape (n, k)) is, named as in
        scikit-learn: their mean, or each of them, as a list. "grad" and "hess" are lists of the derivatives of this
        value by each output, "weight" of their IRLS weights. A null in a row makes it null, a NaN its mean NaN. The
        summary is over the rows' means either way; with "raw_values" `summary.outputs` has one for each output too,
        called "value[0]", "value[1]", and so on.
    worst : int, optional
        How many rows of the largest losses `summary.worst` has: a pyarrow Table, the largest loss first, equal ones in
        the order of the input, with the columns `file`, `row` (in that file, counted from 0), `value`, and all of the
        input, whose types in CSV are those of these rows; `prefix` is put before the three. Rows whose loss is null or
        NaN, or that are ignored, are not among them.
    worst_by_group : bool
        With `by`, that the summary of each group has its own so many rows, too.
    format : str
        Format of standard input, of inputs whose extension names none, and of standard output: parquet, csv, arrow,
        feather, npy, and of inputs also npz, safetensors, jsonl or orc.
    dtype : "bfloat16", optional
        What the elements of .npy and .npz arrays are that have two bytes and no type, as NumPy saves the bfloat16 of
        ml_dtypes.
    separator : str, optional
        What is between the fields of CSV text, in the output too; a comma by default, in .tsv files a tab.
    decimal, thousands : str, optional
        The decimal point of CSV text, and what is between groups of digits. Where they are given, numbers are written
        with a point and without groups, else as they were.
    null : str or list of str, optional
        What stands for null in numbers of CSV text, beside an empty field, NA, N/A, null and their like.
    encoding : str
        Of CSV text; its output is UTF-8. UTF-16 with a byte order mark is known by it.
    engine : "local", "dask" or "spark"
        What runs the job: threads of this process, a Dask cluster or a Spark session. Files and the directory of the
        output have to be there, under the same names, on every machine of a cluster, and `fastloss` installed.
    workers : int, optional
        Tasks done at a time on this machine, or size of the cluster that is started; by default the processors, or 1
        for small files of this machine, which is faster unless their file system lets a reader wait.
    client : distributed.Client, optional
        For engine="dask". Without one a cluster of processes on this machine is started, and stopped at the end.
    spark : pyspark.sql.SparkSession, optional
        For engine="spark". Without one the active session, or a local one that is started, and stopped at the
        end.
    fragment_rows : int, optional
        Cut Parquet files into runs of row groups of at most so many rows, each of them a fragment:
        a unit of work with an output NAME.00000.parquet, NAME.00001.parquet, ... of its own. Without
        it, large files are cut only where no output is written.
    resume : bool
        Into a directory that is not empty: skip the files whose outputs are done, which means made
        from the same input with the same spec by the same version, and not changed since. Outputs there that
        earlier runs made and this one does not make are removed at the end; other files stay.
    num_threads : int, optional
        Threads of the loss kernels, as for the loss itself; 1 where several tasks are done at a time.
    storage_options : mapping, optional
        Keywords of fsspec for the stores of addresses, as {"key": ..., "secret": ..., "endpoint_url": ...} of S3, or by
        protocol, {"s3": {...}}; what is not given they take from the environment.
    progress : callable, optional
        Called with the rows done so far and their share of all, None where that is not known.
    on_fragment : callable, optional
        Called after each fragment with a dict: "fragment", "output" (its path, or None), "rows", "error" (None or
        text), "skipped" (whether an earlier run had done it), "done", "of".

    Returns
    -------
    Summary, or of several losses {name: Summary}; with output="table" (this, pyarrow.Table)
        Over the values of the loss, whichever outputs are emitted; `summary.outputs` has one for each other output
        that is emitted and is one number a row. The table has the columns that a file would have.

    Raises
    ------
    ScoringError
        A ValueError (for a column of the wrong type also a TypeError, for a label out of bounds
        also an IndexError), in one line that names the file, the column or the row, counted from 0
        over the whole input.
    OSError
        If an input does not exist or may not be read. What a stream raises is raised as it is.
    ImportError
        If pyarrow is not installed.

    Examples
    --------
    >>> import fastloss as fl, numpy as np, os, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> file = os.path.join(directory.name, "r.npy")
    >>> np.save(file, np.array([0.5, -3.0, np.nan]))
    >>> summary = fl.score(file, loss=fl.huber)
    >>> summary.count, summary.nan, summary.mean
    (2, 1, 1.3125)
    >>> directory.cleanup()

    A table in memory, and its losses as another:

    >>> import pyarrow as pa
    >>> table = pa.table({"day": ["mon", "mon", "tue"], "p": [0.5, 3.0, 1.0], "y": [0.0, 0.0, 1.0]})
    >>> summary, scored = fl.score(table, "table", loss=fl.huber, pred="p", target="y", by="day", keep=["day"])
    >>> scored.to_pydict()
    {'day': ['mon', 'mon', 'tue'], 'value': [0.125, 2.5, 0.0]}
    >>> summary.groups["mon"].mean
    1.3125

    Its rows of the largest losses:

    >>> fl.score(table, loss=fl.huber, pred="p", target="y", worst=1).worst.to_pylist()
    [{'file': None, 'row': 1, 'value': 2.5, 'day': 'mon', 'p': 3.0, 'y': 0.0}]
    """
    check_pyarrow()
    from fastloss.files import dataset, inputs
    from fastloss.files.engines import job
    from fastloss.files.head import Head
    from fastloss.files.readers import sources as readers
    from fastloss.files.stores.addresses import Addresses
    from fastloss.files.writers.output import TableOutput

    run = _engine(engine, optional(as_count, workers, "workers"), client, spark)
    csv = CsvOptions.of(separator, decimal, thousands, null, encoding)
    losses, given = as_losses(loss, "loss"), as_inputs(input, "input")
    first, *others = [losses] if isinstance(losses, Loss) else losses.values()
    if engine != "local":
        for one in (first, *others):
            _check_portable(one)
    addresses = Addresses(optional(as_options, storage_options, "storage_options"))
    gathered = TableOutput() if isinstance(output, str) and output == TABLE else None
    output = output if gathered is None else None
    store, output = addresses.of_output(optional(as_path, output, "output"))
    fragment_rows = optional(as_count, fragment_rows, "fragment_rows")
    num_threads = optional(as_count, num_threads, "num_threads")
    progress = optional(as_function, progress, "progress")
    on_fragment = optional(as_function, on_fragment, "on_fragment")
    resume = as_flag(resume, "resume")

    found = inputs.find(given, format, addresses)
    if engine != "local":
        _check_spread(found.fragments, gathered is not None, engine)
    fragments, columns = dataset.of_arrays(
        found.fragments,
        first,
        addresses,
        pred=pred,
        target=target,
        residual=residual,
        by=by,
        sample_weight=sample_weight,
    )
    dataset.check_apart(output, store, found.directories)
    addresses.check_options()
    into_directory = dataset.is_directory_output(found.is_several, output, store)
    if fragment_rows is not None:
        fragments = inputs.cut(fragments, fragment_rows)
    elif output is None and gathered is None:
        fragments = inputs.cut(fragments, AUTOMATIC_ROWS, AUTOMATIC_BYTES)
    if worst is not None:  # whose rows tell of which they are
        fragments = [replace(fragment, number=number) for number, fragment in enumerate(fragments)]
    if gathered is None:
        tasks = dataset.plan(fragments, output, into_directory, format, store)
    else:
        tasks = [dataset.Task(tuple(fragments), format=TABLE, gathered=gathered)]
    dataset.check_unmatched(tasks, found.patterns)
    if isinstance(keep, str) and keep == "all" and any(task.format == "npy" for task in tasks):
        keep = "none"  # an array has no room for them
    spec = (Spec.of if isinstance(losses, Loss) else Spec.of_several)(
        losses,
        **columns,
        emit=emit,
        keep=keep,
        prefix=prefix,
        multioutput=multioutput,
        dtype=dtype,
        csv=csv,
        head=None if head is None else Head.of(head, dtype, addresses),
        where=where,
        worst=worst,
        worst_by_group=worst_by_group,
        calibration=calibration,
    )

    classes = readers.common_class_count(fragments, spec) if len(fragments) > 1 else None
    work = job.Job(spec, classes, num_threads, recorded=into_directory)
    watch = job.Watch(tasks, into_directory, progress, on_fragment)
    if resume and not into_directory:
        raise ScoringError("resume needs a directory as the output")
    if into_directory:
        do = partial(job.run_into_directory, tasks, output, work, run, watch, resume)
    else:
        do = partial(job.run, tasks, work, run, watch)
    summary = _with_worst_rows(do, fragments, spec) if spec.worst else do()
    return summary if gathered is None else (summary, gathered.table())


def _with_worst_rows(do: Callable, fragments, spec: Spec) -> Summary | Summaries:
    """The summary of a job, which is done, with all columns of its worst rows."""
    from fastloss.files import lookup

    before = lookup.states(fragments)
    return lookup.with_all_columns(do(), fragments, spec, before)


def _check_spread(fragments, gathered: bool, engine: str) -> None:
    """That machines of a cluster can have the inputs, and the outputs."""
    if gathered:
        raise ScoringError(
            f"output='table' is made on this machine: use engine='local', or give {engine!r} a directory"
        )
    for fragment in fragments:
        if fragment.format == MEMORY:
            raise ScoringError(
                f"{fragment.name} is on this machine: use engine='local', or give {engine!r} files of it"
            )
        if fragment.table is not None:
            raise ScoringError(
                f"a table is one piece of work: read it with engine='local', or its files with {engine!r}"
            )


def _check_portable(loss) -> None:
    """That other processes can have the loss, before they are asked."""
    try:
        pickle.dumps(loss)
    except pickle.PicklingError as error:
        raise ScoringError(str(error)) from error


def _engine(name: str, workers: int | None, client, spark) -> Callable:
    """The function that runs a job."""
    name = as_choice(name, "engine", ENGINES)
    for given, owner, keyword in ((client, "dask", "client"), (spark, "spark", "spark")):
        if given is not None and name != owner:
            raise ScoringError(f"{keyword}= is for engine={owner!r}, not {name!r}")
    if name == "local":
        from fastloss.files.engines import local

        return partial(local.run, workers=workers)
    if name == "dask":
        from fastloss.files.engines import dask

        return partial(dask.run, workers=workers, client=client)
    from fastloss.files.engines import spark as spark_engine

    return partial(spark_engine.run, workers=workers, session=spark)
