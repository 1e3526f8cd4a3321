"""Losses inside SciPy, statsmodels and scikit-learn, beside those that the libraries have."""

import doctest
import importlib
import pickle

import numpy as np
import pytest

import fastloss as fl

pytestmark = pytest.mark.peers
pytest.importorskip("scipy")
pytest.importorskip("sklearn")
pytest.importorskip("statsmodels")


@pytest.fixture(scope="module")
def line():
    """X, y and the coefficients of a line, with outliers on one side."""
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.standard_normal((200, 2)), np.ones(200)])
    coef = np.array([2.0, -1.0, 0.5])
    y = X @ coef + 0.1 * rng.standard_normal(200)
    y[::10] += 20
    return X, y, coef


@pytest.mark.parametrize("name", ["scipy", "sklearn", "statsmodels"])
def test_the_examples(name):
    assert doctest.testmod(importlib.import_module(f"fastloss.integrations.{name}")).failed == 0


# ---- SciPy ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "own"), [(fl.huber, "huber"), (fl.pseudo_huber, "soft_l1"), (fl.cauchy, "cauchy"), ("l2", "linear")]
)
def test_rho_is_that_of_scipy(loss, own):
    from scipy.optimize._lsq.least_squares import IMPLEMENTED_LOSSES

    from fastloss.integrations.scipy import rho

    z = np.array([0.0, 1e-300, 1e-8, 0.3, 0.999, 1.5, 40.0, 1e8])
    expected = np.stack([z, np.ones_like(z), np.zeros_like(z)])
    if own != "linear":
        IMPLEMENTED_LOSSES[own](z, expected, False)
    factor = 2.0 if own == "linear" else 1.0  # l2 is r^2, and not half of it
    found = rho(loss)(z)
    np.testing.assert_allclose(found[:2], factor * expected[:2], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found[2], factor * expected[2], rtol=2e-9, atol=1e-15)


@pytest.mark.parametrize("loss", [n for n in fl.list_losses("residual") if "even" in fl.get(n).traits])
def test_rho_is_differentiated_right(loss):
    from fastloss.integrations.scipy import rho

    loss = fl.get(loss).bind(**({"var": 2.0} if loss == "gaussian_nll" else {}))
    z = np.array([0.11, 0.37, 0.83, 1.7, 5.3, 11.0])
    value, first, second = (rho(loss)(z + h) for h in (-1e-6, 0.0, 1e-6))
    np.testing.assert_allclose((second[:2] - value[:2]) / 2e-6, first[1:], rtol=1e-5, atol=1e-7)
    assert np.isfinite(rho(loss)(np.array([0.0, 5e-324, 1e-200, 1e-20]))).all()
    assert pickle.loads(pickle.dumps(rho(loss))) == rho(loss)


def test_rho_keeps_its_digits_near_0():
    from fastloss.integrations.scipy import rho

    scale = 1e-3  # rho'' = -scale^-2 (1 + z scale^-2)^-2, and of fair -(2 root (1 + root)^2)^-1
    z = np.append(0.0, 10.0 ** np.arange(-30, 0, dtype=float))
    expected = -(scale**-2.0) * (1 + z / scale**2) ** -2
    np.testing.assert_allclose(rho(fl.cauchy.bind(scale=scale))(z)[2], expected, rtol=2e-9)
    root = np.sqrt(z[15:])
    np.testing.assert_allclose(rho(fl.fair.bind(scale=1.0))(z[15:])[2], -1 / (2 * root * (1 + root) ** 2), rtol=1e-7)


def test_rho_of_parameters_of_each_residual():
    from fastloss.integrations.scipy import rho

    z, scale = np.linspace(0.1, 9, 50), np.linspace(0.5, 2, 50)
    for loss in (lambda scale: fl.cauchy.bind(scale=scale), lambda scale: 2 * fl.cauchy.bind(scale=scale) + fl.huber):
        each = [rho(loss(s))(z)[:, i] for i, s in enumerate(scale)]
        np.testing.assert_allclose(rho(loss(scale))(z), np.stack(each, 1), rtol=1e-9)


def test_least_squares_finds_the_line(line):
    from scipy.optimize import least_squares

    from fastloss.integrations.scipy import rho

    X, y, coef = line
    for loss in (fl.tukey.bind(scale=5), fl.welsch, fl.huber, fl.absolute_error):
        found = least_squares(lambda w: X @ w - y, np.zeros(3), loss=rho(loss), f_scale=0.2)
        assert found.success
        np.testing.assert_allclose(found.x, coef, atol=0.08)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (fl.quantile, "scipy.rho: quantile weighs errors of both signs differently"),
        (fl.cross_entropy, "scipy.rho takes losses of residual; cross_entropy is one of rows"),
        (fl.gaussian_nll, r"gaussian_nll has no default of var: bind it, gaussian_nll.bind\(var=...\)"),
        (3, "scipy.rho takes a loss or its name, got 3"),
    ],
)
def test_rho_refuses(loss, message):
    from fastloss.integrations.scipy import rho

    with pytest.raises(TypeError, match=message):
        rho(loss)


