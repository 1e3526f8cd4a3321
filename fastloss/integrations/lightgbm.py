"""Losses as objectives and metrics of LightGBM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastloss.core.loss import Loss
from fastloss.integrations._boosting import Mean, Objective, objective_of
from fastloss.integrations._losses import WITH_ROWS, served


def objective(loss: Loss | str, hessian: str = "auto") -> Objective:
    """An objective for `params["objective"]` of `lightgbm.train` and for `objective=` of LGBMRegressor and
    LGBMClassifier.

    What is boosted, the curvature and the errors are those of `fastloss.integrations.xgboost.objective`. LightGBM
    starts at 0: give `init_score`, of the median say, where labels are far from it.

    Parameters
    ----------
    loss : Loss or str
        Any loss of a number or of a row of logits that takes a target, with a gradient.
    hessian : {"auto", "exact", "weight", "unit"}
        The curvature.

    Returns
    -------
    Objective
        (predictions, Dataset) or (labels, predictions, weight=None) -> (gradient, curvature). It pickles.

    Examples
    --------
    >>> import numpy as np, fastloss as fl, lightgbm
    >>> from fastloss.integrations.lightgbm import objective
    >>> x = np.linspace(0, 6, 400)
    >>> y = np.sin(x)
    >>> y[::10] += 50
    >>> model = lightgbm.LGBMRegressor(objective=objective(fl.huber.bind(delta=0.1)), verbose=-1)
    >>> error = np.abs(model.fit(x[:, None], y).predict(x[:, None]) - np.sin(x))
    >>> bool(np.median(error) < 0.05)
    True
    """
    return Objective(objective_of(loss, hessian, "lightgbm"))


def metric(loss: Loss | str) -> Metric:
    """(name, mean loss, False) for `feval=` of `lightgbm.train` and for `eval_metric=`: smaller is better.

    It is of what LightGBM hands over: with an objective of `objective` that is what is boosted, with one of LightGBM's
    own what `predict` gives, which for classifiers are probabilities: fastloss.binary_cross_entropy then.
    """
    return Metric(Mean(served(loss, "lightgbm.metric", WITH_ROWS)))


@dataclass(frozen=True)
class Metric:
    """What `metric` returns."""

    mean: Mean

    def __call__(self, y_true: Any, y_pred: Any, weight: Any = None) -> tuple[str, float, bool]:
        return self.mean.loss.name, self.mean(y_true, y_pred, weight), False
