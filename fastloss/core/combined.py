"""Sums of multiples of losses; those of losses with one value an element are computed in one pass."""

import math
from functools import partial

import numpy as np

from fastloss.core import kernels
from fastloss.core.arguments import check_outputs, final_results
from fastloss.core.arithmetic import Arithmetic
from fastloss.core.combination import Combination
from fastloss.core.fixed import FixedDict
from fastloss.core.floats import in_standard_floats
from fastloss.core.loss import ElementwiseLoss, ResidualLoss
from fastloss.core.row_call import LABELS, LOGITS
from fastloss.core.row_loss import RowLoss

PYTHON_BLOCKS = 4  # that a function of Python is given at once: its arrays stay in the cache, its calls cost little

# What losses read whose family has others that read something else
_READINGS = {
    "binary_cross_entropy_with_logits": "logits",
    "sigmoid_focal": "logits",
    "hinge_embedding": "distances",
    "kl_div": "log-probabilities",
    "relative_entropy": "two numbers",
    "entropy": "no target",
    "nll": "rows of log-probabilities",
}

_DOC = """\
A sum of multiples of losses: {name}.

Formula: the multiples of the outputs of its losses, added in float64 and rounded once.
Traits: {traits}.

Parameters
----------
pred, target, sample_weight, reduction, out, num_threads
    As its losses take them.

Source
------
Its losses."""


def combined(terms):
    """The sum of losses times numbers, which are finite.

    Raises
    ------
    TypeError
        If the losses do not read the same, or one needs a parameter that it has not.
    ValueError
        If a number is not finite.
    """
    first = terms[0][1]
    for coefficient, loss in terms:
        if not math.isfinite(coefficient):
            raise ValueError(f"{loss.name} is multiplied by {coefficient}: give a finite number")
        if not isinstance(loss, ElementwiseLoss | RowLoss):
            raise TypeError(f"{loss.name} is one of {loss.family}: sums are of losses of numbers or of rows of logits")
        if _reading(loss) != _reading(first):
            raise TypeError(
                f"{first.name} is a loss of {_reading(first)} and {loss.name} one of {_reading(loss)}: "
                "a sum is of losses that read the same"
            )
        if isinstance(loss, ElementwiseLoss):
            loss._in_force({})
        elif loss._ignored != first._ignored:
            raise TypeError(
                f"{first.name} ignores label {first._ignored} and {loss.name} {loss._ignored}: bind one of both"
            )
    terms = [term for term in terms if term[0] != 0] or terms[:1]  # times 0 is left out, as rows of weight 0 are
    if first.is_rowwise:
        return CombinedRowLoss(terms)
    return (CombinedResidualLoss if first.has_weight else CombinedLoss)(terms)


def _reading(loss):
    if loss.is_rowwise and loss.targets == LOGITS:
        return "two rows of logits"
    return _READINGS.get(loss.reads_as, loss.family)


class OwnLoss(ElementwiseLoss):
    """A loss that is none of the catalogue, whose outputs come from parts: those of its terms."""

    is_of_catalogue = False

    def __init__(self, name, family, traits, domains, parameters, doc):
        self.requires_target = self.takes_target and not self.has_weight
        self._target = "required" if self.requires_target else "optional" if self.takes_target else "none"
        self._relations, self._own_outputs = (), frozenset(self.output_names)
        super(ElementwiseLoss, self).__init__(name, family, traits, domains, parameters, doc)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def _open_plain_way(self):
        """There is none."""

    def _general(self, *arguments, outputs, **keywords):
        if not self._own_outputs.issuperset(outputs):
            self._checked_outputs(outputs)
        return super()._general(*arguments, outputs=outputs, **keywords)

    def _loop(self, call, mask, by_number, keeps_sum):
        parts = [loss._part(call, mask) for _, loss in self.terms]
        coefficients = [coefficient for coefficient, _ in self.terms]
        at_once = PYTHON_BLOCKS if self.calls_python else 1
        _, _, sample_weight = call.operands
        return Combination(
            parts, coefficients, call.operands[0][0].size, call.is_double, sample_weight, by_number, mask, call.factor,
            keeps_sum, at_once,
        )  # fmt: skip


