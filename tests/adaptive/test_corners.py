"""Regression under losses with kinks: the minimum is where rows are at them."""

import numpy as np
import pytest

import fastloss as fl
from fastloss.adaptive import irls

optimize = pytest.importorskip("scipy.optimize")


def some_data(seed, n, p):
    rng = np.random.default_rng(seed)
    X, weights = rng.normal(size=(n, p)), rng.uniform(0.1, 3, n)
    y = X.sum(axis=1) + rng.standard_t(2, n)
    return X, np.round(y) if seed % 3 == 1 else y, weights


def least_sum(X, y, weights, epsilon):
    """That of max(abs(r) - epsilon, 0), by a linear program."""
    n, p = X.shape
    columns = np.column_stack([X, np.ones(n)])
    above, below = np.hstack([-np.eye(n), np.zeros((n, n))]), np.hstack([np.zeros((n, n)), -np.eye(n)])
    return optimize.linprog(
        np.concatenate([np.zeros(p + 1), weights, weights]),
        A_ub=np.block([[columns, above], [-columns, below]]),
        b_ub=np.concatenate([y + epsilon, epsilon - y]),
        bounds=[(None, None)] * (p + 1) + [(0, None)] * (2 * n),
    ).fun


@pytest.mark.parametrize("seed", range(9))
@pytest.mark.parametrize("size", [(12, 6), (40, 1), (150, 5)])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_the_least_sum_is_that_of_the_linear_program(seed, size, epsilon):
    X, y, weights = some_data(seed, *size)
    loss = fl.epsilon_insensitive.bind(epsilon=epsilon)
    found = irls(X, y, loss=loss, sample_weight=weights)
    assert found.converged
    reached = loss(found.line.predict(X) - y, sample_weight=weights, reduction="sum")
    assert reached == pytest.approx(least_sum(X, y, weights, epsilon), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ridge", [0.0, 20.0])
@pytest.mark.parametrize(
    "loss", [fl.epsilon_insensitive, 0.5 * fl.absolute_error + 0.5 * fl.huber, fl.quantile.bind(q=0.8)], ids=str
)
def test_zero_is_a_subgradient_beside_a_ridge_and_curved_losses(loss, ridge, seed):
    X, y, weights = some_data(seed, 60, 3)
    found = irls(X, y, loss=loss, sample_weight=weights, ridge=ridge)
    assert found.converged
    columns, residuals = np.column_stack([X, np.ones(60)]), found.line.predict(X) - y
    low, high = (loss.grad(residuals + side) for side in (-1e-7, 1e-7))
    pulls = ridge * np.append(found.coef, 0.0)
    gap = optimize.lsq_linear((columns * weights[:, None]).T, -pulls, (low - 1e-9, high + 1e-9), tol=1e-14)
    assert np.abs(gap.fun).max() < 1e-5 * weights.sum()


def test_an_estimated_scale_is_that_of_its_residuals():
    X, y, _ = some_data(0, 200, 6)
    found = irls(X, y, loss="epsilon_insensitive", scale="mad")
    assert found.converged
    at = irls(X, y, loss=fl.epsilon_insensitive.bind(epsilon=0.1 * found.scale))
    np.testing.assert_allclose(found.coef, at.coef, rtol=1e-5)
    sizes = np.abs(found.line.predict(X) - y)
    assert np.median(sizes) / 0.6744897501960817 == pytest.approx(found.scale, rel=1e-5)
