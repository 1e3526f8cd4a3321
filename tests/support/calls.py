"""A loss with all its parameters, and arrays that it takes."""

import numpy as np

import fastloss as fl

__all__ = ["arguments", "bound"]


def bound(name):
    return fl.get(name).bind(**({"var": 1.0} if name == "gaussian_nll" else {}))


def arguments(loss, seed=0):
    """Arrays that a loss takes."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((6, 4))
    if loss.family == "rows":
        return (x, rng.standard_normal((6, 4))) if loss.targets == "logits" else (x, rng.integers(0, 4, 6))
    if loss.family != "embeddings":
        pred = rng.uniform(0.05, 0.95, 7)
        target = np.where(rng.random(7) < 0.5, 1.0, -1.0 if loss.family == "margin" else 0.0)
        return (pred, target) if loss.takes_target else (pred,)
    other = {"triplet": (x[::-1].copy(), x + 1), "contrastive": (x[::-1].copy(), np.ones(6))}
    labels = np.arange(6) % 3
    others = {
        "cosine_embedding": (x[::-1].copy(), np.ones(6)), "center": (x[:3] + 1, labels), "sup_con": (labels,),
        "info_nce": (x[::-1].copy(),), "nt_xent": (x + 0.1,), **other,
    }  # fmt: skip
    if loss.name == "feature_distance":
        return [x, x[:, :2] + 1], [x + 1, x[:, 1:3]]
    return x, *others.get(loss.name, (rng.standard_normal((3, 4)), labels))
