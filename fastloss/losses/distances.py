"""Losses of embeddings that are beside each other: one value per row, and a gradient for each of the arrays."""

from fastloss.core.distance_loss import CenterLoss, DistanceLoss, FeatureDistance


@DistanceLoss
def triplet(margin=1.0, p=2, swap=False):
    """
    The triplet margin loss: an anchor is to be nearer to the positive than to the negative, by a margin.

    Domain: real embeddings.
    Formula: max(0, d(anchor, positive) - d(anchor, negative) + margin) with d(u, v) = (sum_k |u_k - v_k|^p)^(1/p).
    The distances are those of the numbers given: torch adds 1e-6 to each difference, which shows where they are near.
    Derivatives: by the anchor (a - p) / d(a, p) - (a - n) / d(a, n) for p = 2, while the loss is above 0. They are 0 at
    the kink, and of a distance that is 0.
    Special values: NaN where a number is; infinite embeddings have no gradient (NaN).

    Parameters
    ----------
    anchor
        Embeddings.
    positive
        Embeddings that belong to the anchors.
    negative
        Embeddings that do not.
    margin
        How much nearer the positive is to be, in units of the distance.
    p
        The norm of the distance; +inf is the largest difference.
    swap
        Whether the negative counts by its distance from the positive where that is the smaller one.

    Source
    ------
    V. Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks",
    BMVC 2016. torch.nn.functional.triplet_margin_loss.

    Examples
    --------
    >>> fl.triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]])
    array([0.5])
    >>> fl.triplet.grad([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]], wrt="anchor")
    (array([[-0.6,  0.2]]),)
    """


@DistanceLoss
def contrastive(y, margin=1.0):
    """
    The contrastive loss of pairs: near where they belong together, a margin apart where they do not.

    Domain: real embeddings; y in [0, 1].
    Formula: y d^2 / 2 + (1 - y) max(0, margin - d)^2 / 2 with d = |a - b|, the Euclidean distance.
    Derivatives: by a, y (a - b) - (1 - y) max(0, margin - d) (a - b) / d; the second term is 0 at d = 0.
    Special values: NaN where a number is, or y is outside its domain.

    Parameters
    ----------
    a
        Embeddings.
    b
        Embeddings, one for each of a.
    y
        1 where the two belong together, 0 where they do not, or a share of both.
    margin
        The distance from which on pairs that do not belong together cost nothing.

    Source
    ------
    R. Hadsell, S. Chopra, Y. LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006 (whose label
    is 1 - y).

    Examples
    --------
    >>> fl.contrastive([[0.0, 0.0], [0.0, 0.0]], [[0.3, 0.4], [0.3, 0.4]], [1, 0])
    array([0.125, 0.125])
    """


@DistanceLoss
def cosine_embedding(y, margin=0.0):
    """
    The cosine embedding loss of pairs.

    Domain: real embeddings; y is 1 or -1.
    Formula: 1 - cos(a, b) where y = 1, max(0, cos(a, b) - margin) where y = -1. Near 1 and -1 the cosine comes from
    |a/|a| - b/|b||^2 / 2 and keeps its digits; it is never outside [-1, 1]. A row of norm 0 has cosine 0 (torch adds
    1e-12 to |a|^2 and |b|^2 instead).
    Derivatives: those of the cosine, by a (b/|b| - cos a/|a|) / |a|; 0 where a norm is 0, and at the kink.
    Special values: NaN where a number is, or y is neither 1 nor -1.

    Parameters
    ----------
    a
        Embeddings.
    b
        Embeddings, one for each of a.
    y
        1 where the two belong together, -1 where they do not.
    margin
        The cosine up to which pairs that do not belong together cost nothing.

    Source
    ------
    torch.nn.functional.cosine_embedding_loss.

    Examples
    --------
    >>> fl.cosine_embedding([[3.0, 4.0], [3.0, 4.0]], [[4.0, 3.0], [4.0, 3.0]], [1, -1], margin=0.5)
    array([0.04, 0.46])
    """


@CenterLoss
def center(labels):
    """
    The center loss: half the squared distance to the center of the row's class.

    Domain: real embeddings.
    Formula: |x - c_y|^2 / 2 by differences, c_y the row of centers that the label y picks.
    Derivatives: x - c_y, and by a center the sum over its rows of c_y - x, in the order of the rows and in float64.
    Special values: NaN where a number is.

    Parameters
    ----------
    x
        Embeddings.
    centers : array_like of shape (C, D)
        One center per class.
    labels
        Whole numbers, one in [0, C) per row.

    Source
    ------
    Y. Wen et al., "A discriminative feature learning approach for deep face recognition", ECCV 2016.

    Examples
    --------
    >>> x, centers = [[1.0, 2.0], [3.0, 0.0]], [[0.0, 0.0], [3.0, 1.0]]
    >>> fl.center(x, centers, [0, 1])
    array([2.5, 0.5])
    >>> fl.center.grad(x, centers, [0, 1], wrt="centers")
    (array([[-1., -2.],
           [ 0.,  1.]]),)
    """


@FeatureDistance
def feature_distance(layer_weights=None):
    """
    The distance of feature maps, layer by layer: the perceptual loss of images.

    Domain: real numbers.
    Formula: sum over layers l of w_l |a_l - b_l|^2 / (C H W)_l, for maps of shape (N, C, H, W), or (N, ...).
    Derivatives: 2 w_l (a_l - b_l) / (C H W)_l.
    Special values: NaN where a number is.

    Parameters
    ----------
    a : list of array_like of shape (N, ...)
        Feature maps, one array per layer.
    b : list of array_like of shape (N, ...)
        Those that they are compared with.
    layer_weights : sequence of one float per layer, optional
        None is 1 for each.

    Source
    ------
    J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution", ECCV 2016.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = [np.ones((2, 3, 4, 4)), np.ones((2, 8))], [np.zeros((2, 3, 4, 4)), np.ones((2, 8))]
    >>> fl.feature_distance(a, b, layer_weights=(0.5, 1.0))
    array([0.5, 0.5])
    """
