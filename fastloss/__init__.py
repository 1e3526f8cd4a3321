"""Loss kernels for the CPU: per-row losses, gradients, second derivatives and IRLS weights in one pass over memory."""

from fastloss._config import __version__, show_config
from fastloss._kernels import isa, isas, use_isa
from fastloss._loss import Loss, get, list_losses
from fastloss._threads import get_num_threads, set_num_threads
from fastloss.residual import huber, robust, squared_error
from fastloss.rows import cross_entropy, log_softmax, logsumexp, softmax
from fastloss.scoring import score

__all__ = [
    "Loss",
    "__version__",
    "cross_entropy",
    "get",
    "get_num_threads",
    "huber",
    "isa",
    "isas",
    "list_losses",
    "log_softmax",
    "logsumexp",
    "robust",
    "score",
    "set_num_threads",
    "show_config",
    "softmax",
    "squared_error",
    "use_isa",
]
