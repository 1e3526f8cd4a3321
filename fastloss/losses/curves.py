"""Curves of a loss: its outputs over a range of predictions that shows its shape, and a drawing of them in text."""

from typing import NamedTuple

import numpy as np

from fastloss.core.row_call import LOGITS


class Range(NamedTuple):
    """Where to draw a loss: over low < x < high, a curve for each target."""

    low: float
    high: float
    targets: tuple
    label: str


_HEADS = ("linear_cross_entropy", "l2_softmax", "normalized_softmax", "l_softmax", "sphereface", "cosface", "arcface")
_BATCHES = ("info_nce", "nt_xent", "sup_con")
_ON_A_LINE = ("triplet", "contrastive", "center", "feature_distance")
_ANGLE = "angle to the own vector, with another at a right angle"

# By name or, for those that are not listed, by family; "logits" is that of rows whose target are logits too
_RANGES = {
    "relative": Range(0, 4, (1.0,), "prediction"),
    "margin": Range(-3, 3, (1,), "score"),
    "probability": Range(0, 1, (1, 0), "probability"),
    "binary_cross_entropy_with_logits": Range(-5, 5, (1, 0), "logit"),
    "sigmoid_focal": Range(-5, 5, (1, 0), "logit"),
    "kl_div": Range(-4, 0, (0.5, 0.1), "log-probability"),
    "relative_entropy": Range(0, 1, (0.5, 0.1), "probability"),
    "entropy": Range(0, 1, (None,), "probability"),
    "hinge_embedding": Range(-1, 3, (1, -1), "distance"),
    "deviance": Range(0, 6, (1.0, 3.0), "mean"),
    "count": Range(-2, 2, (1.0, 3.0), "logarithm of the mean"),
    "rows": Range(-5, 5, (0,), "logit of the label, beside a 0"),
    "logits": Range(-5, 5, ((1.0, 0.0),), "logit, beside a 0"),
    **dict.fromkeys(_HEADS, Range(-np.pi, np.pi, (0,), _ANGLE)),
    **dict.fromkeys(_BATCHES, Range(-np.pi, np.pi, (None,), _ANGLE)),
    "triplet": Range(-2, 3, (None,), "place of the anchor, the positive at 0 and the negative at 1"),
    "contrastive": Range(-2, 2, (1, 0), "difference"),
    "cosine_embedding": Range(-np.pi, np.pi, (1, -1), "rotation by an angle"),
    "center": Range(-2, 2, (0,), "difference from the center"),
    "feature_distance": Range(-2, 2, (None,), "difference"),
}

# The arguments of a loss of embeddings, the first of which moves: on a line, or on a circle
_EMBEDDINGS = {
    **dict.fromkeys(_HEADS, lambda moved, y: (moved, np.eye(2), y)),
    "triplet": lambda moved, y: (moved, 0 * moved, 0 * moved + 1),
    "contrastive": lambda moved, y: (moved, 0 * moved, y),
    "cosine_embedding": lambda moved, y: (moved, _at_angle(np.zeros((len(moved), 1))), y),
    "center": lambda moved, y: (moved, [[0.0]], y),
    "feature_distance": lambda moved, y: ([moved], [0 * moved]),
}


class Curves(NamedTuple):
    """Outputs of a loss over x; each holds one array for each target of the range."""

    loss: object
    x: np.ndarray
    range: Range
    outputs: dict[str, list[np.ndarray]]


def curves(loss, points=480, outputs=("value", "grad", "weight"), where=None):
    """The curves of a loss, of those of the outputs that can be drawn, over its range or another one.

    A parameter without a default is taken as 1.
    """
    loss = loss.bind(**{name: 1.0 for name in loss.domains if name not in loss.parameters})
    where = where or range_of(loss)
    x = where.low + (where.high - where.low) * (np.arange(points) + 0.5) / points  # neither an end nor a kink
    names = tuple(name for name in outputs if name in loss.output_names)
    drawn = {name: [] for name in names}
    for target in where.targets:
        for name, y in zip(names, evaluate(loss, x, target, names), strict=True):
            drawn[name].append(y)
    return Curves(loss, x, where, drawn)


def range_of(loss):
    """Where its shape is seen."""
    if loss.has_weight:
        return _residuals(loss)
    if loss.family == "rows" and loss.targets == LOGITS:
        return _RANGES["logits"]
    return _RANGES.get(loss.reads_as) or _RANGES[loss.family]


