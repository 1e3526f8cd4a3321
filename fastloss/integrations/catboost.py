"""Losses as objectives and metrics of CatBoost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastloss.core.loss import Loss
from fastloss.integrations._boosting import Derivatives, objective_of
from fastloss.integrations._losses import WITH_ROWS, as_target, served


def objective(loss: Loss | str, hessian: str = "auto") -> Objective:
    """An object for `loss_function=`.

    What is boosted, the curvature and the errors are those of `fastloss.integrations.xgboost.objective`. CatBoost
    calls it for a thousand rows at a time, and for each row alone where there are several classes; it needs
    `eval_metric=`, for which `metric` serves. CatBoostClassifier takes the labels from `class_names=`, which it needs
    to predict them.

    Parameters
    ----------
    loss : Loss or str
        Any loss of a number or of a row of logits that takes a target, with a gradient.
    hessian : {"auto", "exact", "weight", "unit"}
        The curvature.

    Examples
    --------
    >>> import numpy as np, fastloss as fl, catboost
    >>> from fastloss.integrations.catboost import metric, objective
    >>> x = np.linspace(0, 6, 400)
    >>> y = np.sin(x)
    >>> y[::10] += 50
    >>> loss = fl.huber.bind(delta=0.1)
    >>> model = catboost.CatBoostRegressor(loss_function=objective(loss), eval_metric=metric(loss), iterations=200,
    ...     learning_rate=0.3, verbose=0, allow_writing_files=False)
    >>> error = np.abs(model.fit(x[:, None], y).predict(x[:, None]) - np.sin(x))
    >>> bool(np.median(error) < 0.05)
    True
    """
    return Objective(objective_of(loss, hessian, "catboost"))


def metric(loss: Loss | str) -> Metric:
    """An object for `eval_metric=`: the mean loss of what is boosted, smaller is better."""
    return Metric(served(loss, "catboost.metric", WITH_ROWS))


class _Given:
    """CatBoost copies what it is given, where scikit-learn's clone asks for the very same; and compiles its methods by
    numba if it can, or warns that it cannot, unless told."""

    no_jit = True

    def __deepcopy__(self, memo: Any) -> Any:
        return self


@dataclass(frozen=True)
class Objective(_Given):
    """What `objective` returns. CatBoost maximises: the signs are the other way round."""

    derivatives: Derivatives

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> Sequence[tuple[float, float]]:
        grad, hess = self.derivatives(_array(approxes), _array(targets), None if weights is None else _array(weights))
        return list(zip((-grad).tolist(), (-hess).tolist(), strict=True))

    def calc_ders_multi(self, approxes: Any, target: Any, weight: Any) -> tuple[list[float], list[list[float]]]:
        weights = None if weight is None else np.array([weight], np.float64)
        grad, hess = self.derivatives(_array(approxes)[None, :], np.array([target], np.float64), weights)
        return (-grad[0]).tolist(), np.diag(-hess[0]).tolist()


@dataclass(frozen=True)
class Metric(_Given):
    """What `metric` returns."""

    loss: Any

    def is_max_optimal(self) -> bool:
        return False

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        pred = np.stack([_array(approx) for approx in approxes], -1) if self.loss.is_rowwise else _array(approxes[0])
        target = as_target(self.loss, _array(target))
        weights = np.ones(len(target)) if weight is None else _array(weight)
        return self.loss(pred, target, sample_weight=weights, reduction="sum"), float(weights.sum())

    def get_final_error(self, error: float, weight: float) -> float:
        return error / (weight + 1e-300)


def _array(values: Any) -> Any:
    """CatBoost's sequences as an array."""
    return np.array(values, np.float64)
