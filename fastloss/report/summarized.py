"""What a page says of a summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastloss.core.loss import get, list_losses
from fastloss.exact.groups import GroupedSummary
from fastloss.exact.scale import Scale
from fastloss.exact.summary import Summary
from fastloss.losses.catalogue import summary as described
from fastloss.report.markup import digits, interval, name, number, section, table, text
from fastloss.report.pictures import Line, Linear, histogram, lines, reliability
from fastloss.report.rows import rows_table

if TYPE_CHECKING:
    import pyarrow as pa

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
MOST_GROUPS = 100
MOST_TABLES = 20  # of worst rows of groups
_STATISTICS = ("sum", "mean", "weighted_mean", "std", "stderr", "interval", "perplexity", "perplexity_interval", "bits")
_WORDS = {"interval": "mean, 95% interval", "perplexity_interval": "perplexity, 95% interval"}
_COLUMNS = ("count", "mean", "weighted_mean", "stderr", "min", "p50", "p90", "p99", "max", "null", "nan", "ignored")


def summarized(summary: Summary, worst: pa.Table | None) -> list[str]:
    """The parts of its section."""
    worst = summary.worst if worst is None else worst
    return [
        *spec(summary),
        f'<div class="beside">{_numbers(summary)}<div>{histogram(summary, "losses")}{_quantiles(summary)}</div></div>',
        _outputs(summary),
        _groups(summary) if isinstance(summary, GroupedSummary) else "",
        _calibration(summary),
        "" if worst is None else section("Worst rows", rows_table(worst), level=3),
        _worst_of_groups(summary) if isinstance(summary, GroupedSummary) else "",
    ]


def fields(summary: Summary) -> dict[str, Any]:
    """The numbers of its JSON, without those of groups, and quantiles by the names p50, p99.9."""
    found = Summary.fields(summary)
    return found | {f"p{float(q) * 100:.6g}": value for q, value in found["quantiles"].items()}


def spec(summary: Summary) -> list[str]:
    """What was computed, in words."""
    said = [f"<p>The loss is {_loss(summary.loss)}</p>"] if summary.loss else []
    out = [(summary.null, "with a null"), (summary.nan, "with a loss that is NaN"), (summary.ignored, "ignored")]
    left_out = ", ".join(f"{number(count)} {why}" for count, why in out if count)
    left_out = f"; left out are {left_out}" if left_out else ""
    infinite = f" Infinite losses: {number(summary.infinite)}." if summary.infinite else ""
    counted = f"{number(summary.count)} of {number(summary.rows)} rows count{left_out}."
    weighted = "" if summary.weighted is None else f" Their weights sum to {number(fields(summary)['sum_of_weights'])}."
    return [*said, f"<p>{counted}{infinite}{weighted}</p>"]


def _loss(given: str) -> str:
    """A loss, its parameters, and what its documentation begins with."""
    match = re.fullmatch(r"(\w+)\((.*)\)", given, re.DOTALL)
    if match is None or match[1] not in list_losses():
        return f"{name(given, 200)}."
    parameters = ", ".join(name(parameter) for parameter in match[2].split(", ") if parameter)
    with_them = f" with {parameters}" if parameters else ""
    return f"<strong>{text(match[1])}</strong>{with_them}. {text(described(get(match[1])))}"


def _numbers(summary: Summary) -> str:
    found = fields(summary)
    rows = [[key, number(found[key])] for key in ("rows", "count", "null", "nan", "ignored", "infinite")]
    for key in _STATISTICS:
        if key in found and (key != "weighted_mean" or summary.weighted is not None):
            shown = interval if key.endswith("interval") else number
            words = _WORDS.get(key, key.replace("_", " "))
            is_of_weighted_mean = key == "interval" and summary.weighted is not None
            rows.append([f"weighted {words}" if is_of_weighted_mean else words, shown(found[key])])
    rows.append(["min", number(found["min"])])
    rows += [[label, number(value)] for label, value in _quantile_fields(summary).items()]
    rows.append(["max", number(found["max"])])
    return table((), rows, "Numbers", "facts")


def _quantile_fields(summary: Summary) -> dict[str, float | str | None]:
    """As JSON has them, by the names p50, p99.9."""
    return {f"p{q * 100:.6g}": strict(summary.quantile(q)) for q in QUANTILES}


def strict(value: float | None) -> float | str | None:
    """A number as JSON has it."""
    if value is None or value != value:
        return None
    return str(value) if value in (float("inf"), float("-inf")) else value


def _quantiles(summary: Summary) -> str:
    if not summary.count:
        return ""
    scale, found = Scale(summary), fields(summary)
    shown = {"min": found["min"], **_quantile_fields(summary), "max": found["max"], "mean": found["mean"]}
    left = scale.place(summary.min)
    drawn = []
    for label, value in shown.items():
        place = None if value is None else scale.place(float(value))
        bar = (left, left) if place is None else (left, max(place, left))
        drawn.append(Line(label, number(value), bar, place, kind="thin mean" if label == "mean" else "thin"))
    caption = "Quantiles on the same scale: p90 is the loss that 90% of the rows do not exceed."
    return lines(drawn, f"Quantiles from {digits(found['min'])} to {digits(found['max'])}", caption)


def _outputs(summary: Summary) -> str:
    if not summary.outputs:
        return ""
    return section("Other outputs", summaries_table("output", summary.outputs.items(), "Other outputs"), level=3)


def summaries_table(head: str, named: Iterable[tuple[str, Summary]], caption: str) -> str:
    """A row for each of several summaries."""
    of = list(named)
    is_weighted = any(summary.weighted is not None for _, summary in of)
    columns = [key for key in _COLUMNS if key != "weighted_mean" or is_weighted]
    found = [(label, fields(summary)) for label, summary in of]
    rows = [[name(label), *(number(each[key]) for key in columns)] for label, each in found]
    return table((head, *(key.replace("_", " ") for key in columns)), rows, caption)


def ordered(groups: Mapping, mean) -> list:
    """The keys of groups, those of the largest mean first and those of none last; of equal ones as they come."""
    means = {key: mean(group) for key, group in groups.items()}
    return sorted(groups, key=lambda key: (means[key] is None or means[key] != means[key], -(means[key] or 0.0)))


def group_lines(labels: list[str], found: list[dict[str, Any]], label: str, caption: str) -> str:
    """A picture of means: a bar each from zero, and its interval where there is one, which is added to the caption."""
    means = [None if each["weighted_mean"] is None else float(each["weighted_mean"]) for each in found]
    pairs = [each["interval"] and tuple(map(float, each["interval"])) for each in found]
    linear = Linear([*(mean for mean in means if mean is not None), *(end for pair in pairs if pair for end in pair)])
    drawn = []
    for key, each, mean, pair in zip(labels, found, means, pairs, strict=True):
        bar = (linear.place(0.0),) * 2 if mean is None else linear.bar(mean)
        whisker = (linear.place(pair[0]), linear.place(pair[1])) if pair else None
        kind = "below" if mean is not None and mean < 0 else ""
        drawn.append(Line(name(key, 24), number(each["weighted_mean"]), bar, whisker=whisker, kind=kind))
    intervals = " Thin lines are 95% intervals." if any(pairs) else ""
    return lines(drawn, label, caption + intervals, linear.place(0.0))


def by_text(by) -> str:
    """The names of the columns of groups."""
    return by if isinstance(by, str) else ", ".join(by)


def shown_of(count: int) -> str:
    """How many groups there are, and are shown."""
    return (
        f"the {MOST_GROUPS} of {count:,} groups with the largest means" if count > MOST_GROUPS else f"{count:,} groups"
    )


def _groups(summary: GroupedSummary) -> str:
    labels, groups = summary.labels(), summary.groups
    if not groups:
        return ""
    keys = summary.worst_first()[:MOST_GROUPS]
    texts, found = [labels[key] for key in keys], [fields(groups[key]) for key in keys]
    by = by_text(summary.by)
    means = "Mean losses" if summary.weighted is None else "Weighted mean losses"
    caption = f"{means} by {name(by)}: {shown_of(len(groups))}, the largest mean first."
    picture = group_lines(texts, found, f"{means} of {shown_of(len(groups))} by {by}", caption)
    named = [(label, groups[key]) for label, key in zip(texts, keys, strict=True)]
    return section(f"By {name(by)}", picture, summaries_table(name(by), named, "Groups"), level=3)


def _worst_of_groups(summary: GroupedSummary) -> str:
    """Tables of the worst rows of groups, the largest mean first."""
    labels, keys = summary.labels(), [key for key in summary.worst_first() if summary.groups[key].worst is not None]
    parts = [
        section(f"{name(by_text(summary.by))} {name(labels[key])}", rows_table(summary.groups[key].worst), level=4)
        for key in keys[:MOST_TABLES]
    ]
    more = f"<p>And {number(len(keys) - MOST_TABLES)} groups more.</p>" if len(keys) > MOST_TABLES else ""
    return section(f"Worst rows by {name(by_text(summary.by))}", *parts, more, level=3)


def _calibration(summary: Summary) -> str:
    found = summary.calibration
    if found is None:
        return ""
    said = f"<p>Expected calibration error {number(found['ece'])}, largest {number(found['mce'])}.</p>"
    picture = reliability(found["bins"])
    keys = ("count", "confidence", "accuracy")
    rows = [[str(i), *(number(each[key]) for key in keys)] for i, each in enumerate(found["bins"], 1)]
    return section("Calibration", said, picture, table(("bin", *keys), rows, "Bins of equal width"), level=3)
