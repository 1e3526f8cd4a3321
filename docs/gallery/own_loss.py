"""
A loss of one's own: the percentage error
=========================================

Who forecasts sales or expenses is often judged by the mean absolute percentage error: an error of 10 counts more on 50
than on 5000. Then the model should be trained by it, too. The catalogue has this loss; here it is written once more, as
a loss of one's own is: its value, its gradient, and a number that rounds off its kink.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize
from statsmodels.datasets import engel

import fastloss as fl
from fastloss.integrations import scipy as in_scipy


def value(pred, target, kink):
    relative = (pred - target) / target
    return np.sqrt(relative**2 + kink**2) - kink


def grad(pred, target, kink):
    relative = (pred - target) / target
    return relative / np.sqrt(relative**2 + kink**2) / target


percentage = fl.custom("percentage", value, grad, family="relative", parameters={"kink": 1e-3})

# %%
# Before it is used, its gradient is held against finite differences.

print(fl.check_derivatives(percentage))

# %%
# What 235 households of Belgian workers spent on food in 1857, over their income: the data of Engel, which come with
# statsmodels. The spread grows with the income, so that least squares looks mostly at the rich.

data = engel.load_pandas().data
income, food = data.income.to_numpy(), data.foodexp.to_numpy()
design = np.column_stack([income, np.full(len(income), 1000.0)])

lines = {}
for name, loss in {"squared error": fl.half_squared_error, "percentage error": percentage}.items():
    start = np.linalg.lstsq(design, food, rcond=None)[0]
    lines[name] = minimize(in_scipy.objective(loss, design, food), start, jac=True, method="BFGS").x
    pred = design @ lines[name]
    mape = fl.absolute_percentage_error(pred, food, reduction="mean")
    print(f"{name:17s} slope {lines[name][0]:.4f}  MAPE {mape:.4f}  RMSE {fl.metrics.rmse(pred, food):.1f}")

# %%
# Each line is best by its own measure. That of the squared error bends towards the few with a large income, of which
# the last spends little on food; that of the percentage error listens to the many with a small one.

figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4))
left.scatter(income, food, s=9, color="#8a8a8a", linewidths=0)
for number, (name, line) in enumerate(lines.items()):
    left.plot([300, 5000], line[0] * np.array([300, 5000]) + 1000 * line[1], color=f"C{1 + 2 * number}", label=name)
    error = np.sort(fl.absolute_percentage_error(design @ line, food))
    right.plot(100 * error, np.arange(1, len(error) + 1) / len(error), color=f"C{1 + 2 * number}", label=name)
left.set(title="Food expenditure over income", xlabel="income", ylabel="food")
right.set(title="Share of households below an error", xlabel="percentage error", ylabel="share")
left.legend()
plt.show()

# %%
# A. de Myttenaere, B. Golden, B. Le Grand, F. Rossi, "Mean absolute percentage error for regression models",
# Neurocomputing 192, 2016. E. Engel, "Die Produktions- und Consumtionsverhältnisse des Königreichs Sachsen", 1857.
