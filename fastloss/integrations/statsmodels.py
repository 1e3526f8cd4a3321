"""Losses as norms of statsmodels' robust linear models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.core.loss import Loss
from fastloss.integrations import load
from fastloss.integrations._losses import RESIDUAL, finite_weight, served

if TYPE_CHECKING:
    from statsmodels.robust.norms import RobustNorm


def norm(loss: Loss | str) -> RobustNorm:
    """A norm for `RLM(M=)`: rho, psi, weights and psi_deriv of residuals over the scale.

    Weights that are infinite, as that of the absolute error at 0, are those of a residual of 1e-8 scales. Standard
    errors are divided by the mean of psi_deriv, and are NaN for losses of which it is 0, such as the absolute error.

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
            return loss.hess(z)

        def __call__(self, z):
            return self.rho(z)

        def __repr__(self):
            return f"norm({loss!r})"

        def __reduce__(self):
            return norm, (loss,)

    return LossNorm()
