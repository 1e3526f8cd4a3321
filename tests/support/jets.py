"""Second-order automatic differentiation over mpmath numbers.

A Jet carries a function's value and its first two derivatives in one seeded variable, so that an
oracle states only the value of a loss, and its derivatives follow exactly, on the piece of the
formula that the value took.  The functions below take plain numbers as well as jets.
"""

from dataclasses import dataclass
from functools import cache

from mpmath import mp, mpf

__all__ = ["Jet", "atan", "cos", "cosh", "exp", "expm1", "log", "log1p", "loggamma", "seed", "sqrt"]


@dataclass(frozen=True, eq=False)
class Jet:
    """f, df/dt and d2f/dt2 of one variable t."""

    f: mpf
    d: mpf
    dd: mpf

    def __add__(self, other):
        other = _jet(other)
        return Jet(self.f + other.f, self.d + other.d, self.dd + other.dd)

    def __neg__(self):
        return Jet(-self.f, -self.d, -self.dd)

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        other = _jet(other)
        second = self.dd * other.f + 2 * self.d * other.d + self.f * other.dd
        return Jet(self.f * other.f, self.d * other.f + self.f * other.d, second)

    def __truediv__(self, other):
        other = _jet(other)
        f = self.f / other.f  # rounded once: a quotient that is 1 is exactly 1
        d = (self.d - f * other.d) / other.f
        return Jet(f, d, (self.dd - 2 * d * other.d - f * other.dd) / other.f)

    def __rtruediv__(self, other):
        return _jet(other) / self

    def __pow__(self, exponent):
        f = self.f ** (exponent - 2) if exponent > 2 else mpf(1)
        if exponent == 2:
            return self * self
        first, second = exponent * f * self.f, exponent * (exponent - 1) * f
        return _chain(self, f * self.f**2, first, second)

    def __abs__(self):
        sign = mp.sign(self.f)  # 0 at 0: the subgradient that the library promises at a kink
        return Jet(abs(self.f), sign * self.d, sign * self.dd)

    def __eq__(self, other):
        return self.f == _jet(other).f

    def __lt__(self, other):
        return self.f < _jet(other).f

    def __le__(self, other):
        return self.f <= _jet(other).f

    def __gt__(self, other):
        return self.f > _jet(other).f

    def __ge__(self, other):
        return self.f >= _jet(other).f

    __radd__, __rmul__ = __add__, __mul__
    __hash__ = None


def seed(value):
    """The variable itself: derivative 1."""
    return Jet(mpf(value), mpf(1), mpf(0))


def _jet(x):
    return x if isinstance(x, Jet) else Jet(x, mpf(0), mpf(0))


def _chain(x, f, first, second):
    """f(x) with f' and f'' at x."""
    return Jet(f, first * x.d, first * x.dd + second * x.d**2)


def _function(value, derivatives):
    """A function of numbers and jets; derivatives(x, f) gives f'(x) and f''(x)."""

    def call(x):
        if not isinstance(x, Jet):
            return value(mp.mpf(x))
        f = value(x.f)
        return _chain(x, f, *derivatives(x.f, f))

    return call


@cache
def _gamma(x, precision):
    """log Gamma and its first two derivatives: slow, and most often of a parameter that stays the same."""
    return mp.loggamma(x), mp.digamma(x), mp.psi(1, x)


exp = _function(mp.exp, lambda x, f: (f, f))
expm1 = _function(mp.expm1, lambda x, f: (mp.exp(x), mp.exp(x)))
log = _function(mp.log, lambda x, f: (1 / x, -1 / x**2))
log1p = _function(mp.log1p, lambda x, f: (1 / (1 + x), -1 / (1 + x) ** 2))
loggamma = _function(lambda x: _gamma(x, mp.prec)[0], lambda x, f: _gamma(x, mp.prec)[1:])
sqrt = _function(mp.sqrt, lambda x, f: (1 / (2 * f), -1 / (4 * f**3)))
cos = _function(mp.cos, lambda x, f: (-mp.sin(x), -f))
cosh = _function(mp.cosh, lambda x, f: (mp.sinh(x), f))
atan = _function(mp.atan, lambda x, f: (1 / (1 + x**2), -2 * x / (1 + x**2) ** 2))
