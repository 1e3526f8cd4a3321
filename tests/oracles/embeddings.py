"""The exact losses of embeddings, in high precision. A head is a margin, and which lengths multiply the cosines.

Derivatives are central differences of the exact loss, of steps so small that they are exact, too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mpmath import acos, cos, exp, floor, log, mp, mpf, pi, sin, sqrt

__all__ = ["HEADS", "Head", "gradient", "head_losses"]


@dataclass(frozen=True)
class Head:
    """`margin(c, **parameters)` takes the place of the label's cosine; `lengths` tell whose multiply the cosines."""

    lengths: tuple = (False, False)
    margin: Callable = lambda c, **_: c
    cases: tuple = ({},)
    steepness: Callable = field(default=lambda **_: 1)  # of the margin, at most: its errors are so many times larger


def angular(c, margin, cosine_margin, beyond, **_):
    theta = acos(c)
    if beyond == "linear" and theta + margin > pi:
        return c - margin * sin(margin) - cosine_margin
    return cos(theta + margin) - cosine_margin


def multiplied(c, margin, annealing, **_):
    theta = acos(c)
    k = min(floor(margin * theta / pi), margin - 1)
    return ((-1) ** int(k) * cos(margin * theta) - 2 * k + annealing * c) / (1 + annealing)


POWERS = ({}, {"margin": 1}, {"margin": 2, "annealing": 1.5}, {"margin": 3})
HEADS = {
    "linear_cross_entropy": Head(
        lengths=(True, True), cases=({}, {"temperature": 0.7}, {"label_smoothing": 0.1, "temperature": 2.0})
    ),
    "l2_softmax": Head(lengths=(False, True), cases=({}, {"scale": 3.3})),
    "normalized_softmax": Head(cases=({}, {"scale": 3.3})),
    "l_softmax": Head((True, True), multiplied, POWERS, lambda margin, **_: margin**2),
    "sphereface": Head((True, False), multiplied, POWERS, lambda margin, **_: margin**2),
    "cosface": Head(margin=lambda c, margin, **_: c - margin, cases=({}, {"scale": 30.0, "margin": -0.1})),
    "arcface": Head(
        margin=angular,
        cases=(
            {},
            {"margin": 1.5, "cosine_margin": 0.1},
            {"margin": 1.5, "beyond": "none"},
            {"scale": 10.0, "margin": 0.0},
        ),
        steepness=lambda **_: 3,
    ),
}  # fmt: skip


def exact_numbers(array):
    return [[mpf(float(number)) for number in row] for row in array]


def dot(a, b):
    return sum((p * q for p, q in zip(a, b, strict=True)), mpf(0))


def cosine(a, b):
    lengths = sqrt(dot(a, a)) * sqrt(dot(b, b))
    return max(mpf(-1), min(mpf(1), dot(a, b) / lengths)) if lengths else mpf(0)


def logits(name, x, w, label, bias, parameters):
    """Those of one row, of parameters of mpmath numbers."""
    head = HEADS[name]
    own = {k: v for k, v in parameters.items() if k not in ("scale", "temperature", "label_smoothing")}
    scale = parameters.get("scale", 1) / parameters.get("temperature", mpf(1))
    found = []
    for k, vector in enumerate(w):
        c = cosine(x, vector)
        value = head.margin(c, **own) if k == label else c
        for counts, side in zip(head.lengths, (x, vector), strict=True):
            value *= sqrt(dot(side, side)) if counts else 1
        found.append(scale * value + bias[k] / parameters.get("temperature", mpf(1)))
    return found


def cross_entropy(z, label, class_weight, smoothing=0):
    top = max(z)
    total = top + log(sum(exp(number - top) for number in z))
    target = [smoothing / mpf(len(z)) + (1 - smoothing) * (k == label) for k in range(len(z))]
    weights = class_weight if smoothing else [class_weight[label]] * len(z)
    return sum(t * weight * (total - number) for t, weight, number in zip(target, weights, z, strict=True))


def head_losses(name, x, w, labels, bias=None, class_weight=None, **parameters):
    """(losses of the rows, their logits), of arrays of mpmath numbers; rows whose label is negative are 0."""
    bias = [mpf(0)] * len(w) if bias is None else bias
    class_weight = [mpf(1)] * len(w) if class_weight is None else class_weight
    parameters = {k: v if isinstance(v, (str, int)) else mpf(float(v)) for k, v in parameters.items()}
    losses, of_rows = [], []
    for vector, label in zip(x, labels, strict=True):
        z = logits(name, vector, w, label, bias, parameters)
        loss = cross_entropy(z, label, class_weight, parameters.get("label_smoothing", 0)) if label >= 0 else mpf(0)
        losses.append(loss)
        of_rows.append(z)
    return losses, of_rows


def gradient(function, matrix):
    """The derivatives of a function of a matrix of mpmath numbers."""
    step = mpf(10) ** (-mp.dps // 3)
    result = []
    for row in matrix:
        result.append([])
        for k, number in enumerate(row):
            row[k] = number + step
            above = function()
            row[k] = number - step
            below = function()
            row[k] = number
            result[-1].append((above - below) / (2 * step))
    return result


# ---- contrastive --------------------------------------------------------------------------------------------------


def similarity(a, b, kind, temperature):
    return (cosine(a, b) if kind == "cosine" else dot(a, b)) / temperature


def softmax_loss(z, positives):
    """log sum exp(z) less the mean of the positives"""
    top = max(z)
    return top + log(sum(exp(number - top) for number in z)) - sum(positives) / len(positives)


def drawn_losses(x, groups, leaves_self_out, kind, temperature):
    """Each row is drawn to the others of its group, among all rows; 0 where there is none."""
    losses = []
    for i, own in enumerate(x):
        z = {k: similarity(own, other, kind, temperature) for k, other in enumerate(x)}
        positives = [z[k] for k in z if k != i and groups[k] == groups[i]]
        all_of_them = [z[k] for k in z if k != i or not leaves_self_out]
        losses.append(softmax_loss(all_of_them, positives) if positives else mpf(0))
    return losses


def info_nce(query, key, negatives=None, temperature=0.1, similarity_of="cosine", symmetric=False):
    def losses(queries, keys):
        found = []
        for i, own in enumerate(queries):
            others = [k for j, k in enumerate(keys) if j != i] if negatives is None else negatives
            others = others[i] if negatives is not None and isinstance(others[0][0], list) else others
            z = [similarity(own, k, similarity_of, temperature) for k in (keys[i], *others)]
            found.append(softmax_loss(z, z[:1]))
        return found

    forth = losses(query, key)
    return [(a + b) / 2 for a, b in zip(forth, losses(key, query), strict=True)] if symmetric else forth
