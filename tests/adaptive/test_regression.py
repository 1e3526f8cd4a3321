"""Robust linear regression, as a function and as an estimator."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import fastloss as fl
from fastloss import adaptive
from fastloss.adaptive import irls

RESIDUAL = [name for name in fl.list_losses() if fl.get(name).has_weight and name != "gaussian_nll"]


def line_with_outliers(seed, size=1000):
    """The regression of the literature: slope 0.7, intercept 0.15, one in ten of y on the other side."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, size)
    y = 0.7 * x + 0.15 + rng.normal(0, 0.025, size)
    outlier = rng.uniform(size=size) < 0.1
    y[outlier] = 0.05 + 0.4 * (1 - np.sign(y[outlier] - 0.5))
    return x[:, None], y


def some_data(seed=0, size=200):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(size, 3))
    return X, X @ [1.0, -2.0, 0.5] + 3 + rng.standard_t(2, size)


def objective(loss, X, y, beta, ridge=0.0):
    return loss(X @ beta[:-1] + beta[-1] - y, reduction="sum") + ridge * np.square(beta[:-1]).sum() / 2


@pytest.mark.parametrize("seed", range(100))
def test_the_line_of_the_literature_is_recovered(seed):
    """With 300 observations: of fewer, the normal errors alone hide it at some seed, see docs/adaptive.md."""
    x, y = line_with_outliers(seed, 300)
    found = irls(x, y)
    assert found.converged
    assert abs(found.coef[0] - 0.7) < 0.02
    assert abs(found.intercept - 0.15) < 0.01
    squares = irls(x, y, loss="half_squared_error")
    assert abs(squares.coef[0] - 0.7) > 0.02 or abs(squares.intercept - 0.15) > 0.01


@pytest.mark.parametrize("name", RESIDUAL)
def test_any_loss_ends_at_a_minimum(name):
    """No step along an axis or a random direction lowers the sum."""
    X, y = some_data()
    loss, ridge = fl.get(name), 0.3
    found = irls(X, y, loss=loss, ridge=ridge)
    best = np.append(found.coef, found.intercept)
    reached = objective(loss, X, y, best, ridge)
    rng = np.random.default_rng(1)
    steps = (1e-3, -1e-3, 1e-2, -1e-2)
    if not loss.traits & {"c1", "convex"}:  # residuals that pass its edges make small valleys everywhere
        steps = (1e-7, -1e-7)
    for direction in [*np.eye(4), *rng.normal(size=(20, 4))]:
        for step in steps:
            assert objective(loss, X, y, best + step * direction, ridge) >= reached - 1e-6 * abs(reached)


def test_least_squares_and_ridge_are_exact():
    X, y = some_data()
    design = np.column_stack([X, np.ones(len(y))])
    found = irls(X, y, loss="half_squared_error", ridge=2.5)
    want = np.linalg.solve(design.T @ design + 2.5 * np.diag([1, 1, 1, 0]), design.T @ y)
    np.testing.assert_allclose([*found.coef, found.intercept], want, rtol=1e-12)
    through_zero = irls(X, y, loss="half_squared_error", fit_intercept=False)
    np.testing.assert_allclose(through_zero.coef, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-12)
    assert through_zero.intercept == 0


def test_what_is_learned_is_the_fit_of_the_residuals():
    X, y = some_data()
    found = irls(X, y)
    fitted = adaptive.fit(X @ found.coef + found.intercept - y)
    assert found.loss.parameters["alpha"] == pytest.approx(fitted.alpha, abs=1e-3)
    assert found.loss.parameters["scale"] == pytest.approx(fitted.scale, rel=1e-3)
    losses = [
        fl.robust_nll(X @ coef + intercept - y, **loss.parameters, reduction="sum")
        for coef, intercept, loss in found.path
        if loss.name == "robust"
    ]
    assert (np.diff(losses) <= 1e-9 * abs(losses[0])).all()


def test_weights_count():
    X, y = some_data()
    counts = np.random.default_rng(2).integers(0, 3, len(y))
    for loss in ("adaptive", "huber", "quantile"):
        weighted = irls(X, y, loss=loss, sample_weight=counts, tol=1e-12)
        repeated = irls(np.repeat(X, counts, axis=0), np.repeat(y, counts), loss=loss, tol=1e-12)
        np.testing.assert_allclose(weighted.coef, repeated.coef, atol=2e-4)


