"""
Robust regression
=================

The line of the literature: 300 points on a line, one in ten of them on the wrong side. Least squares misses it, the
adaptive loss finds it without being told how many points are wrong.
"""

# %%
# The line
# --------

import matplotlib.pyplot as plt
import numpy as np

import fastloss as fl
from fastloss.adaptive import RobustRegressor
from fastloss.plot import regression_animation

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, 300)
y = 0.7 * x + 0.15 + rng.normal(0, 0.025, 300)
wrong = rng.random(300) < 0.1
y[wrong] = 0.05 + 0.4 * (1 - np.sign(y[wrong] - 0.5))

# %%
# Several losses, one call each. A loss of a residual by name is fitted in units of the residuals' scale, which is
# learned; "adaptive" learns its shape, alpha, as well.

fits = {name: RobustRegressor(name).fit(x[:, None], y) for name in ("half_squared_error", "huber", "tukey", "adaptive")}
print("the truth            slope 0.700  intercept 0.150")
for name, model in fits.items():
    print(f"{name:20} slope {model.coef_[0]:.3f}  intercept {model.intercept_:.3f}   {model.loss_}")

# %%
# What each point counts for
# --------------------------
#
# The IRLS weight is 1 for a point that is believed and 0 for one that is left out.

model = fits["adaptive"]
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
shade = {"c": model.weights_ / model.weights_.max(), "cmap": "viridis", "edgecolors": "gray", "linewidths": 0.6}
points = axes.scatter(x, y, s=18, **shade)
ends = np.array([0.0, 1.0])
styles = ("C0:", "C1-", "C4--", "C3-.")  # three of them nearly lie on each other
for (name, found), style in zip(fits.items(), styles, strict=True):
    axes.plot(ends, found.predict(ends[:, None]), style, label=name)
figure.colorbar(points, label="weight")
axes.set(title="A line with outliers", xlabel="x", ylabel="y")
axes.legend()
plt.show()

# %%
# The same, step by step, while alpha is let down from 1, on a light and on a dark ground:

for ground, twin in (("default", ""), ("dark_background", "-dark")):
    with plt.style.context(ground):
        figure = regression_animation()
        figure.set_size_inches(5, 3.8)  # which a phone shows as it is
        figure.animation.save(f"line{twin}.gif", writer="pillow", dpi=90)

# %%
# .. image:: /_scripts/tutorials/line.gif
#    :alt: The line of least squares turns, step by step, into the line that most points lie on
#
# How sure it is
# --------------
#
# Standard errors and intervals, as of statsmodels' ``RLM``:

print(fits["tukey"].summary())

# %%
# When which loss
# ---------------
#
# Huber's is convex: whatever the start, it finds the same line, but it never lets go of an outlier altogether. Tukey's
# does, and needs a start that is near; "adaptive" looks for how much trust the data deserve. Where outliers lie far out
# in x, too, start from least trimmed squares:

far = x.copy()
far[:60], bad = 3.0 + rng.normal(0, 0.05, 60), y.copy()
bad[:60] = 0.1
for options in ({"loss": "huber"}, {"loss": "tukey"}, {"loss": "tukey", "start": "lts"}):
    found = RobustRegressor(**options).fit(far[:, None], bad)
    print(f"{options!s:36} slope {found.coef_[0]:6.3f}")

# %%
# :doc:`/explanation/choosing` has the whole table, and ``fl.get`` every loss of it:

print(len(fl.list_losses("residual")), "losses of a residual")
