"""What a type checker makes of the public names: `mypy` checks this file, nothing runs it.

A line with `type: ignore` is a mistake that must be found: mypy reports the comment where it is not.
"""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastloss as fl
from fastloss.adaptive import Fit
from fastloss.integrations import catboost, jax, lightgbm, scipy, sklearn, statsmodels, torch, xgboost

Array = NDArray[np.floating[Any]]
x = np.zeros(3, np.float32)

assert_type(fl.huber(x, delta=1.345), Array)
assert_type(fl.huber(x, [0.0, 1.0, 2.0], reduction="mean"), float)
assert_type(fl.robust.value_and_grad(x, x, alpha=-2, scale=[1.0]), tuple[Array, Array])
assert_type(fl.robust.value_and_grad(x, alpha=0.5, reduction="sum"), tuple[float, Array])
assert_type(fl.robust.param_grad(x, alpha=1), dict[str, Any])
assert_type(fl.huber.weight(x, num_threads=2), Array)
assert_type(fl.cross_entropy(x, [1], label_smoothing=0.1, axis=0), Array)
assert_type(fl.multi_margin(x, [1], p=2, reduction="mean"), float)
assert_type(fl.distillation.value_and_grad(x, x, temperature=2.0), tuple[Array, Array])
assert_type(fl.distillation(x, x, labels=[1], ignore_index=0, reduction="mean"), float)
assert_type(fl.multi_margin(x, [1.0], ignore_index=2), Array)
assert_type(fl.huber(x, 1.0, sample_weight=2.0), Array)
assert_type(fl.softmax(x, temperature=2.0), Array)
assert_type(fl.gaussian_nll.bind(var=2.0)(x), Array)
assert_type(fl.entropy(x, reduction="sum"), float)
assert_type(fl.log_loss(x, [0, 1, 1]), float)
assert_type(fl.accuracy(x, [0, 1, 1], sample_weight=2.0, ignore_index=-1), float)
assert_type(fl.isas(), tuple[str, ...])
assert_type(fl.score("residuals.npy", loss=fl.huber.bind(delta=2)).mean, float | None)
assert_type(fl.score("in.csv", loss="huber", residual="r", by="day").groups["monday"].mean, float | None)
assert_type(fl.score("in.csv", loss=["huber", fl.cauchy], residual="r", by="day")["huber"].mean, float | None)
assert_type(fl.score("in.csv", loss={"a": "huber"}, residual="r").to_json(state=True), str)
assert_type(fl.Summary.from_json("{}"), fl.Summary)
assert_type(fl.huber.cfunc(1.0, 2.0), float)
assert_type(fl.adaptive.fit(x), Fit)
assert_type(fl.adaptive.irls(x[:, None], x).converged, bool)
assert_type(fl.adaptive.sample(1.0, size=3), NDArray[np.float64])
assert_type(fl.robust_nll(x, alpha=[0.5], reduction="mean"), float)
fl.huber.evaluate(x, outputs=("grad", "hess"))
loss: fl.Loss = fl.get("huber", delta=2.0)

assert_type(loss.weight(x), Array)
assert_type(sum([fl.huber, loss]) or loss, fl.Loss)
xgboost.objective(fl.huber, hessian="unit"), xgboost.metric(loss)
lightgbm.objective("huber"), lightgbm.metric(2 * fl.huber), catboost.objective(fl.huber), catboost.metric(fl.huber)
scipy.rho(fl.cauchy), scipy.objective(fl.huber, x[:, None], x, penalty=fl.penalty.l2), statsmodels.norm(fl.tukey)
sklearn.scorer(fl.cross_entropy), jax.function(loss)
torch.function(fl.huber), torch.module(fl.arcface, "sum", margin=0.3), torch.adaptive(3)
assert_type(fl.penalty.l1(x, strength=0.1), float)

fl.huber(x, dleta=1.0)  # type: ignore[call-overload]
fl.huber(x, reduction="average")  # type: ignore[call-overload]
fl.huber.evaluate(x, outputs=("gradient",))  # type: ignore[arg-type]
fl.squared_error.param_grad(x)  # type: ignore[attr-defined]
fl.cross_entropy(x)  # type: ignore[call-overload]
fl.hinge(x)  # type: ignore[call-overload]
fl.adaptive.fit(x, alpha_bounds=1.0)  # type: ignore[arg-type]
fl.entropy(x, x)  # type: ignore[call-overload]
fl.cross_entropy(x, [1], labels=[1])  # type: ignore[call-overload]
fl.mae(x, x, ignore_index=1)  # type: ignore[call-arg]
xgboost.objective(1.0)  # type: ignore[arg-type]
