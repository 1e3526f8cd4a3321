"""Losses of a probability, of its logarithm or of its logit. Gradients are with respect to what is given."""

from fastloss.core.loss import ElementwiseLoss


@ElementwiseLoss
def binary_cross_entropy(eps=0.0):
    """
    Cross-entropy of the probability of one class.

    Domain: probabilities and targets in [0, 1].
    Formula: -(y log(p) + (1 - y) log1p(-p)).
    Derivatives: (p - y) / (p (1 - p)) and y / p^2 + (1 - y) / (1 - p)^2.
    Special values: +inf for a certain prediction that is wrong, unless eps is positive; 0 log(0) is 0. NaN for
    targets outside [0, 1] and, without eps, for such p; with it the gradient outside [eps, 1 - eps] is 0.

    Parameters
    ----------
    pred
        Probabilities p.
    target
        What they should be, y: 0, 1 or between.
    eps
        Probabilities are clipped to [eps, 1 - eps].

    Source
    ------
    C. M. Bishop, "Pattern Recognition and Machine Learning", Springer, 2006, section 4.3.2.

    Examples
    --------
    >>> fl.binary_cross_entropy([0.5, 0.0, 1.0], [1, 0, 0]).round(6)
    array([0.693147, 0.      ,      inf])
    """


@ElementwiseLoss
def binary_cross_entropy_with_logits(pos_weight=1.0):
    """
    Cross-entropy of the sigmoid of a logit: multi-label classification, a class an element.

    Domain: all real logits, where it does not overflow; targets in [0, 1], others give NaN.
    Formula: (1 - y) log1p(exp(x)) + pos_weight y log1p(exp(-x)).
    Derivatives: (1 - y) s - pos_weight y (1 - s) and (1 - y + pos_weight y) s (1 - s) with s = 1 / (1 + exp(-x)).

    Parameters
    ----------
    pred
        Logits x.
    target
        Probabilities y: 0, 1 or between.
    pos_weight
        How many times a positive counts.

    Source
    ------
    Definition: torch.nn.functional.binary_cross_entropy_with_logits.

    Examples
    --------
    >>> fl.binary_cross_entropy_with_logits([0.0, -1000.0, 40.0], [1, 1, 1])
    array([6.93147181e-01, 1.00000000e+03, 4.24835426e-18])
    >>> fl.binary_cross_entropy_with_logits.grad([0.0], [1], pos_weight=3.0)
    array([-1.5])
    """


@ElementwiseLoss
def sigmoid_focal(alpha=0.25, gamma=2.0):
    """
    Focal loss of the sigmoid of a logit: cross-entropy in which easy elements fade.

    Domain: all real logits, where it does not overflow; targets in [0, 1], others give NaN.
    Formula: (alpha y + (1 - alpha) (1 - y)) q^gamma h, with the cross-entropy h of s = 1 / (1 + exp(-x)) and y, and the
    probability missed, q = y (1 - s) + (1 - y) s.
    Special values: gamma = 0 is the weighted cross-entropy. Its gradient is finite for every gamma.

    Parameters
    ----------
    pred
        Logits x.
    target
        Probabilities y: 0, 1 or between.
    alpha
        Weight of the positives, that of the negatives being 1 - alpha. Below 0 there are no such weights.
    gamma
        How fast elements fade as their prediction gets better.

    Source
    ------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> fl.sigmoid_focal([0.0, 5.0], [1, 1], alpha=-1.0).round(9)
    array([1.73286795e-01, 3.01000000e-07])
    """


@ElementwiseLoss
def kl_div():
    """
    Kullback-Leibler divergence, a term of its sum, of log-probabilities from probabilities.

    Domain: real log-probabilities, or -inf; targets >= 0.
    Formula: y (log(y) - p).
    Derivatives: -y and 0.
    Special values: a target of 0 gives 0, one above 0 at p = -inf gives +inf, one below 0 +inf.

    Parameters
    ----------
    pred
        Log-probabilities p.
    target
        Probabilities y.

    Source
    ------
    S. Kullback, R. A. Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> fl.kl_div([-1.0, -float("inf")], [0.5, 0.0]).round(6)
    array([0.153426, 0.      ])
    """


@ElementwiseLoss
def relative_entropy():
    """
    Relative entropy, a term of its sum, of probabilities.

    Domain: probabilities and targets >= 0.
    Formula: y log(y / p).
    Derivatives: -y / p and y / p^2.
    Special values: a target of 0 gives 0, one above 0 at p = 0 gives +inf; +inf also where either is below 0.

    Parameters
    ----------
    pred
        Probabilities p.
    target
        Probabilities y.

    Source
    ------
    S. Kullback, R. A. Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> fl.relative_entropy([0.25, 0.5], [0.5, 0.0]).round(6)
    array([0.346574, 0.      ])
    """


@ElementwiseLoss
def entropy():
    """
    Entropy, a term of its sum, of a probability. It takes no target.

    Domain: probabilities >= 0.
    Formula: -p log(p).
    Derivatives: -log(p) - 1 and -1 / p.
    Special values: 0 at p = 0, NaN below.

    Parameters
    ----------
    pred
        Probabilities p.

    Source
    ------
    C. E. Shannon, "A Mathematical Theory of Communication", Bell System Technical Journal 27, 1948.

    Examples
    --------
    >>> fl.entropy([0.5, 0.5], reduction="sum")
    0.6931471805599453
    """
