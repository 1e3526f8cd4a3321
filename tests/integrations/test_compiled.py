"""cfunc inside numba and SciPy: the bits of Python, and what cannot be served."""

import numpy as np
import pytest

import fastloss as fl

pytestmark = pytest.mark.integrations
numba = pytest.importorskip("numba")
scipy = pytest.importorskip("scipy")


def test_numba_has_the_bits_of_python():
    robust, poisson = fl.robust.cfunc, fl.poisson.cfunc

    @numba.njit
    def values(pred, target):
        return [(robust(p, 1.2, 0.5), poisson(p, t)) for p, t in zip(pred, target)]  # noqa: B905

    pred, target = np.random.default_rng(0).standard_normal(200), np.arange(200.0)
    got = np.array(values(pred, target))
    np.testing.assert_array_equal(got[:, 0], fl.robust(pred, alpha=1.2, scale=0.5))
    np.testing.assert_array_equal(got[:, 1], fl.poisson(pred, target))


def test_what_cannot_be_integrated():
    from fastloss.integrations.scipy import integrand

    for loss in (fl.robust_nll, fl.huber.bind(delta=[1.0, 2.0]), fl.hinge, fl.gaussian_nll, fl.cross_entropy):
        with pytest.raises(TypeError, match=r"scipy.integrand.*" + loss.name):
            integrand(loss)
