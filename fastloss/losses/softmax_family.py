"""Functions of rows of logits that share the sums of the softmax: logsumexp, log_softmax, softmax."""

from fastloss.core import rows
from fastloss.core.arguments import check_outputs, final_results
from fastloss.core.domains import check_number
from fastloss.core.floats import in_standard_floats
from fastloss.core.row_call import RowCall

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _checked(logits, axis, temperature, num_threads):
    """(the call, its temperature)"""
    call = RowCall(logits, axis, num_threads)
    return call, call.rounded("temperature", check_number("temperature", temperature, "> 0"), "> 0")


def _of_elements(kernel, logits, axis, temperature, out, num_threads):
    call, temperature = _checked(logits, axis, temperature, num_threads)
    computed, destination = check_outputs(out, [call.shape], call.dtype, call.inputs)
    call.run(call.loop(kernel, [temperature], {rows.GRAD: computed[0]}))
    return final_results(computed, destination)[0]


@in_standard_floats
def softmax(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """Probabilities exp(x_k / T) / sum_j exp(x_j / T) of each row of logits.

    Domain: logits are real, or -inf for probability 0.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of the logits' shape, optional
        It may be the logits themselves.
    num_threads : int, optional

    Returns
    -------
    ndarray of the logits' shape, float32 or float64. A row with a NaN, with a logit of +inf or with nothing but -inf is
    NaN.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    J. S. Bridle, "Training Stochastic Model Recognition Algorithms as Networks", NIPS 1989.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax([0.0, 0.0, -float("inf")])
    array([0.5, 0.5, 0. ])
    """
    return _of_elements(rows.PROBABILITIES, logits, axis, temperature, out, num_threads)


@in_standard_floats
def log_softmax(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """Log-probabilities x_k / T - log sum_j exp(x_j / T) of each row of logits.

    Domain: logits are real, or -inf for probability 0.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of the logits' shape, optional
        It may be the logits themselves.
    num_threads : int, optional

    Returns
    -------
    ndarray of the logits' shape, float32 or float64. A row with a NaN, with a logit of +inf or with nothing but -inf is
    NaN.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    The logarithm of `softmax`, without its rounding.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_softmax([50.0, 0.0])
    array([-1.92874985e-22, -5.00000000e+01])
    """
    return _of_elements(rows.LOG_PROBABILITIES, logits, axis, temperature, out, num_threads)


@in_standard_floats
def logsumexp(logits, axis=-1, temperature=1.0, out=None, num_threads=None):
    """log sum_k exp(x_k / T) of each row of logits.

    Domain: all real logits and infinities.

    Parameters
    ----------
    logits : array_like of shape (..., C)
        Or with the classes along another `axis`. C >= 1.
    axis : int
        The axis of the classes.
    temperature : float, > 0
        T, which divides the logits.
    out : ndarray of shape (...), optional
    num_threads : int, optional

    Returns
    -------
    ndarray of shape (...), float32 or float64. +inf if a logit is, -inf if all are, NaN if one is.

    Raises
    ------
    ValueError
        If there is no class, temperature <= 0 or NaN, or `out` does not fit.

    Source
    ------
    P. Blanchard, D. J. Higham, N. J. Higham, "Accurately computing the log-sum-exp and softmax functions", IMA Journal
    of Numerical Analysis 41, 2021.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.logsumexp([[1000.0, 1000.0], [0.0, -float("inf")]])
    array([1000.69314718,    0.        ])
    """
    call, temperature = _checked(logits, axis, temperature, num_threads)
    computed, destination = check_outputs(out, [call.rows], call.dtype, call.inputs)
    call.run(call.loop(rows.PROBABILITIES, [temperature], {}, computed[0]))
    return final_results(computed, destination)[0]
