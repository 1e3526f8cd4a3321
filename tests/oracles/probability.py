"""Losses of a probability, of its logarithm or of its logit, exactly."""

import numpy as np
from jets import exp, log, log1p
from mpmath import mp
from samples import around_edges, labels, logarithmic, neighbours, probabilities, reach, scores

from oracles.oracle import Oracle, exponential
from oracles.scaled import softplus

__all__ = ["PROBABILITY"]


def _soft_labels(y):
    """0 and 1 for a half of the numbers in (-8, 8), between them for the others."""
    return np.clip((y + 4) / 8, 0, 1)


def _is_probability(y, **parameters):
    return 0 <= y <= 1


def _folded_probability(p):
    return np.clip((p + 8) / 16, 1 / 16, 15 / 16)


# ---- of a probability ----------------------------------------------------------------------


def _probability_inputs(dtype, count, seed, oracle, **parameters):
    pred = probabilities(dtype, count, seed)
    target = labels(dtype, count, seed)
    return around_edges(pred, target, lambda y: oracle.edges(y, **parameters), dtype, count=6)


def _binary_cross_entropy(p, y, eps):
    if eps and p < eps:
        p = 0 * p + eps
    if eps and p > 1 - eps:
        p = 0 * p + (1 - eps)
    return -((y * log(p) if y else 0) + ((1 - y) * log1p(-p) if y != 1 else 0))


def _binary_cross_entropy_terms(output, arguments, eps):
    p, y = arguments
    return y / p + (1 - y) / (1 - p) if output == "grad" and eps <= p <= 1 - eps else None


def _positive_pairs(dtype, count, seed, oracle):
    """Positive numbers, a third of them close to each other, some of them neighbours."""
    low = 1 / reach(dtype)
    pred, target = (np.abs(logarithmic(low, 8, count, dtype, seed + k)) for k in (0, 10))
    close = (target * (1 + logarithmic(1e-6, 1e-1, count, dtype, seed))).astype(dtype)
    pred = np.where(np.random.default_rng(seed).random(count) < 0.3, close, pred)
    target[::9] = 0
    near, steps = (array.reshape(-1) for array in np.meshgrid(target[1:20:3], np.arange(-3, 4)))
    beside = (near * (1 + steps * np.finfo(dtype).eps)).astype(dtype)
    return np.concatenate([pred, beside]), np.concatenate([target, near])


def _relative_entropy(p, y):
    return y * (mp.log(y) - log(p)) if y else 0 * p


