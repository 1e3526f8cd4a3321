"""Losses boosted by XGBoost, LightGBM and CatBoost."""

import doctest
import importlib
import pickle
import warnings
from contextlib import contextmanager

import numpy as np
import pytest

import fastloss as fl
from fastloss.integrations._boosting import HESSIANS, objective_of

pytestmark = pytest.mark.integrations
pytest.importorskip("xgboost")
pytest.importorskip("lightgbm")
pytest.importorskip("catboost")

FAMILIES = ("residual", "relative", "margin", "probability", "count")
ASIDE = ("zero_one", "perceptron", "kl_div", "relative_entropy", "entropy", "binary_cross_entropy")
BOOSTED = [name for family in FAMILIES for name in fl.list_losses(family) if name not in ASIDE]
ROUNDS = 25
IN_PYTHON = fl.custom(
    "in_python", family="margin", value=lambda x, y: np.exp(-x * y), grad=lambda x, y: -y * np.exp(-x * y),
    hess=lambda x, y: np.exp(-x * y),
)  # fmt: skip


@contextmanager
def quietly():
    """LightGBM 4.7 renames an argument."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def bound(name):
    return fl.get(name).bind(**({"var": 1.0} if name == "gaussian_nll" else {}))


@pytest.fixture(scope="module")
def data():
    """X, what it tells, and the labels that each family has."""
    rng = np.random.default_rng(5)
    X = rng.uniform(-2, 2, (600, 3))
    f = np.sin(2 * X[:, 0]) * 2 + X[:, 1]
    residual = f + 0.2 * rng.standard_normal(600)
    labels = (rng.random(600) < 1 / (1 + np.exp(-3 * f))).astype(float)
    counts = rng.poisson(np.exp(f)).astype(float) + 1
    return X, {
        "residual": residual,
        "relative": residual - residual.min() + 1,
        "margin": labels,
        "probability": labels,
        "count": counts,
        "rows": np.digitize(f, [-1.0, 1.0]),
    }


def constant(loss, target):
    """The mean of the best constant."""
    if loss.family == "margin":
        target = 2 * target - 1
    places = np.linspace(target.min(), target.max(), 300) if loss.family == "relative" else np.linspace(-4, 4, 300)
    return min(loss(np.full(len(target), c), target, reduction="mean") for c in places)


def mean(loss, pred, target):
    return loss(pred, 2 * target - 1 if loss.family == "margin" else target, reduction="mean")


def by_xgboost(X, y, loss, start):
    import xgboost

    from fastloss.integrations.xgboost import objective

    parameters = {"eta": 0.3, "max_depth": 3, "base_score": start, "nthread": 1}
    model = xgboost.train(parameters, xgboost.DMatrix(X, y), ROUNDS, obj=objective(loss))
    return model.predict(xgboost.DMatrix(X), output_margin=True)


def by_lightgbm(X, y, loss, start):
    import lightgbm

    from fastloss.integrations.lightgbm import objective

    parameters = {"objective": objective(loss), "learning_rate": 0.3, "max_depth": 3, "verbose": -1, "num_threads": 1}
    train = lightgbm.Dataset(X, y, init_score=np.full(len(y), start))
    return lightgbm.train(parameters, train, ROUNDS).predict(X) + start


def by_catboost(X, y, loss, start):
    import catboost

    from fastloss.integrations.catboost import metric, objective

    model = catboost.CatBoostRegressor(
        loss_function=objective(loss), eval_metric=metric(loss), iterations=ROUNDS, learning_rate=0.3, depth=3,
        verbose=0, allow_writing_files=False, thread_count=1,
    )  # fmt: skip
    return model.fit(X, y, baseline=np.full(len(y), start)).predict(X) + start


LIBRARIES = {"xgboost": by_xgboost, "lightgbm": by_lightgbm, "catboost": by_catboost}


# CatBoost calls Python for a thousand rows at a time: some losses are enough
CASES = [(library, name) for library in ("xgboost", "lightgbm") for name in BOOSTED]
CASES += [("catboost", name) for name in ("huber", "tukey", "quantile", "logistic", "poisson", "hinge")]


@pytest.mark.parametrize(("library", "name"), CASES)
def test_the_boosted_model_is_better_than_a_constant(data, library, name):
    X, labels = data
    loss = bound(name)
    target = labels[loss.family]
    start = float(np.median(target)) if loss.family in ("residual", "relative") else 0.0
    pred = LIBRARIES[library](X, target, loss, start)
    assert mean(loss, pred, target) < constant(loss, target) - 0.1 * abs(constant(loss, target))


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_examples(library):
    module = importlib.import_module(f"fastloss.integrations.{library}")
    with quietly():
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", BOOSTED)
def test_curvatures_are_no_negative_numbers(data, name):
    loss = bound(name)
    target = data[1][loss.family]
    pred = np.random.default_rng(1).uniform(0.5, 4, target.shape)
    grad, hess = objective_of(loss, "auto", "x")(pred, target)
    assert (hess >= 0).all() and np.isfinite(hess).all() and hess.shape == grad.shape == pred.shape
    exact = loss.grad(pred, 2 * target - 1 if loss.family == "margin" else target)
    factor = np.median(grad[exact != 0] / exact[exact != 0])
    assert factor > 0
    np.testing.assert_allclose(grad, factor * exact, rtol=1e-12)
    assert factor == pytest.approx(1) or loss.family in ("residual", "relative") or "c1" not in loss.traits


@pytest.mark.parametrize("hessian", HESSIANS)
def test_kinds_of_curvature(hessian):
    pred, target = np.array([0.1, 3.0, -5.0]), np.zeros(3)
    grad, hess = objective_of(fl.robust.bind(alpha=0.0, scale=0.5), hessian, "x")(pred, target)
    loss = fl.robust.bind(alpha=0.0, scale=0.5)
    expected = {"exact": loss.hess(pred), "unit": np.full(3, 4.0)}.get(hessian, loss.weight(pred))
    np.testing.assert_allclose(hess, expected / 4, rtol=1e-12)
    np.testing.assert_allclose(grad, loss.grad(pred) / 4, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-6, 0.1, 0.3, 1.0, 3.0, 20.0, 1e6])
def test_losses_that_bend_have_their_weight_whatever_their_scale(factor):
    """Where they bend is between, below or above any few residuals that are looked at."""
    scales = {"scale", "delta", "beta", "a", "b", "c"}
    bending = [name for name in fl.list_losses("residual") if {*fl.get(name).parameters} & scales]
    for name in {*bending} - {"truncated_squared"}:  # whose weight is its curvature, 1 or 0
        given = fl.get(name).parameters
        loss = fl.get(name, **{key: value * factor for key, value in given.items() if key in scales})
        residual = np.linspace(-3, 3, 61) * max(loss.parameters[key] for key in scales & {*given})
        _, curvature = objective_of(loss, "auto", "xgboost")(residual, np.zeros(61))
        weight = loss.weight(residual)
        np.testing.assert_allclose(curvature / curvature.max(), weight / weight.max(), rtol=1e-12, err_msg=repr(loss))


def test_the_median_bounds_weights_that_are_infinite():
    pred = np.array([0.0, 0.5, 1.0, 4.0, -8.0])
    grad, hess = objective_of(fl.quantile.bind(q=0.7), "auto", "x")(pred, np.zeros(5))
    exact = fl.quantile.grad(pred, q=0.7)
    expected = np.abs(exact) / np.maximum(np.abs(pred), 1.0)
    np.testing.assert_allclose(hess * exact, expected * grad, rtol=1e-12)


def test_sample_weights_multiply_both():
    weight = np.array([1.0, 2.0, 0.0], np.float32)
    pred, target = np.ones(3, np.float32), np.zeros(3, np.float32)
    plain, weighted = (objective_of(fl.huber, "auto", "x")(pred, target, w) for w in (None, weight))
    for one, other in zip(plain, weighted, strict=True):
        np.testing.assert_array_equal(one * weight, other)
        assert other.dtype == np.float32


def test_many_rows_are_those_of_blocks():
    """Blocks and threads change nothing; labels of a margin are 0 and 1, -1 and 1, or all three."""
    rng = np.random.default_rng(2)
    pred = rng.standard_normal(100_000).astype(np.float32)
    late = np.ones(len(pred), np.float32)
    late[-10:] = -1, 0, 1, -1, 0, 1, 1, 1, 0, 0
    for labels in ((pred > 0.3).astype(np.float32), np.sign(pred), late, pred > 0):
        target = np.where(labels > 0, 1, -1).astype(np.float32)
        for name in ("logistic", "modified_huber", "hinge"):
            grad, hess = objective_of(fl.get(name), "auto", "x")(pred, labels)
            np.testing.assert_array_equal(grad, fl.get(name).grad(pred, target))
            assert (hess > 0).all()
    with pytest.raises(ValueError, match="labels of a margin loss are 0 and 1, or -1 and 1, got 2"):
        objective_of(fl.logistic, "auto", "x")(pred, np.full(len(pred), 2.0))
    pred[77_777] = np.nan
    with pytest.raises(ValueError, match="no finite gradient at row 77777"):
        objective_of(fl.logistic, "auto", "x")(pred, pred > 0)


def test_gradients_whose_sum_overflows_are_finite():
    pred = np.full(3, 1e308)
    grad, _ = objective_of(fl.half_squared_error, "auto", "x")(pred, np.zeros(3))
    np.testing.assert_array_equal(grad, pred)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("loss", [fl.exponential, IN_PYTHON], ids=lambda loss: loss.name)
def test_labels_of_a_margin_are_of_any_dtype(loss, dtype):
    """They are made in the memory of a result, which changes neither them nor what a loss in Python reads."""
    pred = np.linspace(-2, 2, 101)
    labels = (pred > 0.5).astype(dtype)
    before = labels.copy()
    grad, hess = objective_of(loss, "exact", "x")(pred, labels)
    target = np.where(pred > 0.5, 1.0, -1.0)
    np.testing.assert_array_equal(grad, loss.grad(pred, target))
    np.testing.assert_array_equal(hess, loss.hess(pred, target))
    np.testing.assert_array_equal(labels, before)
    if dtype != "bool":
        labels[7] = 129  # twice it is 2 in uint8
        with pytest.raises(ValueError, match="labels of a margin loss are 0 and 1, or -1 and 1, got 129"):
            objective_of(loss, "exact", "x")(pred, labels)


@pytest.mark.parametrize("name", ["logistic", "hinge", "modified_huber", "huber", "tweedie", "squared_error"])
@pytest.mark.parametrize("dtype", [np.float32, ">f4", np.float64])
def test_arrays_of_any_layout(name, dtype):
    """Several outputs, strides, the other byte order, weights one a row: what NumPy makes of the loss's outputs."""
    loss, rng = fl.get(name), np.random.default_rng(3)
    pred = np.asfortranarray(rng.standard_normal((5000, 2)).astype(dtype))
    labels = (rng.random((10_000, 2)) < 0.4).astype(np.float32)[::2]
    weight = rng.integers(0, 3, 5000).astype(np.float32)[::-1]
    grad, hess = objective_of(loss, "auto", "x")(pred, labels, weight)
    target = 2 * labels - 1 if loss.family == "margin" else labels
    exact = loss.evaluate(pred, target, outputs=("grad", "hess"), sample_weight=weight)
    factor = 0.5 if name == "squared_error" else 1.0
    np.testing.assert_array_equal(grad, factor * exact[0])
    heights = {"hinge": 1.0, "modified_huber": 2.0, "huber": fl.huber.weight(pred, target)}
    expected = heights[name] * weight[:, None] if name in heights else factor * exact[1]
    expected = np.maximum(expected, np.abs(grad) / 2) if name == "tweedie" else np.broadcast_to(expected, grad.shape)
    np.testing.assert_array_equal(hess, expected)
    assert grad.dtype == hess.dtype == np.dtype(dtype).newbyteorder("=")


