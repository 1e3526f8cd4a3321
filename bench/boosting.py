"""Losses boosted by XGBoost and LightGBM, beside a constant and the objectives that the libraries have.

    python bench/boosting.py [--write FILE] [--plot FILE] [--rows N] [--rounds N]

Two thirds of the rows train, one third tells the figures. All have the same trees: depth 4, learning rate .1.
"""

import argparse
from pathlib import Path

import lightgbm
import numpy as np
import xgboost
from plot import write
from timing import machine

import fastloss as fl
from fastloss.integrations import lightgbm as in_lightgbm
from fastloss.integrations import xgboost as in_xgboost
from fastloss.integrations._losses import as_target
from fastloss.plot.style import axes_of, palette, tidy

FAMILIES = ("residual", "relative", "margin", "probability", "count")
ASIDE = ("zero_one", "perceptron", "kl_div", "relative_entropy", "entropy", "binary_cross_entropy")
NOISE = 0.3
DRAWS = 5

PAGE = """\
# Losses in gradient boosting

```python
import fastloss as fl, xgboost
from fastloss.integrations.xgboost import metric, objective  # or .lightgbm, .catboost

loss = fl.tukey.bind(scale=1.4)
model = xgboost.XGBRegressor(objective=objective(loss), eval_metric=metric(loss), base_score=0.0)
```

![A curve through points of which a tenth are far above it](boosting.png)

`objective` and `metric` serve the native and the scikit-learn interfaces, early stopping, sample weights, several
classes and pickles. What is boosted is what the loss is a function of: a prediction, a score, a logit (one a class),
the logarithm of a mean; `predict(output_margin=True)` (LightGBM: `raw_score=True`) gives it.

A tree divides by curvature. The exact second derivative of a robust loss vanishes, or is negative, for rows that are
far off, and steps run away. `hessian="auto"` takes the IRLS weight instead, the curvature of a parabola that lies above
the loss: each step lowers it. Strictly convex losses of logits and counts have the exact one; absolute, quantile and
percentage losses abs(gradient) / max(abs(r), median(abs(r))), r the residual; losses of a margin with a kink 1,
`modified_huber` its largest second derivative.

Start near the data: XGBoost begins at .5 (`base_score`), LightGBM at 0 (`init_score`). Losses that give up what is far
off (tukey, welsch, hampel, ...) see nothing from there; let a first model of absolute errors tell them where to begin,
and how large the noise is, as below.

## Outliers

{outliers}

## Beside what the libraries have

The mean loss of rows not trained on; less than 1 is better than theirs.

{own}

LightGBM's own absolute and quantile losses set each leaf to the median or quantile of its residuals, which no objective
of gradients and curvatures can do: ours are steps towards it, for a median shorter ones, for which a learning rate half
as large again makes up; quantiles far out need none. Ratios of ours to theirs, of {draws} draws of these data:

{refitted}

## Every loss

The mean loss of rows not trained on, beside that of the best constant (nats, squares: as the loss has it).

{every}

{machine}, XGBoost {xgboost}, LightGBM {lightgbm}; {rows} rows, {rounds} rounds. Written by
`python bench/boosting.py --write docs/boosting.md --plot docs/boosting.png`. Data are drawn: five features of which
three tell a smooth function, with normal noise of {noise}; labels, counts and sizes with it as their logit or
logarithm; for outliers, 5 to 20 added to a tenth of the rows.
"""


class Data:
    """Rows, and the labels that each family has."""

    def __init__(self, rows, seed=0):
        rng = np.random.default_rng(seed)
        self.X = rng.uniform(-2, 2, (rows, 5))
        self.truth = np.sin(2 * self.X[:, 0]) * 2 + self.X[:, 1] ** 2 - self.X[:, 2]
        y = self.truth + NOISE * rng.standard_normal(rows)
        labels = (rng.random(rows) < 1 / (1 + np.exp(-1.5 * self.truth))).astype(float)
        counts = rng.poisson(np.exp(self.truth / 2)).astype(float)
        self.sizes = np.exp(self.truth / 2) * rng.gamma(2.0, 0.5, rows)
        outliers = np.where(rng.random(rows) < 0.1, rng.uniform(5, 20, rows), 0.0)
        self.labels = {
            "residual": y, "relative": y - y.min() + 1, "margin": labels, "probability": labels, "count": counts,
            "outliers": y + outliers,
        }  # fmt: skip
        self.train = np.arange(rows) < 2 * rows // 3

    def of(self, loss):
        return self.sizes if loss.name == "gamma" else self.labels[loss.family]


