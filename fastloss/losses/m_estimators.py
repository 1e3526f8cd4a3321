"""Losses of a residual r = pred - target that limit what an outlier may do, as robust statistics knows them."""

from fastloss.core.loss import ResidualLoss


@ResidualLoss
def cauchy(scale=1.0):
    """
    Cauchy's loss, also known as Lorentzian: it grows as a logarithm.

    Domain: all real residuals.
    Formula: scale^2 / 2 log1p(z) with z = (r / scale)^2.
    Derivatives: r / (1 + z) and (1 - z) / (1 + z)^2; IRLS weight 1 / (1 + z).

    Parameters
    ----------
    scale
        Where the influence of a residual is greatest, in its unit. 2.3849 standard deviations give 95% efficiency on
        normal errors.

    Source
    ------
    P. W. Holland, R. E. Welsch, "Robust Regression Using Iteratively Reweighted Least-Squares", Communications in
    Statistics A 6, 1977.

    Examples
    --------
    >>> fl.cauchy([0.1, -3.0]).round(6)
    array([0.004975, 1.151293])
    >>> fl.cauchy.weight([0.5, -3.0])
    array([0.8, 0.1])
    """


@ResidualLoss
def geman_mcclure(scale=1.0):
    """
    Geman and McClure's loss: bounded by scale^2 / 2.

    Domain: all real residuals.
    Formula: scale^2 / 2 z / (1 + z) with z = (r / scale)^2.
    Derivatives: r / (1 + z)^2 and (1 - 3 z) / (1 + z)^3; IRLS weight 1 / (1 + z)^2.

    Parameters
    ----------
    scale
        Where the loss reaches half its bound, in the unit of the residual.

    Source
    ------
    S. Geman, D. E. McClure, "Bayesian Image Analysis: An Application to Single Photon Emission Tomography",
    Proceedings of the Statistical Computing Section, American Statistical Association, 1985.

    Examples
    --------
    >>> fl.geman_mcclure([1.0, -3.0])
    array([0.25, 0.45])
    """


@ResidualLoss
def welsch(scale=2.9846):
    """
    Welsch's loss, also known as Leclerc's: bounded by scale^2 / 2, its weight a normal density's.

    Domain: all real residuals.
    Formula: scale^2 / 2 (1 - exp(-z)) with z = (r / scale)^2.
    Derivatives: r exp(-z) and (1 - 2 z) exp(-z); IRLS weight exp(-z).

    Parameters
    ----------
    scale
        In the unit of the residual. The default gives 95% efficiency on normal errors of standard deviation 1.

    Source
    ------
    J. E. Dennis, R. E. Welsch, "Techniques for Nonlinear Least Squares and Robust Regression", Communications in
    Statistics B 7, 1978.

    Examples
    --------
    >>> fl.welsch([1.0, -100.0], scale=1.0).round(6)
    array([0.31606, 0.5    ])
    """


@ResidualLoss
def tukey(scale=4.6851):
    """
    Tukey's biweight: bounded by scale^2 / 6, which it reaches at |r| = scale.

    Domain: all real residuals.
    Formula: scale^2 / 6 (1 - (1 - z)^3) if |r| <= scale, else scale^2 / 6, with z = (r / scale)^2.
    Derivatives: r (1 - z)^2 and (1 - z) (1 - 5 z) inside, 0 beyond; IRLS weight (1 - z)^2 or 0.

    Parameters
    ----------
    scale
        From where on a residual counts for nothing, in its unit. The default gives 95% efficiency on normal errors of
        standard deviation 1.

    Source
    ------
    A. E. Beaton, J. W. Tukey, "The Fitting of Power Series, Meaning Polynomials, Illustrated on Band-Spectroscopic
    Data", Technometrics 16, 1974.

    Examples
    --------
    >>> fl.tukey([1.0, -3.0], scale=2.0).round(6)
    array([0.385417, 0.666667])
    >>> fl.tukey.weight([1.0, -3.0], scale=2.0)
    array([0.5625, 0.    ])
    """


@ResidualLoss
def fair(scale=1.3998):
    """
    Fair's loss: convex, with a slope that approaches scale.

    Domain: all real residuals.
    Formula: scale^2 (a - log1p(a)) with a = |r| / scale.
    Derivatives: r / (1 + a) and 1 / (1 + a)^2; IRLS weight 1 / (1 + a).

    Parameters
    ----------
    scale
        In the unit of the residual. The default gives 95% efficiency on normal errors of standard deviation 1.

    Source
    ------
    R. C. Fair, "On the Robust Estimation of Econometric Models", Annals of Economic and Social Measurement 3, 1974.

    Examples
    --------
    >>> fl.fair([1.0, -3.0], scale=1.0).round(6)
    array([0.306853, 1.613706])
    >>> fl.fair.weight([1.0, -3.0], scale=1.0)
    array([0.5 , 0.25])
    """


