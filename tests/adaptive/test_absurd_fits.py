"""What `fit` takes as none of its arguments: an error in one line that names the argument."""

import numpy as np
import pytest
from absurd import ABSURD

from fastloss.adaptive import fit

RESIDUALS = np.random.default_rng(0).standard_cauchy((40, 3))
VALUES = ABSURD | {"True": True, "0": 0, "1.5": 1.5, "None": None, "nan": np.nan}
NUMBERS = ("decimal", "no float", "0", "1.5", "True", "None")


def is_right(keyword, what):
    if keyword in ("alpha", "scale"):
        return what in NUMBERS
    if keyword == "sample_weight":
        return what in ("True", "1.5", "None", "0")
    if keyword == "axis":
        return what in ("0", "None")
    if keyword == "alpha_bounds":
        return what == "set"
    return keyword in ("num_threads", "max_iter") and what in ("huge", "of 5000 digits", "None")


@pytest.mark.parametrize(
    "keyword", ["residuals", "sample_weight", "alpha", "scale", "alpha_bounds", "axis", "max_iter", "num_threads"]
)
def test_fit(keyword):
    for what, value in VALUES.items():
        try:
            fit(**{"residuals": RESIDUALS} | {keyword: value})
            assert is_right(keyword, what), f"{keyword}={what} was taken"
        except (TypeError, ValueError) as error:
            named = keyword in str(error) or (keyword, what) == ("sample_weight", "0")
            assert named, f"{what}: {type(error).__name__}: {error}"  # noqa: PT017
            assert "\n" not in str(error) and len(str(error)) < 1000  # noqa: PT017
