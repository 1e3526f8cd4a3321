"""Plain NumPy twins: what one would write today without fastloss.

They are the textbook expressions, readable and slow, and they carry the textbook weaknesses (no
digits near alpha = 0 and alpha = 2, cancellation in confident rows).  Tests compare with them
where they are sound, and the benches time the kernels beside them.  The oracles for accuracy are
in oracles.py.
"""

import numpy as np

__all__ = [
    "cross_entropy",
    "cross_entropy_grad",
    "dcs",
    "dcs_grad",
    "disagreement",
    "gamma_deviance",
    "gamma_deviance_grad",
    "hinge_embedding",
    "hinge_embedding_grad",
    "huber",
    "huber_grad",
    "kl_logits",
    "kl_logits_grad",
    "poisson_deviance",
    "poisson_deviance_grad",
    "poly1_cross_entropy",
    "poly1_cross_entropy_grad",
    "robust",
    "robust_grad",
    "softmax",
    "squared_error",
    "squared_error_grad",
    "tweedie_deviance",
    "tweedie_deviance_grad",
]


def squared_error(residual):
    return residual * residual


def squared_error_grad(residual):
    return 2 * residual


def huber(residual, delta=1.0):
    size = np.abs(residual)
    return np.where(size <= delta, 0.5 * residual * residual, delta * (size - 0.5 * delta))


def huber_grad(residual, delta=1.0):
    return np.clip(residual, -delta, delta)


def robust(residual, alpha=1.0, scale=1.0):
    """General robust loss, Barron (CVPR 2019), equation 8 and its limits."""
    z = np.square(residual / scale)
    if alpha == 2:
        return 0.5 * z
    if alpha == 0:
        return np.log1p(0.5 * z)
    if alpha == -np.inf:
        return -np.expm1(-0.5 * z)
    b = abs(alpha - 2)
    return b / alpha * ((z / b + 1) ** (0.5 * alpha) - 1)


def robust_grad(residual, alpha=1.0, scale=1.0):
    """Derivative of robust() with respect to the residual."""
    scaled = residual / (scale * scale)
    if alpha == 2:
        return scaled
    z = np.square(residual / scale)
    if alpha == -np.inf:
        return scaled * np.exp(-0.5 * z)
    b = abs(alpha - 2)
    return scaled * (z / b + 1) ** (0.5 * alpha - 1)


def poisson_deviance(mean, count):
    return 2 * (np.where(count > 0, count * np.log(np.where(count > 0, count, 1) / mean), 0) - count + mean)


def poisson_deviance_grad(mean, count):
    """Derivative of poisson_deviance() with respect to the mean."""
    return 2 * (1 - count / mean)


def gamma_deviance(mean, amount):
    return 2 * (np.log(mean / amount) + amount / mean - 1)


def gamma_deviance_grad(mean, amount):
    """Derivative of gamma_deviance() with respect to the mean."""
    return 2 * (mean - amount) / (mean * mean)


def tweedie_deviance(mean, amount, power=1.5):
    """For powers other than 0, 1 and 2."""
    a, b = 2 - power, 1 - power
    return 2 * (amount**a / (a * b) - amount * mean**b / b + mean**a / a)


def tweedie_deviance_grad(mean, amount, power=1.5):
    """Derivative of tweedie_deviance() with respect to the mean."""
    return 2 * (mean - amount) * mean**-power


def hinge_embedding(distance, label, margin=1.0):
    return np.where(label == 1, distance, np.maximum(0, margin - distance))


def hinge_embedding_grad(distance, label, margin=1.0):
    """Derivative of hinge_embedding() with respect to the distance."""
    return np.where(label == 1, 1, -(distance < margin).astype(distance.dtype))


def dcs(residual, scale=1.0):
    square = residual * residual
    return np.where(square <= scale, 0.5 * square, scale * (3 * square - scale) / (2 * (scale + square)))


def dcs_grad(residual, scale=1.0):
    """Derivative of dcs() with respect to the residual."""
    return residual * np.minimum(1, np.square(2 * scale / (scale + residual * residual)))


def _shifted(logits):
    return logits - logits.max(axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    """Negative log-probability of each row's label; logits (n, classes), labels (n,)."""
    shifted = _shifted(logits)
    rows = np.arange(len(labels))
    return np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, labels]


def poly1_cross_entropy(logits, labels, epsilon=2.0):
    """cross_entropy() and the first term of its series in 1 - p once more."""
    entropy = cross_entropy(logits, labels)
    return entropy + epsilon * (1 - np.exp(-entropy))


def poly1_cross_entropy_grad(logits, labels, epsilon=2.0):
    """Derivative of poly1_cross_entropy() with respect to the logits."""
    own = np.exp(-cross_entropy(logits, labels))
    return cross_entropy_grad(logits, labels) * (1 + epsilon * own)[:, None]


def kl_logits(logits, target):
    """The divergence of the softmax of one row of logits from that of another's."""
    logs, target_logs = (x - np.log(np.exp(x).sum(axis=-1, keepdims=True)) for x in map(_shifted, (logits, target)))
    return (np.exp(target_logs) * (target_logs - logs)).sum(axis=-1)


def kl_logits_grad(logits, target):
    """Derivative of kl_logits() with respect to the logits."""
    return softmax(logits) - softmax(target)


def disagreement(logits, target):
    """Whether the largest of two rows are of different classes."""
    return (logits.argmax(axis=-1) != target.argmax(axis=-1)).astype(logits.dtype)


def softmax(logits):
    weight = np.exp(_shifted(logits))
    return weight / weight.sum(axis=-1, keepdims=True)


def cross_entropy_grad(logits, labels):
    """Derivative of cross_entropy() with respect to the logits: softmax less one at the label."""
    grad = softmax(logits)
    grad[np.arange(len(labels)), labels] -= 1
    return grad
