"""Losses of embeddings and class vectors: softmax cross-entropy of logits that are never stored."""

import math

from fastloss.core.arguments import shown
from fastloss.core.tile_call import Form
from fastloss.core.tile_loss import head


def _linear(label_smoothing, temperature):
    return Form(scale=1 / temperature, bias_scale=1 / temperature, smoothing=label_smoothing)


@head(_linear, label_smoothing=">= 0 and <= 1", temperature="> 0")
def linear_cross_entropy(bias=None, class_weight=None, ignore_index=-100, label_smoothing=0.0, temperature=1.0):
    """
    Softmax cross-entropy of a linear layer: that of the logits x w^T + bias, which are never stored.

    Domain: embeddings are finite, the bias is real, or -inf for a class that is excluded.
    Formula: cross_entropy(x w^T + bias, target): log sum_k exp(z_k) - z_y with z_k = (x . w_k + bias_k) / temperature,
    y the label; times its class_weight, and label_smoothing as there.
    Derivatives: with g = softmax(z) - onehot(y), over the temperature: w^T g by x, the sum over rows of g_k x by w_k.

    Parameters
    ----------
    label_smoothing
        The share of every target that is spread evenly over the classes.
    temperature
        Divides the logits.

    Source
    ------
    torch.nn.functional.linear_cross_entropy. E. Wijmans, B. Huval, A. Hertzberg, V. Koltun, P. Kraehenbuehl, "Cut Your
    Losses in Large-Vocabulary Language Models", ICLR 2025, arXiv 2411.09009.

    Examples
    --------
    >>> x, w = [[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    >>> fl.linear_cross_entropy(x, w, [0, 2])
    array([0.34901222, 1.09861229])
    >>> fl.linear_cross_entropy.grad(x, w, [0, 2], wrt="x")[0].shape
    (2, 2)
    """


def _l2(scale):
    return Form(normalized=(True, False), scale=scale)


@head(_l2, scale="> 0")
def l2_softmax(scale=16.0, bias=None, class_weight=None, ignore_index=-100):
    """
    L2-constrained softmax: cross-entropy of a linear layer of embeddings that are brought to one length.

    Domain: embeddings are finite, of any length; the bias is real, or -inf for a class that is excluded.
    Formula: log sum_k exp(z_k) - z_y with z_k = scale x . w_k / |x| + bias_k, y the label; times its class_weight.
    Derivatives: by x, what is at right angles to it, over |x|.
    Special values: where |x| is 0, the product is 0, and the gradient by x.

    Parameters
    ----------
    scale
        The length that embeddings are brought to.

    Source
    ------
    R. Ranjan, C. D. Castillo, R. Chellappa, "L2-constrained Softmax Loss for Discriminative Face Verification", 2017,
    arXiv 1703.09507.

    Examples
    --------
    >>> fl.l2_softmax([[3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]], [0], scale=5.0)
    array([1.31326169])
    """


def _cosine(scale):
    return Form(normalized=(True, True), scale=scale)


@head(_cosine, scale="> 0")
def normalized_softmax(scale=16.0, class_weight=None, ignore_index=-100):
    """
    NormFace: cross-entropy of the scaled cosines between embeddings and classes.

    Domain: embeddings and classes are finite, of any length.
    Formula: log sum_k exp(z_k) - z_y with z_k = scale x . w_k / (|x| |w_k|), y the label; times its class_weight.
    Derivatives: by each vector, what is at right angles to it, over its length.
    Special values: where a length is 0, the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    scale
        Multiplies the cosines.

    Source
    ------
    F. Wang, X. Xiang, J. Cheng, A. L. Yuille, "NormFace: L2 Hypersphere Embedding for Face Verification", ACM
    Multimedia 2017.

    Examples
    --------
    >>> fl.normalized_softmax([[3.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]], [0], scale=5.0)
    array([1.31326169])
    """


MOST_PARTS = 1 << 20  # of a half turn: each takes a step of a loop


def _multiplied(normalized):
    def form(margin, annealing):
        if margin > MOST_PARTS:
            raise ValueError(f"margin must be an integer from 1 to {MOST_PARTS}, got {shown(margin)}")
        parameters = (margin, annealing, math.cos(math.pi / margin))
        return Form(normalized=normalized, margin="multiplied", margin_parameters=parameters)

    return form


@head(_multiplied((False, False)), margin="integer >= 1", annealing=">= 0")
def l_softmax(margin=4, annealing=0.0, class_weight=None, ignore_index=-100):
    """
    Large-margin softmax: the angle to the label's class is multiplied.

    Domain: embeddings and classes are finite.
    Formula: log sum_k exp(z_k) - z_y with z_k = x . w_k but at the label y z_y = |x| |w_y| (psi(theta) + annealing
    cos(theta)) / (1 + annealing), theta the angle between x and w_y, psi(theta) = (-1)^k cos(margin theta) - 2 k in the
    k-th of `margin` equal parts of a half turn; times the label's class_weight.
    Derivatives: those of psi by the cosine are polynomials, finite also at angles of 0 and a half turn.
    Special values: where a length is 0, the label's logit is 0 and adds nothing to the gradient.

    Parameters
    ----------
    margin
        What multiplies the angle; 1 is linear_cross_entropy.
    annealing
        The share of the cosine without a margin, which training begins with.

    Source
    ------
    W. Liu, Y. Wen, Z. Yu, M. Yang, "Large-Margin Softmax Loss for Convolutional Neural Networks", ICML 2016, arXiv
    1612.02295.

    Examples
    --------
    >>> fl.l_softmax([[1.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]], [0], margin=2)
    array([0.69314718])
    """


