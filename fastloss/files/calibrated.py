"""The probabilities that predictions stand for, and what came true, for the calibration in summaries."""

from __future__ import annotations

import numpy as np

from fastloss.core.arguments import shown
from fastloss.exact.bins import MOST_BINS
from fastloss.exact.shares import most_likely
from fastloss.files.arguments import as_count
from fastloss.files.errors import ScoringError
from fastloss.losses.probability import binary_cross_entropy_with_logits
from fastloss.losses.softmax_family import softmax

BLOCK_LOGITS = 1 << 15  # that are widened at a time, and stay in the cache
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
    """In float64, in which m equal logits have 1 / m to the last digit: an edge of as many bins."""
    top, temperature = _most_likely(logits), loss.parameters["temperature"]
    probability = np.empty(len(logits))
    step = max(1, BLOCK_LOGITS // logits.shape[1])
    for rows in (slice(start, start + step) for start in range(0, len(logits), step)):
        wide = logits[rows].astype(np.float64)
        probability[rows] = _of_classes(
            softmax(wide, temperature=temperature, out=wide, num_threads=num_threads), top[rows]
        )
    return probability, top == labels


def _of_log_probabilities(loss, logs: np.ndarray, labels: np.ndarray, num_threads: int | None) -> Predicted:
    top = _most_likely(logs)
    return np.exp(np.minimum(_of_classes(logs, top).astype(np.float64), 0.0)), top == labels


def _most_likely(logits: np.ndarray) -> np.ndarray:
    """The class of the largest logit of each row, the first of several."""
    return most_likely(np.ascontiguousarray(logits, np.float32 if logits.dtype.char in "ef" else np.float64))


def _of_classes(rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Of each row the number of one class."""
    return np.take_along_axis(rows, classes[:, None], axis=1)[:, 0]


def _of_probability(loss, p: np.ndarray, target: np.ndarray, num_threads: int | None) -> Predicted:
    return np.clip(p, 0.0, 1.0), target  # of eps > 0 all numbers are predictions


def _of_logit(loss, logit: np.ndarray, target: np.ndarray, num_threads: int | None) -> Predicted:
    """The sigmoid is the derivative of the loss of the target 0."""
    return binary_cross_entropy_with_logits.grad(logit, logit.dtype.type(0), num_threads=num_threads), target


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
