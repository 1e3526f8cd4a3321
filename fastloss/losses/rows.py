"""Losses of rows of logits. Gradients are with respect to the logits; second derivatives are the diagonal."""

from fastloss.core.row_loss import RowLoss


@RowLoss
def cross_entropy(class_weight=None, ignore_index=-100, label_smoothing=0.0, temperature=1.0):
    """
    Softmax cross-entropy of rows of logits with labels or class probabilities.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: -sum_k a_k log p_k with p = softmax(logits / temperature), a_k = w_k ((1 - s) t_k + s / C), where w is
    class_weight, s label_smoothing, C the number of classes and t the target: class probabilities, or 1 at the label.
    With a label and no options: log sum_k exp(x_k) - x_label. Computed as (m - x_label) + log1p(the sum over the other
    classes of exp(x_k - m)), m the largest logit, so that confident rows keep their digits.
    Derivatives: p sum(a) - a and (the diagonal) p (1 - p) sum(a), over the temperature and its square.
    Special values: NaN where a logit is +inf, or all are -inf; +inf where only the label's is -inf.

    Parameters
    ----------
    class_weight
        Multiplies t and the smoothing's share of each class.
    label_smoothing
        The share of every target that is spread evenly over the classes.
    reduction
        The mean of labels divides by the sum over the rows that count of sample_weight * class_weight[label], that of
        probabilities by the sum of sample_weight.

    Source
    ------
    Definitions of options: torch.nn.functional.cross_entropy. Label smoothing: C. Szegedy et al., "Rethinking the
    Inception Architecture for Computer Vision", CVPR 2016.

    Examples
    --------
    >>> fl.cross_entropy([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]], [0, 2])
    array([0.34901222, 1.09861229])
    >>> fl.cross_entropy.grad([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    >>> fl.cross_entropy([[50.0, 0.0]], [0]).item()
    1.9287498479639178e-22
    """


@RowLoss
def poly1_cross_entropy(epsilon=2.0, class_weight=None, ignore_index=-100, label_smoothing=0.0):
    """
    Cross-entropy with the first term of its series in 1 - p more: Poly-1.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: cross_entropy + epsilon w sum_k q_k (1 - p_k), p = softmax(logits), q_k = (1 - s) t_k + s / C, t_k 1 at the
    label y and 0 elsewhere, w the label's class_weight, s label_smoothing, C the number of classes. Without smoothing
    the sum is 1 - p_y; it is taken from the other classes, so that confident rows keep their digits.
    Derivatives: with e = epsilon w (1 - s) p_y those of cross_entropy plus e (p_k - t_k), and plus
    e (p_k - t_k) (1 - 2 p_k).
    Special values: epsilon = 0 is cross_entropy. NaN where a logit is +inf, or all are -inf; +inf where only the
    label's is -inf.

    Parameters
    ----------
    epsilon
        How much more the term 1 - p counts. -1 takes it from the cross-entropy; below that a label may repel.
    class_weight
        Multiplies the loss of a row by that of its label; with smoothing, the cross-entropy's share of each class.
    label_smoothing
        The share of every target that is spread evenly over the classes.

    Source
    ------
    Z. Leng et al., "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions", ICLR 2022, with
    smoothed labels as there.

    Examples
    --------
    >>> fl.poly1_cross_entropy([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]], [0, 2]).round(6)
    array([0.938243, 2.431946])
    >>> fl.poly1_cross_entropy.grad([[0.0, 0.0]], [1])
    array([[ 1., -1.]])
    >>> fl.poly1_cross_entropy([[50.0, 0.0]], [0]).item()
    5.786249543891753e-22
    """


