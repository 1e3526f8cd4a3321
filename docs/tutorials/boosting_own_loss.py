"""
Boosting with a loss of one's own
=================================

A forecast of demand: too little costs three times as much as too much, and what is off by more than the warehouse holds
costs no more. LightGBM has no such loss. Here it is written in three lines, checked, and boosted.
"""

# %%
# The loss
# --------
#
# A function of the residual r = prediction - observation, and its derivatives. ``fl.check_derivatives`` compares them
# with finite differences; a typo would be an error that shows where.

import matplotlib.pyplot as plt
import numpy as np
from lightgbm import LGBMRegressor

import fastloss as fl
from fastloss.integrations.lightgbm import objective


def side(r, short):
    return np.where(r < 0, short, 1.0)


def value(r, short, bound):
    return side(r, short) * bound * np.tanh(r * r / (2 * bound))


def grad(r, short, bound):
    return side(r, short) * r / np.cosh(np.minimum(r * r / (2 * bound), 300)) ** 2


def weight(r, short, bound):
    return side(r, short) / np.cosh(np.minimum(r * r / (2 * bound), 300)) ** 2


cost = fl.custom("cost", value, grad, weight=weight, parameters={"short": 3.0, "bound": 50.0}, traits=("c1", "bounded"))
print(fl.check_derivatives(cost))

# %%
# It is called like any other loss, and adds up with them:

print(cost([-2.0, 2.0]), (cost.bind(short=5.0, bound=50.0) + 0.1 * fl.half_squared_error)([-2.0, 2.0]))

# %%
# The forecast
# ------------
#
# A season, noise, and a few days on which the count is nonsense.

rng = np.random.default_rng(0)
day = rng.uniform(0, 10, 1500)
truth = 20 + 5 * np.sin(day)
demand = truth + rng.normal(0, 2, day.size)
nonsense = rng.random(day.size) < 0.05
demand[nonsense] += 200

# %%
# The second derivative of a bounded loss is negative far off; the objective gives LightGBM the IRLS weight instead, the
# curvature of a parabola above the loss. Start near the data: a bounded loss sees nothing from 0.

start = np.full(day.size, np.median(demand))
options = {"n_estimators": 60, "num_leaves": 8, "verbose": -1, "n_jobs": 1}
squares = LGBMRegressor(**options).fit(day[:, None], demand)
ours = LGBMRegressor(objective=objective(cost), **options).fit(day[:, None], demand, init_score=start)

at = np.linspace(0, 10, 400)
forecast = {
    "squares": squares.predict(at[:, None]),
    "our cost": np.median(demand) + ours.predict(at[:, None], raw_score=True),
}
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(day, demand, ".", color="gray", markersize=2)
for (name, curve), style in zip(forecast.items(), ("C0--", "C3-"), strict=True):
    axes.plot(at, curve, style, label=name)
axes.set(title="Demand, of which one day in twenty is nonsense", xlabel="day", ylabel="demand", ylim=(0, 60))
axes.legend()
plt.show()

# %%
# What each would have cost on days that were counted rightly:

for name, curve in forecast.items():
    predicted = np.interp(day[~nonsense], at, curve)
    print(f"{name:10} {cost(predicted, demand[~nonsense], reduction='mean'):.2f} a day")
