"""The probabilities that predictions stand for, and what came true, for the calibration in summaries."""

from __future__ import annotations

import numpy as np

from fastloss.core.arguments import shown
from fastloss.exact.bins import MOST_BINS
from fastloss.files.arguments import as_count
from fastloss.files.errors import ScoringError
from fastloss.losses.probability import binary_cross_entropy_with_logits
from fastloss.losses.rows import cross_entropy

Predicted = tuple[np.ndarray, np.ndarray]


def as_bins(value, name: str) -> int:
    """A number of bins."""
    bins = as_count(value, name)
    if bins > MOST_BINS:
        raise ScoringError(f"{name} must be at most {MOST_BINS} bins, got {shown(bins)}")
    return bins


def check_calibrated(loss) -> None:
    """That predictions of a loss are probabilities.

    Raises
    ------
    ScoringError
        If not.
    """
    if loss.name not in _KINDS:
        raise ScoringError(f"calibration: predictions of {loss.name} are no probabilities, as of {', '.join(_KINDS)}")


def probabilities(spec, pred: np.ndarray, target: np.ndarray, num_threads: int | None) -> Predicted:
    """Of each row the probability of its most likely class and whether that is the label; for binary losses the
    probability of the target 1, and the target.

    Raises
    ------
    ScoringError
        If a row has another target than one number.
    """
    if target.ndim != 1:
        raise ScoringError(f"calibration needs one target a row, of which {spec.target[0]!r} has several")
    return _KINDS[spec.loss.name](spec.loss, pred, target, num_threads)


def _of_logits(loss, logits: np.ndarray, labels: np.ndarray, num_threads: int | None) -> Predicted:
    top = logits.argmax(axis=1)
    temperature = loss.parameters["temperature"]
    value = cross_entropy(logits, top, ignore_index=-1, temperature=temperature, num_threads=num_threads)
    return np.exp(-value.astype(np.float64)), top == labels


def _of_log_probabilities(loss, logs: np.ndarray, labels: np.ndarray, num_threads: int | None) -> Predicted:
    top = logs.argmax(axis=1)
    largest = np.take_along_axis(logs, top[:, None], axis=1)[:, 0].astype(np.float64)
    return np.exp(np.minimum(largest, 0.0)), top == labels


def _of_probability(loss, p: np.ndarray, target: np.ndarray, num_threads: int | None) -> Predicted:
    return np.clip(p, 0.0, 1.0), target  # of eps > 0 all numbers are predictions


def _of_logit(loss, logit: np.ndarray, target: np.ndarray, num_threads: int | None) -> Predicted:
    """The sigmoid is the derivative of the loss of the target 0."""
    return binary_cross_entropy_with_logits.grad(logit, np.zeros_like(logit), num_threads=num_threads), target


def _of_score(loss, score: np.ndarray, label: np.ndarray, num_threads: int | None) -> Predicted:
    return _of_logit(loss, score, label > 0, num_threads)


_KINDS = {
    "cross_entropy": _of_logits,
    "nll": _of_log_probabilities,
    "binary_cross_entropy": _of_probability,
    "binary_cross_entropy_with_logits": _of_logit,
    "sigmoid_focal": _of_logit,
    "logistic": _of_score,
}