def test_graduated_non_convexity():
    x, y = line_with_outliers(3, 200)
    bound = fl.robust.bind(alpha=-np.inf, scale=0.05)
    for steps in (0, 1, 10):
        found = irls(x, y, loss=bound, anneal=steps)
        assert abs(found.coef[0] - 0.7) < 0.05
        assert found.loss == bound
    alphas = [loss.parameters.get("alpha", 1.0) for *_, loss in irls(x, y, loss=bound, anneal=5).path]
    assert alphas == sorted(alphas, reverse=True) and len(set(alphas)) == 6
    learned = irls(x, y, anneal=5)
    assert abs(learned.coef[0] - 0.7) < 0.02


def test_most_residuals_may_be_identical():
    """80% of the observations on a line; 60% at a distance."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 100)
    y = 2 * x + 1
    y[:20] += rng.normal(0, 1, 20)
    found = irls(x[:, None], y)
    np.testing.assert_allclose([found.coef[0], found.intercept], [2, 1], atol=1e-9)
    with pytest.warns(RuntimeWarning, match="depend on each other"):
        found = irls(np.zeros((10, 1)), [3.0] * 6 + [1.0, 2.0, 4.0, 5.0], fit_intercept=False)
    assert found.converged and 1 < found.loss.parameters["scale"] < 5


def test_an_exact_fit():
    x = np.linspace(0, 1, 20)
    y = 2 * x + 1
    y[3] = 50
    found = irls(x[:, None], y)
    np.testing.assert_allclose([found.coef[0], found.intercept], [2, 1], rtol=1e-6)
    assert irls(x[:, None], np.zeros(20)).coef[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"loss": "hinge"}, TypeError, "loss must be 'adaptive' or a loss of a residual"),
        ({"loss": "hubre"}, ValueError, "unknown loss 'hubre'"),
        ({"ridge": -1.0}, ValueError, "ridge must be >= 0 and finite, got -1"),
        ({"anneal": 3, "loss": "huber"}, ValueError, "anneal must be >= 0, and 0 for a loss without alpha"),
        ({"sample_weight": np.zeros(200)}, ValueError, "sample_weight is zero everywhere"),
        ({"sample_weight": [1.0]}, ValueError, "sample_weight of shape"),
        ({"alpha_bounds": (1.0, 0.5)}, ValueError, "alpha_bounds must be finite"),
        ({"max_iter": 0}, ValueError, "max_iter must be >= 1, got 0"),
        ({"max_iter": 1.5}, TypeError, "max_iter must be an integer, got 1.5"),
        ({"anneal": "2"}, TypeError, "anneal must be an integer, got '2'"),
        ({"ridge": None}, TypeError, "ridge must be a number, got None"),
        ({"tol": "1e-8"}, TypeError, "tol must be a number, got '1e-8'"),
        ({"fit_intercept": "no"}, TypeError, "fit_intercept must be True or False, got 'no'"),
        ({"alpha_bounds": 1}, TypeError, "alpha_bounds must be two numbers, got 1"),
        ({"start": np.ones(2)}, ValueError, "start must be one of 'ls', 'lts', got array"),
        ({"loss": "gaussian_nll", "scale": 2.0}, TypeError, "gaussian_nll requires var"),
        ({"tol": float("nan")}, ValueError, "tol must be >= 0, got nan"),
        ({"loss": fl.huber.bind(delta=np.ones(200))}, ValueError, "delta of huber must be one number"),
        ({"sample_weight": np.ma.ones(200)}, TypeError, "'sample_weight' is a masked array"),
    ],
)
def test_refuses(given, error, message):
    X, y = some_data()
    with pytest.raises(error, match=message):
        irls(X, y, **given)
    with pytest.raises(ValueError, match="finite numbers alone"):
        irls(X, np.where(y > 3, np.nan, y))
    with pytest.raises(ValueError, match="expected X of shape"):
        irls(y, y)
    for fitted in (irls, adaptive.RobustRegressor().fit):
        with pytest.raises(TypeError, match="'y' is a masked array"):
            fitted(X, np.ma.array(y, mask=y > 3))
        with pytest.raises(TypeError, match="'X' is a masked array"):
            fitted(np.ma.array(X), y)


# ---- where the columns lie, and their sizes ------------------------------------------------


def whole_numbers(size=60):
    """X and y of whole numbers, which moving and scaling by powers of two does not round; the exact coefficients."""
    rng = np.random.default_rng(1)
    X, coef = rng.integers(-50, 50, (size, 3)).astype(float), np.array([3.0, -2.0, 5.0])
    return X, X @ coef + 7, coef


def exact_least_squares(X, y, weights=None, ridge=0):
    """The coefficients by the normal equations of the centred columns, in fractions."""
    weights = [Fraction(1)] * len(y) if weights is None else [Fraction(float(w)) for w in weights]
    columns = [[Fraction(float(v)) for v in column] for column in (*X.T, y)]
    means = [sum(w * v for w, v in zip(weights, c, strict=True)) / sum(weights) for c in columns]
    columns = [[v - m for v in c] for c, m in zip(columns, means, strict=True)]
    p = X.shape[1]
    table = [
        [sum(w * a * b for w, a, b in zip(weights, columns[i], columns[j], strict=True)) for j in range(p + 1)]
        for i in range(p)
    ]
    for i in range(p):
        table[i][i] += Fraction(ridge)
    for i in range(p):
        table[i] = [v / table[i][i] for v in table[i]]
        for k in range(p):
            if k != i:
                table[k] = [v - table[k][i] * u for v, u in zip(table[k], table[i], strict=True)]
    return np.array([float(row[p]) for row in table])


FITTED = ("adaptive", "half_squared_error", "huber", "absolute_error", "quantile", "tukey", "cauchy")


@pytest.mark.parametrize("loss", FITTED)
@pytest.mark.parametrize("offset", [1e8, 1.7e9, -1.7e15])
def test_columns_far_from_zero(loss, offset):
    """Seconds since 1970, identifiers: nothing is lost that the numbers have."""
    X, y, coef = whole_numbers()
    model = adaptive.RobustRegressor(loss).fit(X + offset, y)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-12)
    np.testing.assert_allclose(model.predict(X + offset), y, atol=1e-10)
    assert model.intercept_ == pytest.approx(7 - offset * coef.sum(), rel=1e-12)
    four = irls(np.arange(4.0)[:, None] + offset, np.arange(4.0), loss=loss)
    assert four.converged and four.coef[0] == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("loss", FITTED)
@pytest.mark.parametrize("sizes", [(1e8, 1.0, 1e-8), (2.0**500, 2.0**-500, 1.0), (1e160, 1e-160, 1.0)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_columns_of_different_sizes(loss, sizes, fit_intercept):
    X, y, coef = whole_numbers()
    found = irls(X * sizes, y - (0 if fit_intercept else 7), loss=loss, fit_intercept=fit_intercept)
    np.testing.assert_allclose(found.coef * sizes, coef, rtol=1e-12)
    assert found.converged and found.intercept == pytest.approx(7 if fit_intercept else 0, abs=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ridge", [0.0, 2.0**-40])
def test_least_squares_are_those_of_exact_arithmetic(weighted, ridge):
    """The ridge is in the units of the coefficients, whatever is done to the columns."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.normal(1.7e9, 1e5, 40), rng.normal(1e-4, 1e-5, 40), rng.normal(1e6, 300, 40)])
    y = X @ [1e-5, 1e4, 1e-3] + rng.normal(size=40)
    weights = rng.uniform(1e-3, 10, 40) if weighted else None
    found = irls(X, y, loss="half_squared_error", sample_weight=weights, ridge=ridge)
    np.testing.assert_allclose(found.coef, exact_least_squares(X, y, weights, ridge), rtol=1e-9)