class _Sum:
    """What sums of losses share. `terms` are ((number, loss), ...), whose parameters are bound: the sum has none."""

    is_of_catalogue = False

    def _declared(self, terms):
        """(name, family, traits, domains, defaults, docstring); it has the outputs that all of its losses have."""
        losses = [loss for _, loss in terms]
        self._own_terms, self.takes_target = tuple(terms), losses[0].takes_target
        self.output_names = tuple(name for name in kernels.OUTPUTS if all(name in loss.output_names for loss in losses))
        name, traits = _written(terms, lambda loss: loss.name), _traits(terms)
        doc = partial(_DOC.format, name=name, traits=", ".join(sorted(traits)) or "none")
        return name, losses[0].family, traits, {}, {}, doc

    @property
    def terms(self):
        return self._own_terms

    def __repr__(self):
        return _written(self.terms, repr)

    def _text(self):
        return _written(self.terms, lambda loss: loss._text())

    def _identity(self):
        return [[coefficient, loss._identity()] for coefficient, loss in self.terms]

    def _key(self):
        return "sum", tuple((coefficient, loss._key()) for coefficient, loss in self.terms)

    def __reduce__(self):
        return combined, (self.terms,)

    def _checked_outputs(self, outputs):
        for _, loss in self.terms:
            loss._checked_outputs(outputs)
        return super()._checked_outputs(outputs)

    def _check_params(self, params, is_call):
        for name in params:
            raise TypeError(
                f"{self.name} has no parameter {name!r}: bind those of its losses before they are added, as in "
                f"2 * fl.huber.bind(delta=1.5)"
            )
        return {}


class CombinedLoss(_Sum, OwnLoss):
    """A sum of multiples of losses with one value an element."""

    _lacks = FixedDict(OwnLoss._lacks, cfunc="cfunc: take those of its terms")

    def __init__(self, terms):
        self.calls_python = any(loss.calls_python for _, loss in terms)
        super().__init__(*self._declared(terms))

    def _check_narrowed(self, parameters):
        for _, loss in self.terms:
            loss._check_narrowed(loss.parameters)


class CombinedResidualLoss(CombinedLoss, ResidualLoss):
    """A sum of multiples of losses of a residual."""


class CombinedRowLoss(_Sum, RowLoss):
    """A sum of multiples of losses of rows of logits, computed one after the other; means are added as they are."""

    def __init__(self, terms):
        of_labels = any(loss.targets == LABELS for _, loss in terms)
        self.targets = LABELS if of_labels else terms[0][1].targets
        super(RowLoss, self).__init__(*self._declared(terms))

    def _open_plain_way(self):
        """There is none."""

    @in_standard_floats
    def _general(self, logits, target, *others, outputs, out=None, **keywords):
        self._check_params(
            {name: value for name, value in keywords.items() if name not in self.__signature__.parameters}, is_call=True
        )
        totals = None
        with np.errstate(over="ignore", invalid="ignore"):
            for coefficient, loss in self.terms:
                found = loss._general(logits, target, *others, outputs=outputs, **keywords)
                multiples = [np.multiply(coefficient, x, dtype=np.float64) for x in found]
                totals = multiples if totals is None else [a + b for a, b in zip(totals, multiples, strict=True)]
            results = [
                float(total) if type(x) is float else total.astype(x.dtype)
                for total, x in zip(totals, found, strict=True)
            ]
        if out is None:
            return tuple(results)
        arrays = [np.asarray(x) for x in results if type(x) is not float]
        views, destination = check_outputs(out, [x.shape for x in arrays], arrays[0].dtype, ())
        for view, array in zip(views, arrays, strict=True):
            view[...] = array
        stored = iter(final_results(views, destination))
        return tuple(x if type(x) is float else next(stored) for x in results)

    _general.__qualname__ = "loss"


Arithmetic._combined = staticmethod(combined)


def _traits(terms):
    """What is true of all losses is of their sum; of convex ones where no number is below 0."""
    traits = frozenset.intersection(*(loss.traits for _, loss in terms))
    return traits if all(coefficient >= 0 for coefficient, _ in terms) else traits - {"convex"}


def _written(terms, text_of):
    """2*huber - 0.1*squared_error"""
    text = ""
    for coefficient, loss in terms:
        size = abs(coefficient)
        sign = "-" if math.copysign(1, coefficient) < 0 else "+"
        number = "" if size == 1 else f"{repr(size).removesuffix('.0')}*"
        text += f" {sign} {number}{text_of(loss)}"
    return text.removeprefix(" + ").replace(" - ", "-", 1) if text.startswith(" - ") else text.removeprefix(" + ")
