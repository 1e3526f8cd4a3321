"""The scale of a regression, its start, and what it tells of its coefficients."""

import numpy as np
import pytest

import fastloss as fl
from fastloss.adaptive import RobustRegressor, irls, starts
from fastloss.adaptive.intervals import half_width
from fastloss.adaptive.scales import HUBER_CHI, HUBER_D, THIRD_QUARTILE, huber_scale, weighted_median

LOSSES = [name for name in fl.list_losses("residual") if name not in ("gaussian_nll", "epsilon_insensitive")]

# The star cluster CYG OB1: logarithms of temperature and of light of 47 stars, four of them giants. P. J. Rousseeuw,
# A. M. Leroy, "Robust Regression and Outlier Detection", 1987, table 2.3.
TEMPERATURE = """4.37 4.56 4.26 4.56 4.30 4.46 3.84 4.57 4.26 4.37 3.49 4.43 4.48 4.01 4.29 4.42 4.23 4.42 4.23 3.49
4.29 4.29 4.42 4.49 4.38 4.42 4.29 4.38 4.22 3.48 4.38 4.56 4.45 3.49 4.23 4.62 4.53 4.45 4.53 4.43
4.38 4.45 4.50 4.45 4.55 4.45 4.42"""
LIGHT = """5.23 5.74 4.93 5.74 5.19 5.46 4.65 5.27 5.57 5.12 5.73 5.45 5.42 4.05 4.26 4.58 3.94 4.18 4.18 5.89
4.38 4.22 4.42 4.85 5.02 4.66 4.66 4.90 4.39 6.05 4.42 5.10 5.22 6.29 4.34 5.62 5.10 5.22 5.18 5.57
4.62 5.06 5.34 5.34 5.54 4.98 4.50"""
GIANTS = [10, 19, 29, 33]


def some_data(seed=0, size=60):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(size, 2))
    return X, X @ [1.0, 2.0] + 3 + rng.standard_t(2, size)


# ---- the scale -----------------------------------------------------------------------------


def test_scales_by_their_definitions():
    r, w = np.random.default_rng(0).standard_t(2, 101), np.ones(101)
    s = huber_scale(np.abs(r), w, 4)
    assert np.minimum(np.abs(r) / s, HUBER_D) ** 2 @ w / 2 == pytest.approx((101 - 4) * HUBER_CHI, rel=1e-13)
    counts = np.random.default_rng(1).integers(0, 4, 101).astype(float)
    repeated = np.repeat(r, counts.astype(int))
    assert weighted_median(r, counts)[0] == np.median(repeated)
    assert huber_scale(np.abs(r), counts, 4) == pytest.approx(huber_scale(np.abs(repeated), np.ones(len(repeated)), 4))
    assert weighted_median(np.array([4.0, 1.0, 2.0, 3.0]), np.ones(4))[0] == 2.5
    assert huber_scale(np.zeros(5), np.ones(5), 1) == 0


