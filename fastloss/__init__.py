"""Loss kernels for the CPU: per-row losses, gradients, second derivatives and IRLS weights in one pass over memory."""

from importlib import import_module
from typing import Any

from fastloss import (
    _built,  # noqa: F401  (or says that it is not)
    _moved,  # noqa: F401  (the names before modules moved)
)
from fastloss.core import combined as _combined  # noqa: F401  (what sums of losses are)
from fastloss.core.config import get_include, show_config
from fastloss.core.kernels import C_API as C_API
from fastloss.core.kernels import isa, isas, use_isa
from fastloss.core.loss import Loss, get, list_losses
from fastloss.core.threads import get_num_threads, set_num_threads
from fastloss.losses.contrastive import info_nce, nt_xent, sup_con
from fastloss.losses.count import gamma, poisson, tweedie
from fastloss.losses.deviance import gamma_deviance, poisson_deviance, tweedie_deviance
from fastloss.losses.distances import center, contrastive, cosine_embedding, feature_distance, triplet
from fastloss.losses.heads import (
    arcface,
    cosface,
    l2_softmax,
    l_softmax,
    linear_cross_entropy,
    normalized_softmax,
    sphereface,
)
from fastloss.losses.likelihood import gaussian_nll, robust_nll, student_t_nll
from fastloss.losses.m_estimators import (
    andrews,
    arctan,
    cauchy,
    dcs,
    fair,
    geman_mcclure,
    hampel,
    ramsay,
    robust,
    tolerant,
    truncated_squared,
    tukey,
    welsch,
)
from fastloss.losses.margin import (
    exponential,
    hinge,
    hinge_embedding,
    logistic,
    modified_huber,
    perceptron,
    squared_hinge,
    zero_one,
)
from fastloss.losses.probability import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    entropy,
    kl_div,
    relative_entropy,
    sigmoid_focal,
)
from fastloss.losses.relative import absolute_percentage_error, squared_log_error, symmetric_absolute_percentage_error
from fastloss.losses.residual import (
    absolute_error,
    epsilon_insensitive,
    expectile,
    half_squared_error,
    huber,
    log_cosh,
    pseudo_huber,
    quantile,
    smooth_l1,
    squared_epsilon_insensitive,
    squared_error,
)
from fastloss.losses.rows import (
    cross_entropy,
    disagreement,
    distillation,
    kl_logits,
    multi_margin,
    nll,
    poly1_cross_entropy,
    softmax_focal,
    top_k_error,
)
from fastloss.losses.softmax_family import log_softmax, logsumexp, softmax
from fastloss.metrics import accuracy, log_loss, mae, mape, mse, rmse

__all__ = [
    "Loss",
    "Summary",
    "__version__",
    "absolute_error",
    "absolute_percentage_error",
    "accuracy",
    "adaptive",
    "andrews",
    "arcface",
    "arctan",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "calibrate",
    "cauchy",
    "center",
    "check_derivatives",
    "compare",
    "contrastive",
    "cosface",
    "cosine_embedding",
    "cross_entropy",
    "custom",
    "dcs",
    "disagreement",
    "distillation",
    "entropy",
    "epsilon_insensitive",
    "expectile",
    "exponential",
    "fair",
    "feature_distance",
    "gamma",
    "gamma_deviance",
    "gaussian_nll",
    "geman_mcclure",
    "get",
    "get_include",
    "get_num_threads",
    "half_squared_error",
    "hampel",
    "hinge",
    "hinge_embedding",
    "huber",
    "info_nce",
    "isa",
    "isas",
    "kl_div",
    "kl_logits",
    "l2_softmax",
    "l_softmax",
    "linear_cross_entropy",
    "list_losses",
    "log_cosh",
    "log_loss",
    "log_softmax",
    "logistic",
    "logsumexp",
    "mae",
    "mape",
    "modified_huber",
    "mse",
    "multi_margin",
    "nll",
    "normalized_softmax",
    "nt_xent",
    "perceptron",
    "poisson",
    "poisson_deviance",
    "poly1_cross_entropy",
    "pseudo_huber",
    "quantile",
    "ramsay",
    "relative_entropy",
    "rmse",
    "robust",
    "robust_nll",
    "score",
    "set_num_threads",
    "show_config",
    "sigmoid_focal",
    "smooth_l1",
    "softmax",
    "softmax_focal",
    "sphereface",
    "squared_epsilon_insensitive",
    "squared_error",
    "squared_hinge",
    "squared_log_error",
    "student_t_nll",
    "summarize",
    "sup_con",
    "symmetric_absolute_percentage_error",
    "tolerant",
    "top_k_error",
    "triplet",
    "truncated_squared",
    "tukey",
    "tweedie",
    "tweedie_deviance",
    "use_isa",
    "welsch",
    "zero_one",
]

# What is imported when it is asked for, as most programs do without
_MODULES = ("adaptive", "exact", "files", "integrations", "penalty", "plot", "report", "scoring")
_PLACES = {
    "Summary": "fastloss.exact.groups",  # so that from_json knows those by groups
    "__version__": "fastloss.core.config",
    "calibrate": "fastloss.calibration",
    "check_derivatives": "fastloss.derivatives",
    "compare": "fastloss.files.comparing",
    "custom": "fastloss.core.custom",
    "score": "fastloss.files",
    "summarize": "fastloss.exact.summary",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"fastloss.{name}")
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_PLACES})