@ResidualLoss
def arctan(scale=1.0):
    """
    Arc tangent of the squared residual: bounded by pi scale^2 / 4.

    Domain: all real residuals.
    Formula: scale^2 / 2 arctan(z) with z = (r / scale)^2.
    Derivatives: r / (1 + z^2) and (1 - 3 z^2) / (1 + z^2)^2; IRLS weight 1 / (1 + z^2).

    Parameters
    ----------
    scale
        Where the loss reaches half its bound, in the unit of the residual.

    Source
    ------
    Definition: scipy.optimize.least_squares, loss="arctan", times one half.

    Examples
    --------
    >>> fl.arctan([1.0, -100.0]).round(6)
    array([0.392699, 0.785348])
    """


@ResidualLoss
def truncated_squared(scale=1.0):
    """
    Talwar's loss: half the squared error, cut off at |r| = scale.

    Domain: all real residuals.
    Formula: min(r^2, scale^2) / 2.
    Derivatives: r and 1 if |r| <= scale, else 0; IRLS weight 1 or 0.
    Special values: at |r| = scale the derivatives are those of the parabola.

    Parameters
    ----------
    scale
        From where on a residual counts for nothing, in its unit.

    Source
    ------
    M. J. Hinich, P. P. Talwar, "A Simple Method for Robust Regression", Journal of the American Statistical
    Association 70, 1975.

    Examples
    --------
    >>> fl.truncated_squared([0.5, 1.0, -3.0])
    array([0.125, 0.5  , 0.5  ])
    """


@ResidualLoss
def dcs(scale=1.0):
    """
    Dynamic covariance scaling: half the squared error until r^2 = scale, then bounded by 3 scale / 2.

    Domain: all real residuals.
    Formula: r^2 / 2 if r^2 <= scale, else scale (3 r^2 - scale) / (2 (scale + r^2)).
    Derivatives: r w, w the IRLS weight, which is 1 inside and (2 scale / (scale + r^2))^2 beyond; 1 inside and
    w (scale - 3 r^2) / (scale + r^2) beyond.
    Special values: at r^2 = scale the second derivative is that of the parabola.

    Parameters
    ----------
    scale
        The square of the residual from where on it counts less, in the square of its unit.

    Source
    ------
    P. Agarwal, G. D. Tipaldi, L. Spinello, C. Stachniss, W. Burgard, "Robust Map Optimization Using Dynamic Covariance
    Scaling", ICRA 2013, whose weight is that of GTSAM's DCS; the value is the one whose weight it is.

    Examples
    --------
    >>> fl.dcs([0.5, 1.0, -3.0])
    array([0.125, 0.5  , 1.3  ])
    >>> fl.dcs.weight([0.5, -3.0])
    array([1.  , 0.04])
    """


@ResidualLoss
def andrews(scale=1.339):
    """
    Andrews' wave: bounded by 2 scale^2, which it reaches at |r| = pi scale.

    Domain: all real residuals.
    Formula: scale^2 (1 - cos(r / scale)) if |r| <= pi scale, else 2 scale^2.
    Derivatives: scale sin(r / scale) and cos(r / scale) inside, 0 beyond; IRLS weight sin(r / scale) scale / r or 0.
    Special values: the weight at r = 0 is 1.

    Parameters
    ----------
    scale
        Over pi from where on a residual counts for nothing, in its unit. The default gives 95% efficiency on normal
        errors of standard deviation 1.

    Source
    ------
    D. F. Andrews, "A Robust Method for Multiple Linear Regression", Technometrics 16, 1974.

    Examples
    --------
    >>> fl.andrews([1.0, -4.0], scale=1.0).round(6)
    array([0.459698, 2.      ])
    """


