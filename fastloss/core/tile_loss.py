"""Losses of embeddings whose logits are products: how they are declared and called."""

import inspect

from fastloss.core import kernels
from fastloss.core.allocation import zeros
from fastloss.core.arguments import as_array
from fastloss.core.domains import check_class_weight, check_one
from fastloss.core.embedding_loss import EmbeddingLoss
from fastloss.core.floats import in_standard_floats
from fastloss.core.tile_call import TileCall

_OPTIONS = {"bias": "numbers", "class_weight": ">= 0", "ignore_index": "integer"}


class TileLoss(EmbeddingLoss):
    """A loss of rows of logits that are products of embeddings, and are never stored.

    It is declared as a function of its parameters without a body. A kind of them has

        row_arrays    how many of its arrays are embeddings of rows
        _embeddings(given, params)           {name: vectors} of a call, those of the rows first
        _loops(call, given, params, grads)   the loops whose losses a row's is the mean of
    """

    row_arrays = 1

    def __init__(self, declaration, domains, arrays, target=None, has_labels=False):
        defaults = {name: p.default for name, p in inspect.signature(declaration).parameters.items()}
        domains = {name: ({**_OPTIONS, **domains})[name] for name in defaults}
        name, traits = declaration.__name__, frozenset({"c1"})
        super().__init__(name, traits, domains, defaults, declaration.__doc__, arrays, target, has_labels)

    def _check_param(self, name, value):
        if value is None and name in _ARRAYS:
            return None
        return _CHECKS.get(name, check_one)(name, value, self.domains[name])

    @in_standard_floats
    def _compute(self, wants_value, wrt, arguments, keywords):
        given, sample_weight, reduction, num_threads, params = self._bound(arguments, keywords)
        call = TileCall(self._embeddings(given, params), sample_weight, num_threads, self.row_arrays)
        params = {k: call.rounded(k, v) if type(v) is float else v for k, v in params.items()}
        shapes = self._shapes(call)
        grads = {name: zeros(shapes[name], call.dtype) for name in wrt}
        loops = self._loops(call, given, params, grads)
        total = loops[0].weigh() if reduction == "mean" else 1.0
        for loop in loops:
            # where nothing counts: NaN, and gradients of 0
            loop.factor = kernels.mean_of(1.0, total * len(loops)) if total else 0.0
            call.run(loop)
        call.finish(loops[0])
        value = loops[0].value
        for loop in loops[1:]:
            value += loop.value
        value /= len(loops)
        if reduction != "none":
            value = kernels.mean_of(call.sum(value), total)
        return value, tuple(grads.values())

    def _shapes(self, call):
        """Those of what has gradients"""
        return {name: array.shape for name, array in call.embeddings.items()}


class Head(TileLoss):
    """A loss of embeddings of rows and of classes, and of labels.

    `form` makes a `Form` of the parameters that are none of the options, each rounded to the computing dtype.
    """

    takes_head = True  # in files: `w`

    def __init__(self, declaration, form, domains):
        self._form = form
        super().__init__(declaration, domains, ("x", "w"), "target", has_labels=True)

    def _with_gradients(self, keywords):
        bias = {**self.parameters, **keywords}.get("bias")
        return ("x", "weight") if bias is None else ("x", "weight", "bias")

    def _embeddings(self, given, params):
        return {"x": given["x"], "w": given["w"]}

    def _shapes(self, call):
        x, w = (call.embeddings[name].shape for name in ("x", "w"))
        return {"x": x, "weight": w, "bias": w[:1]}

    def _loops(self, call, given, params, grads):
        classes, width = call.embeddings["w"].shape
        if classes == 0:
            raise ValueError(f"expected at least one class, got w of shape {(classes, width)}")
        options = {name: params.pop(name, None) for name in _OPTIONS}
        form = self._form(**params)
        return [
            call.loop(
                form, ["x"], ["w"], [grads.get("x")], [grads.get("weight")],
                labels=call.labels(given["target"], options["ignore_index"], classes),
                bias=call.per_class("bias", options["bias"], classes),
                bias_grad=grads.get("bias"),
                class_weight=call.per_class("class_weight", options["class_weight"], classes),
            )
        ]  # fmt: skip


def head(form, **domains):
    """Declares a `Head` whose parameters have these domains."""
    return lambda declaration: Head(declaration, form, domains)


def _check_array(name, value, domain):
    array = as_array(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one number per class, got shape {array.shape}")
    return array


def _check_vectors(name, value, domain):
    return as_array(value, name)


_ARRAYS = ("bias", "class_weight", "negatives")
_CHECKS = {"bias": _check_array, "class_weight": check_class_weight, "negatives": _check_vectors}
