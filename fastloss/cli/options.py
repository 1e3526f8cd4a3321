"""What several commands share: options of CSV text, and what options hold."""

import json
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

import fastloss
from fastloss.core.arguments import shown
from fastloss.files import ScoringError
from fastloss.files.conditions import OPERATORS
from fastloss.files.errors import one_line
from fastloss.files.formats import FORMATS, STREAM

FORMAT_HELP = f"Format of standard input, and of files whose extension names none: {', '.join(FORMATS)}."
DTYPE_HELP = "bfloat16: what .npy arrays hold whose elements have two bytes and no type."
INPUT_HELP = "Files, directories of files, patterns in quotes, addresses, or - for standard input."
THREADS_HELP = "Threads of the loss kernels in each task."
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", metavar="NAME=NUMBER", help="A parameter of the loss, such as delta=1.5; may be repeated."
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help=f"What holds of the rows that are scored, such as 'day >= 2026-11-01' or 'model in \\[a, b]': COLUMN OP "
        f"VALUE, with an OP of {' '.join(OPERATORS)}; repeated, all have to hold. The others are ignored.",
    ),
]
Separator = Annotated[
    str | None, typer.Option(help="CSV: between fields, \\t for a tab.", show_default="a comma; in .tsv a tab")
]
Decimal = Annotated[str, typer.Option(help="CSV: the decimal point.")]
Thousands = Annotated[str | None, typer.Option(help="CSV: between groups of digits.")]
Null = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT", help="CSV: a text that stands for no number, beside NA and its like; may be repeated."
    ),
]
Encoding = Annotated[str, typer.Option(help="CSV: Python's name of the encoding.")]
Storage = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Of the stores of addresses, as endpoint_url=URL, anon=true; JSON is read as such; may be repeated.",
    ),
]
_NAMES = ("key", "secret", "token", "username", "user", "password", "account_name", "account_key", "project")


def bound_loss(name: str, parameters: dict):
    """The loss of a name, of the text of a sum, or the object MODULE:NAME."""
    try:
        if re.fullmatch(r"[\w.]+:\w+", name):
            return _of_module(*name.split(":")).bind(**parameters)
        return fastloss.get(name, **parameters)
    except (TypeError, ValueError) as error:
        raise ScoringError(str(error)) from error


def _of_module(module: str, name: str) -> fastloss.Loss:
    """A loss of one's own, from a module that can be imported."""
    try:
        loss = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ScoringError(f"--loss {module}:{name}: {one_line(error)}") from error
    if not isinstance(loss, fastloss.Loss):
        raise ScoringError(f"--loss {module}:{name} is no loss, as fastloss.custom makes one, but {shown(loss)}")
    return loss


def parameters(given: Sequence[str]) -> dict:
    parameters = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ScoringError(f"-p {text}: expected NAME=NUMBER")
        try:
            numbers = [_number(part) for part in value.split(",")]
        except (ValueError, OverflowError) as error:
            raise ScoringError(f"-p {name}: {shown(value)} is not a number that a float can hold") from error
        if name in parameters:
            raise ScoringError(f"-p {text}: {name} is given twice")
        parameters[name] = numbers[0] if len(numbers) == 1 else tuple(numbers)
    return parameters


def storage_options(given: list[str] | None) -> dict | None:
    """Options of stores: JSON where a value is a number, true, an object or the like; names and keys are text."""
    options: dict = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ScoringError("--storage: expected KEY=VALUE")  # the text may be a secret
        if key in options:
            raise ScoringError(f"--storage {key}: it is given twice")
        options[key] = value
        if key not in _NAMES:
            options[key] = _option(key, value)
    return options or None


def _option(key: str, value: str):
    if value in ("True", "False", "None"):  # as Python writes them
        return {"True": True, "False": False, "None": None}[value]
    try:
        return json.loads(value)
    except ValueError as error:
        if value.startswith(("{", "[")):
            raise ScoringError(f"--storage {key}: expected JSON: {one_line(error)}") from error
        return value


def _number(text: str) -> int | float:
    """Raises OverflowError for a whole number that no float can hold."""
    if not re.fullmatch(r"\s*[-+]?\d+\s*", text):
        return float(text)
    float(int(text))
    return int(text)


def check_file(path: str | None, what: str, example: str, others: Iterable[str | None]) -> None:
    """That a page or a summary can have this name, and takes the place of no other file of the command, before there is
    one to write.
    """
    if path is None:
        return
    if path == STREAM or os.path.isdir(path):
        raise ScoringError(f"{path}: a {what} is a file: give its name, such as {example}")
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isdir(directory):
        raise ScoringError(f"{path}: cannot be written: there is no directory {directory}")
    check_place(path, what, others)


def check_place(path: str, what: str, others: Iterable[str | None]) -> None:
    """That a file takes the place of no other file of the command, and is not among those of a directory or pattern."""
    from fastloss.files import inputs  # what it imports takes its time

    given = [other for other in others if other]
    if os.path.realpath(path) in map(os.path.realpath, given):
        raise ScoringError(f"{path}: the {what} would take the place of another file of the command: give another name")
    for other in given:
        if inputs.has(other, path):
            raise ScoringError(f"{path}: the {what} would be among the data of {other}: give another place")


def columns(given: list[str] | None) -> str | list[str] | None:
    """Names given as A,B,C or by repeating the option."""
    if not given:
        return None
    names = names_of(given[0]) if len(given) == 1 else given
    return names[0] if len(names) == 1 else names


def names_of(text: str) -> list[str]:
    """The names in A,B,C; one that holds commas is in quotes, "C, D"."""
    found = re.findall(r'(?:^|,)("(?:[^"]|"")*"(?=,|$)|[^,]*)', text)
    return [name[1:-1].replace('""', '"') if re.fullmatch('".*"', name, re.DOTALL) else name for name in found]


def command_line(parts: Sequence[str]) -> str:
    """A command to type: what no screen prints is quoted byte by byte, as bash and zsh read it."""
    return " ".join(map(_quoted, parts))


def _quoted(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(plain)}'"


def separator_of(text: str | None) -> str | None:
    r"""A tab is hard to type: \t stands for it."""
    return "\t" if text == r"\t" else text
