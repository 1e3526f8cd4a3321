"""`python -m tests.attack`: the attacks for as long as is wanted, and their counts in docs/reliability.md."""

import argparse
import sys
import time
from pathlib import Path

SHOWN = 12  # findings of an attack
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "support")]  # as pytest has them

from . import page  # noqa: E402
from .attacks import ATTACKS, import_hosts  # noqa: E402


def main():
    options = _options()
    processes = options.processes
    until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    wanted = {"calls": options.calls, "files": options.files}
    tallies = {}
    for attack in ATTACKS.values():
        if options.only and attack.name not in options.only:
            continue
        start = time.monotonic()
        print(f"{attack.name}: seed {options.seed}", flush=True)
        tallies[attack.name] = tally = attack.run(options.seed, wanted.get(attack.name), processes, until)
        counts = ", ".join(f"{count} {what}" for what, count in sorted(tally.counts.items()))
        print(f"{attack.name}: {counts or 'nothing done'} in {time.monotonic() - start:.0f} s", flush=True)
        kinds = tally.kinds()
        for trial, text, times in kinds[:SHOWN]:
            print(f"FOUND {times} times: python -m tests.attack --only {attack.name} --trial {trial}\n  {text}")
        if len(kinds) > SHOWN:
            print(f"and {len(kinds) - SHOWN} other kinds")
    if options.write:
        page.write(options.write, tallies, options.seed)
    return any(tally.findings for tally in tallies.values())


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000, help="how many calls of losses")
    parser.add_argument("--files", type=int, default=10_000, help="how many mutated files")
    parser.add_argument("--minutes", type=float, help="no trial begins after so many")
    parser.add_argument("--seed", type=int, default=1, help="another gives other trials")
    parser.add_argument("--processes", type=int, default=2, help="at a time")
    parser.add_argument("--only", action="append", choices=list(ATTACKS), help="one attack; may be given several times")
    parser.add_argument("--trial", help="this one alone, in this process, to see where it fails")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the counts into docs/reliability.md")
    options = parser.parse_args()
    if options.trial is not None:
        (name,) = options.only
        import_hosts()
        print(ATTACKS[name].trial(options.trial))
        sys.exit()
    return options


if __name__ == "__main__":
    sys.exit(main())