def test_weights_on_a_cluster_far_from_the_others():
    """A third of the rows lie elsewhere, and Tukey's loss gives them no weight; the rest is close together."""
    rng = np.random.default_rng(3)
    x = np.concatenate([np.arange(20.0), np.repeat(rng.uniform(1e6, 1e8, 5), 2)])
    y = 2 * x + 1
    y[20:] += np.tile([1e3, -1e3], 5)
    y[:20] += np.tile([0.25, -0.25], 10)
    found = irls(x[:, None], y, loss=fl.tukey.bind(scale=4.0))
    alone = irls(x[:20, None], y[:20], loss=fl.tukey.bind(scale=4.0))
    np.testing.assert_allclose(found.coef, alone.coef, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-200, 1e-100, 1e100, 1e200])
@pytest.mark.parametrize("loss", ["adaptive", "half_squared_error", "absolute_error", "quantile"])
def test_the_unit_of_y(loss, size):
    """Is that of the coefficients, of losses that have none themselves."""
    X, y = some_data()
    near, far = irls(X, y, loss=loss), irls(X, y * size, loss=loss)
    assert far.converged
    np.testing.assert_allclose(far.coef / size, near.coef, rtol=1e-7)
    if loss == "adaptive":
        assert far.loss.parameters["scale"] / size == pytest.approx(near.loss.parameters["scale"], rel=1e-6)
    float32 = irls(X.astype(np.float32), y.astype(np.float32), loss=loss)
    np.testing.assert_allclose(float32.coef, near.coef, rtol=1e-3)


