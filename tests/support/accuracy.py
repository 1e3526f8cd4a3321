"""Compare arrays of results with their exact values, and say where the worst one is."""

from functools import cache

from catalogue import inputs
from oracles import exact, exact_param_grad
from precision import error_in_ulp

__all__ = ["check", "exact_outputs", "exact_slopes"]


def _points(name, dtype, case):
    return zip(*inputs(name, dtype, case), strict=True)


def _frozen(function):
    """Cache a function of (name, dtype, case) though a case is a dictionary."""
    cached = cache(lambda name, dtype, items: function(name, dtype, dict(items)))
    return lambda name, dtype, case: cached(name, dtype, tuple(sorted(case.items())))


@_frozen
def exact_outputs(name, dtype, case):
    """[{output: Exact}] at every point of inputs(name, dtype, case)."""
    return [exact(name, point, dtype, case) for point in _points(name, dtype, case)]


@_frozen
def exact_slopes(name, dtype, case):
    """{parameter: [Exact]} of the derivatives with respect to the parameters."""
    return {
        parameter: [exact_param_grad(name, parameter, point, dtype, case) for point in _points(name, dtype, case)]
        for parameter in case
    }


def check(got, wanted, points, dtype, output):
    """Every result within its bound; an exempt one (ulps None) is not looked at.

    The message shows the worst result against its bound, in a form to paste.
    """
    assert got.dtype == dtype
    assert len(got) == len(wanted)
    worst = (1.0, "")
    failures = 0
    for result, want, *point in zip(got, wanted, *points, strict=True):
        if want.ulps is None:
            continue
        error = _error(float(result), want, dtype)
        failures += error > want.ulps
        if error / want.ulps > worst[0]:
            worst = (error / want.ulps, _describe(point, result, want, error))
    assert not failures, f"{output}: {failures} of {len(got)} beyond the bound; worst {worst[1]}"


def _error(result, want, dtype):
    if (dtype, result) not in want.errors:
        want.errors[dtype, result] = error_in_ulp(result, want.result, dtype, want.magnitude)
    return want.errors[dtype, result]


def _describe(point, result, want, error):
    where = ", ".join(f"{float(x)!r}" for x in point)
    limit = f"{error:.3g} ulp, allowed {want.ulps:.3g}"
    return f"at {where}: got {float(result)!r}, exact {want.result}, {limit}"
