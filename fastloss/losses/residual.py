"""Losses of a residual r = pred - target: squares, absolute values and what lies between them."""

from fastloss.core.loss import ResidualLoss


@ResidualLoss
def squared_error():
    """
    Squared error.

    Domain: all real residuals.
    Formula: r^2.
    Derivatives: 2 r and 2; IRLS weight 2.

    Source
    ------
    A. M. Legendre, "Nouvelles methodes pour la determination des orbites des cometes", 1805.

    Examples
    --------
    >>> fl.squared_error([1.0, 2.0], [0.5, 4.0])
    array([0.25, 4.  ])
    >>> fl.squared_error([1.0, 2.0], [0.5, 4.0], reduction="mean")
    2.125
    """


@ResidualLoss
def half_squared_error():
    """
    Half the squared error, whose gradient is the residual.

    Domain: all real residuals.
    Formula: r^2 / 2.
    Derivatives: r and 1; IRLS weight 1.

    Source
    ------
    C. F. Gauss, "Theoria motus corporum coelestium", 1809.

    Examples
    --------
    >>> fl.half_squared_error([1.0, 2.0], [0.5, 4.0])
    array([0.125, 2.   ])
    """


@ResidualLoss
def absolute_error():
    """
    Absolute error, which the median minimises.

    Domain: all real residuals.
    Formula: |r|.
    Derivatives: sign(r) and 0; IRLS weight 1 / |r|.
    Special values: at r = 0 the gradient is 0 and the weight +inf.

    Source
    ------
    P. Bloomfield, W. L. Steiger, "Least Absolute Deviations", Birkhaeuser, 1983.

    Examples
    --------
    >>> fl.absolute_error([1.0, 2.0], [0.5, 4.0])
    array([0.5, 2. ])
    >>> fl.absolute_error.grad([-3.0, 0.0, 3.0])
    array([-1.,  0.,  1.])
    """


@ResidualLoss
def huber(delta=1.0):
    """
    Huber's loss: quadratic near zero, linear beyond delta.

    Domain: all real residuals.
    Formula: r^2 / 2 if |r| <= delta, else delta (|r| - delta / 2).
    Derivatives: r and 1 inside, delta sign(r) and 0 beyond; IRLS weight min(1, delta / |r|).
    Special values: the second derivative at |r| = delta is 1.

    Parameters
    ----------
    delta
        Where the loss turns linear, in the unit of the residual. 1.345 standard deviations give 95% efficiency on
        normal errors.

    Source
    ------
    P. J. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> fl.huber([0.5, -3.0])
    array([0.125, 2.5  ])
    >>> fl.huber.weight([0.5, -4.0])
    array([1.  , 0.25])
    """


@ResidualLoss
def smooth_l1(beta=1.0):
    """
    Absolute error, rounded off by a parabola near zero.

    Domain: all real residuals.
    Formula: r^2 / (2 beta) if |r| < beta, else |r| - beta / 2. It is huber(delta=beta) over beta.
    Derivatives: r / beta and 1 / beta inside, sign(r) and 0 beyond; IRLS weight 1 / max(beta, |r|).
    Special values: beta = 0 is the absolute error: at r = 0 the gradient is 0, the weight +inf.

    Parameters
    ----------
    beta
        Where the loss turns linear, in the unit of the residual.

    Source
    ------
    R. Girshick, "Fast R-CNN", ICCV 2015.

    Examples
    --------
    >>> fl.smooth_l1([0.5, -3.0])
    array([0.125, 2.5  ])
    >>> fl.smooth_l1([0.5, -3.0], beta=0.0)
    array([0.5, 3. ])
    """


@ResidualLoss
def pseudo_huber(delta=1.0):
    """
    A smooth relative of Huber's loss, also known as Charbonnier's.

    Domain: all real residuals.
    Formula: delta^2 (sqrt(1 + z) - 1) with z = (r / delta)^2. Computed without the subtraction.
    Derivatives: r / sqrt(1 + z) and (1 + z)^(-3/2); IRLS weight 1 / sqrt(1 + z).

    Parameters
    ----------
    delta
        Where the parabola goes over into the line of slope delta, in the unit of the residual.

    Source
    ------
    P. Charbonnier, L. Blanc-Feraud, G. Aubert, M. Barlaud, "Two Deterministic Half-Quadratic Regularization Algorithms
    for Computed Imaging", ICIP 1994.

    Examples
    --------
    >>> fl.pseudo_huber([0.75, -2.4])
    array([0.25, 1.6 ])
    >>> fl.pseudo_huber.grad([0.75, -2.4]).round(4)
    array([ 0.6   , -0.9231])
    """


