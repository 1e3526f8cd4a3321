"""Losses of embeddings: what is one value per row and has a gradient for each of several arrays."""

import inspect
from functools import partial

import numpy as np

from fastloss.core import docstrings, kernels
from fastloss.core.allocation import empty
from fastloss.core.arguments import (
    as_array,
    as_array_beside,
    as_names,
    check_count,
    check_reduction,
    shown,
    storage,
)
from fastloss.core.domains import check_one
from fastloss.core.loss import Loss
from fastloss.core.sums import tree_sum

_KEYWORDS = {"sample_weight": None, "reduction": "none", "num_threads": None}


class EmbeddingLoss(Loss):
    """A loss with one value per row, and gradients by its arrays.

    Attributes
    ----------
    arrays : tuple of str
        The arguments that have gradients, in the order of the call.
    target_name : str or None
        The argument after them, if there is one.
    """

    is_rowwise = True
    output_names = ("value", "grad")

    def __init__(self, name, traits, domains, defaults, doc, arrays, target_name, has_labels):
        self.arrays, self.target_name = arrays, target_name
        self.takes_target = self.requires_target = target_name is not None
        arguments = (*arrays, target_name) if target_name else arrays
        doc = partial(docstrings.complete_embeddings, doc, arguments, domains, traits, has_labels)
        super().__init__(name, "embeddings", traits, domains, defaults, doc)

    def _signature(self):
        parameter = inspect.Parameter
        positional = [*self.arrays, *([self.target_name] if self.target_name else [])]
        return inspect.Signature(
            [parameter(name, parameter.POSITIONAL_OR_KEYWORD) for name in positional]
            + [parameter(k, parameter.KEYWORD_ONLY, default=v) for k, v in {**self.parameters, **_KEYWORDS}.items()]
        )

    # ---- the ways to call it ------------------------------------------------------------------------------------

    def __call__(self, *arguments, **keywords):
        """The loss: one value per row, or their sum or mean as a float."""
        return self._compute(True, (), arguments, keywords)[0]

    def grad(self, *arguments, wrt=None, **keywords):
        """The derivatives with respect to `wrt`, names of arrays (default: all), of what the call with the same
        arguments returns; under "none", of the sum. A tuple in the order of `wrt`."""
        return self._compute(False, self._wrt(wrt, keywords), arguments, keywords)[1]

    def value_and_grad(self, *arguments, wrt=None, **keywords):
        """(value, grad) in one pass over memory."""
        return self._compute(True, self._wrt(wrt, keywords), arguments, keywords)

    def hess(self, *arguments, **keywords):
        """There is none: a TypeError."""
        raise TypeError(f"{self.name} has no second derivative: losses of embeddings have a value and gradients")

    def evaluate(self, *arguments, **keywords):
        """There is none: a TypeError."""
        raise TypeError(f"{self.name} has no evaluate: losses of embeddings have value_and_grad")

    # ---- arguments ----------------------------------------------------------------------------------------------

    def _with_gradients(self, keywords):
        """The names of what has a gradient in a call."""
        return self.arrays

    def _wrt(self, wrt, keywords):
        """Names of arrays, each once; of all of them for None."""
        known = self._with_gradients(keywords)
        if wrt is None:
            return known
        names = as_names(wrt, "wrt")
        if not names or len(set(names)) < len(names) or not set(names) <= set(known):
            raise ValueError(f"wrt must name each array once and at least one, of {known}, got {shown(wrt)}")
        return names

    def _bound(self, arguments, keywords):
        """({argument: value}, sample_weight, reduction, num_threads, parameters in force) of a call."""
        names = [*self.arrays, *([self.target_name] if self.target_name else [])]
        if len(arguments) > len(names):
            raise TypeError(f"{self.name} takes {', '.join(names)} by position, got {len(arguments)} arguments")
        given = dict(zip(names, arguments, strict=False))
        for name in names:
            if name in keywords:
                if name in given:
                    raise TypeError(f"{self.name} got {name} by position and by name")
                given[name] = keywords.pop(name)
        missing = [name for name in names if given.get(name) is None]
        if missing:
            raise TypeError(f"{self.name} requires {' and '.join(missing)}")
        sample_weight, reduction, num_threads = (keywords.pop(k, default) for k, default in _KEYWORDS.items())
        check_reduction(reduction)
        num_threads = None if num_threads is None else check_count(num_threads)
        return given, sample_weight, reduction, num_threads, self._merged(keywords, is_call=True)

    def _check_param(self, name, value):
        return check_one(name, value, self.domains[name])

    def _compute(self, wants_value, wrt, arguments, keywords):
        """(value or None, gradients by the arrays `wrt`)"""
        raise NotImplementedError


# ---- what their calls share ---------------------------------------------------------------------------------------


def as_rows(x, name):
    """Embeddings: an array with one row each."""
    array = as_array(x, name)
    if array.ndim != 2:
        raise ValueError(f"{name} must hold rows, shape (N, D), got shape {array.shape}")
    return array


def one_per_row(values, name, rows, beside):
    """An array of one number per row, given so or as one for all."""
    array = as_array_beside(beside, values, name)
    if array.ndim == 0:
        return np.broadcast_to(array, (rows,))
    if array.shape != (rows,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({rows},): one value per row, or one for all")
    return array


class Reduced:
    """The value of a call, and the factor of its gradients, from one value per row."""

    def __init__(self, rows, dtype, reduction, sample_weight, num_threads):
        self.dtype, self.reduction, self.num_threads = dtype, reduction, num_threads
        self.total_weight = 1.0
        if reduction == "mean":
            self.total_weight = float(rows) if sample_weight is None else self._sum(sample_weight)
        # where nothing counts, the mean is NaN and its gradient 0
        self.factor = kernels.mean_of(1.0, self.total_weight) if self.total_weight else 0.0

    def of(self, values):
        if self.reduction == "none":
            return values
        return kernels.mean_of(self._sum(values), self.total_weight)

    def _sum(self, values):
        return tree_sum(*storage(values), self.dtype.itemsize == 8, self.num_threads)


def new_outputs(shapes, dtype, wanted):
    """An array for each shape that is wanted, else None."""
    return [empty(shape, dtype) if is_wanted else None for shape, is_wanted in zip(shapes, wanted, strict=True)]
