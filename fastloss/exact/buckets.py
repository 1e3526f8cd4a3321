"""The buckets of a summary, as `accumulator` fills them.

An index is a flag of subnormals, the sign, the exponent and the leading bits of a mantissa.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np

from fastloss.core.floats import in_standard_floats
from fastloss.exact import accumulator
from fastloss.exact.packing import packed, unpacked
from fastloss.exact.state import integer, sequence

_LOW_BITS = 45  # mantissa bits summed inside a bucket
LARGEST_LOW = (1 << _LOW_BITS) - 1
_LEAD_BITS = 7  # mantissa bits in a bucket's index
OCTAVE = 1 << _LEAD_BITS  # buckets from a power of two to the next
_LEADS = OCTAVE - 1
_EXPONENT_BIAS = 1023
_EXPONENT_MASK = 0x7FF
_MAGNITUDE = (1 << _LEAD_BITS + 11) - 1  # of an index: the exponent and the leading bits
_FIRST = 1 << _LEAD_BITS  # of the indices of values that are not 0
_SCALED = 1 << _LEAD_BITS + 12  # the first of those of subnormals
SUBNORMAL_SHIFT = 54  # subnormals were multiplied by 2**54, so that sums are integers of 2**-(1074 + 54)
UNITS = 1 << (1074 + SUBNORMAL_SHIFT)  # the number 1 in these units
COUNT_SHIFT = 128  # the count is above this bit of a bucket's state, the sum of low mantissa bits below
LOW_SUM = (1 << COUNT_SHIFT) - 1
ROWS_BELOW = 1 << 63  # a count is a number of 64 bits
_HALF = (1 << 64) - 1
_INFINITE = {sign: (flag << 11 | _EXPONENT_MASK) << _LEAD_BITS for sign, flag in ((1, 0), (-1, 1))}  # their indices


_NONE = np.empty((0, 4), np.uint64)


class Buckets(Mapping[int, int]):
    """{index: count * 2**128 + sum of low mantissa bits}, in arrays: there may be thousands in each of many groups.

    Parameters
    ----------
    states : array of uint64, of shape (n, 4), or of floats
        Of each bucket, by increasing index: this, the low and the high half of its sum of low mantissa bits, its count.
        Or the values, of which these are made when something asks for them: the totals and means tell most.
    totals : tuple, optional
        The number of values, that of inf, that of -inf, and the sum of the finite ones in units of 2**-1128.
    means : mapping, optional
        What `means_at` gives, of some ranks.
    """

    def __init__(
        self,
        states: np.ndarray = _NONE,
        totals: tuple[int, int, int, int] | None = None,
        means: Mapping[int, tuple[float, float]] = MappingProxyType({}),
    ):
        if states.ndim == 2:
            self._states = states
        else:
            self._values = states
        self._means = means
        if totals is not None:
            self._totals = totals

    @cached_property
    @in_standard_floats
    def _states(self) -> np.ndarray:
        return accumulator.states(self._values)

    @classmethod
    def of(cls, indices: Iterable[int], counts: Iterable[int], lows: Iterable[int]) -> Buckets:
        """From their indices, counts and sums, in any order."""
        rows = sorted(zip(indices, counts, lows, strict=True))
        return cls(np.array([(i, low & _HALF, low >> 64, n) for i, n, low in rows], np.uint64).reshape(-1, 4))

    @classmethod
    def of_items(cls, buckets: Mapping[int, int]) -> Buckets:
        """From {index: count * 2**128 + sum of low mantissa bits}."""
        states = buckets.values()
        return cls.of(buckets, (state >> COUNT_SHIFT for state in states), (state & LOW_SUM for state in states))

    def columns(self) -> list[list[int]]:
        """Three lists: indices, counts, sums of low bits. A list a bucket the garbage collector would have to visit."""
        indices, lows, highs, counts = self._states.T.tolist()
        return [indices, counts, [high << 64 | low for low, high in zip(lows, highs, strict=True)]]

    def state(self, index: int) -> int:
        """That of one which is there, without a look at the others."""
        _, low, high, count = self._states[np.searchsorted(self._states[:, 0], np.uint64(index))].tolist()
        return (count << COUNT_SHIFT) + (high << 64 | low)

    def packed(self) -> str:
        """The text that `packing` makes of them."""
        return packed(self._states)

    @property
    def count(self) -> int:
        """The number of values."""
        return self._totals[0]

    @property
    def infinities(self) -> dict[int, int]:
        """The numbers of infinite values, by their signs."""
        return {sign: count for sign, count in ((1, self._totals[1]), (-1, self._totals[2])) if count}

    @property
    def infinite(self) -> int:
        """The number of infinite values."""
        return self._totals[1] + self._totals[2]

    @property
    def total(self) -> int:
        """The exact sum of the finite values, in units of 2**-1128."""
        return self._totals[3]

    @cached_property
    def _totals(self) -> tuple[int, int, int, int]:
        return accumulator.sums(self._states)

    @in_standard_floats
    def means_at(self, rank: int) -> tuple[float, float]:
        """The means of the buckets of the rank-th smallest value, counted from 0, and of the next one."""
        return self._means[rank] if rank in self._means else accumulator.means_at(self._states, rank)

    @in_standard_floats
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean of the values of each bucket, and their number."""
        return accumulator.means(self._states), self._states[:, 3].astype(np.int64)

    def ends(self) -> tuple[int, int]:
        """The indices of the least and the largest values."""
        return accumulator.ends(self._states, self.count)

    def __or__(self, other: Buckets) -> Buckets:
        """Those of the values of both."""
        return Buckets(accumulator.merged(self._states, other._states))

    @cached_property
    def _by_index(self) -> dict[int, int]:
        return {index: (count << COUNT_SHIFT) + low for index, count, low in zip(*self.columns(), strict=True)}

    def __getitem__(self, index: int) -> int:
        return self._by_index[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_index)

    def __len__(self) -> int:
        return len(self._states)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buckets) and np.array_equal(self._states, other._states)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self):
        return Buckets, (self._states,)


