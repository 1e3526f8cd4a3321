"""What a page says of a comparison."""

from __future__ import annotations

from fastloss.files.comparing import OUTCOMES, Comparison
from fastloss.report.markup import interval, name, number, section, share, table, text
from fastloss.report.pictures import Line, histogram, lines
from fastloss.report.summarized import MOST_GROUPS, by_text, fields, group_lines, ordered, shown_of, spec

_PARTS = ("first", "second", "difference")
_NUMBERS = ("count", "mean", "std", "stderr", "interval", "min", "p50", "p90", "p99", "max")


def compared(comparison: Comparison) -> list[str]:
    """The parts of the section of a Comparison."""
    return [
        *spec(comparison.first),
        "<p>Differences are the first loss minus the second, row by row: below zero the first is better.</p>",
        f'<div class="beside">{_numbers(comparison)}'
        f"<div>{_outcomes(comparison)}{histogram(comparison.difference, 'differences')}</div></div>",
        _groups(comparison) if comparison.groups else "",
    ]


def _numbers(comparison: Comparison) -> str:
    found = [fields(getattr(comparison, part)) for part in _PARTS]
    if comparison.difference.weighted is not None:
        found = [each | {"mean": each["weighted_mean"]} for each in found]
    rows = [
        [key, *((interval if key == "interval" else number)(each[key]) for each in found)]
        for key in _NUMBERS
        if key in found[0]
    ]
    return table(("", *_PARTS), rows, "Numbers")


def _outcomes(comparison: Comparison) -> str:
    counts = [getattr(comparison, outcome) for outcome in OUTCOMES]
    if not sum(counts):
        return ""
    drawn = [
        Line(text(outcome), f"{number(count)} {text(share(count, sum(counts)))}", (0.0, 100 * count / sum(counts)))
        for outcome, count in zip(OUTCOMES, counts, strict=True)
    ]
    said = ", ".join(f"{outcome} {count:,}" for outcome, count in zip(OUTCOMES, counts, strict=True))
    return lines(
        drawn, f"Rows {said}", "Rows in which the first loss is smaller (won), larger (lost), and equal (tied)."
    )


def _groups(comparison: Comparison) -> str:
    groups, labels, by = comparison.groups, comparison.first.labels(), by_text(comparison.by)
    keys = ordered(groups, lambda group: group.difference.weighted_mean)[:MOST_GROUPS]
    texts, found = [labels[key] for key in keys], [fields(groups[key].difference) for key in keys]
    what = f"of {shown_of(len(groups))}"
    caption = f"Mean differences by {name(by)}, {what}, the largest first."
    picture = group_lines(texts, found, f"Mean differences {what} by {by}", caption)
    rows = [
        [
            name(label),
            number(groups[key].difference.count),
            *(number(fields(getattr(groups[key], part))["weighted_mean"]) for part in _PARTS),
            interval(each["interval"]),
            *(number(getattr(groups[key], outcome)) for outcome in OUTCOMES),
        ]
        for label, key, each in zip(texts, keys, found, strict=True)
    ]
    heads = (name(by), "count", *_PARTS, "95% interval", *OUTCOMES)
    return section(f"By {name(by)}", picture, table(heads, rows, "Groups"), level=3)
