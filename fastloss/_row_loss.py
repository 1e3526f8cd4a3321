"""Losses of rows of logits: how they are declared and called."""

import inspect

import numpy as np

from fastloss import _docstrings
from fastloss._arguments import check_integer, check_number, check_outputs, check_parameter, check_reduction
from fastloss._loss import Loss
from fastloss._row_call import LOGITS, RowCall, final_results

_DOMAINS = {
    "class_weight": ">= 0",
    "ignore_index": "integer",
    "label_smoothing": ">= 0 and <= 1",
    "temperature": "> 0",
    "gamma": ">= 0",
    "p": "1 or 2",
    "margin": "finite",
}
_REAL = ("label_smoothing", "temperature", "gamma", "margin")


class RowLoss(Loss):
    """A loss with one value per row of logits.

    It is declared as a function of its parameters without a body, as elementwise losses are, with what its target may
    be, its traits, and `kernels`: a function of the parameters that the loops read, which returns what `_rows.Rows` is
    to do, and which kinds of numbers per element the "grad" and the "hess" are.
    """

    is_rowwise = True
    requires_target = True

    def __init__(self, declaration, targets, traits, kernels):
        self._targets, self._kernels = targets, kernels
        self._read = tuple(inspect.signature(kernels).parameters)
        defaults = {name: p.default for name, p in inspect.signature(declaration).parameters.items()}
        domains = {name: _DOMAINS[name] for name in defaults}
        doc = _docstrings.complete_rows(declaration.__doc__, targets, domains, traits)
        super().__init__(declaration.__name__, "rows", frozenset(traits), domains, defaults, doc)

    def __call__(self, logits, target, **keywords):
        """The loss: one value per row, or their sum or mean as a float."""
        return super().__call__(logits, target, **keywords)

    def grad(self, logits, target, **keywords):
        """The derivative with respect to the logits of what the call with the same arguments returns."""
        return super().grad(logits, target, **keywords)

    def hess(self, logits, target, **keywords):
        """The diagonal of the second derivative with respect to the logits of a row."""
        return super().hess(logits, target, **keywords)

    def value_and_grad(self, logits, target, **keywords):
        """(value, grad) in one pass over memory."""
        return super().value_and_grad(logits, target, **keywords)

    def evaluate(self, logits, target, **keywords):
        """A tuple of any of "value", "grad" and "hess", in one pass over memory."""
        return super().evaluate(logits, target, **keywords)

    def _signature(self):
        signature = super()._signature()
        logits, target, *keywords = signature.parameters.values()
        axis = keywords[0].replace(name="axis", default=-1)
        labels = [keywords[0].replace(name="labels", default=None)] if self._targets == LOGITS else []
        n = len(self.parameters)
        named = [logits.replace(name="logits"), target, *labels, *keywords[:n], axis, *keywords[n:]]
        return signature.replace(parameters=named)

    def _check_param(self, name, value):
        return _CHECKS[name](name, value, self.domains[name])

    def _compute(self, outputs, logits, target, sample_weight, reduction, out, num_threads, params):
        axis = params.pop("axis", -1)
        labels = params.pop("labels", None) if self._targets == LOGITS else None
        params = {**self.parameters, **self._check_params(params)}
        check_reduction(reduction)
        if target is None:
            raise TypeError(f"{self.name} requires a target")
        call = RowCall(logits, axis, num_threads, target, sample_weight, self._targets, labels)
        names = [name for name in outputs if name != "value" or reduction == "none"]
        elements = [name for name in outputs if name != "value"]
        computed, final = check_outputs(
            out,
            [call.rows if name == "value" else call.shape for name in names],
            call.dtype,
            call.inputs,
            in_place=len(elements) == 1,
        )
        arrays = dict(zip(names, computed, strict=True))
        if "value" in outputs and reduction != "none":
            arrays["value"] = np.empty(call.rows, call.dtype)
        kernels = self._kernels(**{name: self._stored(name, params[name], call) for name in self._read})
        kinds = {name: kernels.pop(name) for name in ("grad", "hess")}
        loop = call.loop(
            {kinds[name]: arrays[name] for name in elements},
            arrays.get("value"),
            labels=call.labels(params.get("ignore_index")),
            class_weight=call.class_weights(params.get("class_weight")),
            **kernels,
        )
        total_weight = loop.total_weight() if reduction == "mean" else 1.0
        # where nothing counts, the mean is NaN and its gradient 0
        loop.run(call.num_threads, 1 / total_weight if total_weight else 0.0)
        results = dict(zip(names, final_results(computed, final), strict=True))
        if "value" in outputs and reduction != "none":
            results["value"] = call.sum(arrays["value"]) / total_weight if total_weight else float("nan")
        return tuple(results[name] for name in outputs)

    @staticmethod
    def _stored(name, value, call):
        """A parameter as the loops read it."""
        return call.rounded(name, value) if name in _REAL else value


def row_loss(targets, traits, kernels):
    """The decorator of a declaration: see RowLoss."""
    return lambda declaration: RowLoss(declaration, targets, traits, kernels)


def _check_class_weight(name, value, domain):
    return None if value is None else np.atleast_1d(check_parameter(name, value, domain, None))


def _check_p(name, value, domain):
    if value not in (1, 2):
        raise ValueError(f"{name} must be {domain}, got {value!r}")
    return int(value)


_CHECKS = {
    "class_weight": _check_class_weight,
    "ignore_index": check_integer,
    "p": _check_p,
    **dict.fromkeys(_REAL, check_number),
}
