"""Summaries built from batches of losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastloss.exact.accumulator import Accumulator
from fastloss.exact.arrays import add_rows, as_floats, as_weights, marks
from fastloss.exact.bins import BinsCollector
from fastloss.exact.summary import Summary, summaries


class Collector:
    """Builds a `Summary` from batches of losses; one per fragment and thread. With a number of `bins`, it says how
    probabilities are calibrated; with a `loss`, of what its summary is."""

    def __init__(self, bins: int | None = None, loss: str | None = None):
        self._loss = loss
        self._values, self._bins = Accumulator(), None if bins is None else BinsCollector(bins)

    def add(self, values: np.ndarray, null=None, ignored=None, sample_weight=None, predicted=None) -> None:
        """Add losses.

        Parameters
        ----------
        null, ignored : array of bool, optional
            Rows that are left out; one that is both is null.
        sample_weight : array, optional
            Finite and not negative in the rows that are not left out; 1 without it.
        predicted : tuple of two arrays, optional
            With bins, the probability that each row gives, and what came true.
        """
        add_rows(self._values, values, null, ignored, sample_weight)
        if self._bins is not None:
            self._bins.add(predicted, counts(values, null, ignored))

    def take(self, other: Collector) -> None:
        """Add everything that was added to another one, which is as a new one then."""
        self._values.take(other._values, np.zeros(1, np.int64))
        if self._bins is not None:
            self._bins.take(other._bins, np.zeros(1, np.int64))

    def summary(self) -> Summary:
        """The summary of everything added so far."""
        return calibrated(summaries(self._values, self._loss), self._bins)[0]


def counts(values: np.ndarray, null, ignored) -> np.ndarray | None:
    """Marks of the rows that count, which have a loss and are not left out; None where all do."""
    found = values == values
    for mask in (null, ignored):
        if mask is not None:
            found &= ~mask
    return None if found.all() else found.view(np.uint8)


def calibrated(found: list[Summary], bins: BinsCollector | None) -> list[Summary]:
    """Summaries of groups, with the bins of these."""
    if bins is None:
        return found
    return [replace(one, calibrated=own) for one, own in zip(found, bins.bins(len(found)), strict=True)]


class ColumnsCollector:
    """As `Collector`, for losses of shape (n, k): a summary for each of the k columns."""

    def __init__(self):
        self._values, self._columns = Accumulator(grouped=True), 0

    def add(self, values: np.ndarray, null=None, ignored=None, sample_weight=None) -> None:
        """Add float losses; `null`, `ignored` and `sample_weight` have one number per row."""
        rows, columns = values.shape
        self._columns = max(self._columns, columns)
        left_out = marks(null, ignored, rows)
        weights = as_weights(sample_weight, left_out, rows)
        self._values.add(
            as_floats(values.reshape(-1), "values"),
            None if left_out is None else left_out.repeat(columns),
            None if weights is None else weights.repeat(columns),
            np.tile(np.arange(columns, dtype=np.int32), rows),
            np.arange(self._columns),
        )

    def take(self, other: ColumnsCollector) -> None:
        """Add everything that was added to another one, which is as a new one then."""
        self._values.take(other._values, np.arange(max(other._columns, 1)))
        self._columns, other._columns = max(self._columns, other._columns), 0

    def summaries(self) -> list[Summary]:
        """The summary of each column of everything added so far."""
        return summaries(self._values)[: self._columns]