def test_sums_and_labels_of_no_class():
    both, pred = fl.logistic + 2 * fl.exponential, np.linspace(-2, 2, 40_001)
    labels = np.arange(len(pred)) % 2
    grad, hess = objective_of(both, "exact", "x")(pred, labels)
    for found, name in ((grad, "grad"), (hess, "hess")):
        np.testing.assert_array_equal(found, both.evaluate(pred, 2 * labels - 1, outputs=(name,))[0])
    for loss in (both, fl.logistic):
        for wrong in (2.0, np.nan, -1.0000001):
            labels = np.where(pred > 1.9999, wrong, pred > 0)
            with pytest.raises(ValueError, match=f"0 and 1, or -1 and 1, got {wrong}"):
                objective_of(loss, "exact", "x")(pred, labels, np.zeros(len(pred)))


@pytest.mark.parametrize("hessian", ["auto", "exact", "unit"])
@pytest.mark.parametrize(
    "loss",
    [
        fl.cross_entropy,
        fl.softmax_focal.bind(class_weight=np.array([0.5, 0.0, 2.0])),
        3 * fl.multi_margin,
        fl.cross_entropy + fl.softmax_focal,
    ],
    ids=lambda loss: str(len(loss.terms)) + loss.terms[0][1].name,
)
def test_rows_of_many_blocks(loss, hessian):
    rng = np.random.default_rng(4)
    pred = np.asfortranarray(rng.standard_normal((50_000, 3)).astype(np.float32))
    labels, weight = rng.integers(0, 3, 50_000), rng.integers(0, 3, 50_000).astype(np.float32)
    for weights in (None, weight):
        grad, hess = objective_of(loss, hessian, "x")(pred, labels.astype(np.float32), weights)
        exact = loss.evaluate(pred, labels, outputs=("grad", "hess"), sample_weight=weights)
        np.testing.assert_array_equal(grad, exact[0])
        expected = np.ones_like(grad) * (1 if weights is None else weight[:, None]) if hessian == "unit" else exact[1]
        if hessian == "auto" and loss != fl.cross_entropy:
            expected = np.maximum(expected, np.abs(grad) / 2)
        np.testing.assert_array_equal(hess, expected)
    pred[40_000, 1] = np.nan
    with pytest.raises(ValueError, match="no finite gradient at row 40000: its prediction is "):
        objective_of(loss, hessian, "x")(pred, labels)