def test_columns_that_depend_on_each_other():
    """A constant one beside the intercept; two that are the same but for their unit; a hot one for each class."""
    X, y, coef = whole_numbers()
    for more, want in [(np.full(60, 3.3), [*coef, 0]), (2 * X[:, 0], [0.6, -2, 5, 1.2])]:
        for loss in ("adaptive", "huber", "half_squared_error"):
            with pytest.warns(RuntimeWarning, match=r"columns of X and the intercept depend .* rank is 4 of 5"):
                found = irls(np.column_stack([X, more]), y, loss=loss)
            np.testing.assert_allclose(found.coef, want, atol=1e-10)
            np.testing.assert_allclose(found.line.predict(np.column_stack([X, more])), y, atol=1e-10)
    with pytest.warns(RuntimeWarning, match="rank is 3 of 4"):
        found = irls(np.eye(3)[np.arange(30) % 3], np.arange(30) % 3 + 1.0, loss="huber")
    np.testing.assert_allclose([*found.coef, found.intercept], [-1, 0, 1, 2], atol=1e-10)
    assert irls(np.column_stack([X, X[:, 0]]), y, ridge=1e-3).converged  # with a ridge there is one best


# ---- outliers, however far -----------------------------------------------------------------

# The derivative of these has reached its end long before 1e6, or falls off as a power of the residual of at least 2.
BOUNDED = [
    name
    for name in RESIDUAL
    if fl.get(name).grad(1e12) <= 1 + 1e-12 and abs(fl.get(name).grad(1e6) - fl.get(name).grad(1e200)) < 1e-6
]


def test_the_losses_that_do_not_see_how_far():
    assert {"absolute_error", "huber", "quantile", "epsilon_insensitive", "log_cosh", "tukey", "welsch"} <= set(BOUNDED)
    assert {"hampel", "andrews", "truncated_squared", "geman_mcclure", "pseudo_huber"} <= set(BOUNDED)
    assert not {"squared_error", "half_squared_error", "expectile"} & set(BOUNDED)


@pytest.mark.parametrize("name", [*BOUNDED, "fair", "cauchy", "student_t_nll"])
def test_how_far_outliers_are_makes_no_difference(name):
    X, y = some_data(4, 80)
    found = []
    for far in (1e9, 1e15, 1e100, 1e200, 1e300):
        y[[3, 20, 41]] = far, -far, far / 7
        found.append(irls(X, y, loss=name))
        assert found[-1].converged
        np.testing.assert_allclose(found[-1].coef, found[0].coef, rtol=1e-6, err_msg=f"{far:g}")
        assert found[-1].intercept == pytest.approx(found[0].intercept, rel=1e-6)


@pytest.mark.parametrize("alpha", [-np.inf, -2.0, 0.0, 0.5, 1.0])
def test_outliers_of_the_general_robust_loss(alpha):
    X, y = some_data(4, 80)
    found = []
    for far in (1e14, 1e300) if alpha > 0 else (1e9, 1e150, 1e300):
        y[[3, 20]] = far, -far
        found.append(irls(X, y, loss=fl.robust.bind(alpha=alpha, scale=1.5)))
        assert found[-1].converged
        np.testing.assert_allclose(found[-1].coef, found[0].coef, rtol=1e-6)


def test_an_outlier_of_the_largest_integer():
    x = np.arange(6.0)
    y = 2 * x + [0.1, -0.1, 0.1, -0.1, 0.1, 0.0]
    y[5] = 2147483647
    assert irls(x[:, None], y, loss="huber").coef[0] == pytest.approx(2.3, rel=1e-12)
    for loss in ("tukey", "hampel", "welsch", "truncated_squared", "adaptive"):
        assert irls(x[:, None], y, loss=loss).coef[0] == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("far", [1e9, 1e100, 1e300])
def test_outliers_of_a_learned_loss(far):
    """Alpha goes to its bound; the line stays that of the others."""
    X, y = some_data(4, 300)
    clean = irls(X[2:], y[2:], loss="cauchy")
    y[:2] = far, -far
    found = irls(X, y)
    assert found.converged
    np.testing.assert_allclose(found.coef, clean.coef, atol=0.1)


