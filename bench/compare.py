"""Time fastloss beside its peers in one interleaved run, and say which promises hold.

    python bench/compare.py [--only TEXT] [--rounds N] [--avx2] [--json FILE] [--plot FILE]

Single times on a shared machine mean little; the ratios, taken round by round, mean more.
A requirement is met when the median over the rounds of (peer / fastloss) reaches its factor,
less 2% for noise.  All run on one processor with one thread, unless the case says otherwise.
The exit code is 0 when everything measured meets its requirement, 1 otherwise.
"""

import argparse
import json
import os
import sys
import warnings
from functools import partial
from pathlib import Path

from timing import allow_cpus, interleave, machine, median_ratio, medians

NOISE = 0.98

# What holds fastloss and each of its peers to AVX2 where a machine has more, before they are imported
AVX2 = {
    "FASTLOSS_ISA": "avx2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "TORCHINDUCTOR_CPP_MARCH": "haswell",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2",
}


def _start(case):
    """The contenders that are here, ready to run, and why the others are not."""
    arrays = case.make()
    ready, missing = {}, {}
    for name, factory in case.contenders.items():
        try:
            run = factory(*arrays)
            run()
        except (ImportError, MemoryError) as error:
            missing[name] = str(error)
        except RuntimeError as error:
            if "can't allocate memory" not in str(error):  # so says torch of a case that is too large for it
                raise
            missing[name] = str(error)
        else:
            ready[name] = run
    return ready, missing


def _judge(claim, seconds):
    """The ratio that a claim is about: fastest of theirs / ours; None if one is not here."""
    theirs = [name for name in claim.theirs if name in seconds]
    result = {"ours": claim.ours, "theirs": list(claim.theirs), "factor": claim.factor}
    if claim.ours not in seconds or not theirs:
        return {**result, "met": None}
    middle = medians(seconds)
    best = min(theirs, key=middle.get)
    ratio = median_ratio(seconds[best], seconds[claim.ours])
    return {
        **result,
        "best": best,
        "ratio_of_medians": middle[best] / middle[claim.ours],
        "median_of_ratios": ratio,
        "met": ratio >= claim.factor * NOISE,
    }


def measure(case, rounds):
    """Run one case; a dictionary fit for JSON."""
    allow_cpus(case.cpus)
    ready, missing = _start(case)
    seconds = interleave(ready, rounds)
    per_element = {name: 1e9 * middle / case.elements for name, middle in medians(seconds).items()}
    return {
        "case": case.name,
        "ns_per_element": per_element,
        "missing": missing,
        "claims": [_judge(claim, seconds) for claim in case.claims],
    }


def _describe(claim):
    peers = claim["theirs"][0] if len(claim["theirs"]) == 1 else "the best of the peers"
    if claim["factor"] < 1:
        wish = f"{claim['ours']} takes at most {1 / claim['factor']:.2g}x {peers}"
    else:
        wish = f"{claim['ours']} at least {claim['factor']:g}x as fast as {peers}"
    if claim["met"] is None:
        return f"  ----  {wish}: not measured"
    return (
        f"  {'pass' if claim['met'] else 'FAIL'}  {wish}: {claim['median_of_ratios']:.2f}x "
        f"(of medians {claim['ratio_of_medians']:.2f}x, beside {claim['best']})"
    )


def show(result):
    """Print one case: ns per element, fastest first, and what it had to show."""
    print(f"\n{result['case']}")
    for name, time in sorted(result["ns_per_element"].items(), key=lambda item: item[1]):
        print(f"  {time:9.3f} ns  {name}")
    for name, reason in result["missing"].items():
        print(f"    missing     {name} ({reason})")
    for claim in result["claims"]:
        print(_describe(claim), flush=True)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name has TEXT")
    parser.add_argument("--rounds", type=int, default=9, help="turns of every contender (9)")
    parser.add_argument("--avx2", action="store_true", help="hold everyone to AVX2")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="time the cases of the README's picture, draw it")
    return parser.parse_args()


def main():
    arguments = _arguments()
    allow_cpus(1)  # before a library asks how many threads it may start
    if arguments.avx2:
        os.environ |= AVX2
    warnings.filterwarnings("ignore", category=RuntimeWarning)  # the twins' overflows
    from cases import CASES

    chosen = [case for case in CASES if arguments.only in case.name]
    if arguments.plot:
        from plot import SHOWN, draw, write

        chosen = [case for case in chosen if case.name in SHOWN]
    if not chosen:
        names = "\n  ".join(case.name for case in CASES)
        sys.exit(f"no case has {arguments.only!r} in its name; there are:\n  {names}")
    report = {"machine": machine(), "results": []}
    isa = " held to AVX2" if arguments.avx2 else ""
    print(f"{report['machine']}{isa}; ns per element, median of {arguments.rounds} interleaved rounds")
    for case in chosen:
        report["results"].append(measure(case, arguments.rounds))
        show(report["results"][-1])
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    if arguments.plot:
        write(partial(draw, report), arguments.plot)
    verdicts = [claim["met"] for result in report["results"] for claim in result["claims"]]
    print(
        f"\n{verdicts.count(True)} requirements met, {verdicts.count(False)} not met, "
        f"{verdicts.count(None)} not measured"
    )
    return 1 if False in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