@pytest.mark.parametrize("name", [*LOSSES, 2 * fl.huber + 0.1 * fl.absolute_error])
@pytest.mark.parametrize("scale", ["mad", "huber"])
def test_the_unit_of_y_and_repeated_rows(name, scale):
    """A loss in units of the scale has one line, in kilometres and in metres; a weight is so many rows."""
    X, y = some_data()
    counts = np.random.default_rng(5).integers(1, 4, len(y))
    near = RobustRegressor(name, scale=scale).fit(X, y, sample_weight=counts)
    assert near.converged_
    for unit in (1e12,):
        far = RobustRegressor(name, scale=scale).fit(X, y * unit, sample_weight=counts)
        for attribute in ("coef_", "intercept_", "scale_", "bse_", "residuals_"):
            np.testing.assert_allclose(getattr(far, attribute) / unit, getattr(near, attribute), rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(far.outliers_, near.outliers_)
    rows = RobustRegressor(name, scale=scale).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(rows.coef_, near.coef_, rtol=1e-6)
    np.testing.assert_allclose(rows.bse_, near.bse_, rtol=1e-6)
    assert rows.scale_ == pytest.approx(near.scale_, rel=1e-6)
    for attribute in ("leverage_", "weights_", "residuals_"):
        np.testing.assert_allclose(getattr(rows, attribute), np.repeat(getattr(near, attribute), counts), atol=1e-6)


def test_what_scale_and_loss_are():
    X, y = some_data()
    model = RobustRegressor("huber").fit(X, y)
    assert model.scale_ == pytest.approx(np.median(np.abs(model.residuals_)) / THIRD_QUARTILE, rel=1e-9)
    assert model.loss_ == fl.huber.bind(delta=model.scale_)
    np.testing.assert_array_equal(model.residuals_, y - model.predict(X))
    np.testing.assert_allclose(model.weights_, fl.huber.weight(model.residuals_ / model.scale_), rtol=1e-12)
    given = RobustRegressor("huber", scale=2.0).fit(X, y)
    np.testing.assert_allclose(given.coef_, irls(X, y, loss=fl.huber.bind(delta=2.0)).coef, rtol=1e-9)
    assert given.scale_ == 2 and RobustRegressor("huber", scale="fixed").fit(X, y).scale_ == 1
    np.testing.assert_array_equal(
        RobustRegressor("huber", scale="fixed").fit(X, y).coef_, irls(X, y, loss="huber").coef
    )
    over = RobustRegressor("log_cosh", scale=2.0).fit(X, y)  # which has no scale of its own
    np.testing.assert_allclose(over.coef_, 2 * irls(X, y / 2, loss="log_cosh").coef, rtol=1e-9)
    learned = RobustRegressor(scale=2.0).fit(X, y)
    assert learned.scale_ == learned.loss_.parameters["scale"] == 2


def test_precisions_are_of_variances():
    """Errors that are k times as wide, of rows of weight 1 / k^2; a factor of all weights is one of the scale."""
    rng = np.random.default_rng(2)
    X, wide = rng.normal(size=(400, 2)), rng.choice([1.0, 10.0], 400)
    y = X @ [1.0, 2.0] + wide * rng.normal(size=400)
    model = RobustRegressor("huber", weight_kind="precision").fit(X, y, sample_weight=wide**-2)
    rows = np.column_stack([X, np.ones(400)]) / wide[:, None]
    by_hand = RobustRegressor("huber", fit_intercept=False).fit(rows, y / wide)
    np.testing.assert_allclose([*model.coef_, model.intercept_], by_hand.coef_, rtol=1e-8)
    for attribute in ("bse_", "cov_", "weights_", "leverage_", "scale_", "outliers_"):
        np.testing.assert_allclose(getattr(model, attribute), getattr(by_hand, attribute), rtol=1e-8)
    quarter = RobustRegressor("huber", weight_kind="precision").fit(X, y, sample_weight=wide**-2 / 4)
    assert quarter.scale_ == pytest.approx(model.scale_ / 2)
    np.testing.assert_allclose(quarter.bse_, model.bse_, rtol=1e-8)


@pytest.mark.parametrize("size", [1e-200, 1e200])
@pytest.mark.parametrize("cov", ["H1", "H2", "H3", "sandwich"])
def test_standard_errors_of_a_y_whose_square_leaves_the_range(size, cov):
    X, y = some_data()
    near, far = (RobustRegressor("adaptive", cov=cov).fit(X, y * unit) for unit in (1.0, size))
    for get in (lambda m: m.bse_, lambda m: m.conf_int(), lambda m: m.predict_interval(X[:3])):
        np.testing.assert_allclose(get(far) / size, get(near), rtol=1e-6)


@pytest.mark.parametrize("loss", ["adaptive", "huber", "tukey", "absolute_error", "half_squared_error"])
def test_where_nothing_is_left_of_the_residuals(loss):
    X, y = some_data()
    for target in (np.full(60, 7.0), np.zeros(60), X @ [1.0, 2.0] + 3):
        model = RobustRegressor(loss).fit(X, target)
        np.testing.assert_allclose(model.predict(X), target, atol=1e-12)
        assert model.scale_ == 0 and model.converged_ and not model.outliers_.any()
        np.testing.assert_array_equal(model.bse_, 0)
        np.testing.assert_allclose(model.weights_, 1, atol=1e-3)
    for rows, weights in ((3, None), (60, np.arange(60) < 3)):  # as many as parameters: no degree of freedom is left
        model = RobustRegressor(loss).fit(X[:rows], y[:rows], sample_weight=weights)
        assert np.isnan(model.bse_).all() and np.isnan(model.conf_int()).all()
    if loss != "half_squared_error":
        target = X @ [1.0, 2.0] + 3
        target[:9] = 100
        model = RobustRegressor(loss).fit(X, target)
        np.testing.assert_allclose(model.coef_, [1, 2], rtol=1e-9)
        assert model.scale_ == 0 and np.flatnonzero(model.outliers_).tolist() == list(range(9))


# ---- the start -----------------------------------------------------------------------------


def test_the_giants_of_cyg_ob1():
    """The slope of the main sequence, by MM 2.253, from least trimmed squares; else that of the giants."""
    x, y = (np.array(text.split(), float) for text in (TEMPERATURE, LIGHT))
    model = RobustRegressor("tukey", start="lts").fit(x[:, None], y)
    assert model.coef_[0] == pytest.approx(2.25, abs=0.02) and model.intercept_ == pytest.approx(-4.97, abs=0.05)
    assert model.outliers_[GIANTS].all() and model.converged_
    assert (model.leverage_[GIANTS] > 4 / 47).all()  # twice the mean
    assert RobustRegressor("tukey").fit(x[:, None], y).coef_[0] == pytest.approx(-0.418, abs=1e-3)


@pytest.mark.parametrize("loss", ["tukey", "welsch", "hampel", "geman_mcclure", fl.robust.bind(alpha=-2.0)])
@pytest.mark.parametrize(("size", "features"), [(100, 1), (300, 6), (3000, 3)])
def test_forty_percent_of_outliers_in_x_and_y(loss, size, features):
    rng = np.random.default_rng(size)
    X, coef = rng.normal(size=(size, features)), np.arange(1.0, features + 1)
    y = X @ coef + 3 + 0.1 * rng.normal(size=size)
    bad = slice(int(0.4 * size))
    X[bad] = 10 + rng.normal(size=X[bad].shape)
    y[bad] = -50 + 0.1 * rng.normal(size=len(y[bad]))
    model = RobustRegressor(loss, start="lts").fit(X, y)
    np.testing.assert_allclose(model.coef_, coef, atol=0.1)
    assert model.outliers_[bad].all()
    again = RobustRegressor(loss, start="lts").fit(X, y)
    np.testing.assert_array_equal(again.coef_, model.coef_)
    weighted = RobustRegressor(loss, start="lts").fit(X, y, sample_weight=np.full(size, 3.0))
    np.testing.assert_allclose(weighted.coef_, model.coef_, rtol=1e-7)


@pytest.mark.parametrize(("size", "times"), [(60, 30), (200, 40)])
def test_a_row_of_a_large_weight_is_drawn_as_often_as_many_rows(size, times):
    """Few rows, which stand for most of the observations, among many that stand for one each."""
    rng = np.random.default_rng(size)
    coef, others = np.arange(1.0, 6), 12 * size
    X = np.concatenate([rng.normal(size=(size, 5)), 8 + rng.normal(size=(others, 5))])
    y = np.concatenate([X[:size] @ coef + 0.1 * rng.normal(size=size), 3 * rng.normal(size=others) - 40])
    weights = np.repeat([times, 1], [size, others])
    model = RobustRegressor("tukey", start="lts").fit(X, y, sample_weight=weights)
    repeated = RobustRegressor("tukey", start="lts").fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(repeated.coef_, coef, atol=0.1)
    np.testing.assert_allclose(model.coef_, repeated.coef_, rtol=1e-6)


def test_least_trimmed_squares_are_the_best_of_all_halves():
    from itertools import combinations

    rng = np.random.default_rng(4)
    rows = np.column_stack([np.ones(11), rng.normal(size=11)])
    y = rng.standard_t(1, 11)
    halves = [list(kept) for kept in combinations(range(11), 7)]
    best = min(np.linalg.lstsq(rows[kept], y[kept], rcond=None)[1][0] for kept in halves)
    gamma = starts.least_trimmed_squares(rows, y, np.ones(11))
    assert np.sort(np.square(rows @ gamma - y))[:7].sum() == pytest.approx(best, rel=1e-12)


# ---- what it tells -------------------------------------------------------------------------


def test_covariances_and_leverages_of_least_squares():
    """As every book has them, wherever the columns lie; those of dependent columns, of the smallest coefficients."""
    X, y = some_data()
    rows = np.column_stack([X, np.ones(60)])
    model = RobustRegressor("half_squared_error").fit(X, y)
    variance = np.square(model.residuals_).sum() / 57
    inverse = np.linalg.inv(rows.T @ rows)
    np.testing.assert_allclose(model.cov_, variance * inverse, rtol=1e-12)
    np.testing.assert_allclose(model.leverage_, np.einsum("ij,jk,ik->i", rows, inverse, rows), rtol=1e-12)
    sandwich = RobustRegressor("half_squared_error", cov="sandwich").fit(X, y)
    filling = rows.T @ (np.square(model.residuals_)[:, None] * rows)
    np.testing.assert_allclose(sandwich.cov_, 60 / 57 * inverse @ filling @ inverse, rtol=1e-11)
    far = RobustRegressor("half_squared_error").fit(X + 1e9, y)
    np.testing.assert_allclose(far.bse_[:2], model.bse_[:2], rtol=1e-6)
    np.testing.assert_allclose(far.predict_interval(X[:2] + 1e9), model.predict_interval(X[:2]), rtol=1e-5)
    with pytest.warns(RuntimeWarning, match="depend on each other"):
        double = RobustRegressor("half_squared_error").fit(np.column_stack([X[:, 0], X]), y)
    np.testing.assert_allclose(double.bse_, model.bse_[[0, 0, 1, 2]] * [0.5, 0.5, 1, 1], rtol=1e-10)
    assert RobustRegressor("huber", fit_intercept=False).fit(X, y).cov_.shape == (2, 2)


@pytest.mark.parametrize(
    ("loss", "cov", "errors"),
    [("huber", "H1", "t"), ("tukey", "sandwich", "wide"), ("absolute_error", "H1", "t"), ("adaptive", "H2", "t")],
)
def test_standard_errors_are_those_of_repeated_samples(loss, cov, errors):
    rng = np.random.default_rng(6)
    found, told = [], []
    for _ in range(100):
        X = rng.normal(size=(150, 2))
        noise = rng.standard_t(3, 150) if errors == "t" else rng.normal(size=150) * (0.2 + np.abs(X[:, 0]))
        model = RobustRegressor(loss, cov=cov).fit(X, X @ [1.0, 2.0] + 3 + noise)
        found.append([*model.coef_, model.intercept_])
        told.append(model.bse_)
    np.testing.assert_allclose(np.mean(told, axis=0), np.std(found, axis=0), rtol=0.25)


@pytest.mark.parametrize(
    ("loss", "scale", "errors"),
    [
        ("adaptive", "mad", "t"),
        (fl.student_t_nll.bind(df=3.0), "mad", "t"),
        (fl.student_t_nll.bind(df=3.0, scale=2.0), "fixed", "t"),
        ("half_squared_error", "mad", "normal"),
        ("half_squared_error", 2.0, "normal"),
    ],
)
def test_intervals_of_predictions_hold(loss, scale, errors):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(6000, 2))
    y = X @ [1.0, 2.0] + 3 + 2 * (rng.standard_t(3, 6000) if errors == "t" else rng.normal(size=6000))
    model = RobustRegressor(loss, scale=scale).fit(X[:3000], y[:3000])
    for level in (0.5, 0.95):
        low, high = model.predict_interval(X[3000:], level).T
        assert np.mean((low < y[3000:]) & (y[3000:] < high)) == pytest.approx(level, abs=0.03)


