"""How the fields of a text are written. Nothing of Arrow is imported for it."""

from __future__ import annotations

from dataclasses import dataclass

# pyarrow's own list also takes the spellings of NaN for nulls.
NULLS = ("", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "None", "n/a", "null")
SPELLING = b"spelling"  # of the metadata of a column of texts, which `fields.Texts` gives it


@dataclass(frozen=True)
class Spelling:
    """How fields are written.

    Attributes
    ----------
    decimal : str
        Between the whole part of a number and its fraction.
    thousands : str or None
        Between groups of digits.
    null : tuple of str
        Spellings of null, beside NULLS.
    """

    decimal: str = "."
    thousands: str | None = None
    null: tuple[str, ...] = ()

    @property
    def nulls(self) -> tuple[str, ...]:
        """All spellings of null."""
        return NULLS + self.null


def spelling(field) -> dict | None:
    """The metadata of a column of texts that are yet to be read; None of another column of a pyarrow schema."""
    found = (field.metadata or {}).get(SPELLING)
    return None if found is None else {SPELLING: found}