def test_a_median_of_many_rows():
    """It is that of some of them, whatever period and trend the rows have."""
    pred = np.tile(np.linspace(-2, 2, 1000), 100) * np.repeat(np.linspace(0.1, 2, 100), 1000)
    grad, hess = objective_of(fl.absolute_error, "auto", "x")(pred, np.zeros(len(pred)))
    expected = np.abs(grad) / np.maximum(np.abs(pred), np.median(np.abs(pred)))
    np.testing.assert_allclose(hess, expected, rtol=0.1)


# ---- the ways into the libraries ----------------------------------------------------------------


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.softmax_focal])
def test_several_classes(data, loss):
    import lightgbm
    import xgboost

    from fastloss.integrations import lightgbm as ours_l
    from fastloss.integrations import xgboost as ours_x

    X, labels = data
    y = labels["rows"]
    model = xgboost.XGBClassifier(
        n_estimators=15, objective=ours_x.objective(loss), eval_metric=ours_x.metric(loss), n_jobs=1
    )
    model.fit(X, y, sample_weight=np.ones(600), eval_set=[(X, y)], verbose=False)
    assert np.mean(model.predict(X) == y) > 0.9
    history = next(iter(model.evals_result()["validation_0"].values()))
    assert history[-1] < 0.5 * history[0]
    assert np.mean(pickle.loads(pickle.dumps(model)).predict(X) == y) > 0.9
    model = lightgbm.LGBMClassifier(
        n_estimators=15, objective=ours_l.objective(loss), num_class=3, verbose=-1, n_jobs=1
    )
    with quietly():
        model.fit(X, y, eval_set=[(X, y)], eval_metric=ours_l.metric(loss))
    assert np.mean(np.argmax(model.predict(X, raw_score=True), axis=1) == y) > 0.9
    history = model.evals_result_["training"][loss.name]
    assert history[-1] < 0.5 * history[0]


