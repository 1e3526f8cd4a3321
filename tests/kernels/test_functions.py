"""Each function of csrc/math/ on each instruction set and in each arithmetic: its error, and its special values."""

import ctypes
from functools import cache

import numpy as np
import pytest
from compiled import compile_c, isas, kernel_flags, need_compiler
from mpmath import isinf, isnan, mp, mpf
from oracles.functions import BITS, FUNCTIONS, REALS, arguments_of

need_compiler()
COUNT = 1024  # arguments of a function
ISAS = isas()
TESTED = [
    (name, isa, arithmetic)
    for name, function in FUNCTIONS.items()
    for isa in ISAS
    for arithmetic in REALS
    if function.bound(isa, arithmetic) is not None
]

HEAD = """
#include "domain.h"
#if FL_ARITH != 3264
#include "rows/exp.h"
#endif

INLINE vpair of_vec(vec x) { return (vpair){x, v_set(0)}; }
INLINE vpair of_pair(vpair x) { return x; }

#define FUNCTION(number, expression) \\
    __attribute__((visibility("default"))) void function_##number(real *const x[4], real *hi, real *lo, size_t n) { \\
        for (size_t i = 0; i < n; i += LANES) { \\
            vec a, b, c, d; \\
            memcpy(&a, x[0] + i, sizeof a), memcpy(&b, x[1] + i, sizeof b); \\
            memcpy(&c, x[2] + i, sizeof c), memcpy(&d, x[3] + i, sizeof d); \\
            const vpair p = {a, b}, q = {c, d}; \\
            (void)p, (void)q; \\
            vpair result = _Generic((expression), vec: of_vec, vpair: of_pair)(expression); \\
            memcpy(hi + i, &result.hi, sizeof result.hi), memcpy(lo + i, &result.lo, sizeof result.lo); \\
        } \\
    }
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """{(isa, arithmetic): all functions}"""
    folder = tmp_path_factory.mktemp("functions")
    found = {}
    for isa in ISAS:
        for arithmetic in REALS:
            source, library = (folder / f"{isa}_{arithmetic}.{suffix}" for suffix in ("c", "so"))
            lines = [
                f"FUNCTION({number}, ({expression}))"
                for number, (expression, function) in enumerate(FUNCTIONS.items())
                if function.bound(isa, arithmetic) is not None
            ]
            source.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
            compile_c(*kernel_flags(isa, arithmetic), "-shared", source, "-o", library)
            found[isa, arithmetic] = ctypes.CDLL(str(library))
    return found


def call(library, name, arguments):
    """The result, as hi and lo."""
    n = len(arguments[0])
    arguments = [np.ascontiguousarray(x) for x in arguments]
    hi, lo = np.empty_like(arguments[0]), np.empty_like(arguments[0])
    function = getattr(library, f"function_{list(FUNCTIONS).index(name)}")
    pointers = (ctypes.c_void_p * 4)(*(x.ctypes.data for x in arguments))
    function(pointers, *(ctypes.c_void_p(x.ctypes.data) for x in (hi, lo)), ctypes.c_size_t(n))
    return hi, lo


@cache
def expected(name, arithmetic):
    """The arguments, and the exact results as fraction, its rest, and exponent: (f + g) 2^e, 1 <= |f| < 2."""
    function = FUNCTIONS[name]
    arguments = arguments_of(function, arithmetic, COUNT)
    count = len(function.arguments)
    results = []
    with mp.workprec(400):
        for numbers in zip(*(x.astype(float).tolist() for x in arguments[:count]), strict=True):
            exact = mpf(function.exact(*map(mpf, numbers)))
            exponent = mp.frexp(exact)[1] - 1 if exact else 0
            scaled = mp.ldexp(exact, -exponent)
            results.append((float(scaled), float(scaled - float(scaled)), exponent))
    return arguments, *map(np.array, zip(*results, strict=True))


def errors(got, fraction, remainder, exponent, real):
    """In units in the last place of the exact result; beyond the range, infinity stands for the next power of two."""
    info = np.finfo(real)
    largest = info.maxexp
    beyond = exponent >= largest
    fraction = np.where(beyond, np.sign(fraction), fraction)
    remainder = np.where(beyond, 0, remainder)
    exponent = np.where(beyond, largest, exponent)
    hi, lo = (x.astype(np.float64) for x in got)
    with np.errstate(over="ignore"):
        scaled = np.where(np.isinf(hi), np.copysign(np.ldexp(1.0, largest - exponent), hi), np.ldexp(hi, -exponent))
        lo = np.ldexp(lo, -exponent)
        unit = np.ldexp(1.0, np.maximum(exponent, info.minexp) - info.nmant - exponent)
    return np.abs((scaled - fraction) + (lo - remainder)) / unit


@pytest.mark.parametrize(("name", "isa", "arithmetic"), TESTED)
def test_is_within_its_bound(libraries, name, isa, arithmetic):
    arguments, *exact = expected(name, arithmetic)
    got = call(libraries[isa, arithmetic], name, arguments)
    wrong = errors(got, *exact, REALS[arithmetic])
    wrong = np.where(np.isnan(wrong), np.inf, wrong)
    worst = wrong.argmax()
    bound = FUNCTIONS[name].bound(isa, arithmetic)
    assert wrong[worst] <= bound, f"{wrong[worst]:.3f} ulp at {[float(x[worst]) for x in arguments]}, bound {bound}"


@pytest.mark.parametrize(("name", "isa", "arithmetic"), [t for t in TESTED if t[2] != 3264 and FUNCTIONS[t[0]].special])
def test_special_values(libraries, name, isa, arithmetic):
    real = REALS[arithmetic]
    for arguments, result in FUNCTIONS[name].special:
        padded = [*arguments, *[0] * (4 - len(arguments))]
        hi, lo = call(libraries[isa, arithmetic], name, [np.full(16, x, real) for x in padded])
        got = hi[0] + lo[0] if lo[0] else hi[0]
        if isnan(result):
            assert np.isnan(got), arguments
        elif isinf(result) or result == 0:
            assert (got == result) and np.signbit(got) == np.signbit(float(result)), (arguments, got)
        else:
            assert abs(mpf(float(got)) - result) <= 2 * abs(result) * mpf(2) ** (1 - BITS[arithmetic]), (arguments, got)
