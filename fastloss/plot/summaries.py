"""What scoring found: histograms of losses, groups, comparisons, calibration."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from fastloss.exact.groups import GroupedSummary
from fastloss.exact.scale import Scale, tick_label
from fastloss.exact.summary import Summary
from fastloss.plot.style import axes_of, palette, tidy

if TYPE_CHECKING:
    from fastloss.files.comparing import Comparison

MARKED = {0.5: "-", 0.9: "--", 0.99: ":"}  # quantiles, and their lines
MOST_GROUPS = 40
NAME_LENGTH = 24  # characters of a name that are shown: its begin and its end
OUTCOMES = ("won", "lost", "tied")
NOTHING = "no loss counts in the summary: there is nothing to draw"


def summary(summary: Summary, *, ax: Any = None) -> Any:
    """
    Histogram of losses on a scale of logarithms, with their mean and quantiles.

    The bars are counts of the exact buckets, so that the same losses make the same picture, whatever scored them. The
    area of a bar is the number of its rows. Zeros and infinities have columns of their own.

    Parameters
    ----------
    summary : Summary
        Of one loss; those of several are in the mapping that `score` returns.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If it is no summary.
    ValueError
        If no loss counts in it.

    Examples
    --------
    >>> import fastloss as fl
    >>> figure = fl.plot.summary(fl.summarize([0.5, 1.0, 4.0]))
    >>> figure.axes[0].get_title()
    '3 losses from 0.5 to 4'
    """
    _check(summary, Summary)
    figure, (axes,) = axes_of(ax, 1, _wrapped(summary.loss or "Losses"), (7.4, 4.2))
    _histogram(axes, summary, "losses")
    return figure


def groups(summary: GroupedSummary, *, ax: Any = None) -> Any:
    """
    Mean losses of groups with their 95% intervals, the largest first; of more than 40 groups those 40.

    Parameters
    ----------
    summary : GroupedSummary
        What `score` with `by` returns; of a comparison, its `difference`.
    ax : matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If it is not by groups.
    ValueError
        If no group has a mean.
    """
    _check(summary, GroupedSummary)
    labels = summary.labels()
    found = [(labels[key], summary.groups[key]) for key in summary.worst_first()]
    drawn = [(label, group) for label, group in found if group.count and group.weighted_mean is not None][:MOST_GROUPS]
    if not drawn:
        raise ValueError("no group of the summary has a mean: there is nothing to draw")
    figure, (axes,) = axes_of(ax, 1, _wrapped(summary.loss or "Losses"), (7.4, 1.6 + 0.26 * len(drawn)))
    colours = palette(axes)
    for place, (_, group) in enumerate(drawn):
        if group.interval is not None:
            axes.plot(group.interval, (place, place), color=colours.first, linewidth=2, solid_capstyle="butt")
    axes.scatter([group.weighted_mean for _, group in drawn], range(len(drawn)), s=30, color=colours.first, zorder=3)
    mean = summary.weighted_mean
    axes.axvline(mean, color=colours.second, linestyle="--", linewidth=1.5, label=f"all rows: {mean:.4g}")
    axes.set_yticks(range(len(drawn)), [_short(label) for label, _ in drawn], fontsize=9)
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    by = summary.by if isinstance(summary.by, str) else ", ".join(summary.by)
    axes.set_ylabel(_short(by))
    axes.set_xlabel("mean, 95% interval")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    left_out = f", the {len(drawn)} of {len(found):,} groups with the largest means" if len(drawn) < len(found) else ""
    axes.set_title(f"Means by {_short(by)}{left_out}", fontsize=11)
    tidy(axes)
    return figure


def comparison(comparison: Comparison, *, ax: Any = None) -> Any:
    """
    Histogram of the differences of two losses, row by row, and how many rows the first won, lost and tied.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returns.
    ax : two matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If it is no comparison.
    ValueError
        If no row counts in both.
    """
    if not hasattr(comparison, "won"):
        raise TypeError(f"comparison must be what fl.compare returns, got {type(comparison).__name__}")
    title = _wrapped(comparison.first.loss or "Losses")
    figure, (left, right) = axes_of(ax, 2, title, (5, 4.2), width_ratios=(2.4, 1))
    _histogram(left, comparison.difference, "differences, first minus second,")
    colours = palette(right)
    counts = [getattr(comparison, outcome) for outcome in OUTCOMES]
    bars = right.barh(OUTCOMES, counts, color=(colours.first, colours.second, colours.fill), height=0.6)
    texts = [f"{count:,}\n{100 * count / sum(counts):.4g}%" for count in counts]
    for text in right.bar_label(bars, texts, padding=4, fontsize=9):
        text.set_color(colours.ink)
    right.set_xlim(0, 1.45 * max(counts))
    right.invert_yaxis()
    right.set_title("Rows that the first won, lost, tied", fontsize=11)
    tidy(right)
    right.set_xticks([])
    right.grid(visible=False)
    return figure


def calibration(summary: Summary, *, ax: Any = None) -> Any:
    """
    Reliability diagram: how often predictions were right, over how sure they were, and how many there are.

    Parameters
    ----------
    summary : Summary
        With `calibration`, as `score` returns it where it is given a number of bins.
    ax : two matplotlib axes, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If it is no summary.
    ValueError
        If it has no calibration, or no loss counts in it.
    """
    _check(summary, Summary)
    found = summary.calibration
    if found is None:
        raise ValueError("the summary has no calibration: score with calibration=15")
    if not summary.count:
        raise ValueError(NOTHING)
    bins = found["bins"]
    figure, (left, right) = axes_of(ax, 2, _wrapped(summary.loss or "Calibration"), (4.6, 4.4))
    colours, width = palette(left), 1 / len(bins)
    counted = [(number, each) for number, each in enumerate(bins) if each["count"]]
    places, counts = [(number + 0.5) * width for number, _ in counted], [each["count"] for _, each in counted]
    confidence, accuracy = ([each[name] for _, each in counted] for name in ("confidence", "accuracy"))
    left.plot((0, 1), (0, 1), color=colours.ink, linestyle=":", linewidth=1.5, label="as right as sure")
    left.bar(places, accuracy, 0.94 * width, color=colours.fill, label="right")
    left.vlines(confidence, confidence, accuracy, color=colours.second, linewidth=2, label="gap")
    left.scatter(confidence, accuracy, s=26, color=colours.first, zorder=3)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    left.set_title(f"expected error {found['ece']:.4g}, largest {found['mce']:.4g}", fontsize=11)
    left.legend(fontsize=8, frameon=False, loc="upper left")
    right.bar(places, counts, 0.94 * width, color=palette(right).fill)
    right.set(xlim=(0, 1), xlabel="confidence", ylabel="rows")
    right.set_title(f"{sum(counts):,} rows", fontsize=11)
    tidy(left, right)
    return figure


def _check(given: Any, wanted: type[Summary]) -> None:
    if isinstance(given, wanted):
        return
    if wanted is GroupedSummary and isinstance(given, Summary):
        raise TypeError("summary has no groups: score with by=")
    fix = f": take one of {', '.join(map(str, given))}" if isinstance(given, dict) else ""
    raise TypeError(f"summary must be the Summary of one loss, got {type(given).__name__}{fix}")


def _histogram(axes: Any, summary: Summary, what: str) -> None:
    """The bars of a summary on its scale of logarithms, its mean and quantiles above them."""
    if not summary.count:
        raise ValueError(NOTHING)
    scale, colours = Scale(summary), palette(axes)
    bins = scale.bins()
    heights = [each.count / (each.right - each.left) for each in bins]
    top = max(heights)
    axes.bar(
        [each.left for each in bins],
        [height / top for height in heights],
        [each.right - each.left for each in bins],
        align="edge",
        color=colours.fill,
    )
    for left, right in scale.spans():
        axes.plot((left, right), (0, 0), color=colours.ink, linewidth=1.2, clip_on=False)
    ticks = scale.ticks()
    axes.set_xticks([place for _, place in ticks], [tick_label(value) for value, _ in ticks])
    axes.set_yticks([])
    axes.set_xlim(-1, 101)
    _marks(axes, summary, scale)
    tidy(axes)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel("scale of logarithms; the area of a bar is the number of its rows")
    axes.set_title(f"{summary.count:,} {what} from {summary.min:.6g} to {summary.max:.6g}", fontsize=11)


def _marks(axes: Any, summary: Summary, scale: Scale) -> None:
    """Rules at the mean and the quantiles that are numbers, named below."""
    colours = palette(axes)
    marks = [(f"p{100 * q:g}", summary.quantile(q), colours.first, line) for q, line in MARKED.items()]
    for name, value, colour, line in [("mean", summary.mean, colours.second, "-"), *marks]:
        if not math.isnan(value):
            place = scale.place(value)
            label = f"{name} {value:.4g}"
            axes.plot((place, place), (0, 1.06), color=colour, linestyle=line, linewidth=1.8, label=label)
    axes.set_ylim(0, 1.08)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(ncols=4, fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _short(name: str) -> str:
    shown = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH * 2 // 3]}…{name[-(NAME_LENGTH // 3) :]}"
    return _plain(shown)


def _wrapped(text: str) -> str:
    return _plain("\n".join(textwrap.wrap(text, 70)[:3]))


def _plain(text: str) -> str:
    """What matplotlib shows as it is: no dollar signs that begin a formula, nothing that no screen prints."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text).replace("$", r"\$")