def test_several_classes_in_catboost(data):
    import catboost

    from fastloss.integrations.catboost import metric, objective

    X, labels = data
    model = catboost.CatBoostClassifier(
        loss_function=objective(fl.cross_entropy), eval_metric=metric(fl.cross_entropy), classes_count=3,
        iterations=10, learning_rate=0.5, depth=3, verbose=0, allow_writing_files=False,
    )  # fmt: skip
    model.fit(X[:300], labels["rows"][:300])
    pred = model.predict(X[:300], prediction_type="RawFormulaVal")
    assert np.mean(pred.argmax(axis=1) == labels["rows"][:300]) > 0.85


def test_early_stopping_and_weights(data):
    import lightgbm
    import xgboost

    from fastloss.integrations import lightgbm as ours_l
    from fastloss.integrations import xgboost as ours_x

    X, labels = data
    y, weight = labels["residual"], np.linspace(0.1, 2, 600)
    loss = fl.huber.bind(delta=0.5)
    train = xgboost.DMatrix(X[:400], y[:400], weight=weight[:400])
    valid = xgboost.DMatrix(X[400:], y[400:], weight=weight[400:])
    found = {}
    model = xgboost.train(
        {"eta": 0.5, "nthread": 1}, train, 60, obj=ours_x.objective(loss), custom_metric=ours_x.metric(loss),
        evals=[(valid, "valid")], evals_result=found, early_stopping_rounds=3, verbose_eval=False,
    )  # fmt: skip
    last = found["valid"]["huber"][model.best_iteration]
    pred = model.predict(valid, iteration_range=(0, model.best_iteration + 1))
    assert last == pytest.approx(loss(pred, y[400:], sample_weight=weight[400:], reduction="mean"), rel=1e-4)
    model = lightgbm.LGBMRegressor(objective=ours_l.objective(loss), learning_rate=0.5, verbose=-1, n_jobs=1)
    with quietly():
        model.fit(
            X[:400], y[:400], sample_weight=weight[:400], eval_set=[(X[400:], y[400:])],
            eval_sample_weight=[weight[400:]], eval_metric=ours_l.metric(loss),
            callbacks=[lightgbm.early_stopping(3, verbose=False)],
        )  # fmt: skip
    expected = loss(model.predict(X[400:]), y[400:], sample_weight=weight[400:], reduction="mean")
    assert model.best_score_["valid_0"]["huber"] == pytest.approx(expected, rel=1e-6)