def _entropy_inputs(dtype, count, seed, oracle):
    ends = neighbours([1.0, float(mp.exp(-1))], dtype)
    wide = np.abs(logarithmic(1 / reach(dtype), reach(dtype), count // 3, dtype, seed))
    return (np.concatenate([probabilities(dtype, count - count // 3, seed), wide, ends[ends > 0]]),)


def _entropy_terms(output, arguments):
    return 1 + abs(mp.log(arguments[0])) if output == "grad" else None


# ---- of a log-probability ------------------------------------------------------------------


def _log_probability_inputs(dtype, count, seed, oracle):
    pred = -np.abs(scores(dtype, count, seed))
    target = np.abs(logarithmic(1 / reach(dtype), 8, len(pred), dtype, seed))
    target = np.where(np.arange(len(pred)) % 3, target, labels(dtype, len(pred), seed))
    own = (target > 0) & (np.random.default_rng(seed).random(len(pred)) < 0.2)
    return np.where(own, np.log(np.where(own, target, 1)), pred).astype(dtype), target


def _kl_div(p, y):
    return y * (mp.log(y) - p) if y else 0 * p


def _kl_div_terms(output, arguments):
    p, y = arguments
    return y * abs(mp.log(y)) + abs(y * p) if output == "value" and y else None


# ---- of a logit ----------------------------------------------------------------------------


def _logit_inputs(dtype, count, seed, oracle, **parameters):
    pred = scores(dtype, count, seed)
    return pred, labels(dtype, len(pred), seed)


def _folded_logit(p, y):
    return p, _soft_labels(y)


def _sigmoid(x):
    """The logistic function of a number or a jet, with all its digits where it is tiny."""
    return exp(-softplus(-x))


def _cross_entropy(x, y, pos_weight=1):
    return (1 - y) * softplus(x) + pos_weight * y * softplus(-x)


def _cross_entropy_terms(output, arguments, pos_weight):
    x, y = arguments
    return (1 - y) * _sigmoid(x) + pos_weight * y * _sigmoid(-x) if output == "grad" else None


def _missed(x, y):
    """The probability that the target does not get."""
    return (1 - y) * _sigmoid(x) + y * _sigmoid(-x)


def _focal(x, y, alpha, gamma):
    balance = alpha * y + (1 - alpha) * (1 - y) if alpha >= 0 else 1
    return balance * exp(gamma * log(_missed(x, y))) * _cross_entropy(x, y)


def _focal_terms(output, arguments, alpha, gamma):
    """grad and hess by the product rule, each product with its magnitude."""
    if output == "value":
        return None
    x, y = arguments
    balance = alpha * y + (1 - alpha) * (1 - y) if alpha >= 0 else 1
    missed, entropy = _missed(x, y), _cross_entropy(x, y)
    grad = _cross_entropy_terms("grad", arguments, 1)
    curvature = _sigmoid(x) * _sigmoid(-x)
    tilt = abs(1 - 2 * y) * curvature / missed
    power = balance * missed**gamma
    if output == "grad":
        return power * (gamma * tilt * entropy + grad)
    factor = gamma * abs(gamma - 1) * tilt**2 + gamma * tilt * abs(_sigmoid(x) - _sigmoid(-x))
    return power * (factor * entropy + 2 * gamma * tilt * grad + curvature)


PROBABILITY = {
    "binary_cross_entropy": Oracle(
        _binary_cross_entropy,
        cases=tuple({"eps": eps} for eps in (0.0, 1e-7, 1e-3, 0.25)),
        terms=_binary_cross_entropy_terms,
        inputs=_probability_inputs,
        fold=lambda p, y: (_folded_probability(p), _soft_labels(y)),
        edges=lambda y, eps: (eps, 1 - eps) if eps else (),
        admits=_is_probability,
        degenerate=lambda eps: eps > 0,
    ),
    "binary_cross_entropy_with_logits": Oracle(
        _cross_entropy,
        cases=tuple({"pos_weight": weight} for weight in (1.0, 0.3, 25.0)),
        terms=_cross_entropy_terms,
        inputs=_logit_inputs,
        fold=_folded_logit,
        admits=_is_probability,
    ),
    "sigmoid_focal": Oracle(
        _focal,
        cases=tuple(
            {"alpha": alpha, "gamma": gamma}
            for alpha, gamma in ((0.25, 2.0), (-1.0, 0.0), (-1.0, 0.3), (1.0, 1.0), (0.0, 5.0), (0.5, 0.01))
        ),
        ulps=exponential(lambda x, y, alpha, gamma: gamma * log(_missed(x, y))),
        terms=_focal_terms,
        inputs=_logit_inputs,
        fold=_folded_logit,
        admits=_is_probability,
    ),
    "kl_div": Oracle(
        _kl_div,
        terms=_kl_div_terms,
        inputs=_log_probability_inputs,
        fold=lambda p, y: (-np.abs(p), _soft_labels(y)),
    ),
    "relative_entropy": Oracle(
        _relative_entropy,
        inputs=_positive_pairs,
        fold=lambda p, y: (_folded_probability(p), _soft_labels(y)),
    ),
    "entropy": Oracle(
        lambda p: -p * log(p),
        terms=_entropy_terms,
        inputs=_entropy_inputs,
        fold=lambda p, y: (_folded_probability(p),),
    ),
}
