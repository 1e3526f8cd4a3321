"""Regressions with a scale that is estimated beside statsmodels' RLM, on its data sets."""

import numpy as np
import pytest

import fastloss as fl
from fastloss.adaptive import RobustRegressor

pytestmark = pytest.mark.integrations
sm = pytest.importorskip("statsmodels.api")

NORMS = {
    "huber": (fl.huber.bind(delta=1.345), "HuberT"),
    "tukey": (fl.tukey.bind(scale=4.685), "TukeyBiweight"),
    "hampel": (fl.hampel, "Hampel"),
    "andrews": (fl.andrews, "AndrewWave"),
    "ramsay": (fl.ramsay, "RamsayE"),
}
# What load_pandas gives without a network; both scales where there is no heap of equal residuals, and RLM is quick
CASES = [(name, "mad") for name in ("committee", "copper", "cpunish", "longley", "scotland", "spector", "strikes")]
CASES += [(name, scale) for name in ("engel", "stackloss", "statecrime") for scale in ("mad", "huber")]


def data(name):
    loaded = getattr(sm.datasets, name).load_pandas()
    X, y = np.asarray(loaded.exog, float), np.asarray(loaded.endog, float)
    y = y if y.ndim == 1 else y[:, 0]
    kept = np.isfinite(X).all(axis=1) & np.isfinite(y)
    X, y = X[kept], y[kept]
    return X[:, np.ptp(X, axis=0) > 0], y


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize(("observations", "scale"), CASES)
def test_coefficients_and_errors_are_those_of_rlm(observations, scale, name):
    X, y = data(observations)
    loss, norm = NORMS[name]
    estimate = "mad" if scale == "mad" else sm.robust.scale.HuberScale(tol=1e-15, maxiter=60)
    fit = sm.RLM(y, sm.add_constant(X), M=getattr(sm.robust.norms, norm)()).fit
    peer = fit(maxiter=300, tol=1e-14, conv="coefs", scale_est=estimate)
    ours = RobustRegressor(loss, scale=scale).fit(X, y)
    assert ours.converged_
    np.testing.assert_allclose([ours.intercept_, *ours.coef_], peer.params, rtol=1e-8)
    assert ours.scale_ == pytest.approx(peer.scale, rel=1e-8)
    np.testing.assert_allclose(ours.weights_, peer.weights, atol=1e-6)
    for cov in ("H1", "H2", "H3"):
        model = RobustRegressor(loss, scale=scale, cov=cov).fit(X, y)
        errors = type(peer._results)(peer.model, peer.params, peer.normalized_cov_params, peer.scale, cov=cov).bse
        np.testing.assert_allclose([model.bse_[-1], *model.bse_[:-1]], errors, rtol=1e-6)