@ResidualLoss
def hampel(a=2.0, b=4.0, c=8.0):
    """
    Hampel's three-part loss: its slope rises up to a, is level up to b, and falls to zero at c.

    Domain: all real residuals.
    Formula: r^2 / 2 up to |r| = a; a |r| - a^2 / 2 up to b; a (b + c - a) / 2 - a (c - |r|)^2 / (2 (c - b)) up to c;
    then a (b + c - a) / 2.
    Derivatives: r and 1; a sign(r) and 0; a (c - |r|) sign(r) / (c - b) and -a / (c - b); then 0. IRLS weight their
    quotient by r.
    Special values: where two parts meet, the second derivative is that of the inner one.

    Parameters
    ----------
    a
        Where the slope stops rising, in the unit of the residual.
    b
        Where it begins to fall.
    c
        From where on a residual counts for nothing.

    Source
    ------
    F. R. Hampel, "The Influence Curve and Its Role in Robust Estimation", Journal of the American Statistical
    Association 69, 1974.

    Examples
    --------
    >>> fl.hampel([1.0, -3.0, 6.0, -9.0])
    array([ 0.5,  4. ,  9. , 10. ])
    >>> fl.hampel.grad([1.0, -3.0, 6.0, -9.0])
    array([ 1., -2.,  1., -0.])
    >>> fl.hampel.bind(b=1.0)
    Traceback (most recent call last):
    ValueError: b must be > a, got a=2.0, b=1.0
    """


@ResidualLoss
def ramsay(a=0.3):
    """
    Ramsay's loss: bounded by 1 / a^2, with a slope that dies out exponentially.

    Domain: all real residuals.
    Formula: (1 - exp(-t) (1 + t)) / a^2 with t = a |r|.
    Derivatives: r exp(-t) and (1 - t) exp(-t); IRLS weight exp(-t).

    Parameters
    ----------
    a
        How fast the weight falls, in units of 1 over the residual's.

    Source
    ------
    J. O. Ramsay, "A Comparative Study of Several Robust Estimates of Slope, Intercept, and Scale in Linear
    Regression", Journal of the American Statistical Association 72, 1977.

    Examples
    --------
    >>> fl.ramsay([1.0, -100.0], a=1.0).round(6)
    array([0.264241, 1.      ])
    """


@ResidualLoss
def tolerant(a=1.0, b=0.1):
    """
    Half the squared error beyond a tolerance: almost level up to r^2 = a, smoothly turning into (r^2 - a) / 2.

    Domain: all real residuals.
    Formula: b / 2 (log1p(exp((r^2 - a) / b)) - log1p(exp(-a / b))).
    Derivatives: r s and s + 2 r^2 s (1 - s) / b with s = 1 / (1 + exp((a - r^2) / b)); IRLS weight s.

    Parameters
    ----------
    a
        Squared residual up to which there is next to no loss, in the unit of the residual squared.
    b
        Width of the transition, in the same unit.

    Source
    ------
    S. Agarwal, K. Mierle et al., Ceres Solver, TolerantLoss, of which this is one half.

    Examples
    --------
    >>> fl.tolerant([0.5, -3.0], b=0.5).round(6)
    array([0.018621, 3.968268])
    """


@ResidualLoss
def robust(alpha=1.0, scale=1.0):
    """
    The general robust loss of Barron, for every alpha.

    Domain: all real residuals.
    Formula: (b / alpha) ((z / b + 1)^(alpha / 2) - 1), with b = |alpha - 2| and z = (r / scale)^2.
    Limits: alpha = 2 gives z / 2 (squared), 1 sqrt(z + 1) - 1 (pseudo-Huber), 0 log(z / 2 + 1) (Cauchy),
    -2 2 z / (z + 4) (Geman-McClure), -inf 1 - exp(-z / 2) (Welsch), +inf exp(z / 2) - 1. Values close to the limits
    are as accurate as all others. For alpha < 0 the loss is at most b / |alpha|.
    Derivatives: r w and w (1 + (alpha - 1) z / b) / (1 + z / b), with the IRLS weight
    w = (z / b + 1)^(alpha / 2 - 1) / scale^2. `robust.param_grad` gives those with respect to alpha and scale; at
    alpha = 2, where the one by alpha is infinite, its value at the next smaller alpha.

    Parameters
    ----------
    alpha
        Shape: the smaller, the less outliers count.
    scale
        Size of an inlier's residual, in the unit of the residual.

    Source
    ------
    J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.

    Examples
    --------
    >>> fl.robust([0.0, 1.0, 100.0], alpha=-2.0)
    array([0.        , 0.4       , 1.99920032])
    >>> fl.robust.weight([0.0, 1.0, 100.0], alpha=1.0).round(3)
    array([1.   , 0.707, 0.01 ])
    """
