"""What the estimator takes from scikit-learn, for where that is not installed."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np


class ConvergenceWarning(UserWarning):
    """An iteration ended before it had converged."""


class LinAlgWarning(RuntimeWarning):
    """The columns of a matrix depend on each other."""


def convergence_warning() -> type[Warning]:
    """The class that users of scikit-learn filter by, where that is installed."""
    try:
        from sklearn.exceptions import ConvergenceWarning as theirs
    except ImportError:
        return ConvergenceWarning
    return theirs  # type: ignore[no-any-return]


def singular_warning() -> type[Warning]:
    """The class that SciPy has for it, where that is installed."""
    try:
        from scipy.linalg import LinAlgWarning as theirs
    except ImportError:
        return LinAlgWarning
    return theirs  # type: ignore[no-any-return]


class BaseEstimator:
    """Parameters are the arguments of __init__, kept under their names."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """{name: value} of the parameters."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}: {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = {k: v for k, v in self.get_params().items() if v is not defaults[k].default}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"


class RegressorMixin:
    """The score of a regressor."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The coefficient of determination of the predictions: 1 less the squared errors over those of the mean."""
        y = np.asarray(y, np.float64)
        errors = np.square(y - self.predict(X))  # type: ignore[attr-defined]
        about = np.square(y - np.average(y, weights=sample_weight))
        return float(1 - np.average(errors, weights=sample_weight) / np.average(about, weights=sample_weight))


def check_is_fitted(estimator: Any) -> None:
    if not hasattr(estimator, "coef_"):
        raise ValueError(f"this {type(estimator).__name__} is not fitted yet: call fit first")


def validate_data(
    estimator: Any, X: Any, y: Any = None, *, dtype: Any, reset: bool = True, y_numeric: bool = True
) -> Any:
    """X, or X and y, as finite arrays of the right dimensions; `reset` remembers the number of features."""
    X = np.asarray(X, dtype)
    if X.ndim != 2:
        raise ValueError(f"expected X of shape (n, features), got {X.shape}")
    if not np.isfinite(X).all():
        raise ValueError("X must not hold NaN or infinity")
    if reset:
        estimator.n_features_in_ = X.shape[1]
    elif X.shape[1] != estimator.n_features_in_:
        raise ValueError(f"X has {X.shape[1]} features, but the fit was to {estimator.n_features_in_}")
    return X if y is None else (X, np.asarray(y, dtype))
