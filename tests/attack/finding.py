"""What attacks look for, and how much they have tried."""

import re
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Finding", "Tally", "require"]


class Finding(AssertionError):
    """A promise that does not hold: the kind of fault, and what shows it."""

    def __init__(self, kind, text):
        super().__init__(kind, text)
        self.kind, self.text = kind, text

    def __str__(self):
        return f"{self.kind}: {self.text}"


def require(holds, kind, text):
    """Raise a Finding unless it holds; `text` is a function, or a string."""
    if not holds:
        raise Finding(kind, text() if callable(text) else text)


@dataclass
class Tally:
    """Counts of what was tried, and [(trial, text)] of what was found."""

    counts: Counter = field(default_factory=Counter)
    findings: list = field(default_factory=list)

    def add(self, counts):
        self.counts.update(counts)

    def found(self, trial, text):
        self.findings.append((trial, text))

    def kinds(self):
        """[(the first trial, its text, how many)] of findings that read alike"""
        alike = {}
        for trial, text in self.findings:
            alike.setdefault(re.sub(r"[\d.-]+", "", text)[:60], []).append((trial, text))
        return [(*found[0], len(found)) for found in alike.values()]