# ---- what converged means ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["absolute_error", "quantile", "epsilon_insensitive", "huber", "log_cosh", "fair"])
def test_a_convex_loss_ends_where_zero_is_a_subgradient(name, seed):
    """Where residuals are at a kink, their derivatives may be anything in between: those that fit best add up to 0."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(15, 150)), int(rng.integers(1, 5))
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-3, 4, p) + 1e4
    y = (X - 1e4) @ rng.normal(size=p) + rng.standard_t(2, n)
    weights = rng.uniform(0.1, 3, n)
    loss = fl.quantile.bind(q=0.8) if name == "quantile" else fl.get(name)
    found = irls(X, y, loss=loss, sample_weight=weights)
    assert found.converged
    columns = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(n)])
    residuals, reach = found.line.predict(X) - y, 1e-6
    low, high = (loss.grad(residuals + side) for side in (-reach, reach))
    gap = optimize.lsq_linear((columns * weights[:, None]).T, np.zeros(p + 1), (low - 1e-9, high + 1e-9), tol=1e-14)
    assert np.abs(gap.fun).max() < 1e-4 * weights.sum()
    best = optimize.minimize(
        lambda b: loss(columns @ b - y, sample_weight=weights, reduction="sum"),
        np.linalg.lstsq(columns, columns @ np.zeros(p + 1) + found.line.predict(X), rcond=None)[0],
        method="Powell",
    ).fun
    assert loss(residuals, sample_weight=weights, reduction="sum") <= best * (1 + 1e-8)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_quantile_regression_is_the_linear_program(q, seed):
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    n, p = 90, 3
    X, weights = rng.normal(size=(n, p)), rng.uniform(0.1, 3, n)
    y = X.sum(axis=1) + rng.standard_t(2, n)
    if seed % 2:
        y = np.round(y)
    found = irls(X, y, loss=fl.quantile.bind(q=q), sample_weight=weights)
    design = np.column_stack([X, np.ones(n), -np.eye(n), np.eye(n)])
    costs = np.concatenate([np.zeros(p + 1), (1 - q) * weights, q * weights])
    best = optimize.linprog(costs, A_eq=design, b_eq=y, bounds=[(None, None)] * (p + 1) + [(0, None)] * (2 * n)).fun
    assert found.converged
    reached = fl.quantile(found.line.predict(X) - y, q=q, sample_weight=weights, reduction="sum")
    assert reached == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize("name", RESIDUAL)
@pytest.mark.parametrize("seed", [1, 16, 28])
def test_the_derivative_vanishes_whatever_the_errors_are_beside_the_loss(name, seed):
    """Relative to the sum of its terms' sizes; kinks and jumps apart, where it need not."""
    loss, rng = fl.get(name), np.random.default_rng(seed)
    X = rng.normal(size=(60, 2))
    for size in (1e-2, 1.0, 1e2):
        y = X @ [1, 2] + size * rng.standard_t(2, 60)
        found = irls(X, y, loss=loss)
        assert found.converged
        if "c1" in loss.traits:
            columns = np.column_stack([X, np.ones(60)])
            terms = columns * loss.grad(found.line.predict(X) - y)[:, None]
            assert (np.abs(terms.sum(axis=0)) <= 1e-6 * np.abs(terms).sum(axis=0) + 1e-12).all()


def test_an_order_of_rows_and_repeated_ones():
    X, y = some_data(7, 100)
    order = np.random.default_rng(0).permutation(100)
    for loss in FITTED:
        found = irls(X, y, loss=loss)
        np.testing.assert_allclose(irls(X[order], y[order], loss=loss).coef, found.coef, rtol=1e-4)
        doubled = irls(X, y, loss=loss, sample_weight=np.full(100, 2.0))
        np.testing.assert_allclose(doubled.coef, irls(np.tile(X, (2, 1)), np.tile(y, 2), loss=loss).coef, rtol=1e-4)
        np.testing.assert_allclose(doubled.coef, found.coef, rtol=1e-4)


@pytest.mark.parametrize("loss", ["adaptive", "huber", "absolute_error"])
def test_it_says_so_where_it_did_not_converge(loss):
    X, y = some_data()
    with pytest.warns(UserWarning, match="irls did not converge in 1 steps: raise max_iter"):
        model = adaptive.RobustRegressor(loss, max_iter=1).fit(X, y)
    assert model.converged_ is False
    assert adaptive.RobustRegressor(loss).fit(X, y).converged_ is True


