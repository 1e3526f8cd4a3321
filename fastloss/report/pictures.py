"""Pictures in SVG and CSS that are as wide as the page, whatever that is: places are percent, text is not scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastloss.exact.scale import Bin, Scale, anchor, tick_label
from fastloss.exact.summary import Summary
from fastloss.report.markup import digits, figure, rows_of, share, text

HEIGHT, TOP, BASE = 190, 22, 160  # of a histogram, of its tallest bar, of its axis, in pixels
LEAST_HEIGHT = 1.5  # of a bar, so that a single row is seen


def histogram(summary: Summary, what: str) -> str:
    """The number of losses by their size, in bars; nothing where there are no losses."""
    if not summary.count:
        return ""
    scale = Scale(summary)
    bins = scale.bins()
    tallest = max(bins, key=_density)
    bars = "".join(_bar(each, _density(each) / _density(tallest), summary.count) for each in bins)
    axes = "".join(
        f'<line x1="{left:.3f}%" x2="{right:.3f}%" y1="{BASE}" y2="{BASE}"/>' for left, right in scale.spans()
    )
    ticks = "".join(_tick(value, place) for value, place in scale.ticks())
    peak = f"{rows_of(tallest.count)} ({share(tallest.count, summary.count)}): {_range(tallest)}"
    name = f"Histogram of {summary.count:,} {what} from {digits(summary.min)} to {digits(summary.max)}"
    caption = (
        f"How many {what} are how large, on a scale of logarithms. The area of a bar is the number of its rows, which "
        f'is exact; the tallest has <span class="phrase">{text(peak)}</span>.'
    )
    svg = f'<svg role="img" aria-label="{text(name)}" class="histogram" height="{HEIGHT}">{axes}{bars}{ticks}</svg>'
    return figure(svg, caption)


def _density(each: Bin) -> float:
    return each.count / (each.right - each.left)


def _bar(each: Bin, height: float, count: int) -> str:
    pixels = max(height * (BASE - TOP), LEAST_HEIGHT)
    title = f"{_range(each)}: {rows_of(each.count)}, {share(each.count, count)}"
    return (
        f'<rect x="{each.left:.3f}%" width="{each.right - each.left:.3f}%" y="{BASE - pixels:.2f}" '
        f'height="{pixels:.2f}"><title>{text(title)}</title></rect>'
    )


def _range(each: Bin) -> str:
    return digits(each.low) if each.low == each.high else f"{digits(each.low)} to {digits(each.high)}"


def _tick(value: float, place: float) -> str:
    return (
        f'<line x1="{place:.3f}%" x2="{place:.3f}%" y1="{BASE}" y2="{BASE + 5}"/>'
        f'<text x="{place:.3f}%" y="{BASE + 20}" text-anchor="{anchor(place)}">{text(tick_label(value))}</text>'
    )


def reliability(bins: Sequence[dict]) -> str:
    """The accuracy of each bin of probabilities in bars, and a mark where it would be if they were true."""
    width, count = 100 / len(bins), sum(each["count"] for each in bins)
    bars = "".join(_reliable(each, i * width, width, count) for i, each in enumerate(bins) if each["count"])
    axis = f'<line x1="0%" x2="100%" y1="{BASE}" y2="{BASE}"/>'
    ticks = "".join(_tick(value, 100 * value) for value in (0, 0.25, 0.5, 0.75, 1))
    name = f"Accuracy in {len(bins)} bins of predicted probability"
    caption = (
        "The accuracy of the rows of each bin, from 0 to 1, by the probability predicted. The lines across are at the "
        "mean probability of the bin: a bar below its line is of predictions that are too sure."
    )
    svg = f'<svg role="img" aria-label="{name}" class="histogram" height="{HEIGHT}">{axis}{bars}{ticks}</svg>'
    return figure(svg, caption)


def _reliable(each: dict, left: float, width: float, count: int) -> str:
    top, mark = (BASE - each[key] * (BASE - TOP) for key in ("accuracy", "confidence"))
    title = (
        f"probability {digits(each['confidence'])}, accuracy {digits(each['accuracy'])}: {rows_of(each['count'])}, "
        f"{share(each['count'], count)}"
    )
    return (
        f'<g><title>{text(title)}</title><rect x="{left + width / 20:.3f}%" width="{width * 0.9:.3f}%" y="{top:.2f}" '
        f'height="{max(BASE - top, LEAST_HEIGHT):.2f}"/>'
        f'<line class="mark" x1="{left:.3f}%" x2="{left + width:.3f}%" y1="{mark:.2f}" y2="{mark:.2f}"/></g>'
    )


@dataclass(frozen=True)
class Line:
    """A line of a picture: its name and its number as markup, and what is drawn between them, in percent."""

    name: str
    shown: str
    bar: tuple[float, float]
    dot: float | None = None
    whisker: tuple[float, float] | None = None
    kind: str = ""


def lines(drawn: Sequence[Line], name: str, caption: str, zero: float | None = None) -> str:
    """Lines below each other; a thin rule at `zero`."""
    rule = "" if zero is None else f'<i class="zero" style="left:{zero:.3f}%"></i>'
    body = "\n".join(
        f'<span class="of">{line.name}</span><span class="track {line.kind}">{rule}{_marks(line)}</span>'
        f'<span class="is">{line.shown}</span>'
        for line in drawn
    )
    return figure(f'<div class="lines" role="img" aria-label="{text(name)}">\n{body}\n</div>', caption)


def _marks(line: Line) -> str:
    marks = [("bar", *line.bar)]
    if line.whisker is not None:
        marks.append(("whisker", *line.whisker))
    drawn = "".join(f'<i class="{kind}" style="left:{a:.3f}%;width:{b - a:.3f}%"></i>' for kind, a, b in marks)
    return drawn if line.dot is None else f'{drawn}<i class="dot" style="left:{line.dot:.3f}%"></i>'


class Linear:
    """Percent of a width that holds zero and all of some numbers; those that are infinite are at its ends."""

    def __init__(self, values: Sequence[float]):
        finite = [value for value in values if math.isfinite(value)]
        self._unit = max(map(abs, finite), default=0.0) or 1.0  # so that no difference overflows or is lost
        low, high = min(finite, default=0.0), max(finite, default=0.0)
        self._low, self._high = min(low, 0.0) / self._unit, max(high, 0.0) / self._unit
        if any(value == math.inf for value in values) and self._high == 0:
            self._high = 1.0
        if any(value == -math.inf for value in values) and self._low == 0:
            self._low = -1.0
        if self._low == self._high:
            self._high = 1.0

    def place(self, value: float) -> float:
        """Where a number is."""
        share = (value / self._unit - self._low) / (self._high - self._low)
        return 100 * min(max(share, 0.0), 1.0)

    def bar(self, value: float) -> tuple[float, float]:
        """From zero to a number."""
        low, high = sorted((self.place(0.0), self.place(value)))
        return low, high
