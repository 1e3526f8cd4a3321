"""The old name of `fastloss.files`, for a release; `fastloss._moved` finds its modules."""

from fastloss.files import (
    ENGINES,
    CsvOptions,
    GroupedSummary,
    ScoringError,
    Spec,
    Summary,
    batch_function,
    score,
)

__all__ = [
    "ENGINES",
    "CsvOptions",
    "GroupedSummary",
    "ScoringError",
    "Spec",
    "Summary",
    "batch_function",
    "score",
]
