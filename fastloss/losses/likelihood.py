"""Losses of a residual r = pred - target that are negative log-likelihoods: with the constants, so that parameters of
the density can be fitted too."""

from functools import partial

import numpy as np

from fastloss.core.loss import ResidualLoss, ShiftedLoss

# The series of log Z are imported where they are evaluated.


def _log_normalizer(alpha, scale):
    from fastloss.core.partition import log_partition

    return np.log(scale, dtype=np.float64) + log_partition(alpha)


def _log_normalizer_grad(alpha, scale):
    """By alpha and by scale; where the one by alpha is infinite, at the number that `robust.param_grad` takes."""
    from fastloss.core.partition import log_partition_grad

    below_two = np.nextafter(alpha.dtype.type(2), alpha.dtype.type(0))
    return [log_partition_grad(np.where(alpha == 2, below_two, alpha)), 1 / scale.astype(np.float64)]


@partial(ShiftedLoss, term=_log_normalizer, term_grad=_log_normalizer_grad)
def robust_nll(alpha=1.0, scale=1.0):
    """
    Negative log-likelihood of the density that the general robust loss belongs to, for fitting alpha and scale.

    Domain: all real residuals.
    Formula: robust(r, alpha, scale) + log(scale) + log Z(alpha), with `fastloss.adaptive.log_partition` for log Z.
    Limits: alpha = 2 is the normal distribution, alpha = 0 Cauchy's, of scale sqrt(2) scale. The smaller alpha, the
    heavier the tails. alpha = infinity is allowed, where Z is 2.0243734685084868.
    Derivatives: those of `robust`. `robust_nll.param_grad` gives those with respect to alpha and scale; at alpha = 2,
    where the one by alpha is infinite, its value at the next smaller alpha.

    Parameters
    ----------
    alpha
        Shape. `fastloss.adaptive.fit` finds the one that suits given residuals.
    scale
        Size of an inlier's residual, in the unit of the residual.

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.

    Examples
    --------
    >>> fl.robust_nll([0.0, 3.0], alpha=2.0).round(6)
    array([0.918939, 5.418939])
    >>> fl.robust_nll([0.0, 3.0], alpha=0.0, scale=0.5).round(6)
    array([0.798156, 3.742595])
    """


@ResidualLoss
def student_t_nll(df=1.0, scale=1.0):
    """
    Negative log-likelihood of Student's t distribution.

    Domain: all real residuals.
    Formula: (df + 1) / 2 log1p(z / df) + log(scale) + log(df pi) / 2 + lgamma(df / 2) - lgamma((df + 1) / 2), with
    z = (r / scale)^2.
    Derivatives: r w and w (1 - z / df) / (1 + z / df), with the IRLS weight w = (df + 1) / (scale^2 (df + z)).
    `student_t_nll.param_grad` gives those with respect to df and scale.

    Parameters
    ----------
    df
        Degrees of freedom: the smaller, the heavier the tails. 1 is the Cauchy distribution; towards infinity it
        becomes the normal.
    scale
        Scale of the distribution, in the unit of the residual; not its standard deviation.

    Source
    ------
    K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust Statistical Modeling Using the t Distribution", Journal of
    the American Statistical Association 84, 1989.

    Examples
    --------
    >>> fl.student_t_nll([0.0, 3.0]).round(6)
    array([1.14473 , 3.447315])
    """


@ResidualLoss
def gaussian_nll(var):
    """
    Negative log-likelihood of the normal distribution of a given variance, less log(2 pi) / 2.

    Domain: all real residuals.
    Formula: (log(var) + r^2 / var) / 2.
    Derivatives: r / var and 1 / var; IRLS weight 1 / var.

    Parameters
    ----------
    var
        Variance of the target, in the unit of the residual squared. It has no default.

    Source
    ------
    D. A. Nix, A. S. Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", ICNN 1994.

    Examples
    --------
    >>> fl.gaussian_nll([1.0, -3.0], var=[1.0, 4.0]).round(6)
    array([0.5     , 1.818147])
    >>> fl.gaussian_nll([1.0, -3.0])
    Traceback (most recent call last):
    TypeError: gaussian_nll requires var: give it in the call, or bind it
    """
