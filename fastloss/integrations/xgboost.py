"""Losses as objectives and metrics of XGBoost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastloss.core.loss import Loss
from fastloss.integrations._boosting import Mean, Objective, objective_of
from fastloss.integrations._losses import WITH_ROWS, served


def objective(loss: Loss | str, hessian: str = "auto") -> Objective:
    """An objective for `xgboost.train(obj=)` and for `objective=` of XGBRegressor and XGBClassifier.

    What is boosted is what the loss is a function of: the prediction itself for losses of residuals and relative ones,
    a score for those of margins (labels 0 and 1 stand for -1 and 1), a logit for those of logits, one a class for those
    of rows, the logarithm of the mean for those of counts. XGBoost starts at `base_score` (.5 unless told otherwise):
    give it a median, or for a loss that gives up what is far off, such as tukey, `base_margin` of a first model.

    Parameters
    ----------
    loss : Loss or str
        Any loss of a number or of a row of logits that takes a target, with a gradient.
    hessian : {"auto", "exact", "weight", "unit"}
        The curvature. "auto": the exact second derivative of strictly convex losses of logits and counts, the IRLS
        weight of those of a residual, of which it is a bound, and abs(grad) / max(abs(r), median(abs(r))) where that
        is infinite, the median being that of 4096 rows where there are more; 1 for losses of a margin with a kink.
        "unit" is 1.

    Returns
    -------
    Objective
        (margins, DMatrix) or (labels, predictions, sample_weight=None) -> (gradient, curvature). It pickles. Both may
        be over one constant, so that curvatures of residual losses are at most about 1, as that of squared error is.

    Raises
    ------
    TypeError
        If the loss cannot be boosted; the message says why. In training, ValueError where a gradient is not finite.

    Source
    ------
    T. Chen and C. Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016.

    Examples
    --------
    >>> import numpy as np, fastloss as fl, xgboost
    >>> from fastloss.integrations.xgboost import metric, objective
    >>> x = np.linspace(0, 6, 400)
    >>> y = np.sin(x)
    >>> y[::10] += 50
    >>> model = xgboost.XGBRegressor(objective=objective(fl.huber.bind(delta=0.1)), max_depth=3, n_estimators=100)
    >>> error = np.abs(model.fit(x[:, None], y).predict(x[:, None]) - np.sin(x))
    >>> bool(np.median(error) < 0.05)
    True
    """
    return Objective(objective_of(loss, hessian, "xgboost"))


def metric(loss: Loss | str) -> Metric:
    """The mean loss, for `custom_metric=` of `xgboost.train` and for `eval_metric=`: smaller is better.

    It is of what XGBoost hands over: with an objective of `objective` that is what is boosted, with one of XGBoost's
    own what `predict` gives, which for "binary:logistic" are probabilities: fastloss.binary_cross_entropy then.
    """
    return Metric(Mean(served(loss, "xgboost.metric", WITH_ROWS)))


@dataclass(frozen=True)
class Metric:
    """What `metric` returns."""

    mean: Mean

    @property
    def __name__(self) -> str:
        return self.mean.loss.name.replace(" ", "")  # as XGBoost cuts its lines of metrics at spaces

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        mean = self.mean(y_true, y_pred, sample_weight)
        return (self.__name__, mean) if hasattr(y_pred, "get_label") else mean
