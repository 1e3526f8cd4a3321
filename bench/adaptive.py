"""Least squares, Huber and the adaptive loss on real data, by the error on observations that they have not seen.

    python bench/adaptive.py > docs/adaptive.md

writes the page, whose text is in this file too.
"""

import warnings

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import HuberRegressor, LinearRegression
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import engel, stackloss, statecrime

from fastloss.adaptive import RobustRegressor, fit

REPEATS, FOLDS = 20, 5

PAGE = """\
# The adaptive robust loss

Written by `python bench/adaptive.py > docs/adaptive.md`.

`fastloss.adaptive.fit` finds the alpha and scale under which residuals are most likely; `RobustRegressor` and `irls`
find them together with the line. Nothing is tuned by hand.

```python
from fastloss import adaptive

found = adaptive.fit(residuals)                       # .alpha .scale .nll .alpha_stderr .scale_stderr
model = adaptive.RobustRegressor().fit(X, y)          # .coef_ .intercept_ .loss_ .weights_
```

```
fastloss fit residuals.parquet --residual r           # the same for files, and the command that scores with them
fastloss plot regression -o regression.png            # curves, surface, density, regression (.gif: step by step)
```

## On real data

The median and the mean absolute error on held-out observations, over {repeats} repetitions of {folds}-fold
cross-validation, with the standard error of the difference from least squares; lower is better. Huber's is
scikit-learn's `HuberRegressor` with its defaults, which learns its scale too. Alpha is learned from all of the data.

{tables}

## What to make of it

{reading}

Standard errors of alpha and scale are those of independent residuals of this density; where alpha is at one of its
bounds, they are those of a fit without bounds. The likelihood of alpha and scale has no bound once more than half of
the residuals are 0: `fit` says so. With fewer than about four observations a coefficient, a line through more than half
of them is most likely; prefer a loss with a known scale there.
"""

READING = """\
- engel, where the spread of the errors grows and some are large: both robust lines do better than least squares, and
  the adaptive one has the lowest median error. Large errors stay in the mean error, which no line can lower much.
- stackloss: the same order, but on 21 observations none of it is certain.
- statecrime: the outlier lies far out in X, where a loss of the residual alone does not help; no difference to be seen.
- diabetes: the errors have no tails, alpha goes to its upper bound, and the adaptive line is that of least squares."""


def datasets():
    """{name and origin: (X, y)}"""
    diabetes = load_diabetes()
    tables = {
        "engel: food expenditure of 235 households (statsmodels)": engel.load_pandas(),
        "statecrime: murder rates of 51 states, with the District of Columbia (statsmodels)": statecrime.load_pandas(),
        "stackloss: 21 days of a plant, four of them outliers (statsmodels)": stackloss.load_pandas(),
    }
    found = {"diabetes: 442 patients (scikit-learn)": (diabetes.data, diabetes.target)}
    return found | {name: (_numbers(table.exog), _numbers(table.endog)) for name, table in tables.items()}


def _numbers(table):
    """Without the column of ones that some data sets bring along."""
    array = np.asarray(table, float)
    return array if array.ndim == 1 else array[:, np.ptp(array, axis=0) > 0]


def models():
    return {
        "least squares": LinearRegression(),
        "Huber": make_pipeline(StandardScaler(), HuberRegressor(max_iter=1000)),
        "adaptive": RobustRegressor(),
    }


def held_out_errors(model, X, y):
    """The absolute errors, (repeats, n)."""
    errors = np.empty((REPEATS, len(y)))
    splits = RepeatedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0).split(X)
    for k, (train, test) in enumerate(splits):
        errors[k // FOLDS, test] = np.abs(model.fit(X[train], y[train]).predict(X[test]) - y[test])
    return errors


def table(name, X, y):
    errors = {title: held_out_errors(model, X, y) for title, model in models().items()}
    base = errors["least squares"].mean(axis=0)
    learned = models()["adaptive"].fit(X, y)
    found = fit(learned.predict(X) - y)
    lines = [f"### {name}", "", f"alpha {found.alpha:.3g} +- {found.alpha_stderr:.2g}", ""]
    lines += ["| | median | mean | mean less that of least squares |", "|---|---|---|---|"]
    for title, each in errors.items():
        difference = each.mean(axis=0) - base
        error = difference.std(ddof=1) / np.sqrt(len(y))
        against = "" if title == "least squares" else f"{difference.mean():+.3g} +- {error:.2g}"
        lines.append(f"| {title} | {np.median(each):.4g} | {each.mean():.4g} | {against} |")
    return "\n".join(lines)


def main():
    warnings.simplefilter("error")
    tables = "\n\n".join(table(name, X, y) for name, (X, y) in datasets().items())
    print(PAGE.format(repeats=REPEATS, folds=FOLDS, tables=tables, reading=READING), end="")


if __name__ == "__main__":
    main()
