"""Loss kernels for the CPU: per-row losses, gradients, second derivatives and IRLS weights in one pass over memory."""

from fastloss import adaptive
from fastloss._config import __version__, show_config
from fastloss._kernels import isa, isas, use_isa
from fastloss._loss import Loss, get, list_losses
from fastloss._threads import get_num_threads, set_num_threads
from fastloss.count import gamma, poisson, tweedie
from fastloss.likelihood import gaussian_nll, robust_nll, student_t_nll
from fastloss.m_estimators import (
    andrews,
    arctan,
    cauchy,
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
from fastloss.margin import exponential, hinge, logistic, modified_huber, perceptron, squared_hinge, zero_one
from fastloss.metrics import accuracy, log_loss, mae, mape, mse, rmse
from fastloss.probability import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    entropy,
    kl_div,
    relative_entropy,
    sigmoid_focal,
)
from fastloss.relative import absolute_percentage_error, squared_log_error, symmetric_absolute_percentage_error
from fastloss.residual import (
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
from fastloss.rows import cross_entropy, distillation, multi_margin, nll, softmax_focal
from fastloss.scoring import score
from fastloss.softmax_family import log_softmax, logsumexp, softmax

__all__ = [
    "Loss",
    "__version__",
    "absolute_error",
    "absolute_percentage_error",
    "accuracy",
    "adaptive",
    "andrews",
    "arctan",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cauchy",
    "cross_entropy",
    "distillation",
    "entropy",
    "epsilon_insensitive",
    "expectile",
    "exponential",
    "fair",
    "gamma",
    "gaussian_nll",
    "geman_mcclure",
    "get",
    "get_num_threads",
    "half_squared_error",
    "hampel",
    "hinge",
    "huber",
    "isa",
    "isas",
    "kl_div",
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
    "perceptron",
    "poisson",
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
    "squared_epsilon_insensitive",
    "squared_error",
    "squared_hinge",
    "squared_log_error",
    "student_t_nll",
    "symmetric_absolute_percentage_error",
    "tolerant",
    "truncated_squared",
    "tukey",
    "tweedie",
    "use_isa",
    "welsch",
    "zero_one",
]
