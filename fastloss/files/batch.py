"""From a batch of Arrow rows to a batch of losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.core.row_call import LOGITS
from fastloss.exact.accumulator import wrong_weight
from fastloss.exact.arrays import rounded_row
from fastloss.files.arrow import columns
from fastloss.files.calibrated import probabilities
from fastloss.files.errors import ColumnTypeError, RowError, ScoringError, Translation, located
from fastloss.files.spec import Spec


@dataclass(frozen=True)
class Losses:
    """The losses of one batch: the arrays of `spec.emit`, and what the summary needs; `value` is one number a row."""

    outputs: tuple[np.ndarray, ...]
    value: np.ndarray
    null: np.ndarray | None
    ignored: np.ndarray | None
    sample_weight: np.ndarray | None = None
    predicted: tuple[np.ndarray, np.ndarray] | None = None  # probabilities, and what came true, for a calibration

    def to_arrow(self) -> list[pa.Array]:
        """The emitted columns: null where an input was."""
        return [columns.to_arrow(output, self.null) for output in self.outputs]


@dataclass(frozen=True)
class Inputs:
    """What the loss reads of one batch; a null is 0 here and marked in `null`."""

    pred: np.ndarray
    target: np.ndarray | None
    null: np.ndarray | None
    ignored: np.ndarray | None
    sample_weight: np.ndarray | None


def score_each(
    batch: pa.RecordBatch, spec: Spec, classes: int | None = None, num_threads: int | None = None
) -> list[Losses]:
    """`score_batch` of each of the losses of a spec."""
    found = []
    for one in spec.each:  # a comprehension's closure would hold the batch of an error whose frames are emptied
        found.append(score_batch(batch, one, classes, num_threads))
    return found


def emitted_columns(losses: Sequence[Losses]) -> list[pa.Array]:
    """The emitted columns of all losses."""
    return [column for one in losses for column in one.to_arrow()]


def score_batch(
    batch: pa.RecordBatch, spec: Spec, classes: int | None = None, num_threads: int | None = None
) -> Losses:
    """Score the rows of one record batch.

    Raises
    ------
    ColumnTypeError, ScoringError
        If a column does not fit the loss.
    RowError
        If a row does not: a label out of bounds, a list of the wrong length.
    """
    return evaluated(read_batch(batch, spec, classes), spec, num_threads)


def read_batch(batch: pa.RecordBatch, spec: Spec, classes: int | None = None) -> Inputs:
    """What the loss reads of a batch; raises what `score_batch` does, but for labels that are no class."""
    is_rowwise, predictions = spec.loss.is_rowwise, spec.pred or spec.residual
    if spec.head is not None:
        classes = spec.head.vectors.shape[1]  # the numbers of an embedding
    if not is_rowwise and classes is None:
        classes = _width(batch, predictions) or _width(batch, spec.target or predictions)
    of_lists = is_rowwise or _holds_lists(batch, predictions, spec.target)
    pred, null = _read(batch, spec, predictions, of_lists, classes)
    weights, missing = (None, None) if spec.sample_weight is None else _weights(batch, spec.sample_weight)
    null = columns.union(null, missing)
    target = ignored = None
    if spec.target:
        target, missing = _read_target(batch, spec, pred)
        null = columns.union(null, missing)
        if is_rowwise and target.ndim == 1:
            if null is not None:
                target = np.where(null, target.dtype.type(0), target)  # a label like any other
            ignored = _ignored(target, spec.ignored_label)
    return Inputs(pred, target, null, ignored, weights)


def evaluated(inputs: Inputs, spec: Spec, num_threads: int | None = None) -> Losses:
    """The losses of what was read of a batch."""
    pred, target = inputs.pred, inputs.target
    is_empty = pred.ndim == 2 and pred.shape[1] == 0  # no list is there: all rows are null
    if is_empty:
        pred, target = (a if a is None or a.ndim == 1 else np.zeros((len(a), 1), a.dtype) for a in (pred, target))
    value, by_name = _evaluated(spec, pred, target, num_threads)
    outputs = (by_name[name] for name in spec.emit)
    outputs = tuple(array[:, :0] if is_empty and array.ndim == 2 else array for array in outputs)
    predicted = None if spec.calibration is None else probabilities(spec, pred, target, num_threads)
    return Losses(outputs, value, inputs.null, inputs.ignored, inputs.sample_weight, predicted)


def _evaluated(spec: Spec, pred: np.ndarray, target: np.ndarray | None, num_threads: int | None):
    """The value of each row, and the outputs by name."""
    outputs = ("value", *(output for output in spec.emit if output != "value"))
    try:
        if spec.head is not None:
            results = _by_head(spec, pred, target, outputs, num_threads)
        else:
            results = spec.loss.evaluate(pred, target, outputs=outputs, num_threads=num_threads)
    except IndexError as error:
        raise _label_error(spec, pred, target, error) from error
    except (TypeError, ValueError) as error:
        raise located(f"{_quoted(spec.scored)}: {spec.loss.name}", error) from error
    by_name = dict(zip(outputs, results, strict=True))
    value = by_name["value"]
    if value.ndim == 2:
        value = _row_means(value)
        if spec.multioutput == "uniform_average":
            by_name["value"] = value
            for name in {"grad", "hess"} & by_name.keys():  # of the mean
                by_name[name] /= pred.shape[1]
    return value, by_name


def _by_head(spec: Spec, embeddings: np.ndarray, labels: np.ndarray, outputs: Sequence[str], num_threads: int | None):
    """The value, and the derivative by the embeddings if that is wanted."""
    points = embeddings, spec.head.vectors, labels
    if outputs == ("value",):
        return (spec.loss(*points, num_threads=num_threads),)
    value, (grad,) = spec.loss.value_and_grad(*points, wrt="x", num_threads=num_threads)
    return value, grad


def _read(batch: pa.RecordBatch, spec: Spec, names: Sequence[str], of_lists: bool, classes: int | None):
    arrays = [columns.get(batch, name) for name in names]
    with _locating(names, spec):
        return columns.matrix(arrays, classes) if of_lists else columns.numbers(arrays[0])


def _read_target(batch: pa.RecordBatch, spec: Spec, pred: np.ndarray):
    """As `_read`: labels or class probabilities of rows of logits, or numbers in the shape of the predictions."""
    names = spec.target
    of_lists = _holds_lists(batch, names, () if spec.loss.is_rowwise else spec.pred)
    if spec.loss.is_rowwise and not of_lists:
        with _locating(names, spec):
            return columns.labels(columns.get(batch, names[0]))
    width = pred.shape[1] if pred.ndim == 2 else 1
    takes_labels = spec.loss.is_rowwise and len(names) == 1 and (spec.loss.takes_head or spec.loss.targets != LOGITS)
    if takes_labels and columns.holds_lists_of_integers(columns.type_of(batch.schema, names[0])):
        width = 1  # lists of one label
    target, null = _read(batch, spec, names, of_lists, width or None)
    if not spec.loss.is_rowwise and width:
        target = _shaped(target, pred, spec)
    elif target.dtype.kind in "iu" and target.shape[1:] == (1,):
        target = target[:, 0]  # labels as a column of an array
    return target, null


class _locating(Translation):
    """Adds the names of columns to errors."""

    __slots__ = "_names", "_spec"

    def __init__(self, names: Sequence[str], spec: Spec):
        self._names, self._spec = names, spec

    def other(self, error: BaseException) -> ScoringError | None:
        if isinstance(error, TypeError):
            return ColumnTypeError(f"column {_quoted(self._names)}: {error} ({self._spec.loss.name})")
        return error.named(f"column {_quoted(self._names)}") if isinstance(error, RowError) else None


def _weights(batch: pa.RecordBatch, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        weights, null = columns.numbers(columns.get(batch, name))
    except TypeError as error:
        raise ColumnTypeError(f"column {name!r}: {error} (weights)") from error
    wide = weights.astype(np.float64, copy=False)
    row = wrong_weight(wide, None if null is None else null.view(np.uint8))
    if row >= 0:
        raise RowError(f"column {name!r}: weight {weights[row]}", row, " is not >= 0 and finite")
    if weights.dtype.kind != "f" and (row := rounded_row(weights)) >= 0:
        raise RowError(f"column {name!r}: weight {weights[row]}", row, " is no float64: cast the column, which rounds")
    return wide if weights.dtype.kind == "f" else weights, null


def _holds_lists(batch: pa.RecordBatch, names: Sequence[str], beside: Sequence[str] = ()) -> bool:
    """Whether these columns are lists of numbers; one of nothing is what the columns `beside` are."""
    if len(names) > 1:
        return True
    type = columns.type_of(batch.schema, names[0])
    if types.is_null(type) and beside:
        return _holds_lists(batch, beside)
    return columns.holds_lists(type)


def _width(batch: pa.RecordBatch, names: Sequence[str]) -> int | None:
    """How many numbers a row these columns hold; None if their types do not tell."""
    if len(names) > 1:
        return len(names)
    type = columns.type_of(batch.schema, names[0])
    return columns.fixed_size(type) if columns.holds_lists(type) or types.is_null(type) else 1


def _shaped(target: np.ndarray, pred: np.ndarray, spec: Spec) -> np.ndarray:
    """Targets in the shape of the predictions: one number a row may be a list of one."""
    here, there = (array.shape[1] if array.ndim == 2 else 1 for array in (target, pred))
    if here != there:
        raise ScoringError(
            f"column {_quoted(spec.target)}: {here} a row, but {there} a row in {_quoted(spec.pred)}: "
            "pred and target have equally many outputs"
        )
    return target.reshape(pred.shape)


def _row_means(values: np.ndarray) -> np.ndarray:
    """Means in float64, rounded once; of large values too, whose sum is out of range."""
    wide = values.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        means = wide.sum(axis=1) / values.shape[1]
        large = np.isinf(means)
        means[large] = (wide[large] / values.shape[1]).sum(axis=1)
    return means.astype(values.dtype, copy=False)


def _ignored(labels: np.ndarray, ignored_label: int | None) -> np.ndarray | None:
    if ignored_label is None:
        return None
    ignored = labels == ignored_label
    return ignored if ignored.any() else None


def _label_error(spec: Spec, logits: np.ndarray, labels: np.ndarray, error: IndexError):
    """An IndexError of the loss as a RowError, so that the row can be counted over all batches."""
    classes = logits.shape[-1] if spec.head is None else len(spec.head.vectors)
    wrong = np.flatnonzero(((labels < 0) | (labels >= classes)) & (labels != spec.ignored_label))
    if not len(wrong):
        return located(_quoted(spec.scored), error)
    row = int(wrong[0])
    return RowError(
        f"column {_quoted(spec.target)}: target {labels[row]}",
        row,
        f" is out of bounds for {classes} classes",
    )


def _quoted(names) -> str:
    return ", ".join(repr(name) for name in names)