@RowLoss
def nll(class_weight=None, ignore_index=-100):
    """
    The negative log-likelihood of labels, from log-probabilities such as `log_softmax` gives.

    Domain: log-probabilities <= 0, -inf included; any other number is read the same way.
    Formula: -w x_y, x the row's log-probabilities, y its label and w its class_weight.
    Derivatives: -w at the label, else 0, and 0.
    Special values: +inf where the label's log-probability is -inf. The whole row is read: a NaN in any class makes it
    NaN.

    Parameters
    ----------
    logits
        Log-probabilities, or with the classes along another `axis`. C >= 1.

    Source
    ------
    torch.nn.functional.nll_loss.

    Examples
    --------
    >>> fl.nll([[-0.5, -1.0], [-3.0, -0.05]], [0, 1])
    array([0.5 , 0.05])
    >>> fl.nll.grad([[-0.5, -1.0]], [1])
    array([[ 0., -1.]])
    """


@RowLoss
def softmax_focal(gamma=2.0, class_weight=None, ignore_index=-100):
    """
    The focal loss of classes that exclude one another: cross-entropy in which rows that are right count less.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: w (1 - p_y)^gamma (-log p_y), p = softmax(logits), y the label and w its class_weight. Computed from the
    cross-entropy L = -log p_y, with 1 - p_y = -expm1(-L), so that confident rows keep their digits.
    Derivatives: f'(L) (p_k - t_k) and f''(L) (p_k - t_k)^2 + f'(L) p_k (1 - p_k), f(L) the loss, t_k 1 at the label and
    0 elsewhere; finite for every gamma, also below 1.
    Special values: gamma = 0 is cross_entropy bit for bit. NaN where a logit is +inf, or all are -inf; +inf where only
    the label's is -inf.

    Parameters
    ----------
    gamma
        How little rows count that are nearly right: by the factor (1 - p_y)^gamma.

    Source
    ------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> fl.softmax_focal([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0]], [0, 2])
    array([0.03029366, 0.48827213])
    >>> fl.softmax_focal([[50.0, 0.0]], [0]).item() > 0
    True
    """


@RowLoss
def multi_margin(p=1, margin=1.0, class_weight=None, ignore_index=-100):
    """
    The multi-class hinge loss: how far scores come within a margin of the label's, or above it.

    Domain: scores are real, or -inf for a class that is excluded.
    Formula: w / C sum_{k != y} max(0, margin - x_y + x_k)^p, y the label, w its class_weight, C the number of classes.
    Derivatives: for p = 1, w / C for each class k that exceeds the margin and minus as much at the label, and 0; for
    p = 2, 2 w / C times what exceeds it, and 2 w / C for each, with minus their sum and their sum at the label.
    Special values: NaN where a score is +inf, or all are -inf; +inf where only the label's is -inf.

    Parameters
    ----------
    p
        The power.
    margin
        In the unit of the scores.
    reduction
        The mean divides by the sum over the rows that count of sample_weight * class_weight[label].

    Source
    ------
    K. Crammer, Y. Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", Journal of
    Machine Learning Research 2, 2001; in this form torch.nn.functional.multi_margin_loss, whose mean divides by the
    number of rows instead.

    Examples
    --------
    >>> fl.multi_margin([[0.1, 0.2, 0.4, 0.8]], [3])
    array([0.325])
    >>> fl.multi_margin.grad([[0.1, 0.2, 0.4, 0.8]], [3])
    array([[ 0.25,  0.25,  0.25, -0.75]])
    """


@RowLoss
def distillation(temperature=1.0, ignore_index=-100):
    """
    Knowledge distillation: how far a student's softmax diverges from a teacher's.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: T^2 sum_k q_k log(q_k / p_k), p = softmax(logits / T) of the student, q = softmax(target / T) of the
    teacher. Computed as T^2 sum_k q_k (exp(-d_k) - 1 + d_k), d_k = log(q_k / p_k), of which no term is negative: where
    the two are close it keeps the digits that the plain sum loses.
    Limits: the error of a value is at most 8 eps value + 2 eps T^2 (sum_k (t_k + |p_k - q_k|) s_k + (eps h)^2), t_k the
    k-th term of that sum; s_k = (g_k + G_k) / T, where g_k = max_j x_j - x_k plus its mean under p is of the student's
    logits x, and G_k of the teacher's, under q; h the larger of log sum_k exp((x_k - max_j x_j) / T) of the student and
    of the teacher, which counts where the two agree to within their rounding.
    Derivatives: T (p_k - q_k) and p_k (1 - p_k).
    Special values: classes that a teacher excludes by -inf add nothing; +inf where the student alone does. NaN where a
    logit of either is +inf, or all are -inf.

    Parameters
    ----------
    logits
        The student's, or with the classes along another `axis`. C >= 1.
    target
        The teacher's logits, of the same shape.
    temperature
        T, which divides the logits of both.
    ignore_index
        Rows with this label count as 0, whatever they hold, where `labels` are given: the padding of sequences.
    reduction
        The mean divides by the sum of sample_weight over the rows that count.

    Source
    ------
    G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", NIPS Deep Learning Workshop 2014.

    Examples
    --------
    >>> fl.distillation([[2.0, 1.0, -1.0]], [[2.0, 0.0, 0.0]], temperature=2.0)
    array([0.21074357])
    >>> fl.distillation.grad([[0.0, 0.0]], [[0.0, 0.0]])
    array([[0., 0.]])
    """


