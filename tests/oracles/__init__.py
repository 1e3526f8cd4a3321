"""The exact elementwise losses: a high-precision formula each, and the error that is allowed.

A loss is one entry of ORACLES: its value as a function of mpmath numbers or jets, from which all
derivatives follow.  Inputs are the stored numbers: the residual is the rounded difference, and
parameters are rounded to the data's dtype.  A family is a file.  The row losses are in
row_oracles.py.
"""

from dataclasses import dataclass, field

from jets import Jet, seed
from mpmath import isinf, mp, mpf
from precision import converged, stored

from oracles.count import COUNT
from oracles.deviance import DEVIANCE
from oracles.margin import MARGIN
from oracles.oracle import Oracle
from oracles.probability import PROBABILITY
from oracles.relative import RELATIVE
from oracles.residual import RESIDUAL
from oracles.robust import ROBUST
from oracles.scaled import SCALED

__all__ = ["ORACLES", "Exact", "Oracle", "exact", "exact_param_grad"]

ORACLES = {**RESIDUAL, **SCALED, **ROBUST, **RELATIVE, **MARGIN, **PROBABILITY, **COUNT, **DEVIANCE}


@dataclass(frozen=True)
class Exact:
    """One output at one point: what it is, what its error is measured by, and the bound.

    Most instruction sets have the same result: `errors` is {(dtype, result): its error}, of those that were looked at.
    """

    result: mpf
    magnitude: mpf | None
    ulps: float | None
    errors: dict = field(default_factory=dict, compare=False, repr=False)


def exact(name, arguments, dtype, parameters):
    """{output: Exact} of value, grad, hess and (for a residual) weight at one point."""
    oracle = ORACLES[name]
    parameters = _parameters(parameters, dtype)
    arguments = [mpf(float(a)) for a in arguments]
    names = ("value", "grad", "hess", "weight")
    if oracle.admits and not oracle.admits(arguments[1], **parameters):
        return dict.fromkeys(names, Exact(mp.nan, None, 1.0))

    def outputs():
        jet = oracle.value(seed(arguments[0]), *arguments[1:], **parameters)
        jet = jet if isinstance(jet, Jet) else Jet(jet, mpf(0), mpf(0))
        return jet.f, jet.d, jet.dd, _weight(oracle, jet, arguments[0], parameters)

    results = zip(names, converged(outputs), strict=True)
    return {output: _exact(oracle, output, result, arguments, dtype, parameters) for output, result in results}


def _weight(oracle, jet, residual, parameters):
    if residual:
        return jet.d / residual
    return oracle.weight_at_zero(**parameters) if oracle.weight_at_zero else jet.dd


def exact_param_grad(name, parameter, arguments, dtype, parameters):
    """Exact derivative of the value with respect to one parameter."""
    oracle = ORACLES[name]
    parameters = _parameters(parameters, dtype)
    arguments = [mpf(float(a)) for a in arguments]
    at = oracle.differentiable(parameter, parameters[parameter], dtype)
    if isinf(at):
        result = mpf(0)
    else:
        seeded = {**parameters, parameter: seed(at)}
        (result,) = converged(lambda: (_slope(oracle.value(*arguments, **seeded)),))
    output = f"d/d{parameter}"
    return _exact(oracle, output, result, arguments, dtype, parameters)


def _exact(oracle, output, result, arguments, dtype, parameters):
    bound, terms = oracle.ulps, oracle.terms
    if callable(bound):
        bound = bound(output, dtype, arguments, **parameters)
    magnitude = terms(output, arguments, **parameters) if terms else None
    return Exact(result, magnitude, bound)


def _parameters(parameters, dtype):
    return {name: stored(value, dtype) for name, value in parameters.items()}


def _slope(jet):
    return jet.d if isinstance(jet, Jet) else mpf(0)
