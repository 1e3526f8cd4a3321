"""Whether the numbers of a summary that another program may have written agree: those which tell of one another."""

from __future__ import annotations

import functools
from collections.abc import Collection
from operator import or_

from fastloss.exact.buckets import (
    COUNT_SHIFT,
    LARGEST_LOW,
    LOW_SUM,
    ROWS_BELOW,
    Buckets,
    merged_all,
    place,
    rank,
    sign,
)
from fastloss.exact.weighted import WEIGHT_UNITS, WeightedSums
from fastloss.exact.worst import Worst


def check(summary) -> None:
    """That some values have the counts, bounds and sums of a `Summary`.

    Raises
    ------
    ValueError
        If not.
    """
    held = summary.buckets.count
    if summary.count != held:
        raise _damaged(f"count is {summary.count}, its buckets hold {held}")
    if summary.rows >= ROWS_BELOW:
        raise _damaged(f"it is of {summary.rows} rows")
    if held:
        _check_bounds(summary.buckets, summary.min, summary.max)
    elif (summary.min, summary.max) != (None, None):
        raise _damaged(f"of no values min is {summary.min} and max is {summary.max}")
    infinite = summary.buckets.infinities
    bounds = None if infinite or not held else (_units(summary.min), _units(summary.max))
    _check_squares(summary.squares, held - sum(infinite.values()), bounds)
    if summary.weighted is not None:
        _check_weighted(summary.weighted, held, infinite, bounds)
    if summary.worst_rows is not None:
        _check_worst(summary.worst_rows, held, summary.max)
    if summary.calibrated is not None and sum(summary.calibrated.counts) != held:
        raise _damaged("its calibration is of other rows")
    for name, output in summary.outputs.items():
        if output.outputs or any(getattr(output, of) > getattr(summary, of) for of in ("rows", "null", "ignored")):
            raise _damaged(f"{name!r} is no output of these rows")


def check_parts(whole, parts: Collection) -> None:
    """That a `Summary` is that of all rows of its groups, beside which there may be rows that are ignored.

    Raises
    ------
    ValueError
        If not.
    """
    for name in ("null", "nan", "count", "squares"):
        if sum(getattr(part, name) for part in parts) != getattr(whole, name):
            raise _damaged(f"{name} is not that of its groups")
    if sum(part.ignored for part in parts) > whole.ignored:
        raise _damaged("ignored is less than that of its groups")
    if merged_all(part.buckets for part in parts) != whole.buckets:
        raise _damaged("it has buckets that its groups have not, or has not theirs")
    counted = [part for part in parts if part.count]
    if counted and (whole.min, whole.max) != (min(p.min for p in counted), max(p.max for p in counted)):
        raise _damaged(f"min is {whole.min} and max is {whole.max}, which its groups have not")
    if whole.weighted is None:
        agree = all(part.weighted is None for part in parts)
    else:
        agree = whole.weighted == functools.reduce(or_, (part._weighted_sums() for part in parts), WeightedSums())
    if not agree:
        raise _damaged("its weighted sum is not that of its groups")
    bins = [part.calibrated for part in parts if part.calibrated is not None]
    if bins and functools.reduce(or_, bins) != whole.calibrated:
        raise _damaged("its calibration is not that of its groups")
    if any(part.outputs or part.loss not in (None, whole.loss) for part in parts):
        raise _damaged("a group is of another loss, or has outputs")


def _check_bounds(buckets: Buckets, smallest: float | None, largest: float | None) -> None:
    """That they are in the outermost of the buckets, whose other values are between them."""
    if None in (smallest, largest):
        raise _damaged(f"min is {smallest} and max is {largest}")
    (at_smallest, low_smallest), (at_largest, low_largest) = place(smallest), place(largest)
    first, last = buckets.ends()
    if (rank(at_smallest), rank(at_largest)) != (rank(first), rank(last)):
        raise _damaged(f"min is {smallest} and max is {largest}, its buckets have others")
    if smallest > largest or not all(
        _fits(
            index,
            buckets.state(index),
            low_smallest if index == first else None,
            low_largest if index == last else None,
        )
        for index in {first, last}
    ):
        raise _damaged(f"min is {smallest} and max is {largest}, its buckets have others")


def _fits(index: int, state: int, low_smallest: int | None, low_largest: int | None) -> bool:
    """Whether values with the low bits of bounds, and others between them, have the sum of a bucket."""
    count, low = state >> COUNT_SHIFT, state & LOW_SUM
    known = [bound for bound in (low_smallest, low_largest) if bound is not None]
    if count == 1:
        return {low} == {*known}
    least, most = (low_smallest, low_largest) if sign(index) > 0 else (low_largest, low_smallest)
    least, most = 0 if least is None else least, LARGEST_LOW if most is None else most
    others = count - len(known)
    return others * least <= low - sum(known) <= others * most


def _check_squares(squares: int, finite: int, bounds: tuple[int, int] | None) -> None:
    """That the sum of squares is one of finite values between bounds, that are none where others are infinite."""
    one, other = sorted(bound * bound for bound in bounds or (0, 0))
    are_alike = bounds is not None and (bounds[0] > 0) == (bounds[1] > 0)
    least, most = finite * one if are_alike else one + other, finite * other
    if squares < least or (squares > most and (bounds or not finite)):
        raise _damaged("its sum of squares is not that of its values")


def _check_weighted(sums: WeightedSums, held: int, infinite: dict[int, int], bounds: tuple[int, int] | None) -> None:
    if sums.w < 0 or (sums.w and not held) or sums.positive > infinite.get(1, 0) or sums.negative > infinite.get(-1, 0):
        raise _damaged("its sum of weights is negative, or of more values than it has")
    if not sums.w**2 <= sums.ww * max(held, 1) <= sums.w**2 * max(held, 1):
        raise _damaged("its sums of weights and of their squares do not agree")
    for of_ones, of_values, of_squares in ((sums.w, sums.wl, sums.wll), (sums.ww, sums.wwl, sums.wwll)):
        if of_values**2 > of_ones * of_squares or of_squares < 0:
            raise _damaged("its weighted sums do not agree")
        least, most = bounds or (0, 0)  # where some are infinite, of those of weight 0
        if (bounds or not sums.w) and not (
            least * of_ones <= of_values <= most * of_ones and of_squares <= max(least**2, most**2) * of_ones
        ):
            raise _damaged("its weighted sum is not that of its values")


def _check_worst(worst: Worst, held: int, largest: float | None) -> None:
    """That they are as many as they can be, the largest first."""
    values = worst.values
    if len(values) != min(worst.count, held) or (values[1:] > values[:-1]).any():
        raise _damaged("its worst rows are too few or too many, or not in their order")
    if held and values[0] != largest:
        raise _damaged(f"the largest loss of its worst rows is {values[0]}, max is {largest}")


def _units(value: float) -> int:
    """A finite number in units of 2**-1074."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << WEIGHT_UNITS) // denominator


def _damaged(found: str) -> ValueError:
    return ValueError(f"the summary is damaged: {found}")
