"""Two predictions of the same rows compared: the losses of each, and their difference row by row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from fastloss.core.arguments import shown
from fastloss.exact import views
from fastloss.exact.collectors import Collector
from fastloss.exact.groups import GroupCollector, GroupedSummary
from fastloss.exact.keys import Key
from fastloss.exact.summary import Summary
from fastloss.files.arguments import as_columns, as_count, as_inputs, as_loss, as_options, optional
from fastloss.files.arrow import columns
from fastloss.files.arrow.group_keys import Remembered, keys_of_rows
from fastloss.files.batch import Inputs, evaluated, read_batch
from fastloss.files.csv.options import CsvOptions
from fastloss.files.dataset import Fragment, array_groups, array_roles, with_arrays
from fastloss.files.errors import RowError, ScoringError
from fastloss.files.inputs import find_fragments
from fastloss.files.matching import Chosen
from fastloss.files.memory import passes_once
from fastloss.files.placed import Place, placed_batches
from fastloss.files.readers.sources import common_class_count
from fastloss.files.spec import Spec
from fastloss.files.stores.addresses import Addresses

Piece = tuple[Place, pa.RecordBatch, np.ndarray | None]
OUTCOMES = ("won", "lost", "tied")


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns, over the rows in which both losses count.

    Attributes
    ----------
    first, second : Summary
        The losses of the one prediction, and of the other.
    difference : Summary
        First minus second, row by row in float64: its mean, std, stderr and interval.
    won, lost, tied : int
        Rows in which the first loss is smaller, larger, equal.
    groups : dict
        {value: Comparison} of the column `by`, as `GroupedSummary` has them; empty without it.
    by : str, tuple of str or None
    """

    first: Summary
    second: Summary
    difference: Summary
    won: int
    lost: int
    tied: int
    groups: dict[Key, Comparison] = field(default_factory=dict, repr=False)
    by: str | tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes."""
        found: dict[str, Any] = {name: getattr(self, name).fields() for name in ("first", "second", "difference")}
        for summary in found.values():
            summary.pop("groups", None), summary.pop("by", None)
        found |= {name: getattr(self, name) for name in OUTCOMES}
        if self.by is not None:
            found["by"] = self.by
        return found | {"groups": [{"value": key} | group.to_dict() for key, group in self.groups.items()]}

    def to_json(self) -> str:
        """Its numbers as JSON; those that JSON lacks are text, as in a summary."""
        return json.dumps(self.to_dict())

    def _repr_html_(self) -> str:
        parts = {"first": self.first, "second": self.second, "difference": self.difference}
        outcomes = ", ".join(f"{name} {getattr(self, name):,}" for name in OUTCOMES)
        table = views.in_html([*parts.values()], {"": [*parts]}, outcomes)
        return table + (f"<p>difference</p>{self.difference._repr_html_()}" if self.groups else "")


def compare(
    data,
    other=None,
    *,
    loss,
    pred: str | Iterable[str] | None = None,
    versus: str | os.PathLike | Iterable[str] | None = None,
    target: str | os.PathLike | Iterable[str],
    by: str | os.PathLike | Iterable[str] | None = None,
    sample_weight: str | os.PathLike | None = None,
    where: str | Iterable[str] | None = None,
    format: str | None = None,
    dtype: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    null: str | Iterable[str] | None = None,
    encoding: str = "utf-8",
    storage_options: Mapping | None = None,
    num_threads: int | None = None,
) -> Comparison:
    """Compare two predictions of the same targets by a loss, row by row.

    Parameters
    ----------
    data : path, table, or several
        As `score` reads them, tables in memory too.
    other : path, table, or several, optional
        Data of as many rows that hold the other prediction, in the same order however they are cut into files, and the
        same targets. Without it `data` holds both.
    loss : Loss or str
        A loss with its parameters bound, or the name of one.
    pred, versus : str or list of str
        The columns of the one and of the other prediction. In `other` the latter is `pred` by default. A .npy file is a
        prediction itself, without `pred`, and beside it `versus`, `target`, `by` and `sample_weight` are .npy files.
    target : str or list of str
    by : str or list of str, optional
        Column of `data`, or columns, by whose values the rows are compared too.
    sample_weight : str, optional
        Column of `data` with weights, for weighted means and their errors.
    where : str or list of str, optional
        Conditions on columns of `data`, as in `score`: the other rows are ignored.
    format, dtype, separator, decimal, thousands, null, encoding, storage_options, num_threads
        As in `score`.

    Returns
    -------
    Comparison
        With first, second, difference, won, lost, tied, groups. A row in which a value is null, NaN or ignored counts
        in none of them.

    Raises
    ------
    ScoringError
        If the data cannot be read, have different numbers of rows, or targets that differ.

    Examples
    --------
    >>> import fastloss as fl, numpy as np, os, tempfile
    >>> directory = tempfile.TemporaryDirectory()
    >>> file = os.path.join(directory.name, "two.npz")
    >>> np.savez(file, a=[1.0, 2.0, 3.0], b=[1.0, 3.0, 5.0], y=[1.0, 2.5, 3.0])
    >>> result = fl.compare(file, loss=fl.absolute_error, pred="a", versus="b", target="y")
    >>> result.difference.mean, result.won, result.lost, result.tied
    (-0.6666666666666666, 1, 0, 2)
    >>> directory.cleanup()
    """
    loss, threads = as_loss(loss, "loss"), optional(as_count, num_threads, "num_threads")
    addresses = Addresses(optional(as_options, storage_options, "storage_options"))
    if other is not None and other is data and passes_once(data):
        raise ScoringError("other is the stream that data is, and it passes once: leave it out, and name versus")
    if other is None and versus is None:
        raise ScoringError("compare needs the column of the other prediction (versus), or other data")
    given = [find_fragments(as_inputs(data, "data"), format, addresses)]
    if other is not None:
        given.append(find_fragments(as_inputs(other, "other"), format, addresses))
    if any(fragment.format == "npy" for fragments in given for fragment in fragments):
        groups = array_groups(by, {"pred", "versus", "target", "weight"})
        beside = {"target": target, "weight": sample_weight, "versus": versus if other is None else None} | groups
        given = [with_arrays(*one, addresses) for one in zip(given, (beside, {"target": target}), strict=False)]
        pred, target, _, sample_weight = array_roles(loss, pred, target, None, sample_weight)
        versus, by = "versus" if other is None else versus, [*groups] or None
    rest = {"dtype": dtype, "csv": CsvOptions.of(separator, decimal, thousands, null, encoding), "keep": "none"}
    own_spec = Spec.of(loss, pred, target, by=by, sample_weight=sample_weight, where=where, **rest)
    spec = Spec.of(loss, pred if versus is None else as_columns(versus, "versus"), target, **rest)
    compared = _Compared(own_spec, spec, threads)
    if other is None:
        both = _Rows(given[0], own_spec, spec.pred)
        addresses.check_options()
        compared.add_both(both)
    else:
        one, two = _Rows(given[0], own_spec), _Rows(given[1], spec)
        addresses.check_options()
        compared.add_aligned(one, two, target)
    return compared.result()


# ---- rows ----------------------------------------------------------------------------------------------------------


class _Rows:
    """The rows of some data, batch by batch: the columns of a spec, and those of other predictions."""

    def __init__(self, fragments: Sequence[Fragment], spec: Spec, others: tuple[str, ...] = ()):
        self._spec, self._read = spec, replace(spec, pred=tuple(dict.fromkeys([*spec.pred, *others])))
        self.fragments = fragments
        self._classes = common_class_count(self.fragments, spec) if len(self.fragments) > 1 else None

    def batches(self) -> Iterator[Piece]:
        """Each batch, where it begins, and which of its rows are compared."""
        return placed_batches(self.fragments, self._spec, self._read, self._classes)


def _aligned(one: _Rows, two: _Rows) -> Iterator[tuple[Piece, Piece]]:
    """The same rows of both, as many at a time as both have in one piece."""
    with ExitStack() as stack:
        pieces = [stack.enter_context(closing(_pieces(rows))) for rows in (one, two)]
        done = 0
        heads = [next(piece, None) for piece in pieces]
        while None not in heads:
            size = min(len(batch) for _, batch, _ in heads)
            first, second = ((place, batch.slice(0, size), _part(marks, 0, size)) for place, batch, marks in heads)
            yield first, second
            done += size
            heads = [_rest(head, size) or next(piece, None) for head, piece in zip(heads, pieces, strict=True)]
        for head, there, here in zip(heads, (one, two), (two, one), strict=True):
            if head is not None:
                raise ScoringError(
                    f"the numbers of rows differ: {here.fragments[-1].name} ends after {done}, "
                    f"{there.fragments[-1].name} has more"
                )


def _pieces(rows: _Rows) -> Iterator[Piece]:
    return (piece for piece in rows.batches() if len(piece[1]))


def _rest(head: Piece, size: int) -> Piece | None:
    place, batch, matches = head
    if size == len(batch):
        return None
    return place.moved(size), batch.slice(size), _part(matches, size, len(batch))


def _part(matches: np.ndarray | None, start: int, stop: int) -> np.ndarray | None:
    return None if matches is None else matches[start:stop]


def _check_targets(own: Inputs, other: Inputs, what: str) -> None:
    """That both have the same targets, where neither is null."""
    same = (own.target == other.target) | ((own.target != own.target) & (other.target != other.target))
    same = same.reshape(len(same), -1).all(axis=1)
    for null in (own.null, other.null):
        if null is not None:
            same |= null
    if not same.all():
        row = int(np.argmin(same))
        raise RowError(
            f"the target {shown(own.target[row].tolist())}",
            row,
            f": {what}, which has {shown(other.target[row].tolist())}",
        )


# ---- sums ----------------------------------------------------------------------------------------------------------


class _Compared:
    """What is added up of both losses and their difference, by groups or not."""

    def __init__(self, spec: Spec, other: Spec, num_threads: int | None):
        self._spec, self._other, self._threads = spec, other, num_threads
        self._collectors = [GroupCollector(spec.by) if spec.grouping else Collector() for _ in range(3)]
        self._outcomes, self._left_out = np.zeros(3, np.int64), 0
        self._known: Remembered = {}
        self._by_key: dict[tuple[bool, ...], dict[Key, np.ndarray]] = {}  # by which parts of the key are booleans

    def add_both(self, rows: _Rows) -> None:
        """Add rows that have both predictions."""
        with closing(rows.batches()) as pieces:
            for place, batch, matches in pieces:
                chosen = self._chosen(batch, matches)
                if len(chosen.batch):
                    with place.naming(), chosen.counting():
                        inputs = (read_batch(chosen.batch, spec, place.classes) for spec in (self._spec, self._other))
                        self._add(chosen.batch, *inputs)

    def add_aligned(self, one: _Rows, two: _Rows, target: object) -> None:
        """Add the rows of two inputs, which must have the same targets: `target` is what messages call them."""
        with closing(_aligned(one, two)) as pairs:
            for (place, batch, matches), (place_of_other, batch_of_other, _) in pairs:
                chosen, other_chosen = self._chosen(batch, matches), Chosen.of(batch_of_other, matches)
                if not len(chosen.batch):
                    continue
                with place_of_other.naming(), other_chosen.counting():
                    other = read_batch(other_chosen.batch, self._other, place_of_other.classes)
                with place.naming(), chosen.counting():
                    own = read_batch(chosen.batch, self._spec, place.classes)
                    _check_targets(own, other, f"{target!r} is not that of {place_of_other.fragment.name}")
                    self._add(chosen.batch, own, other)

    def _chosen(self, batch: pa.RecordBatch, matches: np.ndarray | None) -> Chosen:
        """The rows of a batch that are compared; the others are ignored."""
        chosen = Chosen.of(batch, matches)
        self._left_out += chosen.left_out
        return chosen

    def _add(self, batch: pa.RecordBatch, own: Inputs, other: Inputs) -> None:
        """Add a batch, as it was read of the one prediction, with the weights, and of the other."""
        first, second = (evaluated(inputs, self._spec, self._threads) for inputs in (own, other))
        a, b = (losses.value.astype(np.float64, copy=False) for losses in (first, second))
        nan = np.isnan(a) | np.isnan(b)
        with np.errstate(invalid="ignore", over="ignore"):
            difference = a - b
        left_out = columns.union(first.null, second.null), columns.union(first.ignored, second.ignored)
        groups = keys_of_rows(batch, self._spec.grouping, self._known) if self._spec.grouping else ()
        for collector, values in zip(self._collectors, (first.value, second.value, difference), strict=True):
            counted = np.where(nan, values.dtype.type(np.nan), values) if nan.any() else values
            collector.add(counted, *left_out, own.sample_weight, *groups)
        counts = ~nan
        for mark in left_out:
            if mark is not None:
                counts &= ~mark
        self._count(np.stack([a < b, a > b, a == b]) & counts, *groups)

    def _count(self, outcomes: np.ndarray, codes: np.ndarray | None = None, keys: Iterable[Key] = ()) -> None:
        self._outcomes += outcomes.sum(axis=1)
        for number, key in enumerate(keys):
            parts = key if isinstance(key, tuple) else (key,)
            of_kind = self._by_key.setdefault(tuple(type(part) is bool for part in parts), {})
            found = of_kind.setdefault(key, np.zeros(3, np.int64))
            found += (outcomes & (codes == number)).sum(axis=1)

    def result(self) -> Comparison:
        first, second, difference = (collector.summary().with_ignored(self._left_out) for collector in self._collectors)
        text = self._spec.loss_text
        first, second = first.of_loss(text), second.of_loss(text)
        groups = {}
        if isinstance(first, GroupedSummary):
            for key in first.groups:
                parts = [summary.groups[key] for summary in (first, second, difference)]
                groups[key] = Comparison(*parts, *self._outcomes_of(key))
        return Comparison(first, second, difference, *map(int, self._outcomes), groups, self._spec.by)

    def _outcomes_of(self, key: Key) -> list[int]:
        """Those of a key; of 1 also those of True, which is the same group where both occur."""
        found = [of_kind[key] for of_kind in self._by_key.values() if key in of_kind]
        return [int(number) for number in sum(found)]