class Boosting:
    """Both libraries, on rows of one split."""

    def __init__(self, data, rounds):
        self.data, self.rounds = data, rounds

    def xgboost(self, y, objective, start=None, first=None, **parameters):
        """Predictions for all rows, of an objective of ours or of theirs; from `start`, or from those of `first`."""
        own = {} if callable(objective) else {"objective": objective}
        parameters = {"eta": 0.1, "max_depth": 4, "nthread": 1, **own, **parameters}
        if start is not None:
            parameters["base_score"] = start
        everything, train = xgboost.DMatrix(self.data.X), self.data.train
        matrix = xgboost.DMatrix(self.data.X[train], y[train])
        if first is not None:
            matrix.set_base_margin(first[train])
            everything.set_base_margin(first)
        model = xgboost.train(parameters, matrix, self.rounds, obj=objective if callable(objective) else None)
        return model.predict(everything, output_margin=callable(objective))

    def lightgbm(self, y, objective, start=0.0, first=None, **parameters):
        """The same."""
        parameters = {"objective": objective, "learning_rate": 0.1, "max_depth": 4, "num_leaves": 15, **parameters}
        train, begin = self.data.train, np.full(len(y), start) if first is None else first
        own = {"init_score": begin[train]} if callable(objective) else {}
        dataset = lightgbm.Dataset(self.data.X[train], y[train], **own)
        model = lightgbm.train(parameters | {"verbose": -1, "num_threads": 1}, dataset, self.rounds)
        return model.predict(self.data.X) + (begin if callable(objective) else 0.0)


def bound(name):
    return fl.get(name).bind(**({"var": 1.0} if name == "gaussian_nll" else {}))


def start_of(loss, y):
    if loss.family in ("residual", "relative"):
        return float(np.median(y))
    return float(np.log(y.mean())) if loss.family == "count" else 0.0


def mean(loss, pred, y):
    return loss(np.asarray(pred, np.float64), as_target(loss, y), reduction="mean")


def constant(loss, y):
    """The best constant's mean."""
    low, high = (y.min(), y.max()) if loss.family in ("residual", "relative") else (-8, 8)
    return min(mean(loss, np.full(len(y), c), y) for c in np.linspace(low, high, 400))


def every(data, boosting):
    """A row a loss: the constant, XGBoost, LightGBM."""
    test = ~data.train
    for name in (name for family in FAMILIES for name in fl.list_losses(family)):
        if name in ASIDE:
            continue
        loss = bound(name)
        y = data.of(loss)
        start = start_of(loss, y[data.train])
        found = [
            boosting.xgboost(y, in_xgboost.objective(loss), start),
            boosting.lightgbm(y, in_lightgbm.objective(loss), start),
        ]
        kind = in_xgboost.objective(loss).derivatives.kind
        means = [mean(loss, pred[test], y[test]) for pred in found]
        yield name, kind, *(f"{value:.4f}" for value in (constant(loss, y[test]), *means))


def own(data, boosting):
    """A row an objective that a library has: its mean, ours, and the ratio."""
    logs = np.log
    cases = [
        ("xgboost", "reg:squarederror", {}, fl.squared_error, None),
        ("xgboost", "binary:logistic", {}, fl.logistic, lambda p: logs(p) - np.log1p(-p)),
        ("xgboost", "reg:pseudohubererror", {}, fl.pseudo_huber, None),
        ("xgboost", "reg:quantileerror", {"quantile_alpha": 0.8}, fl.quantile.bind(q=0.8), None),
        ("xgboost", "count:poisson", {}, fl.poisson, logs),
        ("xgboost", "reg:gamma", {}, fl.gamma, logs),
        ("xgboost", "reg:tweedie", {}, fl.tweedie.bind(power=1.5), logs),
        ("lightgbm", "l2", {}, fl.squared_error, None),
        ("lightgbm", "l1", {}, fl.absolute_error, None),
        ("lightgbm", "huber", {"alpha": 1.0}, fl.huber, None),
        ("lightgbm", "fair", {"fair_c": 1.0}, fl.fair.bind(scale=1.0), None),
        ("lightgbm", "quantile", {"alpha": 0.8}, fl.quantile.bind(q=0.8), None),
        ("lightgbm", "poisson", {}, fl.poisson, logs),
        ("lightgbm", "mape", {}, fl.absolute_percentage_error, None),
    ]
    test = ~data.train
    for library, objective, parameters, loss, link in cases:
        run, adapter = getattr(boosting, library), {"xgboost": in_xgboost, "lightgbm": in_lightgbm}[library]
        y = data.of(loss)
        theirs = run(y, objective, **parameters)
        theirs = theirs if link is None else link(theirs)
        ours = run(y, adapter.objective(loss), start_of(loss, y[data.train]))
        a, b = (mean(loss, pred[test], y[test]) for pred in (theirs, ours))
        yield library, objective, repr(loss), f"{a:.4f}", f"{b:.4f}", f"{b / a if a > 0 else 2 - b / a:.3f}"


