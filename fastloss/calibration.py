"""The temperature under which logits are calibrated: their cross-entropy is least, by Newton's method."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.arguments import as_array, as_array_beside, check_count, shown
from fastloss.core.domains import check_integer, check_weights
from fastloss.core.kernels import StandardFloats
from fastloss.core.row_call import RowCall
from fastloss.core.threads import run_blocks
from fastloss.exact.collectors import Collector
from fastloss.losses.rows import cross_entropy

Array = NDArray[Any]
Batch = tuple[Array, Array, Array | None]
Batches = Callable[[], Iterator[Batch]]

CHUNK = 1 << 15  # logits at a time: their temporaries stay in the cache
PRECISION = 1e-10  # of the temperature: a step that is shorter is the last
LARGEST = 1e30  # logit: of what is larger the second derivatives are noise
SHORTEST, LONGEST = -0.9, 9.0  # relative step of 1 / T
MAX_ITER = 200

__all__ = ["Calibration", "calibrate"]


@dataclass(frozen=True)
class Calibration:
    """What `calibrate` returns.

    Attributes
    ----------
    temperature : float
        By which logits are to be divided: above 1 where the model is too sure of itself.
    stderr : float
        Of the temperature: (sum of w d^2 l / dT^2)^(-1/2).
    before, after : float
        The mean cross-entropy at the temperature 1, and at this one.
    n_iter : int
        Passes over the rows.
    converged : bool
    """

    temperature: float
    stderr: float
    before: float
    after: float
    n_iter: int
    converged: bool


def calibrate(
    logits: Any,
    labels: ArrayLike | None = None,
    *,
    pred: str | list[str] | None = None,
    target: str | os.PathLike[str] | None = None,
    ignore_index: int = -100,
    sample_weight: ArrayLike | str | None = None,
    where: str | list[str] | None = None,
    format: str | None = None,
    dtype: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    null: str | Iterable[str] | None = None,
    encoding: str = "utf-8",
    storage_options: Mapping[str, Any] | None = None,
    num_threads: int | None = None,
) -> Calibration:
    """
    Find the temperature under which the cross-entropy of logits is least.

    Minimises the sum of w cross_entropy(logits / T, label), which is convex in 1 / T, by Newton's method. Sums are
    exact: the result depends neither on the number of threads nor on how rows are cut into batches.

    Parameters
    ----------
    logits : array_like of shape (..., C), iterator of tuples, path, list of paths, or table
        Real numbers, or -inf for a class that is excluded. The batches of an iterator are (logits, labels) or (logits,
        labels, sample_weight); they go through a temporary file. Files, and with `pred` and `target` tables in memory,
        as `score` reads them, are read once a step.
    labels : array_like of shape (...)
        Whole numbers in [0, C).
    pred, target : str
        Of files and tables, the columns of logits (a column of lists, or several columns) and of labels;
        `sample_weight` is the name of a column too. Beside .npy files `target` is the file of the labels.
    ignore_index : int
        Where this is the label, nothing counts.
    sample_weight : array_like of shape (...), optional
        How often each row counts, >= 0 and finite.
    where : str or list of str, optional
        Of files and tables, what holds of the rows that count, as in `score`.
    format, dtype, separator, decimal, thousands, null, encoding, storage_options
        Of files, as in `score`.
    num_threads : int, optional
        The default is that of `set_num_threads`.

    Returns
    -------
    Calibration
        With temperature, stderr, before, after, n_iter, converged.

    Raises
    ------
    IndexError
        If a label is out of range.
    ValueError
        If no row counts, logits are larger than 1e30, or the cross-entropy of a row is NaN or infinite; if no
        temperature is best: where it should fall to 0, as each row's largest logit is its label's, or rise without
        end, as the logits do not tell the labels.

    Source
    ------
    C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    >>> import fastloss as fl, numpy as np
    >>> logits = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    >>> found = fl.calibrate(logits, [0, 0, 1, 1])  # sure, and right in three of four
    >>> round(found.temperature, 6), round(found.before, 6), round(found.after, 6)
    (3.640957, 1.01815, 0.562335)
    """
    threads = None if num_threads is None else check_count(num_threads)
    ignored = check_integer("ignore_index", ignore_index)
    if _are_files(logits) or (labels is None and pred is not None):
        if labels is not None:
            raise ValueError("labels do not go with files: give the columns pred and target")
        from fastloss.files.csv.options import CsvOptions
        from fastloss.files.logits import logits_of

        batches = logits_of(
            logits,
            pred,
            target,
            format=format,
            sample_weight=sample_weight,
            ignore_index=ignored,
            dtype=dtype,
            csv=CsvOptions.of(separator, decimal, thousands, null, encoding),
            storage_options=storage_options,
            where=where,
        )
        return newton(batches, threads)
    of_files = {"pred": pred, "target": target, "where": where, "format": format, "dtype": dtype}
    of_files |= {"separator": separator, "decimal": decimal, "thousands": thousands, "null": null}
    of_files |= {"encoding": encoding, "storage_options": storage_options}
    for name, value in of_files.items():
        if value != calibrate.__kwdefaults__[name]:
            raise ValueError(f"{name} is of files and tables, and logits are an array: leave it out")
    if isinstance(logits, Iterator):
        if labels is not None or sample_weight is not None:
            raise ValueError("labels and sample_weight do not go with batches: let them be tuples of them")
        with tempfile.TemporaryFile() as file:
            return newton(_spooled(file, (_checked(*_parts(batch), ignored) for batch in logits)), threads)
    if labels is None:
        raise TypeError("labels are missing: one a row of logits")
    batch = _checked(logits, labels, sample_weight, ignored)
    return newton(lambda: iter([batch]), threads)


def newton(batches: Batches, num_threads: int | None = None) -> Calibration:
    """That of rows which are read again for each step: batches of logits, labels, all of them classes, and weights."""
    low, high, inverse = 0.0, math.inf, 1.0
    found = first = _pass(batches, 1.0, num_threads, _terms_and_ends)
    _check_ends(*first.others)
    for n_iter in range(1, MAX_ITER + 1):
        step = -found.slope / found.curvature if found.curvature else math.copysign(math.inf, -found.slope)
        if abs(step) <= PRECISION:
            after = found.mean + step * (found.slope + step * found.curvature / 2) / found.weight
            temperature = 1 / (inverse * (1 + step))
            return Calibration(temperature, temperature / math.sqrt(found.curvature), first.mean, after, n_iter, True)
        low, high = (inverse, high) if found.slope < 0 else (low, inverse)
        inverse *= 1 + min(max(step, SHORTEST), LONGEST)
        if not low < inverse < high:
            inverse = (low + high) / 2
        found = _pass(batches, 1 / inverse, num_threads, _terms)
    return Calibration(1 / inverse, math.nan, first.mean, found.mean, n_iter, False)


def _check_ends(lead: float, fall: float) -> None:
    """That the cross-entropy, which is convex in 1 / T, rises at last for small T and for large T.

    Of each row the largest logit less that of the label, and the mean logit less that of the label: the slopes by 1 / T
    at the ends.
    """
    if lead <= 0 and fall >= 0:
        raise ValueError("all temperatures are equally good: the logits of each row are equal")
    why = "no temperature is best: the cross-entropy falls as long as the temperature "
    if lead <= 0:
        raise ValueError(f"{why}falls, as the largest logit of each row is that of its label")
    if fall >= 0:
        raise ValueError(f"{why}rises, as the logits do not tell the labels")


def _are_files(given: Any) -> bool:
    if isinstance(given, list | tuple) and given:
        return all(map(_are_files, given))
    return isinstance(given, str | os.PathLike)


# ---- one pass ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sums:
    """Of the loss at a temperature, and its derivatives by 1 / T, times this and its square."""

    mean: float
    weight: float
    slope: float
    curvature: float
    others: tuple[float, ...]


def _pass(batches: Batches, temperature: float, num_threads: int | None, terms: Callable[..., tuple]) -> _Sums:
    collectors: list[Collector] = []
    weighted = False
    for logits, labels, weights in batches():
        if not len(labels):
            continue
        size = max(1, CHUNK // logits.shape[1])
        results: list[Any] = [None] * -(-len(logits) // size)

        def run(first, last, *, results=results, size=size, logits=logits, labels=labels) -> None:
            with StandardFloats():  # NumPy's too, in which the terms are computed
                for k in range(first, last):
                    part = slice(k * size, (k + 1) * size)
                    results[k] = terms(logits[part].astype(np.float64, copy=False), labels[part], temperature)

        run_blocks(run, len(results), CHUNK, num_threads)
        weighted = weights is not None
        collectors = collectors or [Collector() for _ in results[0]]
        for collector, parts in zip(collectors, zip(*results, strict=True), strict=True):
            collector.add(np.concatenate(parts), sample_weight=weights)
    if not collectors:
        raise ValueError("no row counts: all are ignored, or of weight 0")
    summaries = [collector.summary() for collector in collectors]
    weight = summaries[0].sum_of_weights if weighted else float(summaries[0].count)
    if summaries[0].nan or summaries[0].infinite:
        raise ValueError(
            f"the cross-entropy of a row is not finite at the temperature {temperature:.6g}, though it was at 1: the "
            "data must not change meanwhile"
        )
    total, *others = (summary.weighted_sum if weighted else summary.sum for summary in summaries)
    return _Sums(total / weight, weight, others[0], others[1], tuple(others[2:]))


def _terms(logits: Array, labels: Array, temperature: float) -> tuple[Array, ...]:
    """Of each row the loss, E c and Var c, where c = (x - x_label) / T and E is by p = softmax(x / T)."""
    rows = np.arange(len(labels))
    value, p = cross_entropy.value_and_grad(logits, labels, ignore_index=-1, temperature=temperature, num_threads=1)
    p *= temperature
    p[rows, labels] = np.exp(-value)  # to the last digits, of what is near 0 too
    c = (logits - logits[rows, labels][:, None]) / temperature
    c[p == 0] = 0.0  # -inf too
    slope = np.einsum("ij,ij->i", p, c)
    c -= slope[:, None]
    return value, slope, np.einsum("ij,ij,ij->i", p, c, c)


def _terms_and_ends(logits: Array, labels: Array, temperature: float) -> tuple[Array, ...]:
    """The same, and of each row the largest and the mean logit that is finite, less that of the label."""
    own = logits[np.arange(len(labels)), labels]
    is_class = logits != -np.inf
    mean = np.mean(logits - own[:, None], axis=1, where=is_class)
    return *_terms(logits, labels, temperature), logits.max(axis=1) - own, mean


# ---- rows ----------------------------------------------------------------------------------------------------------


def _parts(batch: Any) -> tuple[Any, Any, Any]:
    if not isinstance(batch, tuple) or len(batch) not in (2, 3):
        raise TypeError(f"a batch must be (logits, labels) or (logits, labels, sample_weight), got {shown(batch)}")
    return (*batch, None) if len(batch) == 2 else batch


def _checked(logits: Any, labels: Any, sample_weight: Any, ignore_index: int) -> Batch:
    """Rows that count: their logits, as a matrix, their labels and weights."""
    call = RowCall(logits, -1, None, sample_weight=sample_weight, labels=labels, is_asked=False)
    call.labels(ignore_index)  # which raises where one is out of range
    matrix = call.logits.reshape(-1, call.classes)
    own = as_array(labels, "labels").reshape(-1)
    weights = None
    if call.sample_weight is not None:
        weights = as_array_beside(call.logits, call.sample_weight, "sample_weight").reshape(-1).astype(np.float64)
        check_weights(weights)
    counts = own != ignore_index
    if weights is not None:
        counts &= weights > 0
    if not counts.all():
        matrix, own = matrix[counts], own[counts]
        weights = None if weights is None else weights[counts]
    own = own.astype(np.int64)
    _check_finite(matrix, own, np.flatnonzero(counts))
    return matrix, own, weights


def _check_finite(logits: Array, labels: Array, rows: Array) -> None:
    values = cross_entropy(logits, labels, ignore_index=-1)
    bad = ~np.isfinite(values)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(f"the cross-entropy of row {rows[first]} is {values[first]}: its logits must be finite")
    if max(float(logits.max(initial=0.0)), -float(logits.min(initial=0.0, where=logits != -np.inf))) > LARGEST:
        raise ValueError(f"logits must be at most {LARGEST} in size")


def _spooled(file: Any, batches: Iterator[Batch]) -> Batches:
    """Batches, which can be read once, in a file; a call reads them."""
    sizes = []
    for batch in batches:
        arrays = [array for array in batch if array is not None]
        for array in arrays:
            np.save(file, array, allow_pickle=False)
        sizes.append(len(arrays))
    if len(set(sizes)) > 1:
        raise ValueError("sample_weight must be in all batches, or in none")

    def again() -> Iterator[Batch]:
        file.seek(0)
        for size in sizes:
            arrays = [np.load(file) for _ in range(size)]
            yield arrays[0], arrays[1], arrays[2] if size == 3 else None

    return again