@RowLoss
def kl_logits(temperature=1.0, ignore_index=-100):
    """
    The Kullback-Leibler divergence of two softmaxes: how far logits are from those of a reference.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: sum_k q_k log(q_k / p_k), p = softmax(logits / T), q = softmax(target / T). Never below 0; where the two
    nearly agree it keeps the digits that the plain sum loses. It is distillation without its factor T^2, whose limits
    hold.
    Derivatives: (p_k - q_k) / T and p_k (1 - p_k) / T^2.
    Special values: classes that the target excludes by -inf add nothing; +inf where the logits alone do. NaN where a
    logit of either is +inf, or all are -inf.

    Parameters
    ----------
    target
        The logits of the reference, of the same shape.
    temperature
        T, which divides the logits of both.
    ignore_index
        Rows with this label count as 0, whatever they hold, where `labels` are given: the padding of sequences.
    reduction
        The mean divides by the sum of sample_weight over the rows that count.

    Source
    ------
    S. Kullback, R. A. Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> fl.kl_logits([[2.0, 1.0, -1.0]], [[2.0, 0.0, 0.0]]).round(6)
    array([0.109467])
    >>> fl.kl_logits([[1.0 + 1e-9, 0.0]], [[1.0, 0.0]]).item() < 1e-18
    True
    """


@RowLoss
def disagreement(ignore_index=-100):
    """
    Whether two rows of logits have their largest in different classes.

    Domain: logits are real, or -inf for a class that is excluded.
    Formula: 1 if the first largest of the logits and of the target are not in the same class, else 0. The mean is the
    share of rows whose most likely class another model, or a quantised one, changes.
    Derivatives: 0.
    Special values: NaN where a logit of either is NaN or +inf, or all are -inf.

    Parameters
    ----------
    target
        The logits of the reference, of the same shape.
    ignore_index
        Rows with this label count as 0, whatever they hold, where `labels` are given: the padding of sequences.
    reduction
        The mean divides by the sum of sample_weight over the rows that count.

    Source
    ------
    M. Milani Fard, Q. Cormier, K. Canini, M. Gupta, "Launch and Iterate: Reducing Prediction Churn", NIPS 2016.

    Examples
    --------
    >>> fl.disagreement([[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]], [[0.5, 0.1], [2.0, 1.0], [7.0, 0.0]])
    array([0., 1., 0.])
    """


@RowLoss
def top_k_error(k=1, class_weight=None, ignore_index=-100):
    """
    Whether the label is not among the k largest of a row.

    Domain: scores are real, or -inf for a class that is excluded.
    Formula: w if k or more of the other scores are at least the label's, else 0, w being its class_weight: ties count
    against the label. The mean is 1 less the top-k accuracy.
    Derivatives: 0.
    Special values: NaN where a score is NaN or +inf, or all are -inf.

    Parameters
    ----------
    k
        How many guesses a row has.

    Source
    ------
    O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", International Journal of Computer Vision
    115, 2015.

    Examples
    --------
    >>> fl.top_k_error([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]], [1, 0])
    array([0., 1.])
    >>> fl.top_k_error([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]], [0, 0], k=2)
    array([1., 0.])
    """
