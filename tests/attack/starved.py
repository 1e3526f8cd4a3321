"""`python -m attack.starved SEED`: a call with each of its allocations failing in turn; prints how many there were.

The shim of failures.c is preloaded.
"""

import ctypes
import gc
import sys
import traceback
from random import Random

import numpy as np

import fastloss as fl
from fastloss.exact.summary import Summary

from .cases import draw
from .values import generator, special
from .variants import same_bits

EACH, MOST = 400, 100_000  # so many allocations of a call fail in turn, and then some up to so many


def main(seed):
    random = Random(seed)
    shim = ctypes.CDLL(None)
    shim.attack_allocations.restype = ctypes.c_long
    fl.use_isa(random.choice(fl.isas()))
    np.seterr(all="ignore")
    what, call = _summary(random) if random.random() < 0.15 else _loss(random)
    wanted = call()
    gc.disable()
    failed, number, zero = 0, 1, ctypes.c_long(0)
    while number < MOST:
        got, fault, wanted_number = None, None, ctypes.c_long(number)
        shim.attack_fail_allocation(wanted_number)
        try:
            got = call()
        except MemoryError:
            pass
        except BaseException as error:
            fault = error
        seen = _disarm(shim, zero)
        if fault is not None and not _is_theirs(fault):
            traceback.print_exception(fault, limit=-3)
            raise SystemExit(f"{what}: where allocation {number} fails")
        if got is not None and not all(map(same_bits, got, wanted)):
            raise SystemExit(f"{what}: wrong bits where allocation {number} fails")
        if seen < number:
            break
        failed += 1
        number += 1 if number < EACH else random.randint(1, 50)
    if not all(map(same_bits, call(), wanted)):
        raise SystemExit(f"{what}: wrong bits afterwards")
    print(failed)


def _loss(random):
    """What is called, and a function that calls it."""
    case = draw(random, is_long=random.random() < 0.2)
    output = random.choice(case.outputs if case.takes_out else ("value", "grad"))
    options = {"num_threads": random.choice((1, 3))}
    if case.name in fl.list_losses() and output != "weight":
        options["reduction"] = random.choice(("none", "sum", "mean"))
    return f"{case.name} {output} {options}", lambda: case.compute({}, (output,), **options)


def _summary(random):
    """Summaries of two parts, merged."""
    numbers = special(generator(random), random.randint(1, 3000))

    def call():
        merged = Summary.of(numbers[::2]) | Summary.of(numbers[1::2])
        return [np.array([merged.sum, merged.count, merged.quantile(0.3) or 0.0])]

    return "summary", call


def _disarm(shim, zero):
    """How many allocations there were since the last was to fail; none fails from here on."""
    while True:
        try:
            seen = shim.attack_allocations()
            shim.attack_fail_allocation(zero)
            return seen
        except (MemoryError, ctypes.ArgumentError):  # it was one of these
            pass


def _is_theirs(error):
    """Python and NumPy have places that do not look whether an allocation failed; Python says so of what they return.
    What allocates Python's locks raises another exception."""
    if isinstance(error, SystemError):
        return any(words in str(error) for words in ("without", "NULL object")) and "fastloss" not in str(error)
    return isinstance(error, RuntimeError) and "allocate lock" in str(error)


if __name__ == "__main__":
    main(sys.argv[1])