def test_the_interfaces_of_xgboost_agree(data):
    import xgboost

    from fastloss.integrations.xgboost import objective

    X, labels = data
    model = xgboost.XGBRegressor(n_estimators=5, objective=objective("huber"), base_score=0.0, n_jobs=1)
    model.fit(X, labels["residual"], sample_weight=np.arange(600))
    train = xgboost.DMatrix(X, labels["residual"], weight=np.arange(600))
    native = xgboost.train({"base_score": 0.0, "nthread": 1}, train, 5, obj=objective(fl.huber))
    np.testing.assert_array_equal(model.predict(X), native.predict(xgboost.DMatrix(X)))


def test_a_sum_as_objective_and_metric(data):
    """Its name has spaces, at which XGBoost cuts its lines of metrics."""
    import lightgbm
    import xgboost

    from fastloss.integrations import lightgbm as ours_l
    from fastloss.integrations import xgboost as ours_x

    X, labels = data
    y, loss = labels["residual"], 2 * fl.huber + fl.cauchy
    model = xgboost.XGBRegressor(
        objective=ours_x.objective(loss), eval_metric=ours_x.metric(loss), n_estimators=20, early_stopping_rounds=3,
        n_jobs=1,
    ).fit(X[:400], y[:400], eval_set=[(X[400:], y[400:])], verbose=False)  # fmt: skip
    history = model.evals_result()["validation_0"]["2*huber+cauchy"]
    assert history[model.best_iteration] == pytest.approx(loss(model.predict(X[400:]), y[400:], reduction="mean"))
    assert pickle.loads(pickle.dumps(model)).best_iteration == model.best_iteration
    train = lightgbm.Dataset(X, y)
    parameters = {"objective": ours_l.objective(loss), "verbose": -1, "num_threads": 1, "metric": "none"}
    model = lightgbm.train(parameters, train, 5, valid_sets=[train], feval=ours_l.metric(loss))
    assert model.best_score["training"][loss.name] == pytest.approx(loss(model.predict(X), y, reduction="mean"))


