"""Losses of the margin m = y p of a score p, for a label y of -1 or 1. Gradients are with respect to the score."""

from fastloss.core.loss import ElementwiseLoss


@ElementwiseLoss
def zero_one():
    """
    Misclassification: 1 if the score's sign is not the label's.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: 1 if m <= 0, else 0.
    Derivatives: 0.

    Source
    ------
    P. L. Bartlett, M. I. Jordan, J. D. McAuliffe, "Convexity, Classification, and Risk Bounds", Journal of the
    American Statistical Association 101, 2006.

    Examples
    --------
    >>> fl.zero_one([0.3, -2.0, 0.0], [1, 1, 1])
    array([0., 1., 1.])
    """


@ElementwiseLoss
def perceptron():
    """
    The perceptron's loss: how far a score is on the wrong side.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: max(0, -m).
    Derivatives: -y if m < 0, else 0, and 0.

    Source
    ------
    F. Rosenblatt, "The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain",
    Psychological Review 65, 1958.

    Examples
    --------
    >>> fl.perceptron([0.3, -2.0], [1, 1])
    array([0., 2.])
    """


@ElementwiseLoss
def hinge(margin=1.0):
    """
    The hinge loss of support vector machines.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: max(0, margin - m).
    Derivatives: -y if m < margin, else 0, and 0.

    Parameters
    ----------
    margin
        From which margin on a score costs nothing, in its unit. 0 is the perceptron's loss.

    Source
    ------
    C. Cortes, V. Vapnik, "Support-Vector Networks", Machine Learning 20, 1995.

    Examples
    --------
    >>> fl.hinge([0.5, -2.0, 3.0], [1, 1, 0])
    array([0.5, 3. , nan])
    >>> fl.hinge([0.5, -2.0, 3.0], [1, 1, 1])
    array([0.5, 3. , 0. ])
    >>> fl.hinge.grad([0.5, -2.0, 3.0], [1, 1, 1])
    array([-1., -1.,  0.])
    """


@ElementwiseLoss
def squared_hinge(margin=1.0):
    """
    The squared hinge loss.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: max(0, margin - m)^2.
    Derivatives: -2 y (margin - m) and 2 y^2 if m < margin, else 0.

    Parameters
    ----------
    margin
        From which margin on a score costs nothing, in its unit.

    Source
    ------
    K.-W. Chang, C.-J. Hsieh, C.-J. Lin, "Coordinate Descent Method for Large-scale L2-loss Linear Support Vector
    Machines", Journal of Machine Learning Research 9, 2008.

    Examples
    --------
    >>> fl.squared_hinge([0.5, -2.0, 3.0], [1, 1, 1])
    array([0.25, 9.  , 0.  ])
    """


@ElementwiseLoss
def hinge_embedding(margin=1.0):
    """
    The hinge loss of a distance: small for pairs of the label 1, beyond the margin for those of -1.

    Domain: all real distances; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: p if y = 1, max(0, margin - p) if y = -1.
    Derivatives: 1 if y = 1; -1 if y = -1 and p < margin, else 0; and 0.

    Parameters
    ----------
    pred
        Distances p.
    margin
        From which distance on a pair of the label -1 costs nothing, in the unit of p.

    Source
    ------
    torch.nn.functional.hinge_embedding_loss.

    Examples
    --------
    >>> fl.hinge_embedding([0.25, 0.25, 3.0], [1, -1, -1])
    array([0.25, 0.75, 0.  ])
    >>> fl.hinge_embedding.grad([0.25, 0.25, 3.0], [1, -1, -1])
    array([ 1., -1.,  0.])
    """


@ElementwiseLoss
def modified_huber():
    """
    The squared hinge loss, continued as a line below m = -1.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: max(0, 1 - m)^2 if m >= -1, else -4 m.
    Derivatives: -2 y (1 - m) and 2 y^2 for -1 <= m < 1; -4 y and 0 below; 0 above.

    Source
    ------
    T. Zhang, "Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent Algorithms", ICML 2004.

    Examples
    --------
    >>> fl.modified_huber([0.5, -2.0, 3.0], [1, 1, 1])
    array([0.25, 8.  , 0.  ])
    """


@ElementwiseLoss
def exponential():
    """
    The exponential loss of AdaBoost.

    Domain: all real scores; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: exp(-m).
    Derivatives: -y exp(-m) and y^2 exp(-m).

    Source
    ------
    Y. Freund, R. E. Schapire, "A Decision-Theoretic Generalization of On-Line Learning and an Application to
    Boosting", Journal of Computer and System Sciences 55, 1997.

    Examples
    --------
    >>> fl.exponential([0.0, -2.0], [1, 1]).round(6)
    array([1.      , 7.389056])
    """


@ElementwiseLoss
def logistic():
    """
    The logistic loss: the negative log-likelihood of logistic regression for labels -1 and 1.

    Domain: all real scores, where it does not overflow; labels -1 and 1. Another label, 0 too, gives NaN.
    Formula: log1p(exp(-m)).
    Derivatives: -y q and y^2 q (1 - q) with q = 1 / (1 + exp(m)).

    Source
    ------
    D. R. Cox, "The Regression Analysis of Binary Sequences", Journal of the Royal Statistical Society B 20, 1958.

    Examples
    --------
    >>> fl.logistic([0.0, -1000.0, 40.0], [1, 1, 1])
    array([6.93147181e-01, 1.00000000e+03, 4.24835426e-18])
    """
