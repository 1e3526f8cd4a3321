"""Losses of a residual and of a margin beside every size of residual and parameter, as far off as numbers go."""

import itertools

import numpy as np
import pytest
from accuracy import check
from catalogue import DTYPES, ELEMENTWISE, method, outputs
from oracles import exact

import fastloss as fl
from fastloss.core.domains import interval, relations

SIZES = {
    "float32": (1e-44, 1e-38, 1e-19, 1.3, 1e19, 1e38),
    "float64": (1e-300, 1e-150, 1e-30, 1.3, 1e30, 1e150, 1e300),
}
# Losses of which some results here are wrong though the exact ones are in range: holes that are known, to be mended
WITH_HOLES = {"robust", "robust_nll", "student_t_nll", "tolerant", "arctan", "geman_mcclure", "dcs"}
SLOW = {"welsch"}  # mpmath takes seconds for each e^-1e1200
NAMES = [
    name
    for name in ELEMENTWISE
    if fl.get(name).family in ("residual", "margin")
    and name not in WITH_HOLES | SLOW
    and not relations(fl.get(name).domains)
]


def settings(name, dtype):
    """Every combination of sizes that the domains of the parameters hold."""
    domains = fl.get(name).domains
    signed = [sign * size for size in SIZES[dtype] for sign in (1, -1)]
    inside = [[size for size in signed if _holds(interval(domain), size)] for domain in domains.values()]
    return [dict(zip(domains, sizes, strict=True)) for sizes in itertools.product(*inside)]


def _holds(limits, size):
    return limits[0] <= size <= limits[1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_no_size_makes_a_hole(name, dtype):
    """Within the bounds of ordinary arguments: no NaN, no infinity and no 0 where the exact result is a number."""
    sizes = np.array([0.0, *SIZES[dtype]], dtype)
    for case in settings(name, dtype):
        points = (np.concatenate([sizes, -sizes]),)
        if fl.get(name).family == "margin":
            points = points[0].repeat(2), np.tile(np.array([-1, 1], dtype), len(points[0]))
        wanted = [exact(name, point, dtype, case) for point in zip(*points, strict=True)]
        for output in outputs(name):
            got = method(fl.get(name, **case), output)(*points)
            check(got, [want[output] for want in wanted], points, dtype, f"{output} at {case}")
