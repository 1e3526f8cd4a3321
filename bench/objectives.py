"""Objectives of boosting beside the `evaluate` of what they need: what reading labels, curvatures and checks add.

    python bench/objectives.py [--only NAME ...] [--rows N] [--rounds N]

Processor time of one thread of the arrays that XGBoost (float32), LightGBM (float64 predictions, float32 labels) and
CatBoost (float64) hand over, with weights and without. Both take turns; the least times count. An objective returns
two arrays, so a loss whose curvature is a constant is beside its gradient and its second derivative.
"""

import argparse

import numpy as np
from timing import least_times, machine

import fastloss as fl
from fastloss.integrations.xgboost import objective

CLASSES = 5
LAYOUTS = {  # of predictions, labels, weights
    "XGBoost": ("f4", "f4", None),
    "XGBoost, weights": ("f4", "f4", "f4"),
    "LightGBM": ("f8", "f4", None),
    "LightGBM, weights": ("f8", "f4", "f4"),
    "CatBoost": ("f8", "f8", None),
}
LABELS = {  # of a family, where they are not any number
    "margin": lambda rng, rows: rng.integers(0, 2, rows),
    "probability": lambda rng, rows: rng.integers(0, 2, rows),
    "count": lambda rng, rows: rng.poisson(3, rows) + 1,
    "rows": lambda rng, rows: rng.integers(0, CLASSES, rows),
}


def case(loss, layout, rows):
    """(the objective's call, the `evaluate` of what it needs)"""
    rng, (of_pred, of_labels, of_weight) = np.random.default_rng(0), LAYOUTS[layout]
    shape = (rows // CLASSES, CLASSES) if loss.is_rowwise else (rows,)
    pred = rng.standard_normal(shape).astype(of_pred)
    labels = LABELS.get(loss.family, lambda rng, rows: rng.random(rows) + 0.1)(rng, shape[0])
    target = labels if loss.is_rowwise else (2 * labels - 1 if loss.family == "margin" else labels).astype(of_labels)
    labels = labels.astype(of_labels)
    weight = None if of_weight is None else rng.random(shape[0]).astype(of_weight)
    call = objective(loss)
    kind, needed = call.derivatives.kind, call.derivatives.loss
    if kind == "spread":
        return None
    outputs = ("grad", "weight" if kind == "weight" else "hess")
    return (
        lambda: call(labels, pred, weight),
        lambda: needed.evaluate(pred, target, outputs=outputs, sample_weight=weight),
    )


def table(losses, rows, rounds):
    lines = [f"| | {' | '.join(LAYOUTS)} |", f"|---|{'---:|' * len(LAYOUTS)}"]
    for loss in losses:
        try:
            cases = [case(loss, layout, rows) for layout in LAYOUTS]
        except TypeError:  # none that is boosted
            continue
        if None not in cases:
            ratios = [(lambda a, b: f"{a / b:.2f}")(*least_times(runs, rounds)) for runs in cases]
            lines.append(f"| {loss.name} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", nargs="*", default=fl.list_losses(), metavar="NAME")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    fl.set_num_threads(1)
    print(f"{machine()}, {given.rows} predictions")
    print(table(map(fl.get, given.only), given.rows, given.rounds))


if __name__ == "__main__":
    main()
