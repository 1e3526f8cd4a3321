"""Robust linear regression as a scikit-learn estimator; it works the same without scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.adaptive.regression import ADAPTIVE, irls
from fastloss.core.arguments import refuse_mask

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    from fastloss.adaptive.stand_ins import BaseEstimator, RegressorMixin, check_is_fitted, validate_data

Array = NDArray[np.float64]


class RobustRegressor(RegressorMixin, BaseEstimator):
    """
    Linear regression that outliers do not carry away, with nothing to tune.

    Minimises sum(sample_weight * loss(prediction - y)) + ridge * sum(coef^2) / 2 as `irls` does, which see.

    Parameters
    ----------
    loss : "adaptive", str or Loss
        "adaptive" learns alpha and scale of the general robust loss; else a loss of a residual or its name.
    ridge : float
        Penalty on the squares of the coefficients.
    fit_intercept : bool
    anneal : int
        Steps of graduated non-convexity.
    alpha_bounds : (float, float)
    max_iter : int
    tol : float

    Attributes
    ----------
    coef_ : array of shape (features,)
    intercept_ : float
    loss_ : Loss
        The loss, with the alpha and scale that were learned.
    weights_ : array of shape (n,)
        IRLS weights: how much each observation counts, the least for outliers.
    n_iter_ : int
    converged_ : bool
        Without it, `fit` warns.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from fastloss.adaptive import RobustRegressor
    >>> x = np.linspace(0, 1, 50)
    >>> y = 2 * x + 1 + 0.01 * np.sin(40 * x)
    >>> y[::10] += 5
    >>> model = RobustRegressor().fit(x[:, None], y)
    >>> model.predict([[0.0], [1.0]]).round(1)
    array([1., 3.])
    """

    def __init__(
        self,
        loss: Any = ADAPTIVE,
        *,
        ridge: float = 0.0,
        fit_intercept: bool = True,
        anneal: int = 0,
        alpha_bounds: tuple[float, float] = (0.001, 1.999),
        max_iter: int = 200,
        tol: float = 1e-8,
    ) -> None:
        self.loss = loss
        self.ridge = ridge
        self.fit_intercept = fit_intercept
        self.anneal = anneal
        self.alpha_bounds = alpha_bounds
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X of shape (n, features) and y of shape (n,); sample_weight, of shape (n,), >= 0."""
        for name, array in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            refuse_mask(array, name)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        found = irls(X, y, sample_weight=sample_weight, **self.get_params(deep=False))
        self.coef_, self.intercept_ = found.coef, found.intercept
        self.loss_, self.weights_ = found.loss, found.weight
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        self._line = found.line
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Predictions for X of shape (n, features)."""
        check_is_fitted(self)
        refuse_mask(X, "X")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self._line.predict(X)
