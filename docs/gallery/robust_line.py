"""
A line through outliers
=======================

One in ten of the points lies on the wrong side. Least squares follows them. A robust loss with a fixed alpha and scale
does better the better these were guessed; the adaptive loss learns both from the residuals, with the line.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastloss as fl
from fastloss.adaptive import RobustRegressor

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, 300)
y = 0.7 * x + 0.15 + rng.normal(0, 0.025, 300)
wrong = rng.uniform(size=300) < 0.1
y[wrong] = np.where(y[wrong] > 0.5, 0.05, 0.85)

losses = {
    "least squares": fl.half_squared_error,
    "fixed, scale too large": fl.robust.bind(alpha=1.0, scale=1.0),
    "fixed, scale of the errors": fl.robust.bind(alpha=-2.0, scale=0.05),
    "adaptive": "adaptive",
}
figure, axes = plt.subplots(figsize=(8, 4.4))
axes.scatter(x, y, s=10, color="#999999", linewidths=0)
for number, (name, loss) in enumerate(losses.items()):
    model = RobustRegressor(loss, scale="fixed" if loss != "adaptive" else "mad").fit(x[:, None], y)
    ends = [model.intercept_, model.intercept_ + model.coef_[0]]
    axes.plot([0, 1], ends, color=f"C{number}", linestyle="-" if number < 3 else "--", label=name)
    print(f"{name:27s} slope {model.coef_[0]:.4f}  intercept {model.intercept_:.4f}  {model.loss_}")
axes.set(title="The truth has slope 0.7 and intercept 0.15", xlabel="x", ylabel="y", ylim=(-0.05, 1))
axes.legend(loc="lower right", bbox_to_anchor=(1, 0.14))
plt.show()

# %%
# What the adaptive loss made of the points: each has the weight of its residual in the last of the least-squares fits
# that the regression consists of.

figure = fl.plot.regression(seed=0)

# %%
# Data and adaptive loss are those of J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019; that
# reweighted least squares minimise such a loss is in P. W. Holland, R. E. Welsch, "Robust regression using iteratively
# reweighted least-squares", 1977.