def _residuals(loss):
    values = [value for _, term in loss.terms for value in term.parameters.values() if np.ndim(value) == 0]
    sizes = [abs(value) for value in values if np.isfinite(value)]
    reach = max(5.0, 1.5 * max(sizes, default=0.0))
    return Range(-reach, reach, (None,), "residual")


def evaluate(loss, x, target, names):
    """Outputs of a loss at positions x of its range; the gradient is the derivative by x."""
    if target is not None:
        target = np.broadcast_to(target, x.shape + np.shape(target))
    if loss.family == "embeddings":
        found = dict(zip(("value", "grad"), _of_embeddings(loss, x, target), strict=True))
        return tuple(found[name] for name in names)
    if not loss.is_rowwise:
        return loss.evaluate(x, target, outputs=names)
    found = loss.evaluate(np.stack([x, np.zeros_like(x)], -1), target, outputs=names)
    return tuple(y if y.ndim == 1 else y[:, 0] for y in found)


def _of_embeddings(loss, x, target):
    """Value and derivative by x, the place or angle of the embedding that moves."""
    if loss.name in _BATCHES:
        return np.array([_in_a_batch(loss, angle) for angle in x]).T
    x = x[:, None]
    moved, step = (x, np.ones_like(x)) if loss.name in _ON_A_LINE else (_at_angle(x), _turning(x))
    value, (grad, *_) = loss.value_and_grad(*_EMBEDDINGS[loss.name](moved, target))
    return value, (np.reshape(grad, moved.shape) * step).sum(axis=-1)


def _in_a_batch(loss, angle):
    """The same of a row at an angle to the one that it is drawn to, beside a pair at a right angle."""
    own, other = np.array([_at_angle([angle]), [0, 1]]), np.eye(2)
    rows = (np.vstack([own, other]), [0, 1, 0, 1]) if loss.name == "sup_con" else (own, other)
    counts = np.eye(len(loss(*rows)))[0]  # this row alone
    value, (grad, *_) = loss.value_and_grad(*rows, sample_weight=counts)
    return value[0], grad[0] @ _turning([angle])


def _at_angle(x):
    return np.hstack([np.cos(x), np.sin(x)])


def _turning(x):
    """The derivative of `_at_angle`."""
    return np.hstack([-np.sin(x), np.cos(x)])


def limits(ys):
    """(low, high) that show 0 and all of the curves but their poles."""
    y = np.concatenate(ys)
    y = y[np.isfinite(y)]
    low, high = np.quantile(y, (0.05, 0.95))
    span = high - low
    low, high = min(0.0, max(y.min(), low - span)), max(0.0, min(y.max(), high + span))
    return (low, high) if low < high else (-1.0, 1.0)


# ---- in a terminal ----------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT = 24, 7  # characters, of 2 by 4 dots each
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # their bits in Unicode's braille


def describe(drawn):
    """What the drawings of `panels` are drawn over."""
    low, high, (target, *_), label = drawn.range
    over = f"{drawn.loss!r} over a {label} from {low:g} to {high:g}"
    return over if target is None else f"{over}, target {target}"


def panels(drawn):
    """{title: lines} of small drawings of the outputs, for the first target."""
    return {name: _panel(drawn.x, ys[0], limits(ys[:1])) for name, ys in drawn.outputs.items()}


def _panel(x, y, y_limits):
    low, high = y_limits
    rows, columns = 4 * _HEIGHT, 2 * _WIDTH
    at = np.full(x.shape, -1)
    seen = (y >= low) & (y <= high)
    at[seen] = np.rint((high - y[seen]) / (high - low) * (rows - 1))
    column = np.arange(x.size) * columns // x.size
    dots = np.zeros((rows, columns), bool)
    dots[round(high / (high - low) * (rows - 1)), ::4] = True  # the axis
    for k in range(columns):
        met = at[(column == k) & (at >= 0)]
        if met.size:
            dots[met.min() : met.max() + 1, k] = True
    cells = (dots.reshape(_HEIGHT, 4, _WIDTH, 2) * _DOTS[:, None, :]).sum(axis=(1, 3))
    lines = ["".join(chr(0x2800 + cell) for cell in row) for row in cells]
    return [f"{high:.3g}", *lines, f"{low:.3g}"]
