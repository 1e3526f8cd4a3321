"""Rows of logits, labels and weights of data files, as numbers, read again as often as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from fastloss.files.arguments import as_inputs, as_options, optional
from fastloss.files.batch import Inputs, evaluated, read_batch
from fastloss.files.csv.options import PLAIN, CsvOptions
from fastloss.files.dataset import of_arrays
from fastloss.files.errors import RowError, ScoringError
from fastloss.files.inputs import find_fragments
from fastloss.files.matching import Chosen
from fastloss.files.placed import placed_batches
from fastloss.files.readers.sources import common_class_count
from fastloss.files.spec import Spec
from fastloss.files.stores.addresses import Addresses
from fastloss.losses.rows import cross_entropy

Rows = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def logits_of(
    inputs,
    pred: str | list[str] | None,
    target: str | os.PathLike | None,
    *,
    format: str | None = None,
    sample_weight: str | None = None,
    ignore_index: int = -100,
    dtype: str | None = None,
    csv: CsvOptions = PLAIN,
    storage_options: Mapping | None = None,
    where: str | list[str] | None = None,
) -> Callable[[], Iterator[Rows]]:
    """A function that reads the rows that count of files and tables, as `fastloss.score` does, batch by batch.

    Rows that are null or ignored, whose weight is 0, or that do not meet the conditions `where`, are left out.

    Raises
    ------
    ScoringError
        If a file, a column or a row cannot be read, or a row's cross-entropy is not finite.
    """
    loss = cross_entropy.bind(ignore_index=ignore_index)
    addresses = Addresses(optional(as_options, storage_options, "storage_options"))
    fragments = find_fragments(as_inputs(inputs, "logits"), format, addresses)
    for fragment in fragments:
        if fragment.passes_once:
            raise ScoringError(
                f"{fragment.name} passes once, and each step reads the rows again: save it in a file, or in a table"
            )
    roles = {"pred": pred, "target": target, "sample_weight": sample_weight}
    fragments, columns = of_arrays(fragments, loss, addresses, **roles)
    addresses.check_options()
    spec = Spec.of(loss, **columns, keep="none", dtype=dtype, csv=csv, where=where)
    common = common_class_count(fragments, spec) if len(fragments) > 1 else None

    is_checked = False

    def batches() -> Iterator[Rows]:
        nonlocal is_checked
        for place, batch, matches in placed_batches(fragments, spec, common=common):
            chosen = Chosen.of(batch, matches)
            if len(chosen.batch):
                with place.naming_in_file(), chosen.counting():
                    inputs = read_batch(chosen.batch, spec, place.classes)
                    counts = _counts(inputs)
                    if not is_checked:  # each pass reads the same rows
                        _check(inputs, counts, spec)
                weights = None if inputs.sample_weight is None else inputs.sample_weight[counts].astype(np.float64)
                yield inputs.pred[counts], inputs.target[counts].astype(np.int64), weights
        is_checked = True

    return batches


def _counts(inputs: Inputs) -> np.ndarray:
    """Which rows count."""
    counts = np.ones(len(inputs.pred), bool)
    for mark in (inputs.null, inputs.ignored):
        if mark is not None:
            counts &= ~mark
    if inputs.sample_weight is not None:
        counts &= inputs.sample_weight > 0
    return counts


def _check(inputs: Inputs, counts: np.ndarray, spec: Spec) -> None:
    """That the rows that count have labels, and a finite cross-entropy."""
    if inputs.target.ndim != 1:
        raise ScoringError(f"column {spec.target[0]!r}: a temperature is fitted to labels, one whole number a row")
    values = evaluated(inputs, spec).value
    wrong = counts & ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RowError(f"the cross-entropy is {values[row]}", row, ", no temperature makes it finite")
