"""The state of a summary as text that another program may have damaged: every number is checked before it is used."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import contextmanager

from fastloss.core.arguments import shown
from fastloss.exact.integers import unpacked

FORMAT = 2  # of the state; a newer one has what this program does not know

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_MOST_BITS = 9 << 10  # of an exact sum: 2^83 products of four numbers have 8475


def mapping(value, what: str, names: Sequence[str]) -> dict:
    """A mapping that has these names, and no others."""
    if type(value) is not dict:
        raise ValueError(f"{what} is {_shown(value)}, not an object")
    missing, unknown = [name for name in names if name not in value], value.keys() - set(names)
    if missing or unknown:
        found = f"no {missing[0]!r}" if missing else f"an unknown {min(unknown)!r}"
        raise ValueError(f"{what} has {found}")
    return value


def sequence(value, what: str, length: int | None = None) -> list:
    """A list, of so many elements."""
    if type(value) is not list or length not in (None, len(value)):
        raise ValueError(f"{what} is {_shown(value)}, not a list" + (f" of {length}" if length else ""))
    return value


def integer(value, what: str, least: int = 0, below: int = 1 << 63) -> int:
    """An integer in [least, below)."""
    if type(value) is not int or not least <= value < below:
        raise ValueError(f"{what} is {_shown(value)}, not an integer from {least} to {below - 1}")
    return value


def number(value, what: str) -> float:
    """A float, or the text of an infinite one."""
    if value in ("inf", "-inf"):
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError(f"{what} is {_shown(value)}, not a number")
    return value


def text(value, what: str) -> str:
    if type(value) is not str:
        raise ValueError(f"{what} is {_shown(value)}, not a text")
    return value


def exact(value, what: str, units: int) -> int:
    """A number that `integers.packed` wrote."""
    digits, places = sequence(value, what, 2)
    integer(digits, what, -1 << _MOST_BITS, 1 << _MOST_BITS)
    integer(places, what, units - _MOST_BITS, units + 1)
    return unpacked([digits, places], units)


def parse(written: str | bytes) -> object:
    """Strict JSON of any text, or a ValueError."""
    try:
        with _not_too_deep():
            return json.loads(written, parse_constant=_no_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the text is no JSON: {error}") from error


def canonical(state: dict | list) -> str:
    """Canonical JSON."""
    return _CANONICAL.encode(state)


def digest(state: dict) -> str:
    """SHA-256 of canonical JSON."""
    with _not_too_deep():
        return hashlib.sha256(canonical(state).encode()).hexdigest()


def sealed(state: dict) -> dict:
    """The state and its digest."""
    return state | {"digest": digest(state)}


def opened(value) -> dict:
    """The state that `sealed` was given."""
    if type(value) is not dict or "digest" not in value:
        raise ValueError("there is no state with a digest")
    state = {name: part for name, part in value.items() if name != "digest"}
    if value["digest"] != digest(state):
        raise ValueError("the state is damaged: its digest is another")
    return state


@contextmanager
def _not_too_deep():
    try:
        yield
    except RecursionError:
        raise ValueError("the text is nested too deeply") from None


def _no_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def _shown(value) -> str:
    """A short text of what was found."""
    return f"a {type(value).__name__} of {len(value)}" if isinstance(value, list | dict) else shown(value)
