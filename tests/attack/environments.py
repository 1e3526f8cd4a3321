"""Calls of a thread whose floating-point environment another library has changed: subnormal numbers are read or written
as 0, sums are rounded otherwise. They have the bits of any other call, on any number of threads, and leave the
environment as it was."""

from random import Random

import numpy as np

import fastloss as fl

from .cases import draw
from .finding import require
from .shims import environment
from .variants import same_bits

__all__ = ["trial"]

SHARE_LONG = 0.1


def trial(seed):
    random = Random(seed)
    fl.use_isa(random.choice(fl.isas()))
    with np.errstate(all="ignore"):
        case = draw(random, random.random() < SHARE_LONG)
        get, set_to, modes = environment()
        plain, calls = get(), 0
        for output in case.outputs if case.takes_out else ("value", "grad"):
            reduction = random.choice(("none", "sum", "mean")) if case.name in fl.list_losses() else "none"
            options = {"reduction": reduction} if reduction != "none" else {}
            wanted = case.compute({}, (output,), **options, num_threads=1)
            for mode in modes:
                threads = random.choice((1, 2, 3))
                set_to(plain | mode)
                try:
                    got = case.compute({}, (output,), **options, num_threads=threads)
                    after = get()
                finally:
                    set_to(plain)
                calls += 1
                what = f"{case.name}: {output}, {reduction}, num_threads={threads}, mode {mode:#x}, {fl.isa()}"
                require(after == plain | mode, "environment changed", f"{after:#x} after {what}")
                require(all(map(same_bits, got, wanted)), "wrong bits", what)
    return {"calls": calls}
