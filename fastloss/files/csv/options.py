"""How CSV text is written: its separator, its numbers, its nulls and its encoding."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastloss.core.arguments import shown
from fastloss.exact.spelling import Spelling
from fastloss.files.arguments import as_texts, optional, refusal
from fastloss.files.errors import ScoringError
from fastloss.files.formats import bare

IN_NUMBERS = frozenset(string.digits + string.ascii_letters + "+-")
IN_ROWS = frozenset('"\r\n\0')
SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))  # which no encoding has
NO_MARKS = IN_NUMBERS | IN_ROWS | SURROGATES


@dataclass(frozen=True)
class CsvOptions(Spelling):
    """What CSV text is like; `CsvOptions.of` checks it.

    Attributes
    ----------
    separator : str or None
        Between fields; None is a tab in .tsv files and a comma in all others.
    encoding : str
        Python's name of it.
    """

    separator: str | None = None
    encoding: str = "utf-8"

    @classmethod
    def of(
        cls,
        separator: str | None = None,
        decimal: str = ".",
        thousands: str | None = None,
        null: str | Iterable[str] | None = None,
        encoding: str = "utf-8",
    ) -> CsvOptions:
        """Checked options.

        Raises
        ------
        ScoringError
            If one cannot be, or two are the same.
        """
        options = cls(decimal, thousands, optional(as_texts, null, "null") or (), separator, encoding)
        for name in ("separator", "decimal"):
            value = getattr(options, name)
            if name == "separator" and value is None:
                continue
            if not (_is_mark(value) and value.isascii()):
                raise refusal(name, "one ASCII character that is no digit, letter, sign", value)
        if separator == ".":  # what is written has decimal points
            raise ScoringError("separator must not be '.'")
        if thousands is not None and not _is_mark(thousands):
            raise refusal("thousands", "one character that is no digit, letter, sign", thousands)
        if decimal == thousands:
            raise ScoringError(f"decimal and thousands are both {decimal!r}: choose another thousands")
        options.check_separator(separator)
        try:
            "".encode(encoding)
        except (LookupError, TypeError, ValueError) as error:
            raise ScoringError(f"unknown encoding {shown(encoding)}; latin-1, cp1252 and utf-16 are some") from error
        return options

    def check_separator(self, separator: str | None) -> None:
        """That numbers do not have it; where it is None the file tells, when it is read."""
        if separator == self.decimal:
            raise ScoringError(f"decimal and separator are both {separator!r}: choose another separator")

    def separator_of(self, path: str) -> str:
        """That of a file."""
        return self.separator or ("\t" if Path(bare(path)).suffix.lower() == ".tsv" else ",")

    @property
    def has_plain_numbers(self) -> bool:
        """Whether numbers, and nulls among them, are as they are written."""
        return self.decimal == "." and self.thousands is None and not self.null


PLAIN = CsvOptions()


def _is_mark(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 1 and text not in NO_MARKS
