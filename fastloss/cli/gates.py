"""Gates: conditions on summaries under which `fastloss score` fails."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json import dumps
from pathlib import Path
from typing import Any

import typer

from fastloss.core.loss import Loss
from fastloss.exact.state import integer, parse
from fastloss.exact.state import number as as_number
from fastloss.exact.statistics import ENTROPIES
from fastloss.files import GroupedSummary, ScoringError, Summary
from fastloss.files.errors import escaped, located

FIELDS = ("count", "null", "nan", "sum", "mean", "weighted_mean", "min", "max", "std", "stderr", "ppl")
SHARES = ("null/rows", "nan/rows", "ignored/rows")
COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
SYNTAX = (
    f"expected FIELD OP NUMBER, or FACTOR * FILE.json in the place of NUMBER, with a FIELD of {', '.join(FIELDS)}, p50 "
    f"or another percentile, {', '.join(SHARES)} and an OP of {' '.join(COMPARISONS)}"
)
MOST_LINES = 100  # of a gate that fails for so many groups
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
_FILE = re.compile(r"(?:([^*]+)\*\s*)?(.*\.json)", re.DOTALL)

Bounds = Mapping[Any, float | None]  # by the keys of groups; of all rows {None: bound}


@dataclass(frozen=True)
class Gate:
    """A condition under which the command fails.

    Attributes
    ----------
    bounds : dict
        By the names of the summaries that it is for, as `fastloss.score` has them, "" of a single one: a number, or
        those of a former run.
    each, new : bool
        Of each group, and of the fragments alone that this run scored.
    """

    text: str
    field: str
    compares: Callable[[Any, Any], bool]
    bounds: Mapping[str, float | Bounds]
    each: bool
    new: bool

    def failures(self, results: Mapping[str, Summary]) -> Iterator[str]:
        """What is to be said of each summary for which it holds, or where there is no number to compare."""
        for name, bounds in self.bounds.items():
            for key, where, summary in self._parts(results[name]):
                if isinstance(bounds, Mapping) and key not in bounds:  # a group that the former run had not
                    continue
                value, bound = number_of(summary, self.field), bounds[key] if isinstance(bounds, Mapping) else bounds
                if holds(value, self.compares, bound):
                    at = "".join(f"{part}: " for part in (name, where) if part)
                    yield at + failure(self.field, value, bound)

    def _parts(self, summary: Summary) -> Iterator[tuple[Any, str, Summary]]:
        """Summaries that are looked at: their keys, and which groups they are of."""
        if not self.each:
            yield None, "", summary
        elif isinstance(summary, GroupedSummary):
            by, labels = ", ".join(_several(summary.by)), summary.labels()
            for key, group in summary.groups.items():
                yield key, f"{by} {labels[key]}", group


def gate_of(text: str, losses: Mapping[str, Loss], by: Sequence[str]) -> Gate:
    """A gate of losses, by the names of their summaries, and of groups by these columns.

    Raises
    ------
    ScoringError
        If the text is none, or speaks of a loss, of groups or of a file that are not there.
    """
    prefixes, condition = _prefixes(text.strip())
    known = {name or loss.name: name for name, loss in losses.items()}
    named = next((one for one in sorted(known, key=len, reverse=True) if condition.startswith(f"{one}.")), None)
    condition = condition if named is None else condition.removeprefix(f"{named}.")
    field, compares, bound = condition_of(condition) or ("", None, "")
    if not _is_field(field):
        loss, _, rest = field.rpartition(".")
        if _is_field(rest):
            raise ScoringError(f"--fail-if {text!r}: there is no loss {loss!r}, but {', '.join(known)}")
        raise ScoringError(f"--fail-if {text!r}: {SYNTAX}")
    if "each" in prefixes and not by:
        raise ScoringError(f"--fail-if {text!r}: there are no groups: give --by COLUMN")
    meant = {name: losses[known[name]] for name in (known if named is None else [named])}
    if field == "ppl":
        meant = {name: loss for name, loss in meant.items() if loss.name in ENTROPIES}
        if not meant:
            raise ScoringError(f"--fail-if {text!r}: ppl is of {', '.join(ENTROPIES)}")
    bounds = _bounds(bound, meant, field, by if "each" in prefixes else ())
    if bounds is None:
        raise ScoringError(f"--fail-if {text!r}: {SYNTAX}")
    return Gate(text, field, compares, {known[n]: b for n, b in bounds.items()}, "each" in prefixes, "new" in prefixes)


def _prefixes(text: str) -> tuple[set[str], str]:
    """What a condition begins with, `each:` and `new:`, and the rest of it."""
    found = set()
    while match := re.match(r"(each|new)\s*:\s*", text):
        found.add(match[1])
        text = text[match.end() :]
    return found, text


def _bounds(
    text: str, losses: Mapping[str, Loss], field: str, by: Sequence[str]
) -> Mapping[str, float | Bounds] | None:
    """The bounds of losses by their names, from a number or a former summary; None if the text is neither."""
    if match := _FILE.fullmatch(text):
        factor, texts = number(match[1] or "1"), {name: loss._text() for name, loss in losses.items()}
        return None if factor is None else former_bounds(match[2], factor, texts, field, by)
    bound = number(text)
    return None if bound is None else dict.fromkeys(losses, bound)


def report_failures(gates: Sequence[Gate], results: Mapping[str, Summary], new: Mapping[str, Summary]) -> bool:
    """Say on standard error which gates fail, and where; of those for what is new only if anything is."""
    failed = False
    for gate in gates:
        found = list(gate.failures(new if gate.new else results)) if new or not gate.new else []
        failed |= bool(found)
        more = len(found) - MOST_LINES
        for line in found[:MOST_LINES] + [f"and for {more:,} more groups"] * (more > 0):
            typer.echo(f"fastloss: gate failed: {escaped(gate.text.strip())}: {escaped(line)}", err=True)
    return failed


# ---- conditions ---------------------------------------------------------------------------------------------------


def condition_of(text: str) -> tuple[str, Callable[[Any, Any], bool], str] | None:
    """FIELD OP BOUND as (field, comparison, bound); None if the text is something else."""
    match = re.fullmatch(rf"\s*([\w./]+)\s*({'|'.join(COMPARISONS)})\s*(.+)", text, re.DOTALL)
    return match and (match[1], COMPARISONS[match[2]], match[3])


def number(text: str) -> float | None:
    """A number that is none but NaN."""
    try:
        found = float(text)
    except ValueError:
        return None
    return None if math.isnan(found) else found


def holds(value: float | None, compares: Callable[[Any, Any], bool], bound: float | None) -> bool:
    """Whether a condition holds, as it does where there is no number to compare."""
    return any(each is None or math.isnan(each) for each in (value, bound)) or compares(value, bound)


def failure(field: str, value: float | None, bound: float | None) -> str:
    """What is said of a gate that fails."""
    shown = _apart(value, bound)
    return f"{field} is {shown[0]}, the bound is {shown[1]}"


def _is_field(text: str) -> bool:
    return text in (*FIELDS, *SHARES) or bool(_PERCENTILE.fullmatch(text))


# ---- numbers -------------------------------------------------------------------------------------------------------


def number_of(summary: Summary | dict, field: str) -> float | None:
    """A field of a summary, or of what `to_json` has of one; a LookupError if that lacks it."""
    if "/" in field:
        count, rows = (number_of(summary, part) for part in field.split("/"))
        return count / rows if rows else None
    if match := _PERCENTILE.fullmatch(field):
        q = float(Decimal(match[1]) / 100)
        return _of_json(summary["quantiles"][str(q)], field) if isinstance(summary, dict) else summary.quantile(q)
    name = "perplexity" if field == "ppl" else field
    return _of_json(summary[name], field) if isinstance(summary, dict) else getattr(summary, name)


def _of_json(value: Any, field: str) -> float | None:
    """A number of a summary's JSON, which another program may have written."""
    if type(value) is int:
        return integer(value, field, least=-1 << 63)
    return None if value is None else as_number(value, field)


