"""Losses of rows of logits: how they are declared and called."""

import inspect
from functools import partial

import numpy as np

from fastloss.core import docstrings, kernels, rows
from fastloss.core.arguments import check_outputs, check_reduction, final_results
from fastloss.core.domains import check_class_weight, check_one, interval
from fastloss.core.floats import in_standard_floats
from fastloss.core.loss import Loss
from fastloss.core.row_call import LOGITS, RowCall

_REGISTRY = kernels.row_registry()
_OPTIONS = {"class_weight": ">= 0", "ignore_index": "integer"}  # the parameters that the kernels do not have
_LARGEST_INTEGER = 2**53  # up to it a float64 holds every integer; there are fewer classes


class RowLoss(Loss):
    """A loss with one value per row of logits.

    It is declared as a function of its parameters without a body, as elementwise losses are; csrc/rows.def lists the
    kernel of its name, with the targets that it takes, its traits and the domains of its parameters.
    """

    is_rowwise = True
    requires_target = True

    def __init__(self, declaration):
        name = declaration.__name__
        self._kernel, self.targets, traits, self._kernel_domains = _REGISTRY[name]
        defaults = {name: p.default for name, p in inspect.signature(declaration).parameters.items()}
        domains = {name: ({**_OPTIONS, **self._kernel_domains})[name] for name in defaults}
        doc = partial(docstrings.complete_rows, declaration.__doc__, self.targets, domains, traits)
        super().__init__(name, "rows", traits, domains, defaults, doc)

    @property
    def _ignored(self):
        """The label of rows that do not count; None of a loss without."""
        return self.terms[0][1].parameters.get("ignore_index")

    def _general(self, logits, target, *others, **keywords):
        return super()._general(logits, target, *others, **keywords)

    _general.__qualname__ = "loss"

    def _open_plain_way(self):
        if self.parameters.get("class_weight") is not None:
            return
        intervals = {name: interval(domain) for name, domain in self._kernel_domains.items()}
        values = {name: _as_float(domain, self.parameters[name]) for name, domain in self._kernel_domains.items()}
        ignored = self.parameters.get("ignore_index")
        self._prepare(self._kernel, self.targets, self._kernel_domains, intervals, values, ignored=ignored)

    def _signature(self):
        signature = super()._signature()
        logits, target, *keywords = signature.parameters.values()
        axis = keywords[0].replace(name="axis", default=-1)
        labels = [keywords[0].replace(name="labels", default=None)] if self.targets == LOGITS else []
        n = len(self.parameters)
        named = [logits.replace(name="logits"), target, *labels, *keywords[:n], axis, *keywords[n:]]
        return signature.replace(parameters=named)

    def _check_param(self, name, value):
        check = check_class_weight if name == "class_weight" else check_one
        return check(name, value, self.domains[name])

    @in_standard_floats
    def _compute(self, outputs, logits, target, sample_weight, reduction, out, num_threads, params):
        axis = params.pop("axis", -1)
        labels = params.pop("labels", None) if self.targets == LOGITS else None
        params = self._merged(params, is_call=True)
        check_reduction(reduction)
        if target is None:
            raise TypeError(f"{self.name} requires a target")
        call = RowCall(logits, axis, num_threads, target, sample_weight, self.targets, labels)
        names = [name for name in outputs if name != "value" or reduction == "none"]
        elements = [name for name in outputs if name != "value"]
        computed, destination = check_outputs(
            out,
            [call.rows if name == "value" else call.shape for name in names],
            call.dtype,
            call.inputs,
            in_place=len(elements) == 1,
        )
        arrays = dict(zip(names, computed, strict=True))
        if "value" in outputs and reduction != "none":
            arrays["value"] = np.empty(call.rows, call.dtype)
        loop = self._loop(call, params, arrays)
        total_weight = loop.total_weight() if reduction == "mean" else 1.0
        # where no row counts, the mean is NaN and its gradient 0
        loop.factor = kernels.mean_of(1.0, total_weight) if total_weight else 0.0
        call.run(loop)
        results = dict(zip(names, final_results(computed, destination), strict=True))
        if "value" in outputs and reduction != "none":
            results["value"] = kernels.mean_of(call.sum(arrays["value"]), total_weight)
        return tuple(results[name] for name in outputs)

    def _loop(self, call, params, arrays):
        """The hot loop of a call, which computes what `arrays` has by its name."""
        labels = call.labels(params.get("ignore_index"))
        return call.loop(
            self._kernel,
            [self._for_kernel(name, params[name], call) for name in self._kernel_domains],
            {_OUTPUTS[name]: array for name, array in arrays.items() if name != "value"},
            arrays.get("value"),
            labels=labels,
            class_weight=call.class_weights(params.get("class_weight")),
            weighs_rows=labels is not None and not params.get("label_smoothing"),
        )

    def _for_kernel(self, name, value, call):
        """A parameter as the kernel reads it: a float64, rounded to the computing dtype unless it is an integer."""
        domain = self.domains[name]
        return _as_float(domain, value) if "integer" in domain else call.rounded(name, value, domain)


def _as_float(domain, value):
    return float(min(value, _LARGEST_INTEGER) if "integer" in domain else value)


_OUTPUTS = {"grad": rows.GRAD, "hess": rows.HESS}
