"""What is known about one elementwise loss, and the bounds of the numerics contract's first line."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mpf
from samples import residuals

__all__ = [
    "Oracle",
    "both_sides",
    "exponential",
    "is_single",
    "piecewise_polynomial",
    "six_in_double",
]


def _residual_inputs(dtype, count, seed, oracle, **parameters):
    scale = parameters.get("scale", 1.0)
    return (residuals(dtype, scale, oracle.edges(None, **parameters), count, seed),)


@dataclass(frozen=True)
class Oracle:
    """What there is to know about one elementwise loss.

    value           (r, **parameters) or (p, y, **parameters) -> number or Jet
    cases           the parameter settings to test
    ulps            the bound: a number, or (output, dtype, arguments, **parameters) -> a number, or
                    None where the contract makes an exemption
    terms           (output, arguments, **parameters) -> the sum of the magnitudes of the terms that
                    the error is measured by, or None to measure by the exact result
    edges           (target, **parameters) -> the preds at which pieces of the formula meet
    inputs          (dtype, count, seed, oracle, **parameters) -> the arrays (pred,) or (pred, target)
                    over the whole domain
    fold            (p, y) -> arrays inside the domain, of moderate size, from numbers in (-8, 8);
                    in exact arithmetic alone, so that they are the same on every machine
    unit            (**parameters) -> the distance in pred over which the loss changes its shape
    weight_at_zero  (**parameters) -> the weight at r = 0, where it is not the second derivative
    degenerate      (**parameters) -> whether the loss has lost its traits at this setting
    admits          (target, **parameters) -> whether it is in the domain: elsewhere all outputs are
                    NaN; None where every number is
    differentiable  (parameter, value, dtype) -> where the derivative by a parameter is taken in its
                    place; 0 is that at infinity
    """

    value: Callable
    cases: tuple[dict, ...] = ({},)
    ulps: float | Callable = 4.0
    terms: Callable | None = None
    edges: Callable = lambda target, **parameters: ()
    inputs: Callable = _residual_inputs
    fold: Callable = lambda p, y: (p, y)
    unit: Callable = lambda scale=1.0, **parameters: scale
    weight_at_zero: Callable | None = None
    degenerate: Callable = lambda **parameters: False
    admits: Callable | None = None
    differentiable: Callable = lambda parameter, value, dtype: value


def both_sides(thresholds):
    """Edges of a residual loss, whose pieces meet at 0 and at the |r| of `thresholds(**parameters)`."""

    def edges(target, **parameters):
        found = thresholds(**parameters)
        return (0.0, *found, *(-edge for edge in found))

    return edges


# ---- bounds --------------------------------------------------------------------------------


def is_single(dtype):
    return np.dtype(dtype) == np.float32


def piecewise_polynomial(output, dtype, arguments, **parameters):
    return 2.0 if is_single(dtype) else 4.0


def six_in_double(output, dtype, arguments, **parameters):
    return 4.0 if is_single(dtype) else 6.0


def exponential(argument):
    """4 ulp, and in double 2 more per unit of `argument(*arguments, **parameters)`."""

    def ulps(output, dtype, arguments, **parameters):
        return 4.0 if is_single(dtype) else 4 + 2 * float(abs(mpf(argument(*arguments, **parameters))))

    return ulps