def test_quantiles_of_densities():
    """Beside tables: the normal, Cauchy's and Student's distribution."""
    assert half_width(fl.half_squared_error, 0.95) == pytest.approx(1.959963984540054, rel=1e-12)
    assert half_width(fl.robust.bind(alpha=0.0, scale=2.0), 0.95) == pytest.approx(
        2**1.5 * np.tan(0.475 * np.pi), rel=1e-10
    )
    assert half_width(fl.student_t_nll.bind(df=3.0), 0.99) == pytest.approx(5.840909309733, rel=1e-10)
    assert half_width(fl.gaussian_nll.bind(var=4.0), 0.5) == pytest.approx(2 * THIRD_QUARTILE, rel=1e-12)
    assert half_width(fl.absolute_error, 0.9) == pytest.approx(-np.log(0.1), rel=1e-9)
    assert half_width(fl.student_t_nll.bind(df=1.0), 0.95) == pytest.approx(12.706204736174694, rel=1e-12)
    assert half_width(fl.student_t_nll.bind(df=0.5), 0.5) == pytest.approx(1.5537739740300383, rel=1e-12)
    assert half_width(fl.student_t_nll.bind(df=0.05), 0.95) == pytest.approx(1.1958337585475138e25, rel=1e-11)
    for loss in (fl.robust.bind(alpha=-2.0), fl.robust.bind(alpha=-np.inf)):
        with pytest.raises(ValueError, match="has no interval"):
            half_width(loss, 0.95)


