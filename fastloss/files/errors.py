"""What goes wrong with data files, each as one line that names the file, the column or the row."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from fastloss.core.arguments import shown

LISTED = 100  # names


class ScoringError(ValueError):
    """The input, the request or the output cannot be used as it is: one line, whatever the names in it hold."""

    def __init__(self, message: str):
        super().__init__(escaped(message))


class SourceError(ScoringError):
    """An input is not what it says, as is found when it is copied into an output: the message names it."""


class ColumnTypeError(ScoringError, TypeError):
    """A column holds something that the loss cannot read."""


class RowError(ScoringError, IndexError):
    """A row holds something out of bounds: f"{before} at row {row}{after}".

    Raised with the row's number in its batch; `named` and `counted` add what is known further up. Hosts such as polars
    raise the type again with the message alone.
    """

    def __init__(self, before: str, row: int | None = None, after: str = ""):
        super().__init__(before if row is None else f"{before} at row {row}{after}")
        self._parts = before, row, after

    def named(self, place: str) -> RowError:
        """The same error, with a place before it."""
        before, row, after = self._parts
        return type(self)(f"{place}: {before}", row, after)

    def counted(self, before_batch: int, before_file: int) -> RowError:
        """The same error, with its row counted over the whole input."""
        before, row, after = self._parts
        row += before_batch
        in_file = f" (row {row} of this file)" if before_file else ""
        return type(self)(before, row + before_file, in_file + after)

    def among(self, numbers: Sequence[int]) -> RowError:
        """The same error of a batch in which the rows have these numbers."""
        before, row, after = self._parts
        return type(self)(before, int(numbers[row]), after)

    def __reduce__(self):
        return type(self), self._parts


class FieldError(RowError, ColumnTypeError):
    """A row of a text file holds something that its column cannot."""


class Translation:
    """A block whose errors become `other` ones. A file goes through a dozen of them, which as generators of contextlib
    would take several times as long."""

    __slots__ = ()

    def other(self, error: BaseException) -> BaseException | None:
        """What is raised in place of an error; None where that goes on."""
        raise NotImplementedError

    def __enter__(self) -> None:
        """Nothing is set up."""

    def __exit__(self, kind, error: BaseException | None, traceback) -> None:
        other = None if error is None else self.other(error)
        if other is not None:
            raise other from error


def located(place: str, error: Exception) -> ScoringError:
    """`error` as an error at `place`: one line, and the type that it had as far as there is one."""
    kind = ColumnTypeError if isinstance(error, TypeError) else ScoringError
    return kind(f"{place}: {one_line(error)}")


def listed(names: Sequence[str]) -> str:
    """Names as messages have them; of very many the first."""
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(shown, names[:LISTED])) + rest or "none"


def one_line(error: BaseException) -> str:
    """The message of an exception without line breaks; its type's name if it has no message. Of the operating system's
    errors the file and the reason."""
    if isinstance(error, OSError) and error.filename is not None:
        return escaped(f"{os.fsdecode(error.filename)}: {error.strerror}")
    if isinstance(error, FileNotFoundError) and error.args == (errno.ENOENT, os.strerror(errno.ENOENT)):
        return "the current directory has been removed: change into another"  # of all else the file is known
    return escaped(" ".join(map(str.strip, str(error).splitlines()))) or type(error).__name__


def escaped(text: str) -> str:
    """A text in which what no screen prints - ends of lines, commands to a terminal, bytes that are no UTF-8 - stands
    as Python writes it; everything else as it is."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def of_locale() -> str:
    """What to do about a name, where Python takes those of files and arguments for something else than UTF-8."""
    encoding = sys.getfilesystemencoding()
    return "" if encoding == "utf-8" else f": the locale takes names for {encoding}, set PYTHONUTF8=1"