def test_an_objective_of_each_family(line):
    from scipy.optimize import check_grad, minimize

    from fastloss.integrations.scipy import objective

    X, y, coef = line
    labels = (y > 0).astype(float)
    cases = [
        (fl.pseudo_huber, y),
        (fl.logistic, labels),
        (fl.poisson, np.round(np.abs(y))),
        ("bce_with_logits", labels),
    ]
    for loss, target in cases:
        f = objective(loss, X, target, penalty=fl.penalty.l2.bind(strength=0.1), sample_weight=np.arange(200.0))
        assert check_grad(lambda w, f=f: f(w)[0], lambda w, f=f: f(w)[1], np.array([0.3, 0.1, -0.2])) < 1e-5
    f = objective(fl.pseudo_huber.bind(delta=0.1), X, y)
    np.testing.assert_allclose(minimize(f, np.zeros(3), jac=True).x, coef, atol=0.05)


def test_an_objective_of_rows_is_that_of_scikit_learn(line):
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    from fastloss.integrations.scipy import objective

    X, y, _ = line
    labels = np.digitize(y, [-1.0, 2.0])
    penalty = fl.penalty.l2.bind(strength=1 / 200)
    found = minimize(objective(fl.cross_entropy, csr_matrix(X), labels, penalty), np.zeros(9), jac=True, tol=1e-9).x
    expected = LogisticRegression(fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, labels).coef_
    np.testing.assert_allclose(found.reshape(3, 3).T, expected, atol=1e-4)


def test_an_objective_refuses(line):
    from fastloss.integrations.scipy import objective

    X, y, _ = line
    with pytest.raises(TypeError, match="arcface is one of embeddings"):
        objective(fl.arcface, X, y)
    with pytest.raises(ValueError, match="X must be of shape"):
        objective(fl.huber, X, y[:3])
    with pytest.raises(ValueError, match="labels of a margin loss are 0 and 1, or -1 and 1, got "):
        objective(fl.hinge, X, y)
    with pytest.raises(ValueError, match="w must have one number a feature"):
        objective(fl.huber, X, y)(np.zeros(2))
    with pytest.raises(ValueError, match=r"sample_weight must be of y's shape \(200,\), got \(3,\)"):
        objective(fl.huber, X, y, sample_weight=np.ones(3))
    with pytest.raises(TypeError, match=r"penalty must be one of fastloss.penalty, with a gradient, got "):
        objective(fl.huber, X, y, penalty=np.sum)


# ---- statsmodels ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "own"),
    [
        (fl.huber.bind(delta=1.345), "HuberT"),
        (fl.tukey.bind(scale=4.685), "TukeyBiweight"),
        (fl.hampel.bind(a=2.0, b=4.0, c=8.0), "Hampel"),
        (fl.andrews.bind(scale=1.339), "AndrewWave"),
        (fl.ramsay.bind(a=0.3), "RamsayE"),
        (fl.half_squared_error, "LeastSquares"),
    ],
)
def test_a_norm_is_that_of_statsmodels(line, loss, own):
    import statsmodels.api as sm

    from fastloss.integrations.statsmodels import norm

    X, y, _ = line
    theirs, ours = getattr(sm.robust.norms, own)(), norm(loss)
    expected, found = (sm.RLM(y, X, M=M).fit(tol=1e-12, maxiter=500) for M in (theirs, ours))
    np.testing.assert_allclose(found.params, expected.params, rtol=1e-8)
    np.testing.assert_allclose(found.bse, expected.bse, rtol=1e-6)
    assert pickle.loads(pickle.dumps(ours)).weights(np.ones(2)).tolist() == ours.weights(np.ones(2)).tolist()


@pytest.mark.parametrize("loss", ["l1", fl.quantile.bind(q=0.5)])
def test_a_norm_weighs_residuals_of_0(loss):
    import statsmodels.api as sm

    from fastloss.adaptive import RobustRegressor
    from fastloss.integrations.statsmodels import norm

    data = sm.datasets.stackloss.load()
    X, y = sm.add_constant(np.asarray(data.exog, float)), np.asarray(data.endog, float)
    with (
        np.errstate(invalid="ignore"),
        pytest.warns(RuntimeWarning, match=r"psi of \w+ has slope 0 at all residuals.*RobustRegressor\(loss\).bse_"),
    ):
        found = sm.RLM(y, X, M=norm(loss)).fit(maxiter=300)
    assert np.isnan(found.bse).all() and np.isfinite(RobustRegressor(loss).fit(X[:, 1:], y).bse_).all()
    np.testing.assert_allclose(found.params, sm.QuantReg(y, X).fit(q=0.5, max_iter=5000).params, rtol=1e-3)
    assert np.isfinite(norm(loss).weights(0.0))


