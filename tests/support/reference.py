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
    "huber",
    "huber_grad",
    "robust",
    "robust_grad",
    "softmax",
    "squared_error",
    "squared_error_grad",
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


def _shifted(logits):
    return logits - logits.max(axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    """Negative log-probability of each row's label; logits (n, classes), labels (n,)."""
    shifted = _shifted(logits)
    rows = np.arange(len(labels))
    return np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, labels]


def softmax(logits):
    weight = np.exp(_shifted(logits))
    return weight / weight.sum(axis=-1, keepdims=True)


def cross_entropy_grad(logits, labels):
    """Derivative of cross_entropy() with respect to the logits: softmax less one at the label."""
    grad = softmax(logits)
    grad[np.arange(len(labels)), labels] -= 1
    return grad
