"""
L1 and L2, as losses and as penalties
=====================================

The absolute value and the square come twice in a regression: as losses, where they say what an outlier costs, and as
penalties, where they say what a large coefficient costs.
"""

# %%
# As losses
# ---------
#
# The mean of numbers has the least squared error, the median the least absolute error. One number that runs away takes
# the mean with it.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import fastloss as fl
from fastloss.adaptive import RobustRegressor

numbers = np.array([1.0, 2.0, 3.0, 4.0, 30.0])
center = np.linspace(0, 12, 481)
figure, axes = plt.subplots(figsize=(7, 3.6))
for loss in (fl.absolute_error, fl.half_squared_error):
    total = np.array([loss(numbers - c, reduction="mean") for c in center])
    axes.plot(center, total / total.min(), label=f"{loss.name}: least at {center[total.argmin()]:.1f}")
axes.plot(numbers[:-1], np.ones(4), "o", color="#777777", label="the numbers; another is 30")
axes.set(title="Mean loss of a center, over its least", xlabel="center", ylim=(0.9, 2.2))
axes.legend()
plt.show()

# %%
# As penalties: geometry
# ----------------------
#
# With a penalty the minimum lies where an ellipse of equal loss touches the ball of the penalty. That of L1 has corners
# on the axes, and a corner is where most ellipses touch it first: one coefficient is 0. That of L2 has none.

grid = np.linspace(-2, 3, 251)
u, v = np.meshgrid(grid, grid)
loss = 0.5 * ((u - 0.6) ** 2 + 1.6 * (v - 1.9) ** 2)
figure, panels = plt.subplots(1, 2, figsize=(8.6, 4.2), sharey=True)
for axes, name, penalty in zip(panels, ("L1", "L2"), (np.abs(u) + np.abs(v), np.hypot(u, v)), strict=True):
    inside = np.where(penalty <= 1 + 1e-9, loss, np.inf)
    at = np.unravel_index(inside.argmin(), loss.shape)
    axes.contour(u, v, loss, levels=inside.min() * np.array([0.1, 0.4, 1.0, 1.8]), colors="C1", linewidths=1.2)
    axes.contourf(u, v, penalty, levels=[0, 1], colors=["#7f8fa6"], alpha=0.5)
    axes.plot(u[at], v[at], "o", color="C3", markersize=8)
    title = f"{name}: touches at ({abs(u[at]):.2f}, {v[at]:.2f})"
    axes.set(aspect="equal", xlabel="first coefficient", title=title)
panels[0].set_ylabel("second coefficient")
plt.show()

# %%
# The proximal step
# -----------------
#
# prox(x) is the point that trades the penalty against the distance from x: argmin over z of penalty(z) + (z - x)^2 / 2.
# L1 moves every number towards 0 by the same amount, and stops there; L2 divides it; the elastic net does both.

x = np.linspace(-3, 3, 301)
figure, axes = plt.subplots(figsize=(6, 4))
for name, penalty in {"L1": fl.penalty.l1, "L2": fl.penalty.l2, "elastic net": fl.penalty.elastic_net}.items():
    axes.plot(x, penalty.prox(x, step=1.0), label=name)
axes.plot(x, x, ":", color="#777777", label="no penalty")
axes.set(title="The proximal step of length 1", xlabel="x", ylabel="prox(x)")
axes.legend()
plt.show()

# %%
# Sparse solutions
# ----------------
#
# Diabetes progression of 442 patients by ten measurements. The stronger L1, the more coefficients are exactly 0; under
# L2 they all shrink, and none is. The loss is Huber's: penalty and loss are chosen apart from each other.

data = load_diabetes()
X, y = data.data / data.data.std(axis=0), data.target - data.target.mean()
strengths = np.geomspace(30, 3e4, 12)
figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
for axes, name, penalty in zip(panels, ("L1", "L2"), (fl.penalty.l1, fl.penalty.l2), strict=True):
    path = np.array(
        [
            RobustRegressor(fl.huber.bind(delta=75.0), scale="fixed", penalty=penalty.bind(strength=s)).fit(X, y).coef_
            for s in strengths
        ]
    )
    for number, coefficients in enumerate(path.T):
        axes.plot(strengths, coefficients, color=f"C{number % 5}", linestyle="-" if number < 5 else "--")
    zeros = (path == 0).sum(axis=1)
    axes.set(xscale="log", xlabel="strength", title=f"{name}: up to {zeros.max()} of 10 are 0")
panels[0].set_ylabel("coefficient")
plt.show()

# %%
# R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal Statistical Society B 58,
# 1996. A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12, 1970. N. Parikh, S. Boyd, "Proximal
# algorithms", Foundations and Trends in Optimization 1, 2014.
