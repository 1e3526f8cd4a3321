"""What goes wrong with data files, each as one line that names the file, the column or the row."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 100  # characters of a name, and names


class ScoringError(ValueError):
    """The input, the request or the output cannot be used as it is."""


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

    def __reduce__(self):
        return type(self), self._parts


class FieldError(RowError, ColumnTypeError):
    """A row of a text file holds something that its column cannot."""


def located(place: str, error: Exception) -> ScoringError:
    """`error` as an error at `place`: one line, and the type that it had as far as there is one."""
    kind = ColumnTypeError if isinstance(error, TypeError) else ScoringError
    return kind(f"{place}: {one_line(error)}")


def shortened(text: str) -> str:
    """A name or a field as messages have it: in quotes, and not endlessly long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def listed(names: Sequence[str]) -> str:
    """Names as messages have them; of very many the first."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(shortened, names[:SHOWN])) + rest or "none"


def one_line(error: BaseException) -> str:
    """The message of an exception without line breaks; its type's name if it has no message."""
    return " ".join(str(error).split()) or type(error).__name__