@pytest.mark.parametrize("loss", ["huber", "l1"])
def test_weights_of_several_outputs(data, loss):
    import xgboost

    from fastloss.integrations.xgboost import metric, objective

    X, labels = data
    train = xgboost.DMatrix(X, np.stack([labels["residual"]] * 2, 1), weight=np.linspace(0.1, 2, 600))
    one = xgboost.DMatrix(X, labels["residual"], weight=np.linspace(0.1, 2, 600))
    parameters = {"base_score": 0.0, "nthread": 1}
    both, single = (xgboost.train(parameters, d, 3, obj=objective(loss), custom_metric=metric(loss), evals=[(d, "d")],
                                  verbose_eval=False).predict(d) for d in (train, one))  # fmt: skip
    np.testing.assert_allclose(both, np.stack([single] * 2, 1), rtol=1e-5)


def test_catboost_in_scikit_learn(data):
    import catboost
    from sklearn.model_selection import cross_val_score

    from fastloss.integrations.catboost import metric, objective

    X, labels = data
    few = {"iterations": 10, "verbose": 0, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(loss_function=objective("huber"), eval_metric=metric("huber"), **few)
    names = np.array(["no", "yes"])[labels["margin"].astype(int)]
    assert cross_val_score(model, X, labels["residual"], cv=2).min() > 0.2
    model = catboost.CatBoostClassifier(
        loss_function=objective("logistic"), eval_metric=metric("logistic"), class_names=["no", "yes"], **few
    ).fit(X, names)
    assert model.score(X, names) > 0.8
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("loss", "hessian", "error", "message"),
    [
        ("binary_cross_entropy", "auto", TypeError, "take binary_cross_entropy_with_logits"),
        ("nll", "auto", TypeError, "take cross_entropy"),
        ("zero_one", "auto", TypeError, "the gradient of zero_one is 0 everywhere"),
        ("arcface", "auto", TypeError, "arcface is one of embeddings"),
        ("gaussian_nll", "auto", TypeError, "gaussian_nll has no default of var: bind it"),
        ("distillation", "auto", TypeError, "distillation does not compare predictions with labels"),
        ("logistic", "weight", TypeError, "logistic has no IRLS weight"),
        (2 * fl.huber.bind(delta=np.ones(9)), "auto", TypeError, r"delta of 2\*huber is an array.*: bind a number"),
        ("huber", "newton", ValueError, "hessian must be one of auto, exact, weight, unit, got 'newton'"),
        ("hubr", "auto", ValueError, "unknown loss 'hubr'"),
    ],
)
def test_what_cannot_be_boosted(loss, hessian, error, message):
    with pytest.raises(error, match=message):
        objective_of(loss, hessian, "xgboost")


@pytest.mark.parametrize("name", ["poisson_deviance", "gamma_deviance", "absolute_error", "squared_log_error"])
@pytest.mark.parametrize("rows", [4, 9000])
def test_the_row_whose_gradient_is_not_finite_is_named(name, rows):
    pred, target = np.full(rows, 1.5), np.ones(rows)
    pred[2] = np.nan if name == "absolute_error" else -2.0
    with pytest.raises(ValueError, match=rf"{name} has no finite gradient at row 2: its prediction is {pred[2]}"):
        objective_of(name, "auto", "x")(pred, target)


def test_a_gradient_that_is_not_finite_is_an_error():
    with pytest.raises(ValueError, match=r"poisson has no finite gradient at row 1: its prediction is 1000.0"):
        objective_of("poisson", "auto", "xgboost")(np.array([0.0, 1000.0]), np.array([1.0, 1.0]))
    with pytest.raises(ValueError, match="cross_entropy boosts a column for each class, got one for all"):
        objective_of("cross_entropy", "auto", "xgboost")(np.zeros(2), np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="logistic boosts one column, got 3, one for each class: take cross_entropy"):
        objective_of("logistic", "auto", "xgboost")(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ValueError, match="labels of a margin loss are 0 and 1, or -1 and 1, got 3"):
        objective_of("hinge", "auto", "xgboost")(np.zeros(2), np.array([1.0, 3.0]))