@ResidualLoss
def log_cosh():
    """
    Logarithm of the hyperbolic cosine: a parabola near zero, |r| - log 2 far out.

    Domain: all real residuals; it does not overflow.
    Formula: log(cosh(r)).
    Derivatives: tanh(r) and 1 - tanh(r)^2; IRLS weight tanh(r) / r.
    Special values: the weight at r = 0 is 1.

    Source
    ------
    P. J. Green, "Bayesian Reconstructions from Emission Tomography Data Using a Modified EM Algorithm", IEEE
    Transactions on Medical Imaging 9, 1990.

    Examples
    --------
    >>> fl.log_cosh([1e-6, 1.0, -1000.0])
    array([5.00000000e-13, 4.33780830e-01, 9.99306853e+02])
    """


@ResidualLoss
def quantile(q=0.5):
    """
    Pinball loss, which the q-quantile minimises.

    Domain: all real residuals.
    Formula: (1 - q) r if r > 0, else -q r.
    Derivatives: 1 - q or -q, and 0; IRLS weight their quotient by r.
    Special values: at r = 0 the gradient is 0 and the weight +inf. Not even but for q = 1/2.

    Parameters
    ----------
    q
        Which quantile: the share of targets that lie below the best prediction. 0.5 is half the absolute error.

    Source
    ------
    R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> fl.quantile([1.0, -1.0], q=0.75)
    array([0.25, 0.75])
    """


@ResidualLoss
def expectile(tau=0.5):
    """
    Asymmetric squares, which the tau-expectile minimises.

    Domain: all real residuals.
    Formula: (1 - tau) r^2 if r > 0, else tau r^2.
    Derivatives: 2 (1 - tau) r or 2 tau r, and their slopes, which are also the IRLS weights.
    Special values: at r = 0 the second derivative and the weight are 2 tau.

    Parameters
    ----------
    tau
        Which expectile. 0.5 is half the squared error, whose expectile is the mean.

    Source
    ------
    W. K. Newey, J. L. Powell, "Asymmetric Least Squares Estimation and Testing", Econometrica 55, 1987.

    Examples
    --------
    >>> fl.expectile([2.0, -2.0], tau=0.75)
    array([1., 3.])
    """


@ResidualLoss
def epsilon_insensitive(epsilon=0.1):
    """
    Absolute error beyond a tube of half-width epsilon: the loss of support vector regression.

    Domain: all real residuals.
    Formula: max(0, |r| - epsilon).
    Derivatives: sign(r) beyond the tube, else 0, and 0; IRLS weight 1 / |r| beyond the tube, else 0.
    Special values: at |r| = epsilon the gradient is 0. epsilon = 0 is the absolute error.

    Parameters
    ----------
    epsilon
        Half-width of the tube inside which a residual costs nothing, in the unit of the residual.

    Source
    ------
    V. N. Vapnik, "The Nature of Statistical Learning Theory", Springer, 1995.

    Examples
    --------
    >>> fl.epsilon_insensitive([0.25, -2.0], epsilon=0.5)
    array([0. , 1.5])
    """


@ResidualLoss
def squared_epsilon_insensitive(epsilon=0.1):
    """
    Squared error beyond a tube of half-width epsilon.

    Domain: all real residuals.
    Formula: max(0, |r| - epsilon)^2.
    Derivatives: 2 (|r| - epsilon) sign(r) and 2 beyond the tube, else 0; IRLS weight 2 (1 - epsilon / |r|) or 0.
    Special values: at |r| = epsilon all derivatives are 0. epsilon = 0 is the squared error.

    Parameters
    ----------
    epsilon
        Half-width of the tube inside which a residual costs nothing, in the unit of the residual.

    Source
    ------
    C.-H. Ho, C.-J. Lin, "Large-scale Linear Support Vector Regression", Journal of Machine Learning Research 13, 2012.

    Examples
    --------
    >>> fl.squared_epsilon_insensitive([0.25, -2.0], epsilon=0.5)
    array([0.  , 2.25])
    """
