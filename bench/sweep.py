"""Every float32 there is through a one-argument float32 kernel, against float64.

    python bench/sweep.py [--stride N] [--isa NAME] [--write FILE] [FUNCTION ...]

A FUNCTION is one of csrc/math/ (exp, expm1, log, log1p) or a loss of one argument, with its
parameters: `huber`, `robust:alpha=-2,scale=0.5`.  Without any, the functions and a tour of the
losses.  NumPy's float64 is exact to a millionth of a float32 ulp or so, far below what is
measured.  Each of the 2^32 inputs takes some nanoseconds: minutes a function on two processors.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from timing import machine

import fastloss as fl
from fastloss.core import kernels

CHUNK = 1 << 22  # inputs a task
BLOCK = 1 << 17  # inputs at a time: stay in the cache
FUNCTIONS = ("exp", "expm1", "log", "log1p")


def _takes_one_argument(name):
    return not fl.get(name).is_rowwise and not fl.get(name).requires_target


TOUR = (
    *FUNCTIONS,
    # all losses of one argument that do not cross zero, where an ulp is that of the terms
    *(name for name in fl.list_losses() if _takes_one_argument(name) and "nll" not in name and name != "robust"),
    *(f"robust:alpha={alpha}" for alpha in ("-inf", -2, 0, 0.001, 0.5, 1, 1.9, 2, 2.1, 4, "inf")),
)


@dataclass(frozen=True)
class Tally:
    """What a run of inputs showed; tallies add up."""

    tried: int
    wrong: float  # largest error in ulp
    worst: int  # bits of the input that has it
    rounded: int  # results that are the float32 nearest to the exact one

    def __add__(self, other):
        worse = max(self, other, key=lambda tally: tally.wrong)
        tried, rounded = self.tried + other.tried, self.rounded + other.rounded
        return Tally(tried, worse.wrong, worse.worst, rounded)


NOTHING = Tally(0, 0.5, 0, 0)  # a result that is correctly rounded counts as half an ulp


def parse(text):
    """'robust:alpha=-2' -> ('robust', {'alpha': -2.0})."""
    name, _, settings = text.partition(":")
    pairs = (setting.split("=") for setting in settings.split(",") if setting)
    return name, {key: float(value) for key, value in pairs}


def kernel(text):
    """The float32 function under test."""
    name, parameters = parse(text)
    if name in FUNCTIONS:
        return lambda x: kernels.vmath(name, x, np.empty_like(x))
    return partial(fl.get(name, **parameters), num_threads=1)


def reference(text):
    """The same function of float64: NumPy's, or the loss's own float64 kernel.

    That kernel is tested against mpmath to some ulp of float64; its parameters are rounded as
    those of the float32 kernel.
    """
    name, parameters = parse(text)
    if name in FUNCTIONS:
        return getattr(np, name)
    if name == "robust":
        return partial(_robust, **{**fl.robust.parameters, **parameters})
    rounded = {key: float(np.float32(value)) for key, value in fl.get(name, **parameters).parameters.items()}
    return partial(fl.get(name, **rounded), num_threads=1)


def _robust(x, alpha, scale):
    alpha, scale = float(np.float32(alpha)), float(np.float32(scale))
    z = (x / scale) ** 2
    if alpha in (0, 2):
        return z / 2 if alpha else np.log1p(z / 2)
    if np.isinf(alpha):
        return np.sign(alpha) * np.expm1(np.sign(alpha) * z / 2)
    b = abs(alpha - 2)
    return b / alpha * np.expm1(alpha / 2 * np.log1p(z / b))


def sweep(text, isa, stride, start):
    """Tally of the inputs whose bits are start, start + stride, ... within one chunk."""
    fl.use_isa(isa)
    run, exact = kernel(text), reference(text)
    first = range(start, min(start + CHUNK * stride, 1 << 32), BLOCK * stride)
    with np.errstate(all="ignore"):
        return sum((sweep_block(run, exact, stride, at) for at in first), start=NOTHING)


def sweep_block(run, reference, stride, start):
    bits = np.arange(start, min(start + BLOCK * stride, 1 << 32), stride, dtype=np.uint64)
    bits = bits.astype(np.uint32)
    x = bits.view(np.float32)
    got, exact = run(x), reference(x.astype(np.float64))
    nearest = exact.astype(np.float32)
    off = np.flatnonzero((got != nearest) & ~(np.isnan(got) & np.isnan(nearest)))
    if not len(off):
        return Tally(len(x), 0.5, int(bits[0]), len(x))
    errors = error_in_ulp(got[off], exact[off])
    at = int(np.argmax(errors))
    return Tally(len(x), float(errors[at]), int(bits[off[at]]), len(x) - len(off))


def error_in_ulp(got, exact):
    """As tests/precision.py defines it, for whole arrays: infinities count as 2^128."""
    limit = 2.0**128
    apart = np.abs(np.clip(got.astype(np.float64), -limit, limit) - np.clip(exact, -limit, limit))
    exponent = np.clip(np.frexp(exact)[1] - 1, -126, 127)
    errors = np.ldexp(apart, 23 - exponent)
    missing, nothing = np.isnan(got), np.isnan(exact)
    return np.where(missing | nothing, np.where(missing & nothing, 0, np.inf), errors)


def measure(text, isa, stride, pool):
    starts = range(0, 1 << 32, CHUNK * stride)
    tallies = pool.map(partial(sweep, text, isa, stride), starts)
    return sum(tallies, start=NOTHING)


def row(text, tally):
    worst = float(np.uint32(tally.worst).view(np.float32))
    share = 100 * tally.rounded / tally.tried
    return f"| {text} | {tally.tried:,} | {tally.wrong:.3f} | 0x{tally.worst:08x} ({worst:.6g}) | {share:.2f}% |"


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("functions", nargs="*", default=TOUR, metavar="FUNCTION")
    parser.add_argument("--stride", type=int, default=1, help="try every N-th input only")
    parser.add_argument("--isa", default=fl.isa(), choices=fl.isas())
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", metavar="FILE", help="write the table as Markdown")
    return parser.parse_args()


def main():
    arguments = _arguments()
    lines = [
        f"float32 kernels, {arguments.isa}; {machine()}",
        "",
        "| function | inputs | max ulp | worst input | correctly rounded |",
        "|---|---:|---:|---|---:|",
    ]
    print("\n".join(lines))
    with ProcessPoolExecutor(arguments.processes) as pool:
        for text in arguments.functions:
            lines.append(row(text, measure(text, arguments.isa, arguments.stride, pool)))
            print(lines[-1], flush=True)
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