def test_tables():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    X, y = some_data()
    model = RobustRegressor("tukey").fit(pd.DataFrame(X, columns=["height", "age"]), y)
    frame = model.to_frame(level=0.9)
    assert frame.index.tolist() == ["height", "age", "intercept"]
    assert frame.columns.tolist() == ["coef", "std err", "z", "P>|z|", "[0.05", "0.95]"]
    np.testing.assert_allclose(frame[["[0.05", "0.95]"]], model.conf_int(0.9))
    np.testing.assert_allclose(model.conf_int(0.9)[:, 1] - frame["coef"], 1.6448536269514722 * model.bse_)
    lines = model.summary().splitlines()
    assert lines[-4].split()[0] == "height" and lines[-4].split()[1] == f"{model.coef_[0]:.5g}"
    assert any("tukey(scale=4.6851)" in line for line in lines) and max(map(len, lines)) <= 80
    assert f"Observations: {len(y)}, {model.outliers_.sum()} outliers" in lines
    assert "learned" in RobustRegressor().fit(X, y).summary()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scale": "mda"}, "scale must be 'mad', 'huber', 'fixed' or a number > 0, got 'mda'"),
        ({"scale": -1}, "scale must be .* got -1"),
        ({"scale": np.nan}, "scale must be .* got nan"),
        ({"scale": True}, "scale must be .* got True"),
        ({"scale": 1e-9}, "gives every residual the weight 0"),
        ({"start": "mm"}, "start must be one of 'ls', 'lts', got 'mm'"),
        ({"cov": "H4"}, "cov must be one of 'H1', 'H2', 'H3', 'sandwich', got 'H4'"),
        ({"weight_kind": "sizes"}, "weight_kind must be one of 'frequency', 'precision', got 'sizes'"),
    ],
)
def test_refuses(given, message):
    X, y = some_data()
    with pytest.raises(ValueError, match=message):
        RobustRegressor("tukey", **given).fit(X, y)
    model = RobustRegressor("tukey").fit(X, y)
    with pytest.raises(TypeError, match=r"predict_interval wants a loss that is a likelihood.*tukey is none"):
        model.predict_interval(X)
    with pytest.raises(ValueError, match="level must be between 0 and 1, got 95"):
        model.conf_int(95)
    with pytest.raises(TypeError, match="level must be a number between 0 and 1, got '95%'"):
        model.summary("95%")