def refitted(rows, rounds):
    """A row a loss whose leaves LightGBM fits again, and a learning rate of ours: ratios of means."""
    cases = [("l1", {}, fl.absolute_error)]
    cases += [("quantile", {"alpha": q}, fl.quantile.bind(q=q)) for q in (0.8, 0.1)]
    for objective, parameters, loss in cases:
        for rate in (0.1, 0.15):
            ratios = []
            for seed in range(DRAWS):
                data = Data(rows, seed)
                boosting, y, test = Boosting(data, rounds), data.of(loss), ~data.train
                start = start_of(loss, y[data.train])
                ours = boosting.lightgbm(y, in_lightgbm.objective(loss), start, learning_rate=rate)
                theirs = boosting.lightgbm(y, objective, **parameters)
                ratios.append(mean(loss, ours[test], y[test]) / mean(loss, theirs[test], y[test]))
            yield repr(loss), str(rate), *(f"{ratio:.3f}" for ratio in (min(ratios), np.mean(ratios), max(ratios)))


def redescending(scale):
    """Losses that fit noise of a scale: 95% as good as least squares if there were no outliers."""
    return (
        fl.tukey.bind(scale=4.685 * scale),
        fl.welsch.bind(scale=2.985 * scale),
        fl.hampel.bind(a=2 * scale, b=4 * scale, c=8 * scale),
    )


def outliers(data, boosting):
    """A row an objective: mean absolute errors to the truth, without noise."""
    y, test = data.labels["outliers"], ~data.train
    start = float(np.median(y[data.train]))

    def error(pred):
        return f"{np.abs(pred - data.truth)[test].mean():.3f}"

    for library, objectives in {
        "xgboost": {"reg:squarederror": {}, "reg:absoluteerror": {}, "reg:pseudohubererror": {"huber_slope": 0.6}},
        "lightgbm": {"l2": {}, "l1": {}, "huber": {"alpha": 0.4}, "fair": {"fair_c": 0.4}},
    }.items():
        for objective, parameters in objectives.items():
            yield f"{library}, {objective}", error(getattr(boosting, library)(y, objective, **parameters))
    first = boosting.xgboost(y, in_xgboost.objective(fl.absolute_error), start)
    yield "xgboost, absolute_error", error(first)
    scale = float(1.4826 * np.median(np.abs(y - first)[data.train]))
    for loss in redescending(scale):
        for library, adapter in (("xgboost", in_xgboost), ("lightgbm", in_lightgbm)):
            pred = getattr(boosting, library)(y, adapter.objective(loss), first=first)
            yield f"{library}, {loss.name}, from there", error(pred)


def picture():
    """How to draw points on a curve, a tenth of them too high, and what boosting makes of them."""
    rng = np.random.default_rng(4)
    x = np.sort(rng.uniform(0, 6, 600))
    y = np.sin(2 * x) + 0.15 * rng.standard_normal(600)
    y[rng.random(600) < 0.1] += rng.uniform(2, 5)
    train = lightgbm.Dataset(x[:, None], y)
    parameters = {"learning_rate": 0.1, "num_leaves": 15, "verbose": -1, "num_threads": 1}
    theirs = lightgbm.train({"objective": "huber", **parameters}, train, 200).predict(x[:, None])
    first = lightgbm.train({"objective": "l1", **parameters}, lightgbm.Dataset(x[:, None], y), 100).predict(x[:, None])
    dataset = lightgbm.Dataset(x[:, None], y, init_score=first)
    objective = in_lightgbm.objective(fl.tukey.bind(scale=4.685 * 0.15))
    ours = first + lightgbm.train({"objective": objective, **parameters}, dataset, 200).predict(x[:, None])

    def draw(is_narrow):
        size, over = ((4.2, 4.4), "\n") if is_narrow else ((8.2, 3.8), " ")
        figure, (ax,) = axes_of(None, 1, f"LightGBM where a tenth of the points{over}is far too high", size)
        colours = palette(ax)
        ax.scatter(x, y, s=8, color="#999999", label="data", linewidths=0)
        ax.plot(x, np.sin(2 * x), color=colours.ink, linewidth=5, alpha=0.35, label="truth")
        ax.plot(x, theirs, color=colours.second, linewidth=1.3, label='objective="huber"')
        ax.plot(x, ours, color=colours.first, linewidth=1.3, label="objective(fl.tukey)")
        ax.set(xlabel="x", ylabel="y")
        tidy(ax)
        figure.legend(frameon=False, ncols=2 if is_narrow else 4, loc="outside lower center", labelcolor=colours.ink)
        return figure

    return draw


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    data = Data(given.rows)
    boosting = Boosting(data, given.rounds)
    page = PAGE.format(
        outliers=table(["objective", "mean absolute error to the truth"], outliers(data, boosting)),
        own=table(["library", "its objective", "loss", "theirs", "ours", "ratio"], own(data, boosting)),
        refitted=table(["loss", "our learning rate", "least", "mean", "greatest"], refitted(given.rows, given.rounds)),
        draws=DRAWS,
        every=table(["loss", "curvature", "constant", "XGBoost", "LightGBM"], every(data, boosting)),
        machine=machine(), xgboost=xgboost.__version__, lightgbm=lightgbm.__version__,
        rows=given.rows, rounds=given.rounds, noise=NOISE,
    )  # fmt: skip
    if given.plot:
        write(picture(), given.plot)
    if given.write:
        given.write.write_text(page)
    else:
        print(page)


if __name__ == "__main__":
    main()
