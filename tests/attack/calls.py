"""Calls of all losses: every layout, container, output, reduction, number of threads and instruction set gives the bits
of the plain call, which is near the oracle's; nothing is read or written beyond the arrays."""

from functools import cache
from random import Random

import numpy as np

import fastloss as fl

from . import accuracy
from .cases import draw
from .finding import Finding, require
from .guarded import Slots
from .misuse import misuse
from .variants import Output, placed, same_bits

__all__ = ["attack", "trial"]

VARIANTS, VARIANTS_OF_LONG = 60, 8
SHARE_LONG, SHARE_MISUSED, SHARE_OF_PARTS, SHARE_OVERLAPPING = 0.004, 0.04, 0.15, 0.08
THREADS = (None, 1, 2, 3, 7)
LOSSES, ISAS = frozenset(fl.list_losses()), fl.isas()


@cache
def slots():
    return Slots()


def trial(seed):
    """The counts of one case and its variants."""
    random = Random(seed)
    is_long = random.random() < SHARE_LONG
    return attack(random, VARIANTS_OF_LONG if is_long else VARIANTS, is_long)


def attack(random, variants, is_long=False):
    """Draw a case and call it in so many ways; {"calls": how many}."""
    fl.use_isa(random.choice(ISAS))
    case = draw(random, is_long)
    reference = _Reference(case)
    with np.errstate(all="ignore"):
        if case.is_exact:
            accuracy.check(random, case, reference)
        for _ in range(variants):
            kind = random.random()
            if random.random() < 0.2:
                fl.use_isa(random.choice(ISAS))
            try:
                if kind < SHARE_MISUSED:
                    misuse(random, case, slots())
                elif kind < SHARE_MISUSED + SHARE_OF_PARTS and case.first_axis:
                    _part(random, case, reference)
                elif kind > 1 - SHARE_OVERLAPPING and case.takes_out:
                    _overlapping(random, case, reference)
                else:
                    _variant(random, case, reference)
            except Finding as finding:
                raise Finding(finding.kind, f"{finding.text}; {_describe(case)}, {fl.isa()}") from None
            except Exception as error:
                raise Finding("exception", f"{type(error).__name__}: {error}; {_describe(case)}") from error
            slots().release()
    return {"calls": variants + reference.calls}


class _Reference:
    """The results of the plain call on one thread, made when they are asked for."""

    def __init__(self, case):
        self._case, self._kept, self.calls = case, {}, 0

    def of(self, output, reduction):
        key = output, reduction, fl.isa() == "baseline"
        if key not in self._kept:
            self._kept[key] = self._case.compute({}, (output,), num_threads=1, **_reduced(self._case, reduction))
            self.calls += 1
        return self._kept[key]


def _reduced(case, reduction):
    return {"reduction": reduction} if reduction != "none" else {}


def _describe(case):
    arrays = {k: f"{v.dtype.name}{list(v.shape)}" for k, v in case.named_arrays().items()}
    others = {k: v for k, v in case.keywords.items() if k not in arrays}
    return f"{case.name}({arrays}, {others})"


def _variant(random, case, reference):
    reduction = random.choice(("none", "none", "sum", "mean")) if case.name in LOSSES else "none"
    outputs = case.some_outputs(random)
    is_turned = case.takes_axis and random.random() < 0.2
    wanted = {output: _turned(reference.of(output, reduction), is_turned) for output in outputs}
    want = [result for results in wanted.values() for result in results]
    names, arrays = zip(*case.named_arrays().items(), strict=True)
    stand_ins = {name: placed(random, slots(), a) for name, a in zip(names, _turned(arrays, is_turned), strict=True)}
    options = {"num_threads": random.choice(THREADS), **_reduced(case, reduction)}
    if is_turned:
        options["axis"] = random.choice((0, -2))
    if reduction != "none":
        wanted.pop("value", None)  # a float
    outs = _outs(random, case, wanted)
    if outs:
        options["out"] = outs[0].array if len(outs) == 1 and random.random() < 0.5 else tuple(o.array for o in outs)
    before = {name: _bytes(array) for name, array in stand_ins.items()}
    got = case.compute(stand_ins, outputs, **options)
    what = f"outputs={outputs}, {options.get('reduction')}, num_threads={options['num_threads']}"
    for name, array in stand_ins.items():
        require(_bytes(array) == before[name], "input changed", f"{name}; {what}")
    for one, two in zip(got, want, strict=True):
        require(same_bits(one, two), "wrong bits", lambda: f"{what}; {_layouts(stand_ins)}; {_first(one, two)}")  # noqa: B023
    for out, (two,) in zip(outs, wanted.values(), strict=False):
        wrong = out.differs(two)
        require(not wrong, wrong, lambda: f"out of strides {out.array.strides}; {what}; {_layouts(stand_ins)}")  # noqa: B023


def _turned(arrays, is_turned):
    """Matrices with the classes along the first axis; others stay what they are."""
    return [array.T if is_turned and array.ndim == 2 else array for array in arrays]


def _bytes(array):
    return array.tobytes() if isinstance(array, np.ndarray) and array.nbytes < 1 << 16 else None


def _outs(random, case, wanted):
    """Outputs to compute into, if the call takes any."""
    if not case.takes_out or "param_grad" in wanted or random.random() < 0.4:
        return []
    return [Output(random, slots(), array) for (array,) in wanted.values()]


def _overlapping(random, case, reference):
    """An output in the memory of the first array: the right result, or an error."""
    name, array = next(iter(case.arrays.items()))
    output = random.choice(case.outputs)
    (want,) = reference.of(output, "none")
    if want.shape != array.shape or want.dtype != array.dtype or not array.ndim or not array.size:
        return
    shift = random.choice((0, 0, 1, 2))
    memory = np.empty((len(array) + shift, *array.shape[1:]), array.dtype)
    pred, out = memory[: len(array)], memory[shift:]
    if random.random() < 0.3:
        pred, out = out, pred
    pred[...] = array
    before = memory.copy()
    try:
        case.compute({name: pred}, (output,), out=out, num_threads=random.choice(THREADS))
    except ValueError as error:
        require("out" in str(error), "names nothing", str(error))
        require(same_bits(memory, before), "written before the error", f"{output} into a part of {name}")
    else:
        require(same_bits(out, want), "wrong bits", f"{output} into {name}, {shift} rows off")


def _layouts(stand_ins):
    def text(array):
        if not isinstance(array, np.ndarray):
            return type(array).__name__
        return f"{array.dtype.str}{array.strides}@{array.ctypes.data % 64}"

    return {name: text(array) for name, array in stand_ins.items()}


def _first(got, want):
    """Where two arrays differ first"""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if not got.ndim:
        return f"{got!r} for {want!r}"
    at = np.unravel_index(int((got.view(f"u{got.itemsize}") != want.view(f"u{want.itemsize}")).argmax()), got.shape)
    return f"{got[at]!r} for {want[at]!r} at {[int(i) for i in at]}"


def _part(random, case, reference):
    """Some rows of a case have the values, and the elements of theirs, that they have among the others."""
    rows = len(next(array for name, array in case.arrays.items() if name in case.first_axis))
    begin = random.randint(0, rows)
    end = begin + 1 if random.random() < 0.3 else random.randint(begin, rows)
    if begin >= min(end, rows):
        return
    output = random.choice(case.outputs) if case.takes_out else "value"
    (want,) = reference.of(output, "none")
    (got,) = case.part(begin, end).compute({}, (output,))
    require(same_bits(got, want[begin:end]), "depends on neighbours", f"{output} of rows {begin}:{end}")
