"""Regressions with a penalty: beside scikit-learn, and that no step lowers what is minimised."""

from types import SimpleNamespace

import numpy as np
import pytest

import fastloss as fl
from fastloss import penalty
from fastloss.adaptive import RobustRegressor, irls
from fastloss.adaptive.m_estimate import MEstimate

PENALTIES = [
    penalty.l1.bind(strength=5.0),
    penalty.elastic_net.bind(strength=5.0, l1_ratio=0.7),
    penalty.huber.bind(strength=5.0, delta=0.5),
    penalty.group_lasso.bind(strength=8.0, groups=[0, 0, 1, 1, 2, 2]),
]


def some_data(size=80):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(size, 6))
    return X, X[:, :2] @ [3.0, -2.0] + 5 + rng.standard_t(2, size)


@pytest.mark.peers
@pytest.mark.parametrize(("n", "p", "alike"), [(100, 5, 0.0), (40, 60, 0.0), (100, 20, 0.9)])
@pytest.mark.parametrize("alpha", [0.01, 0.1, 1.0])
def test_squared_error_is_that_of_scikit_learn(n, p, alike, alpha):
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(p)
    X = np.sqrt(alike) * rng.normal(size=(n, 1)) + np.sqrt(1 - alike) * rng.normal(size=(n, p))
    y = X[:, :4] @ [3.0, -2.0, 1.0, 0.5] + 5 + rng.normal(size=n)
    peers = {
        penalty.l1.bind(strength=2 * n * alpha): linear.Lasso(alpha=alpha, tol=1e-13, max_iter=10**6),
        penalty.elastic_net.bind(strength=2 * n * alpha, l1_ratio=0.3): linear.ElasticNet(
            alpha=alpha, l1_ratio=0.3, tol=1e-13, max_iter=10**6
        ),
        penalty.l2.bind(strength=2 * alpha): linear.Ridge(alpha=alpha),
    }
    for given, peer in peers.items():
        ours, peer = RobustRegressor("squared_error", scale="fixed", penalty=given).fit(X, y), peer.fit(X, y)
        np.testing.assert_allclose(ours.coef_, peer.coef_, rtol=1e-8, atol=1e-9)
        assert ours.intercept_ == pytest.approx(peer.intercept_, rel=1e-8)
        np.testing.assert_array_equal(ours.coef_ == 0, peer.coef_ == 0)


@pytest.mark.parametrize("given", PENALTIES, ids=lambda given: given.name)
@pytest.mark.parametrize("loss", ["huber", "tukey", "log_cosh", "adaptive", "quantile"])
@pytest.mark.parametrize("scale", ["fixed", "mad"])
def test_no_step_lowers_the_sum(loss, given, scale):
    if loss == "quantile" and scale == "mad":
        pytest.skip("the same as with a factor of the penalty")
    X, y = some_data()
    counts = np.random.default_rng(1).integers(1, 3, len(y))
    model = RobustRegressor(loss, scale=scale, penalty=given).fit(X, y, sample_weight=counts)
    unit = model.scale_ if loss == "log_cosh" else 1.0  # which has none of its own

    def total(beta):
        residuals = (X @ beta[:-1] + beta[-1] - y) / unit
        return model.loss_(residuals, sample_weight=counts, reduction="sum") + given(beta[:-1])

    best, rng = np.append(model.coef_, model.intercept_), np.random.default_rng(2)
    reached = total(best)
    assert model.converged_
    if given.name == "l1":
        assert (model.coef_ == 0).any()
    for size in (1e-6, 1e-4, 1e-2):
        for move in size * rng.normal(size=(40, 7)) * (rng.random((40, 7)) < 0.5):
            assert total(best + move) >= reached - 1e-9 * abs(reached)
    assert np.isnan(model.bse_).all() and given.name in model.summary()


def test_more_columns_than_rows_and_columns_of_all_sizes():
    X, y = some_data()
    wide = RobustRegressor("huber", penalty=penalty.l1.bind(strength=2.0)).fit(X[:5], y[:5])
    assert np.isfinite(wide.coef_).all() and wide.converged_
    sizes = np.array([1e8, 1e-8, 1.0, 1e4, 1e-4, 1.0])
    lasso = penalty.l1.bind(strength=20.0)
    near = irls(X, y, loss="huber", penalty=lasso)
    far = irls(X * sizes + 1e3 * sizes, y, loss="huber", penalty=lasso.bind(weight=sizes))
    np.testing.assert_allclose(far.coef * sizes, near.coef, rtol=1e-8, atol=1e-12)
    assert (near.coef == 0).any()
    none = irls(X, y, loss="huber", penalty=penalty.l1.bind(strength=0.0))
    np.testing.assert_allclose(none.coef, irls(X, y, loss="huber").coef, rtol=1e-9)
    ridge = irls(X, y, loss="huber", penalty=penalty.l2.bind(strength=3.0))
    np.testing.assert_allclose(ridge.coef, irls(X, y, loss="huber", ridge=3.0).coef, rtol=1e-9)


