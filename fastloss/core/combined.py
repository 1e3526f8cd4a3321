"""Sums of multiples of losses, computed in one pass."""

import math

from fastloss.core import kernels
from fastloss.core.arithmetic import Arithmetic
from fastloss.core.combination import Combination
from fastloss.core.loss import ElementwiseLoss, ResidualLoss

PYTHON_BLOCKS = 4  # that a function of Python is given at once: its arrays stay in the cache, its calls cost little

# What losses read whose family has others that read something else
_READINGS = {
    "binary_cross_entropy_with_logits": "logits",
    "sigmoid_focal": "logits",
    "hinge_embedding": "distances",
    "kl_div": "log-probabilities",
    "relative_entropy": "two numbers",
    "entropy": "no target",
}

_DOC = """\
A sum of multiples of losses, in one pass: {name}.

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
        if not isinstance(loss, ElementwiseLoss):
            raise TypeError(f"{loss.name} is one of {loss.family}: sums are of losses with one value an element")
        if _reading(loss) != _reading(first):
            raise TypeError(
                f"{first.name} is a loss of {_reading(first)} and {loss.name} one of {_reading(loss)}: "
                "a sum is of losses that read the same"
            )
        loss._in_force({})
    terms = [term for term in terms if term[0] != 0] or terms[:1]  # times 0 is left out, as rows of weight 0 are
    return (CombinedResidualLoss if first.has_weight else CombinedLoss)(terms)


def _reading(loss):
    return _READINGS.get(loss.name, loss.family)


class OwnLoss(ElementwiseLoss):
    """A loss that is none of the catalogue, whose outputs come from parts: those of its terms."""

    is_of_catalogue = False

    def __init__(self, name, family, traits, parameters, doc):
        self.requires_target = self.takes_target and not self.has_weight
        self._target = "required" if self.requires_target else "optional" if self.takes_target else "none"
        self._relations, self._own_outputs = (), frozenset(self.output_names)
        domains = dict.fromkeys(parameters, "any")
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


class CombinedLoss(OwnLoss):
    """A sum of multiples of losses. `terms` are ((number, loss), ...); their parameters are bound.

    An output that one of the losses has not, the sum has not. It has no parameters: those of its losses are bound
    before they are added.
    """

    def __init__(self, terms):
        self._own_terms = tuple(terms)
        losses = [loss for _, loss in terms]
        self.takes_target = losses[0].takes_target
        self.output_names = tuple(name for name in kernels.OUTPUTS if all(name in loss.output_names for loss in losses))
        self.calls_python = any(loss.calls_python for loss in losses)
        name = _written(terms, lambda loss: loss.name)
        traits = _traits(terms)
        doc = _DOC.format(name=name, traits=", ".join(sorted(traits)) or "none")
        super().__init__(name, losses[0].family, traits, {}, doc)

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

    def _check_params(self, params):
        for name in params:
            raise TypeError(
                f"{self.name} has no parameter {name!r}: bind those of its losses before they are added, as in "
                f"2 * fl.huber.bind(delta=1.5)"
            )
        return {}

    def _check_narrowed(self, parameters):
        for _, loss in self.terms:
            loss._check_narrowed(loss.parameters)


class CombinedResidualLoss(CombinedLoss, ResidualLoss):
    """A sum of multiples of losses of a residual."""


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
