"""Losses as scorers of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.core.loss import Loss
from fastloss.integrations._losses import WITH_ROWS, as_target, served

Array = NDArray[np.float64]

PREDICT, DECISION, PROBABILITY = "predict", "decision_function", "predict_proba"
# What a loss is a function of, by its name or its family: methods of an estimator, the first that it has is called
_LOGIT = DECISION, PROBABILITY
_METHODS = {
    "binary_cross_entropy": (PROBABILITY,),
    "binary_cross_entropy_with_logits": _LOGIT,
    "sigmoid_focal": _LOGIT,
    "multi_margin": _LOGIT,
    "nll": (PROBABILITY,),
    "rows": (PROBABILITY, DECISION),
    "margin": _LOGIT,
}


def scorer(loss: Loss | str) -> Scorer:
    """A scorer for `scoring=`: the negative mean loss, so that more is better.

    Losses of residuals and relative ones compare `predict` with y, those of counts its logarithm. Losses of margins,
    logits and rows of logits take `decision_function`, or the logits of `predict_proba`: cross-entropies these first,
    so that the mean is the log loss. Labels are the classes of the estimator. Where metadata are routed,
    `scorer(loss).set_score_request(sample_weight=True)` asks for weights.

    Parameters
    ----------
    loss : Loss or str
        Any loss of a number or of a row of logits that takes a target.

    Returns
    -------
    Scorer
        (estimator, X, y, sample_weight=None) -> float. It pickles.

    Raises
    ------
    TypeError
        If the loss is of embeddings, takes no target, or has a parameter without a value; in scoring, if the estimator
        has no such method.
    ValueError
        In scoring, if the loss is for two classes and the estimator has others, or y has a label that it has not.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> from sklearn.linear_model import LinearRegression, QuantileRegressor
    >>> from sklearn.model_selection import GridSearchCV
    >>> from fastloss.integrations.sklearn import scorer
    >>> x = np.arange(20.0)[:, None]
    >>> score = scorer(fl.quantile.bind(q=0.9))
    >>> round(score(LinearRegression().fit(x, 2 * x[:, 0]), x, 2 * x[:, 0] + 1), 6)
    -0.9
    """
    return Scorer(served(loss, "sklearn.scorer", WITH_ROWS))


@dataclass(unsafe_hash=True)  # which scikit-learn asks for
class Scorer:
    """What `scorer` returns."""

    loss: Any
    weighs: bool | str | None = field(default=None, hash=False)  # what was requested of metadata

    def __call__(self, estimator: Any, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        classes = self._classes(estimator)
        pred = self._prediction(estimator, X, classes)
        target = as_target(self.loss, y if classes is None else _numbers(y, classes))
        return -self.loss(pred, target, sample_weight=sample_weight, reduction="mean")

    def set_score_request(self, *, sample_weight: bool | str | None = None) -> Scorer:
        """Whether scikit-learn routes sample weights to this scorer, or under which name; changes the scorer."""
        self.weighs = sample_weight
        return self

    def get_metadata_routing(self) -> Any:
        """What scikit-learn asks for."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        request.score.add_request(param="sample_weight", alias=self.weighs)
        return request

    def _classes(self, estimator: Any) -> NDArray[Any] | None:
        """Those of the estimator, where the loss has labels."""
        loss = self.loss
        if not (loss.family in ("rows", "margin") or loss.reads_as in _METHODS) or not hasattr(estimator, "classes_"):
            return None
        classes = np.asarray(estimator.classes_)
        if not loss.is_rowwise and len(classes) != 2:
            raise ValueError(f"{loss.name} is for two classes, the estimator has {len(classes)}")
        return classes

    def _prediction(self, estimator: Any, X: Any, classes: NDArray[Any] | None) -> Array:
        loss = self.loss
        methods = _METHODS.get(loss.reads_as) or _METHODS.get(loss.family) or (PREDICT,)
        method = next((name for name in methods if hasattr(estimator, name)), None)
        if method is None:
            raise TypeError(f"{loss.name} needs {' or '.join(methods)}, which {type(estimator).__name__} has not")
        pred = np.asarray(getattr(estimator, method)(X))
        with np.errstate(divide="ignore"):
            if loss.family == "count":
                return np.log(pred)
            if method == PROBABILITY:
                return self._of_probabilities(pred)
        if method == DECISION and loss.is_rowwise and pred.ndim == 1:  # of two classes
            pred = np.stack([np.zeros_like(pred), pred], -1)
        if classes is not None and loss.is_rowwise and pred.shape[-1] != len(classes):
            raise ValueError(
                f"{loss.name} takes a column for each of {len(classes)} classes, {method} has {pred.shape[-1]}"
            )
        return pred

    def _of_probabilities(self, prob: Array) -> Array:
        if self.loss.is_rowwise:
            return np.log(prob)
        if self.loss.reads_as == "binary_cross_entropy":
            return prob[:, 1]
        return np.log(prob[:, 1]) - np.log(prob[:, 0])


def _numbers(y: ArrayLike, classes: NDArray[Any]) -> NDArray[np.intp]:
    """Labels as numbers of sorted classes.

    Raises
    ------
    ValueError
        If one is none of the classes.
    """
    y = np.asarray(y)
    numbers = np.searchsorted(classes, y)
    unknown = classes[np.minimum(numbers, len(classes) - 1)] != y
    if unknown.any():
        raise ValueError(f"y has the label {y[unknown][0]}, which the estimator has not seen")
    return numbers
