"""Losses as norms of statsmodels' robust linear models."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from fastloss.core.loss import Loss
from fastloss.integrations import load
from fastloss.integrations._losses import RESIDUAL, finite_weight, served

if TYPE_CHECKING:
    from statsmodels.robust.norms import RobustNorm


def norm(loss: Loss | str) -> RobustNorm:
    """A norm for `RLM(M=)`: rho, psi, weights and psi_deriv of residuals over the scale.

    Weights that are infinite, as that of the absolute error at 0, are those of a residual of 1e-8 scales. RLM divides
    standard errors by the mean of psi_deriv, which is 0 for absolute_error, quantile and epsilon_insensitive: there are
    none (NaN under `cov="H1"`, a LinAlgError under H2 and H3), and a warning names `RobustRegressor`, whose `bse_` has
    an estimate of that mean.

    Parameters
    ----------
    loss : Loss or str
        A loss of a residual. Its parameters are in units of the scale, which statsmodels estimates.

    Raises
    ------
    TypeError
        If it is of another family, or has a parameter without a value.

    Examples
    --------
    >>> import numpy as np, fastloss as fl, statsmodels.api as sm
    >>> from fastloss.integrations.statsmodels import norm
    >>> x = np.arange(8.0)
    >>> y = 2 * x + np.array([0.1, -0.1, 0.2, 0.0, -0.2, 0.1, 30.0, 0.1])
    >>> sm.RLM(y, x, M=norm(fl.huber.bind(delta=1.345))).fit().params.round(2)
    array([2.02])
    """
    loss = served(loss, "statsmodels.norm", RESIDUAL, outputs=("grad", "hess", "weight"))
    load("statsmodels")
    from statsmodels.robust.norms import RobustNorm

    class LossNorm(RobustNorm):
        """The norm of a loss."""

        def rho(self, z):
            return loss(z)

        def psi(self, z):
            return loss.grad(z)

        def weights(self, z):
            return finite_weight(loss, z)

        def psi_deriv(self, z):
            slopes = loss.hess(z)
            if np.ndim(z) and not np.any(slopes):
                warnings.warn(
                    f"psi of {loss.name} has slope 0 at all residuals, and RLM divides by its mean: there are no "
                    "standard errors, those of fastloss.adaptive.RobustRegressor(loss).bse_ have an estimate of it",
                    RuntimeWarning,
                    stacklevel=2,
                )
            return slopes

        def __call__(self, z):
            return self.rho(z)

        def __repr__(self):
            return f"norm({loss!r})"

        def __reduce__(self):
            return norm, (loss,)

    return LossNorm()
