"""Losses in sums: what `a * loss + b * other` means."""

from numbers import Real

import numpy as np


class Arithmetic:
    """A loss among numbers and other losses. Sums are flat: each is one of multiples of losses that are none."""

    __slots__ = ()
    __array_ufunc__ = None  # numbers of NumPy leave products to the loss
    _combined = None  # the function that makes a sum of its terms: combined.py, whose sums are made of losses

    @property
    def terms(self):
        """((number, loss), ...) of a sum of multiples; of any other loss ((1.0, itself),)."""
        return ((1.0, self),)

    @property
    def reads_as(self):
        """The name of the loss whose predictions and targets it takes: its own, or that of a sum's first term."""
        return self.terms[0][1].name

    def __mul__(self, factor):
        return _sum_of((factor, self)) if _is_number(factor) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        return _sum_of((divisor, self), divides=True) if _is_number(divisor) else NotImplemented

    def __neg__(self):
        return _sum_of((-1, self))

    def __pos__(self):
        return self

    def __add__(self, other):
        return _sum_of((1, self), (1, other)) if isinstance(other, Arithmetic) else NotImplemented

    def __radd__(self, other):
        return self if _is_number(other) and other == 0 else NotImplemented  # where sum() begins

    def __sub__(self, other):
        return _sum_of((1, self), (-1, other)) if isinstance(other, Arithmetic) else NotImplemented


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _sum_of(*multiples, divides=False):
    return Arithmetic._combined([
        (coefficient / float(number) if divides else coefficient * float(number), loss)
        for number, several in multiples
        for coefficient, loss in several.terms
    ])  # fmt: skip
