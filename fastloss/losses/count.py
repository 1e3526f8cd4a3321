"""Losses of counts and amounts, of the logarithm p of their expectation (log link), less the terms without p."""

from fastloss.core.loss import ElementwiseLoss


@ElementwiseLoss
def poisson():
    """
    Negative log-likelihood of the Poisson distribution, less log(y!).

    Domain: all real p; targets >= 0, others give NaN.
    Formula: exp(p) - y p.
    Derivatives: exp(p) - y and exp(p).

    Parameters
    ----------
    target
        Counts y.

    Source
    ------
    P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman and Hall, 1989, chapter 6.

    Examples
    --------
    >>> fl.poisson([0.0, 1.0], [2, 2]).round(6)
    array([1.      , 0.718282])
    """


@ElementwiseLoss
def gamma():
    """
    Negative log-likelihood of the gamma distribution over its shape, less the terms without p.

    Domain: all real p; targets > 0, others give NaN.
    Formula: p + y exp(-p).
    Derivatives: 1 - y exp(-p) and y exp(-p).

    Parameters
    ----------
    target
        Amounts y.

    Source
    ------
    P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd edition, Chapman and Hall, 1989, chapter 8.

    Examples
    --------
    >>> fl.gamma([0.0, 1.0], [2.0, 2.0]).round(6)
    array([2.      , 1.735759])
    """


@ElementwiseLoss
def tweedie(power=1.5):
    """
    Half the deviance of Tweedie's distributions, less the terms without p.

    Domain: all real p; targets > 0, for a power below 2 also 0. Others give NaN.
    Formula: exp(p (2 - power)) / (2 - power) - y exp(p (1 - power)) / (1 - power).
    Derivatives: exp(p (2 - power)) - y exp(p (1 - power)) and
    (2 - power) exp(p (2 - power)) - (1 - power) y exp(p (1 - power)).
    Special values: the powers 1 and 2 are the limits, less the constants that tend to infinity: `poisson` and `gamma`.

    Parameters
    ----------
    target
        Amounts y.
    power
        How the variance grows with the mean: as mean^power. 0 is normal, 1 Poisson, between 1 and 2 compound
        Poisson-gamma, 2 gamma, 3 inverse Gaussian.

    Source
    ------
    B. Jorgensen, "Exponential Dispersion Models", Journal of the Royal Statistical Society B 49, 1987.

    Examples
    --------
    >>> fl.tweedie([0.0, 1.0], [2.0, 2.0]).round(6)
    array([6.      , 5.723565])
    >>> fl.tweedie([0.0, 1.0], [2.0, 2.0], power=1.0) == fl.poisson([0.0, 1.0], [2.0, 2.0])
    array([ True,  True])
    """
