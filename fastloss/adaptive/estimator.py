"""Robust linear regression as a scikit-learn estimator; it works the same without scikit-learn."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastloss.adaptive.inference import COVARIANCES, Errors, Inference
from fastloss.adaptive.intervals import LIKELIHOODS, WITH_WIDTH, half_width
from fastloss.adaptive.regression import ADAPTIVE, check_known, irls
from fastloss.adaptive.report import coefficients, interval, quantile_of, text
from fastloss.adaptive.scales import FIXED, MAD, weighted_median
from fastloss.core.arguments import refuse_mask
from fastloss.core.installing import install_library
from fastloss.penalty import Penalty

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    from fastloss.adaptive.stand_ins import BaseEstimator, RegressorMixin, check_is_fitted, validate_data

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

ARGUMENTS = set(inspect.signature(irls).parameters)


class RobustRegressor(RegressorMixin, BaseEstimator):
    """
    Linear regression that outliers do not carry away.

    Minimises sum(sample_weight * loss(prediction - y)) + ridge * sum(coef^2) / 2 + penalty(coef), the intercept free,
    as `irls` does, which see. Unless told, the loss is in units of the scale of the residuals, so that y in kilometres
    and in metres have the same line.

    Parameters
    ----------
    loss : "adaptive", str or Loss
        "adaptive" learns alpha and scale of the general robust loss; else a loss of a residual or its name, whose
        parameters are in units of the scale: `huber(delta=1.345)`.
    scale : "mad", "huber", "fixed" or float
        "mad": the median size of the residuals over .6744897501960817, renewed at each step. "huber": proposal 2.
        "fixed": 1, the loss as it is; "adaptive" learns its scale, whichever of the names is given.
    start : "ls" or "lts"
        "lts": least trimmed squares, the start for losses that are not convex where up to 40% of the rows are outliers,
        in X or y.
    penalty : Penalty, optional
        One of `fastloss.penalty`, bound or not, on the coefficients. `squared_error` with scale="fixed" and
        `l1.bind(strength=s)` is scikit-learn's Lasso(alpha=s / (2 n)).
    weight_kind : "frequency" or "precision"
        What `sample_weight` of `fit` is: how often a row was observed, so that 2 is the row twice; or in inverse
        proportion to the variance of its error.
    cov : "H1", "H2", "H3" or "sandwich"
        The covariance of the coefficients: those of statsmodels' RLM, for errors alike on all rows, or the sandwich for
        errors that may not be.
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
    scale_ : float
        Of the residuals; 0 where more than half of them are rounding errors.
    loss_ : Loss
        The loss with its scale in the unit of y, as estimated or learned; one without a scale of its own as it is, for
        residuals over scale_.
    residuals_ : array of shape (n,)
        y less the predictions.
    weights_ : array of shape (n,)
        IRLS weights, relative: 1 for a residual of 0, the least for outliers.
    outliers_ : array of bool of shape (n,)
        Weights below 0.1, and residuals beyond 3 scales.
    cov_ : array
        The covariance of the coefficients, then the intercept; the loss and its scale are taken as known. NaN with a
        ridge or penalty, and without degrees of freedom. Where psi' vanishes almost everywhere (absolute_error,
        quantile), it is the slope of psi over Hall and Sheather's bandwidth.
    bse_ : array
        Standard errors, the roots of the diagonal of cov_.
    leverage_ : array of shape (n,)
        The diagonal of the hat matrix, of one of the observations that a row stands for.
    n_iter_ : int
    converged_ : bool
        Without it, `fit` warns.
    n_features_in_ : int

    References
    ----------
    P. J. Huber, "Robust Statistics", 1981; start: `fastloss.adaptive.starts`.

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
    >>> model = RobustRegressor("tukey").fit(x[:, None], 1000 * y)
    >>> model.coef_.round(), model.bse_.round(), np.flatnonzero(model.outliers_)
    (array([2000.]), array([4., 2.]), array([ 0, 10, 20, 30, 40]))
    """

    def __init__(
        self,
        loss: Any = ADAPTIVE,
        *,
        scale: str | float = MAD,
        start: str = "ls",
        penalty: Penalty | None = None,
        weight_kind: str = "frequency",
        cov: str = "H1",
        ridge: float = 0.0,
        fit_intercept: bool = True,
        anneal: int = 0,
        alpha_bounds: tuple[float, float] = (0.001, 1.999),
        max_iter: int = 200,
        tol: float = 1e-8,
    ) -> None:
        self.loss = loss
        self.scale = scale
        self.start = start
        self.penalty = penalty
        self.weight_kind = weight_kind
        self.cov = cov
        self.ridge = ridge
        self.fit_intercept = fit_intercept
        self.anneal = anneal
        self.alpha_bounds = alpha_bounds
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X of shape (n, features) and y of shape (n,); sample_weight, of shape (n,), >= 0."""
        check_known("cov", self.cov, COVARIANCES)
        for name, array in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            refuse_mask(array, name)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        given = {name: value for name, value in self.get_params(deep=False).items() if name in ARGUMENTS}
        found = irls(X, y, sample_weight=sample_weight, **given)
        self.coef_, self.intercept_ = found.coef, found.intercept
        self.loss_, self.scale_ = found.loss, found.scale
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        self.residuals_ = y - found.line.predict(X)
        self._line, self._ratio_loss = found.line, found.ratio_loss
        self._infer(X, sample_weight, found.working_scale)
        return self

    def _infer(self, X: Array, sample_weight: ArrayLike | None, working_scale: float) -> None:
        weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        roots = np.sqrt(weights) if self.weight_kind == "precision" else None
        self._frequencies = weights if roots is None else (weights > 0).astype(np.float64)
        self._ratios = -self.residuals_ * (1.0 if roots is None else roots) / working_scale
        errors = Errors(self._ratio_loss, self._ratios, self.scale_)
        self.weights_, self.outliers_ = errors.relative_weights(), errors.outliers()
        self._inference = Inference.of(X, self._frequencies, roots, self.fit_intercept, errors, self.cov)
        self.leverage_, self.cov_, self.bse_ = self._inference.leverage, self._inference.cov, self._inference.bse
        if self.ridge or self.penalty is not None:
            self.cov_, self.bse_ = np.full_like(self.cov_, np.nan), np.full_like(self.bse_, np.nan)

    def predict(self, X: ArrayLike) -> Array:
        """Predictions for X of shape (n, features)."""
        X = self._checked(X)
        return self._line.predict(X)

    def _checked(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        refuse_mask(X, "X")
        return np.asarray(validate_data(self, X, dtype=np.float64, reset=False))

    def conf_int(self, level: float = 0.95) -> Array:
        """Of the coefficients, then the intercept, (low, high): -+ the normal quantile times bse_."""
        check_is_fitted(self)
        return interval(self._values(), self.bse_, level)

    def predict_interval(self, X: ArrayLike, level: float = 0.95) -> Array:
        """(low, high) for a new y of each row of X, where the loss is the negative log-likelihood of the errors.

        The quantile of that density and of the error of the prediction, as squares added. Where the width of the
        density is neither given nor learned, the one whose 50% interval has half of the residuals, those times
        sqrt(n / (n - p)).

        Raises
        ------
        TypeError
            If the loss is none of "adaptive", robust, robust_nll, student_t_nll, gaussian_nll, half_squared_error,
            squared_error and absolute_error.
        ValueError
            If its parameters are such that it is that of no density, as robust with alpha < 0.
        """
        X = self._checked(X)
        name = self._ratio_loss.name
        if name not in LIKELIHOODS:
            raise TypeError(f"predict_interval wants a loss that is a likelihood, adaptive or one of "
                            f"{', '.join(LIKELIHOODS)}; {name} is none")  # fmt: skip
        if self.ridge or self.penalty is not None:
            raise TypeError(
                "predict_interval wants the errors of the coefficients, which a ridge or penalty leaves open"
            )
        z = quantile_of(level)
        reach = self._half_width(level)
        reaches = np.hypot(reach, z * self._inference.of_predictions(X))
        predictions = self._line.predict(X)
        return np.column_stack([predictions - reaches, predictions + reaches])

    @property
    def _is_learned(self) -> bool:
        return isinstance(self.loss, str) and self.loss == ADAPTIVE

    def _half_width(self, level: float) -> float:
        loss, told = self._ratio_loss, not isinstance(self.scale, str)
        wide = half_width(loss, level)
        if self._is_learned or told or (self.scale == FIXED and loss.name in WITH_WIDTH):
            return wide * self.scale_
        middle, _ = weighted_median(np.abs(self._ratios) * self.scale_, self._frequencies)
        count, freedom = self._inference.count, self._inference.freedom
        return float(wide / half_width(loss, 0.5) * middle * np.sqrt(count / freedom if freedom > 0 else np.nan))

    # ---- tables -----------------------------------------------------------------------------------------------

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """The table of `summary` as a pandas DataFrame, a row a coefficient, then the intercept."""
        check_is_fitted(self)
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(f"to_frame needs pandas: {install_library('pandas')}") from error
        return pd.DataFrame(coefficients(self._values(), self.bse_, level), index=self._names())

    def summary(self, level: float = 0.95) -> str:
        """The coefficients with standard errors, z, p and intervals, as text."""
        check_is_fitted(self)
        inference = self._inference
        how = "learned" if self._is_learned else self.scale if isinstance(self.scale, str) else "given"
        facts = [
            ("Loss", "adaptive, " + repr(self.loss_) if self._is_learned else self._ratio_loss),
            ("Scale", f"{self.scale_:.6g}, {how}"),
            ("Observations", f"{inference.count:g}, {int(self.outliers_.sum())} outliers"),
            ("Df residuals", f"{inference.freedom:g}"),
            ("Covariance", self.cov),
            ("Iterations", f"{self.n_iter_}, {'' if self.converged_ else 'not '}converged"),
        ]
        if self.ridge or self.penalty is not None:
            facts.append(("Penalty", self.penalty if self.penalty is not None else f"ridge {self.ridge:g}"))
        return text("Robust linear regression", facts, self._names(), coefficients(self._values(), self.bse_, level))

    def _values(self) -> Array:
        return np.append(self.coef_, self.intercept_) if self.fit_intercept else self.coef_

    def _names(self) -> list[str]:
        names = [str(name) for name in getattr(self, "feature_names_in_", [f"x{i}" for i in range(len(self.coef_))])]
        return [*names, "intercept"] if self.fit_intercept else names
