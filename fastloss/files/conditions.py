"""Conditions on rows as users write them: COLUMN OP VALUE, such as `day >= 2026-11-01` or `"my model" in [a, b]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fastloss.core.arguments import shown
from fastloss.files.arguments import as_texts
from fastloss.files.errors import ScoringError

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in")
SYNTAX = f"expected COLUMN OP VALUE, with an OP of {' '.join(OPERATORS)}"

_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""
_SPECIAL = r"""'"\[\](),<>=!&|"""  # in no text without quotes
_CONDITION = re.compile(
    rf"\s*(?P<column>{_QUOTED}|[^\s{_SPECIAL}]+)(?:\s*(?P<operator>[=!]=|[<>]=?)|\s+(?P<in>in)(?=[\s\[]|\Z))(?P<rest>.*)",
    re.DOTALL,
)
_VALUE = re.compile(rf"\s*(?:({_QUOTED})|([^\s{_SPECIAL}](?:[^{_SPECIAL}]*[^\s{_SPECIAL}])?))\s*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d.*", re.ASCII | re.DOTALL)
_ZONE = re.compile(r":\d\d(\.\d+)?\s?(Z|[-+]\d\d(:?\d\d)?)\Z", re.ASCII)
KINDS = {"numbers": _NUMBER, "times": _TIME, "booleans": re.compile("true|false", re.IGNORECASE)}


@dataclass(frozen=True)
class Value:
    """What a column is compared with, as it is written, and whether in quotes."""

    text: str
    is_quoted: bool = False

    @property
    def kind(self) -> str:
        """What it looks like: one of `KINDS`, or "texts"."""
        found = (kind for kind, pattern in KINDS.items() if pattern.fullmatch(self.text))
        return "texts" if self.is_quoted else next(found, "texts")


@dataclass(frozen=True)
class Condition:
    """A condition on the values of a column: `values` is one, for "in" any number."""

    column: str
    operator: str
    values: tuple[Value, ...]
    text: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """What its values look like, where the column's type does not tell: "texts" if they differ."""
        kinds = {value.kind for value in self.values}
        return kinds.pop() if len(kinds) == 1 else "texts"

    @property
    def has_zones(self) -> bool:
        """Whether its values are times of a time zone."""
        return any(_ZONE.search(value.text) for value in self.values)

    @property
    def alternatives(self) -> Iterator[Condition]:
        """Those of which an "in" is any."""
        return (Condition(self.column, "==", (value,), self.text) for value in self.values)

    @property
    def name(self) -> str:
        """What messages call it."""
        return _name(self.text)


def as_conditions(value, name: str) -> tuple[Condition, ...]:
    """Conditions that all have to hold: a text, or several."""
    return tuple(map(condition_of, as_texts(value, name, "a condition such as 'day >= 2026-11-01', or several")))


def condition_of(text: str) -> Condition:
    """The condition that a text is.

    Raises
    ------
    ScoringError
        If it is none.
    """
    match = _CONDITION.match(text)
    if re.search("['\"]", re.sub(_QUOTED, "", text)):
        raise _refusal(text, "a quote that opens is never closed")
    if match is None:
        raise _refusal(text, f"{SYNTAX}; names with spaces or signs are quoted")
    column, operator, rest = _plain(match["column"]), match["operator"] or match["in"], match["rest"].strip()
    if not rest:
        raise _refusal(text, f"there is no value after {operator}")
    if operator != "in":
        if rest.startswith("["):
            raise _refusal(text, f"{operator} takes one value, in takes a list")
        return Condition(column, operator, (_value(text, rest),), text)
    if not (rest.startswith("[") and rest.endswith("]")):
        raise _refusal(text, "in takes a list, [A, B]")
    return Condition(column, operator, tuple(_values(text, rest[1:-1])), text)


def _values(text: str, listed: str) -> Iterator[Value]:
    """The elements of a list."""
    at = 0
    while True:
        match = _VALUE.match(listed, at)
        if match is None:
            raise _refusal(text, "a list is [A, B], with values that hold commas or signs in quotes")
        yield _found(match)
        at = match.end()
        if at == len(listed):
            return
        if listed[at] != ",":
            raise _refusal(text, f"in a list, expected a comma before {shown(listed[at:])}")
        at += 1


def _value(text: str, given: str) -> Value:
    match = _VALUE.fullmatch(given)
    if match is None:
        raise _refusal(text, f"the value {shown(given)} holds signs: put it into quotes, or give another condition")
    return _found(match)


def _found(match: re.Match) -> Value:
    return Value(_plain(match[1]), True) if match[1] else Value(match[2])


def _plain(text: str) -> str:
    """A text without its quotes, in which a quote is doubled."""
    quote = text[0]
    return text[1:-1].replace(2 * quote, quote) if quote in "'\"" else text


def _refusal(text: str, what: str) -> ScoringError:
    return ScoringError(f"{_name(text)}: {what}")


def _name(text: str) -> str:
    return f"where {shown(text)}"
