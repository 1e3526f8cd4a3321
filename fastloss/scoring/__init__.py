"""Scoring of data files: losses, gradients and weights of every row, and an exact summary.

The way in is `score`. Behind it, `dataset` finds the files and cuts the job into tasks, an engine
(`local`) runs them, and `fragment.score_task` is the unit of work that any engine calls:

    readers  ->  batch (columns, the loss)  ->  output (writers)
                          |
                       summary

pyarrow is imported when `score` is called, not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from fastloss.scoring.errors import ScoringError
from fastloss.scoring.spec import Spec
from fastloss.scoring.summary import Summary

__all__ = ["ScoringError", "Spec", "Summary", "score"]

ENGINES = ("local",)
MISSING_EXTRA = "scoring files needs more than the core: pip install 'fastloss[cli]'"


def score(
    input: str | os.PathLike | Iterable[str | os.PathLike],
    output: str | os.PathLike | None = None,
    *,
    loss,
    pred: str | Iterable[str] | None = None,
    target: str | os.PathLike | Iterable[str] | None = None,
    residual: str | None = None,
    emit: str | Iterable[str] = ("value",),
    keep: str | Iterable[str] = "all",
    prefix: str = "",
    format: str | None = None,
    engine: str = "local",
    resume: bool = False,
    num_threads: int | None = None,
    progress: Callable[[int, float | None], None] | None = None,
) -> Summary:
    """Score the rows of data files; write them with their losses, return an exact summary.

    Files are read in batches, so that memory does not grow with the number of rows, and an output
    appears under its name only when it is complete.

    Parameters
    ----------
    input : path or paths
        Files (.parquet, .csv, .arrow, .feather, .npy), directories of them, or "-" for standard
        input in the given `format`.
    output : path, optional
        A file, whose extension is its format; a directory, into which each input file is written
        under its own name; or "-" for standard output. Without it only the summary is computed.
    loss : Loss or str
        A loss with its parameters bound, or the name of one.
    pred, target : str or list of str
        Columns of predictions and targets. For a loss over rows of logits, `pred` is a column of
        lists or several columns; `target` is a column of labels, or of lists, or several columns of
        class probabilities. For .npy inputs `target` is the .npy file (or directory of files) of
        the targets, and the name `pred` may be left out.
    residual : str
        The column of residuals pred - target, in place of the two.
    emit : str or tuple of str
        Outputs to write, in this order: "value", "grad", "hess", "weight".
    keep : "all", "none" or list of str
        Columns of the input that the output carries.
    prefix : str
        Put before the names of the emitted columns.
    format : str
        Format of standard input and output: parquet, csv, arrow, feather or npy.
    engine : "local"
        What runs the job.
    resume : bool
        Into a directory that is not empty: skip the files whose outputs are done, which means made
        from the same input with the same spec by the same version.
    num_threads : int, optional
        Threads of the loss kernels, as for the loss itself.
    progress : callable, optional
        Called with the rows done so far and their share of all, None where that is not known.

    Returns
    -------
    Summary
        Over the values of the loss, whichever outputs are emitted.

    Raises
    ------
    ScoringError
        A ValueError (for a column of the wrong type also a TypeError, for a label out of bounds
        also an IndexError), in one line that names the file, the column or the row, counted from 0
        over the whole input.
    OSError
        If an input does not exist or may not be read.
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
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(MISSING_EXTRA) from error
    import fastloss
    from fastloss.scoring import dataset, local

    if engine not in ENGINES:
        raise ScoringError(f"unknown engine {engine!r}; there are {', '.join(ENGINES)}")
    inputs = [input] if isinstance(input, str | os.PathLike) else list(input)
    inputs = [os.fspath(path) for path in inputs]
    output = None if output is None else os.fspath(output)
    loss = fastloss.get(loss) if isinstance(loss, str) else loss

    fragments = dataset.find_fragments(inputs, format)
    if any(fragment.format == "npy" for fragment in fragments):
        fragments = dataset.with_targets(fragments, None if target is None else os.fspath(target))
        pred, target, residual = _array_roles(loss, pred, target, residual)
    into_directory = dataset.is_directory_output(inputs, output)
    tasks = dataset.plan(fragments, output, into_directory, format)
    if keep == "all" and any(task.format == "npy" for task in tasks):
        keep = "none"  # an array has no room for them
    spec = Spec.of(loss, pred, target, residual, emit, keep, prefix)

    if not into_directory:
        if resume:
            raise ScoringError("resume needs a directory as the output")
        return local.run(tasks, spec, num_threads, progress)
    if not resume and os.path.isdir(output) and os.listdir(output):
        raise ScoringError(f"{output}: the directory is not empty: empty it, or resume")
    return local.run_into_directory(tasks, output, spec, num_threads, progress)


def _array_roles(loss, pred, target, residual):
    """The roles of arrays, which have no column names: each is called by its role."""
    if residual is None and pred is None and target is None and loss.has_weight:
        return None, None, "residual"
    return (
        "pred" if pred is None and residual is None else pred,
        None if target is None else "target",
        residual,
    )
