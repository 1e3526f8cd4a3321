"""Deviances of a predicted mean p > 0: twice what the log-likelihood of the observation y lacks to that of p = y."""

from fastloss.core.loss import ElementwiseLoss


@ElementwiseLoss
def poisson_deviance():
    """
    The deviance of the Poisson distribution: how far a predicted mean is from a count.

    Domain: p > 0; targets >= 0. Others give NaN.
    Formula: 2 (y log(y / p) - y + p), with y log(y / p) = 0 at y = 0. Never below 0; it keeps its digits where p is
    close to y.
    Derivatives: 2 (p - y) / p and 2 y / p^2.
    Special values: `poisson` of log p is half of it, less what does not depend on p.

    Parameters
    ----------
    target
        Counts y.

    Source
    ------
    P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman and Hall, 1989, chapter 6; per element
    sklearn.metrics.mean_poisson_deviance.

    Examples
    --------
    >>> fl.poisson_deviance([1.0, 2.5, 0.5], [3, 2, 0]).round(6)
    array([2.591674, 0.107426, 1.      ])
    >>> fl.poisson_deviance(2.0 + 1e-9, 2.0).item()
    5.000000825737077e-19
    """


@ElementwiseLoss
def gamma_deviance():
    """
    The deviance of the gamma distribution: how far a predicted mean is from an amount, whatever the unit of both.

    Domain: p > 0; targets > 0. Others give NaN.
    Formula: 2 (log(p / y) + y / p - 1). Never below 0; it keeps its digits where p is close to y.
    Derivatives: 2 (p - y) / p^2 and 2 (2 y - p) / p^3.
    Special values: `gamma` of log p is half of it, less what does not depend on p.

    Parameters
    ----------
    target
        Amounts y.

    Source
    ------
    P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman and Hall, 1989, chapter 8; per element
    sklearn.metrics.mean_gamma_deviance.

    Examples
    --------
    >>> fl.gamma_deviance([1.0, 2.5], [3.0, 2.0]).round(6)
    array([1.802775, 0.046287])
    >>> fl.gamma_deviance([100.0], [300.0]).round(6)
    array([1.802775])
    """


@ElementwiseLoss
def tweedie_deviance(power=1.5):
    """
    The deviance of Tweedie's distributions.

    Domain: p > 0, for the power 0 all real p; targets > 0, for a power below 2 also 0. Others give NaN.
    Formula: 2 (y^a / (a b) - y p^b / b + p^a / a), a = 2 - power, b = 1 - power. Never below 0; it keeps its digits
    where p is close to y.
    Derivatives: 2 (p - y) p^-power and 2 p^-power (power y / p - power + 1).
    Special values: the power 0 is the squared error, 1 and 2 are `poisson_deviance` and `gamma_deviance`.

    Parameters
    ----------
    target
        Amounts y.
    power
        How the variance grows with the mean: as mean^power. 0 is normal, 1 Poisson, between 1 and 2 compound
        Poisson-gamma, 2 gamma, 3 inverse Gaussian. There is no distribution between 0 and 1. 0, 1, 1.5, 2 and 3 are
        faster than others.

    Source
    ------
    B. Jorgensen, "Exponential Dispersion Models", Journal of the Royal Statistical Society B 49, 1987; per element
    sklearn.metrics.mean_tweedie_deviance, which takes any target for the power 0.

    Examples
    --------
    >>> fl.tweedie_deviance([1.0, 2.5, 0.5], [3.0, 2.0, 0.0]).round(6)
    array([2.143594, 0.070491, 2.828427])
    >>> fl.tweedie_deviance([1.0, 2.5], [3.0, 2.0], power=1.0) == fl.poisson_deviance([1.0, 2.5], [3.0, 2.0])
    array([ True,  True])
    """