@head(_multiplied((False, True)), margin="integer >= 1", annealing=">= 0")
def sphereface(margin=4, annealing=0.0, class_weight=None, ignore_index=-100):
    """
    A-softmax: large-margin softmax with classes of length 1.

    Domain: embeddings and classes are finite, classes of any length.
    Formula: log sum_k exp(z_k) - z_y with z_k = |x| cos(theta_k) but at the label y z_y = |x| (psi(theta_y) + annealing
    cos(theta_y)) / (1 + annealing), theta_k the angle between x and w_k, psi as l_softmax has it; times the label's
    class_weight.
    Derivatives: by a class, what is at right angles to it, over its length.
    Special values: where a length is 0, the label's logit is 0 and adds nothing to the gradient.

    Parameters
    ----------
    margin
        What multiplies the angle.
    annealing
        The share of the cosine without a margin, which training begins with.

    Source
    ------
    W. Liu, Y. Wen, Z. Yu, M. Li, B. Raj, L. Song, "SphereFace: Deep Hypersphere Embedding for Face Recognition", CVPR
    2017, arXiv 1704.08063.

    Examples
    --------
    >>> fl.sphereface([[0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], [0])
    array([2.28459675])
    """


def _additive(margin, scale):
    return Form(normalized=(True, True), scale=scale, margin="additive", margin_parameters=(margin,))


@head(_additive, margin="finite", scale="> 0")
def cosface(margin=0.35, scale=64.0, class_weight=None, ignore_index=-100):
    """
    CosFace, AM-softmax: a margin is taken off the cosine of the label's class.

    Domain: embeddings and classes are finite, of any length.
    Formula: log sum_k exp(z_k) - z_y with z_k = scale cos(theta_k) but at the label y z_y = scale (cos(theta_y) -
    margin), theta_k the angle between x and w_k; times the label's class_weight.
    Derivatives: by each vector, what is at right angles to it, over its length.
    Special values: where a length is 0, the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    margin
        Is taken off the label's cosine.
    scale
        Multiplies the cosines.

    Source
    ------
    H. Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018, arXiv 1801.09414. F. Wang,
    W. Liu, H. Liu, J. Cheng, "Additive Margin Softmax for Face Verification", 2018, arXiv 1801.05599 (scale 30).

    Examples
    --------
    >>> fl.cosface([[0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], [0])
    array([35.2])
    """


_LINEAR_BEYOND, _STRAIGHT_THROUGH = 1, 2  # flags of csrc/tiles/margins.h


def _angular(margin, cosine_margin, scale, beyond, straight_through):
    flags = _LINEAR_BEYOND * (beyond == "linear") + _STRAIGHT_THROUGH * straight_through
    parameters = (math.cos(margin), math.sin(margin), cosine_margin, margin * math.sin(margin), flags)
    return Form(normalized=(True, True), scale=scale, margin="angular", margin_parameters=parameters)


@head(_angular, margin=f">= 0 and <= {math.pi / 2}", cosine_margin="finite", scale="> 0",
      beyond='"linear" or "none"', straight_through="boolean")  # fmt: skip
def arcface(
    margin=0.5, cosine_margin=0.0, scale=64.0, beyond="linear", straight_through=False, class_weight=None,
    ignore_index=-100,
):  # fmt: skip
    """
    ArcFace: a margin is added to the angle to the label's class.

    Domain: embeddings and classes are finite, of any length.
    Formula: log sum_k exp(z_k) - z_y with z_k = scale cos(theta_k) but at the label y z_y = scale (cos(theta_y +
    margin) - cosine_margin), theta_k the angle between x and w_k; times the label's class_weight.
    Derivatives: by each vector, what is at right angles to it, over its length; at the label scale sin(theta + margin)
    in the direction of the other vector: finite also where the angle is 0, and 0 there.
    Special values: where a length is 0, the cosine is 0, and the gradient by that vector.

    Parameters
    ----------
    margin
        In radians; is added to the label's angle.
    cosine_margin
        Is taken off the cosine of that.
    scale
        Multiplies the cosines.
    beyond
        Where theta + margin exceeds a half turn: "linear" takes cos(theta) - margin sin(margin) for the cosine, which
        goes on falling; "none" keeps cos(theta + margin), which rises there.
    straight_through
        Whether derivatives are as if the margin were a constant, as some train it.

    Source
    ------
    J. Deng, J. Guo, N. Xue, S. Zafeiriou, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019,
    arXiv 1801.07698.

    Examples
    --------
    >>> fl.arcface([[0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], [0])
    array([42.0474172])
    """