@pytest.mark.parametrize("loss", ["adaptive", "huber", "half_squared_error", "tukey"])
@pytest.mark.parametrize("start", ["ls", "lts"])
def test_fewer_observations_than_parameters(loss, start):
    """All lines through them fit: the one with the smallest coefficients is returned."""
    X, y = some_data()
    with pytest.warns(Warning, match="their rank is 3 of 4; the smallest coefficients"):
        found = adaptive.RobustRegressor(loss, start=start).fit(X[:3], y[:3])
    np.testing.assert_allclose(found.predict(X[:3]), y[:3], rtol=1e-9)
    with pytest.warns(Warning, match="their rank is 3 of 4"):
        weighted = adaptive.RobustRegressor(loss, start=start).fit(X, y, sample_weight=np.arange(200) < 3)
    np.testing.assert_allclose(weighted.coef_, found.coef_, rtol=1e-9)
    with pytest.raises(ValueError, match="sample_weight is zero everywhere"):
        irls(X, y, loss=loss, sample_weight=np.zeros(200))
    assert np.isfinite(irls(X[:3], y[:3], loss=loss, ridge=1.0).coef).all()  # which a ridge decides


def test_nothing_to_fit():
    X, y = some_data()
    assert irls(X[:3], X[:3].sum(axis=1), loss="huber", fit_intercept=False).coef == pytest.approx([1, 1, 1])
    with pytest.raises(ValueError, match="X has no columns"):
        irls(X[:, :0], y, fit_intercept=False)
    assert irls(X[:, :0], y, loss="absolute_error").intercept == pytest.approx(np.median(y), abs=1)


# ---- the estimator -------------------------------------------------------------------------


def test_the_estimator_is_irls():
    X, y = some_data()
    model, found = adaptive.RobustRegressor(ridge=0.2).fit(X, y), irls(X, y, ridge=0.2)
    np.testing.assert_array_equal(model.coef_, found.coef)
    assert model.intercept_ == found.intercept and model.loss_ == found.loss
    np.testing.assert_allclose(model.predict(X), X @ found.coef + found.intercept)
    assert model.weights_.shape == y.shape and 0.2 < model.score(X, y) < 1


WITHOUT = """
import sys
sys.modules["sklearn"] = None
import numpy as np
from fastloss.adaptive import RobustRegressor
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
y = X @ [1.0, 2.0] + 3 + 0.01 * rng.normal(size=100)
model = RobustRegressor(ridge=1e-3).set_params(max_iter=50)
assert "sklearn" not in str(type(model).__mro__)
assert repr(model) == "RobustRegressor(ridge=0.001, max_iter=50)", model
try:
    model.predict(X)
except ValueError as error:
    assert "not fitted" in str(error)
model.fit(X, y)
assert np.allclose(model.coef_, [1, 2], atol=0.01) and model.score(X, y) > 0.99
"""


def test_the_estimator_needs_no_scikit_learn():
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)


@pytest.mark.filterwarnings("ignore:the columns of X")  # of which some checks have more than rows
@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:Skipping check")
@pytest.mark.parametrize("given", [{}, {"loss": "huber", "ridge": 0.1}, {"loss": "tukey", "start": "lts"}])
def test_the_estimator_passes_the_checks_of_scikit_learn(given):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    drawn = {"check_sample_weight_equivalence_on_dense_data": "subsets of repeated rows are other subsets"}
    checks.check_estimator(
        adaptive.RobustRegressor(**given), expected_failed_checks=drawn if given.get("start") == "lts" else {}
    )


@pytest.mark.peers
def test_notebooks_show_the_estimator_without_a_warning():
    """scikit-learn reads the docstring for it, whose sections have to be those of numpydoc."""
    pytest.importorskip("sklearn")
    assert "RobustRegressor" in adaptive.RobustRegressor("huber")._repr_html_()


@pytest.mark.peers
def test_huber_is_that_of_scikit_learn():
    """Whose scale is a parameter too: ours is given the one that it finds."""
    linear = pytest.importorskip("sklearn.linear_model")
    X, y = some_data()
    peer = linear.HuberRegressor(epsilon=1.5, alpha=0.0, tol=1e-9, max_iter=1000).fit(X, y)
    ours = irls(X, y, loss=fl.huber.bind(delta=1.5 * peer.scale_), tol=1e-12)
    np.testing.assert_allclose(ours.coef, peer.coef_, rtol=1e-4)
    np.testing.assert_allclose(ours.intercept, peer.intercept_, rtol=1e-4)