def merged_all(many: Iterable[Buckets]) -> Buckets:
    """Those of the values of many."""
    return Buckets(accumulator.merged_all(buckets._states for buckets in many))


def parsed(columns) -> Buckets:
    """Those that three lists describe: indices, counts, sums of low bits; or the text that `packing` makes of them."""
    if type(columns) is str:
        states = unpacked(columns)
        found, (index, low, high, count) = Buckets(states), states.view(np.int64).T
        if high.any() or not _are_usual(index, count, low):
            _check(*found.columns())
        return found
    indices, counts, lows = (sequence(column, "buckets") for column in sequence(columns, "buckets", 3))
    if not len(indices) == len(counts) == len(lows):
        raise ValueError(f"buckets are lists of {len(indices)}, {len(counts)} and {len(lows)}")
    if not _are_usual_numbers(indices, counts, lows):
        _check(indices, counts, lows)
    if len(set(indices)) != len(indices):
        raise ValueError("a bucket is described twice")
    return Buckets.of(indices, counts, lows)


def _are_usual_numbers(*columns: list) -> bool:
    """As `_are_usual`, of lists of anything."""
    if set().union(*(map(type, column) for column in columns)) - {int}:
        return False
    try:
        return _are_usual(*(np.array(column, np.int64) for column in columns))
    except OverflowError:
        return False


def _are_usual(index: np.ndarray, count: np.ndarray, low: np.ndarray) -> bool:
    """Whether these buckets are certainly right: of normal values and zeros, in numbers of 63 bits. All at once, as
    there are thousands in a record."""
    magnitude = index & _MAGNITUDE
    is_normal = (magnitude >= _FIRST) & (magnitude < _INFINITE[1])
    is_zero = (magnitude == 0) & (low == 0)
    is_known = (index >= 0) & (index < _SCALED) & (count >= 1) & (low >= 0) & (low >> _LOW_BITS < count)
    return bool((is_known & (is_normal | is_zero)).all())


def _check(indices: list, counts: list, lows: list) -> None:
    """Look at one bucket after the other."""
    for index, count, low in zip(indices, counts, lows, strict=True):
        integer(index, "an index of a bucket", below=1 << _LEAD_BITS + 13)
        integer(count, "the count of a bucket", 1, ROWS_BELOW)
        is_usual = _FIRST <= index & _MAGNITUDE < _INFINITE[1] and index < _SCALED
        below = count << _LOW_BITS if is_usual else _below(index, count)
        integer(low, "the sum of a bucket", below=below)


def _below(index: int, count: int) -> int:
    """A number above the sum of low bits; 1 for zeros and infinities. A ValueError if no value has the index."""
    if index >= _SCALED and 3 <= _exponent(index) <= SUBNORMAL_SHIFT:
        return count << _LOW_BITS
    if index >= _SCALED or index & _LEADS:
        raise ValueError(f"an index of a bucket is {index}, which no value has")
    return 1


def place(value: float) -> tuple[int, int]:
    """The index of a value's bucket, and its low bits."""
    is_scaled = 0 < abs(value) < sys.float_info.min
    (bits,) = struct.unpack("<Q", struct.pack("<d", math.ldexp(value, SUBNORMAL_SHIFT) if is_scaled else value))
    return is_scaled * _SCALED | bits >> _LOW_BITS, bits & LARGEST_LOW


def rank(index: int) -> int:
    """A number that orders buckets by their values; of both zeros it is 0."""
    if _exponent(index) == 0:
        return 0
    return sign(index) * ((index < _SCALED) << _LEAD_BITS + 11 | index & _MAGNITUDE)


def sign(index: int) -> int:
    return -1 if index >> (_LEAD_BITS + 11) & 1 else 1


def _exponent(index: int) -> int:
    return index >> _LEAD_BITS & _EXPONENT_MASK


def octave(index: int) -> tuple[int, int]:
    """The exponent of the power of two below a magnitude that is neither 0 nor infinite, and which of the OCTAVE
    equal parts from there to the next power it is in."""
    subnormal = SUBNORMAL_SHIFT if index >= _SCALED else 0
    return _exponent(index) - _EXPONENT_BIAS - subnormal, index & _LEADS


def is_infinite(index: int) -> bool:
    return _exponent(index) == _EXPONENT_MASK
