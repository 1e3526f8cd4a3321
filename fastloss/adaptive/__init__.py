"""The adaptive robust loss: the general robust loss whose alpha and scale are learned from the residuals.

J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, without a deep-learning framework.

    partition     log Z(alpha), which makes exp(-loss) a density
    statistics    what a pass over residuals tells about alpha and scale; mergeable
    fitting       maximum likelihood by Newton's method
    sampling      random residuals
    regression    linear regression by iteratively reweighted least squares
"""

from fastloss._partition import log_partition, log_partition_grad
from fastloss.adaptive.fitting import Fit, fit
from fastloss.adaptive.sampling import sample
from fastloss.adaptive.statistics import Statistics, statistics

__all__ = ["Fit", "Statistics", "fit", "log_partition", "log_partition_grad", "sample", "statistics"]
