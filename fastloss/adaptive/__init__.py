"""The adaptive robust loss: the general robust loss whose alpha and scale are learned from the residuals.

J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, without a deep-learning framework.

    data, statistics    residuals by the chunk; what a pass over them tells about alpha and scale, mergeable
    fitting             maximum likelihood by Newton's method
    sampling            random residuals
    regression          linear regression under any loss of a residual
    problem, objectives, starts         its data; what is minimised; from where
    linear, scales      columns in an orthonormal basis; the scale of residuals
    descent, m_estimate, penalised      the steps; those with a scale; those with a penalty
    inference, intervals, report        what is known of the coefficients and of predictions
    estimator           the same for scikit-learn
"""

from typing import TYPE_CHECKING, Any

from fastloss.adaptive.fitting import Fit, fit
from fastloss.adaptive.regression import Regression, irls
from fastloss.adaptive.sampling import sample
from fastloss.adaptive.statistics import Statistics, statistics
from fastloss.core.partition import log_partition, log_partition_grad

if TYPE_CHECKING:
    from fastloss.adaptive.estimator import RobustRegressor

__all__ = [
    "Fit",
    "Regression",
    "RobustRegressor",
    "Statistics",
    "fit",
    "irls",
    "log_partition",
    "log_partition_grad",
    "sample",
    "statistics",
]


def __getattr__(name: str) -> Any:
    """RobustRegressor, which imports scikit-learn, when it is asked for."""
    if name != "RobustRegressor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fastloss.adaptive.estimator import RobustRegressor

    return RobustRegressor