def former_bounds(
    path: str, factor: float, losses: Mapping[str, str], field: str, by: Sequence[str]
) -> dict[str, float | Bounds]:
    """The bounds of losses, texts by names, out of a former summary, for groups by columns or for all rows."""
    with open(path, "rb") as file:
        text = file.read()
    try:
        given = parse(text)
        if not isinstance(given, dict):
            raise ValueError("it is no summary")
        several = "losses" in given
        if not several and len(losses) > 1:
            raise ValueError(f"it is of a single loss: say which is meant by LOSS.{field}")
        bounds: dict[str, float | Bounds] = {}
        for name, loss in losses.items():
            one = _former_of(name, loss, given["losses"]) if several else given
            found = Summary.from_json(dumps(one)) if "state" in one else one
            if one.get("loss") not in (None, loss):  # what --json of earlier versions wrote does not tell
                raise ValueError(f"it is of {one['loss']}, not of {loss}: their numbers do not compare")
            bounds[name] = {
                key: None if (value := number_of(part, field)) is None else factor * value
                for key, part in _former_parts(found, by)
            }
        return bounds
    except (LookupError, TypeError, AttributeError) as error:
        raise ScoringError(f"{path}: it has no {field}: --summary writes what has") from error
    except ValueError as error:
        raise located(path, error) from error


def _former_of(name: str, loss: str, former: Mapping[str, Any]) -> Any:
    """Of former summaries by name that of a loss: what it is called now may have been the name of another."""
    same = [known for known, one in former.items() if one.get("loss") == loss]
    if same and name not in same:
        name = same[0]
    if name not in former:
        raise ValueError(f"there is no loss {name!r} in it, but {', '.join(former)}: --as gives this run's their names")
    return former[name]


def _former_parts(found: Any, by: Sequence[str]) -> list[tuple[Any, Any]]:
    """The parts of a former summary: all rows, or groups by these columns, with their keys."""
    if not by:
        return [(None, found)]
    is_json = isinstance(found, dict)
    own = _several(found.get("by", ()) if is_json else getattr(found, "by", ()))
    if len(own) != len(by) or any(a not in (b, Path(b).stem) for a, b in zip(own, by, strict=True)):  # b may be a .npy
        raise ValueError(f"its groups are by {', '.join(own) or 'nothing'}, not by {', '.join(by)}")
    if not is_json:
        return list(found.groups.items())
    keys = [group["value"] for group in found["groups"]]
    return [
        (tuple(key) if isinstance(key, list) else key, group) for key, group in zip(keys, found["groups"], strict=True)
    ]


def _several(by: str | Sequence[str]) -> Sequence[str]:
    return (by,) if isinstance(by, str) else by


def _apart(*numbers: float | None) -> list[str]:
    """Numbers in six digits, or in all where those of different numbers are the same."""
    short = [f"{number:.6g}" if isinstance(number, float) else f"{number}" for number in numbers]
    texts = short if len(set(short)) >= len(set(numbers)) else map(str, numbers)
    return ["none" if text == "None" else text for text in texts]