def test_a_norm_refuses():
    from fastloss.integrations.statsmodels import norm

    with pytest.raises(TypeError, match=r"statsmodels.norm takes losses of residual; hinge is one of margin"):
        norm(fl.hinge)


# ---- scikit-learn ---------------------------------------------------------------------------


def test_scores_are_those_of_scikit_learn(line):
    from sklearn import metrics
    from sklearn.linear_model import LinearRegression, LogisticRegression

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    weight = np.arange(200.0)
    model, p = LinearRegression().fit(X, y), LinearRegression().fit(X, y).predict(X)
    for loss, expected in {
        "l2": metrics.mean_squared_error(y, p, sample_weight=weight),
        "l1": metrics.mean_absolute_error(y, p, sample_weight=weight),
        fl.quantile.bind(q=0.8): metrics.mean_pinball_loss(y, p, alpha=0.8, sample_weight=weight),
    }.items():
        assert scorer(loss)(model, X, y, sample_weight=weight) == pytest.approx(-expected, rel=1e-12)
    labels = np.array(["no", "yes"])[(y > 0).astype(int)]
    model = LogisticRegression().fit(X, labels)
    log_loss = -metrics.log_loss(labels, model.predict_proba(X))
    for loss in (fl.cross_entropy, fl.nll, fl.logistic, fl.binary_cross_entropy, fl.binary_cross_entropy_with_logits):
        assert scorer(loss)(model, X, labels) == pytest.approx(log_loss, rel=1e-6)
    assert scorer(fl.hinge)(model, X, labels) == pytest.approx(
        -metrics.hinge_loss(labels, model.decision_function(X)), rel=1e-12
    )


def test_a_count_loss_has_the_logarithm_of_the_prediction(line):
    from sklearn.linear_model import PoissonRegressor

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    counts = np.round(np.abs(y))
    model = PoissonRegressor().fit(X, counts)
    p = model.predict(X)
    assert scorer(fl.poisson)(model, X, counts) == pytest.approx(-np.mean(p - counts * np.log(p)), rel=1e-12)


def test_a_grid_search_minimises_the_loss(line):
    from sklearn.linear_model import HuberRegressor
    from sklearn.model_selection import GridSearchCV

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    search = GridSearchCV(HuberRegressor(max_iter=1000), {"epsilon": [1.1, 50.0]}, scoring=scorer(fl.absolute_error))
    assert search.fit(X, y).best_params_ == {"epsilon": 1.1}
    assert pickle.loads(pickle.dumps(scorer("l1"))) == scorer(fl.absolute_error)


def test_early_stopping_by_a_scorer(line):
    from sklearn.ensemble import HistGradientBoostingRegressor

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    options = {"max_iter": 5, "early_stopping": True, "random_state": 0}
    ours, theirs = (
        HistGradientBoostingRegressor(scoring=scoring, **options).fit(X, y).validation_score_
        for scoring in (scorer("mae"), "neg_mean_absolute_error")
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    asked = scorer("mae").set_score_request(sample_weight=True)
    assert hash(asked) == hash(scorer("mae")) and asked != scorer("mae")


def test_weights_are_routed(line):
    import sklearn
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_validate

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    weight = np.arange(200.0)
    with sklearn.config_context(enable_metadata_routing=True):
        ours, theirs = (
            cross_validate(
                Ridge().set_fit_request(sample_weight=True), X, y, params={"sample_weight": weight},
                scoring=each.set_score_request(sample_weight=True),
            )["test_score"]
            for each in (scorer("l2"), sklearn.metrics.get_scorer("neg_mean_squared_error"))
        )  # fmt: skip
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
            cross_validate(Ridge(), X, y, scoring=scorer("l2"), params={"sample_weight": weight})
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_scorer_refuses(line):
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.svm import SVC

    from fastloss.integrations.sklearn import scorer

    X, y, _ = line
    with pytest.raises(TypeError, match="hinge needs decision_function or predict_proba, which LinearRegression has"):
        scorer(fl.hinge)(LinearRegression().fit(X, y), X, y)
    model = LogisticRegression().fit(X, y > 0)
    with pytest.raises(ValueError, match="y has the label 7, which the estimator has not seen"):
        scorer(fl.cross_entropy)(model, X, np.full(200, 7))
    three = np.digitize(y, [-1.0, 0.0, 2.0])
    model = SVC(decision_function_shape="ovo").fit(X, three)
    with pytest.raises(ValueError, match="takes a column for each of 4 classes, decision_function has 6"):
        scorer("ce")(model, X, three)
    with pytest.raises(ValueError, match="hinge is for two classes, the estimator has 4"):
        scorer("hinge")(model, X, three)
    with pytest.raises(TypeError, match="nll needs predict_proba, which SVC has not"):
        scorer("nll")(model, X, three)
    with pytest.raises(TypeError, match=r"sklearn.scorer: kl_logits does not compare predictions with labels"):
        scorer(fl.kl_logits)