@pytest.mark.parametrize("loss", ["geman_mcclure", "cauchy", "arctan"])
@pytest.mark.parametrize("given", [penalty.l1, penalty.l2])
@pytest.mark.parametrize("seed", [2, 3])
def test_losses_that_are_not_convex_find_their_scale(loss, given, seed):
    """Each of two scales may have its least at the other: steps that renew the scale would go to and fro."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(20, 200), rng.integers(1, 6)
    X = rng.normal(size=(n, p))
    y = X @ rng.normal(size=p) * 2 + 0.7 + rng.standard_t(3, size=n) * 0.5
    y[: n // 10] += 15
    model = RobustRegressor(loss, penalty=given.bind(strength=n / 10)).fit(X, y)
    assert model.converged_
    assert np.median(abs(model.residuals_)) / 0.6744897501960817 == pytest.approx(model.scale_, rel=1e-5)
    slope = model.loss_.grad(X @ model.coef_ + model.intercept_ - y)
    assert abs(slope.sum()) < 1e-4
    held = model.coef_ != 0
    np.testing.assert_allclose((X.T @ slope + given.grad(model.coef_, strength=n / 10))[held], 0, atol=1e-4)


@pytest.mark.parametrize(("slope", "settles"), [(-0.3, 2.0), (-1.0, 2.0), (-3.0, 2.0), (0.5, 2.0), (-np.inf, 2.0)])
def test_a_scale_that_swings(slope, settles):
    """The scale at the minimum falls where the scale rises, as steeply or with a jump: an end is found nevertheless."""

    class Swinging(MEstimate):
        def working_scale(self, state):
            away = state - settles
            return 1.0 + 2.0 * (away < 0) if np.isinf(slope) else max(settles + slope * away, 0.1)

        def _note(self, *_):
            pass

    problem = SimpleNamespace(minimise_convex=lambda loss, *_: (loss.scale, True), is_penalised=True)
    scale, converged = Swinging(problem, None)._alternate(fl.log_cosh, 5.0, 60, 1e-8)
    assert converged and scale == pytest.approx(settles, rel=1e-5)


def test_steps_that_swing_between_two_scales():
    """Each was all but as long as the one before, and back: 200 were not enough."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = X @ [3.0, -2.0, 0.0, 0.0, 1.0, 0.5] + rng.normal(size=200) + 1
    for loss in ("arctan", "geman_mcclure", "cauchy"):
        model = RobustRegressor(loss, penalty=penalty.l1.bind(strength=10.0)).fit(X, y)
        assert model.converged_, loss


@pytest.mark.parametrize("scale", ["mad", "fixed"])
def test_newton_does_not_go_uphill(scale):
    """Of a loss that is not convex the gradient may vanish where it is no minimum, and the next descent comes back."""
    rng = np.random.default_rng(44)
    X = rng.normal(size=(80, 5))
    y = X @ rng.normal(size=5) + rng.standard_t(2, size=80)
    model = RobustRegressor("geman_mcclure", scale=scale, penalty=penalty.l1.bind(strength=0.05)).fit(X, y)
    assert model.converged_


def test_refuses():
    X, y = some_data()
    for wrong in ("l1", penalty.l1(X[0])):
        with pytest.raises(TypeError, match=r"penalty must be one of .*bind\(strength=0.1\)"):
            RobustRegressor("huber", penalty=wrong).fit(X, y)
    with pytest.raises(TypeError, match="group_lasso requires groups"):
        RobustRegressor("huber", penalty=penalty.group_lasso).fit(X, y)
    with pytest.raises(ValueError, match="groups must be labels of the shape of x"):
        RobustRegressor("huber", penalty=penalty.group_lasso.bind(groups=[1, 2])).fit(X, y)
    model = RobustRegressor("half_squared_error", penalty=fl.penalty.l1).fit(X, y)
    with pytest.raises(TypeError, match="predict_interval wants the errors of the coefficients"):
        model.predict_interval(X)
